"""What breaks on this side of the line: the fifth file of the fault matrix (``cells_here.py``)."""

from __future__ import annotations

from tests.faults.cells_here import CELLS  # noqa: F401 - conftest.py has them played
from tests.faults.play import test_nothing_is_lost_and_nothing_done_twice  # noqa: F401 - pytest finds it here
