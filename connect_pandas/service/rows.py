"""The journal's tables, and an import as it stands in them: written, and read with every value looked at.

A file lives longer than the program that wrote it, and others can write to it. What is not written as it should be is
told apart: nobody knows what it was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, get_args

from connect_pandas.service.entry import Entry, Step, StepName, place

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

VERSION: Final = 2
"""Of the tables, as the file's ``user_version`` says."""

_TEXTS: Final = (
    "id",
    "created",
    "data_set_name",
    "job_name",
    "user",
    "host",
    "endpoint",
    "directory",
    "folder",
)
COLUMNS: Final = dict.fromkeys((*_TEXTS, "filename", "payload"), str) | dict.fromkeys(("port", "rows"), int)
"""Of the imports, and what stands in them: SQLite takes anything in any column."""

TABLES: Final = f"""
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS imports (
    id TEXT PRIMARY KEY, created TEXT NOT NULL, data_set_name TEXT NOT NULL, job_name TEXT NOT NULL,
    user TEXT NOT NULL, host TEXT NOT NULL, port INTEGER NOT NULL, endpoint TEXT NOT NULL,
    directory TEXT NOT NULL, folder TEXT NOT NULL, filename TEXT NOT NULL, rows INTEGER NOT NULL,
    payload TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS steps (
    number INTEGER PRIMARY KEY, import_id TEXT NOT NULL REFERENCES imports (id),
    step TEXT NOT NULL, at TEXT NOT NULL, detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS steps_of_import ON steps (import_id, number);
PRAGMA user_version = {VERSION};
COMMIT;
"""

CLEARED: Final = "cleared"
"""The note that nothing of an import's file is left. It is no step: the import was over before."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An import that is not written as it should be: nobody knows what became of it."""

    row: int
    id: str
    data_set_name: str
    folder: str
    filename: str
    what: str
    """What of it cannot be read."""

    def __str__(self) -> str:
        named = f"import {self.id!r} of {self.data_set_name!r}, file {place(self.folder, self.filename)!r},"
        return f"{named} is not written as it should be ({self.what})"


Row = Entry | Unreadable

# ── written ──────────────────────────────────────────────────────────────────────────────────────────────


def add_import(db: sqlite3.Connection, entry: Entry) -> None:
    values = {name: getattr(entry, name) for name in COLUMNS}
    values |= {"created": _written(entry.created), "payload": json.dumps(entry.payload)}
    names, places = ", ".join(COLUMNS), ", ".join(f":{name}" for name in COLUMNS)
    db.execute(f"INSERT INTO imports ({names}) VALUES ({places})", values)  # noqa: S608 - own names only
    for step in entry.steps:
        add_step(db, entry.id, step.name, step.detail, step.at)


def add_step(
    db: sqlite3.Connection, entry: str, name: str, detail: dict[str, Any], at: datetime | None = None
) -> None:
    db.execute(
        "INSERT INTO steps (import_id, step, at, detail) VALUES (?, ?, ?, ?)",
        (entry, name, _written(at or datetime.now(UTC)), json.dumps(detail)),
    )


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


# ── read ─────────────────────────────────────────────────────────────────────────────────────────────────


class _Wrong(ValueError):
    """A value that is not written as it should be; the text says which."""


def read(db: sqlite3.Connection, where: str = "", **values: str | None) -> Iterator[Row]:
    """Yield the imports, the oldest first."""
    db.text_factory = _text
    names, where = ", ".join(COLUMNS), f"WHERE {where}" if where else ""
    ours = f"WHERE import_id IN (SELECT id FROM imports {where})"  # noqa: S608 - own words only
    steps = read_steps(db, ours if where else "", **values)
    imports = f"SELECT rowid, {names} FROM imports {where} ORDER BY rowid"  # noqa: S608 - own words only
    for row, *columns in db.execute(imports, values):
        found = dict(zip(COLUMNS, columns, strict=True))
        yield _row(row, found, steps.get(found["id"], []))


def read_steps(
    db: sqlite3.Connection, where: str = "", **values: str | None
) -> dict[object, list[tuple[Any, ...]]]:
    """Return what is written of the steps of each import, in the order of time."""
    steps: dict[object, list[tuple[Any, ...]]] = {}
    select = f"SELECT import_id, step, at, detail FROM steps {where} ORDER BY number"  # noqa: S608 - own words only
    for entry, *step in db.execute(select, values):
        steps.setdefault(entry, []).append(tuple(step))
    return steps


def _text(written: bytes) -> str | bytes:
    try:
        return written.decode()
    except UnicodeDecodeError:
        return written


def _row(row: int, found: dict[str, Any], steps: list[tuple[Any, ...]]) -> Row:
    try:
        return _entry(found, steps)
    except _Wrong as wrong:
        named = {name: str(found[name]) for name in ("id", "data_set_name", "folder", "filename")}
        return Unreadable(row, **named, what=str(wrong))


def _entry(found: dict[str, Any], steps: list[tuple[Any, ...]]) -> Entry:
    for name, kind in COLUMNS.items():
        if type(found[name]) is not kind:
            raise _Wrong(name)
    payload = _json("payload", found["payload"])
    if not _asks(payload):
        raise _Wrong("payload")
    read = tuple(_step(*step) for step in steps if step[0] != CLEARED)
    if not read:
        raise _Wrong("no step")
    values = found | {"created": _time("created", found["created"]), "payload": payload}
    return Entry(**values, steps=read, is_cleared=len(read) < len(steps))


def _asks(payload: dict[str, Any]) -> bool:
    """Say whether a payload has what is read of it here."""
    try:
        asked = payload["importInput"]
        where, made = asked["fileLocation"], asked["attributes"]["create"]
        named = (asked["dataSetName"], asked["jobName"], where["folder"], where["filename"])
        return all(isinstance(name, str) for name in (*named, *(one["name"] for one in made)))
    except (KeyError, TypeError):
        return False


_STEPS: Final = frozenset(get_args(StepName))
_DETAILS: Final = {
    **dict.fromkeys(("process", "size", "rows"), int),
    **dict.fromkeys(("machine", "since", "space", "host_key", "job_id", "path", "sha256", "reason"), str),
}
"""What a step says more; anything else is read by nobody here."""
RECEIPT: Final = ("path", "size", "sha256")
"""What the step ``uploaded`` says, in the order of a receipt."""


def _step(name: Any, at: Any, detail: Any) -> Step:
    if name not in _STEPS:
        raise _Wrong(f"step {name!r}")
    said = _json(f"detail of {name}", detail)
    for word, value in said.items():
        kind = _DETAILS.get(word, object)
        if not (type(value) is kind or kind is object) or (kind is int and not 0 <= value < 2**63):
            raise _Wrong(f"{word} of {name}")
    if name == "uploaded" and (missing := [word for word in RECEIPT if word not in said]):
        raise _Wrong(f"{missing[0]} of {name}")
    return Step(name, _time(f"time of {name}", at), said)


def _time(what: str, written: Any) -> datetime:
    try:
        at = datetime.fromisoformat(written)
    except (TypeError, ValueError):
        raise _Wrong(what) from None
    if at.tzinfo is None:
        raise _Wrong(what)
    return at


def _json(what: str, written: Any) -> dict[str, Any]:
    try:
        found = json.loads(written)
    except (TypeError, ValueError, RecursionError):
        raise _Wrong(what) from None
    if not isinstance(found, dict):
        raise _Wrong(what)
    return found
