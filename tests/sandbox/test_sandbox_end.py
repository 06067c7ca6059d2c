"""However a sandbox ends, its keys and its sockets go with it."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from typing import TYPE_CHECKING

import asyncssh
import pytest

from connect_pandas._sandbox import Sandbox, server, sftp, store
from connect_pandas._sandbox.bell import Bell

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has neither these signals nor these locks")


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, for this process and those that it starts."""
    folder = tmp_path / "temporary files"  # a blank, as in many a user's name
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def start(*arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def first_line_with(child: subprocess.Popen[str], words: str) -> str:
    assert child.stdout is not None
    line = next((line for line in child.stdout if words in line), None)
    assert line is not None, child.communicate()
    return line


@pytest.fixture
def killed(temporary: Path) -> Path:
    """The folder of a sandbox whose Python was killed."""
    code = (
        "from connect_pandas._sandbox import Sandbox; import time\n"
        "box = Sandbox(); print('up', flush=True); time.sleep(99)"
    )
    child = start("-c", code)
    first_line_with(child, "up")
    child.kill()
    child.communicate()
    (folder,) = temporary.iterdir()
    return folder


def test_the_next_sandbox_removes_what_a_killed_one_left(killed: Path) -> None:
    assert (killed / "key").exists()

    with Sandbox() as box:
        assert not killed.exists()
        with Sandbox():
            assert box.connection.key_file.exists(), "a living one is left alone"


def test_only_folders_of_sandboxes_are_removed(temporary: Path) -> None:
    mine = [temporary / name for name in ("connect-sandbox-notes", "connect-sandbox-file", "pid")]
    mine[0].mkdir()
    mine[1].write_text("mine")
    mine[2].write_text("1")

    Sandbox().stop()

    assert sorted(temporary.iterdir()) == sorted(mine)


def ends_cleanly(child: subprocess.Popen[str], temporary: Path) -> None:
    said, errors = child.communicate(timeout=30)
    assert (child.returncode, errors) == (0, "")
    assert "nothing is left behind" in said
    assert not list(temporary.iterdir())


@pytest.mark.parametrize("name", ["SIGHUP", "SIGINT"])
def test_a_signal_ends_the_command_cleanly(temporary: Path, name: str) -> None:
    child = start("-m", "connect_pandas.cli", "sandbox")
    line = first_line_with(child, "source ")
    found = subprocess.run(["sh", "-c", line.replace("source", "ls", 1)], capture_output=True, check=False)

    child.send_signal(getattr(signal, name))

    ends_cleanly(child, temporary)
    assert found.returncode == 0, found.stderr


def test_nohup_is_respected_until_sigterm_ends_it_cleanly(temporary: Path) -> None:
    code = (
        "import signal, sys; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from connect_pandas.cli import main; sys.exit(main(['sandbox']))"
    )
    child = start("-c", code)
    first_line_with(child, "source ")

    child.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        child.wait(0.5)
    child.send_signal(signal.SIGTERM)

    ends_cleanly(child, temporary)


def test_nobody_reads_on(temporary: Path) -> None:
    child = start("-u", "-m", "connect_pandas.cli", "demo")
    first_line_with(child, "Starting")
    assert child.stdout is not None
    child.stdout.close()

    assert child.stderr is not None
    assert child.stderr.read() == ""
    child.stderr.close()
    assert child.wait(30) == 141
    assert not list(temporary.iterdir())


def test_who_comes_in_at_the_end_is_thrown_out(tmp_path: Path) -> None:
    key = asyncssh.generate_private_key(server.KEY_ALGORITHM)

    async def scene() -> None:
        door = server._listen()
        files = await sftp.serve(
            door, key, sftp.Keys("ann", key), store.Store(tmp_path, "sub_1", Bell()), sftp.NO_FAULTS
        )
        client = socket.create_connection(door.getsockname())
        for _ in range(2):  # after these turns asyncio has taken the connection and made nothing of it yet
            await asyncio.sleep(0)
        await files.stop()
        client.close()

    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        asyncio.run(scene())
        gc.collect()

    assert [str(warning.message) for warning in said] == []


def test_the_journal_of_its_imports_goes_with_it() -> None:
    with Sandbox() as box:
        state = box.connection.state
        assert box.connection.kind == "sandbox"
        assert state is not None
        assert state.parent == box.connection.key_file.parent
