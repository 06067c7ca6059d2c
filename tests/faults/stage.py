"""The stage of a cell: the sandbox, with a line, a file server and an API in front of it that fail as they are told.

::

    the package ─ Line ─ Door ─┐
                └─── Front ────┴─ Sandbox

All three are real sockets on loopback, served by one event loop in a thread. At each moment of an import they ask the
stage's plot what to do; without one they do what the sandbox does.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sqlite3
import struct
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import asyncssh

from connect_pandas._sandbox import sftp as sandbox_sftp
from connect_pandas._sandbox.store import Upload
from connect_pandas.service.journal import FILE_NAME
from tests.sshd import HOST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connect_pandas import Connection, ImportPlan
    from connect_pandas._sandbox import Sandbox
    from connect_pandas._sandbox.store import Key, StoredFile
    from tests.faults.certificates import Certificates, Shown
    from tests.service.object_store import _Loop


@dataclass(frozen=True, slots=True)
class Reply:
    """What the API answers instead of the sandbox: bytes as they are, or how it keeps silent."""

    status: int = 200
    body: bytes = b""
    headers: tuple[str, ...] = ()
    raw: bytes | None = None
    """The whole answer, whatever HTTP says."""
    after: bool = False
    """Let the service do it first; its own answer is lost."""
    twice: bool = False
    """The service's own answer, two times."""
    until: str = ""
    """The service's own answer, as soon as something was done at this moment."""
    late: float = 0.0
    """The service's own answer, so many seconds later."""
    silent: bool = False
    reset: bool = False
    drip: bool = False
    """A body that comes byte by byte and has no end."""
    slow: int = 0
    """The service's own answer, with so many bytes a second."""

    @property
    def is_the_services(self) -> bool:
        return self.twice or bool(self.until or self.late or self.slow)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for an import, and the file as it lay there when it came."""

    payload: dict[str, Any]
    content: bytes | None


@dataclass(eq=False)
class Stage:
    """Everything that one cell needs; :meth:`mend` takes all faults away.

    Attributes
    ----------
    plot : dict
        What happens at a moment, by the moment's name.
    keeps_half : bool
        Whether the file server shows a file that nobody closed, as OpenSSH's does and an object store's does not.
    asked : list of Asked
    fired : list of str
        The moments at which something was done.
    """

    box: Sandbox
    loop: _Loop
    state: Path
    plan: ImportPlan
    content: bytes
    plot: dict[str, Any] = field(default_factory=dict)
    keeps_half: bool = False
    asked: list[Asked] = field(default_factory=list)
    fired: list[str] = field(default_factory=list)
    written: int = 0
    following: bool = False
    timeout: float = 5.0
    changes: dict[str, Any] = field(default_factory=dict)
    """Of the connection, until it is mended."""
    kept: list[socket.socket] = field(default_factory=list)
    another: Door | None = None
    """A server with another key, in the place of the door."""
    tasks: list[asyncio.Future[None]] = field(default_factory=list)
    journals: list[sqlite3.Connection] = field(default_factory=list)
    """What holds the journal."""
    kernel: int = 0
    """The process that imports, when it is another."""
    told: str = ""
    """What somebody else was told."""
    certificates: Certificates | None = None
    """What the API shows, where it speaks TLS."""

    def open(self) -> None:
        self.line, self.door, self.front = Line(self), Door(self), Front(self)
        for part in (self.door, self.line, self.front):
            self.loop.run(part.open())

    def close(self) -> None:
        for part in (self.line, self.front, self.door, self.another):
            if part is not None:
                self.loop.run(part.close())
        for line in self.kept:
            line.close()

    def fire(self, moment: str) -> Any:
        """Do what the plot has for a moment, which may be for a number of times only."""
        act = self.plot.get(moment)
        if act is None:
            return None
        self.fired.append(moment)
        return act(self)

    def follow_later(self, moment: str) -> None:
        """Keep what the plot has for a moment until the import is followed."""
        act = self.plot.pop(moment)

        def follow(on: Stage) -> None:
            on.following = True
            on.plot[moment] = act

        self.plot["request answered"] = follow

    def hold_back(self, *, held: bool = True) -> None:
        """Let nothing through to who imports, either way; or let through what was held."""
        self.line.frozen = self.front.frozen = held

    @property
    def clock(self) -> Path:
        """The file that says by how much the clock of the other process is wrong."""
        return self.state.parent / "clock"

    def set_clock(self, wrong: str) -> None:
        (new := self.clock.with_suffix(".new")).write_text(f"{wrong}\n", encoding="ascii")
        new.replace(self.clock)

    def begin(self) -> None:
        """Do what is to be done before anything else."""

        async def start() -> None:
            self.fire("start")

        self.loop.run(start())

    def mend(self) -> None:
        """Let everything work from now on."""
        self.plot.clear()
        self.changes.clear()
        self.timeout = 5.0
        self.keeps_half = self.door.locked = self.following = False
        self.told = ""
        if self.another is not None:
            self.loop.run(self.another.close())
            self.another = None
        if (journal := self.state / FILE_NAME).is_dir():
            journal.rmdir()
        elif journal.exists():
            with closing(sqlite3.connect(journal)) as db, db:
                db.execute("DROP TRIGGER IF EXISTS full")
        self.loop.run(self.line.mend())
        self.loop.run(self.front.mend())

    @property
    def connection(self) -> Connection:
        """The way in."""
        known: dict[str, Any] = {
            "port": self.line.port,
            "endpoint": self.front.endpoint,
            "host_key": self.door.fingerprint,
            "state": self.state,
            "timeout": self.timeout,
            "kind": "account",
        }
        return replace(self.box.connection, **{**known, **self.changes})

    def settle(self) -> None:
        """Wait until the file server has done with what was being written, and the service with its jobs."""
        self.loop.run(self._let_go())
        if self.line.frozen:
            self.loop.loop.call_soon_threadsafe(self.line.reset)  # what is still on its way does not arrive
        end = time.monotonic() + 5
        while (self._store._uploads or self.running()) and time.monotonic() < end:
            time.sleep(0.005)

    async def _let_go(self) -> None:
        for journal in self.journals:
            journal.close()  # in the thread in which it was opened
        self.journals.clear()

    def jobs(self) -> list[Any]:
        """The jobs of this set."""
        importer = self.box._running_server().importer
        return [job for job in importer.jobs() if job.data_set == self.plan.name]

    def running(self) -> bool:
        return any(job.status in ("waiting", "running") for job in self.jobs())

    # ── what lies on the server ──

    @property
    def folder(self) -> Key:
        return (self._store.subscription, *filter(None, self.plan.folder.split("/")))

    @property
    def _store(self) -> Any:
        return self.box._running_server().files

    def files(self) -> dict[str, StoredFile]:
        """The files in the plan's folder."""
        return {key[-1]: file for key, file in self._store.files().items() if key[:-1] == self.folder}

    def contents(self) -> dict[str, bytes]:
        return {name: file.content.read_bytes() for name, file in self.files().items()}

    def remove_files(self) -> None:
        for name in self.files():
            self._store.discard((*self.folder, name))

    def put_instead(self, content: bytes) -> None:
        """Let somebody replace what lies in the folder."""
        for name in self.files():
            upload = self._store.begin((*self.folder, name))
            self._store.write(upload, 0, content)
            self._store.finish(upload)


