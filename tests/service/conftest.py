"""The servers that this room's tests talk to."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from fixtures_service import FakeApi, fake_api

from connect_pandas._sandbox import Sandbox
from tests import sshd as openssh
from tests.service.object_store import Store, object_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connect_pandas.service.connection import Connection
    from tests.sshd import Sshd


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """A real OpenSSH server."""
    if openssh.find() is None:
        pytest.skip("there is no sshd here: install OpenSSH's server")
    with openssh.sshd(tmp_path_factory.mktemp("sshd") / "server") as server:
        yield server


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An object store behind SFTP that advertises no extension."""
    with object_store(tmp_path_factory.mktemp("store")) as server:
        yield server


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def fake() -> Iterator[FakeApi]:
    with fake_api() as api:
        yield api


@pytest.fixture
def way(box: Sandbox, state: Path) -> Connection:
    """The way into the sandbox, with the test's own journal."""
    return dataclasses.replace(box.connection, state=state)


@pytest.fixture
def connection(way: Connection, fake: FakeApi) -> Connection:
    """The sandbox's file server, and an API that answers as it is told."""
    return dataclasses.replace(way, endpoint=fake.url)
