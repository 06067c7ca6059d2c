"""The facts of columns, however they are counted: value by value, each different one once, as objects or as text."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from connect_pandas.data import columns, profile
from connect_pandas.data.columns import read

WRITTEN = [
    *(
        "",
        "N/A",
        "-",
        "yes",
        "no",
        "true",
        "FALSE",
        "Ja",
        "0",
        "1",
        "01",
        "0.5",
        "1.0",
        "2.50",
        "-3",
        "+5",
        "1e5",
    ),
    *(
        "1,234.50",
        "1.234,50",
        "€ 12",
        "12 %",
        "(5)",
        "inf",
        "2024-01-31",
        "2024-02-30",
        "31/01/2024",
        "03/04/2024",
    ),
    *(
        "2024/01/05",
        "31.12.2024",
        "1.2.2024",
        "2/10/25",
        "1 Feb 2024",
        "2024-01-01T00:00:00Z",
        "2024-01-01 10:00",
    ),
    *(
        "2024-01-01T10:00:00+02:00",
        "+4915112345678",
        "(555) 010-1234",
        "a b",
        "a,b",
        "x\ty",
        'q"q',
        "l\nb",
        "c\x00",
    ),
    *("p|q", "\u2028", "\ufdd0\ufdef\ufdd0", "=1+1", "-x", None),
]


def facts(frame: pd.DataFrame) -> list[Any]:
    return [
        ({fact: n for fact, n in p.facts.items() if n}, p.missing, p.unique, p.repeated, p.low, p.high)
        for p in profile.profile(read(frame))
    ]


@pytest.mark.parametrize("seed", range(40))
def test_a_value_counts_as_often_as_it_occurs(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    rng = np.random.default_rng(seed)
    drawn = rng.choice(len(WRITTEN), size=(3, rng.integers(1, 6)))
    some = [[WRITTEN[i] for i in rng.choice(kinds, size=300)] for kinds in drawn]
    ids = [f"{i:04}" for i in rng.permutation(300)]  # no value of it occurs twice
    frame = pd.DataFrame(dict(zip("abc", some, strict=True)) | {"d": ids})
    found = []
    for tried in (10, 1_000):
        monkeypatch.setattr(profile, "_TRIED", tried)
        found.append(facts(frame))
    assert found[0] == found[1]
    for (counts, missing, *_), values in zip(found[0], [*some, ids], strict=True):
        told = Counter(values)
        assert counts.get("blank", 0) == told[""]
        assert missing == told[""] + told[None]
        assert counts["bytes"] if "bytes" in counts else not any(values)
        assert counts.get("line-break", 0) == told["l\nb"]
        assert counts.get("formula", 0) == told["=1+1"] + told["-x"]


def test_only_what_repeats_itself_is_counted_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "_TRIED", 100)
    rows = pl.DataFrame(
        {"0": ["yes", "no", None, "no"] * 100, "1": [str(i) for i in range(400)], "2": [0] * 400}
    )
    once = profile.different(rows)
    assert sorted(map(str, once.rows())) == ["('no', 200)", "('yes', 100)", "(None, 100)"]
    assert profile.different(rows.head(99)).is_empty()


@pytest.mark.parametrize("odd", ["x", "1,5", "2024-02-30", "N/A", "", "a,b", "007", "=1+1"])
@pytest.mark.parametrize("repeating", [True, False])
def test_one_value_in_the_last_slice_is_seen(
    monkeypatch: pytest.MonkeyPatch, odd: str, repeating: bool
) -> None:
    monkeypatch.setattr(columns, "SLICE_ROWS", 1_000)
    values = [str(10 + i % 7 if repeating else 10 + i) for i in range(3_000)]
    (counts, *_), (with_odd, *_) = (facts(pd.DataFrame({"v": v}))[0] for v in (values, [*values, odd]))
    assert counts["plain"] == 3_000
    assert with_odd["plain"] == 3_000 + (odd == "007")
    said = {"N/A": "marker", "": "blank", "a,b": ",", "007": "leading-zero", "1,5": ",", "=1+1": "formula"}
    assert odd not in said or with_odd[said[odd]] == 1


@pytest.mark.parametrize(
    "values",
    [
        ["a", "b"],
        [None, "a"],
        ["a", None, "\0", ""],
        ["a", np.nan],
        [pd.NA, "a"],
        ["a", pd.NaT],
        [None, None, "a"],
        ["a\ud800", None, "b"],
        [np.str_("a"), "b"],
    ],
    ids=repr,
)
def test_objects_are_read_as_text_is(values: list[Any]) -> None:
    found = read(pd.DataFrame({"v": pd.Series(values, dtype=object)})).items[0]
    missing = [v is None or not isinstance(v, str) for v in values]
    expected = [
        None if gap else v.replace("\ud800", columns.SURROGATE_MARK)
        for v, gap in zip(values, missing, strict=True)
    ]
    assert found.kind == "text"
    assert found.slice(0, len(values)).to_list() == expected
    for i in range(len(values)):  # a slice of nothing but missing values, too
        assert found.slice(i, i + 1).to_list() == expected[i : i + 1]


@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_a_value_behind_many_missing_ones_decides(missing: Any) -> None:
    gaps = pd.Series([missing] * 500, dtype=object)
    late = pd.concat([gaps, pd.Series(["a"], dtype=object)], ignore_index=True)
    mixed = pd.concat([late, pd.Series([1], dtype=object)], ignore_index=True)
    kinds = [read(pd.DataFrame({"v": series})).items[0].kind for series in (gaps, late, mixed)]
    assert kinds == ["empty", "text", "unsupported"]


def test_numbers_in_a_joined_key_stand_as_in_the_file() -> None:
    numbers = [1e20, 1e-7, 123.0, 0.1, -2.5, None]
    written = ["100000000000000000000", "0.0000001", "123", "0.1", "-2.5"]
    for dtype in ("float64", "float32"):
        frame = pd.DataFrame({"n": pd.Series(numbers, dtype=dtype), "t": list("abcdef")})
        joined = read(frame).joined([0, 1]).items[-1]
        assert joined.slice(0, 6).to_list() == [
            *(f"{w}-{t}" for w, t in zip(written, "abcde", strict=True)),
            None,
        ]
