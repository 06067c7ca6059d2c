"""Where one thing becomes another: a frame on either side of each threshold of inference, checks, repair and file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

import connect_pandas
from connect_pandas.data import columns

if TYPE_CHECKING:
    from collections.abc import Sequence

BESIDE = "Order ID"
"""A key in front of the column that is looked at, so that it is no candidate itself."""


def beside(name: str, values: Any) -> pd.DataFrame:
    return pd.DataFrame({BESIDE: [f"k{i}" for i in range(len(values))], name: values})


def type_of(name: str, values: Any) -> str:
    return connect_pandas.infer(beside(name, values)).types[name]


def codes(name: str, values: Any) -> set[str]:
    problems = connect_pandas.plan(beside(name, values), "T").problems
    return {problem.code for problem in problems if problem.column == name}


def key_of(frame: pd.DataFrame) -> Any:
    return connect_pandas.plan(frame, "T").key


def written(frame: pd.DataFrame, **options: Any) -> list[str]:
    """Return the lines of the file, without the header when there is one."""
    plan = connect_pandas.plan(frame, "T", **options)
    lines = b"".join(piece for piece, _ in plan.pieces()).decode().splitlines()
    return lines[1:] if plan.header else lines


# ── nothing is lost ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("missing", [None, ""])
def test_rows_without_a_key_are_no_repeats_of_each_other(missing: str | None) -> None:
    frame = pd.DataFrame({"id": ["a", missing, missing, "a"], "day": pd.date_range("2024-01-01", periods=4)})
    assert list(connect_pandas.repair(frame, key="id", keep_last="day").frame.index) == [1, 2, 3]


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        (["03/04/2024", "04/03/2024"], [0, 1]),  # which is the later one, nothing tells
        (["13/04/2024", "04/03/2024"], [0]),
        (["03/13/2024", "03/04/2024"], [0]),
    ],
)
def test_dates_order_the_rows_only_where_day_and_month_are_told_apart(
    days: list[str], kept: list[int]
) -> None:
    repair = connect_pandas.repair(pd.DataFrame({"id": ["a", "a"], "day": days}), key="id", keep_last="day")
    assert list(repair.frame.index) == kept
    assert ("keep_last" in {doubt.rule for doubt in repair.doubts}) == (len(kept) == 2)


@pytest.mark.parametrize("kind", ["days", "moments"])
@pytest.mark.parametrize(
    ("day", "fits"),
    [("0000-12-31", False), ("0001-01-01", True), ("9999-12-31", True), ("10000-01-01", False)],
)
def test_years_of_four_digits(kind: str, day: str, *, fits: bool) -> None:
    values: Any = np.array([day], dtype="datetime64[s]")
    if kind == "days":
        since_1970 = values.astype("datetime64[D]").astype("int64")
        values = pd.arrays.PeriodArray(since_1970, dtype=pd.PeriodDtype("D"))
    assert ("year-out-of-range" not in codes("day", values)) == fits


@pytest.mark.parametrize(("first", "line"), [("\ufeffa", '"\ufeffa",1'), ("a\ufeff", "a\ufeff,1")])
def test_a_value_is_not_taken_for_the_mark_of_the_file(first: str, line: str) -> None:
    assert written(pd.DataFrame({"id": [first, "b"], "n": [1, 2]}), header=False) == [line, "b,2"]


@pytest.mark.parametrize(
    ("fraction", "time"), [(7 / 86_400, "00:00:07"), (0.70833, "17:00:00"), (0.04167, "01:00:00")]
)
def test_the_seconds_of_a_spreadsheet_are_rounded(fraction: float, time: str) -> None:
    frame = pd.DataFrame({"Date": [45_292 + fraction]})
    made = connect_pandas.repair(frame, serials=["Date"]).frame["Date"]
    assert made[0] == pd.Timestamp(f"2024-01-01 {time}")


def test_numbers_are_written_without_zeros_before_them() -> None:
    values = ["0.5e3", "0.05e1", "-0.25e2", "10e1"]
    assert [line.split(",")[1] for line in written(beside("n", values))] == ["500", "0.5", "-25", "100"]


def test_whole_floats_are_no_fractions_in_a_key_of_several() -> None:
    frame = pd.DataFrame({"Order ID": ["a", "a", "b"], "line": [1.0, 2.5, 1.0]})
    keys = [line.split(",")[0] for line in written(frame, key=["Order ID", "line"])]
    assert keys == ["a-1", "a-2.5", "b-1"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(1e-5, "0.00001"), (9e-6, "0.000009"), (9e15, "9000000000000000"), (1e16, "10000000000000000")],
)
def test_floats_have_no_exponents(number: float, text: str) -> None:
    assert written(beside("n", [0.5, number]))[1].removesuffix(".0") == f"k1,{text}"


# ── codes and measures ───────────────────────────────────────────────────────────────────────────────────────────

BLOCK = 1_234_567
"""Of seven digits, neither the first nor the last of their length."""


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        # as long as a card's or an article's
        ([123_456_789_011, 598_765_432_109], "TEXT"),
        ([23_456_789_011, 98_765_432_109], "NUMBER"),
        # a block of one length
        (range(BLOCK, BLOCK + 20), "TEXT"),
        (range(BLOCK, BLOCK + 19), "NUMBER"),
        (range(BLOCK // 10, BLOCK // 10 + 20), "NUMBER"),
        # all of one length
        ([*range(1_199_983, 1_199_999), 5_000_001, 6_000_001, 7_000_001, 9_000_001], "TEXT"),
        ([*range(1_199_983, 1_199_999), 5_000_001, 6_000_001, 7_000_001, 8_999_999], "NUMBER"),
        ([*range(1_200_001, 1_200_017), 5_000_001, 6_000_001, 7_000_001, 9_000_001], "NUMBER"),
    ],
)
@pytest.mark.parametrize("dtype", ["int64", "str"])
def test_numbers_that_are_codes(values: Sequence[int], type_: str, dtype: str) -> None:
    assert type_of("x", pd.Series(values).astype(dtype)) == type_  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("name", "least"), [("phone", 100_000), ("fax", 100_000), ("zip", 100), ("postcode", 100)]
)
def test_small_numbers_are_no_phones_and_no_zips(name: str, least: int) -> None:
    assert type_of(name, [7, 7, least]) == "TEXT"
    assert type_of(name, [7, 7, least - 1]) == "NUMBER"


@pytest.mark.parametrize(("markers", "type_"), [(9, "NUMBER"), (10, "TEXT")])
def test_where_nearly_all_say_that_there_is_none_they_are_values(markers: int, type_: str) -> None:
    assert type_of("x", ["5", *["N/A"] * markers]) == type_


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        *[(thing, "TEXT") for thing in ("item", "order", "record", "station", "subject", "parent customer")],
        *[(f"stock {thing}", "NUMBER") for thing in ("item", "order", "record", "station", "subject")],
    ],
)
def test_some_things_are_their_identifiers_only_alone(name: str, type_: str) -> None:
    assert type_of(name, [7, 12, 12]) == type_


# ── the key ──────────────────────────────────────────────────────────────────────────────────────────────────────


def texts(size: int, rows: int = 2, *, within: str = "x") -> list[str]:
    """Return different texts of one length."""
    return [f"{i:02}{within}".ljust(size, "y") for i in range(rows)]


@pytest.mark.parametrize(("size", "could"), [(64, ("t",)), (65, ())])
def test_long_texts_are_no_candidates(size: int, could: tuple[str, ...]) -> None:
    assert connect_pandas.infer(pd.DataFrame({"t": texts(size)})).key_candidates == could


@pytest.mark.parametrize(("size", "key"), [(40, "t"), (41, None)])
def test_long_texts_of_several_words_are_remarks(size: int, key: str | None) -> None:
    assert key_of(pd.DataFrame({"t": texts(size, 20, within=" x")})) == key


@pytest.mark.parametrize(
    ("first", "rows", "key"), [(1, 10, "x"), (0, 10, "x"), (2, 10, None), (1, 9, None), (0, 9, None)]
)
def test_numbers_of_the_rows(first: int, rows: int, key: str | None) -> None:
    frame = pd.DataFrame({"x": range(first, first + rows), "score": 1.5})
    assert key_of(frame) == key


@pytest.mark.parametrize("order", [["x", "t"], ["t", "x"]])
def test_numbers_whose_name_says_nothing_come_behind_names(order: list[str]) -> None:
    frame = pd.DataFrame({"x": [30, 10, 20], "t": ["a", "b", "c"]})
    assert connect_pandas.infer(frame[order]).key_candidates == ("t", "x")


def gapped(gaps: int, rows: int) -> pd.DataFrame:
    ids = [None if i < gaps else f"O{i}" for i in range(rows)]
    return pd.DataFrame({"Order ID": ids, "E-Mail": [f"u{i}@example.com" for i in range(rows)]})


@pytest.mark.parametrize(("gaps", "key"), [(3, None), (4, "E-Mail")])
def test_a_column_with_many_gaps_was_not_meant_to_be_the_key(gaps: int, key: str | None) -> None:
    assert key_of(gapped(gaps, 30)) == key


def test_gaps_at_the_beginning_are_few_among_all_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "SLICE_ROWS", 10)
    assert key_of(gapped(6, 60)) is None  # most of the first slice, and a tenth of the column
    assert key_of(gapped(7, 60)) == "E-Mail"


# ── several columns as the key ───────────────────────────────────────────────────────────────────────────────────


def offered(frame: pd.DataFrame) -> bool:
    """Whether several columns are offered as the key."""
    (problem,) = [p for p in connect_pandas.plan(frame, "T").problems if p.code == "no-key"]
    return "Together" in problem.message


@pytest.mark.parametrize(("others", "is_found"), [(6, True), (7, False)])
def test_of_eight_columns_every_two_are_tried(others: int, *, is_found: bool) -> None:
    same = {f"x{'abcdefgh'[i]}": ["s"] * 36 for i in range(others)}
    frame = pd.DataFrame(
        {**same, "u": [f"u{i // 6}" for i in range(36)], "v": [f"v{i % 6}" for i in range(36)]}
    )
    assert offered(frame) == is_found


@pytest.mark.parametrize(("size", "is_found"), [(32, True), (33, False)])
def test_long_texts_are_no_part_of_a_key(size: int, *, is_found: bool) -> None:
    some = texts(size, 6)
    frame = pd.DataFrame({"u": [some[i // 6] for i in range(36)], "v": [f"v{i % 6}" for i in range(36)]})
    assert offered(frame) == is_found


# ── numbers that are dates ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "is_told"),
    [("date", True), ("birthday", True), ("time", False), ("shipped", False), ("x", False)],
)
def test_days_of_a_spreadsheet_need_the_name_of_a_day(name: str, *, is_told: bool) -> None:
    assert ("numbers-as-dates" in codes(name, [45_292, 45_293, 45_293])) == is_told


@pytest.mark.parametrize(
    ("values", "is_date"),
    [
        ([20_000, 45_000], True),
        ([19_999, 45_000], False),
        ([45_000, 79_999.5], True),
        ([45_000, 80_000], False),
    ],
)
def test_days_of_a_spreadsheet_are_of_our_time(values: list[float], *, is_date: bool) -> None:
    frame = beside("date", values)
    assert ("numbers-as-dates" in codes("date", values)) == is_date
    made = connect_pandas.repair(frame, serials=["date"]).frame["date"]
    assert pd.api.types.is_datetime64_any_dtype(made) == is_date


@pytest.mark.parametrize(
    ("name", "values", "is_told"),
    [
        ("created", [631_152_000, 4_102_444_799], True),
        ("created", [631_151_999, 4_102_444_799], False),
        ("created", [631_152_000, 4_102_444_800], False),
        ("last_login", [631_152_000, 4_102_444_799], True),
        ("x", [631_152_000, 4_102_444_799], False),
    ],
)
def test_seconds_since_1970_are_of_our_time_and_have_its_name(
    name: str, values: list[int], *, is_told: bool
) -> None:
    assert ("numbers-as-dates" in codes(name, values)) == is_told


@pytest.mark.parametrize(
    ("number", "day"),
    [
        (18_991_231, None),
        (19_000_101, "1900-01-01"),
        (20_991_231, "2099-12-31"),
        (21_000_101, None),
        (20_240_230, None),
    ],
)
def test_dates_in_eight_digits_are_of_our_time(number: int, day: str | None) -> None:
    frame = beside("date", [20_240_201, number])
    assert ("numbers-as-dates" in codes("date", frame["date"])) == (day is not None)
    made = connect_pandas.repair(frame, dates=["date"]).frame["date"]
    assert made.to_list() == (["2024-02-01", day] if day else [20_240_201, number])


# ── phone numbers ────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("least", "is_phone"), [(1_000_000, True), (999_999, False)])
def test_phone_numbers_of_digits_are_long(least: int, *, is_phone: bool) -> None:
    assert ("not-e164" in codes("phone", [least, 5_550_101, 5_550_101])) == is_phone


@pytest.mark.parametrize(("others", "are_phones"), [(2, True), (3, False)])
def test_half_of_a_column_of_phones_looks_so(others: int, *, are_phones: bool) -> None:
    assert ("not-e164" in codes("phone", ["030 1234567", "030/765432", *["ask"] * others])) == are_phones


# ── notations ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("odd", "dated", "type_"),
    [(1, 9, "DATE"), (1, 8, "TEXT"), (250, 2250, "DATE"), (250, 2249, "TEXT")],
)
def test_dates_are_seen_behind_other_values(odd: int, dated: int, type_: str) -> None:
    # The first 500 values decide what is counted: half of them are enough.
    assert type_of("x", [*["someday"] * odd, *["1.2.2024"] * dated]) == type_
