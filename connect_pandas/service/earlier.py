"""The imports of a set that this machine has begun before, and what they mean for the next one.

The next one is the same again, and the job of the first is its answer. Or an earlier one is under way, and a second
beside it would fail and keep its file. Or it was broken off, and what is left of it is of no use any more.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from connect_pandas.errors import PlanError
from connect_pandas.service.connection import MONITORING
from connect_pandas.service.entry import clock, place
from connect_pandas.service.history import how_to_look_up
from connect_pandas.service.job import GRACE_SECONDS
from connect_pandas.service.rows import Unreadable

if TYPE_CHECKING:
    from connect_pandas.service.entry import Entry
    from connect_pandas.service.graphql import Api
    from connect_pandas.service.job import Plan
    from connect_pandas.service.journal import Journal
    from connect_pandas.service.progress import Progress
    from connect_pandas.service.rows import Row
    from connect_pandas.service.sftp import Session


# ── the same again ───────────────────────────────────────────────────────────────────────────────────


def same_import(
    plan: Plan, session: Session, before: list[Entry], api: Api, progress: Progress
) -> Entry | None:
    """Return the same import, where this machine has begun it already: a cell that is run again.

    The same is: the data set's name, everything that the service is asked for, and every byte of the file. The set is
    there, or the file still waits for it.
    """
    # What an older one has made is gone: a later one could take the name.
    begun = (e for e in reversed(before) if e.may_have_begun and not e.has_failed)
    if (entry := next(begun, None)) is None or (uploaded := entry.step("uploaded")) is None:
        return None
    is_same = (
        _apart_from_names(entry.payload) == _apart_from_names(plan.payload)
        and (session.size(entry.folder, entry.filename) is not None or _shows_its_rows(entry, api))
        and uploaded.detail.get("sha256") == _checksum(plan, progress)
    )
    return entry if is_same else None


def _shows_its_rows(entry: Entry, api: Api) -> bool:
    """Say whether the set of its name is its own, as far as the rows tell: somebody may have made another since."""
    found = api.data_set(entry.data_set_name)
    completed = entry.step("completed")
    rows = completed.detail.get("rows", entry.rows) if completed else entry.rows
    return found is not None and api.record_count(found.id) == rows


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


def say_same(entry: Entry) -> str:
    """Say that nothing was sent, and why."""
    failed = " If that has failed (web app, Data management): job.discard(), and submit again."
    discard = "" if entry.step("completed") else failed
    job = entry.job_id if entry.step("submitted") else "not confirmed by the service"
    return (
        f"{entry.data_set_name} was imported from the same data at {clock(entry.created)}; this "
        f"is that job ({job}). Nothing was sent.{discard} "
        "Another name makes another set."
    )


# ── another one is under way ─────────────────────────────────────────────────────────────────────────


def refuse_under_way(session: Session, before: list[Entry]) -> None:
    """Refuse a second import of a name whose set is only about to appear: it would fail, and keep its file."""
    for entry in reversed(before):
        if entry.is_under_way and session.size(entry.folder, entry.filename) is not None:
            job = f"job id {entry.job_id}" if entry.step("submitted") else "not confirmed by the service"
            raise PlanError(
                f"An import of {entry.data_set_name!r} is under way ({job}, begun {clock(entry.created)}): its file "
                f"is still on the server. Nothing was sent.\n{_ways_on(entry)}"
            )


def refuse_not_seen(before: list[Entry], journal: Journal) -> None:
    """Refuse a second import of a name whose file has just gone, and whose set may still be about to appear."""
    if not before or not (newest := before[-1]).is_under_way:
        return
    gone, now = newest.step("gone"), datetime.now(UTC)
    until = (gone.at if gone else now) + timedelta(seconds=GRACE_SECONDS)
    if now < until:
        if gone is None:  # at some time since it was asked for: only from now on it is known
            journal.step(newest.id, "gone")
        raise PlanError(
            f"An import of {newest.data_set_name!r} was begun at {clock(newest.created)}: its file is gone, so the "
            "service has read it, and its set does not show yet. Nothing was begun; if it still does not show at "
            f"{until.astimezone():%H:%M:%S}, submit again.\n{_ways_on(newest)}"
        )


def _ways_on(entry: Entry) -> str:
    return (
        f"  To follow it:  {how_to_look_up(entry.filename)}; job.wait()\n"
        f"  If it failed (web app, {MONITORING}: {entry.job_name}):  job.discard()   and submit again"
    )


def refuse_at_work(before: list[Entry], now: list[Entry], done: str = "Nothing was sent.") -> None:
    """Refuse a second import of a name that is being sent, or that somebody has gone on with since it was looked at."""
    known = {(entry.id, len(entry.steps)) for entry in before}
    for entry in reversed(now):
        gone_on_with = (entry.id, len(entry.steps)) not in known and not entry.has_failed
        if entry.is_being_sent or gone_on_with:
            raise PlanError(say_at_work(entry, done))


def refuse_place_taken(own: Entry, others: list[Entry]) -> None:
    """Refuse an import whose file would lie where another one's does, or is about to: the last has the place."""
    for other in others:
        lately = datetime.now(UTC) - other.steps[-1].at < timedelta(seconds=GRACE_SECONDS)
        is_at_it = other.is_being_sent or (other.is_under_way and lately)
        came_later = own.step("uploaded") and other.step("uploaded") and other.created > own.created
        if other.is_at(own) and not other.is_over and (is_at_it or came_later):
            raise PlanError(
                f"The file {place(own.folder, own.filename)} is that of another import, of {other.data_set_name!r}, "
                f"begun at {clock(other.created)}. Nothing was begun. Leave filename away, and the file gets a name "
                "of its own."
            )


