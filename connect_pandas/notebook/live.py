"""An output in a notebook that is kept up to date while what it shows changes.

It is a plain output, sent anew under its old name (Jupyter's ``update_display_data``), and no widget: a saved notebook,
an exported page and an untrusted one keep what was last seen. All outputs of one value have one name, so that each
shows the same; one message brings all of them up to date.
"""

from __future__ import annotations

import threading
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from connect_pandas.notebook.draw import View, bundle

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE: Final = 0.25
"""Seconds between two updates: a long import changes its counts faster than anybody reads."""


class Bell(Protocol):
    """Rings when something has changed."""

    def ring(self) -> None: ...

    def wait(self, heard: int) -> int:
        """Wait until it has rung more than ``heard`` times; return how often it has."""
        ...


class Live:
    """Outputs that follow a value, from one thread, between :meth:`show` and :meth:`end`.

    Parameters
    ----------
    look : callable
        Returns what there is to see now.
    bell : Bell
        Nothing is looked at while it does not ring.
    """

    def __init__(self, look: Callable[[], View], bell: Bell) -> None:
        self._look, self._bell = look, bell
        self._name = uuid.uuid4().hex
        self._shown: dict[str, str] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="connect-sandbox-live", daemon=True)

    def show(self) -> None:
        """Show the value below the cell that runs, and follow it from now on."""
        self._shown = bundle(self._look())
        put_out(self._shown, display_id=self._name)
        if not self._thread.ident:
            self._thread.start()

    def end(self, last: View) -> None:
        """Show this for good, and end the thread."""
        self._ended.set()
        self._bell.ring()
        self._thread.join()
        self._update(last)

    def _follow(self) -> None:
        heard = 0
        while not self._ended.wait(PAUSE):
            heard = self._bell.wait(heard)
            if not self._ended.is_set():
                self._update(self._look())

    def _update(self, seen: View) -> None:
        made = bundle(seen)
        if made != self._shown:
            self._shown = made
            # A page that cannot be reached any more, as in a kernel that ends, is no reason to stop.
            with suppress(Exception):
                put_out(made, display_id=self._name, update=True)


def put_out(made: dict[str, Any], **how: Any) -> None:
    """Put out a bundle, or, by its name, send it anew."""
    from IPython.display import display

    display(made, raw=True, **how)  # type: ignore[no-untyped-call]  # IPython's own is untyped
