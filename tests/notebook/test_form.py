"""The form over a plan, driven by its widgets against the sandbox."""

from __future__ import annotations

import enum
import http
import threading
import time
from decimal import Decimal
from html import unescape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest

import connect_pandas
from connect_pandas import ImportForm, Sandbox, samples
from connect_pandas.data.problems import Problem
from connect_pandas.notebook import after_cells, form_import
from connect_pandas.notebook.form_fixes import fixes
from connect_pandas.notebook.form_table import ROWS

USER = "workshop@sandbox.example"

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with connect_pandas.sandbox() as sandbox:
        yield sandbox


def eventually(so: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def control(form: ImportForm, name: str) -> Any:
    """Return the field of this name as a person would use it."""
    return form._fields[name].control


def row(form: ImportForm, column: str) -> Any:
    """Return the row that shows a column on the page that is shown."""
    found = [r for r in form._table.rows if r.entry is not None and r.entry.label == column]
    return found[0]


def buttons(form: ImportForm) -> list[Any]:
    return form._troubles._fixes


def button(form: ImportForm, start: str) -> Any:
    return next(b for b in buttons(form) if b.description.startswith(start))


def idle(form: ImportForm) -> None:
    eventually(lambda: not form._troubles.is_busy)


def equal(one: connect_pandas.ImportPlan, other: connect_pandas.ImportPlan) -> bool:
    """Whether two plans do the same, but for names that are made up anew for each."""
    made_up = {} if one.filename_given else {"filename": "f.csv"}
    made_up |= {} if one.options.job_name else {"job_name": "j"}
    return one.replace(**made_up) == other.replace(**made_up)


def run(code: str, df: pd.DataFrame, **names: Any) -> connect_pandas.ImportPlan:
    """Run a form's code up to the plan that it submits."""
    there: dict[str, Any] = {"df": df, "pd": pd, **names}
    exec(code.replace("job = df.connect.create_reference_set(", "plan = df.connect.plan("), there)
    return there["plan"]  # type: ignore[no-any-return]


# ── the plan on screen ───────────────────────────────────────────────────────────────────────────────────────


def test_the_form_shows_the_plan_and_its_line_of_code() -> None:
    form = samples.orders().connect.form("Orders", notify="ann@shop.example", folder="RS")
    assert form.plan.key == "Order ID"
    assert form.code == (
        "job = df.connect.create_reference_set('Orders', notify='ann@shop.example', folder='RS')"
    )
    assert "create_reference_set" in form._line.value
    assert form.plan.head(5).split("\n")[1] in form._preview.value
    assert not form._import.create.disabled
    assert form.code in repr(form)


def test_every_attribute_has_a_row_with_values_type_and_reason() -> None:
    frame = samples.orders()
    form = frame.connect.form("Orders")
    shown = [r.entry.label for r in form._table._page_of_rows.children]
    assert shown == list(frame.columns)
    first = row(form, "Order ID")
    assert (first.name.control.value, first.type.control.value) == ("Order ID", "TEXT")
    assert first.key.control.value == 0
    assert "candidate" in first.key.control.options[0][0]
    assert form.plan.attributes.of("Order ID").reason in unescape(first.about.value)
    assert "8783845" in first.about.value


def test_another_key_makes_another_plan_and_its_problem_stops_the_button() -> None:
    form = samples.orders().connect.form("Orders")
    before = form.plan
    row(form, "Client ID").key.control.value = 1
    assert (before.key, form.plan.key) == ("Order ID", "Client ID")
    assert row(form, "Order ID").key.control.value is None
    assert form._table.key.control.value == 1
    assert form._import.create.disabled
    assert "1 error" in form._import.why.value
    assert "repeats the key" in row(form, "Client ID").about.value
    form._table.key.control.value = 0
    assert form.plan.key == "Order ID"
    assert not form._import.create.disabled
    assert not form._import.why.value


def test_a_row_changes_name_type_and_whether_it_is_imported() -> None:
    form = samples.orders().connect.form("Orders")
    row(form, "Amount").name.control.value = "Total"
    row(form, "Discount coupon").include.control.value = False
    row(form, "First-time purchase").type.control.value = "TEXT"
    assert [a.name for a in form.plan.attributes] == [
        "Order ID",
        "Client ID",
        "Total",
        "Date",
        "First-time purchase",
    ]
    left_out = row(form, "Discount coupon")
    assert left_out.name.control.disabled
    assert "left out" in left_out.about.value
    assert equal(run(form.code, samples.orders()), form.plan)
    left_out.include.control.value = True
    row(form, "Amount").name.control.value = ""
    row(form, "First-time purchase").type.control.value = ""
    assert form.code == "job = df.connect.create_reference_set('Orders')"
    assert row(form, "Amount").name.control.value == "Amount"


def test_the_key_cannot_be_left_out() -> None:
    form = samples.orders().connect.form("Orders", key="Order ID")
    shown = row(form, "Order ID")
    shown.include.control.value = False
    assert "the key is part of the file" in shown.include.said.value
    assert shown.include.control.value
    assert len(form.plan.attributes) == 6


def test_a_wrong_address_stands_in_the_form_and_the_plan_stays() -> None:
    form = samples.orders().connect.form("Orders")
    notify = control(form, "notify")
    notify.value = "ann@shop.example\nnobody\nno one"
    assert form.plan.notify == ()
    said = unescape(form._fields["notify"].said.value)
    assert all(repr(wrong) in said for wrong in ("nobody", "no", "one"))
    assert form._import.create.disabled
    assert "Notify" in form._import.why.value
    notify.value = "ann@shop.example\n"
    assert form.plan.notify == ("ann@shop.example",)
    assert not form._import.create.disabled


def test_a_wrong_name_is_said_while_it_is_typed() -> None:
    form = samples.orders().connect.form("Orders")
    name = control(form, "name")
    assert name.continuous_update
    name.value = "Orders of 2024!"
    assert "cannot name a data set" in form._fields["name"].said.value
    assert "Orders_of_2024" in form._fields["name"].said.value
    assert form._import.create.disabled
    name.value = "Orders_2024"
    assert form.plan.name == "Orders_2024"
    assert not form._fields["name"].said.value


def test_the_fields_of_the_file() -> None:
    frame = samples.orders()
    form = frame.connect.form("Orders")
    formats = dict(control(form, "date_format").options)
    assert formats["DD/MM/YYYY · 01/11/2024"] == "DD/MM/YYYY"
    control(form, "delimiter").value = "|"
    control(form, "header").value = False
    control(form, "folder").value = "RS/Orders"
    control(form, "job_name").value = "My job"
    assert form.plan.head(1).count("|") == 5
    assert not form.plan.head(1).startswith("Order ID")
    assert form.plan.payload["importInput"]["jobName"] == "My job"
    assert equal(run(form.code, frame), form.plan)
    form._view.value = "JSON"
    assert "&quot;dataSetName&quot;: &quot;Orders&quot;" in form._preview.value


def test_an_unclear_key_is_asked_for() -> None:
    frame = pd.DataFrame({"amount": [1, 2, 2], "row id": ["a", "b", "c"], "ticket id": ["x", "y", "z"]})
    form = frame.connect.form("Tickets")
    assert form.plan.key is None
    assert form._import.create.disabled
    assert form._table.key.control.options[0][0] == "– choose the key –"
    row(form, "ticket id").key.control.value = 2
    assert form.plan.key == "ticket id"
    assert not form._import.create.disabled


def test_several_columns_that_are_the_key_together() -> None:
    frame = pd.DataFrame({"order id": ["a", "a", "b"], "line": ["1", "2", "1"], "n": [1, 1, 1]})
    form = frame.connect.form("Lines")
    button(form, "Use order id + line as the key").click()
    assert str(form.plan.attributes[0].column) == "order id + line"
    assert form._table.rows[0].entry is not None
    assert form._table.rows[0].entry.position == 3
    form._table.rows[0].name.control.value = "Line"
    assert equal(run(form.code, frame), form.plan)
    assert form._import.create.disabled is False


# ── many columns, and strange ones ───────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def wide() -> pd.DataFrame:
    frame = pd.DataFrame({f"c{i}": [f"v{i}", f"w{i}"] for i in range(1_000)})
    return frame.assign(Note=["a\nb", "c"])


def test_a_thousand_columns_share_a_page_of_rows(wide: pd.DataFrame) -> None:
    form = wide.connect.form("Wide", key="c0")
    table = form._table
    assert len(table._page_of_rows.children) == ROWS
    assert "1–20 of 1,001" in table.place.value
    table.after.click()
    assert row(form, "c20").name.control.value == "c20"
    table.filter.value = "C99"
    assert [r.entry.label for r in table._page_of_rows.children] == [
        "c99",
        *(f"c{i}" for i in range(990, 1000)),
    ]
    assert table.before.disabled
    assert table.after.disabled
    table.filter.value = ""
    table.only.value = True
    assert [r.entry.label for r in table._page_of_rows.children] == ["Note"]
    table.filter.value = "nothing like it"
    assert table._page_of_rows.children == ()
    assert "no column" in table.place.value


def test_a_page_that_was_turned_changes_the_column_that_it_shows(wide: pd.DataFrame) -> None:
    form = wide.connect.form("Wide", key="c0")
    form._table.after.click()
    row(form, "c25").name.control.value = "Other"
    assert form.plan.options.names == {"c25": "Other"}
    assert row(form, "c25").name.control.value == "Other"


FRAMES = {
    "no rows": pd.DataFrame({"id": []}),
    "no columns": pd.DataFrame(index=range(3)),
    "nothing": pd.DataFrame(),
    "nested": pd.DataFrame({"id": ["a", "b"], "n": [[1], {"a": 2}]}),
    "one name twice": pd.DataFrame([[1, 2], [3, 4]], columns=["a", "a"]),
    "several levels": pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])),
    "numbers for names": pd.DataFrame([[1, 2], [3, 4]]),
    "other labels": pd.DataFrame([[1, 2]], columns=[pd.Timestamp("2024-01-01"), float("nan")]),
    "a key of one name twice": pd.DataFrame([["x", "y"], ["z", "w"]], columns=["id", "id"]),
    "an index": pd.DataFrame({"a": [1, 2]}, index=pd.Index(["x", "y"], name="id")),
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
def test_a_frame_that_cannot_be_imported_still_opens_the_form(frame: pd.DataFrame) -> None:
    form = frame.connect.form("Strange")
    assert bool(form.plan.problems.errors) != form.plan.ok
    assert form._import.create.disabled == (not form.plan.ok)
    assert len(form._troubles._list.children) == min(20, len(form.plan.problems))


