"""From nothing to a connection that works, step by step: the steps, apart from who asks the questions.

What a person has answered is a value, :class:`Answers`. A step is a function that takes it, does its work, and returns
it with one answer more, or raises what is wrong in words. The form and the command line are two faces of this.
"""

from __future__ import annotations

import json
import os
import uuid
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from connect_pandas.errors import ConfigurationError, ConnectError, ConnectionFailed, HostKeyError
from connect_pandas.service import keys, logon
from connect_pandas.service.connection import (
    ANSWER_SECONDS,
    DEFAULT_PROFILE,
    DOMAINS,
    KEYRING_SERVICE,
    SECRETS,
    SETTINGS,
    SFTP_PORT,
    SUBSCRIPTION_PREFIX,
    Connection,
    Secret,
    complaints,
    from_keyring,
    keep_for_session,
    keyring_account,
    known_settings,
    profiles_file,
    read_profiles,
    running_sandbox,
    use,
)
from connect_pandas.service.graphql import Api
from connect_pandas.service.sftp import open_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connect_pandas.service.checkup import Checkup

SECONDS: Final = 15.0
"""How long a server may take for an answer: somebody waits for it."""
HOME: Final = ""
"""The directory in which the file server puts the user, where there is none of a subscription."""
SANDBOX_LABEL: Final = "the sandbox that runs here"


# ── the steps ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the name of the answer to it, what it is called, what to do, and the steps on which it rests."""

    name: str
    title: str
    todo: str
    needs: tuple[str, ...] = ()


