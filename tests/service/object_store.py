"""An SFTP server in the manner of an object store, which refuses on purpose; and a wire that can be cut.

An object appears, whole or not, when its handle closes; there is no append and no attribute to set. It runs in a
thread, on a random loopback port, with asyncssh.
"""

from __future__ import annotations

import asyncio
import stat
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

import asyncssh
from asyncssh.sftp import SFTPServerHandler

from connect_pandas.service.connection import Connection, Secret
from tests.sshd import HOST

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Iterator
    from pathlib import Path

FOLDER_MODE, FILE_MODE = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o644
T = TypeVar("T")


@dataclass(slots=True)
class Store:
    """What the server holds, what it refuses, and what it has seen."""

    port: int = 0
    key_file: Path | None = None
    known_hosts: Path | None = None
    objects: dict[str, bytes] = field(default_factory=dict)
    folders: set[str] = field(default_factory=lambda: {"/"})

    refuse_open: bool = False
    refuse_write: int | None = None
    """The how manieth write, from 1."""
    refuse_offset: int | None = None
    """The write that holds this byte."""
    refuse_close: bool = False
    refuse_remove: bool = False
    lose_last_byte: bool = False

    writes: list[tuple[int, int]] = field(default_factory=list)
    """Offset and size of every write that came."""

    def connection(self, **changes: Any) -> Connection:
        assert self.key_file is not None
        return replace(
            Connection(
                user="ann@shop.com",
                host=HOST,
                port=self.port,
                endpoint="http://127.0.0.1:9",
                api_key=Secret("no-api-here"),
                key_file=self.key_file,
                known_hosts=self.known_hosts,
            ),
            **changes,
        )


@dataclass(slots=True)
class _Handle:
    path: str
    content: bytearray = field(default_factory=bytearray)


class _Server(asyncssh.SFTPServer):
    def __init__(self, chan: asyncssh.SSHServerChannel[bytes], store: Store) -> None:
        super().__init__(chan)
        self.store = store

    def _stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        name = _name(path)
        if name in self.store.folders:
            return asyncssh.SFTPAttrs(permissions=FOLDER_MODE, size=0)
        if name in self.store.objects:
            return asyncssh.SFTPAttrs(permissions=FILE_MODE, size=len(self.store.objects[name]))
        raise asyncssh.SFTPNoSuchFile("No such file")

    stat = lstat = _stat

    def realpath(self, path: bytes) -> bytes:
        return _name(path).encode()

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        if self.store.refuse_open:
            raise asyncssh.SFTPPermissionDenied("Access denied by policy")
        assert attrs.permissions is None, "an object store sets no attributes"
        return _Handle(_name(path))

    async def write(self, file_obj: object, offset: int, data: bytes) -> int:
        assert isinstance(file_obj, _Handle)
        store = self.store
        store.writes.append((offset, len(data)))
        if store.refuse_write == len(store.writes):
            raise asyncssh.SFTPFailure("Quota exceeded")
        if store.refuse_offset is not None and offset <= store.refuse_offset < offset + len(data):
            raise asyncssh.SFTPFailure("Quota exceeded")
        content = file_obj.content
        if len(content) < offset + len(data):
            content.extend(bytes(offset + len(data) - len(content)))
        content[offset : offset + len(data)] = data
        return len(data)

    def close(self, file_obj: object) -> None:
        assert isinstance(file_obj, _Handle)
        content = bytes(file_obj.content[:-1] if self.store.lose_last_byte else file_obj.content)
        self.store.objects[file_obj.path] = content
        if self.store.refuse_close:
            raise asyncssh.SFTPFailure("The multipart upload could not be completed")

    def remove(self, path: bytes) -> None:
        if self.store.refuse_remove:
            raise asyncssh.SFTPPermissionDenied("Access denied by policy")
        if self.store.objects.pop(_name(path), None) is None:
            raise asyncssh.SFTPNoSuchFile("No such file")

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        self.store.folders.add(_name(path))

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        start = _name(path).rstrip("/") + "/"
        for name in [*self.store.folders, *self.store.objects]:
            if name.startswith(start) and name != start and "/" not in name[len(start) :]:
                yield asyncssh.SFTPName(name[len(start) :].encode(), attrs=self._stat(name.encode()))


def _name(path: bytes) -> str:
    parts = [part for part in path.decode().split("/") if part not in ("", ".")]
    return "/" + "/".join(parts)