def times(count: int, act: Callable[[Stage], Any]) -> Callable[[Stage], Any]:
    """Do something so many times, then nothing."""
    left = [count]

    def sometimes(stage: Stage) -> Any:
        left[0] -= 1
        return act(stage) if left[0] >= 0 else None

    return sometimes


# ── the line ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Line:
    """The wire to the file server. It keeps its port, whether somebody listens there or not."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._socket = bound()
        self.port: int = self._socket.getsockname()[1]
        self.frozen = False
        self.rate = 0
        """Bytes a second, each way; 0 is as fast as it goes."""
        self.idle = 0.0
        """Drop a connection that has carried nothing for so many seconds."""
        self.garble = False
        self.carried = 0
        """Bytes to the server over the last connection."""
        self._heard = 0.0
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        # A server owns its socket, so that each has a copy: this one keeps the port.
        self._server = await asyncio.start_server(self._serve, sock=self._socket.dup())

    def refuse(self) -> None:
        """Let nobody listen any more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # the copies share what listens

    async def mend(self) -> None:
        self.frozen, self.rate, self.idle, self.garble = False, 0, 0.0, False
        if self._server is None:
            self._socket.close()
            self._socket = bound(self.port)
            await self.open()

    async def close(self) -> None:
        self.reset()
        if self._server is not None:
            self._server.close()
        await asyncio.sleep(0)
        self._socket.close()

    def reset(self) -> None:
        """Break every connection at once."""
        for writer in tuple(self._lines):
            abort(writer)

    def shut(self) -> None:
        """End every connection politely."""
        for writer in tuple(self._lines):
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = self._stage.fire("connect")
        if said == "reset":
            abort(writer)
            return
        if isinstance(said, bytes):
            writer.write(said)
            writer.close()
            return
        self._lines.add(writer)
        if said == "silent":
            return
        try:
            far_reader, far = await asyncio.open_connection(
                HOST, (self._stage.another or self._stage.door).port
            )
        except OSError:
            writer.close()
            return
        self._lines.add(far)
        self.carried, self._heard = 0, time.monotonic()
        watch = asyncio.ensure_future(self._watch())
        with suppress(OSError, asyncio.CancelledError):
            await asyncio.gather(self._carry(reader, far, up=True), self._carry(far_reader, writer, up=False))
        watch.cancel()
        for one in (writer, far):
            one.close()
            self._lines.discard(one)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool) -> None:
        with suppress(OSError):
            while data := await reader.read(1 << 10 if self.rate else 1 << 16):
                self._heard = time.monotonic()
                if up:
                    before, self.carried = self.carried, self.carried + len(data)
                    for place in [p for p in self._stage.plot if p.startswith("byte ")]:
                        if before <= int(place.removeprefix("byte ")) < self.carried:
                            self._stage.fire(place)
                while self.frozen:
                    await asyncio.sleep(0.01)
                if self.rate:
                    await asyncio.sleep(len(data) / self.rate)
                writer.write(bytes(b ^ 0x55 for b in data) if self.garble else data)
                await writer.drain()
        with suppress(OSError):
            writer.close()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            if self.idle and time.monotonic() - self._heard > self.idle:
                self.reset()