STEPS: Final = (
    Step("place", "Connect", "Choose the domain of your Connect account."),
    Step("user", "User", "Type the e-mail address with which you log on to Connect."),
    Step(
        "api_key",
        "API key",
        "Paste the API key. An administrator makes it in the web app, General settings > API keys.",
        ("place",),
    ),
    Step("key", "Key pair", "Make a new key pair, or choose the private key that you have for Connect."),
    Step(
        "registered",
        "Registration",
        "Register the public key with Connect. It replaces the one that Connect has for you.",
        ("api_key", "key"),
    ),
    Step("server", "File server", "Compare the fingerprint that the file server shows.", ("place",)),
    Step(
        "directory",
        "Directory",
        "Choose the directory of your subscription on the file server.",
        ("user", "registered", "server"),
    ),
    Step("checkup", "Test", "Try both sides.", ("directory",)),
    Step("profile", "Save", "Give the settings a name and save them.", ("checkup",)),
)
"""In the order in which they are asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A Connect service: its two doors, and what must prove the file server where settings say so."""

    label: str
    host: str
    endpoint: str
    port: int = SFTP_PORT
    domain: str | None = None
    host_key: str | None = None
    known_hosts: Path | None = None
    sandbox: Connection | None = None
    """The way into it, when it is the sandbox that runs here."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that the API accepts, where it came from, and the reference sets that it shows."""

    secret: Secret
    source: str
    sets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private key that can be used, and the public half's line."""

    path: Path
    passphrase: Secret | None
    line: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A saved profile; ``in_keyring`` is false where the secrets stay in this session's memory."""

    name: str
    path: Path
    in_keyring: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What has been answered so far, by step; ``None`` where nothing is. Shows no secret.

    Attributes
    ----------
    registered : bool or None
        Whether the public key was registered now; false where it had been before.
    server : str or None
        The confirmed fingerprint; empty where the server was known before.
    directory : str or None
        On the file server; :data:`HOME` where there is none of a subscription.
    """

    place: Place | None = None
    user: str | None = None
    api_key: ApiKey | None = None
    key: KeyPair | None = None
    registered: bool | None = None
    server: str | None = None
    directory: str | None = None
    checkup: Checkup | None = None
    profile: Kept | None = None

    def having(self, **answers: Any) -> Answers:
        """Return these answers with others; what rested on an older one is forgotten."""
        stale = {name for name, value in answers.items() if getattr(self, name) != value}
        for step in STEPS:
            if stale.intersection(step.needs):
                stale.add(step.name)
        return replace(self, **dict.fromkeys(stale) | answers)

    @property
    def next(self) -> Step | None:
        """The first step that is not answered; ``None`` when all are."""
        return next((step for step in STEPS if getattr(self, step.name) is None), None)

    @property
    def connection(self) -> Connection:
        """The connection that these answers make.

        Raises
        ------
        ConfigurationError
            When the first three steps are not answered.
        """
        place, key = self.place, self.key
        if place is None or self.user is None or self.api_key is None:
            raise ConfigurationError("There is no connection before the service, the user and the API key.")
        box = place.sandbox
        no_key = default_key_file() if box is None else box.key_file  # the API does not ask for it
        return Connection(
            user=self.user,
            host=place.host,
            port=place.port,
            endpoint=place.endpoint,
            api_key=self.api_key.secret,
            key_file=no_key if key is None else key.path,
            passphrase=None if key is None else key.passphrase,
            directory=self.directory or None,
            known_hosts=place.known_hosts,
            host_key=self.server or place.host_key,
            domain=place.domain,
            profile=None if self.profile is None else self.profile.name,
            state=None if box is None else box.state,
            kind="account" if box is None else "sandbox",
        )


def still_holds(step: Step, before: Answers, now: Answers) -> bool:
    """Whether what was found out for a step, from the answers before, holds with those of now."""
    needed = set(step.needs)
    for other in reversed(STEPS):
        if other.name in needed:
            needed.update(other.needs)
    return all(getattr(before, name) == getattr(now, name) for name in needed)


def said(answers: Answers, step: Step) -> str:
    """Say what a step's answer is; empty where there is none."""
    value = getattr(answers, step.name)
    if value is None:
        return ""
    match step.name:
        case "place":
            return f"sftp {value.host}:{value.port} · {value.endpoint}"
        case "api_key":
            return f"accepted ({value.source}); reference sets ({len(value.sets)}): {', '.join(value.sets) or 'none'}"
        case "key":
            return f"{value.path}\n{value.line}"
        case "registered":
            return "registered" if value else "registered before; the test shows whether it is so"
        case "server":
            return f"confirmed: {value}" if value else "known, and it has proved itself"
        case "directory":
            return directory_name(value)
        case "checkup":
            return "\n".join(value.lines)
        case "profile":
            return _say_kept(answers, value)
    return str(value)


def _say_kept(answers: Answers, kept: Kept) -> str:
    secret = (
        "The API key is in the system's keyring."
        if kept.in_keyring
        else "The API key is kept in this session's memory only"
        + (
            ", as the sandbox's is."
            if answers.place and answers.place.sandbox
            else ": there is no keyring here. Next time set CONNECT_API_KEY."
        )
    )
    called = "" if kept.name == DEFAULT_PROFILE else json.dumps(kept.name, ensure_ascii=False)
    return (
        f"Kept as the profile {kept.name!r} in {kept.path}\n{secret}\n"
        f"From now on: connect_pandas.connect({called})"
    )


def marked(mark: str, words: str) -> str:
    """Put a mark before words that have none of their own."""
    return words if words.startswith(("✓", "✗")) else f"{mark} {words}"


def in_words(error: Exception, answers: Answers, *typed: Secret) -> str:
    """Say what went wrong; should an error of a library hold a secret, typed or answered, it is not shown."""
    words = str(error) if isinstance(error, ConnectError) else f"{type(error).__name__}: {error}"
    api_key = None if answers.api_key is None else answers.api_key.secret
    passphrase = None if answers.key is None else answers.key.passphrase
    for secret in (*typed, api_key, passphrase):
        if secret is not None and secret.reveal():
            words = words.replace(secret.reveal(), "•••")
    return words


