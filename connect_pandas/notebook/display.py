"""What our values look like: one view of each, drawn as text for a terminal or as HTML for a notebook.

The HTML reads without styles and scripts, so that an untrusted notebook, an exported page or a mail shows all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from html import escape
from typing import TYPE_CHECKING, Any, Final, Literal

from connect_pandas._plan import ImportPlan
from connect_pandas.data.infer import Attribute, Attributes
from connect_pandas.data.problems import GROUPS, SEVERITIES, Problem, Problems, Severity, one_line
from connect_pandas.data.repair import Repair, done, title, verdict
from connect_pandas.rules import ATTRIBUTE_TYPES, DATE_FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from connect_pandas.data.problems import Group
    from connect_pandas.rules import AttributeType

SHOWN: Final = 20
"""How many attributes and problems a repr shows; a wide frame's stays small."""

Verdict = Severity | Literal["passed", "open"]


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a checklist: what was looked at, and what came of it."""

    verdict: Verdict
    about: str
    words: str


@dataclass(frozen=True, slots=True)
class View:
    """What there is to see of a value, apart from how it is drawn."""

    title: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    more: str = ""
    checklist: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()
    with_rules: bool = False
    """Whether each problem says the rule behind it."""
    verdict: str = ""


def text(value: Any) -> str:
    """Return a value as text."""
    return _as_text(view(value))


def bundle(value: Any) -> dict[str, str]:
    """Return a value as Jupyter's bundle: text and HTML."""
    seen = view(value)
    return {"text/plain": _as_text(seen), "text/html": _as_html(seen)}


# ── views ────────────────────────────────────────────────────────────────────────────────────────────────────


@singledispatch
def view(value: Any) -> View:
    """Return what there is to see of a value."""
    raise TypeError(type(value))


@view.register
def _(attributes: Attributes) -> View:
    return View(
        title=f"{_count(len(attributes), 'attribute')} · {_count(attributes.rows, 'row')}",
        header=("column", "type", "key", "why"),
        rows=tuple(
            (str(a.column), a.type, "key" if a.key else "", a.reason) for a in attributes.items[:SHOWN]
        ),
        more=_more(len(attributes), "attribute"),
        checklist=_checklist(attributes),
        problems=attributes.problems,
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
        facts=(
            ("frame", f"{_count(plan.rows, 'row')} × {_count(len(plan.attributes), 'column')}"),
            (
                "file",
                f"{plan.filename} · {_DELIMITER[plan.delimiter]} · {'with' if plan.header else 'no'} header",
            ),
            ("folder", plan.folder or "(the subscription's own)"),
            ("job", plan.job_name),
            *_date_fact(plan.attributes),
            *((("notify", ", ".join(plan.notify)),) if plan.notify else ()),
        ),
        header=("#", "attribute", "type", "key", "why"),
        rows=tuple(
            (str(i), _renamed(str(a.column), a.name), a.type, "key" if a.key else "", a.reason)
            for i, a in enumerate(plan.attributes.items[:SHOWN], 1)
        ),
        more=_more(len(plan.attributes), "attribute"),
        checklist=_short_checklist(plan.attributes, plan.problems),
        problems=plan.problems,
        verdict=_verdict(plan.problems, "ready: plan.submit()"),
    )


_DELIMITER: Final = {",": "comma-separated", "\t": "tab-separated", "|": "pipe-separated"}


def _date_fact(attributes: Attributes) -> tuple[tuple[str, str], ...]:
    pattern = next((f.pattern for f in DATE_FORMATS if f.name == attributes.date_format), None)
    return (("dates", pattern),) if pattern else ()


def _counted(attribute: Attribute) -> str:
    return " · ".join(f"{what}: {n:,}" for what, n in attribute.evidence.items())


def _renamed(column: str, name: str) -> str:
    return name if column == name else f"{name} (from {column})"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _more(n: int, what: str) -> str:
    return f"… and {_count(n - SHOWN, what)} more" if n > SHOWN else ""


def _verdict(problems: Sequence[Problem], ready: str) -> str:
    said = _counts(problems)
    if any(p.severity == "error" for p in problems):
        return f"not ready: {said}"
    return f"{ready}{f' · {said}' if said else ''}"


