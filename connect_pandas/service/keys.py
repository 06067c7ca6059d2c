"""Keys: the pair with which the user logs on, and the host keys by which the server proves itself."""

from __future__ import annotations

import base64
import fnmatch
import io
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, overload

import paramiko
from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_ssh_private_key,
)
from paramiko.hostkeys import HostKeyEntry, HostKeys, InvalidHostKey

from connect_pandas.errors import ConfigurationError, HostKeyError
from connect_pandas.service.connection import SFTP_PORT, Secret
from connect_pandas.service.ssh_config import way_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from connect_pandas.service.connection import Connection

# ── the user's key ───────────────────────────────────────────────────────────────────────────────────────────────

RSA_BITS_MIN: Final = 2048
"""A shorter RSA key proves nothing. Source: NIST SP 800-131A."""

_NAME_OR_MAKE: Final = (
    "Name the one whose public half Connect knows (key_file=…), or make a pair and register it:\n"
    "  connect-pandas setup"
)

_PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey | RSAPrivateKey


@overload
def load(path: Path, passphrase: Secret | None) -> paramiko.PKey: ...
@overload
def load(path: None, passphrase: Secret | None) -> None: ...
def load(path: Path | None, passphrase: Secret | None) -> paramiko.PKey | None:
    """Read a private key: Ed25519, ECDSA or RSA, in OpenSSH's format or PEM, encrypted or not.

    Parameters
    ----------
    path : Path or None
        The private key's file; ``None`` is answered with ``None``: the key is then one of the ssh-agent's or of
        ``~/.ssh/config``, see :mod:`connect_pandas.service.identity`.
    passphrase : Secret or None
        What opens it; not looked at when the key is not encrypted.

    Raises
    ------
    ConfigurationError
        When the file is missing, open to others, of another kind or too short, or the passphrase does not open it.
        The message never holds a part of the file.
    """
    if path is None:
        return None
    text, mode = _read(path)
    _refuse_other_kinds(path, text)
    _refuse_open_to_others(path, mode)
    encrypted = _is_encrypted(text)
    if encrypted and passphrase is None:
        raise ConfigurationError(
            f"The private key {path} is encrypted and no passphrase was given.\n"
            "Give it where setup asks for it, put it in CONNECT_PASSPHRASE, or write: "
            f"connect_pandas.connect(…, key_file={str(path)!r}, passphrase=getpass.getpass())"
        )
    return require_long(_for_paramiko(_parse(path, text, passphrase if encrypted else None)), path)


def _read(path: Path) -> tuple[Secret, int]:
    try:
        if path.is_dir():
            raise ConfigurationError(
                f"key_file={str(path)!r} is a directory; name the private key's file in it."
            )
        if path.exists() and not path.is_file():  # a pipe would wait for somebody who writes into it
            raise ConfigurationError(
                f"key_file={str(path)!r} is no regular file but a pipe, a socket or a device, which is not read; "
                "name the private key's file."
            )
        with path.open(encoding="latin-1", newline="") as file:  # which gives every byte back
            return Secret(file.read()), os.fstat(file.fileno()).st_mode
    except FileNotFoundError:
        raise ConfigurationError(f"There is no private key at {path}.\n{_NAME_OR_MAKE}") from None
    except OSError as error:
        raise ConfigurationError(f"The private key {path} cannot be read: {error.strerror}.") from None


def _refuse_other_kinds(path: Path, text: Secret) -> None:
    if not text.reveal().strip():
        raise ConfigurationError(f"The file {path} is empty: there is no private key in it.\n{_NAME_OR_MAKE}")
    if text.reveal().startswith("PuTTY-User-Key-File"):
        raise ConfigurationError(
            f"{path} is a PuTTY key (.ppk). Convert it to OpenSSH's format and name the result:\n"
            f"  puttygen {path} -O private-openssh-new -o {path.with_suffix('')}\n"
            "  (in PuTTYgen's window: Conversions > Export OpenSSH key)"
        )
    if re.match(r"\s*(?:(?:ssh|ecdsa|sk)-\S+ AAAA|-+ ?BEGIN (?:\S+ )*PUBLIC KEY)", text.reveal()):
        name = path.with_suffix("") if path.suffix == ".pub" else "the file beside it without .pub"
        raise ConfigurationError(f"{path} is a public key; key_file takes the private half: {name}.")
    if "PRIVATE KEY-----" not in text.reveal():
        raise _no_private_key(path)


