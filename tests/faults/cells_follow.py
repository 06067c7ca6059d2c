"""While the import is followed: it goes on whatever happens here, and the wait rides out what passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from connect_pandas.errors import AuthenticationFailed, HostKeyError, ImportTimeout
from tests.faults.acts import (
    HTML,
    NOT_HTTP,
    SAID,
    TRUNCATED,
    answer,
    both,
    break_journal,
    change_host_key,
    deny,
    garble,
    lock_out,
    lose,
    press_ctrl_c,
    refuse_api,
    refuse_line,
    replace_by_rubbish,
    reset,
    show,
    shut,
    slow,
    stall,
    stall_a_while,
)
from tests.faults.play import Cell
from tests.faults.stage import times

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.certificates import Shown
    from tests.faults.stage import Stage

SHORT: Final = 0.5
A_LOOK: Final = 3
"""How often one look asks, where nobody answers well."""


def _rides(fault: str, at: str, act: Callable[[Stage], Any], **more: Any) -> Cell:
    usual = {"ends": "done", "step": "completed", "follows": True}
    return Cell(moment="while following", fault=fault, at=at, act=act, **{**usual, **more})


def _stops(
    fault: str, at: str, act: Callable[[Stage], Any], error: type[BaseException], says: str, **more: Any
) -> Cell:
    """The wait ends, the import does not."""
    usual: dict[str, Any] = {"step": "submitted", "then": "job.wait()", "ends": "done"}
    return _rides(fault, at, act, **{**usual, "raises": error, "says": says, **more})


SETS, COUNT, FILE = "follow sets", "follow count", "follow file"
RIDES = (
    _rides("API reset", SETS, times(A_LOOK, answer(reset=True))),
    _rides("API without an answer", SETS, times(1, answer(silent=True)), timeout=SHORT),
    _rides("an answer without end", SETS, times(1, answer(drip=True)), timeout=SHORT),
    _rides("429 with Retry-After", SETS, times(1, answer(429, b"", "Retry-After: 1"))),
    _rides("429 with a long Retry-After", SETS, times(1, answer(429, b"", "Retry-After: 60"))),
    _rides("500", SETS, times(2, answer(500, b"oops"))),
    _rides("502 with HTML", SETS, times(A_LOOK, answer(502, HTML))),
    _rides("redirect", SETS, times(1, answer(307, b"", "Location: http://127.0.0.1:9/"))),
    _rides("connection breaks within the answer", SETS, times(A_LOOK, answer(raw=TRUNCATED))),
    _rides("half a JSON", SETS, times(1, answer(200, b'{"data": {"dataS'))),
    _rides("empty body", SETS, times(1, answer())),
    _rides("not HTTP", SETS, times(A_LOOK, answer(raw=NOT_HTTP))),
    _rides("errors", SETS, times(1, answer(200, SAID % b"no quota"))),
    _rides("the answer comes twice", SETS, answer(twice=True)),
    _rides("count fails with 500", COUNT, times(1, answer(500, b"oops"))),
    _rides("count fails with half a JSON", COUNT, times(1, answer(200, b'{"data"'))),
    _rides("count reset", COUNT, times(A_LOOK, answer(reset=True))),
    _rides("file server reset", FILE, times(1, reset)),
    _rides("file server closes", FILE, times(1, shut)),
    _rides("file server stalled for a second", FILE, times(1, stall_a_while), timeout=SHORT),
    _rides("file server refuses to look", FILE, times(2, deny)),
    _rides("rubbish from the file server", FILE, garble, timeout=SHORT),
    _rides("file server gone for good", FILE, both(refuse_line, reset)),
    _rides("file server at 10 kB a second", FILE, slow),
    _rides(
        "TLS certificate wrong for a moment", FILE, both(show("expired"), follow_file=show("right")), tls=True
    ),
    _rides("journal lost", SETS, break_journal, warns="cannot be written", then="job.wait()"),
)

WRONG: Final[tuple[Shown, ...]] = ("self-signed", "expired", "for another name")
UNPROVED: Final = r"not seen to be done .*does not prove who it is"
OVER: Final = "not seen to be done after"
STOPS = (
    _stops(
        "API key revoked (401)",
        SETS,
        answer(401, SAID % b"who?"),
        AuthenticationFailed,
        "does not accept the API key",
    ),
    _stops(
        "API key revoked (403)",
        SETS,
        answer(403, b'{"message": "Forbidden"}'),
        AuthenticationFailed,
        "Forbidden",
    ),
    _stops("SSH key revoked", FILE, both(lock_out, reset), AuthenticationFailed, "does not let"),
    # The API is silent meanwhile: else it may show the set before the other server is there.
    _stops(
        "host key changed", FILE, both(refuse_api, change_host_key), HostKeyError, "IS NOT THE ONE EXPECTED"
    ),
    _stops("API gone for good", SETS, refuse_api, ImportTimeout, OVER, waits=1.0),
    _stops("both gone for good", FILE, both(refuse_api, refuse_line, reset), ImportTimeout, OVER, waits=1.0),
    _stops("both stalled", FILE, both(refuse_api, stall), ImportTimeout, OVER, waits=1.0, timeout=SHORT),
    _stops("502 for good", SETS, answer(502, HTML), ImportTimeout, OVER, waits=1.0),
    *(
        _stops(
            f"TLS certificate turns out {shown}",
            FILE,
            show(shown),
            ImportTimeout,
            UNPROVED,
            waits=1.0,
            tls=True,
        )
        for shown in WRONG
    ),
    _stops("Ctrl-C", SETS, press_ctrl_c, KeyboardInterrupt, "Only the waiting has ended"),
    _stops(
        "Ctrl-C on a stalled line", FILE, both(stall, press_ctrl_c), KeyboardInterrupt, "Only the waiting"
    ),
)

FILES = (
    Cell(
        moment="after the request",
        fault="file vanishes before it is read",
        at="request answered",
        act=lose,
        ends="unknown",
        raises=ImportTimeout,
        says="look in the web app",
        step="submitted",
        waits=0.8,
        then="job.discard(), the same call",
        touched=True,
        failed_jobs=1,
    ),
    Cell(
        moment="after the request",
        fault="file replaced before it is read",
        at="request answered",
        act=replace_by_rubbish,
        ends="unknown",
        raises=ImportTimeout,
        says="look in the web app",
        step="submitted",
        waits=0.8,
        left="half a file",
        then="job.discard(), the same call",
        touched=True,
        failed_jobs=1,
    ),
)

CELLS = (*FILES, *RIDES, *STOPS)
