"""Bad input: one clear problem each, all of a frame's together."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import connect_pandas
from connect_pandas import PlanError, Problem, ValidationError, rules
from connect_pandas.data.problems import CODES


def problems(frame: pd.DataFrame, **options: Any) -> tuple[Problem, ...]:
    return connect_pandas.plan(frame, "T", **options).problems


def only(frame: pd.DataFrame, code: str, **options: Any) -> Problem:
    """Return the frame's one error, or the one problem of a code that is no error."""
    severe = CODES[code].severity == "error"
    found = [p for p in problems(frame, **options) if p.code == code or (severe and p.severity == "error")]
    assert [p.code for p in found] == [code]
    assert str(found[0])
    return found[0]


def with_key(**columns: Any) -> pd.DataFrame:
    rows = len(next(iter(columns.values())))
    return pd.DataFrame({"k": [f"k{i}" for i in range(rows)], **columns})


# ── the frame ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "value", [None, [1], {"a": [1]}, pd.Series([1]), np.eye(2)], ids=lambda v: type(v).__name__
)
def test_not_a_frame(value: Any) -> None:
    for twin in (connect_pandas.infer, connect_pandas.validate, connect_pandas.repair, connect_pandas.schema):
        with pytest.raises(PlanError, match=r"A pandas DataFrame is needed, this is"):
            twin(value)
    with pytest.raises(PlanError, match=r"A pandas DataFrame is needed"):
        connect_pandas.plan(value, "T")


def test_no_rows() -> None:
    assert "nothing to import" in only(with_key(n=[1]).iloc[:0], "no-rows").message


def test_no_columns() -> None:
    only(pd.DataFrame(index=[1, 2]), "no-columns")


def test_neither_rows_nor_columns() -> None:
    assert {p.code for p in problems(pd.DataFrame())} == {"no-rows", "no-columns"}


def test_columns_of_several_levels() -> None:
    frame = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")]))
    problem = only(frame, "multi-level-columns")
    assert "2 levels" in problem.message
    frame.columns = pd.Index([" ".join(map(str, label)) for label in frame.columns])  # as the problem says
    assert "multi-level-columns" not in {p.code for p in problems(frame)}


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_duplicate_names() -> None:
    frame = pd.DataFrame([["a", 1, 2], ["b", 3, 4]], columns=["k", "n", "n"])
    problem = only(frame, "duplicate-column")
    assert (problem.column, problem.count) == ("n", 2)
    assert connect_pandas.plan(frame.loc[:, ~frame.columns.duplicated()], "T").ok  # as the problem says


def test_renamed_to_the_same_name() -> None:
    problem = only(with_key(a=[1], b=[2]), "duplicate-column", names={"a": "n", "b": "n"}, key="k")
    assert "'a', 'b' get the same name 'n'" in problem.message


@pytest.mark.parametrize("label", ["", "  ", "Unnamed: 0", None, float("nan")], ids=repr)
def test_a_column_without_a_name(label: Any) -> None:
    frame = with_key(n=[1, 1])
    frame.columns = pd.Index(["k", label], dtype=object)
    only(frame, "unnamed-column")
    if isinstance(label, str):
        assert connect_pandas.plan(frame, "T", names={label: "n"}).ok
        assert connect_pandas.plan(frame.drop(columns=[label]), "T").ok


def test_numbers_for_names() -> None:
    frame = pd.DataFrame([["a", 2], ["b", 2]])
    assert "the numbers 0 to 1" in only(frame, "unnamed-column").message
    assert connect_pandas.plan(frame, "T", names={0: "Id", 1: "n"}).ok
    assert "the number 1" in only(frame, "unnamed-column", names={0: "Id"}).message


def test_years_are_names() -> None:
    assert connect_pandas.plan(
        with_key(**{"2023": [1], "2024": [2]}).rename(columns={"2023": 2023}), "T", key="k"
    ).ok


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "a\tb", "\x00a", "a\u2028b", "\ufeffa"], ids=ascii)
def test_a_name_that_is_no_text(name: str) -> None:
    frame = with_key(**{name: [1, 1]})
    problem = only(frame, "column-name")
    assert problem.column == name
    assert ascii(name) in problem.message
    assert str(problem).replace("…", "").isascii()
    names: dict[str, Any] = {"df": frame}
    exec(problem.fix, names)
    assert names["plan"].ok


def test_a_name_with_half_a_surrogate_pair() -> None:
    frame = with_key(n=[1, 1])
    frame.columns = pd.Index(["k", "a\ud800"], dtype=object)
    problem = only(frame, "column-name")
    assert str(problem).encode()


