"""Two at once: the seventh file of the fault matrix (``cells_two.py``)."""

from __future__ import annotations

from tests.faults.cells_two import CELLS  # noqa: F401 - conftest.py has them played
from tests.faults.play import test_nothing_is_lost_and_nothing_done_twice  # noqa: F401 - pytest finds it here

IMPORT_DELAY = 0.3
"""The file is still there when it is looked for first."""
