"""The order of an import: everything is looked at, then written down, then done, one step after the other.

A step that may or may not have happened is recorded as such and looked up, never blindly repeated.
"""

from __future__ import annotations

import hashlib
import warnings
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from connect_pandas.errors import (
    AuthenticationFailed,
    ConnectError,
    ConnectWarning,
    ImportRejected,
    ImportUnconfirmed,
    PlanError,
    UploadFailed,
)
from connect_pandas.service.graphql import Api, check_payload, how_to_find_out
from connect_pandas.service.history import how_to_look_up, job_of
from connect_pandas.service.job import GRACE_SECONDS, MONITORING, Seen
from connect_pandas.service.journal import Journal, at_work, place, this_process
from connect_pandas.service.progress import silent
from connect_pandas.service.sftp import open_session

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from connect_pandas.service.connection import Connection
    from connect_pandas.service.graphql import DataSet
    from connect_pandas.service.job import ImportJob, Plan
    from connect_pandas.service.journal import Entry
    from connect_pandas.service.progress import Progress
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
            is_of_set = partial(_is_of_set, plan=plan, connection=connection, session=session)
            before = [*filter(is_of_set, journal.entries(plan.name))]
            if (same := _same_import(plan, session, before, api, progress)) is not None:
                (tell or _warn)(_say_same(same))
                return job_of(same, journal, connection, plan=plan, progress=wait_progress or progress)
            refuse_import_under_way(session, before)
            _refuse_taken_set(plan, api.data_sets())
            refuse_import_not_seen(before)
            _tidy_up(before, session, journal)
            plan = _with_free_file(plan, session)
            entry = journal.plan(
                plan,
                connection,
                session.directory,
                require=lambda now: _refuse_import_at_work(before, [*filter(is_of_set, now)]),
            )
            job = job_of(entry, journal, connection, plan=plan, progress=wait_progress or progress)
            with at_work(entry):
                _send(job, plan, api, session, journal, before, progress, cancel)
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


def _is_of_set(entry: Entry, plan: Plan, connection: Connection, session: Session) -> bool:
    """Whether an import was to make the same set, in the same subscription."""
    same_place = entry.is_of(connection) and entry.directory == session.directory
    return same_place and entry.data_set_name == plan.name


def refuse_import_under_way(session: Session, before: list[Entry]) -> None:
    """Refuse a second import of a name whose set is only about to appear: it would fail, and keep its file."""
    for entry in reversed(before):
        if entry.is_under_way and session.size(entry.folder, entry.filename) is not None:
            raise PlanError(_say_under_way(entry))


def refuse_import_not_seen(before: list[Entry]) -> None:
    """Refuse a second import of a name whose file has just gone, and whose set may still be about to appear."""
    if not before or not (newest := before[-1]).is_under_way:
        return
    asked = newest.steps[-1].at
    if datetime.now(UTC) - asked < timedelta(seconds=GRACE_SECONDS):
        raise PlanError(
            f"An import of {newest.data_set_name!r} was asked for at {_clock(asked)}: its file is gone, so the service "
            f"has read it, and its set does not show yet. Nothing was sent.\n{_ways_on(newest)}"
        )


def _refuse_import_at_work(before: list[Entry], now: list[Entry], done: str = "Nothing was sent.") -> None:
    """Refuse a second import of a name that is being sent, or that somebody has gone on with since it was looked at."""
    known = {(entry.id, len(entry.steps)) for entry in before}
    for entry in reversed(now):
        ended = entry.step("failed") or entry.step("rejected")
        if (
            entry.is_at_work
            or entry.may_be_at_work
            or ((entry.id, len(entry.steps)) not in known and not ended)
        ):
            raise PlanError(say_at_work(entry, done))


def say_at_work(entry: Entry, done: str) -> str:
    """Say that an import is being sent, by whom, and what to do."""
    follow = f"connect_pandas.jobs() shows how far it is; to follow it: {how_to_look_up(entry.filename)}; job.wait()"
    if entry.is_at_work or not entry.may_be_at_work:
        who = f"is being sent right now, by process {entry.by.get('process')} of this machine"
        return f"An import of {entry.data_set_name!r} {who}. {done}\n{follow}"
    return (
        f"An import of {entry.data_set_name!r} was begun at {_clock(entry.created)} on another machine, "
        f"{entry.by.get('machine')}, which may still be sending it. {done}\n{follow}\n"
        f"If that machine has stopped:  {how_to_look_up(entry.filename)}; job.discard()   and submit again"
    )


def _clock(at: datetime) -> str:
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


def _tidy_up(before: list[Entry], session: Session, journal: Journal) -> None:
    """Remove what earlier imports of the set have left that were broken off: nobody goes on with them any more."""
    for entry in before:
        if entry.was_broken_off and not entry.may_be_at_work:
            if not needed_by_another(entry, journal):
                session.remove(entry.folder, entry.filename)
            journal.step(entry.id, "failed", reason="It was broken off before it was asked for.")


