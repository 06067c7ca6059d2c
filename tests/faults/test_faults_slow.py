"""What takes a minute: the sixth file of the fault matrix (``cells_slow.py``), whose cells are all played at once."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from connect_pandas._sandbox import Sandbox
from tests.faults.cells_slow import CELLS  # noqa: F401 - conftest.py has them played
from tests.faults.play import Cell, Played, Theatre, end_elsewhere, require, stage, start_elsewhere
from tests.faults.table import PROPERTY, row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.stage import Stage

IMPORT_DELAY = 0.3
"""The import that is followed is not done at the first look."""
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def attempts(
    request: pytest.FixtureRequest, theatre: Theatre, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[Stage, Played]]]:
    """The first attempts of all cells: each in a process of its own, on a stage and in a sandbox of its own."""
    cells = {
        item.callspec.params["cell"].name: item.callspec.params["cell"]
        for item in request.session.items
        if item.module is request.module
    }
    with ExitStack() as stack:
        stages = {}
        for name, cell in cells.items():
            box = stack.enter_context(Sandbox(import_delay=IMPORT_DELAY))
            state = tmp_path_factory.mktemp("slow") / "state"
            stages[name] = stack.enter_context(stage(replace(theatre, box=box), state, cell))
        started = {name: start_elsewhere(on, cells[name]) for name, on in stages.items()}
        yield {name: (on, end_elsewhere(on, cells[name], started[name])) for name, on in stages.items()}


def test_nothing_is_lost_and_nothing_done_twice(
    cell: Cell, attempts: dict[str, tuple[Stage, Played]], record_property: Callable[[str, object], None]
) -> None:
    on, first = attempts[cell.name]
    require(cell, on, first)
    record_property(PROPERTY, row(cell, first))
