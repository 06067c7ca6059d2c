"""The file server in miniature: SFTP version 3 over an object store, on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import re
import stat
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final, TypeVar, cast

import asyncssh
from asyncssh.constants import (
    FXP_CLOSE,
    FXP_FSTAT,
    FXP_LSTAT,
    FXP_MKDIR,
    FXP_OPEN,
    FXP_OPENDIR,
    FXP_READ,
    FXP_READDIR,
    FXP_REALPATH,
    FXP_REMOVE,
    FXP_RENAME,
    FXP_RMDIR,
    FXP_STAT,
    FXP_WRITE,
)
from asyncssh.sftp import SFTPServerHandler
from asyncssh.stream import SSHReader, SSHServerStreamSession, SSHWriter

from connect_pandas._sandbox.store import Key, MissingError, RefusedError, Store, StoredFile, Upload

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable

SFTP_VERSION: Final = 3
_PUBLIC_KEY: Final = re.compile(r"[a-z0-9@.-]+ [A-Za-z0-9+/]+=*(?: [^\r\n]*)?")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Faults:
    """What the file server does wrong on purpose: an aid for tests, nothing that the service promises.

    Attributes
    ----------
    refuse_write : int or None
        Refuse the k-th write of every file, counted from 1, and drop its bytes. The writes after it are
        taken, so that a client which does not read the answer leaves a file of the right size with a hole.
    refuse_write_at : int or None
        The same, for the write that holds this byte, counted from 0.
    lose_write : int or None
        Say yes to the k-th write of every file and drop its bytes all the same.
    refuse_close : bool
        Refuse to close a file that was written: it never appears.
    """

    refuse_write: int | None = None
    refuse_write_at: int | None = None
    lose_write: int | None = None
    refuse_close: bool = False

    def refuses(self, number: int, offset: int, size: int) -> bool:
        """Tell whether to refuse this write."""
        at = self.refuse_write_at
        return number == self.refuse_write or (at is not None and offset <= at < offset + size)


NO_FAULTS: Final = Faults()


class Keys:
    """Which public keys open the door: the sandbox's own, and the one registered last."""

    def __init__(self, user: str, own: asyncssh.SSHKey) -> None:
        self._user = user
        self._own = own.public_data
        self._registered: bytes | None = None

    def register(self, line: str) -> None:
        """Take a public key in place of the one registered before.

        Raises
        ------
        ValueError
            When the line is not one public key in the form of ``ssh-keygen``'s ``.pub`` file.
        """
        if not _PUBLIC_KEY.fullmatch(line.strip()):
            raise ValueError("not the one line of a public key, as in 'ssh-ed25519 AAAA… name'")
        try:
            self._registered = asyncssh.import_public_key(line.strip()).public_data
        except asyncssh.KeyImportError as error:
            raise ValueError(str(error)) from None

    def open(self, user: str, key: asyncssh.SSHKey) -> bool:
        """Tell whether this key lets this user in."""
        return user == self._user and key.public_data in (self._own, self._registered)


@dataclass(frozen=True, slots=True)
class FileServer:
    """A file server that runs."""

    door: socket.socket
    acceptor: asyncssh.SSHAcceptor
    connections: set[asyncssh.SSHServerConnection]

    async def stop(self) -> None:
        """Take no one in any more, and throw out who is in."""
        await let_nobody_in(self.door)
        self.acceptor.close()
        for connection in (inside := tuple(self.connections)):
            connection.abort()
        for connection in inside:
            await connection.wait_closed()
        await self.acceptor.wait_closed()


async def let_nobody_in(door: socket.socket) -> None:
    """Accept no connection any more, and let those that were accepted be made.

    Seen with Python 3.11: when a server closes before an accepted socket has become a connection, asyncio fails
    to make the connection (``Server._attach``) and forgets the socket, open.
    """
    with contextlib.suppress(NotImplementedError):  # Windows accepts in another way
        asyncio.get_running_loop().remove_reader(door)
    await pass_turns()


async def pass_turns() -> None:
    """Let the event loop come round: what was accepted becomes a connection, what was closed lets its socket go.

    asyncio takes three turns for the one and two for the other, and tells nobody when they are over.
    """
    for _ in range(10):
        await asyncio.sleep(0)


