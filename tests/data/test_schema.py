"""The Pandera schema: it says what the column pass says; and a user's own drives the plan."""

from __future__ import annotations

import datetime as dt
import re
import warnings
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pandera.polars
import pyarrow as arrow
import pytest
from frames_data import any_text, frames
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandera.config import ValidationDepth, config_context

import connect_pandas
from connect_pandas import PlanError, ValidationError, rules
from connect_pandas.data import schema, verdict
from connect_pandas.data.check import check
from connect_pandas.data.columns import read
from connect_pandas.data.infer import Choices, infer
from connect_pandas.data.problems import CODES
from connect_pandas.data.profile import profile

# ── one verdict ──────────────────────────────────────────────────────────────────────────────────────────────

# What a schema of columns cannot say: it speaks of values, not of names, of the choice of a key, of the order of day
# and month; nor can a schema speak of itself.
BEYOND = {
    *("unclear-key", "no-key", "duplicate-column", "unnamed-column", "column-name", "ambiguous-date"),
    *("no-rows", "no-columns", "multi-level-columns", "file-too-large", "schema"),
}
OF_VALUES = {
    *(
        "line-break",
        "control-character",
        "lone-surrogate",
        "missing-marker",
        "unsupported-values",
        "not-e164",
    ),
    *("not-a-number", "infinite-number", "not-a-boolean", "not-a-date", "impossible-date", "date-notation"),
    *("year-out-of-range", "time-lost", "missing-key", "duplicate-key"),
}
OF_A_KEY = {"columns that identify the rows together", "multiple_fields_uniqueness"}


def test_every_error_is_of_values_or_beyond_a_schema() -> None:
    assert {code for code, c in CODES.items() if c.severity == "error"} == OF_VALUES | BEYOND
    assert not OF_VALUES & BEYOND


def verdicts(frame: pd.DataFrame, choices: Choices) -> tuple[set[str], set[str]]:
    """Return the columns, and the key of several, that the column pass and the schema find wrong."""
    columns = read(frame)
    profiles = profile(columns)
    if choices.together:
        columns = columns.joined(choices.together)
        profiles = (*profiles, *profile(columns, [len(profiles)]))
    attributes = infer(profiles, choices, columns.problems)
    found = [p for p in check(columns, profiles, attributes) if p.severity == "error" and p.code in OF_VALUES]
    key = str(columns.items[-1].label) if choices.together else None
    # What is wrong with its texts is wrong with those of a column that it is made of.
    ours = {p.column for p in found if p.column != key or p.code in ("missing-key", "duplicate-key")}
    cases = verdict.failures(schema.build(columns, profiles, attributes), frame)
    theirs = set() if cases is None else {*zip(cases["column"].map(str), cases["check"], strict=True)}
    return {str(c) for c in ours}, {str(key) if check in OF_A_KEY else c for c, check in theirs}


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
quick = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


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
    assert ours == panderas


@quick
@given(
    columns=st.lists(st.lists(wild, min_size=4, max_size=4), min_size=1, max_size=3),
    types=st.dictionaries(st.integers(0, 2), st.sampled_from(rules.ATTRIBUTE_TYPES)),
)
@pytest.mark.filterwarnings("ignore::connect_pandas.ConnectWarning")
def test_the_failure_cases_are_the_values_of_the_offending_rows(
    columns: list[list[Any]], types: dict[int, Any]
) -> None:
    frame = pd.DataFrame({"id": list("abcd"), **{f"c{i}": held for i, held in enumerate(columns)}})
    chosen_types = {f"c{i}": t for i, t in types.items() if i < len(columns)}
    try:
        frame.connect.validate(key="id", types=chosen_types)
    except ValidationError as error:
        cases = error.failure_cases
        # Where nothing tells day from month no value is to blame.
        open_dates = {p.column for p in error.problems if p.code == "ambiguous-date"}
        said = error.rows["errors"].str.split("; ").explode().str.partition(": ")[0]
        ours = {(column, row) for row, column in said.items() if column not in open_dates}
        assert {*zip(cases["column"], cases["index"], strict=True)} == ours
        assert not cases.duplicated(["column", "check", "index"]).any()


IMPOSSIBLE: dict[str, tuple[list[str], list[int]]] = {
    "ISO": (["2025-01-01", "2025-02-30", "2025-03-01", "2025-03-02"], [1]),
    "the day first": (["31/01/2025", "02/01/2025", "30/02/2025", "25/03/2025"], [2]),
    "day and month open": (["03/01/2025", "02/01/2025", "30/02/2025", "05/03/2025"], [2]),
    "without a zone": (["2025-01-01T10:00:00", "2025-01-02T00:00:00", "2025-02-30T00:00:00"], [2]),
    "another notation, too": (["2025-01-01", "2025-02-30", "5.6.2025", "2025-01-02"], [1, 2]),
}


