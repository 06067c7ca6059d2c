"""The file server: one verified session, and one sequential writer that believes no upload before it is confirmed.

An upload is told by two threads. The caller's encodes: it takes slices from the encoder and puts them into a
:class:`_Feed` of a few places. The other one owns the network from the opening of the remote file to its
confirmation or its removal. So encoding and sending overlap; an error of the encoder surfaces where the encoder was
called; and an interrupt, which Python raises in the main thread only, never cuts a packet in two: the file can always
be removed over the same session.
"""

from __future__ import annotations

import hashlib
import logging
import socket
import stat
import struct
import threading
import time
from collections import deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

import paramiko
from paramiko.sftp import (
    CMD_CLOSE,
    CMD_EXTENDED,
    CMD_EXTENDED_REPLY,
    CMD_HANDLE,
    CMD_INIT,
    CMD_OPEN,
    CMD_STATUS,
    CMD_VERSION,
    CMD_WRITE,
    SFTP_DESC,
    SFTP_FLAG_CREATE,
    SFTP_FLAG_TRUNC,
    SFTP_FLAG_WRITE,
    SFTP_OK,
    SFTPError,
)

from connect_pandas.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectError,
    ConnectionFailed,
    HostKeyError,
    PlanError,
    UploadFailed,
)
from connect_pandas.service import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from connect_pandas.service.connection import Connection

# Without a handler of its own, paramiko's tracebacks of failed handshakes would be printed by logging's last resort,
# beside the error that we raise in words. Whoever configures logging still gets them.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

KEEP_ALIVE_SECONDS: Final = 30
SUBSCRIPTION_PREFIX: Final = "sub_"
"""How the subscription's directory begins. Source: api."""

CIPHERS: Final = (
    "aes128-gcm@openssh.com",
    "aes256-gcm@openssh.com",
    "aes128-ctr",
    "aes192-ctr",
    "aes256-ctr",
)
"""AES-GCM first: paramiko spends more time on a MAC of its own than on the cipher."""
MACS: Final = (
    "hmac-sha2-256-etm@openssh.com",
    "hmac-sha2-512-etm@openssh.com",
    "hmac-sha2-256",
    "hmac-sha2-512",
)

PIECE: Final = 32_640
"""Bytes of a write that every server takes: with its header it fills one SSH message of 32 KiB, and not two."""
PIECE_MAX: Final = 261_000
"""Bytes of a write when the server says that it takes as much."""
OPEN_BYTES: Final = (1 << 20, 8 << 20)
"""The fewest and the most bytes of writes that are not answered yet."""
BYTES_A_SECOND: Final = 50_000_000
"""Bytes a second that shall flow whatever the round trip: it times this is open, as 4 MB at 80 ms. More would only
wait in the server's buffers, which costs it time."""
SLICES_AHEAD: Final = 4
"""Slices that the encoder may be ahead of the network."""
CLEANING_SECONDS: Final = 10.0
"""The longest wait for one answer while a failed upload is tidied up."""


