"""The steps of setting up: what each takes, what rests on it, what it keeps."""

from __future__ import annotations

import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import keyring
import pytest
from fixtures_service import API_KEY, FakeApi, connection_to

from connect_pandas.errors import ConfigurationError, HostKeyError
from connect_pandas.service import keys, setup
from connect_pandas.service.connection import DOMAINS, Connection, Secret, keyring_account, profiles_file, use
from connect_pandas.service.setup import Answers, ApiKey, KeyPair, Place
from tests.sshd import HOST, Sshd, known_host, make_key, public

if TYPE_CHECKING:
    from connect_pandas._sandbox import Sandbox

CONNECTION = connection_to("http://127.0.0.1:1/")
STEPS = {step.name: step for step in setup.STEPS}


def answers_for(connection: Connection) -> Answers:
    """Return the answers of somebody who has come to the file server."""
    place = Place(
        label="here",
        host=connection.host,
        port=connection.port,
        endpoint=connection.endpoint,
        host_key=connection.host_key,
        known_hosts=connection.known_hosts,
    )
    return Answers(
        place=place,
        user=connection.user,
        api_key=ApiKey(connection.api_key, "as typed", ()),
        key=KeyPair(connection.key_file, None, "ssh-ed25519 AAAA"),
        registered=True,
    )


def test_each_step_is_an_answer_and_rests_on_earlier_ones() -> None:
    assert list(STEPS) == [f.name for f in fields(Answers)]
    for number, step in enumerate(setup.STEPS):
        assert set(step.needs) <= {earlier.name for earlier in setup.STEPS[:number]}


def test_what_rests_on_an_older_answer_is_forgotten() -> None:
    full = replace(answers_for(CONNECTION), server="", directory="sub_1")
    assert full.next is STEPS["checkup"]
    assert full.having(user=full.user) == full
    other_user = full.having(user="bob@shop.com")
    assert (other_user.directory, other_user.registered, other_user.next) == (None, True, STEPS["directory"])
    other_key = full.having(key=None)
    assert (other_key.registered, other_key.directory, other_key.server) == (None, None, "")
    other_place = full.having(place=None)
    assert (other_place.api_key, other_place.server, other_place.key) == (None, None, full.key)
    assert setup.still_holds(STEPS["server"], full, other_key)
    assert not setup.still_holds(STEPS["directory"], full, other_key)
    assert not setup.still_holds(STEPS["checkup"], full, other_place)


def test_answers_and_what_is_known_show_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECT_API_KEY", API_KEY)
    answers = answers_for(CONNECTION).having(key=KeyPair(Path("key"), Secret("open sesame"), "line"))
    shown = repr((answers, setup.known()))
    assert API_KEY not in shown
    assert "open sesame" not in shown
    error = RuntimeError(f"a library quotes {API_KEY}, open sesame and what was typed")
    assert setup.in_words(error, answers, Secret("typed")) == (
        "RuntimeError: a library quotes •••, ••• and what was •••"
    )


def test_the_places_are_the_domains_and_the_sandbox_that_runs_here(box: Sandbox) -> None:
    assert [place.domain for place in setup.known().places] == list(DOMAINS)
    use(box.connection)
    first, *others = setup.known().places
    assert first.sandbox == box.connection
    assert [place.domain for place in others] == list(DOMAINS)
    assert setup.known().profile_for(first) == "sandbox"
    assert setup.known().user(first) == box.connection.user
    # Another connection hides the sandbox from nobody; its end does.
    use(CONNECTION)
    assert setup.known().places[0].sandbox == box.connection


def test_what_pins_one_server_is_not_asked_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    pin = "SHA256:" + "a" * 43
    monkeypatch.setenv("CONNECT_DOMAIN", "prod-us-east-1")
    monkeypatch.setenv("CONNECT_HOST_KEY", pin)
    known = setup.known()
    assert {place.domain: place.host_key for place in known.places} == dict.fromkeys(DOMAINS) | {
        "prod-us-east-1": pin
    }
    assert known.place == known.places[0]
    assert known.other("h.example", "22", "https://h.example").host_key is None


def test_a_place_that_cannot_be_is_not_where_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECT_HOST", "sftp://h.example")
    monkeypatch.setenv("CONNECT_ENDPOINT", "https://h.example")
    assert setup.known().place is None