# ── what is known beforehand ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Known:
    """What is known before anybody is asked; see :func:`known`. Shows no secret."""

    profile: str
    settings: Mapping[str, Any] = field(repr=False)
    places: tuple[Place, ...]
    """To choose from: the sandbox that runs here, when one does, and Connect's domains."""

    @property
    def place(self) -> Place | None:
        """The place that the settings name; ``None`` when they name none, or one that cannot be."""
        if not self.settings.get("host"):
            return None
        port = self.settings.get("port", SFTP_PORT)
        where = (self.settings["host"], str(port), self.settings.get("endpoint", ""))
        same = (p for p in self.places if (p.host, str(p.port), p.endpoint) == where)
        try:
            return next(same, None) or self.other(*where)
        except ConfigurationError:
            return None

    def other(self, host: str, port: str, endpoint: str) -> Place:
        """Return a place of one's own.

        Raises
        ------
        ConfigurationError
            When one of the three cannot be.
        """
        host, endpoint = host.strip(), endpoint.strip()
        if not host or not endpoint:
            raise ConfigurationError("A server of your own needs a host and the address of its API.")
        number = int(port) if port.strip().isdecimal() else port
        _require(host=host, port=number, endpoint=endpoint)
        return _pinned(
            Place(label=host, host=host, port=int(number), endpoint=endpoint),
            self.settings,
        )

    def the_sandbox(self) -> Place:
        """Return the sandbox that runs here.

        Raises
        ------
        ConfigurationError
            When none does.
        """
        for place in self.places:
            if place.sandbox is not None:
                return place
        raise ConfigurationError(
            "No sandbox runs here. Start one in another cell, connect_pandas.sandbox(), and choose it again."
        )

    def user(self, place: Place | None) -> str:
        """Return the user that is known for a place; empty where none is."""
        return str((place and place.sandbox and place.sandbox.user) or self.settings.get("user") or "")

    def todo(self, step: Step, answers: Answers) -> str:
        """Say what to do for a step."""
        if step.name == "api_key" and answers.place and answers.place.sandbox:
            return "The sandbox has a key of its own: leave this empty and check."
        if step.name == "api_key" and "api_key" in self.settings:
            return "Leave this empty for the key in CONNECT_API_KEY, or paste another."
        return step.todo

    def profile_for(self, place: Place | None) -> str:
        """Return the name under which to save: a sandbox's settings end with it, and replace no account's."""
        return "sandbox" if place and place.sandbox and self.profile == DEFAULT_PROFILE else self.profile


def known(profile: str = DEFAULT_PROFILE) -> Known:
    """Return what the environment, a profile of this name and the sandbox that runs here say.

    Raises
    ------
    ConfigurationError
        When the profiles file cannot be read.
    """
    settings, box = known_settings(profile), running_sandbox()
    domains = (
        _pinned(Place(label=name, host=domain.host, endpoint=domain.endpoint, domain=name), settings)
        for name, domain in DOMAINS.items()
    )
    return Known(profile, settings, (*([] if box is None else [_sandbox(box)]), *domains))


def _sandbox(box: Connection) -> Place:
    return Place(label=SANDBOX_LABEL, host=box.host, port=box.port, endpoint=box.endpoint, sandbox=box)


def _pinned(place: Place, settings: Mapping[str, Any]) -> Place:
    """Take over what must prove this server; that of another is not asked of it."""
    if (settings.get("host"), str(settings.get("port", SFTP_PORT))) != (place.host, str(place.port)):
        return place
    hosts = settings.get("known_hosts")
    return replace(
        place,
        host_key=settings.get("host_key"),
        known_hosts=Path(hosts).expanduser() if hosts else None,
    )


def default_key_file() -> Path:
    """Return where a new key pair goes: ``~/.ssh/connect``, or with a number when that is taken."""
    first = Path.home() / ".ssh" / "connect"
    names = (first, *(first.with_name(f"connect-{number}") for number in range(2, 100)))
    return next(path for path in names if not os.path.lexists(path) and not os.path.lexists(f"{path}.pub"))


