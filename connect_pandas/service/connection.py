"""Who connects, where to, and with which key: the ``Connection`` and where its settings come from."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, final
from urllib.parse import urlsplit

from connect_pandas import rules
from connect_pandas.errors import ConfigurationError, PlanError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from connect_pandas.service.checkup import Checkup

KEYRING_SERVICE: Final = "connect-pandas"
ENVIRONMENT_PREFIX: Final = "CONNECT_"
SFTP_PORT: Final = 22
SUBSCRIPTION_PREFIX: Final = "sub_"
"""How the subscription's directory begins. Source: api."""
ANSWER_SECONDS: Final = 30.0
"""How long a server may say nothing, where the user sets no ``timeout``. Source: open."""
LONGEST_SECONDS: Final = 86_400
"""The most that a ``timeout`` can be: no socket takes any number."""
DEFAULT_PROFILE: Final = "default"
"""The profile that is taken when nothing else says who connects, and where to."""


@dataclass(frozen=True, slots=True)
class Domain:
    """A Connect domain's two doors. Source: guide (the SFTP hosts), public API reference (the endpoints)."""

    host: str
    endpoint: str


DOMAINS: Final[dict[str, Domain]] = {
    "prod-us-east-1": Domain(
        "s-acca2da9ec374c47b.server.transfer.us-east-1.amazonaws.com",
        "https://connect-gql-us-1.goacoustic.com",
    ),
    "prod-eu-central-1": Domain(
        "s-0f495b8f35324396a.server.transfer.eu-central-1.amazonaws.com",
        "https://connect-gql-eu-1.goacoustic.com",
    ),
    "prod-ap-southeast-2": Domain(
        "s-9596192dde684690a.server.transfer.ap-southeast-2.amazonaws.com",
        "https://connect-gql-ap-3.goacoustic.com",
    ),
}


@final
class Secret:
    """A text that shows itself only when asked to, and that does not travel."""

    __slots__ = ("__reveal",)

    def __init__(self, text: str) -> None:
        self.__reveal: Callable[[], str] = lambda: text

    def reveal(self) -> str:
        """Return the text."""
        return self.__reveal()

    def __repr__(self) -> str:
        return "Secret(•••)"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reveal() == other.reveal()

    def __hash__(self) -> int:
        return hash(self.reveal())

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> Any:
        raise TypeError("A Secret cannot be pickled; connect again where the connection is needed.")


