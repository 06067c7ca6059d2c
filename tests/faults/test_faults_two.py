"""Two at once: the seventh file of the fault matrix (``cells_two.py``)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.faults.cells_two import CELLS
from tests.faults.play import Cell, Theatre, play
from tests.faults.table import PROPERTY, row

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


IMPORT_DELAY = 0.3
"""The file is still there when it is looked for first."""


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: cell.name)
def test_nothing_is_lost_and_nothing_done_twice(
    cell: Cell, theatre: Theatre, state: Path, record_property: Callable[[str, object], None]
) -> None:
    record_property(PROPERTY, row(cell, play(theatre, state, cell)))
