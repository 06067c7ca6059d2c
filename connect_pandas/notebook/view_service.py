"""What there is to see of the service's side: connections and their check, jobs, verifications. None shows a secret."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from connect_pandas.data.problems import show
from connect_pandas.notebook.draw import SHOWN, Item, Table, View, count, more, size
from connect_pandas.notebook.way import notified, told, way
from connect_pandas.service.connection import monitoring
from connect_pandas.service.entry import DISCARDED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connect_pandas.notebook.draw import Stop, Verdict
    from connect_pandas.service.checkup import Checkup
    from connect_pandas.service.connection import Connection
    from connect_pandas.service.entry import Step
    from connect_pandas.service.job import ImportJob, Status
    from connect_pandas.service.verify import Verification

_SECRET: Final = "given, not shown"  # noqa: S105 - it says that there is one


def connection(way_in: Connection) -> View:
    """Return the view of a connection."""
    return View(
        title=f"Connection of {way_in.user}" + (" to a sandbox" if way_in.kind == "sandbox" else ""),
        facts=tuple(_settings(way_in)),
        verdict="connection.check()   log on to both sides and say what works",
    )


def _settings(way_in: Connection) -> Iterator[tuple[str, str]]:
    if way_in.profile:
        yield "profile", way_in.profile
    if way_in.domain:
        yield "domain", way_in.domain
    yield "file server", f"{way_in.host}, port {way_in.port}"
    yield "its host key", way_in.host_key or f"as in {way_in.known_hosts or '~/.ssh/known_hosts'}"
    by_ssh = "what ~/.ssh/config or the ssh-agent has"
    yield "key", f"{way_in.key_file or by_ssh}" + (", with a passphrase" if way_in.passphrase else "")
    yield "directory", way_in.directory or "found at logon"
    yield "API", way_in.endpoint
    yield "API key", _SECRET


def checkup(found: Checkup) -> View:
    """Return the view of a connection's check."""
    return View(
        title="Connection checked: " + ("both sides work" if found.ok else "not ready"),
        checklist=tuple(Item("passed" if s.ok else "error", s.name, s.words) for s in found.sides),
    )


def verification(found: Verification) -> View:
    """Return the view of a verification."""
    differences = found.differences
    return View(
        title=f"Verification of {found.name}: {'ok' if found.ok else 'not ok'}",
        facts=tuple(_verified(found)),
        tables=_differences(found) if differences else (),
        verdict="" if not found.file_waits else "job.wait()   wait until the service is done with the file",
    )


def _verified(found: Verification) -> Iterator[tuple[str, str]]:
    yield "sent", count(found.rows_sent, "row")
    if found.rows_found is None:
        yield "found", "no data set of this name is visible"
    else:
        yield "found", count(found.rows_found, "row")
        yield "values", _compared(found)
    if found.file_waits:
        rows = "" if found.rows_found is None else "; so these rows may be another import's"
        yield "file", f"the job's own file still waits on the server{rows}"


def _compared(found: Verification) -> str:
    if not found.compared:
        return "counted only, none compared"
    number = len(found.differences)
    said = count(number, "difference") if number else "no difference"
    return f"{count(found.compared, 'row')} compared value by value, {said}"


def _differences(found: Verification) -> tuple[Table]:
    rows = tuple(
        (show(d.key), d.attribute, show(d.sent), "nothing" if d.found is None else show(d.found))
        for d in found.differences[:SHOWN]
    )
    rest = more(len(found.differences), "difference")
    return (Table(("key", "attribute", "sent", "found"), rows, more=f"{rest}: .differences" if rest else ""),)


# ── jobs ─────────────────────────────────────────────────────────────────────────────────────────────────────


def job(asked_for: ImportJob) -> View:
    """Return the view of an import job: the way of its data, ticked as far as they have come; asks nobody."""
    steps = {} if asked_for.journal is None else {s.name: s for s in asked_for.journal.steps(asked_for.entry)}
    standing = _standing(asked_for, steps)
    done = (
        _uploaded(asked_for, steps),
        _submitted(asked_for, steps, standing),
        _done(asked_for, standing),
        _compared_item(asked_for),
    )
    asked = asked_for.payload["importInput"]
    return View(
        title=f"Import job {asked_for.id or '(no id)'}: reference set {asked_for.name!r}, {standing}",
        way=_ticked(asked_for, *(item.verdict for item in done[:3])),
        facts=(
            ("notify", notified([n["destination"] for n in asked.get("notifications", ())])),
            ("look", f"{monitoring(asked_for.connection)}: {asked_for.job_name}"),
        ),
        checklist=done,
        verdict=_next(asked_for, standing),
    )


