"""The form over a plan: every change makes another plan, and what is on screen is that plan and nothing else."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from connect_pandas import rules
from connect_pandas.data.problems import errors
from connect_pandas.errors import ConnectError, ConnectWarning, PlanError
from connect_pandas.notebook import after_cells
from connect_pandas.notebook.display import bundle, size_of, text, view, way_of
from connect_pandas.notebook.draw import View, as_html
from connect_pandas.notebook.form_code import import_line
from connect_pandas.notebook.form_fixes import without_the_gone
from connect_pandas.notebook.form_import import Import
from connect_pandas.notebook.form_parts import (
    STYLE,
    Desk,
    Field,
    close_all,
    code,
    copyable,
    guarded,
    heading,
    words,
)
from connect_pandas.notebook.form_problems import Troubles
from connect_pandas.notebook.form_table import Table
from connect_pandas.notebook.kept import Kept
from connect_pandas.notebook.progress import in_notebook
from connect_pandas.notebook.view_service import job as job_view
from connect_pandas.service.connection import current, require_running
from connect_pandas.service.graphql import Api
from connect_pandas.service.history import open_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

    from connect_pandas._plan import ImportPlan
    from connect_pandas.notebook.form_fixes import Fix
    from connect_pandas.service.connection import Connection
    from connect_pandas.service.job import ImportJob

_DELIMITERS: Final = {",": "comma", "\t": "tab", "|": "pipe"}
_BY_DATA: Final = ""
"""Of a choice that the plan makes itself."""
_LINES: Final = 5
"""How many records the preview shows."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the service and the journal told of a connection."""

    connection: Connection | None = None
    taken: frozenset[str] = frozenset()
    """The names of sets that are there."""
    open_ends: Mapping[str, ImportJob] = dataclass_field(default_factory=dict)
    """Name → an import of it that this machine has begun, and of which the journal knows no end."""