@dataclass(frozen=True, kw_only=True)
class Connection:
    """Who connects to the Connect service, where to, and with which key.

    Made by :func:`connect_pandas.connect`. A value: making one opens nothing, and it shows no secret.

    Attributes
    ----------
    user : str
        The person's Connect e-mail address; the SFTP user.
    host, port : str, int
        The SFTP server.
    endpoint : str
        The address of the GraphQL API: https, or http on loopback.
    key_file : Path or None
        The private key whose public half is registered with Connect; ``None`` leaves it to ``~/.ssh/config`` and
        the ssh-agent.
    directory : str or None
        The subscription's directory on the server; ``None`` finds it: the only ``sub_…`` there, else the
        directory in which the server puts the user.
    known_hosts : Path or None
        The file of known host keys; ``None`` is the user's own ``~/.ssh/known_hosts``.
    host_key : str or None
        The fingerprint (``SHA256:…``) that the server must show.
    timeout : float
        Seconds that either server may say nothing before a step gives up.
    domain, profile : str or None
        Where the other settings came from.
    state : Path or None
        The folder in which the journal of imports over this connection is kept; ``None`` is the user's own.
    kind : "account" or "sandbox"
        What is at the other end.
    """

    user: str
    host: str
    endpoint: str
    api_key: Secret = field(repr=False)
    key_file: Path | None = None
    passphrase: Secret | None = field(default=None, repr=False)
    port: int = SFTP_PORT
    directory: str | None = None
    known_hosts: Path | None = None
    host_key: str | None = None
    timeout: float = ANSWER_SECONDS
    domain: str | None = None
    profile: str | None = None
    state: Path | None = field(default=None, repr=False)
    kind: Literal["account", "sandbox"] = "account"

    def __post_init__(self) -> None:
        if wrong := [*complaints({name: getattr(self, name) for name in _CHECKS})]:
            raise ConfigurationError("\n".join(wrong))

    def check(self) -> Checkup:
        """Log on to both sides and say in plain words what works.

        Returns
        -------
        Checkup
            Prints itself; ``.ok`` is true when both sides work. Nothing is written on either side.
        """
        from connect_pandas.service.checkup import checkup

        return checkup(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from connect_pandas.notebook.draw import as_html
        from connect_pandas.notebook.view_service import connection as view

        return {"text/plain": repr(self), "text/html": as_html(view(self))}

    def __repr__(self) -> str:
        domain = DOMAINS.get(self.domain or "")
        where = self.domain if domain and domain.host == self.host else self.host
        return f"<Connection {self.user} at {where} · sftp {self.host}:{self.port} · {self.endpoint}>"


def require_running(connection: Connection) -> None:
    """Refuse the way into a sandbox that has stopped: what it would meet there only misleads.

    Raises
    ------
    ConfigurationError
    """
    if connection.kind == "sandbox" and not _is_there(connection):
        raise ConfigurationError(
            "This sandbox has stopped, and what was in it is gone. Start another: connect_pandas.sandbox()"
        )


def monitoring(connection: Connection) -> str:
    """Say where one who is not sure looks for a job, as in ``f"look in the {…}"``: a sandbox has no web app."""
    return "sandbox's table, box.jobs" if connection.kind == "sandbox" else f"web app, {MONITORING}"


MONITORING: Final = "Data management > Job monitoring"
"""Where the web app shows jobs. Source: guide."""


def _is_there(sandbox: Connection) -> bool:
    # Its folder goes with it. What its key file says is another matter: a key of one's own outlives it, and a path that
    # is wrong is no end of it.
    return sandbox.state is None or sandbox.state.parent.exists()


def _server(connection: Connection) -> tuple[str, int, str]:
    return connection.host, connection.port, connection.endpoint


# ── what a setting can be ─────────────────────────────────────────────────────────────────────────────

# Each takes what the user calls the setting, and its value; the first of two complaints about a value is enough.


def _wrong_user(label: str, user: Any) -> str | None:
    if isinstance(user, str) and re.match(rules.USER_NAME, user) and not user.endswith("\n"):
        return None
    return (
        f"{label}={user!r} cannot log on: Connect takes 3–100 Latin letters, digits, '_', '-', '.' and '@', "
        "and never '+' or quotes. Use the e-mail address of a Connect user that keeps to this."
    )


def _wrong_host(label: str, host: Any) -> str | None:
    if isinstance(host, str) and (re.fullmatch(r"[\w.-]+", host) or _is_address(host)):
        return None
    if "@" in str(host):
        return f"{label} holds a user or a password (not shown here); the user goes into user=…."
    return f"{label}={host!r} is not the plain name of a server: no spaces, no sftp://, no port (it goes into port=…)."


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _wrong_port(label: str, port: Any) -> str | None:
    if not isinstance(port, int) or isinstance(port, bool):
        return f"{label}={port!r} is not a number."
    return None if 1 <= port <= 65535 else f"{label}={port} is not a port number (1–65535)."


def _wrong_timeout(label: str, timeout: Any) -> str | None:
    if isinstance(timeout, int | float) and not isinstance(timeout, bool) and 0 < timeout <= LONGEST_SECONDS:
        return None
    return f"{label}={timeout!r} is no number of seconds up to {LONGEST_SECONDS:,}, a day, as in timeout=60."


def _wrong_endpoint(label: str, endpoint: Any) -> str | None:
    if "@" in str(endpoint):
        return f"{label} holds a user or a password (not shown here); Connect's API takes only the API key."
    if not isinstance(endpoint, str) or re.search(r"\s", endpoint):
        return f"{label}={endpoint!r} is not an address; it reads https://…"
    try:
        parts = urlsplit(endpoint)
        scheme, hostname, _port = parts.scheme, parts.hostname, parts.port
    except ValueError as error:
        return f"{label}={endpoint!r} is not an address ({error}); it reads https://…"
    if hostname and (scheme == "https" or (scheme == "http" and is_loopback(hostname))):
        return None
    return (
        f"{label}={endpoint!r} is refused: the API key is sent only to https://… (or http on this machine)."
    )


def is_loopback(hostname: str) -> bool:
    """Whether the name is this machine's own and nothing on the network sees what is sent to it."""
    try:
        return ip_address(hostname).is_loopback
    except ValueError:
        return hostname == "localhost"


def _wrong_api_key(_label: str, api_key: Any) -> str | None:
    # It travels in a header; what no header can hold is found here, where no library quotes it in an error.
    if isinstance(api_key, Secret) and re.fullmatch(r"[!-~]+", api_key.reveal()):
        return None
    return "The API key is empty or holds spaces, line breaks or letters that no key has. Copy it once more."


def _wrong_path(label: str, path: Any) -> str | None:
    if not isinstance(path, str | os.PathLike):
        return f"{label} takes a path, and not {path!r}."
    if "PRIVATE KEY" in str(path) or not str(path).isprintable():
        return f"{label} takes the path of a file, and not its text."
    try:
        Path(path).expanduser()
    except RuntimeError:
        return f"{label}={str(path)!r}: there is no such user's home here. Write the path out."
    return None


def _wrong_host_key(label: str, host_key: Any) -> str | None:
    if isinstance(host_key, str) and re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}=?", host_key):
        return None
    return (
        f"{label}={host_key!r} is not a fingerprint; it reads 'SHA256:' and 43 characters, "
        "as printed by: ssh-keyscan HOST | ssh-keygen -lf -"
    )


