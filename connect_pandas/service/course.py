"""The course of one request to the API: followed, ended in time, and in words where it broke.

The way may lead through a proxy of the network, which the environment names. It sees where a request goes, and nothing
of it; what goes wrong at it is told as such, as nothing was sent then.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

# gql takes httpx or its successor, whichever is there: the exceptions to tell apart are of the one it took.
from gql.transport.httpx import httpx  # type: ignore[attr-defined]

from connect_pandas.service.lookup import LookUpTimeout, address_of

if TYPE_CHECKING:
    from connect_pandas.service.connection import Connection

_THROUGH: Final = ("proxy.start_tls.started", "socks.start_tls.started")
"""With which a proxy has done its part."""


class Course:
    """Follows a request by what httpcore tells of it, and ends it when it does not come to its end in time.

    httpx alone looks names up without end, gives each address of a name all of the time, and waits anew for each
    byte: a header that drips, or ``103 Early Hints`` for ever, would have no end.
    """

    def __init__(self, connection: Connection, seconds: float) -> None:
        self._endpoint = connection.endpoint
        self._reach, self.seconds = connection.timeout, seconds
        self._timer: threading.Timer | None = None
        self._until: float | None = None
        """The end of all, on the monotonic clock; from the first connection on."""
        self.is_over = False
        self.proxy = ""
        """Host and port of the proxy, when the way leads through one."""
        self.is_at_proxy = False
        """Whether it has not come further yet: then only the proxy has heard of it."""

    def hear(self, event: str, info: dict[str, Any]) -> None:
        """Take note of an event of httpcore's ``trace`` extension."""
        if event.endswith(".connect_tcp.started"):
            self._look_up(info)
        elif event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            # With what is left of the time for each connection: to a proxy, to the service, and under TLS.
            self._begin(info["return_value"].get_extra_info("socket"))
        elif event.endswith(".start_tls.started"):
            info["timeout"] = min(self._reach, self._left())
        if event in _THROUGH or getattr(info.get("request"), "method", b"") == b"POST":
            self.is_at_proxy = False

    def _look_up(self, info: dict[str, Any]) -> None:
        host, port = info["host"], info["port"]
        if host != httpx.URL(self._endpoint).raw_host.decode():
            self.proxy, self.is_at_proxy = f"{host}:{port}", True
        try:
            # These are the arguments that httpcore is about to connect with: it would look the name up once more. Who
            # the server has to prove to be, and the Host header, stay the name.
            info["host"] = address_of(host, port, self._reach)
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpx.ConnectError(str(error)) from error

    def _begin(self, line: socket.socket) -> None:
        self.cancel()
        self._timer = threading.Timer(self._left(), self._end, (line,))
        self._timer.daemon = True
        with suppress(RuntimeError):  # no thread to be had: httpx's own waits are what is left
            self._timer.start()

    def _left(self) -> float:
        now = time.monotonic()
        self._until = self._until or now + self.seconds
        return max(self._until - now, 0.001)  # a socket takes 0 for no wait at all, and another word

    def cancel(self) -> None:
        """Let the connection be: the request has come to its end."""
        if self._timer is not None:
            self._timer.cancel()

    def _end(self, line: socket.socket) -> None:
        self.is_over = True
        try:
            socket.socket.shutdown(line, socket.SHUT_RDWR)  # TLS's own would pull the rug from under a reader
        except OSError:
            self.is_over = False  # it is closed already, or has gone on under TLS


# ── what broke ────────────────────────────────────────────────────────────────────────────────────────


