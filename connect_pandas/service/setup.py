"""From nothing to a connection that works, step by step: the steps, apart from who asks the questions."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connect_pandas.errors import ConfigurationError, HostKeyError
from connect_pandas.service import keys
from connect_pandas.service.connection import (
    DOMAINS,
    KEYRING_SERVICE,
    SECRETS,
    SETTINGS,
    keyring_account,
    profiles_file,
    read_profiles,
)
from connect_pandas.service.sftp import open_session

if TYPE_CHECKING:
    from connect_pandas.service.connection import Connection, Secret


def key_pair(path: Path, user: str, passphrase: Secret | None) -> str:
    """Return the public line of the key at ``path``, which is made when it is not there.

    Raises
    ------
    ConfigurationError
        When what is there cannot be used.
    """
    # Also what is no file here (a broken link, a folder) is there, and keys says what is wrong with it.
    if os.path.lexists(path):
        return keys.public_line(path, passphrase)
    return keys.make(path, user, passphrase)


def shown_fingerprint(connection: Connection) -> str | None:
    """Return the fingerprint that a server shows which nothing here knows yet; ``None`` for a known one.

    Raises
    ------
    HostKeyError
        When the key is not the one expected, or is revoked: that is no question to ask.
    """
    try:
        with open_session(connection):
            return None
    except HostKeyError as error:
        if error.reason != "unknown":
            raise
        return error.fingerprint


def is_kept(name: str) -> bool:
    """Whether there is a profile of this name.

    Raises
    ------
    ConfigurationError
        When the profiles file cannot be read.
    """
    return name in read_profiles()


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
    by_domain = {} if domain is None else {"host": domain.host, "endpoint": domain.endpoint}
    values = {n: getattr(connection, n) for n in SETTINGS if n not in SECRETS}
    return {n: _plain(v) for n, v in values.items() if v is not None and by_domain.get(n) != v}


def _plain(value: Any) -> int | str:
    if isinstance(value, Path):
        return str(value.absolute())  # the profile is read from other folders, too
    return value if isinstance(value, int) else str(value)


def remember(connection: Connection) -> bool:
    """Put the API key, and the key file's passphrase, into the system's keyring; ``False`` where that cannot be."""
    import keyring

    settings = {"user": connection.user, "endpoint": connection.endpoint, "key_file": connection.key_file}
    secrets = {"api_key": connection.api_key, "passphrase": connection.passphrase}
    try:
        for name, secret in secrets.items():
            if secret is not None:
                keyring.set_password(KEYRING_SERVICE, keyring_account(name, settings), secret.reveal())
    except Exception:  # noqa: BLE001 - keyrings are of many makers, and raise what they like
        return False
    return True
