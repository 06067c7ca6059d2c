"""How large a plan says that its file will be: to the byte when that is cheap, about when it is not."""

from __future__ import annotations

import pandas as pd
import pytest

import connect_pandas
from connect_pandas import samples
from connect_pandas.notebook import draw


def test_a_small_file_is_counted() -> None:
    plan = connect_pandas.plan(samples.orders(), "Orders")
    assert plan.file_size == (sum(len(piece) for piece, _ in plan.pieces()), True)


def test_a_large_file_is_estimated_from_rows_spread_over_it() -> None:
    n = 60_000
    frame = pd.DataFrame(
        {"Order ID": [f"o{i}" for i in range(n)], "Note": ["x" * (i // 100) for i in range(n)]}
    )
    plan = connect_pandas.plan(frame, "Big", key="Order ID")
    found = plan.file_size
    assert found is not None
    size, exact = found
    assert not exact
    assert size == pytest.approx(sum(len(piece) for piece, _ in plan.pieces()), rel=0.05)
    assert f"about {draw.size(size)}" in repr(plan)


def test_few_rows_of_much_text_are_not_all_encoded() -> None:
    frame = pd.DataFrame({"Order ID": ["a", "b"], "Note": ["x" * 3_000_000, "y" * 3_000_000]})
    found = connect_pandas.plan(frame, "Big", key="Order ID").file_size
    assert found is not None
    assert found[0] == pytest.approx(6_000_000, rel=0.01)
    assert not found[1]


def test_a_plan_with_errors_says_no_size() -> None:
    plan = connect_pandas.plan(pd.DataFrame({"Order ID": ["a", "a"]}), "Twice", key="Order ID")
    assert "not before its errors are put right" in repr(plan)
    assert "byte" not in repr(plan)


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (999_600, "1 MB"),
        (123_456_789, "123 MB"),
        (4_999_999_999, "5.0 GB"),
    ],
)
def test_a_size_in_words(n: int, said: str) -> None:
    assert draw.size(n) == said
