"""The sandbox to look at: below its cell while things happen in it, and its API's explorer page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from connect_pandas import Sandbox, samples
from tests.browser.lab import SCREENSHOTS, axe
from tests.browser.test_in_jupyterlab import QUICK_SANDBOX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import BrowserContext, Page

    from tests.browser.lab import Lab

HELD: Final = """
import threading
from connect_pandas._sandbox.importer import Importer

begin, end, run, fill = threading.Event(), threading.Event(), Importer._run, Importer._fill

def held_run(*given):
    begin.wait(60)
    run(*given)

def held_fill(*given):
    rows = fill(*given)
    end.wait(60)
    return rows

Importer._run, Importer._fill = held_run, held_fill
"""


def test_it_follows_an_import_and_says_when_it_has_stopped(lab: Lab) -> None:
    lab.open_cells(
        HELD + QUICK_SANDBOX + "box",
        'job = samples.orders().connect.create_reference_set("Orders", notify="ann@shop.example", progress=False)',
        "begin.set()",
        "end.set()",
        "box.stop()",
        "box",
    )
    lab.run_cell(0)
    shown = lab.output(0)
    expect(shown).to_contain_text("explorer")
    expect(shown).to_contain_text("files, reference sets, import jobs, mailbox")
    lab.run_cell(1)
    job = shown.get_by_role("row", name="Create Orders").first
    expect(job).to_contain_text("waiting")
    expect(shown).to_contain_text(".csv")
    lab.run_cell(2)
    expect(job).to_contain_text("running")
    lab.run_cell(3)
    expect(job).to_contain_text("completed")
    expect(shown).to_contain_text("ann@shop.example")
    expect(shown).not_to_contain_text(".csv")
    for theme in ("light", "dark"):
        lab.theme(theme)
        lab.shot(f"sandbox-live-{theme}")
        assert lab.axe(shown) == []
    lab.run_cell(4)
    expect(shown).to_contain_text("Stopped: this is what was in it.")
    expect(shown).to_contain_text("completed")
    expect(shown).not_to_contain_text("explorer")
    lab.run_cell(5)
    expect(lab.output(5)).to_contain_text("Sandbox, stopped.")
    assert lab.errors() == []


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(import_delay=0) as box:
        samples.orders().connect.create_reference_set(
            "Orders", connection=box.connection, progress=False
        ).wait(progress=False)
        yield box


@pytest.fixture
def page(browser: BrowserContext) -> Iterator[Page]:
    """A page in which axe-core may do what the explorer's own policy forbids."""
    assert browser.browser is not None
    context = browser.browser.new_context(bypass_csp=True)
    yield context.new_page()
    context.close()


def explorer_of(box: Sandbox) -> str:
    return f"{box.explorer}#key={box.connection.api_key.reveal()}"


def test_the_explorer_asks_for_the_sets(box: Sandbox, browser: BrowserContext) -> None:
    page = browser.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(explorer_of(box))
    answer = page.get_by_role("status")
    expect(page).to_have_url(box.explorer)  # without the key
    page.get_by_role("button", name="Run").click()
    expect(answer).to_contain_text('"name": "Orders"')
    expect(answer).to_contain_text('"name": "Discount coupon"')
    page.get_by_role("button", name="query referenceSetRecords").click()
    expect(page.get_by_label("Query or mutation")).to_be_focused()
    variables = page.get_by_label("Variables (JSON)")
    variables.fill(f'{{"dataSetId": "{box.sets["id"][0]}"}}')
    variables.press("Control+Enter")
    expect(answer).to_contain_text('"totalCount": 8')
    variables.fill("no JSON")
    variables.press("Control+Enter")
    expect(answer).to_contain_text("The variables are not JSON")
    assert said == []  # its policy let it do all of this
    page.close()


def test_the_explorer_refuses_a_wrong_key_in_words(box: Sandbox, page: Page) -> None:
    page.goto(f"{box.explorer}#key=wrong")
    answer = page.get_by_role("status")
    expect(answer).to_contain_text("Unauthorized")
    key = page.get_by_label("API key")
    key.fill("")
    page.get_by_role("button", name="Run").click()
    expect(answer).to_contain_text("HTTP 401")
    key.fill(box.connection.api_key.reveal())
    key.press("Tab")
    expect(page.get_by_role("button", name="mutation createImportJob")).to_be_visible()
    page.get_by_role("button", name="Run").click()
    expect(answer).to_contain_text('"name": "Orders"')


def test_the_explorer_reads_in_both_themes(box: Sandbox, page: Page) -> None:
    page.goto(explorer_of(box))
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("status")).to_contain_text('"name": "Orders"')
    expect(page.get_by_role("button", name="query dataSets")).to_be_visible()
    page.get_by_text("Schema", exact=True).click()
    SCREENSHOTS.mkdir(exist_ok=True)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.screenshot(path=SCREENSHOTS / f"explorer-{theme}.png", full_page=True)
        assert axe(page.locator("html")) == []


def test_the_explorer_says_that_its_sandbox_has_stopped(page: Page) -> None:
    with Sandbox() as gone:
        page.goto(explorer_of(gone))
        expect(page.get_by_role("button", name="query dataSets")).to_be_visible()
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_role("status")).to_contain_text("the sandbox has stopped")