def test_names_that_a_reader_may_take_for_one() -> None:
    only(with_key(n=[1, 1], N=[1, 1]), "similar-names")
    only(with_key(**{" n": [1, 1]}), "name-spaces")


# ── the key ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_missing_key() -> None:
    frame = pd.DataFrame({"k": ["a", None, "", "", "b"], "n": 1}, index=list("vwxyz"))
    problem = only(frame, "missing-key", key="k")
    assert (problem.count, [r.label for r in problem.rows]) == (3, ["w", "x", "y"])
    assert connect_pandas.plan(frame[frame["k"].fillna("") != ""], "T", key="k").ok  # as the problem says


@pytest.mark.parametrize(
    "values",
    [
        ["a", "b", "a", "c", "a"],
        [1, 2, 1, 3, 1],
        [1.5, 2, 1.5, 3, 1.5],
        pd.Series(
            [Decimal("1.5"), Decimal("2"), Decimal("1.50"), Decimal("3"), Decimal("1.5")], dtype=object
        ),
        pd.Series(list("abaca"), dtype="category"),
        pd.to_datetime(
            [f"2024-01-01T00:00:{s}" for s in ("01.2", "02.0", "01.7", "03.0", "01.0")], format="ISO8601"
        ),
    ],
    ids=["text", "integers", "floats", "decimals", "categories", "times of one second"],
)
def test_a_repeated_key(values: Any) -> None:
    problem = only(pd.DataFrame({"k": values, "n": 1}), "duplicate-key", key="k")
    assert problem.count == 2
    assert [r.position for r in problem.rows] == [0, 2]


def test_a_key_repeated_across_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    from connect_pandas.data import columns, profile

    monkeypatch.setattr(columns, "SLICE_ROWS", 30)
    monkeypatch.setattr(profile, "_HASHES_AT_ONCE", 7)
    frame = pd.DataFrame({"k": [*range(100), 3, 50, 3], "n": 1})
    assert only(frame, "duplicate-key", key="k").count == 3
    assert connect_pandas.plan(frame.iloc[:100], "T", key="k").ok


def test_different_values_of_one_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    from connect_pandas.data import columns

    monkeypatch.setattr(columns, "SLICE_ROWS", 1)
    monkeypatch.setattr(pl.Series, "hash", lambda s: pl.Series([7] * len(s), dtype=pl.UInt64))
    assert connect_pandas.plan(pd.DataFrame({"k": ["a", "b"], "n": 1}), "T", key="k").ok
    assert only(pd.DataFrame({"k": ["a", "a"], "n": 1}), "duplicate-key", key="k").count == 1


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────

UNSUPPORTED: dict[str, tuple[Any, str]] = {
    "timedelta": (pd.to_timedelta([1, 2, 3]), "timedelta64"),
    "complex": ([1j, 2, 3], "complex128"),
    "bytes": (pd.Series([b"a", None, b"b"], dtype=object), "2 bytes values"),
    "lists": ([[1], [2], None], "2 lists"),
    "dicts": ([{}, {}, {}], "3 dicts"),
    "arrays": (pd.Series([np.ones(2), np.ones(1), None], dtype=object), "2 ndarray"),
    "frames": (pd.Series([pd.DataFrame(), None, None], dtype=object), "1 DataFrame"),
    "mixed": (pd.Series([1, "a", "b"], dtype=object), "2 texts and 1 whole number"),
    "mixed categories": (pd.Series([1, "a", None], dtype="category"), "1 whole number and 1 text"),
    "booleans and numbers": (pd.Series([True, 1, None], dtype=object), "1 true or false and 1 whole number"),
    "zones and none": (
        pd.Series([dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 1, tzinfo=dt.UTC), None], dtype=object),
        "some with a time zone",
    ),
    "infinite decimals": (
        pd.Series([Decimal("Infinity"), None, None], dtype=object),
        "1 decimal number, 1 of them infinite",
    ),
    "40 digits": (pd.Series([10**40, None, None], dtype=object), "over 38 digits"),
    "60 digits": (
        pd.Series([Decimal("1" * 60), None, None], dtype=pd.ArrowDtype(pa.decimal256(70, 2))),
        "38 digits",
    ),
    **{
        f"Arrow {t}": (pd.Series(v, dtype=pd.ArrowDtype(t)), str(t))
        for t, v in [
            (pa.duration("s"), [dt.timedelta(1), None, None]),
            (pa.binary(), [b"a", None, None]),
            (pa.list_(pa.int8()), [[1], None, None]),
            (pa.struct([("a", pa.int8())]), [{"a": 1}, None, None]),
        ]
    },
}


