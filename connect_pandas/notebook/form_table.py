"""The attributes of a form: a page of reused rows, one an attribute, over any number of columns."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from connect_pandas._options import Together
from connect_pandas.notebook.form_parts import Field, alert, guarded, heading
from connect_pandas.rules import ATTRIBUTE_TYPES

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from connect_pandas._plan import ImportPlan
    from connect_pandas.data.infer import Attribute
    from connect_pandas.data.problems import Problem
    from connect_pandas.notebook.form_parts import Desk

ROWS: Final = 20
"""Rows of a page. More take longer to draw than a person waits."""
_UNDECIDED: Final = -1
_INFERRED: Final = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """A column of the frame, and what becomes of it in the plan; nothing, where it is left out."""

    position: int
    label: Hashable
    attribute: Attribute | None
    problems: tuple[Problem, ...]
    is_candidate: bool
    is_named_alone: bool
    """Whether no other column has its label, so that an option can name it."""

    @property
    def needs_a_look(self) -> bool:
        return any(p.severity != "note" for p in self.problems)

    def is_like(self, text: str) -> bool:
        names = (str(self.label), self.attribute.name if self.attribute else "")
        return any(text.casefold() in name.casefold() for name in names)


def candidates(plan: ImportPlan) -> list[int]:
    """Return the positions of the columns that could be the key, best first."""
    places = {label: i for i, label in reversed([*enumerate(plan.columns)])}
    return [places[label] for label in plan.attributes.key_candidates if label in places]


def entries(plan: ImportPlan) -> list[Entry]:
    """Return the columns in the frame's order; a key that is put together of several comes first."""
    labels = plan.columns
    by_position = {a.position: a for a in plan.attributes}
    by_column: dict[str, list[Problem]] = {}
    for problem in plan.problems:
        if problem.column is not None:
            by_column.setdefault(problem.column, []).append(problem)
    counts = Counter(map(repr, labels))
    best_first = candidates(plan)
    together = [a.position for a in plan.attributes if a.position >= len(labels)]

    def entry(position: int) -> Entry:
        a = by_position.get(position)
        label = labels[position] if position < len(labels) else by_position[position].column
        found = tuple(by_column.get(str(label), ()))
        alone = position >= len(labels) or counts[repr(label)] == 1
        return Entry(position, label, a, found, position in best_first, alone)

    return [entry(position) for position in (*together, *range(len(labels)))]


