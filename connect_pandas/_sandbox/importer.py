"""The import jobs: one after another, each reads its file strictly and imports all of it or nothing."""

from __future__ import annotations

import queue
import threading
import time
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from connect_pandas._sandbox.reader import Layout, UnreadableError, read
from connect_pandas._sandbox.records import RefusedError
from connect_pandas.rules import FILE_BYTES_MAX

if TYPE_CHECKING:
    from connect_pandas._sandbox.bell import Bell
    from connect_pandas._sandbox.records import Attribute, Library, Load
    from connect_pandas._sandbox.store import Key, Store, StoredFile

FILE_NOT_FOUND: Final = "S3_FILE_METADATA_FAILED"
"""Source: guide, the message when the file is not at that name and folder."""

Status = Literal["waiting", "running", "completed", "failed"]


@dataclass(frozen=True, slots=True)
class Order:
    """What an accepted ``createImportJob`` asks for."""

    import_type: Literal["CREATE", "ADD_UPDATE", "REPLACE"]
    job_name: str
    data_set: str
    """The name of the new set, or the ID of the one to change."""
    before: tuple[Attribute, ...]
    """What the set had when the import was asked for."""
    attributes: tuple[Attribute, ...]
    """What it has afterwards."""
    file: Key
    layout: Layout
    notify: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """One import job as it stands."""

    id: str
    name: str
    data_set: str
    status: Status
    created: datetime
    rows_read: int = 0
    rows_imported: int = 0
    message: str = ""
    finished: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """A message that the service would have sent."""

    to: str
    subject: str
    text: str
    sent: datetime = field(default_factory=lambda: datetime.now(UTC))


class JobFailedError(Exception):
    """The file breaks a rule; the message says which, where."""


class _StoppedError(Exception):
    """The sandbox is being stopped in the middle of a job."""


class Importer:
    """The worker that runs the jobs.

    Parameters
    ----------
    files : Store
    library : Library
    delay : float
        Seconds that a job waits before it starts: the service is not at once either.
    bell : Bell
        Rings when a job has come further.
    """

    def __init__(self, files: Store, library: Library, delay: float, bell: Bell) -> None:
        self._files = files
        self._library = library
        self._delay = delay
        self._bell = bell
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}
        self._mails: list[Mail] = []
        self._queue: queue.SimpleQueue[tuple[str, Order, float] | None] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="connect-sandbox-importer", daemon=True)
        self._thread.start()

    def submit(self, order: Order) -> str:
        """Queue a job and return its id."""
        data_set = self._library.find(order.data_set)
        job = Job(
            str(uuid.uuid4()),
            order.job_name,
            data_set.name if data_set else order.data_set,
            "waiting",
            datetime.now(UTC),
        )
        with self._lock:
            self._jobs[job.id] = job
        self._queue.put((job.id, order, time.monotonic() + self._delay))
        return job.id

    def jobs(self) -> list[Job]:
        """Return all jobs, oldest first."""
        with self._lock:
            return list(self._jobs.values())

    def mails(self) -> list[Mail]:
        """Return what was sent, oldest first."""
        with self._lock:
            return list(self._mails)

    def stop(self) -> None:
        """Give up the job that runs and those that wait."""
        self._stopping.set()
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (next_job := self._queue.get()) is not None:
            job_id, order, due = next_job
            if self._stopping.wait(max(0.0, due - time.monotonic())):
                return
            try:
                self._run(job_id, order)
            except _StoppedError:
                return

    def _run(self, job_id: str, order: Order) -> None:
        self._note(job_id, status="running")
        try:
            rows = self._import(job_id, order)
        except (JobFailedError, RefusedError, UnreadableError) as failure:
            self._end(job_id, order, "failed", 0, str(failure))
        except _StoppedError:
            raise
        except Exception as error:  # noqa: BLE001 - the worker outlives a fault of its own, and says it where users look
            self._end(
                job_id, order, "failed", 0, f"The sandbox itself failed: {type(error).__name__}: {error}"
            )
        else:
            self._end(job_id, order, "completed", rows, "")

    def _import(self, job_id: str, order: Order) -> int:
        """Import the file, then delete it; return its rows."""
        found = self._files.files().get(order.file)
        if found is None:
            raise JobFailedError(f"{FILE_NOT_FOUND}: the file is gone.")
        if found.size > FILE_BYTES_MAX:
            raise JobFailedError(
                f"The file has {found.size:,} bytes; the service takes at most {FILE_BYTES_MAX:,}."
            )
        layout = order.layout
        with self._library.load([c.attribute for c in layout.columns], layout.dates) as load:
            rows = self._fill(load, job_id, order, found)
            _check_keys(load, order)
            _publish(load, order)
        self._files.discard(order.file)
        return rows

    def _fill(self, load: Load, job_id: str, order: Order, file: StoredFile) -> int:
        """Read the whole file into the load; return its rows."""
        rows = bad = 0
        first = ""
        for batch in read(file.content, order.layout):
            if self._stopping.is_set():
                raise _StoppedError
            rows, bad, first = rows + batch.size, bad + batch.bad, first or batch.first
            if not bad:
                load.add(batch.values)
            self._note(job_id, rows_read=rows)
        if bad:
            raise JobFailedError(f"{first} {_wrong_rows(bad)}")
        return rows

    def _note(self, job_id: str, **changes: Any) -> Job:
        with self._lock:
            self._jobs[job_id] = job = replace(self._jobs[job_id], **changes)
        self._bell.ring()
        return job

    def _end(self, job_id: str, order: Order, status: Status, imported: int, message: str) -> None:
        job = self._note(
            job_id, status=status, rows_imported=imported, message=message, finished=datetime.now(UTC)
        )
        mails = [_mail(to, job) for to in order.notify]
        with self._lock:
            self._mails.extend(mails)
        self._bell.ring()


def _check_keys(load: Load, order: Order) -> None:
    repeated = load.repeated_keys()
    if repeated is None:
        return
    count, row, value = repeated
    key = next(c for c in order.layout.columns if c.attribute.key)
    raise JobFailedError(
        f'Row {row} (line {row + order.layout.skip_first_row}): column {key.index}, "{key.attribute.name}": '
        f"the key {value!r} is there already. {_wrong_rows(count)}"
    )


def _publish(load: Load, order: Order) -> None:
    if order.import_type == "CREATE":
        load.publish_new(order.data_set)
    elif order.import_type == "REPLACE":
        load.publish_instead(order.data_set, order.before)
    else:
        load.publish_into(order.data_set, order.before, order.attributes)


def _wrong_rows(count: int) -> str:
    return f"{count:,} {'row is' if count == 1 else 'rows are'} wrong; nothing was imported."


def _mail(to: str, job: Job) -> Mail:
    text = f"{job.rows_imported:,} records were imported into {job.data_set}."
    return Mail(to, f"Import job {job.name}: {job.status}", job.message or text)
