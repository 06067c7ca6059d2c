"""The form that connects an account, driven by its widgets against real servers."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
import tomllib
from html import unescape
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets
import keyring
import pytest
from keyring.backends.null import Keyring as NoKeyring

import connect_pandas
from connect_pandas import Sandbox
from connect_pandas.notebook.setup_form import SetupForm
from connect_pandas.service import setup
from connect_pandas.service.connection import current, profiles_file, use
from tests.service.fixtures_service import FakeApi, Reply, fake_api, refusal
from tests.service.object_store import Store, object_store
from tests.sshd import make_key, public

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CANARY = "canary-9b1f-of-a-key"
SANDBOX, OWN, NEW, OTHER = "sandbox", "own", "new", "other"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own."""
    folder = tmp_path / "home"
    (folder / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def box(running: Sandbox, state: Path) -> Sandbox:
    connect_pandas.service.connection.use(running.connection)
    return running


@pytest.fixture
def fake() -> Iterator[FakeApi]:
    with fake_api() as api:
        yield api


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "store").mkdir()
    with object_store(tmp_path / "store") as server:
        yield server


def settled(form: SetupForm) -> None:
    """Wait until nothing is under way; one step may begin the next."""
    deadline = time.monotonic() + 30
    while form._working:
        assert time.monotonic() < deadline, "it did not end in time"
        time.sleep(0.01)
    assert not [t for t in threading.enumerate() if t.name == "connect-pandas-setup" and _lives(t)]


def _lives(thread: threading.Thread) -> bool:
    thread.join(5)
    return thread.is_alive()


def click(form: SetupForm, button: widgets.Button) -> None:
    assert not button.disabled
    button.click()
    settled(form)


def words(form: SetupForm, step: str) -> str:
    return unescape(re.sub("<[^>]+>", "", form._panels[step]._state.value))


def is_alert(form: SetupForm, step: str) -> bool:
    return 'role="alert"' in form._panels[step]._state.value


def has_done(form: SetupForm, step: str) -> bool:
    return "connect-pandas-done" in form._panels[step].box._dom_classes


def everything_synced() -> str:
    return json.dumps(widgets.Widget.get_manager_state(), default=str)


def in_sandbox(form: SetupForm) -> None:
    form._place.value = SANDBOX
    click(form, form._check_key)


def in_store(form: SetupForm, store: Store, fake: FakeApi) -> None:
    """Come to the step of the file server, over servers of one's own."""
    form._place.value = OWN
    form._host.value, form._port.value, form._endpoint.value = "127.0.0.1", str(store.port), fake.url
    form._user.value = "ann@shop.com"
    form._api_key.value = CANARY
    settled(form)
    form._key.value, form._path.value = OTHER, str(store.key_file)
    click(form, form._use_key)
    click(form, form._registered)


# ── from one end to the other ────────────────────────────────────────────────────────────────────────────────────


def test_from_nothing_to_a_connection_on_the_sandbox(box: Sandbox, home: Path) -> None:
    form = SetupForm()
    assert form.connection is None
    in_sandbox(form)
    assert "the sandbox's own" in words(form, "api_key")
    click(form, form._use_key)
    assert (home / ".ssh" / "connect").stat().st_mode & 0o777 == 0o600
    assert (home / ".ssh" / "connect.pub").read_text().strip() in words(form, "key")
    click(form, form._register)
    assert form._fingerprint.value.count(str(box.connection.host_key)) == 2  # shown, and to compare with
    click(form, form._same)
    assert words(form, "directory").startswith("✓ sub_")
    assert words(form, "checkup").count("✓") == 2
    assert form.connection is None
    click(form, form._save)
    assert repr(form) == "<SetupForm · 9 of 9 steps done>"
    assert form.connection is not None
    assert form.connection.key_file == home / ".ssh" / "connect"
    assert form.connection == current()
    assert form.connection.check().ok
    kept = tomllib.loads(profiles_file().read_text())["sandbox"]
    assert kept["host_key"] == box.connection.host_key
    assert kept["directory"].startswith("sub_")
    assert "api_key" not in kept
    assert 'connect_pandas.connect("sandbox")' in words(form, "profile")
    again = connect_pandas.connect("sandbox")
    assert (again.kind, again.state) == ("sandbox", box.connection.state)
    assert again.check().ok