def test_the_key_is_the_typed_one_else_one_that_is_known(
    fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = replace(answers_for(connection_to(fake.url)), api_key=None)
    with pytest.raises(ConfigurationError, match="no API key yet"):
        setup.with_api_key(answers, setup.known(), None)
    assert fake.asked == []
    monkeypatch.setenv("CONNECT_API_KEY", "of-the-environment")
    known = setup.known()
    from_there = setup.with_api_key(answers, known, None)
    assert from_there.api_key == ApiKey(Secret("of-the-environment"), "from CONNECT_API_KEY", ())
    setup.with_api_key(answers, known, Secret("typed"))
    assert [asked["headers"]["x-api-key"] for asked in fake.asked] == ["of-the-environment", "typed"]


def test_only_an_unknown_server_is_a_question(sshd: Sshd, tmp_path: Path) -> None:
    hosts = tmp_path / "known_hosts"
    hosts.touch()
    # Nobody logs on for it: the private key need not be there.
    answers = answers_for(sshd.connection(known_hosts=hosts, key_file=tmp_path / "none"))
    assert setup.fingerprint_to_confirm(answers) == sshd.fingerprint("ed25519")
    assert setup.fingerprint_to_confirm(answers_for(sshd.connection())) is None
    hosts.write_text(known_host(HOST, sshd.port, make_key(tmp_path / "other")))
    with pytest.raises(HostKeyError, match="ssh-keygen -R") as changed:
        setup.fingerprint_to_confirm(answers)
    assert changed.value.reason == "changed"
    lines = [known_host(HOST, sshd.port, key) for key in sshd.host_keys.values()]
    hosts.write_text("".join(f"@revoked {line}" for line in lines))
    with pytest.raises(HostKeyError) as revoked:
        setup.fingerprint_to_confirm(answers)
    assert revoked.value.reason == "revoked"


def test_a_confirmed_server_is_pinned(sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "hosts").touch()
    answers = answers_for(sshd.connection(known_hosts=tmp_path / "hosts"))
    confirmed = setup.trusting(answers, setup.fingerprint_to_confirm(answers))
    assert confirmed.connection.host_key == sshd.fingerprint("ed25519")
    assert setup.fingerprint_to_confirm(confirmed) is None


def test_directories_are_those_of_subscriptions_else_all(sshd: Sshd) -> None:
    answers = setup.trusting(answers_for(sshd.connection()), None)
    (sshd.root / "a file").touch()
    assert setup.directories(answers) == (setup.HOME,)
    (sshd.root / "other").mkdir()
    assert setup.directories(answers) == (setup.HOME, "other")
    assert setup.in_directory(answers, setup.HOME).connection.directory is None
    for name in ("sub_2", "sub_1"):
        (sshd.root / name).mkdir()
    assert setup.directories(answers) == ("sub_1", "sub_2")
    assert setup.in_directory(answers, "sub_2").connection.directory == "sub_2"
    with pytest.raises(ConfigurationError, match="folder in the subscription's directory"):
        setup.in_directory(answers, "sub_1/RS")


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


@pytest.mark.parametrize("name", ["", "  ", "two\nlines"])
def test_a_profile_needs_a_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match="needs a name"):
        setup.keep(answers_for(CONNECTION), name)
    assert not profiles_file().exists()


@pytest.mark.parametrize("does", ["nothing", "raises"])
def test_a_keyring_that_keeps_nothing_is_none(monkeypatch: pytest.MonkeyPatch, does: str) -> None:
    def broken(*_: str) -> None:
        raise RuntimeError("of another maker")

    if does == "raises":
        monkeypatch.setattr(keyring, "set_password", broken)
    connection = replace(CONNECTION, user="kept@shop.example")
    assert setup.remember(connection) is False
    settings = {"user": connection.user, "endpoint": connection.endpoint}
    assert setup.from_keyring("api_key", settings) == connection.api_key  # for this session
    assert connection.api_key.reveal() not in keyring_account("api_key", settings)


def test_a_key_pair_is_made_or_taken(tmp_path: Path) -> None:
    answers, known = replace(answers_for(CONNECTION), key=None), setup.known()
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="There can be no folder"):
        setup.with_new_key(answers, tmp_path / "file" / "key", None, None)
    made = setup.with_new_key(answers, f" {tmp_path}/new ", Secret("word"), Secret("word"))
    assert made.key is not None
    assert made.key.line.endswith(" ann@shop.example")
    assert setup.is_there(tmp_path / "new")
    keys.load(tmp_path / "new", Secret("word"))
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    assert setup.is_there(tmp_path / "broken")
    make_key(tmp_path / "key")
    taken = setup.with_key(answers, known, tmp_path / "key", None)
    assert taken.key == KeyPair(tmp_path / "key", None, public(tmp_path / "key").read_text().strip())
    for path in ("", "  ", "-----BEGIN OPENSSH PRIVATE KEY-----"):
        with pytest.raises(ConfigurationError, match="path"):
            setup.with_key(answers, known, path, None)


def test_a_new_pair_has_a_name_that_is_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    assert setup.default_key_file() == tmp_path / ".ssh" / "connect"
    (tmp_path / ".ssh" / "connect.pub").touch()
    assert setup.default_key_file() == tmp_path / ".ssh" / "connect-2"