class ImportForm(widgets.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """A form over an import plan.

    One row an attribute: imported or not, its name in the service, its type, whether it is the key. Below them the file
    and where it goes, what is wrong and how to put it right, the first lines as they will be written, and the line of
    code that does the same. *Create* uploads the file, starts the import once and follows it to its end.

    Parameters
    ----------
    plan : ImportPlan
        Where the form begins.
    connection : Connection, optional
        By default the session's current one.
    frame : pandas.DataFrame, optional
        What the plan was made of: a later change of it is noticed.
    progress : bool
        Whether to show progress.
    schema : str
        How the plan's schema is called in the code of who gave it.

    Attributes
    ----------
    plan : ImportPlan
        The plan on screen.
    code : str
        The code that does the same without the form: the repairs that were made, then the import.
    job : ImportJob or None
        The import, once it is submitted.
    """

    def __init__(
        self,
        plan: ImportPlan,
        connection: Connection | None = None,
        *,
        frame: pd.DataFrame | None = None,
        progress: bool = True,
        schema: str = "schema",
    ) -> None:
        self._plan, self._connection, self._with_bar, self._schema = plan, connection, progress, schema
        self._frame = frame
        self._before: list[ImportPlan] = []
        """The plans that were repaired, the first of them as the form began."""
        self._made: list[Fix] = []
        self._known, self._kept = Known(), Kept()
        self._lock = threading.RLock()
        """Held while a plan takes another's place: the repairs' thread makes some, too."""
        desk = Desk(
            plan=lambda: self._plan,
            change=self._change,
            repaired=self._repaired,
            undo=self._undo,
            look_again=self._look_again,
            settle=self._settle,
        )
        self._fields = _fields(plan, self._change)
        self._table, self._troubles = Table(desk), Troubles(desk)
        self._view = widgets.ToggleButtons(options=["File", "JSON"], description="Preview")
        self._way, self._preview, self._line = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._view.observe(guarded(self._draw_preview, self._preview), "value")
        self._import = Import(self._to_submit, connection, self._settle, progress=progress)
        for control, name in ((self._view, "view"), (self._preview, "preview"), (self._line, "line")):
            control.add_class(f"connect-pandas-{name}")
        for field in self._fields.values():
            field.said.observe(lambda _: self._settle(), "value")
        super().__init__(self._laid_out())
        self.add_class("connect-pandas-form")
        self._draw()
        after_cells.watch(self)

    @property
    def plan(self) -> ImportPlan:
        """The plan on screen."""
        return self._plan

    @property
    def job(self) -> ImportJob | None:
        """The import, once it is submitted."""
        return self._import.job

    @property
    def code(self) -> str:
        """The code that does the same without the form."""
        extra = {
            **({"connection": "connection"} if self._connection is not None else {}),
            **({} if self._with_bar else {"progress": "False"}),
        }
        return import_line(self._plan, self._made, schema=self._schema, extra=extra)

    # ── another plan ─────────────────────────────────────────────────────────────────────────────────────

    def _change(self, **options: Any) -> str:
        """Make another plan; return what is wrong, and then the plan stays as it is."""
        if refused := self._is_at_work():
            return refused
        try:
            self._show(self._plan.replace(**options))
        except PlanError as error:
            return str(error)
        return ""

    def _show(self, plan: ImportPlan) -> None:
        """Put a plan on screen; where that fails, the one before stays."""
        with self._lock:
            before, self._plan = self._plan, plan
            try:
                self._draw()
            except BaseException:
                self._plan = before
                raise

    def _repaired(self, fix: Fix, frame: pd.DataFrame) -> None:
        plan = self._of(frame)
        new = [label for label in plan.columns if label not in self._plan.columns]
        chosen = plan.options.columns
        more = {} if chosen is None or not new else {"columns": [*new, *chosen]}
        if changed := {**more, **fix.over(plan.options)}:
            plan = plan.replace(**changed)
        self._before.append(self._plan)
        self._made.append(fix)
        self._show(plan)

    def _undo(self) -> None:
        plan = self._of(self._before[-1].frame)
        self._before.pop()
        self._made.pop()
        self._show(plan)

    def _look_again(self) -> None:
        plan = self._of(self._plan.frame if self._frame is None else self._frame)
        self._before, self._made = [], []
        self._show(plan)

    def _of(self, frame: pd.DataFrame) -> ImportPlan:
        """Return the plan of another frame with what was chosen, but of columns that only this one has."""
        there = (*(name for name in frame.index.names if name is not None), *frame.columns)
        others = without_the_gone(self._plan.options, there)
        return (self._plan.replace(**others) if others else self._plan).for_frame(frame)

    def _is_at_work(self) -> str:
        """Say why nothing can be changed now; the fields are locked then, but a click may be on its way."""
        if self._import.has_begun:
            return "The import has begun; what is imported cannot be changed any more."
        return "A repair is under way; change this when it is done." if self._troubles.is_busy else ""

    def _to_submit(self) -> ImportPlan:
        """Return the plan on screen, unless something is in the way, or the frame is another by now."""
        with self._lock:
            plan, reasons = self._plan, [*self._reasons()]
        if reasons:  # the button is disabled then, but a click may have been on its way
            raise PlanError(f"Nothing was sent: {'; '.join(reasons)}.")
        opened = (self._before or [plan])[0].frame
        if self._frame is not None and not (
            self._frame.equals(opened) and self._frame.index.names == opened.index.names
        ):
            self._troubles.offer_to_look_again()
            raise PlanError(
                "The frame has changed since this form looked at it. Nothing was sent. 'Look again', above, takes "
                "it as it is now; form.plan.submit() imports it as it was."
            )
        return plan

    # ── what is on screen ────────────────────────────────────────────────────────────────────────────────

    def _laid_out(self) -> list[Any]:
        fields = self._fields
        return [
            widgets.HTML(STYLE + self._kept.style),
            fields["name"],
            fields["notify"],
            self._table,
            self._troubles,
            heading("File"),
            *(fields[name] for name in ("folder", "job_name", "delimiter", "date_format", "header")),
            heading("What will happen"),
            self._way,
            self._view,
            self._preview,
            widgets.HTML("The same as code:"),
            self._line,
            self._import,
        ]

    def _draw(self) -> None:
        plan = self._plan
        for name, field in self._fields.items():
            _draw_field(name, field, plan)
        self._table.show(plan)
        self._troubles.show(plan, len(self._made))
        self._way.value = as_html(View(way=way_of(plan)))
        self._draw_preview()
        self._line.value = copyable(self.code, "the code that does the same")
        self._settle()

    def _draw_preview(self) -> None:
        plan = self._plan
        if self._view.value == "JSON":
            self._preview.value = code(json.dumps(plan.payload, ensure_ascii=False, indent=2), "the JSON")
        elif not plan.ok:
            self._preview.value = words("There is no file while something is wrong.")
        else:
            about = f"{plan.filename} · {plan.rows:,} rows · {size_of(plan)}"
            more = plan.rows - _LINES
            rest = f"… and {more:,} more" if more > 0 else ""
            self._preview.value = words(about) + code(plan.head(_LINES) + rest, "the first lines of the file")

    def _settle(self) -> None:
        """Lock and free what can be changed, as what is under way asks for, and say why the set cannot be created."""
        locked = self._import.has_begun or self._troubles.is_busy
        for field in self._fields.values():
            field.control.disabled = locked
        self._table.lock(locked)
        self._troubles.lock(locked)
        connection, why_none = self._goes_to()
        if connection != self._known.connection and not self._import.has_begun:
            self._ask(connection)
        self._import.goes_to(connection, why_none, len(self._known.taken))
        if self.job is None:
            self._import.remember(self._known.open_ends.get(self._plan.name))
        self._import.allow([*self._reasons()])
        self._kept.keep(view(self._plan) if self.job is None else job_view(self.job))

    def _reasons(self) -> Iterator[str]:
        """Yield why the set cannot be created yet."""
        if found := len(errors(self._plan.problems)):
            yield f"{found} error{'s' if found > 1 else ''}, under Problems"
        for field in self._fields.values():
            if field.is_wrong:
                yield f"what is wrong with {field.control.description!r}"
        if self._plan.name in self._known.taken:
            yield f"the subscription has a set {self._plan.name!r} already; choose another name"
        if self._troubles.is_busy:
            yield "a repair is under way"

    # ── the service ──────────────────────────────────────────────────────────────────────────────────────

    def _goes_to(self) -> tuple[Connection | None, str]:
        """Return where the set will be made; where nowhere yet, why."""
        try:
            connection = self._connection or current()
            require_running(connection)
        except ConnectError as error:
            return None, str(error)
        return connection, ""

    def look_up(self) -> None:
        """See whether there is another connection by now, or none any more."""
        if self._goes_to()[0] != self._known.connection:
            self._settle()

    def _ask(self, connection: Connection | None) -> None:
        """Ask, on the side, which names are taken, and what was begun before; without a connection nobody."""
        self._known = Known(connection)
        if connection is not None:
            threading.Thread(
                target=self._hear, args=(connection,), name="connect-pandas-names", daemon=True
            ).start()

    def _hear(self, connection: Connection) -> None:
        heard = Known(
            connection,
            frozenset(found.name for found in _quietly(Api(connection).data_sets)),
            {job.name: job for job in _quietly(open_ends, connection)},
        )
        if self._known.connection == connection:
            self._known = heard
            self._settle()

    def close(self) -> None:
        """Take the form off the page, and let go of the frame."""
        after_cells.leave(self)
        for part in (
            *self._table.rows,
            self._troubles.trial,
        ):  # the page shows them only where they are needed
            close_all(part)
        close_all(self)

    # ── elsewhere than in a notebook ─────────────────────────────────────────────────────────────────────

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        # A saved or exported notebook has no kernel: it shows what the form showed at first.
        return {**(super()._repr_mimebundle_(**kwargs) or {}), **bundle(self._plan)}

    def _ipython_display_(self) -> None:
        if not in_notebook():
            raise NotImplementedError
        self._kept.show(super()._repr_mimebundle_() or {})

    def __repr__(self) -> str:
        return f"{text(self._plan)}\n\nthe same as code:\n{self.code}"


def _quietly(ask: Callable[..., tuple[Any, ...]], *of: Any) -> tuple[Any, ...]:
    """Return what is answered; what goes wrong is said when the import is tried."""
    try:
        return ask(*of)
    except (ConnectError, ConnectWarning):  # where warnings are errors, one from a thread is heard by nobody
        return ()


def _fields(plan: ImportPlan, change: Any) -> dict[str, Field]:
    given = plan.options
    look: dict[str, Any] = {
        "style": {"description_width": "7em"},
        "layout": {"width": "36em", "max_width": "100%"},
    }

    def line(label: str, value: str, hint: str = "", *, at_once: bool = False) -> Any:
        return widgets.Text(
            description=label, value=value, placeholder=hint, continuous_update=at_once, **look
        )

    addresses = widgets.Textarea(
        description="Notify",
        value="\n".join(given.notify),
        placeholder="one e-mail address a line",
        rows=2,
        continuous_update=False,
        **look,
    )
    begins = widgets.Checkbox(description="the file begins with the names", value=given.header, indent=False)
    controls = {
        "name": line("Data set", given.name, at_once=True),
        "notify": addresses,
        "folder": line("Folder", given.folder, "the subscription's own, or as RS/Orders"),
        "job_name": line("Job", given.job_name or "", plan.job_name),
        "delimiter": widgets.Dropdown(description="Delimiter", **look),
        "date_format": widgets.Dropdown(description="Dates", **look),
        "header": begins,
    }

    def field(name: str, control: Any) -> Field:
        return Field(control, lambda value: change(**{name: _READ[name](value)}))

    fields = {name: field(name, control) for name, control in controls.items()}
    for name, made in fields.items():
        made.control.add_class(f"connect-pandas-{name.replace('_', '-')}")
    return fields


def _draw_field(name: str, field: Field, plan: ImportPlan) -> None:
    """Show what the plan has of an option; what is wrong, or only half typed, stays as it is."""
    chosen = getattr(plan.options, name)
    if name in _CHOICES:
        _draw_choice(field, _CHOICES[name](plan), _pattern(plan) if name == "date_format" else chosen)
    elif not field.is_wrong and _READ[name](field.control.value) != chosen:
        with field.drawing() as control:
            control.value = (
                "\n".join(chosen) if name == "notify" else (chosen or "") if name != "header" else chosen
            )


def _draw_choice(field: Field, options: tuple[tuple[str, str], ...], chosen: str | None) -> None:
    with field.drawing() as control:
        if control.options != options:
            control.options = options
        control.value = chosen or _BY_DATA


def _delimiters(plan: ImportPlan) -> tuple[tuple[str, str], ...]:
    found = "" if plan.options.delimiter else f": {_DELIMITERS[plan.delimiter]}"
    return (f"as the data allow{found}", _BY_DATA), *((name, mark) for mark, name in _DELIMITERS.items())


def _date_formats(plan: ImportPlan) -> tuple[tuple[str, str], ...]:
    """Return the formats of dates to choose from, each with a date of the frame in it."""
    now = next((f.pattern for f in rules.DATE_FORMATS if f.name == plan.date_format), None)
    found = f": {now}" if now and not plan.options.date_format else ""
    shown = {form.pattern: plan.dates_as(form) for form in rules.DATE_FORMATS}
    return (
        (f"as the data have them{found}", _BY_DATA),
        *((f"{pattern} · {value}" if value else pattern, pattern) for pattern, value in shown.items()),
    )


def _pattern(plan: ImportPlan) -> str | None:
    return plan.options.form.pattern if plan.options.form else None


_READ: Final[dict[str, Callable[[Any], Any]]] = {
    "name": str.strip,
    "notify": lambda typed: tuple(typed.split()),
    "folder": str.strip,
    "job_name": lambda typed: typed.strip() or None,
    "delimiter": lambda chosen: chosen or None,
    "date_format": lambda chosen: chosen or None,
    "header": bool,
}
"""Field → the plan's option, as its control holds it."""
_CHOICES: Final = {"delimiter": _delimiters, "date_format": _date_formats}
