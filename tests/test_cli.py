"""The command line, run as a user runs it."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

import connect_pandas
from connect_pandas import ConfigurationError
from connect_pandas._questions import setup_here

if TYPE_CHECKING:
    from connect_pandas import Sandbox


def run(
    *arguments: str,
    given: str | None = None,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "connect_pandas.cli", *arguments],
        capture_output=True,
        text=True,
        input=given,
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


def test_a_missing_connection_is_one_clear_message() -> None:
    done = run("check")
    assert done.returncode == 1
    assert done.stderr.startswith("ConfigurationError: The connection lacks user, host")
    assert "Traceback" not in done.stderr


def test_the_sandbox_serves_until_it_is_interrupted_and_check_says_what_works() -> None:
    child = pexpect.spawn(
        sys.executable, ["-m", "connect_pandas.cli", "sandbox"], timeout=60, encoding="utf-8"
    )
    child.expect(r"source (\S+)")
    path = Path(child.match.group(1).strip())
    mode = path.stat().st_mode & 0o777
    good, bad = (
        subprocess.run(
            ["sh", "-c", f". {path}; {more} exec {sys.executable} -m connect_pandas.cli check"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        for more in ("", "CONNECT_API_KEY=another")
    )
    child.sendintr()
    child.expect("nothing is left behind")
    child.expect(pexpect.EOF)
    assert mode == 0o600
    assert (good.returncode, good.stderr) == (0, ""), good.stdout
    assert good.stdout.count("✓") == 2
    assert bad.returncode == 1
    assert "✓" in bad.stdout
    assert "✗" in bad.stdout
    assert not path.exists()


def asked(*answers: tuple[str, str], **environment: str) -> pexpect.spawn[str]:
    """Run setup in a terminal of its own and answer each question that holds these words."""
    child = pexpect.spawn(
        sys.executable,
        ["-m", "connect_pandas.cli", "setup"],
        timeout=60,
        encoding="utf-8",
        env={**os.environ, **environment},  # type: ignore[arg-type]  # it takes any mapping
    )
    child.logfile_read = io.StringIO()
    for question, answer in answers:
        child.expect_exact(question)
        child.sendline(answer)
    return child


def ended(child: pexpect.spawn[str]) -> tuple[int | None, str]:
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.logfile_read.getvalue().replace("\r\n", "\n")


def own(box: Sandbox) -> list[tuple[str, str]]:
    """Answer that the service is this sandbox, as a server of one's own."""
    way = box.connection
    return [
        ("Number", "4"),
        ("Host", way.host),
        ("Port", str(way.port)),
        ("Address of the API", way.endpoint),
    ]


def test_setup_makes_a_key_registers_it_and_keeps_a_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "ssh" / "connect"
    monkeypatch.setenv("HOME", str(tmp_path))  # has no known hosts
    with connect_pandas.sandbox() as box:
        way = box.connection
        child = asked(
            *own(box),
            ("e-mail address", "ann+shop@x"),
            ("never '+'", ""),
            ("e-mail address", way.user),
            ("API key (not shown", "wrong-key"),
            ("does not accept the API key", "yes"),
            ("API key (not shown", way.api_key.reveal()),
            ("Private key", str(key)),
            ("Passphrase for the new key", "open sesame"),
            ("once more", "open sesame"),
            ("Register it", "yes"),
            ("Is it the same", "yes"),
            ("Name of the profile [default]", ""),
        )
        status, shown = ended(child)
        assert f"shows the fingerprint\n  {way.host_key}" in shown
        assert (status, shown.count("✓")) == (0, 10)
        assert "From now on: connect_pandas.connect()" in shown
        for secret in (way.api_key.reveal(), "wrong-key", "open sesame"):
            assert secret not in shown
        assert key.stat().st_mode & 0o777 == 0o600
        kept = tomllib.loads((tmp_path / "config" / "connect-pandas" / "profiles.toml").read_text())[
            "default"
        ]
        assert kept["host_key"] == way.host_key
        assert kept["directory"].startswith("sub_")
        assert "api_key" not in kept
        monkeypatch.setenv("CONNECT_API_KEY", way.api_key.reveal())
        monkeypatch.setenv("CONNECT_PASSPHRASE", "open sesame")
        assert connect_pandas.connect("default").check().ok