def _counts(problems: Sequence[Problem]) -> str:
    counts = {s: sum(p.severity == s for p in problems) for s in SEVERITIES}
    return ", ".join(_count(n, s) for s, n in counts.items() if n)


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
        count = sum(p.count for p in same)
        columns = list(dict.fromkeys(_cut(p.column) for p in same if p.column is not None))
        where = ", ".join(columns) if len(columns) <= _NAMED else _count(len(columns), "column")
        yield (f"{count:,} × {code}" if count else code) + (f" in {where}" if where else "")


_NAMED: Final = 3
"""So many columns are named in a line of the checklist; more are counted."""
_NAME_WIDTH: Final = 40


def _cut(name: str) -> str:
    return name if len(name) <= _NAME_WIDTH else f"{name[: _NAME_WIDTH - 1]}…"


def _names(attributes: Attributes) -> str:
    if not len(attributes):
        return ""
    return _count(len(attributes), "attribute name") + (", all different" if len(attributes) > 1 else "")


def _key(attributes: Attributes) -> str:
    key = next((a for a in attributes if a.key), None)
    # What no attribute can hold was not looked at for repeats.
    if key is None or key.kind == "unsupported" or not attributes.rows:
        return ""
    return f"{_cut(str(key.column))}: {_count(attributes.rows, 'different value')}, none missing"


def _types(attributes: Attributes) -> str:
    counts = {t: sum(a.type == t for a in attributes) for t in ATTRIBUTE_TYPES}
    return ", ".join(f"{n:,} {t}" for t, n in counts.items() if n)


def _of_type(type_: AttributeType, words: str) -> Callable[[Attributes], str]:
    def said(attributes: Attributes) -> str:
        count = sum(a.type == type_ and a.kind != "unsupported" for a in attributes)
        return f"{_count(count, 'attribute')}, {words}" if count else ""

    return said


def _dates(attributes: Attributes) -> str:
    pattern = attributes.form.pattern if attributes.form else "none"
    return _of_type("DATE", f"one format for all: {pattern}")(attributes)


def _phones(attributes: Attributes) -> str:
    count = sum(_are_phones(a) for a in attributes)
    return f"{_count(count, 'attribute')}, E.164 throughout" if count else ""


def _are_phones(a: Attribute) -> bool:
    """Whether a column was checked as phone numbers: all of its values that say something are."""
    counted = a.evidence
    told = counted.get("rows", 0) - counted.get("missing", 0) - counted.get("words for missing", 0)
    return a.type == "TEXT" and not a.chosen and 0 < told == counted.get("phone numbers", 0)


