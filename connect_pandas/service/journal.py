"""What this machine has sent, so that a dead kernel loses nothing.

A small SQLite file of two tables: one line an import, and one line a step of it, only ever added to. It holds
no data row and no secret. Where it cannot be written, one warning says so, and the import goes on; only an import
that it knows is not asked for while the next step cannot be written, as it might then be asked for twice.
"""

from __future__ import annotations

import math
import os
import shlex
import sqlite3
import time
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, TypeVar

from platformdirs import user_state_path

from connect_pandas.errors import ConfigurationError, ConnectWarning, UploadFailed, warn
from connect_pandas.service.connection import MONITORING
from connect_pandas.service.entry import Entry, Step
from connect_pandas.service.process import this_process
from connect_pandas.service.rows import CLEARED, TABLES, VERSION, Row, Unreadable, add_import, add_step, read

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connect_pandas.service.connection import Connection
    from connect_pandas.service.entry import End, StepName
    from connect_pandas.service.job import Plan

FOLDER_VARIABLE: Final = "CONNECT_STATE_DIR"
FILE_NAME: Final = "journal.sqlite3"
BUSY_SECONDS: Final = 10.0
"""How long one process waits for another's write, unless its connection's time-out is shorter."""
_LOOK_SECONDS: Final = 0.02
"""How often it looks whether the other is done."""

Require = Callable[[Entry, list[Row]], None]
"""Looks at an import and at those beside it, and raises where it must not go on."""

_Read = TypeVar("_Read")


class _Busy(Exception):
    """Another process holds the journal."""