def _refuse_open_to_others(path: Path, mode: int) -> None:
    if os.name == "posix" and mode & 0o077:
        raise ConfigurationError(
            f"The private key {path} can be read by others (mode {mode & 0o777:04o}), so it is not used.\n"
            f"Close it: chmod 600 {path}"
        )


def _no_private_key(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{path} is not a private key, or a damaged one. A private key's first line is "
        f"'-----BEGIN OPENSSH PRIVATE KEY-----'.\n{_NAME_OR_MAKE}"
    )


def _is_encrypted(text: Secret) -> bool:
    if re.search(r"BEGIN ENCRYPTED PRIVATE KEY|Proc-Type: 4,ENCRYPTED", text.reveal()):
        return True
    body = re.search(r"BEGIN OPENSSH PRIVATE KEY-----(.*?)-----END", text.reveal(), re.DOTALL)
    try:
        # openssh-key-v1: a magic word, then the name of the cipher, a length before it.
        return body is not None and base64.b64decode(body[1])[19:23] != b"none"
    except ValueError:
        return False


def _parse(path: Path, text: Secret, passphrase: Secret | None) -> _PrivateKey:
    reader = load_ssh_private_key if "BEGIN OPENSSH PRIVATE KEY" in text.reveal() else load_pem_private_key
    try:
        # Revealed in the call only: what a variable held would be shown by tracebacks that show variables.
        key = reader(
            text.reveal().encode("latin-1"), None if passphrase is None else passphrase.reveal().encode()
        )
    except UnsupportedAlgorithm:
        refusal = ConfigurationError(
            f"The private key {path} is of a kind or a cipher that is not supported. "
            "Make a new pair and register it: connect-pandas setup"
        )
    except (ValueError, TypeError, InvalidTag):
        refusal = _no_private_key(path) if passphrase is None else _does_not_open(path)
    else:
        return _of_a_known_kind(path, key)
    # Raised only here: as the context of our error, the reader's would keep frames that hold key and passphrase.
    raise refusal


def _does_not_open(path: Path) -> ConfigurationError:
    return ConfigurationError(
        f"The passphrase does not open the private key {path} (or the file is damaged).\n"
        f"Try it with: ssh-keygen -yf {path}"
    )


def _of_a_known_kind(path: Path, key: object) -> _PrivateKey:
    if not isinstance(key, _PrivateKey):
        raise ConfigurationError(
            f"The private key {path} is neither Ed25519 nor ECDSA nor RSA. "
            "Make a new pair and register it: connect-pandas setup"
        )
    return key


def is_short(key: paramiko.PKey) -> bool:
    """Say whether it is an RSA key that is too short to prove anything."""
    return key.get_name() == "ssh-rsa" and key.get_bits() < RSA_BITS_MIN


def require_long(key: paramiko.PKey, path: Path) -> paramiko.PKey:
    """Return a user's key that is long enough.

    Raises
    ------
    ConfigurationError
        When it is too short to be safe.
    """
    if is_short(key):
        raise ConfigurationError(
            f"The key {path} is an RSA key of {key.get_bits()} bits, which is not safe and not used: {RSA_BITS_MIN} is "
            "the least.\n"
            "Make a new pair and register it: connect_pandas.setup(), in a terminal connect-pandas setup"
        )
    return key


def _for_paramiko(key: _PrivateKey) -> paramiko.PKey:
    # paramiko reads fewer formats than cryptography does (no PKCS #8, no AES-GCM): it gets the one all have.
    kind: type[paramiko.PKey] = paramiko.ECDSAKey
    if isinstance(key, Ed25519PrivateKey):
        kind = paramiko.Ed25519Key
    elif isinstance(key, RSAPrivateKey):
        kind = paramiko.RSAKey
    return kind.from_private_key(
        io.StringIO(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode())
    )


