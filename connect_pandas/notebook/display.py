"""What there is to see of frames and plans: one view of each, and the checklist in it."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch
from typing import TYPE_CHECKING, Any, Final

from connect_pandas._plan import ImportPlan
from connect_pandas.data.infer import Attribute, Attributes
from connect_pandas.data.problems import GROUPS, SEVERITIES, Problem, Problems, one_line
from connect_pandas.data.repair import Repair, done, title, verdict
from connect_pandas.notebook import draw
from connect_pandas.notebook.draw import SHOWN, Item, Table, View, count, more
from connect_pandas.notebook.way import notified, told, way
from connect_pandas.rules import ATTRIBUTE_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from connect_pandas.data.mends import Doubt
    from connect_pandas.data.problems import Group
    from connect_pandas.notebook.draw import Stop
    from connect_pandas.rules import AttributeType


def text(value: Any) -> str:
    """Return a value as text."""
    return draw.as_text(view(value))


def bundle(value: Any) -> dict[str, str]:
    """Return a value as Jupyter's bundle: text and HTML."""
    return draw.bundle(view(value))


# ── views ────────────────────────────────────────────────────────────────────────────────────────────────────


@singledispatch
def view(value: Any) -> View:
    """Return what there is to see of a value."""
    raise TypeError(type(value))


@view.register
def _(attributes: Attributes) -> View:
    return View(
        title=f"{count(len(attributes), 'attribute')} · {count(attributes.rows, 'row')}",
        tables=_table(
            ("column", "type", "key", "why"),
            ((str(a.column), a.type, "key" if a.key else "", a.reason) for a in attributes.items[:SHOWN]),
            more(len(attributes), "attribute"),
        ),
        checklist=_checklist(attributes),
        problems=_told_once(attributes.problems),
        verdict=_verdict(attributes.problems, 'ready: df.connect.plan("Name")'),
    )


@view.register
def _(attribute: Attribute) -> View:
    return View(
        title=f"{attribute.name}: {attribute.type}{', the key' if attribute.key else ''}",
        facts=(
            ("column", str(attribute.column)),
            ("why", attribute.reason),
            *((("counted", _counted(attribute)),) if attribute.evidence else ()),
            *((("unless", attribute.unless),) if attribute.unless else ()),
        ),
    )


@view.register
def _(problem: Problem) -> View:
    return View(problems=(problem,), with_rules=True)


@view.register
def _(problems: Problems) -> View:
    return View(title=_counts(problems) or "no problems", problems=problems, with_rules=True)


@view.register
def _(plan: ImportPlan) -> View:
    return View(
        title=f"Import plan: reference set {plan.name!r}",
        way=way_of(plan),
        facts=(("job", plan.job_name), ("notify", notified(plan.notify))),
        tables=_table(
            ("#", "attribute", "type", "key", "why"),
            (
                (str(i), _renamed(str(a.column), a.name), a.type, "key" if a.key else "", a.reason)
                for i, a in enumerate(plan.attributes.items[:SHOWN], 1)
            ),
            more(len(plan.attributes), "attribute"),
        ),
        checklist=_short_checklist(plan.attributes, plan.problems),
        problems=_told_once(plan.problems),
        verdict=_verdict(plan.problems, "ready: plan.submit()"),
    )


def size_of(plan: ImportPlan) -> str:
    """Say how large the plan's file will be; nothing where that is not known."""
    size, exact = (plan.ok and plan.file_size) or (None, True)
    return "" if size is None else f"{'' if exact else 'about '}{draw.size(size)}"


def way_of(plan: ImportPlan) -> tuple[Stop, ...]:
    """Return the places that the plan's data will pass."""
    stops = way(plan.payload["importInput"], plan.rows, size_of(plan))
    return (
        stops if plan.ok else (*stops[:-1], told(stops[-1], "error", "not before its errors are put right"))
    )


def _table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]], rest: str = "") -> tuple[Table, ...]:
    """Return the one table of a view; none without rows."""
    drawn = tuple(rows)
    return (Table(header, drawn, more=rest),) if drawn else ()


def _counted(attribute: Attribute) -> str:
    return " · ".join(f"{what}: {n:,}" for what, n in attribute.evidence.items())


def _renamed(column: str, name: str) -> str:
    return name if column == name else f"{name} (from {column})"


def _verdict(problems: Sequence[Problem], ready: str) -> str:
    said = _counts(problems)
    if any(p.severity == "error" for p in problems):
        return f"not ready: {said}"
    return f"{ready}{f' · {said}' if said else ''}"