def is_there(path: str | Path) -> bool:
    """Whether a key pair can no longer be made there; also a broken link is there."""
    return os.path.lexists(_key_path(path))


def key_files() -> tuple[Path, ...]:
    """Return the private keys in ``~/.ssh`` and in this package's own folder."""
    return keys.found((Path.home() / ".ssh", profiles_file().parent))


# ── what each step does ──────────────────────────────────────────────────────────────────────────────────────────


def as_user(answers: Answers, user: str) -> Answers:
    """Answer who connects.

    Raises
    ------
    ConfigurationError
        When no user can be called so. Source: guide.
    """
    _require(user=user.strip())
    return answers.having(user=user.strip())


def with_api_key(answers: Answers, known: Known, typed: Secret | None) -> Answers:
    """Try an API key: the typed one, else the sandbox's own, the environment's or the keyring's.

    Raises
    ------
    ConfigurationError
        When there is none, or it can be none.
    AuthenticationFailed
        When the API refuses it.
    ConnectionFailed
        When the API cannot be asked.
    """
    secret, source = _api_key(answers, known, typed)
    _require(api_key=secret)
    untried = answers.having(api_key=ApiKey(secret, source, ()))
    sets = tuple(sorted(found.name for found in Api(untried.connection).data_sets()))
    return answers.having(api_key=ApiKey(secret, source, sets))


def _api_key(answers: Answers, known: Known, typed: Secret | None) -> tuple[Secret, str]:
    place = answers.place
    settings = {"user": answers.user, "endpoint": place and place.endpoint}
    if typed is not None:
        return typed, "as typed"
    if place is not None and place.sandbox is not None:
        return place.sandbox.api_key, "the sandbox's own"
    if (of_environment := known.settings.get("api_key")) is not None:
        return of_environment, "from CONNECT_API_KEY"
    if (of_keyring := from_keyring("api_key", settings)) is not None:
        return of_keyring, "kept before"
    raise ConfigurationError(
        "There is no API key yet. An administrator of the Connect subscription makes one in the web app, "
        "General settings > API keys, where it is shown once."
    )


def with_key(answers: Answers, known: Known, path: str | Path, passphrase: Secret | None) -> Answers:
    """Answer with a private key that is there; without a passphrase the environment's or the keyring's is tried.

    Raises
    ------
    ConfigurationError
        When it cannot be used: see :func:`connect_pandas.service.keys.load`.
    """
    where = _key_path(path)
    passphrase = passphrase or known.settings.get("passphrase")
    passphrase = passphrase or from_keyring("passphrase", {"key_file": where})
    return answers.having(key=KeyPair(where, passphrase, keys.public_line(where, passphrase)))


def with_new_key(
    answers: Answers, path: str | Path, passphrase: Secret | None, repeated: Secret | None
) -> Answers:
    """Answer with a new Ed25519 pair; its comment is the user.

    Raises
    ------
    ConfigurationError
        When the passphrase was typed in two ways, or the files are there already or cannot be written.
    """
    where = _key_path(path)
    if passphrase != repeated:
        raise ConfigurationError(
            "The passphrase and its repetition differ. Type it twice, or leave both empty."
        )
    line = keys.make(where, answers.user or "", passphrase)
    return answers.having(key=KeyPair(where, passphrase, line))


def _key_path(path: str | Path) -> Path:
    if not str(path).strip():
        raise ConfigurationError("Give the path of the private key, as in ~/.ssh/connect")
    _require(key_file=path)
    return Path(str(path).strip()).expanduser()


def register(answers: Answers) -> Answers:
    """Register the public key with Connect, where it replaces the user's older one. Source: guide.

    Raises
    ------
    AuthenticationFailed, ConnectionFailed
        When the API refuses, or cannot be asked.
    """
    if answers.key is None:
        raise ConfigurationError("There is no key pair to register yet.")
    Api(answers.connection).register_public_key(answers.key.line)
    return answers.having(registered=True)


