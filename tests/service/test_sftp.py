"""The upload tells the truth: against OpenSSH's sshd, and against an object store that refuses on purpose."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
import signal
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import paramiko
import pytest

from connect_pandas.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectionFailed,
    HostKeyError,
    PlanError,
    UploadFailed,
)
from connect_pandas.service import logon, upload
from connect_pandas.service.connection import Connection
from connect_pandas.service.sftp import RemoteFile, open_session
from connect_pandas.service.wire import PIECE, PIECE_MAX
from tests.service.fixtures_service import interrupt_main
from tests.service.object_store import Store, object_store, wire
from tests.sshd import HOST, Sshd, fingerprint, known_host, make_key
from tests.sshd import sshd as run_sshd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from connect_pandas.service.sftp import Session

SIZES = [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, PIECE_MAX, PIECE_MAX + 1, 3_000_000]
REFUSED_FILES = {"1 piece": 1, "5 pieces": 5, "90 pieces": 90, "320 pieces": 320}


def content(size: int) -> bytes:
    return (b"%0128d" % size + os.urandom(4096)) * (size // 4224) + os.urandom(size % 4224)


def slices(data: bytes, size: int = 200_001) -> Iterator[tuple[bytes, int]]:
    for start in range(0, len(data), size):
        yield data[start : start + size], 10


def upload_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("upload")]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 5
    while left := [t for t in threading.enumerate() if t not in before]:
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


# ── what arrives ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("size", SIZES)
def test_openssh_has_the_same_bytes(sshd: Sshd, size: int) -> None:
    data = content(size)
    told = []
    with open_session(sshd.connection()) as session:
        receipt = session.upload("", f"{size}.csv", slices(data), sent=lambda b, r: told.append((b, r)))
    assert (sshd.root / f"{size}.csv").read_bytes() == data
    assert receipt == upload.Receipt(f"{sshd.root}/{size}.csv", size, hashlib.sha256(data).hexdigest())
    assert sum(b for b, _ in told) == size
    assert sum(r for _, r in told) == 10 * len(list(slices(data)))


@pytest.mark.parametrize("size", SIZES)
def test_an_object_store_has_the_same_bytes(store: Store, size: int) -> None:
    data = content(size)
    with open_session(store.connection()) as session:
        receipt = session.upload("", "a.csv", slices(data))
    assert store.objects == {"/a.csv": data}
    assert (receipt.size, receipt.sha256) == (size, hashlib.sha256(data).hexdigest())


@pytest.mark.parametrize("slice_size", [1, 999, PIECE - 1, PIECE, PIECE + 1, 10 * PIECE + 7])
def test_slices_of_any_size_become_full_pieces(store: Store, slice_size: int) -> None:
    data = content(min(3 * PIECE + 5, slice_size * 7_000))
    with open_session(store.connection()) as session:
        session.upload("", "a.csv", slices(data, slice_size))
    assert store.objects["/a.csv"] == data
    sizes = [size for _, size in store.writes]
    assert all(size == PIECE for size in sizes[:-1])
    assert len(sizes) == -(-len(data) // PIECE)


def test_a_server_that_tells_its_limits_gets_larger_pieces(tmp_path: Path, sshd: Sshd) -> None:
    with object_store(tmp_path, extensions=True) as store, open_session(store.connection()) as session:
        session.upload("", "a.csv", slices(content(1_000_000)))
        assert max(size for _, size in store.writes) == PIECE_MAX
    with open_session(sshd.connection()) as session:
        assert session._client.piece == PIECE_MAX


def test_rows_count_when_their_slice_is_confirmed(store: Store) -> None:
    told = []
    with open_session(store.connection()) as session:
        session.upload(
            "", "a.csv", [(b"x" * PIECE, 3), (b"", 0), (b"y" * 5, 4)], sent=lambda b, r: told.append((b, r))
        )
    assert (sum(b for b, _ in told), sum(r for _, r in told)) == (PIECE + 5, 7)


@pytest.mark.parametrize("who", ["server", "client"])
def test_new_session_keys_in_the_middle(
    tmp_path: Path, sshd: Sshd, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = content(5_000_000)
    if who == "client":
        monkeypatch.setattr(paramiko.packet.Packetizer, "REKEY_BYTES", 1_000_000)
    with run_sshd(tmp_path / "s", options=["RekeyLimit 1M"] if who == "server" else []) as server:
        with open_session(server.connection(), timeout=10) as session:
            session.upload("", "a.csv", slices(data))
        assert (server.root / "a.csv").read_bytes() == data


def test_many_writes_are_open_over_a_long_way(store: Store) -> None:
    """Once the first write is under way, no answer comes back before 60 have arrived (the channel holds 64)."""
    with wire(store.port, delay=0.04) as proxy:
        pinned = store.connection(port=proxy.port, host_key=pin(store))
        with open_session(pinned, timeout=5) as session:
            proxy.hold_from = proxy.carried_up + PIECE // 2
            proxy.hold_to = proxy.carried_up + 60 * PIECE
            session.upload("", "a.csv", slices(content(200 * PIECE)))
    assert len(store.objects["/a.csv"]) == 200 * PIECE


def pin(store: Store) -> str:
    assert store.known_hosts is not None
    _, kind, blob, *_ = store.known_hosts.read_text().split()
    return paramiko.PKey.from_type_string(kind, base64.b64decode(blob)).fingerprint


# ── refusals ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("pieces", REFUSED_FILES.values(), ids=REFUSED_FILES.keys())
@pytest.mark.parametrize("what", ["first", "second", "middle", "last", "close", "size"])
def test_a_refusal_raises_and_leaves_nothing(store: Store, pieces: int, what: str) -> None:
    data = content(pieces * PIECE - 7)
    if what == "close":
        store.refuse_close = True
    elif what == "size":
        store.lose_last_byte = True
    else:
        offsets = {"first": 0, "second": PIECE, "middle": len(data) // 2, "last": len(data) - 1}
        store.refuse_offset = min(offsets[what], len(data) - 1)
    with open_session(store.connection()) as session:
        with pytest.raises(UploadFailed, match="Nothing was left behind") as failed:
            session.upload("", "a.csv", slices(data))
        assert store.objects == {}
        assert session.files("") == ()  # the session is still good
    words = str(failed.value)
    assert "/a.csv" in words
    if what == "close":
        assert "The multipart upload could not be completed" in words
    elif what == "size":
        assert f"{len(data):,} bytes were sent and the server has {len(data) - 1:,}" in words
    else:
        assert store.refuse_offset is not None
        assert f"offset {store.refuse_offset // PIECE * PIECE:,} on: Quota exceeded" in words


@pytest.mark.parametrize("pieces", [1, 5, 90])
@pytest.mark.parametrize("what", ["last", "close"])
def test_paramiko_alone_does_not_notice(store: Store, pieces: int, what: str) -> None:
    """Why there is a window of our own. When this fails, paramiko has learnt it."""
    data = content(pieces * 32_768)
    store.refuse_offset, store.refuse_close = (len(data) - 1, False) if what == "last" else (None, True)
    with open_session(store.connection()) as session:
        session._client.putfo(io.BytesIO(data), "/a.csv", confirm=False)


def test_the_kth_write_is_refused(store: Store) -> None:
    store.refuse_write = 3
    with (
        open_session(store.connection()) as session,
        pytest.raises(UploadFailed, match=r"32,640 bytes from offset 65,280 on: Quota exceeded"),
    ):
        session.upload("", "a.csv", slices(content(4 * PIECE)))


def test_what_cannot_be_removed_is_named(store: Store) -> None:
    store.refuse_write, store.refuse_remove = 1, True
    with (
        open_session(store.connection()) as session,
        pytest.raises(UploadFailed, match=r"may be left on the server: /a\.csv"),
    ):
        session.upload("", "a.csv", slices(content(100)))


def test_a_refused_open(store: Store) -> None:
    store.refuse_open = True
    with (
        open_session(store.connection()) as session,
        pytest.raises(
            UploadFailed, match=r"(?s)refused to open /a\.csv.*Access denied by policy.*Nothing was sent"
        ),
    ):
        session.upload("", "a.csv", slices(content(100)))


def test_a_missing_folder(sshd: Sshd) -> None:
    with (
        open_session(sshd.connection()) as session,
        pytest.raises(UploadFailed, match=r"Check that the folder exists.*not full.*check\(\) counts them"),
    ):
        session.upload("nowhere", "a.csv", slices(content(100)))


def test_a_taken_name_is_refused_before_anything_is_sent(store: Store) -> None:
    store.objects["/a.csv"] = b"waiting"
    with (
        open_session(store.connection()) as session,
        pytest.raises(UploadFailed, match=r"(?s)exists already.*Leave filename=… away"),
    ):
        session.upload("", "a.csv", slices(content(100)))
    assert store.objects == {"/a.csv": b"waiting"}
    assert store.writes == []


# ── breaking off ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_interrupt_leaves_nothing(store: Store) -> None:
    def interrupt(_bytes: int, _rows: int) -> None:
        raise KeyboardInterrupt

    with open_session(store.connection()) as session:
        with pytest.raises(KeyboardInterrupt) as interrupted:
            session.upload("", "a.csv", slices(content(5_000_000)), sent=interrupt)
        assert interrupted.value.__notes__ == [
            "The upload of /a.csv was broken off by this. Nothing was left behind."
        ]
        assert upload_threads() == []
        assert (session.files(""), store.objects) == ((), {})


def test_a_real_signal_leaves_nothing(sshd: Sshd) -> None:
    def endless() -> Iterator[tuple[bytes, int]]:
        for number in range(10_000):
            if number == 20:
                signal.raise_signal(signal.SIGINT)
            yield b"x" * 100_000, 1

    with open_session(sshd.connection()) as session:
        with pytest.raises(KeyboardInterrupt):
            session.upload("", "interrupted.csv", endless())
        assert session.size("", "interrupted.csv") is None
    assert not (sshd.root / "interrupted.csv").exists()


def test_breaking_off_too_late_removes_the_whole_file(store: Store) -> None:
    def at_the_end(_bytes: int, _rows: int) -> None:
        if "/a.csv" in store.objects:
            raise KeyboardInterrupt

    with open_session(store.connection()) as session, pytest.raises(KeyboardInterrupt):
        session.upload("", "a.csv", [(b"x", 1)], sent=at_the_end)
    assert store.objects == {}


def test_the_encoders_error_surfaces_as_itself(store: Store) -> None:
    def broken() -> Iterator[tuple[bytes, int]]:
        yield content(100_000), 1
        raise ZeroDivisionError("in the encoder")

    with open_session(store.connection()) as session:
        with pytest.raises(ZeroDivisionError, match="in the encoder") as failed:
            session.upload("", "a.csv", broken())
        assert "Nothing was left behind" in failed.value.__notes__[0]
        assert (upload_threads(), store.objects) == ([], {})


def test_a_cancel_leaves_nothing(store: Store) -> None:
    cancel = threading.Event()
    with open_session(store.connection()) as session:
        with pytest.raises(UploadFailed, match=r"cancelled\. Nothing was left behind"):
            session.upload(
                "", "a.csv", slices(content(5_000_000)), sent=lambda *_: cancel.set(), cancel=cancel
            )
        assert (upload_threads(), store.objects) == ([], {})


def test_a_cut_connection_says_what_may_be_left(sshd: Sshd) -> None:
    def long() -> Iterator[tuple[bytes, int]]:
        for number in range(200):
            if number == 50:
                proxy.cut()
            yield b"x" * 100_000, 1

    with (
        wire(sshd.port) as proxy,
        open_session(sshd.connection(port=proxy.port, host_key=sshd.fingerprint())) as session,
    ):
        with pytest.raises(UploadFailed, match=r"(?s)was lost.*may be left on the server: /.*/cut\.csv"):
            session.upload("", "cut.csv", long())
        with pytest.raises(ConnectionFailed, match="lost"):
            session.files("")


def test_a_socket_that_takes_nothing_gives_up() -> None:
    """paramiko alone would send again for ever."""
    ours, theirs = socket.socketpair()
    with theirs:
        line = logon.Line(ours, 0.2)
        line.settimeout(0.05)

        def send_for_ever() -> None:
            while True:
                with suppress(TimeoutError):
                    line.send(b"x" * 1_000_000)

        with pytest.raises(ConnectionAbortedError, match="takes nothing"):
            send_for_ever()
        line.close()
        assert line._closed


@pytest.mark.parametrize("size", [2_000, 30_000_000], ids=["answers", "sends"])
def test_a_server_that_stalls_ends_the_upload(sshd: Sshd, size: int) -> None:
    def freezing() -> Iterator[tuple[bytes, int]]:
        for data, rows in slices(content(size)):
            proxy.frozen.set()
            yield data, rows

    with (
        wire(sshd.port) as proxy,
        open_session(sshd.connection(port=proxy.port, host_key=sshd.fingerprint())) as session,
    ):
        session._client.sock.settimeout(1)  # after the logon, which a busy machine may take longer for
        with pytest.raises(UploadFailed, match=r"may be left on the server"):
            replace(session, _timeout=1).upload("", f"stalled-{size}.csv", freezing())


def turn_back_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the wall clock run backwards from now on: whoever waits by it waits without end."""
    now, begin = time.time(), time.monotonic()
    monkeypatch.setattr(time, "time", lambda: now - (time.monotonic() - begin))


