"""Going on with an import that was broken off, from where the evidence stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connect_pandas.errors import PlanError, UploadFailed
from connect_pandas.service.graphql import Api
from connect_pandas.service.journal import Journal, at_work
from connect_pandas.service.sftp import open_session
from connect_pandas.service.submit import ask, end_early, submit

if TYPE_CHECKING:
    from connect_pandas.service.job import ImportJob, Plan
    from connect_pandas.service.journal import Entry
    from connect_pandas.service.progress import Progress
    from connect_pandas.service.sftp import Session


def resume(job: ImportJob, plan: Plan | None, progress: Progress) -> ImportJob:
    """Go on with a job of the journal: see :meth:`ImportJob.resume`."""
    journal = job.journal or Journal.open(job.connection)
    entry = next((e for e in journal.entries() if e.id == job.entry), None)
    if entry is None:
        raise PlanError(
            "The journal of this machine does not know this import, so nobody can say where it was broken off. "
            "job.status looks at what the service shows of it."
        )
    if entry.step("completed") or entry.step("partial"):
        return job
    if entry.is_over:
        raise PlanError(
            f"This import of {job.name!r} is over: {entry.steps[-1].detail.get('reason', 'it was refused')}\n"
            'To import the data: df.connect.create_reference_set("…")'
        )
    if entry.is_at_work:
        raise PlanError(
            f"This import of {job.name!r} is being sent right now, by process {entry.steps[0].detail['process']} of "
            "this machine. Nothing was done. connect_pandas.jobs() shows how far it is."
        )
    if entry.may_have_begun:
        _ = job.status  # looks, and says what is so; asking again might import twice
        return job
    with open_session(job.connection) as session:
        if entry.step("uploaded") is not None:
            _ask_now(job, entry, session, journal)
            return job
        _tidy_up(job, entry, session, journal)
    given = plan or job.plan
    if given is None:
        raise PlanError(
            f"The file of this import of {job.name!r} did not arrive whole, and this machine keeps no data. What had "
            "arrived is removed; no import was begun. To import it: "
            f'df.connect.create_reference_set("{job.name}"), or job.resume(df.connect.plan("{job.name}"))'
        )
    return submit(given, job.connection, progress=progress, wait_progress=job.progress)


def _ask_now(job: ImportJob, entry: Entry, session: Session, journal: Journal) -> None:
    """Ask for an import whose whole file is there, and for which the service was never asked."""
    assert job.receipt is not None  # noqa: S101 - its step was written down
    asked = False
    try:
        found = session.size(job.folder, job.filename)
        if found != job.receipt.size:
            there = "is gone" if found is None else f"has {found:,} bytes"
            raise UploadFailed(
                f"The file {job.receipt.path} {there}; {job.receipt.size:,} bytes were sent. No import was begun."
            )
        api = Api(job.connection)
        if api.data_set(job.name) is not None:
            raise PlanError(f"By now the subscription has a reference set {job.name!r}. No import was begun.")
        asked = True
        with at_work(entry):
            ask(job, api, journal)
    except BaseException as error:
        end_early(job, session, journal, error, asked=asked)
        raise


def _tidy_up(job: ImportJob, entry: Entry, session: Session, journal: Journal) -> None:
    """Remove what has arrived of a file that no import will read."""
    session.remove(job.folder, job.filename)
    journal.step(entry.id, "failed", reason="It was broken off before its file had arrived whole.")