def registered_before(answers: Answers) -> Answers:
    """Answer that Connect has the public key already.

    Raises
    ------
    ConfigurationError
        When there is no key yet.
    """
    if answers.key is None:
        raise ConfigurationError("Choose or make a key pair first.")
    return answers.having(registered=False)


def fingerprint_to_confirm(answers: Answers) -> str | None:
    """Return the fingerprint that the file server shows when nothing here knows it; ``None`` for a known server.

    Nobody logs on for it.

    Raises
    ------
    HostKeyError
        When the key is not the one expected, or is revoked: that is no question to ask.
    ConnectionFailed
        When the server cannot be reached.
    """
    connection = answers.connection
    try:
        transport = logon.verified_transport(connection, keys.trust(connection), SECONDS)
    except HostKeyError as error:
        if error.reason == "unknown" and error.fingerprint:  # a jump host's is not asked about here
            return error.fingerprint
        if error.reason == "changed" and error.fingerprint:
            raise HostKeyError(
                f"{error}\nOnce it is confirmed, forget the older one: {_forgetting(connection)}",
                error.fingerprint,
                "changed",
            ) from None
        raise
    logon.close(transport)
    return None


def _forgetting(connection: Connection) -> str:
    if connection.host_key:
        return f"take host_key out of {profiles_file()}, or CONNECT_HOST_KEY out of the environment"
    file = "" if connection.known_hosts is None else f" -f {connection.known_hosts}"
    return f'ssh-keygen -R "{_ssh_name(connection)}"{file}'


def _ssh_name(connection: Connection) -> str:
    return connection.host if connection.port == SFTP_PORT else f"[{connection.host}]:{connection.port}"


def what_to_compare(answers: Answers) -> str:
    """Say with what a person compares the fingerprint."""
    box = answers.place and answers.place.sandbox
    if box:
        return f"Compare it with the one of the sandbox that runs here: {box.host_key}"
    return (
        "Compare it with the one that your administrator or Acoustic's support gives you, or with what a machine "
        f'that has long used this server prints: ssh-keygen -lF "{_ssh_name(answers.connection)}"'
    )


def trusting(answers: Answers, fingerprint: str | None) -> Answers:
    """Answer that the file server is the one expected; it is pinned. ``None``: it was known before."""
    return answers.having(server=fingerprint or "")


def refusing(fingerprint: str) -> HostKeyError:
    """Return what to say when the fingerprint is not the one expected."""
    return HostKeyError(
        f"The file server shows {fingerprint}, and that is not the one expected. Nothing was sent to it. Do not go on: "
        "somebody may be standing between you and the server. Ask your administrator.",
        fingerprint,
    )


def directories(answers: Answers) -> tuple[str, ...]:
    """Log on to the file server and return the directories to choose from, the likely one first.

    Those of subscriptions, ``sub_…`` (source: api); where there are none, :data:`HOME` and all others.

    Raises
    ------
    HostKeyError, AuthenticationFailed, ConnectionFailed
        When there is no way in.
    """
    where = replace(answers.connection, directory=".")
    with open_session(where, timeout=SECONDS) as home:
        folders = home.folders()
    subscriptions = tuple(name for name in folders if name.startswith(SUBSCRIPTION_PREFIX))
    return subscriptions or (HOME, *folders)


def about_directories(found: tuple[str, ...]) -> str:
    """Say what was found on the file server."""
    if HOME in found:
        others = ", ".join(found[1:]) or "no other directory either"
        return (
            f"There is no directory {SUBSCRIPTION_PREFIX}… on the file server ({others}). Ask the administrator "
            "whether the subscription has file access, or take the directory in which the server puts you."
        )
    if len(found) > 1:
        return f"You have {len(found)} subscriptions there. Choose the one into which you import."
    return "It is the only one there."


