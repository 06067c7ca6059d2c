"""What there is to see of a sandbox: its doors, its files, sets and jobs, and its mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from connect_pandas.errors import ConnectError
from connect_pandas.notebook.draw import SHOWN, Table, View, count, more, size
from connect_pandas.service.connection import current, running_beside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pandas as pd

    from connect_pandas._sandbox import Sandbox
    from connect_pandas.service.connection import Connection

ANOTHER: Final = "Another: connect_pandas.sandbox()"


def stopped() -> View:
    """Return the view of a sandbox that is gone."""
    return View(title=f"Sandbox, stopped. {ANOTHER}")


def sandbox(box: Sandbox, *, last: bool = False) -> View:
    """Return the view of a running sandbox.

    Parameters
    ----------
    box : Sandbox
    last : bool
        It is about to stop, and this view stays on the page.
    """
    tables = tuple(_tables(box))
    empty = ", ".join(table.title for table in tables if not table.rows)
    way = box.connection
    return View(
        title=f"Sandbox of {way.user}{', stopped' if last else ''}",
        facts=(
            *(() if last else _doors(box)),
            *([("empty", empty)] if empty else []),
        ),
        tables=tuple(table for table in tables if table.rows),
        verdict=f"Stopped: this is what was in it. {ANOTHER}" if last else "",
    )


def _doors(box: Sandbox) -> tuple[tuple[str, str], ...]:
    way = box.connection
    beside = running_beside(way)
    return (
        ("file server", f"{way.host}, port {way.port}"),
        ("API", way.endpoint),
        ("explorer", f"open {box.explorer} in a browser on this machine (box.explorer)"),
        ("way in", f"box.connection, {_whether_current(way)}; nothing leaves this machine"),
        *((("beside it", _say_beside(beside)),) if beside else ()),
    )


def _say_beside(others: int) -> str:
    """Say that others run on: a cell that is run again starts one more, and the first is easily forgotten."""
    they = "another sandbox runs" if others == 1 else f"{others} other sandboxes run"
    return f"{they} in this process, until stop() or the end of Python"


def _whether_current(way: Connection) -> str:
    """Say whether an import goes here by itself: of several sandboxes it goes to the last, unless told otherwise."""
    try:
        now = current()
    except ConnectError:
        return "not the session's current one (there is none): give it as connection=box.connection"
    if now == way:
        return "the session's current one"
    sandbox = "another sandbox, " if now.kind == "sandbox" else ""
    which = f"of {sandbox}{now.user} at {now.host}, port {now.port}"
    return f"not the session's current one, which is {which}: give it as connection=box.connection"


def _tables(box: Sandbox) -> Iterable[Table]:
    """Yield the tables, what is newest first."""
    yield _table(
        "files",
        box.files,
        {
            "folder": lambda f: f.folder or "(the subscription's own)",
            "file": lambda f: f.file,
            "size": lambda f: size(f.bytes),
            "arrived": lambda f: _at(f.modified),
        },
    )
    yield _table(
        "reference sets",
        box.sets,
        {
            "name": lambda s: s.name,
            "records": lambda s: f"{s.records:,}",
            "created": lambda s: _at(s.created),
            "attributes": lambda s: _attributes(s.attributes),
        },
    )
    yield _table(
        "import jobs",
        box.jobs,
        {
            "name": lambda j: j.name,
            "set": lambda j: j.data_set,
            "status": lambda j: j.status,
            "read": lambda j: f"{j.rows_read:,}",
            "imported": lambda j: f"{j.rows_imported:,}",
            "begun": lambda j: _at(j.created),
            "message": lambda j: j.message,
        },
    )
    yield _table(
        "mailbox",
        box.mailbox,
        {
            "sent": lambda m: _at(m.sent),
            "to": lambda m: m.to,
            "subject": lambda m: m.subject,
            "text": lambda m: m.text,
        },
    )


def _table(title: str, found: pd.DataFrame, cells: dict[str, Callable[[Any], str]]) -> Table:
    newest = list(found.iloc[::-1].head(SHOWN).itertuples(index=False))
    columns = {name: [cell(row) for row in newest] for name, cell in cells.items()}
    said = {
        name: column for name, column in columns.items() if any(column)
    }  # no column of messages without one
    return Table(tuple(said), tuple(zip(*said.values(), strict=True)), title, more(len(found), "row"))


def _at(moment: pd.Timestamp) -> str:
    return f"{moment.to_pydatetime().astimezone():%H:%M:%S}"


def _attributes(types: dict[str, str]) -> str:
    named = list(types.items())[:6]
    rest = f" … {count(len(types), 'attribute')} in all" if len(types) > len(named) else ""
    return ", ".join(f"{name} {type_}" for name, type_ in named) + rest
