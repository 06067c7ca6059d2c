"""The form as a person uses it: by mouse, by keyboard, with mistakes, to the end and not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from playwright.sync_api import expect

from tests.browser.test_in_jupyterlab import QUICK_SANDBOX

if TYPE_CHECKING:
    from playwright.sync_api import Locator

    from tests.browser.lab import Lab

ORDERS: Final = f'{QUICK_SANDBOX}\nform = samples.orders().connect.form("Orders")\nform'
MESSY: Final = """
import pandas as pd
import connect_pandas

df = pd.DataFrame({
    "Order ID": ["A1", "A2", "A3", "A4"],
    "Note": ["one\\ntwo", "three", None, "x"],
    "Amount": ["1", "2", "N/A", "4"],
    "Date": ["2/10/25", "3/10/25", "13/10/25", "1/1/25"],
    "Phone": ["+4930123456", "030 1234567", "+4915112345678", None],
})
form = df.connect.form("Messy")
form
"""
SLOW: Final = """
import threading
from connect_pandas import ImportPlan

go_on, quick = threading.Event(), ImportPlan.pieces

def slow(plan):
    for piece in quick(plan):
        yield piece
        if threading.current_thread().name == "connect-pandas-import":  # not for the preview's sake
            go_on.wait(30)

ImportPlan.pieces = slow
"""


def form_of(lab: Lab, cell: int = 0) -> Locator:
    return lab.output(cell).locator(".connect-pandas-form")


def part(form: Locator, name: str) -> Locator:
    return form.locator(f".connect-pandas-{name}")


def row(form: Locator, column: str) -> Locator:
    """Return the row of a column, which its own box names."""
    box = form.page.get_by_role("checkbox", name=column, exact=True)
    return part(form, "row").filter(has=box)


def create(form: Locator) -> Locator:
    return form.get_by_role("button", name="Create")


def test_from_a_mistake_to_a_set(lab: Lab) -> None:
    lab.open_cells(ORDERS, "print(form.job.status, len(box.jobs), form.plan.notify, form.code)")
    lab.run_cell(0)
    form = form_of(lab)
    expect(part(form, "line")).to_contain_text("create_reference_set('Orders')")
    row(form, "Client ID").get_by_role("radio").check()
    expect(row(form, "Client ID").get_by_role("alert")).to_contain_text("repeats the key")
    expect(row(form, "Order ID").get_by_role("radio")).not_to_be_checked()
    expect(create(form)).to_be_disabled()
    expect(part(form, "why")).to_contain_text("1 error")
    part(form, "key").locator("select").select_option("Order ID · unique and complete")
    expect(create(form)).to_be_enabled()
    addresses = form.get_by_label("Notify")
    addresses.fill("ann@shop.example\nnobody")
    addresses.blur()
    expect(form.get_by_role("alert")).to_contain_text("'nobody' is no e-mail address")
    expect(create(form)).to_be_disabled()
    addresses.fill("ann@shop.example")
    addresses.blur()
    form.get_by_label("Data set").press_sequentially("!")
    expect(form.get_by_role("alert")).to_contain_text("cannot name a data set")
    form.get_by_label("Data set").fill("Orders_2024")
    expect(form.get_by_role("alert")).to_have_count(0)
    row(form, "Amount").get_by_label("Name of Amount").fill("Total")
    row(form, "Amount").get_by_label("Name of Amount").press("Enter")
    expect(part(form, "preview")).to_contain_text("Order ID,Client ID,Total")
    form.get_by_role("button", name="JSON").click()
    expect(part(form, "preview")).to_contain_text('"name": "Total"')
    lab.shot("form-ready")
    create(form).dblclick()
    expect(part(form, "state")).to_contain_text("no difference")
    lab.shot("form-done")
    assert lab.axe(form) == []
    form.get_by_role("button", name="Copy").click()
    assert "create_reference_set('Orders_2024'" in lab.page.evaluate("() => getSelection().toString()")
    lab.run_cell(1)
    expect(lab.output(1)).to_contain_text(
        "completed 1 ('ann@shop.example',) job = df.connect.create_reference_set('Orders_2024', "
        "key='Order ID', names={'Amount': 'Total'}, notify='ann@shop.example')"
    )


def reads_in_both_themes(lab: Lab, form: Locator, name: str) -> None:
    for theme in ("light", "dark"):
        lab.theme(theme)
        lab.shot(f"{name}-{theme}")
        assert lab.axe(form) == []


def test_with_everything_wrong_it_reads_in_both_themes_and_a_repair_is_seen_made_and_undone(lab: Lab) -> None:
    lab.open_cells(MESSY, "print(form.code)")
    lab.run_cell(0)
    form = form_of(lab)
    expect(part(form, "why")).to_contain_text("4 errors")
    form.get_by_role("button", name="Repair: makes a space of it").click()
    expect(part(form, "trial")).to_contain_text("'one two'")
    reads_in_both_themes(lab, form, "form-messy")
    form.get_by_role("button", name="Make this repair").click()
    expect(part(form, "why")).to_contain_text("3 errors")
    expect(part(form, "line")).to_contain_text("df.connect.repair(columns=['Note'])")
    form.get_by_role("button", name="Undo the last repair").click()
    expect(part(form, "why")).to_contain_text("4 errors")
    form.get_by_role("button", name="Use types={'Amount': 'TEXT'}").click()
    expect(part(form, "why")).to_contain_text("3 errors")
    expect(row(form, "Amount").get_by_label("Type of Amount")).to_have_value("TEXT")
    lab.run_cell(1)
    expect(lab.output(1)).to_contain_text("create_reference_set('Messy', types={'Amount': 'TEXT'})")


def test_cancel_in_mid_upload_leaves_nothing_and_the_kernel_usable(lab: Lab) -> None:
    lab.open_cells(
        QUICK_SANDBOX + SLOW + 'form = samples.orders().connect.form("Orders")\nform',
        'print("the kernel answers", 6 * 7)',
        "go_on.set()",
        "print(len(box.files), len(box.jobs), form.job)",
    )
    lab.run_cell(0)
    form = form_of(lab)
    create(form).click()
    expect(part(form, "far")).to_contain_text("Uploading")
    lab.run_cell(1)
    expect(lab.output(1)).to_contain_text("the kernel answers 42")
    form.get_by_role("button", name="Cancel").click()
    expect(part(form, "in-sight")).to_contain_text("Cancelling")
    lab.run_cell(2)
    expect(part(form, "in-sight").get_by_role("alert")).to_contain_text("Nothing was left behind")
    expect(create(form)).to_be_enabled()
    lab.shot("form-cancelled")
    lab.run_cell(3)
    expect(lab.output(3)).to_contain_text("0 0 None")
    create(form).click()
    expect(part(form, "state")).to_contain_text("no difference")


def test_two_hundred_columns_on_pages_of_twenty(lab: Lab) -> None:
    lab.open_cells(
        "import pandas as pd\nimport connect_pandas\n"
        'df = pd.DataFrame({f"col {i}": [f"v{i}", f"w{i}"] for i in range(200)}).assign(Note=["a\\nb", "c"])\n'
        'form = df.connect.form("Wide", key="col 0")\nform'
    )
    lab.run_cell(0)
    form = form_of(lab)
    expect(part(form, "row")).to_have_count(21)
    form.get_by_role("button", name="Next").click()
    expect(part(form, "place")).to_contain_text("21–40 of 201")
    expect(row(form, "col 39")).to_be_visible()
    form.get_by_label("Find").press_sequentially("col 19")
    expect(part(form, "row")).to_have_count(12)
    row(form, "col 199").get_by_label("Type of col 199").select_option("TEXT")
    form.get_by_label("Find").fill("")
    form.get_by_role("checkbox", name="only what needs a look").check()
    expect(part(form, "row")).to_have_count(2)
    expect(row(form, "Note").get_by_role("alert")).to_contain_text("line break")


_FOCUSED: Final = """() => {
    const at = document.activeElement;
    const label = at.labels?.[0]?.textContent || at.getAttribute("aria-label") || at.textContent;
    return [Boolean(at.closest(".connect-pandas-form")), (label || "").trim()];
}"""


def test_the_keyboard_reaches_everything(lab: Lab) -> None:
    lab.open_cells(ORDERS, "print(form.plan.name, form.plan.key, form.job.status)")
    lab.run_cell(0)
    form = form_of(lab)
    expect(create(form)).to_be_enabled()
    form.get_by_label("Data set").focus()
    reached = ["Data set"]
    for _ in range(80):
        lab.page.keyboard.press("Tab")
        inside, label = lab.page.evaluate(_FOCUSED)
        reached.append(label)
        if not inside or label == "Create":
            break
    wanted = [
        "Data set",
        "Notify",
        "Key",
        "Find",
        "only what needs a look",
        "Name of Order ID",
        "Type of Date",
    ]
    wanted += ["Folder", "Job", "Delimiter", "Dates", "the file begins with the names", "Create"]
    assert [label for label in reached if label in wanted] == wanted
    lab.page.keyboard.press("Space")
    expect(part(form, "state")).to_contain_text("no difference")
    lab.run_cell(1)
    expect(lab.output(1)).to_contain_text("Orders Order ID completed")


def test_it_reads_in_both_themes_and_sees_the_connection_that_another_cell_makes(lab: Lab) -> None:
    lab.open_cells(
        'from connect_pandas import samples\nform = samples.orders().connect.form("Orders")\nform',
        QUICK_SANDBOX,
        "box.stop()",
        "form.plan.name",
    )
    lab.run_cell(0)
    form = form_of(lab)
    expect(create(form)).to_be_visible()
    lab.run_cell(3)
    expect(lab.output(3)).to_contain_text("'Orders'")
    reads_in_both_themes(lab, form, "form")
    expect(part(form, "to")).to_contain_text("There is no connection yet")
    lab.run_cell(1)
    expect(part(form, "to")).to_contain_text("a sandbox")
    lab.run_cell(2)
    expect(part(form, "to")).to_contain_text("The sandbox has stopped")