@pytest.mark.timeout(30)
@pytest.mark.parametrize("size", [2_000, 30_000_000], ids=["answers", "sends"])
def test_no_wait_goes_by_the_wall_clock(sshd: Sshd, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    def freezing() -> Iterator[tuple[bytes, int]]:
        proxy.frozen.set()
        turn_back_the_clock(monkeypatch)
        yield from slices(content(size))

    with (
        wire(sshd.port) as proxy,
        open_session(sshd.connection(port=proxy.port, host_key=sshd.fingerprint())) as session,
    ):
        session._client.sock.settimeout(1)
        with pytest.raises(UploadFailed, match=r"may be left on the server"):
            replace(session, _timeout=1).upload("", f"clock-{size}.csv", freezing())


def stalled(session: Session) -> Session:
    """A session that would wait for ever."""
    session._client.sock.settimeout(1000)
    return replace(session, _timeout=1000)


@pytest.mark.parametrize("size", [2_000_000, 30_000_000], ids=["answers", "sends"])
def test_whoever_breaks_off_does_not_wait_for_a_silent_server(
    sshd: Sshd, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    def freezing() -> Iterator[tuple[bytes, int]]:
        for number, slice_ in enumerate(slices(content(size))):
            if number == 2:
                proxy.frozen.set()
                threading.Timer(0.3, interrupt_main).start()
            yield slice_

    monkeypatch.setattr(upload, "CLEANING_SECONDS", 0.5)
    with (
        wire(sshd.port) as proxy,
        open_session(sshd.connection(port=proxy.port, host_key=sshd.fingerprint())) as session,
        pytest.raises(KeyboardInterrupt) as interrupted,
    ):
        stalled(session).upload("", f"silent-{size}.csv", freezing())
    assert "may be left on the server" in interrupted.value.__notes__[0]


def test_whoever_breaks_off_twice_is_told_what_may_be_left(
    sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    def freezing() -> Iterator[tuple[bytes, int]]:
        proxy.frozen.set()
        yield b"x" * 1_000_000, 1
        raise KeyboardInterrupt

    give_up = upload.Feed.give_up

    def press_again(feed: upload.Feed) -> None:
        give_up(feed)
        raise KeyboardInterrupt

    monkeypatch.setattr(upload.Feed, "give_up", press_again)
    with (
        wire(sshd.port) as proxy,
        open_session(sshd.connection(port=proxy.port, host_key=sshd.fingerprint())) as session,
        pytest.raises(KeyboardInterrupt) as interrupted,
    ):
        stalled(session).upload("", "twice.csv", freezing())
    assert "may be left on the server" in interrupted.value.__notes__[0]


# ── logging on ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_modern_algorithms_only(sshd: Sshd) -> None:
    with open_session(sshd.connection()) as session:
        transport = session._transport
        assert transport.local_cipher == "aes128-gcm@openssh.com"
        options = transport.get_security_options()
    weak = re.compile(r"sha1(?!\d)|md5|cbc|3des|^ssh-rsa|^ssh-dss|arcfour")
    offered = [*options.ciphers, *options.digests, *options.key_types, *options.kex]
    assert not [name for name in offered if weak.search(name)]


def test_a_server_without_gcm_is_served_with_ctr(tmp_path: Path) -> None:
    data = content(500_000)
    with run_sshd(tmp_path / "s", options=["Ciphers aes256-ctr", "MACs hmac-sha2-256"]) as server:
        with open_session(server.connection()) as session:
            session.upload("", "a.csv", slices(data))
        assert (server.root / "a.csv").read_bytes() == data


def test_a_stranger_is_told_how_to_register(sshd: Sshd, tmp_path: Path) -> None:
    key = make_key(tmp_path / "other")
    with pytest.raises(AuthenticationFailed) as failed:
        open_session(sshd.connection(key_file=key))
    words = str(failed.value)
    assert fingerprint(key) in words
    assert "connect-pandas setup" in words
    assert "updatePublicKeyForConnectUser" in words
    assert "PRIVATE" not in words


def test_nothing_listens(sshd: Sshd) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        with pytest.raises(ConnectionFailed, match="refused the connection"):
            open_session(sshd.connection(port=taken.getsockname()[1]))


def test_a_name_that_is_none(sshd: Sshd) -> None:
    with pytest.raises(ConnectionFailed, match=r"nowhere\.invalid cannot be found"):
        open_session(sshd.connection(host="nowhere.invalid"))


@contextmanager
def plain_server(says: bytes | None, *, close: bool = False) -> Iterator[int]:
    """Accept, say something or nothing, and close or keep the line."""
    lines = []
    with socket.create_server((HOST, 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listener.accept()
                    lines.append(line)
                    if says is not None:
                        line.sendall(says)
                    if close:
                        line.close()

        thread = threading.Thread(target=accept)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        for line in lines:
            line.close()


@pytest.mark.parametrize(
    ("says", "close", "words"),
    [
        (None, False, "said nothing more for 0.5 s"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", False, "said nothing more for 0.5 s"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", True, "not as an SSH server"),
        (b"", True, "not as an SSH server"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", True, "broke off while agreeing on keys"),
    ],
    ids=["silent", "silent after its banner", "a web server", "closes", "closes after its banner"],
)
def test_what_is_no_ssh_server(sshd: Sshd, says: bytes | None, close: bool, words: str) -> None:
    with plain_server(says, close=close) as port, pytest.raises(ConnectionFailed, match=words):
        open_session(sshd.connection(port=port), timeout=0.5 if not close else 10)


def test_no_sftp_there(tmp_path: Path) -> None:
    with (
        run_sshd(tmp_path / "s", options=["MaxSessions 0"]) as server,
        pytest.raises(ConnectionFailed, match="let the user in and then opened no SFTP session"),
    ):
        open_session(server.connection(), timeout=5)


# ── the server proves itself ─────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_server_shows_the_line_that_pins_it(sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(HostKeyError) as failed:
        open_session(sshd.connection(known_hosts=tmp_path / "empty"))
    assert failed.value.fingerprint == sshd.fingerprint("ed25519")
    assert failed.value.reason == "unknown"
    pinned = re.search(r'connect_pandas\.connect\(…, host_key="(.+)"\)', str(failed.value))
    assert pinned is not None
    with open_session(sshd.connection(known_hosts=tmp_path / "empty", host_key=pinned[1])):
        pass


def test_a_changed_key_is_stern(sshd: Sshd, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other")
    (tmp_path / "known").write_text(known_host(HOST, sshd.port, other))
    with pytest.raises(HostKeyError, match=r"(?s)IS NOT THE ONE EXPECTED.*Do not continue") as failed:
        open_session(sshd.connection(known_hosts=tmp_path / "known"))
    assert failed.value.reason == "changed"
    assert fingerprint(other) in str(failed.value)
    assert sshd.fingerprint("ed25519") in str(failed.value)


def test_a_wrong_pin_is_stern(sshd: Sshd, tmp_path: Path) -> None:
    wrong = fingerprint(make_key(tmp_path / "other"))
    with pytest.raises(HostKeyError, match="IS NOT THE ONE EXPECTED") as failed:
        open_session(sshd.connection(host_key=wrong))
    assert wrong in str(failed.value)


@pytest.mark.parametrize("padding", ["", "="])
@pytest.mark.parametrize("kind", ["ed25519", "ecdsa"])
def test_a_pin_of_any_key_the_server_has(sshd: Sshd, kind: str, padding: str) -> None:
    with open_session(sshd.connection(host_key=sshd.fingerprint(kind) + padding)) as session:
        assert kind in str(session._transport.host_key_type)


def test_the_known_type_is_asked_for_first(sshd: Sshd, tmp_path: Path) -> None:
    (tmp_path / "known").write_text(known_host(HOST, sshd.port, sshd.host_keys["ecdsa"]))
    with open_session(sshd.connection(known_hosts=tmp_path / "known")) as session:
        assert "ecdsa" in str(session._transport.host_key_type)


def test_a_type_that_is_not_known_beside_one_that_is(tmp_path: Path) -> None:
    with run_sshd(tmp_path / "s", key_types=["ed25519"]) as server:
        (tmp_path / "known").write_text(known_host(HOST, server.port, make_key(tmp_path / "other", "ecdsa")))
        with pytest.raises(HostKeyError, match="IS NOT THE ONE EXPECTED"):
            open_session(server.connection(known_hosts=tmp_path / "known"))


# ── folders ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def session(sshd: Sshd) -> Iterator[Session]:
    with open_session(sshd.connection()) as opened:
        yield opened


def test_folders_are_made_level_by_level(session: Session, sshd: Sshd) -> None:
    session.make_folder("RS/Orders")
    session.make_folder("RS/Orders")
    session.make_folder("")
    session.upload("RS/Orders", "orders.csv", [(b"1,2\n", 1)])
    assert session.files("RS/Orders") == (RemoteFile("orders.csv", 4),)
    assert session.files("RS") == ()
    assert session.files("RS/none") == ()
    assert session.size("RS/Orders", "orders.csv") == 4
    session.remove("RS/Orders", "orders.csv")
    session.remove("RS/Orders", "orders.csv")
    assert session.size("RS/Orders", "orders.csv") is None


def test_a_file_in_the_way_of_a_folder(session: Session, sshd: Sshd) -> None:
    (sshd.root / "in-the-way").write_text("x")
    with pytest.raises(UploadFailed, match="is a file"):
        session.make_folder("in-the-way/deeper")


def test_paths_stay_in_the_directory(session: Session) -> None:
    with pytest.raises(PlanError, match="leads out"):
        session.size("../elsewhere", "a.csv")
    with pytest.raises(PlanError, match="not a plain name"):
        session.size("", "../a.csv")


def test_the_directory_of_the_subscription(tmp_path: Path) -> None:
    with run_sshd(tmp_path / "s") as server:
        root = server.root

        def directory(**changes: str) -> str:
            with open_session(server.connection(**changes)) as opened:
                return opened.directory

        assert directory() == str(root)
        (root / "sub_1").mkdir()
        (root / "sub_file").write_text("no directory")
        assert directory() == f"{root}/sub_1"
        (root / "sub_2").mkdir()
        with pytest.raises(ConfigurationError, match=r'(?s)sub_1, sub_2.*connect\(…, directory="sub_1"\)'):
            directory()
        assert directory(directory="sub_2") == f"{root}/sub_2"
        assert directory(directory=f"{root}/sub_2") == f"{root}/sub_2"
        with pytest.raises(ConfigurationError, match=r"(?s)sub_3 does not exist.*sub_1, sub_2"):
            directory(directory="sub_3")
        with pytest.raises(ConfigurationError, match="is a file"):
            directory(directory="sub_file")


def test_an_object_stores_root_is_the_directory(store: Store) -> None:
    with open_session(store.connection()) as opened:
        assert opened.directory == "/"
        assert opened.path("RS/Orders", "a.csv") == "/RS/Orders/a.csv"
        assert opened.path("") == "/"


def test_a_session_shows_no_secret(session: Session, sshd: Sshd) -> None:
    assert "PRIVATE" not in repr(session)
    assert "no-api-here" not in repr(session)
    assert isinstance(sshd.connection(), Connection)
