"""The main job from end to end, by the names that users type."""

from __future__ import annotations

import threading
import time
from decimal import Decimal
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import connect_pandas
from connect_pandas import (
    ConfigurationError,
    ConnectWarning,
    ImportRejected,
    PlanError,
    Sandbox,
    UploadFailed,
    ValidationError,
    samples,
)
from connect_pandas._sandbox.sftp import Faults
from connect_pandas.service.graphql import Api
from connect_pandas.service.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with connect_pandas.sandbox() as sandbox:
        yield sandbox


def test_one_line_from_a_frame_to_a_reference_set(box: Sandbox) -> None:
    orders = samples.orders()
    job = orders.connect.create_reference_set("Orders", notify="ann@shop.example", folder="RS/Orders")
    assert job.wait() is job
    assert (job.status, job.rows) == ("completed", 8)
    assert job.verify().ok
    assert list(box.sets["name"]) == ["Orders"]
    assert list(box.mailbox["to"]) == ["ann@shop.example"]
    records = box.records("Orders")
    assert list(records["Order ID"]) == list(orders["Order ID"].astype(str))
    assert list(records["Amount"]) == [Decimal(str(amount)) for amount in orders["Amount"]]
    with pytest.raises(ConfigurationError, match="no reference set 'orders'; there are: Orders"):
        box.records("orders")
    assert box.files.empty
    assert job.plan is not None
    assert job.plan.payload["importInput"]["dataSetName"] == "Orders"
    assert job.id in repr(job)
    assert "box.jobs" in repr(job)


def test_what_arrives_is_what_the_frame_held(box: Sandbox) -> None:
    frame = pd.DataFrame(
        {
            "Ticket": ["T-1", "T-2", "T-3"],
            "Text": ['says "no, thanks"', "tab\there | pipe, comma", "naïve – ไทย 🎟️"],
            "Cost": [Decimal("0.10"), None, Decimal("12345678901234567890.01")],
            "Opened": pd.to_datetime(["2024-03-31 01:30", None, "2024-03-31 03:30"]).tz_localize(
                "Europe/Berlin"
            ),
            "Open": pd.array([True, None, False], dtype="boolean"),
        }
    )
    frame.connect.create_reference_set("Tickets", progress=False).wait()
    data_set = Api(box.connection).data_set("Tickets")
    assert data_set is not None
    records = {
        r.key: r.values for r in Api(box.connection).records(data_set.id, "Ticket", ["T-1", "T-2", "T-3"])
    }
    assert [records[k]["Text"] for k in records] == list(frame["Text"])
    assert records["T-1"]["Opened"] == "2024-03-31 00:30:00.000"
    assert records["T-3"]["Opened"] == "2024-03-31 01:30:00.000"
    assert records["T-2"]["Cost"] is records["T-2"]["Opened"] is records["T-2"]["Open"] is None
    assert [records[k]["Open"] for k in ("T-1", "T-3")] == [True, False]
    assert Decimal(str(records["T-1"]["Cost"])) == Decimal("0.10")


@pytest.mark.parametrize("delimiter", [",", "\t", "|"])
@pytest.mark.parametrize("header", [True, False])
def test_every_delimiter_with_and_without_header(box: Sandbox, delimiter: str, header: bool) -> None:
    job = samples.orders().connect.create_reference_set(
        "Orders", delimiter=delimiter, header=header, progress=False
    )
    assert job.wait().verify().ok


@pytest.mark.parametrize(
    "form", ["YYYY-MM-DD", "MM/DD/YYYY", "DD/MM/YYYY", "YYYY/MM/DD", "DD.MM.YYYY", "YYYY-MM-DDTHH:mm:ssZ"]
)
def test_every_date_format(box: Sandbox, form: str) -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "day": pd.to_datetime(["2024-02-29", "2025-12-01"]).date})
    job = frame.connect.create_reference_set("Days", date_format=form, progress=False)
    assert job.wait().verify().ok


def test_nothing_is_sent_when_something_is_wrong(box: Sandbox) -> None:
    broken = samples.orders()
    broken.loc[3, "Order ID"] = broken.loc[0, "Order ID"]
    broken.loc[5, "Discount coupon"] = "SAVE\n30"
    with pytest.raises(ValidationError) as caught:
        broken.connect.create_reference_set("Orders", key="Order ID")
    message = str(caught.value)
    assert {p.code for p in caught.value.problems} >= {"duplicate-key", "line-break"}
    for said in (
        "Order ID",
        "8783845",
        "Discount coupon",
        r"'SAVE\n30'",
        "row 5",
        "fix:",
        "nothing was sent",
    ):
        assert said in message
    assert list(caught.value.rows.index) == [0, 3, 5]
    assert box.files.empty
    assert box.jobs.empty


