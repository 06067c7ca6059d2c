"""The data sets of the sandbox and their records, in a SQLite file: memory stays flat, filters are SQL."""

from __future__ import annotations

import json
import sqlite3
import uuid
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from connect_pandas.rules import FALSE, SETS_MAX, TRUE, AttributeType, DateFormat

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path


class RefusedError(Exception):
    """The data sets do not allow it; the message is for the client."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a data set."""

    name: str
    type: AttributeType
    key: bool = False
    category: str | None = None
    column: str = field(default_factory=lambda: f"c_{uuid.uuid4().hex}")
    """Its column in the table of records: no name that a client thinks of becomes SQL."""


@dataclass(frozen=True, slots=True)
class DataSet:
    """A reference set, or the audience."""

    id: str
    name: str
    type: Literal["REFERENCE_SET", "AUDIENCE"]
    attributes: tuple[Attribute, ...]
    table: str
    created: datetime
    modified: datetime

    @property
    def key(self) -> Attribute:
        return next(a for a in self.attributes if a.key)

    def attribute(self, name: str) -> Attribute | None:
        """Return the attribute of this name."""
        return next((a for a in self.attributes if a.name == name), None)


@dataclass(frozen=True, slots=True)
class Link:
    """An association: ``source`` is the service's ``from``."""

    source: str
    target: str
    mappings: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """One filter: ``test`` is ``eq``, ``in`` or ``contains``."""

    attribute: Attribute
    test: str
    value: Any


AUDIENCE_ATTRIBUTES: Final = (
    Attribute("Contact ID", "TEXT", key=True),
    Attribute("Email", "TEXT", category="Contact information"),
    Attribute("Mobile phone", "TEXT", category="Contact information"),
    Attribute("First name", "TEXT", category="Demographic"),
    Attribute("Last name", "TEXT", category="Demographic"),
    Attribute("Birthday", "DATE", category="Demographic"),
    Attribute("Loyalty points", "NUMBER"),
    Attribute("Subscribed", "BOOLEAN"),
)
"""Source: open; no page states what an audience has, and associations need something to link to."""

_SCHEMA: Final = """
PRAGMA journal_mode = WAL;
CREATE TABLE sets (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, attributes TEXT NOT NULL, records TEXT NOT NULL,
    created TEXT NOT NULL, modified TEXT NOT NULL
);
CREATE TABLE links (
    source TEXT NOT NULL, target TEXT NOT NULL, mappings TEXT NOT NULL, PRIMARY KEY (source, target)
);
"""

_COLUMN_TYPES: Final[dict[AttributeType, str]] = {
    "TEXT": "TEXT",
    "NUMBER": "NUMERIC",
    "BOOLEAN": "INTEGER",
    "DATE": "TEXT",
}