def test_a_later_step_waits_for_the_earlier_ones(box: Sandbox) -> None:
    form = SetupForm()
    later = [
        form._user,
        form._api_key,
        form._check_key,
        form._use_key,
        form._register,
        form._test,
        form._save,
    ]
    assert not form._place.disabled
    assert all(control.disabled for control in later)
    in_sandbox(form)
    assert [control.disabled for control in later] == [False, False, False, False, True, True, True]
    assert words(form, "registered") == "After the steps above."
    form._place.value = ""
    assert all(control.disabled for control in later)


def test_every_field_has_a_label_and_every_button_words() -> None:
    form = SetupForm()
    for control in vars(form).values():
        if isinstance(control, widgets.Text | widgets.Dropdown | widgets.Button):
            assert control.description
            assert any(name.startswith("connect-pandas-setup-") for name in control._dom_classes)


def test_a_profile_is_where_it_begins(box: Sandbox, store: Store, fake: FakeApi, tmp_path: Path) -> None:
    profiles_file().parent.mkdir(parents=True)
    profiles_file().write_text(
        f'[shop]\ndomain = "prod-eu-central-1"\nuser = "ann@shop.com"\nkey_file = "{store.key_file}"\n'
        f'[own]\nhost = "127.0.0.1"\nport = {store.port}\nendpoint = "{fake.url}"\nuser = "bob@shop.com"\n'
    )
    form = SetupForm("shop")
    assert form._answers.place is not None
    assert (form._answers.place.domain, form._answers.user) == ("prod-eu-central-1", "ann@shop.com")
    assert (form._path.value, form._profile.value) == (str(store.key_file), "shop")
    own = SetupForm("own")
    assert own._answers.place is not None
    assert (own._answers.place.port, own._answers.place.endpoint) == (store.port, fake.url)
    assert (own._host.value, own._answers.user) == ("127.0.0.1", "bob@shop.com")
    assert own._save.description == "Replace the profile of this name"
    own._profile.value = "another"
    assert own._save.description == "Save"


def test_a_sandbox_that_is_started_later_can_be_chosen() -> None:
    form = SetupForm()
    form._place.value = SANDBOX
    assert "No sandbox runs here. Start one in another cell" in words(form, "place")
    assert is_alert(form, "place")
    assert form._place.value == ""
    for _ in range(2):
        with Sandbox() as later:
            use(later.connection)
            form._place.value = SANDBOX
            assert form._answers.place is not None
            assert form._answers.place.sandbox == later.connection
            assert form._user.value == later.connection.user
            form._place.value = ""


# ── what is wrong stands in the form ─────────────────────────────────────────────────────────────────────────────


def test_the_user_is_checked_as_typed() -> None:
    form = SetupForm()
    form._place.value = "prod-us-east-1"
    form._user.value = "ann+shop@shop.com"
    assert "never '+'" in words(form, "user")
    assert is_alert(form, "user")
    assert form._api_key.disabled
    form._user.value = "ann@shop.com"
    assert has_done(form, "user")
    assert not form._api_key.disabled


@pytest.mark.parametrize(
    ("host", "port", "endpoint", "said"),
    [
        ("", "22", "https://h.example", "needs a host"),
        ("sftp://h", "22", "https://h.example", "plain name of a server"),
        ("h.example", "many", "https://h.example", "not a number"),
        ("h.example", "70000", "https://h.example", "1–65535"),
        ("h.example", "22", "http://h.example", "only to https"),
    ],
)
def test_a_server_of_ones_own_is_checked(host: str, port: str, endpoint: str, said: str) -> None:
    form = SetupForm()
    form._place.value = OWN
    form._host.value, form._port.value, form._endpoint.value = host, port, endpoint
    assert said in words(form, "place")
    assert is_alert(form, "place")
    assert form._user.disabled


def test_a_refused_api_key_and_a_good_one(box: Sandbox) -> None:
    form = SetupForm()
    form._place.value = SANDBOX
    form._api_key.value = CANARY
    settled(form)
    assert "does not accept the API key (HTTP 401)" in words(form, "api_key")
    assert "General settings > API keys" in words(form, "api_key")
    assert is_alert(form, "api_key")
    form._api_key.value = box.connection.api_key.reveal()
    settled(form)
    assert words(form, "api_key").startswith("✓ accepted (as typed)")


