"""The Pandera schema: it says what the column pass says; and a user's own drives the plan."""

from __future__ import annotations

import datetime as dt
import warnings
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pandera.polars
import pytest
from frames_data import any_text, frames
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import connect_pandas
from connect_pandas import PlanError, ValidationError, rules
from connect_pandas.data import schema
from connect_pandas.data.check import check
from connect_pandas.data.columns import read
from connect_pandas.data.infer import Choices, infer
from connect_pandas.data.profile import profile

# ── one verdict ──────────────────────────────────────────────────────────────────────────────────────────────

# What a schema of columns cannot say: it speaks of names, of the choice of a key, of the order of day and month.
BEYOND = {
    *("unsupported-values", "unclear-key", "no-key", "duplicate-column", "unnamed-column", "column-name"),
    *("ambiguous-date", "no-rows", "no-columns", "multi-level-columns", "file-too-large"),
}


def verdicts(frame: pd.DataFrame, choices: Choices) -> tuple[set[str], set[str]]:
    """Return the columns that the column pass and the schema find wrong."""
    columns = read(frame)
    profiles = profile(columns)
    attributes = infer(profiles, choices, columns.problems)
    found = [
        p for p in check(columns, profiles, attributes) if p.severity == "error" and p.code not in BEYOND
    ]
    cases = schema.failures(schema.build(columns, attributes), frame)
    ours = {str(p.column) for p in found}
    return ours, set() if cases is None else set(cases["column"])


wild = st.sampled_from(
    [
        *(
            "",
            "a",
            "1",
            "2.5",
            "-3",
            "007",
            "1e5",
            "TRUE",
            "false",
            "2024-01-31",
            "2024-02-30",
            "01/02/2024",
            "31/12/2024",
        ),
        *("2024-01-01T00:00:00Z", "31.12.2024", "a\nb", "\x00", "\u2028", "٣", "１", "TRUE\n", "1\n", None),
    ]
)
values = st.one_of(
    st.lists(wild, min_size=3, max_size=3),
    st.lists(st.sampled_from([1.0, 2.5, float("inf"), float("nan")]), min_size=3, max_size=3),
    st.lists(st.sampled_from([1, 2, 3]), min_size=3, max_size=3),
    st.lists(st.sampled_from([True, False, None]), min_size=3, max_size=3),
    st.lists(st.sampled_from([dt.date(2024, 1, 1), dt.date(1, 1, 1), None]), min_size=3, max_size=3),
    st.lists(st.sampled_from([Decimal("1.5"), Decimal("2"), None]), min_size=3, max_size=3),
    st.lists(
        st.sampled_from(
            [np.datetime64(t, "s") for t in ("2024-01-01", "2024-01-01T05", "12024-01-01", "NaT")]
        ),
        min_size=3,
        max_size=3,
    ),
)
quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(
    columns=st.lists(values, min_size=1, max_size=3),
    key=st.none() | st.integers(0, 2),
    types=st.dictionaries(st.integers(0, 2), st.sampled_from(rules.ATTRIBUTE_TYPES)),
    form=st.sampled_from([None, *rules.DATE_FORMATS]),
)
def test_the_table_of_problems_and_the_schema_agree(
    columns: list[list[Any]], key: int | None, types: dict[int, Any], form: rules.DateFormat | None
) -> None:
    frame = pd.DataFrame({f"c{i}": held for i, held in enumerate(columns)})
    known = range(len(columns))
    types = {i: t for i, t in types.items() if i in known}
    ours, panderas = verdicts(frame, Choices(key=key if key in known else None, types=types, form=form))
    # A text of timestamps that is to be written as days loses its times: the schema's format is that of the frame.
    lost = {
        f"c{i}"
        for i, held in enumerate(columns)
        if form and not form.has_time and all(v in (None, "", "2024-01-01T00:00:00Z") for v in held)
    }
    assert ours - lost == panderas - lost


@quick
@given(made=frames(any_text))
def test_they_agree_on_every_dtype(made: tuple[pd.DataFrame, Any]) -> None:
    ours, panderas = verdicts(made[0], Choices(key=0))
    assert ours == panderas


def test_an_empty_text_is_no_key() -> None:
    assert verdicts(pd.DataFrame({"k": ["a", ""], "n": 1}), Choices(key=0)) == ({"k"}, {"k"})


def test_a_schema_prints_saves_and_validates(tmp_path: Any) -> None:
    frame = pd.DataFrame(
        {"id": ["a", "b"], "n": [1.5, 2], "d": pd.to_datetime(["2024-01-01"] * 2), "b": [True, False]}
    )
    made = connect_pandas.schema(frame)
    assert isinstance(made, pa.DataFrameSchema)
    assert made.columns["id"].unique
    assert not made.columns["id"].nullable
    assert made.columns["d"].metadata == {"connect": {"type": "DATE", "key": False, "name": "d"}}
    loaded = pa.DataFrameSchema.from_yaml(made.to_yaml())
    assert loaded.validate(frame).equals(frame)
    with pytest.raises(pa.errors.SchemaError, match="finite"):
        loaded.validate(frame.assign(n=[float("inf"), 1]))


