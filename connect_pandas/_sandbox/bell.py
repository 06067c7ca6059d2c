"""Says that something in the sandbox may have changed, to whoever shows it."""

from __future__ import annotations

import threading
from typing import Final

__all__ = ["Bell"]


class Bell:
    """Rings once a change; a listener that was away hears that it rang, not how often."""

    def __init__(self) -> None:
        self._rung: Final = threading.Condition()
        self._times = 0

    def ring(self) -> None:
        with self._rung:
            self._times += 1
            self._rung.notify_all()

    def wait(self, heard: int) -> int:
        """Wait until it has rung more than ``heard`` times; return how often it has."""
        with self._rung:
            self._rung.wait_for(lambda: self._times > heard)
            return self._times