async def serve(
    listener: socket.socket, host_key: asyncssh.SSHKey, keys: Keys, store: Store, faults: Faults
) -> FileServer:
    """Serve the store on a socket that listens already."""
    connections: set[asyncssh.SSHServerConnection] = set()
    acceptor = await asyncssh.listen(
        sock=listener,
        server_host_keys=[host_key],
        server_factory=lambda: _Logon(keys, store, faults, connections),
        server_version="connect_pandas_sandbox",
        allow_scp=False,
        agent_forwarding=False,
        password_auth=False,
        kbdint_auth=False,
    )
    return FileServer(listener, acceptor, connections)


class _Logon(asyncssh.SSHServer):
    """Lets the sandbox's user in with a known key, to SFTP and nothing else."""

    def __init__(
        self, keys: Keys, store: Store, faults: Faults, connections: set[asyncssh.SSHServerConnection]
    ) -> None:
        self._keys = keys
        self._store = store
        self._faults = faults
        self._connections = connections
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        assert self._connection is not None  # noqa: S101 - asyncssh calls connection_made first
        self._connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return self._keys.open(username, key)

    def session_requested(
        self,
    ) -> tuple[asyncssh.SSHServerChannel[bytes], asyncssh.SSHServerSession[bytes]]:
        assert self._connection is not None  # noqa: S101 - asyncssh calls connection_made first
        channel: asyncssh.SSHServerChannel[bytes] = self._connection.create_server_channel(encoding=None)
        return channel, _Session(self._store, self._faults)


class _Session(SSHServerStreamSession[bytes]):
    """One channel with the SFTP subsystem on it."""

    def __init__(self, store: Store, faults: Faults) -> None:
        super().__init__(None)
        self._store = store
        self._faults = faults

    def subsystem_requested(self, subsystem: str) -> bool:
        return subsystem == "sftp"

    def session_started(self) -> None:
        channel, connection = self._chan, self._conn
        assert channel is not None  # noqa: S101 - asyncssh sets both before it starts a session
        assert connection is not None  # noqa: S101
        server = _Server(cast("asyncssh.SSHServerChannel[bytes]", channel), self._store, self._faults)
        handler = _Handler(server, SSHReader(self, channel), SSHWriter(self, channel), SFTP_VERSION)
        connection.create_task(handler.run(), handler.logger)


_OFFERED: Final = frozenset(
    {
        FXP_OPEN,
        FXP_CLOSE,
        FXP_READ,
        FXP_WRITE,
        FXP_LSTAT,
        FXP_FSTAT,
        FXP_OPENDIR,
        FXP_READDIR,
        FXP_REMOVE,
        FXP_MKDIR,
        FXP_RMDIR,
        FXP_REALPATH,
        FXP_STAT,
        FXP_RENAME,
    }
)
"""No setstat, fsetstat, readlink, symlink, and none of the extended requests that asyncssh would offer."""


class _Handler(SFTPServerHandler):
    """asyncssh's handler of SFTP requests, cut down to what an object store does.

    asyncssh has no public way to offer less, or to tell a closed file from a lost one: the tests hold the
    four names used here.
    """

    _extensions = []  # noqa: RUF012 - asyncssh's own declaration
    _attrib_extensions = []  # noqa: RUF012
    _packet_handlers = {  # noqa: RUF012
        request: handler
        for request, handler in SFTPServerHandler._packet_handlers.items()
        if request in _OFFERED
    }

    async def _cleanup(self, exc: Exception | None) -> None:
        # The client is gone. asyncssh would close its open files, and so make half a file appear.
        for file in self._file_handles.values():
            cast("_Server", self._server).forget(file)
        self._file_handles = {}
        await super()._cleanup(exc)


