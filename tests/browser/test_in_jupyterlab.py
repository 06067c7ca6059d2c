"""What a person sees in JupyterLab: notebooks, reprs in both themes, names that would be scripts, the form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

from tests.browser.lab import KERNEL

if TYPE_CHECKING:
    from tests.browser.lab import Lab

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))

QUICK_SANDBOX: Final = """
import connect_pandas
from connect_pandas import Sandbox, samples
from connect_pandas.service.connection import use

box = Sandbox(import_delay=0)
use(box.connection)
"""
"""The sandbox as a user starts it, but for the wait before an import."""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs(lab: Lab, path: Path) -> None:
    lab.open(path)
    lab.run_all()
    assert lab.errors() == []
    expect(lab.page.get_by_text("Error displaying widget")).to_have_count(0)
    lab.shot(path.stem)


def test_what_shows_itself_reads_in_both_themes(lab: Lab) -> None:
    lab.open_cells(
        QUICK_SANDBOX,
        'broken = samples.orders()\nbroken.loc[3, "Order ID"] = 8783845\nbroken.connect',
        'plan = broken.connect.plan("Orders", key="Order ID")\nplan',
        "plan.problems",
        "broken.connect.repair()",
        'job = samples.orders().connect.create_reference_set("Orders", progress=False)\njob.wait(progress=False)\njob',
        "box.connection",
        "box",
    )
    lab.run_all()
    assert lab.errors() == []
    seen = {
        1: "Order ID",
        2: "duplicate-key",
        3: "repeats the key",
        4: "Order ID",
        5: "completed",
        6: "127.0.0.1",
        7: "Sandbox",
    }
    for theme in ("light", "dark"):
        lab.theme(theme)
        lab.shot(f"reprs-{theme}")
        for cell, words in seen.items():
            expect(lab.output(cell)).to_contain_text(words)
            assert lab.axe(lab.output(cell)) == []


def test_a_notebook_that_is_not_trusted_shows_all_of_it(lab: Lab, tmp_path: Path) -> None:
    sources = ("samples.orders().connect", 'samples.orders().connect.plan("Orders")')
    lab.open_cells("from connect_pandas import samples", *sources)
    lab.run_all()
    expect(lab.output(2)).to_contain_text("Import plan")
    shown = [lab.output(i).text_content() for i in (1, 2)]
    kept = [
        new_code_cell(source, outputs=nbformat.from_dict(outputs))
        for source, outputs in zip(sources, lab.outputs()[1:], strict=True)
    ]
    nbformat.write(new_notebook(cells=kept, metadata={"kernelspec": KERNEL}), tmp_path / "received.ipynb")
    lab.open(tmp_path / "received.ipynb")
    expect(lab.output(1)).to_contain_text("Import plan")
    expect(lab.page.locator(".jp-OutputArea-output.jp-mod-trusted")).to_have_count(0)
    assert [lab.output(i).text_content() for i in (0, 1)] == shown
    lab.shot("not-trusted")


def test_the_check_of_contrast_sees_what_is_hard_to_read(lab: Lab) -> None:
    lab.open_cells(
        "from IPython.display import HTML\n"
        """HTML('<p style="color: #ccc; background: #fff">pale</p><p style="color: #333; background: #fff">dark</p>')"""
    )
    lab.run_all()
    expect(lab.output(0)).to_contain_text("pale")
    assert [(found.rule, "pale" in found.html) for found in lab.axe(lab.output(0))] == [
        ("color-contrast", True)
    ]


HOSTILE: Final = """
import connect_pandas
import pandas as pd

def hostile(mark):
    does = f"window.ran = [...(window.ran || []), '{mark}']; alert('{mark}')"
    return [
        f"<script>{does}</script>",
        f'<img src=x onerror="{does}">',
        f'"><svg onload="{does}">',
        f"</td></table></style><script>{does}</script>",
        f"<iframe srcdoc=\\"<script>parent.{does.replace(';', '; parent.')}</script>\\"></iframe>",
    ]

def frame(mark):
    words = hostile(mark)
    return pd.DataFrame({"id": [words[0], words[0], *words[1:4]], **{word: [f"{word}\\n"] * 5 for word in words}})
"""


def test_no_name_or_value_is_ever_a_script(lab: Lab) -> None:
    lab.open_cells(
        HOSTILE,
        'frame("connect").connect',
        'frame("plan").connect.plan("Orders", key="id")',
        'frame("problems").connect.plan("Orders", key="id").problems',
        'frame("problem").connect.plan("Orders", key="id").problems[0]',
        'frame("attribute").connect.infer().items[0]',
        'frame("repair").connect.repair()',
        'frame("form").connect.form("Orders")',
        'from IPython.display import HTML\nHTML("".join(hostile("unescaped")))',
    )
    last = 8
    for cell in range(last):
        lab.run_cell(cell)
    assert lab.errors() == []
    expect(lab.output(3)).to_contain_text("<script>")
    expect(lab.output(last - 1).locator(".connect-pandas-form")).to_contain_text("<script>")
    for cell in range(1, last):
        expect(lab.output(cell).locator("script, img, svg, iframe")).to_have_count(0)
    # What is shown last and not escaped does run, in more ways than one: what was shown before had its time.
    with lab.page.expect_event("dialog"):
        lab.run_cell(last)
    lab.page.wait_for_function("() => window.ran?.length >= 3")
    assert set(lab.page.evaluate("() => window.ran")) == {"unescaped"}
    assert set(lab.dialogs) == {"dialog: unescaped"}


def test_the_form_opens_and_reads_in_both_themes(lab: Lab) -> None:
    lab.open_cells(
        'from connect_pandas import samples\nform = samples.orders().connect.form("Orders")\nform',
        "form.plan.name",
    )
    lab.run_cell(0)
    form = lab.output(0).locator(".connect-pandas-form")
    expect(form.get_by_role("button", name="Create")).to_be_visible()
    lab.run_cell(1)
    expect(lab.output(1)).to_contain_text("'Orders'")
    for theme in ("light", "dark"):
        lab.theme(theme)
        lab.shot(f"form-{theme}")
        assert lab.axe(form) == []
