"""An import that this machine has begun, as its journal has it: whose it is, and how far it has come."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from posixpath import normpath
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from connect_pandas.service.process import has_our_name, is_seen, runs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connect_pandas.service.connection import Connection

StepName = Literal[
    "planned",
    "uploaded",
    "asked",
    "submitted",
    "rejected",
    "unconfirmed",
    "failed",
    "gone",
    "completed",
    "partial",
]
End = Literal["rejected", "failed", "completed", "partial"]

DISCARDED: Final = "discarded by its user"
"""Why an import failed that its user gave up."""
SENDING_MOST: Final = timedelta(hours=24)
"""For how long another machine is taken to be still sending what it has begun. Source: open."""

_FAILED: Final = ("rejected", "failed")
_ENDS: Final = ("completed", "partial", *_FAILED)
_BEGUN: Final = ("asked", "submitted", "unconfirmed")


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to an import, and when (UTC)."""

    name: str
    at: datetime
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """An import that this machine has begun.

    ``directory`` is the subscription's directory on the server, ``folder`` and ``filename`` the place below
    it; ``created`` is in UTC, ``payload`` the guide's ``{"importInput": {…}}``; ``steps`` stand in the order
    of time. ``is_cleared`` says that it is over, and that nothing of its file is left.
    """

    id: str
    created: datetime
    data_set_name: str
    job_name: str
    user: str
    host: str
    port: int
    endpoint: str
    directory: str
    folder: str
    filename: str
    rows: int
    payload: dict[str, Any]
    steps: tuple[Step, ...]
    is_cleared: bool = False

    # ── whose it is ──────────────────────────────────────────────────────────────────────────────────────

    @property
    def host_key(self) -> str | None:
        """The fingerprint of the host key by which the server proved itself; ``None`` where none was noted."""
        return self.steps[0].detail.get("host_key")

    def is_of(self, connection: Connection) -> bool:
        """Say whether it went over a connection to this user's same subscription."""
        # A connection that names no directory takes the only one there is.
        end = normpath(f"/{connection.directory or ''}").lstrip("/")
        same_directory = f"/{self.directory.strip('/')}".endswith(f"/{end}") if end else True
        return same_directory and _is_same_account(self, connection)

    def is_of_set(self, other: Entry) -> bool:
        """Say whether it makes the same set as another, in the same subscription."""
        return self.data_set_name == other.data_set_name and self._is_beside(other)

    def is_at(self, other: Entry) -> bool:
        """Say whether its file is at the same place as another's."""
        return (self.folder, self.filename) == (other.folder, other.filename) and self._is_beside(other)

    def _is_beside(self, other: Entry) -> bool:
        return self.directory == other.directory and _is_same_account(self, other)

    # ── how far it has come ──────────────────────────────────────────────────────────────────────────────

    def step(self, name: StepName) -> Step | None:
        """Return the last step of this name, or ``None``."""
        return next((step for step in reversed(self.steps) if step.name == name), None)

    @property
    def job_id(self) -> str | None:
        """The service's id of the job; ``None`` where it confirmed none."""
        submitted = self.step("submitted")
        return submitted.detail.get("job_id") if submitted else None

    @property
    def has_failed(self) -> bool:
        """Whether it came to nothing: it was refused, broken off or given up."""
        return self._has(*_FAILED)

    @property
    def is_over(self) -> bool:
        """Whether its end was seen, good or bad."""
        return self._has(*_ENDS)

    @property
    def may_have_begun(self) -> bool:
        """Whether the service was asked for it, with an answer or without."""
        return self._has(*_BEGUN)

    @property
    def is_under_way(self) -> bool:
        """Whether the service was asked for it, and its end was not seen."""
        return self.may_have_begun and not self.is_over

    @property
    def is_discarded(self) -> bool:
        """Whether its user gave it up."""
        failed = self.step("failed")
        return failed is not None and failed.detail.get("reason") == DISCARDED

    def _has(self, *names: str) -> bool:
        return any(step.name in names for step in self.steps)

    # ── who goes on with it ──────────────────────────────────────────────────────────────────────────────

    @property
    def by(self) -> dict[str, Any]:
        """The ``process`` and the ``machine`` that went on with it last."""
        return next((step.detail for step in reversed(self.steps) if "process" in step.detail), {})

    @property
    def is_at_work(self) -> bool:
        """Whether it is being sent, by this process or by another of this machine that still runs."""
        # Where nothing tells a process from a later one of its number, age has to.
        told = bool(self.by.get("since")) or self._is_recent
        elsewhere = told and is_seen(self.by) and runs(self.by)
        return not self._is_sent and (elsewhere or self.id in _at_work)

    @property
    def may_be_at_work(self) -> bool:
        """Whether another machine with this journal has begun it not long ago, and may still be sending it."""
        return not self._is_sent and not is_seen(self.by) and self._is_recent

    @property
    def is_being_sent(self) -> bool:
        """Whether somebody is at it, as far as can be told from here."""
        return self.is_at_work or self.may_be_at_work

    @property
    def sender(self) -> str:
        """What there is to say of who sends it."""
        if (ours := self.id in _at_work) or is_seen(self.by):
            process = os.getpid() if ours else self.by.get("process")
            return f"is being sent right now, by process {process} of this machine"
        machine = self.by.get("machine")
        named = f"or in another container, of the name {machine}" if has_our_name(self.by) else f"{machine}"
        return (
            f"was begun at {clock(self.created)} on another machine, {named}, which may still be sending it"
        )

    @property
    def _is_recent(self) -> bool:
        return datetime.now(UTC) - self.created < SENDING_MOST

    @property
    def _is_sent(self) -> bool:
        return self._has(*_ENDS, "submitted", "unconfirmed")

    @property
    def holds_its_file(self) -> bool:
        """Whether its file is there for it, or about to be: no other import may have one at its place."""
        return not self.is_over and (self._has("uploaded", *_BEGUN) or self.is_being_sent)


_at_work: set[str] = set()
"""The imports that this process is sending."""


@contextmanager
def at_work(entry: Entry) -> Iterator[None]:
    """Say that this process is sending an import, until the block ends."""
    _at_work.add(entry.id)
    try:
        yield
    finally:
        _at_work.discard(entry.id)


def place(folder: str, filename: str) -> str:
    """Return where a file is below the subscription's directory."""
    return "/".join(filter(None, (folder, filename)))


def clock(at: datetime) -> str:
    """Write a moment in local time."""
    return f"{at.astimezone():%Y-%m-%d %H:%M}"


# ── the same account, however it is spelt ────────────────────────────────────────────────────────────────

_USUAL_PORTS: Final = {"https": 443, "http": 80}


def _is_same_account(one: Entry | Connection, other: Entry | Connection) -> bool:
    """Say whether the user is the same, and the server.

    What tells a server is its host key, however the way to it is spelt. Where it is not known of both, or was renewed,
    the spelling still tells.
    """
    shown = {(side.host_key or "").rstrip("=") for side in (one, other)}
    same_server = (len(shown) == 1 and shown != {""}) or _spelt(one) == _spelt(other)
    return one.user.lower() == other.user.lower() and same_server


def _spelt(one: Entry | Connection) -> tuple[object, ...]:
    return (one.host.lower(), one.port, *_endpoint(one.endpoint))


def _endpoint(address: str) -> tuple[object, ...]:
    """Return an address in its normal form."""
    try:
        parts = urlsplit(address)
        port = parts.port or _USUAL_PORTS.get(parts.scheme)
    except ValueError:
        return (address,)
    return (parts.scheme, parts.hostname, port, parts.path.rstrip("/"), parts.query)