def bound(port: int = 0) -> socket.socket:
    """Return a socket that has a port and does not listen."""
    door = socket.socket()
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    door.bind((HOST, port))
    return door


def abort(writer: asyncio.StreamWriter) -> None:
    """Close with a reset."""
    line = writer.get_extra_info("socket")
    with suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


# ── the file server ──────────────────────────────────────────────────────────────────────────────────────────────


class Door:
    """A second way into the sandbox's files, which asks the plot before it answers."""

    def __init__(self, stage: Stage, key: asyncssh.SSHKey | None = None) -> None:
        self.stage = stage
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self.locked = False
        self.key = key or host_key()
        self.fingerprint: str = self.key.get_fingerprint("sha256")
        own = asyncssh.read_private_key(str(stage.box.connection.key_file))
        self.keys = sandbox_sftp.Keys(stage.box.connection.user, own)
        self.port = 0

    async def open(self) -> None:
        self._acceptor = await asyncssh.listen(
            HOST,
            0,
            server_host_keys=[self.key],
            server_factory=lambda: Guard(self),
            allow_scp=False,
            password_auth=False,
            kbdint_auth=False,
        )
        self.port = self._acceptor.get_port()

    async def close(self) -> None:
        self._acceptor.close()
        for connection in tuple(self.connections):
            connection.abort()
        await self._acceptor.wait_closed()
        await sandbox_sftp.pass_turns()