def test_columns_of_one_name_cannot_be_told_apart_by_an_option() -> None:
    form = FRAMES["one name twice"].connect.form("Twice")
    assert all(r.type.control.disabled and r.key.control.disabled for r in form._table.rows[:2])


def test_an_option_about_another_label_is_code_that_runs() -> None:
    frame = pd.DataFrame({pd.Timestamp("2024-01-01"): ["a", "b"], 7: [1, 2]}).rename(columns={7: np.int64(7)})
    form = frame.connect.form("Labels")
    form._table.rows[0].name.control.value = "January"
    form._table.rows[1].name.control.value = "Seven"
    assert equal(run(form.code, frame), form.plan)


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    "label",
    [Colour.RED, Decimal("1.50"), float("nan"), ("a", float("nan")), pd.NaT, http.HTTPStatus.OK],
    ids=repr,
)
def test_an_option_about_a_label_that_cannot_be_written_goes_by_its_place(label: Any) -> None:
    columns = pd.Index(["id", label, "n"], dtype=object)
    frame = pd.DataFrame([["a", "x", 1], ["b", "y", 2]], columns=columns)
    form = frame.connect.form("Labels", key="id", columns=["id", label])
    form._table.rows[1].name.control.value = "Second"
    form._table.rows[1].type.control.value = "TEXT"
    assert equal(run(form.code, frame), form.plan)
    assert [a.name for a in form.plan.attributes] == ["id", "Second"]


