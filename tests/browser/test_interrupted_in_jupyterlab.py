"""What is broken off, and what is left of it on the page: a cell, a kernel, a notebook that somebody else opens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import nbformat
from playwright.sync_api import expect

from tests.browser.test_form_in_jupyterlab import ORDERS, create, form_of, part
from tests.browser.test_in_jupyterlab import QUICK_SANDBOX

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Locator

    from tests.browser.lab import Lab

SLOW: Final = """
import time
from connect_pandas import ImportPlan

quick = ImportPlan.pieces

def slow(plan):
    yield from quick(plan)
    print("uploading")
    time.sleep(60)

ImportPlan.pieces = slow
"""
DEAD: Final = re.compile("jupyter-widgets-disconnected")
CREATE: Final = 'job = samples.orders().connect.create_reference_set("Orders", progress=False)'


def test_an_interrupted_cell_leaves_nothing_and_says_so(lab: Lab) -> None:
    lab.open_cells(
        QUICK_SANDBOX + SLOW,
        CREATE,
        "print(len(box.files), len(box.jobs))",
        f"ImportPlan.pieces = quick\n{CREATE}\nprint(job.wait(progress=False).status)",
    )
    lab.run_cell(0)
    lab.start_cell(1)
    expect(lab.cell(1)).to_contain_text("uploading")
    lab.interrupt()
    lab.wait()
    assert lab.errors() == ["cell 1: KeyboardInterrupt: "]
    expect(lab.output(1)).to_contain_text("was broken off by this. ")
    lab.shot("interrupted")
    lab.run_cell(2)
    expect(lab.output(2)).to_have_text("0 0\n")
    lab.run_cell(3)
    expect(lab.output(3)).to_have_text("completed\n")


def test_a_form_after_a_restart_of_the_kernel(lab: Lab) -> None:
    lab.open_cells(ORDERS, "import connect_pandas\nconnect_pandas.setup()")
    lab.run_all()
    form, setup = form_of(lab), lab.output(1).locator(".connect-pandas-setup")
    expect(create(form)).to_be_enabled()
    expect(setup).not_to_have_class(DEAD)
    lab.restart()
    for dead in (form, setup):
        expect(dead).to_have_class(DEAD)
        assert "Run its cell again" in dead.evaluate("e => getComputedStyle(e, '::before').content")
    lab.shot("restarted")
    lab.run_all()
    expect(form).not_to_have_class(DEAD)
    create(form).click()
    expect(part(form, "state")).to_contain_text("no difference")
    setup.get_by_label("Domain").select_option("the sandbox that runs here")
    expect(setup).to_contain_text("sftp 127.0.0.1")


def test_a_page_that_is_loaded_again_has_the_form_of_the_running_kernel(lab: Lab) -> None:
    lab.open_cells(ORDERS)
    lab.run_cell(0)
    form_of(lab).get_by_label("Data set").fill("Orders_2024")
    expect(part(form_of(lab), "line")).to_contain_text("Orders_2024")
    lab.save()
    lab.load_again()
    expect(form_of(lab).get_by_label("Data set")).to_have_value("Orders_2024")
    create(form_of(lab)).click()
    expect(part(form_of(lab), "state")).to_contain_text("no difference")


def test_forms_in_a_notebook_that_is_opened_again_later_and_by_somebody_else(
    lab: Lab, tmp_path: Path
) -> None:
    later, received = tmp_path / "later.ipynb", tmp_path / "received.ipynb"
    sign = f"import nbformat, nbformat.sign as s; s.NotebookNotary().sign(nbformat.read({str(later)!r}, 4))"
    lab.open_cells(ORDERS, "connect_pandas.setup()", sign)
    lab.run_cell(0)
    lab.run_cell(1)
    expect(create(form_of(lab))).to_be_enabled()
    form_of(lab).get_by_label("Folder").fill("RS")
    form_of(lab).get_by_label("Folder").blur()
    expect(part(form_of(lab), "line")).to_contain_text("RS")
    for cell in (0, 1):
        expect(kept(lab, cell)).to_be_hidden()  # there is the form
    saved = lab.save()
    assert saved.metadata.widgets  # kept, and still not drawn for who does not trust the notebook
    saved.metadata["received"] = True  # it is not what was signed on this machine any more
    nbformat.write(saved, received)
    del saved.metadata["received"]
    del saved.metadata["widgets"]  # as JupyterLab saves by default
    nbformat.write(saved, later)
    lab.run_cell(2)
    lab.open(later)
    expect(lab.output(0)).to_contain_text("model not found")
    kept_are_shown(lab)
    expect(kept(lab, 0)).to_contain_text("RS")  # as it was at last
    lab.shot("forms-later")
    lab.open(received)
    kept_are_shown(lab)
    expect(lab.page.locator(".jupyter-widgets")).to_have_count(0)
    lab.shot("received-forms")


def kept(lab: Lab, cell: int) -> Locator:
    """Return what a notebook keeps of the form in a cell."""
    return lab.cell(cell).locator("[class^=connect-pandas-kept-]")


def kept_are_shown(lab: Lab) -> None:
    expect(kept(lab, 0)).to_be_visible()
    expect(kept(lab, 0)).to_contain_text("Import plan: reference set 'Orders'")
    expect(kept(lab, 0)).to_contain_text("orders-")
    expect(kept(lab, 1)).to_contain_text("0 of 9 steps done")
    for cell in (0, 1):
        expect(kept(lab, cell)).to_contain_text("run this cell again")
        assert lab.axe(kept(lab, cell)) == []
