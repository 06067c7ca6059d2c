"""The form over a plan: every change makes another plan, and what is on screen is that plan and nothing else."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import fields
from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from connect_pandas.data.problems import errors
from connect_pandas.errors import ConnectError, ImportUnconfirmed
from connect_pandas.notebook.display import bundle

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from connect_pandas._plan import ImportPlan
    from connect_pandas.service.connection import Connection
    from connect_pandas.service.job import ImportJob

_UNDECIDED: Final = "– choose the key –"
_REDRAW_SECONDS: Final = 0.1


class ImportForm(widgets.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """A form over an import plan.

    Choose the key and who is notified; look at the plan; create the set.

    Attributes
    ----------
    plan : ImportPlan
        The plan on screen.
    code : str
        The line that does the same without the form.
    job : ImportJob or None
        The import, once it is submitted.
    """

    def __init__(
        self, plan: ImportPlan, connection: Connection | None = None, *, progress: bool = True
    ) -> None:
        self._connection, self._with_bar = connection, progress
        self.plan = plan
        self.job: ImportJob | None = None
        self._begun = threading.Event()
        wide = widgets.Layout(width="100%", max_width="60em")
        label = {"description_width": "9em"}
        self._name = widgets.Text(
            description="Data set", value=plan.name, continuous_update=False, style=label, layout=wide
        )
        self._key = widgets.Dropdown(
            description="Key",
            options=_key_options(plan),
            value=_UNDECIDED if plan.key is None else plan.key,
            style=label,
            layout=wide,
        )
        self._notify = widgets.Textarea(
            description="Notify",
            value="\n".join(plan.notify),
            placeholder="one e-mail address a line",
            rows=2,
            continuous_update=False,
            style=label,
            layout=wide,
        )
        self._wrong, self._shown = widgets.HTML(), widgets.HTML()
        self._line = widgets.HTML()
        self._create = widgets.Button(description="Create", button_style="primary", icon="upload")
        self._bar = widgets.IntProgress(layout=widgets.Layout(width="60%", visibility="hidden"))
        self._state = widgets.HTML()
        self._fields = (self._name, self._key, self._notify)
        for control in self._fields:
            control.observe(self._changed, "value")
        self._create.on_click(self._clicked)
        super().__init__(
            children=[
                *self._fields,
                self._wrong,
                self._shown,
                self._line,
                widgets.HBox([self._create, self._bar]),
                self._state,
            ]
        )
        self.add_class("connect-pandas-form")
        self._show()

    @property
    def code(self) -> str:
        """The line that does the same without the form."""
        options = self.plan.options
        shown = {"key": self.plan.key, "notify": list(self.plan.notify)}
        given = {f.name: shown.get(f.name) or getattr(options, f.name) for f in fields(options)}
        changed = [
            f.name for f in fields(options) if f.name != "name" and given[f.name] not in (f.default, [])
        ]
        words = [f"{n}={'schema' if n == 'schema' else repr(given[n])}" for n in changed]
        words += ["connection=connection"] if self._connection is not None else []
        words += ["progress=False"] if not self._with_bar else []
        called = ", ".join([repr(self.plan.name), *words])
        return f"job = df.connect.create_reference_set({called})"

    def _changed(self, _change: Any) -> None:
        """Make another plan from what is on screen; a mistake stands in the form, and the plan stays."""
        key = self._key.value
        try:
            self.plan = self.plan.replace(
                name=self._name.value.strip(),
                key=None if key == _UNDECIDED else key,
                notify=self._notify.value.split(),
            )
            self._wrong.value = ""
        except ConnectError as error:
            self._wrong.value = _said(error)
        self._show()

    def _show(self) -> None:
        self._shown.value = bundle(self.plan)["text/html"]
        self._line.value = f"<pre><code>{escape(self.code)}</code></pre>"
        wrong = bool(self._wrong.value or errors(self.plan.problems))
        self._create.disabled = wrong or self._begun.is_set()
        self._create.tooltip = (
            "Put right what is wrong first" if wrong else "Upload the file and start the import"
        )

    def _clicked(self, _button: Any) -> None:
        if self._begun.is_set():  # a second click never starts a second import
            return
        self._begun.set()
        for control in (*self._fields, self._create):
            control.disabled = True
        # A callback that works in the kernel's own thread would freeze every widget, this one's bar too.
        threading.Thread(target=self._work, name="connect-pandas-form", daemon=True).start()

    def _work(self) -> None:
        try:
            self.job = self.plan.submit(self._connection, progress=self._progress)
            self._state.value = _pre(repr(self.job))
            self.job.wait(progress=self._with_bar)
            self._state.value = _pre(f"{self.job!r}\n{self.job.verify()!r}")
        except Exception as error:  # noqa: BLE001 - the page shows no exception of a thread
            self._state.value = _said(error)
            self._allow_again(error)

    def _allow_again(self, error: Exception) -> None:
        """Let the person try again where it is certain that no import began."""
        if self.job is None and isinstance(error, ConnectError) and not isinstance(error, ImportUnconfirmed):
            self._begun.clear()
            for control in self._fields:
                control.disabled = False
            self._show()

    @contextmanager
    def _progress(self, label: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
        """Show progress in the form: trait updates reach the page from a thread, printing does not."""
        self._bar.description, self._bar.value, self._bar.max = label, 0, total or 1
        self._bar.layout.visibility = "visible" if self._with_bar else "hidden"
        done, drawn = 0, 0.0

        def advance(count: int) -> None:
            nonlocal done, drawn
            done += count
            if time.monotonic() - drawn > _REDRAW_SECONDS or done == total:
                self._bar.value, drawn = done, time.monotonic()
                of = f" of {total:,}" if total else ""
                self._state.value = _pre(f"{label}: {done:,}{of} {unit}")

        try:
            yield advance
        finally:
            self._bar.layout.visibility = "hidden"


def _key_options(plan: ImportPlan) -> list[tuple[str, Hashable]]:
    """Return the columns to choose the key from: candidates first and marked, an undecided one before all."""
    candidates = [c for c in plan.attributes.key_candidates if plan.attributes.types.get(c)]
    others = [a.column for a in plan.attributes if a.column not in candidates]
    return [
        *([(_UNDECIDED, _UNDECIDED)] if plan.key is None else []),
        *((f"{c} · unique and complete", c) for c in candidates),
        *((str(c), c) for c in others),
    ]


def _said(error: Exception) -> str:
    return f'<div role="alert"><strong>{escape(type(error).__name__)}</strong>{_pre(str(error))}</div>'


def _pre(words: str) -> str:
    return f'<pre style="white-space: pre-wrap">{escape(words)}</pre>'
