"""No test sees this machine's own settings, keys, keyring or journal, and none leaves a connection behind."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import keyring
import pytest
from keyring.backends.null import Keyring as NoKeyring

from connect_pandas.service.connection import use
from tests.faults.table import pytest_terminal_summary  # noqa: F401 - a hook: it prints the table of faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

keyring.set_keyring(NoKeyring())
# Jupyter checks a kind of address with it that no notebook has, and does without it; it takes seconds to load.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

LONGEST_FIRST = (
    "test_faults_slow",  # a minute of it nothing runs
    "test_in_jupyterlab",
    "test_notebooks_run",
    "test_form_in_jupyterlab",
    "test_faults_here",
    "test_interrupted_in_jupyterlab",
    "test_faults_upload",
    "test_setup_in_jupyterlab",
    "test_cli",
    "test_sandbox_in_jupyterlab",
    "test_faults_clock",
)
"""Files that would otherwise be what one process does alone at the end. Between those in a browser, which use a core or
more each, are some that wait.
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(autouse=True)
def state(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """The folder of the test's own journal."""
    for name in [n for n in os.environ if n.startswith("CONNECT_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    monkeypatch.setenv("CONNECT_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    yield tmp_path / "state"
    use(None)
