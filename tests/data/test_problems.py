"""Problems: the table of them, every code raised and shown as its entry in the docs shows it.

``python -m tests.data.test_problems`` writes the examples into the docs anew, as they are shown now, and prints an
entry to fill in for each code that has none.
"""

from __future__ import annotations

import ast
import copy
import pickle
import re
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest

import connect_pandas
from connect_pandas import Problem, ValidationError
from connect_pandas.data.problems import CODES, GROUPS, SEVERITIES, Problems, Row, errors, ordered

DOCS = Path(__file__).parents[2] / "docs" / "problems.md"


def orders(**columns: Any) -> pd.DataFrame:
    rows = len(next(iter(columns.values())))
    return pd.DataFrame({"Order ID": [f"A-{i}" for i in range(1, rows + 1)], **columns})


_FAR = pd.Series(np.array(["2024-11-01", "12000-01-01"], dtype="datetime64[s]"))
_POSITIVE = pa.DataFrameSchema({"Amount": pa.Column(float, pa.Check.ge(0))})

EXAMPLES: dict[str, tuple[pd.DataFrame, dict[str, Any]]] = {
    "no-rows": (orders(Amount=[1.5]).iloc[:0], {}),
    "no-columns": (pd.DataFrame(index=[0]), {}),
    "multi-level-columns": (
        pd.DataFrame([["A-1", 1.5]], columns=pd.MultiIndex.from_tuples([("Order", "ID"), ("Order", "Sum")])),
        {},
    ),
    "unnamed-column": (orders(**{"Unnamed: 0": [1.5, 2.5]}), {}),
    "duplicate-column": (pd.DataFrame([["A-1", 1.5, 2.5]], columns=["Order ID", "Amount", "Amount"]), {}),
    "column-name": (orders(**{"Amount\nEUR": [1.5]}), {}),
    "similar-names": (orders(Amount=[1.5], amount=[2.5]), {}),
    "name-spaces": (orders(**{"Amount ": [1.5]}), {}),
    "no-key": (pd.DataFrame({"City": ["Rome", "Rome", "Oslo"] * 4, "Amount": [1.5, 2, 3] * 4}), {}),
    "unclear-key": (
        pd.DataFrame({"Amount": [1.5, 2], "Client ID": ["c1", "c2"], "Ticket ID": ["t1", "t2"]}),
        {},
    ),
    "chosen-key": (orders(**{"Ticket ID": ["t1", "t2"]}), {}),
    "nearly-key": (pd.DataFrame({"Order ID": ["A-1", "A-2", "A-2"], "UUID": ["x1", "x2", "x3"]}), {}),
    "missing-key": (orders(Client=["c1", None]), {"key": "Client"}),
    "duplicate-key": (orders(Client=["c1", "c2", "c2"]), {"key": "Client"}),
    "unsupported-values": (orders(Size=[1, "large", 3]), {}),
    "line-break": (orders(Note=["call\nfirst", "ok"]), {}),
    "control-character": (orders(Note=["two\x0blines", "ok"]), {}),
    "lone-surrogate": (orders(Note=pd.Series(["\ud83d", "ok"], dtype=object)), {}),
    "missing-marker": (orders(Amount=["1.5", "N/A", "3"]), {"types": {"Amount": "NUMBER"}}),
    "infinite-number": (orders(Ratio=[1.5, float("inf")]), {}),
    "not-a-number": (orders(Amount=["1.5", "two"]), {"types": {"Amount": "NUMBER"}}),
    "not-a-boolean": (orders(Paid=["TRUE", "maybe"]), {"types": {"Paid": "BOOLEAN"}}),
    "not-a-date": (orders(Day=["2024-11-01", "soon"]), {"types": {"Day": "DATE"}}),
    "ambiguous-date": (orders(Day=["03/04/2025", "05/06/2025"]), {}),
    "impossible-date": (orders(Day=["2024-02-31", "2024-01-01"]), {"types": {"Day": "DATE"}}),
    "date-notation": (orders(Day=["2/10/25", "3/10/25"]), {"types": {"Day": "DATE"}}),
    "year-out-of-range": (orders(Until=_FAR), {}),
    "time-lost": (orders(Date=pd.to_datetime(["2024-11-01 16:04:38"])), {"date_format": "DD/MM/YYYY"}),
    "schema": (orders(Amount=[1.5, -2]), {"schema": _POSITIVE}),
    "seconds-fraction": (orders(Date=pd.to_datetime(["2024-11-01 16:04:38.250"])), {}),
    "no-time-zone": (orders(Date=pd.to_datetime(["2024-11-01 16:04:38"])), {}),
    "not-e164": (orders(Phone=["+4915112345678", "0151 12345679"]), {}),
    "invalid-phone": (orders(Phone=["+4915112345678", "+499999"]), {}),
    "thousands-or-fractions": (orders(Umsatz=["1.234", "2.500", "10.000"]), {}),
    "similar-keys": (pd.DataFrame({"Order ID": ["A1", "a1 ", "B2"], "Amount": 1.5}), {}),
    "leading-zeros-lost": (orders(Zip=[10115, 1067]), {}),
    "other-notation": (orders(Amount=["€ 12", "€ 7"]), {}),
    "not-throughout": (orders(Amount=["1.5"] * 11 + ["n.n."]), {}),
    "decimal-identifier": (orders(**{"Client ID": ["17.0", "18.0"]}), {}),
    "numbers-as-dates": (orders(Created=[1730477078, 1730477079]), {}),
    "marker-as-text": (orders(Coupon=["FALL2024", "N/A"]), {}),
    "empty-and-missing": (orders(Coupon=["FALL2024", "", None]), {}),
    "zero-one": (orders(Paid=[0, 1, 1]), {}),
    "number-rewritten": (orders(Amount=["1e5", "2"]), {}),
    "truth-rewritten": (orders(Paid=["yes", "No"]), {}),
    "long-numbers": (orders(CX=[30_075_445 + 7_919 * i for i in range(30)]), {}),
    "digits-lost": (orders(Card_No=[4111111111111111234.0, None]).rename(columns={"Card_No": "Card No"}), {}),
    "date-rewritten": (orders(Day=["2024-11-01"], Due=["01.11.2024"]), {}),
    "date-as-timestamp": (orders(Day=["2024-11-01"], Date=["2024-11-01T16:04:38Z"]), {}),
    "date-order-decided": (orders(Day=["03/04/2025"], Due=["31/12/2025"]), {}),
    "formula-like": (orders(Note=["=HYPERLINK(A1)", "ok"]), {}),
    "empty-column": (orders(Note=[None]), {}),
    "quoted-values": (orders(Note=['say "hi"']), {}),
}
"""Code → a frame that has the problem, and the options under which it has it."""
NOT_HERE = {"file-too-large": "takes a file of 5 GB", "unnamed-index": "is not raised yet"}