def _wrong_directory(label: str, directory: Any) -> str | None:
    if not isinstance(directory, str):
        return f'{label} takes text, as in "sub_0000000001", and not {directory!r}.'
    if ".." in directory.split("/"):
        return f'{label}={directory!r} leads upwards: write the directory itself, as in "sub_0000000001", without "..".'
    above, _, _name = directory.strip("/").rpartition("/")
    subscription = next((part for part in above.split("/") if part.startswith(SUBSCRIPTION_PREFIX)), None)
    if subscription is None:
        return None
    return (
        f"{label}={directory!r} is a folder in the subscription's directory: write "
        f'directory="{subscription}" here, and folder="{_after(directory, subscription)}" in the plan.'
    )


def _after(directory: str, part: str) -> str:
    return directory.split(f"{part}/", 1)[1].strip("/")


_CHECKS: Final[dict[str, Callable[[str, Any], str | None]]] = {
    "user": _wrong_user,
    "host": _wrong_host,
    "port": _wrong_port,
    "endpoint": _wrong_endpoint,
    "api_key": _wrong_api_key,
    "key_file": _wrong_path,
    "directory": _wrong_directory,
    "known_hosts": _wrong_path,
    "host_key": _wrong_host_key,
    "timeout": _wrong_timeout,
}


def complaints(settings: Mapping[str, Any], labels: Mapping[str, str] | None = None) -> Iterator[str]:
    """Say of each setting that is there what is wrong with it.

    Parameters
    ----------
    settings : mapping
        By name; ``None`` is not there.
    labels : mapping, optional
        What the user calls a setting, where that is not its name.
    """
    for name, check in _CHECKS.items():
        value = settings.get(name)
        if value is not None and (words := check((labels or {}).get(name, name), value)):
            yield words


# ── where settings come from ──────────────────────────────────────────────────────────────────────────

SETTINGS: Final = (
    "domain",
    "user",
    "api_key",
    "key_file",
    "passphrase",
    "directory",
    "host",
    "port",
    "endpoint",
    "known_hosts",
    "host_key",
    "timeout",
)
SECRETS: Final = frozenset({"api_key", "passphrase"})


_NUMBERS: Final[dict[str, Any]] = {"port": int, "timeout": int | float}


PLACE: Final = frozenset({"domain", "host", "port", "endpoint", "directory", "known_hosts", "host_key"})
"""What belongs to one server: none of it is taken for another."""