def test_this_months_schema_takes_next_months_frame() -> None:
    now = pd.DataFrame({"code": ["01", "02"], "n": ["1", "2"], "sku": ["a", "b"]})
    plan = connect_pandas.plan(now, "T", key="sku", names={"n": "Count"})
    assert plan.types == {"code": "TEXT", "n": "NUMBER", "sku": "TEXT"}
    made = connect_pandas.schema(now.set_index("sku").reset_index())
    later = pd.DataFrame({"sku": ["x", "y"], "code": ["11", "12"], "n": ["5", "6"]})
    assert connect_pandas.plan(later, "T", schema=made).types["code"] == "TEXT"
    assert connect_pandas.plan(later, "T").types["code"] == "TEXT"
    broken = later.assign(n=["5", "six"])
    found = [
        (p.column, p.code)
        for p in connect_pandas.plan(broken, "T", schema=made).problems
        if p.severity == "error"
    ]
    assert ("n", "not-a-number") in found


def test_an_index_is_in_the_schema() -> None:
    frame = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a", "b"], name="sku"))
    assert connect_pandas.schema(frame).index.name == "sku"
    assert connect_pandas.plan(frame, "T", schema=connect_pandas.schema(frame)).key == "sku"


def test_settled_objects_keep_to_their_schema() -> None:
    frame = pd.DataFrame(
        {
            "k": ["a", "b"],
            "t": pd.Series([dt.datetime(2024, 1, 1), None], dtype=object),
            "i": pd.Series([2**70, None], dtype=object),
            "x": pd.Series([Decimal("1.5"), None], dtype=object),
        }
    )
    assert connect_pandas.plan(frame, "T").ok
    assert connect_pandas.validate(frame, connect_pandas.schema(frame)) is frame


# ── a user's schema ──────────────────────────────────────────────────────────────────────────────────────────

FRAME = pd.DataFrame(
    {"id": ["a", "b", "c"], "n": [1, 2, 3], "zip": ["10115", "80331", "01067"], "t": ["1", "2", "q"]}
)


class Model(pa.DataFrameModel):
    id: pa.typing.Series[str] = pa.Field(unique=True)
    n: pa.typing.Series[int] = pa.Field(gt=0, metadata={"connect": {"name": "Number", "type": "TEXT"}})
    t: pa.typing.Series[str]


def test_a_model_drives_the_plan() -> None:
    plan = connect_pandas.plan(FRAME, "T", schema=Model)
    assert plan.ok
    assert (plan.key, plan.types["n"], plan.attributes[1].name) == ("id", "TEXT", "Number")
    assert (
        connect_pandas.plan(FRAME, "T", schema=Model, types={"n": "NUMBER"}, names={"n": "N"}).types["n"]
        == "NUMBER"
    )


@pytest.mark.parametrize(
    "told",
    [
        pa.DataFrameSchema({"n": pa.Column(int, unique=True)}),
        pa.DataFrameSchema({"n": pa.Column(int)}, unique=["n"]),
        pa.DataFrameSchema({"n": pa.Column(int, metadata={"connect": {"key": True}})}),
    ],
    ids=["unique column", "unique frame", "metadata"],
)
def test_a_schema_says_the_key(told: pa.DataFrameSchema) -> None:
    plan = connect_pandas.plan(FRAME, "T", schema=told)
    assert plan.key == "n"
    assert plan.types["n"] == "TEXT"  # an identifier, whatever its dtype


def test_text_in_a_schema_is_not_looked_into() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "n": ["1", "2"]})
    assert connect_pandas.plan(frame, "T").types["n"] == "NUMBER"
    assert (
        connect_pandas.plan(frame, "T", schema=pa.DataFrameSchema({"n": pa.Column(str)})).types["n"] == "TEXT"
    )


