"""Imports in processes of their own, which can be killed, put to sleep, starved and forked."""

from __future__ import annotations

import multiprocessing
import os
import traceback
from contextlib import suppress
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

# What takes long to load is loaded before the processes are forked; not Polars, whose threads no fork has.
import pandera.pandas  # noqa: F401

import connect_pandas
import connect_pandas.service.submit
from connect_pandas.service.connection import Connection, Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection as Pipe
    from multiprocessing.context import ForkServerProcess

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.kernel"])


@dataclass(frozen=True, slots=True)
class End:
    """How a process ended: its exit code, and the error that it met, as type, words and traceback."""

    code: int
    error: tuple[str, str, str] | None


@dataclass(slots=True)
class Kernel:
    """A process that imports."""

    process: ForkServerProcess
    pipe: Pipe

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    def end(self) -> End:
        """Wait for its end."""
        error = None
        with suppress(EOFError):
            error = self.pipe.recv() if self.pipe.poll(30) else ("TimeoutError", "the kernel hangs", "")
        self.process.join(5)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        self.pipe.close()
        code = self.process.exitcode
        self.process.close()
        assert code is not None
        return End(code, error)


def start(connection: Connection, name: str, folder: str, filename: str, rows: int, *, forks: bool) -> Kernel:
    """Begin an import in another process."""
    settings = {f.name: getattr(connection, f.name) for f in fields(connection)}
    settings["api_key"] = connection.api_key.reveal()
    ours, theirs = _context.Pipe()
    process = _context.Process(target=_import, args=(theirs, settings, name, folder, filename, rows, forks))
    process.start()
    theirs.close()
    return Kernel(process, ours)


def _import(
    pipe: Pipe, settings: dict[str, Any], name: str, folder: str, filename: str, rows: int, forks: bool
) -> None:
    from tests.faults.play import frame

    connection = Connection(**{**settings, "api_key": Secret(settings["api_key"])})
    plan = connect_pandas.plan(frame(rows), name, folder=folder, filename=filename)
    try:
        job = plan.submit(connection, progress=Forking() if forks else False)
        job.wait(timeout=20, progress=False)
    except BaseException as error:  # noqa: BLE001 - all of them are told
        words = "\n".join([str(error), *getattr(error, "__notes__", ())])
        pipe.send((type(error).__name__, words, "".join(traceback.format_exception(error))))
    else:
        pipe.send(None)


class Forking:
    """A progress that forks in the middle of the upload, as a library may: the fork looks round and goes."""

    def __call__(self, label: str, total: int | None, unit: str) -> Forking:
        return self

    def __enter__(self) -> Any:
        self._forks: Iterator[None] = iter([None])
        return self.advance

    def __exit__(self, *_: object) -> None:
        pass

    def advance(self, _count: int, _size: int = 0) -> None:
        for _ in self._forks:
            if (child := os.fork()) == 0:
                connect_pandas.jobs()
                os._exit(0)
            os.waitpid(child, 0)
