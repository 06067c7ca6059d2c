"""``ImportJob``: an import that was asked for, followed by what the service shows of it.

The service documents no query for a job's status. What it documents is used: the file disappears when the job
is completed, ``dataSets`` shows the set, ``referenceSetRecords.totalCount`` counts its rows. What cannot be
known from these is called unknown, with where to look.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from numbers import Real
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol, Self

from connect_pandas.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectionFailed,
    ConnectWarning,
    HostKeyError,
    ImportTimeout,
    PlanError,
    warn,
)
from connect_pandas.service.connection import monitoring
from connect_pandas.service.entry import place
from connect_pandas.service.graphql import Api
from connect_pandas.service.progress import Advance, Progress, silent
from connect_pandas.service.sftp import Session, open_session
from connect_pandas.service.verify import Verification, verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from connect_pandas.service.connection import Connection
    from connect_pandas.service.entry import Entry
    from connect_pandas.service.journal import Journal
    from connect_pandas.service.upload import Receipt

FIRST_PAUSE: Final = 0.2
LAST_PAUSE: Final = 10.0
"""Seconds between two looks: short at first, for a small import, then long, for a large one."""
SETTLED_SECONDS: Final = 30.0
"""How long a count stands still before it is taken for the last. Source: open."""
GRACE_SECONDS: Final = 120.0
"""How long a set may take to show after its file is gone. Source: open."""
STILL_ROWS_A_SECOND: Final = 20_000
STILL_SECONDS: Final = 60.0
"""How long nothing may change before a wait says that the import may have failed."""


class Plan(Protocol):
    """What a submission needs of a plan. The service's side knows no frame, only this."""

    @property
    def name(self) -> str:
        """The data set."""
        ...

    @property
    def job_name(self) -> str: ...

    @property
    def folder(self) -> str:
        """Below the subscription's directory; ``""`` is that directory itself."""
        ...

    @property
    def filename(self) -> str: ...

    @property
    def filename_given(self) -> bool:
        """Whether a person chose the file's name; else it was made up."""
        ...

    def renamed(self) -> Plan:
        """Return the same plan with another made-up name for its file."""
        ...

    @property
    def payload(self) -> dict[str, Any]:
        """The guide's JSON object, ``{"importInput": {…}}``."""
        ...

    @property
    def rows(self) -> int:
        """How many records the file will hold; the header is none."""
        ...

    def pieces(self) -> Iterator[tuple[bytes, int]]:
        """Encode the file in slices, each with the number of records that it ends."""
        ...

    def sample(self, size: int) -> tuple[dict[str, str | None], ...]:
        """Return up to ``size`` records, spread over the file.

        Attribute name → the text as it stands in the file, ``None`` when missing.
        """
        ...