class _Server(asyncssh.SFTPServer):
    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], store: Store, faults: Faults) -> None:
        super().__init__(channel)
        self._store = store
        self._faults = faults

    # ── files ───────────────────────────────────────────────────────────────────────────────────────────────

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        key = _key(path)
        if not pflags & asyncssh.FXF_WRITE:
            return _ask(lambda: self._open_to_read(key))
        if pflags & (asyncssh.FXF_READ | asyncssh.FXF_APPEND):
            raise asyncssh.SFTPOpUnsupported(
                "Files are written whole: no append, no reading and writing at once."
            )
        return _ask(lambda: self._open_to_write(key, pflags))

    def _open_to_read(self, key: Key) -> IO[bytes]:
        found = self._store.find(key)
        if found is None:
            raise RefusedError("It is a directory.")
        return found.content.open("rb")

    def _open_to_write(self, key: Key, pflags: int) -> Upload:
        if key not in self._store.files():
            if not pflags & asyncssh.FXF_CREAT:
                raise MissingError("It is not there.")
        elif pflags & asyncssh.FXF_EXCL:
            raise RefusedError("It is there already.")
        elif not pflags & asyncssh.FXF_TRUNC:
            raise RefusedError("A file is replaced whole; it cannot be opened for change.")
        return self._store.begin(key)

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if not isinstance(file_obj, Upload):
            raise asyncssh.SFTPFailure("The file was opened to be read.")
        file_obj.writes += 1
        if self._faults.refuses(file_obj.writes, offset, len(data)):
            self._store.skip(file_obj, data)
            raise asyncssh.SFTPFailure("Refused on purpose.")
        if file_obj.writes == self._faults.lose_write:
            self._store.skip(file_obj, data)
        else:
            _ask(lambda: self._store.write(file_obj, offset, data))
        return len(data)

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        if isinstance(file_obj, Upload):
            raise asyncssh.SFTPFailure("The file was opened to be written.")
        file = cast("IO[bytes]", file_obj)
        file.seek(offset)
        return file.read(size)

    def close(self, file_obj: object) -> None:
        if not isinstance(file_obj, Upload):
            cast("IO[bytes]", file_obj).close()
        elif self._faults.refuse_close:
            self._store.abandon(file_obj)
            raise asyncssh.SFTPFailure("Refused on purpose.")
        else:
            _ask(lambda: self._store.finish(file_obj))

    def forget(self, file_obj: object) -> None:
        if isinstance(file_obj, Upload):
            self._store.abandon(file_obj)
        else:
            cast("IO[bytes]", file_obj).close()

    def fstat(self, file_obj: object) -> asyncssh.SFTPAttrs:
        if isinstance(file_obj, Upload):
            return _file_attrs(file_obj.end)
        return _file_attrs(cast("IO[bytes]", file_obj).seek(0, 2))

    # ── names ───────────────────────────────────────────────────────────────────────────────────────────────

    def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        return _attrs(_ask(lambda: self._store.find(_key(path))))

    def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        return self.stat(path)

    def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        # Asked here and not in the generator, so that opening what is not there is refused at once.
        entries = _ask(lambda: self._store.list(_key(path)))
        return _names(entries)

    def remove(self, path: bytes) -> None:
        _ask(lambda: self._store.remove(_key(path)))

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        _ask(lambda: self._store.rename(_key(oldpath), _key(newpath)))

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        _ask(lambda: self._store.make_folder(_key(path)))

    def rmdir(self, path: bytes) -> None:
        _ask(lambda: self._store.remove_folder(_key(path)))

    def realpath(self, path: bytes) -> bytes:
        return ("/" + "/".join(_key(path))).encode()


def _ask(work: Callable[[], _T]) -> _T:
    """Ask the store, and say its refusals in the protocol's words."""
    try:
        return work()
    except MissingError as refusal:
        raise asyncssh.SFTPNoSuchFile(str(refusal)) from None
    except RefusedError as refusal:
        raise asyncssh.SFTPFailure(str(refusal)) from None


def _key(path: bytes) -> Key:
    """Return the segments of a path from the root; ``..`` leads no higher than the root."""
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        raise asyncssh.SFTPFailure("Names are UTF-8.") from None
    segments: list[str] = []
    for segment in text.split("/"):
        if segment == "..":
            del segments[-1:]
        elif segment not in ("", "."):
            segments.append(segment)
    return tuple(segments)


def _attrs(found: StoredFile | None) -> asyncssh.SFTPAttrs:
    if found is None:
        return asyncssh.SFTPAttrs(permissions=stat.S_IFDIR | 0o700)
    return _file_attrs(found.size, int(found.modified.timestamp()))


def _file_attrs(size: int, modified: int | None = None) -> asyncssh.SFTPAttrs:
    return asyncssh.SFTPAttrs(size=size, permissions=stat.S_IFREG | 0o600, atime=modified, mtime=modified)


async def _names(entries: dict[str, StoredFile | None]) -> AsyncIterator[asyncssh.SFTPName]:
    for name, found in sorted(entries.items()):
        yield asyncssh.SFTPName(name.encode(), attrs=_attrs(found))
