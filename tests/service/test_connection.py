from __future__ import annotations

import copy
import dataclasses
import pickle
import shutil
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keyring
import pytest
from fixtures_service import API_KEY, OrdersPlan, Reply, connection_to, fake_api
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError

from connect_pandas._sandbox import Sandbox
from connect_pandas.errors import ConfigurationError
from connect_pandas.service import connection as room
from connect_pandas.service.checkup import checkup
from connect_pandas.service.connection import (
    DOMAINS,
    KEYRING_SERVICE,
    Connection,
    Secret,
    current,
    leave,
    resolve,
    running_sandbox,
    use,
)
from connect_pandas.service.submit import submit

if TYPE_CHECKING:
    from collections.abc import Iterator

GIVEN = {
    "domain": "prod-us-east-1",
    "user": "ann@shop.example",
    "api_key": API_KEY,
    "key_file": "~/.ssh/connect",
}


class InMemory(KeyringBackend):
    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise RuntimeError("the keyring of another maker is locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        raise PasswordDeleteError


@pytest.fixture(autouse=True)
def ring() -> Iterator[InMemory]:
    before, backend = keyring.get_keyring(), InMemory()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in (*room.SETTINGS, "profile"):
        monkeypatch.delenv(f"CONNECT_{name.upper()}", raising=False)
    monkeypatch.setattr(room, "profiles_file", lambda: tmp_path / "profiles.toml")
    use(None)
    yield
    use(None)


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    path = tmp_path / "profiles.toml"
    path.write_text(
        '[shop]\ndomain = "prod-eu-central-1"\nuser = "profile@shop.example"\nkey_file = "/profile/key"\nport = 2022\n'
    )
    return path


# ── where settings come from ──────────────────────────────────────────────────────────────────────────────


def test_a_domain_gives_host_and_endpoint() -> None:
    connection = resolve(None, GIVEN)
    assert connection.host == DOMAINS["prod-us-east-1"].host
    assert connection.endpoint == "https://connect-gql-us-1.goacoustic.com"
    assert (connection.port, connection.directory, connection.domain) == (22, None, "prod-us-east-1")
    assert connection.key_file == Path.home() / ".ssh/connect"
    assert resolve(None, GIVEN | {"host": "other.example"}).host == "other.example"


@pytest.mark.usefixtures("profiles")
def test_a_keyword_beats_the_environment_beats_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, Any] = {"api_key": API_KEY, "user": None}
    from_profile = resolve("shop", given)
    assert (from_profile.user, from_profile.port) == ("profile@shop.example", 2022)
    assert (from_profile.domain, from_profile.profile) == ("prod-eu-central-1", "shop")
    monkeypatch.setenv("CONNECT_USER", "environment@shop.example")
    monkeypatch.setenv("CONNECT_PORT", "2122")
    from_environment = resolve("shop", given)
    assert (from_environment.user, from_environment.port) == ("environment@shop.example", 2122)
    from_keyword = resolve("shop", given | {"user": "keyword@shop.example", "port": 2222})
    assert (from_keyword.user, from_keyword.port) == ("keyword@shop.example", 2222)
    assert str(from_keyword.key_file) == "/profile/key"


