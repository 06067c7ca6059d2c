"""The imports that left this machine, from its journal: as a table, and each as a job that can be followed again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connect_pandas.errors import ConfigurationError, PlanError, did_you_mean
from connect_pandas.service.connection import DOMAINS, SFTP_PORT, Domain, current, require_running
from connect_pandas.service.entry import Entry, clock, place
from connect_pandas.service.job import ImportJob, Seen
from connect_pandas.service.journal import Journal
from connect_pandas.service.progress import Progress, silent
from connect_pandas.service.rows import RECEIPT
from connect_pandas.service.upload import Receipt

if TYPE_CHECKING:
    from connect_pandas.service.connection import Connection
    from connect_pandas.service.job import Plan, Status
    from connect_pandas.service.rows import Row


def begun(connection: Connection | None = None) -> tuple[dict[str, Any], ...]:
    """Return the imports in a journal, the oldest first, as :func:`connect_pandas.jobs` shows them."""
    try:
        whose = connection or current()
    except ConfigurationError:
        whose = None
    return tuple(map(_row, Journal.of(whose).entries()))


def _row(entry: Entry) -> dict[str, Any]:
    uploaded, last = entry.step("uploaded"), entry.steps[-1]
    return {
        "id": entry.id,
        "name": entry.data_set_name,
        "step": last.name,
        "at": last.at,
        "begun": entry.created,
        "rows": entry.rows,
        "bytes": uploaded.detail.get("size") if uploaded else None,
        "file": place(entry.folder, entry.filename),
        "job": entry.job_id,
        "user": entry.user,
        "host": _server(entry),
    }


def _server(entry: Entry) -> str:
    """Write a host with its port where that is not the usual one."""
    if entry.port == SFTP_PORT:
        return entry.host
    return f"[{entry.host}]:{entry.port}" if ":" in entry.host else f"{entry.host}:{entry.port}"


def job(which: str, connection: Connection | None = None) -> ImportJob:
    """Return an import that this machine has begun, to follow it again: after a restart, or from another notebook.

    Parameters
    ----------
    which : str
        The service's id of the job, the name of its file, the name of the data set (its last import is meant), or the
        id in :func:`connect_pandas.jobs`.
    connection : Connection, optional
        By default the session's current one.

    Returns
    -------
    ImportJob
        ``.status`` looks, ``.wait()`` follows it, ``.resume()`` goes on with one that was broken off. The values that
        were sent are not kept: ``.verify()`` only counts.

    Raises
    ------
    PlanError
        When this machine has begun no such import over this connection.
    ConfigurationError
        When there is no connection, it is that of a sandbox that has stopped, or the journal, or what it has of this
        import, cannot be read.
    """
    who = connection or current()
    require_running(who)
    journal = Journal.of(who)
    rows = journal.rows(required=True)
    ours = [row for row in rows if not isinstance(row, Entry) or row.is_of(who)]
    found = [row for row in ours if which in _names(row)]
    if not found:
        elsewhere = [row for row in rows if isinstance(row, Entry) and which in _names(row)]
        raise PlanError(_say_elsewhere(which, elsewhere[-1]) if elsewhere else _say_unknown(which, ours))
    (entry,) = journal.readable(found[-1:])
    return job_of(entry, journal, who)


def _names(row: Row) -> tuple[str | None, ...]:
    return (row.id, row.filename, row.data_set_name, row.job_id if isinstance(row, Entry) else None)


def _say_unknown(which: str, ours: list[Row]) -> str:
    known = sorted({row.data_set_name for row in ours} | {row.filename for row in ours})
    none = "" if ours else " It has begun none at all."
    return (
        f"This machine has begun no import {which!r} over this connection.{none}{did_you_mean(which, known)} "
        "connect_pandas.jobs() lists them."
    )


def _say_elsewhere(which: str, entry: Entry) -> str:
    """Say over which connection an import was begun, and how to connect to that."""
    server = Domain(entry.host, entry.endpoint)
    domain = next((name for name, one in DOMAINS.items() if one == server), None)
    named: dict[str, Any] = {"host": entry.host, "port": entry.port, "endpoint": entry.endpoint}
    if domain is not None and entry.port == SFTP_PORT:
        named = {"domain": domain}
    settings = named | {"user": entry.user, "directory": entry.directory}
    return (
        f"This machine has begun no import {which!r} over this connection, but one over another: of {entry.user} at "
        f"{_server(entry)}, in {entry.directory}, at {clock(entry.created)} (step: {entry.steps[-1].name}).\n"
        "Connect to that, and ask again:\n"
        f"  connect_pandas.connect({', '.join(f'{name}={value!r}' for name, value in settings.items())})\n"
        f"  connect_pandas.job({which!r})"
    )


def open_ends(connection: Connection) -> tuple[ImportJob, ...]:
    """Return the imports over this connection that left this machine, and of which it has not seen the end."""
    journal = Journal.of(connection)
    return tuple(
        job_of(entry, journal, connection)
        for entry in journal.entries()
        if entry.is_of(connection) and entry.step("uploaded") and not entry.is_over
    )


def job_of(
    entry: Entry,
    journal: Journal,
    connection: Connection,
    *,
    plan: Plan | None = None,
    progress: Progress = silent,
) -> ImportJob:
    """Make the job of an import in the journal, as far as that knows it."""
    submitted, uploaded, last = entry.step("submitted"), entry.step("uploaded"), entry.steps[-1]
    status: Status = "completed" if entry.step("completed") else "submitted" if submitted else "unknown"
    return ImportJob(
        id=entry.job_id,
        name=entry.data_set_name,
        job_name=entry.job_name,
        folder=entry.folder,
        filename=entry.filename,
        rows=entry.rows,
        payload=entry.payload,
        connection=connection,
        plan=plan,
        receipt=Receipt(*(uploaded.detail[name] for name in RECEIPT)) if uploaded else None,
        journal=journal,
        entry=entry.id,
        progress=progress,
        discarded=entry.is_discarded,
        asked=entry.may_have_begun,
        seen=Seen(status, f"the journal says: {last.name}", last.at.astimezone()),
    )


def how_to_look_up(filename: str) -> str:
    """Return the line of code that finds an import again, also after a restart."""
    return f"job = connect_pandas.job({filename!r})"