class Library:
    """The data sets of one sandbox.

    Every call opens a connection of its own, so any thread may call; SQLite's write-ahead log gives every
    reader one moment's state, and a writer's changes appear all at once.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "records.sqlite3"
        now = datetime.now(UTC)
        self.audience = DataSet(_new_id(), "Audience", "AUDIENCE", AUDIENCE_ATTRIBUTES, "", now, now)
        with self._open() as db:
            db.executescript(_SCHEMA)

    # ── sets ────────────────────────────────────────────────────────────────────────────────────────────────

    def sets(self) -> list[DataSet]:
        """Return the reference sets, oldest first."""
        with self._open() as db:
            return [_set(row) for row in db.execute("SELECT * FROM sets ORDER BY rowid")]

    def counted_sets(self) -> list[tuple[DataSet, int]]:
        """Return the reference sets, oldest first, each with the number of its records at this moment."""
        with self._open() as db, _transaction(db, "DEFERRED"):
            sets = [_set(row) for row in db.execute("SELECT * FROM sets ORDER BY rowid")]
            return [(s, _count(db, s.table)) for s in sets]

    def find(self, set_id: str) -> DataSet | None:
        """Return the reference set or the audience of this id."""
        if set_id == self.audience.id:
            return self.audience
        with self._open() as db:
            return _find(db, set_id)

    def delete(self, set_id: str) -> None:
        with self._change() as db:
            found = _need(db, set_id)
            db.execute(f"DROP TABLE {found.table}")
            db.execute("DELETE FROM links WHERE source = ?1 OR target = ?1", (set_id,))
            db.execute("DELETE FROM sets WHERE id = ?", (set_id,))

    def change(self, set_id: str, attributes: Sequence[Attribute]) -> None:
        """Give a set these attributes; those without a column get one, empty."""
        with self._change() as db:
            found = _need(db, set_id)
            _add_columns(db, found, attributes)
            _update(db, replace(found, attributes=tuple(attributes)))

    # ── links ───────────────────────────────────────────────────────────────────────────────────────────────

    def links(self) -> list[Link]:
        with self._open() as db:
            rows = db.execute("SELECT source, target, mappings FROM links ORDER BY rowid").fetchall()
        return [Link(s, t, tuple((f, to) for f, to in json.loads(m))) for s, t, m in rows]

    def add_link(self, link: Link) -> None:
        with self._change() as db:
            db.execute(
                "INSERT INTO links VALUES (?, ?, ?)", (link.source, link.target, json.dumps(link.mappings))
            )

    def delete_link(self, source: str, target: str) -> None:
        with self._change() as db:
            db.execute("DELETE FROM links WHERE source = ? AND target = ?", (source, target))

    # ── records ─────────────────────────────────────────────────────────────────────────────────────────────

    def count(self, data_set: DataSet, where: Sequence[Condition] = ()) -> int:
        clause, values = _where(where)
        with self._open() as db, _transaction(db, "DEFERRED"):
            return _count(db, _need(db, data_set.id).table + clause, values)

    def records(
        self, data_set: DataSet, where: Sequence[Condition] = (), order: Sequence[tuple[Attribute, bool]] = ()
    ) -> list[tuple[Any, ...]]:
        """Return the values of records in the order of the set's attributes.

        Parameters
        ----------
        data_set : DataSet
        where : sequence of Condition
            All must hold.
        order : sequence of (Attribute, bool)
            True is descending; what is equal stays in the order of arrival.
        """
        clause, values = _where(where)
        columns = ", ".join(a.column for a in data_set.attributes)
        by = ", ".join([*(f"{a.column} {'DESC' if down else 'ASC'}" for a, down in order), "arrival"])
        with self._open() as db, _transaction(db, "DEFERRED"):
            # A replacement may have moved the set to another table since it was looked up.
            table = _need(db, data_set.id).table
            select = f"SELECT {columns} FROM {table}{clause} ORDER BY {by}"  # noqa: S608 - own names only
            rows = db.execute(select, values).fetchall()
        flags = [i for i, a in enumerate(data_set.attributes) if a.type == "BOOLEAN"]
        return [_with_booleans(row, flags) for row in rows] if flags else rows

    # ── loading ─────────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def load(self, attributes: Sequence[Attribute], dates: DateFormat) -> Iterator[Load]:
        """Open a load: rows that no reader sees before they are published, and that are gone if they are not.

        Parameters
        ----------
        attributes : sequence of Attribute
            What the rows hold, in their order; exactly one is the key.
        dates : DateFormat
            How DATE values are written in the rows.
        """
        table = f"records_{uuid.uuid4().hex}"
        columns = ", ".join(f"{a.column} {_COLUMN_TYPES[a.type]}" for a in attributes)
        with self._open() as db:
            db.execute(f"CREATE TABLE {table} (arrival INTEGER PRIMARY KEY, {columns})")
            load = Load(db, table, tuple(attributes), dates)
            try:
                yield load
            finally:
                if not load.kept:
                    db.execute(f"DROP TABLE {table}")

    # ── connections ─────────────────────────────────────────────────────────────────────────────────────────

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self._path, isolation_level=None, timeout=60)
        try:
            db.execute("PRAGMA synchronous = OFF")
            yield db
        finally:
            db.close()

    @contextmanager
    def _change(self) -> Iterator[sqlite3.Connection]:
        with self._open() as db, _transaction(db):
            yield db


class Load:
    """The rows of one import on their way into a set."""

    def __init__(
        self, db: sqlite3.Connection, table: str, attributes: tuple[Attribute, ...], dates: DateFormat
    ) -> None:
        self.kept = False
        """Whether the table has become the records of a set."""
        self._db = db
        self._table = table
        self._attributes = attributes
        self._key = next(a for a in attributes if a.key)
        columns = ", ".join(a.column for a in attributes)
        values = ", ".join(_stored(a.type, i, dates) for i, a in enumerate(attributes, 1))
        self._insert = f"INSERT INTO {table} ({columns}) VALUES ({values})"  # noqa: S608 - own names only

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        """Add rows of checked texts; the n-th row added is the n-th to arrive."""
        with _transaction(self._db):
            self._db.executemany(self._insert, rows)

    def repeated_keys(self) -> tuple[int, int, str] | None:
        """Return how many rows repeat an earlier key, the first of them and its key; or ``None``."""
        try:
            self._db.execute(f"CREATE UNIQUE INDEX {self._table}_key ON {self._table} ({self._key.column})")
        except sqlite3.IntegrityError:
            return self._repeated_keys()
        return None

    def _repeated_keys(self) -> tuple[int, int, str]:
        key = self._key.column
        count, first = self._db.execute(
            f"SELECT count(*), min(arrival) FROM {self._table} WHERE arrival NOT IN "  # noqa: S608 - own names only
            f"(SELECT min(arrival) FROM {self._table} GROUP BY {key})"
        ).fetchone()
        value = self._db.execute(
            f"SELECT {key} FROM {self._table} WHERE arrival = ?",  # noqa: S608
            (first,),
        ).fetchone()
        return count, first, str(value[0])

    def publish_new(self, name: str) -> None:
        """Make the rows a new set.

        Raises
        ------
        RefusedError
            When the name has been taken or the last place filled since the import was asked for.
        """
        now = datetime.now(UTC)
        with _transaction(self._db):
            check_place(name, [_set(row) for row in self._db.execute("SELECT * FROM sets")])
            new = DataSet(_new_id(), name, "REFERENCE_SET", self._attributes, self._table, now, now)
            self._db.execute("INSERT INTO sets VALUES (?, ?, ?, ?, ?, ?)", _row(new))
        self.kept = True

    def publish_instead(self, set_id: str, before: Sequence[Attribute]) -> None:
        """Make the rows all that the set holds."""
        with _transaction(self._db):
            found = _unchanged(self._db, set_id, before)
            _update(self._db, replace(found, table=self._table))
            self._db.execute(f"DROP TABLE {found.table}")
        self.kept = True

    def publish_into(self, set_id: str, before: Sequence[Attribute], attributes: Sequence[Attribute]) -> None:
        """Add the rows to the set, over those with the same key, and give it these attributes."""
        with _transaction(self._db):
            found = _unchanged(self._db, set_id, before)
            _add_columns(self._db, found, attributes)
            self._merge(found.table)
            _update(self._db, replace(found, attributes=tuple(attributes)))

    def _merge(self, into: str) -> None:
        key, columns = self._key.column, [a.column for a in self._attributes]
        names = ", ".join(columns)
        changes = ", ".join(f"{c} = new.{c}" for c in columns)
        self._db.execute(
            f"UPDATE {into} SET {changes} FROM {self._table} AS new WHERE {into}.{key} = new.{key}"  # noqa: S608
        )
        self._db.execute(
            f"INSERT INTO {into} ({names}) SELECT {names} FROM {self._table} "  # noqa: S608
            f"WHERE {key} NOT IN (SELECT {key} FROM {into}) ORDER BY arrival"
        )


def check_place(name: str, sets: Sequence[DataSet]) -> None:
    """Refuse a new set when its name is taken or there is no place for another."""
    if any(s.name == name for s in sets):
        raise RefusedError(f"A data set named {name!r} exists already.")
    if len(sets) >= SETS_MAX:
        raise RefusedError(f"The subscription holds {SETS_MAX} reference sets already.")


# ── SQL ─────────────────────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def _transaction(
    db: sqlite3.Connection, kind: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE"
) -> Iterator[None]:
    db.execute(f"BEGIN {kind}")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _stored(kind: AttributeType, number: int, dates: DateFormat) -> str:
    """Return the SQL that makes of a field's text the value that is kept; an empty field is missing."""
    if kind == "BOOLEAN":
        return f"CASE ?{number} WHEN '{TRUE}' THEN 1 WHEN '{FALSE}' THEN 0 END"
    if kind == "DATE":
        return f"CASE WHEN ?{number} <> '' THEN {_date(number, dates)} END"
    return f"NULLIF(?{number}, '')"