def test_a_domain_is_not_outdone_by_a_host_of_a_lesser_source(
    profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles.write_text('[shop]\nhost = "profile.example"\nendpoint = "https://profile.example"\n')
    monkeypatch.setenv("CONNECT_HOST", "environment.example")
    connection = resolve("shop", GIVEN)
    assert (connection.host, connection.endpoint) == dataclasses.astuple(DOMAINS["prod-us-east-1"])
    without = {name: value for name, value in GIVEN.items() if name != "domain"}
    with pytest.raises(ConfigurationError, match="lacks endpoint"):
        resolve("shop", without)


PIN = "SHA256:" + "a" * 43


@pytest.mark.parametrize(
    "place", [{"domain": "prod-us-east-1"}, {"host": "h.example", "endpoint": "https://h.example"}]
)
def test_what_belongs_to_one_server_is_not_taken_for_another(
    profiles: Path, monkeypatch: pytest.MonkeyPatch, place: dict[str, str]
) -> None:
    profiles.write_text(
        '[shop]\ndomain = "prod-eu-central-1"\nuser = "profile@shop.example"\nkey_file = "/profile/key"\n'
        f'port = 2022\nknown_hosts = "/profile/hosts"\nhost_key = "{PIN}"\ndirectory = "sub_1"\n'
    )
    kept = resolve("shop", {"api_key": API_KEY, "domain": "prod-eu-central-1"})
    assert (kept.port, kept.host_key, kept.directory) == (2022, PIN, "sub_1")
    other = resolve("shop", {"api_key": API_KEY, **place})
    assert (other.port, other.host_key, other.known_hosts, other.directory) == (22, None, None, None)
    assert other.user == "profile@shop.example"
    monkeypatch.setenv("CONNECT_DOMAIN", "prod-us-east-1")
    assert resolve("shop", {"api_key": API_KEY}).host_key is None


def test_a_host_beside_the_environments_domain_is_not_shown_as_that_domain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CONNECT_DOMAIN", "prod-us-east-1")
    given = {**GIVEN, "domain": None, "host": "relay.example"}
    with pytest.raises(ConfigurationError, match="lacks endpoint"):
        resolve(None, given)
    connection = resolve(None, given | {"endpoint": "https://relay.example"})
    assert connection.domain is None
    assert "prod-us-east-1" not in repr(connection)
    assert "at relay.example" in repr(resolve(None, {**GIVEN, "host": "relay.example"}))


def test_the_default_profile_is_taken_when_nothing_else_says_who(
    profiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles.write_text(profiles.read_text().replace("[shop]", "[default]"))
    monkeypatch.setenv("CONNECT_API_KEY", API_KEY)
    assert resolve(None, {}).profile == "default"
    with pytest.raises(ConfigurationError, match="lacks host, endpoint, key_file"):
        resolve(None, {"user": "ann@shop.example"})


@pytest.mark.usefixtures("profiles")
def test_the_environment_can_name_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECT_PROFILE", "shop")
    assert resolve(None, {"api_key": API_KEY}).profile == "shop"


def test_how_long_to_wait_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve(None, GIVEN).timeout == 30.0
    monkeypatch.setenv("CONNECT_TIMEOUT", "7.5")
    assert resolve(None, GIVEN).timeout == 7.5
    assert resolve(None, {**GIVEN, "timeout": 90}).timeout == 90


def test_an_empty_variable_is_not_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECT_PORT", "")
    assert resolve(None, GIVEN).port == 22


def test_secrets_come_from_the_keyring(ring: InMemory) -> None:
    endpoint = DOMAINS["prod-us-east-1"].endpoint
    ring.kept[KEYRING_SERVICE, f"api_key ann@shop.example {endpoint}"] = "from-the-keyring"
    ring.kept[KEYRING_SERVICE, f"passphrase {Path.home() / '.ssh/connect'}"] = "open sesame"
    without = {name: value for name, value in GIVEN.items() if name != "api_key"}
    connection = resolve(None, without)
    assert connection.api_key.reveal() == "from-the-keyring"
    assert connection.passphrase is not None
    assert connection.passphrase.reveal() == "open sesame"
    assert resolve(None, GIVEN).api_key.reveal() == API_KEY
    ring.locked = True
    with pytest.raises(ConfigurationError, match="api_key"):
        resolve(None, without)


def test_all_missing_settings_are_named_at_once() -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve(None, {})
    message = str(caught.value)
    for words in (
        "user",
        "host",
        "endpoint",
        "key_file",
        "api_key",
        "CONNECT_API_KEY",
        "connect_pandas.sandbox()",
    ):
        assert words in message
    assert message.count("prod-us-east-1") == 1
    with pytest.raises(ConfigurationError) as caught:
        resolve(None, GIVEN | {"user": None})
    assert "key_file" not in str(caught.value)


# ── what is refused ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"domain": "prod-mars-1"}, "prod-ap-southeast-2"),
        ({"user": "ann+shop@shop.example"}, r"never '\+'"),
        ({"user": "ab"}, "3–100"),
        ({"endpoint": "http://connect.example"}, "only to https"),
        ({"endpoint": "http://127.0.0.1.evil.example"}, "only to https"),
        ({"endpoint": "http://localhost.evil.example"}, "only to https"),
        ({"endpoint": "ftp://127.0.0.1"}, "only to https"),
        ({"endpoint": "connect.example"}, "only to https"),
        ({"host_key": "MD5:aa:bb"}, "SHA256:"),
        ({"port": 0}, "1–65535"),
        ({"port": "ssh"}, "not a number"),
        ({"timeout": 0}, "no number of seconds"),
        ({"timeout": "soon"}, "no number of seconds"),
        ({"api_key": "two words"}, "API key is empty or holds spaces"),
        ({"api_key": "schlüssel"}, "API key"),
        ({"api_key": "a\nb"}, "API key"),
    ],
)
def test_what_cannot_be_is_refused(setting: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        resolve(None, GIVEN | setting)
    if "api_key" in setting:
        assert str(setting["api_key"]) not in str(caught.value)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:8000/", "http://[::1]:8000", "http://localhost:8000"])
def test_this_machine_needs_no_https(endpoint: str) -> None:
    assert resolve(None, GIVEN | {"endpoint": endpoint}).endpoint == endpoint


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ({"domain": "prod-us-east1"}, "Did you mean 'prod-us-east-1'"),
        ({"domain": ["prod-us-east-1"]}, "domain="),
        ({"host": "sftp://h.example"}, "plain name of a server"),
        ({"host": "h.example:22"}, "plain name of a server"),
        ({"host": "h .example"}, "plain name of a server"),
        ({"endpoint": "https://[bad"}, "is not an address"),
        ({"endpoint": "https://h.example:port"}, "is not an address"),
        ({"endpoint": "https://h .example"}, "is not an address"),
        ({"key_file": 5}, "key_file takes a path"),
        ({"key_file": "-----BEGIN OPENSSH PRIVATE KEY-----\nabc"}, "not its text"),
        ({"key_file": "~nobody-of-this-name/key"}, "no such user's home"),
        ({"directory": "sub_1/RS"}, 'directory="sub_1" here, and folder="RS" in the plan'),
        ({"directory": 5}, "directory takes text"),
        ({"directory": "../.."}, "directory='../..' leads upwards"),
        ({"directory": "sub_1/../sub_2/"}, "leads upwards"),
        ({"port": True}, "not a number"),
        ({"user": "ann@shop.example\n"}, "cannot log on"),
    ],
)
def test_more_of_what_cannot_be_is_refused(setting: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        resolve(None, GIVEN | setting)
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(
    "setting",
    [
        {"endpoint": "https://ann:hush@h.example"},
        {"host": "ann:hush@h.example"},
        {"endpoint": "https://a:hush@[b"},
    ],
)
def test_a_password_in_an_address_is_refused_and_not_repeated(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="holds a user or a password") as caught:
        resolve(None, GIVEN | setting)
    assert "hush" not in str(caught.value)


def test_all_that_is_missing_and_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECT_PORT", "ssh")
    monkeypatch.setenv("CONNECT_DOMAIN", "prod-mars-1")
    with pytest.raises(ConfigurationError) as caught:
        resolve(None, {"key_file": 5, "endpoint": "ftp://x"})
    for words in (
        "CONNECT_PORT='ssh'",
        "prod-mars-1",
        "key_file takes",
        "endpoint='ftp://x'",
        "lacks user, api_key:",
    ):
        assert words in str(caught.value)


def test_no_traceback_shows_a_secret(ring: InMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    ring.kept[KEYRING_SERVICE, "passphrase /k"] = "open sesame"
    monkeypatch.setenv("CONNECT_API_KEY", API_KEY)
    given = {**GIVEN, "api_key": None, "key_file": "/k", "port": 0}
    with pytest.raises(ConfigurationError) as caught:
        resolve(None, given)
    monkeypatch.delenv("CONNECT_API_KEY")
    with pytest.raises(ConfigurationError) as again:
        resolve(None, given | {"api_key": Secret(API_KEY)})
    for error in (caught.value, again.value):
        frames = traceback.TracebackException.from_exception(error, capture_locals=True).stack
        shown = "".join(str(frame.locals) for frame in frames)
        assert "settings" in shown
        assert API_KEY not in shown
        assert "open sesame" not in shown


def test_wrong_settings_are_named_together() -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve(None, GIVEN | {"user": "a b", "endpoint": "http://x.example", "port": 70000})
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[shop]\napi_key = "top-secret"\n', "secrets do not belong in a file"),
        ('[shop]\npassphrase = "top-secret"\n', "secrets do not belong in a file"),
        ('[shop]\nusr = "ann"\n', "unknown settings: usr"),
        ("[shop]\nuser = 5\n", "user must be text"),
        ('[shop]\ndomain = ["prod-us-east-1"]\n', "domain must be text"),
        ('[other]\nuser = "ann"\n', "known: 'other'"),
        ("[shop\n", "cannot be read"),
        (None, "does not exist"),
    ],
)
def test_a_profile_that_cannot_be_used(profiles: Path, text: str | None, words: str) -> None:
    profiles.unlink() if text is None else profiles.write_text(text)
    with pytest.raises(ConfigurationError, match=words) as caught:
        resolve("shop", GIVEN)
    assert "top-secret" not in str(caught.value)