BROKEN: dict[str, tuple[pa.DataFrameSchema, str]] = {
    "missing column": (
        pa.DataFrameSchema({"zz": pa.Column(int)}),
        "asks for 'zz', which the frame does not have",
    ),
    "strict": (pa.DataFrameSchema({"id": pa.Column(str)}, strict=True), "does not allow 'n', 'zip', 't'"),
    "check": (pa.DataFrameSchema({"n": pa.Column(int, pa.Check.gt(2))}), "asks for greater_than(2)"),
    "dtype": (pa.DataFrameSchema({"t": pa.Column(int)}), "asks for dtype('int64')"),
    "coercion": (pa.DataFrameSchema({"t": pa.Column(int, coerce=True)}), "asks for coerce_dtype('int64')"),
    "raising": (pa.DataFrameSchema({"t": pa.Column(str, pa.Check(lambda s: 1 / 0))}), "division by zero"),
    "whole frame": (
        pa.DataFrameSchema(checks=pa.Check(lambda d: d["n"].sum() > 100, error="much")),
        "asks for much",
    ),
    "index": (
        pa.DataFrameSchema(index=pa.MultiIndex([pa.Index(str, name="id"), pa.Index(int, name="n")])),
        "shape that the schema asks for",
    ),
}


@pytest.mark.parametrize(("told", "message"), BROKEN.values(), ids=BROKEN)
def test_a_broken_schema_is_a_problem(told: pa.DataFrameSchema, message: str) -> None:
    problems = [
        p for p in connect_pandas.plan(FRAME, "T", key="id", schema=told).problems if p.severity == "error"
    ]
    assert {p.code for p in problems} == {"schema"}
    assert message in str(problems[0])
    with pytest.raises(ValidationError):
        connect_pandas.validate(FRAME, told)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (5, "this is int"),
        (pandera.polars.DataFrameSchema({}), "pandera.pandas"),
        (
            pa.DataFrameSchema({"n": pa.Column(int, metadata={"connect": {"type": "INT"}})}),
            "has the type 'INT'",
        ),
        (pa.DataFrameSchema({"n": pa.Column(int, metadata={"connect": {"name": 5}})}), "has the name 5"),
        (
            pa.DataFrameSchema({"n": pa.Column(int, metadata={"connect": {"typ": "TEXT"}})}),
            "has 'typ'; known are",
        ),
        (pa.DataFrameSchema({"n": pa.Column(int, metadata={"connect": "TEXT"})}), "a dict is needed"),
    ],
)
def test_what_is_no_schema(told: Any, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        connect_pandas.plan(FRAME, "T", schema=told)


def test_validate_returns_the_frame_or_all_that_is_wrong() -> None:
    good = FRAME.drop(columns="t")
    assert connect_pandas.validate(good) is good
    bad = pd.DataFrame({"id": ["a", "b"], "x": [1.0, float("inf")], "t": ["a\nb", "c"]}, index=["p", "q"])
    with pytest.raises(ValidationError) as caught:
        connect_pandas.validate(bad)
    error = caught.value
    assert [(p.column, p.code) for p in error.problems if p.severity == "error"] == [
        ("t", "line-break"),
        ("x", "infinite-number"),
    ]
    cases = error.failure_cases
    assert list(cases.columns) == [
        "schema_context",
        "column",
        "check",
        "check_number",
        "failure_case",
        "index",
    ]
    assert set(zip(cases["column"], cases["index"], strict=True)) == {("x", "q"), ("t", "p")}
    assert error.rows["errors"].to_dict() == {"p": "t: line-break", "q": "x: infinite-number"}


# ── saved and loaded ─────────────────────────────────────────────────────────────────────────────────────────


def from_script(made: pa.DataFrameSchema) -> pa.DataFrameSchema:
    names: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the script imports pandera as it was
        exec(made.to_script(), names)
    loaded: pa.DataFrameSchema = names["schema"]
    return loaded


SAVED = {
    "YAML": lambda made: pa.DataFrameSchema.from_yaml(made.to_yaml()),
    "JSON": lambda made: pa.DataFrameSchema.from_json(made.to_json()),
    "script": from_script,
}


@pytest.mark.parametrize("again", SAVED.values(), ids=SAVED)
@pytest.mark.parametrize("index", [False, True], ids=["columns", "index"])
def test_a_schema_that_was_saved_decides_as_before(again: Any, index: bool) -> None:
    now = pd.DataFrame(
        {
            "Order ID": ["a", "b", "c"],
            "sku": ["x", "y", "z"],
            "n": ["1", "2", "3"],
            "b": ["TRUE", "false", None],
            "d": ["25/06/2025", "03/04/2025", None],
            "t": ["1", "2", "x"],
            "i": [1, 2, 3],
            "f": [1.5, None, 3],
            "at": pd.to_datetime(["2024-01-01"] * 3),
        }
    )
    now = now.set_index("Order ID") if index else now
    made = connect_pandas.schema(now)
    loaded = again(made)
    columns = read(now)
    assert schema.choices(loaded, columns) == schema.choices(made, columns)
    # A month in which the values alone say something else.
    later = now.assign(b="1", d=["03/04/2025", "05/06/2025", None], t="1")
    for frame in (now, later):
        first, second = (connect_pandas.plan(frame, "T", schema=s) for s in (made, loaded))
        assert (first.attributes, first.problems) == (second.attributes, second.problems)
        assert first.types["d"] == "DATE"


def test_a_schema_knows_day_from_month() -> None:
    now = pd.DataFrame({"id": ["a", "b"], "d": ["25/06/2025", "03/04/2025"]})
    later = pd.DataFrame({"id": ["a", "b"], "d": ["05/06/2025", "03/04/2025"]})
    assert not connect_pandas.plan(later, "T").ok
    plan = connect_pandas.plan(later, "T", schema=connect_pandas.schema(now))
    columns = read(later)
    decided = infer(profile(columns), schema.choices(connect_pandas.schema(now), columns))
    assert decided.date_format == "DAY_MONTH_YEAR_SLASH_SEPARATED"
    assert plan.types["d"] == "DATE"


def test_a_reason_says_who_chose() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "n": ["1", "2"]})
    told = pa.DataFrameSchema({"id": pa.Column(str, unique=True), "n": pa.Column(str)})
    columns = read(frame)
    by_schema = infer(profile(columns), schema.choices(told, columns)).reasons
    assert by_schema["n"].startswith("chosen by the schema (")
    assert by_schema["id"].endswith("the schema chose it as the key")
    by_you = infer(profile(columns), Choices(key=0, types={1: "TEXT"})).reasons
    assert by_you["n"].startswith("chosen by you (")
    assert by_you["id"].endswith("you chose it as the key")


