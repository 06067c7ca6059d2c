"""Going on with an import that was broken off, from where the evidence stands; or giving it up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connect_pandas.errors import PlanError, UploadFailed
from connect_pandas.service import earlier
from connect_pandas.service.entry import DISCARDED, at_work
from connect_pandas.service.graphql import Api
from connect_pandas.service.journal import Journal
from connect_pandas.service.sftp import open_session
from connect_pandas.service.submit import ask, end_early, submit

if TYPE_CHECKING:
    from connect_pandas.service.entry import Entry
    from connect_pandas.service.job import ImportJob, Plan
    from connect_pandas.service.progress import Progress
    from connect_pandas.service.rows import Row
    from connect_pandas.service.sftp import Session


def resume(job: ImportJob, plan: Plan | None, progress: Progress) -> ImportJob:
    """Go on with a job of the journal: see :meth:`ImportJob.resume`."""
    journal = job.journal or Journal.open(job.connection)
    entry = journal.entry(job.entry)
    if entry is None:
        raise PlanError(
            "The journal of this machine does not know this import, so nobody can say where it was broken off. "
            "job.status looks at what the service shows of it."
        )
    if plan is not None:
        _require_same(plan, entry)
    if entry.step("completed") or entry.step("partial"):
        return job
    given = plan or job.plan
    if entry.is_over and (given is None or entry.may_have_begun or entry.is_discarded):
        raise PlanError(
            f"This import of {job.name!r} is over: {entry.steps[-1].detail.get('reason', 'it was refused')}\n"
            f'To import the data: df.connect.create_reference_set("{job.name}")'
        )
    if entry.is_at_work:
        raise PlanError(earlier.say_at_work(entry, "Nothing was done."))
    if entry.may_have_begun:
        _ = job.status  # looks, and says what is so; asking again might import twice
        return job
    if entry.step("uploaded") is not None and not entry.is_over:
        with open_session(job.connection) as session:
            _ask_now(job, entry, session, journal)
        return job
    if given is None:
        raise PlanError(
            f"The file of this import of {job.name!r} did not arrive whole, and this machine keeps no data. No import "
            f'was begun. To import it: df.connect.create_reference_set("{job.name}"), or '
            f'job.resume(df.connect.plan("{job.name}")); either removes what has arrived.'
        )
    return submit(given, job.connection, progress=progress, wait_progress=job.progress)


def _require_same(plan: Plan, entry: Entry) -> None:
    """Refuse to go on with an import by data that are not its own, as far as that can be told."""
    if plan.name != entry.data_set_name:
        raise PlanError(
            f"This is an import of {entry.data_set_name!r}, and the plan is of {plan.name!r}. Nothing was done."
        )
    if plan.rows != entry.rows:
        raise PlanError(
            f"This import of {plan.name!r} was of {entry.rows:,} rows, and the plan has {plan.rows:,}. Nothing was "
            "done. To import the plan's all the same: plan.submit()"
        )


def _ask_now(job: ImportJob, entry: Entry, session: Session, journal: Journal) -> None:
    """Ask for an import whose whole file is there, and for which the service was never asked."""
    assert job.receipt is not None  # noqa: S101 - its step was written down
    found = session.size(job.folder, job.filename)
    if found != job.receipt.size:
        there = "is gone" if found is None else f"has {found:,} bytes"
        wrong = f"The file {job.receipt.path} {there}; {job.receipt.size:,} bytes were sent."
        # Whoever went on with it meanwhile goes before: then it is gone because the service has read it.
        journal.step_before(entry.id, "failed", require=earlier.require_broken_off, reason=wrong)
        if found is not None:
            earlier.clear_away(entry, session, journal)
        raise UploadFailed(f"{wrong} No import was begun.")
    # Whatever goes wrong before the service is asked leaves the file where it is, for the next time.
    api = Api(job.connection)
    if api.data_set(job.name) is not None:
        raise PlanError(
            f"By now the subscription has a reference set {job.name!r}. No import was begun. The file is still there: "
            "job.discard() removes it."
        )
    before = [e for e in journal.of_set(job.name) if e.id != entry.id and e.is_of_set(entry)]
    earlier.refuse_under_way(session, before)
    earlier.refuse_not_seen(before, journal)
    with at_work(entry):
        try:
            ask(job, api, journal, before)
        except BaseException as error:
            # Before that somebody else is at it, or it cannot be written down: the file stays for the next time.
            if job.asked:
                end_early(job, session, journal, error)
            raise


def discard(job: ImportJob) -> None:
    """Remove the file of an import that has failed: see :meth:`ImportJob.discard`."""
    journal = job.journal or Journal.open(job.connection)
    entry = journal.entry(job.entry)
    if entry is None and job.seen.status == "completed":
        raise PlanError(_say_completed(job.name))
    with open_session(job.connection) as session:
        if entry is not None and not entry.is_discarded:
            # Written down first: from then on nobody goes on with it.
            journal.step_before(entry.id, "failed", require=_require_not_at_work, reason=DISCARDED)
        if entry is None:
            session.remove(job.folder, job.filename)
        else:
            earlier.clear_away(entry, session, journal)


def _require_not_at_work(own: Entry, _others: list[Row]) -> None:
    if own.is_at_work:
        raise PlanError(earlier.say_at_work(own, "Nothing was discarded."))
    if own.step("completed"):
        raise PlanError(_say_completed(own.data_set_name))


def _say_completed(name: str) -> str:
    return f"This import of {name!r} is completed, its set is there: there is nothing to discard."