def resolve(profile: str | None, given: Mapping[str, Any]) -> Connection:
    """Make the connection from what is given, then the environment, then the profile, then the keyring.

    A source that names a domain or a host takes nothing that a lesser one says of another server.

    Parameters
    ----------
    profile : str or None
        A name in the profiles file; ``None`` takes ``CONNECT_PROFILE`` when that is set, and the profile
        ``default``, when there is one, where nothing says who connects or where to.
    given : mapping
        The keywords of :func:`connect_pandas.connect`; ``None`` means not given. Wrap secrets in
        :class:`Secret` where they are read, so that no traceback shows them.

    Raises
    ------
    ConfigurationError
        When settings are missing or wrong: all of them at once.
    """
    given = {n: _secret(v) if n in SECRETS else v for n, v in given.items() if v is not None}
    environment = _from_environment()
    profile = (
        profile or os.environ.get(f"{ENVIRONMENT_PREFIX}PROFILE") or _default_profile(given, environment)
    )
    sources = ({} if profile is None else _read_profile(profile), environment, given)
    wrong = [words for source in sources if (words := _wrong_domain(source.get("domain")))]
    settings: dict[str, Any] = {}
    for source in sources:
        settings = _over(settings, _by_domain(source))
    settings |= {n: found for n in SECRETS - settings.keys() if (found := from_keyring(n, settings))}
    settings["port"] = _number(settings.get("port", SFTP_PORT))
    settings["timeout"] = _seconds(settings.get("timeout", ANSWER_SECONDS))
    needed = ("user", "host", "endpoint", *(() if _has_other_keys() else ("key_file",)), "api_key")
    missing = [n for n in needed if not settings.get(n)]
    if wrong:  # host and endpoint would have come from the domain
        missing = [n for n in missing if n not in ("host", "endpoint")]
    labels = {n: _variable(n) for n in environment if n not in given}
    wrong += complaints({n: v for n, v in settings.items() if n not in missing}, labels)
    if missing:
        wrong.append(_say_missing(missing))
    if wrong:
        raise ConfigurationError("\n".join(wrong))
    box = running_sandbox()
    in_box = box is not None and _server(box) == (settings["host"], settings["port"], settings["endpoint"])
    return Connection(
        user=settings["user"],
        host=settings["host"],
        endpoint=settings["endpoint"],
        api_key=settings["api_key"],
        key_file=_path(settings["key_file"]) if settings.get("key_file") else None,
        passphrase=settings.get("passphrase"),
        port=settings["port"],
        directory=settings.get("directory") or None,
        known_hosts=_path(settings["known_hosts"]) if settings.get("known_hosts") else None,
        host_key=settings.get("host_key"),
        timeout=settings["timeout"],
        domain=settings.get("domain"),
        profile=profile,
        state=box.state if box and in_box else None,
        kind="sandbox" if in_box else "account",
    )


def known_settings(profile: str) -> dict[str, Any]:
    """Return what the environment and, below it, a profile say, the profile's name apart; secrets are wrapped.

    Raises
    ------
    ConfigurationError
        When the profiles file, or this profile, cannot be read; that there is none is no error.
    """
    kept = _read_profile(profile) if profile in read_profiles() else {}
    return _over(_by_domain(kept), _by_domain(_from_environment()))


def _over(lesser: dict[str, Any], source: dict[str, Any]) -> dict[str, Any]:
    """Lay a source over the lesser ones; one that names another server takes nothing of theirs."""
    if source.get("host", lesser.get("host")) != lesser.get("host"):
        lesser = {name: value for name, value in lesser.items() if name not in PLACE}
    return lesser | source


def _has_other_keys() -> bool:
    """Whether OpenSSH may know a key where no file is named: its configuration or its agent is there."""
    return "SSH_AUTH_SOCK" in os.environ or (Path.home() / ".ssh" / "config").is_file()


def _secret(value: str | Secret) -> Secret | None:
    secret = value if isinstance(value, Secret) else Secret(str(value).strip())
    return secret if secret.reveal() else None


def _path(value: str | os.PathLike[str]) -> Path:
    return Path(value).expanduser()


def _number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value.strip()) else value


def _seconds(value: Any) -> Any:
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _variable(name: str) -> str:
    return f"{ENVIRONMENT_PREFIX}{name.upper()}"


def _from_environment() -> dict[str, Any]:
    return {
        name: Secret(os.environ[_variable(name)].strip()) if name in SECRETS else os.environ[_variable(name)]
        for name in SETTINGS
        if os.environ.get(_variable(name), "").strip()
    }


