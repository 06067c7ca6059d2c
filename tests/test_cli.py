"""The command line, run as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect

import connect_pandas
from connect_pandas import cli

if TYPE_CHECKING:
    import pytest


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "connect_pandas.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **environment},
    )


def test_the_demo_imports_both_frames_and_leaves_nothing() -> None:
    done = run("demo")
    assert (done.returncode, done.stderr) == (0, "")
    for said in (
        "Import plan: reference set 'Orders'",
        "8 of 8 rows",
        "200,000 of 200,000 rows",
        "no difference",
        "2024-11-01 16:04:38.000",
        "ann@shop.example",
        "nothing is left behind",
    ):
        assert said in done.stdout


def test_check_says_what_works() -> None:
    with connect_pandas.sandbox() as box:
        way = box.connection
        settings = {
            "CONNECT_USER": way.user,
            "CONNECT_HOST": way.host,
            "CONNECT_PORT": str(way.port),
            "CONNECT_ENDPOINT": way.endpoint,
            "CONNECT_KEY_FILE": str(way.key_file),
            "CONNECT_HOST_KEY": str(way.host_key),
            "CONNECT_API_KEY": way.api_key.reveal(),
        }
        good = run("check", **settings)
        assert (good.returncode, good.stderr) == (0, "")
        assert good.stdout.count("✓") == 2
        bad = run("check", **{**settings, "CONNECT_API_KEY": "another"})
        assert bad.returncode == 1
        assert "✓" in bad.stdout
        assert "✗" in bad.stdout


def test_a_missing_connection_is_one_clear_message() -> None:
    done = run("check")
    assert done.returncode == 1
    assert done.stderr.startswith("ConfigurationError: The connection lacks user, host")
    assert "Traceback" not in done.stderr


def test_the_sandbox_serves_until_it_is_interrupted() -> None:
    child = pexpect.spawn(
        sys.executable, ["-m", "connect_pandas.cli", "sandbox"], timeout=60, encoding="utf-8"
    )
    child.expect(r"source (\S+)")
    path = Path(child.match.group(1).strip())
    mode = path.stat().st_mode & 0o777
    check = subprocess.run(
        ["sh", "-c", f". {path}; exec {sys.executable} -m connect_pandas.cli check"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    child.sendintr()
    child.expect("nothing is left behind")
    child.expect(pexpect.EOF)
    assert mode == 0o600
    assert check.returncode == 0, check.stdout + check.stderr
    assert not path.exists()


def test_setup_makes_a_key_registers_it_and_keeps_a_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "ssh" / "connect"
    with connect_pandas.sandbox() as box:
        monkeypatch.setenv("CONNECT_HOST", box.connection.host)
        monkeypatch.setenv("CONNECT_PORT", str(box.connection.port))
        monkeypatch.setenv("CONNECT_ENDPOINT", box.connection.endpoint)
        monkeypatch.setenv("HOME", str(tmp_path))  # has no known hosts
        child = pexpect.spawn(
            sys.executable, ["-m", "connect_pandas.cli", "setup"], timeout=60, encoding="utf-8"
        )
        child.expect("e-mail address")
        child.sendline(box.connection.user)
        child.expect("API key")
        child.sendline(box.connection.api_key.reveal())
        child.expect("Private key")
        child.sendline(str(key))
        child.expect("Passphrase")
        child.sendline("")
        child.expect("Register it")
        child.sendline("yes")
        child.expect(str(box.connection.host_key).replace("+", r"\+"))
        child.expect("Is it the same")
        child.sendline("yes")
        child.expect("Kept as the profile 'default'")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0
        assert box.connection.api_key.reveal() not in (child.before or "")
        assert key.stat().st_mode & 0o777 == 0o600
        kept = tomllib.loads((tmp_path / "config" / "connect-pandas" / "profiles.toml").read_text())[
            "default"
        ]
        assert kept["host_key"] == box.connection.host_key
        assert "api_key" not in kept
        monkeypatch.setenv("CONNECT_API_KEY", box.connection.api_key.reveal())
        assert connect_pandas.connect("default").check().ok


def test_setup_stops_when_the_fingerprint_is_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with connect_pandas.sandbox() as box:
        way = box.connection
        for name, value in {
            "USER": way.user,
            "HOST": way.host,
            "PORT": str(way.port),
            "ENDPOINT": way.endpoint,
            "API_KEY": way.api_key.reveal(),
            "KEY_FILE": str(tmp_path / "key"),
        }.items():
            monkeypatch.setenv(f"CONNECT_{name}", value)
        monkeypatch.setenv("HOME", str(tmp_path))  # has no known hosts
        answers = iter(["yes", "no"])
        monkeypatch.setattr("builtins.input", lambda _question: next(answers))
        monkeypatch.setattr("getpass.getpass", lambda _question: "")
        assert cli.main(["setup"]) == 1
    assert not (tmp_path / "config" / "connect-pandas").exists()
