"""What this machine has sent, so that a dead kernel loses nothing.

A small SQLite file of two tables: one line an import, and one line a step of it, only ever added to. It holds
no data row and no secret. Where it cannot be written, one warning says so, and the import goes on; only an import
that it knows is not asked for while the next step cannot be written, as it might then be asked for twice.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import sys
import time
import uuid
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from posixpath import normpath
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from platformdirs import user_state_path

from connect_pandas.errors import ConfigurationError, ConnectWarning, UploadFailed, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connect_pandas.service.connection import Connection
    from connect_pandas.service.job import Plan

FOLDER_VARIABLE: Final = "CONNECT_STATE_DIR"
FILE_NAME: Final = "journal.sqlite3"
BUSY_SECONDS: Final = 10.0
"""How long one process waits for another's write."""
_LOOK_SECONDS: Final = 0.02
"""How often it looks whether the other is done."""

StepName = Literal[
    "planned",
    "uploaded",
    "asked",
    "submitted",
    "rejected",
    "unconfirmed",
    "failed",
    "gone",
    "completed",
    "partial",
]
End = Literal["rejected", "failed", "completed", "partial"]

DISCARDED: Final = "discarded by its user"
"""Why an import failed that its user gave up."""
SENDING_MOST: Final = timedelta(hours=24)
"""For how long another machine is taken to be still sending what it has begun. Source: open."""

_ENDS: Final = ("completed", "partial", "rejected", "failed")
_BEGUN: Final = ("asked", "submitted", "unconfirmed")

_Read = TypeVar("_Read")

VERSION: Final = 2
"""Of the tables, as the file's ``user_version`` says."""

_COLUMNS: Final = (
    *("id", "created", "data_set_name", "job_name", "user", "host", "port", "endpoint"),
    *("directory", "folder", "filename", "rows", "payload"),
)

_TABLES: Final = f"""
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


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to an import, and when (UTC)."""

    name: str
    at: datetime
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """An import that this machine has begun.

    ``directory`` is the subscription's directory on the server, ``folder`` and ``filename`` the place below
    it; ``created`` is in UTC, ``payload`` the guide's ``{"importInput": {…}}``; ``steps`` stand in the order
    of time.
    """

    id: str
    created: datetime
    data_set_name: str
    job_name: str
    user: str
    host: str
    port: int
    endpoint: str
    directory: str
    folder: str
    filename: str
    rows: int
    payload: dict[str, Any]
    steps: tuple[Step, ...]

    def is_of(self, connection: Connection) -> bool:
        """Say whether it went over a connection to this user's same subscription."""
        # A connection that names no directory takes the only one there is.
        end = normpath(f"/{connection.directory or ''}").lstrip("/")
        same_directory = f"/{self.directory.strip('/')}".endswith(f"/{end}") if end else True
        return _whose(self) == _whose(connection) and same_directory

    def is_of_set(self, other: Entry) -> bool:
        """Say whether it makes the same set as another, in the same subscription."""
        same_place = self.directory == other.directory and _whose(self) == _whose(other)
        return same_place and self.data_set_name == other.data_set_name

    def is_at(self, other: Entry) -> bool:
        """Say whether its file is at the same place as another's."""
        place, theirs = ((e.directory, e.folder, e.filename) for e in (self, other))
        return place == theirs and _whose(self) == _whose(other)

    def step(self, name: StepName) -> Step | None:
        """Return the last step of this name, or ``None``."""
        return next((step for step in reversed(self.steps) if step.name == name), None)

    @property
    def job_id(self) -> str | None:
        """The service's id of the job; ``None`` where it confirmed none."""
        submitted = self.step("submitted")
        return submitted.detail.get("job_id") if submitted else None

    @property
    def is_over(self) -> bool:
        """Whether its end was seen, good or bad."""
        return any(step.name in _ENDS for step in self.steps)

    @property
    def may_have_begun(self) -> bool:
        """Whether the service was asked for it, with an answer or without."""
        return any(step.name in _BEGUN for step in self.steps)

    @property
    def is_under_way(self) -> bool:
        """Whether the service was asked for it, and its end was not seen."""
        return self.may_have_begun and not self.is_over

    @property
    def is_at_work(self) -> bool:
        """Whether it is being sent, by this process or by another of this machine that still runs."""
        # Where nothing tells a process from a later one of its number, age has to.
        told = bool(self.by.get("since")) or datetime.now(UTC) - self.created < SENDING_MOST
        elsewhere = told and self._is_by_this_machine and _runs(self.by)
        return not self._is_sent and (elsewhere or self.id in _at_work)

    @property
    def may_be_at_work(self) -> bool:
        """Whether another machine with this journal has begun it not long ago, and may still be sending it."""
        lately = datetime.now(UTC) - self.created < SENDING_MOST
        return not self._is_sent and not self._is_by_this_machine and lately

    @property
    def by(self) -> dict[str, Any]:
        """The ``process`` and the ``machine`` that went on with it last."""
        return next((step.detail for step in reversed(self.steps) if "process" in step.detail), {})

    @property
    def was_broken_off(self) -> bool:
        """Whether nobody sends it, and the service was not asked for it: what there is of its file is of no use."""
        return not (self.may_have_begun or self.is_over or self.is_at_work)

    @property
    def is_discarded(self) -> bool:
        """Whether its user gave it up."""
        failed = self.step("failed")
        return failed is not None and failed.detail.get("reason") == DISCARDED

    @property
    def _is_by_this_machine(self) -> bool:
        """Whether its process would be seen from here: a container may have the name of another, not its processes."""
        return (self.by.get("machine"), self.by.get("space", _space())) == (platform.node(), _space())

    @property
    def holds_its_file(self) -> bool:
        """Whether its file is there for it, or about to be: no other import may have one at its place."""
        waits = self.step("uploaded") is not None or self.is_at_work or self.may_be_at_work
        return not self.is_over and (waits or self.may_have_begun)

    @property
    def _is_sent(self) -> bool:
        return any(step.name in (*_ENDS, "submitted", "unconfirmed") for step in self.steps)


