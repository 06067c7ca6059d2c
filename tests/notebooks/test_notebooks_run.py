"""Every notebook runs from top to bottom where nobody has worked before, and is kept clean."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.machine import new_machine

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_runs_on_a_new_machine(path: Path, tmp_path: Path) -> None:
    # With what lies beside it, and in a folder of its own: what it writes stays out of the repository.
    copies = shutil.copytree(FOLDER, tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*"))
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "--nbmake", "--nbmake-timeout=60", "--rootdir=.", "-q"),
            *("-p", "no:cacheprovider", "-p", "nbmake.pytest_plugin", path.name),
        ],
        # Other plugins take longer to load than a notebook takes to run.
        env={**new_machine(tmp_path / "machine"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        cwd=copies,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 passed" in run.stdout


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_notebook_is_kept_clean(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in code if cell.outputs] == []
    assert [cell.execution_count for cell in code if cell.execution_count is not None] == []
    # Widgets' state holds what was typed in; the rest says on whose machine it was saved last.
    assert set(notebook.metadata) <= {"kernelspec", "language_info"}
    assert set(notebook.metadata.get("language_info", {})) <= {"name"}
    assert [cell.metadata for cell in notebook.cells if set(cell.metadata) - {"tags"}] == []


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS
