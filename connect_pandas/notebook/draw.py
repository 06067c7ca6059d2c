"""A view and how it is drawn: as text for a terminal, as HTML for a notebook.

The HTML reads without styles and scripts, so that an untrusted notebook, an exported page or a mail shows all of it;
every text in it is escaped here. Who makes a view is in ``display`` (frames and plans), ``view_service`` and
``view_sandbox``.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Final, Literal

from connect_pandas.data.problems import Severity, one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connect_pandas.data.problems import Problem

SHOWN: Final = 20
"""How many rows and problems are drawn; what a wide frame shows stays small."""

Verdict = Severity | Literal["passed", "open"]
MARKS: Final[dict[Verdict, str]] = {"passed": "✓", "error": "✗", "warning": "!", "note": "·", "open": "–"}


@dataclass(frozen=True, slots=True)
class Stop:
    """One place on the way of the data, and what is known of it there."""

    place: str
    words: tuple[str, ...]
    verdict: Verdict | None = None
    """How far the import has come; ``None`` before there is one."""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a header; ``more`` says what is not drawn."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    title: str = ""
    more: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a checklist: what was looked at, and what came of it."""

    verdict: Verdict
    about: str
    words: str
    """One line or several; what users write stands in it on one."""


@dataclass(frozen=True, slots=True)
class View:
    """What there is to see of a value, apart from how it is drawn."""

    title: str = ""
    way: tuple[Stop, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    tables: tuple[Table, ...] = ()
    checklist: tuple[Item, ...] = ()
    problems: tuple[Problem, ...] = ()
    with_rules: bool = False
    """Whether each problem says the rule behind it."""
    verdict: str = ""


def bundle(seen: View) -> dict[str, str]:
    """Return Jupyter's bundle of a view: text and HTML."""
    return {"text/plain": as_text(seen), "text/html": as_html(seen)}


# ── words that views share ───────────────────────────────────────────────────────────────────────────────────


def count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def more(n: int, what: str) -> str:
    """Say how many are not drawn."""
    return f"… and {count(n - SHOWN, what)} more" if n > SHOWN else ""


def size(n: float) -> str:
    """Return bytes in words, in the decimal units of the service's limits."""
    if n < 1000:
        return count(round(n), "byte")
    for unit in ("kB", "MB"):
        n /= 1000
        if n < 999.5:
            return f"{n:.3g} {unit}"
    return f"{n / 1000:,.1f} GB"


# ── as text ──────────────────────────────────────────────────────────────────────────────────────────────────


def as_text(seen: View) -> str:
    """Draw a view for a terminal."""
    lines = [one_line(seen.title)] if seen.title else []
    lines += _way_and_facts(seen.way, seen.facts)
    for table in seen.tables:
        lines += ["", *_table_lines(table)]
    if seen.checklist:
        lines += ["", *_list_lines(seen.checklist)]
    for problem in seen.problems[:SHOWN]:
        said = f"{problem.severity}: {problem.in_words(rule=seen.with_rules)}"
        lines += ["", *(f"{'  ' if seen.title else ''}{line}" for line in said.split("\n"))]
    if len(seen.problems) > SHOWN:
        lines.append(f"  {more(len(seen.problems), 'problem')}")
    if seen.verdict:
        lines += ["", seen.verdict]
    return "\n".join(lines).lstrip("\n")


def _way_and_facts(way: Sequence[Stop], facts: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Yield both in one column of names."""
    width = max((len(name) for name in (*(s.place for s in way), *(name for name, _ in facts))), default=0)
    for i, stop in enumerate(way):
        words = " · ".join(map(one_line, stop.words))
        yield f"  {_mark_before(stop)}{'→ ' if i else '  '}{stop.place:<{width}}  {words}"
    indent = "  " + " " * len(f"{_mark_before(way[0])}  " if way else "")
    for name, value in facts:
        yield f"{indent}{name:<{width}}  {one_line(value)}"


def _mark_before(stop: Stop) -> str:
    return f"{MARKS[stop.verdict]} " if stop.verdict else ""


def _list_lines(checklist: Sequence[Item]) -> Iterator[str]:
    width = max(len(item.about) for item in checklist)
    for item in checklist:
        first, *rest = item.words.split("\n")
        yield f"  {MARKS[item.verdict]} {item.about:<{width}}  {one_line(first)}"
        yield from (f"{' ' * (width + 6)}{one_line(line)}" for line in rest)


_WIDEST: Final = 60
"""So wide are columns of a table at most; a longer cell stands out of its column."""


def _table_lines(table: Table) -> Iterator[str]:
    if table.title:
        yield f"  {table.title}"
    cells = [[one_line(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [min(_WIDEST, max(len(row[i]) for row in cells)) for i in range(len(table.header) - 1)]
    for row in cells:
        yield "  " + "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1]]).rstrip()
    if table.more:
        yield f"  {table.more}"


# ── as HTML ──────────────────────────────────────────────────────────────────────────────────────────────────

_STYLE: Final = (
    "color: var(--jp-ui-font-color1, CanvasText); background: var(--jp-layout-color0, Canvas); "
    "font-family: var(--jp-ui-font-family, sans-serif); font-size: var(--jp-ui-font-size1, 13px); "
    "line-height: 1.5; padding: 8px 0; max-width: 70em"
)
_CELL: Final = "text-align: left; vertical-align: top; padding: 2px 14px 2px 0; white-space: pre-wrap"
_WAY: Final = "display: flex; flex-wrap: wrap; gap: 6px; list-style: none; margin: 8px 0; padding: 0"
_STOP: Final = "display: flex; align-items: center; gap: 6px; margin: 0; max-width: 24em"
_BOX: Final = (
    "border: 1px solid var(--jp-border-color1, GrayText); border-radius: 4px; padding: 4px 10px; "
    "overflow-wrap: anywhere"
)
_COLOR: Final[dict[Severity, str]] = {
    "error": "var(--jp-error-color1, #d32f2f)",
    "warning": "var(--jp-warn-color0, #a86400)",
    "note": "var(--jp-info-color0, #2f74d0)",
}


def as_html(seen: View) -> str:
    """Draw a view for a notebook."""
    parts = [f"<strong>{_safe(seen.title)}</strong>"] if seen.title else []
    if seen.way:
        stops = "".join(_stop(stop, first=not i) for i, stop in enumerate(seen.way))
        parts.append(f'<ol style="{_WAY}">{stops}</ol>')
    if seen.facts:
        facts = "".join(_row("td", fact, head='th scope="row"') for fact in seen.facts)
        parts.append(f'<table style="margin: 4px 0; border: none">{facts}</table>')
    parts += map(_table, seen.tables)
    if seen.checklist:
        checked = "".join(map(_checked, seen.checklist))
        parts.append(f'<table style="margin: 8px 0; border: none">{checked}</table>')
    parts += [_problem(p, rule=seen.with_rules) for p in seen.problems[:SHOWN]]
    if len(seen.problems) > SHOWN:
        parts.append(f"<div>{escape(more(len(seen.problems), 'problem'))}</div>")
    if seen.verdict:
        parts.append(f'<div><strong style="white-space: pre-wrap">{escape(seen.verdict)}</strong></div>')
    return f'<div class="connect-pandas" style="{_STYLE}">{"".join(parts)}</div>'


def _safe(text: str) -> str:
    return escape(one_line(text))


def _stop(stop: Stop, *, first: bool) -> str:
    arrow = "" if first else '<span style="flex: none">→ </span>'
    mark = f"{_mark(stop.verdict)} " if stop.verdict else ""
    words = "".join(f"<br>{_safe(line)}" for line in stop.words)
    box = f'<span style="{_BOX}">{mark}<strong>{escape(stop.place)}</strong>{words}</span>'
    return f'<li style="{_STOP}">{arrow}{box}</li>'


def _table(table: Table) -> str:
    body = "".join(_row("td", row) for row in table.rows)
    head = _row('th scope="col"', table.header)
    title = f"<div><strong>{_safe(table.title)}</strong></div>" if table.title else ""
    rest = f"<div>{_safe(table.more)}</div>" if table.more else ""
    return f'{title}<table style="margin: 8px 0"><thead>{head}</thead><tbody>{body}</tbody></table>{rest}'


def _row(tag: str, cells: Sequence[str], head: str | None = None) -> str:
    tags = [head or tag, *[tag] * (len(cells) - 1)]
    drawn = [
        f'<{t} style="{_CELL}">{_safe(c)}</{t.partition(" ")[0]}>' for t, c in zip(tags, cells, strict=True)
    ]
    return f"<tr>{''.join(drawn)}</tr>"


def _mark(verdict: Verdict) -> str:
    # In the text's own colour: of Jupyter's others none has the contrast for reading in both themes.
    return f"<span>{MARKS[verdict]}</span>"


def _checked(item: Item) -> str:
    mark = f'<td style="{_CELL}">{_mark(item.verdict)}</td>'
    words = "<br>".join(map(_safe, item.words.split("\n")))
    return f'<tr>{mark}<th scope="row" style="{_CELL}">{_safe(item.about)}</th><td style="{_CELL}">{words}</td></tr>'


def _problem(p: Problem, *, rule: bool) -> str:
    where = f"<strong>{_safe(p.column)}</strong>: " if p.column is not None else ""
    rest = f" … {p.count:,} in all" if p.count > len(p.rows) else ""
    rows = f"<br>{escape(', '.join(map(str, p.rows)) + rest)}" if p.rows else ""
    why = f"<br>rule: {escape(p.rule)}" if rule else ""
    fix = f'<br><code style="white-space: pre-wrap">{escape(p.fix)}</code>' if p.fix else ""
    return (
        f'<div style="border-left: 3px solid {_COLOR[p.severity]}; padding-left: 8px; margin: 6px 0">'
        f"{p.severity} · {where}{escape(p.message)} [{p.code}]{rows}{why}{fix}</div>"
    )
