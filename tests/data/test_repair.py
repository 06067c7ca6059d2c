"""What can be put right without a doubt."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from frames_data import TEXT_DTYPES, frames
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import connect_pandas

nasty = st.text(st.sampled_from("ab \n\r\x00\x0b\x1f\x7f\x85\u2028"), max_size=6)


@pytest.mark.parametrize("dtype", TEXT_DTYPES, ids=str)
def test_texts_are_mended_and_keep_their_dtype(dtype: Any) -> None:
    texts = pd.Series(["one\r\ntwo", "page\x0cbreak\x00", None], dtype=dtype)
    frame = pd.DataFrame({"k": ["a", "b", "c"], "t": texts})
    frame.index = pd.MultiIndex.from_arrays([list("xyz"), frame.pop("k")], names=[None, "k"])
    before = frame.copy()
    repair = connect_pandas.repair(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert repair.frame["t"].tolist()[:2] == ["one two", "page break"]
    assert repair.frame["t"].isna().tolist() == [False, False, True]
    assert isinstance(repair.frame["t"].dtype, type(frame["t"].dtype))
    assert repair.changes.to_dict("list") == {
        "column": ["t", "t"],
        "row": [("x", "a"), ("y", "b")],
        "before": ["one\r\ntwo", "page\x0cbreak\x00"],
        "after": ["one two", "page break"],
        "rule": ["line-break", "control-character"],
    }
    assert repair.left == ()
    assert connect_pandas.plan(repair.frame, "T").ok


def test_ordered_categories_keep_their_order() -> None:
    dtype = pd.CategoricalDtype(["z\n", "a", "z "], ordered=True)
    mended = connect_pandas.repair(pd.DataFrame({"t": pd.Series(["a", "z\n"], dtype=dtype)})).frame["t"]
    assert mended.cat.ordered
    assert mended.cat.categories.tolist() == ["z ", "a"]


def test_what_only_its_owner_can_decide_is_left() -> None:
    frame = pd.DataFrame({"k": ["a\n", "a ", "b"], "x": [1.0, float("inf"), 2.0]})
    repair = connect_pandas.repair(frame)
    assert ("x", "infinite-number") in {(p.column, p.code) for p in repair.left}
    assert "x: infinite-number" in repr(repair)
    assert "1 × line-break" in repr(repair)


def test_nothing_to_change() -> None:
    frame = pd.DataFrame({"k": ["a"], "n": [1]})
    repair = connect_pandas.repair(frame)
    assert repair.changes.empty
    assert list(repair.changes.columns) == ["column", "row", "before", "after", "rule"]
    assert "nothing to change" in repr(repair)
    pd.testing.assert_frame_equal(repair.frame, frame)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=frames(nasty))
def test_a_repaired_frame_has_no_unreadable_text(made: tuple[pd.DataFrame, Any]) -> None:
    frame, columns = made
    before = frame.copy()
    repair = connect_pandas.repair(frame)
    pd.testing.assert_frame_equal(frame, before)
    again = connect_pandas.plan(repair.frame, "T", key="id").problems
    assert not [p for p in again if p.code in ("line-break", "control-character")]
    wrong = sum(
        len([v for v in c.values if isinstance(v, str) and set(v) - set("ab ")]) for c in columns.values()
    )
    assert len(repair.changes[["column", "row"]].drop_duplicates()) == wrong