@contextmanager
def object_store(folder: Path, *, extensions: bool = False) -> Iterator[Store]:
    """Run the server until the block ends; its keys go into ``folder``."""
    store = Store(key_file=folder / "store_key", known_hosts=folder / "store_known_hosts")
    host_key = asyncssh.generate_private_key("ssh-ed25519")
    user_key = asyncssh.generate_private_key("ssh-ed25519")
    assert store.key_file is not None
    assert store.known_hosts is not None
    store.key_file.touch(0o600)
    user_key.write_private_key(str(store.key_file))
    public = user_key.export_public_key()
    advertised = SFTPServerHandler._extensions

    async def listen() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            HOST,
            0,
            server_host_keys=[host_key],
            authorized_client_keys=asyncssh.import_authorized_keys(public.decode()),
            sftp_factory=lambda chan: _Server(chan, store),
            allow_scp=False,
        )

    async def close(acceptor: asyncssh.SSHAcceptor) -> None:
        acceptor.close()
        await acceptor.wait_closed()

    with loop_in_thread() as loop:
        SFTPServerHandler._extensions = advertised if extensions else []
        acceptor = loop.run(listen())
        try:
            store.port = acceptor.get_port()
            line = host_key.export_public_key().decode().strip()
            store.known_hosts.write_text(f"[{HOST}]:{store.port} {line}\n")
            yield store
        finally:
            SFTPServerHandler._extensions = advertised
            loop.run(close(acceptor))


# ── a wire ───────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Wire:
    """A TCP proxy in front of a server: it can be slow, frozen or cut."""

    port: int = 0
    delay: float = 0.0
    """Seconds each way."""
    frozen: threading.Event = field(default_factory=threading.Event)
    carried_up: int = 0
    """Bytes that went to the server."""
    hold_from: int = 0
    hold_to: int = 0
    """Between these two numbers of bytes carried up, nothing comes back."""
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _loop: asyncio.AbstractEventLoop | None = None

    def cut(self) -> None:
        """Reset every connection, now."""
        assert self._loop is not None
        for writer in self._writers:
            self._loop.call_soon_threadsafe(writer.transport.abort)

    async def _serve(self, to: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, to)
        except OSError:
            writer.close()
            return
        self._writers += [writer, far_writer]
        with suppress(asyncio.CancelledError):  # the streams' protocol would log it
            await asyncio.gather(
                self._carry(reader, far_writer, up=True), self._carry(far_reader, writer, up=False)
            )

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool) -> None:
        loop = asyncio.get_running_loop()
        packets: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def read() -> None:
            data = b"-"
            while data:
                try:
                    data = await reader.read(1 << 16)
                except OSError:
                    data = b""
                await packets.put((loop.time() + self.delay, data))

        reading = loop.create_task(read())
        with suppress(OSError):
            while True:
                due, data = await packets.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                while self.frozen.is_set() or (not up and self.hold_from < self.carried_up < self.hold_to):
                    await asyncio.sleep(0.01)
                if not data:
                    break
                self.carried_up += len(data) if up else 0
                writer.write(data)
                await writer.drain()
        writer.close()
        reading.cancel()


@contextmanager
def wire(to: int, *, delay: float = 0.0) -> Iterator[Wire]:
    """Run the proxy to a loopback port until the block ends."""
    made = Wire(delay=delay)
    with loop_in_thread() as loop:
        made._loop = loop.loop
        server = loop.run(asyncio.start_server(lambda r, w: made._serve(to, r, w), HOST, 0))
        made.port = server.sockets[0].getsockname()[1]
        try:
            yield made
        finally:
            made.frozen.clear()
            made.cut()
            loop.loop.call_soon_threadsafe(server.close)


@dataclass(frozen=True, slots=True)
class _Loop:
    loop: asyncio.AbstractEventLoop

    def run(self, work: Awaitable[T]) -> T:
        async def done() -> T:
            return await work

        return asyncio.run_coroutine_threadsafe(done(), self.loop).result(20)


@contextmanager
def loop_in_thread() -> Iterator[_Loop]:
    """Run an event loop in a thread until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True, name="event loop")
    thread.start()
    try:
        yield _Loop(loop)
    finally:
        asyncio.run_coroutine_threadsafe(_cancel_all(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


async def _cancel_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