def make(path: Path, comment: str, passphrase: Secret | None = None) -> str:
    """Make an Ed25519 pair: the private key at ``path`` (mode 0600), the public one beside it as ``.pub``.

    Nothing is ever overwritten.

    Returns
    -------
    str
        The public key's line, as it is registered. Source: guide, ``updatePublicKeyForConnectUser``.

    Raises
    ------
    ConfigurationError
        When one of the files exists or cannot be written.
    """
    if not comment.isprintable():
        raise ConfigurationError(f"The key's comment {comment!r} must be one line of printable characters.")
    key = Ed25519PrivateKey.generate()
    lock: KeySerializationEncryption = (
        NoEncryption() if passphrase is None else BestAvailableEncryption(passphrase.reveal().encode())
    )
    line = " ".join(filter(None, (_public(_for_paramiko(key)), comment.strip())))
    public = _public_file(path)
    _make_folder(path.parent)
    try:
        if public.exists():
            raise _exists(public)
        # As a Secret, because what a variable held would be shown by tracebacks that show variables.
        _write_new(path, Secret(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, lock).decode()), 0o600)
        try:
            _write_new(public, Secret(f"{line}\n"), 0o644)
        except OSError:
            path.unlink()  # nobody knows it yet
            raise
    except FileExistsError as error:
        raise _exists(Path(error.filename)) from None
    except OSError as error:
        raise ConfigurationError(f"The key cannot be written to {path}: {error.strerror}.") from None
    return line


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"There can be no folder {path} for the key: {error.strerror}. Give the key another place."
        ) from None


def _write_new(path: Path, content: Secret, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        try:
            file.write(content.reveal().encode())
            file.flush()
        except OSError:  # a full disk: half a key is none, and would be in the way of the next
            path.unlink()
            raise


def _exists(path: Path) -> ConfigurationError:
    return ConfigurationError(f"{path} exists already and is not overwritten. Give the new key another name.")


def public_line(path: Path, passphrase: Secret | None) -> str:
    """Return the public half's one-line text, as it is registered.

    It is the ``.pub`` beside the private key when that belongs to it (it holds the comment), else derived.

    Raises
    ------
    ConfigurationError
        As :func:`load`.
    """
    derived = _public(load(path, passphrase))
    try:
        written = " ".join(_public_file(path).read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError):
        return derived
    return written if written.split(" ")[:2] == derived.split(" ") else derived


_BEGINS: Final = re.compile(rb"-----BEGIN (?:\S+ )*PRIVATE KEY-----|PuTTY-User-Key-File")


def found(folders: Iterable[Path]) -> tuple[Path, ...]:
    """Return the private keys in these folders: files that begin as one does, whatever they are called.

    Those that cannot be used are among them: :func:`load` says why, and what to do about it.
    """
    return tuple(path for folder in folders for path in _files(folder) if _begins_as_key(path))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:  # it is not there, or closed to this user
        return []


def _begins_as_key(path: Path) -> bool:
    try:
        if not path.is_file():  # a pipe would wait for somebody who writes into it
            return False
        with path.open("rb") as file:
            return _BEGINS.match(file.read(64)) is not None
    except OSError:
        return False


def _public_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.pub")


def _public(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.get_base64()}"


def fingerprint(key: paramiko.PKey) -> str:
    """Return a key's fingerprint, ``SHA256:…``, as ``ssh-keygen -l`` prints it."""
    return key.fingerprint


# ── host keys ────────────────────────────────────────────────────────────────────────────────────────────────────

ALGORITHMS: Final[dict[str, tuple[str, ...]]] = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}
"""The host key types that we take, best first, with their signature algorithms; none signs with SHA-1."""

_FAMILIES: Final = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("ssh-rsa",),
)


