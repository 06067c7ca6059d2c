"""Who connects, where to, and with which key: the ``Connection`` and where its settings come from."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final
from urllib.parse import urlsplit

from connect_pandas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connect_pandas.service.checkup import Checkup

KEYRING_SERVICE: Final = "connect-pandas"
ENVIRONMENT_PREFIX: Final = "CONNECT_"
SFTP_PORT: Final = 22
USER_NAME: Final = re.compile(r"[A-Za-z0-9_.@-]{3,100}")
"""Source: guide, logon by the person's Connect e-mail address: 3–100 characters, never ``+`` or quotes."""


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
    key_file : Path
        The private key whose public half is registered with Connect.
    directory : str or None
        The subscription's directory on the server; ``None`` finds it: the only ``sub_…`` there, else the
        directory in which the server puts the user.
    known_hosts : Path or None
        The file of known host keys; ``None`` is the user's own ``~/.ssh/known_hosts``.
    host_key : str or None
        The fingerprint (``SHA256:…``) that the server must show.
    domain, profile : str or None
        Where the other settings came from.
    """

    user: str
    host: str
    endpoint: str
    api_key: Secret = field(repr=False)
    key_file: Path
    passphrase: Secret | None = field(default=None, repr=False)
    port: int = SFTP_PORT
    directory: str | None = None
    known_hosts: Path | None = None
    host_key: str | None = None
    domain: str | None = None
    profile: str | None = None

    def __post_init__(self) -> None:
        wrong = [
            *_wrong_user(self.user),
            *_wrong_endpoint(self.endpoint),
            *_wrong_api_key(self.api_key),
            *_wrong_host_key(self.host_key),
        ]
        if not 1 <= self.port <= 65535:
            wrong.append(f"port={self.port} is not a port number (1–65535).")
        if wrong:
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

    def __repr__(self) -> str:
        where = self.domain or self.host
        return f"<Connection {self.user} at {where} · sftp {self.host}:{self.port} · {self.endpoint}>"


def _wrong_user(user: str) -> list[str]:
    if USER_NAME.fullmatch(user):
        return []
    words = (
        f"user={user!r} cannot log on: Connect takes 3–100 Latin letters, digits, '_', '-', '.' and '@', "
        "and never '+' or quotes. Use the e-mail address of a Connect user that keeps to this."
    )
    return [words]


def _wrong_endpoint(endpoint: str) -> list[str]:
    parts = urlsplit(endpoint)
    if parts.scheme == "https" and parts.hostname:
        return []
    if parts.scheme == "http" and parts.hostname and is_loopback(parts.hostname):
        return []
    return [
        f"endpoint={endpoint!r} is refused: the API key is sent only to https://… (or http on this machine)."
    ]


def is_loopback(hostname: str) -> bool:
    """Whether the name is this machine's own and nothing on the network sees what is sent to it."""
    try:
        return ip_address(hostname).is_loopback
    except ValueError:
        return hostname == "localhost"


def _wrong_api_key(api_key: Secret) -> list[str]:
    # It travels in a header; what no header can hold is found here, where no library quotes it in an error.
    if re.fullmatch(r"[!-~]+", api_key.reveal()):
        return []
    return [
        "The API key is empty or holds spaces, line breaks or letters that no key has. Copy it once more."
    ]


def _wrong_host_key(host_key: str | None) -> list[str]:
    if host_key is None or re.fullmatch(r"SHA256:[A-Za-z0-9+/]{43}=?", host_key):
        return []
    words = (
        f"host_key={host_key!r} is not a fingerprint; it reads 'SHA256:' and 43 characters, "
        "as printed by: ssh-keyscan HOST | ssh-keygen -lf -"
    )
    return [words]


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
)
SECRETS: Final = frozenset({"api_key", "passphrase"})


def resolve(profile: str | None, given: Mapping[str, Any]) -> Connection:
    """Make the connection from what is given, then the environment, then the profile, then the keyring.

    Parameters
    ----------
    profile : str or None
        A name in the profiles file; ``None`` takes ``CONNECT_PROFILE`` when that is set.
    given : mapping
        The keywords of :func:`connect_pandas.connect`; ``None`` means not given.

    Raises
    ------
    ConfigurationError
        When settings are missing or wrong: all of them at once.
    """
    profile = profile or os.environ.get(f"{ENVIRONMENT_PREFIX}PROFILE")
    # Each source by itself: a domain given here must not lose to a host that an older profile names.
    settings = (
        (_by_domain(_read_profile(profile)) if profile else {})
        | _by_domain(_from_environment())
        | _by_domain({name: value for name, value in given.items() if value is not None})
    )
    settings |= {
        name: found for name in SECRETS - settings.keys() if (found := _from_keyring(name, settings))
    }
    missing = [n for n in ("user", "host", "endpoint", "key_file", "api_key") if not settings.get(n)]
    if missing:
        raise ConfigurationError(_say_missing(missing))
    return Connection(
        user=str(settings["user"]),
        host=str(settings["host"]),
        endpoint=str(settings["endpoint"]),
        api_key=_secret(settings["api_key"]),
        key_file=_path(settings["key_file"]),
        passphrase=_secret(settings["passphrase"]) if settings.get("passphrase") else None,
        port=_port(settings.get("port", SFTP_PORT)),
        directory=settings.get("directory"),
        known_hosts=_path(settings["known_hosts"]) if settings.get("known_hosts") else None,
        host_key=settings.get("host_key"),
        domain=settings.get("domain"),
        profile=profile,
    )