@pytest.mark.parametrize(("values", "held"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_no_attribute_can_hold(values: Any, held: str) -> None:
    problem = only(with_key(c=values), "unsupported-values", key="k")
    assert held in problem.message
    assert problem.rows
    assert problem.count == int(pd.Series(values).notna().sum())
    assert "df" in problem.fix


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "Float64", "float[pyarrow]", "object", "Sparse[float]"]
)
def test_infinite_numbers(dtype: str) -> None:
    frame = with_key(c=pd.Series([1.5, float("-inf"), float("inf")], dtype=dtype))
    problem = only(frame, "infinite-number")
    assert (problem.count, [r.position for r in problem.rows]) == (2, [1, 2])
    assert problem.message.startswith("2 values are infinite")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\nb", "line-break"),
        ("a\rb", "line-break"),
        ("a\x00b", "control-character"),
        ("a\x1fb", "control-character"),
        ("a\x7fb", "control-character"),
        ("a\x85b", "control-character"),
        ("a\u2028b", "control-character"),
        ("a\ud83d", "lone-surrogate"),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("dtype", [object, "str", "category", pd.StringDtype("python")], ids=str)
def test_text_that_no_line_holds(text: str, code: str, dtype: Any) -> None:
    series = pd.Series(["fine", None, text], dtype=object)
    if code != "lone-surrogate" or not isinstance(dtype, str):
        series = series.astype(dtype)
    frame = with_key(c=series).set_axis(["x", "y", "z"])
    problem = only(frame, code)
    assert (problem.count, problem.example, problem.rows[0].label) == (1, text, "z")
    assert str(problem).isascii()


@pytest.mark.parametrize(
    "text", ["a\tb", "a,b", 'a"b', "\u200f", "e\u0301", "👩‍👩‍👧", " a ", "#", "=1+1", "\ufeff"]
)
def test_text_that_a_line_holds(text: str) -> None:
    assert connect_pandas.plan(with_key(c=["x", text]), "T").ok


@pytest.mark.parametrize(
    ("values", "type_", "code", "count"),
    [
        (["1", "2,5", "x", None], "NUMBER", "not-a-number", 2),
        (["TRUE", "yes", "0", ""], "BOOLEAN", "not-a-boolean", 1),
        (["2024-01-01", "2024-01-02", "soon", None], "DATE", "not-a-date", 1),
        (["x", "y", "z", "z"], "NUMBER", "not-a-number", 4),
        ([1, 2, 3, 4], "BOOLEAN", "not-a-boolean", 4),
        ([1, 2, 3, 4], "DATE", "not-a-date", 4),
        ([True, True, None, False], "NUMBER", "not-a-number", 3),
        (pd.to_datetime(["2024-01-01"] * 4), "BOOLEAN", "not-a-boolean", 4),
    ],
)
def test_values_that_are_not_of_the_chosen_type(values: Any, type_: str, code: str, count: int) -> None:
    problem = only(with_key(c=values), code, key="k", types={"c": type_})
    assert problem.count == count
    assert problem.rows


def test_a_year_of_five_digits() -> None:
    for year in (12_000, 3_000_000):
        frame = with_key(
            c=pd.Series([np.datetime64(f"{year}-01-01", "s"), np.datetime64("2024-01-01", "s"), None])
        )
        problem = only(frame, "year-out-of-range")
        assert problem.count == 1
        frame["c"] = frame["c"].mask(frame["c"].dt.year > 9999)  # as the problem says
        assert connect_pandas.plan(frame, "T").ok


def test_a_time_that_the_format_does_not_hold() -> None:
    frame = with_key(c=pd.to_datetime(["2024-01-01T05:00:00", "2024-01-01T00:00:00"]))
    assert only(frame, "time-lost", date_format="DD/MM/YYYY").count == 1
    text = with_key(c=["2024-01-01T05:00:00Z", "2024-01-01T00:00:00Z"])
    assert only(text, "time-lost", date_format="DD/MM/YYYY").count == 2


@pytest.mark.parametrize("type_", ["DATE", "TEXT"])
def test_fractions_of_seconds_and_no_zone_are_warned_of(type_: str) -> None:
    frame = with_key(c=pd.to_datetime(["2024-01-01T05:00:00.25", None]))
    assert only(frame, "seconds-fraction", types={"c": type_}).count == 1
    only(frame, "no-time-zone", types={"c": type_})


