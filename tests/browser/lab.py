"""A real JupyterLab, and what a person does in it.

::

    with jupyterlab(folder) as server, chromium() as browser:
        lab = Lab(server, browser.new_page())
        lab.open(Path("notebooks/01_first_import.ipynb"))
        lab.run_all()
        expect(lab.output(5)).to_contain_text("Order ID")

Everything waits for a state, with a time limit, and never for a time. Notebooks are opened as copies.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.request import Request, urlopen

import nbformat
from axe_playwright_python.base import AXE_SCRIPT
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect, sync_playwright

from tests.notebooks.machine import new_machine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from nbformat import NotebookNode
    from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Locator, Page

SECONDS: Final = 30.0
"""So long may any one thing take; a machine with much else to do is slow, not broken."""
KERNEL: Final = {"name": "python3", "display_name": "Python 3", "language": "python"}
SCREENSHOTS: Final = Path(__file__).parent / "screenshots"
SIZE: Final = (1280, 900)
POLL: Final = 50
"""So many milliseconds from one look for a state to the next; else Playwright looks at every frame that it draws."""
TALLEST: Final = 12_000
ROUND_THE_CELLS: Final = 300
"""More than JupyterLab's menus, tabs and bars are tall."""

# ── the server ───────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Server:
    """A running JupyterLab."""

    url: str
    """With the slash at its end."""
    token: str = field(repr=False)
    root: Path
    """The folder that it shows."""
    settings: Path
    log: Path

    def ask(self, path: str, method: str = "GET") -> Any:
        """Return what its REST API answers."""
        request = Request(self.url + path, method=method, headers={"Authorization": f"token {self.token}"})
        with urlopen(request, timeout=SECONDS) as answer:
            return json.loads(answer.read() or "null")

    def reset(self) -> None:
        """End every kernel, with what it holds, and go back to the light theme."""
        for session in self.ask("api/sessions"):
            self.ask(f"api/sessions/{session['id']}", "DELETE")
        (self.settings / _THEME).unlink(missing_ok=True)


@contextmanager
def jupyterlab(folder: Path) -> Iterator[Server]:
    """Run a JupyterLab with this very Python as its kernel until the block ends.

    Parameters
    ----------
    folder : Path
        A new folder: its home, settings and notebooks go there.
    """
    environment = new_machine(folder)
    token = secrets.token_hex(16)
    root = folder / "notebooks"
    root.mkdir()
    settings = folder / "settings"
    _write_settings(settings)
    log = folder / "jupyterlab.log"
    with log.open("wb") as written:
        process = subprocess.Popen(  # ours to end, by its id
            [sys.executable, "-m", "jupyterlab", *_options(root)],
            env={
                **environment,
                "JUPYTER_TOKEN": token,
                "JUPYTERLAB_SETTINGS_DIR": str(settings),
                "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
            },
            cwd=root,
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        runtime = Path(environment["JUPYTER_RUNTIME_DIR"])
        yield Server(_address(process, runtime, log), token, root, settings, log)
    finally:
        _end(process)


def _options(root: Path) -> Sequence[str]:
    return (
        "--allow-root",
        "--no-browser",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.port=0",
        f"--ServerApp.root_dir={root}",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LanguageServerManager.autodetect=False",
    )


_SETTINGS: Final[Mapping[str, Mapping[str, Any]]] = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension/plugin": {"autosave": False},
    "@jupyterlab/extensionmanager-extension/plugin": {"enabled": False},
    # Cells out of sight are otherwise not in the page at all.
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
    # What a widget holds is kept as far as it can be: tests look for what must not be there.
    "@jupyter-widgets/jupyterlab-manager/plugin": {"saveState": True},
}
_THEME: Final = "@jupyterlab/apputils-extension/themes.jupyterlab-settings"


def _write_settings(folder: Path) -> None:
    for name, values in _SETTINGS.items():
        path = folder / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


