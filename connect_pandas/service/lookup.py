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
    addresses = look_up(host, port, seconds)
    end = time.monotonic() + seconds
    while True:
        address, *others = addresses
        try:
            return socket.create_connection(address[:2], share(end - time.monotonic(), addresses))
        except OSError:
            if not others:
                raise
        addresses = others


def share(seconds: float, addresses: list[tuple[Any, ...]]) -> float:
    """Return how long the first of these addresses may take, so that each has its turn."""
    return max(seconds, 0.001) / len(addresses)