@pytest.mark.parametrize(("dates", "wrong"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_one_impossible_date_accuses_no_other(dates: list[str], wrong: list[int]) -> None:
    frame = pd.DataFrame({"id": [f"k{i}" for i in range(len(dates))], "date": dates})
    with pytest.raises(ValidationError) as caught:
        frame.connect.validate()
    assert caught.value.failure_cases["index"].tolist() == wrong
    assert caught.value.failure_cases["failure_case"].tolist() == [dates[i] for i in wrong]


VIEWS = pd.ArrowDtype(arrow.string_view())


@st.composite
def chosen(draw: st.DrawFn) -> tuple[pd.DataFrame, Choices]:
    """A frame of any dtypes, some of its names telling, some of its rows twice, and what may be chosen about it."""
    frame, _ = draw(frames(any_text))
    names = st.sampled_from(["c", "phone", "zip", "date"])
    frame = frame.rename(columns={c: f"{draw(names)}{i}" for i, c in enumerate(frame) if c != "id"})
    frame = pd.concat([frame, frame.head(draw(st.integers(0, 1)))], ignore_index=True)
    last = len(frame.columns)
    together = draw(st.sampled_from([(), (), (0, 1)])) if last > 1 else ()
    return frame, Choices(
        key=last if together else draw(st.sampled_from([0, 0, last - 1])),
        together=together,
        columns=(last, *range(last)) if together else None,
        types=draw(
            st.dictionaries(st.integers(0, last - 1), st.sampled_from(rules.ATTRIBUTE_TYPES), max_size=2)
        ),
        form=draw(st.sampled_from([None, None, *rules.DATE_FORMATS])),
    )


@quick
@given(asked=chosen())
def test_they_agree_on_every_dtype_and_choice(asked: tuple[pd.DataFrame, Choices]) -> None:
    ours, panderas = verdicts(*asked)
    assert ours == panderas


DATES = ["2024-01-01 10:00", "2024-01-02 11:30"]
AGREED: dict[str, tuple[Any, Choices, set[str]]] = {
    "phones": (["+4915112345678", "0151 1234567"], Choices(key=0), {"phone"}),
    "phones as numbers": ([4915112345678, 4915112345679], Choices(key=0), {"phone"}),
    "phones that were chosen to be text": (["030 123456", "x"], Choices(key=0, types={1: "TEXT"}), set()),
    "a marker among numbers": (["1", "N/A"], Choices(key=0, types={1: "NUMBER"}), {"phone"}),
    "times in text as days": (DATES, Choices(key=0, form=rules.ISO_DATE), {"phone"}),
    "times in text as times": (DATES, Choices(key=0), set()),
    "moments as days": (["2024-01-01T00:00:00Z"] * 2, Choices(key=0, form=rules.ISO_DATE), {"phone"}),
    "midnights as days": (["2024-01-01 00:00"] * 2, Choices(key=0, form=rules.ISO_DATE), set()),
    "numbers of one value": (["1", "1.0"], Choices(key=1, types={1: "NUMBER"}), {"phone"}),
    "times of one second": (
        pd.to_datetime(["2024-01-01 10:00:00.1", "2024-01-01 10:00:00.2"]),
        Choices(key=1),
        {"phone"},
    ),
    "half a key": (["x", None], Choices(key=2, together=(0, 1), columns=(2, 0, 1)), {"id + phone"}),
    "an empty part": (["x", ""], Choices(key=2, together=(0, 1), columns=(2, 0, 1)), {"id + phone"}),
    "periods": (pd.period_range("2024-01", periods=2, freq="M"), Choices(key=0), set()),
    "views": (pd.Series(["a\nb", "c"], dtype=VIEWS), Choices(key=0), {"phone"}),
    "spans": (pd.to_timedelta([1, 2]), Choices(key=0), {"phone"}),
}


@pytest.mark.parametrize(("held", "choices", "wrong"), AGREED.values(), ids=AGREED)
def test_they_agree_on_what_is_rare(held: Any, choices: Choices, wrong: set[str]) -> None:
    assert verdicts(pd.DataFrame({"id": ["a", "b"], "phone": held}), choices) == (wrong, wrong)


@pytest.mark.parametrize("values", [["a", "a"], ["a", "b"]])
def test_a_key_of_an_index_and_a_column(values: list[str]) -> None:
    frame = pd.DataFrame({"c": values, "n": 1.5}, index=pd.Index([1, 1], name="i"))
    wrong = {"i + c"} if values == ["a", "a"] else set()
    together = Choices(key=3, together=(0, 1), columns=(3, 0, 1, 2))
    assert verdicts(frame, together) == (wrong, wrong)


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


class PolarsModel(pandera.polars.DataFrameModel):
    n: int


IS_KEY = {"connect": {"key": True}}


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (5, "this is int"),
        (pandera.polars.DataFrameSchema({}), "made for polars"),
        (PolarsModel, "made for polars"),
        (pa.Column(int), "of one column"),
        (pa.DataFrameSchema(metadata={"connect": {"date_fromat": "x"}}), "Did you mean 'date_format'"),
        (pa.DataFrameSchema(metadata={"connect": {"date_format": "DD/MM"}}), "not one that Connect reads"),
        (pa.DataFrameSchema(metadata={"connect": {"key": []}}), "a list of them"),
        (pa.DataFrameSchema(metadata={"connect": {"key_name": 5}}), "the key_name 5"),
        (pa.DataFrameSchema(metadata={"connect": "id"}), "a dict is needed"),
        (pa.DataFrameSchema({"n": pa.Column(int, metadata={"connect": {"key": "yes"}})}), "True or False"),
        (pa.DataFrameSchema({c: pa.Column(metadata=IS_KEY) for c in ("id", "n")}), "Together they are it by"),
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


# ── what a schema says of the frame ──────────────────────────────────────────────────────────────────────────


def decided(told: pa.DataFrameSchema, frame: pd.DataFrame = FRAME) -> tuple[Any, dict[Any, Any], str | None]:
    """Return the key, the types and the format of dates that a schema decides."""
    made = schema.choices(told, read(frame))
    labels = [c.label for c in read(frame).items]
    types = {labels[i]: t for i, t in made.types.items()}
    return None if made.key is None else labels[made.key], types, made.form and made.form.pattern


UNIQUE = pa.Column(unique=True)
KEYS: dict[str, tuple[pa.DataFrameSchema, Any]] = {
    "the one that is unique": (pa.DataFrameSchema({"id": pa.Column(), "n": UNIQUE}), "n"),
    "none of several": (pa.DataFrameSchema({"id": UNIQUE, "n": UNIQUE}), None),
    "the one that is named": (pa.DataFrameSchema({"id": UNIQUE, "n": pa.Column(metadata=IS_KEY)}), "n"),
    "not one that is denied": (
        pa.DataFrameSchema({"id": pa.Column(unique=True, metadata={"connect": {"key": False}}), "n": UNIQUE}),
        "n",
    ),
    "that of the whole": (pa.DataFrameSchema({"id": UNIQUE}, metadata={"connect": {"key": "n"}}), "n"),
    "one before several": (pa.DataFrameSchema({"id": UNIQUE}, unique=["n", "zip"]), "id"),
    "not an index without a name": (
        pa.DataFrameSchema({"id": UNIQUE}, index=pa.Index(int, unique=True)),
        "id",
    ),
    "of a pattern": (pa.DataFrameSchema({"^z.p$": pa.Column(regex=True, unique=True)}), "zip"),
}


@pytest.mark.parametrize(("told", "key"), KEYS.values(), ids=KEYS)
def test_which_key_a_schema_says(told: pa.DataFrameSchema, key: Any) -> None:
    assert decided(told)[0] == key


def test_a_pattern_speaks_of_all_columns_that_it_finds() -> None:
    text = {"connect": {"type": "TEXT"}}
    told = pa.DataFrameSchema({"^[nt]$": pa.Column(regex=True, metadata=text)})
    assert decided(told)[1] == {"n": "TEXT", "t": "TEXT"}
    assert connect_pandas.plan(FRAME, "T", key="id", schema=told).types["n"] == "TEXT"


def test_a_dtype_of_the_whole_frame() -> None:
    assert set(decided(pa.DataFrameSchema(dtype=str))[1].values()) == {"TEXT"}
    assert decided(pa.DataFrameSchema({"n": pa.Column(int)}, dtype="string"))[1] == {"n": "TEXT"}


def test_a_model_says_the_format_of_dates() -> None:
    class Dated(pa.DataFrameModel):
        n: int

        class Config:
            metadata: ClassVar[Any] = {"connect": {"date_format": "DD/MM/YYYY", "key": "n"}}

    assert decided(schema.as_schema(Dated)) == ("n", {}, "DD/MM/YYYY")


PAIR = pd.DataFrame({"a": ["x", "x", "y"], "b": ["p", "q", "p"], "d": pd.to_datetime(["2024-01-01"] * 3)})


@pytest.mark.parametrize(
    "told",
    [
        pa.DataFrameSchema(unique=["a", "b"]),
        pa.DataFrameSchema({"d": UNIQUE}, metadata={"connect": {"key": ["a", "b"]}}),
        pa.DataFrameSchema(
            index=pa.MultiIndex([pa.Index(str, name="a"), pa.Index(str, name="b")], unique=["a", "b"])
        ),
    ],
    ids=["unique", "metadata", "index"],
)
def test_a_key_of_several_columns(told: pa.DataFrameSchema) -> None:
    frame = PAIR if told.index is None else PAIR.set_index(["a", "b"])
    plan = connect_pandas.plan(frame.drop(columns="d"), "T", schema=schema_without(told, "d"))
    assert plan.key == ("a", "b")
    assert plan.ok
    assert plan.sample(1)[0]["a b"] == "x-p"
    assert connect_pandas.plan(frame.reset_index(), "T", key="a", schema=told).key == "a"


def schema_without(told: pa.DataFrameSchema, label: str) -> pa.DataFrameSchema:
    return told.remove_columns([label]) if label in told.columns else told


def test_a_key_of_several_columns_that_is_no_key() -> None:
    told = pa.DataFrameSchema(unique=["a", "b"])
    twice = connect_pandas.plan(pd.concat([PAIR, PAIR], ignore_index=True), "T", schema=told)
    assert [(p.code, p.column) for p in twice.problems.errors] == [("duplicate-key", "a + b")]
    (lost,) = connect_pandas.plan(PAIR.rename(columns={"b": "B"}), "T", schema=told).problems.errors
    assert "key 'b' is not in the frame; did you mean 'B'?" in lost.message


def test_a_schemas_key_is_part_of_the_file() -> None:
    told = pa.DataFrameSchema({"n": UNIQUE})
    with pytest.raises(PlanError, match="key 'n' is not among columns="):
        connect_pandas.plan(FRAME, "T", schema=told, columns=["id", "zip"])


def test_the_accessor_takes_the_same() -> None:
    made = PAIR.connect.schema(key=["a", "b"], date_format="DD/MM/YYYY")
    assert made.metadata["connect"]["key"] == ["a", "b"]


def test_a_model_that_makes_no_schema() -> None:
    class Odd(pa.DataFrameModel):
        n: int

        @pa.check("m")
        def of_no_field(cls, series: pd.Series) -> bool:  # noqa: N805 - as Pandera has it
            return True

    with pytest.raises(PlanError, match="The model"):
        schema.as_schema(Odd)


# ── nothing is changed ───────────────────────────────────────────────────────────────────────────────────────

MIXED = pd.DataFrame(
    {"id": ["a", "b", "c"], "n": ["1", "2", None], "t": ["true", "false", "x"], "z": ["01", "2", "3"]}
)
pad = pa.Parser(lambda s: s.str.zfill(3))
CHANGING: dict[str, tuple[pa.DataFrameSchema, str]] = {
    "coercion": (pa.DataFrameSchema({"z": pa.Column(int, coerce=True)}), "('01' would become 1)"),
    "coercion of truths": (
        pa.DataFrameSchema({"t": pa.Column(bool)}, coerce=True),
        "('false' would become True)",
    ),
    "a default": (pa.DataFrameSchema({"n": pa.Column(str, default="9")}), "(nan would become '9')"),
    "a parser": (
        pa.DataFrameSchema({"n": pa.Column(str, nullable=True, parsers=pad)}),
        "('1' would become '001')",
    ),
    "a parser of the frame": (
        pa.DataFrameSchema(parsers=pa.Parser(lambda df: df.assign(n="q"))),
        "would become 'q'",
    ),
    "a parser that drops": (
        pa.DataFrameSchema(parsers=pa.Parser(lambda df: df.dropna())),
        "make other rows or columns",
    ),
    "dropped rows": (
        pa.DataFrameSchema({"n": pa.Column(str)}, drop_invalid_rows=True),
        "asks for a value in every row",
    ),
    "rows that a column drops": (
        pa.DataFrameSchema({"n": pa.Column(str, drop_invalid_rows=True)}),
        "asks for a value in every row",
    ),
    "an added column": (
        pa.DataFrameSchema({"q": pa.Column(str, nullable=True)}, add_missing_columns=True),
        "asks for 'q', which the frame does not have",
    ),
    "columns left out": (
        pa.DataFrameSchema({"id": pa.Column(str), "n": pa.Column(), "t": pa.Column()}, strict="filter"),
        "does not allow 'z'",
    ),
    "an order": (
        pa.DataFrameSchema({"t": pa.Column(), "id": pa.Column()}, ordered=True),
        "asks for another place of 'id', 't'",
    ),
    "a pattern": (
        pa.DataFrameSchema({"^q": pa.Column(regex=True)}),
        "a column whose name begins as '^q' says",
    ),
}


@pytest.mark.parametrize(("told", "message"), CHANGING.values(), ids=CHANGING)
def test_what_a_schema_would_change_is_said_and_not_done(told: pa.DataFrameSchema, message: str) -> None:
    frame = MIXED.copy()
    plan = connect_pandas.plan(frame, "T", key="id", types={"t": "TEXT"}, schema=told)
    said = [str(p) for p in plan.problems.errors]
    assert any(message in p for p in said), said
    pd.testing.assert_frame_equal(frame, MIXED)
    assert told.strict in (False, "filter")
    assert plan.sample(1)[0]["z"] == "01"


KEPT: dict[str, pa.DataFrameSchema] = {
    "numbers in text": pa.DataFrameSchema({"n": pa.Column(float, coerce=True, nullable=True)}),
    "text already": pa.DataFrameSchema({"t": pa.Column(str)}, coerce=True),
    "a parser with nothing to do": pa.DataFrameSchema(
        {"t": pa.Column(parsers=pa.Parser(lambda s: s.str.strip()))}
    ),
    "empty for missing": pa.DataFrameSchema({"n": pa.Column(parsers=pa.Parser(lambda s: s.fillna("")))}),
    "a default with nothing to do": pa.DataFrameSchema({"t": pa.Column(str, default="x")}),
}


@pytest.mark.parametrize("told", KEPT.values(), ids=KEPT)
def test_a_schema_that_would_change_nothing_in_the_file(told: pa.DataFrameSchema) -> None:
    assert connect_pandas.plan(MIXED, "T", key="id", types={"t": "TEXT"}, schema=told).ok


def test_the_line_of_a_changing_schema_puts_it_right() -> None:
    told = pa.DataFrameSchema({"z": pa.Column(int, coerce=True)})
    (problem,) = connect_pandas.plan(MIXED, "T", key="id", types={"t": "TEXT"}, schema=told).problems.errors
    assert [row.value for row in problem.rows] == ["01"]
    names: dict[str, Any] = {"df": MIXED, "schema": told}
    exec(problem.fix, names)
    assert connect_pandas.plan(names["df"], "T", key="id", types={"t": "TEXT"}, schema=told).ok


def test_a_schema_that_cannot_be_asked() -> None:
    told = pa.DataFrameSchema(parsers=pa.Parser(lambda df: 1 / 0))
    with pytest.raises(PlanError, match=r"cannot be asked \(ZeroDivisionError\)"):
        connect_pandas.plan(FRAME, "T", key="id", schema=told)


def test_pandera_is_asked_though_the_environment_turns_it_off() -> None:
    told = pa.DataFrameSchema({"n": pa.Column(int, pa.Check.gt(2))})
    with config_context(validation_enabled=False, validation_depth=ValidationDepth.SCHEMA_ONLY):
        assert not connect_pandas.plan(FRAME, "T", key="id", schema=told).ok


def test_a_hypothesis_is_a_check_like_others() -> None:
    differ = pa.Hypothesis(
        lambda a, b: (1, a.mean() - b.mean()),
        samples=["n", "n"],
        relationship=lambda stat, p: p != 0,
        error="differ",
    )
    (problem,) = connect_pandas.plan(
        FRAME, "T", key="id", schema=pa.DataFrameSchema({"n": pa.Column()}, checks=differ)
    ).problems.errors
    assert problem.message == "The schema asks for differ."
    assert problem.fix.startswith("df = …")


def test_a_check_of_the_whole_frame_sees_the_index() -> None:
    frame = FRAME.drop(columns="t").set_axis(
        pd.MultiIndex.from_tuples([(1, 1), (1, 2), (1, 1)], names=["p", "q"])
    )
    told = pa.DataFrameSchema(checks=pa.Check(lambda df: df.index.get_level_values("q").min() > 0))
    assert connect_pandas.plan(frame, "T", key="id", schema=told).ok


# ── problems of both ─────────────────────────────────────────────────────────────────────────────────────────


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


HELD: dict[str, Any] = {
    **{
        d: pd.Series([1, 0], dtype=d) for d in "int8 int64 uint64 Int8 UInt64 float16 float32 float64".split()
    },
    **{d: pd.Series([1, 0], dtype=d) for d in "longdouble Float32 bool boolean".split()},
    **{f"text {d}": pd.Series(["a", "b"], dtype=d) for d in ("str", "string", "string[python]", "category")},
    "objects": pd.Series([dt.date(2024, 1, 1), dt.date(2024, 1, 2)], dtype=object),
    **{
        f"datetime64[{u}]": pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"])).dt.as_unit(u)
        for u in ("s", "ms", "us", "ns")
    },
    "a zone": pd.Series(pd.to_datetime(["2024-01-01", "2024-01-02"])).dt.tz_localize("Europe/Berlin"),
    "an offset": pd.Series(pd.to_datetime(["2024-01-01T00:00+02:00", "2024-01-02T00:00+02:00"])),
    **{
        f"period {f}": pd.Series(pd.period_range("2024", periods=2, freq=f))
        for f in ("D", "M", "Q-DEC", "2D")
    },
    "interval": pd.Series(pd.interval_range(0, 2)),
    "interval of floats": pd.Series(pd.interval_range(0.0, 2.0, closed="left")),
    "categories of pandas.cut": pd.Series(pd.cut([1, 2], 2)),
    "ordered": pd.Series(pd.Categorical(["a", "b"], ordered=True)),
    "sparse": pd.Series([0, 1], dtype=pd.SparseDtype("int64", 0)),
    "sparse floats": pd.Series([0.5, np.nan], dtype=pd.SparseDtype("float64", np.nan)),
    "sparse truths": pd.Series([False, True], dtype="Sparse[bool]"),
    "timedelta": pd.Series(pd.to_timedelta([1, 2], unit="s")),
    "complex": pd.Series([1j, 2]),
    "void": pd.Series(np.zeros(2, dtype="V4")),
    **{
        f"Arrow {t}": pd.Series(pd.arrays.ArrowExtensionArray(arrow.chunked_array([arrow.array(v, type=t)])))
        for t, v in {
            arrow.string(): ["a", "b"],
            arrow.large_string(): ["a", "b"],
            arrow.dictionary(arrow.int32(), arrow.string()): ["a", "b"],
            arrow.int8(): [1, None],
            arrow.float32(): [1.5, None],
            arrow.bool_(): [True, None],
            arrow.decimal32(5, 2): [Decimal("1.5"), None],
            arrow.decimal128(20, 4): [Decimal("1.5"), None],
            arrow.decimal256(60, 4): [Decimal("1.5"), None],
            arrow.date32(): [dt.date(2024, 1, 1), None],
            arrow.date64(): [dt.date(2024, 1, 1), None],
            arrow.timestamp("us"): [dt.datetime(2024, 1, 1), None],
            arrow.timestamp("s", tz="Europe/Berlin"): [dt.datetime(2024, 1, 1), None],
            arrow.time32("s"): [dt.time(1), None],
            arrow.time64("us"): [dt.time(1), None],
            arrow.duration("us"): [dt.timedelta(1), None],
            arrow.list_(arrow.int64()): [[1], None],
            arrow.struct([("a", arrow.int64())]): [{"a": 1}, None],
            arrow.map_(arrow.string(), arrow.int64()): [[("a", 1)], None],
            arrow.binary(): [b"a", None],
            arrow.binary(2): [b"ab", None],
            arrow.null(): [None, None],
        }.items()
    },
    "Arrow run-end encoded": pd.Series(
        pd.arrays.ArrowExtensionArray(
            arrow.chunked_array([arrow.RunEndEncodedArray.from_arrays([1, 2], arrow.array(["a", None]))])
        )
    ),
}


@pytest.fixture(scope="module")
def of_every_dtype() -> pd.DataFrame:
    return pd.DataFrame({"id": ["a", "b"], **HELD})


@pytest.fixture(scope="module")
def told_every_dtype(of_every_dtype: pd.DataFrame) -> pa.DataFrameSchema:
    return connect_pandas.schema(of_every_dtype)


def require_every_dtype(told: pa.DataFrameSchema, frame: pd.DataFrame) -> None:
    """Require that a schema takes the dtypes of the frame, and no others."""
    unsupported = {c.name for c in read(frame).items if c.kind == "unsupported"}
    assert {"timedelta", "complex", "void", "Arrow binary"} < unsupported
    cases = verdict.failures(told, frame)
    assert cases is not None
    assert set(cases["column"]) == unsupported
    others = frame.assign(**{name: pd.Series([1, 2], dtype="uint16") for name in HELD})
    other = verdict.failures(told, others)
    assert other is not None
    asked = other[other["check"].str.startswith("dtype(")]
    assert set(asked["column"]) == set(HELD)


def test_every_dtype_is_told(told_every_dtype: pa.DataFrameSchema, of_every_dtype: pd.DataFrame) -> None:
    require_every_dtype(told_every_dtype, of_every_dtype)


@pytest.mark.parametrize("again", SAVED.values(), ids=SAVED)
def test_every_dtype_is_saved_and_loaded(
    again: Any, told_every_dtype: pa.DataFrameSchema, of_every_dtype: pd.DataFrame
) -> None:
    loaded = again(told_every_dtype)
    columns = read(of_every_dtype)
    assert schema.choices(loaded, columns) == schema.choices(told_every_dtype, columns)
    require_every_dtype(loaded, of_every_dtype)


def test_other_categories_are_next_months_values() -> None:
    now = pd.DataFrame({"id": ["a", "b"], "c": pd.Categorical(["x", "y"])})
    later = pd.DataFrame({"id": ["a", "b"], "c": pd.Categorical(["x", "z"])})
    assert drift(now, later) == []


@pytest.mark.parametrize("again", SAVED.values(), ids=SAVED)
def test_the_format_of_the_file_is_saved(again: Any) -> None:
    days = pd.DataFrame({"id": ["a", "b"], "d": ["25/06/2025", "03/04/2025"]})
    told = again(connect_pandas.schema(days))
    assert schema.choices(told, read(days)).form is rules.DATE_FORMATS[3]


@pytest.mark.parametrize("again", SAVED.values(), ids=SAVED)
def test_phones_stay_phones(again: Any) -> None:
    now = pd.DataFrame({"id": ["a", "b"], "Mobile": ["+4915112345678", "+4915112345679"]})
    later = pd.DataFrame({"id": ["a", "b"], "Mobile": ["+4915112345678", "see notes"]})
    cases = verdict.failures(again(connect_pandas.schema(now)), later)
    assert cases is not None
    assert cases[["column", "failure_case"]].values.tolist() == [["Mobile", "see notes"]]


@pytest.mark.parametrize("again", SAVED.values(), ids=SAVED)
def test_a_schema_does_not_decide_what_was_open(again: Any) -> None:
    now = pd.DataFrame({"id": ["a", "b"], "d": ["05/06/2025", "03/04/2025"]})
    told = again(connect_pandas.schema(now))
    found = infer(profile(read(now)), schema.choices(told, read(now)))
    assert [p.code for p in found.problems] == ["ambiguous-date"]


@pytest.mark.parametrize("again", SAVED.values(), ids=SAVED)
def test_all_that_was_chosen_is_saved(again: Any) -> None:
    chosen: dict[str, Any] = {
        "key": ["a", "b"],
        "types": {"n": "TEXT"},
        "names": {("a", "b"): "AB", "n": "N"},
    }
    chosen["date_format"] = "DD.MM.YYYY"
    now = PAIR.assign(n=[1, 2, 3])
    made = again(connect_pandas.schema(now, **chosen))
    assert made.unique == ["a", "b"]
    plan = connect_pandas.plan(now, "T", schema=made)
    assert plan.ok
    assert (plan.key, plan.types["n"]) == (("a", "b"), "TEXT")
    assert [a.name for a in plan.attributes] == ["AB", "a", "b", "d", "N"]
    assert plan.date_format == "DAY_MONTH_YEAR_DOT_SEPARATED"
    assert connect_pandas.plan(now, "T", schema=made, date_format="YYYY-MM-DD").date_format.endswith(
        "DASH_SEPARATED"
    )
    other = connect_pandas.plan(now.assign(i=["p", "q", "r"]), "T", schema=made, key="i")
    assert [a.name for a in other.attributes] == ["a", "b", "d", "N", "i"]


# ── files that Pandera takes in silence ──────────────────────────────────────────────────────────────────────


def plan_by(folder: Any, text: str, name: str = "orders.yaml") -> connect_pandas.ImportPlan:
    (folder / name).write_text(text)
    return connect_pandas.plan(FRAME, "T", key="id", schema=folder / name)


FILES: dict[str, tuple[str, str]] = {
    "a field": ("columns: {n: {dtyp: int64}}", "columns, 'n': there is no 'dtyp' in .* mean 'dtype'"),
    "a check": ("columns: {n: {greter_than: 5}}", "'greter_than' .* mean 'greater_than'"),
    "a check in a list": (
        "columns: {n: {checks: [{value: 1, options: {check_name: lesser_than}}]}}",
        "no check 'lesser_than'. Did you mean 'less_than'",
    ),
    "a check of the frame": ("columns: {n: {}}\nchecks: {mine: 5}", "checks: there is no check 'mine'"),
    "a check without a name": ("columns: {n: {checks: [5]}}", "a check has no name"),
    "checks that are none": ("columns: {n: {checks: 5}}", "a list of them is needed"),
    "a dtype": ("columns: {n: {dtype: flot64}}", "there is no dtype 'flot64'. Did you mean 'float64'"),
    "a switch": ("columns: {n: {unique: 'no'}}", "unique is 'no'; true or false"),
    "a field of the frame": ("colums: {n: {}}\nindex: []\nchecks: {gt: 1}", "'colums' .* mean 'columns'"),
    "a field of a level": ("index: [{name: i, dtyp: int64}]", "index, 'i': there is no 'dtyp'"),
    "a field of the levels": (
        "columns: {n: {}}\nmultiindex: {orderd: true}",
        "multiindex: there is no 'orderd'",
    ),
    "a column that is none": ("columns: {n: int64}", "a mapping is needed"),
    "columns that are none": ("columns: 5", "columns: a mapping is needed"),
    "a list of columns": ("columns: [{name: n, dtyp: int64}]", "columns, 'n': there is no 'dtyp'"),
    "an index that is none": ("index: {name: i}", "a list of levels"),
    "no columns": ("schema_type: dataframe", "names no columns"),
    "another library": ("api: polars\ncolumns: {n: {dtype: Int64}}", "made for polars"),
    "another kind": ("schema_type: series\ncolumns: {n: {}}", "made for series"),
    "an old file": ("version: 0.6.0\ncolumns: {n: {pandas_dtype: int64}}", "Pandera 0.6.0 wrote it"),
    "no mapping": ("- n", "a mapping of columns is needed"),
    "no YAML": ("columns: [", "holds no schema that Pandera reads"),
    "values that cannot be": (
        "columns: {n: {in_range: {min_value: 5, max_value: 1}}}",
        "holds no schema that Pandera reads",
    ),
}


@pytest.mark.parametrize(("text", "message"), FILES.values(), ids=FILES)
def test_a_file_with_something_wrong(text: str, message: str, tmp_path: Any) -> None:
    with pytest.raises(PlanError, match=message):
        plan_by(tmp_path, text)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("orders.json", "[1", "holds no schema"),
        ("orders.json", "\ud800", "holds no schema"),
        ("orders.py", "schema = 5", "from orders import schema"),
    ],
)
def test_a_file_of_another_kind(name: str, text: str, message: str, tmp_path: Any) -> None:
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(PlanError, match=message):
        connect_pandas.plan(FRAME, "T", schema=tmp_path / name)


