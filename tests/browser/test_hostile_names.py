"""Names and values that would be scripts are shown as text, also by what has been to the service and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from playwright.sync_api import expect

if TYPE_CHECKING:
    from tests.browser.lab import Lab

SENT: Final = """
import dataclasses
import pandas as pd
import connect_pandas
from connect_pandas import Sandbox

words = [
    "<script>window.ran = true; alert(1)</script>",
    "<img src=x onerror='window.ran = true; alert(1)'>",
    "'\\"><svg onload=alert(1)>",
    "<a href='javascript:alert(1)'>click</a>",
]
box = Sandbox(import_delay=0)
frame = pd.DataFrame({words[0]: words, **{word: words for word in words[1:]}})
plan = connect_pandas.plan(frame, "Hostile", key=words[0], job_name=words[1], filename="<b>x.csv".replace("/", ""))
job = plan.submit(box.connection, progress=False)
job.wait(progress=False)
odd = dataclasses.replace(box.connection, kind="account", profile=words[1], directory=words[2], domain=words[0])
"""

SHOWN: Final = (
    "job",
    "job.verify()",
    "box",
    "odd",
    "odd.check()",
    "connect_pandas.plan(frame, 'Hostile', key=words[0], notify='ann@shop.example')",
)


def test_what_was_sent_is_shown_as_text(lab: Lab) -> None:
    lab.open_cells(SENT, *SHOWN, "from IPython.display import HTML\nHTML(words[1])")
    last = len(SHOWN) + 1
    for cell in range(last):
        lab.run_cell(cell)
    assert lab.errors() == []
    for cell in range(1, last):
        expect(lab.output(cell).locator("script, img, svg, iframe, a[href^=javascript]")).to_have_count(0)
    expect(lab.output(last - 1)).to_contain_text("<script>")
    assert not lab.page.evaluate("() => window.ran")
    # What is not escaped does run: the search above could have found something.
    with lab.page.expect_event("dialog"):
        lab.run_cell(last)
    assert lab.page.evaluate("() => window.ran")
