"""The order of an import: everything is looked at, then written down, then done, one step after the other.

A step that may or may not have happened is recorded as such and looked up, never blindly repeated.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from connect_pandas.errors import (
    AuthenticationFailed,
    ConnectError,
    ImportRejected,
    ImportUnconfirmed,
    PlanError,
    UploadFailed,
    warn,
)
from connect_pandas.service import earlier
from connect_pandas.service.entry import at_work, place
from connect_pandas.service.graphql import Api, check_payload, doubt_of_room, how_to_find_out
from connect_pandas.service.history import how_to_look_up, job_of
from connect_pandas.service.job import Seen
from connect_pandas.service.journal import Journal, planned
from connect_pandas.service.process import this_process
from connect_pandas.service.progress import silent
from connect_pandas.service.sftp import open_session

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from connect_pandas.service.connection import Connection
    from connect_pandas.service.entry import End, Entry
    from connect_pandas.service.graphql import DataSet
    from connect_pandas.service.job import ImportJob, Plan
    from connect_pandas.service.progress import Progress
    from connect_pandas.service.rows import Row
    from connect_pandas.service.sftp import Session

SETS_ON_REQUEST: Final = 25
"""Source: guide: 5 reference sets by default, up to 25 on request. Which, only the service knows."""


def submit(
    plan: Plan,
    connection: Connection,
    *,
    progress: Progress = silent,
    wait_progress: Progress | None = None,
    cancel: threading.Event | None = None,
    tell: Callable[[str], None] | None = None,
) -> ImportJob:
    """Upload the plan's file and start its import, once; a second time, the job of the first is returned.

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
    tell : callable, optional
        Is told, in words, that nothing was sent, as the same was imported before; by default a warning says so.

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
            # Files are looked for before sets: once an import's file is gone, its set is there to be seen.
            journal = Journal.open(connection)
            proved = replace(connection, host_key=session.host_key)
            own = planned(plan, proved, session.directory)
            before = [e for e in journal.of_set(plan.name) if e.is_of_set(own)]
            if (same := earlier.same_import(plan, session, before, api, progress)) is not None:
                (tell or warn)(earlier.say_same(same))
                return job_of(same, journal, connection, plan=plan, progress=wait_progress or progress)
            earlier.refuse_under_way(session, before)
            sets = api.data_sets()
            _refuse_taken_set(plan, sets)
            earlier.refuse_not_seen(before, journal)
            earlier.tidy_up(before, session, journal)
            plan = _with_free_file(plan, session)
            if tell is None:  # who is told of things is a form, which has said it
                _warn_of_room(sets, connection)

            def require(own: Entry, rows: list[Row]) -> None:
                others = journal.readable(rows)
                earlier.refuse_at_work(before, [e for e in others if e.is_of_set(own)])
                earlier.refuse_place_taken(own, others)

            entry = journal.plan(plan, proved, session.directory, require=require)
            job = job_of(entry, journal, connection, plan=plan, progress=wait_progress or progress)
            with at_work(entry):
                _send(job, plan, api, session, journal, before, progress, cancel)
    except BaseException as stop:
        # Wherever it was interrupted, also on the way out: a job that has begun is not lost.
        if job is not None and job.id is not None:
            stop.add_note(_say_begun(job))
        raise
    return job


# ── what the service holds before anything is written ────────────────────────────────────────────────


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


def _warn_of_room(sets: tuple[DataSet, ...], connection: Connection) -> None:
    if doubt := doubt_of_room(len(sets), connection):
        warn(doubt)


def _with_free_file(plan: Plan, session: Session) -> Plan:
    """Return the plan with a file name that is not on the server; a name that a person chose is not changed."""
    if session.size(plan.folder, plan.filename) is None:
        return plan
    if not plan.filename_given:
        return plan.renamed()
    raise PlanError(
        f"There is already a file {place(plan.folder, plan.filename)} on the server, perhaps of an import that "
        "still waits. Nothing was sent. Leave filename away, and the file gets a name of its own."
    )


# ── the steps ────────────────────────────────────────────────────────────────────────────────────────