# ── secrets stay hidden ───────────────────────────────────────────────────────────────────────────────────


def test_a_connection_shows_no_secret() -> None:
    connection = resolve(None, GIVEN | {"passphrase": "open sesame"})
    shown = f"{connection!r} {connection} {vars(connection)} {dataclasses.asdict(connection)} {[connection]}"
    assert API_KEY not in shown
    assert "open sesame" not in shown
    assert "ann@shop.example" in shown
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(connection)
    assert copy.deepcopy(connection) == connection


def test_a_secret_is_a_value_that_does_not_print() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a")}) == 1
    assert f"{Secret('hush')} {Secret('hush')!r}".count("hush") == 0
    assert not hasattr(Secret("hush"), "__dict__")


# ── the session's connection ──────────────────────────────────────────────────────────────────────────────


def test_without_a_connection_both_ways_are_said() -> None:
    with pytest.raises(ConfigurationError, match=r"connect_pandas\.connect\(") as caught:
        current()
    assert "connect_pandas.sandbox()" in str(caught.value)


def test_the_current_connection_is_the_last_used(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = resolve(None, GIVEN)
    use(connection)
    assert current() is connection
    use(None)
    for name, value in GIVEN.items():
        monkeypatch.setenv(f"CONNECT_{name.upper()}", value)
    assert current() == connection


def test_after_a_sandbox_no_other_connection_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    account = resolve(None, GIVEN)
    first, second = (dataclasses.replace(account, port=port, kind="sandbox") for port in (2201, 2202))
    for name, value in GIVEN.items():
        monkeypatch.setenv(f"CONNECT_{name.upper()}", value)
    use(account)
    use(first)
    use(second)
    leave(first)
    assert current() is second
    leave(second)
    with pytest.raises(ConfigurationError, match="The sandbox has stopped"):
        current()
    use(account)
    assert current() is account


def test_a_sandbox_is_known_until_it_is_left(tmp_path: Path) -> None:
    account = resolve(None, GIVEN)
    key, own_key, home = tmp_path / "box" / "key", tmp_path / "own", tmp_path / "box"
    home.mkdir()
    key.touch()
    own_key.touch()
    box = dataclasses.replace(account, port=2201, kind="sandbox", key_file=key, state=home / "state")
    assert running_sandbox() is None
    use(box)
    use(account)
    assert running_sandbox() == box
    # Settings that lead to it are those of a sandbox, wherever they come from: its journal is not the user's.
    there = resolve(None, GIVEN | {"port": 2201, "key_file": own_key})
    assert (there.kind, there.state) == ("sandbox", box.state)
    assert (resolve(None, GIVEN).kind, resolve(None, GIVEN).state) == ("account", None)
    use(there)
    leave(box)
    assert running_sandbox() is None
    with pytest.raises(ConfigurationError, match="The sandbox has stopped"):
        current()
    shutil.rmtree(home)
    with pytest.raises(ConfigurationError, match="This sandbox has stopped"):
        room.require_running(there)


@pytest.mark.usefixtures("profiles")
def test_what_is_known_is_the_environment_over_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECT_USER", "environment@shop.example")
    monkeypatch.setenv("CONNECT_API_KEY", API_KEY)
    known = room.known_settings("shop")
    assert (known["user"], known["host"]) == (
        "environment@shop.example",
        DOMAINS["prod-eu-central-1"].host,
    )
    assert API_KEY not in repr(known)
    assert room.known_settings("none") == {"user": known["user"], "api_key": Secret(API_KEY)}


def test_a_secret_of_this_session_goes_before_the_keyring(ring: InMemory) -> None:
    settings = {"user": "session@shop.example", "endpoint": "https://h.example"}
    account = room.keyring_account("api_key", settings)
    ring.kept[KEYRING_SERVICE, account] = "older"
    assert room.from_keyring("api_key", settings) == Secret("older")
    room.keep_for_session(account, Secret("newer"))
    assert room.from_keyring("api_key", settings) == Secret("newer")


def test_it_needs_nothing_heavy() -> None:
    # pandas is there, because the package registers itself with it.
    code = (
        "import sys, connect_pandas.service.connection\n"
        "heavy = {'polars', 'paramiko', 'gql', 'httpx', 'keyring', 'graphql'} & set(sys.modules)\n"
        "sys.exit(', '.join(heavy) or None)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# ── the checkup ───────────────────────────────────────────────────────────────────────────────────────────


def test_a_checkup_says_what_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECT_STATE_DIR", str(tmp_path / "state"))
    with Sandbox() as box:
        submit(OrdersPlan(folder=""), box.connection).wait(30)
        found = box.connection.check()
        assert found.ok
        assert box.connection.user in repr(found)
        assert "reference sets (1): Orders" in repr(found)
        assert "0 of 100 files" in repr(found)
        assert box.connection.api_key.reveal() not in repr(found)
        with fake_api() as fake:
            fake.query = Reply({"message": "Forbidden"}, 403)
            half = checkup(dataclasses.replace(box.connection, endpoint=fake.url))
    assert [side.ok for side in half.sides] == [True, False]
    assert not half.ok
    assert "General settings > API keys" in repr(half)


def test_a_checkup_of_nothing_raises_nothing() -> None:
    connection: Connection = connection_to("http://127.0.0.1:1/")
    found = checkup(connection)
    assert [side.ok for side in found.sides] == [False, False]
    assert str(connection.key_file) in repr(found)
    assert all("\n" not in line for line in found.lines)