def _wrong_domain(name: Any) -> str | None:
    if name is None or (isinstance(name, str) and name in DOMAINS):
        return None
    return f"domain={name!r} is not known; it is one of: {', '.join(DOMAINS)}.{did_you_mean(name, DOMAINS)}"


def _by_domain(settings: dict[str, Any]) -> dict[str, Any]:
    """Add the host and the endpoint of the domain, where the same source does not name its own."""
    name = settings.get("domain")
    if not isinstance(name, str) or name not in DOMAINS:
        return settings
    return {"host": DOMAINS[name].host, "endpoint": DOMAINS[name].endpoint} | settings


def profiles_file() -> Path:
    """Where named profiles are kept: ``profiles.toml`` in the user's configuration folder."""
    from platformdirs import user_config_path

    return user_config_path("connect-pandas") / "profiles.toml"


def read_profiles() -> dict[str, Any]:
    """Return all profiles by name; none where there is no file.

    Raises
    ------
    ConfigurationError
        When the file cannot be read.
    """
    path = profiles_file()
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The profiles in {path} cannot be read: {error}") from None


_WHO: Final = frozenset({"domain", "user", "host", "endpoint"})
"""What says who connects, or where to."""


def _default_profile(*sources: Iterable[str]) -> str | None:
    named = any(_WHO & set(source) for source in sources)
    return DEFAULT_PROFILE if not named and DEFAULT_PROFILE in read_profiles() else None


def _read_profile(name: str) -> dict[str, Any]:
    path, profiles = profiles_file(), read_profiles()
    if not path.exists():
        raise ConfigurationError(f"There is no profile {name!r}: the file {path} does not exist.")
    settings = profiles.get(name)
    if not isinstance(settings, dict):
        known = ", ".join(repr(n) for n in profiles) or "none"
        raise ConfigurationError(f"There is no profile {name!r} in {path}; known: {known}.")
    if secrets := SECRETS & settings.keys():
        raise ConfigurationError(
            f"The profile {name!r} in {path} holds {' and '.join(sorted(secrets))}: secrets do not belong "
            "in a file. Remove the line, make a new key if others could read the file, and keep it in the "
            "system's keyring."
        )
    if unknown := settings.keys() - set(SETTINGS):
        raise ConfigurationError(
            f"The profile {name!r} in {path} has unknown settings: {', '.join(sorted(unknown))}. "
            f"Known: {', '.join(s for s in SETTINGS if s not in SECRETS)}."
        )
    if wrong := sorted(n for n, value in settings.items() if not isinstance(value, _NUMBERS.get(n, str))):
        said = (
            f"{n} must be {'a number, without quotes' if n in _NUMBERS else 'text in quotes'}" for n in wrong
        )
        raise ConfigurationError(f"The profile {name!r} in {path}: {', '.join(said)}.")
    return settings


def keyring_account(name: str, settings: Mapping[str, Any]) -> str:
    """Name a secret's account in the keyring: user and endpoint of an API key, key file of a passphrase."""
    if name == "passphrase":
        return f"passphrase {_path(settings['key_file']).absolute()}"
    return f"api_key {settings['user']} {settings['endpoint']}"


def from_keyring(name: str, settings: Mapping[str, Any]) -> Secret | None:
    """Return a secret that this session or the system's keyring keeps for these settings; ``None`` without one."""
    needed = ("key_file",) if name == "passphrase" else ("user", "endpoint")
    named = {n: settings.get(n) for n in needed}
    if not all(named.values()) or [*complaints(named)]:
        return None
    account = keyring_account(name, settings)
    if account in _of_this_session:
        return _of_this_session[account]
    import keyring

    try:
        return _secret(keyring.get_password(KEYRING_SERVICE, account) or "")
    except Exception:  # noqa: BLE001 - keyrings are of many makers, and a locked one is as good as none
        return None


_of_this_session: Final[dict[str, Secret]] = {}


def keep_for_session(account: str, secret: Secret) -> None:
    """Keep a secret in memory, under its keyring's account, until Python ends."""
    _of_this_session[account] = secret