def test_all_problems_at_once() -> None:
    frame = pd.DataFrame(
        {
            "k": ["a", "a", None],
            "text\n": ["x\ny", "\x00", "z"],
            "inf": [1.0, float("inf"), 2.0],
            "list": [[1], [2], [3]],
            "when": ["01/02/2024", "03/04/2024", None],
        },
        index=["p", "q", "r"],
    )
    with pytest.raises(ValidationError) as caught:
        connect_pandas.plan(frame, "T", key="k").write("never.csv")
    found = {(p.column, p.code) for p in caught.value.problems if p.severity == "error"}
    assert found == {
        ("k", "duplicate-key"),
        ("k", "missing-key"),
        ("text\n", "column-name"),
        ("text\n", "line-break"),
        ("text\n", "control-character"),
        ("inf", "infinite-number"),
        ("list", "unsupported-values"),
        ("when", "ambiguous-date"),
    }
    assert "8 things stand in the way" in str(caught.value)
    assert set(caught.value.rows.index) == {"p", "q", "r"}
    assert not caught.value.failure_cases.empty


def test_problems_do_not_depend_on_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    from connect_pandas.data import columns, profile

    frame = pd.DataFrame(
        {
            "k": ["a", "b", "c", "d", "b", None, "", "g"],
            "t": ["x", None, "a\nb", "c", "\x00", "d", "e\nf", ""],
            "n": [1, 2, float("inf"), None, 3, 4, 5, 6],
            "d": pd.to_datetime(["2024-01-01T00:00:00.5", *["2024-01-01T00:00:00.0"] * 7], format="ISO8601"),
            "o": pd.Series([None] * 7 + [Decimal("1.5")], dtype=object),
            "b": pd.Series([None] * 7 + [True], dtype=object),
            "m": pd.Series([None] * 7 + [dt.date(2024, 1, 1)], dtype=object),
        }
    )
    whole = connect_pandas.plan(frame, "T", key="k").problems
    monkeypatch.setattr(columns, "SLICE_ROWS", 2)
    monkeypatch.setattr(profile, "_COLUMNS_AT_ONCE", 3)
    again = connect_pandas.plan(frame, "T", key="k").problems
    assert [repr(p) for p in again] == [repr(p) for p in whole]  # a missing value is not equal to itself
    assert len(whole) > 5


# ── size ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_file_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    # One large text, referred to by many rows.
    frame = pd.DataFrame({"k": range(200), "t": pd.Series(["é" * 25_000] * 200, dtype=object)})
    size = sum(len(piece) for piece, _ in connect_pandas.plan(frame, "T", key="k").pieces())
    assert size > 10_000_000
    monkeypatch.setattr(rules, "FILE_BYTES_MAX", size - 1)
    problem = only(frame, "file-too-large", key="k")
    assert f"{size:,} bytes, 1 too many" in problem.message
    part = frame.iloc[: int(re.findall(r"iloc\[:([0-9]+)\]", problem.fix)[0])]
    assert 150 < len(part) < 200
    assert connect_pandas.plan(part, "T", key="k").ok
    monkeypatch.setattr(rules, "FILE_BYTES_MAX", size)
    assert connect_pandas.plan(frame, "T", key="k").ok


@pytest.mark.parametrize("dtype", [object, "category"])
def test_slices_follow_the_bytes(dtype: Any) -> None:
    from connect_pandas.data.columns import SLICE_BYTES, read

    text = pd.Series(["x" * 3_000_000] * 40 + ["y"] * 40, dtype=dtype)
    columns = read(pd.DataFrame({"k": range(80), "t": text}))
    sizes = [part["1"].str.len_bytes().sum() for part in columns.slices([0, 1])]
    assert sum(sizes) == 120_000_040
    assert max(sizes) <= 2 * SLICE_BYTES
    assert len(sizes) <= (80 if dtype == "category" else 25)  # of categories only the longest is known