def test_the_name_finds_what_is_not_a_number_among_numbers() -> None:
    frame = pd.DataFrame([["a", 1], ["b", 2]], columns=[float("nan"), 2.5])
    form = frame.connect.form("Labels", key=2.5)
    form._table.rows[0].name.control.value = "Letter"
    assert form.code == "job = df.connect.create_reference_set('Labels', key=2.5, names={'nan': 'Letter'})"
    assert [a.name for a in run(form.code, frame).attributes] == ["Letter", "2.5"]


def test_a_label_of_the_index_goes_by_its_place_there() -> None:
    index = pd.Index(["x", "y"], name=Decimal("1.5"))
    frame = pd.DataFrame({"n": [1, 2]}, index=index)
    form = frame.connect.form("Labels", key=Decimal("1.5"))
    assert "key=df.index.names[0]" in form.code
    assert equal(run(form.code, frame), form.plan)


def test_a_schema_is_called_as_it_was_given(tmp_path: Any) -> None:
    schema = pa.DataFrameSchema({"Order ID": pa.Column(str, unique=True)})
    frame = samples.orders().astype({"Order ID": str})
    assert frame.connect.form("Orders", schema=schema).code.endswith("('Orders', schema=schema)")
    path = tmp_path / "orders.yaml"
    schema.to_yaml(path)
    assert frame.connect.form("Orders", schema=path).code.endswith(f"('Orders', schema={str(path)!r})")


# ── problems and repairs ─────────────────────────────────────────────────────────────────────────────────────