def test_without_a_connection_the_error_says_how_to_get_one() -> None:
    with pytest.raises(ConfigurationError, match=r"connect_pandas\.sandbox\(\)") as caught:
        samples.orders().connect.create_reference_set("Orders")
    assert "connect_pandas.connect(domain=" in str(caught.value)


def test_a_stopped_sandbox_is_no_connection() -> None:
    with connect_pandas.sandbox():
        pass
    with pytest.raises(ConfigurationError, match="The sandbox has stopped"):
        samples.orders().connect.create_reference_set("Orders")


def test_a_taken_name_is_found_before_the_upload(box: Sandbox) -> None:
    samples.orders().connect.create_reference_set("Orders", progress=False).wait()
    with pytest.raises(PlanError, match="'Orders' is taken"):
        samples.orders().head(3).connect.create_reference_set("Orders", progress=False)
    assert box.files.empty
    assert len(box.jobs) == 1


def test_the_sixth_set_is_refused_in_the_services_words(box: Sandbox) -> None:
    for i in range(5):
        samples.orders().connect.create_reference_set(f"Orders{i}", progress=False).wait()
    with (
        pytest.warns(ConnectWarning, match="has 5 reference sets already") as warned,
        pytest.raises(ImportRejected) as caught,
    ):
        samples.orders().connect.create_reference_set("Orders6", progress=False)
    assert [w.filename for w in warned] == [__file__]
    assert box.explorer in str(warned[0].message)
    assert caught.value.reason.startswith("INPUT_VALIDATION_FAILED")
    assert box.files.empty


def test_a_refused_write_starts_no_import() -> None:
    with Sandbox(faults=Faults(refuse_write=1)) as box:
        with pytest.raises(UploadFailed):
            samples.orders().connect.create_reference_set("Orders", connection=box.connection, progress=False)
        assert box.jobs.empty
        assert box.files.empty
        assert [s.name for s in Journal.open(box.connection).entries()[-1].steps] == ["planned", "failed"]


def test_what_differs_from_the_frame_is_warned_of(box: Sandbox) -> None:
    frame = pd.DataFrame(
        {"id": ["a", "b"], "at": pd.to_datetime(["2024-01-01 05:00:00.25", "2024-01-01"], format="mixed")}
    )
    with pytest.warns(ConnectWarning, match="fraction of a second"):
        job = frame.connect.create_reference_set("Fractions", progress=False)
    assert job.wait().verify().ok


def test_the_form_of_the_call_does_not_matter(box: Sandbox) -> None:
    orders = samples.orders()
    connect_pandas.create_reference_set(orders, "One", progress=False).wait()
    orders.connect.plan("Two").submit(progress=False).wait()
    orders.connect.plan("Three").submit(box.connection, progress=False).wait()
    assert sorted(box.sets["name"]) == ["One", "Three", "Two"]


def test_a_named_index_is_imported_and_an_unnamed_one_is_not(box: Sandbox) -> None:
    named = samples.orders().set_index("Order ID")
    job = named.connect.create_reference_set("Orders", progress=False).wait()
    assert job.plan is not None
    assert (job.plan.key, job.verify().ok) == ("Order ID", True)
    shuffled = samples.orders().sample(frac=1, random_state=1)
    assert "index" not in shuffled.connect.plan("Orders2").types


def test_the_frame_may_change_after_the_plan(box: Sandbox) -> None:
    orders = samples.orders()
    plan = orders.connect.plan("Orders")
    orders["Amount"] = -1.0
    orders.loc[0, "Discount coupon"] = "changed"
    plan.submit(progress=False).wait()
    data_set = Api(box.connection).data_set("Orders")
    assert data_set is not None
    (first,) = Api(box.connection).records(data_set.id, "Order ID", ["8783845"])
    assert (first.values["Discount coupon"], float(str(first.values["Amount"]))) == ("FALL2024", 623.7)


def test_many_rows_in_many_slices(box: Sandbox) -> None:
    job = samples.many_orders(150_000).connect.create_reference_set("Many", progress=False).wait()
    found = job.verify(50)
    assert found.ok
    assert (found.rows_found, found.compared) == (150_000, 50)


def test_a_finished_import_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    with connect_pandas.sandbox():
        samples.orders().connect.create_reference_set("Orders", progress=False).wait()
    deadline = time.monotonic() + 10
    while set(threading.enumerate()) - before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not set(threading.enumerate()) - before