_host_key: list[asyncssh.SSHKey] = []


def host_key() -> asyncssh.SSHKey:
    """Return the one host key of this process's doors."""
    if not _host_key:
        _host_key.append(asyncssh.generate_private_key("ssh-ed25519"))
    return _host_key[0]


class Guard(sandbox_sftp._Logon):
    def __init__(self, door: Door) -> None:
        super().__init__(door.keys, door.stage._store, sandbox_sftp.NO_FAULTS, door.connections)
        self._door = door

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        refused = self._door.stage.fire("login") is False or self._door.locked
        return not refused and super().validate_public_key(username, key)

    def session_requested(
        self,
    ) -> tuple[asyncssh.SSHServerChannel[bytes], asyncssh.SSHServerSession[bytes]]:
        channel, _ = super().session_requested()
        return channel, Visit(self._door.stage)


class Visit(sandbox_sftp._Session):
    def __init__(self, stage: Stage) -> None:
        super().__init__(stage._store, sandbox_sftp.NO_FAULTS)
        self._stage = stage

    def subsystem_requested(self, subsystem: str) -> bool:
        return self._stage.fire("session") is not False and super().subsystem_requested(subsystem)

    def session_started(self) -> None:
        channel, connection = self._chan, self._conn
        assert channel is not None
        assert connection is not None
        reader, writer = asyncssh.SSHReader(self, channel), asyncssh.SSHWriter(self, channel)
        handler = sandbox_sftp._Handler(Clerk(channel, self._stage), reader, writer, 3)  # type: ignore[arg-type]
        connection.create_task(handler.run(), handler.logger)


class Clerk(sandbox_sftp._Server):
    """The sandbox's file server; at each request it asks the plot first."""

    def __init__(self, channel: asyncssh.SSHServerChannel[bytes], stage: Stage) -> None:
        super().__init__(channel, stage._store, sandbox_sftp.NO_FAULTS)
        self._stage = stage

    def realpath(self, path: bytes) -> bytes:
        self._stage.fire("home")
        return super().realpath(path)

    def scandir(self, path: bytes) -> Any:
        self._stage.fire("list")
        return super().scandir(path)

    def stat(self, path: bytes) -> asyncssh.SFTPAttrs:
        moment = self._moment(path)
        self._stage.fire(moment)
        found = super().stat(path)
        self._stage.fire(f"{moment} done")
        return found

    def _moment(self, path: bytes) -> str:
        name = path.decode().rpartition("/")[2]
        if "." not in name:
            return "folder"
        if self._stage.following:
            return "follow file"
        return "confirm" if self._stage.written else "look"

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> None:
        self._stage.fire("mkdir")
        super().mkdir(path, attrs)

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        self._stage.fire("open")
        self._stage.written = 0
        return super().open(path, pflags, attrs)

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        number = getattr(file_obj, "writes", 0) + 1
        self._stage.fire(f"write {number}")
        if offset + len(data) >= len(self._stage.content):
            self._stage.fire("last write")
        if self._stage.keeps_half:
            raise asyncssh.SFTPFailure("The server is gone.")  # what it had in its buffers is lost
        size = super().write(file_obj, offset, data)
        self._stage.written = offset + size
        return size

    def close(self, file_obj: object) -> None:
        if not isinstance(file_obj, Upload):
            super().close(file_obj)
            return
        try:
            self._stage.fire("close")
        except asyncssh.SFTPError:
            self._stage._store.abandon(file_obj)
            raise
        super().close(file_obj)
        self._stage.fire("close done")

    def remove(self, path: bytes) -> None:
        self._stage.fire("remove")
        super().remove(path)

    def forget(self, file_obj: object) -> None:
        if self._stage.keeps_half and isinstance(file_obj, Upload):
            self._stage._store.finish(file_obj)
        else:
            super().forget(file_obj)


# ── the API ──────────────────────────────────────────────────────────────────────────────────────────────────────