def _send(
    job: ImportJob,
    plan: Plan,
    api: Api,
    session: Session,
    journal: Journal,
    before: list[Entry],
    progress: Progress,
    cancel: threading.Event | None,
) -> None:
    """Upload and start; whatever ends this early is written down, told, and tidied up after."""
    process = os.getpid()
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
        sent = {"path": receipt.path, "size": receipt.size, "sha256": receipt.sha256}
        journal.step_before(job.entry, "uploaded", require=earlier.require_ours, **sent)
        if cancel is not None and cancel.is_set():
            raise UploadFailed("Cancelled after the upload; no import was started.")
        ask(job, api, journal, before)
    except BaseException as error:
        if process == os.getpid():  # what ends a fork of it ends nothing here
            end_early(job, session, journal, error)
        raise


def ask(job: ImportJob, api: Api, journal: Journal, before: list[Entry]) -> None:
    """Ask the service for the import, once; that it is about to be asked is written down before.

    ``before`` are the imports of its set that were looked at: in the meantime nobody may have gone on with one.
    """

    def require(own: Entry, rows: list[Row]) -> None:
        earlier.require_ours(own, rows)
        others = journal.readable(rows)
        now = [e for e in others if e.is_of_set(own)]
        earlier.refuse_at_work(before, now, "No import was begun from here.")
        earlier.refuse_place_taken(own, others)

    journal.step_before(job.entry, "asked", require=require, **this_process())
    job.asked = True
    job.id = api.create_import_job(job.payload)
    job.seen = Seen("submitted", "nothing was looked at yet", datetime.now())
    journal.step(job.entry, "submitted", job_id=job.id)


def end_early(job: ImportJob, session: Session, journal: Journal, error: BaseException) -> None:
    """Write down what ended an import early, say it, and tidy up after it."""
    if job.id is not None:
        # Perhaps once more: a step written twice says no more than one, a missing one loses the id.
        journal.step(job.entry, "submitted", job_id=job.id)
    elif job.asked and not _began_nothing(error):
        _leave_unconfirmed(job, journal, error)
    else:
        refused = job.asked and isinstance(error, ImportRejected | AuthenticationFailed)
        end: End = "rejected" if refused else "failed"
        own = journal.end(job.entry, end, begun=job.asked, reason=_reason(error))
        if own is not None and own.may_have_begun and not job.asked:
            return  # somebody else asked for it, whose file it is now
        is_theirs = own is not None and earlier.is_needed_by_another(own, journal)
        # An upload that was broken off has tidied up after itself, or named what is left.
        if job.receipt is None or is_theirs or _clear_away(job, session, error):
            journal.clear(job.entry)


def _began_nothing(error: BaseException) -> bool:
    return isinstance(error, ConnectError) and not isinstance(error, ImportUnconfirmed)


def _leave_unconfirmed(job: ImportJob, journal: Journal, error: BaseException) -> None:
    """Leave the file alone: whether the request arrived, nobody here knows."""
    journal.step(job.entry, "unconfirmed", reason=_reason(error))
    job.seen = Seen("unknown", "the service did not confirm the import", datetime.now())
    later = (
        f"  later, from here:         {how_to_look_up(job.filename)}; job.wait()\n"
        "If the web app shows no such job:  job.discard()   and submit again"
    )
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


def _clear_away(job: ImportJob, session: Session, error: BaseException) -> bool:
    """Remove the file that no import will read, say what became of it, and return whether it is gone."""
    path = session.path(job.folder, job.filename)
    left, is_gone = f"The uploaded file could not be removed and is left behind: {path}", False
    try:
        session.remove(job.folder, job.filename)
        if session.size(job.folder, job.filename) is None:
            left, is_gone = "The uploaded file was removed again: nothing is left behind.", True
    except ConnectError:
        pass  # the sentence stands as it is
    except BaseException as again:  # interrupted once more
        again.add_note(f"No import was started. The uploaded file may be left behind: {path}")
        raise
    if isinstance(error, ConnectError):
        _add_words(error, left)
    else:
        error.add_note(f"No import was started. {left}")
    return is_gone


def _add_words(error: ConnectError, words: str) -> None:
    error.args = (f"{error}\n{words}", *error.args[1:])


def _say_begun(job: ImportJob) -> str:
    return (
        f"The import has begun: id {job.id}. It goes on.\n"
        f"To follow it: {how_to_look_up(job.filename)}; job.wait()"
    )


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")
