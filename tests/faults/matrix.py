"""All cells, in the order of an import."""

from __future__ import annotations

from tests.faults import (
    cells_clock,
    cells_follow,
    cells_here,
    cells_logon,
    cells_request,
    cells_slow,
    cells_two,
    cells_upload,
)
from tests.faults.play import MOMENTS

CELLS = tuple(
    sorted(
        (
            *cells_logon.CELLS,
            *cells_upload.CELLS,
            *cells_request.CELLS,
            *cells_follow.CELLS,
            *cells_here.CELLS,
            *cells_slow.CELLS,
            *cells_two.CELLS,
            *cells_clock.CELLS,
        ),
        key=lambda cell: MOMENTS.index(cell.moment),
    )
)
