"""Who looks up when a cell has run: that is when there may be another connection, or a sandbox less."""

from __future__ import annotations

import sys
from typing import Any, Final, Protocol
from weakref import WeakSet


class Watcher(Protocol):
    """Looks up."""

    def look_up(self) -> None: ...


_WATCHERS: Final[WeakSet[Watcher]] = WeakSet()


def watch(watcher: Watcher) -> None:
    """Let somebody look up after each cell; outside of IPython nothing tells when that is."""
    _WATCHERS.add(watcher)
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if shell is not None:
        shell.events.register("post_run_cell", look_up)  # once, however many there are


def leave(watcher: Watcher) -> None:
    """Let somebody look up no more."""
    _WATCHERS.discard(watcher)


def look_up(_result: Any = None) -> None:
    """Let all of them look up now."""
    for watcher in [*_WATCHERS]:
        watcher.look_up()
