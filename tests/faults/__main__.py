"""``python -m tests.faults`` writes the declared outcomes into ``docs/faults.md``."""

from __future__ import annotations

from tests.faults.matrix import CELLS
from tests.faults.table import PAGE, page

PAGE.write_text(page(CELLS), encoding="utf-8")
