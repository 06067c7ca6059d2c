"""From the opening of the file to the moment before the import is asked for: no import has begun."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from connect_pandas.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ImportRejected,
    ImportTimeout,
    UploadFailed,
)
from tests.faults.acts import (
    SAID,
    answer,
    both,
    break_journal,
    deny,
    fail,
    garble,
    keeps_half,
    lock_out,
    lose,
    miss,
    press_ctrl_c,
    refuse_api,
    replace_by_rubbish,
    reset,
    shorten,
    show,
    shut,
    slow,
    stall,
)
from tests.faults.play import Cell
from tests.faults.stage import times

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.certificates import Shown
    from tests.faults.stage import Stage

SHORT: Final = 0.6


def _during(moment: str, at: str) -> Callable[..., Cell]:
    def cell(fault: str, act: Callable[[Stage], Any], says: str, **more: Any) -> Cell:
        usual = {"raises": UploadFailed, "at": at, "step": "failed"}
        return Cell(moment=moment, fault=fault, act=act, says=says, **{**usual, **more})

    return cell


def _passes(moment: str, fault: str, at: str, act: Callable[[Stage], Any], **more: Any) -> Cell:
    usual = {"ends": "done", "step": "completed"}
    return Cell(moment=moment, fault=fault, at=at, act=act, **{**usual, **more})


LOST: Final = r"(?s)connection was lost while .* was written.*may be left"
WRONG: Final[tuple[Shown, ...]] = ("self-signed", "expired", "for another name")
NOTHING: Final = "(?s)Nothing was left behind"

_mid = _during("in mid-upload", "write 3")
MIDDLE = (
    _mid("opening refused", deny, "refused to open .*Access denied.*Nothing was sent", at="open"),
    _mid("folder vanished", miss, "Check that the folder exists", at="open"),
    _mid("reset as it opens", reset, LOST, at="open", left="nothing, but named"),
    _mid("stalled as it opens", stall, LOST, at="open", left="nothing, but named", timeout=SHORT),
    _mid(
        "first write refused",
        fail("Quota exceeded"),
        "(?s)offset 0 on: Quota exceeded.*Nothing was left",
        at="write 1",
    ),
    _mid(
        "third write refused",
        fail("Quota exceeded"),
        "(?s)offset 65,280 on: Quota exceeded.*Nothing was left",
    ),
    _mid(
        "disk full", fail("No space left on device"), "(?s)No space left.*Nothing was left.*directory is full"
    ),
    _mid("permission taken away", deny, "(?s)Access denied by policy.*Nothing was left"),
    _mid("reset", reset, LOST, left="nothing, but named"),
    _mid("reset, the server keeps the half", keeps_half(reset), LOST, left="half a file"),
    _mid("closed", shut, LOST, left="nothing, but named"),
    _mid("closed, the server keeps the half", keeps_half(shut), LOST, left="half a file"),
    _mid("stalled", stall, LOST, left="nothing, but named", timeout=SHORT),
    _mid("stalled, the server keeps the half", keeps_half(stall), LOST, left="half a file", timeout=SHORT),
    _mid("rubbish on the line", garble, LOST, left="nothing, but named", timeout=SHORT),
    _mid("Ctrl-C", press_ctrl_c, NOTHING, raises=KeyboardInterrupt),
    _mid(
        "Ctrl-C on a stalled line",
        both(stall, press_ctrl_c),
        "may be left",
        raises=KeyboardInterrupt,
        left="nothing, but named",
        timeout=SHORT,
    ),
    _passes("in mid-upload", "10 kB a second", "write 3", slow),
    _passes(
        "in mid-upload",
        "key revoked",
        "write 3",
        lock_out,
        raises=AuthenticationFailed,
        says="does not let",
        step="submitted",
        then="job.wait()",
    ),
)

_last = _during("at the last byte", "last write")
LAST = (
    _last("write refused", fail("Quota exceeded"), "(?s)Quota exceeded.*Nothing was left"),
    _last(
        "refused, then reset",
        both(fail("Quota exceeded"), close=reset),
        "(?s)refused the .*may be left",
        left="half a file",
    ),
    _last("permission taken away", deny, "(?s)Access denied by policy.*Nothing was left"),
    _last("reset", reset, LOST, left="nothing, but named"),
    _last("reset, the server keeps what it has", keeps_half(reset), LOST, left="half a file"),
    _last("closed", shut, LOST, left="nothing, but named"),
    _last("stalled", stall, LOST, left="nothing, but named", timeout=SHORT),
    _last(
        "stalled, the server keeps what it has", keeps_half(stall), LOST, left="half a file", timeout=SHORT
    ),
    _last("Ctrl-C", press_ctrl_c, NOTHING, raises=KeyboardInterrupt),
)

_close = _during("at close", "close")
CLOSE = (
    _close(
        "close refused",
        fail("The multipart upload could not be completed"),
        "(?s)refused to close.*Nothing was left",
    ),
    _close("close denied", deny, "(?s)refused to close.*Access denied.*Nothing was left"),
    _close("reset", reset, LOST, left="the file"),
    _close("closed", shut, LOST, left="the file"),
    _close("stalled", stall, LOST, left="the file", timeout=SHORT),
    _close("Ctrl-C", press_ctrl_c, NOTHING, raises=KeyboardInterrupt),
    _close("file vanishes", lose, "(?s)had no such file.*Nothing was left", at="close done"),
    _close(
        "a byte is missing",
        shorten,
        "(?s)bytes were sent and the server has.*Nothing was left",
        at="close done",
    ),
    _close(
        "a byte is missing, and nothing can be removed",
        both(shorten, remove=deny),
        "may be left",
        at="close done",
        left="half a file",
    ),
    _close("reset before the size is known", reset, LOST, at="confirm", left="the file"),
    _close("stalled before the size is known", stall, LOST, at="confirm", left="the file", timeout=SHORT),
    _close(
        "the size is not told",
        times(1, deny),
        "(?s)does not say how large it is: Access denied by policy.*Nothing was left",
        at="confirm",
    ),
)

_between = _during("between upload and request", "confirm done")
BETWEEN = (
    _between(
        "API refuses the connection",
        refuse_api,
        "(?s)refuses the connection.*not begun.*nothing is left behind",
        raises=ConnectionFailed,
    ),
    _between(
        "file vanishes", lose, "S3_FILE_METADATA_FAILED", raises=ImportRejected, step="rejected", touched=True
    ),
    _between(
        "file replaced",
        replace_by_rubbish,
        "look in the web app",
        raises=ImportTimeout,
        step="submitted",
        waits=0.4,
        ends="unknown",
        left="half a file",
        then="job.discard(), the same call",
        touched=True,
        failed_jobs=1,
    ),
    _between(
        "journal lost",
        break_journal,
        "(?s)journal .* cannot be written any more.*removed again",
        step="",
        warns="after a restart",
    ),
    *(
        _between(
            f"TLS certificate turns out {shown}",
            show(shown),
            "(?s)does not prove who it is.*Nothing was sent to it.*not begun.*nothing is left behind",
            raises=ConnectionFailed,
            tls=True,
        )
        for shown in WRONG
    ),
    _passes(
        "between upload and request",
        "TLS, and the certificate is right",
        "confirm done",
        show("right"),
        tls=True,
    ),
    _passes("between upload and request", "file server gone", "request", reset),
    _between(
        "file server gone, and the API refuses",
        both(reset, answer(400, SAID % b"no")),
        "left behind: /sub_",
        raises=ImportRejected,
        at="request",
        step="rejected",
        left="the file",
    ),
    _passes(
        "before the connection",
        "journal cannot be written",
        "start",
        break_journal,
        warns="cannot be written",
        then="job.wait()",
    ),
    _passes(
        "looking for the name",
        "journal lost",
        "sets",
        break_journal,
        warns="cannot be written",
        then="job.wait()",
    ),
)

CELLS = (*MIDDLE, *LAST, *CLOSE, *BETWEEN)
