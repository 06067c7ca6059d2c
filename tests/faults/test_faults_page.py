"""The page says what the cells declare."""

from __future__ import annotations

from tests.faults.matrix import CELLS
from tests.faults.play import MOMENTS
from tests.faults.table import PAGE, page


def test_the_page_holds_the_table_of_the_cells() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(CELLS), "run: python -m tests.faults"


def test_every_moment_has_its_cells_and_no_cell_is_there_twice() -> None:
    names = [cell.name for cell in CELLS]
    assert len(names) == len(set(names))
    assert {cell.moment for cell in CELLS} == set(MOMENTS)


def test_an_end_that_is_not_known_says_what_to_do() -> None:
    unknown = [cell for cell in CELLS if cell.ends == "unknown"]
    assert {cell.then for cell in unknown} >= {"job.resume()", "job.discard(), the same call"}
    assert all(cell.raises is not None or cell.dies for cell in unknown)