def test_a_key_that_no_key_can_be_is_not_sent(fake: FakeApi) -> None:
    form = SetupForm()
    form._place.value = OWN
    form._host.value, form._endpoint.value, form._user.value = "127.0.0.1", fake.url, "ann@shop.com"
    form._api_key.value = "two words"
    settled(form)
    assert "holds spaces" in words(form, "api_key")
    assert fake.asked == []


def test_without_an_api_key_it_says_where_one_comes_from(fake: FakeApi) -> None:
    form = SetupForm()
    form._place.value = OWN
    form._host.value, form._endpoint.value, form._user.value = "127.0.0.1", fake.url, "ann@shop.com"
    click(form, form._check_key)
    assert "There is no API key yet" in words(form, "api_key")


def a_ppk(folder: Path) -> Path:
    (folder / "key.ppk").write_text("PuTTY-User-Key-File-3: ssh-ed25519\n")
    return folder / "key.ppk"


def open_to_others(folder: Path) -> Path:
    key = make_key(folder / "open")
    key.chmod(0o644)
    return key


KEYS: dict[str, tuple[Callable[[Path], Path], str, str]] = {
    "a .ppk": (a_ppk, "", "is a PuTTY key"),
    "a public key": (lambda folder: public(make_key(folder / "pair")), "", "is a public key"),
    "open to others": (open_to_others, "", "chmod 600"),
    "no passphrase": (
        lambda folder: make_key(folder / "locked", passphrase="secret"),
        "",
        "Give it where setup asks",
    ),
    "a wrong one": (lambda folder: make_key(folder / "locked", passphrase="secret"), CANARY, "does not open"),
    "none": (lambda folder: folder / "missing", "", "There is no private key"),
}


@pytest.mark.parametrize("name", KEYS)
def test_a_private_key_that_cannot_be_used(box: Sandbox, tmp_path: Path, name: str) -> None:
    make, passphrase, said = KEYS[name]
    form = SetupForm()
    in_sandbox(form)
    form._key.value, form._path.value = OTHER, str(make(tmp_path))
    form._passphrase.value = passphrase
    click(form, form._use_key)
    assert said in words(form, "key")
    assert is_alert(form, "key")
    assert CANARY not in everything_synced()
    assert form._register.disabled


def test_keys_that_are_there_are_found_and_used(box: Sandbox, home: Path) -> None:
    found = make_key(home / ".ssh" / "id_ed25519", passphrase="open sesame")
    make_key(profiles_file().parent.mkdir(parents=True) or profiles_file().with_name("own"))
    form = SetupForm()
    assert [label for label, _ in form._key.options] == [
        "a new key pair",
        str(found),
        str(profiles_file().with_name("own")),
        "another file",
    ]
    in_sandbox(form)
    form._key.value = str(found)
    form._passphrase.value = "open sesame"
    assert form._passphrase.value == ""
    click(form, form._use_key)
    assert public(found).read_text().strip() in words(form, "key")


def test_a_new_key_s_passphrase_is_typed_twice(box: Sandbox, home: Path) -> None:
    form = SetupForm()
    in_sandbox(form)
    form._passphrase.value, form._repeated.value = CANARY, "another"
    click(form, form._use_key)
    assert "differ" in words(form, "key")
    assert not (home / ".ssh" / "connect").exists()
    form._passphrase.value, form._repeated.value = CANARY, CANARY
    click(form, form._use_key)
    assert has_done(form, "key")
    assert form._key.value == str(home / ".ssh" / "connect")
    assert form._use_key.description == "Use this key"
    with pytest.raises(connect_pandas.ConfigurationError, match="is encrypted"):
        setup.keys.load(home / ".ssh" / "connect", None)


def test_a_key_that_is_not_registered_is_said_and_then_registered(box: Sandbox) -> None:
    form = SetupForm()
    in_sandbox(form)
    click(form, form._use_key)
    click(form, form._registered)
    click(form, form._same)
    assert "does not let 'workshop@sandbox.example' in with this key" in words(form, "directory")
    assert is_alert(form, "directory")
    assert form._test.disabled
    click(form, form._register)
    assert has_done(form, "checkup")


