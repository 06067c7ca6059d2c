"""The table of the cells: printed at the end of a run, and kept in ``docs/faults.md``."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from _pytest.terminal import TerminalReporter

    from tests.faults.play import Cell, Played

PAGE = Path(__file__).parents[2] / "docs/faults.md"
BEGIN, END = "<!-- cells -->\n", "<!-- end of cells -->\n"
PROPERTY = "cell"
_printed = False


def row(cell: Cell, first: Played) -> tuple[str, ...]:
    """Return what a run says of a cell: how it ended, and in what time."""
    error = type(first.error).__name__ if first.error else ""
    return cell.moment, cell.fault, cell.ends, error, cell.left, cell.then, f"{first.seconds:.2f} s"


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    global _printed  # more than one conftest may offer this
    reports = [r for k in ("passed", "failed") for r in terminalreporter.getreports(k) if r.when == "call"]
    rows: list[Any] = [value for r in reports for name, value in r.user_properties if name == PROPERTY]
    if _printed or not rows:
        return
    _printed = True
    from tests.faults.play import MOMENTS

    terminalreporter.section(f"faults: {len(rows)} cells")
    for line in aligned(sorted(map(tuple, rows), key=lambda r: MOMENTS.index(r[0]))):
        terminalreporter.write_line(line)


def aligned(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(r, widths, strict=True)).rstrip() for r in rows
    ]


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────


def as_markdown(cells: Iterable[Cell]) -> str:
    """Return the declared outcomes, one table a moment."""
    parts = [BEGIN]
    for moment, group in groupby(cells, key=lambda cell: cell.moment):
        parts += [f"\n### {moment.capitalize()}\n\n", *_table(group)]
    return "".join([*parts, "\n", END])


def _table(cells: Iterable[Cell]) -> list[str]:
    head = ["| fault | ends | error | left on the server | next |\n", "| --- | --- | --- | --- | --- |\n"]
    rows = []
    for c in cells:
        error = f"`{c.raises.__name__}`" if c.raises else ""
        left = "" if c.ends == "done" else c.left
        then = (
            "" if c.ends == "done" and c.raises is None else f"`{c.then}`" if c.then[:3] == "job" else c.then
        )
        rows.append(f"| {c.fault} | {c.ends} | {error} | {left} | {then} |\n")
    return head + rows


def page(cells: Iterable[Cell]) -> str:
    """Return the page with the table of these cells in it."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + as_markdown(cells) + after