class _Busy(Exception):
    """Another process holds the journal."""


class Journal:
    """A journal of imports: the connection's own, else the user's, in the state folder or ``CONNECT_STATE_DIR``.

    Every call opens the file for itself, so that threads and processes share it. The first failed write is warned of,
    and every next one is tried. An import that could not be written down has no steps there either.
    """

    __slots__ = ("_has_warned", "_unwritten", "path")

    def __init__(self, path: Path) -> None:
        self.path = path
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
        own = None if connection is None else connection.state
        return cls((own or state_folder()) / FILE_NAME)

    def plan(
        self,
        plan: Plan,
        connection: Connection,
        directory: str,
        *,
        require: Callable[[Entry, list[Entry]], None] = lambda _own, _others: None,
    ) -> Entry:
        """Write down a new import as planned and return it.

        Parameters
        ----------
        plan : Plan
        connection : Connection
        directory : str
            The subscription's directory on the server.
        require : callable, optional
            Looks at the new import, and at those of the data set's or the file's name that are written down, while no
            other process can add one; what it raises comes out, and nothing is written.
        """
        now = datetime.now(UTC)
        entry = Entry(
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
            steps=(Step("planned", now, this_process()),),
        )

        def add(db: sqlite3.Connection) -> None:
            require(entry, list(_read(db, _ALIKE, name=entry.data_set_name, file=entry.filename)))
            _add_import(db, entry)

        if isinstance(error := self._write(add, make=True), _Busy):
            raise ConfigurationError(self._say_busy(error))
        if error is not None:
            self._unwritten.add(entry.id)
        return entry

    def step(self, entry: str, name: StepName, **detail: Any) -> None:
        """Add a step to an import; where that cannot be written, a warning says so."""

        def add(db: sqlite3.Connection) -> None:
            _read_own(db, entry)
            _add_step(db, entry, name, _now(), detail)

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
            own = _read_own(db, entry)
            found[:] = [own]
            is_known = own.step("failed") or own.step("rejected") or own.step("completed")
            if not is_known and (begun or not own.may_have_begun):
                _add_step(db, entry, name, _now(), detail)

        self._write_or_warn(entry, name, add)
        return next(iter(found), None)

    def _write_or_warn(self, entry: str, name: StepName, add: Callable[[sqlite3.Connection], None]) -> None:
        if entry in self._unwritten:
            return
        # Where warnings are errors, this one must not come between a started import and its job.
        with suppress(ConnectWarning):
            if isinstance(error := self._write(add), _Busy):
                warn(
                    f"The journal {self.path} is held by another process for more than {BUSY_SECONDS:.0f} s ({error}): "
                    f"that this import is {name} is not written down there, and a restart forgets it."
                )

    def step_before(
        self,
        entry: str,
        name: StepName,
        *,
        require: Callable[[Entry, list[Entry]], None] = lambda _own, _others: None,
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
            own = _read_own(db, entry)
            alike = _read(db, _ALIKE, name=own.data_set_name, file=own.filename)
            require(own, [other for other in alike if other.id != entry])
            _add_step(db, entry, name, _now(), detail)

        if entry not in self._unwritten and (error := self._try(add)):
            raise UploadFailed(
                f"The journal {self.path} cannot be written any more ({error}), and without it this import could be "
                "asked for twice. No import was started.\n"
                f"Make room on that disk, or set {FOLDER_VARIABLE} to a folder on another, and submit again."
            )

    def entries(self, data_set: str | None = None, *, required: bool = False) -> list[Entry]:
        """Read the imports, or those of one data set, the oldest first; empty where nothing can be read.

        Raises
        ------
        ConfigurationError
            When they are required and cannot be read.
        """
        try:
            where = "" if data_set is None else "data_set_name = :name"
            return self._look(lambda db: list(_read(db, where, name=data_set))) or []
        except (OSError, sqlite3.Error) as error:
            if required:
                raise ConfigurationError(
                    f"The journal {self.path} cannot be read ({error}), so nobody can say what this machine has begun. "
                    f"Look in the web app; or set {FOLDER_VARIABLE} to the folder of another."
                ) from None
            if not self._has_warned:
                self._warn("read", error, "The imports that this machine has sent cannot be listed.")
            return []

    def entry(self, which: str) -> Entry | None:
        """Read one import by its id; ``None`` where it is not written down.

        Raises
        ------
        ConfigurationError
            When it cannot be read: somebody may be at it.
        """
        try:
            return next(iter(self._look(lambda db: list(_read(db, "id = :id", id=which))) or ()), None)
        except (OSError, sqlite3.Error) as error:
            raise ConfigurationError(
                f"The journal {self.path} cannot be read ({error}), so nobody can say whether this import is being "
                "sent. Nothing was done."
            ) from None

    def steps(self, entry: str) -> tuple[Step, ...]:
        """Read the steps of one import; nothing where they cannot be read, and not a word of it."""
        try:
            found = self.entry(entry)
        except ConfigurationError:
            return ()
        return found.steps if found else ()

    def _look(self, read: Callable[[sqlite3.Connection], _Read]) -> _Read | None:
        """Read in the file, as soon as no other process holds it; ``None`` where there is none."""

        def look() -> _Read:
            with closing(_connect_to_read(self.path)) as db:
                db.execute("BEGIN")  # what is added in the middle of a look is not seen in a part
                return read(db)

        return _when_free(look, _end_of_patience()) if self.path.exists() else None

    def _write(self, work: Callable[[sqlite3.Connection], None], *, make: bool = False) -> Exception | None:
        error = self._try(work, make=make)
        if error is not None and not isinstance(error, _Busy) and not self._has_warned:
            self._has_warned = True
            self._warn("written", error, "The import cannot be looked up here after a restart.")
        return error

    def _say_busy(self, error: Exception) -> str:
        return (
            f"The journal {self.path} is held by another process for more than {BUSY_SECONDS:.0f} s ({error}). It says "
            "what was sent before, so nothing was sent. Try again; if it stays so, end the program that holds it, or "
            f"set {FOLDER_VARIABLE} to another folder."
        )

    def _try(self, work: Callable[[sqlite3.Connection], None], *, make: bool = False) -> Exception | None:
        """Do the work in one transaction; return what kept it from being written."""
        end = _end_of_patience()
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
            f"The journal {self.path} cannot be {verb} ({error}). {meaning} "
            f"Move it away, or set {FOLDER_VARIABLE} to a folder that can be written to."
        )