def in_words(chain: tuple[BaseException, ...], host: str, course: Course, *, answered: bool) -> str:
    """Say what kept a request from its answer.

    Parameters
    ----------
    chain : tuple of exception
        What httpx raised, and what that came from.
    host : str
        The API's.
    course : Course
        How far it had come.
    answered : bool
        Whether an answer had begun.
    """
    if course.is_at_proxy:
        return _in_words_of_proxy(chain, host, course)
    if (tls := _of(chain, ssl.SSLError)) and _of(chain, httpx.ConnectError):
        return (
            f"{host} does not prove who it is (TLS: {_why(tls)}). Nothing was sent to it. Behind a company "
            "proxy that re-signs traffic, set SSL_CERT_FILE to the company's certificates; else do not go on."
        )
    if _of(chain, LookUpTimeout):
        return (
            f"The name {host} was not looked up in time: the name servers (DNS) of this network do not answer. "
            "Check network and VPN, and try again later."
        )
    if _of(chain, socket.gaierror):
        return (
            f"The name {host} is not known to this network (DNS). Check domain or endpoint, network and VPN."
        )
    if _of(chain, httpx.ConnectTimeout, httpx.PoolTimeout):
        return f"{host} took no connection in time. Check network, VPN and firewall."
    if _of(chain, httpx.ConnectError):
        return f"{host} refuses the connection. Check domain or endpoint, the network, VPN and firewall."
    if _of(chain, httpx.TimeoutException):
        return f"{host} did not answer within {course.seconds:g} s; connect_pandas.connect(…, timeout=…) waits longer."
    when = "in the middle of its answer" if answered else "before it answered"
    return f"The connection to {host} broke {when}."


def _of(chain: tuple[BaseException, ...], *kinds: type[BaseException]) -> BaseException | None:
    return next((error for error in chain if isinstance(error, kinds)), None)


def _why(tls: BaseException) -> str:
    return getattr(tls, "verify_message", "") or getattr(tls, "reason", "") or "the handshake failed"


# ── the proxy on the way ──────────────────────────────────────────────────────────────────────────────

_PROXY_VARIABLES: Final = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
"""In the order in which they hold for the API."""
_ALL_VARIABLES: Final = (*_PROXY_VARIABLES, "http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY")
"""httpx reads all of them, whether it needs them or not."""


def _in_words_of_proxy(chain: tuple[BaseException, ...], host: str, course: Course) -> str:
    """Say what a proxy did that has let nothing through; its password is in nothing that is looked at here."""
    named = _set(*_PROXY_VARIABLES)[:1]
    correct = f"Correct {named[0]}, which names it" if named else "Correct this system's proxy settings"
    around = host.rpartition(":")[0] or host
    failed = _failure_of_proxy(chain, course)
    return (
        f"The proxy {course.proxy}, on the way to {host}, {failed}. Nothing was sent. "
        f"{correct}, or set NO_PROXY={around} to go round it."
    )


def _failure_of_proxy(chain: tuple[BaseException, ...], course: Course) -> str:
    if (tls := _of(chain, ssl.SSLError)) and _of(chain, httpx.ConnectError):
        return f"does not prove who it is (TLS: {_why(tls)}); one that speaks no TLS itself is named http://…"
    if _of(chain, LookUpTimeout):
        return "was not looked up in time: the name servers (DNS) of this network do not answer"
    if _of(chain, socket.gaierror):
        return "has a name that is not known to this network (DNS)"
    if refusal := _of(chain, httpx.ProxyError):
        said = str(refusal).rstrip(".")
        how = (
            f"; it takes a user and a password, as in http://user:password@{course.proxy}"
            if said.startswith("407")
            else ""
        )
        return f"does not let through: {said}{how}"
    if _of(chain, httpx.ConnectTimeout, httpx.PoolTimeout):
        return "took no connection in time"
    if _of(chain, httpx.ConnectError):
        return "refuses the connection"
    if _of(chain, httpx.TimeoutException):
        return f"has let nothing through within {course.seconds:g} s"
    return "broke off before it let anything through"


def say_no_socks(host: str) -> str:
    """Say that a SOCKS proxy is named, and nothing is there that speaks with it."""
    named = next((v for v in _set(*_ALL_VARIABLES) if os.environ[v].startswith("socks")), "A setting")
    return (
        f"{named} names a SOCKS proxy on the way to {host}, and what speaks SOCKS is not installed. Nothing was sent. "
        'Install it (pip install "httpx[socks]"), or set HTTPS_PROXY to an http:// proxy.'
    )


def say_no_proxy(host: str) -> str:
    """Say that what names the proxy cannot be read."""
    named = _set(*_ALL_VARIABLES)
    return (
        f"The way to {host} cannot be taken: {' or '.join(named) or 'the proxy of this system'} is no address of a "
        "proxy (not shown here, as it may hold a password). Nothing was sent. It reads http://proxy.shop.com:3128; in "
        "a password / is written %2F, # is %23, ? is %3F and @ is %40."
    )


def _set(*variables: str) -> list[str]:
    return [name for name in variables if os.environ.get(name)]