@cache
def example(code: str) -> Problem:
    frame, options = EXAMPLES[code]
    problems = connect_pandas.plan(frame, "Orders", **options).problems
    found = [p for p in problems if p.code == code]
    assert found, f"{code} is not among {[p.code for p in problems]}"
    return found[0]


def shown(code: str) -> str:
    problem = example(code)
    return f"{problem.severity}: {problem}"


# ── every code ───────────────────────────────────────────────────────────────────────────────────────────────


def test_every_code_has_an_example() -> None:
    missing = CODES.keys() - EXAMPLES.keys() - NOT_HERE.keys()
    assert not missing, f"Give EXAMPLES a frame for {', '.join(sorted(missing))}."
    assert not EXAMPLES.keys() - CODES.keys()


@pytest.mark.parametrize("code", EXAMPLES)
def test_a_problem_says_all_that_there_is_to_say(code: str) -> None:
    problem = example(code)
    frame, _ = EXAMPLES[code]
    assert (problem.severity, problem.group, problem.rule) == (
        CODES[code].severity,
        CODES[code].group,
        CODES[code].rule,
    )
    assert problem.message.endswith((".", "?"))
    assert len(problem.rows) <= 6  # five, or three pairs
    assert problem.count >= len(problem.rows) or code in (
        "duplicate-key",
        "nearly-key",
        "similar-keys",
    )  # pairs of each
    for row in problem.rows:
        assert frame.index[row.position] == row.label
    assert problem.fix or problem.severity != "error" or code in ("no-rows", "no-columns")
    ast.parse(_with_blanks(problem.fix))