def place(folder: str, filename: str) -> str:
    """Return where a file is below the subscription's directory."""
    return "/".join(filter(None, (folder, filename)))


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
_at_work: set[str] = set()
"""The imports that this process is sending."""


@contextmanager
def at_work(entry: Entry) -> Iterator[None]:
    """Say that this process is sending an import, until the block ends."""
    _at_work.add(entry.id)
    try:
        yield
    finally:
        _at_work.discard(entry.id)


def _whose(one: Entry | Connection) -> tuple[str, str, int, str]:
    """Return user and servers as they are compared: spelt in another way they are the same."""
    return (one.user.lower(), one.host.lower(), one.port, one.endpoint.lower().rstrip("/"))


def this_process() -> dict[str, Any]:
    """Return what tells this process from every other, for a step that says who goes on with an import."""
    now = {"process": os.getpid(), "machine": platform.node(), "since": _since(os.getpid())}
    return now | ({"space": space} if (space := _space()) else {})


def _space() -> str:
    """Return what tells from where processes are seen, as in a container; empty where nothing says."""
    try:
        return str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        return ""


def _since(process: int) -> str:
    """Return since when a process runs, which tells it from a later one of its number; empty where nothing says."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    state, *others = stat.rpartition(")")[2].split()
    return "" if state == "Z" else f"{boot} {others[18]}"  # one that has ended, and waits to be noticed


def _runs(by: dict[str, Any]) -> bool:
    """Whether another process of this number, which is still the same, runs here."""
    process = by.get("process")
    if not isinstance(process, int) or process == os.getpid():
        return False
    if by.get("since") and by["since"] != _since(process):
        return False
    if sys.platform == "win32":
        return _runs_on_windows(process)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is another user's
        return True
    return True


def _runs_on_windows(process: int) -> bool:
    # os.kill(…, 0) would end it there. 0x1000 asks for no more than to query it; 259 is its exit code while it runs.
    import ctypes

    kernel, code = ctypes.WinDLL("kernel32"), ctypes.c_ulong()  # type: ignore[attr-defined,unused-ignore]
    kernel.OpenProcess.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(kernel.OpenProcess(0x1000, False, process))
    try:
        return bool(kernel.GetExitCodeProcess(handle, ctypes.byref(code))) and code.value == 259
    finally:
        kernel.CloseHandle(handle)


def _end_of_patience() -> float:
    return time.monotonic() + BUSY_SECONDS


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
    db.executescript(_TABLES)


def _add_import(db: sqlite3.Connection, entry: Entry) -> None:
    values = {name: getattr(entry, name) for name in _COLUMNS}
    values |= {"created": _written(entry.created), "payload": json.dumps(entry.payload)}
    names, places = ", ".join(_COLUMNS), ", ".join(f":{name}" for name in _COLUMNS)
    db.execute(f"INSERT INTO imports ({names}) VALUES ({places})", values)  # noqa: S608 - own names only
    for step in entry.steps:
        _add_step(db, entry.id, step.name, _written(step.at), step.detail)


def _add_step(db: sqlite3.Connection, entry: str, name: str, at: str, detail: dict[str, Any]) -> None:
    db.execute(
        "INSERT INTO steps (import_id, step, at, detail) VALUES (?, ?, ?, ?)",
        (entry, name, at, json.dumps(detail)),
    )


_ALIKE: Final = "data_set_name = :name OR filename = :file"


def _read_own(db: sqlite3.Connection, entry: str) -> Entry:
    for own in _read(db, "id = :id", id=entry):
        return own
    raise sqlite3.DatabaseError("this import is not in it any more")


def _read(db: sqlite3.Connection, where: str = "", **values: str | None) -> Iterator[Entry]:
    names, where = ", ".join(_COLUMNS), f"WHERE {where}" if where else ""
    ours = f"WHERE import_id IN (SELECT id FROM imports {where})"  # noqa: S608 - own words only
    steps = _read_steps(db, ours if where else "", **values)
    db.row_factory = sqlite3.Row
    imports = f"SELECT {names} FROM imports {where} ORDER BY rowid"  # noqa: S608 - own words only
    for row in db.execute(imports, values):
        yield _entry(row, steps.get(row["id"], []))


def _entry(row: sqlite3.Row, steps: list[Step]) -> Entry:
    """Make an import of what is written of it, which somebody may have written otherwise."""
    try:
        created, payload = datetime.fromisoformat(row["created"]), json.loads(row["payload"])
        payload["importInput"]["fileLocation"]
        if not steps or not created.tzinfo:
            raise ValueError
        return Entry(**dict(row) | {"created": created, "payload": payload, "steps": tuple(steps)})
    except (KeyError, TypeError, ValueError):
        raise sqlite3.DatabaseError(f"import {row['id']} is not written as it should be") from None


def _read_steps(db: sqlite3.Connection, where: str = "", **values: str | None) -> dict[str, list[Step]]:
    """Return the steps of each import, in the order of time."""
    steps: dict[str, list[Step]] = {}
    select = f"SELECT import_id, step, at, detail FROM steps {where} ORDER BY number"  # noqa: S608 - own words only
    for entry, name, at, detail in db.execute(select, values):
        steps.setdefault(entry, []).append(_step(entry, name, at, detail))
    return steps


def _step(entry: str, name: str, at: str, detail: str) -> Step:
    try:
        step = Step(name, datetime.fromisoformat(at), json.loads(detail))
        if not isinstance(step.detail, dict) or not step.at.tzinfo:
            raise ValueError
    except (TypeError, ValueError):
        raise sqlite3.DatabaseError(f"a step of import {entry} is not written as it should be") from None
    return step


def _now() -> str:
    return _written(datetime.now(UTC))


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")