Status = Literal["submitted", "completed", "partial", "unknown"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one look at the service showed; ``None`` in the first two where it could not be looked at."""

    file_there: bool | None
    set_visible: bool | None
    rows: int = 0
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a job: the status, why, since when (local time), and the rows counted."""

    status: Status
    words: str
    at: datetime
    rows: int = 0


def judge(evidence: Evidence, rows: int, *, begun: bool) -> tuple[Status, str]:
    """Say what a look at the service means.

    Parameters
    ----------
    evidence : Evidence
    rows : int
        How many were sent.
    begun : bool
        Whether the service confirmed the job.
    """
    counted = f"{evidence.rows:,} of {rows:,} rows"
    trouble = f" ({evidence.trouble})" if evidence.trouble else ""
    match evidence:
        case Evidence(file_there=True) if begun:
            shown = f"; the data set shows {counted} so far" if evidence.set_visible else ""
            return (
                "submitted",
                f"its file is still on the server: it waits, runs or has failed{shown}{trouble}",
            )
        case Evidence(file_there=True):
            return (
                "unknown",
                f"its file is still on the server: it waits, runs, has failed or never began{trouble}",
            )
        case Evidence(file_there=False, set_visible=True) if evidence.rows >= rows:
            never = (
                "" if begun else "; the service itself never confirmed it, so compare a sample: job.verify()"
            )
            return "completed", f"the data set shows {counted}, and its file is gone{trouble}{never}"
        case Evidence(set_visible=True) if evidence.rows >= rows and begun:
            return "completed", f"the data set shows {counted}{trouble}"
        case Evidence(set_visible=True) if evidence.rows >= rows:
            # Before it was asked for there was no set of this name; since then anybody may have made one.
            return "unknown", f"a data set of this name shows {counted}, and may be another import's{trouble}"
        case Evidence(file_there=False, set_visible=True):
            return "partial", f"its file is gone, and the data set shows {counted}"
        case Evidence(file_there=False, set_visible=False):
            return "unknown", "its file is gone, but no data set of this name is visible"
        case Evidence(file_there=False):
            return "unknown", f"its file is gone, so the service is done with it{trouble}"
        case Evidence(set_visible=True):
            return "unknown", f"the data set shows {counted}{trouble}"
        case _:
            return "unknown", f"no data set of this name is visible{trouble}"


@dataclass(slots=True, eq=False, repr=False, kw_only=True)
class ImportJob:
    """An import that was asked for.

    Attributes
    ----------
    id : str or None
        The service's id of the job; ``None`` when the service did not confirm it.
    name : str
        The data set.
    job_name, folder, filename : str
    rows : int
        How many records were sent.
    connection : Connection
    plan : Plan or None
        ``None`` for a job that was looked up in the journal.
    receipt : Receipt or None
        What was uploaded: path, bytes, SHA-256.
    journal, entry : Journal or None, str
        Where the end of the job is written down.
    progress : Progress
        Shows its wait.
    seen : Seen
        What was last known; reading it asks nobody.
    verification : Verification or None
        What :meth:`verify` found last.
    discarded : bool
        Whether it was given up by :meth:`discard`.
    asked : bool
        Whether the service was asked for it, answered or not. One that was not never began.
    """

    id: str | None
    name: str
    job_name: str
    folder: str
    filename: str
    rows: int
    payload: dict[str, Any]
    connection: Connection
    plan: Plan | None = None
    receipt: Receipt | None = None
    journal: Journal | None = None
    entry: str = ""
    progress: Progress = silent
    seen: Seen = field(default_factory=lambda: Seen("submitted", "nothing was looked at yet", datetime.now()))
    verification: Verification | None = None
    discarded: bool = False
    asked: bool = True

    @property
    def status(self) -> Status:
        """Look at the service: ``"submitted"``, ``"completed"``, ``"partial"`` or ``"unknown"``.

        A job once completed is not looked at again.

        Raises
        ------
        AuthenticationFailed, HostKeyError
            One side does not let this user in, or does not prove who it is.
        ConnectionFailed
            Neither side could be looked at.
        """
        self._take_note()
        if self.seen.status != "completed" and not self.discarded:
            with _FileWatch(self) as watch:
                self._see(watch)
        return self.seen.status

    def wait(self, timeout: float = 3600.0, *, progress: bool = True) -> Self:
        """Wait until the service is done with the import and return the job.

        Passing network failures are waited out. Interrupting the wait leaves the import as it is. A completed job
        is not waited for, and needs no connection any more.

        The service shows no failure: a failed import keeps its file and nothing else happens. When nothing has
        changed for a minute, a ``ConnectWarning`` says once where to look.

        Parameters
        ----------
        timeout : float
            In seconds.
        progress : bool
            Show the rows as they arrive.

        Returns
        -------
        ImportJob
            This job; ``status`` is ``"completed"``, or ``"partial"`` when the file is gone and the count of
            rows has stood still below what was sent.

        Raises
        ------
        ImportTimeout
            The time is over, or the file is gone and no data set has shown. The import itself may still be
            running.
        AuthenticationFailed, HostKeyError
            As for ``status``.
        PlanError
            When ``timeout`` is no number, or the import was discarded.
        """
        self._require_something_to_wait_for(self._take_note())
        if not _is_duration(timeout):
            raise PlanError(f"timeout={timeout!r} is no number of seconds, as in job.wait(timeout=600).")
        if self.seen.status == "completed":
            return self
        show = self.progress if progress else silent
        try:
            with _FileWatch(self) as watch, show(f"Importing {self.name}", self.rows, "rows") as advance:
                self._follow(watch, advance, timeout)
        except KeyboardInterrupt as stop:
            stop.add_note(
                f"Only the waiting has ended; the import goes on. To wait again: job.wait()\n{self!r}"
            )
            raise
        return self

    def verify(self, sample: int = 20) -> Verification:
        """Count the rows that the service holds, and compare a sample of them value by value.

        A job that was looked up in the journal knows no values: its rows are only counted. While the job's own file
        is still on the server nothing is called ok: the rows may be another import's of the same name.

        Parameters
        ----------
        sample : int
            How many rows to compare, spread over all.

        Raises
        ------
        AuthenticationFailed, ConnectionFailed
            The service could not be asked. A difference is a result, not an error.
        """
        rows = self.plan.sample(sample) if self.plan is not None and sample > 0 else ()
        found = verify(self.connection, self.name, self.rows, self.payload, rows)
        if self.seen.status != "completed":
            found = replace(found, file_waits=self._file_is_there())
        self.verification = found
        return found

    def resume(self, plan: Plan | None = None, *, progress: bool = True) -> ImportJob:
        """Go on with an import that was broken off, from where the evidence stands; nothing is asked for twice.

        Its file did not arrive whole: what had arrived is removed, and the plan is submitted anew. The whole file is
        there, and the service was not asked: it is asked now. It was asked, and did not answer: what it shows is
        looked at, and the job says what is so.

        Parameters
        ----------
        plan : ImportPlan, optional
            The data, where they have to be sent again: this machine keeps none.
        progress : bool
            Whether to show an upload.

        Returns
        -------
        ImportJob
            This job; or the new one, where the data were sent again.

        Raises
        ------
        PlanError
            The data are needed and ``plan`` was not given; the import was refused or given up; or another process is
            at it. The message says what to do.
        ConnectionFailed, AuthenticationFailed, HostKeyError, UploadFailed, ImportRejected, ImportUnconfirmed
            As for :meth:`ImportPlan.submit`.
        """
        from connect_pandas.service.resume import resume

        return resume(self, plan, self.progress if progress else silent)

    def discard(self) -> None:
        """Give up an import that has failed: remove its file, so that its name can be submitted anew.

        Look in the web app first. An import that still waits or runs would fail without its file.

        A file of that name that another import waits for is left alone.

        Raises
        ------
        PlanError
            It is being sent right now, or is completed.
        ConnectionFailed, AuthenticationFailed, HostKeyError
            The file could not be removed.
        """
        from connect_pandas.service.resume import discard

        discard(self)
        self._note_discarded()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from connect_pandas.notebook.draw import bundle
        from connect_pandas.notebook.view_service import job as view

        return bundle(view(self))

    def __repr__(self) -> str:
        from connect_pandas.notebook.draw import as_text
        from connect_pandas.notebook.view_service import job as view

        return as_text(view(self))

    @property
    def still_seconds(self) -> float:
        """For how long nothing may change before it may have failed: a large import takes its time. Source: open."""
        return STILL_SECONDS + self.rows / STILL_ROWS_A_SECOND

    @property
    def sender(self) -> str:
        """Who is sending it, in words that follow its name; empty where nobody is. Asks only the journal."""
        try:
            entry = None if self.journal is None else self.journal.entry(self.entry)
        except ConfigurationError:
            return ""
        return entry.sender if entry is not None and entry.is_being_sent else ""

    # ── how it is followed ─────────────────────────────────────────────────────────────────────────────

    def _require_something_to_wait_for(self, entry: Entry | None) -> None:
        if not self.asked and not (entry is not None and entry.is_being_sent):
            raise PlanError(
                f"This import of {self.name!r} was broken off before the service was asked for it: it never began. "
                "To go on with it: job.resume(), with the data where they have to be sent again: "
                f'job.resume(df.connect.plan("{self.name}"))'
            )
        if self.discarded:
            raise PlanError(
                f"This import of {self.name!r} was discarded, and its file removed: there is nothing to wait for. "
                f'To import the data: df.connect.create_reference_set("{self.name}")'
            )

    def _not_asked_yet(self) -> Evidence:
        self.seen = Seen("unknown", "another process is sending it", datetime.now())
        return Evidence(None, None)

    def _take_note(self) -> Entry | None:
        """Take note of what another process has done with it, and write down what could not be before."""
        if self.journal is None:
            return None
        try:
            entry = self.journal.entry(self.entry)
        except ConfigurationError:  # nobody can say
            return None
        if entry is None:
            return None
        if self.id is not None and entry.job_id is None:
            self.journal.step(self.entry, "submitted", job_id=self.id)
        self.id = self.id or entry.job_id
        self.asked = self.asked or entry.may_have_begun
        if entry.is_discarded and not self.discarded:
            self._note_discarded()
        return entry

    def _note_discarded(self) -> None:
        self.discarded = True
        self.seen = Seen("unknown", "it was discarded and its file removed", datetime.now())

    def _file_is_there(self) -> bool:
        with _FileWatch(self) as watch:
            return watch.is_there()

    def _see(self, watch: _FileWatch) -> Evidence:
        evidence = _look(self, watch)
        status, words = judge(evidence, self.rows, begun=self.id is not None)
        self.seen = Seen(status, words, datetime.now(), evidence.rows)
        if status == "completed":
            self._write_down("completed", rows=evidence.rows)
        return evidence

    def _follow(self, watch: _FileWatch, advance: Advance, timeout: float) -> None:
        begin = since = time.monotonic()
        before, shown, warned = Evidence(None, None), 0, False
        for pause in _pauses():
            evidence = self._see_if_possible(watch) if self.asked else self._not_asked_yet()
            now = time.monotonic()
            if evidence != before:
                before, since = evidence, now
            advance(max(evidence.rows - shown, 0))
            shown = max(evidence.rows, shown)
            if self.seen.status == "completed":
                return
            if self.seen.status == "partial" and now - since >= SETTLED_SECONDS:
                self._write_down("partial", rows=evidence.rows)
                return
            if evidence == _NOTHING_LEFT and now - since >= GRACE_SECONDS:
                raise ImportTimeout(self._say_over(now - begin))
            if evidence.file_there and now - since >= self.still_seconds and not warned:
                self._warn_of_standstill(now - since)
                warned = True
            if now - begin >= timeout:
                raise ImportTimeout(self._say_over(timeout))
            time.sleep(min(pause, timeout - (now - begin)))
            self._require_something_to_wait_for(self._take_note())

    def _see_if_possible(self, watch: _FileWatch) -> Evidence:
        try:
            return self._see(watch)
        except (AuthenticationFailed, HostKeyError):
            raise
        except ConnectionFailed as trouble:
            words = f"the service could not be looked at: {trouble}"
            self.seen = Seen("unknown", words, datetime.now(), self.seen.rows)
            return Evidence(None, None, self.seen.rows, str(trouble))

    def _write_down(self, end: Literal["completed", "partial"], **detail: Any) -> None:
        if self.journal is not None:
            self.journal.end(self.entry, end, begun=True, **detail)

    def _warn_of_standstill(self, seconds: float) -> None:
        # Where warnings are errors, this one must not end the wait.
        with suppress(ConnectWarning):
            warn(
                f"The file of the import of {self.name} is still there after {seconds:,.0f} s without any change. It "
                "waits or runs, or it has failed: a failed import keeps its file. Look in the "
                f"{monitoring(self.connection)}, for {self._label}. The wait goes on; Ctrl-C ends only the waiting."
            )

    @property
    def _label(self) -> str:
        return f"{self.job_name} (id {self.id})" if self.id else self.job_name

    def _say_over(self, seconds: float) -> str:
        return (
            f"The import of {self.name} is not seen to be done after {seconds:,.0f} s: {self.seen.words}. "
            f"Its file is {place(self.folder, self.filename)}.\n"
            f"A failed import may leave its file there and is not shown otherwise: look in the "
            f"{monitoring(self.connection)}, for {self._label}.\n"
            "To wait longer: job.wait()    To give it up, and submit again: job.discard()"
        )


_NOTHING_LEFT: Final = Evidence(file_there=False, set_visible=False)


def _is_duration(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and float(value) >= 0


def _pauses() -> Iterator[float]:
    pause = FIRST_PAUSE
    while True:
        yield pause
        pause = min(pause * 1.5, LAST_PAUSE)


class _FileWatch:
    """Looks for the job's file over one session, which is opened when needed and anew when it broke."""

    __slots__ = ("_job", "_session", "_stack")

    def __init__(self, job: ImportJob) -> None:
        self._job = job
        self._stack = ExitStack()
        self._session: Session | None = None

    def is_there(self) -> bool:
        try:
            if self._session is None:
                self._session = self._stack.enter_context(open_session(self._job.connection))
            return self._session.size(self._job.folder, self._job.filename) is not None
        except ConnectionFailed:
            self._close()
            raise

    def _close(self) -> None:
        self._session = None
        self._stack.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()


def _look(job: ImportJob, watch: _FileWatch) -> Evidence:
    there = visible = None
    rows, troubles = 0, list[str]()
    # The file first: once it is gone, everything that the service will show of the import is there to be
    # seen.
    with _noting(troubles):
        there = watch.is_there()
    with _noting(troubles):
        api = Api(job.connection)
        data_set = api.data_set(job.name)
        rows = api.record_count(data_set.id) if data_set else 0
        visible = data_set is not None
    if len(troubles) == 2:
        raise ConnectionFailed("\n".join(troubles))
    return Evidence(there, visible, rows, "".join(troubles))


@contextmanager
def _noting(troubles: list[str]) -> Iterator[None]:
    """Note a failure that may pass; let through what a person has to put right."""
    try:
        yield
    except (AuthenticationFailed, HostKeyError):
        raise
    except ConnectionFailed as trouble:
        troubles.append(str(trouble))