def _with_blanks(fix: str) -> str:
    """Return a fix with something in the blanks that the user fills in, an argument as that of a call."""
    lines = [re.sub(r"^(\w+)=(?!=)", r"plan.\1 = ", line) for line in fix.split("\n")]
    return "\n".join(lines).replace("…", "...")


def test_a_rule_names_its_source() -> None:
    for code, kind in CODES.items():
        assert re.search(r"\b(guide|api|open|yours)\b", kind.rule), code
        assert kind.severity in SEVERITIES
        assert kind.group in GROUPS


# ── the docs ─────────────────────────────────────────────────────────────────────────────────────────────────

ENTRY = re.compile(
    r"^### (?P<code>[a-z0-9-]+)\n\n(?P<severity>\w+), (?P<group>\w+)\n\n(?P<meaning>.+?)\n\n"
    r"Rule: (?P<rule>[^\n]+)\n\nTo do: (?P<do>.+?)\n\n```text\n(?P<example>.*?)\n```$",
    re.MULTILINE | re.DOTALL,
)


def entries(text: str) -> dict[str, re.Match[str]]:
    parts = re.split(r"^(?=#{2,3} )", text, flags=re.MULTILINE)
    found = [match for part in parts if (match := ENTRY.match(part.strip()))]
    return {match["code"]: match for match in found}


def draft(code: str) -> str:
    """Return an entry in which only the meaning and what to do are to be written."""
    kind = CODES[code]
    words = shown(code) if code in EXAMPLES else f"{kind.severity}: … [{code}]"
    return (
        f"### {code}\n\n{kind.severity}, {kind.group}\n\nWhat it means.\n\nRule: {kind.rule}\n\n"
        f"To do: what to do.\n\n```text\n{words}\n```\n"
    )


def test_the_docs_list_every_code_in_order() -> None:
    told = list(entries(DOCS.read_text(encoding="utf-8")))
    missing = [code for code in CODES if code not in told]
    assert not missing, "docs/problems.md lacks:\n\n" + "\n".join(map(draft, missing))
    assert not set(told) - CODES.keys(), f"no longer codes: {sorted(set(told) - CODES.keys())}"
    assert told == list(CODES), "docs/problems.md lists the codes in another order than CODES"


@pytest.mark.parametrize("code", CODES)
def test_an_entry_says_what_the_code_does(code: str) -> None:
    entry = entries(DOCS.read_text(encoding="utf-8")).get(code)
    if entry is None:
        pytest.fail(f"docs/problems.md lacks {code}, or its entry has another shape than\n\n{draft(code)}")
    kind = CODES[code]
    assert (entry["severity"], entry["group"], entry["rule"]) == (kind.severity, kind.group, kind.rule)
    assert entry["meaning"] != "What it means."
    if code in EXAMPLES:
        assert entry["example"] == shown(code), "run: python -m tests.data.test_problems"