def known(box: Sandbox, key_file: Path) -> dict[str, str]:
    way = box.connection
    return {
        "CONNECT_USER": way.user,
        "CONNECT_HOST": way.host,
        "CONNECT_PORT": str(way.port),
        "CONNECT_ENDPOINT": way.endpoint,
        "CONNECT_API_KEY": way.api_key.reveal(),
        "CONNECT_KEY_FILE": str(key_file),
        "HOME": str(key_file.parent),  # has no known hosts
    }


ENTER = [("Number", ""), ("e-mail", ""), ("API key (not", ""), ("Private key", ""), ("Passphrase", "")]


def test_setup_stops_when_the_fingerprint_is_another(tmp_path: Path) -> None:
    with connect_pandas.sandbox() as box:
        child = asked(*ENTER, ("Register it", "no"), ("Is it the same", "no"), **known(box, tmp_path / "key"))
        status, shown = ended(child)
    assert status == 1
    assert "Do not go on" in shown
    assert not (tmp_path / "config" / "connect-pandas").exists()


def test_setup_goes_back_to_an_earlier_step(tmp_path: Path) -> None:
    with connect_pandas.sandbox() as box:
        child = asked(
            *ENTER,
            ("Register it", "no"),  # it is new: nobody has registered it
            ("Is it the same", "yes"),
            ("does not let", "5"),
            ("Register it", "yes"),
            ("Name of the profile", "shop"),
            **known(box, tmp_path / "key"),
        )
        status, shown = ended(child)
    assert status == 0
    assert 'connect_pandas.connect("shop")' in shown
    with connect_pandas.sandbox() as box:
        child = asked(
            *ENTER[:3],
            ("Private key", str(tmp_path)),
            ("Passphrase", ""),
            ("is a directory", "no"),
            **known(box, tmp_path / "key"),
        )
        status, shown = ended(child)
    assert status == 1
    assert "no profile was saved" in shown


def test_setup_asks_before_it_replaces_a_profile(tmp_path: Path) -> None:
    profiles = tmp_path / "config" / "connect-pandas" / "profiles.toml"
    profiles.parent.mkdir(parents=True)
    profiles.write_text('[default]\nuser = "ann@shop.com"\n')
    with connect_pandas.sandbox() as box:
        child = asked(
            *ENTER,
            ("Register it", "yes"),
            ("Is it the same", "yes"),
            ("Name of the profile [default]", ""),
            ("Replace it?", "no"),
            ("give another name", ""),
            ("Name of the profile [default]", "other"),
            **known(box, tmp_path / "key"),
        )
        assert ended(child)[0] == 0
    kept = tomllib.loads(profiles.read_text())
    assert kept["default"] == {"user": "ann@shop.com"}
    assert kept["other"]["user"] == box.connection.user


def test_setup_without_a_terminal_says_what_it_needs() -> None:
    done = run("setup", given="")
    assert done.returncode == 1
    assert "run it in a terminal" in done.stderr
    assert "Traceback" not in done.stderr
    with pytest.raises(ConfigurationError, match=r"connect-pandas setup[\s\S]*connect_pandas\.connect"):
        setup_here("default")  # under pytest, standard input is no terminal


def test_setup_in_python_asks_in_a_terminal() -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-c", "from connect_pandas._questions import setup_here; setup_here('default')"],
        timeout=60,
        encoding="utf-8",
    )
    child.expect_exact("prod-us-east-1")
    child.sendeof()
    child.expect_exact("run it in a terminal")
    child.expect(pexpect.EOF)


def test_setup_takes_nothing_for_yes_or_no_that_is_neither() -> None:
    child = pexpect.spawn(
        sys.executable,
        ["-c", "from connect_pandas import _questions as q; print('so', q._yes('Same?')); q.setup_here('x')"],
        timeout=60,
        encoding="utf-8",
    )
    for question, answer in (
        ("Same? [yes/no]", "yse"),
        ("Please answer yes or no.", ""),
        ("Please answer yes or no.", "Y"),
        ("so True", ""),
        ("Number", "99"),
        ("is none of these", "nein"),
        ("Please answer yes, no, or a number from 1 to 9.", "10"),
        ("Please answer yes, no, or a number from 1 to 9.", "no"),
        ("no profile was saved", ""),
    ):
        child.expect_exact(question)
        child.sendline(answer)
    child.expect(pexpect.EOF)


def test_the_version_is_that_of_the_package() -> None:
    done = run("--version")
    assert (done.returncode, done.stdout) == (0, f"connect-pandas {connect_pandas.__version__}\n")