MACHINES_KNOWN_HOSTS: Final = Path("/etc/ssh/ssh_known_hosts")
"""What this machine's administrator knows of hosts. Only what is revoked there counts here."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What a connection takes as proof that the server is the one expected; see :func:`trust`."""

    host: str
    port: int
    pin: str | None
    """The fingerprint that the connection pins; then nothing else proves, and what is revoked is still refused."""
    known: tuple[paramiko.PKey, ...]
    revoked: dict[paramiko.PKey, Path]
    """Each with the file that says so."""
    known_hosts: Path
    is_jump: bool = False
    """Whether it is only on the way: then there is nothing to pin."""

    def rounds(self) -> Iterator[tuple[str, ...]]:
        """Yield the host key algorithms to ask for, one handshake after another, while none has proven it.

        The types that are known come first, as OpenSSH does it: a server that prefers another type would
        otherwise look like an unknown one. A pin does not tell its type, so that each family has its turn.
        """
        known = [key.get_name() for key in self.known]
        yield _algorithms(sorted(ALGORITHMS, key=lambda name: name not in known))
        if self.pin is not None:
            yield from map(_algorithms, _FAMILIES)

    def proves(self, key: paramiko.PKey) -> bool:
        """Say whether this host key is the server's own."""
        if is_short(key) or key in self.revoked:
            return False
        if self.pin is not None:
            return _same_fingerprint(self.pin, fingerprint(key))
        return key in self.known

    def refusal(self, key: paramiko.PKey) -> HostKeyError:
        """Return the error for a host key that proves nothing."""
        shown = fingerprint(key)
        where = f"{self.host}:{self.port}"
        if is_short(key):
            return HostKeyError(_say_short(where, key), shown, "revoked")
        if key in self.revoked:
            return HostKeyError(
                f"{where} shows a host key that {self.revoked[key]} marks as revoked: {shown}.\n"
                "Do not continue: whoever holds that key is not to be trusted. Ask the administrator.",
                shown,
                "revoked",
            )
        if self.pin is not None:
            return HostKeyError(_say_changed(where, key, [self.pin], "the pinned host_key"), shown, "changed")
        if self.known:
            expected = [f"{fingerprint(k)} ({k.get_name()})" for k in self.known]
            return HostKeyError(_say_changed(where, key, expected, str(self.known_hosts)), shown, "changed")
        known_hosts = f"nothing in {self.known_hosts}"
        return HostKeyError(_say_unknown(where, key, known_hosts, self._say_how_to_know(shown)), shown)

    def _say_how_to_know(self, shown: str) -> str:
        if self.is_jump:
            return f"log on to it once by hand, which notes it down: ssh -p {self.port} {self.host}"
        return f'pin it (setup asks you and does it):\n  connect_pandas.connect(…, host_key="{shown}")'


def trust(connection: Connection) -> Trust:
    """Return what this connection takes as proof of the server: its pin, else the known hosts.

    Raises
    ------
    ConfigurationError
        When the connection names a file of known hosts that cannot be read.
    """
    way = way_to(connection)
    return trust_at(way.host, way.port, pin=connection.host_key, known_hosts=connection.known_hosts)


def trust_at(
    host: str, port: int, *, pin: str | None = None, known_hosts: Path | None = None, is_jump: bool = False
) -> Trust:
    """Return what is taken as proof of a server: the pin, else the known hosts, else the user's own known hosts.

    What these files revoke counts beside a pin, too; a pin does without them where they cannot be read.

    Raises
    ------
    ConfigurationError
        When ``known_hosts`` cannot be read.
    """
    path = known_hosts or Path.home() / ".ssh" / "known_hosts"
    lines = _if_readable(path) if pin else _read_known_hosts(path, required=known_hosts is not None)
    # OpenSSH writes the port beside the name unless it is SSH's own.
    name = host.lower()
    name = name if port == SFTP_PORT else f"[{name}]:{port}"
    known = () if pin else _keys_of(name, (line for line in lines if not line.startswith("@")))
    machines = _if_readable(MACHINES_KNOWN_HOSTS)
    return Trust(
        host=host,
        port=port,
        pin=pin,
        known=tuple(key for key in known if not is_short(key)),
        # A line of a certificate authority trusts certificates, which we do not read: it is no host key.
        revoked=_revoked(name, machines, MACHINES_KNOWN_HOSTS) | _revoked(name, lines, path),
        known_hosts=path,
        is_jump=is_jump,
    )