def write_examples() -> None:
    text = DOCS.read_text(encoding="utf-8")
    for code, entry in entries(text).items():
        if code in EXAMPLES and code in CODES:
            kind = CODES[code]
            new = entry[0].replace(f"```text\n{entry['example']}\n```", f"```text\n{shown(code)}\n```")
            new = new.replace(
                f"{entry['severity']}, {entry['group']}\n", f"{kind.severity}, {kind.group}\n", 1
            )
            text = text.replace(entry[0], new.replace(f"Rule: {entry['rule']}\n", f"Rule: {kind.rule}\n", 1))
    DOCS.write_text(text, encoding="utf-8")
    for code in CODES.keys() - entries(text).keys():
        print(draft(code))


# ── the table ────────────────────────────────────────────────────────────────────────────────────────────────


def made() -> Problems:
    rows = (Row(0, "p", "x\ny"), Row(2, ("q", 1), "\ud800"))
    return ordered(
        [
            Problem.of("quoted-values", "Quoted.", count=3),
            Problem.of("name-spaces", "A space.", column="Date", count=8, fix="df"),
            Problem.of("line-break", "Broken.", column="Note \ud800", count=2, rows=rows, fix="df"),
            Problem.of("no-key", "None."),
        ]
    )


def test_errors_come_first() -> None:
    problems = made()
    assert [p.code for p in problems] == ["no-key", "line-break", "name-spaces", "quoted-values"]
    assert [p.code for p in problems.errors] == ["no-key", "line-break"]
    assert [p.code for p in problems.warnings] == ["name-spaces"]
    assert [p.code for p in problems.notes] == ["quoted-values"]
    assert problems.errors == errors(problems)


def test_problems_are_the_tuple_that_they_were() -> None:
    problems = made()
    plain = tuple(problems)
    assert type(plain) is tuple
    assert problems == plain
    assert hash(problems) == hash(plain)
    assert (problems[0], problems[-1], len(problems)) == (plain[0], plain[-1], 4)
    assert isinstance(problems[1:3], Problems)
    assert problems[1:3] == plain[1:3]
    assert not Problems()


@pytest.mark.parametrize("through", [lambda p: pickle.loads(pickle.dumps(p)), copy.copy, copy.deepcopy])
def test_problems_travel(through: Any) -> None:
    there = through(made())
    assert isinstance(there, Problems)
    assert there == made()


def test_an_unknown_code_is_refused() -> None:
    with pytest.raises(KeyError):
        Problem.of("no-such-code", "")


def test_the_table() -> None:
    table = made().to_frame()
    assert list(table.columns) == [
        *("severity", "code", "column", "count", "message", "rows", "values", "rule", "fix")
    ]
    assert table["count"].tolist() == [0, 2, 8, 3]
    assert table["column"].isna().tolist() == [True, False, False, True]
    assert table.loc[1, "rows"] == ("p", ("q", 1))
    assert table.loc[1, "values"] == ("x\ny", "\ud800")
    assert table.loc[1, "rule"] == CODES["line-break"].rule
    empty = Problems().to_frame()
    assert list(empty.columns) == list(table.columns)
    assert empty.dtypes.equals(table.dtypes)


@pytest.mark.parametrize("code", ["line-break", "duplicate-key", "not-e164"])
def test_all_that_holds_problems_holds_them_as_a_table(code: str) -> None:
    frame, options = EXAMPLES[code]
    plan = connect_pandas.plan(frame, "Orders", **options)
    assert code in plan.problems.to_frame()["code"].tolist()
    assert isinstance(plan.attributes.problems, Problems)
    assert isinstance(connect_pandas.repair(frame).left, Problems)
    assert plan.problems.errors == errors(plan.problems)


# ── the offending rows ───────────────────────────────────────────────────────────────────────────────────────

CASES = ["schema_context", "column", "check", "check_number", "failure_case", "index"]


def rejected(frame: pd.DataFrame, schema: Any = None) -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        connect_pandas.validate(frame, schema)
    return caught.value


