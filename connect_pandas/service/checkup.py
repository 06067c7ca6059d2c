"""``connection.check()``: log on to both sides and say in plain words what works. Nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connect_pandas import rules
from connect_pandas.errors import ConnectError
from connect_pandas.service.graphql import Api
from connect_pandas.service.sftp import open_session

if TYPE_CHECKING:
    from connect_pandas.service.connection import Connection


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the service: whether it works, and what it showed or why not."""

    name: str
    ok: bool
    words: str


@dataclass(frozen=True, slots=True, repr=False)
class Checkup:
    """What a connection can do. It shows itself."""

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

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from connect_pandas.notebook.draw import bundle
        from connect_pandas.notebook.view_service import checkup as view

        return bundle(view(self))

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
    most, most_bytes = rules.DIRECTORY_FILES_MAX, rules.DIRECTORY_BYTES_MAX
    space = f"{len(files)} of {most} files, {used / 1e6:,.1f} of {most_bytes / 1e6:,.0f} MB"
    if len(files) >= most or used >= most_bytes:
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