def require_ours(own: Entry, _others: list[Row]) -> None:
    """Refuse to go on with an import that somebody else went on with, or gave up."""
    if own.may_have_begun or own.is_over:
        raise PlanError(
            f"Meanwhile somebody else went on with this import of {own.data_set_name!r} (connect_pandas.jobs() says: "
            f"{own.steps[-1].name}). No import was begun from here."
        )


def say_at_work(entry: Entry, done: str) -> str:
    """Say that an import is being sent, by whom, and what to do."""
    said = (
        f"An import of {entry.data_set_name!r} {entry.sender}. {done}\n"
        f"connect_pandas.jobs() shows how far it is; to follow it: {how_to_look_up(entry.filename)}; job.wait()"
    )
    if entry.is_at_work or not entry.may_be_at_work:
        return said
    return f"{said}\nIf that has stopped:  {how_to_look_up(entry.filename)}; job.discard()   and submit again"


# ── broken off ───────────────────────────────────────────────────────────────────────────────────────

BROKEN_OFF: Final = "It was broken off before it was asked for."
"""Why an import failed that nobody went on with."""
LOOK_BACK: Final = 5
"""How many that failed are looked after, the newest: each costs a word with the server."""


def tidy_up(before: list[Entry], session: Session, journal: Journal) -> None:
    """Remove what earlier imports of the set have left that were broken off: nobody goes on with them any more."""
    for entry in before:
        if not (entry.may_have_begun or entry.is_over or entry.is_being_sent):
            # Written down first: from then on nobody goes on with it, and whoever did meanwhile keeps the file.
            journal.step_before(entry.id, "failed", require=require_broken_off, reason=BROKEN_OFF)
            clear_away(entry, session, journal)
    # And where whoever wrote down that it failed was ended before the file was removed.
    for entry in [e for e in before if _may_have_left(e)][-LOOK_BACK:]:
        if _is_left(entry, session):
            clear_away(entry, session, journal)
        else:
            journal.clear(entry.id)


def _may_have_left(entry: Entry) -> bool:
    if entry.is_cleared or not entry.has_failed:
        return False
    # An upload that failed has tidied up after itself.
    return entry.step("uploaded") is not None or entry.steps[-1].detail.get("reason") == BROKEN_OFF


def _is_left(entry: Entry, session: Session) -> bool:
    """Say whether a file is there that is an import's, as far as the size tells; of a part of it any may be."""
    size, uploaded = session.size(entry.folder, entry.filename), entry.step("uploaded")
    return size is not None and (uploaded is None or uploaded.detail["size"] == size)


def clear_away(entry: Entry, session: Session, journal: Journal) -> None:
    """Remove the file of an import that is over, unless another one needs its place, and note that none is left."""
    if not is_needed_by_another(entry, journal):
        session.remove(entry.folder, entry.filename)
    journal.clear(entry.id)


def require_broken_off(own: Entry, others: list[Row]) -> None:
    """Refuse to end an import that is being sent, or that somebody else went on with."""
    require_ours(own, others)
    if own.is_at_work:
        raise PlanError(say_at_work(own, "Nothing was done."))


def is_needed_by_another(entry: Entry, journal: Journal) -> bool:
    """Say whether at an import's place lies the file of another, which waits: somebody gave both the same name."""
    return any(row.id != entry.id and _needs_place_of(entry, row) for row in journal.rows())


def _needs_place_of(entry: Entry, other: Row) -> bool:
    if isinstance(other, Unreadable):  # nobody knows
        return (other.folder, other.filename) == (entry.folder, entry.filename)
    return other.is_at(entry) and other.holds_its_file
