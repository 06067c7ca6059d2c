"""How long work shows itself: a protocol, and the way that shows nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager


class Advance(Protocol):
    """Adds what has been done since the last call."""

    def __call__(self, count: int, size: int = 0, /) -> None:
        """Add units, and the bytes that they took where it is bytes that take the time."""
        ...


class Progress(Protocol):
    """Shows one piece of work at a time.

    ``with progress("Uploading orders.csv", 2_000_000, "rows") as advance:`` shows the label at once; every
    ``advance(n)`` adds ``n`` units, ``advance(n, size)`` says also how many bytes they took, ``advance(0)`` is a sign
    of life that adds none. The block's end ends the show: as done when it left normally, as stopped when an exception
    leaves it, which is passed on.

    ``advance`` is called from the thread that entered the block, up to some hundred times a second; the show
    itself decides how often it draws. It raises nothing.
    """

    def __call__(self, label: str, total: int | None, unit: str) -> AbstractContextManager[Advance]:
        """Begin to show a piece of work.

        Parameters
        ----------
        label : str
            What is done, as a person says it.
        total : int or None
            How many units there will be; ``None`` when nobody knows.
        unit : str
            In the plural: ``"rows"``.
        """
        ...


@contextmanager
def silent(label: str, total: int | None, unit: str) -> Iterator[Advance]:
    """Show nothing."""
    yield lambda _count, _size=0: None
