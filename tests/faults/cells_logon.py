"""From the first packet to the moment when it is known that the name is free: nothing has been written anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from connect_pandas.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectionFailed,
    HostKeyError,
    UploadFailed,
)
from tests.faults.acts import (
    HTML,
    NOT_HTTP,
    SAID,
    SKEWED,
    TRUNCATED,
    answer,
    change,
    deny,
    fail,
    garble,
    lock_out,
    refuse_api,
    refuse_line,
    reset,
    say,
    show,
    shut,
    slow_logon,
    stall,
    swallow,
    turn_away,
)
from tests.faults.play import Cell
from tests.faults.stage import Reply, times

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.stage import Stage

SHORT: Final = 0.6
"""The time-out where nobody answers, in seconds: long enough for a logon on a busy machine."""
PROVES_NOTHING: Final = "does not prove who it is"
OTHER_KEY: Final = "SHA256:" + "A" * 43


def _at(moment: str, error: type[ConnectionFailed | ConfigurationError]) -> Callable[..., Cell]:
    def cell(fault: str, at: str, act: Callable[[Stage], Any], says: str, **more: Any) -> Cell:
        return Cell(moment=moment, fault=fault, at=at, act=act, says=says, **{"raises": error, **more})

    return cell


def _passes(moment: str, fault: str, at: str, act: Callable[[Stage], Any], **more: Any) -> Cell:
    return Cell(moment=moment, fault=fault, at=at, act=act, ends="done", step="completed", **more)


def _unknown_host(on: Stage) -> None:
    (on.state.parent / "nobody").touch()
    on.changes.update(host_key=None, known_hosts=Path(on.state.parent / "nobody"))


_before = _at("before the connection", ConnectionFailed)
BEFORE = (
    _before("refused", "start", refuse_line, "refused the connection: nothing listens there"),
    _before(
        "reset", "connect", say("reset"), "broke off while agreeing|not as an SSH server|cannot be reached"
    ),
    _passes("before the connection", "reset once", "connect", times(1, say("reset"))),
    _before("closed", "connect", say(b""), "not as an SSH server"),
    _passes("before the connection", "closed once", "connect", times(1, say(b""))),
    _before("stalled", "connect", say("silent"), "said nothing more for 0.6 s", timeout=SHORT),
    _before("swallowed by a firewall", "start", swallow, "did not answer within 0.6 s", timeout=SHORT),
    _before(
        "a web server answers", "connect", say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "not as an SSH server"
    ),
    _before(
        "an SSH server of the last century",
        "connect",
        say(b"SSH-1.5-old\r\n"),
        "no way of encryption in common",
    ),
    _before("DNS failure", "start", change(host="no-such-host.invalid"), "cannot be found"),
    _passes("before the connection", "10 kB a second until the upload", "connect", slow_logon),
)

_key = _at("host key exchange", HostKeyError)
_agree = _at("host key exchange", ConnectionFailed)
KEYS = (
    _key("another host key", "start", change(host_key=OTHER_KEY), "IS NOT THE ONE EXPECTED"),
    _key("a host that nobody knows", "start", _unknown_host, 'host_key="SHA256:'),
    _agree(
        "reset after the banner", "byte 5", reset, "broke off while agreeing on keys|not as an SSH server"
    ),
    _agree("reset in the middle", "byte 600", reset, "broke off while agreeing on keys"),
    _passes("host key exchange", "reset once", "byte 600", times(1, reset)),
    _agree("closed", "byte 600", shut, "broke off while agreeing on keys"),
    _agree("stalled", "byte 600", stall, "said nothing more for 0.6 s", timeout=SHORT),
    _agree("rubbish in the middle", "byte 600", garble, "not as an SSH server|broke off while agreeing"),
)

_enter = _at("login", ConnectionFailed)
LOGIN = (
    _enter("key rejected", "login", turn_away, "does not let", raises=AuthenticationFailed),
    _enter("key revoked a moment ago", "start", lock_out, "does not let", raises=AuthenticationFailed),
    _enter("reset", "login", reset, "was lost while logging on|broke off while agreeing"),
    _passes("login", "reset once", "login", times(1, reset)),
    _enter("closed", "login", shut, "was lost while logging on|broke off while agreeing"),
    _enter("stalled", "login", stall, "said nothing more for 0.6 s", timeout=SHORT),
    _enter("no SFTP for this user", "session", turn_away, "opened no SFTP session"),
    _enter("reset as SFTP begins", "session", reset, "was lost while logging on|opened no SFTP session"),
    _enter(
        "stalled as SFTP begins",
        "session",
        stall,
        "said nothing more for|did not answer in time",
        timeout=SHORT,
    ),
)

_look = _at("directory", ConnectionFailed)
_make = _at("directory", UploadFailed)  # type: ignore[arg-type]
DIRECTORY = (
    _look(
        "missing", "start", change(directory="sub_none"), "sub_none does not exist", raises=ConfigurationError
    ),
    _look("listing refused", "list", deny, "Access denied by policy"),
    _look(
        "server fails",
        "home",
        fail("refused while logging on: Internal error"),
        "refused while logging on: Internal error",
    ),
    _look("reset", "list", reset, "lost while logging on"),
    _passes("directory", "reset once", "list", times(1, reset)),
    _look("stalled", "list", stall, "said nothing more for|did not answer in time", timeout=SHORT),
    _make("folder cannot be made", "mkdir", deny, "refused to make the folder", step="failed"),
    _look("folder cannot be looked at", "folder", deny, "refused while making the folder", step="failed"),
    _look("reset as the folder is made", "mkdir", reset, "lost while making the folder", step="failed"),
    _look(
        "stalled as the folder is made",
        "mkdir",
        stall,
        "did not answer in time",
        timeout=SHORT,
        step="failed",
    ),
)

_ask = _at("looking for the name", ConnectionFailed)
_BUSY: Final = "Retry-After: 0"
NAMES = (
    _ask("file server reset", "look", reset, "lost while looking for"),
    _ask("file server stalled", "look", stall, "did not answer in time while looking for", timeout=SHORT),
    _ask("API refuses the connection", "start", refuse_api, "refuses the connection"),
    _ask(
        "API's name unknown (DNS)",
        "start",
        change(endpoint="https://no-such-host.invalid/"),
        r"is not known to this network \(DNS\)",
    ),
    _ask("TLS certificate self-signed", "start", show("self-signed"), PROVES_NOTHING, tls=True),
    _ask("TLS certificate expired", "start", show("expired"), f"{PROVES_NOTHING}.*expired", tls=True),
    _ask("TLS certificate for another name", "start", show("for another name"), PROVES_NOTHING, tls=True),
    _ask("reset", "sets", answer(reset=True), "broke before it answered"),
    _passes("looking for the name", "reset once", "sets", times(1, answer(reset=True))),
    _ask("no answer", "sets", answer(silent=True), "did not answer within 0.6 s", timeout=SHORT),
    _ask("an answer without end", "sets", answer(drip=True), "did not answer within 0.6 s", timeout=SHORT),
    _passes("looking for the name", "10 kB a second", "sets", answer(slow=10_000)),
    _ask(
        "401", "sets", answer(401, SAID % b"who?"), "does not accept the API key", raises=AuthenticationFailed
    ),
    _ask("403", "sets", answer(403, b'{"message": "Forbidden"}'), "Forbidden", raises=AuthenticationFailed),
    _ask("404", "sets", answer(404, HTML), "no Connect API"),
    _ask("429, come back in 60 s", "sets", answer(429, b"", "Retry-After: 60"), "Try again in 60 s"),
    _passes("looking for the name", "429 once, come back at once", "sets", times(1, answer(429, b"", _BUSY))),
    _ask("500", "sets", answer(500, b"oops"), r"trouble of its own \(HTTP 500\)"),
    _ask("502 with HTML", "sets", answer(502, HTML), r"HTTP 502"),
    _passes("looking for the name", "502 once", "sets", times(1, answer(502, HTML))),
    _passes("looking for the name", "503 twice", "sets", times(2, answer(503, b""))),
    _ask("504", "sets", answer(504, b""), r"HTTP 504"),
    _ask("redirect", "sets", answer(307, b"", "Location: http://127.0.0.1:9/"), "not followed"),
    _ask("connection breaks within the answer", "sets", answer(raw=TRUNCATED), "in the middle of its answer"),
    _ask("half a JSON", "sets", answer(200, b'{"data": {"dataS'), "not in the JSON"),
    _ask("empty body", "sets", answer(), "not in the JSON"),
    _ask("HTML", "sets", answer(200, HTML), "not in the JSON"),
    _ask("not HTTP", "sets", answer(raw=NOT_HTTP), "broke before it answered"),
    _ask("errors", "sets", answer(200, SAID % b"no quota"), "no quota"),
    _ask(
        "partial data with errors",
        "sets",
        answer(200, b'{"errors": [{"message": "half"}], "data": {"dataSets": {"nodes": []}}}'),
        "It says: half\\.",
    ),
    _ask(
        "another shape", "sets", answer(200, b'{"data": {"dataSets": 7}}'), "documentation does not describe"
    ),
    _passes("looking for the name", "the answer comes twice", "sets", lambda _on: Reply(twice=True)),
    _passes("looking for the name", "late, within the time-out", "sets", lambda _on: Reply(late=0.3)),
    _ask(
        "late, after the time-out",
        "sets",
        lambda _on: Reply(late=2.0),
        "did not answer within",
        timeout=SHORT,
    ),
    _ask(
        "429 with a clock of 2001",
        "sets",
        answer(429, b"", SKEWED, f"Retry-After: {SKEWED[6:]}"),
        "Try again after Mon, 01",
    ),
)

CELLS = (*BEFORE, *KEYS, *LOGIN, *DIRECTORY, *NAMES)