def test_all_that_pandera_writes_is_known(tmp_path: Any) -> None:
    full = pa.DataFrameSchema(
        {
            "n": pa.Column(
                int, [pa.Check.gt(0), pa.Check.isin([1, 2, 3])], default=1, report_duplicates="all"
            ),
            "zip": pa.Column(
                str, [pa.Check.str_matches("0|1|8"), pa.Check.str_matches("[0-9]")], unique=True
            ),
        },
        checks=pa.Check.unique_values_eq({"a"}),
        index=pa.MultiIndex([pa.Index(int, name="i"), pa.Index(int, name="j")], unique=["i", "j"]),
        title="t",
    )
    (tmp_path / "full.yaml").write_text(full.to_yaml(minimal=False))
    (tmp_path / "full.json").write_text(full.to_json(minimal=False))
    for name in ("full.yaml", "full.json"):
        assert schema.as_schema(tmp_path / name).to_yaml(minimal=False) == full.to_yaml(minimal=False)


def test_an_old_file_that_says_the_same_is_read(tmp_path: Any) -> None:
    old = "version: 0.6.0\ncolumns: {n: {dtype: int64, checks: {greater_than: 2}}}"
    (problem,) = plan_by(tmp_path, old).problems.errors
    assert problem.message == "The schema asks for greater_than(2)."


