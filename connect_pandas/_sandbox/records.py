"""The data sets of the sandbox and their records, in a SQLite file: memory stays flat, filters are SQL.

A record is one text of JSON, by the short names of its attributes: SQLite's tables end at 2,000 columns, and the
contract states no such end. A NUMBER is kept as text, written in one way only, so that no digit is lost and equal
numbers are equal texts.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import uuid
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from connect_pandas.rules import FALSE, SETS_MAX, TRUE, AttributeType, DateFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path


class RefusedError(Exception):
    """The data sets do not allow it; the message is for the client."""


_columns = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a data set."""

    name: str
    type: AttributeType
    key: bool = False
    category: str | None = None
    column: str = field(default_factory=lambda: f"c{next(_columns)}")
    """Its name in the records: no name that a client thinks of becomes SQL."""


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
        """Give a set these attributes; new ones are empty."""
        with self._change() as db:
            _update(db, replace(_need(db, set_id), attributes=tuple(attributes)))

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
        """Return the values of records in the order of the set's attributes; a NUMBER is a Decimal.

        Parameters
        ----------
        data_set : DataSet
        where : sequence of Condition
            All must hold.
        order : sequence of (Attribute, bool)
            True is descending; what is equal stays in the order of arrival.
        """
        clause, values = _where(where)
        by = ", ".join([*(_ordered(a, "DESC" if down else "ASC") for a, down in order), "arrival"])
        with self._open() as db, _transaction(db, "DEFERRED"):
            # A replacement may have moved the set to another table since it was looked up.
            table = _need(db, data_set.id).table
            select = f"SELECT record FROM {table}{clause} ORDER BY {by}"  # noqa: S608 - own names only
            return [_returned(record, data_set.attributes) for (record,) in db.execute(select, values)]

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
        with self._open() as db:
            # "key" has no type, so that SQLite makes no number of a text.
            db.execute(f"CREATE TABLE {table} (arrival INTEGER PRIMARY KEY, key, record TEXT NOT NULL)")
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
            db.create_collation("exact", _compare)
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
        self._names = [a.column for a in attributes]
        self._key = next(i for i, a in enumerate(attributes) if a.key)
        self._kept = [_kept(a.type, dates) for a in attributes]
        self._insert = f"INSERT INTO {table} (key, record) VALUES (?, ?)"  # noqa: S608 - own names only

    def add(self, rows: Iterable[Sequence[str]]) -> None:
        """Add rows of checked texts; the n-th row added is the n-th to arrive."""
        with _transaction(self._db):
            self._db.executemany(self._insert, map(self._row, rows))

    def _row(self, texts: Sequence[str]) -> tuple[Any, str]:
        values = [kept(text) if text else None for kept, text in zip(self._kept, texts, strict=True)]
        return values[self._key], json.dumps(dict(zip(self._names, values, strict=True)), ensure_ascii=False)

    def repeated_keys(self) -> tuple[int, int, str] | None:
        """Return how many rows repeat an earlier key, the first of them and its key; or ``None``."""
        try:
            self._db.execute(f"CREATE UNIQUE INDEX {self._table}_key ON {self._table} (key)")
        except sqlite3.IntegrityError:
            return self._repeated_keys()
        return None

    def _repeated_keys(self) -> tuple[int, int, str]:
        count, first = self._db.execute(
            f"SELECT count(*), min(arrival) FROM {self._table} WHERE arrival NOT IN "  # noqa: S608 - own names only
            f"(SELECT min(arrival) FROM {self._table} GROUP BY key)"
        ).fetchone()
        value = self._db.execute(
            f"SELECT key FROM {self._table} WHERE arrival = ?",  # noqa: S608
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
            self._merge(found.table)
            _update(self._db, replace(found, attributes=tuple(attributes)))

    def _merge(self, into: str) -> None:
        # A patch replaces what the new record has, takes away what it has empty, and leaves the rest.
        self._db.execute(
            f"UPDATE {into} SET record = json_patch({into}.record, new.record) "  # noqa: S608 - own names only
            f"FROM {self._table} AS new WHERE {into}.key = new.key"
        )
        self._db.execute(
            f"INSERT INTO {into} (key, record) SELECT key, record FROM {self._table} "  # noqa: S608
            f"WHERE key NOT IN (SELECT key FROM {into}) ORDER BY arrival"
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
    held, value = _held(condition.attribute), condition.value
    if condition.test == "contains":
        return f"instr({held}, ?) > 0", [value]
    if condition.test == "in":
        values = [_asked(v) for v in value]
        return f"{held} IN ({', '.join('?' * len(values))})", values
    return f"{held} IS ?", [_asked(value)]


def _held(attribute: Attribute) -> str:
    """Return the SQL of an attribute's value in a record."""
    return "key" if attribute.key else f"json_extract(record, '$.{attribute.column}')"


def _ordered(attribute: Attribute, way: Literal["ASC", "DESC"]) -> str:
    held = _held(attribute)
    if attribute.type != "NUMBER":
        return f"{held} {way}"
    # SQLite's own numbers first, for speed; what they hold to be equal is compared digit by digit.
    return f"CAST({held} AS REAL) {way}, {held} COLLATE exact {way}"


def _compare(left: str, right: str) -> int:
    a, b = Decimal(left), Decimal(right)
    return (a > b) - (a < b)


def _asked(value: Any) -> Any:
    """Return a value of a filter as records hold it."""
    is_number = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    return _one_way(format(Decimal(value), "f")) if is_number else value


# ── values ──────────────────────────────────────────────────────────────────────────────────────────────────


def _kept(kind: AttributeType, dates: DateFormat) -> Callable[[str], str | bool]:
    """Return what makes of a field's checked text the value that a record holds."""
    of_type: dict[AttributeType, Callable[[str], str | bool]] = {
        "TEXT": str,
        "NUMBER": _one_way,
        "BOOLEAN": {TRUE: True, FALSE: False}.__getitem__,
        "DATE": _date(dates),
    }
    return of_type[kind]


def _one_way(number: str) -> str:
    """Write a plain decimal number in the one way: no zero that says nothing, and none below zero."""
    whole, _, part = number.removeprefix("-").partition(".")
    whole, part = whole.lstrip("0") or "0", part.rstrip("0")
    plain = f"{whole}.{part}" if part else whole
    return f"-{plain}" if number[0] == "-" and plain != "0" else plain


def _date(dates: DateFormat) -> Callable[[str], str]:
    """Return what writes a date as the service returns it: ``2024-10-10 13:59:31.000``."""
    year, month, day = (_part(dates, letters) for letters in ("YYYY", "MM", "DD"))
    if dates.has_time:
        time = _part(dates, "HH:mm:ss")
        return lambda text: f"{text[year]}-{text[month]}-{text[day]} {text[time]}.000"
    return lambda text: f"{text[year]}-{text[month]}-{text[day]} 00:00:00.000"


def _part(dates: DateFormat, letters: str) -> slice:
    start = dates.pattern.index(letters)
    return slice(start, start + len(letters))


def _returned(record: str, attributes: Sequence[Attribute]) -> tuple[Any, ...]:
    held = json.loads(record)
    values = ((a.type, held.get(a.column)) for a in attributes)
    return tuple(Decimal(v) if kind == "NUMBER" and v is not None else v for kind, v in values)


# ── sets in SQL ─────────────────────────────────────────────────────────────────────────────────────────────


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
