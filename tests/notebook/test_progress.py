"""Long work shows itself in a terminal, and nowhere where nobody looks."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

import pexpect
import pytest

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT: Final = """
import connect_pandas
from connect_pandas import samples
from connect_pandas.notebook import progress

progress.PATIENCE = 0
with connect_pandas.sandbox():
    for name, silent in {imports}:
        job = samples.many_orders(20_000).connect.create_reference_set(name, **silent)
        job.wait(**silent)
        print("rows", job.rows)
"""


def in_terminal(script: str, folder: Path) -> Any:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "CONNECT_STATE_DIR": str(folder),
        "TERM": "xterm",
    }
    path = folder / "script.py"
    path.write_text(script)
    return pexpect.spawn(
        sys.executable, [str(path)], env=environment, timeout=60, encoding="utf-8", dimensions=(30, 160)
    )


def test_a_terminal_sees_the_look_the_upload_and_the_import_unless_progress_is_false(tmp_path: Path) -> None:
    imports = [("Silent", {"progress": False}), ("Orders", {})]
    child = in_terminal(SCRIPT.format(imports=imports), tmp_path)
    child.expect("rows 20000\r\n")
    assert child.before == ""
    child.expect(r"Looking at the frame: +100% .*120,000/120,000 values")
    child.expect(r"Uploading orders-.*csv: 100% .*20,000/20,000 rows .*[0-9] MB, .*MB/s\]")
    child.expect(r"Importing Orders: .*20,000/20,000 rows")
    child.expect("rows 20000")
    child.expect(pexpect.EOF)


def test_where_nobody_looks_nothing_is_shown(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(imports=[("Orders", {})])],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "CONNECT_STATE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("rows 20000\n", "")


INTERRUPTED: Final = """
import connect_pandas
import pandas as pd

def slow(*arguments, **named):
    print("looking", flush=True)
    import time
    time.sleep(60)

import connect_pandas._look as look
look.profile = slow
pd.DataFrame({"id": ["a"]}).connect.create_reference_set("Orders")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT")
def test_an_interrupted_look_says_that_nothing_was_sent(tmp_path: Path) -> None:
    child = in_terminal(INTERRUPTED, tmp_path)
    child.expect("looking")
    child.kill(signal.SIGINT)
    child.expect("KeyboardInterrupt")
    child.expect("still being looked at: nothing was sent")
    child.expect(pexpect.EOF)