_GOOD: Final[dict[Group, Callable[[Attributes], str]]] = {
    "frame": lambda a: f"{_count(a.rows, 'row')} × {_count(len(a), 'column')}",
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
_MARKS: Final[dict[Verdict, str]] = {"passed": "✓", "error": "✗", "warning": "!", "note": "·", "open": "–"}


@view.register
def _(repair: Repair) -> View:
    left = ((d.column, d.rule, f"{d.count:,} left", d.reason) for d in repair.doubts)
    return View(
        title=title(repair),
        header=("column", "rule", "values", "as"),
        rows=(*done(repair.changes), *left),
        problems=repair.left,
        verdict=verdict(repair),
    )


# ── as text ──────────────────────────────────────────────────────────────────────────────────────────────────


def _as_text(seen: View) -> str:
    lines = [seen.title] if seen.title else []
    width = max((len(name) for name, _ in seen.facts), default=0)
    lines += [f"  {name:<{width}}  {one_line(value)}" for name, value in seen.facts]
    if seen.rows:
        lines += ["", *_table(seen.header, seen.rows)]
    if seen.more:
        lines.append(f"  {seen.more}")
    if seen.checklist:
        lines += ["", *_list(seen.checklist)]
    for problem in seen.problems[:SHOWN]:
        said = f"{problem.severity}: {problem.in_words(rule=seen.with_rules)}"
        lines += ["", *(f"{'  ' if seen.title else ''}{line}" for line in said.split("\n"))]
    if len(seen.problems) > SHOWN:
        lines.append(f"  {_more(len(seen.problems), 'problem')}")
    if seen.verdict:
        lines += ["", seen.verdict]
    return "\n".join(lines).lstrip("\n")


def _list(checklist: Sequence[Item]) -> Iterator[str]:
    width = max(len(item.about) for item in checklist)
    for item in checklist:
        yield f"  {_MARKS[item.verdict]} {item.about:<{width}}  {one_line(item.words)}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[one_line(cell) for cell in row] for row in (header, *rows)]
    widths = [min(40, max(len(row[i]) for row in cells)) for i in range(len(header) - 1)]
    return [
        "  " + "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in cells
    ]


# ── as HTML ──────────────────────────────────────────────────────────────────────────────────────────────────

_STYLE: Final = (
    "color: var(--jp-ui-font-color1, CanvasText); background: var(--jp-layout-color0, Canvas); "
    "font-family: var(--jp-ui-font-family, sans-serif); font-size: var(--jp-ui-font-size1, 13px); "
    "line-height: 1.5; padding: 8px 0; max-width: 70em"
)
_CELL: Final = "text-align: left; vertical-align: top; padding: 2px 14px 2px 0; white-space: pre-wrap"
_COLOR: Final[dict[Verdict, str]] = {
    "error": "var(--jp-error-color1, #d32f2f)",
    "warning": "var(--jp-warn-color0, #a86400)",
    "note": "var(--jp-info-color0, #2f74d0)",
    "passed": "var(--jp-success-color0, #2e8540)",
    "open": "inherit",
}


def _as_html(seen: View) -> str:
    parts = [f"<strong>{escape(seen.title)}</strong>"] if seen.title else []
    if seen.facts:
        facts = "".join(_row("td", fact, head="th") for fact in seen.facts)
        parts.append(f'<table style="margin: 4px 0; border: none">{facts}</table>')
    if seen.rows:
        body = "".join(_row("td", row) for row in seen.rows)
        parts.append(
            f'<table style="margin: 8px 0"><thead>{_row("th", seen.header)}</thead><tbody>{body}</tbody></table>'
        )
    if seen.more:
        parts.append(f"<div>{escape(seen.more)}</div>")
    if seen.checklist:
        checked = "".join(map(_checked, seen.checklist))
        parts.append(f'<table style="margin: 8px 0; border: none">{checked}</table>')
    parts += [_problem(p, rule=seen.with_rules) for p in seen.problems[:SHOWN]]
    if len(seen.problems) > SHOWN:
        parts.append(f"<div>{escape(_more(len(seen.problems), 'problem'))}</div>")
    if seen.verdict:
        parts.append(f"<div><strong>{escape(seen.verdict)}</strong></div>")
    return f'<div class="connect-pandas" style="{_STYLE}">{"".join(parts)}</div>'


def _row(tag: str, cells: Sequence[str], head: str | None = None) -> str:
    tags = [head or tag, *[tag] * (len(cells) - 1)]
    drawn = [f'<{t} style="{_CELL}">{escape(one_line(c))}</{t}>' for t, c in zip(tags, cells, strict=True)]
    return f"<tr>{''.join(drawn)}</tr>"


def _checked(item: Item) -> str:
    mark = f'<td style="{_CELL}; color: {_COLOR[item.verdict]}">{_MARKS[item.verdict]}</td>'
    words = f'<td style="{_CELL}">{escape(one_line(item.words))}</td>'
    return f'<tr>{mark}<th style="{_CELL}">{escape(item.about)}</th>{words}</tr>'


def _problem(p: Problem, *, rule: bool) -> str:
    where = f"<strong>{escape(one_line(p.column))}</strong>: " if p.column is not None else ""
    more = f" … {p.count:,} in all" if p.count > len(p.rows) else ""
    rows = f"<br>{escape(', '.join(map(str, p.rows)) + more)}" if p.rows else ""
    why = f"<br>rule: {escape(p.rule)}" if rule else ""
    fix = f'<br><code style="white-space: pre-wrap">{escape(p.fix)}</code>' if p.fix else ""
    return (
        f'<div style="border-left: 3px solid {_COLOR[p.severity]}; padding-left: 8px; margin: 6px 0">'
        f"{p.severity} · {where}{escape(p.message)} [{p.code}]{rows}{why}{fix}</div>"
    )


__all__ = ["Item", "View", "bundle", "text", "view"]
