"""Imports in processes of their own, which can be killed, put to sleep, starved and forked, or have another clock."""

from __future__ import annotations

import atexit
import gc
import multiprocessing
import os
import select
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cache, partial
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.reduction import recv_handle, send_handle
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any, Literal

# What takes long to load is loaded before the processes are forked; not Polars, whose threads no fork has.
import email_validator  # noqa: F401
import hypothesis.extra.pandas  # noqa: F401
import pandas as pd
import pandera.backends.pandas.register
import pandera.pandas
import pandera.strategies.pandas_strategies  # noqa: F401
import phonenumbers  # noqa: F401
import pyarrow as pa  # noqa: F401

import connect_pandas
import connect_pandas.service.submit
from connect_pandas.service.connection import Connection, Secret
from connect_pandas.service.journal import FILE_NAME, Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.context import ForkServerProcess

    from connect_pandas import ImportJob

ROOT = Path(__file__).parents[2]

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.kernel"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What another process does.

    Attributes
    ----------
    settings : dict
        Of its connection.
    name, folder, filename : str
        Of what it imports.
    rows : int
    waits : float
        How long ``job.wait`` may take.
    resumes : bool
        Whether it goes on with the import that the journal knows, instead of making one.
    forks : str
        How a fork in the middle of its upload ends, if there is one.
    holds : float
        For how many seconds yet another process holds the journal, from the moment when it says "uploaded".
    """

    settings: dict[str, Any]
    name: str
    folder: str
    filename: str
    rows: int
    waits: float = 20.0
    resumes: bool = False
    forks: Fork = ""
    holds: float = 0.0

    @property
    def connection(self) -> Connection:
        return Connection(**{**self.settings, "api_key": Secret(self.settings["api_key"])})


Fork = Literal["", "os._exit", "atexit", "sys.exit"]


def frame(rows: int) -> pd.DataFrame:
    """Return rows of 250 bytes each, so that the file goes out in several writes."""
    return pd.DataFrame(
        {
            "Order ID": [f"order-{n:06}" for n in range(rows)],
            "Amount": [n + 0.25 for n in range(rows)],
            "Note": [f"{n:06} " + "as it was written down in the shop " * 6 for n in range(rows)],
        }
    )


def settings(connection: Connection) -> dict[str, Any]:
    """Return a connection as it can be told to another process."""
    values = {f.name: getattr(connection, f.name) for f in fields(connection)}
    return {**values, "api_key": connection.api_key.reveal()}


@dataclass(frozen=True, slots=True)
class End:
    """How a process ended: its exit code, the error that it met, as type, words and traceback, and its seconds."""

    code: int
    error: tuple[str, str, str] | None
    seconds: float | None
    """From the moment when its plan was made; ``None`` where it could not tell."""


@dataclass(slots=True)
class Kernel:
    """A process that imports.

    Attributes
    ----------
    pid : int
    pipe : Pipe
        Through which it says how its import ended.
    exit_code : callable
        Wait for its exit for some seconds, then kill it; return its exit code.
    """

    pid: int
    pipe: Pipe
    exit_code: Callable[[float], int]

    def end(self, seconds: float) -> End:
        """Wait for its end, so long at the most."""
        error, took = None, None
        with suppress(EOFError):
            hangs = ("TimeoutError", "the kernel hangs", ""), None
            error, took = self.pipe.recv() if self.pipe.poll(seconds) else hangs
        self.pipe.close()
        return End(self.exit_code(5), error, took)


def start(task: Task, clock: Path | None = None) -> Kernel:
    """Begin an import in another process, whose wall clock is what the file says, if one is given."""
    return _start(task) if clock is None else _clock_server().start(task, clock)


def _start(task: Task) -> Kernel:
    ours, theirs = _context.Pipe()
    process = _context.Process(target=_work, args=(theirs, task))
    process.start()
    theirs.close()
    assert process.pid is not None
    return Kernel(process.pid, ours, partial(_exit_code, process))


def _exit_code(process: ForkServerProcess, seconds: float) -> int:
    process.join(seconds)
    if process.is_alive():
        process.kill()
        process.join()
    code = process.exitcode
    process.close()
    assert code is not None
    return code


def _work(pipe: Pipe, task: Task) -> None:
    go = partial(_resume, task) if task.resumes else _submission(task)
    me, begin, error = os.getpid(), time.monotonic(), None
    try:
        go().wait(timeout=task.waits, progress=False)
    except BaseException as met:
        if os.getpid() != me:
            raise  # a fork has no part in this
        words = "\n".join([str(met), *getattr(met, "__notes__", ())])
        error = type(met).__name__, words, "".join(traceback.format_exception(met))
    pipe.send((error, time.monotonic() - begin))


def _resume(task: Task) -> ImportJob:
    return connect_pandas.job(task.name, task.connection).resume(progress=False)


def _submission(task: Task) -> Callable[[], ImportJob]:
    plan = connect_pandas.plan(frame(task.rows), task.name, folder=task.folder, filename=task.filename)
    if task.holds:
        # As the form submits, which looks for a cancel between the steps.
        holding = Holding(task.connection, task.holds)
        return partial(connect_pandas.service.submit.submit, plan, task.connection, cancel=holding)
    return partial(plan.submit, task.connection, progress=Forking(task) if task.forks else False)


# ── a clock of its own ───────────────────────────────────────────────────────────────────────────────────────────


@cache
def clock_library() -> str:
    """Return where libfaketime is; empty where it is not. Its command knows."""
    if (command := which("faketime")) is None or sys.platform != "linux":
        return ""
    asked = subprocess.run(
        [command, "-m", "-f", "+0", "printenv", "LD_PRELOAD"], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()


_CLOCK_VARIABLES = {
    "FAKETIME_NO_CACHE": "1",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    "NO_FAKE_STAT": "1",
    "FAKETIME_FORCE_MONOTONIC_FIX": "0",
}
"""Its file is read at each look at the wall clock, the only one that is another. Its fix for a fault of an old glibc,
which is on by itself, makes every start of a thread take a tenth of a second."""


@cache
def _clock_server() -> ClockServer:
    return ClockServer()


class ClockServer:
    """The forkserver of a process whose wall clock is libfaketime's: to load everything by it takes seconds."""

    def __init__(self) -> None:
        self._calls, theirs = _context.Pipe()
        number = theirs.fileno()
        code = f"from tests.faults.kernel import serve_by_another_clock as serve; serve({number})"
        own = {**os.environ, **_CLOCK_VARIABLES, "LD_PRELOAD": clock_library()}
        self._process = subprocess.Popen([sys.executable, "-c", code], env=own, cwd=ROOT, pass_fds=[number])
        theirs.close()
        atexit.register(self._end)

    def start(self, task: Task, clock: Path) -> Kernel:
        """Begin an import, in the environment of this moment and by this clock."""
        (ours, theirs), (exits, tells) = _context.Pipe(), _context.Pipe()
        self._calls.send(({**os.environ, "FAKETIME_TIMESTAMP_FILE": str(clock)}, task))
        for end in (theirs, tells):
            send_handle(self._calls, end.fileno(), self._process.pid)
            end.close()
        return Kernel(exits.recv(), ours, partial(_told_exit_code, exits))

    def _end(self) -> None:
        self._calls.close()
        self._process.wait()


