"""One cell: a moment, a fault, and how it ends; and the one function that plays it and asserts everything."""

from __future__ import annotations

import builtins
import re
import signal
import time
import traceback
import uuid
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import connect_pandas
from connect_pandas.errors import ConnectWarning, ImportUnconfirmed
from connect_pandas.service.journal import FILE_NAME, Entry, Journal
from tests.faults import kernel
from tests.faults.acts import wait_for_each_other
from tests.faults.stage import Reply, Stage, times
from tests.faults.table import PROPERTY, row
from tests.service.fixtures_service import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from connect_pandas import ImportJob, ImportPlan
    from connect_pandas._sandbox import Sandbox
    from tests.faults.certificates import Certificates
    from tests.faults.kernel import Fork, Kernel
    from tests.service.object_store import _Loop

MOMENTS = (
    "before the connection",
    "host key exchange",
    "login",
    "directory",
    "looking for the name",
    "in mid-upload",
    "at the last byte",
    "at close",
    "between upload and request",
    "during the request",
    "after the request",
    "while following",
)
"""In the order of an import."""
HANG_SECONDS = 30.0
"""No cell takes nearly as long; what does, hangs."""
ROWS = 400

Ends = Literal["done", "not done", "unknown"]
Left = Literal["nothing", "the file", "half a file", "nothing, but named"]
Then = Literal[
    "the same call",
    "job.wait()",
    "job.resume()",
    "job.resume(plan)",
    "job.discard(), the same call",
    "two job.resume() at once",
    "job.resume() as the same call looks",
    "the same call as job.resume() looks",
    "nothing",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A fault at a moment, and everything that must be so afterwards.

    Attributes
    ----------
    moment, fault : str
        As the table names them.
    at : str
        The stage's name of the moment, or ``"start"``.
    act : callable
        What happens then.
    ends : "done", "not done" or "unknown"
    raises : type, optional
        Exactly this error; ``None`` where there is none.
    says : str
        A regular expression; what the error's words hold.
    left : str
        What lies on the server afterwards. What is left is named by the error.
    step : str
        The journal's last word; empty where it has none.
    then : str
        What the message says to do, once the fault is gone.
    timeout : float
        Seconds, of the connection.
    waits : float
        How long ``job.wait`` may take.
    follows : bool
        Whether the fault waits for the import to be followed.
    warns : str
        A regular expression for the warning that there has to be.
    failed_jobs : int
        How many jobs the service itself fails.
    touched : bool
        Whether somebody else removes or replaces the file.
    beside : str
        A regular expression; what somebody else is told who comes in the middle of it.
    before : callable, optional
        What else is tried before that, with faults of its own.
    tls : bool
        Whether the API speaks TLS, with a certificate that is right until the act shows another.
    kernels : int
        How many other processes import; with 0, this one does.
    clock : bool
        Whether the other process has a wall clock of its own, which the act sets.
    forks : str
        How a fork in the middle of it ends, if there is one.
    holds : float
        For how many seconds yet another process holds the journal before the step "asked".
    dies : bool
        Whether it is killed.
    lasts : float
        How many seconds the fault itself takes.
    """

    moment: str
    fault: str
    at: str
    act: Callable[[Stage], Any]
    ends: Ends = "not done"
    raises: type[BaseException] | None = None
    says: str = ""
    left: Left = "nothing"
    step: str = ""
    then: Then = "the same call"
    timeout: float = 5.0
    waits: float = 20.0
    follows: bool = False
    warns: str = ""
    failed_jobs: int = 0
    touched: bool = False
    beside: str = ""
    before: Callable[[Stage], None] | None = None
    tls: bool = False
    kernels: int = 0
    clock: bool = False
    forks: Fork = ""
    holds: float = 0.0
    dies: bool = False
    lasts: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.moment}: {self.fault}"


@dataclass(frozen=True, slots=True)
class Theatre:
    """What the cells of a file share: one sandbox, one event loop, one plan."""

    box: Sandbox
    loop: _Loop
    plan: ImportPlan
    content: bytes
    certificates: Certificates


@contextmanager
def stage(theatre: Theatre, state: Path, cell: Cell) -> Iterator[Stage]:
    """Set the stage for one cell; what it leaves in the sandbox is removed afterwards."""
    name = f"F{uuid.uuid4().hex[:12]}"
    plan = theatre.plan.replace(name=name, folder=f"Faults/{name}")
    made = Stage(theatre.box, theatre.loop, state, plan, theatre.content, timeout=cell.timeout)
    made.plot[cell.at] = cell.act
    made.certificates = theatre.certificates if cell.tls else None
    made.open()
    try:
        yield made
    finally:
        made.close()
        made.remove_files()
        library = theatre.box._running_server().library
        for found in library.sets():
            if found.name == name:
                library.delete(found.id)


# ── playing ──────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Played:
    """What came of the first attempt."""

    job: ImportJob | None = None
    error: BaseException | None = None
    warned: tuple[str, ...] = ()
    seconds: float = 0.0
    codes: tuple[int, ...] = ()
    """Of the other processes' exits."""
    shown: str = ""
    """Their tracebacks."""

    @property
    def words(self) -> str:
        """Everything that a person reads of the error."""
        if self.error is None:
            return ""
        return "\n".join([str(self.error), *getattr(self.error, "__notes__", ())])


def test_nothing_is_lost_and_nothing_done_twice(
    cell: Cell, theatre: Theatre, state: Path, record_property: Callable[[str, object], None]
) -> None:
    """Play a cell: it is a test of every file that has cells."""
    record_property(PROPERTY, row(cell, play(theatre, state, cell)))


def play(theatre: Theatre, state: Path, cell: Cell) -> Played:
    """Play a cell: the first attempt with its fault, then the next one without."""
    with stage(theatre, state, cell) as on:
        first = end_elsewhere(on, cell, start_elsewhere(on, cell)) if cell.kernels else attempt(on, cell)
        require(cell, on, first)
        return first


def require(cell: Cell, on: Stage, first: Played) -> None:
    """Require everything that was declared of the first attempt, then make the next one."""
    assert on.fired or cell.holds, "the fault never came"
    require_end(cell, on, first)
    require_what_is_left(cell, on, first)
    require_true_journal(cell, on, first)
    require_no_secret(on, first)
    on.mend()
    if cell.before is not None:
        cell.before(on)
        on.mend()
    go_on(cell, on, first)
    require_one_set(cell, on)


def attempt(on: Stage, cell: Cell) -> Played:
    """Import, through the public way, with the fault."""
    result, begin = Played(), time.monotonic()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            on.begin()
            if cell.follows:
                act = on.plot.pop(cell.at, None)
            result.job = on.plan.submit(on.connection, progress=False)
            on.following = True
            if cell.follows:
                on.plot[cell.at] = act
            result.job.wait(timeout=cell.waits, progress=False)
        except BaseException as error:  # noqa: BLE001 - Ctrl-C is one of the faults
            result.error = error
    result.warned = tuple(str(w.message) for w in caught)
    assert all(issubclass(w.category, ConnectWarning) for w in caught), result.warned
    result.seconds = time.monotonic() - begin
    on.settle()
    return result


@dataclass(frozen=True, slots=True)
class Started:
    """Other processes that import, and since when."""

    kernels: tuple[Kernel, ...]
    begin: float


def start_elsewhere(on: Stage, cell: Cell) -> Started:
    """Begin to import in other processes, with the fault."""
    begin = time.monotonic()
    on.begin()
    if cell.follows:
        on.follow_later(cell.at)
    if cell.clock and not on.clock.exists():
        on.set_clock("+0")
    names = (
        [on.plan.filename] if cell.kernels == 1 else [f"{n}{on.plan.filename}" for n in range(cell.kernels)]
    )
    usual: dict[str, Any] = {
        "name": on.plan.name,
        "folder": on.plan.folder,
        "rows": ROWS,
        "waits": cell.waits,
    }
    known = kernel.settings(on.connection)
    started = tuple(
        kernel.start(
            kernel.Task(settings=known, filename=name, forks=cell.forks, holds=cell.holds, **usual),
            on.clock if cell.clock else None,
        )
        for name in names
    )
    on.kernel = started[0].pid
    return Started(started, begin)


def end_elsewhere(on: Stage, cell: Cell, started: Started) -> Played:
    """Wait for the end of what other processes import."""
    ends = [one.end(2 * HANG_SECONDS + cell.lasts) for one in started.kernels]
    on.settle()
    errors = [end.error for end in ends if end.error is not None]
    assert len(errors) <= 1, errors
    seconds = max(end.seconds or time.monotonic() - started.begin for end in ends)
    result = Played(seconds=seconds, codes=tuple(end.code for end in ends))
    for name, words, shown in errors:
        kind = getattr(connect_pandas, name, None) or getattr(builtins, name)
        result.error, result.shown = kind(words), shown
    return result


def require_end(cell: Cell, on: Stage, first: Played) -> None:
    """Require the right error in bounded time, at most one import, and none of a file that is not whole."""
    assert first.seconds < HANG_SECONDS + cell.lasts
    if cell.kernels:
        expected = -signal.SIGKILL if cell.dies else 0
        assert set(first.codes) == {expected}, first.codes
    if cell.raises is None and first.error is not None:
        raise first.error
    if cell.raises is None and not cell.kernels:
        assert first.job is not None
        assert first.job.seen.status == "completed"
    if cell.raises is not None:
        found = f"{cell.name} ended with {type(first.error).__name__}: {first.words}"
        assert type(first.error) is cell.raises, found
        assert re.search(cell.says, first.words), found
    assert re.search(cell.beside, on.told), on.told
    assert bool(cell.beside) == bool(on.told), on.told
    assert bool(cell.warns) == bool(first.warned), first.warned
    assert any(re.search(cell.warns, words) for words in first.warned or ("",)), first.warned
    assert len(on.asked) <= 1, "the import was asked for more than once"
    for asked in on.asked if not cell.touched else ():
        assert asked.content == on.content, "an import was asked for on a file that is not whole and right"
    if cell.ends == "not done":
        assert not [job for job in on.jobs() if job.status != "failed"]
    if isinstance(first.error, ImportUnconfirmed):
        assert cell.ends == "unknown"


def require_what_is_left(cell: Cell, on: Stage, first: Played) -> None:
    """Require that what lies on the server is what was declared, and that the error names it."""
    if cell.ends == "done" or cell.follows or any(job.status == "completed" for job in on.jobs()):
        return  # what lies there, or does not, is the service's doing
    path = f"{on.plan.folder}/{on.plan.filename}"
    there = on.contents()
    if cell.left.startswith("nothing"):
        assert there == {}
    else:
        assert set(there) == {on.plan.filename}
        assert (there[on.plan.filename] == on.content) == (cell.left == "the file")
    if cell.left != "nothing" and first.error is not None and not cell.follows:
        assert path in first.words, f"{path} is left, and nobody says so: {first.words}"
    if "othing is left behind" in first.words or "othing was left behind" in first.words:
        assert there == {}


def require_true_journal(cell: Cell, on: Stage, first: Played) -> None:
    """Require that each step that is written down has happened, and that what has happened is written down."""
    if (on.state / FILE_NAME).is_dir():
        return
    entries = Journal.open(on.connection).entries()
    assert [e.data_set_name for e in entries] == ([on.plan.name] if cell.step else []), entries
    for entry in entries:
        names = [step.name for step in entry.steps]
        assert names[-1] == cell.step, names
        require_true_steps(entry, names, on)
        if first.job is not None:
            assert first.job.entry == entry.id


def require_true_steps(entry: Entry, names: list[str], on: Stage) -> None:
    begun = [job for job in on.jobs() if job.status != "failed" or "gone" in job.message]
    uploaded = entry.step("uploaded")
    if uploaded is not None:
        import hashlib

        assert uploaded.detail["sha256"] == hashlib.sha256(on.content).hexdigest()
    if on.asked:
        assert {"uploaded", "asked"} <= set(names)
        assert on.asked[0].payload == entry.payload
    if begun:
        assert {"submitted", "unconfirmed", "asked"} & set(names)
        assert not {"failed", "rejected"} & set(names)
    if entry.step("submitted"):
        assert entry.job_id in [job.id for job in on.jobs()]


def require_no_secret(on: Stage, first: Played) -> None:
    """Require that nothing that is shown or written down holds a secret."""
    shown = "".join(traceback.format_exception(first.error)) if first.error else ""
    written = b"".join(p.read_bytes() for p in on.state.rglob("*") if p.is_file())
    text = "\n".join([shown, first.shown, first.words, repr(first.error), repr(first.job), *first.warned])
    connection = on.connection
    key = connection.key_file.read_text().splitlines()[1]
    for secret in (connection.api_key.reveal(), key):
        assert secret not in text
        assert secret.encode() not in written


# ── the next attempt ─────────────────────────────────────────────────────────────────────────────────────────────


def go_on(cell: Cell, on: Stage, first: Played) -> None:
    """Do what the message says, now that the fault is gone, and see the import through."""
    if cell.then == "nothing":
        return
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConnectWarning
        )  # that it is the same import, or that the journal is broken
        job = NEXT[cell.then](on, first)
        job.wait(timeout=20, progress=False)
    assert job.status == "completed"
    assert job.verify().ok