def _algorithms(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(algorithm for name in names for algorithm in ALGORITHMS[name])


def _same_fingerprint(one: str, other: str) -> bool:
    return one.rstrip("=") == other.rstrip("=")


def _read_known_hosts(path: Path, *, required: bool) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        if not required:
            return []
        raise ConfigurationError(
            f"known_hosts={str(path)!r} does not exist. Leave it away for ~/.ssh/known_hosts, "
            'or pin the server\'s key: host_key="SHA256:…"'
        ) from None
    except OSError as error:
        raise ConfigurationError(f"The known hosts in {path} cannot be read: {error.strerror}.") from None
    return [stripped for line in lines if (stripped := line.strip()) and not stripped.startswith("#")]


def _if_readable(path: Path) -> list[str]:
    try:
        return _read_known_hosts(path, required=False)
    except ConfigurationError:
        return []


def _revoked(host: str, lines: list[str], path: Path) -> dict[paramiko.PKey, Path]:
    marked = (line[8:].strip() for line in lines if line.startswith("@revoked"))
    return dict.fromkeys(_keys_of(host, marked), path)


def _keys_of(host: str, lines: Iterable[str]) -> Iterator[paramiko.PKey]:
    for line in lines:
        try:
            entry = HostKeyEntry.from_line(" ".join(line.split()))
        except (InvalidHostKey, paramiko.SSHException, ValueError):
            continue  # a broken line proves nothing
        if entry is not None and entry.key.get_name() in ALGORITHMS and _names(entry.hostnames, host):
            yield entry.key


def _names(patterns: list[str], host: str) -> bool:
    """Say whether a line's names are this host's: plain, hashed, with wildcards; a negated one forbids the line."""
    plain = [pattern.lower() for pattern in patterns if not pattern.startswith(("|", "!"))]
    negated = [pattern[1:].lower() for pattern in patterns if pattern.startswith("!")]
    if any(_like(host, pattern) for pattern in negated):
        return False
    return any(_like(host, pattern) for pattern in plain) or any(
        _is_hash_of(pattern, host) for pattern in patterns if pattern.startswith("|1|")
    )


def _like(host: str, pattern: str) -> bool:
    # OpenSSH's brackets are those of [host]:port, never fnmatch's sets.
    return fnmatch.fnmatchcase(host, pattern.replace("[", "[[]"))


def _is_hash_of(pattern: str, host: str) -> bool:
    try:
        return HostKeys.hash_host(host, pattern) == pattern
    except (AssertionError, IndexError, ValueError):
        return False


def _say_unknown(where: str, key: paramiko.PKey, known_hosts: str, how: str) -> str:
    return (
        f"The SFTP server {where} is not known yet ({known_hosts}), so nothing was sent. It shows:\n"
        f"  type         {key.get_name()}\n"
        f"  fingerprint  {fingerprint(key)}\n"
        "Compare the fingerprint with one that you trust (from Acoustic's support or your administrator, or from a "
        f"machine that has long used this server). If they are the same, {how}"
    )


def _say_short(where: str, key: paramiko.PKey) -> str:
    return (
        f"{where} shows an RSA host key of {key.get_bits()} bits ({fingerprint(key)}). One of less than {RSA_BITS_MIN} "
        "can be forged: it proves nothing, so nothing was sent.\n"
        "Its administrator must give it a longer one, or better an Ed25519 key: ssh-keygen -t ed25519"
    )


def _say_changed(where: str, key: paramiko.PKey, expected: list[str], source: str) -> str:
    return (
        f"THE HOST KEY OF {where} IS NOT THE ONE EXPECTED. Nothing was sent.\n"
        f"  shown     {fingerprint(key)} ({key.get_name()})\n"
        + "\n".join(f"  expected  {one}" for one in expected)
        + f"\n  expected by {source}\n"
        "Somebody may be standing between you and the server (an attack), or its key was replaced. Do not continue "
        "until the administrator has confirmed the new fingerprint from a source that you trust."
    )