class RemoteFile(NamedTuple):
    """A file on the server; ``size`` in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What has arrived: the server confirmed every write, the close, and then the size."""

    path: str
    """The full path on the server."""
    size: int
    """Bytes."""
    sha256: str
    """Of the bytes that were sent, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class Session:
    """A logon to the file server, closed by the end of its ``with`` block. For one thread at a time.

    Attributes
    ----------
    directory : str
        The subscription's directory on the server; every folder is looked up in it.
    """

    directory: str
    _where: str
    _timeout: float
    _transport: paramiko.Transport = field(repr=False)
    _client: _Client = field(repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Log off. Closing twice does nothing."""
        _close(self._transport)

    def path(self, folder: str, filename: str = "") -> str:
        """Return the full path of a folder of the directory, or of a file in it.

        Raises
        ------
        PlanError
            When the folder leads out of the directory, or the name is none.
        """
        parts = [part for part in folder.split("/") if part not in ("", ".")]
        if ".." in parts:
            raise PlanError(f"folder={folder!r} leads out of the subscription's directory.")
        if "/" in filename or filename in (".", ".."):
            raise PlanError(f"filename={filename!r} is not a plain name; the folder goes into folder=….")
        return "/".join([self.directory.rstrip("/"), *parts, *([filename] if filename else [])]) or "/"

    def size(self, folder: str, filename: str) -> int | None:
        """Return a file's size in bytes, or ``None`` when there is none of that name.

        Raises
        ------
        ConnectionFailed
            When the server does not say.
        """
        path = self.path(folder, filename)
        with self._answers(f"looking for {path}"):
            found = self._client.find(path)
            return None if found is None else found.st_size or 0

    def files(self, folder: str) -> tuple[RemoteFile, ...]:
        """Return the files of a folder by name, none of its sub-folders; nothing when there is no such folder.

        Raises
        ------
        ConnectionFailed
            When the server does not say.
        """
        path = self.path(folder)
        with self._answers(f"listing {path}"):
            try:
                entries = self._client.listdir_attr(path)
            except FileNotFoundError:
                return ()
        return tuple(sorted(RemoteFile(e.filename, e.st_size or 0) for e in entries if not _is_folder(e)))

    def make_folder(self, folder: str) -> None:
        """Make a folder of the directory, each level that is not there yet; ``""`` is the directory itself.

        Raises
        ------
        UploadFailed
            When the server refuses, or a file is in the way.
        ConnectionFailed
            When the connection breaks.
        """
        parts = [part for part in folder.split("/") if part not in ("", ".")]
        for depth in range(1, len(parts) + 1):
            self._make_level(self.path("/".join(parts[:depth])))

    def _make_level(self, path: str) -> None:
        with self._answers(f"making the folder {path}"):
            found = self._client.find(path)
            if found is None:
                try:
                    self._client.mkdir(path)
                    return
                except OSError as refused:
                    if not _is_refusal(refused, self._client.sock):
                        raise
                    found, words = self._client.find(path), _words(refused)
            if found is None:
                raise UploadFailed(
                    f"The server refused to make the folder {path}: {words}.\n"
                    'Nothing was sent. Use a folder that exists, or folder="" for the directory itself.'
                )
            if not _is_folder(found):
                raise UploadFailed(f"{path} is a file, so it cannot be a folder. Nothing was sent.")

    def remove(self, folder: str, filename: str) -> None:
        """Remove a file; it is no error when it is gone already.

        Raises
        ------
        ConnectionFailed
            When the server refuses or the connection breaks.
        """
        path = self.path(folder, filename)
        with self._answers(f"removing {path}"), suppress(FileNotFoundError):
            self._client.remove(path)

    def upload(
        self,
        folder: str,
        filename: str,
        pieces: Iterable[tuple[bytes, int]],
        *,
        sent: Callable[[int, int], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Receipt:
        """Write one new file, from its first byte to its last, and confirm it.

        Parameters
        ----------
        folder, filename : str
            Where to; the folder must exist.
        pieces : iterable of (bytes, rows)
            The file in slices of any size, with the rows that end in each. It is consumed in this thread, a few
            slices ahead of the network.
        sent : callable, optional
            Called as ``sent(bytes, rows)``, in this thread, with what the server has confirmed since the last call;
            rows count once all of their slice is confirmed. The sums are the file's.
        cancel : threading.Event, optional
            Set it (from another thread) to give up.

        Returns
        -------
        Receipt
            Only when the server has confirmed every write, the close and the size.

        Raises
        ------
        UploadFailed
            When the name is taken (nothing is sent then), anything is refused, the connection breaks, or ``cancel``
            is set. What had been written is removed, and the message says whether that worked.
        Exception
            What ``pieces`` or ``sent`` raise, and ``KeyboardInterrupt``, come out as they are after the same
            cleaning; a note on them says whether it worked.
        """
        if not filename:
            raise PlanError("The file needs a name.")
        path = self.path(folder, filename)
        if self.size(folder, filename) is not None:
            raise UploadFailed(
                f"{path} exists already and may still wait for its import; nothing was sent.\n"
                "Leave filename=… away for a name that is unique, or give another one."
            )
        feed = _Feed(sent=sent, cancel=cancel)
        writer = _Writer(self._client, path, feed, self._timeout)
        digest = hashlib.sha256()
        writer.start()
        try:
            for data, rows in pieces:
                digest.update(data)
                feed.put(data, rows)
            feed.finish()
        except BaseException as error:
            left = writer.give_up()
            if isinstance(error, _Cancelled):
                raise UploadFailed(f"The upload of {path} was cancelled. {left}") from None
            if error is not feed.failure:
                error.add_note(f"The upload of {path} was broken off by this. {left}")
            raise
        finally:
            writer.join()
        return Receipt(path, feed.confirmed, digest.hexdigest())

    @contextmanager
    def _answers(self, doing: str) -> Iterator[None]:
        """Turn what goes wrong on the way into this package's words."""
        try:
            yield
        except ConnectError:
            raise
        except _TROUBLE as error:
            raise ConnectionFailed(_say_trouble(error, self._where, doing, self._client.sock)) from error


# ── logging on ───────────────────────────────────────────────────────────────────────────────────────────────────


def open_session(connection: Connection, *, timeout: float = 30.0) -> Session:
    """Log on to the file server with the connection's key, and find the subscription's directory.

    Parameters
    ----------
    connection : Connection
        Who, where, with which key, and what the server must show.
    timeout : float
        Seconds for the whole of the logon, and afterwards for each single answer.

    Returns
    -------
    Session
        Use it in a ``with`` block.

    Raises
    ------
    ConfigurationError
        When the key cannot be used, or there are several ``sub_…`` directories to choose from.
    HostKeyError
        When the server does not prove to be the one expected. The user's name was not sent then.
    AuthenticationFailed
        When the server does not take this user with this key.
    ConnectionFailed
        When the server cannot be reached, is no SFTP server, or says nothing for too long.
    """
    key = keys.load(connection.key_file, connection.passphrase)
    where = f"{connection.host}:{connection.port}"
    transport = _verified_transport(connection, keys.trust(connection), timeout)
    try:
        with _deadline(transport, where, timeout):
            _authenticate(transport, connection, key)
            client = _open_client(transport, where, timeout)
        return Session(_find_directory(client, connection), where, timeout, transport, client)
    except _TROUBLE as error:
        _close(transport)
        raise ConnectionFailed(_say_trouble(error, where, "logging on", transport)) from error
    except BaseException:
        _close(transport)
        raise


def _verified_transport(connection: Connection, trust: keys.Trust, timeout: float) -> paramiko.Transport:
    refusals: list[HostKeyError] = []
    tried: set[str] = set()
    for algorithms in trust.rounds():
        if tried.intersection(algorithms):
            continue  # the server has shown its key of this family
        transport = _handshake(connection, algorithms, timeout, optional=bool(refusals))
        if transport is None:
            continue
        key = transport.get_remote_server_key()
        if trust.proves(key):
            return transport
        _close(transport)
        tried.update(keys.ALGORITHMS[key.get_name()])
        refusals.append(trust.refusal(key))
    raise refusals[0]


def _handshake(
    connection: Connection, algorithms: tuple[str, ...], timeout: float, *, optional: bool
) -> paramiko.Transport | None:
    """Agree on keys with the server; ``None`` when that is optional and it has no host key of these kinds."""
    where = f"{connection.host}:{connection.port}"
    transport = paramiko.Transport(_dial(connection, timeout))  # type: ignore[arg-type]  # socket-like is enough
    options = transport.get_security_options()
    options.ciphers, options.digests, options.key_types = CIPHERS, MACS, algorithms
    # One deadline bounds all of the logon; paramiko's own would only be shorter or have other words.
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = 2 * timeout
    transport.clear_to_send_timeout = timeout
    try:
        with _deadline(transport, where, timeout):
            transport.start_client()
    except paramiko.ssh_exception.IncompatiblePeer as error:
        _close(transport)
        if optional:
            return None
        raise ConnectionFailed(
            f"{where} and this package have no way of encryption in common ({error}). "
            "The server is too old or set up too narrowly; its administrator must allow a current one."
        ) from error
    except (paramiko.SSHException, EOFError, OSError) as error:
        _close(transport)
        raise ConnectionFailed(_say_no_ssh(where, transport, error)) from error
    except BaseException:
        _close(transport)
        raise
    return transport


def _dial(connection: Connection, timeout: float) -> _Line:
    where = f"{connection.host}:{connection.port}"
    try:
        line = socket.create_connection((connection.host, connection.port), timeout)
    except socket.gaierror as error:
        raise ConnectionFailed(
            f"The name {connection.host} cannot be found ({error.strerror}).\n"
            "Check host=… or domain=…, and this machine's network or VPN."
        ) from error
    except TimeoutError as error:
        raise ConnectionFailed(
            f"{where} did not answer within {timeout:g} s.\n"
            f"Check host and port; a firewall may be in the way (outgoing TCP, port {connection.port})."
        ) from error
    except ConnectionRefusedError as error:
        raise ConnectionFailed(
            f"{where} refused the connection: nothing listens there.\nCheck host and port."
        ) from error
    except OSError as error:
        raise ConnectionFailed(
            f"{where} cannot be reached: {error.strerror or error}.\n"
            "Check host and port, and this machine's network or VPN."
        ) from error
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _Line(line, timeout)


def _authenticate(transport: paramiko.Transport, connection: Connection, key: paramiko.PKey) -> None:
    try:
        more = transport.auth_publickey(connection.user, key)
    except paramiko.AuthenticationException as error:
        if not transport.is_active() and transport.saved_exception is None:
            raise
        raise AuthenticationFailed(_say_rejected(connection, key)) from error
    if more:
        raise AuthenticationFailed(
            f"The server takes the key of {connection.user} and wants more than a key: {', '.join(more)}. "
            "Connect's users log on with a key only; check user=… and host=…."
        )


def _open_client(transport: paramiko.Transport, where: str, timeout: float) -> _Client:
    transport.set_keepalive(KEEP_ALIVE_SECONDS)
    try:
        channel = transport.open_session(timeout=timeout)
        channel.settimeout(timeout)
        channel.invoke_subsystem("sftp")
        return _Client(channel)
    except (paramiko.SSHException, SFTPError) as error:
        raise ConnectionFailed(
            f"{where} let the user in and then opened no SFTP session ({error}).\n"
            "Check that host and port are the file server's; if so, its administrator must allow SFTP for this user."
        ) from error


def _find_directory(client: _Client, connection: Connection) -> str:
    home = client.normalize(".")
    if connection.directory is not None:
        path = "/".join(
            [*([] if connection.directory.startswith("/") else [home.rstrip("/")]), connection.directory]
        )
        found = client.find(path)
        if found is None or not _is_folder(found):
            raise ConnectionFailed(_say_no_directory(client, home, path, is_file=found is not None))
        return path
    subscriptions = [name for name in _folders(client, home) if name.startswith(SUBSCRIPTION_PREFIX)]
    if len(subscriptions) > 1:
        raise ConfigurationError(
            f"{connection.user} has several subscriptions: {', '.join(subscriptions)}.\n"
            f'Say which: connect_pandas.connect(…, directory="{subscriptions[0]}")'
        )
    return "/".join([home.rstrip("/"), *subscriptions]) or "/"


def _folders(client: _Client, path: str) -> list[str]:
    return sorted(entry.filename for entry in client.listdir_attr(path) if _is_folder(entry))


def _is_folder(attributes: paramiko.SFTPAttributes) -> bool:
    if attributes.st_mode is None:  # optional in SFTP; the long name is what `ls -l` would print
        return getattr(attributes, "longname", "").startswith("d")
    return stat.S_ISDIR(attributes.st_mode)


@contextmanager
def _deadline(transport: paramiko.Transport, where: str, seconds: float) -> Iterator[None]:
    """End the connection when the block takes longer: paramiko waits for some answers without end."""
    over = threading.Event()

    def end() -> None:
        over.set()
        transport.close()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if over.is_set():
            raise ConnectionFailed(
                f"{where} accepted the connection and then said nothing more for {seconds:g} s.\n"
                "Check that host and port are the file server's, and try again later; a firewall may hold packets back."
            ) from error
        raise
    finally:
        timer.cancel()


def _close(transport: paramiko.Transport) -> None:
    transport.packetizer.complete_handshake()  # stops a timer that would outlive a broken handshake
    transport.close()
    transport.sock.close()
    if transport.is_alive():
        transport.join(1.0)  # it looks up from its socket ten times a second


class _Line:
    """A socket whose sends come to an end.

    paramiko sends again and again, without end and holding its lock, while the other side takes nothing.
    """

    __slots__ = ("_patience", "_socket", "_stalled")

    def __init__(self, line: socket.socket, patience: float) -> None:
        self._socket = line
        self._patience = patience
        self._stalled = 0.0

    def send(self, data: bytes) -> int:
        try:
            sent = self._socket.send(data)
        except TimeoutError:
            self._stalled = self._stalled or time.monotonic()
            if time.monotonic() - self._stalled > self._patience:
                raise ConnectionAbortedError("the other side takes nothing") from None
            raise
        self._stalled = 0.0
        return sent

    def recv(self, size: int) -> bytes:
        return self._socket.recv(size)

    def settimeout(self, seconds: float | None) -> None:
        self._socket.settimeout(seconds)

    def getpeername(self) -> Any:
        return self._socket.getpeername()

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits for more
        self._socket.close()

    @property
    def _closed(self) -> bool:
        return self._socket.fileno() < 0


# ── the upload ───────────────────────────────────────────────────────────────────────────────────────────────────


class _Cancelled(Exception):
    """The caller's ``cancel`` was set."""


class _GivenUp(Exception):
    """The caller's thread broke off."""


class _Refused(Exception):
    """The server said no; the text says to what and in which words."""


_TROUBLE: Final = (paramiko.SSHException, SFTPError, EOFError, OSError, UnicodeError, struct.error)
"""What paramiko raises when the server refuses, breaks off, keeps silent or talks nonsense."""


@dataclass(slots=True)
class _Feed:
    """The joint between the two threads: slices go one way, confirmations the other."""

    sent: Callable[[int, int], None] | None
    cancel: threading.Event | None
    confirmed: int = 0
    """Bytes that the server has confirmed."""
    failure: BaseException | None = None
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _slices: deque[bytes] = field(default_factory=deque)
    _marks: deque[tuple[int, int]] = field(default_factory=deque)
    """Where each slice ends in the file, and its rows, until that is told."""
    _end: int = 0
    _told: int = 0
    _complete: bool = False
    _given_up: bool = False
    _over: bool = False

    # the caller's side

    def put(self, data: bytes, rows: int) -> None:
        """Hand over a slice as soon as there is room; tell meanwhile what is confirmed."""
        self._end += len(data)
        self._marks.append((self._end, rows))
        self._wait(lambda: len(self._slices) < SLICES_AHEAD)
        with self._changed:
            self._slices.append(data)
            self._changed.notify_all()

    def finish(self) -> None:
        """Say that there is no more, and wait until the file is confirmed."""
        with self._changed:
            self._complete = True
            self._changed.notify_all()
        self._wait(lambda: self._over)

    def give_up(self) -> None:
        with self._changed:
            self._given_up = True
            self._changed.notify_all()

    def _wait(self, ready: Callable[[], bool]) -> None:
        while True:
            if self.cancel is not None and self.cancel.is_set():
                raise _Cancelled
            with self._changed:
                # Short waits: confirmations and a cancel wake nobody, and on Windows an interrupt waits for the end.
                self._changed.wait_for(lambda: ready() or self._over, 0.1)
                done, failure = ready(), self.failure
            if failure is not None:
                raise failure
            self._tell()
            if done:
                return

    def _tell(self) -> None:
        confirmed = self.confirmed
        rows = 0
        while self._marks and self._marks[0][0] <= confirmed:
            rows += self._marks.popleft()[1]
        fresh, self._told = confirmed - self._told, confirmed
        if self.sent is not None and (fresh or rows):
            self.sent(fresh, rows)

    # the network's side

    def slices(self, while_waiting: Callable[[], None]) -> Iterator[bytes]:
        """Yield the slices to their end."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._slices or self._complete or self._given_up, 0.02)
                self.check()
                data = self._slices.popleft() if self._slices else None
                self._changed.notify_all()
                if data is None and self._complete:
                    return
            if data is None:
                while_waiting()
            else:
                yield data

    def check(self) -> None:
        if self._given_up:
            raise _GivenUp

    def confirm(self, size: int) -> None:
        self.confirmed += size

    def close(self, failure: BaseException | None) -> None:
        with self._changed:
            self.failure = failure
            self._over = True
            self._changed.notify_all()


class _Writer(threading.Thread):
    """The thread that owns the network while a file is written: it confirms the file or removes it."""

    def __init__(self, client: _Client, path: str, feed: _Feed, timeout: float) -> None:
        super().__init__(name=f"upload {path}", daemon=True)
        self._client = client
        self._path = path
        self._feed = feed
        self._timeout = timeout
        self._arrived = False
        self._left = "Nothing was left behind."

    def give_up(self) -> str:
        """Break off, and return the sentence that says whether something was left behind."""
        self._feed.give_up()
        self.join()
        if self._arrived:  # it was too late to break off
            self._remove()
        return self._left

    def run(self) -> None:
        try:
            self._write()
        except BaseException as error:  # noqa: BLE001 - it is raised in the caller's thread
            self._feed.close(error)
        else:
            self._feed.close(None)

    def _write(self) -> None:
        started = time.monotonic()
        try:
            handle = self._client.open_to_write(self._path)
        except _TROUBLE as error:
            raise self._not_opened(error) from error
        window = _Window(self._client, handle, self._feed, _open_bytes(time.monotonic() - started))
        try:
            self._fill(window)
            window.close()
            self._confirm(window.offset)
            self._arrived = True
        except _Refused as refused:
            self._clean(window)
            raise UploadFailed(
                f"The upload of {self._path} failed: {refused}\n{self._left}\n"
                "Upload again; if it fails again, look whether the directory is full (by default 5 GB and 100 files) "
                "and whether this user may write there."
            ) from None
        except _GivenUp:
            self._clean(window)
        except _TROUBLE as error:
            self._clean(window)
            raise self._lost(error) from error

    def _not_opened(self, error: BaseException) -> UploadFailed:
        if not _is_refusal(error, self._client.sock):
            self._left = self._may_be_left
            return self._lost(error)
        return UploadFailed(
            f"The server refused to open {self._path} for writing: {_words(error)}. Nothing was sent.\n"
            "Check that the folder exists and that this user may write there; the directory may also be full "
            "(by default 5 GB and 100 files)."
        )

    def _lost(self, error: BaseException) -> UploadFailed:
        return UploadFailed(
            f"The connection was lost while {self._path} was written, after {self._feed.confirmed:,} confirmed "
            f"bytes: {_words(error)}.\n{self._left}\nCheck the network and upload again."
        )

    @property
    def _may_be_left(self) -> str:
        return f"A partial file may be left on the server: {self._path}"

    def _fill(self, window: _Window) -> None:
        tail = b""
        for data in self._feed.slices(window.collect_ready):
            tail = window.write_whole_pieces(tail, data)
        if tail:
            window.write(memoryview(tail))

    def _confirm(self, size: int) -> None:
        found = self._client.find(self._path)
        if found is None:
            raise _Refused("the server took all of it and then had no such file.")
        if found.st_size != size:
            raise _Refused(f"{size:,} bytes were sent and the server has {found.st_size:,}.")

    def _clean(self, window: _Window) -> None:
        """Close and remove what was written, and see whether it is gone."""
        self._remove(before=window.abandon)

    def _remove(self, before: Callable[[], None] = lambda: None) -> None:
        self._left = self._may_be_left
        channel = self._client.sock
        channel.settimeout(min(self._timeout, CLEANING_SECONDS))
        try:
            before()
            with suppress(OSError):
                self._client.remove(self._path)
            if self._client.find(self._path) is None:
                self._left = "Nothing was left behind."
        except _TROUBLE:
            pass  # the sentence stands as it is
        finally:
            channel.settimeout(self._timeout)


def _open_bytes(round_trip: float) -> int:
    fewest, most = OPEN_BYTES
    return int(min(max(round_trip * BYTES_A_SECOND, fewest), most))


@dataclass(slots=True)
class _Window:
    """Writes that go out before their answers come back; every answer is read, that to the close, too."""

    client: _Client
    handle: bytes
    feed: _Feed
    most: int
    """Bytes that may be open at once."""
    offset: int = 0
    """Where the next write begins."""
    closed: bool = False
    _unanswered: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Offset and size of each open write, by the number of its request."""
    _open_bytes: int = 0

    def write_whole_pieces(self, tail: bytes, data: bytes) -> bytes:
        """Write a slice, with the tail of the one before; return the tail that fills no piece."""
        size = self.client.piece
        view = memoryview(data)
        if tail:
            missing = size - len(tail)
            joined = b"".join((tail, view[:missing]))
            if len(joined) < size:
                return joined
            self.write(memoryview(joined))
            view = view[missing:]
        whole = len(view) - len(view) % size
        for start in range(0, whole, size):
            self.write(view[start : start + size])
        return bytes(view[whole:])

    def write(self, piece: memoryview) -> None:
        self.feed.check()
        while self._unanswered and self._open_bytes + len(piece) > self.most:
            self._collect()
        number = self.client.send_write(self.handle, self.offset, piece)
        self._unanswered[number] = (self.offset, len(piece))
        self._open_bytes += len(piece)
        self.offset += len(piece)
        self.collect_ready()

    def collect_ready(self) -> None:
        """Read the answers that are there, without waiting for more."""
        if self._unanswered and self.client.has_answers():
            self._collect()

    def close(self) -> None:
        """Wait for all answers, then close the file: a server may refuse the whole of it there."""
        while self._unanswered:
            self.feed.check()
            self._collect()
        number = self.client.send_close(self.handle)
        self.closed = True
        answers: list[_Answer] = []
        while not answers:
            answers = self.client.read_answers()
        if len(answers) > 1 or answers[0].number != number:
            raise SFTPError("the server answered what was not asked")
        if answers[0].code != SFTP_OK:
            raise _Refused(f"the server refused to close the file: {answers[0].words}.")

    def abandon(self) -> None:
        """Read what answers are still to come, whatever they say, and close."""
        while self._unanswered:
            for answer in self.client.read_answers():
                self._unanswered.pop(answer.number, None)
        if not self.closed:
            with suppress(_Refused):
                self.close()

    def _collect(self) -> None:
        confirmed = 0
        refused = None
        for answer in self.client.read_answers():
            if answer.number not in self._unanswered:
                raise SFTPError("the server answered what was not asked")
            offset, size = self._unanswered.pop(answer.number)
            self._open_bytes -= size
            if answer.code == SFTP_OK:
                confirmed += size
            elif refused is None:
                refused = _Refused(
                    f"the server refused the {size:,} bytes from offset {offset:,} on: {answer.words}."
                )
        if confirmed:
            self.feed.confirm(confirmed)
        if refused is not None:
            raise refused


class _Answer(NamedTuple):
    number: int
    code: int
    words: str


_NOTHING: Final = memoryview(b"")


class _Client(paramiko.SFTPClient):
    """paramiko's client, with writes whose answers are ours to read.

    All that leans on paramiko's inner calls stands here, and pyproject.toml bounds its versions. The outer calls do not
    do: ``SFTPFile`` in its pipelined mode reads answers only while more than 100 are open, and its close reads
    none, so that a refused write among the last hundred and a refused close go unnoticed. Sending whole pieces as they
    lie in memory, without its ``Message``, also spares copies.

    Between ``send_…`` and the last answer no other call may be made: both would read the same channel.
    """

    sock: paramiko.Channel
    piece: int
    """Bytes of a write."""

    if TYPE_CHECKING:  # the inner calls, which the type stubs leave out

        def _request(self, kind: int, *fields: object) -> tuple[int, paramiko.Message]: ...
        def _send_packet(self, kind: int, message: paramiko.Message) -> None: ...
        def _read_packet(self) -> tuple[int, bytes]: ...
        def _write_all(self, data: bytes) -> None: ...

    def __init__(self, channel: paramiko.Channel) -> None:
        self._extensions: dict[bytes, bytes] = {}
        self._received = bytearray()
        super().__init__(channel)
        self.piece = self._ask_piece()

    def _send_version(self) -> int:
        # As paramiko's own, which throws away the pairs by which a server says what more it can do.
        message = paramiko.Message()
        message.add_int(3)
        self._send_packet(CMD_INIT, message)
        kind, data = self._read_packet()
        if kind != CMD_VERSION:
            raise SFTPError("it does not speak SFTP")
        answer = paramiko.Message(data)
        version = answer.get_int()
        while answer.get_remainder():
            name = answer.get_binary()
            self._extensions[name] = answer.get_binary()
        return version

    def _ask_piece(self) -> int:
        if b"limits@openssh.com" not in self._extensions:
            return PIECE
        try:
            kind, answer = self._request(CMD_EXTENDED, "limits@openssh.com")
        except OSError:
            return PIECE
        if kind != CMD_EXTENDED_REPLY:
            return PIECE
        _packet, _read, write = answer.get_int64(), answer.get_int64(), answer.get_int64()
        return min(write, PIECE_MAX) if write > 0 else PIECE

    def find(self, path: str) -> paramiko.SFTPAttributes | None:
        """Return what the server knows of a path; ``None`` when there is nothing."""
        try:
            return self.stat(path)
        except FileNotFoundError:
            return None

    def open_to_write(self, path: str) -> bytes:
        """Open a new file and return its handle."""
        # The flags of every ordinary upload. EXCL would be stricter, but an object store need not know it.
        flags = SFTP_FLAG_WRITE | SFTP_FLAG_CREATE | SFTP_FLAG_TRUNC
        kind, answer = self._request(CMD_OPEN, path, flags, paramiko.SFTPAttributes())
        if kind != CMD_HANDLE:
            raise SFTPError("it gave no handle")
        handle: bytes = answer.get_binary()
        return handle

    def send_write(self, handle: bytes, offset: int, data: memoryview) -> int:
        """Send a write and return its number."""
        fields = struct.pack(">QI", offset, len(data))
        return self._post(CMD_WRITE, handle, fields, data)

    def send_close(self, handle: bytes) -> int:
        """Send a close and return its number."""
        return self._post(CMD_CLOSE, handle)

    def _post(self, kind: int, handle: bytes, fields: bytes = b"", data: memoryview = _NOTHING) -> int:
        number = self.request_number
        self.request_number += 1
        head = struct.pack(">BII", kind, number, len(handle)) + handle + fields
        head = struct.pack(">I", len(head) + len(data)) + head
        # One SSH message holds so much; what does not fit goes out in messages that are full.
        room = self.sock.out_max_packet_size - 64
        first = room - len(head)
        self._write_all(b"".join((head, data[:first])))
        for start in range(first, len(data), room):
            self._write_all(bytes(data[start : start + room]))
        return number

    def has_answers(self) -> bool:
        """Say whether an answer can be read without waiting."""
        return self.sock.recv_ready()

    def read_answers(self) -> list[_Answer]:
        """Wait until something comes, and return the answers that are whole: none, when it was less than one."""
        data = self.sock.recv(65536)
        if not data:
            raise EOFError("the server closed the session")
        received = self._received
        received += data
        answers = []
        while len(received) >= 4 and len(received) >= 4 + (size := int.from_bytes(received[:4], "big")):
            answers.append(_read_status(bytes(received[4 : 4 + size])))
            del received[: 4 + size]
        return answers


def _read_status(packet: bytes) -> _Answer:
    kind, number = struct.unpack_from(">BI", packet)
    if kind != CMD_STATUS:
        raise SFTPError("the server answered with something else than a status")
    message = paramiko.Message(packet[5:])
    code = message.get_int()
    if code == SFTP_OK:
        return _Answer(number, code, "")
    known = SFTP_DESC[code] if code < len(SFTP_DESC) else f"code {code}"
    said = message.get_binary().decode("utf-8", "replace") if len(packet) > 9 else ""
    return _Answer(number, code, said.strip().rstrip(".") or known)


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    said = getattr(error, "strerror", None) or str(error)
    return said.strip().rstrip(".") or type(error).__name__


def _is_refusal(error: BaseException, line: paramiko.Channel | paramiko.Transport) -> bool:
    """Say whether the server answered no; else there is no answer, or no connection any more."""
    alive = line.is_active() if isinstance(line, paramiko.Transport) else not line.closed
    return alive and isinstance(error, OSError) and not isinstance(error, TimeoutError)


def _say_trouble(
    error: BaseException, where: str, doing: str, line: paramiko.Channel | paramiko.Transport
) -> str:
    if isinstance(error, TimeoutError):
        return f"{where} did not answer in time while {doing}. Try again; check the network if it stays so."
    if _is_refusal(error, line):
        return f"{where} refused while {doing}: {_words(error)}."
    return f"The connection to {where} was lost while {doing}: {_words(error)}. Connect again."


def _say_no_ssh(where: str, transport: paramiko.Transport, error: BaseException) -> str:
    if not transport.remote_version:
        return (
            f"{where} answers, but not as an SSH server.\n"
            "Check host and port: the file server's port is 22, and a proxy may have answered instead."
        )
    return f"{where} broke off while agreeing on keys: {_words(error)}. Try again; check host and port if it stays so."


def _say_rejected(connection: Connection, key: paramiko.PKey) -> str:
    return (
        f"{connection.host} does not let {connection.user!r} in with this key:\n"
        f"  {connection.key_file}  {keys.fingerprint(key)} ({key.get_name()})\n"
        "Either the public half is not registered with Connect, or the user is spelt differently there.\n"
        "  Register it: connect-pandas setup, or the mutation updatePublicKeyForConnectUser with the line that "
        f"ssh-keygen -yf {connection.key_file} prints\n"
        "  The user is the Connect e-mail address, in the spelling of the web app: letters, digits, '_', '-', '.', '@'"
    )


def _say_no_directory(client: _Client, home: str, path: str, *, is_file: bool) -> str:
    what = "is a file, no directory" if is_file else "does not exist on the server"
    there = ", ".join(_folders(client, home)[:20]) or "no directory at all"
    return f"directory: {path} {what}. In {home} there is: {there}.\nLeave directory=… away to take the only sub_… one."
