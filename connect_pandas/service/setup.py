"""From nothing to a connection that works, step by step: the steps, apart from who asks the questions."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from connect_pandas.errors import ConfigurationError, HostKeyError
from connect_pandas.service import keys
from connect_pandas.service.connection import (
    KEYRING_SERVICE,
    SECRETS,
    SETTINGS,
    Connection,
    Secret,
    keyring_account,
    profiles_file,
)
from connect_pandas.service.graphql import Api
from connect_pandas.service.sftp import open_session

if TYPE_CHECKING:
    from pathlib import Path


def key_pair(path: Path, user: str, passphrase: Secret | None) -> str:
    """Return the public line of the key at ``path``, which is made when it is not there.

    Raises
    ------
    ConfigurationError
        When what is there cannot be used.
    """
    if path.exists():
        return keys.public_line(path, passphrase)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return keys.make(path, user, passphrase)


def register(connection: Connection, public_line: str) -> None:
    """Register the public key for the connection's user."""
    Api(connection).register_public_key(public_line)


def shown_fingerprint(connection: Connection) -> str | None:
    """Return the fingerprint that the server shows where nothing here vouches for it, or ``None``."""
    try:
        with open_session(connection):
            return None
    except HostKeyError as error:
        return error.fingerprint


def pinned(connection: Connection, fingerprint: str) -> Connection:
    """Return the connection that takes only a server with this fingerprint."""
    return replace(connection, host_key=fingerprint)


def save(name: str, connection: Connection) -> Path:
    """Keep the connection's settings as a named profile; secrets are not among them.

    Raises
    ------
    ConfigurationError
        When the profiles file cannot be read or written.
    """
    import tomli_w

    path = profiles_file()
    try:
        profiles = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        profiles[name] = _kept(connection)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_suffix(".new")
        unfinished.write_text(tomli_w.dumps(profiles), encoding="utf-8")
        unfinished.replace(path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"The profile cannot be kept in {path}: {error}") from None
    return path


def _kept(connection: Connection) -> dict[str, Any]:
    by_domain = {"host", "endpoint"} if connection.domain else set()
    values = {n: getattr(connection, n) for n in SETTINGS if n not in SECRETS and n not in by_domain}
    return {n: v if isinstance(v, int) else str(v) for n, v in values.items() if v is not None}


def remember(connection: Connection) -> bool:
    """Put the API key, and the key file's passphrase, into the system's keyring; ``False`` where there is none."""
    import keyring
    from keyring.errors import KeyringError

    settings = {"user": connection.user, "endpoint": connection.endpoint, "key_file": connection.key_file}
    secrets = {"api_key": connection.api_key, "passphrase": connection.passphrase}
    try:
        for name, secret in secrets.items():
            if secret is not None:
                keyring.set_password(KEYRING_SERVICE, keyring_account(name, settings), secret.reveal())
    except KeyringError:
        return False
    return True
