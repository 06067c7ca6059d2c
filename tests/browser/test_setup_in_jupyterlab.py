"""The setup form as a person uses it: by mouse, by keyboard, with mistakes, from nothing to a saved profile."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from tests.browser.test_in_jupyterlab import QUICK_SANDBOX
from tests.sshd import make_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Locator

    from tests.browser.lab import Lab, Server

SETUP: Final = f"{QUICK_SANDBOX}\nform = connect_pandas.setup()\nform"
HAND_OVER_KEY: Final = """
from pathlib import Path
Path("api-key").write_text(box.connection.api_key.reveal());
"""
WRONG_API_KEY: Final = "canary-of-an-api-key"
PASSPHRASE: Final = "canary of a passphrase"
WRONG_PASSPHRASE: Final = "canary of a wrong one"


@pytest.fixture(autouse=True)
def home(server: Server) -> Iterator[Path]:
    """The kernel's home, without keys and profiles before and after."""
    home = server.root.parent / "home"
    yield home
    for made in (home / ".ssh", home / ".config" / "connect-pandas"):
        shutil.rmtree(made, ignore_errors=True)


@pytest.fixture
def locked(home: Path) -> Path:
    """A private key with a passphrase, where the form finds it."""
    (home / ".ssh").mkdir(mode=0o700)
    return make_key(home / ".ssh" / "id_ed25519", passphrase=PASSPHRASE)


def form_of(lab: Lab, cell: int = 0) -> Locator:
    return lab.output(cell).locator(".connect-pandas-setup")


def step(form: Locator, name: str) -> Locator:
    return form.locator(f".connect-pandas-setup-{name}-step")


def says(form: Locator, name: str, words: str) -> None:
    """Expect these words of a step, as what came of it."""
    expect(step(form, name).get_by_role("status").last).to_contain_text(words)
    expect(step(form, name).get_by_role("alert")).to_have_count(0)


def refuses(form: Locator, name: str, words: str) -> None:
    expect(step(form, name).get_by_role("alert")).to_contain_text(words)


def click(form: Locator, button: str) -> None:
    form.get_by_role("button", name=button, exact=True).click()


def write(form: Locator, field: str, words: str) -> None:
    """Fill a field and leave it."""
    form.get_by_label(field, exact=True).fill(words)
    form.get_by_label(field, exact=True).blur()


def all_that_is_kept(lab: Lab) -> str:
    """Return what the page shows and holds, and what a saved notebook would."""
    kept = json.dumps(lab.save())
    fields: list[str] = lab.page.locator("input, textarea").evaluate_all("all => all.map(one => one.value)")
    return "\n".join([kept, lab.page.content(), *fields, *lab.said])


def test_every_mistake_is_said_and_put_right(lab: Lab, locked: Path) -> None:
    lab.open_cells(SETUP, HAND_OVER_KEY, "print(form.connection.check().ok, form.connection.profile)")
    lab.run_cell(0)
    lab.run_cell(1)
    (handed,) = lab.server.root.rglob("api-key")
    api_key = handed.read_text()
    handed.unlink()
    form = form_of(lab)
    form.get_by_label("Domain").select_option("the sandbox that runs here")
    says(form, "place", "sftp 127.0.0.1")
    write(form, "User", "ann+shop@shop.com")
    refuses(form, "user", "never '+'")
    expect(form.get_by_label("API key")).to_be_disabled()
    write(form, "User", "workshop@sandbox.example")
    says(form, "user", "workshop@sandbox.example")
    write(form, "API key", WRONG_API_KEY)
    refuses(form, "api-key", "does not accept the API key")
    write(form, "API key", api_key)
    says(form, "api-key", "accepted (as typed)")
    form.get_by_label("Private key").select_option(label=str(locked))
    click(form, "Use this key")
    refuses(form, "key", "Give it where setup asks")
    write(form, "Passphrase", WRONG_PASSPHRASE)
    click(form, "Use this key")
    refuses(form, "key", "does not open")
    write(form, "Passphrase", PASSPHRASE)
    click(form, "Use this key")
    says(form, "key", "ssh-ed25519 ")
    click(form, "Connect has it already")
    click(form, "It is the same")
    refuses(form, "directory", "does not let 'workshop@sandbox.example' in with this key")
    click(form, "Register the public key")
    says(form, "directory", "sub_")
    says(form, "checkup", "✓ File server")
    expect(form).to_contain_text("8 of 9 steps done")
    click(form, "Save")
    says(form, "profile", 'connect_pandas.connect("sandbox")')
    expect(form).to_contain_text("9 of 9 steps done")
    lab.run_cell(2)
    expect(lab.output(2)).to_have_text("True sandbox\n")
    kept = all_that_is_kept(lab)
    assert "does not open" not in kept
    assert "Kept as the profile" in kept  # widgets are kept, too
    secrets = (api_key, WRONG_API_KEY, PASSPHRASE, WRONG_PASSPHRASE)
    assert [secret in kept for secret in secrets] == [False] * 4  # a failure shows none either


