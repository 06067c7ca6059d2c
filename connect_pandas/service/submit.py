"""The order of an import: everything is looked at, then written down, then done, one step after the other.

A step that may or may not have happened is recorded as such and looked up, never blindly repeated.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from connect_pandas.errors import (
    AuthenticationFailed,
    ConnectError,
    ImportRejected,
    ImportUnconfirmed,
    PlanError,
    UploadFailed,
)
from connect_pandas.service.graphql import Api, check_payload, how_to_find_out
from connect_pandas.service.job import MONITORING, Seen, how_to_look_up, job_of
from connect_pandas.service.journal import Journal
from connect_pandas.service.progress import silent
from connect_pandas.service.sftp import open_session

if TYPE_CHECKING:
    import threading

    from connect_pandas.service.connection import Connection
    from connect_pandas.service.graphql import DataSet
    from connect_pandas.service.job import ImportJob, Plan
    from connect_pandas.service.journal import Entry
    from connect_pandas.service.progress import Progress
    from connect_pandas.service.sftp import Session

SETS_ON_REQUEST: Final = 25
"""Source: guide: 5 reference sets by default, up to 25 on request. Which, only the service knows."""
UNDER_WAY: Final = timedelta(hours=24)
"""How long an import whose file is still there is taken for one that may yet make its set. Source: open."""


def submit(
    plan: Plan,
    connection: Connection,
    *,
    progress: Progress = silent,
    wait_progress: Progress | None = None,
    cancel: threading.Event | None = None,
) -> ImportJob:
    """Upload the plan's file and start its import, once.

    Parameters
    ----------
    plan : Plan
        When the made-up name of its file is taken, another is made up.
    connection : Connection
    progress : Progress
        Shows the upload in rows.
    wait_progress : Progress, optional
        The job keeps it to show its wait; by default the same.
    cancel : threading.Event, optional
        Set from another thread, it stops the upload; a request that has left is not called back.

    Raises
    ------
    PlanError
        The data set's or the file's name is taken, an import of this name is under way, or no further set is
        possible. Nothing was sent.
    AuthenticationFailed, HostKeyError, ConnectionFailed
        One side could not be entered. Nothing is left behind, or the message names the file.
    UploadFailed
        The file did not arrive whole, or ``cancel`` was set; no import was started.
    ImportRejected
        The service refused; the file was removed again, or the message names it.
    ImportUnconfirmed
        Nobody answered for the import; the file was left alone. The message says how to find out, and ``.job``
        follows it.
    """
    check_payload(plan.payload)
    api, job = Api(connection), None
    try:
        with open_session(connection) as session:
            journal = Journal.open(connection)
            _refuse_taken_set(plan, api.data_sets())
            _refuse_import_under_way(plan, connection, session, journal)
            plan = _with_free_file(plan, session)
            entry = journal.plan(plan, connection, session.directory)
            job = job_of(entry, journal, connection, plan=plan, progress=wait_progress or progress)
            _send(job, plan, api, session, journal, progress, cancel)
    except BaseException as stop:
        # Wherever it was interrupted, also on the way out: a job that has begun is not lost.
        if job is not None and job.id is not None:
            stop.add_note(_say_begun(job))
        raise
    return job


# ── what is found before anything is written ─────────────────────────────────────────────────────────


def _refuse_taken_set(plan: Plan, sets: tuple[DataSet, ...]) -> None:
    if taken := next((found for found in sets if found.name == plan.name), None):
        names = ", ".join(sorted(found.name for found in sets))
        raise PlanError(
            f"The name {plan.name!r} is taken: the subscription has a reference set {taken.name!r} "
            f"(id {taken.id}). Nothing was sent. Choose another name; taken are: {names}."
        )
    if len(sets) >= SETS_ON_REQUEST:
        raise PlanError(
            f"The subscription has {len(sets)} reference sets, and {SETS_ON_REQUEST} is the most that "
            "Connect gives. Nothing was sent. Delete one that is not needed any more."
        )


def _refuse_import_under_way(plan: Plan, connection: Connection, session: Session, journal: Journal) -> None:
    """Refuse a second import of a name whose set is only about to appear: it would fail, and keep its file."""
    for entry in reversed(journal.entries()):
        same = entry.is_of(connection) and entry.directory == session.directory
        if (
            same
            and entry.data_set_name == plan.name
            and _may_be_under_way(entry)
            and session.size(entry.folder, entry.filename) is not None
        ):
            raise PlanError(_say_under_way(entry))


def _may_be_under_way(entry: Entry) -> bool:
    begun = entry.step("submitted") or entry.step("unconfirmed")
    over = any(entry.step(final) for final in ("completed", "partial", "rejected", "failed"))
    return begun is not None and not over and datetime.now(UTC) - entry.created < UNDER_WAY


def _say_under_way(entry: Entry) -> str:
    submitted = entry.step("submitted")
    job = f"job id {submitted.detail.get('job_id')}" if submitted else "not confirmed by the service"
    begun = f"{entry.created.astimezone():%Y-%m-%d %H:%M}"
    return (
        f"An import of {entry.data_set_name!r} is under way ({job}, begun {begun}): its file is still on the server. "
        "Nothing was sent.\n"
        f"  To follow it:  {how_to_look_up(entry.filename)}; job.wait()\n"
        f"  If it failed (web app, {MONITORING}: {entry.job_name}):  job.discard()   and submit again"
    )


def _with_free_file(plan: Plan, session: Session) -> Plan:
    """Return the plan with a file name that is not on the server; a name that a person chose is not changed."""
    if session.size(plan.folder, plan.filename) is None:
        return plan
    if not plan.filename_given:
        return plan.renamed()
    raise PlanError(
        f"There is already a file {_path(plan.folder, plan.filename)} on the server, perhaps of an import that "
        "still waits. Nothing was sent. Leave filename away, and the file gets a name of its own."
    )


# ── the steps ────────────────────────────────────────────────────────────────────────────────────────


def _send(
    job: ImportJob,
    plan: Plan,
    api: Api,
    session: Session,
    journal: Journal,
    progress: Progress,
    cancel: threading.Event | None,
) -> None:
    """Upload and start; whatever ends this early is written down, told, and tidied up after."""
    asked = False
    try:
        session.make_folder(job.folder)
        with progress(f"Uploading {job.filename}", job.rows, "rows") as advance:
            job.receipt = receipt = session.upload(
                job.folder,
                job.filename,
                plan.pieces(),
                sent=lambda size, rows: advance(rows, size),
                cancel=cancel,
            )
        journal.step(job.entry, "uploaded", path=receipt.path, size=receipt.size, sha256=receipt.sha256)
        if cancel is not None and cancel.is_set():
            raise UploadFailed("Cancelled after the upload; no import was started.")
        asked = True
        job.id = api.create_import_job(job.payload)
        job.seen = Seen("submitted", "nothing was looked at yet", datetime.now())
        journal.step(job.entry, "submitted", job_id=job.id)
    except BaseException as error:
        if job.id is not None:
            # Perhaps once more: a step written twice says no more than one, a missing one loses the id.
            journal.step(job.entry, "submitted", job_id=job.id)
        elif asked and not _began_nothing(error):
            _leave_unconfirmed(job, journal, error)
        else:
            refused = asked and isinstance(error, ImportRejected | AuthenticationFailed)
            journal.step(job.entry, "rejected" if refused else "failed", reason=_reason(error))
            if job.receipt is not None:
                _clear_away(job, session, error)
        raise


def _began_nothing(error: BaseException) -> bool:
    return isinstance(error, ConnectError) and not isinstance(error, ImportUnconfirmed)


def _leave_unconfirmed(job: ImportJob, journal: Journal, error: BaseException) -> None:
    """Leave the file alone: whether the request arrived, nobody here knows."""
    journal.step(job.entry, "unconfirmed", reason=_reason(error))
    job.seen = Seen("unknown", "the service did not confirm the import", datetime.now())
    later = f"  later, from here:         {how_to_look_up(job.filename)}; job.wait()"
    if isinstance(error, ImportUnconfirmed):
        error.job = job
        _add_words(
            error,
            "To follow it:\n"
            "  in a notebook:            import sys; sys.last_value.job.wait()\n"
            "  in a program:             except connect_pandas.ImportUnconfirmed as error: error.job.wait()\n"
            f"{later}",
        )
    else:
        asked = job.payload["importInput"]
        error.add_note(
            f"The import may or may not have begun.\n{how_to_find_out(asked)}\nTo follow it:\n{later}"
        )


def _clear_away(job: ImportJob, session: Session, error: BaseException) -> None:
    """Remove the file that no import will read, and say what became of it."""
    place = f"{session.directory.rstrip('/')}/{_path(job.folder, job.filename)}"
    left = f"The uploaded file could not be removed and is left behind: {place}"
    try:
        session.remove(job.folder, job.filename)
        if session.size(job.folder, job.filename) is None:
            left = "The uploaded file was removed again: nothing is left behind."
    except ConnectError:
        pass  # the sentence stands as it is
    except BaseException as again:  # interrupted once more
        again.add_note(f"No import was started. The uploaded file may be left behind: {place}")
        raise
    if isinstance(error, ConnectError):
        _add_words(error, left)
    else:
        error.add_note(f"No import was started. {left}")


def _add_words(error: ConnectError, words: str) -> None:
    error.args = (f"{error}\n{words}", *error.args[1:])


def _say_begun(job: ImportJob) -> str:
    return (
        f"The import has begun: id {job.id}. It goes on.\n"
        f"To follow it: {how_to_look_up(job.filename)}; job.wait()"
    )


def _path(folder: str, filename: str) -> str:
    return "/".join(filter(None, (folder, filename)))


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