def _known(on: Stage) -> ImportJob:
    return connect_pandas.job(on.plan.name, on.connection)


def _same_call(on: Stage, _first: Played) -> ImportJob:
    return on.plan.submit(on.connection, progress=False)


def _wait(on: Stage, first: Played) -> ImportJob:
    return first.job or _known(on)


def _resume(on: Stage, _first: Played) -> ImportJob:
    return _known(on).resume(progress=False)


def _resume_with_plan(on: Stage, _first: Played) -> ImportJob:
    return _known(on).resume(on.plan, progress=False)


def _discard(on: Stage, first: Played) -> ImportJob:
    _known(on).discard()
    return _same_call(on, first)


def _two_resume(on: Stage, _first: Played) -> ImportJob:
    """Both have looked before either asks."""
    on.plot["sets"] = wait_for_each_other(2)
    return _one_of(on, [_other(on, resumes=True), _other(on, resumes=True)])


def _resume_as_the_same_call_looks(on: Stage, _first: Played) -> ImportJob:
    return _while_it_looks(on, _other(on, resumes=False), resumes=True)


def _same_call_as_resume_looks(on: Stage, _first: Played) -> ImportJob:
    return _while_it_looks(on, _other(on, resumes=True), resumes=False)


def _while_it_looks(on: Stage, looks: Kernel, *, resumes: bool) -> ImportJob:
    """Let another process go on while one waits for the answer that there is no such set: the other asks first."""
    on.plot["request answered"] = lambda _on: None
    on.plot["sets"] = times(1, lambda _on: Reply(until="request answered"))
    until(lambda: on.fired[-1:] == ["sets"])
    return _one_of(on, [looks, _other(on, resumes=resumes)])