def _address(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """Return where the server listens, once it does; it writes that down itself."""
    deadline = time.monotonic() + 2 * SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        for told in runtime.glob("jpserver-*.json"):
            with suppress(ValueError, OSError):  # half written, or not answering yet
                url: str = json.loads(told.read_text())["url"]
                urlopen(f"{url}api", timeout=SECONDS).close()
                return url
        time.sleep(0.05)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()  # it ends its kernels first
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


# ── the browser ──────────────────────────────────────────────────────────────────────────────────────────────────


def find_chromium() -> str | None:
    """Return the path of a Chromium, or ``None``."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def chromium() -> Iterator[BrowserContext]:
    """Run a Chromium without a window until the block ends.

    Playwright's loop runs in this thread as long as it lives, and ``asyncio.run`` does not work beside it: never keep
    it for longer than one file of tests.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(),
            chromium_sandbox=os.geteuid() != 0,  # as root it would not start
            args=[
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-dev-shm-usage",  # a container's is small
                "--disable-gpu",
                "--disable-sync",
                "--no-first-run",
            ],
            timeout=2 * SECONDS * 1000,
        )
        expect.set_options(timeout=SECONDS * 1000)
        context = browser.new_context(viewport={"width": SIZE[0], "height": SIZE[1]})
        context.set_default_timeout(SECONDS * 1000)
        yield context
        browser.close()


# ── what a person does ───────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Violation:
    """What axe-core finds wrong with a part of the page."""

    rule: str
    help: str
    html: str
    """The element."""
    why: str


