"""A JupyterLab for the session, a Chromium for each file, and a page that goes from test to test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.lab import SCREENSHOTS, Lab, chromium, find_chromium, jupyterlab

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from playwright.sync_api import BrowserContext

    from tests.browser.lab import Server

_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    if find_chromium() is None:
        pytest.skip("there is no Chromium here: install Debian's chromium")
    with jupyterlab(tmp_path_factory.mktemp("jupyterlab")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[BrowserContext]:
    with chromium() as context:
        yield context


@pytest.fixture(scope="module")
def labs() -> list[Lab]:
    """The page that the next test goes on with, if there is one: to load JupyterLab costs more than most tests do."""
    return []


@pytest.fixture
def lab(
    browser: BrowserContext, server: Server, labs: list[Lab], request: pytest.FixtureRequest
) -> Iterator[Lab]:
    """A page with nothing open; where the test fails, a picture of it and what it said are kept."""
    lab = labs.pop() if labs else Lab(server, browser.new_page())
    picture = SCREENSHOTS / f"failed-{request.node.name}.png"
    picture.unlink(missing_ok=True)
    yield lab
    if request.node.stash.get(_FAILED, False):
        SCREENSHOTS.mkdir(exist_ok=True)
        lab.page.screenshot(path=picture)
        request.node.add_report_section("teardown", "page", "\n".join(lab.said))
    elif not lab.dialogs:  # a script that ran, as it was meant to, is not done with by its dialog
        lab.close()
        labs.append(lab)
        return
    lab.page.close()
    server.reset()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report
