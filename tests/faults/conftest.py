"""The theatre of the fault matrix: what the cells of one file share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import connect_pandas
from connect_pandas._sandbox import Sandbox
from tests.faults.certificates import Certificates
from tests.faults.kernel import frame
from tests.faults.play import ROWS, Theatre
from tests.faults.table import pytest_terminal_summary  # noqa: F401 - pytest finds it here
from tests.service.object_store import loop_in_thread

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "cell" in metafunc.fixturenames:
        metafunc.parametrize("cell", metafunc.module.CELLS, ids=lambda cell: cell.name)


@pytest.fixture(scope="module")
def theatre(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    certificates = Certificates(tmp_path_factory.mktemp("certificates"))
    plan = connect_pandas.plan(frame(ROWS), "Faults")
    content = b"".join(piece for piece, _ in plan.pieces())
    delay = getattr(request.module, "IMPORT_DELAY", 0.0)
    with (
        pytest.MonkeyPatch.context() as patch,
        Sandbox(import_delay=delay) as box,
        loop_in_thread() as loop,
    ):
        patch.setenv("SSL_CERT_FILE", str(certificates.trusted))
        yield Theatre(box, loop, plan, content, certificates)
