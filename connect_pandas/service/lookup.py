"""The way to a server's address: its name is looked up (DNS), and both that and the connecting come to an end.

The system's own look-up ends when the system pleases: after minutes, where name servers keep silent.
"""

from __future__ import annotations

import socket
import threading
import time
from typing import Any, Final

_TURN: Final = 0.2
"""Seconds of one look at the thread: Windows hears Ctrl-C only in between."""


class LookUpTimeout(TimeoutError):
    """No name server has answered in time."""


def look_up(host: str, port: int, seconds: float) -> list[tuple[Any, ...]]:
    """Return the addresses of a server, best first, as a socket takes them.

    Parameters
    ----------
    host, port : str, int
    seconds : float
        For the whole of it. What is asked then still runs its course, in a thread that keeps nobody.

    Raises
    ------
    LookUpTimeout
        When nobody has answered by then.
    socket.gaierror
        When the name is not known, or can be none.
    """
    found: list[tuple[Any, ...]] = []
    refusals: list[OSError] = []

    def ask() -> None:
        try:
            found.extend(address for *_, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except UnicodeError:  # a part of it is empty, or too long
            refusals.append(socket.gaierror(socket.EAI_NONAME, "it cannot be a name"))
        except OSError as error:
            refusals.append(error)

    thread = threading.Thread(target=ask, name=f"look-up of {host}", daemon=True)
    try:
        thread.start()
    except RuntimeError:  # no thread to be had
        ask()
    end = time.monotonic() + seconds
    while thread.is_alive() and (left := end - time.monotonic()) > 0:
        thread.join(min(left, _TURN))
    if refusals:
        raise refusals[0]
    if not found:
        raise LookUpTimeout(f"no name server has answered within {seconds:g} s")
    return found


def dial(host: str, port: int, seconds: float) -> socket.socket:
    """Connect to the first address of a server that takes it.

    Parameters
    ----------
    host, port : str, int
    seconds : float
        For the look-up, and once more for the connecting: each address has its share of what is left.

    Raises
    ------
    OSError
        As of :func:`look_up`; else that of the last address.
    """
    return _connected(look_up(host, port, seconds), seconds)


def address_of(host: str, port: int, seconds: float) -> str:
    """Return the address at which a server is reached: of several the first that takes a connection.

    For whoever connects by a host alone, and would look the name up once more, without end. Of several, one is
    connected to on trial: that costs a round trip.

    Parameters
    ----------
    host, port, seconds
        As of :func:`dial`.

    Raises
    ------
    OSError
        As of :func:`dial`.
    """
    addresses = look_up(host, port, seconds)
    if len(addresses) > 1:
        with _connected(addresses, seconds) as line:
            addresses = [line.getpeername()]
    return str(addresses[0][0])


def _connected(addresses: list[tuple[Any, ...]], seconds: float) -> socket.socket:
    """Connect to the first of these addresses that takes it: each has its share of what is left."""
    end = time.monotonic() + seconds
    while True:
        address, *others = addresses
        left = max(end - time.monotonic(), 0.001)
        try:
            return socket.create_connection(address[:2], left / len(addresses))
        except OSError:
            if not others:
                raise
        addresses = others
