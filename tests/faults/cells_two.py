"""Two at once: somebody else comes while an import is sent, or two go on with one that was broken off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

import connect_pandas
from connect_pandas.errors import ConnectionFailed
from tests.faults.acts import both, deny, fill_disk, hold_journal, kill, meanwhile
from tests.faults.play import Cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.stage import Stage

BETWEEN: Final = "between upload and request"
A_SECOND: Final = hold_journal(1.0)
AT_WORK: Final = "being sent right now, by process"


def _passes(moment: str, fault: str, at: str, act: Callable[[Stage], Any], **more: Any) -> Cell:
    usual: dict[str, Any] = {"kernels": 1, "ends": "done", "step": "completed"}
    return Cell(moment=moment, fault=fault, at=at, act=act, **{**usual, **more})


# ── somebody comes while it is sent ──


def _known(on: Stage) -> connect_pandas.ImportJob:
    return connect_pandas.job(on.plan.name, on.connection)


def _comes(fault: str, come: Callable[[Stage], Any]) -> Cell:
    return _passes(
        "in mid-upload", f"{fault} meanwhile", "write 3", meanwhile(come), beside=AT_WORK, timeout=20.0
    )


COMES = (
    _comes("job.discard()", lambda on: _known(on).discard()),
    _comes("job.resume(plan)", lambda on: _known(on).resume(on.plan, progress=False)),
    _comes("the same call", lambda on: on.plan.submit(on.connection, progress=False)),
)

# ── two go on with one whose file is whole, and for which nobody has asked ──


def _left(fault: str = "", **more: Any) -> Cell:
    """The disk takes neither "asked" nor "failed", so it is about to remove its file, and is killed."""
    usual: dict[str, Any] = {"then": "job.resume()", "dies": True, "kernels": 1, "left": "the file"}
    act = both(fill_disk("asked", "failed"), remove=both(kill, deny))
    fault = ", ".join(filter(None, ("process killed, the whole file is written down", fault)))
    return Cell(moment=BETWEEN, fault=fault, at="confirm done", act=act, step="uploaded", **{**usual, **more})


def _resume_without_api(on: Stage) -> None:
    """It fails, and leaves everything as it is."""
    on.loop.loop.call_soon_threadsafe(on.front.refuse)
    with pytest.raises(ConnectionFailed, match="refuses the connection"):
        _known(on).resume(progress=False)
    assert on.contents() == {on.plan.filename: on.content}
    assert on.asked == []


LEFT = (
    _left(),
    _left("then job.resume() without the API", before=_resume_without_api),
    _left("then two job.resume()", then="two job.resume() at once"),
    _left("then job.resume() as the same call looks", then="job.resume() as the same call looks"),
    _left("then the same call as job.resume() looks", then="the same call as job.resume() looks"),
)

# ── the journal in other hands for a moment ──


def _held(moment: str, before: str, at: str, act: Callable[[Stage], Any] = A_SECOND, **more: Any) -> Cell:
    return _passes(moment, f'journal held for a second before "{before}"', at, act, **more)


HELD = (
    _held("looking for the name", "planned", "sets"),
    _held(BETWEEN, "uploaded", "confirm done"),
    _held(BETWEEN, "asked", "", lambda _on: None, holds=1.0),
    _held("after the request", "submitted", "request done"),
)

CELLS = (*COMES, *LEFT, *HELD)
