"""How long work is shown: a bar in a notebook, a line in a terminal, nothing where nobody looks."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from connect_pandas.service.progress import Advance, Progress, silent

if TYPE_CHECKING:
    from collections.abc import Iterator


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