NOTES = {"Order ID": ["a", "b", "c", "d"], "Note": ["x\ny", "ok", "z\nz", "ok"]}
INDEXES: dict[str, Any] = {
    "numbers": None,
    "repeated": [7, 7, 7, 8],
    "missing": [None, "p", None, "q"],
    "named": pd.Index(list("pqrs"), name="Shop"),
    "named errors": pd.Index(list("pqrs"), name="errors"),
    "levels": pd.MultiIndex.from_tuples([("p", 1), ("p", 1), ("q", 2), ("q", 3)]),
    "named levels": pd.MultiIndex.from_tuples([("p", 1), ("p", 1), ("q", 2), ("q", 3)], names=["x", "y"]),
    "tuples": pd.Index([("p", 1), ("q", 2), ("r", 3), ("s", 4)], tupleize_cols=False),
}


@pytest.mark.parametrize("index", INDEXES)
def test_rows_are_the_frames_own_and_one_column_more(index: str) -> None:
    frame = pd.DataFrame(NOTES, index=INDEXES[index])
    error = rejected(frame)
    rows = error.rows
    pd.testing.assert_frame_equal(rows.iloc[:, :-1], frame.iloc[[0, 2]])
    assert rows.iloc[:, -1].tolist() == ["Note: line-break"] * 2
    assert rows.columns[-1] == ("errors_" if index == "named errors" else "errors")
    assert list(error.failure_cases.columns) == CASES
    assert isinstance(error.problems, Problems)


@pytest.mark.parametrize("taken", ["errors", "errors_"])
def test_a_column_of_that_name_stays(taken: str) -> None:
    frame = pd.DataFrame({**NOTES, "errors": ["p", "q", "r", "s"], taken: ["p", "q", "r", "s"]})
    rows = rejected(frame).rows
    assert rows.columns[-1] == ("errors_" if taken == "errors" else "errors__")
    assert rows["errors"].tolist() == ["p", "r"]


def test_columns_of_one_name_stay_both() -> None:
    frame = pd.DataFrame([["a", "x\n", "p"], ["b", "q", "r\n"]], columns=["Order ID", "n", "n"])
    rows = rejected(frame).rows
    assert list(rows.columns) == ["Order ID", "n", "n", "errors"]
    assert rows["errors"].tolist() == ["n: line-break"] * 2


@pytest.mark.parametrize(
    "columns",
    [
        pd.MultiIndex.from_tuples([("a", "x"), ("b", "y")]),
        pd.CategoricalIndex(["Order ID", "Note"]),
        pd.IntervalIndex.from_breaks([0, 1, 2]),
        pd.Index(["Order ID", 5]),
    ],
    ids=["levels", "categories", "intervals", "mixed"],
)
def test_columns_of_every_kind_have_rows(columns: Any) -> None:
    frame = pd.DataFrame(NOTES).set_axis(columns, axis="columns")
    rows = rejected(frame).rows
    assert len(rows) == (0 if isinstance(columns, pd.MultiIndex) else 2)
    assert rows.shape[1] == 3


def test_rows_are_all_of_them_not_only_those_shown() -> None:
    frame = orders(Note=["a\nb"] * 9 + ["ok"] * 11, Ratio=[1.5] * 12 + [float("inf")] * 8)
    error = rejected(frame)
    assert [len(p.rows) for p in error.problems] == [5, 5]
    said = ["Note: line-break"] * 9 + ["Ratio: infinite-number"] * 8
    assert error.rows["errors"].tolist() == said
    assert error.rows.index.tolist() == [*range(9), *range(12, 20)]


def test_a_row_with_several_errors_says_all_of_them() -> None:
    frame = orders(Note=["a\nb", "ok"], Ratio=[float("inf"), 1.5])
    assert rejected(frame).rows["errors"].tolist() == ["Note: line-break; Ratio: infinite-number"]