@dataclass(frozen=True, slots=True)
class Lab:
    """JupyterLab in a page of a browser, with one notebook open.

    The page is loaded for the first notebook. Each other one is opened in it, once all that was open is closed.
    """

    server: Server
    page: Page
    said: list[str] = field(default_factory=list)
    """The page's dialogs, errors and complaints."""

    def __post_init__(self) -> None:
        def answer(dialog: Dialog) -> None:
            if dialog.type == "beforeunload":  # the notebook is a copy and need not be saved
                dialog.accept()
                return
            self.said.append(f"dialog: {dialog.message}")
            dialog.dismiss()

        def note(message: ConsoleMessage) -> None:
            if message.type == "error":
                self.said.append(f"console: {message.text}")

        self.page.on("dialog", answer)
        self.page.on("console", note)
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))

    @property
    def dialogs(self) -> list[str]:
        """What ``alert``, ``confirm`` and ``prompt`` said."""
        return [words for words in self.said if words.startswith("dialog: ")]

    # ── notebooks ──

    def open(self, notebook: Path) -> None:
        """Open a copy of a notebook and wait until its kernel is ready."""
        folder = self.server.root / secrets.token_hex(4)
        folder.mkdir()
        shutil.copy(notebook, folder)
        path = f"{folder.name}/{notebook.name}"
        if self.page.url.startswith(self.server.url):
            self.page.evaluate(_CLOSE)
            self.page.evaluate(_OPEN, path)
        else:
            self.page.goto(f"{self.server.url}lab/tree/{path}?reset&token={self.server.token}")
        self._wait_until(_IDLE)
        self._wait_until("path => window.jupyterapp.shell.currentWidget.context.path === path", path)

    def open_cells(self, *sources: str) -> None:
        """Open a new notebook with these cells of code."""
        path = self.server.root / f"{secrets.token_hex(4)}.ipynb"
        nbformat.write(
            new_notebook(
                cells=[new_code_cell(source) for source in sources],
                metadata={"kernelspec": KERNEL},
            ),
            path,
        )
        self.open(path)

    def close(self) -> None:
        """Close what is open, with its kernel, and make the page as it was at first."""
        self.page.evaluate(_CLOSE)
        self.server.reset()
        self.page.set_viewport_size({"width": SIZE[0], "height": SIZE[1]})
        self.theme("light")
        self.said.clear()

    def run_all(self) -> None:
        """Run every cell and wait for the last; after an error, the cells below it do not run."""
        self._start("notebook:run-all-cells")
        self.wait()

    def run_cell(self, i: int) -> None:
        """Run cell ``i``, from 0 and with those of text counted, and wait for its end."""
        self.start_cell(i)
        self.wait()

    def start_cell(self, i: int) -> None:
        """Begin to run cell ``i``; :meth:`wait` waits for its end."""
        self._start("notebook:run-cell", i)

    def wait(self) -> None:
        """Wait until what was begun has run."""
        self._wait_until("() => window.connectPandasRun.ended")
        failed = self.page.evaluate("() => window.connectPandasRun.failed")
        assert failed is None, failed
        self._wait_until(_IDLE)

    def interrupt(self) -> None:
        """Interrupt the kernel; :meth:`wait` waits for the end of what ran."""
        self.page.evaluate("() => { window.jupyterapp.commands.execute('notebook:interrupt-kernel') }")

    def restart(self) -> None:
        """Restart the kernel, say that it is meant, and wait until it is ready."""
        self._start("notebook:restart-kernel")
        self.page.locator(".jp-Dialog").get_by_role("button", name="Confirm").click()
        self.wait()

    def load_again(self) -> None:
        """Load the page again, over the same kernel."""
        self.page.goto(self.page.url.partition("?")[0])
        self._wait_until(_IDLE)

    def save(self) -> NotebookNode:
        """Save the notebook and return what was written, outputs and the states of widgets with it."""
        self._start("docmanager:save")
        self.wait()
        path: str = self.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.path")
        return nbformat.read(self.server.root / path, as_version=4)

    def cell(self, i: int) -> Locator:
        """Return cell ``i``, from 0 and with those of text counted."""
        return self.page.locator(".jp-NotebookPanel .jp-Notebook .jp-Cell").nth(i)

    def output(self, i: int) -> Locator:
        """Return what cell ``i`` put out last, as a rule its value; without JupyterLab's own frame around it."""
        return self.cell(i).locator(".jp-OutputArea-output").last

    def outputs(self) -> list[list[dict[str, Any]]]:
        """Return the outputs of every cell as the notebook would keep them; none for text."""
        told: list[list[dict[str, Any]]] = self.page.evaluate(_OUTPUTS)
        return told

    def errors(self) -> list[str]:
        """Return the last line of each exception that ended a cell."""
        return [
            f"cell {i}: {output['ename']}: {output['evalue']}"
            for i, outputs in enumerate(self.outputs())
            for output in outputs
            if output["output_type"] == "error"
        ]

    def _start(self, command: str, cell: int | None = None) -> None:
        self._wait_until(_IDLE)
        self.page.evaluate(_RUN, [command, cell])

    # ── looks ──

    def theme(self, name: Literal["dark", "light"]) -> None:
        """Change the theme and wait until it is on."""
        theme = f"JupyterLab {name.title()}"
        self.page.evaluate(
            "theme => { window.jupyterapp.commands.execute('apputils:change-theme', {theme}) }", theme
        )
        self._wait_until(
            "theme => document.body.dataset.jpThemeName === theme && !document.getElementById('jupyterlab-splash')",
            theme,
        )

    def shot(self, name: str, of: Locator | None = None) -> Path:
        """Keep a picture of the notebook, all of its height, or of a part of the page."""
        SCREENSHOTS.mkdir(exist_ok=True)
        path = SCREENSHOTS / f"{name}.png"
        self._show_all()
        (of or self.page.locator(".jp-WindowedPanel-inner")).screenshot(path=path)
        return path

    def axe(self, of: Locator) -> list[Violation]:
        """Return how a part of the page breaks the rules of WCAG 2.2, levels A and AA.

        What axe-core cannot tell counts as well, as a contrast over an image; and so does a part without any text that
        can be seen, as nothing is wrong with what is not there.
        """
        self._show_all()
        return axe(of)

    def _show_all(self) -> None:
        """Make the window as tall as the notebook: what is scrolled away is neither drawn nor looked at."""
        cells: int = self.page.evaluate(
            "() => document.querySelector('.jp-WindowedPanel-inner').offsetHeight"
        )
        height = min(max(cells + ROUND_THE_CELLS, SIZE[1]), TALLEST)
        self.page.set_viewport_size({"width": SIZE[0], "height": height})
        self._wait_until(_FITS, height)

    def _wait_until(self, so: str, argument: Any = None) -> None:
        self.page.wait_for_function(so, arg=argument, polling=POLL)