# ── the next month, by a schema that was saved ───────────────────────────────────────────────────────────────


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
    cases = verdict.failures(told, later)
    found += [] if cases is None else verdict.problems(cases, columns, found)
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


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "schemas.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == page.count("```") // 2 == 5
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks:
        exec(block, names)


def test_failures_of_two_schemas_are_told_once_and_without_checks_made_for_another_dtype() -> None:
    frame = pd.DataFrame({"Order ID": ["A", "B", "C"], "Amount": [1.5, 2.0, 3.0], "On": [True, False, True]})
    mine = connect_pandas.schema(frame)
    drifted = frame.assign(**{"Order ID": ["A", "A", "C"], "Amount": ["1.5", "x", "3"]})
    cases = verdict.all_failures([connect_pandas.schema(drifted, key="Order ID"), mine], drifted)
    assert cases["check"].value_counts().to_dict() == {"field_uniqueness": 2, "dtype('float64')": 1}
    assert not cases["failure_case"].astype(str).str.contains("Error").any()
    assert list(cases.columns) == [
        "schema_context",
        "column",
        "check",
        "check_number",
        "failure_case",
        "index",
    ]
    assert verdict.all_failures([mine], frame).empty


@pytest.mark.parametrize("column", ["Order ID", "Amount", "On", "Day", "Phone"])
@pytest.mark.parametrize("values", [["x", "y", "z"], [1, 2, 3], [True, False, True]], ids=str)
def test_no_error_from_below_is_a_failure_case(column: str, values: list[Any]) -> None:
    frame = pd.DataFrame(
        {
            "Order ID": ["A", "B", "C"],
            "Amount": [1.5, 2.0, 3.0],
            "On": [True, False, True],
            "Day": pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-03"]),
            "Phone": ["+4915112345678", "+4915112345679", "+4915112345670"],
        }
    )
    mine = connect_pandas.schema(frame)
    drifted = frame.assign(**{column: values})
    cases = verdict.all_failures([mine], drifted)
    assert not cases["failure_case"].astype(str).str.contains("Error").any()
    if drifted[column].dtype != frame[column].dtype:
        assert cases["check"].str.startswith("dtype(").any()
