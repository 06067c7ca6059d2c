"""The file server: who may come in, and the manners of an object store."""

from __future__ import annotations

import io
import os
import socket
import stat
import subprocess
from typing import TYPE_CHECKING

import paramiko
import pytest
from paramiko import sftp as protocol
from workshop import Client, eventually

from connect_pandas._sandbox import Sandbox, store
from connect_pandas._sandbox.sftp import Faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECE = 32_768
REGISTER = "mutation ($key: String!) { updatePublicKeyForConnectUser(publicKey: $key) { publicKey } }"


def new_key(folder: Path, name: str, kind: str = "ed25519") -> tuple[paramiko.PKey, str]:
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", name, "-f", path], check=True)
    return paramiko.PKey.from_path(path), path.with_name(f"{name}.pub").read_text().strip()


def lists(client: Client, path: str = "") -> list[str]:
    with client.sftp() as sftp:
        return sftp.listdir(f"{client.directory}/{path}")


# ── who may come in ──────────────────────────────────────────────────────────────────────────────


def test_host_key_is_the_pinned_one(shared: Client) -> None:
    with shared.transport() as transport:
        assert transport.get_remote_server_key().fingerprint == shared.box.connection.host_key


def test_unregistered_key_is_refused_until_it_is_registered(client: Client, tmp_path: Path) -> None:
    key, line = new_key(tmp_path, "ann")
    with pytest.raises(paramiko.AuthenticationException), client.sftp(key):
        pass

    assert client.get(REGISTER, key=line) == {"updatePublicKeyForConnectUser": {"publicKey": line}}

    with client.sftp(key) as sftp:
        assert sftp.listdir(".") == [client.directory]


def test_a_new_key_replaces_the_registered_one_but_not_the_sandboxs_own(
    client: Client, tmp_path: Path
) -> None:
    (first, first_line), (second, second_line) = (new_key(tmp_path, n) for n in ("first", "second"))
    client.get(REGISTER, key=first_line)
    client.get(REGISTER, key=second_line)

    with pytest.raises(paramiko.AuthenticationException), client.sftp(first):
        pass
    for key in (second, client.own_key()):
        with client.sftp(key) as sftp:
            assert sftp.listdir(".") == [client.directory]


@pytest.mark.parametrize(
    "line", ["", "ssh-ed25519", "ssh-ed25519 AAAA ann", "-----BEGIN OPENSSH PRIVATE KEY-----"]
)
def test_what_is_no_public_key_is_not_registered(shared: Client, line: str) -> None:
    assert shared.refusal(REGISTER, key=line).startswith(
        "INPUT_VALIDATION_FAILED. The public key cannot be read: "
    )


def test_a_private_key_is_not_echoed(shared: Client) -> None:
    private = shared.box.connection.key_file.read_text()

    refusal = shared.refusal(REGISTER, key=private)

    assert not any(line in refusal for line in private.splitlines())


def test_another_user_and_a_password_are_refused(shared: Client) -> None:
    connection = shared.box.connection
    for login in (
        {"username": "eve@shop.com", "pkey": shared.own_key()},
        {"username": connection.user, "password": "x"},
    ):
        transport = paramiko.Transport((connection.host, connection.port))
        with pytest.raises(paramiko.AuthenticationException):
            transport.connect(**login)
        transport.close()


def test_there_is_no_shell(shared: Client) -> None:
    with shared.transport() as transport:
        for begin in ("invoke_shell", "exec"):
            channel = transport.open_session()
            with pytest.raises(paramiko.SSHException):
                channel.exec_command("id") if begin == "exec" else channel.invoke_shell()
            channel.close()


# ── a file is there whole or not at all ──────────────────────────────────────────────────────────


