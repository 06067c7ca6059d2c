"""The order of an import: everything is looked at, then written down, then done, one step after the other.

A step that may or may not have happened is recorded as such and looked up, never blindly repeated.
"""

from __future__ import annotations

from contextlib import contextmanager
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
from connect_pandas.service.job import ImportJob
from connect_pandas.service.journal import Journal
from connect_pandas.service.progress import silent
from connect_pandas.service.sftp import open_session

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator

    from connect_pandas.service.connection import Connection
    from connect_pandas.service.graphql import DataSet
    from connect_pandas.service.job import Plan
    from connect_pandas.service.progress import Progress
    from connect_pandas.service.sftp import Session
    from connect_pandas.service.upload import Receipt

SETS_ON_REQUEST: Final = 25
"""Source: guide: 5 reference sets by default, up to 25 on request. Which, only the service knows."""


def submit(
    plan: Plan,
    connection: Connection,
    *,
    progress: Progress = silent,
    cancel: threading.Event | None = None,
) -> ImportJob:
    """Upload the plan's file and start its import, once.

    Parameters
    ----------
    plan : Plan
    connection : Connection
    progress : Progress
        Shows the upload in rows; the job keeps it to show its wait.
    cancel : threading.Event, optional
        Set from another thread, it stops the upload; a request that has left is not called back.

    Raises
    ------
    PlanError
        The data set's or the file's name is taken, or no further set is possible. Nothing was sent.
    AuthenticationFailed, HostKeyError, ConnectionFailed
        One side could not be entered. Nothing is left behind, or the message names the file.
    UploadFailed
        The file did not arrive whole, or ``cancel`` was set; no import was started.
    ImportRejected
        The service refused; the file was removed again, or the message names it.
    ImportUnconfirmed
        Nobody answered for the import; the file was left alone. The message says how to find out.
    """
    check_payload(plan.payload)
    api = Api(connection)
    with open_session(connection) as session:
        _refuse_taken_set(plan, api.data_sets())
        _refuse_taken_file(plan, session)
        journal = Journal.open()
        entry = journal.plan(plan, connection, session.directory)
        with _noting_failure(journal, entry):
            session.make_folder(plan.folder)
            receipt = _upload(plan, session, progress, cancel)
        journal.step(entry, "uploaded", path=receipt.path, size=receipt.size, sha256=receipt.sha256)
        job_id = _start(plan, api, session, journal, entry, cancel)
        journal.step(entry, "submitted", job_id=job_id)
    return ImportJob(
        id=job_id,
        name=plan.name,
        job_name=plan.job_name,
        folder=plan.folder,
        filename=plan.filename,
        rows=plan.rows,
        payload=plan.payload,
        connection=connection,
        plan=plan,
        receipt=receipt,
        journal=journal,
        entry=entry,
        progress=progress,
    )


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


def _refuse_taken_file(plan: Plan, session: Session) -> None:
    if session.size(plan.folder, plan.filename) is not None:
        raise PlanError(
            f"There is already a file {_path(plan)} on the server, perhaps of an import that still waits. "
            "Nothing was sent. Leave filename away, and the file gets a name of its own."
        )


def _upload(plan: Plan, session: Session, progress: Progress, cancel: threading.Event | None) -> Receipt:
    with progress(f"Uploading {plan.filename}", plan.rows, "rows") as advance:
        return session.upload(
            plan.folder,
            plan.filename,
            plan.pieces(),
            sent=lambda _bytes, rows: advance(rows),
            cancel=cancel,
        )


@contextmanager
def _noting_failure(journal: Journal, entry: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        journal.step(entry, "failed", reason=_reason(error))
        raise


def _start(
    plan: Plan, api: Api, session: Session, journal: Journal, entry: str, cancel: threading.Event | None
) -> str:
    try:
        if cancel is not None and cancel.is_set():
            raise UploadFailed("Cancelled after the upload; no import was started.")
        return api.create_import_job(plan.payload)
    except ImportUnconfirmed as error:
        journal.step(entry, "unconfirmed", reason=_reason(error))
        raise
    except ConnectError as error:
        refused = isinstance(error, ImportRejected | AuthenticationFailed)
        journal.step(entry, "rejected" if refused else "failed", reason=_reason(error))
        error.args = (f"{error}\n{_clear_away(plan, session)}", *error.args[1:])
        raise
    except BaseException as stop:
        # Interrupted while the request was under way: whether it arrived, nobody here knows.
        journal.step(entry, "unconfirmed", reason=_reason(stop))
        stop.add_note(
            f"The import may or may not have begun.\n{how_to_find_out(plan.payload['importInput'])}"
        )
        raise


def _clear_away(plan: Plan, session: Session) -> str:
    """Remove the file that no import will read, and say what became of it."""
    try:
        session.remove(plan.folder, plan.filename)
        gone = session.size(plan.folder, plan.filename) is None
    except ConnectError:
        gone = False
    if gone:
        return "The uploaded file was removed again: nothing is left behind."
    return f"The uploaded file could not be removed and is left behind: {session.directory}/{_path(plan)}"


def _path(plan: Plan) -> str:
    return "/".join(filter(None, (plan.folder, plan.filename)))


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"