# ── the next month ───────────────────────────────────────────────────────────────────────────────────────────


def drift(now: pd.DataFrame, later: pd.DataFrame) -> list[connect_pandas.Problem]:
    """Return the errors of a frame by the schema of an earlier one."""
    columns, told = read(later), connect_pandas.schema(now)
    profiles = profile(columns)
    attributes = infer(profiles, schema.choices(told, columns), columns.problems)
    found = list(check(columns, profiles, attributes))
    cases = schema.failures(told, later)
    found += [] if cases is None else schema.problems(cases, columns, found)
    return [p for p in found if p.severity == "error"]


def test_a_missing_value_makes_no_other_number() -> None:
    now = pd.DataFrame({"id": ["a", "b"], "n": [1, 2]})
    assert drift(now, pd.DataFrame({"id": ["a", "b"], "n": [1, None]})) == []
    (fraction,) = drift(now, pd.DataFrame({"id": ["a", "b"], "n": [1.5, None]}))
    assert "int64" in fraction.message
    (gap,) = drift(pd.DataFrame({"id": [1, 2], "n": 1.5}), pd.DataFrame({"id": [1, None], "n": 1.5}))
    assert (gap.column, gap.code) == ("id", "missing-key")


@pytest.mark.parametrize(
    ("values", "code"), [(["1", "six"], "not-a-number"), (["1", None], None), ([1, 2], "schema")]
)
def test_a_drift_is_reported_once(values: list[Any], code: str | None) -> None:
    now = pd.DataFrame({"id": ["a", "b"], "n": ["1", "2"]})
    found = drift(now, pd.DataFrame({"id": ["a", "b"], "n": values}))
    assert [p.code for p in found] == ([code] if code else [])


def test_a_lost_key_is_asked_for_and_no_other_taken() -> None:
    now = pd.DataFrame({"Order ID": ["a", "b"], "n": [1, 2]})
    later = pd.DataFrame({"order_id": ["a", "b"], "n": [1, 2]})
    (problem,) = drift(now, later)
    assert (problem.code, problem.column) == ("schema", "Order ID")
    assert "did you mean 'order_id'?" in problem.message
    names: dict[str, Any] = {"df": later}
    exec(problem.fix, names)
    assert drift(now, names["df"]) == []
    (far,) = drift(now, pd.DataFrame({"x": ["a", "b"], "n": [1, 2]}))
    assert "did you mean" not in far.message


def test_another_dtype_is_said_with_the_line_to_write() -> None:
    now = pd.DataFrame({"id": ["a", "b"], "n": ["x", "y"]})
    later = pd.DataFrame({"id": ["a", "b"], "n": [1, 2]})
    (problem,) = drift(now, later)
    names: dict[str, Any] = {"df": later.copy()}
    exec(problem.fix, names)
    assert drift(now, names["df"]) == []


def test_a_gap_that_a_schema_forbids() -> None:
    told = pa.DataFrameSchema({"id": pa.Column(str, unique=True), "n": pa.Column(int)})
    frame = pd.DataFrame({"id": ["a", "b"], "n": [1, None]})
    (problem,) = connect_pandas.plan(frame, "T", schema=told).problems
    assert problem.message == "The schema asks for a value in every row."
    names: dict[str, Any] = {"df": frame}
    exec(problem.fix, names)
    assert connect_pandas.plan(names["df"], "T", schema=told).ok
