"""The form over a plan: every change makes another plan, and what is on screen is that plan and nothing else."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from connect_pandas import rules
from connect_pandas.data.problems import errors
from connect_pandas.errors import ConnectError, PlanError
from connect_pandas.notebook.display import bundle, size_of, text, way_of
from connect_pandas.notebook.draw import View, as_html
from connect_pandas.notebook.form_code import import_line
from connect_pandas.notebook.form_import import Import
from connect_pandas.notebook.form_parts import STYLE, Field, code, copyable, heading, words
from connect_pandas.notebook.form_problems import Troubles
from connect_pandas.notebook.form_table import Table
from connect_pandas.service.connection import current
from connect_pandas.service.graphql import Api
from connect_pandas.service.history import open_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

    from connect_pandas._plan import ImportPlan
    from connect_pandas.notebook.form_code import Fix
    from connect_pandas.service.connection import Connection
    from connect_pandas.service.job import ImportJob

_DELIMITERS: Final = {",": "comma", "\t": "tab", "|": "pipe"}
_BY_DATA: Final = ""
"""Of a choice that the plan makes itself."""
_LINES: Final = 5
"""How many records the preview shows."""


class ImportForm(widgets.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """A form over an import plan.

    One row an attribute: imported or not, its name in the service, its type, whether it is the key. Below them the file
    and where it goes, what is wrong and how to put it right, the first lines as they will be written, and the line of
    code that does the same. *Create* uploads the file, starts the import once and follows it to its end.

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
        self._taken: frozenset[str] = frozenset()
        self._open_ends: dict[str, ImportJob] = {}
        """Name → an import of it that this machine has begun, and of which the journal knows no end."""
        self._lock = threading.RLock()
        """Held while a plan is made: the repairs' thread makes some, too."""
        self._fields = _fields(plan, self._change)
        self._table = Table(plan, self._change)
        self._troubles = Troubles(self)
        self._view = widgets.ToggleButtons(options=["File", "JSON"], description="Preview")
        self._view.observe(lambda _: self._draw_preview(), "value")
        self._way, self._preview, self._line = widgets.HTML(), widgets.HTML(), widgets.HTML()
        self._import = Import(self._to_submit, connection, self._moved, progress=progress)
        for control, name in ((self._view, "view"), (self._preview, "preview"), (self._line, "line")):
            control.add_class(f"connect-pandas-{name}")
        for field in self._fields.values():
            field.said.observe(lambda _: self.draw_import(), "value")
        super().__init__(self._laid_out())
        self.add_class("connect-pandas-form")
        self._draw()
        self._ask_for_names()

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
        return import_line(self._plan.options, self._made, schema=self._schema, extra=extra)

    # ── another plan ─────────────────────────────────────────────────────────────────────────────────────

    def _change(self, **options: Any) -> str:
        """Make another plan; return what is wrong, and then the plan stays as it is."""
        with self._lock:
            try:
                self._plan = self._plan.replace(**options)
            except PlanError as error:
                return str(error)
            self._draw()
            return ""

    def repaired(self, fix: Fix, frame: pd.DataFrame) -> None:
        """Go on with a repaired frame."""
        with self._lock:
            plan = self._plan.for_frame(frame)
            self._before.append(self._plan)
            self._made.append(fix)
            self._plan = plan
            self._draw()

    def undo(self) -> None:
        """Go back to the frame before the last repair; what was chosen since stays."""
        with self._lock:
            self._plan = self._plan.for_frame(self._before[-1].frame)
            self._before.pop()
            self._made.pop()
            self._draw()

    def look_again(self) -> None:
        """Take the frame as it is by now, without the repairs of what it was."""
        with self._lock:
            self._plan = self._plan.for_frame(self._plan.frame if self._frame is None else self._frame)
            self._before, self._made = [], []
            self._draw()

    @property
    def last_repair(self) -> Fix | None:
        return self._made[-1] if self._made else None

    def change(self, options: Mapping[str, Any]) -> str:
        """Make a plan with these options; mappings are added to those that are there."""
        now = self._plan.options
        return self._change(
            **{
                name: {**(getattr(now, name) or {}), **value} if isinstance(value, dict) else value
                for name, value in options.items()
            }
        )

    def _to_submit(self) -> ImportPlan:
        """Return the plan on screen, unless the frame is another by now."""
        opened = (self._before or [self._plan])[0].frame
        if self._frame is not None and not self._frame.equals(opened):
            self._troubles.offer_to_look_again()
            raise PlanError(
                "The frame has changed since this form looked at it. Nothing was sent. 'Look again', above, takes "
                "it as it is now; form.plan.submit() imports it as it was."
            )
        return self._plan

    # ── what is on screen ────────────────────────────────────────────────────────────────────────────────

    def _laid_out(self) -> list[Any]:
        fields = self._fields
        return [
            widgets.HTML(STYLE),
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
        _draw_choice(self._fields["delimiter"], _delimiters(plan), plan.options.delimiter)
        _draw_choice(
            self._fields["date_format"], _date_formats(plan), plan.options.date_format and _pattern(plan)
        )
        self._table.show(plan)
        self._troubles.show(plan)
        self._way.value = as_html(View(way=way_of(plan)))
        self._draw_preview()
        self._line.value = copyable(self.code, "the code that does the same")
        self.draw_import()

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

    def draw_import(self) -> None:
        begun = self._open_ends.get(self._plan.name)
        if self.job is None:
            self._import.remember(begun)
        self._import.allow([*self._reasons()])

    def _reasons(self) -> Iterator[str]:
        """Yield why the set cannot be created yet."""
        if found := len(errors(self._plan.problems)):
            yield f"{found} error{'s' if found > 1 else ''}, under Problems"
        for field in self._fields.values():
            if field.is_wrong:
                yield f"what is wrong with {field.control.description!r}"
        if self._plan.name in self._taken:
            yield f"the subscription has a set {self._plan.name!r} already; choose another name"
        if self._troubles.is_busy:
            yield "a repair is under way"

    def _moved(self) -> None:
        """Lock what changes the plan while it is imported; free it where the import may begin anew."""
        locked = self._import.has_begun
        for field in self._fields.values():
            field.control.disabled = locked
        self._table.lock(locked)
        self._troubles.lock(locked)
        self.draw_import()

    # ── the service ──────────────────────────────────────────────────────────────────────────────────────

    def _ask_for_names(self) -> None:
        """Ask, on the side, which names are taken, and what was begun before; without a connection nobody."""
        try:
            connection = self._connection or current()
        except ConnectError:
            return
        work = threading.Thread(
            target=self._hear_names, args=(connection,), name="connect-pandas-names", daemon=True
        )
        work.start()

    def _hear_names(self, connection: Connection) -> None:
        self._open_ends = {job.name: job for job in _quietly(open_ends, connection)}
        self._taken = frozenset(found.name for found in _quietly(Api(connection).data_sets))
        self.draw_import()

    # ── elsewhere than in a notebook ─────────────────────────────────────────────────────────────────────

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        # A saved or exported notebook has no kernel: it shows what the form showed at first.
        return {**(super()._repr_mimebundle_(**kwargs) or {}), **bundle(self._plan)}

    def __repr__(self) -> str:
        return f"{text(self._plan)}\n\nthe same as code:\n{self.code}"


def _quietly(ask: Callable[..., tuple[Any, ...]], *of: Any) -> tuple[Any, ...]:
    """Return what is answered; what goes wrong is said when the import is tried."""
    try:
        return ask(*of)
    except ConnectError:
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
    fields = {
        "name": Field(line("Data set", given.name, at_once=True), lambda v: change(name=v.strip())),
        "notify": Field(addresses, lambda v: change(notify=v.split())),
        "folder": Field(
            line("Folder", given.folder, "the subscription's own, or as RS/Orders"),
            lambda v: change(folder=v.strip()),
        ),
        "job_name": Field(
            line("Job", given.job_name or "", plan.job_name), lambda v: change(job_name=v.strip() or None)
        ),
        "delimiter": Field(
            widgets.Dropdown(description="Delimiter", **look), lambda v: change(delimiter=v or None)
        ),
        "date_format": Field(
            widgets.Dropdown(description="Dates", **look), lambda v: change(date_format=v or None)
        ),
        "header": Field(begins, lambda v: change(header=v)),
    }
    for name, field in fields.items():
        field.control.add_class(f"connect-pandas-{name.replace('_', '-')}")
    return fields


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