def test_a_file_appears_when_its_handle_closes(client: Client) -> None:
    path = f"{client.directory}/orders.csv"
    with client.sftp() as writer, client.sftp() as watcher:
        file = writer.open(path, "wb")
        file.write(b"x" * (3 * PIECE))
        file.flush()
        assert watcher.listdir(client.directory) == []
        for look in (watcher.stat, watcher.lstat, watcher.open):
            with pytest.raises(FileNotFoundError):
                look(path)
        assert client.box.files.empty

        file.close()

        assert watcher.stat(path).st_size == 3 * PIECE
        assert watcher.listdir(client.directory) == ["orders.csv"]
        with watcher.open(path) as back:
            assert back.read() == b"x" * (3 * PIECE)


@pytest.mark.parametrize("end", ["the channel closes", "the connection breaks"])
def test_a_dropped_upload_leaves_nothing(client: Client, end: str) -> None:
    contents = client.box.connection.key_file.parent / "files"
    with client.transport() as transport:
        sftp = paramiko.SFTPClient.from_transport(transport)
        assert sftp is not None
        file = sftp.open(f"{client.directory}/orders.csv", "wb")
        file.write(b"x" * PIECE)
        file.flush()
        assert len(list(contents.iterdir())) == 1
        file.close = lambda: None  # type: ignore[method-assign]  # paramiko closes on collection; a lost client does not
        if end == "the channel closes":
            sftp.get_channel().close()
        else:
            transport.sock.shutdown(socket.SHUT_RDWR)

        eventually(lambda: not list(contents.iterdir()))

    assert lists(client) == []


def test_an_upload_to_an_existing_name_replaces_it_when_it_closes(client: Client) -> None:
    path = f"{client.directory}/a.csv"
    client.put("old and long", "a.csv")
    with client.sftp() as sftp:
        file = sftp.open(path, "wb")
        file.write(b"new")
        file.flush()
        assert sftp.stat(path).st_size == len("old and long")
        file.close()
        assert sftp.open(path).read() == b"new"
    assert len(list((client.box.connection.key_file.parent / "files").iterdir())) == 1


@pytest.mark.parametrize("mode", ["ab", "r+b", "w+b", "a+b"])
def test_no_append_and_no_change_of_a_file(client: Client, mode: str) -> None:
    client.put("as it was", "a.csv")
    with client.sftp() as sftp:
        with pytest.raises(OSError, match="written whole"):
            sftp.open(f"{client.directory}/a.csv", mode)
        assert sftp.open(f"{client.directory}/a.csv").read() == b"as it was"


def test_open_for_change_without_truncation_is_refused(client: Client) -> None:
    client.put("as it was", "a.csv")
    with client.sftp() as sftp, pytest.raises(OSError, match="cannot be opened for change"):
        request(sftp, protocol.CMD_OPEN, f"{client.directory}/a.csv", protocol.SFTP_FLAG_WRITE)


def test_exclusive_creation(client: Client) -> None:
    with client.sftp() as sftp:
        sftp.open(f"{client.directory}/a.csv", "wx").close()
        with pytest.raises(OSError, match="there already"):
            sftp.open(f"{client.directory}/a.csv", "wx")


def test_a_write_elsewhere_than_at_the_end_breaks_the_upload(client: Client) -> None:
    with client.sftp() as sftp:
        file = sftp.open(f"{client.directory}/a.csv", "wb")
        file.write(b"0123456789")
        file.seek(3)
        with pytest.raises(OSError, match="in sequence: expected offset 10, got 3"):
            file.write(b"x")
        with pytest.raises(OSError, match="A write of this file was refused; nothing was stored"):
            request(sftp, protocol.CMD_CLOSE, file.handle)
        assert sftp.listdir(client.directory) == []