def _told_exit_code(exits: Pipe, seconds: float) -> int:
    with exits:
        if not exits.poll(seconds):
            exits.send("kill")
        return exits.recv()


def serve_by_another_clock(number: int) -> None:
    """Fork for each task that comes through the pipe of this number, until whoever sends them is gone."""
    # libfaketime 0.9.10 mistakes a time of the monotonic clock, by which Python sleeps, for one of the wall clock.
    time.sleep = lambda seconds: select.select([], [], [], seconds) and None
    forks = multiprocessing.get_context("fork")
    with Pipe(number) as calls, suppress(EOFError, ConnectionError):
        while True:
            environ, task = calls.recv()
            with Pipe(recv_handle(calls)) as pipe, Pipe(recv_handle(calls)) as tells:
                process = forks.Process(target=_work_in, args=(environ, pipe, task))
                process.start()
                pipe.close()
                tells.send(process.pid)
                if process.sentinel not in wait([process.sentinel, calls, tells]):
                    process.kill()  # it hangs, or nobody waits for it any more
                process.join()
                tells.send(process.exitcode)


def _work_in(environ: dict[str, str], pipe: Pipe, task: Task) -> None:
    os.environ.update(environ)
    _work(pipe, task)


# ── a fork, and a lock ───────────────────────────────────────────────────────────────────────────────────────────


class Forking:
    """A progress that forks in the middle of the upload, as a library may: the fork looks round and goes."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def __call__(self, label: str, total: int | None, unit: str) -> Forking:
        return self

    def __enter__(self) -> Any:
        self._forks: Iterator[None] = iter([None])
        return self.advance

    def __exit__(self, *_: object) -> None:
        pass

    def advance(self, _count: int, size: int = 0) -> None:
        for _ in self._forks:
            assert 0 < size < 200 * self._task.rows, "the whole file is there already"
            if (child := os.fork()) == 0:
                self._look_round_and_go()
            _, status = os.waitpid(child, 0)
            assert status == 0, status

    def _look_round_and_go(self) -> None:
        try:
            connection = self._task.connection
            assert list(connect_pandas.jobs(connection).step) == ["planned"]
            assert connect_pandas.job(self._task.name, connection).status == "unknown"
            gc.collect()
            if self._task.forks == "atexit":
                atexit._run_exitfuncs()
                gc.collect()
        except BaseException:  # noqa: BLE001 - the parent learns of it
            traceback.print_exc()
            os._exit(1)
        if self._task.forks == "sys.exit":
            sys.exit(0)
        os._exit(0)


HOLD = """
import select, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
select.select([sys.stdin], [], [], float(sys.argv[2]))
"""
"""A process that holds the journal, for some seconds or until the one that has started it is gone."""


class Holding(threading.Event):
    """A cancel that is never set: when it is asked after the step "uploaded", another process holds the journal."""

    def __init__(self, connection: Connection, seconds: float) -> None:
        super().__init__()
        assert connection.state is not None
        self._path, self._seconds, self._held = connection.state / FILE_NAME, seconds, False

    def is_set(self) -> bool:
        if not self._held and Journal(self._path).entries()[-1].step("uploaded"):
            self._held = True
            command = [sys.executable, "-c", HOLD, str(self._path), str(self._seconds)]
            holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
        return False
