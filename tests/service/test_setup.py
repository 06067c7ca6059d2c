from __future__ import annotations

import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import keyring
import pytest
from fixtures_service import connection_to

from connect_pandas import cli
from connect_pandas.errors import ConfigurationError, HostKeyError
from connect_pandas.service import setup
from connect_pandas.service.connection import DOMAINS, profiles_file
from tests.sshd import HOST, Sshd, known_host, make_key, public

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTION = connection_to("http://127.0.0.1:1/")


def test_only_an_unknown_server_is_a_question(sshd: Sshd, tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    hosts.touch()
    connection = sshd.connection(known_hosts=hosts)
    assert setup.shown_fingerprint(connection) == sshd.fingerprint("ed25519")
    assert setup.shown_fingerprint(sshd.connection()) is None
    hosts.write_text(known_host(HOST, sshd.port, make_key(tmp_path / "other")))
    with pytest.raises(HostKeyError) as changed:
        setup.shown_fingerprint(connection)
    assert changed.value.reason == "changed"
    lines = [known_host(HOST, sshd.port, key) for key in sshd.host_keys.values()]
    hosts.write_text("".join(f"@revoked {line}" for line in lines))
    with pytest.raises(HostKeyError) as revoked:
        setup.shown_fingerprint(connection)
    assert revoked.value.reason == "revoked"


def kept(name: str) -> dict[str, object]:
    profile: dict[str, object] = tomllib.loads(profiles_file().read_text())[name]
    return profile


def test_what_differs_from_the_domain_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    domain = DOMAINS["prod-us-east-1"]
    monkeypatch.chdir(tmp_path)
    ours = replace(CONNECTION, domain="prod-us-east-1", host="relay.example", endpoint=domain.endpoint)
    setup.save("one", replace(ours, key_file=Path("key")))
    assert (kept("one")["host"], "endpoint" in kept("one")) == ("relay.example", False)
    assert kept("one")["key_file"] == str(tmp_path / "key")
    setup.save("two", replace(ours, host=domain.host))
    assert "host" not in kept("two")
    assert setup.is_kept("one")
    assert not setup.is_kept("three")
    assert [path.name for path in profiles_file().parent.iterdir()] == ["profiles.toml"]


def test_a_keyring_that_raises_what_it_likes_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: str) -> None:
        raise RuntimeError("of another maker")

    monkeypatch.setattr(keyring, "set_password", broken)
    assert setup.remember(CONNECTION) is False


def test_a_key_below_a_file_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="There can be no folder"):
        setup.key_pair(tmp_path / "file" / "key", "ann", None)
    make_key(tmp_path / "key")
    assert setup.key_pair(tmp_path / "key", "ann", None) == public(tmp_path / "key").read_text().strip()


def test_without_a_terminal_it_says_what_it_needs() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "connect_pandas.cli", "setup"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "run it in a terminal" in done.stderr
    assert "Traceback" not in done.stderr


def answering(monkeypatch: pytest.MonkeyPatch, *answers: str) -> Iterator[str]:
    given = iter(answers)
    monkeypatch.setattr("builtins.input", lambda _question: next(given))
    return given


def test_an_empty_answer_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    left = answering(monkeypatch, "", " ", "ann@shop.example", "more")
    assert cli._answer("Your Connect e-mail address") == "ann@shop.example"
    assert list(left) == ["more"]


def test_a_profile_is_not_replaced_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    setup.save("default", CONNECTION)
    before = profiles_file().read_bytes()
    answering(monkeypatch, "no")
    assert cli.main(["setup"]) == 1
    assert profiles_file().read_bytes() == before
