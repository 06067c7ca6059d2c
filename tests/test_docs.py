"""What the documentation says is so: messages are the package's own, settings are complete, examples run."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import connect_pandas
from connect_pandas import errors
from connect_pandas.service.connection import DOMAINS, SETTINGS

PACKAGE = Path(connect_pandas.__file__).parent
ROOT = PACKAGE.parent
TROUBLES = (ROOT / "docs/troubleshooting.md").read_text(encoding="utf-8")
SETTINGS_PAGE = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


@cache
def literals() -> tuple[str, ...]:
    """Return every text in the package's code, what is filled in left out."""

    def joined(node: ast.JoinedStr) -> str:
        return "…".join(str(v.value) for v in node.values if isinstance(v, ast.Constant))

    found = list[str]()
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                found.append(joined(node))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return tuple(found)


def said() -> list[str]:
    """Return the messages that the page on troubles quotes."""
    rows = [line for line in TROUBLES.splitlines() if line.startswith("| `")]
    spans = [span for row in rows for span in re.findall(r"`([^`]+)`", row.split(" | ")[0])]
    return [span for span in spans if span not in errors.__all__]


def test_every_error_has_its_section() -> None:
    sections = re.findall(r"^## (\w+)$", TROUBLES, re.MULTILINE)
    assert set(sections) >= set(errors.__all__) - {"ConnectError"}


@pytest.mark.parametrize("words", said())
def test_what_is_quoted_is_what_is_said(words: str) -> None:
    parts = [part.strip() for part in words.split("…")]
    assert any(all(part in text for part in parts) for text in literals()), words


def test_the_settings_are_all_there_are() -> None:
    for name in SETTINGS:
        assert f"`{name}`" in SETTINGS_PAGE
        assert f"`CONNECT_{name.upper()}`" in SETTINGS_PAGE
    listed = set(re.findall(r"CONNECT_[A-Z_]+", SETTINGS_PAGE))
    assert listed == {f"CONNECT_{name.upper()}" for name in SETTINGS} | {
        "CONNECT_PROFILE",
        "CONNECT_STATE_DIR",
    }
    for name, domain in DOMAINS.items():
        assert f"| `{name}` | `{domain.host}` | `{domain.endpoint}` |" in SETTINGS_PAGE


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_the_example_of_a_users_tests_passes(tmp_path: Path) -> None:
    (code,) = re.findall(
        r"```python\n(.*?)```", (ROOT / "docs/testing.md").read_text(encoding="utf-8"), re.DOTALL
    )
    (tmp_path / "test_export.py").write_text(code, encoding="utf-8")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--disable-plugin-autoload"),
            *("-W", "error", "test_export.py"),
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert "5 passed" in run.stdout
