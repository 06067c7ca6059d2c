from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from workshop import Client, set_input

from connect_pandas._sandbox import Sandbox, importer, reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def client() -> Iterator[Client]:
    """A sandbox of the test's own."""
    with Sandbox(import_delay=0) as box:
        client = Client(box)
        yield client
        client.close()


@pytest.fixture
def held(client: Client, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Hold the importer at a first job, so that later ones wait until the fixture is called."""
    released = threading.Event()

    def read_when_released(*arguments: Any) -> Iterator[reader.Batch]:
        assert released.wait(20)
        yield from reader.read(*arguments)

    monkeypatch.setattr(importer, "read", read_when_released)
    client.put("id\n", "first.csv")
    location = {"type": "SFTP", "filename": "first.csv", "folder": ""}
    client.submit(set_input({"id": "TEXT"}, "id", dataSetName="First", fileLocation=location))
    yield released.set
    released.set()


@pytest.fixture(scope="module")
def shared() -> Iterator[Client]:
    """One sandbox for all tests of a module that leave nothing in it."""
    with Sandbox(import_delay=0) as box:
        client = Client(box)
        yield client
        client.close()