class Table(widgets.VBox):  # type: ignore[misc]  # ipywidgets is untyped
    """Which columns are imported, under which name, as what, and which is the key."""

    def __init__(self, desk: Desk) -> None:
        plan = desk.plan()
        self.change = desk.change
        self._plan, self._page, self._locked = plan, 0, False
        self.key = Field(
            widgets.Dropdown(
                description="Key",
                options=[("", _UNDECIDED)],
                style={"description_width": "7em"},
                layout={"width": "36em", "max_width": "100%"},
            ),
            self._key_chosen,
        )
        self.filter = widgets.Text(
            description="Find",
            placeholder="part of a name",
            style={"description_width": "7em"},
            layout={"width": "22em", "max_width": "100%"},
        )
        self.only = widgets.Checkbox(description="only what needs a look", indent=False)
        self.before = widgets.Button(description="Previous", icon="chevron-left")
        self.after = widgets.Button(description="Next", icon="chevron-right")
        self.place = widgets.HTML()
        for control, name in (
            (self.key.control, "key"),
            (self.filter, "filter"),
            (self.only, "only"),
            (self.before, "previous"),
            (self.after, "next"),
            (self.place, "place"),
        ):
            control.add_class(f"connect-pandas-{name}")
        self.filter.observe(guarded(self._looked_for, self.place), "value")
        self.only.observe(guarded(self._looked_for, self.place), "value")
        self.before.on_click(guarded(lambda: self._turn(-1), self.place))
        self.after.on_click(guarded(lambda: self._turn(1), self.place))
        self.rows = [Row(self) for _ in range(min(ROWS, len(plan.columns) + 1))]
        self._page_of_rows = widgets.VBox(self.rows)
        self._pager = widgets.HBox([self.before, self.place, self.after])
        super().__init__(
            [
                heading("Attributes"),
                self.key,
                widgets.HBox([self.filter, self.only]),
                _head(),
                self._page_of_rows,
                self._pager,
            ]
        )
        self.show(plan)

    def show(self, plan: ImportPlan) -> None:
        """Draw the plan's attributes."""
        self._plan, self._entries = plan, entries(plan)
        self._draw_key()
        self._draw_page()

    def lock(self, locked: bool) -> None:
        """Let nothing be changed for a while; looking around stays possible."""
        if locked != self._locked:
            self._locked = self.key.control.disabled = locked
            self._draw_page()

    @property
    def plan(self) -> ImportPlan:
        return self._plan

    # ── the key ──────────────────────────────────────────────────────────────────────────────────────────

    def _draw_key(self) -> None:
        now = next((a.position for a in self._plan.attributes if a.key), _UNDECIDED)
        options = self._key_options(now)
        with self.key.drawing() as control:
            if control.options != options:
                control.options = options
            control.value = now
        self.key.say("")

    def _key_options(self, now: int) -> tuple[tuple[str, int], ...]:
        """Return the columns that may be the key: candidates first and marked, an undecided one before all."""
        label = {
            e.position: str(e.label)
            for e in self._entries
            if e.attribute and (e.is_named_alone or e.position == now)
        }
        first = [i for i in candidates(self._plan) if i in label]
        others = [i for i in label if i not in first]
        return (
            *([("– choose the key –", _UNDECIDED)] if now == _UNDECIDED else []),
            *((f"{label[i]} · unique and complete", i) for i in first),
            *((label[i], i) for i in others),
        )

    def _key_chosen(self, position: int) -> str:
        if position == _UNDECIDED or position >= len(self._plan.columns):
            return ""
        wrong = self.choose_key(self._plan.columns[position])
        if wrong:  # a choice is as the plan says; it holds no half-typed answer
            self._draw_key()
        return wrong

    def choose_key(self, label: Hashable) -> str:
        """Make another column the key; the name of one that was put together goes with it."""
        names, key = self._plan.options.names or {}, self._plan.options.key
        kept = {of: name for of, name in names.items() if not (isinstance(key, Together) and of == key)}
        return self.change(key=label, **({"names": kept or None} if kept != names else {}))

    # ── the page ─────────────────────────────────────────────────────────────────────────────────────────

    def _found(self) -> list[Entry]:
        text = self.filter.value.strip()
        found = [e for e in self._entries if e.needs_a_look] if self.only.value else self._entries
        return [e for e in found if e.is_like(text)] if text else list(found)

    def _looked_for(self) -> None:
        self._page = 0
        self._draw_page()

    def _turn(self, by: int) -> None:
        self._page += by
        self._draw_page()

    def _draw_page(self) -> None:
        found, size = self._found(), len(self.rows)
        last = max(0, (len(found) - 1) // size)
        self._page = min(max(self._page, 0), last)
        start = self._page * size
        on_page = found[start : start + size]
        for row, entry in zip(self.rows, on_page, strict=False):
            row.show(entry, self._plan, locked=self._locked)
        shown = tuple(self.rows[: len(on_page)])
        if self._page_of_rows.children != shown:
            self._page_of_rows.children = shown
        self.before.disabled, self.after.disabled = self._page == 0, self._page == last
        of = f"of {len(found):,}" if len(found) == len(self._entries) else f"of {len(found):,} found"
        here = f"{start + 1:,}–{start + len(on_page):,} {of}" if found else "no column is like that"
        self.place.value = f'<span aria-live="polite" style="padding: 0 8px">{here}</span>'


def _head() -> Any:
    names = ("column, imported or not", "name in the service", "type", "key", "values · why · problems")
    head = widgets.HBox([widgets.HTML(f"<strong>{name}</strong>") for name in names])
    head.add_class("connect-pandas-row")
    return head


class Row(widgets.HBox):  # type: ignore[misc]  # ipywidgets is untyped
    """One row, which shows one attribute after another."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self.entry: Entry | None = None
        self.include = Field(widgets.Checkbox(indent=False, layout={"width": "auto"}), self._include)
        self.name = Field(widgets.Text(continuous_update=False), self._name)
        self.type = Field(widgets.Dropdown(options=ATTRIBUTE_TYPES), self._type)
        self.key = Field(widgets.RadioButtons(options=[("key", 0)], value=None), self._key)
        self.about = widgets.HTML()
        self.about.add_class("connect-pandas-small")
        self.include.control.add_class("connect-pandas-include")
        for field, name in ((self.name, "attribute"), (self.type, "type"), (self.key, "is-key")):
            field.control.add_class("connect-pandas-quiet").add_class(f"connect-pandas-{name}")
            field.control.layout.width = "auto"
        super().__init__([self.include, self.name, self.type, self.key, self.about])
        self.add_class("connect-pandas-row")

    def show(self, entry: Entry, plan: ImportPlan, *, locked: bool = False) -> None:
        """Draw an attribute."""
        self.entry, a, label = entry, entry.attribute, str(entry.label)
        known = a is not None and entry.is_named_alone and not locked
        with self.include.drawing() as control:
            control.description, control.value = label, a is not None
            control.disabled = locked or not entry.is_named_alone or entry.position >= len(plan.columns)
        with self.name.drawing() as control:
            control.description = f"Name of {label}"
            control.value, control.disabled = a.name if a else "", not known
        with self.type.drawing() as control:
            control.description = f"Type of {label}"
            options = _types(a)
            if control.options != options:
                control.options = options
            control.value = a.type if a else _INFERRED
            control.disabled = not known or entry.position >= len(plan.columns)
        with self.key.drawing() as control:
            control.description = f"Whether {label} is the key"
            control.options = [("candidate" if entry.is_candidate else "key", entry.position)]
            control.value = entry.position if a and a.key else None
            control.disabled = not known
        for field in (self.include, self.name, self.type, self.key):
            field.say("")
        self.about.value = _about(entry, plan)

    # ── what a person changes ────────────────────────────────────────────────────────────────────────────

    def _include(self, wanted: bool) -> str:
        plan, entry = self._table.plan, self._shown
        labels = plan.columns
        chosen = list(plan.options.columns or labels)
        in_order = chosen == [label for label in labels if label in chosen]
        chosen = [*chosen, entry.label] if wanted else [c for c in chosen if c != entry.label]
        if in_order:
            chosen = [label for label in labels if label in chosen]
        return self._kept(self._table.change(columns=None if chosen == list(labels) else chosen))

    def _name(self, name: str) -> str:
        entry, names = self._shown, dict(self._table.plan.options.names or {})
        names.pop(entry.label, None)
        # Its own name is that of a column anyway, unless a schema gives it another.
        if name.strip() and (name != str(entry.label) or self._table.plan.options.schema is not None):
            names[entry.label] = name
        return self._kept(self._table.change(names=names or None))

    def _type(self, type_: str) -> str:
        entry, types = self._shown, dict(self._table.plan.options.types or {})
        types.pop(entry.label, None)
        if type_ != _INFERRED:
            types[entry.label] = type_
        return self._kept(self._table.change(types=types or None))

    def _key(self, position: int | None) -> str:
        return "" if position is None else self._kept(self._table.choose_key(self._shown.label))

    def _kept(self, wrong: str) -> str:
        """Show the row as the plan has it where a change of it is refused: a choice holds no half-typed answer."""
        if wrong:
            self.show(self._shown, self._table.plan)
        return wrong

    @property
    def _shown(self) -> Entry:
        if self.entry is None:
            raise AssertionError
        return self.entry


def _types(a: Attribute | None) -> tuple[tuple[str, str], ...]:
    """Return the types to choose from; one that was chosen can be given up again."""
    if a is None:
        return (("left out", _INFERRED),)
    return (*((t, t) for t in ATTRIBUTE_TYPES), *([("as inferred", _INFERRED)] if a.chosen else []))


def _about(entry: Entry, plan: ImportPlan) -> str:
    if entry.attribute is None:
        return "left out of the file"
    values = " · ".join(map(escape, plan.examples(entry.position))) or "no values in the first rows"
    return f"{values}<br><em>{escape(entry.attribute.reason)}</em>{_problems(entry.problems)}"


def _problems(problems: Sequence[Problem]) -> str:
    return "".join(
        alert(f"{p.severity}: {p.message} [{p.code}]")
        if p.severity == "error"
        else f"<div>{p.severity}: {escape(p.message)} [{p.code}]</div>"
        for p in problems
        if p.severity != "note"
    )