def test_another_fingerprint_goes_no_further(box: Sandbox) -> None:
    form = SetupForm()
    in_sandbox(form)
    click(form, form._use_key)
    click(form, form._register)
    click(form, form._another)
    assert "Do not go on" in words(form, "server")
    assert is_alert(form, "server")
    assert form._look.disabled
    assert form._same.layout.display == "none"
    assert not profiles_file().exists()


def test_a_changed_host_key_is_no_question(
    store: Store, fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECT_HOST", "127.0.0.1")
    monkeypatch.setenv("CONNECT_PORT", str(store.port))
    monkeypatch.setenv("CONNECT_ENDPOINT", fake.url)
    monkeypatch.setenv("CONNECT_HOST_KEY", "SHA256:" + "a" * 43)
    form = SetupForm()
    in_store(form, store, fake)
    assert "IS NOT THE ONE EXPECTED" in words(form, "server")
    assert "CONNECT_HOST_KEY out of the environment" in words(form, "server")
    assert form._same.layout.display == "none"


@pytest.mark.parametrize(
    ("folders", "said", "first"),
    [
        ({"/", "/sub_2", "/sub_1", "/other"}, "You have 2 subscriptions", "sub_1"),
        ({"/", "/other"}, "There is no directory sub_… on the file server (other)", ""),
        ({"/"}, "no other directory either", ""),
    ],
)
def test_the_directory_is_chosen_from_what_is_there(
    store: Store, fake: FakeApi, folders: set[str], said: str, first: str
) -> None:
    store.folders = folders
    form = SetupForm()
    in_store(form, store, fake)
    click(form, form._same)
    assert said in words(form, "directory")
    assert form._directory.value == first
    click(form, form._take)
    assert has_done(form, "checkup")
    click(form, form._save)
    assert form.connection is not None
    assert form.connection.directory == (first or None)


def test_a_known_server_is_not_asked_about(store: Store, fake: FakeApi, home: Path) -> None:
    assert store.known_hosts is not None
    (home / ".ssh" / "known_hosts").write_text(store.known_hosts.read_text())
    store.folders = {"/", "/sub_1"}
    form = SetupForm()
    in_store(form, store, fake)
    assert words(form, "server") == "✓ known, and it has proved itself"
    assert has_done(form, "checkup")


def test_a_side_that_does_not_work_says_so(store: Store, fake: FakeApi) -> None:
    store.folders = {"/", "/sub_1"}
    form = SetupForm()
    in_store(form, store, fake)
    fake.query = refusal("no sets today")
    click(form, form._same)
    assert "✓ File server" in words(form, "checkup")
    assert "no sets today" in words(form, "checkup")
    assert is_alert(form, "checkup")
    assert form._save.disabled


def test_a_broken_profiles_file_is_said_when_saving(store: Store, fake: FakeApi) -> None:
    store.folders = {"/", "/sub_1"}
    form = SetupForm()
    in_store(form, store, fake)
    click(form, form._same)
    profiles_file().parent.mkdir(parents=True)
    profiles_file().write_text("no = toml = at all")
    form._profile.value = "mine"
    click(form, form._save)
    assert "cannot be read" in words(form, "profile")
    assert is_alert(form, "profile")
    assert profiles_file().read_text() == "no = toml = at all"


def test_an_error_of_a_callback_stands_in_the_form(box: Sandbox) -> None:
    form = SetupForm()
    in_sandbox(form)
    form._same.click()  # the page never sends it: nothing was asked
    assert words(form, "server") == "✗ Ask the server first: it has shown no fingerprint yet."
    assert is_alert(form, "server")


# ── work takes its time ──────────────────────────────────────────────────────────────────────────────────────────


def stalling(form: SetupForm, fake: FakeApi) -> None:
    fake.query = Reply(stall=True)
    form._place.value = OWN
    form._host.value, form._endpoint.value, form._user.value = "127.0.0.1", fake.url, "ann@shop.com"
    form._api_key.value = CANARY
    while not fake.asked:
        time.sleep(0.01)


def test_the_form_can_be_used_meanwhile_and_what_is_out_of_date_is_dropped(fake: FakeApi) -> None:
    form = SetupForm()
    stalling(form, fake)
    assert words(form, "api_key") == "… asking the API"
    assert not form._user.disabled
    form._check_key.click()  # a second click begins nothing
    form._port.value = "2222"
    assert len(fake.asked) == 1
    fake.over.set()
    settled(form)
    assert "was changed meanwhile" in words(form, "api_key")
    assert form._answers.api_key is None


def test_one_step_is_at_work_at_a_time(box: Sandbox, fake: FakeApi) -> None:
    form = SetupForm()
    in_sandbox(form)
    stalling(form, fake)
    form._guarded("key", form._try_key)(None)  # as a click that was on its way when the place was changed
    assert "Another step is still at work" in words(form, "key")
    assert words(form, "api_key") == "… asking the API"
    fake.over.set()
    settled(form)
    assert form._answers.key is None


def test_a_lost_answer_allows_another_try_with_the_same_key(fake: FakeApi) -> None:
    form = SetupForm()
    stalling(form, fake)
    fake.over.set()
    settled(form)
    assert "broke before it answered" in words(form, "api_key")
    fake.query = Reply({"data": {"dataSets": {"nodes": []}}})
    click(form, form._check_key)
    assert has_done(form, "api_key")
    assert fake.asked[-1]["headers"]["x-api-key"] == CANARY


def test_a_closed_form_changes_nothing_any_more(fake: FakeApi) -> None:
    form = SetupForm()
    stalling(form, fake)
    form.close()
    fake.over.set()
    settled(form)
    assert form._answers.api_key is None
    assert form._wrong == {}
    everything_synced()  # no widget that is left refers to one that is gone
    assert form._save.comm is None


# ── secrets ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_secrets_stay_where_they_belong(
    store: Store, fake: FakeApi, home: Path, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    store.folders = {"/", "/sub_1"}
    seen: list[Any] = []
    form = SetupForm()
    for control in (form._api_key, form._passphrase, form._repeated):
        assert control.trait_metadata("value", "echo_update") is False
    in_store(form, store, fake)
    form._key.value = NEW
    form._passphrase.value = form._repeated.value = CANARY
    click(form, form._use_key)
    form._key.value, form._path.value = OTHER, str(store.key_file)
    form._passphrase.value = CANARY
    click(form, form._use_key)
    click(form, form._registered)
    click(form, form._same)
    click(form, form._save)
    assert has_done(form, "profile")
    seen += [everything_synced(), repr(form), repr(form._answers), repr(form._known), repr(vars(form))]
    seen += [repr(form.connection), repr(form._repr_mimebundle_()), caplog.text]
    seen += [path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
    assert fake.asked[0]["headers"]["x-api-key"] == CANARY  # it was used
    assert not [one for one in seen if CANARY in one]


class InMemory(NoKeyring):
    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        (InMemory, "is in the system's keyring"),
        (NoKeyring, "in this session's memory only: there is no keyring"),
    ],
)
def test_where_the_api_key_is_kept_is_said(
    store: Store, fake: FakeApi, backend: type[NoKeyring], said: str
) -> None:
    before, ring = keyring.get_keyring(), backend()
    keyring.set_keyring(ring)
    try:
        store.folders = {"/", "/sub_1"}
        form = SetupForm()
        in_store(form, store, fake)
        click(form, form._same)
        click(form, form._save)
        assert said in words(form, "profile")
        assert connect_pandas.connect().api_key.reveal() == CANARY
        again = SetupForm()
        click(again, again._check_key)
        assert "(kept before)" in words(again, "api_key")
    finally:
        keyring.set_keyring(before)
    assert not isinstance(ring, InMemory) or CANARY in ring.kept.values()


def test_the_fingerprint_of_another_place_is_not_confirmed(store: Store, fake: FakeApi) -> None:
    form = SetupForm()
    in_store(form, store, fake)
    click(form, form._ask_server)
    assert form._looked["server"]
    form._port.value = str(store.port + 1)
    settled(form)
    form._same.click()  # a click that was on its way
    settled(form)
    assert not form._answers.server
    assert "Ask the server first" in words(form, "server")
    form._same.click()
    assert "Ask the server first" in words(form, "server")
