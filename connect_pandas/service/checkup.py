"""``connection.check()``: log on to both sides and say in plain words what works. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from connect_pandas.errors import ConnectError
from connect_pandas.service.graphql import Api
from connect_pandas.service.sftp import open_session

if TYPE_CHECKING:
    from connect_pandas.service.connection import Connection

FILES_MAX: Final = 100
BYTES_MAX: Final = 5_000_000_000
"""Source: api, the subscription's directory by default."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the service: whether it works, and what it showed or why not."""

    name: str
    ok: bool
    words: str


@dataclass(frozen=True, slots=True, repr=False)
class Checkup:
    """What a connection can do. Prints itself."""

    sides: tuple[Side, ...]

    @property
    def ok(self) -> bool:
        """True when all sides work."""
        return all(side.ok for side in self.sides)

    @property
    def lines(self) -> tuple[str, ...]:
        """What was found, a line a side and more where an error needs them."""
        marked = (f"{'✓' if side.ok else '✗'} {side.name:<12} {side.words}" for side in self.sides)
        return tuple(line for text in marked for line in text.splitlines())

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        return "\n".join(self.lines)


def checkup(connection: Connection) -> Checkup:
    """Log on to the file server and the API and say what they show. Raises no ``ConnectError``."""
    return Checkup((_file_server(connection), _api(connection)))


def _file_server(connection: Connection) -> Side:
    name = "File server"
    try:
        with open_session(connection) as session:
            files = session.files("")
            directory = session.directory
    except ConnectError as error:
        return Side(name, False, str(error))
    used = sum(file.size for file in files)
    space = f"{len(files)} of {FILES_MAX} files, {used / 1e6:,.1f} of {BYTES_MAX / 1e6:,.0f} MB"
    if len(files) >= FILES_MAX or used >= BYTES_MAX:
        return Side(
            name, False, f"logged on; {directory} is full ({space}). Delete files that no import needs."
        )
    return Side(
        name, True, f"logged on as {connection.user}; {directory} holds {space} (folders not counted)"
    )


def _api(connection: Connection) -> Side:
    name = "API"
    try:
        sets = Api(connection).data_sets()
    except ConnectError as error:
        return Side(name, False, str(error))
    names = ", ".join(sorted(found.name for found in sets)) or "none"
    return Side(name, True, f"the key is accepted; reference sets ({len(sets)}): {names}")