_HOW: Final = {
    "user": 'user="ann@shop.com"          your Connect e-mail address',
    "host": 'domain="prod-us-east-1"      your Connect domain; it gives host and endpoint',
    "endpoint": 'endpoint="https://…"         the API that belongs to this host (a domain gives both)',
    "key_file": 'key_file="~/.ssh/connect"    the private key whose public half Connect knows',
    "api_key": "CONNECT_API_KEY              in the environment, or the system's keyring",
}


def _say_missing(missing: list[str]) -> str:
    # A domain gives both, so that one line is enough; a host that is named by itself has no endpoint yet.
    lines = [f"  {_HOW[n]}" for n in missing if n != "endpoint" or "host" not in missing]
    return (
        f"The connection lacks {', '.join(missing)}:\n"
        + "\n".join(lines)
        + "\nGive them to connect_pandas.connect(…), or in the environment as CONNECT_DOMAIN, CONNECT_USER and so on."
        + "\nTo try everything without an account: connect_pandas.sandbox()"
    )


# ── the session's current connection ──────────────────────────────────────────────────────────────────

_current: Connection | None = None
_sandbox: Connection | None = None
_left_sandbox = False
_running: Final[list[Connection]] = []
"""The ways into the sandboxes that this process runs."""


def use(connection: Connection | None) -> None:
    """Make this the session's current connection; ``None`` forgets it."""
    global _current, _sandbox, _left_sandbox  # one session, one current connection: that is its meaning
    _current, _left_sandbox = connection, False
    if connection is None or connection.kind == "sandbox":
        _sandbox = connection


def enter(connection: Connection) -> None:
    """Note a sandbox that has started, until it is left; it is not thereby the current one."""
    _running.append(connection)


def running_beside(connection: Connection) -> int:
    """Return how many other sandboxes this process runs."""
    return sum(_server(other) != _server(connection) for other in _running)


def running_sandbox() -> Connection | None:
    """Return the way into the sandbox that was last in use here and still runs; ``None`` without one."""
    return _sandbox if _sandbox is not None and _is_there(_sandbox) else None


def leave(connection: Connection) -> None:
    """Leave a sandbox that stops. Where it was current none is: no other takes over what was meant for it."""
    global _current, _sandbox, _left_sandbox
    _running[:] = [other for other in _running if _server(other) != _server(connection)]
    if _sandbox is not None and _server(_sandbox) == _server(connection):
        _sandbox = None
    if _current is not None and _server(_current) == _server(connection):
        _current, _left_sandbox = None, True


def require_connection(given: object) -> None:
    """Raise when what was given as a connection is none.

    Raises
    ------
    PlanError
        When it is another thing.
    """
    if given is None or isinstance(given, Connection):
        return
    if isinstance(given, str):  # which may be a secret
        own = '; for a profile: connection=connect_pandas.connect("…")'
    elif isinstance(getattr(given, "connection", None), Connection):
        own = ", whose own is its .connection, as in connection=box.connection"
    else:
        own = ""
    raise PlanError(f"connection= takes a Connection; this is of the type {type(given).__qualname__}{own}.")


def current() -> Connection:
    """Return the session's current connection: the last that was made, else the environment's.

    In a session that has left a sandbox, the environment's is no longer taken by itself: what was meant for the
    sandbox must not reach an account in silence.

    Raises
    ------
    ConfigurationError
        When there is none and the environment names none.
    """
    if _current is not None:
        return _current
    if _left_sandbox:
        raise ConfigurationError(
            "The sandbox has stopped, so there is no current connection.\n"
            "  Another sandbox:                 connect_pandas.sandbox()\n"
            "  An account:                      connect_pandas.connect(…)\n"
            "  A connection that is still open: connection=…, as connection=box.connection"
        )
    if any(os.environ.get(_variable(n)) for n in ("profile", "domain", "host")):
        return resolve(None, {})
    # One that Sandbox() has started, and not connect_pandas.sandbox().
    running = "  The Sandbox() here:  connection=box.connection\n" if _running else ""
    raise ConfigurationError(
        f"There is no connection yet.\n{running}"
        '  With an account:     connect_pandas.connect(domain="prod-us-east-1", user="ann@shop.com", '
        'key_file="~/.ssh/connect")\n'
        "  Without an account:  connect_pandas.sandbox()"
    )