def _secret(value: str | Secret) -> Secret:
    return value if isinstance(value, Secret) else Secret(str(value).strip())


def _path(value: str | os.PathLike[str]) -> Path:
    return Path(value).expanduser()


def _port(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        raise ConfigurationError(f"port={value!r} is not a number.") from None


def _from_environment() -> dict[str, str]:
    names = {name: f"{ENVIRONMENT_PREFIX}{name.upper()}" for name in SETTINGS}
    return {name: os.environ[variable] for name, variable in names.items() if os.environ.get(variable)}


def _by_domain(settings: dict[str, Any]) -> dict[str, Any]:
    """Add the host and the endpoint of the domain, where the same source does not name its own."""
    name = settings.get("domain")
    if name is None:
        return settings
    if name not in DOMAINS:
        raise ConfigurationError(f"domain={name!r} is not known; it is one of: {', '.join(DOMAINS)}.")
    return {"host": DOMAINS[name].host, "endpoint": DOMAINS[name].endpoint} | settings


def profiles_file() -> Path:
    """Where named profiles are kept: ``profiles.toml`` in the user's configuration folder."""
    from platformdirs import user_config_path

    return user_config_path("connect-pandas") / "profiles.toml"


def _read_profile(name: str) -> dict[str, Any]:
    path = profiles_file()
    try:
        profiles = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"There is no profile {name!r}: the file {path} does not exist.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The profiles in {path} cannot be read: {error}") from None
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
    if wrong := sorted(
        n for n, value in settings.items() if not isinstance(value, int if n == "port" else str)
    ):
        raise ConfigurationError(
            f"The profile {name!r} in {path}: {', '.join(wrong)} must be text in quotes (port: a number)."
        )
    return settings


def keyring_account(name: str, settings: Mapping[str, Any]) -> str:
    """Name a secret's account in the keyring: user and endpoint of an API key, key file of a passphrase."""
    if name == "passphrase":
        return f"passphrase {_path(settings['key_file'])}"
    return f"api_key {settings['user']} {settings['endpoint']}"


def _from_keyring(name: str, settings: Mapping[str, Any]) -> str | None:
    needed = ("key_file",) if name == "passphrase" else ("user", "endpoint")
    if not all(settings.get(n) for n in needed):
        return None
    import keyring

    try:
        found: str | None = keyring.get_password(KEYRING_SERVICE, keyring_account(name, settings))
    except Exception:  # noqa: BLE001 - keyrings are of many makers, and a locked one is as good as none
        return None
    return found


_HOW: Final = {
    "user": 'user="ann@shop.com"          your Connect e-mail address',
    "host": 'domain="prod-us-east-1"      your Connect domain; it gives host and endpoint',
    "endpoint": 'domain="prod-us-east-1"      your Connect domain; it gives host and endpoint',
    "key_file": 'key_file="~/.ssh/connect"    the private key whose public half Connect knows',
    "api_key": "CONNECT_API_KEY              in the environment, or the system's keyring",
}


def _say_missing(missing: list[str]) -> str:
    lines = dict.fromkeys(f"  {_HOW[name]}" for name in missing)
    return (
        f"The connection lacks {', '.join(missing)}:\n"
        + "\n".join(lines)
        + "\nGive them to connect_pandas.connect(…), or in the environment as CONNECT_DOMAIN, CONNECT_USER and so on."
        + "\nTo try everything without an account: connect_pandas.sandbox()"
    )


# ── the session's current connection ──────────────────────────────────────────────────────────────────

_current: Connection | None = None


def use(connection: Connection | None) -> None:
    """Make this the session's current connection; ``None`` leaves none."""
    global _current  # one session, one current connection: that is its meaning
    _current = connection


def leave(connection: Connection) -> None:
    """Make this connection the session's current one no longer, if it is."""
    if _current is connection:
        use(None)


def current() -> Connection:
    """Return the session's current connection.

    Raises
    ------
    ConfigurationError
        When there is none and the environment names none.
    """
    if _current is not None:
        return _current
    if any(os.environ.get(f"{ENVIRONMENT_PREFIX}{n}") for n in ("PROFILE", "DOMAIN", "HOST")):
        return resolve(None, {})
    raise ConfigurationError(
        "There is no connection yet.\n"
        '  With an account:     connect_pandas.connect(domain="prod-us-east-1", user="ann@shop.com", '
        'key_file="~/.ssh/connect")\n'
        "  Without an account:  connect_pandas.sandbox()"
    )