def _told_once(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """Return the problems; those that say the same of many columns, and stop nothing, as the first of them."""
    alike: dict[tuple[str, str], list[Problem]] = {}
    for p in problems:
        # An error is told of each column: each has to be put right.
        alike.setdefault((p.code, p.message if p.severity != "error" else str(id(p))), []).append(p)
    each = (same if len(same) <= _ALIKE_MOST else [_first(same)] for same in alike.values())
    return tuple(p for same in each for p in same)


def _first(same: Sequence[Problem]) -> Problem:
    others = [_cut(p.column or "") for p in same[1:]]
    named = ", ".join(others[:_ALIKE_MOST])
    rest = f" and {len(others) - _ALIKE_MOST:,} more" if len(others) > _ALIKE_MOST else ""
    return replace(same[0], message=f"{same[0].message} So it is with {named}{rest}.")


_ALIKE_MOST: Final = 3
"""So many columns of which the same is to be said are told one by one."""


def _counts(problems: Sequence[Problem]) -> str:
    counts = {s: sum(p.severity == s for p in problems) for s in SEVERITIES}
    return ", ".join(count(n, s) for s, n in counts.items() if n)


# ── the checklist ────────────────────────────────────────────────────────────────────────────────────────────


def _checklist(attributes: Attributes) -> tuple[Item, ...]:
    """Return a line for each group of rules; those of which the frame has nothing share one."""
    # How large the file becomes is known with the plan.
    items = [_item(group, attributes, attributes.problems) for group in GROUPS if group != "size"]
    nothing = ", ".join(item.about for item in items if not item.words)
    return (
        *(item for item in items if item.words),
        *([Item("open", "not there", nothing)] if nothing else []),
    )


def _short_checklist(attributes: Attributes, problems: Sequence[Problem]) -> tuple[Item, ...]:
    """Return a line for each group of rules with problems; those without share one."""
    items = [_item(group, attributes, problems) for group in GROUPS]
    passed = ", ".join(item.about for item in items if item.verdict == "passed")
    return (
        *(item for item in items if item.verdict in SEVERITIES),
        *([Item("passed", "passed", passed)] if passed else []),
    )


def _item(group: Group, attributes: Attributes, problems: Sequence[Problem]) -> Item:
    """Return what came of a group of rules; without words where there is nothing that they are about."""
    found = [p for p in problems if p.group == group]
    worst = next((s for s in SEVERITIES if any(p.severity == s for p in found)), None)
    if worst in ("error", "warning"):
        return Item(worst, group, "; ".join(_found(found)))
    if group in _LAST and any(p.severity == "error" for p in problems):
        return Item("open", group, "looked at when the errors are put right")
    good = _GOOD[group](attributes)
    if worst is None:
        return Item("passed" if good else "open", group, good)
    return Item(worst, group, "; ".join([*([good] if good else []), *_found(found)]))


def _found(problems: Sequence[Problem]) -> Iterator[str]:
    """Yield how many values of which columns a code was found in."""
    for code in dict.fromkeys(p.code for p in problems):
        same = [p for p in problems if p.code == code]
        values = sum(p.count for p in same)
        columns = list(dict.fromkeys(_cut(p.column) for p in same if p.column is not None))
        where = ", ".join(columns) if len(columns) <= _NAMED else count(len(columns), "column")
        yield (f"{values:,} × {code}" if values else code) + (f" in {where}" if where else "")


_NAMED: Final = 3
"""So many columns are named in a line of the checklist; more are counted."""
_NAME_WIDTH: Final = 40


def _cut(name: str) -> str:
    name = one_line(name)
    return name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 1]}…"


def _names(attributes: Attributes) -> str:
    if not len(attributes):
        return ""
    return count(len(attributes), "attribute name") + (", all different" if len(attributes) > 1 else "")


def _key(attributes: Attributes) -> str:
    key = next((a for a in attributes if a.key), None)
    # What no attribute can hold was not looked at for repeats.
    if key is None or key.kind == "unsupported" or not attributes.rows:
        return ""
    return f"{_cut(str(key.column))}: {count(attributes.rows, 'different value')}, none missing"


def _types(attributes: Attributes) -> str:
    counts = {t: sum(a.type == t for a in attributes) for t in ATTRIBUTE_TYPES}
    return ", ".join(f"{n:,} {t}" for t, n in counts.items() if n)


def _of_type(type_: AttributeType, words: str) -> Callable[[Attributes], str]:
    def said(attributes: Attributes) -> str:
        found = sum(a.type == type_ and a.kind != "unsupported" for a in attributes)
        return f"{count(found, 'attribute')}, {words}" if found else ""

    return said


def _dates(attributes: Attributes) -> str:
    pattern = attributes.form.pattern if attributes.form else "none"
    return _of_type("DATE", f"one format for all: {pattern}")(attributes)


def _phones(attributes: Attributes) -> str:
    # A type that was given is kept, and its values are not looked at as phone numbers.
    found = [a.evidence.get("phone numbers", 0) for a in attributes if a.type == "TEXT" and not a.chosen]
    return f"{count(sum(found), 'phone number')}, E.164 throughout" if any(found) else ""


_GOOD: Final[dict[Group, Callable[[Attributes], str]]] = {
    "frame": lambda a: f"{count(a.rows, 'row')} × {count(len(a), 'column')}",
    "names": _names,
    "key": _key,
    "types": _types,
    "numbers": _of_type("NUMBER", "plain decimal numbers throughout"),
    "booleans": _of_type("BOOLEAN", "TRUE or FALSE throughout"),
    "dates": _dates,
    "text": _of_type("TEXT", "one line a value, no control characters"),
    "phones": _phones,
    "size": lambda _: "a file of at most 5 GB",
    "schema": lambda _: "kept to, by Pandera's verdict",
}
"""Group of rules → what holds where none is broken, with figures; empty where there is nothing that they are about."""
_LAST: Final[tuple[Group, ...]] = ("size", "schema")
"""Looked at only when nothing else is wrong."""


@view.register
def _(repair: Repair) -> View:
    doubts = [_doubted(doubt) for doubt in repair.doubts[:SHOWN]]
    if len(repair.doubts) > SHOWN:
        doubts.append(Item("open", "", f"{more(len(repair.doubts), 'doubt')}: .doubts"))
    return View(
        title=title(repair),
        tables=_table(("column", "rule", "values", "as"), done(repair.changes)),
        checklist=tuple(doubts),
        problems=repair.left,
        verdict=verdict(repair),
    )


def _doubted(doubt: Doubt) -> Item:
    said = str(replace(doubt, column=""))  # which stands before it
    return Item("open", _cut(doubt.column) if doubt.column else "rows", said)
