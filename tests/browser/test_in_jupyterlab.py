"""What a person sees in JupyterLab: notebooks, reprs in both themes, names that would be scripts."""

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


def test_what_shows_itself_reads_in_both_themes_and_where_it_is_not_trusted(lab: Lab, tmp_path: Path) -> None:
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
    shown = [lab.output(cell).text_content() for cell in seen]
    kept = [new_code_cell(outputs=nbformat.from_dict(outputs)) for outputs in lab.outputs()]
    nbformat.write(new_notebook(cells=kept, metadata={"kernelspec": KERNEL}), tmp_path / "received.ipynb")
    lab.open(tmp_path / "received.ipynb")
    expect(lab.output(7)).to_contain_text("Sandbox")
    expect(lab.page.locator(".jp-OutputArea-output.jp-mod-trusted")).to_have_count(0)
    assert [lab.output(cell).text_content() for cell in seen] == shown
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

SHOWN: Final = (
    'frame("connect").connect',
    'frame("plan").connect.plan("Orders", key="id")',
    'frame("problems").connect.plan("Orders", key="id").problems',
    'frame("problem").connect.plan("Orders", key="id").problems[0]',
    'frame("attribute").connect.infer().items[0]',
    'frame("repair").connect.repair()',
    'frame("form").connect.form("Orders")',
)

SENT: Final = """
import dataclasses
from connect_pandas import Sandbox

words = [
    "<script>window.ran = true; alert(1)</script>",
    "<img src=x onerror='window.ran = true; alert(1)'>",
    "'\\"><svg onload=alert(1)>",
    "<a href='javascript:alert(1)'>click</a>",
]
box = Sandbox(import_delay=0)
sent = pd.DataFrame({words[0]: words, **{word: words for word in words[1:]}})
plan = connect_pandas.plan(sent, "Hostile", key=words[0], job_name=words[1], filename="<b>x.csv".replace("/", ""))
job = plan.submit(box.connection, progress=False)
job.wait(progress=False)
odd = dataclasses.replace(box.connection, kind="account", profile=words[1], directory=words[2], domain=words[0])
"""

SHOWN_OF_IT: Final = (
    "job",
    "job.verify()",
    "box",
    "odd",
    "odd.check()",
    "connect_pandas.plan(sent, 'Hostile', key=words[0], notify='ann@shop.example')",
)
"""Also what has been to the service and back."""


def test_no_name_or_value_is_ever_a_script(lab: Lab) -> None:
    shown = (HOSTILE, *SHOWN, SENT, *SHOWN_OF_IT)
    lab.open_cells(
        *shown, 'from IPython.display import HTML\nHTML("".join(hostile("unescaped")))', "HTML(words[1])"
    )
    unescaped = len(shown)
    form, sent = len(SHOWN), len(SHOWN) + 1
    for cell in range(unescaped):
        lab.run_cell(cell)
    assert lab.errors() == []
    expect(lab.output(3)).to_contain_text("<script>")
    expect(lab.output(form).locator(".connect-pandas-form")).to_contain_text("<script>")
    expect(lab.output(unescaped - 1)).to_contain_text("<script>")
    for cell in sorted({*range(1, unescaped)} - {sent}):
        expect(lab.output(cell).locator("script, img, svg, iframe, a[href^=javascript]")).to_have_count(0)
    assert not lab.page.evaluate("() => window.ran")
    # What is shown last and not escaped does run, in more ways than one: what was shown before had its time, and the
    # search above could have found something.
    with lab.page.expect_event("dialog"):
        lab.run_cell(unescaped)
    lab.page.wait_for_function("() => window.ran?.length >= 3")
    assert set(lab.page.evaluate("() => window.ran")) == {"unescaped"}
    assert set(lab.dialogs) == {"dialog: unescaped"}
    with lab.page.expect_event("dialog", lambda dialog: dialog.message == "1"):
        lab.run_cell(unescaped + 1)
    assert lab.page.evaluate("() => window.ran") is True
