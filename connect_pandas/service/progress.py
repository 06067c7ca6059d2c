"""How long work shows itself: a protocol, and the way that shows nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager


class Progress(Protocol):
    """Shows one piece of work at a time.

    ``with progress("Uploading orders.csv", 2_000_000, "rows") as advance:`` shows the label at once; every
    ``advance(n)`` adds ``n`` units, ``advance(0)`` is a sign of life that adds none. The block's end ends the
    show: as done when it left normally, as stopped when an exception leaves it, which is passed on.

    ``advance`` is called from the thread that entered the block, up to some hundred times a second; the show
    itself decides how often it draws. It raises nothing.
    """

    def __call__(
        self, label: str, total: int | None, unit: str
    ) -> AbstractContextManager[Callable[[int], None]]:
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
def silent(label: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
    """Show nothing."""
    yield lambda _count: None