def test_no_attributes_links_or_extended_requests(client: Client) -> None:
    client.put("x", "a.csv")
    path = f"{client.directory}/a.csv"
    with client.sftp() as sftp:
        attempts = {
            "setstat": lambda: sftp.chmod(path, 0o777),
            "utime": lambda: sftp.utime(path, (1, 1)),
            "truncate": lambda: sftp.truncate(path, 0),
            "fsetstat": lambda: sftp.open(path).chmod(0o777),
            "symlink": lambda: sftp.symlink(path, f"{client.directory}/b.csv"),
            "readlink": lambda: sftp.readlink(path),
            "posix-rename": lambda: sftp.posix_rename(path, f"{client.directory}/b.csv"),
            **{
                name: lambda name=name: request(sftp, protocol.CMD_EXTENDED, name)
                for name in ("fsync@openssh.com", "limits@openssh.com", "statvfs@openssh.com", "copy-data")
            },
        }
        for name, attempt in attempts.items():
            with pytest.raises(OSError, match=r"Unsupported|unsupported"):
                attempt()
            assert sftp.listdir(client.directory) == ["a.csv"], name


def test_version_3_without_extensions(shared: Client) -> None:
    with shared.transport() as transport:
        channel = transport.open_session()
        channel.invoke_subsystem("sftp")
        raw = protocol.BaseSFTP()
        raw.sock = channel
        version_6 = paramiko.Message()
        version_6.add_int(6)
        raw._send_packet(protocol.CMD_INIT, version_6)
        kind, answer = raw._read_packet()

    assert (kind, answer) == (protocol.CMD_VERSION, (3).to_bytes(4, "big"))


def test_of_two_writers_of_one_name_the_last_to_close_wins(client: Client) -> None:
    path = f"{client.directory}/a.csv"
    with client.sftp() as one, client.sftp() as two:
        first, second = one.open(path, "wb"), two.open(path, "wb")
        first.write(b"first")
        second.write(b"second, longer")
        second.close()
        first.close()
        assert one.open(path).read() == b"first"


# ── names ────────────────────────────────────────────────────────────────────────────────────────


def test_folders(client: Client) -> None:
    with client.sftp() as sftp:
        sftp.chdir(client.directory)
        sftp.mkdir("RS")
        sftp.mkdir("RS/Größen")
        sftp.putfo(io.BytesIO(b"x"), "RS/Größen/café.csv")
        assert sftp.listdir("RS/Größen") == ["café.csv"]
        (entry,) = sftp.listdir_attr("RS")
        assert stat.S_ISDIR(entry.st_mode or 0)
        assert stat.S_ISREG(sftp.stat("RS/Größen/café.csv").st_mode or 0)
        for refused in (lambda: sftp.rmdir("RS/Größen"), lambda: sftp.mkdir("RS"), lambda: sftp.remove("RS")):
            with pytest.raises(OSError, match=r"is not empty|is there already|is a directory"):
                refused()
        sftp.remove("RS/Größen/café.csv")
        sftp.rmdir("RS/Größen")
        assert sftp.listdir("RS") == []
        for missing in (
            lambda: sftp.listdir("no"),
            lambda: sftp.mkdir("no/RS"),
            lambda: sftp.open("no/a.csv", "wb"),
            lambda: sftp.remove("no"),
        ):
            with pytest.raises(FileNotFoundError):
                missing()


def test_paths_stay_under_the_root(shared: Client) -> None:
    with shared.sftp() as sftp:
        assert sftp.normalize(".") == "/"
        assert sftp.normalize(f"{shared.directory}/../../../etc") == "/etc"
        assert sftp.listdir("../../..") == [shared.directory]
        for path in ("/etc/passwd", "../../../etc/passwd"):
            with pytest.raises(FileNotFoundError):
                sftp.open(path)


def test_only_the_subscriptions_directory_is_written_to(shared: Client) -> None:
    with shared.sftp() as sftp:
        for attempt in (
            lambda: sftp.open("a.csv", "wb"),
            lambda: sftp.mkdir("sub_2"),
            lambda: sftp.rmdir(shared.directory),
        ):
            with pytest.raises(OSError, match=r"Only the directory of the subscription|cannot be removed"):
                attempt()


def test_names_are_utf8(shared: Client) -> None:
    with shared.sftp() as sftp, pytest.raises(OSError, match="UTF-8"):
        sftp.stat(f"{shared.directory}/".encode() + b"caf\xe9.csv")


