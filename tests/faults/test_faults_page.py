"""The page says what the cells declare."""

from __future__ import annotations

import re

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


def test_the_words_that_are_required_of_an_error_are_more_than_one_of_them() -> None:
    """An alternative stands between phrases, each of which says it all, and beside nothing else."""
    for cell in CELLS:
        assert cell.says or cell.raises is None, cell.name
        alternatives = re.split(r"\|(?![^(]*\))", cell.says)
        assert len(alternatives) == 1 or not any(".*" in one for one in alternatives), cell.name
        assert all(len(re.findall(r"\w+", one)) > 1 for one in alternatives if len(alternatives) > 1), (
            cell.name
        )