class Front:
    """What stands before the API: it answers as the plot says, before or after the sandbox has done what was asked."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._socket = bound()
        self.port: int = self._socket.getsockname()[1]
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self.frozen = False
        self.shown: Shown = "right"
        """Which certificate."""

    @property
    def endpoint(self) -> str:
        scheme = "https" if self._stage.certificates else "http"
        return f"{scheme}://{HOST}:{self.port}/"

    async def open(self) -> None:
        known = self._stage.certificates
        tls = known.context(lambda: self.shown) if known else None
        self._server = await asyncio.start_server(self._serve, sock=self._socket.dup(), ssl=tls)

    def refuse(self) -> None:
        """Let nobody listen any more."""
        if self._server is not None:
            self._server.close()
            self._server = None
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def reset(self) -> None:
        """Break every connection at once."""
        for writer in tuple(self._lines):
            abort(writer)

    async def mend(self) -> None:
        self.frozen, self.shown = False, "right"
        if self._server is None:
            self._socket.close()
            self._socket = bound(self.port)
            await self.open()

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._lines):
            abort(writer)
        await asyncio.sleep(0)
        self._socket.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        try:
            with suppress(OSError, asyncio.IncompleteReadError):
                await self._answer(reader, writer)
        finally:
            self._lines.discard(writer)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
        moment = self._moment(json.loads(body))
        reply = self._stage.fire(moment)
        await self._thaw()
        if reply is None or reply.after or reply.is_the_services:
            answer = await self._forward(head + body)
            self._stage.fire(f"{moment} done")
            await self._thaw()
            if reply is None:
                writer.write(answer)
                await writer.drain()
                self._stage.fire(f"{moment} answered")
                return
            if reply.is_the_services:
                await self._in_its_time(writer, answer, reply)
                return
        await self._as_told(writer, reply)

    async def _thaw(self) -> None:
        while self.frozen:
            await asyncio.sleep(0.01)

    def _moment(self, request: dict[str, Any]) -> str:
        query = request["query"]
        if "createImportJob" in query:
            location = request["variables"]["importInput"]["fileLocation"]
            content = self._stage.contents().get(location["filename"])
            self._stage.asked.append(Asked(request["variables"], content))
            return "request"
        what = "count" if "totalCount" in query else "records" if "nodes { key" in query else "sets"
        return f"follow {what}" if self._stage.following else what

    async def _forward(self, request: bytes) -> bytes:
        port = int(self._stage.box.connection.endpoint.rstrip("/").rpartition(":")[2])
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            return head + await reader.readexactly(_length(head))
        finally:
            writer.close()

    async def _in_its_time(self, writer: asyncio.StreamWriter, answer: bytes, reply: Reply) -> None:
        while reply.until and reply.until not in self._stage.fired:
            await asyncio.sleep(0.01)
        await asyncio.sleep(reply.late)
        step = max(1, reply.slow // 20) if reply.slow else len(answer)
        for start in range(0, len(answer), step):
            writer.write(answer[start : start + step])
            await writer.drain()
            await asyncio.sleep(0.05 if reply.slow else 0)
        if reply.twice:
            writer.write(answer)
            await writer.drain()

    async def _as_told(self, writer: asyncio.StreamWriter, reply: Reply) -> None:
        if reply.silent:
            await asyncio.sleep(3600)  # until the stage is closed, or the other side goes
        if reply.reset:
            abort(writer)
            return
        if reply.drip:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
            while True:
                writer.write(b" ")
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.write(reply.raw if reply.raw is not None else _http(reply))
        await writer.drain()


def _http(reply: Reply) -> bytes:
    lines = [f"HTTP/1.1 {reply.status} As told", f"content-length: {len(reply.body)}", *reply.headers, "", ""]
    return "\r\n".join(lines).encode() + reply.body


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def when(condition: Callable[[], bool], act: Callable[[], None], seconds: float = 20.0) -> threading.Thread:
    """Do something as soon as a condition holds, from a thread of its own."""

    def watch() -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition():
                act()
                return
            time.sleep(0.005)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return thread