MEMORY = """
import resource, pandas as pd, connect_pandas
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000  # megabytes, on Linux
def write(rows):
    frame = pd.DataFrame({"k": range(rows), "t": pd.Series(["é" * 400] * rows, dtype=object)})
    return sum(len(piece) for piece, _ in connect_pandas.plan(frame, "T", key="k").pieces()) / 1e6
write(30_000)
before = peak()
print(write(250_000), peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
def test_memory_does_not_grow_with_the_file() -> None:
    said = subprocess.run([sys.executable, "-c", MEMORY], check=True, capture_output=True, text=True)
    written, grown = map(float, said.stdout.split())
    assert written > 200
    assert grown < 100


# ── every offending row ──────────────────────────────────────────────────────────────────────────────────────


def offending(frame: pd.DataFrame, **options: Any) -> dict[Any, str]:
    from connect_pandas.data.check import offending_rows

    plan = connect_pandas.plan(frame, "T", **options)
    from connect_pandas.data.columns import read
    from connect_pandas.data.profile import profile

    columns = read(frame)
    return offending_rows(columns, profile(columns), plan.attributes).to_dict()


def test_every_offending_row_not_only_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    from connect_pandas.data import columns, profile

    rows = 100
    frame = pd.DataFrame(
        {
            "k": [f"k{i}" for i in range(rows)],
            "t": ["a\nb" if i % 2 else "x" for i in range(rows)],
            "n": [float("inf") if i >= 90 else 0.5 for i in range(rows)],
            "fine": ["2024-01-01"] * rows,
        },
        index=list(range(rows, 0, -1)),
    )
    frame.loc[frame.index[[0, 50, 99]], "k"] = "twice"
    frame.loc[frame.index[[7, 8]], "k"] = [None, ""]
    wanted: dict[int, list[str]] = {i: [] for i in range(rows)}
    for i in (7, 8):
        wanted[i].append("k: missing-key")
    for i in (0, 50, 99):
        wanted[i].append("k: duplicate-key")
    for i in range(rows):
        wanted[i] += ["t: line-break"] * (i % 2) + ["n: infinite-number"] * (i >= 90)
    whole = offending(frame, key="k")
    assert whole == {i: "; ".join(said) for i, said in wanted.items() if said}
    monkeypatch.setattr(columns, "SLICE_ROWS", 25)
    monkeypatch.setattr(profile, "_HASHES_AT_ONCE", 13)
    assert offending(frame, key="k") == whole


def test_offending_rows_of_what_was_inferred() -> None:
    assert offending(with_key(d=["03/04/2025", "05/05/2025", "06/07/2025"])) == {
        0: "d: ambiguous-date",
        2: "d: ambiguous-date",
    }
    twice = pd.DataFrame({"Order ID": [*range(20), 1, 2], "n": 1})
    assert offending(twice) == dict.fromkeys((1, 2, 20, 21), "Order ID: no-key")
    assert offending(with_key(c=[[1], None, [2]])) == {0: "c: unsupported-values", 2: "c: unsupported-values"}
    assert offending(with_key(c=["1", "x", "2"]), types={"c": "NUMBER"}) == {1: "c: not-a-number"}
    assert offending(with_key(c=[1, 2])) == {}


# ── what looks like something else ───────────────────────────────────────────────────────────────────────────


def applied(frame: pd.DataFrame, problem: Problem) -> pd.DataFrame:
    """Return the frame after the lines that a problem says."""
    names: dict[str, Any] = {"df": frame.copy(), "pd": pd}
    exec(problem.fix, names)
    made: pd.DataFrame = names["df"]
    return made


@pytest.mark.parametrize(
    ("values", "look", "type_", "line"),
    [
        (["1.234,56", "7", "12,5"], "numbers with a decimal comma", "NUMBER", "1234.56"),
        (["7", "1,000", "2,500.5"], "numbers with commas between thousands", "NUMBER", "7"),
        (["€ 12", "€ 1.50", "€ 3"], "amounts with a currency", "NUMBER", "12"),
        (["12 €", "1.50 €", "3 €"], "amounts with a currency", "NUMBER", "12"),
        (["12 %", "5%", "-1.5 %"], "percentages", "NUMBER", "12"),
        (["ja", "nein", "Nein"], "ja or nein", "BOOLEAN", "TRUE"),
    ],
)
def test_what_looks_like_another_type_is_said_and_put_right(
    values: list[str], look: str, type_: str, line: str
) -> None:
    frame = with_key(c=[*values, None])
    problem = only(frame, "other-notation")
    assert (problem.count, problem.example) == (3, values[0])
    assert look in problem.message
    assert look in connect_pandas.plan(frame, "T").attributes.reasons["c"]
    made = connect_pandas.plan(applied(frame, problem), "T")
    assert made.types["c"] == type_
    assert made.sample(1)[0]["c"] == line


@pytest.mark.parametrize(
    ("name", "values"),
    [("c", ["1,000", "many"]), ("c", ["yes", "maybe"]), ("sku", ["1,000", "2,000"]), ("c", ["a", "1,000"])],
)
def test_what_looks_like_nothing_else(name: str, values: list[str]) -> None:
    assert "other-notation" not in {p.code for p in problems(with_key(**{name: values}))}


@pytest.mark.parametrize(
    ("values", "type_", "written"),
    [
        (["1e5", "2E-3", "+7", ".5", "2.", " 3 ", "-0.50"], "NUMBER", "100000 0.002 7 0.5 2 3 -0.50"),
        (["Yes", "no", "TRUE", "f"], "BOOLEAN", "TRUE FALSE TRUE FALSE"),
        (["y", "N"], "BOOLEAN", "TRUE FALSE"),
        (["2024-01-01 10:00:00", "2024-01-01T10:00"], "DATE", "2024-01-01T10:00:00Z 2024-01-01T10:00:00Z"),
        (
            ["2024-01-01T10:00:00+02:00", "2024-01-01 10:00Z"],
            "DATE",
            "2024-01-01T08:00:00Z 2024-01-01T10:00:00Z",
        ),
        (["2024-01-01 00:00:00", "2024-01-02 00:00:00.000"], "DATE", "2024-01-01 2024-01-02"),
        (
            ["2024-01-01T00:00:00+02:00", "2024-01-02T00:00+02:00"],
            "DATE",
            "2023-12-31T22:00:00Z 2024-01-01T22:00:00Z",
        ),
    ],
)
def test_what_has_one_reading_is_written_as_the_service_reads_it(
    values: list[str], type_: str, written: str
) -> None:
    frame = pd.DataFrame({"k": [f"k{i}" for i in range(len(values))], "c": values})
    plan = connect_pandas.plan(frame, "T")
    assert (plan.types["c"], plan.ok) == (type_, True)
    assert [record["c"] for record in plan.sample(9)] == written.split()
    assert {p.code for p in plan.problems} & {
        "number-rewritten",
        "truth-rewritten",
        "no-time-zone",
        "date-rewritten",
    } or "+02" in values[0]


@pytest.mark.parametrize(
    "values", [["t", "t"], ["N", "N"], ["y", "f"], ["T", "n", "y", "F"], ["yes", "maybe"]]
)
def test_a_letter_alone_is_no_truth(values: list[str]) -> None:
    frame = pd.DataFrame({"k": [f"k{i}" for i in range(len(values))], "c": values})
    assert connect_pandas.infer(frame).types["c"] == "TEXT"


def test_everything_that_is_wrong_with_chosen_dates_is_said_at_once() -> None:
    frame = with_key(c=["2024-01-01", "2024-02-30", "soon", "1.2.2024", "n/a"])
    found = {p.code: p.count for p in problems(frame, types={"c": "DATE"}) if p.column == "c"}
    assert found == {"impossible-date": 1, "not-a-date": 1, "date-notation": 1, "missing-marker": 1}


DATES = {
    "unpadded": (["2/10/2025", "3/4/2025", "12/31/2025"], {"date-notation": 2}),
    "two digits": (["2/10/25", "3/4/25", "12/31/25"], {"date-notation": 3}),
    "dots": (["1.2.2024", "13.12.2024", "1.1.2024"], {"date-notation": 2}),
    "months": (["5-Mar-2014", "12 April 2015", "Feb 1, 2024"], {"date-notation": 3}),
    "mixed": (["2024-01-01", "31.12.2024", "31/12/2024"], {"date-notation": 2}),
    "mixed orders": (["31/12/2024", "12/31/2024", "30/12/2024"], {"date-notation": 1}),
    "impossible": (["31/02/2024", "30/12/2024", "13/12/2024"], {"impossible-date": 1}),
    "impossible in both orders": (["31/13/2024", "30/12/2024", "13/12/2024"], {"impossible-date": 1}),
    "a time of day": (
        ["1/5/2018 13:45", "2/5/2018 1:05 PM", "13/5/2018 25:00"],
        {"date-notation": 2, "impossible-date": 1},
    ),
    "one that no clock shows": (
        ["2024-01-01 10:00:00", "2024-01-02 10:00:00", "2024-01-02 25:00:00"],
        {"impossible-date": 1},
    ),
}


@pytest.mark.parametrize(("values", "wanted"), DATES.values(), ids=DATES)
def test_dates_that_the_service_does_not_read_stop_the_import(
    values: list[str], wanted: dict[str, int]
) -> None:
    frame = with_key(c=[*values, None])
    plan = connect_pandas.plan(frame, "T")
    assert plan.types["c"] == "DATE"
    assert {p.code: p.count for p in plan.problems if p.severity == "error"} == wanted
    assert connect_pandas.plan(frame, "T", types={"c": "TEXT"}).ok


@pytest.mark.parametrize("text", ["0000-01-01 10:00", "0001-01-01 00:00+02:00", "9999-12-31 23:00-02:00"])
def test_a_moment_outside_the_calendar_is_no_date(text: str) -> None:
    frame = with_key(c=["2024-01-01 10:00" + text[16:], text])
    assert {p.code for p in problems(frame) if p.severity == "error"} == {"date-notation"} or not (
        connect_pandas.plan(frame, "T").ok
    )


def test_a_date_is_looked_for_in_every_row() -> None:
    rows = 150_000
    frame = pd.DataFrame({"k": range(rows), "c": ["31/12/2024"] * (rows - 1) + ["31/02/2024"]})
    (problem,) = [p for p in problems(frame, key="k") if p.severity == "error"]
    assert (problem.code, problem.rows[0].position) == ("impossible-date", rows - 1)


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (["1", "N/A", "2.5"], "NUMBER"),
        (["2024-01-01", "-", "2024-01-02"], "DATE"),
        (["TRUE", "NULL", "FALSE"], "BOOLEAN"),
        (["yes", "n/a", "no"], "BOOLEAN"),
    ],
)
def test_words_for_missing_stop_a_column_of_another_type(values: list[str], type_: str) -> None:
    frame = with_key(c=[*values, None])
    plan = connect_pandas.plan(frame, "T")
    assert plan.types["c"] == type_
    (problem,) = [p for p in plan.problems if p.severity == "error"]
    assert (problem.code, problem.count, problem.example) == ("missing-marker", 1, values[1])
    made = connect_pandas.plan(applied(frame, replace(problem, fix=problem.fix.splitlines()[0])), "T")
    assert (made.types["c"], made.ok, made.sample(9)[1]["c"]) == (type_, True, None)


def test_words_for_missing_in_text_are_values_and_that_is_said() -> None:
    frame = with_key(c=["N/A", "red", "", None])
    plan = connect_pandas.plan(frame, "T")
    assert (plan.types["c"], plan.ok, plan.sample(9)[0]["c"]) == ("TEXT", True, "N/A")
    found = {p.code: p.count for p in plan.problems if p.column == "c"}
    assert found == {"marker-as-text": 1, "empty-and-missing": 2}


@pytest.mark.parametrize(
    ("name", "values", "said"),
    [
        ("created", [1.7e9, 1.6e9, None], "seconds since 1970, the first being 2020-09-13"),
        ("updated_at", [1718870400000, 1718872800000, 1718872800001], "milliseconds since 1970"),
        (
            "Date",
            [45_000, 45_001, 45_001],
            "days as a spreadsheet counts them, since 1900, the first being 2023-03-15",
        ),
        ("date", [20240131, 20240229, 20240229], "dates written 20240201, the first being 2024-01-31"),
        ("flag", [0, 1, 1], None),
    ],
)
def test_numbers_that_may_be_dates_or_truths(name: str, values: list[Any], said: str | None) -> None:
    plan = connect_pandas.plan(with_key(**{name: values}), "T")
    (problem,) = [p for p in plan.problems if p.code in ("numbers-as-dates", "zero-one")]
    assert (plan.types[name], plan.ok, problem.code == "zero-one") == ("NUMBER", True, said is None)
    assert said is None or said in problem.message


@pytest.mark.parametrize(
    ("name", "values"),
    [("amount", [1.7e9, 1.6e9]), ("Date", [5, 6]), ("date", [20241331, 20240229]), ("flag", [0, 2])],
)
def test_numbers_that_are_numbers(name: str, values: list[Any]) -> None:
    codes = {p.code for p in problems(with_key(**{name: values}))}
    assert not codes & {"numbers-as-dates", "zero-one"}


def test_identifiers_that_have_been_decimals() -> None:
    frame = with_key(**{"Client ID": ["123.0", "124.0", "123.0", None]})
    problem = only(frame, "decimal-identifier")
    assert problem.count == 3
    assert connect_pandas.plan(applied(frame, problem), "T").sample(1)[0]["Client ID"] == "123"


def test_one_value_in_the_last_row_decides_on_looks() -> None:
    values = ["1,000"] * 70_000
    assert "other-notation" in {p.code for p in problems(with_key(c=values))}
    assert "other-notation" not in {p.code for p in problems(with_key(c=[*values, "many"]))}


@pytest.mark.parametrize(
    ("name", "values", "bad"),
    [
        ("Phone", ["+4915112345678", "0151 2345678", "", None], 1),
        ("mobile", ["+491511", "0151/2345678", "555-123-4567", "+4915112345678"], 2),
        ("contact", ["+49 151 12345678", "(212) 555-0123", "+4915112345678"], 2),
        ("Tel.", [2125550123, 2125550124, None], 2),
        ("fax", ["2125550123", "N/A", "2125550124"], 2),
    ],
)
def test_phone_numbers(name: str, values: list[Any], bad: int) -> None:
    frame = with_key(**{name: values})
    problem = only(frame, "not-e164")
    assert (problem.column, problem.count, problem.severity) == (name, bad, "error")
    assert "guide" in problem.rule
    assert connect_pandas.plan(frame, "T", types={name: "TEXT"}).ok
    made = connect_pandas.plan(frame, "T").types[name]
    assert made == "TEXT"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("phone calls", [1, 2]),
        ("phone", ["Pixel 9", "iPhone 15"]),
        ("Phone Service", ["Yes", "No"]),
        ("n", ["2125550123", "2125550124"]),
        ("ref", ["2024-001234", "2024-001235"]),
    ],
)
def test_no_phone_numbers(name: str, values: list[Any]) -> None:
    assert not {p.code for p in problems(with_key(**{name: values}))} & {"not-e164", "invalid-phone"}


def test_phone_numbers_that_no_country_has_given_out() -> None:
    plan = connect_pandas.plan(with_key(Phone=["+4915112345678", "49151", "+999123456", "+49"]), "T")
    found = {p.code: p.count for p in plan.problems if p.column == "Phone"}
    assert found == {"not-e164": 1, "invalid-phone": 2}


@pytest.mark.parametrize("gap", [[], [None]], ids=["whole numbers", "floats"])
def test_zeros_that_a_spreadsheet_took(gap: list[Any]) -> None:
    frame = with_key(PLZ=[80331, 1067, 10115, *gap])
    problem = only(frame, "leading-zeros-lost")
    assert (problem.count, problem.example) == (1, 1067)
    made = connect_pandas.plan(applied(frame, problem), "T")
    assert made.ok
    assert made.sample(4)[1]["PLZ"] == "01067"


def test_two_zeros_that_a_spreadsheet_took() -> None:
    problem = only(with_key(ZIP=[602, 10115, 33101, 1201]), "leading-zeros-lost")
    assert (problem.count, problem.example) == (2, 602)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("zip", [80331, 10115]),
        ("zip", [80331, 1]),
        ("zip", [80331, 501, 602, 704]),
        ("n", [80331, 1067]),
    ],
)
def test_no_zeros_were_lost(name: str, values: list[int]) -> None:
    assert "leading-zeros-lost" not in {p.code for p in problems(with_key(**{name: values}))}


# ── fixes that fix ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ([[1, 2], ["a"], None], ["1; 2", "a", None]),
        (pd.Series([1, 2.0, "x", None, 2.5], dtype=object), ["1", "2", "x", None, "2.5"]),
        (pd.Series([Decimal("1.5"), Decimal("Infinity"), None], dtype=object), ["1.5", None, None]),
    ],
    ids=["lists", "numbers and texts", "infinite"],
)
def test_what_no_attribute_can_hold_is_put_right(values: Any, wanted: list[Any]) -> None:
    frame = with_key(c=values)
    made = connect_pandas.plan(applied(frame, only(frame, "unsupported-values")), "T")
    assert made.ok
    assert [record["c"] for record in made.sample(9)] == wanted


def test_labels_are_pythons_own() -> None:
    frame = pd.DataFrame({"k": ["a", "a"], "n": 1}, index=np.array([5, 7]))
    assert [repr(r.label) for r in only(frame, "duplicate-key", key="k").rows] == ["5", "7"]


def test_years_of_an_ambiguous_date_show_no_format() -> None:
    plan = connect_pandas.plan(with_key(d=["03/04/2025", "05/06/2025"]), "T")
    assert plan.date_format is None
    assert "dateFormat" not in plan.payload["importInput"]
    assert plan.head() == "k,d\nk0,03/04/2025\nk1,05/06/2025\n"