# What Pandera finds, it finds by labels; these do not find a row.
LABELS: dict[str, Any] = {
    "numbers": None,
    "repeated": [1] * 10,
    "missing": [np.nan] * 5 + [1.0] * 5,
    "levels": pd.MultiIndex.from_product([["p", "q"], range(5)]),
    "repeated levels": pd.MultiIndex.from_product([["p", "q"], [1] * 5]),
}
HIGH = [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize(
    "schema",
    [
        pa.DataFrameSchema({"n": pa.Column(float, pa.Check.lt(5))}),
        pa.DataFrameSchema({"Order ID": pa.Column(str), "n": pa.Column(float, pa.Check.lt(5), unique=False)}),
    ],
)
def test_the_rows_of_a_schema_are_exact(labels: str, schema: Any) -> None:
    frame = orders(n=[float(i % 8 + 3) for i in range(10)]).set_axis(
        pd.RangeIndex(10) if LABELS[labels] is None else LABELS[labels]
    )
    error = rejected(frame, schema)
    pd.testing.assert_frame_equal(error.rows.iloc[:, :-1], frame.iloc[HIGH])
    assert error.rows["errors"].tolist() == ["n: schema"] * 6
    (problem,) = error.problems.errors
    assert (problem.count, [r.position for r in problem.rows]) == (6, HIGH[:5])
    assert [r.value for r in problem.rows] == frame["n"].iloc[HIGH[:5]].tolist()
    assert list(error.failure_cases.columns) == CASES
    assert len(error.failure_cases) == 6


def test_a_schema_sees_rows_without_a_label() -> None:
    """Pandera by itself drops a failure whose row has no label."""
    schema = pa.DataFrameSchema({"n": pa.Column(float, pa.Check.lt(5))})
    frame = orders(n=[9.0, 1.5, 1.5]).set_axis([np.nan, 1.0, 2.0])
    assert rejected(frame, schema).rows["Order ID"].tolist() == ["A-1"]


def test_a_schema_of_values_that_differ_holds_where_labels_repeat() -> None:
    """Pandera by itself fails in the middle of it."""
    schema = pa.DataFrameSchema({"Order ID": pa.Column(str)}, unique=["n"])
    frame = orders(n=[1.5, 2.5, 2.5]).set_axis([1, 1, 1])
    assert rejected(frame, schema).rows["Order ID"].tolist() == ["A-2", "A-3"]


def test_a_schema_of_the_index() -> None:
    schema = pa.DataFrameSchema({"Order ID": pa.Column(str)}, index=pa.Index(int, pa.Check.lt(2)))
    frame = orders(n=[1.5] * 8).set_axis([1, 3, 3, 3, 1, 5, 5, 5])
    rows = rejected(frame, schema).rows
    assert rows["Order ID"].tolist() == ["A-2", "A-3", "A-4", "A-6", "A-7", "A-8"]
    assert set(rows["errors"]) == {"index: schema"}


def test_a_check_that_looks_at_the_index_sees_the_frames_own() -> None:
    schema = pa.DataFrameSchema({"Order ID": pa.Column(str)}, checks=pa.Check(lambda df: df.index.is_unique))
    assert rejected(orders(n=[1.5, 2.5]).set_axis([1, 1]), schema).problems[0].code == "schema"
    assert connect_pandas.validate(orders(n=[1.5, 2.5]), schema).shape == (2, 2)


class Unspeakable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_values_that_cannot_be_shown_are_named_by_their_type() -> None:
    frame = orders(Thing=[Unspeakable(), [Unspeakable()]])
    shown = repr(connect_pandas.plan(frame, "T"))
    assert "<Unspeakable>" in shown
    assert "<list>" in shown


def test_a_message_tells_the_first_of_very_many_problems() -> None:
    frame = pd.DataFrame({f"c{i}": ["a\nb", "c"] for i in range(150)})
    with pytest.raises(connect_pandas.ValidationError) as caught:
        connect_pandas.validate(frame)
    message = str(caught.value)
    assert message.count("[line-break]") + message.count("[unclear-key]") == 100
    assert f"… and {len(caught.value.problems.errors) - 100} more: .problems has all of them" in message


if __name__ == "__main__":
    write_examples()