def messy() -> pd.DataFrame:
    return pd.DataFrame(
        {"id": ["a", "b", "c"], "Note": ["one\ntwo", "three", None], "Amount": ["1", "2", "N/A"]}
    )


def test_a_repair_shows_what_it_changes_is_made_and_undone() -> None:
    frame = messy()
    form = frame.connect.form("Messy")
    assert form._import.create.disabled
    button(form, "Repair: makes a space").click()
    idle(form)
    shown = form._troubles.preview.value
    assert "one\\ntwo" in shown or "one\ntwo" in shown
    assert "one two" in shown
    assert form.plan.frame.loc[0, "Note"] == "one\ntwo"
    form._troubles.apply.click()
    idle(form)
    assert form.plan.frame.loc[0, "Note"] == "one two"
    assert form.code.startswith("df = df.connect.repair(columns=['Note']).frame\njob = ")
    button(form, "Repair: makes them missing").click()
    idle(form)
    form._troubles.apply.click()
    idle(form)
    assert form.plan.ok
    assert not form._import.create.disabled
    assert equal(run(form.code, frame), form.plan)
    form._troubles.undo.click()
    idle(form)
    assert [p.code for p in form.plan.problems.errors] == ["missing-marker"]
    form._troubles.undo.click()
    idle(form)
    assert "repair" not in form.code
    assert form._troubles.undo.layout.display == "none"
    assert frame.loc[0, "Note"] == "one\ntwo"


def test_a_repair_that_is_left_changes_nothing() -> None:
    form = messy().connect.form("Messy")
    before = form.plan
    button(form, "Repair: makes a space").click()
    idle(form)
    form._troubles.leave.click()
    assert form.plan is before
    assert not form._troubles.preview.value


def test_a_fix_of_the_plan_is_made_at_once_and_keeps_what_was_chosen() -> None:
    form = messy().connect.form("Messy", types={"Note": "TEXT"})
    button(form, "Use types=").click()
    assert form.plan.options.types == {"Note": "TEXT", "Amount": "TEXT"}
    assert row(form, "Amount").type.control.value == "TEXT"


def test_an_error_of_a_callback_stands_in_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    form = samples.orders().connect.form("Orders")

    def broken(_plan: Any, **_options: Any) -> Any:
        raise RuntimeError("no luck")

    monkeypatch.setattr(connect_pandas.ImportPlan, "replace", broken)
    control(form, "header").value = False
    assert "RuntimeError: no luck" in form._fields["header"].said.value