def test_rename_only_to_a_free_name(client: Client) -> None:
    client.put("one", "one.csv")
    client.put("two", "two.csv")
    with client.sftp() as sftp:
        sftp.chdir(client.directory)
        with pytest.raises(OSError, match="there already"):
            sftp.rename("one.csv", "two.csv")
        sftp.rename("one.csv", "three.csv")
        assert sftp.listdir(".") == ["three.csv", "two.csv"]
        assert sftp.open("three.csv").read() == b"one"


# ── limits ───────────────────────────────────────────────────────────────────────────────────────


def test_directory_holds_so_many_files(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "DIRECTORY_FILES_MAX", 2)
    client.mkdir("RS")
    client.put("x", "a.csv")
    client.put("x", "RS/b.csv")

    with pytest.raises(OSError, match="holds at most 2 files"):
        client.put("x", "c.csv")

    client.put("y", "a.csv")


def test_directory_holds_so_many_bytes(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "DIRECTORY_BYTES_MAX", 2 * PIECE)
    client.put(b"x" * PIECE, "a.csv")
    client.put(b"x" * PIECE, "b.csv")

    with client.sftp() as sftp:
        file = sftp.open(f"{client.directory}/c.csv", "wb")
        with pytest.raises(OSError, match="holds at most 65,536 bytes"):
            file.write(b"x")
        with pytest.raises(OSError, match="nothing was stored"):
            request(sftp, protocol.CMD_CLOSE, file.handle)
    assert lists(client) == ["a.csv", "b.csv"]


# ── faults: what paramiko's putfo hides, and what it does not ────────────────────────────────────


@pytest.fixture
def content() -> bytes:
    return os.urandom(5 * PIECE)


def faulty(faults: Faults) -> Iterator[Client]:
    with Sandbox(import_delay=0, faults=faults) as box:
        client = Client(box)
        yield client
        client.close()


@pytest.mark.parametrize(
    "faults",
    [Faults(refuse_write=2), Faults(refuse_write_at=2 * PIECE - 1), Faults(lose_write=2)],
    ids=["refused by number", "refused by place", "lost"],
)
def test_putfo_hides_a_refused_write_and_leaves_a_hole(faults: Faults, content: bytes) -> None:
    for client in faulty(faults):
        client.put(content, "a.csv")

        with client.sftp() as sftp:
            there = sftp.open(f"{client.directory}/a.csv").read()
        assert len(there) == len(content)
        assert there == content[:PIECE] + bytes(PIECE) + content[2 * PIECE :]


def test_putfo_hides_a_refused_last_write_but_for_the_size(content: bytes) -> None:
    for client in faulty(Faults(refuse_write_at=5 * PIECE - 1)):
        with pytest.raises(OSError, match="size mismatch in put!  131072 != 163840"):
            client.put(content, "a.csv")


def test_putfo_hides_a_refused_close_and_nothing_is_there(content: bytes) -> None:
    for client in faulty(Faults(refuse_close=True)):
        with client.sftp() as sftp:
            sftp.putfo(io.BytesIO(content), f"{client.directory}/a.csv", confirm=False)
            assert sftp.listdir(client.directory) == []


def test_a_refused_write_is_told_to_who_asks(content: bytes) -> None:
    for client in faulty(Faults(refuse_write=2)):
        with client.sftp() as sftp:
            file = sftp.open(f"{client.directory}/a.csv", "wb")
            file.write(content[:PIECE])
            with pytest.raises(OSError, match="Refused on purpose"):
                file.write(content[PIECE:])


def request(sftp: paramiko.SFTPClient, kind: int, *arguments: str | bytes | int) -> None:
    """Send one request as it is, and raise what the server answers."""
    if kind == protocol.CMD_OPEN:
        arguments = (*arguments, paramiko.SFTPAttributes())  # type: ignore[assignment]
    answer, message = sftp._request(kind, *arguments)
    if answer == protocol.CMD_STATUS:
        sftp._convert_status(message)
