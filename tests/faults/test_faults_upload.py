"""What breaks until the import is asked for: the second file of the fault matrix (``cells_upload.py``)."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from connect_pandas.errors import ConnectionFailed, UploadFailed
from connect_pandas.service import logon
from tests.faults.acts import idle
from tests.faults.cells_upload import CELLS  # noqa: F401 - conftest.py has them played
from tests.faults.play import (
    Cell,
    Theatre,
    stage,
    test_nothing_is_lost_and_nothing_done_twice,  # noqa: F401 - pytest finds it here
)
from tests.sshd import sshd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connect_pandas.service.progress import Advance

SFTP_SERVER = shutil.which(
    "sftp-server", path="/usr/lib/openssh:/usr/libexec/openssh:/usr/lib/ssh:/usr/libexec"
)


@pytest.mark.parametrize("kept_alive", [True, False])
def test_a_session_survives_a_long_encoding(
    theatre: Theatre, state: Path, monkeypatch: pytest.MonkeyPatch, kept_alive: bool
) -> None:
    """Over a line that drops whoever is silent for half a second, as a firewall does after minutes."""
    monkeypatch.setattr(logon, "KEEP_ALIVE_SECONDS", 0.1 if kept_alive else 30)

    @contextmanager
    def slow(label: str, total: int | None, unit: str) -> Iterator[Advance]:
        time.sleep(1.5 if label.startswith("Uploading") else 0)
        yield lambda _count, _size=0: None

    cell = Cell(moment="in mid-upload", fault="idle", at="start", act=idle)
    with stage(theatre, state, cell) as on:
        on.begin()
        if kept_alive:
            assert on.plan.submit(on.connection, progress=slow).wait(20, progress=False).status == "completed"
        else:
            with pytest.raises(ConnectionFailed, match="was lost"):
                on.plan.submit(on.connection, progress=slow)
            assert on.asked == []


# ── OpenSSH ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        (["ForceCommand internal-sftp -R -d {root}"], UploadFailed, "refused to make the folder .*denied"),
        (
            ["ForceCommand internal-sftp -P write -d {root}"],
            UploadFailed,
            "(?s)refused the .*Nothing was left",
        ),
        (
            ["ForceCommand internal-sftp -P open -d {root}"],
            UploadFailed,
            "(?s)refused to open .*Nothing was sent",
        ),
        (["ForceCommand internal-sftp -P write,remove -d {root}"], UploadFailed, "may be left on the server"),
        (
            ["ForceCommand sh -c 'ulimit -f 40; trap \"\" XFSZ; {server}'"],
            UploadFailed,
            "(?s)refused the .*Nothing was left",
        ),
    ],
    ids=[
        "read-only",
        "writes denied",
        "opening denied",
        "nothing can be removed",
        "disk full",
    ],
)
def test_what_openssh_refuses_asks_for_no_import(
    theatre: Theatre, state: Path, tmp_path: Path, options: list[str], kind: type[Exception], words: str
) -> None:
    cell = Cell(moment="in mid-upload", fault="OpenSSH", at="", act=idle)
    root = tmp_path / "server" / "root"
    server = f"cd {root}; {SFTP_SERVER}"
    given = [line.format(root=root, server=server) for line in options]
    with stage(theatre, state, cell) as on, sshd(tmp_path / "server", options=given) as openssh:
        connection = openssh.connection(
            endpoint=on.connection.endpoint, api_key=on.connection.api_key, state=state
        )
        with pytest.raises(kind, match=words) as failed:
            on.plan.submit(connection, progress=False)
        left = [path for path in root.rglob("*") if path.is_file()]
        assert all(str(path) in str(failed.value) for path in left)
        assert ("may be left" in str(failed.value)) == bool(left)
        assert on.asked == []
