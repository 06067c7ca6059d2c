"""The wall clock of the process that imports is wrong, or is put right in the middle of it; no other clock is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connect_pandas.errors import ConnectionFailed, ImportTimeout
from tests.faults.acts import both, refuse_api, set_clock, when_it_waits
from tests.faults.play import Cell
from tests.faults.stage import times

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.stage import Stage

AHEAD, BEHIND, LAST_CENTURY, FUTURE = "+3600", "-3600", "-50y", "+50y"
START, MIDDLE, FOLLOW = "before the connection", "in mid-upload", "while following"


def _passes(moment: str, fault: str, at: str, *acts: Callable[[Stage], Any], **more: Any) -> Cell:
    usual: dict[str, Any] = {"kernels": 1, "clock": True, "ends": "done", "step": "completed"}
    return Cell(moment=moment, fault=fault, at=at, act=both(*acts), **{**usual, **more})


def _jumps(moment: str, fault: str, at: str, wrong: str, **more: Any) -> Cell:
    """The clock jumps while an answer is waited for."""
    return _passes(moment, f"clock jumps {fault}", at, times(1, when_it_waits(set_clock(wrong))), **more)


CELLS = (
    _passes(START, "clock of the last century", "start", set_clock(LAST_CENTURY)),
    _passes(
        "looking for the name",
        "TLS, and a clock of the last century",
        "start",
        set_clock(LAST_CENTURY),
        tls=True,
        raises=ConnectionFailed,
        says="does not prove who it is .*not yet valid",
        ends="not done",
        step="",
    ),
    _jumps(MIDDLE, "an hour ahead", "write 3", AHEAD),
    _jumps(MIDDLE, "an hour back", "write 3", BEHIND),
    _jumps("during the request", "an hour ahead", "request", AHEAD),
    _jumps(FOLLOW, "an hour ahead", "follow sets", AHEAD, follows=True),
    _passes(
        FOLLOW,
        "clock jumps an hour back, API gone for good",
        "follow sets",
        set_clock(BEHIND),
        refuse_api,
        follows=True,
        waits=2.0,
        raises=ImportTimeout,
        says="not seen to be done after 2 s",
        step="submitted",
        then="job.wait()",
    ),
)