def _standing(asked_for: ImportJob, steps: Mapping[str, Step]) -> str:
    """Return how an import stands, in a word: by its end where that is known, else by what was last seen of it."""
    if asked_for.seen.status in ("completed", "partial"):
        return asked_for.seen.status
    failed = steps.get("failed")
    if asked_for.discarded or (failed is not None and failed.detail.get("reason") == DISCARDED):
        return "discarded"
    if end := next((end for end in ("rejected", "failed") if end in steps), ""):
        return end
    return asked_for.seen.status if asked_for.asked or asked_for.sender else "broken off"


def _ticked(asked_for: ImportJob, uploaded: Verdict, submitted: Verdict, done: Verdict) -> tuple[Stop, ...]:
    arrived = size(asked_for.receipt.size) if asked_for.receipt else "size not known"
    stops = way(asked_for.payload["importInput"], asked_for.rows, arrived, asked_for.connection.host)
    ticks: tuple[Verdict, ...] = ("passed", uploaded, "error" if submitted == "error" else uploaded, done)
    return tuple(told(stop, tick) for stop, tick in zip(stops, ticks, strict=True))


def _uploaded(asked_for: ImportJob, steps: Mapping[str, Step]) -> Item:
    if asked_for.receipt is not None:
        words = f"{asked_for.receipt.size:,} bytes{_when(steps, 'uploaded')}, confirmed by the server"
        return Item("passed", "uploaded", words)
    if "failed" in steps:
        return Item("error", "uploaded", _ended(steps, "failed", "failed"))
    return Item("open", "uploaded", "not known here")


def _submitted(asked_for: ImportJob, steps: Mapping[str, Step], standing: str) -> Item:
    if asked_for.id is not None:
        return Item("passed", "submitted", f"the service began the job{_when(steps, 'submitted')}")
    if "rejected" in steps:
        return Item("error", "submitted", _ended(steps, "rejected", "refused"))
    if asked_for.asked and standing == "failed":
        return Item("error", "submitted", _ended(steps, "failed", "failed"))
    if not asked_for.asked:
        so = f"so far; it {asked_for.sender}" if asked_for.sender else "it never began"
        return Item("open", "submitted", f"the service was not asked for it: {so}")
    return Item("open", "submitted", "the service did not confirm it; it may have begun or not")


_DONE: Final[Mapping[Status, Verdict]] = {
    "completed": "passed",
    "partial": "warning",
    "submitted": "open",
    "unknown": "open",
}


def _done(asked_for: ImportJob, standing: str) -> Item:
    seen = asked_for.seen
    if standing in ("rejected", "failed"):
        return Item("open", "done", "no import was begun")
    if standing == "discarded":
        return Item("open", "done", "it was discarded and its file removed")
    return Item(_DONE[seen.status], "done", f"{seen.words} (as of {_moment(seen.at)})")


def _compared_item(asked_for: ImportJob) -> Item:
    found = asked_for.verification
    if found is None:
        return Item("open", "verified", "not yet")
    counted = "nothing" if found.rows_found is None else f"{found.rows_found:,}"
    words = f"{counted} of {count(found.rows_sent, 'row')} found; {_compared(found)}"
    return Item("passed" if found.ok else "error", "verified", words)


def _next(asked_for: ImportJob, standing: str) -> str:
    if standing not in ("completed", "partial"):
        if standing in ("rejected", "discarded") or (standing == "failed" and asked_for.asked):
            return f'next: df.connect.create_reference_set("{asked_for.name}")   import the data anew'
        if not (asked_for.asked or asked_for.sender):
            return f'next: job.resume(df.connect.plan("{asked_for.name}"))   go on with it, with the data'
        return "next: job.wait()   wait until the service is done"
    if asked_for.verification is None:
        verb = "compare what arrived with what was sent" if asked_for.plan else "count what arrived"
        return f"next: job.verify()   {verb}"
    return "" if asked_for.verification.ok else "next: job.verification   what differs"


def _ended(steps: Mapping[str, Step], name: str, verb: str) -> str:
    return f"{verb}{_when(steps, name)}: {steps[name].detail.get('reason', '')}"


def _when(steps: Mapping[str, Step], name: str) -> str:
    return f" at {_moment(steps[name].at)}" if name in steps else ""


def _moment(at: datetime) -> str:
    """Write a moment in local time; the day only when it is another one."""
    local = at.astimezone()
    today = local.date() == datetime.now().astimezone().date()
    return f"{local:%H:%M:%S}" if today else f"{local:%Y-%m-%d %H:%M:%S}"
