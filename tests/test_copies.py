"""A plan that is copied, or that travels to another process, is the same plan."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pandas as pd
import pandera.pandas as pa
import pytest

import connect_pandas
from connect_pandas import samples

if TYPE_CHECKING:
    from pathlib import Path

ORDERS = samples.orders()
SCHEMA = pa.DataFrameSchema({"Amount": pa.Column(float, pa.Check.ge(0))})
ARRIVED = """
import pickle, sys
plan = pickle.load(sys.stdin.buffer)
sys.stdout.buffer.write(pickle.dumps((plan.payload, plan.problems, b"".join(piece for piece, _ in plan.pieces()))))
"""


def content(plan: connect_pandas.ImportPlan) -> tuple[Any, ...]:
    return plan.payload, plan.problems, b"".join(piece for piece, _ in plan.pieces())


def test_a_copy_is_the_plan_itself() -> None:
    plan = connect_pandas.plan(ORDERS, "Orders")
    assert copy.copy(plan) is plan
    assert copy.deepcopy({"plan": plan})["plan"] is plan


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"key": ["Order ID", "Client ID"], "names": {"Amount": "Total"}, "notify": "ann@shop.example"},
        {
            "types": {"Amount": "TEXT"},
            "columns": ["Amount", "Order ID"],
            "header": False,
            "filename": "o.csv",
        },
        {"schema": SCHEMA},
    ],
    ids=["plain", "key of two", "types", "schema"],
)
def test_a_pickle_is_the_same_plan(options: dict[str, Any]) -> None:
    plan = connect_pandas.plan(ORDERS.set_index("Order ID"), "Orders", **options)
    again = pickle.loads(pickle.dumps(plan))
    assert content(again) == content(plan)
    assert content(again.replace(name="Other")) == content(plan.replace(name="Other"))
    pd.testing.assert_frame_equal(again.frame, plan.frame)


def test_it_arrives_in_another_process_without_a_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONNECT_API_KEY", "key-that-nobody-may-see")
    connect_pandas.connect(
        domain="prod-us-east-1",
        user="ann@shop.example",
        key_file=tmp_path / "key",
        passphrase="passphrase-that-nobody-may-see",
    )
    travels = pickle.dumps(connect_pandas.plan(ORDERS, "Orders"))
    assert b"nobody-may-see" not in travels
    arrived = subprocess.run([sys.executable, "-c", ARRIVED], input=travels, capture_output=True, check=True)
    assert pickle.loads(arrived.stdout) == content(pickle.loads(travels))
