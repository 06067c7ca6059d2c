"""What OpenSSH makes is read, what must not be used is refused in words, known hosts are read as OpenSSH does."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from connect_pandas.errors import ConfigurationError
from connect_pandas.service import keys
from connect_pandas.service.connection import Connection, Secret
from tests.sshd import fingerprint, known_host, make_key, public

PASSPHRASE = Secret("correct horse")
KINDS = {"ed25519": "ssh-ed25519", "ecdsa": "ecdsa-sha2-nistp256", "rsa": "ssh-rsa"}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pairs")
    made = {kind: make_key(folder / kind, kind) for kind in KINDS}
    locked = {f"{kind}, locked": make_key(folder / f"{kind}-l", kind, PASSPHRASE.reveal()) for kind in KINDS}
    gcm = make_key(folder / "gcm", "ed25519", PASSPHRASE.reveal(), "-Z", "aes256-gcm@openssh.com")
    pem = make_key(folder / "pem", "rsa", PASSPHRASE.reveal(), "-m", "PEM")
    pkcs8 = make_key(folder / "pkcs8", "ecdsa", PASSPHRASE.reveal(), "-m", "PKCS8")
    return made | locked | {"aes-gcm, locked": gcm, "PEM, locked": pem, "PKCS8, locked": pkcs8}


NAMES = [*KINDS, *(f"{kind}, locked" for kind in KINDS), "aes-gcm, locked", "PEM, locked", "PKCS8, locked"]


@pytest.mark.parametrize("name", NAMES)
def test_what_ssh_keygen_makes_is_read(pairs: dict[str, Path], name: str) -> None:
    key = keys.load(pairs[name], PASSPHRASE)
    assert key.can_sign()
    assert keys.fingerprint(key) == fingerprint(pairs[name])
    signature = key.sign_ssh_data(b"data", "rsa-sha2-512" if key.get_name() == "ssh-rsa" else None)
    twin = paramiko.PKey.from_type_string(key.get_name(), key.asbytes())
    assert twin.verify_ssh_sig(b"data", paramiko.Message(signature.asbytes()))


@pytest.mark.parametrize(
    "make", [ed25519.Ed25519PrivateKey.generate, lambda: ec.generate_private_key(ec.SECP384R1())]
)
@pytest.mark.parametrize("lock", [NoEncryption(), BestAvailableEncryption(PASSPHRASE.reveal().encode())])
def test_pkcs8_is_read(tmp_path: Path, make, lock) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "key.pem"
    path.touch(0o600)
    path.write_bytes(make().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock))
    assert keys.load(path, PASSPHRASE).can_sign()


def test_refusals_say_what_to_do(tmp_path: Path, pairs: dict[str, Path]) -> None:
    def refusal(path: Path, passphrase: Secret | None = None) -> str:
        with pytest.raises(ConfigurationError) as refused:
            keys.load(path, passphrase)
        assert refused.value.__cause__ is None
        assert refused.value.__suppress_context__ or refused.value.__context__ is None
        assert str(path) in str(refused.value)
        return str(refused.value)

    def written(name: str, text: str) -> Path:
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(text)
        return tmp_path / name

    assert "There is no private key" in refusal(tmp_path / "missing")
    assert "is a directory" in refusal(tmp_path)
    open_public = public(pairs["ed25519"])
    assert (
        open_public.stat().st_mode & 0o044
    )  # public keys and tables are open to others: that is not what is wrong
    assert "is a public key" in refusal(open_public)
    os.mkfifo(tmp_path / "pipe", 0o600)
    assert "is no regular file but a pipe" in refusal(tmp_path / "pipe")
    (tmp_path / "open table").write_text("a,b\n1,2\n")
    assert "is not a private key" in refusal(tmp_path / "open table")
    of_public = written("key.pub", public(pairs["ed25519"]).read_text())
    assert f"takes the private half: {tmp_path / 'key'}" in refusal(of_public)
    assert "puttygen" in refusal(written("key.ppk", "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n"))
    assert "is not a private key" in refusal(written("table", "a,b\n1,2\n"))
    assert "is empty: there is no private key in it" in refusal(written("empty", "\n"))
    text = pairs["ed25519"].read_text()
    assert "is not a private key" in refusal(written("half", text[: len(text) // 2]))
    assert "is not a private key" in refusal(
        written("nonsense", text.replace(text.splitlines()[4], "A" * 70))
    )


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_short_rsa_key_is_not_used(tmp_path: Path, passphrase: Secret | None) -> None:
    short = make_key(tmp_path / "short", "rsa", passphrase.reveal() if passphrase else "", "-b", "1024")
    with pytest.raises(ConfigurationError, match=r"RSA key of 1024 bits.*2048") as refused:
        keys.load(short, passphrase)
    assert str(short) in str(refused.value)
    assert "connect_pandas.setup()" in str(refused.value)
    assert keys.load(make_key(tmp_path / "long", "rsa", "", "-b", "2048"), None).get_bits() == 2048


def test_private_keys_are_found_whatever_they_are_called(tmp_path: Path, pairs: dict[str, Path]) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    (folder / "known_hosts").write_text("files.shop.com ssh-ed25519 AAAA\n")
    (folder / "a.ppk").write_text("PuTTY-User-Key-File-3: ssh-ed25519\n")
    (folder / "folder").mkdir()
    (folder / "broken").symlink_to(folder / "nowhere")
    os.mkfifo(folder / "pipe")
    key = make_key(folder / "b key")
    (folder / "pkcs8").write_text(pairs["PKCS8, locked"].read_text())
    assert keys.found([folder, tmp_path / "none"]) == (folder / "a.ppk", key, folder / "pkcs8")


@pytest.mark.parametrize("name", [name for name in NAMES if "locked" in name])
def test_a_locked_key(pairs: dict[str, Path], name: str) -> None:
    with pytest.raises(ConfigurationError, match="is encrypted and no passphrase was given"):
        keys.load(pairs[name], None)
    with pytest.raises(ConfigurationError, match="passphrase does not open") as refused:
        keys.load(pairs[name], Secret("wrong pony"))
    assert "pony" not in repr(refused.value)
    assert refused.value.__context__ is None  # whose frames would hold the passphrase


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_not_used(tmp_path: Path, mode: int) -> None:
    path = make_key(tmp_path / "key")
    path.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"chmod 600 {path}"):
        keys.load(path, None)
    path.chmod(0o400)
    keys.load(path, None)


# ── making one ───────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("passphrase", [None, PASSPHRASE])
def test_a_made_pair_is_openssh_s(tmp_path: Path, passphrase: Secret | None) -> None:
    path = tmp_path / "new" / "key"
    line = keys.make(path, "ann@shop.com", passphrase)
    assert re.fullmatch(r"ssh-ed25519 AAAA\S+ ann@shop\.com", line)
    assert public(path).read_text() == line + "\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    word = "" if passphrase is None else passphrase.reveal()
    run = subprocess.run(
        ["ssh-keygen", "-y", "-P", word, "-f", str(path)], capture_output=True, text=True, check=True
    )
    assert run.stdout.split()[:2] == line.split()[:2]
    assert keys.public_line(path, passphrase) == line
    if passphrase is not None:
        with pytest.raises(ConfigurationError, match="encrypted"):
            keys.load(path, None)


@pytest.mark.parametrize("existing", ["key", "key.pub"])
def test_nothing_is_overwritten(tmp_path: Path, existing: str) -> None:
    (tmp_path / existing).write_text("precious")
    with pytest.raises(ConfigurationError, match=f"{existing} exists already"):
        keys.make(tmp_path / "key", "ann")
    assert [path.name for path in tmp_path.iterdir()] == [existing]
    assert (tmp_path / existing).read_text() == "precious"


@pytest.mark.skipif(os.name != "posix", reason="the limit is POSIX's")
@pytest.mark.parametrize("room", [100, 0])
def test_half_a_key_is_not_left_behind(tmp_path: Path, room: int) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises(ConfigurationError, match="cannot be written"):
            keys.make(tmp_path / "key", "ann@shop.com")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
    keys.make(tmp_path / "key", "ann@shop.com")


def test_a_pair_is_whole_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "key.pub").symlink_to(tmp_path / "nowhere" / "at all")
    with pytest.raises(ConfigurationError):
        keys.make(tmp_path / "key", "ann@shop.com")
    assert not (tmp_path / "key").exists()


def test_a_comment_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="one line"):
        keys.make(tmp_path / "key", "ann\nssh-ed25519 AAAA")


def test_the_public_line_belongs_to_the_private_key(tmp_path: Path) -> None:
    path = make_key(tmp_path / "key")
    written = public(path).read_text().strip()
    assert keys.public_line(path, None) == written
    public(path).write_text(public(make_key(tmp_path / "other")).read_text())
    assert keys.public_line(path, None) == written.removesuffix(" key")
    public(path).unlink()
    assert keys.public_line(path, None) == written.removesuffix(" key")


# ── host keys ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    known = tmp_path / "known_hosts"
    known.touch()
    return Connection(
        user="ann@shop.com",
        host="Files.Shop.com",
        endpoint="https://api.shop.com",
        api_key=Secret("key"),
        key_file=tmp_path / "key",
        known_hosts=known,
    )


def proves(connection: Connection, key: Path, *lines: str) -> bool:
    assert connection.known_hosts is not None
    connection.known_hosts.write_text("".join(f"{line.strip()}\n" for line in lines))
    kind, blob = public(key).read_text().split()[:2]
    shown = paramiko.PKey.from_type_string(kind, base64.b64decode(blob))
    return keys.trust(connection).proves(shown)


def test_known_hosts_are_read_as_openssh_does(connection: Connection, pairs: dict[str, Path]) -> None:
    key, other = pairs["ed25519"], pairs["ecdsa"]
    blob = " ".join(public(key).read_text().split()[:2])
    line = known_host("files.shop.com", 22, key)
    assert proves(connection, key, line)
    assert proves(connection, key, f"elsewhere,files.shop.com,10.0.0.1   {blob} comment")
    assert proves(connection, key, f"*.shop.com {blob}")
    assert proves(connection, key, "# files.shop.com", "", "broken", "files.shop.com ssh-ed25519 !!!", line)
    assert proves(connection, key, known_host("files.shop.com", 22, other), line)
    assert not proves(connection, key, known_host("files.shop.com", 22, other))
    assert not proves(connection, key, known_host("files.shop.co", 22, key))
    assert not proves(connection, key, f"*.shop.com,!files.shop.com {blob}")
    assert not proves(connection, key, f"@cert-authority *.shop.com {blob}")
    assert not proves(connection, key, line, f"@revoked * {blob}")
    assert not proves(connection, key, known_host("files.shop.com", 2222, key))


def test_a_port_of_its_own_is_part_of_the_name(connection: Connection, pairs: dict[str, Path]) -> None:
    key = pairs["ed25519"]
    at_port = replace(connection, port=2222)
    assert proves(at_port, key, known_host("files.shop.com", 2222, key))
    assert not proves(at_port, key, known_host("files.shop.com", 2223, key))
    assert not proves(at_port, key, known_host("files.shop.com", 22, key))


@pytest.mark.parametrize("port", [22, 2222])
def test_hashed_names(connection: Connection, pairs: dict[str, Path], port: int) -> None:
    key = pairs["ed25519"]
    assert connection.known_hosts is not None
    connection.known_hosts.write_text(known_host("files.shop.com", port, key))
    subprocess.run(["ssh-keygen", "-H", "-f", str(connection.known_hosts)], check=True, capture_output=True)
    hashed = connection.known_hosts.read_text()
    assert hashed.startswith("|1|")
    assert proves(replace(connection, port=port), key, hashed)
    assert not proves(replace(connection, port=port, host="other.shop.com"), key, hashed)


def test_two_keys_of_one_type_are_both_known(
    connection: Connection, pairs: dict[str, Path], tmp_path: Path
) -> None:
    lines = [known_host("files.shop.com", 22, key) for key in (make_key(tmp_path / "old"), pairs["ed25519"])]
    assert proves(connection, pairs["ed25519"], *lines)


def test_a_revoked_key_says_so(connection: Connection, pairs: dict[str, Path]) -> None:
    blob = " ".join(public(pairs["ed25519"]).read_text().split()[:2])
    assert connection.known_hosts is not None
    connection.known_hosts.write_text(f"files.shop.com {blob}\n@revoked files.shop.com {blob}\n")
    refusal = keys.trust(connection).refusal(keys.load(pairs["ed25519"], None))
    assert "revoked" in str(refusal)
    assert refusal.fingerprint == fingerprint(pairs["ed25519"])


@pytest.mark.parametrize("where", ["the connection's", "the user's", "the machine's"])
def test_a_pin_does_not_outdo_a_revocation(
    connection: Connection,
    pairs: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    key = keys.load(pairs["ed25519"], None)
    users, machines = tmp_path / ".ssh" / "known_hosts", tmp_path / "machines"
    users.parent.mkdir()
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(keys, "MACHINES_KNOWN_HOSTS", machines)
    pinned = replace(connection, host_key=fingerprint(pairs["ed25519"]))
    if where == "the user's":
        pinned = replace(pinned, known_hosts=None)
    assert keys.trust(pinned).proves(key)
    marked = machines if where == "the machine's" else pinned.known_hosts or users
    marked.write_text(f"@revoked * {' '.join(public(pairs['ed25519']).read_text().split()[:2])}\n")
    trust = keys.trust(pinned)
    assert not trust.proves(key)
    assert f"that {marked} marks as revoked" in str(trust.refusal(key))
    assert trust.refusal(key).reason == "revoked"


def test_a_pin_needs_no_known_hosts(connection: Connection, pairs: dict[str, Path], tmp_path: Path) -> None:
    pinned = replace(connection, host_key=fingerprint(pairs["ed25519"]))
    for unreadable in (tmp_path / "none", tmp_path):
        trust = keys.trust(replace(pinned, known_hosts=unreadable))
        assert trust.proves(keys.load(pairs["ed25519"], None))


def test_a_short_rsa_host_key_proves_nothing(
    connection: Connection, pairs: dict[str, Path], tmp_path: Path
) -> None:
    short = make_key(tmp_path / "short", "rsa", "", "-b", "1024")
    line = known_host("files.shop.com", 22, short)
    assert not proves(connection, short, line)
    assert not proves(replace(connection, host_key=fingerprint(short)), short)
    connection.known_hosts.write_text(line)  # type: ignore[union-attr]
    assert next(keys.trust(connection).rounds())[0] == "ssh-ed25519"  # it is not in the way of a better one
    assert proves(connection, pairs["ed25519"], line, known_host("files.shop.com", 22, pairs["ed25519"]))


def test_a_given_file_of_known_hosts_must_exist(connection: Connection, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="does not exist"):
        keys.trust(replace(connection, known_hosts=tmp_path / "none"))


def test_the_users_own_known_hosts_need_not_exist(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert keys.trust(replace(connection, known_hosts=None)).known == ()


def test_a_pin_is_all_that_counts(connection: Connection, pairs: dict[str, Path]) -> None:
    pinned = replace(connection, host_key=fingerprint(pairs["rsa"]))
    assert proves(pinned, pairs["rsa"])
    assert not proves(pinned, pairs["ed25519"], known_host("files.shop.com", 22, pairs["ed25519"]))
