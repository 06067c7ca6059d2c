"""The theatre of the fault matrix: what the cells of one file share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import connect_pandas
from connect_pandas._sandbox import Sandbox
from tests.faults.play import Theatre, frame
from tests.faults.table import pytest_terminal_summary  # noqa: F401 - pytest finds it here
from tests.service.object_store import loop_in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def theatre(request: pytest.FixtureRequest) -> Iterator[Theatre]:
    plan = connect_pandas.plan(frame(), "Faults")
    content = b"".join(piece for piece, _ in plan.pieces())
    with Sandbox(import_delay=getattr(request.module, "IMPORT_DELAY", 0.0)) as box, loop_in_thread() as loop:
        yield Theatre(box, loop, plan, content)
