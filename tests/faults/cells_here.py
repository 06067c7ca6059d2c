"""What breaks on this side: the process that imports is killed, put to sleep, starved, forked, or not alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connect_pandas.errors import PlanError, UploadFailed
from tests.faults.acts import (
    answer,
    both,
    fill_disk,
    forbid_files,
    keeps_half,
    kill,
    kill_when_written,
    sleep,
    starve,
    upload_for_seconds,
)
from tests.faults.play import Cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.stage import Stage


def _killed(moment: str, fault: str, at: str, act: Callable[[Stage], Any] = kill, **more: Any) -> Cell:
    usual: dict[str, Any] = {"dies": True, "kernels": 1, "step": "planned", "then": "job.resume(plan)"}
    return Cell(moment=moment, fault=fault, at=at, act=act, **{**usual, **more})


def _passes(moment: str, fault: str, at: str, act: Callable[[Stage], Any], **more: Any) -> Cell:
    usual: dict[str, Any] = {"kernels": 1, "ends": "done", "step": "completed"}
    return Cell(moment=moment, fault=fault, at=at, act=act, **{**usual, **more})


KILLED = (
    _killed("login", "process killed", "login", step="", then="the same call"),
    _killed("directory", "process killed", "home", step="", then="the same call"),
    _killed("directory", "process killed as the folder is made", "mkdir"),
    _killed("looking for the name", "process killed", "sets", step="", then="the same call"),
    _killed("in mid-upload", "process killed as the file is opened", "open"),
    _killed("in mid-upload", "process killed", "write 3"),
    _killed(
        "in mid-upload",
        "process killed, the server keeps the half",
        "write 3",
        keeps_half(kill),
        left="half a file",
    ),
    _killed(
        "in mid-upload",
        "process killed, then the same call",
        "write 3",
        keeps_half(kill),
        left="half a file",
        then="the same call",
    ),
    _killed("at the last byte", "process killed", "last write"),
    _killed("at close", "process killed before it", "close", left="the file"),
    _killed("at close", "process killed after it", "close done", left="the file"),
    _killed("between upload and request", "process killed", "confirm done", left="the file"),
    _killed(
        "between upload and request",
        "process killed, then the same call",
        "confirm done",
        left="the file",
        then="the same call",
    ),
    _killed(
        "during the request",
        "process killed",
        "request",
        both(kill, answer(silent=True)),
        ends="unknown",
        step="asked",
        left="the file",
        then="job.discard(), the same call",
    ),
    _killed(
        "during the request",
        "process killed, and it has begun",
        "request done",
        ends="unknown",
        step="asked",
        then="job.resume()",
    ),
    _killed(
        "during the request",
        "process killed, and it has begun, then the same call",
        "request done",
        ends="unknown",
        step="asked",
        then="the same call",
    ),
    _killed(
        "after the request",
        "process killed",
        "request done",
        kill_when_written("submitted"),
        ends="done",
        step="submitted",
        then="job.wait()",
    ),
    _killed(
        "while following",
        "process killed",
        "confirm done",
        kill_when_written("submitted"),
        ends="done",
        step="submitted",
        then="the same call",
    ),
)

ASLEEP = (
    _passes("host key exchange", "asleep for a moment", "byte 600", sleep(0.5)),
    _passes("directory", "asleep for a moment", "home", sleep(0.5)),
    _passes("in mid-upload", "asleep for a moment", "write 3", sleep(0.5)),
    _passes("at close", "asleep for a moment", "close", sleep(0.5)),
    _passes("during the request", "asleep for a moment", "request", sleep(0.5)),
    _passes("after the request", "asleep for a moment", "request done", sleep(0.5)),
)

FULL = (
    _passes("looking for the name", "disk full", "sets", forbid_files, step="", then="nothing"),
    Cell(
        moment="between upload and request",
        fault="disk full",
        at="confirm done",
        act=forbid_files,
        kernels=1,
        raises=UploadFailed,
        says="(?s)journal .* cannot be written any more.*removed again",
        step="planned",
    ),
    Cell(
        moment="between upload and request",
        fault="disk full before the request is written down",
        at="confirm done",
        act=fill_disk("asked"),
        raises=UploadFailed,
        says="(?s)disk is full.*removed again",
        step="failed",
    ),
    _passes("during the request", "disk full", "request", forbid_files, step="asked"),
)

CROWD = (
    _passes("in mid-upload", "a fork that goes by os._exit", "open", upload_for_seconds, forks="os._exit"),
    _passes(
        "in mid-upload", "a fork that tidies up as Python does", "open", upload_for_seconds, forks="atexit"
    ),
    _passes("in mid-upload", "a fork that goes by sys.exit", "open", upload_for_seconds, forks="sys.exit"),
    _passes(
        "in mid-upload",
        "no more memory",
        "write 1",
        starve,
        raises=RuntimeError,
        says="can't start new thread",
        step="submitted",
        then="job.wait()",
    ),
    _passes(
        "looking for the name",
        "two processes at once",
        "sets",
        answer(late=0.5),
        kernels=2,
        raises=PlanError,
        says="being sent right now, by process",
    ),
)

CELLS = (*KILLED, *ASLEEP, *FULL, *CROWD)
