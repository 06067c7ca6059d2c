"""The public API as a type checker sees it. Nobody runs this file; mypy and pyright read it."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, assert_type

import pandas as pd
import pandera.pandas as pa

import connect_pandas
from connect_pandas import (
    Attribute,
    Attributes,
    Connection,
    ImportForm,
    ImportJob,
    ImportPlan,
    Problems,
    Repair,
    Sandbox,
    SetupForm,
    Verification,
)

df = pd.DataFrame({"Order ID": ["a"]})

# ── the typed twins ──────────────────────────────────────────────────────────────────────────────────
assert_type(connect_pandas.infer(df), Attributes)
assert_type(connect_pandas.schema(df), pa.DataFrameSchema)
assert_type(connect_pandas.validate(df), pd.DataFrame)
assert_type(connect_pandas.validate(df, pa.DataFrameSchema()), pd.DataFrame)
assert_type(connect_pandas.repair(df), Repair)
assert_type(connect_pandas.repair(df, dates=["a"], day_first=True, region="US"), Repair)
assert_type(connect_pandas.plan(df, "Orders"), ImportPlan)
assert_type(connect_pandas.create_reference_set(df, "Orders"), ImportJob)
assert_type(connect_pandas.form(df, "Orders"), ImportForm)

# ── every keyword ────────────────────────────────────────────────────────────────────────────────────
plan = connect_pandas.plan(
    df,
    "Orders",
    key="Order ID",
    types={"Order ID": "TEXT"},
    names={"Order ID": "Order"},
    columns=["Order ID"],
    schema=pa.DataFrameSchema(),
    job_name="Add orders",
    notify=["ann@shop.com"],
    folder="RS/Orders",
    filename="orders.csv",
    delimiter=",",
    date_format="DD/MM/YYYY",
    header=True,
)
connect_pandas.create_reference_set(df, "Orders", notify="ann@shop.com", connection=None, progress=False)
connect_pandas.plan(df, "Orders", notfy="ann@shop.com")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
connect_pandas.plan(df, "Orders", types={"Order ID": "INT"})  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]

# ── values ───────────────────────────────────────────────────────────────────────────────────────────
attributes = connect_pandas.infer(df)
assert_type(attributes[0], Attribute)
assert_type(attributes.key, Hashable | None)
assert_type(attributes.date_format, str | None)
assert_type(attributes.problems, Problems)
assert_type(plan.attributes, Attributes)
assert_type(plan.payload, dict[str, Any])
assert_type(plan.problems, Problems)
assert_type(plan.replace(key="Order ID"), ImportPlan)
assert_type(plan.write("orders.csv"), Path)
assert_type(plan.save("orders.json"), Path)
job = plan.submit(progress=False)
assert_type(job, ImportJob)
assert_type(job.wait(timeout=60), ImportJob)
assert_type(job.verify(), Verification)
assert_type(job.id, str | None)
assert_type(
    connect_pandas.connect(domain="prod-us-east-1", user="ann@shop.com", key_file="~/.ssh/connect"),
    Connection,
)
assert_type(connect_pandas.setup("work"), SetupForm | None)
assert_type(connect_pandas.jobs(), pd.DataFrame)
assert_type(connect_pandas.job("Orders").resume(plan), ImportJob)
with connect_pandas.sandbox() as box:
    assert_type(box, Sandbox)
    assert_type(box.connection, Connection)
    assert_type(box.jobs, pd.DataFrame)
