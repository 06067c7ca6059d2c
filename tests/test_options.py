"""What is given beside the frame: settled into one form, refused with every mistake at once."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd
import pandera.pandas as pa
import pytest

import connect_pandas
from connect_pandas import ConnectWarning, PlanError, ValidationError, samples

if TYPE_CHECKING:
    from pathlib import Path

ORDERS = samples.orders()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"delimeter": ","}, "Did you mean 'delimiter'?"),
        ({"types": "TEXT"}, "types='TEXT': a mapping is needed"),
        ({"types": ["TEXT"]}, "a mapping is needed"),
        ({"types": {"Amont": "TEXT"}}, "types=: there is no column 'Amont'. Did you mean 'Amount'?"),
        ({"types": {"Amount": "number"}}, "in upper case"),
        ({"names": {"Amount": 5}}, "a name is text"),
        ({"job_name": 5}, "a job's name is text"),
        ({"job_name": " "}, "job_name is empty"),
        ({"folder": None}, "a folder is text"),
        ({"folder": "/etc"}, "begins with '/'"),
        ({"folder": "a/../b"}, "not a folder below"),
        ({"filename": "a/b.csv"}, "not a file's name"),
        ({"filename": "a\u2028b.csv"}, "not a file's name"),
        ({"columns": 3}, "a list of column labels"),
        ({"columns": "Amount"}, "a list of column labels"),
        ({"columns": []}, "leaves nothing to import"),
        ({"columns": ["Order ID", "Order ID"]}, "more than once"),
        ({"columns": ["Order ID", ["x"]]}, "columns=: there is no column ['x']"),
        ({"columns": ["Amount"], "key": "Order ID"}, "is not among columns"),
        ({"key": ["Order ID", ["x"]]}, "there is no column ['x']"),
        ({"key": ("Order ID", "Amount")}, "Of several columns a list makes one key"),
        ({"notify": 5}, "an e-mail address or a list"),
        ({"notify": [None]}, "an e-mail address or a list"),
        ({"notify": "nobody"}, "is no e-mail address"),
        ({"header": "no"}, "True or False"),
        ({"delimiter": ";"}, "only a comma, a tab"),
        ({"date_format": "YYYY"}, "not one that Connect reads"),
        ({"schema": 5}, "schema= takes"),
    ],
)
def test_what_cannot_be_is_said(given: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError) as caught:
        connect_pandas.plan(ORDERS, "Orders", **given)
    assert said in str(caught.value)


@pytest.mark.parametrize("name", ["", "a" * 26, "Orders 1", "Größe", "a/b", "a\n"])
def test_a_name_keeps_to_the_rule(name: str) -> None:
    with pytest.raises(PlanError, match="cannot name a data set"):
        connect_pandas.plan(ORDERS, name)


def test_every_mistake_is_said_at_once() -> None:
    with pytest.raises(PlanError) as caught:
        connect_pandas.plan(ORDERS, "a b", key="Ordr", notify="nobody", delimiter=";", header=1)
    assert len(str(caught.value).splitlines()) == 5
    assert "Perhaps 'a_b'?" in str(caught.value)


def test_only_what_is_nearly_the_same_is_taken_for_what_was_meant() -> None:
    frame = ORDERS.assign(n_code=1)
    for named, hint in (
        ("country_code", ""),
        ("zip_code", ""),
        ("m_code", " Did you mean 'n_code'?"),
        ("N_CODE", " Did you mean 'n_code'?"),
        ("Dtae", " Did you mean 'Date'?"),
    ):
        with pytest.raises(PlanError) as caught:
            connect_pandas.plan(frame, "Orders", key=named)
        assert str(caught.value).startswith(f"key=: there is no column {named!r}.{hint} Known: "), named


def test_what_names_many_may_be_any_iterable() -> None:
    plan = connect_pandas.plan(
        ORDERS,
        "Orders",
        columns=ORDERS.columns[:3],
        notify=(a for a in ["ann@shop.com", "ann@shop.com", "bob@shop.com"]),
        types=pd.Series({"Amount": "TEXT"}),
    )
    assert list(plan.types) == ["Order ID", "Client ID", "Amount"]
    assert plan.notify == ("ann@shop.com", "bob@shop.com")
    assert plan.types["Amount"] == "TEXT"


def test_a_plan_does_not_change_with_what_it_was_made_from() -> None:
    types: Any = {"Amount": "NUMBER"}
    plan = connect_pandas.plan(ORDERS, "Orders", types=types)
    types["Amount"] = "TEXT"
    assert plan.replace(header=False).types["Amount"] == "NUMBER"


def test_a_replaced_plan_keeps_what_was_made_up() -> None:
    plan = connect_pandas.plan(ORDERS, "Orders")
    tabbed = plan.replace(delimiter="\t")
    assert tabbed.filename == plan.filename.replace(".csv", ".tsv")
    assert tabbed.job_name == plan.job_name
    assert plan.replace() == plan
    assert plan.renamed().filename != plan.filename
    assert plan.replace(filename="mine.csv").renamed().filename == "mine.csv"


def test_a_delimiter_chosen_anew_changes_the_files_ending() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "text": ["x,y", "z"]})
    plan = connect_pandas.plan(frame, "Texts")
    assert (plan.delimiter, plan.filename[-4:]) == ("\t", ".tsv")
    alone = plan.replace(columns=["id"])
    assert (alone.delimiter, alone.filename[-4:]) == (",", ".csv")


def test_a_file_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    plan = connect_pandas.plan(ORDERS, "Orders")
    with pytest.raises(PlanError, match=r"x\.csv cannot be written: there is no folder .*missing"):
        plan.write(tmp_path / "missing" / "x.csv")
    with pytest.raises(PlanError, match="is a folder"):
        plan.write(tmp_path)
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize(
    ("connection", "said"), [("a-key", r'connection=connect_pandas\.connect\("…"\)'), (5, "of the type int")]
)
def test_what_is_no_connection_is_refused_unseen(connection: Any, said: str) -> None:
    with pytest.raises(PlanError, match=f"connection= takes a Connection.*{said}") as caught:
        ORDERS.connect.create_reference_set("Orders", connection=connection)
    assert "a-key" not in str(caught.value)


def test_a_sandbox_given_as_connection_is_told_of_its_own() -> None:
    with (
        connect_pandas.sandbox() as box,
        pytest.raises(PlanError, match=r"is of the type Sandbox.*connection=box\.connection"),
    ):
        ORDERS.connect.create_reference_set("Orders", connection=box)


def test_a_warning_stands_at_the_users_own_line() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "at": pd.to_datetime(["2024-01-01 05:00", "2024-01-02 06:00"])})
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        frame.connect.validate()
        connect_pandas.validate(frame)
    assert [(w.category, w.filename) for w in told] == [(ConnectWarning, __file__)] * 2


def test_failure_cases_hold_those_of_the_users_own_schema() -> None:
    schema = pa.DataFrameSchema({"Amount": pa.Column(checks=pa.Check.gt(500))})
    with pytest.raises(ValidationError) as caught:
        ORDERS.connect.validate(schema)
    assert sorted(caught.value.failure_cases["failure_case"]) == [104.9, 424.0, 485.25]


def test_offending_rows_are_those_of_the_frame_as_it_was() -> None:
    frame = pd.DataFrame({"id": ["a", "b\n", "c"], "errors": ["x", "y", "z"]})
    with pytest.raises(ValidationError) as caught:
        frame.connect.validate()
    frame.loc[1, "errors"] = "changed since"
    rows = caught.value.rows
    assert list(rows["errors"]) == ["y"]
    assert list(rows["errors_"]) == ["id: line-break"]


def test_a_schema_may_be_the_file_it_was_saved_to(tmp_path: Path) -> None:
    frame = samples.orders().astype({"Date": "str"})
    frame["Date"] = frame["Date"].str.slice(0, 10)
    plan = connect_pandas.plan(frame, "Orders", names={"Amount": "Total"}, key="Order ID")
    schema = frame.connect.schema()
    schema.to_yaml(tmp_path / "orders.yaml")
    (tmp_path / "orders.json").write_text(schema.to_json())
    for name in ("orders.yaml", "orders.json"):
        again = connect_pandas.plan(frame, "Orders", schema=tmp_path / name)
        assert again.types == plan.types
        assert (again.key, again.date_format) == (plan.key, plan.date_format)
        assert frame.connect.validate(str(tmp_path / name)) is frame
    (tmp_path / "other.yaml").write_text("a: [1, 2")
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "nothing.yaml").write_text("foo: 1")
    for name in ("missing.yaml", "other.yaml", "empty.yaml", "nothing.yaml"):
        with pytest.raises(PlanError, match=name.split(".")[0]):
            connect_pandas.plan(frame, "Orders", schema=tmp_path / name)