class Journal:
    """A journal of imports: the connection's own, else the user's, in the state folder or ``CONNECT_STATE_DIR``.

    Every call opens the file for itself, so that threads and processes share it. The first failed write is warned of,
    and every next one is tried. An import that could not be written down has no steps there either.
    """

    __slots__ = ("_has_warned", "_timeout", "_unwritten", "path")

    def __init__(self, path: Path, timeout: float = math.inf) -> None:
        self.path = path
        self._timeout = timeout
        self._has_warned = False
        self._unwritten: set[str] = set()

    @classmethod
    def open(cls, connection: Connection | None = None) -> Journal:
        """Open the journal of a connection's imports, making it where there is none; warns when that cannot be.

        Raises
        ------
        ConfigurationError
            When another process does not let go of it: what it holds must be known before anything is sent.

        Parameters
        ----------
        connection : Connection, optional
            Its ``state`` names the folder; without one the user's own is taken.
        """
        journal = cls.of(connection)
        if isinstance(error := journal._write(lambda _db: None, make=True), _Busy):
            raise ConfigurationError(journal._say_busy(error))
        return journal

    @classmethod
    def of(cls, connection: Connection | None) -> Journal:
        """Return the journal of a connection's imports to look into; where there is none, none is made."""
        if connection is None:
            return cls(state_folder() / FILE_NAME)
        return cls((connection.state or state_folder()) / FILE_NAME, connection.timeout)

    # ── written ──────────────────────────────────────────────────────────────────────────────────────────

    def plan(
        self,
        plan: Plan,
        connection: Connection,
        directory: str,
        *,
        require: Require = lambda _own, _others: None,
    ) -> Entry:
        """Write down a new import as planned and return it.

        Parameters
        ----------
        plan : Plan
        connection : Connection
            Its ``host_key`` is the one that the server has shown.
        directory : str
            The subscription's directory on the server.
        require : callable, optional
            Looks at the new import, and at those of the data set's or the file's name that are written down, while no
            other process can add one; what it raises comes out, and nothing is written.

        Raises
        ------
        ConfigurationError
            When another process does not let go of it.
        """
        entry = planned(plan, connection, directory)

        def add(db: sqlite3.Connection) -> None:
            require(entry, _alike(db, entry))
            add_import(db, entry)

        if isinstance(error := self._write(add, make=True), _Busy):
            raise ConfigurationError(self._say_busy(error))
        if error is not None:
            self._unwritten.add(entry.id)
        return entry

    def step(self, entry: str, name: StepName, **detail: Any) -> None:
        """Add a step to an import; where that cannot be written, a warning says so."""

        def add(db: sqlite3.Connection) -> None:
            _own(db, entry)
            add_step(db, entry, name, detail)

        self._write_or_warn(entry, name, add)

    def end(self, entry: str, name: End, *, begun: bool, **detail: Any) -> Entry | None:
        """Write down how an import ended, unless it is known how, or somebody else went on with it.

        Parameters
        ----------
        entry : str
        name : str
        begun : bool
            Whether this process knows that the service was asked for it: else somebody else's asking goes before.
        **detail

        Returns
        -------
        Entry or None
            As it was before; ``None`` where that cannot be read.
        """
        found: list[Entry] = []

        def add(db: sqlite3.Connection) -> None:
            own = _own(db, entry)
            found[:] = [own]
            is_known = own.has_failed or own.step("completed")
            if not is_known and (begun or not own.may_have_begun):
                add_step(db, entry, name, detail)

        self._write_or_warn(entry, name, add)
        return next(iter(found), None)

    def clear(self, entry: str) -> None:
        """Note that nothing of the file of an import that is over is left; where that cannot be, not a word of it."""
        if entry not in self._unwritten:
            self._try(lambda db: add_step(db, entry, CLEARED, {}))

    def _write_or_warn(self, entry: str, name: StepName, add: Callable[[sqlite3.Connection], None]) -> None:
        if entry in self._unwritten:
            return
        # Where warnings are errors, this one must not come between a started import and its job.
        with suppress(ConnectWarning):
            if isinstance(error := self._write(add), _Busy):
                meaning = f"That this import is {name} is not written down there, and a restart forgets it."
                warn(f"{self._say_unusable('written', error)} {meaning}")

    def step_before(
        self,
        entry: str,
        name: StepName,
        *,
        require: Require = lambda _own, _others: None,
        **detail: Any,
    ) -> None:
        """Add a step that must be known to whoever goes on with the import, should this process die.

        Parameters
        ----------
        entry : str
        name : str
        require : callable, optional
            Looks at the import, and at the others of its data set's or its file's name, while no other process can
            write; what it raises comes out, and nothing is written.
        **detail

        Raises
        ------
        UploadFailed
            When it cannot be written, although the import itself could be.
        """

        def add(db: sqlite3.Connection) -> None:
            own = _own(db, entry)
            require(own, [other for other in _alike(db, own) if other.id != entry])
            add_step(db, entry, name, detail)

        if entry not in self._unwritten and (error := self._try(add)):
            raise UploadFailed(
                f"The journal {self.path} cannot be written any more ({error}), and without it this import could be "
                "asked for twice. No import was started.\n"
                f"Make room on that disk, or set {FOLDER_VARIABLE} to a folder on another, and submit again."
            )

    # ── read ─────────────────────────────────────────────────────────────────────────────────────────────

    def entries(self) -> list[Entry]:
        """Read all imports, the oldest first; one warning names those that cannot be read."""
        rows = self.rows()
        if left_out := [str(row) for row in rows if isinstance(row, Unreadable)]:
            warn(f"The journal {self.path} lists all but {len(left_out):,}: {'; '.join(left_out)}.")
        return [row for row in rows if isinstance(row, Entry)]

    def of_set(self, data_set: str) -> list[Entry]:
        """Read the imports of one data set, the oldest first.

        Raises
        ------
        ConfigurationError
            As of :meth:`readable`.
        """
        return self.readable(self.rows(data_set))

    def rows(self, data_set: str | None = None, *, required: bool = False) -> list[Row]:
        """Read the imports, or those of one data set, the oldest first; a warning where nothing can be read.

        Raises
        ------
        ConfigurationError
            When they are required and nothing can be read.
        """
        try:
            where = "" if data_set is None else "data_set_name = :name"
            return self._look(lambda db: list(read(db, where, name=data_set))) or []
        except (OSError, sqlite3.Error) as error:
            if required:
                raise ConfigurationError(
                    f"{self._say_unusable('read', error)} So nobody can say what this machine has begun. "
                    f"Look in the web app; or set {FOLDER_VARIABLE} to the folder of another."
                ) from None
            if not self._has_warned:
                self._warn("read", error, "The imports that this machine has sent cannot be listed.")
            return []

    def readable(self, rows: Iterable[Row]) -> list[Entry]:
        """Return imports that have to be known before the next step.

        Raises
        ------
        ConfigurationError
            When one of them is not written as it should be: nobody knows what became of it.
        """
        entries = list[Entry]()
        for row in rows:
            if isinstance(row, Unreadable):
                line = f"DELETE FROM imports WHERE rowid = {row.row}"  # noqa: S608 - it is only shown
                raise ConfigurationError(
                    f"In the journal {self.path}, {row}. Nobody can say what became of it, so nothing was begun.\n"
                    f"Look for it in the web app, {MONITORING}, and for its file on the server. "
                    "Where it is over, take it out of the journal:\n"
                    f'  sqlite3 {shlex.quote(str(self.path))} "{line}"\n'
                    f"or set {FOLDER_VARIABLE} to another folder, whose journal knows nothing of what was sent before."
                )
            entries.append(row)
        return entries

    def entry(self, which: str) -> Entry | None:
        """Read one import by its id; ``None`` where it is not written down.

        Raises
        ------
        ConfigurationError
            When it cannot be read: somebody may be at it.
        """
        try:
            found = self._look(lambda db: list(read(db, "id = :id", id=which))) or []
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(
                f"{self._say_unusable('read', error)} So nobody can say whether this import is being sent. "
                "Nothing was done."
            ) from None
        return next(iter(self.readable(found)), None)

    def steps(self, entry: str) -> tuple[Step, ...]:
        """Read the steps of one import; nothing where they cannot be read, and not a word of it."""
        try:
            found = self.entry(entry)
        except ConfigurationError:
            return ()
        return found.steps if found else ()

    def _look(self, find: Callable[[sqlite3.Connection], _Read]) -> _Read | None:
        """Read in the file, as soon as no other process holds it; ``None`` where there is none."""

        def look() -> _Read:
            with closing(_connect_to_read(self.path)) as db:
                db.execute("BEGIN")  # what is added in the middle of a look is not seen in a part
                return find(db)

        return _when_free(look, self._end_of_patience()) if self.path.exists() else None

    def _write(self, work: Callable[[sqlite3.Connection], None], *, make: bool = False) -> Exception | None:
        error = self._try(work, make=make)
        if error is not None and not isinstance(error, _Busy) and not self._has_warned:
            self._has_warned = True
            self._warn("written", error, "The import cannot be looked up here after a restart.")
        return error

    def _try(self, work: Callable[[sqlite3.Connection], None], *, make: bool = False) -> Exception | None:
        """Do the work in one transaction; return what kept it from being written."""
        end = self._end_of_patience()
        try:
            if not make and not self.path.exists():  # a sandbox's goes with it, and is not made anew
                raise FileNotFoundError("it is gone")
            while _turn.locked():  # to wait for the lock itself is no place for Ctrl-C everywhere
                time.sleep(_LOOK_SECONDS)
            # SQLite lets those who wait try their luck; of many threads some would never have any.
            with _turn, closing(_when_free(lambda: _begin(self.path), end)) as db:
                work(db)
                _when_free(db.commit, end)
        except (OSError, sqlite3.Error) as error:
            return _Busy(str(error)) if isinstance(error, sqlite3.Error) and _is_busy(error) else error
        return None

    def _warn(self, verb: str, error: Exception, meaning: str) -> None:
        warn(
            f"{self._say_unusable(verb, error)} {meaning} "
            f"Move it away, or set {FOLDER_VARIABLE} to a folder that can be written to."
        )

    def _say_busy(self, error: Exception) -> str:
        return (
            f"{self._say_unusable('written', error)} It says what was sent before, so nothing was sent. Try again; if "
            f"it stays so, end the program that holds it, or set {FOLDER_VARIABLE} to another folder."
        )

    def _say_unusable(self, verb: str, error: Exception) -> str:
        if isinstance(error, _Busy):
            return f"The journal {self.path} is held by another process for more than {self._patience:g} s ({error})."
        return f"The journal {self.path} cannot be {verb} ({error})."

    @property
    def _patience(self) -> float:
        return min(self._timeout, BUSY_SECONDS)

    def _end_of_patience(self) -> float:
        return time.monotonic() + self._patience


