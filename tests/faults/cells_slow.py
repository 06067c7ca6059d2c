"""What takes its time, as a laptop's lid that stays closed for a minute: all of these are played at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from connect_pandas.errors import (
    ConfigurationError,
    ConnectionFailed,
    ImportTimeout,
    ImportUnconfirmed,
    UploadFailed,
)
from tests.faults.acts import answer, both, hold_journal, reset, shut, sleep
from tests.faults.play import Cell
from tests.faults.stage import times

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.stage import Stage

MINUTE: Final = 60.0
"""Twelve times the time-out."""
MIDDLE: Final = "in mid-upload"
BETWEEN: Final = "between upload and request"
REQUEST, AFTER, FOLLOW = "during the request", "after the request", "while following"
LOST: Final = r"(?s)connection was lost while .* was written.*may be left"
UNKNOWN: Final = r"(?s)may or may not have begun.*Job monitoring.*job\.wait.*job\.discard"


# ── asleep ──


def _wakes(moment: str, at: str, fault: str = "", *meanwhile: Callable[[Stage], Any], **more: Any) -> Cell:
    """It goes on when it wakes: what came while it slept is read."""
    usual: dict[str, Any] = {
        "act": times(1, sleep(MINUTE, *meanwhile)),
        "kernels": 1,
        "ends": "done",
        "step": "completed",
        "waits": 90.0,
        "lasts": MINUTE,
    }
    fault = ", ".join(filter(None, ("asleep for a minute", fault)))
    return Cell(moment=moment, fault=fault, at=at, **{**usual, **more})


def _fails(
    moment: str, at: str, error: type[Exception], says: str, fault: str = "", *meanwhile: Any, **more: Any
) -> Cell:
    usual = {"raises": error, "says": says, "step": "failed", "ends": "not done"}
    return _wakes(moment, at, fault, *meanwhile, **{**usual, **more})


def _unknown(fault: str, reply: Callable[[Stage], Any], **more: Any) -> Cell:
    usual: dict[str, Any] = {
        "act": both(sleep(MINUTE), reply),
        "step": "unconfirmed",
        "ends": "unknown",
        "left": "the file",
        "then": "job.discard(), the same call",
    }
    return _fails(REQUEST, "request", ImportUnconfirmed, UNKNOWN, fault, **{**usual, **more})


ASLEEP = (
    _fails("host key exchange", "byte 600", ConnectionFailed, "said nothing more for 5 s", step=""),
    _wakes("directory", "home"),
    _wakes("looking for the name", "look"),
    _wakes("looking for the name", "sets", "as the API is asked"),
    _wakes(MIDDLE, "write 3"),
    _fails(
        MIDDLE, "write 3", UploadFailed, LOST, "the server resets meanwhile", reset, left="nothing, but named"
    ),
    _fails(
        MIDDLE, "write 3", UploadFailed, LOST, "the server closes meanwhile", shut, left="nothing, but named"
    ),
    _wakes("at close", "close"),
    _wakes(REQUEST, "request"),
    _wakes(REQUEST, "request", "the file server resets meanwhile", reset),
    _unknown("the API resets meanwhile", answer(reset=True)),
    _unknown(
        "the API resets meanwhile, and it has begun",
        answer(reset=True, after=True),
        left="nothing",
        then="job.resume()",
    ),
    _wakes(AFTER, "request done"),
    _wakes(FOLLOW, "follow sets", follows=True),
    _wakes(
        FOLLOW,
        "follow sets",
        "longer than it was to wait, and the answer is a 500",
        act=both(sleep(MINUTE), answer(500, b"oops")),
        follows=True,
        waits=20.0,
        raises=ImportTimeout,
        says="not seen to be done after 20 s",
        step="submitted",
        then="job.wait()",
    ),
    _wakes(FOLLOW, "follow file", "the file server resets meanwhile", reset, follows=True),
    _wakes(
        FOLLOW,
        "follow sets",
        "the API resets meanwhile",
        act=times(1, both(sleep(MINUTE), answer(reset=True))),
        follows=True,
    ),
)

# ── the journal in other hands ──


def _held(moment: str, before: str, at: str, **more: Any) -> Cell:
    """Another process holds the journal for longer than it is waited for."""
    usual: dict[str, Any] = {"act": hold_journal(MINUTE), "kernels": 1, "lasts": MINUTE, "waits": 90.0}
    fault = f'journal held for good before "{before}"'
    return Cell(moment=moment, fault=fault, at=at, **{**usual, **more})


NOT_WRITTEN: Final = "(?s)cannot be written any more.*No import was started.*nothing is left behind"
HELD = (
    _held(
        "looking for the name",
        "planned",
        "sets",
        raises=ConfigurationError,
        says="held by another process for more than 5 s",
    ),
    _held(BETWEEN, "uploaded", "confirm done", raises=UploadFailed, says=NOT_WRITTEN, step="planned"),
    _held(
        BETWEEN,
        "asked",
        "",
        act=lambda _on: None,
        holds=MINUTE,
        raises=UploadFailed,
        says=NOT_WRITTEN,
        step="uploaded",
    ),
    _held(AFTER, "submitted", "request done", ends="done", step="asked"),
)

CELLS = (*ASLEEP, *HELD)