def axe(of: Locator) -> list[Violation]:
    """Return how a part of any page breaks the rules; see :meth:`Lab.axe`."""
    page = of.page
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    of.evaluate(_AXE)
    page.wait_for_function("() => window.connectPandasAxe !== null", polling=POLL)
    return [Violation(**found) for found in page.evaluate("() => window.connectPandasAxe")]


# A promise that a page is asked for has no time limit: each of these leaves its end in the window instead.

_IDLE: Final = """() => {
    const context = window.jupyterapp?.shell.currentWidget?.context;
    const session = context?.sessionContext;
    return Boolean(context?.isReady && session?.isReady && session.session?.kernel?.status === "idle");
}"""

_CLOSE: Final = """() => {
    for (const open of [...window.jupyterapp.shell.widgets("main")]) {
        open.dispose();
    }
}"""

_OPEN: Final = """path => { window.jupyterapp.commands.execute("docmanager:open", { path }) }"""

_RUN: Final = """([command, cell]) => {
    const { shell, commands } = window.jupyterapp;
    const notebook = shell.currentWidget.content;
    if (cell !== null) {
        notebook.deselectAll();
        notebook.activeCellIndex = cell;
    }
    const run = window.connectPandasRun = { ended: false, failed: null };
    commands.execute(command).catch(error => { run.failed = String(error); }).finally(() => { run.ended = true; });
}"""

_OUTPUTS: Final = """() => window.jupyterapp.shell.currentWidget.content.widgets.map(
    cell => cell.model.type === "code" ? cell.model.outputs.toJSON() : []
)"""

_FITS: Final = """height => {
    const scrolled = document.querySelector(".jp-WindowedPanel-outer");
    scrolled.scrollTop = 0;
    const { bottom } = scrolled.getBoundingClientRect();
    return window.innerHeight === height && height - 100 < bottom && bottom <= height;
}"""

# JupyterLab's body has no height of its own, which axe-core takes for a page of which nothing can be seen; the arrow of
# a drop-down is a picture, over which it tells no contrast; and marks such as a tick are to be read too.
_AXE: Final = """element => {
    const style = document.createElement("style");
    style.textContent = "body { height: 100vh } select { background-image: none !important }";
    document.head.append(style);
    const marksToo = { ...axe._audit.checks["color-contrast"].options, ignoreUnicode: false, ignoreLength: true };
    axe.configure({ checks: [{ id: "color-contrast", options: marksToo }] });
    window.connectPandasAxe = null;
    const options = { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] };
    const no = (help, why) => [{ rule: "axe", help, html: "", why }];
    axe.run(element, options).then(
        ({ passes, violations, incomplete }) => {
            const broken = [...violations, ...incomplete];
            if (![...passes, ...broken].some(({ id }) => id === "color-contrast")) {
                return no("nothing to read here", "no text that can be seen");
            }
            return broken.flatMap(({ id, help, nodes }) => nodes.map(({ html, any, all, none }) => ({
                rule: id,
                help,
                html: html.slice(0, 300),
                why: [...any, ...all, ...none].map(({ message }) => message).join("; "),
            })));
        },
    ).catch(error => no("axe did not run", String(error))).then(found => {
        style.remove();
        window.connectPandasAxe = found;
    });
}"""