def state_folder() -> Path:
    """Where the journal is kept.

    Raises
    ------
    ConfigurationError
        When the variable's path is not absolute: each folder of work would have a journal of its own.
    """
    given = os.environ.get(FOLDER_VARIABLE)
    folder = Path(given).expanduser() if given else user_state_path("connect-pandas")
    if not folder.is_absolute():
        raise ConfigurationError(
            f"{FOLDER_VARIABLE}={given!r} is no absolute path: {FOLDER_VARIABLE}={str(folder.absolute())!r}"
        )
    return folder


_turn: Final = Lock()
"""Whose turn it is to write, among the threads of this process."""
if hasattr(os, "register_at_fork"):  # a child is not left waiting for a thread that it does not have
    os.register_at_fork(before=_turn.acquire, after_in_parent=_turn.release, after_in_child=_turn.release)


def _when_free(act: Callable[[], _Read], end: float) -> _Read:
    """Do what another process may be in the way of, as soon as it is not; after the end no more.

    SQLite's own waiting is no place for Ctrl-C: it would be heard only afterwards. What SQLite refuses because of
    another process has changed nothing; a commit stays to be done, or ends with its connection.
    """
    while True:
        try:
            return act()
        except sqlite3.OperationalError as error:
            if not _is_busy(error) or time.monotonic() > end:
                raise
        time.sleep(_LOOK_SECONDS)


