"""How a job that came to an end is shown: by that end, and not as one of which nothing is known."""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING

import pytest
from fixtures_service import FakeApi, OrdersPlan, refusal

import connect_pandas
from connect_pandas._sandbox import Sandbox
from connect_pandas._sandbox.sftp import Faults
from connect_pandas.errors import ConnectionFailed, ImportRejected, UploadFailed
from connect_pandas.service.submit import submit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connect_pandas.service.connection import Connection
    from connect_pandas.service.job import ImportJob

ANEW = 'next: df.connect.create_reference_set("Orders")   import the data anew'


@pytest.fixture
def plan() -> OrdersPlan:
    return OrdersPlan(folder=uuid.uuid4().hex)


def shown(job: ImportJob) -> list[str]:
    """Return the lines of a job's text; its HTML has the same head."""
    both = job._repr_mimebundle_()
    lines = both["text/plain"].splitlines()
    assert lines[0].replace("'", "&#x27;") in both["text/html"]
    return [" ".join(line.split()) for line in lines]


def test_one_that_was_refused(plan: OrdersPlan, connection: Connection, fake: FakeApi) -> None:
    fake.mutation = refusal("INPUT_VALIDATION_FAILED. No.")
    with pytest.raises(ImportRejected):
        submit(plan, connection)
    job = connect_pandas.job("Orders", connection)
    for _ in ("as the journal has it", "as the service shows it"):
        head, *lines = shown(job)
        assert head == "Import job (no id): reference set 'Orders', rejected"
        assert "– done no import was begun" in lines
        assert lines[-1] == " ".join(ANEW.split())
        assert job.status == "unknown"


def test_one_that_was_never_sent(plan: OrdersPlan, connection: Connection, fake: FakeApi) -> None:
    class Vanishing(OrdersPlan):
        def pieces(self) -> Iterator[tuple[bytes, int]]:
            yield from super().pieces()
            fake.go_away()

    with pytest.raises(ConnectionFailed):
        submit(Vanishing(folder=plan.folder), connection)
    head, *lines = shown(connect_pandas.job("Orders", connection))
    assert head.endswith(", failed")
    assert any(line.startswith("✗ submitted failed") for line in lines)
    assert lines[-1] == " ".join(ANEW.split())


def test_one_whose_file_did_not_arrive(plan: OrdersPlan, fake: FakeApi, state: Path) -> None:
    with Sandbox(faults=Faults(refuse_close=True)) as faulty:
        way = dataclasses.replace(faulty.connection, endpoint=fake.url, state=state)
        with pytest.raises(UploadFailed):
            submit(plan, way)
        head, *lines = shown(connect_pandas.job("Orders", way))
    assert head.endswith(", failed")
    assert any(line.startswith("✗ uploaded failed") for line in lines)
    assert lines[-1].startswith('next: job.resume(df.connect.plan("Orders"))')


def test_one_that_was_discarded(plan: OrdersPlan, connection: Connection) -> None:
    job = submit(plan, connection)
    other = connect_pandas.job("Orders", connection)
    assert shown(other)[0].endswith(", submitted")
    job.discard()
    for one in (job, other, connect_pandas.job("Orders", connection)):  # the second was not told
        head, *lines = shown(one)
        assert head == "Import job job-1: reference set 'Orders', discarded"
        assert "– done it was discarded and its file removed" in lines
        assert lines[-1] == " ".join(ANEW.split())
