"""What our values look like: one view of each, drawn as text for a terminal or as HTML for a notebook.

The HTML reads without styles and scripts, so that an untrusted notebook, an exported page or a mail shows all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import singledispatch
from html import escape
from typing import TYPE_CHECKING, Any, Final

from connect_pandas._plan import ImportPlan
from connect_pandas.data.infer import Attributes
from connect_pandas.data.problems import SEVERITIES, Problem, show
from connect_pandas.rules import DATE_FORMATS

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN: Final = 20
"""How many attributes and problems a repr shows; a wide frame's stays small."""


@dataclass(frozen=True, slots=True)
class View:
    """What there is to see of a value, apart from how it is drawn."""

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    more: str = ""
    problems: tuple[Problem, ...] = ()
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
        facts=_date_fact(attributes),
        header=("column", "type", "key", "why"),
        rows=tuple(
            (str(a.column), a.type, "key" if a.key else "", a.reason) for a in attributes.items[:SHOWN]
        ),
        more=_more(len(attributes), "attribute"),
        problems=attributes.problems,
        verdict=_verdict(attributes.problems, 'ready: df.connect.plan("…")'),
    )


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
        problems=plan.problems,
        verdict=_verdict(plan.problems, "ready: plan.submit()"),
    )


_DELIMITER: Final = {",": "comma-separated", "\t": "tab-separated", "|": "pipe-separated"}


def _date_fact(attributes: Attributes) -> tuple[tuple[str, str], ...]:
    pattern = next((f.pattern for f in DATE_FORMATS if f.name == attributes.date_format), None)
    return (("dates", pattern),) if pattern else ()


def _renamed(column: str, name: str) -> str:
    return name if column == name else f"{name} (from {column})"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'' if n == 1 else 's'}"


def _more(n: int, what: str) -> str:
    return f"… and {_count(n - SHOWN, what)} more" if n > SHOWN else ""


def _verdict(problems: Sequence[Problem], ready: str) -> str:
    counts = {s: sum(p.severity == s for p in problems) for s in SEVERITIES}
    said = ", ".join(_count(n, s) for s, n in counts.items() if n)
    if counts["error"]:
        return f"not ready: {said}"
    return f"{ready}{f' · {said}' if said else ''}"


# ── as text ──────────────────────────────────────────────────────────────────────────────────────────────────


def _as_text(seen: View) -> str:
    lines = [seen.title]
    width = max((len(name) for name, _ in seen.facts), default=0)
    lines += [f"  {name:<{width}}  {value}" for name, value in seen.facts]
    if seen.rows:
        lines += ["", *_table(seen.header, seen.rows)]
    if seen.more:
        lines.append(f"  {seen.more}")
    for problem in seen.problems[:SHOWN]:
        lines += ["", *(f"  {line}" for line in f"{problem.severity}: {problem}".split("\n"))]
    if len(seen.problems) > SHOWN:
        lines.append(f"  {_more(len(seen.problems), 'problem')}")
    if seen.verdict:
        lines += ["", seen.verdict]
    return "\n".join(lines)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    cells = [[_one_line(cell) for cell in row] for row in (header, *rows)]
    widths = [min(40, max(len(row[i]) for row in cells)) for i in range(len(header) - 1)]
    return [
        "  " + "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1]]).rstrip()
        for row in cells
    ]


def _one_line(cell: str) -> str:
    return cell if cell.isprintable() else ascii(cell)[1:-1]


# ── as HTML ──────────────────────────────────────────────────────────────────────────────────────────────────

_STYLE: Final = (
    "color: var(--jp-ui-font-color1, CanvasText); background: var(--jp-layout-color0, Canvas); "
    "font-family: var(--jp-ui-font-family, sans-serif); font-size: var(--jp-ui-font-size1, 13px); "
    "line-height: 1.5; padding: 8px 0; max-width: 70em"
)
_CELL: Final = "text-align: left; vertical-align: top; padding: 2px 14px 2px 0; white-space: pre-wrap"
_MARK: Final = {
    "error": "var(--jp-error-color1, #b00020)",
    "warning": "var(--jp-warn-color0, #8a5300)",
    "note": "var(--jp-info-color0, #0b57a4)",
}


def _as_html(seen: View) -> str:
    parts = [f"<strong>{escape(seen.title)}</strong>"]
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
    parts += [_problem(p) for p in seen.problems[:SHOWN]]
    if len(seen.problems) > SHOWN:
        parts.append(f"<div>{escape(_more(len(seen.problems), 'problem'))}</div>")
    if seen.verdict:
        parts.append(f"<div><strong>{escape(seen.verdict)}</strong></div>")
    return f'<div class="connect-pandas" style="{_STYLE}">{"".join(parts)}</div>'


def _row(tag: str, cells: Sequence[str], head: str | None = None) -> str:
    tags = [head or tag, *[tag] * (len(cells) - 1)]
    drawn = [f'<{t} style="{_CELL}">{escape(_one_line(c))}</{t}>' for t, c in zip(tags, cells, strict=True)]
    return f"<tr>{''.join(drawn)}</tr>"


def _problem(p: Problem) -> str:
    where = f"<strong>{escape(_one_line(p.column))}</strong>: " if p.column is not None else ""
    more = f" … {p.count:,} in all" if p.count > len(p.rows) else ""
    rows = f"<br>{escape(', '.join(map(str, p.rows)) + more)}" if p.rows else ""
    fix = f'<br><code style="white-space: pre-wrap">{escape(p.fix)}</code>' if p.fix else ""
    return (
        f'<div style="border-left: 3px solid {_MARK[p.severity]}; padding-left: 8px; margin: 6px 0">'
        f"{p.severity} · {where}{escape(p.message)}{rows}{fix}</div>"
    )


__all__ = ["View", "bundle", "show", "text", "view"]
