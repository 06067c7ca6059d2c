"""How long work is shown: a bar in a notebook, a line in a terminal, nothing where nobody looks."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from connect_pandas.service.progress import Advance, Progress, silent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


PATIENCE: Final = 1.0
"""Seconds that a look at a frame may take before it is shown."""


def shown(*, on: bool) -> Progress:
    """Return the way to show progress here.

    Parameters
    ----------
    on : bool
        ``False`` shows nothing.
    """
    if not on or not (in_notebook() or sys.stderr.isatty()):
        return silent
    return _bar


def in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel."""
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"


@contextmanager
def looking(frame: Any, *, on: bool) -> Iterator[Callable[[int], None] | None]:
    """Show how many of a frame's values have been looked at, where that takes longer than a second.

    Parameters
    ----------
    frame : pandas.DataFrame
        What else it may be is for others to say.
    on : bool
        ``False`` shows nothing.
    """
    if shown(on=on) is silent or not hasattr(frame, "size"):
        yield None
        return
    from tqdm.auto import tqdm

    form = "{desc}: {percentage:3.0f}% |{bar}| {n:,}/{total:,} values [{elapsed}<{remaining}]"
    with tqdm(
        total=frame.size, desc="Looking at the frame", bar_format=form, delay=PATIENCE, dynamic_ncols=True
    ) as bar:

        def told(count: int) -> None:
            bar.update(count)

        yield told


@contextmanager
def _bar(label: str, total: int | None, unit: str) -> Iterator[Advance]:
    from tqdm.auto import tqdm

    from connect_pandas.notebook.draw import size as in_words

    if total is None:
        form = "{desc}: {elapsed}"
    else:
        form = "{desc}: {percentage:3.0f}% |{bar}| {n:,}/{total:,} {unit} [{elapsed}<{remaining}{postfix}]"
    started, sent = time.monotonic(), 0
    with tqdm(
        total=total, desc=label, unit=unit, bar_format=form, mininterval=0.1, dynamic_ncols=True
    ) as bar:

        def advance(count: int, size: int = 0) -> None:
            nonlocal sent
            sent += size
            if sent:
                speed = sent / max(time.monotonic() - started, 1e-3)
                bar.set_postfix_str(f"{in_words(sent)}, {in_words(speed)}/s", refresh=False)
            bar.update(count)
            if not count and time.monotonic() - started > 0.1:
                bar.refresh()

        yield advance
