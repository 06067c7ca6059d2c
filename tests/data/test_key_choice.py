"""Which column is the key, and what is said when the one that was meant to be it is not good enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import connect_pandas
from connect_pandas.data.names import key_rank
from connect_pandas.data.problems import ways_of

if TYPE_CHECKING:
    from connect_pandas import Problem

ROWS = 30
MAIL = [f"u{i}@example.com" for i in range(ROWS)]


def ids(prefix: str = "O", *, twice: int = 0, gaps: int = 0) -> list[str | None]:
    """Return different texts but for some at the end that repeat the first, and gaps before them."""
    made: list[str | None] = [f"{prefix}{i}" for i in range(ROWS - twice - gaps)]
    return [*made, *[None] * gaps, *made[:twice]]


def looked(frame: pd.DataFrame, **options: Any) -> connect_pandas.ImportPlan:
    return connect_pandas.plan(frame, "T", **options)


def error(frame: pd.DataFrame) -> Problem:
    (found,) = [p for p in looked(frame).problems if p.severity == "error"]
    return found


def fixed(frame: pd.DataFrame, lines: str) -> pd.DataFrame:
    """Return the frame after the lines of code that a problem says."""
    names: dict[str, Any] = {"df": frame.copy(), "pd": pd}
    exec(lines, names)
    made: pd.DataFrame = names["df"]
    return made


# ── the key does not move silently ───────────────────────────────────────────────────────────────────────────


def test_a_repeated_key_is_not_taken_over_by_another_column() -> None:
    frame = pd.DataFrame({"Order ID": ids(twice=1), "E-Mail": MAIL})
    assert looked(frame).key is None
    problem = error(frame)
    assert (problem.code, problem.column, problem.count) == ("unclear-key", "Order ID", 1)
    assert "1 row repeats the key of an earlier row" in problem.message
    assert [r.position for r in problem.rows] == [0, ROWS - 1]
    drop, other = problem.fix.splitlines()
    assert other.startswith("""plan = df.connect.plan("T", key='E-Mail')""")
    assert looked(fixed(frame, drop)).key == "Order ID"
    assert looked(frame, key="E-Mail").ok


@pytest.mark.parametrize("gap", [None, ""])
def test_a_key_with_gaps_is_not_taken_over(gap: Any) -> None:
    frame = pd.DataFrame(
        {"Order ID": pd.Series(ids(gaps=2)).fillna("") if gap == "" else ids(gaps=2), "E": MAIL}
    )
    problem = error(frame)
    assert (problem.code, problem.column, problem.count) == ("unclear-key", "Order ID", 2)
    assert "2 rows have none" in problem.message
    assert looked(fixed(frame, problem.fix.splitlines()[0])).key == "Order ID"


def test_numbers_with_a_gap_are_not_taken_over() -> None:
    problem = error(pd.DataFrame({"Order ID": [None, *range(1, ROWS)], "E-Mail": MAIL}))
    assert (problem.code, problem.column, problem.count) == ("unclear-key", "Order ID", 1)


def test_a_key_before_it_that_is_not_good_is_told_of() -> None:
    plan = looked(pd.DataFrame({"Order ID": ids(twice=1), "Client ID": MAIL}))
    assert plan.key == "Client ID"
    (problem,) = plan.problems
    assert (problem.code, problem.severity, problem.column) == ("nearly-key", "warning", "Order ID")
    assert [r.position for r in problem.rows] == [0, ROWS - 1]


def test_behind_the_key_another_id_may_repeat() -> None:
    plan = looked(pd.DataFrame({"Order ID": MAIL, "Client ID": ids(twice=1)}))
    assert (plan.key, plan.problems) == ("Order ID", ())


def test_a_column_that_repeats_throughout_was_not_meant_to_be_the_key() -> None:
    plan = looked(pd.DataFrame({"shop id": ["a", "b"] * (ROWS // 2), "Order ID": MAIL}))
    assert (plan.key, plan.problems) == ("Order ID", ())


def test_repeats_are_found_behind_the_first_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    from connect_pandas.data import columns

    monkeypatch.setattr(columns, "SLICE_ROWS", 10)
    problem = error(pd.DataFrame({"Order ID": ids(twice=2), "E-Mail": MAIL}))
    assert (problem.code, problem.count) == ("unclear-key", 2)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("comment", ["fine", "not so fine", "x"]),
        ("Description", ["Ann", "Bob", "Cy"]),
        ("Zip", ["10115", "80331", "01067"]),
        ("phone", ["+491", "+492", "+493"]),
        ("area code", ["A", "B", "C"]),
        ("client", ["Ann Lee", "Bob", "Cy"]),
    ],
)
def test_what_only_happens_to_differ_is_asked_about(name: str, values: list[str]) -> None:
    frame = pd.DataFrame({name: values, "n": 1})
    problem = error(frame)
    assert (problem.code, problem.fix) == ("unclear-key", f'plan = df.connect.plan("T", key={name!r})')
    assert looked(frame, key=name).key == name


@pytest.mark.parametrize(
    ("name", "first"), [("Client", "c"), ("ticket", "T-"), ("Name", "N "), ("promo code", "P")]
)
def test_a_leading_text_is_the_key_and_that_is_said(name: str, first: str) -> None:
    plan = looked(pd.DataFrame({name: [f"{first}{i}" for i in range(3)], "Zip": ["1", "2", "3"], "n": 1}))
    assert (plan.key, plan.ok) == (name, True)
    assert [(p.code, p.column) for p in plan.problems] == [("chosen-key", name)]


@pytest.mark.parametrize("rows", [10, 60])
def test_the_more_rows_the_less_do_they_differ_by_chance(rows: int) -> None:
    names = pd.DataFrame({"Major": [f"Studies of {i}" for i in range(rows)], "n": 1.5})
    zips = pd.DataFrame({"zip": [str(10_000 + 7 * i) for i in range(rows)], "n": 1.5})
    for frame in (names, zips):
        plan = looked(frame)
        assert plan.key == (frame.columns[0] if rows > 50 else None)
        assert {p.code for p in plan.problems if p.column in (plan.key, None)} & {"chosen-key", "unclear-key"}


def test_ranks() -> None:
    assert [
        key_rank(n) for n in ("orderId", "Order No", "Client", "Zip", "tax number", "Country", "qty")
    ] == [
        *(4, 3, 1),
        *(0, 0, 2, 0),
    ]


def test_a_number_of_customers_is_not_taken_over_wherever_it_stands() -> None:
    problem = error(pd.DataFrame({"City": "x", "Customer No": ids(twice=2), "E-Mail": MAIL}))
    assert (problem.code, problem.column) == ("unclear-key", "Customer No")


# ── whole floats ─────────────────────────────────────────────────────────────────────────────────────────────


def test_whole_floats_named_as_identifiers_may_be_the_key() -> None:
    plan = looked(pd.DataFrame({"n": [1, 1], "Customer ID": [1001.0, 1002.0]}))
    assert plan.key == "Customer ID"
    assert plan.head() == "n,Customer ID\n1,1001\n1,1002\n"


@pytest.mark.parametrize("values", [[1.5, 2.0], [1e300, 2.0], [1.0, 1.0]])
def test_other_floats_are_no_key(values: list[float]) -> None:
    assert looked(pd.DataFrame({"Customer ID": values, "n": 1})).attributes.key_candidates == ()


# ── no key ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_nearest_is_named_with_its_rows() -> None:
    frame = pd.DataFrame({"Customer No": [*range(20), 1, 2, 3], "City": "x"})
    problem = error(frame)
    assert (problem.code, problem.column, problem.count) == ("no-key", "Customer No", 3)
    assert "3 rows repeat the key of an earlier row" in problem.message
    assert [r.position for r in problem.rows] == [1, 20, 2, 21, 3]
    same, drop, number, *_ = problem.fix.splitlines()
    assert looked(fixed(frame, same)).key == "Customer No"
    assert looked(fixed(frame, drop)).key == "Customer No"
    assert looked(fixed(frame, number)).key == "Row ID"


def test_what_comes_nearest_by_its_values_alone_is_named_and_looked_at() -> None:
    vouchers = ["x1", "x2", None, "x2", "x5", "x6"]
    others = {"Shop": list("AABBAB"), "Points": [1, 2, 2, 3, 4, 5], "Amount": [1.5, 2.5, 2.5, 3.5, 1.5, 2.5]}
    problem = error(pd.DataFrame({**others, "Voucher": vouchers}))
    assert (problem.code, problem.column, problem.count) == ("no-key", None, 2)
    assert "'Voucher' comes nearest: of 6 rows 1 repeats an earlier value and 1 has none." in problem.message
    which, *_ = ways_of(problem.fix)
    assert which.startswith("""plan = df.connect.plan("T", key='Voucher')""")
    # A column that tells less than half of the rows apart is near nothing.
    assert "nearest" not in error(pd.DataFrame(others)).message


@pytest.mark.parametrize(
    ("ids", "then"),
    [("abbccd", "1 row is still in the way of 'Order ID'"), ("abbcde", "'Order ID' has a different value")],
)
def test_leaving_out_equal_rows_says_what_is_left(ids: str, then: str) -> None:
    frame = pd.DataFrame({"Order ID": list(ids), "Amount": [1.5, 2.5, 2.5, 3.5, 4.5, 3.5]})
    problem = error(frame)
    drop, *_ = ways_of(problem.fix)
    assert f"leaves those out that are the same throughout; then {then}" in drop
    assert ("no-key" in {p.code for p in looked(fixed(frame, drop)).problems}) == ("still" in then)


def test_equal_rows_that_go_first_are_not_counted_again() -> None:
    frame = pd.DataFrame({"Order ID": list("abbccdefg"), "Amount": [1.5, 2.5, 2.5, 3.5, 4.5, 3.5, 1, 1, 1]})
    (problem,) = looked(frame, key="Order ID").problems.errors
    drop, last = problem.fix.splitlines()
    assert last.endswith("keeps the last of each: 1 row goes")
    assert len(fixed(frame, drop)) == len(fixed(frame, problem.fix)) + 1
    (problem,) = looked(fixed(frame, last), key="Order ID").problems.errors or [None]
    assert problem is None


def test_rows_that_were_numbered_before_are_numbered_anew() -> None:
    frame = pd.DataFrame({"Row ID": [0, 1, 0, 1], "x": [1.5, 2.5, 1.5, 2.5]}, index=[0, 1, 0, 1])
    number = next(line for line in error(frame).fix.splitlines() if "reset_index" in line)
    assert looked(fixed(frame, number)).key == "Row ID 2"


def test_the_leading_column_may_come_nearest() -> None:
    frame = pd.DataFrame({"Client": ids(twice=1), "v": 1.5})
    problem = error(frame)
    assert (problem.code, problem.column) == ("no-key", "Client")
    assert looked(fixed(frame, problem.fix.splitlines()[0])).key == "Client"


@pytest.mark.parametrize("line", [1, 2, 3], ids=["equal rows", "leave out", "number"])
def test_an_index_may_come_nearest(line: int) -> None:
    frame = pd.DataFrame({"v": [1.5] * ROWS}, index=pd.Index(ids(twice=1), name="Order ID"))
    lines = error(frame).fix.splitlines()
    made = looked(fixed(frame, "\n".join([lines[0], lines[line]])))
    assert made.key == ("Row ID" if line == 3 else "Order ID")
    assert list(made.types)[-2:] == ["Order ID", "v"]


def test_an_index_as_the_key_repeats() -> None:
    frame = pd.DataFrame({"v": [1.5] * ROWS}, index=pd.Index(ids(twice=1), name="Order ID"))
    (problem,) = [p for p in looked(frame, key="Order ID").problems if p.severity == "error"]
    assert problem.code == "duplicate-key"
    assert looked(fixed(frame, problem.fix), key="Order ID").ok


def test_two_columns_that_identify_the_rows_together() -> None:
    frame = pd.DataFrame({"qty": [4, 5, 6, 7], "line": [1, 2, 1, 2], "order_id": [1, 1, 2, 2]})
    problem = error(frame)
    assert "Together 'order_id' and 'line' identify" in problem.message
    assert problem.fix.startswith("""plan = df.connect.plan("T", key=['order_id', 'line'])""")
    plan = looked(frame, key=["order_id", "line"])
    assert (plan.ok, plan.key, plan.attributes[0].name) == (True, ("order_id", "line"), "order_id line")
    assert plan.head() == "order_id line,qty,line,order_id\n1-1,4,1,1\n1-2,5,2,1\n2-1,6,1,2\n2-2,7,2,2\n"


def test_few_rows_of_every_pair_of_two_columns() -> None:
    crossed = {"Shop": list("aabbcc"), "Day": ["2024-01-01", "2024-01-02"] * 3, "Sales": [1, 2, 3, 1, 2, 3]}
    frame = pd.DataFrame(crossed)
    (problem,) = connect_pandas.plan(frame, "T").problems.errors
    assert "Together 'Shop' and 'Day' identify the rows" in problem.message
    # Five of six may be chance.
    (problem,) = connect_pandas.plan(frame.iloc[:5], "T").problems.errors
    assert "Together" not in problem.message


def test_three_columns_that_identify_the_rows_together() -> None:
    parts = [(a, b, c) for a in "xy" for b in (1, 2) for c in pd.date_range("2024-01-01", periods=2)]
    problem = error(pd.DataFrame(parts, columns=["store", "dept", "week of"]).assign(sales=1.5, open=True))
    assert "Together 'store', 'dept' and 'week of' identify" in problem.message


def test_columns_are_compared_together_across_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    from connect_pandas.data import columns, profile

    monkeypatch.setattr(columns, "SLICE_ROWS", 3)
    monkeypatch.setattr(profile, "_HASHES_AT_ONCE", 7)
    frame = pd.DataFrame({"order_id": [i // 2 for i in range(40)], "line": [i % 2 for i in range(40)]})
    assert "Together" in error(frame).message
    frame.loc[39, "line"] = 0
    problem = error(frame)
    assert "Together" not in problem.message
    assert "1 row is the same as an earlier one throughout" in problem.message


# ── a key of several columns ─────────────────────────────────────────────────────────────────────────────────


def lines() -> pd.DataFrame:
    return pd.DataFrame(
        {"Order ID": [1, 1, 2, 2], "SKU": ["a-b", "b", "a-b", "c"], "Price": [1.5, 2, 3, 4.25]},
        index=pd.Index(list("pqrs"), name="row"),
    )


def test_a_key_of_several_columns_is_one_text_attribute_before_the_others() -> None:
    plan = looked(lines(), key=["Order ID", "SKU"])
    assert plan.ok
    assert plan.payload["importInput"]["attributes"]["create"][0] == {
        "name": "Order ID SKU",
        "type": "TEXT",
        "identifyAs": {"key": True},
    }
    # A mark that none of the texts holds stands between them.
    assert [r["Order ID SKU"] for r in plan.sample(4)] == ["1_a-b", "1_b", "2_a-b", "2_c"]
    assert plan.replace(key="row").head(1) == "row,Order ID,SKU,Price\np,1,a-b,1.5\n"
    assert plan.replace(columns=["Price"]).head(1) == "Order ID SKU,Price\n1_a-b,1.5\n"
    named = looked(lines(), key=["SKU", "Order ID"], names={("SKU", "Order ID"): "Line"}, columns=["SKU"])
    assert named.head(1) == "Line,SKU\na-b_1,a-b\n"
    assert looked(lines(), key=["SKU"], columns=["SKU"]).key == "SKU"


def test_values_that_hold_every_mark_are_kept_apart() -> None:
    frame = pd.DataFrame({"A": ["a-b", "a"], "B": ["c_:/~", "b-c_:/~"], "v": 1.5})
    plan = looked(frame, key=["A", "B"])
    assert (plan.ok, [r["A B"] for r in plan.sample(2)]) == (True, ["a-b--c_:/~", "a--b-c_:/~"])


def test_a_key_of_several_columns_that_is_none_is_named_with_its_rows() -> None:
    frame = lines().assign(SKU=["a", "a", None, "c"])
    plan = looked(frame, key=["Order ID", "SKU"])
    found = {p.code: [r.label for r in p.rows] for p in plan.problems.errors}
    assert found == {"missing-key": ["r"], "duplicate-key": ["p", "q"]}
    with pytest.raises(connect_pandas.ValidationError) as caught:
        plan.require_ok()
    assert list(caught.value.rows.index) == ["p", "q", "r"]
    assert not caught.value.failure_cases.empty
    frame = frame.reset_index()
    for problem in plan.problems.errors:
        frame = fixed(frame, problem.fix.splitlines()[0])
    assert looked(frame, key=["Order ID", "SKU"]).ok


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (["Order ID", "sku"], "no column 'sku'. Did you mean 'SKU'"),
        ([], r"key=\[\] names no column"),
        (["SKU", "SKU"], "names 'SKU' more than once"),
        (("Order ID", "SKU"), "Of several columns a list makes one key"),
    ],
)
def test_a_key_of_several_columns_that_cannot_be(key: Any, said: str) -> None:
    with pytest.raises(connect_pandas.PlanError, match=said):
        looked(lines(), key=key)


def test_a_quantity_is_never_offered() -> None:
    problem = error(pd.DataFrame({"qty": [4, 5, 6], "shop id": ["a", "a", "b"]}))
    assert problem.code == "no-key"
    assert "qty" not in problem.fix


def test_twins_are_no_rivals() -> None:
    frame = pd.DataFrame([["a", "b"], ["c", "d"]], columns=["id", "id"])
    plan = looked(frame)
    assert plan.attributes.key_candidates == ("id",)
    assert {p.code for p in plan.problems} == {"duplicate-column"}


@pytest.mark.parametrize("place", [0, 1], ids=["drop the column", "reset the index"])
def test_an_index_and_its_twin(place: int) -> None:
    frame = pd.DataFrame({"SKU": ["a", "b"], "n": 1}).set_index("SKU", drop=False)
    problem = error(frame)
    assert problem.code == "duplicate-column"
    assert looked(fixed(frame, ways_of(problem.fix)[place])).key == "SKU"


def test_keys_that_are_numbers_are_compared_as_numbers() -> None:
    options: dict[str, Any] = {"key": "k", "types": {"k": "NUMBER"}}
    frame = pd.DataFrame({"k": ["1", "1.0", "-0", "00.0", "10", "100", "2.50"], "n": 1})
    (problem,) = [p for p in looked(frame, **options).problems if p.severity == "error"]
    assert (problem.code, problem.count) == ("duplicate-key", 2)
    assert [r.position for r in problem.rows] == [0, 1, 2, 3]
    assert looked(fixed(frame, problem.fix), **options).ok
    assert looked(frame, key="k").ok  # as texts they differ
