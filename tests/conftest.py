"""No test sees this machine's own settings, keyring or journal, and none leaves a connection behind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import keyring
import pytest
from keyring.backends.null import Keyring as NoKeyring

from connect_pandas.service.connection import use

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

keyring.set_keyring(NoKeyring())


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the test's own journal."""
    for name in [n for n in os.environ if n.startswith("CONNECT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("CONNECT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    yield tmp_path / "state"
    use(None)