def directory_name(directory: str) -> str:
    """Return what a directory is called."""
    return directory or "the one in which the file server puts you"


def in_directory(answers: Answers, directory: str) -> Answers:
    """Answer into which directory to import."""
    _require(directory=directory or None)
    return answers.having(directory=directory)


def tested(answers: Answers) -> Answers:
    """Try both sides.

    Raises
    ------
    ConnectionFailed
        When one of them does not work: what both say.
    """
    found = answers.connection.check()
    if not found.ok:
        raise ConnectionFailed("\n".join(found.lines))
    return answers.having(checkup=found)


def is_kept(name: str) -> bool:
    """Whether there is a profile of this name.

    Raises
    ------
    ConfigurationError
        When the profiles file cannot be read.
    """
    return name in read_profiles()


def keep(answers: Answers, name: str) -> Answers:
    """Save the settings as a named profile, replacing one of that name, and the secrets in the system's keyring.

    The connection becomes the session's current one.

    Raises
    ------
    ConfigurationError
        When the name cannot be, or the profiles file cannot be read or written.
    """
    name = name.strip()
    if not name or not name.isprintable():
        raise ConfigurationError("The profile needs a name, as in: default")
    connection = answers.connection
    path = save(name, connection)
    done = answers.having(profile=Kept(name, path, remember(connection)))
    use(done.connection)
    return done


def save(name: str, connection: Connection) -> Path:
    """Keep the connection's settings as a named profile, replacing one of that name; secrets are not among them.

    Raises
    ------
    ConfigurationError
        When the profiles file cannot be read or written.
    """
    import tomli_w

    path, profiles = profiles_file(), read_profiles()
    profiles[name] = _kept(connection)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A name of its own, so that two setups at once do not write into one file.
        unfinished = path.with_name(f"{path.name}.{uuid.uuid4().hex}")
        try:
            unfinished.write_text(tomli_w.dumps(profiles), encoding="utf-8")
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(f"The profile cannot be kept in {path}: {error}") from None
    return path


def _kept(connection: Connection) -> dict[str, Any]:
    domain = DOMAINS.get(connection.domain or "")
    by_default: dict[str, Any] = {"timeout": ANSWER_SECONDS}
    if domain is not None:
        by_default |= {"host": domain.host, "endpoint": domain.endpoint}
    values = {n: getattr(connection, n) for n in SETTINGS if n not in SECRETS}
    return {n: _plain(v) for n, v in values.items() if v is not None and by_default.get(n) != v}


def _plain(value: Any) -> float | str:
    if isinstance(value, Path):
        return str(value.absolute())  # the profile is read from other folders, too
    return value if isinstance(value, int | float) else str(value)


def remember(connection: Connection) -> bool:
    """Put the API key, and the key file's passphrase, into the system's keyring.

    Returns
    -------
    bool
        ``False`` where no keyring keeps them, and for a sandbox, whose secrets end with it: then they stay in this
        session's memory.
    """
    settings = {"user": connection.user, "endpoint": connection.endpoint, "key_file": connection.key_file}
    named = {"api_key": connection.api_key, "passphrase": connection.passphrase}
    secrets = {keyring_account(n, settings): secret for n, secret in named.items() if secret is not None}
    for account, secret in secrets.items():
        keep_for_session(account, secret)
    return connection.kind == "account" and all(_in_keyring(*item) for item in secrets.items())


def _in_keyring(account: str, secret: Secret) -> bool:
    import keyring

    try:
        keyring.set_password(KEYRING_SERVICE, account, secret.reveal())
        # There are keyrings that take everything and keep nothing.
        return keyring.get_password(KEYRING_SERVICE, account) == secret.reveal()
    except Exception:  # noqa: BLE001 - keyrings are of many makers, and raise what they like
        return False


def _require(**settings: Any) -> None:
    if wrong := [*complaints(settings)]:
        raise ConfigurationError("\n".join(wrong))
