"""What is written is read back by parsers that are not ours, or the plan names the problem."""

from __future__ import annotations

import csv
import io
import os
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
from frames_data import LONG, Made, any_text, clean_text, frames
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import connect_pandas
from connect_pandas import ImportPlan, rules

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

# By hand, once in a while: ROUND_TRIPS=30000 pytest tests/data/test_round_trip.py
EXAMPLES = int(os.environ.get("ROUND_TRIPS", "150"))
thorough = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.function_scoped_fixture,
        HealthCheck.data_too_large,
    ],
)


def _bytes(plan: ImportPlan) -> bytes:
    return b"".join(piece for piece, _ in plan.pieces())


def _python(data: bytes, plan: ImportPlan) -> list[list[str]]:
    csv.field_size_limit(10_000_000)
    text = io.StringIO(data.decode("utf-8"), newline="")
    return list(csv.reader(text, delimiter=plan.delimiter, strict=True))


def _duckdb(data: bytes, plan: ImportPlan, folder: Path) -> list[list[str]]:
    path = folder / "file.csv"
    path.write_bytes(data)
    columns = {f"c{i}": "VARCHAR" for i in range(len(plan.attributes))}
    read = duckdb.read_csv(
        str(path),
        header=False,
        sep=plan.delimiter,
        quotechar='"',
        escapechar='"',
        columns=columns,
        auto_detect=False,
        strict_mode=True,
        max_line_size=10_000_000,
    )
    return [[field or "" for field in record] for record in read.fetchall()]


NO_VALUE_OF_A_LINE = {"line-break", "control-character", "lone-surrogate"}
OF_ANOTHER_NOTATION = {
    "missing-marker",
    "not-e164",
    "impossible-date",
    "date-notation",
    "not-a-date",
    "ambiguous-date",
}


def _errors(plan: ImportPlan, codes: set[str]) -> set[str]:
    """Return the columns with an error of these codes."""
    return {p.column for p in plan.problems.errors if p.code in codes and p.column is not None}


def _expect(plan: ImportPlan, records: list[list[str]], made: dict[str, Made]) -> None:
    names = [a.name for a in plan.attributes]
    assert records[0] == names if plan.header else True
    body = records[1:] if plan.header else records
    pattern = plan.attributes.form.pattern if plan.attributes.form else None
    rewritten = {p.column for p in plan.problems if p.code in ("number-rewritten", "truth-rewritten")}
    for place, attribute in enumerate(plan.attributes):
        for value, record in zip(made[attribute.name].values, body, strict=True):
            field = record[place]
            if value is None or value == "":
                assert field == "", attribute.name
            else:
                said = (attribute.name, attribute.type, value, field)
                assert made[attribute.name].says(attribute.type, value, field, pattern), said
                if attribute.type in ("NUMBER", "BOOLEAN") and isinstance(value, str):
                    assert field in (value, value.upper()) or attribute.name in rewritten, said


@thorough
@given(
    made=frames(),
    delimiter=st.sampled_from([None, *rules.DELIMITERS]),
    header=st.booleans(),
)
def test_values_come_back(
    made: tuple[pd.DataFrame, dict[str, Made]], delimiter: str | None, header: bool, tmp_path: Path
) -> None:
    frame, columns = made
    plan = connect_pandas.plan(frame, "T", key="id", delimiter=delimiter, header=header)
    left = list(columns)
    while not plan.ok:  # a column that is left out may have told another's order of day and month
        assert {p.code for p in plan.problems.errors} <= OF_ANOTHER_NOTATION
        named = {p.column for p in plan.problems.errors}
        left = [name for name in left if name not in named]
        plan = plan.replace(columns=left)
    data = _bytes(plan)
    assert data.decode("utf-8") == data.decode("utf-8-sig")
    for records in (_python(data, plan), _duckdb(data, plan, tmp_path)):
        _expect(plan, records, columns)


@thorough
@given(made=frames(any_text))
def test_a_value_that_has_no_reading_is_named(
    made: tuple[pd.DataFrame, dict[str, Made]], tmp_path: Path
) -> None:
    frame, columns = made
    plan = connect_pandas.plan(frame, "T", key="id")
    assert _errors(plan, NO_VALUE_OF_A_LINE) == {n for n, column in columns.items() if column.has_no_text()}
    assert {p.code for p in plan.problems.errors} <= NO_VALUE_OF_A_LINE | OF_ANOTHER_NOTATION
    if plan.ok:
        for records in (_python(_bytes(plan), plan), _duckdb(_bytes(plan), plan, tmp_path)):
            _expect(plan, records, columns)


@settings(thorough, max_examples=max(20, EXAMPLES // 20))
@given(texts=st.lists(LONG, min_size=1, max_size=4, unique=True))
def test_long_values_come_back(texts: list[str], tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": range(len(texts)), "text": texts})
    plan = connect_pandas.plan(frame, "T", key="id")
    for records in (_python(_bytes(plan), plan), _duckdb(_bytes(plan), plan, tmp_path)):
        assert [record[1] for record in records[1:]] == texts
    assert [record["text"] for record in plan.sample(10)] == texts


@settings(thorough, max_examples=max(60, EXAMPLES // 5))
@given(
    names=st.lists(
        clean_text.filter(lambda n: n.strip() and not set(n) & {"\t", "\ufeff"}),
        min_size=1,
        max_size=5,
        unique=True,
    ),
    delimiter=st.sampled_from([None, *rules.DELIMITERS]),
)
def test_names_come_back(names: list[str], delimiter: str | None, tmp_path: Path) -> None:
    frame = pd.DataFrame({name: ["a", "b"] for name in names})
    plan = connect_pandas.plan(frame, "T", key=names[0], delimiter=delimiter)
    wanted: Any = [names, *[[v] * len(names) for v in "ab"]]
    assert {p.code for p in plan.problems if p.severity == "error"} <= {"unnamed-column"}
    for records in (_python(_bytes(plan), plan), _duckdb(_bytes(plan), plan, tmp_path)):
        assert records == wanted


def test_the_bytes_themselves() -> None:
    frame = pd.DataFrame(
        {
            "k": ["a", "b", "c"],
            "text": ["", None, 'x"y'],
            "bool": ["true", None, "False"],
            "single": pd.Series([0.1, None, 2], dtype="float32"),
            "large": [1e21, -1e-7, 5e15],
        }
    )
    assert _bytes(connect_pandas.plan(frame, "T")).decode() == (
        "k,text,bool,single,large\n"
        "a,,TRUE,0.1,1000000000000000000000\n"
        "b,,,,-0.0000001\n"
        'c,"x""y",FALSE,2,5000000000000000\n'
    )


def test_slices_join(monkeypatch: pytest.MonkeyPatch) -> None:
    from connect_pandas.data import columns

    frame = pd.DataFrame(
        {"id": [f"k{i}" for i in range(1_000)], "t": ["x", None, "", 'a"b'] * 250, "n": range(1_000)}
    )
    whole = _bytes(connect_pandas.plan(frame, "T"))
    monkeypatch.setattr(columns, "SLICE_ROWS", 70)
    plan = connect_pandas.plan(frame, "T")
    pieces = list(plan.pieces())
    assert len(pieces) == 15
    assert sum(rows for _, rows in pieces) == 1_000
    assert b"".join(piece for piece, _ in pieces) == whole