def test_a_sandbox_that_is_started_later_a_new_key_pair_and_a_server_that_is_another(
    lab: Lab, home: Path
) -> None:
    lab.open_cells(
        "import connect_pandas\nform = connect_pandas.setup()\nform", QUICK_SANDBOX, "print(form.connection)"
    )
    lab.run_cell(0)
    form = form_of(lab)
    form.get_by_label("Domain").select_option("the sandbox that runs here")
    refuses(form, "place", "No sandbox runs here")
    lab.run_cell(1)
    form.get_by_label("Domain").select_option("the sandbox that runs here")
    says(form, "place", "sftp 127.0.0.1")
    click(form, "Check the API key")
    says(form, "api-key", "the sandbox's own")
    write(form, "Passphrase", PASSPHRASE)
    write(form, "Once more", WRONG_PASSPHRASE)
    click(form, "Make the key pair")
    refuses(form, "key", "differ")
    write(form, "Passphrase", PASSPHRASE)
    write(form, "Once more", PASSPHRASE)
    click(form, "Make the key pair")
    says(form, "key", str(home / ".ssh" / "connect"))
    click(form, "Register the public key")
    expect(step(form, "server")).to_contain_text("It shows SHA256:")
    click(form, "It is another")
    refuses(form, "server", "Do not go on")
    expect(form.get_by_role("button", name="Ask the server")).to_be_focused()
    expect(form.get_by_role("button", name="It is the same")).to_be_hidden()
    expect(form.get_by_role("button", name="Log on and look")).to_be_disabled()
    lab.run_cell(2)
    expect(lab.output(2)).to_have_text("None\n")
    kept = all_that_is_kept(lab)
    assert [secret in kept for secret in (PASSPHRASE, WRONG_PASSPHRASE)] == [False, False]


_FOCUSED: Final = """() => {
    const at = document.activeElement;
    const label = at.labels?.[0]?.textContent || at.getAttribute("aria-label") || at.textContent;
    return at.closest(".connect-pandas-setup") ? (label || "").trim() : null;
}"""


def test_the_keyboard_is_enough(lab: Lab) -> None:
    lab.open_cells(SETUP, "print(form.connection.check().ok)")
    lab.run_cell(0)
    form = form_of(lab)
    keys = lab.page.keyboard

    def tab_to(wanted: str) -> list[str]:
        passed = []
        # A step opens a moment after the one above it says that it is done, its last button last.
        expect(form.get_by_role("button", name=wanted, exact=True)).to_be_enabled()
        while (label := lab.page.evaluate(_FOCUSED)) != wanted:
            assert label is not None, passed
            passed.append(label)
            keys.press("Tab")
        return passed

    form.get_by_label("Domain").focus()
    for key in ("Enter", "ArrowDown", "Enter"):  # a list that is not open leaves its arrows to JupyterLab
        keys.press(key)
    says(form, "user", "workshop@sandbox.example")
    assert tab_to("Check the API key") == ["Domain", "User", "API key"]
    keys.press("Enter")
    says(form, "api-key", "the sandbox's own")
    assert tab_to("Make the key pair") == [
        "Check the API key",
        "Private key",
        "File",
        "Passphrase",
        "Once more",
    ]
    keys.press("Space")
    says(form, "key", "ssh-ed25519")
    tab_to("Register the public key")
    keys.press("Enter")
    expect(step(form, "server")).to_contain_text("Is it the same?")
    assert tab_to("It is another") == [
        "Register the public key",
        "Connect has it already",
        "Ask the server",
        "It is the same",
    ]
    keys.press("Shift+Tab")
    keys.press("Space")
    expect(form.get_by_role("button", name="Log on and look")).to_be_focused()
    expect(form).to_contain_text("8 of 9 steps done")
    assert tab_to("Save") == ["Log on and look", "Take this directory", "Test both sides", "Profile"]
    keys.press("Enter")
    says(form, "profile", "Kept as the profile 'sandbox'")
    lab.run_cell(1)
    expect(lab.output(1)).to_have_text("True\n")


def test_it_reads_in_both_themes_from_beginning_to_end(lab: Lab) -> None:
    lab.open_cells(SETUP)
    lab.run_cell(0)
    form = form_of(lab)

    def reads(when: str) -> None:
        for theme in ("light", "dark"):
            lab.theme(theme)
            lab.shot(f"setup-{when}-{theme}", form)
            assert lab.axe(form) == []

    expect(form).to_contain_text("0 of 9 steps done")
    reads("begins")
    form.get_by_label("Domain").select_option("the sandbox that runs here")
    write(form, "API key", WRONG_API_KEY)
    refuses(form, "api-key", "does not accept the API key")
    reads("refused")
    click(form, "Check the API key")
    click(form, "Make the key pair")
    click(form, "Register the public key")
    expect(step(form, "server")).to_contain_text("Is it the same?")
    reads("asks")
    click(form, "It is the same")
    click(form, "Save")
    says(form, "profile", "Kept as the profile 'sandbox'")
    reads("done")