def needed_by_another(entry: Entry, journal: Journal) -> bool:
    """Say whether at an import's place lies the file of another, which waits: somebody gave both the same name."""
    others = (e for e in journal.entries() if e.id != entry.id and e.is_at(entry))
    return any(e.is_under_way or e.is_at_work or e.may_be_at_work for e in others)


def _say_under_way(entry: Entry) -> str:
    job = f"job id {entry.job_id}" if entry.step("submitted") else "not confirmed by the service"
    return (
        f"An import of {entry.data_set_name!r} is under way ({job}, begun {_clock(entry.created)}): its file is still "
        f"on the server. Nothing was sent.\n{_ways_on(entry)}"
    )


def _ways_on(entry: Entry) -> str:
    return (
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
        f"There is already a file {place(plan.folder, plan.filename)} on the server, perhaps of an import that "
        "still waits. Nothing was sent. Leave filename away, and the file gets a name of its own."
    )


def _same_import(
    plan: Plan, session: Session, before: list[Entry], api: Api, progress: Progress
) -> Entry | None:
    """Return the same import, where this machine has begun it already: a cell that is run again.

    The same is: the data set's name, everything that the service is asked for, and every byte of the file. The set is
    there, or the file still waits for it.
    """
    # What an older one has made is gone: a later one could take the name.
    begun = (e for e in reversed(before) if e.may_have_begun and not (e.step("rejected") or e.step("failed")))
    if (entry := next(begun, None)) is not None:
        uploaded = entry.step("uploaded")
        if (
            uploaded is not None
            and _apart_from_names(entry.payload) == _apart_from_names(plan.payload)
            and (session.size(entry.folder, entry.filename) is not None or api.data_set(plan.name))
            and uploaded.detail.get("sha256") == _checksum(plan, progress)
        ):
            return entry
    return None


def _apart_from_names(payload: dict[str, Any]) -> dict[str, Any]:
    """Return what is asked for, without the names that are made up anew for each import."""
    asked = dict(payload["importInput"])
    asked["fileLocation"] = {**asked["fileLocation"], "filename": None}
    return {**asked, "jobName": None}


def _checksum(plan: Plan, progress: Progress) -> str:
    sha256 = hashlib.sha256()
    with progress("Comparing with what was sent before", plan.rows, "rows") as advance:
        for piece, rows in plan.pieces():
            sha256.update(piece)
            advance(rows)
    return sha256.hexdigest()


def _warn(words: str) -> None:
    warnings.warn(ConnectWarning(words), stacklevel=2)


def _say_same(entry: Entry) -> str:
    failed = " If that has failed (web app, Data management): job.discard(), and submit again."
    discard = "" if entry.step("completed") else failed
    job = entry.job_id if entry.step("submitted") else "not confirmed by the service"
    return (
        f"{entry.data_set_name} was imported from the same data at {entry.created.astimezone():%Y-%m-%d %H:%M}; this "
        f"is that job ({job}). Nothing was sent.{discard} "
        "Another name makes another set."
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
        journal.step_before(
            job.entry, "uploaded", path=receipt.path, size=receipt.size, sha256=receipt.sha256
        )
        if cancel is not None and cancel.is_set():
            raise UploadFailed("Cancelled after the upload; no import was started.")
        asked = True
        ask(job, api, journal, before)
    except BaseException as error:
        end_early(job, session, journal, error, asked=asked)
        raise


def ask(job: ImportJob, api: Api, journal: Journal, before: list[Entry]) -> None:
    """Ask the service for the import, once; that it is about to be asked is written down before.

    ``before`` are the imports of its set that were looked at: in the meantime nobody may have gone on with one.
    """

    def require(own: Entry, others: list[Entry]) -> None:
        if own.may_have_begun or own.is_over:
            raise PlanError(
                f"Meanwhile somebody else went on with this import of {own.data_set_name!r} "
                f"(connect_pandas.jobs() says: {own.steps[-1].name}). No import was begun from here."
            )
        _refuse_import_at_work(
            before, [e for e in others if e.is_of_set(own)], "No import was begun from here."
        )

    journal.step_before(job.entry, "asked", require=require, **this_process())
    job.asked = True
    job.id = api.create_import_job(job.payload)
    job.seen = Seen("submitted", "nothing was looked at yet", datetime.now())
    journal.step(job.entry, "submitted", job_id=job.id)


def end_early(
    job: ImportJob, session: Session, journal: Journal, error: BaseException, *, asked: bool
) -> None:
    """Write down what ended an import early, say it, and tidy up after it."""
    if isinstance(error, PlanError) and any(step.name == "asked" for step in journal.steps(job.entry)):
        return  # by somebody else, whose file it is now
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


def _clear_away(job: ImportJob, session: Session, error: BaseException) -> None:
    """Remove the file that no import will read, and say what became of it."""
    path = session.path(job.folder, job.filename)
    left = f"The uploaded file could not be removed and is left behind: {path}"
    try:
        session.remove(job.folder, job.filename)
        if session.size(job.folder, job.filename) is None:
            left = "The uploaded file was removed again: nothing is left behind."
    except ConnectError:
        pass  # the sentence stands as it is
    except BaseException as again:  # interrupted once more
        again.add_note(f"No import was started. The uploaded file may be left behind: {path}")
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


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")