def _date(number: int, dates: DateFormat) -> str:
    """Return the SQL that writes a date as the service returns it: ``2024-10-10 13:59:31.000``."""

    def part(letters: str) -> str:
        return f"substr(?{number}, {dates.pattern.index(letters) + 1}, {len(letters)})"

    time = part("HH:mm:ss") if dates.has_time else "'00:00:00'"
    return f"{part('YYYY')} || '-' || {part('MM')} || '-' || {part('DD')} || ' ' || {time} || '.000'"


def _count(db: sqlite3.Connection, of: str, values: Sequence[Any] = ()) -> int:
    count: int = db.execute(f"SELECT count(*) FROM {of}", values).fetchone()[0]  # noqa: S608 - own names only
    return count


def _where(conditions: Sequence[Condition]) -> tuple[str, list[Any]]:
    """Return the clause and its values; names come from the library, values are bound."""
    if not conditions:
        return "", []
    clauses, values = zip(*(_condition(c) for c in conditions), strict=True)
    return " WHERE " + " AND ".join(clauses), [value for some in values for value in some]


def _condition(condition: Condition) -> tuple[str, list[Any]]:
    column, value = condition.attribute.column, condition.value
    if condition.test == "contains":
        return f"instr({column}, ?) > 0", [value]
    if condition.test == "in":
        return f"{column} IN ({', '.join('?' * len(value))})", list(value)
    return f"{column} IS ?", [value]


