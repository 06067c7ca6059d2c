"""A wall clock that is wrong: the eighth file of the fault matrix (``cells_clock.py``)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import connect_pandas
from connect_pandas.errors import PlanError
from connect_pandas.service.journal import Journal
from tests.faults import kernel
from tests.faults.acts import lose
from tests.faults.cells_clock import (
    AHEAD,
    BEHIND,
    CELLS,  # noqa: F401 - conftest.py has them played
    FUTURE,
    LAST_CENTURY,
)
from tests.faults.play import (
    HANG_SECONDS,
    Cell,
    Theatre,
    stage,
    test_nothing_is_lost_and_nothing_done_twice,  # noqa: F401 - pytest finds it here
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.stage import Stage

pytestmark = pytest.mark.skipif(not kernel.clock_library(), reason="there is no libfaketime here")
IMPORT_DELAY = 0.3
"""The file is still there when it is looked for first."""


def _imported(on: Stage, name: str, wrong: str) -> str:
    """Import under another name, by a process whose clock is wrong by so much."""
    on.set_clock(wrong)
    task = kernel.Task(
        settings=kernel.settings(on.connection),
        name=name,
        folder=on.plan.folder,
        filename=f"{name}.csv",
        rows=3,
    )
    assert kernel.start(task, on.clock).end(HANG_SECONDS).error is None
    return name


def test_the_journal_is_in_the_order_of_what_happened(theatre: Theatre, state: Path) -> None:
    """Whatever the clock said then."""
    idle = Cell(moment="before the connection", fault="several clocks", at="", act=lambda _on: None)
    with stage(theatre, state, idle) as on:
        here = on.plan.name
        names = [_imported(on, f"{here}A", FUTURE), _imported(on, f"{here}B", LAST_CENTURY)]
        on.plan.submit(on.connection, progress=False).wait(20, progress=False)
        listed = connect_pandas.jobs(on.connection)
        assert list(listed.name) == [*names, here]
        assert list(listed.step) == ["completed"] * 3
        years = [at.year - datetime.now(UTC).year for at in listed.begun]
        assert [abs(year) > 40 for year in years] == [True, True, False]
        for entry in Journal.open(on.connection).entries():
            assert [step.name for step in entry.steps] == [
                "planned",
                "uploaded",
                "asked",
                "submitted",
                "completed",
            ]
            assert connect_pandas.job(entry.data_set_name, on.connection).status == "completed"
        library = theatre.box._running_server().library
        for name in names:
            library.delete(next(found.id for found in library.sets() if found.name == name))


@pytest.mark.parametrize("wrong", [AHEAD, BEHIND], ids=["ahead", "behind"])
def test_how_long_a_set_may_take_to_show_is_measured_from_the_first_look(
    theatre: Theatre, state: Path, wrong: str
) -> None:
    """Whenever it was asked for by a wrong clock, its set may be about to show: refused, with a way on."""
    vanishes = Cell(moment="after the request", fault="file vanishes", at="request answered", act=lose)
    with stage(theatre, state, vanishes) as on:
        on.set_clock(wrong)
        known, name, folder = kernel.settings(on.connection), on.plan.name, on.plan.folder
        task = kernel.Task(
            settings=known, name=name, folder=folder, filename=on.plan.filename, rows=3, waits=0.5
        )
        error = kernel.start(task, on.clock).end(HANG_SECONDS).error
        assert error is not None
        assert error[0] == "ImportTimeout"
        on.mend()
        with pytest.raises(PlanError, match="its set does not show yet"):
            on.plan.submit(on.connection, progress=False)
        connect_pandas.job(name, on.connection).discard()
        job = on.plan.submit(on.connection, progress=False)
        assert job.wait(20, progress=False).status == "completed"