def test_while_a_repair_is_under_way_nothing_else_is_changed_or_created(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    form = messy().connect.form("Messy")
    reached, go_on = threading.Event(), threading.Event()
    repair = connect_pandas.api.repair

    def slow(*given: Any, **named: Any) -> Any:
        reached.set()
        go_on.wait(30)
        return repair(*given, **named)

    monkeypatch.setattr("connect_pandas.api.repair", slow)
    button(form, "Repair: makes a space").click()
    assert reached.wait(30)
    assert control(form, "folder").disabled
    assert row(form, "id").name.control.disabled
    assert form._troubles.leave.disabled
    assert "a repair is under way" in form._import.why.value
    control(form, "folder").value = "RS"  # a change that was on its way
    assert "under way" in form._fields["folder"].said.value
    assert form.plan.folder == ""
    go_on.set()
    idle(form)
    assert not control(form, "folder").disabled
    control(form, "folder").value = "RS/Messy"
    assert form.plan.folder == "RS/Messy"
    form._troubles.leave.click()


def test_a_repair_that_changes_nothing_cannot_be_made() -> None:
    form = samples.orders().connect.form("Orders")
    problem = Problem("name-spaces", "Something.", fix="df = df.connect.repair(spaces=True).frame")
    form._troubles._list.children = [item := form._troubles._item(problem)]
    form._troubles._fixes[-1].click()
    idle(form)
    assert form._troubles.trial in item.children
    assert "nothing" in form._troubles.preview.value
    assert form._troubles.apply.disabled


def test_undo_where_nothing_was_repaired_does_nothing() -> None:
    form = samples.orders().connect.form("Orders")
    before = form.plan
    form._troubles.undo.click()
    assert form.plan is before
    assert not form._troubles.said.value


def test_rows_that_go_are_shown_as_such() -> None:
    frame = pd.DataFrame({"Order ID": ["a", "a", "b"], "n": [1, 1, 2]})
    form = frame.connect.form("Twice", key="Order ID")
    button(form, "Repair: ").click()
    idle(form)
    assert "the row goes" in form._troubles.preview.value


def keyless() -> pd.DataFrame:
    return pd.DataFrame({"amount": [1.5, 2.5, 2.5], "price": [1.0, 2.0, 2.0]}, index=[7, 8, 9])


def make(form: ImportForm, start: str) -> None:
    """Click a fix and make what it shows."""
    button(form, start).click()
    idle(form)
    form._troubles.apply.click()
    idle(form)


def test_a_frame_without_any_key_is_finished_by_numbering_its_rows(box: Sandbox) -> None:
    frame = keyless()
    form = frame.connect.form("Sums")
    button(form, "Number the rows as Row ID").click()
    idle(form)
    shown = unescape(form._troubles.preview.value)
    assert "0, 1, 2 …: a new column" in shown
    assert "3 rows × 2 columns → 3 rows × 3 columns" in shown
    assert "as long as no row before it comes or goes" in shown
    assert form.plan.key is None
    form._troubles.apply.click()
    idle(form)
    assert form.plan.key == "Row ID"
    assert form.code == (
        'df = df.reset_index(drop=True).reset_index(names="Row ID")\n'
        "job = df.connect.create_reference_set('Sums')"
    )
    assert equal(run(form.code, frame), form.plan)
    assert list(frame.columns) == ["amount", "price"]
    form._import.create.click()
    eventually(lambda: "no difference" in form._import.state.value)
    assert list(box.records("Sums")["Row ID"]) == ["0", "1", "2"]


def test_what_was_chosen_of_a_new_column_goes_with_it() -> None:
    frame = keyless()
    form = frame.connect.form("Sums")
    row(form, "price").include.control.value = False
    make(form, "Number the rows")
    row(form, "Row ID").name.control.value = "Number"
    form._table.key.control.value = 0
    assert [a.name for a in form.plan.attributes] == ["Number", "amount"]
    assert equal(run(form.code, frame), form.plan)
    form._troubles.undo.click()
    idle(form)
    assert (form.plan.options.key, form.plan.options.names) == (None, None)
    assert form.code == "job = df.connect.create_reference_set('Sums', columns=['amount'])"
    assert form.plan.key is None


def test_rows_without_and_with_the_key_of_another_go_in_two_steps() -> None:
    frame = pd.DataFrame({"Order ID": [*map(str, range(100, 160)), "100", None], "n": range(62)})
    form = frame.connect.form("Nearly", key="Order ID")
    make(form, "Repair: leaves out")
    make(form, "Repair: keeps the last of each")
    assert len(form.plan.frame) == 60
    assert form.plan.ok
    assert equal(run(form.code, frame), form.plan)
    form = frame.connect.form("Nearly")
    next(b for b in buttons(form) if "leaves out" in b.description and "keeps" in b.description).click()
    idle(form)
    shown = unescape(form._troubles.preview.value)
    assert "'100': the row goes" in shown
    assert "62 rows × 2 columns → 60 rows × 2 columns" in shown
    form._troubles.apply.click()
    idle(form)
    assert equal(run(form.code, frame), form.plan)
    assert len(form.plan.frame) == 60


def test_the_column_that_comes_nearest_leads_to_a_key_in_steps() -> None:
    vouchers = ["x1", "x2", None, "x2", "x5", "x6"]
    frame = pd.DataFrame(
        {"Shop": list("AABBAB"), "Voucher": vouchers, "Amount": [1.5, 2.5, 2.5, 3.5, 1.5, 2.5]}
    )
    form = frame.connect.form("Vouchers")
    button(form, "Use key='Voucher': shows the rows in its way").click()
    assert {p.code for p in form.plan.problems.errors} == {"missing-key", "duplicate-key"}
    make(form, "Repair: leaves out 1 row without one")
    make(form, "Repair: keeps the last of each: 1 row goes")
    assert (form.plan.ok, form.plan.rows) == (True, 4)
    assert equal(run(form.code, frame), form.plan)


def test_an_index_becomes_a_column_and_part_of_the_key() -> None:
    frame = pd.DataFrame(
        {"line": ["1", "2", "1"], "n": [1.5, 1.5, 1.5]}, index=pd.Index([*"qqr"], name="order id")
    )
    form = frame.connect.form("Lines")
    make(form, "Repair: makes a column of the index; makes one key of them")
    assert form.plan.options.key == ("order id", "line")
    assert form.plan.ok
    assert equal(run(form.code, frame), form.plan)
    form._troubles.undo.click()
    idle(form)
    assert form.plan.frame.index.name == "order id"
    assert form.plan.options.key == ("order id", "line")


def test_a_repair_opens_at_its_own_problem() -> None:
    form = messy().connect.form("Messy")
    first, second = form._troubles._list.children[:2]
    trial = form._troubles.trial
    button(form, "Repair: makes a space").click()
    idle(form)
    assert (first.children[-1] is trial, trial in second.children) == (True, False)
    button(form, "Repair: makes them missing").click()
    idle(form)
    assert (trial in first.children, second.children[-1] is trial) == (False, True)
    form._troubles.leave.click()
    assert trial not in second.children
    form.close()
    assert trial.comm is None


@pytest.mark.parametrize(
    "fix",
    [
        "df = df.drop(columns=['a'])",
        "df = df.reset_index(__import__('os').getcwd())",
        "df = df.reset_index(names=[x for x in 'a'])",
        "df = other.reset_index(drop=True)",
        "df.columns = ['a']",
        'plan = df.connect.plan("Name", key="…")',
        "df = df.connect.repair(dates=[…",
        "",
    ],
)
def test_other_lines_are_for_a_person_to_write(fix: str) -> None:
    assert list(fixes(Problem("no-key", "Something.", fix=fix))) == []


def test_what_is_wrong_in_the_page_stands_in_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    form = samples.orders().connect.form("Orders")

    def broken(*_given: Any) -> Any:
        raise RuntimeError("no luck")

    form._view.value = "JSON"
    monkeypatch.setattr(connect_pandas.ImportPlan, "head", broken)
    before = form.plan
    form._view.value = "File"
    assert "RuntimeError: no luck" in form._preview.value
    control(form, "header").value = False
    assert "RuntimeError: no luck" in form._fields["header"].said.value
    assert form.plan is before


def test_another_key_than_a_renamed_one_of_several_columns() -> None:
    frame = pd.DataFrame({"order id": ["a", "b", "c"], "line": ["1", "2", "1"], "n": [1, 1, 1]})
    form = frame.connect.form("Lines", key=["order id", "line"])
    form._table.rows[0].name.control.value = "Line of an order"
    assert form.plan.attributes[0].name == "Line of an order"
    row(form, "order id").key.control.value = 0
    assert (form.plan.key, form.plan.options.names) == ("order id", None)
    row(form, "n").key.control.value = 2
    assert form.plan.key == "n"
    assert [r.key.control.value for r in form._table.rows[:3]] == [None, None, 2]


@pytest.mark.parametrize("label", ["", (), 0, False])
def test_a_key_of_an_odd_label_is_in_the_code(label: Any) -> None:
    frame = pd.DataFrame([["a", 1], ["b", 2]], columns=pd.Index([label, "n"], dtype=object))
    form = frame.connect.form("Odd", key=label)
    assert equal(run(form.code, frame), form.plan)


def test_a_closed_form_leaves_no_widget_behind() -> None:
    before = set(_all_widgets())
    form = messy().connect.form("Messy")
    assert len(set(_all_widgets()) - before) > 50
    form.close()
    assert len(set(_all_widgets()) - before) < 20  # the layouts that ipywidgets shares


def _all_widgets() -> list[str]:
    return list(widgets.widget._instances)


# ── the import ───────────────────────────────────────────────────────────────────────────────────────────────


def test_create_imports_once_and_shows_the_end(box: Sandbox) -> None:
    form = samples.orders().connect.form("Orders")
    form._import.create.click()
    form._import.create.click()
    eventually(lambda: "no difference" in form._import.state.value)
    assert form.job is not None
    assert form.job.status == "completed"
    assert len(box.jobs) == 1
    form._import.create.click()
    assert len(box.jobs) == 1
    assert control(form, "name").disabled
    assert row(form, "Amount").type.control.disabled


def test_a_taken_name_is_known_before_anything_is_sent(box: Sandbox) -> None:
    samples.orders().connect.create_reference_set("Orders", progress=False).wait()
    form = samples.orders().connect.form("Orders")
    eventually(lambda: "choose another name" in form._import.why.value)
    assert form._import.create.disabled
    control(form, "name").value = "Orders2"
    assert not form._import.create.disabled


def test_an_error_stands_in_the_form_in_words_and_allows_another_try(box: Sandbox) -> None:
    form = samples.orders().connect.form("Orders")
    eventually(lambda: not any(t.name == "connect-pandas-names" for t in threading.enumerate()))
    samples.orders().head(3).connect.create_reference_set("Orders", progress=False).wait()
    form._import.create.click()
    eventually(lambda: "is taken" in form._import.said.value)
    eventually(lambda: not form._import.create.disabled)
    assert form.job is None
    control(form, "name").value = "Orders2"
    form._import.create.click()
    eventually(lambda: "no difference" in form._import.state.value)


def test_a_form_over_data_that_were_imported_before_shows_that_job(box: Sandbox) -> None:
    form = samples.orders().connect.form("Orders")
    eventually(lambda: not any(t.name == "connect-pandas-names" for t in threading.enumerate()))
    before = samples.orders().connect.create_reference_set("Orders", progress=False)
    form._import.create.click()
    eventually(lambda: "no difference" in form._import.state.value)
    assert "from the same data" in form._import.before.value
    assert form.job is not None
    assert (form.job.id, len(box.jobs)) == (before.id, 1)


def test_an_import_that_another_kernel_has_begun_is_remembered(box: Sandbox) -> None:
    job = samples.orders().connect.create_reference_set("Orders", progress=False)
    form = samples.orders().connect.form("Orders")
    eventually(lambda: job.filename in form._import.before.value)
    assert "has not seen its end" in form._import.before.value
    control(form, "name").value = "Orders2"
    assert not form._import.before.value
    job.wait(progress=False)
    again = samples.orders().connect.form("Orders")
    eventually(lambda: "choose another name" in again._import.why.value)
    assert not again._import.before.value


def test_without_a_connection_the_form_says_how_to_connect() -> None:
    form = samples.orders().connect.form("Orders")
    form._import.create.click()
    eventually(lambda: "connect_pandas.sandbox()" in form._import.said.value)
    eventually(lambda: not form._import.create.disabled)


def test_cancel_leaves_nothing_on_the_server(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    form = samples.orders().connect.form("Orders")
    reached, go_on = threading.Event(), threading.Event()
    pieces = connect_pandas.ImportPlan.pieces

    def slow(plan: connect_pandas.ImportPlan) -> Iterator[tuple[bytes, int]]:
        for piece in pieces(plan):
            yield piece
            reached.set()
            go_on.wait(30)

    monkeypatch.setattr(connect_pandas.ImportPlan, "pieces", slow)
    form._import.create.click()
    assert reached.wait(30)
    form._import.cancel.click()
    go_on.set()
    eventually(lambda: not form._import.create.disabled)
    assert "ancelled" in form._import.said.value
    assert form.job is None
    assert len(box.files) == 0
    assert len(box.jobs) == 0
    monkeypatch.undo()
    form._import.create.click()
    eventually(lambda: "no difference" in form._import.state.value)


def test_a_frame_that_has_changed_since_is_not_imported_by_mistake(box: Sandbox) -> None:
    frame = samples.orders()
    form = frame.connect.form("Orders")
    frame.loc[0, "Amount"] = 1.0
    form._import.create.click()
    eventually(lambda: "has changed" in form._import.said.value)
    eventually(lambda: not form._import.create.disabled)
    assert form.job is None
    assert len(box.jobs) == 0
    form._troubles.again.click()
    idle(form)
    assert form.plan.frame.loc[0, "Amount"] == 1.0
    form._import.create.click()
    eventually(lambda: "no difference" in form._import.state.value)


def test_a_click_that_was_on_its_way_sends_no_plan_with_errors(box: Sandbox) -> None:
    form = samples.orders().connect.form("Orders")
    row(form, "Client ID").key.control.value = 1
    form._import._begin()
    eventually(lambda: "Nothing was sent: 1 error" in form._import.said.value)
    control(form, "notify").value = "nobody"
    form._table.key.control.value = 0
    eventually(lambda: not form._import.has_begun)
    form._import._begin()
    eventually(lambda: "wrong with 'Notify'" in unescape(form._import.said.value))
    eventually(lambda: not form._import.has_begun)
    assert form.job is None
    assert len(box.jobs) == 0


def test_a_box_is_no_connection(box: Sandbox) -> None:
    with pytest.raises(connect_pandas.PlanError, match=r"whose own is its \.connection"):
        samples.orders().connect.form("Orders", connection=box)  # type: ignore[arg-type]


def test_another_error_allows_another_try(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    form = samples.orders().connect.form("Orders")
    monkeypatch.setattr(form_import, "current", lambda: 1 / 0)
    form._import.create.click()
    eventually(lambda: "ZeroDivisionError" in form._import.said.value)
    eventually(lambda: not form._import.create.disabled)


def test_names_of_another_connection_are_forgotten() -> None:
    with connect_pandas.sandbox():
        samples.orders().head(3).connect.create_reference_set("Orders", progress=False).wait(progress=False)
        form = samples.orders().connect.form("Orders")
        eventually(lambda: "choose another name" in form._import.why.value)
        assert "a sandbox" in form._import.to.value
    with connect_pandas.sandbox():
        control(form, "folder").value = "RS"
        eventually(lambda: not form._import.create.disabled)
    control(form, "folder").value = "RS/Orders"
    assert "The sandbox has stopped" in form._import.to.value


def test_a_form_notices_a_connection_and_its_end_when_a_cell_has_run() -> None:
    form = samples.orders().connect.form("Orders")
    assert "connect_pandas.sandbox()" in form._import.to.value
    with connect_pandas.sandbox() as box:
        samples.orders().head(3).connect.create_reference_set("Orders", progress=False).wait(progress=False)
        given = samples.orders().connect.form("Others", connection=box.connection)
        after_cells.look_up()
        assert "a sandbox" in form._import.to.value
        eventually(lambda: "choose another name" in form._import.why.value)
        asked = form._known
        after_cells.look_up()
        assert form._known is asked  # once is enough
    assert "a sandbox" in form._import.to.value
    after_cells.look_up()
    assert "The sandbox has stopped" in form._import.to.value
    assert "This sandbox has stopped" in given._import.to.value
    assert not form._import.why.value
    form.close()
    with connect_pandas.sandbox():
        after_cells.look_up()
        assert "The sandbox has stopped" in form._import.to.value  # a closed form does not look any more


def test_where_there_is_no_room_the_way_to_make_some_is_said_before(box: Sandbox) -> None:
    for name in "ABCDE":
        samples.orders().head(2).connect.create_reference_set(name, progress=False).wait(progress=False)
    form = samples.orders().connect.form("Orders")
    eventually(lambda: "The subscription has 5 reference sets already" in form._import.to.value)
    assert box.explorer in form._import.to.value
    assert "deleteDataSet" in form._import.to.value
    assert not form._import.create.disabled  # the service may give more than by default


def test_of_two_sandboxes_each_says_which_is_current() -> None:
    with connect_pandas.sandbox() as first:
        assert "the session's current one; nothing" in repr(first)
        with connect_pandas.sandbox() as second:
            assert "the session's current one; nothing" in repr(second)
            port = second.connection.port
            assert (
                f"not the session's current one, which is of another sandbox, {USER} at 127.0.0.1, port {port}"
                in (" ".join(repr(first).split()))
            )


def test_an_import_that_nobody_confirmed_is_not_begun_anew(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unanswered(*_given: Any) -> Any:
        raise connect_pandas.ImportUnconfirmed("Nobody answered.")

    form = samples.orders().connect.form("Orders")
    monkeypatch.setattr("connect_pandas.service.graphql.Api.create_import_job", unanswered)
    form._import.create.click()
    eventually(lambda: "Nobody answered" in form._import.said.value)
    eventually(lambda: "connect-pandas-import" not in {t.name for t in threading.enumerate()})
    assert form._import.create.disabled
    assert form.job is not None
    assert form.job.seen.status == "unknown"
    assert "submitted" in form._import.state.value


def test_a_connection_that_is_lost_while_it_waits_is_said() -> None:
    with Sandbox(import_delay=30) as box:
        form = samples.orders().connect.form("Orders", connection=box.connection)
        assert form.code.endswith("connection=connection)")
        form._import.create.click()
        eventually(lambda: form.job is not None)
        eventually(lambda: "still on the server" in form._import.state.value)
        assert form._import.cancel.disabled
    eventually(lambda: "stopped" in form._import.said.value or "could not" in form._import.said.value)


@pytest.mark.parametrize(
    ("done", "sent", "seconds", "said"),
    [
        (0, 0, 0.0, "0 of 2,000 rows"),
        (500, 31_000_000, 0.5, "500 of 2,000 rows · 31 MB · 62 MB a second · about 2 s left"),
        (10, 100, 60.0, "10 of 2,000 rows · 100 bytes · 2 bytes a second · about 199 min 0 s left"),
        (2_000, 2_500_000_000, 10.0, "2,000 of 2,000 rows · 2.5 GB · 250 MB a second"),
    ],
)
def test_progress_in_words(done: int, sent: int, seconds: float, said: str) -> None:
    assert form_import._far(done, 2_000, "rows", sent, seconds) == said


def test_a_column_named_like_markup_is_shown_as_text() -> None:
    frame = pd.DataFrame({"id": ["a", "b"], "<script>alert(1)</script>": ["<b>", "&\n"]})
    form = ImportForm(connect_pandas.plan(frame, "Markup"))
    shown = [w.value for w in (form._preview, form._line, form._troubles.preview)]
    shown += [r.about.value for r in form._table.rows]
    shown += [item.children[0].value for item in form._troubles._list.children]
    assert not any("<script>" in html or "<b>" in html for html in shown)
    assert any("&lt;b&gt;" in html for html in shown)
