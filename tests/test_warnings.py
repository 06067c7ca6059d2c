"""A warning stands at the user's own line, whichever way the package was called."""

from __future__ import annotations

import linecache
import warnings
from typing import TYPE_CHECKING

import pandas as pd
import pytest

import connect_pandas
from connect_pandas import ConnectWarning, ImportTimeout, Sandbox
from connect_pandas.service import job as job_room
from connect_pandas.service.journal import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connect_pandas import ImportJob

FRAME = pd.DataFrame({"id": ["a", "b"], "at": pd.to_datetime(["2024-01-01 05:00", "2024-01-02 06:00"])})


def by_the_accessor(name: str) -> ImportJob:
    return FRAME.connect.create_reference_set(name, progress=False)  # mine


def by_the_twin(name: str) -> ImportJob:
    return connect_pandas.create_reference_set(FRAME, name, progress=False)  # mine


def by_a_plan(name: str) -> ImportJob:
    return FRAME.connect.plan(name).submit(progress=False)  # mine


WAYS = [by_the_accessor, by_the_twin, by_a_plan]


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with connect_pandas.sandbox() as box:
        yield box


def warned(call: Callable[[], object]) -> list[str]:
    """What a call warns of, each at a line of the user's."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        call()
    for w in told:
        assert (w.category, w.filename) == (ConnectWarning, __file__), w.message
        assert "# mine" in linecache.getline(w.filename, w.lineno)
    return [str(w.message) for w in told]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.usefixtures("box")
def test_what_is_warned_of_the_data(way: Callable[[str], ImportJob]) -> None:
    (said,) = warned(lambda: way("Orders"))
    assert "no time zone" in said


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.usefixtures("box")
def test_what_is_warned_of_a_second_time(way: Callable[[str], ImportJob]) -> None:
    warned(lambda: way("Orders"))
    _, said = warned(lambda: way("Orders"))
    assert "from the same data" in said


@pytest.mark.parametrize("way", WAYS)
def test_what_is_warned_of_the_journal(box: Sandbox, way: Callable[[str], ImportJob]) -> None:
    (box.connection.state / FILE_NAME).mkdir(parents=True)
    _, said = warned(lambda: way("Orders"))
    assert "journal" in said


@pytest.mark.usefixtures("box")
def test_what_is_warned_of_a_standstill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_room, "STILL_SECONDS", 0.0)
    with Sandbox(import_delay=3600) as slow:
        job = FRAME.astype({"at": "str"}).connect.create_reference_set(
            "Slow", connection=slow.connection, types={"at": "TEXT"}, progress=False
        )

        def wait() -> None:
            with pytest.raises(ImportTimeout):
                job.wait(1, progress=False)  # mine

        (said,) = warned(wait)
    assert "without any change" in said
