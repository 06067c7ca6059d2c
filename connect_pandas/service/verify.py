"""What the service holds against what was sent: counts, and a sample's values, each as its type means it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from connect_pandas import rules
from connect_pandas.service.graphql import Api

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connect_pandas.service.connection import Connection
    from connect_pandas.service.graphql import Record

Row = dict[str, str | None]
"""A row as it stands in the file: attribute name → text, ``None`` when missing."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that the service shows otherwise than it was sent.

    ``found`` is ``None`` when the service shows nothing; when it lacks the whole row, ``attribute`` is the
    key's.
    """

    key: str
    attribute: str
    sent: str | None
    found: Any


@dataclass(frozen=True, slots=True, repr=False)
class Verification:
    """What the service holds of an import.

    Attributes
    ----------
    name : str
        The data set.
    rows_sent : int
    rows_found : int or None
        ``None`` when no data set of that name is visible.
    compared : int
        How many rows were compared value by value.
    differences : tuple of Difference
    file_waits : bool
        Whether the import's own file is still on the server, so that these rows may be another import's.
    """

    name: str
    rows_sent: int
    rows_found: int | None
    compared: int = 0
    differences: tuple[Difference, ...] = ()
    file_waits: bool = False

    @property
    def ok(self) -> bool:
        """True when the service is done, every row is there and no compared value differs."""
        return self.rows_found == self.rows_sent and not self.differences and not self.file_waits

    def __bool__(self) -> bool:
        return self.ok

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from connect_pandas.notebook.draw import bundle
        from connect_pandas.notebook.view_service import verification as view

        return bundle(view(self))

    def __repr__(self) -> str:
        from connect_pandas.notebook.draw import as_text
        from connect_pandas.notebook.view_service import verification as view

        return as_text(view(self))


def verify(
    connection: Connection, name: str, rows_sent: int, payload: dict[str, Any], sample: Sequence[Row]
) -> Verification:
    """Count the rows of a data set and compare a sample of them with what was sent.

    Parameters
    ----------
    connection : Connection
    name : str
        The data set.
    rows_sent : int
    payload : dict
        The guide's ``{"importInput": {…}}``: types, key and date format.
    sample : sequence of dict
        Rows as they stand in the file; empty only counts.

    Raises
    ------
    AuthenticationFailed, ConnectionFailed
        The service could not be asked. A difference is a result, not an error.
    """
    api = Api(connection)
    found = api.data_set(name)
    if found is None:
        return Verification(name, rows_sent, None)
    count = api.record_count(found.id)
    if not sample:
        return Verification(name, rows_sent, count)
    meaning = _Meaning.of(payload["importInput"])
    wanted = [meaning.key_to_ask(row) for row in sample]
    records = api.records(found.id, meaning.key, wanted)
    if not records and meaning.types[meaning.key] == "DATE":
        # How a filter writes a date is not documented: that it finds none proves nothing.
        return Verification(name, rows_sent, count)
    differences = meaning.compare(sample, records)
    return Verification(name, rows_sent, count, len(sample), differences)


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What the texts of a file mean: the types, the key and the date format of its import."""

    types: Mapping[str, str]
    key: str
    date_pattern: str

    @classmethod
    def of(cls, asked: dict[str, Any]) -> _Meaning:
        created = asked["attributes"]["create"]
        key = next(a["name"] for a in created if (a.get("identifyAs") or {}).get("key"))
        pattern = strptime_pattern(asked.get("dateFormat"))
        return cls({a["name"]: a["type"] for a in created}, key, pattern)

    def key_to_ask(self, row: Row) -> str | int | Decimal | bool:
        value = self.sent(self.key, row[self.key])
        if isinstance(value, Decimal) and value == value.to_integral_value():
            return int(value)
        if isinstance(value, datetime):
            return value.isoformat(
                " ", "milliseconds"
            )  # as the service shows it: 2024-10-10 13:59:31.000 (api)
        return value if isinstance(value, Decimal | bool) else str(row[self.key])

    def compare(self, rows: Sequence[Row], records: Sequence[Record]) -> tuple[Difference, ...]:
        by_key = {self.found(self.key, r.values.get(self.key, r.key)): r.values for r in records}
        differences: list[Difference] = []
        for row in rows:
            key = row[self.key]
            found = by_key.get(self.sent(self.key, key))
            if found is None:
                differences.append(Difference(str(key), self.key, key, None))
            else:
                differences += self._compare_row(row, found)
        return tuple(differences)

    def _compare_row(self, row: Row, found: Mapping[str, Any]) -> list[Difference]:
        return [
            Difference(str(row[self.key]), name, text, found.get(name))
            for name, text in row.items()
            if name != self.key and self.sent(name, text) != self.found(name, found.get(name))
        ]

    def sent(self, name: str, text: str | None) -> Any:
        """Read a text of the file as its type means it; the text itself when it cannot be so read."""
        return self._read(name, text, self.date_pattern)

    def found(self, name: str, value: Any) -> Any:
        """Read a value of the service as its type means it; the value itself when it cannot be so read."""
        return self._read(name, value, None)

    def _read(self, name: str, value: Any, date_pattern: str | None) -> Any:
        if value is None or value == "":
            return None
        try:
            match self.types.get(name):
                case "NUMBER":
                    return Decimal(str(value))
                case "BOOLEAN":
                    return {"true": True, "false": False}.get(str(value).lower(), value)
                case "DATE":
                    return _read_date(str(value), date_pattern)
                case _:
                    return str(value)
        except (ValueError, InvalidOperation):
            return value


def _read_date(text: str, pattern: str | None) -> datetime:
    if pattern is not None:
        return datetime.strptime(text, pattern)  # the file's dates are UTC throughout
    # The service shows `2024-10-10 13:59:31.000` (api): no zone, so UTC as it was sent.
    date = datetime.fromisoformat(text)
    return date.astimezone(UTC).replace(tzinfo=None) if date.tzinfo else date


def strptime_pattern(date_format: str | None) -> str:
    """Return Python's pattern of a date format; ``None`` is the service's default, the one with a time."""
    return next((f.strftime for f in rules.DATE_FORMATS if f.name == date_format), rules.TIMESTAMP.strftime)