def _is_busy(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _begin(path: Path) -> sqlite3.Connection:
    """Open a journal and begin to write in it: from now on no other process can."""
    db = _connect(path)
    try:
        db.execute("BEGIN IMMEDIATE")
    except BaseException:
        db.close()
        raise
    return db


def _connect(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not path.exists():
        # SQLite would make the file as the umask has it; its helper files take over the mode of the file. One that is
        # there is left to it: to close a file would let go of what other threads hold of it.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    # Not in WAL mode: it cannot be entered while another process looks, and not at all on a home on the network.
    return _with_tables(sqlite3.connect(path, timeout=0, isolation_level=None))


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """Open a journal that may lie where nothing can be written."""
    try:
        return _with_tables(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=0))
    except sqlite3.OperationalError as error:
        if _is_busy(error):
            raise
        # It has no tables yet, or a process was killed while it wrote: then the first to come has to tidy up.
        return _connect(path)


def _with_tables(db: sqlite3.Connection) -> sqlite3.Connection:
    try:
        _require_tables(db)
    except BaseException:
        db.close()
        raise
    return db


def _require_tables(db: sqlite3.Connection) -> None:
    # One statement: between two, another process might make the tables.
    look = "SELECT (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_master)"
    version, tables = db.execute(look).fetchone()
    if version == VERSION:
        return
    if version or tables:
        raise sqlite3.DatabaseError("another version of this package wrote it")
    db.executescript(TABLES)


def planned(plan: Plan, connection: Connection, directory: str) -> Entry:
    """Return a new import of a plan, which is written down nowhere yet."""
    now = datetime.now(UTC)
    shown = {} if connection.host_key is None else {"host_key": connection.host_key}
    return Entry(
        id=str(uuid.uuid4()),
        created=now,
        data_set_name=plan.name,
        job_name=plan.job_name,
        user=connection.user,
        host=connection.host,
        port=connection.port,
        endpoint=connection.endpoint,
        directory=directory,
        folder=plan.folder,
        filename=plan.filename,
        rows=plan.rows,
        payload=plan.payload,
        steps=(Step("planned", now, this_process() | shown),),
    )


def _alike(db: sqlite3.Connection, entry: Entry) -> list[Row]:
    """Read the imports of an import's data set, or of its file's name."""
    values = {"name": entry.data_set_name, "file": entry.filename}
    return list(read(db, "data_set_name = :name OR filename = :file", **values))


def _own(db: sqlite3.Connection, which: str) -> Entry:
    own = next(read(db, "id = :id", id=which), None)
    if isinstance(own, Entry):
        return own
    raise sqlite3.DatabaseError("this import is not in it any more" if own is None else str(own))