def _with_booleans(row: tuple[Any, ...], flags: list[int]) -> tuple[Any, ...]:
    values = list(row)
    for i in flags:
        values[i] = None if values[i] is None else bool(values[i])
    return tuple(values)


def _add_columns(db: sqlite3.Connection, data_set: DataSet, attributes: Sequence[Attribute]) -> None:
    there = {a.column for a in data_set.attributes}
    for new in (a for a in attributes if a.column not in there):
        db.execute(f"ALTER TABLE {data_set.table} ADD COLUMN {new.column} {_COLUMN_TYPES[new.type]}")


def _need(db: sqlite3.Connection, set_id: str) -> DataSet:
    found = _find(db, set_id)
    if found is None:
        raise RefusedError(f"There is no reference set with the ID {set_id!r}.")
    return found


def _unchanged(db: sqlite3.Connection, set_id: str, before: Sequence[Attribute]) -> DataSet:
    found = _need(db, set_id)
    if found.attributes != tuple(before):
        raise RefusedError(f"The attributes of {found.name!r} have changed since the import was asked for.")
    return found


def _find(db: sqlite3.Connection, set_id: str) -> DataSet | None:
    row = db.execute("SELECT * FROM sets WHERE id = ?", (set_id,)).fetchone()
    return None if row is None else _set(row)


def _update(db: sqlite3.Connection, changed: DataSet) -> None:
    db.execute(
        "UPDATE sets SET attributes = ?, records = ?, modified = ? WHERE id = ?",
        (_attributes(changed), changed.table, datetime.now(UTC).isoformat(), changed.id),
    )


def _row(new: DataSet) -> tuple[str, ...]:
    return new.id, new.name, _attributes(new), new.table, new.created.isoformat(), new.modified.isoformat()


def _set(row: tuple[str, ...]) -> DataSet:
    set_id, name, attributes, table, created, modified = row
    return DataSet(
        set_id,
        name,
        "REFERENCE_SET",
        tuple(Attribute(**a) for a in json.loads(attributes)),
        table,
        datetime.fromisoformat(created),
        datetime.fromisoformat(modified),
    )


def _attributes(data_set: DataSet) -> str:
    return json.dumps([asdict(a) for a in data_set.attributes])


def _new_id() -> str:
    return str(uuid.uuid4())