def _other(on: Stage, *, resumes: bool) -> Kernel:
    known, plan = kernel.settings(on.connection), on.plan.renamed()
    task = kernel.Task(
        settings=known, name=plan.name, folder=plan.folder, filename=plan.filename, rows=ROWS, resumes=resumes
    )
    return kernel.start(task)


def _one_of(on: Stage, kernels: list[Kernel]) -> ImportJob:
    """Require that one of several imports, and that the others are told why they do not."""
    ends = [one.end(HANG_SECONDS) for one in kernels]
    refusals = [end.error for end in ends if end.error is not None]
    assert len(on.asked) == 1, f"the import was asked for {len(on.asked)} times"
    assert [name for name, _, _ in refusals] == ["PlanError"] * (len(kernels) - 1), refusals
    return _known(on)


NEXT: dict[Then, Callable[[Stage, Played], ImportJob]] = {
    "the same call": _same_call,
    "job.wait()": _wait,
    "job.resume()": _resume,
    "job.resume(plan)": _resume_with_plan,
    "job.discard(), the same call": _discard,
    "two job.resume() at once": _two_resume,
    "job.resume() as the same call looks": _resume_as_the_same_call_looks,
    "the same call as job.resume() looks": _same_call_as_resume_looks,
}


def require_one_set(cell: Cell, on: Stage) -> None:
    """Require exactly one set of the name with exactly the rows, made by exactly one import."""
    sets = on.box.sets
    assert list(sets.name).count(on.plan.name) == 1
    if "job.resume" in cell.then:
        assert on.contents() == {}  # what the first attempt left is gone, too
    held, sent = on.box.records(on.plan.name), on.plan.frame
    assert list(held["Order ID"]) == list(sent["Order ID"])
    assert [float(n) for n in held["Amount"]] == list(sent["Amount"])
    assert [text.strip() for text in held["Note"]] == [text.strip() for text in sent["Note"]]
    statuses = sorted(job.status for job in on.jobs())
    assert statuses == ["completed", *["failed"] * cell.failed_jobs]
