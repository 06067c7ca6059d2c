"""The one request that starts the import, and what becomes of its answer: here an end may be unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from connect_pandas.errors import AuthenticationFailed, ImportRejected, ImportUnconfirmed
from tests.faults.acts import (
    HALF_JSON,
    HTML,
    NOT_HTTP,
    SAID,
    answer,
    both,
    break_journal,
    deny,
    press_ctrl_c,
    reset,
    shut,
    stall,
)
from tests.faults.play import Cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.stage import Stage

SHORT: Final = 0.5
REQUEST, AFTER = "during the request", "after the request"


def _passes(moment: str, fault: str, at: str, act: Callable[[Stage], Any], **more: Any) -> Cell:
    usual = {"ends": "done", "step": "completed"}
    return Cell(moment=moment, fault=fault, at=at, act=act, **{**usual, **more})


# ── the service says no: it has begun nothing, and the file is removed ──


def _refused(fault: str, act: Callable[[Stage], Any], says: str, **more: Any) -> Cell:
    usual = {"raises": ImportRejected, "step": "rejected"}
    words = f"(?s){says}.*nothing is left behind"
    return Cell(moment=REQUEST, fault=fault, at="request", act=act, says=words, **{**usual, **more})


INVALID: Final = b"INPUT_VALIDATION_FAILED. Invalid delimiter."
REFUSED = (
    _refused("401", answer(401, SAID % b"who?"), "does not accept the API key", raises=AuthenticationFailed),
    _refused("403", answer(403, b'{"message": "Forbidden"}'), "Forbidden", raises=AuthenticationFailed),
    _refused("400", answer(400, SAID % b"bad"), r"\(HTTP 400\): bad"),
    _refused("404", answer(404, HTML), "HTTP 404"),
    _refused("413", answer(413, HTML), "HTTP 413"),
    _refused("429 with Retry-After", answer(429, b"", "Retry-After: 1"), "Try again in 1 s"),
    _refused("an error of the guide", answer(200, SAID % INVALID), "Invalid delimiter"),
    _refused(
        "file not found there",
        answer(200, SAID % b"S3_FILE_METADATA_FAILED"),
        "did not find the uploaded file",
    ),
    Cell(
        moment=REQUEST,
        fault="400, and the file cannot be removed",
        at="request",
        act=both(answer(400, SAID % b"bad"), remove=deny),
        raises=ImportRejected,
        says="left behind: /sub_",
        step="rejected",
        left="the file",
    ),
)

# ── nobody answers for it ──


def _unknown(fault: str, act: Callable[[Stage], Any], says: str = "", **more: Any) -> Cell:
    """The request never came to the service, which the package cannot know: a person looks, and discards."""
    usual: dict[str, Any] = {
        "ends": "unknown",
        "raises": ImportUnconfirmed,
        "step": "unconfirmed",
        "left": "the file",
        "then": "job.discard(), the same call",
    }
    words = rf"(?s)may or may not have begun.*{says}.*Job monitoring.*job\.wait.*job\.discard"
    return Cell(moment=REQUEST, fault=fault, at="request", act=act, says=words, **{**usual, **more})


def _begun(fault: str, act: Callable[[Stage], Any], says: str = "", **more: Any) -> Cell:
    """The service has begun it, and its answer is lost."""
    usual = {"then": "job.resume()", "left": "nothing"}  # a completed import removes its file
    return _unknown(f"{fault}, and it has begun", act, says, **{**usual, **more})


INTERNAL: Final = (
    b'{"errors": [{"message": "oops", "extensions": {"code": "INTERNAL_SERVER_ERROR"}}], "data": null}'
)
GATEWAYS: Final = (
    b'{"errors": [{"message": "late", "extensions": {"code": "DOWNSTREAM_SERVICE_ERROR"}}], "data": null}'
)
PARTIAL: Final = b'{"errors": [{"message": "late"}], "data": {"createImportJob": {"id": "job-9"}}}'
NO_ID: Final = b'{"data": {"createImportJob": {}}}'
CUT: Final = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n" + HALF_JSON
ELSEWHERE: Final = "Location: http://127.0.0.1:9/"
UNKNOWN = (
    _unknown("reset", answer(reset=True), "broke before it answered"),
    _begun("reset", answer(reset=True, after=True), "broke before it answered"),
    _unknown("no answer", answer(silent=True), "did not answer within 1 s", timeout=SHORT),
    _begun("no answer", answer(silent=True, after=True), "did not answer within 1 s", timeout=SHORT),
    _begun(
        "the answer comes after the time-out", answer(late=2.5), "did not answer within 1 s", timeout=SHORT
    ),
    _unknown("an answer without end", answer(drip=True), "did not answer within 1 s", timeout=SHORT),
    _begun(
        "an answer without end", answer(drip=True, after=True), "did not answer within 1 s", timeout=SHORT
    ),
    _unknown("connection breaks within the answer", answer(raw=CUT), "in the middle of its answer"),
    _begun("connection breaks within the answer", answer(raw=CUT, after=True), "in the middle of its answer"),
    _unknown("half a JSON", answer(200, HALF_JSON), "not in the JSON"),
    _begun("half a JSON", answer(200, HALF_JSON, after=True), "not in the JSON", then="the same call"),
    _unknown("empty body", answer(), "not in the JSON"),
    _begun("empty body", answer(after=True), "not in the JSON", then="job.wait()"),
    _unknown("HTML", answer(200, HTML), "not in the JSON"),
    _unknown("not HTTP", answer(raw=NOT_HTTP), "broke before it answered"),
    _begun("not HTTP", answer(raw=NOT_HTTP, after=True), "broke before it answered"),
    _unknown("408", answer(408, b""), "HTTP 408"),
    _unknown("500", answer(500, b"oops"), "HTTP 500"),
    _begun("500", answer(500, b"oops", after=True), "HTTP 500"),
    _unknown("502 with HTML", answer(502, HTML), "HTTP 502"),
    _begun("502 with HTML", answer(502, HTML, after=True), "HTTP 502", then="the same call"),
    _unknown("503 with Retry-After", answer(503, b"", "Retry-After: 1"), "HTTP 503"),
    _begun("504", answer(504, HTML, after=True), "HTTP 504"),
    _unknown("redirect", answer(307, b"", ELSEWHERE), "HTTP 307"),
    _begun("redirect", answer(302, b"", ELSEWHERE, after=True), "HTTP 302"),
    _unknown("an unexpected error", answer(200, INTERNAL), r"\): oops\."),
    _begun("an unexpected error", answer(200, INTERNAL, after=True), r"\): oops\."),
    _begun("an error with a gateway's code", answer(200, GATEWAYS, after=True), r"\): late\."),
    _begun("an error without a code", answer(200, SAID % b"time-out", after=True), r"\): time-out\."),
    _begun("errors beside a job", answer(200, PARTIAL, after=True), r"\): late\."),
    _begun("an answer without an id", answer(200, NO_ID, after=True), "without a job"),
    _unknown("file server gone, too", both(reset, answer(502, HTML)), "HTTP 502"),
    _begun("file server gone, too", both(reset, answer(502, HTML, after=True)), "HTTP 502"),
    _unknown("Ctrl-C", both(press_ctrl_c, answer(silent=True)), raises=KeyboardInterrupt, says=""),
    _begun(
        "Ctrl-C", both(answer(silent=True, after=True), request_done=press_ctrl_c), raises=KeyboardInterrupt
    ),
)

# ── what does no harm ──

PASSES = (
    _passes(REQUEST, "the answer comes twice", "request", answer(twice=True)),
    _passes(REQUEST, "late, within the time-out", "request", answer(late=0.6)),
    _passes(REQUEST, "10 kB a second", "request", answer(slow=10_000)),
    _passes(AFTER, "file server reset", "request answered", reset),
    _passes(AFTER, "file server closes", "request answered", shut),
    _passes(AFTER, "journal lost", "request done", break_journal, warns="after a restart", then="job.wait()"),
    _passes(AFTER, "file server stalled", "request done", stall, timeout=SHORT, then="the same call"),
)

CELLS = (*REFUSED, *UNKNOWN, *PASSES)
