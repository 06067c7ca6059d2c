"""Setting up in a terminal: the steps of :mod:`connect_pandas.service.setup` as questions."""

# ruff: noqa: T201 - a terminal is talked to by printing

from __future__ import annotations

import getpass
import sys
import textwrap
from typing import TYPE_CHECKING, Final

from connect_pandas.errors import ConfigurationError, ConnectError, HostKeyError
from connect_pandas.notebook.progress import in_notebook
from connect_pandas.service import setup
from connect_pandas.service.connection import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connect_pandas.notebook.setup_form import SetupForm
    from connect_pandas.service.setup import Answers, Known


def setup_here(profile: str) -> SetupForm | None:
    """Set up where this runs: by a form in a notebook, by questions in a terminal."""
    if in_notebook():
        from connect_pandas.notebook.setup_form import SetupForm

        return SetupForm(profile)
    if not sys.stdin.isatty():
        raise _no_terminal()
    ask(profile)
    return None


def ask(profile: str) -> bool:
    """Ask step by step, each again until its answer holds; whether the end was reached."""
    print("This connects your Connect account. Ctrl-C stops it and keeps nothing but the key pair.")
    try:
        return _walk(setup.known(profile))
    except EOFError:
        raise _no_terminal() from None


def _walk(known: Known) -> bool:
    answers = setup.Answers()
    while (step := answers.next) is not None:
        print(f"\n{setup.STEPS.index(step) + 1} · {step.title}: {known.todo(step, answers)}")
        try:
            answers = _QUESTIONS[step.name](answers, known)
            print(_indented(setup.marked("✓", setup.said(answers, step))))
        except HostKeyError:
            raise
        except ConnectError as error:
            print(_indented(setup.marked("✗", str(error))), file=sys.stderr)
            again = _again()
            if again == "no":
                print("Stopped; no profile was saved.", file=sys.stderr)
                return False
            if again != "yes":
                answers = answers.having(**{again: None})
    return True


def _again() -> str:
    """Ask how to go on after what went wrong: return yes, no, or the name of the step to go back to."""
    steps = {str(number): step.name for number, step in enumerate(setup.STEPS, 1)}
    question = "Try again? [yes, no, or the number of the step to go back to]"
    return _one_of(
        {"": "yes", **_YES_OR_NO, **steps}, question, f"yes, no, or a number from 1 to {len(steps)}"
    )


def _indented(words: str) -> str:
    return textwrap.indent(words, "  ")


def _place(answers: Answers, known: Known) -> Answers:
    first = known.place
    places = [*known.places, *([first] if first and first not in known.places else [])]
    for number, place in enumerate(places, 1):
        print(f"  {number}  {place.label}")
    print(f"  {len(places) + 1}  a server of your own (host, port, address of the API)")
    chosen = _answer("Number", str(places.index(first) + 1) if first else "")
    if chosen == str(len(places) + 1):
        words = _answer("Host"), _answer("Port", "22"), _answer("Address of the API, https://…")
        return answers.having(place=known.other(*words))
    named = [p for n, p in enumerate(places, 1) if chosen in (str(n), p.label)]
    if not named:
        raise ConfigurationError(f"{chosen!r} is none of these.")
    return answers.having(place=named[0])


def _user(answers: Answers, known: Known) -> Answers:
    return setup.as_user(answers, _answer("Your Connect e-mail address", known.user(answers.place)))


def _api_key(answers: Answers, known: Known) -> Answers:
    typed = _secret("API key (not shown; empty for one that is known already)")
    return setup.with_api_key(answers, known, typed)


def _key(answers: Answers, known: Known) -> Answers:
    found = setup.key_files()
    for number, path in enumerate(found, 1):
        print(f"  {number}  {path}")
    first = known.settings.get("key_file") or setup.default_key_file()
    chosen = _answer("Private key: a number or a path; made when it is not there", str(first))
    where = str(found[int(chosen) - 1]) if chosen in map(str, range(1, len(found) + 1)) else chosen
    if setup.is_there(where):
        passphrase = _secret("Passphrase of the private key (not shown; empty for none)")
        return setup.with_key(answers, known, where, passphrase)
    passphrase = _secret("Passphrase for the new key (not shown; empty for none)")
    return setup.with_new_key(answers, where, passphrase, passphrase and _secret("The passphrase once more"))


def _registered(answers: Answers, _known: Known) -> Answers:
    if _yes("Register it now? (no: Connect has it already)"):
        return setup.register(answers)
    return setup.registered_before(answers)


def _server(answers: Answers, _known: Known) -> Answers:
    fingerprint = setup.fingerprint_to_confirm(answers)
    if fingerprint is not None:
        print(f"The file server shows the fingerprint\n  {fingerprint}\n{setup.what_to_compare(answers)}")
        if not _yes("Is it the same?"):
            raise setup.refusing(fingerprint)
    return setup.trusting(answers, fingerprint)


def _directory(answers: Answers, _known: Known) -> Answers:
    found = setup.directories(answers)
    print(_indented(setup.about_directories(found)))
    if len(found) == 1 and found[0] != setup.HOME:
        return setup.in_directory(answers, found[0])
    for number, name in enumerate(found, 1):
        print(f"  {number}  {setup.directory_name(name)}")
    chosen = _answer("Number")
    if chosen not in map(str, range(1, len(found) + 1)):
        raise ConfigurationError(f"{chosen!r} is none of these.")
    return setup.in_directory(answers, found[int(chosen) - 1])


def _tested(answers: Answers, _known: Known) -> Answers:
    return setup.tested(answers)


def _profile(answers: Answers, known: Known) -> Answers:
    name = _answer("Name of the profile", known.profile_for(answers.place))
    if setup.is_kept(name) and not _yes(f"There is a profile {name!r} already. Replace it?"):
        raise ConfigurationError("Then give another name.")
    return setup.keep(answers, name)


_QUESTIONS: Final[dict[str, Callable[[Answers, Known], Answers]]] = {
    "place": _place,
    "user": _user,
    "api_key": _api_key,
    "key": _key,
    "registered": _registered,
    "server": _server,
    "directory": _directory,
    "checkup": _tested,
    "profile": _profile,
}


def _answer(question: str, default: str = "") -> str:
    """Ask until there is an answer."""
    while True:
        answer = _ask(f"{question}{f' [{default}]' if default else ''}: ") or default
        if answer:
            return answer


def _secret(question: str) -> Secret | None:
    secret = Secret(_ask(f"{question}: ", hidden=True))
    return secret if secret.reveal() else None


_YES_OR_NO: Final = {"y": "yes", "yes": "yes", "n": "no", "no": "no"}


def _yes(question: str) -> bool:
    return _one_of(_YES_OR_NO, f"{question} [yes/no]", "yes or no") == "yes"


def _one_of(meanings: Mapping[str, str], question: str, wanted: str) -> str:
    """Ask until the answer is one of these, and return what it means: a slip of the finger decides nothing."""
    while (answer := _ask(f"{question}: ").lower()) not in meanings:
        print(f"Please answer {wanted}.")
    return meanings[answer]


def _ask(question: str, *, hidden: bool = False) -> str:
    return (getpass.getpass(question) if hidden else input(question)).strip()


def _no_terminal() -> ConfigurationError:
    return ConfigurationError(
        "setup asks questions: run it in a terminal (connect-pandas setup) or in a notebook.\n"
        'A program connects with connect_pandas.connect("a profile"), or with CONNECT_* in the environment.'
    )
