"""The sandbox's two doors, served from one thread with an event loop of its own."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import asyncssh
import uvicorn

from connect_pandas._sandbox import sftp
from connect_pandas._sandbox.bell import Bell
from connect_pandas._sandbox.graphql import App, Service
from connect_pandas._sandbox.importer import Importer
from connect_pandas._sandbox.records import Library
from connect_pandas._sandbox.store import Store

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

LOOPBACK: Final = "127.0.0.1"
KEY_ALGORITHM: Final = "ssh-ed25519"


class Server:
    """Everything that runs: the file server, the API and the importer.

    Parameters
    ----------
    folder : Path
        An empty folder that belongs to this server alone; whoever made it removes it after :meth:`stop`.
    user, api_key : str
        Who may come in, and with what.
    import_delay : float
        Seconds that an import job waits before it starts.
    faults : Faults or None
    """

    def __init__(
        self, folder: Path, user: str, api_key: str, import_delay: float, faults: sftp.Faults | None
    ) -> None:
        own_key, host_key = (asyncssh.generate_private_key(KEY_ALGORITHM) for _ in range(2))
        self.key_file = folder / "key"
        _write_private(self.key_file, own_key.export_private_key())
        self.host_key = host_key.get_fingerprint("sha256")
        self.bell = Bell()
        self.files = Store(_new_folder(folder, "files"), _subscription(), self.bell)
        self.library = Library(_new_folder(folder, "records"))
        self.importer = Importer(self.files, self.library, import_delay, self.bell)
        self._executor = ThreadPoolExecutor(4, thread_name_prefix="connect-sandbox-api")
        keys = sftp.Keys(user, own_key)
        service = Service(user, keys, self.files, self.library, self.importer)
        self._http = _HttpServer(
            uvicorn.Config(
                App(service, api_key, self._executor, self.bell),
                http="h11",
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        sftp_door, http_door = _listen(), _listen()
        self.sftp_port: int = sftp_door.getsockname()[1]
        self.http_port: int = http_door.getsockname()[1]
        started: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: self._run(self._serve(sftp_door, http_door, host_key, keys, faults, started)),
            name="connect-sandbox-server",
            daemon=True,
        )
        self._thread.start()
        try:
            started.result()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Close both doors, give up what is under way, and end every thread."""
        self._http.should_exit = True
        self._thread.join()
        self._executor.shutdown()
        self.importer.stop()
        self.files.close()

    def _run(self, serving: Coroutine[None, None, None]) -> None:
        # Not asyncio.run: it ends its executor from a new thread, and Python 3.12 starts none while it shuts down.
        loop = asyncio.new_event_loop()
        loop.set_default_executor(self._executor)
        try:
            loop.run_until_complete(serving)
            loop.run_until_complete(self._end_rest())
        finally:
            loop.close()

    async def _serve(
        self,
        sftp_door: socket.socket,
        http_door: socket.socket,
        host_key: asyncssh.SSHKey,
        keys: sftp.Keys,
        faults: sftp.Faults | None,
        started: Future[None],
    ) -> None:
        try:
            files = await sftp.serve(sftp_door, host_key, keys, self.files, faults or sftp.NO_FAULTS)
        except BaseException as error:  # noqa: BLE001 - whoever waits for the start raises it
            started.set_exception(error)
            return
        # The sockets listen already: a request that comes before uvicorn looks is answered a moment later.
        started.set_result(None)
        try:
            await self._http.serve(sockets=[http_door])
        finally:
            await files.stop()

    async def _end_rest(self) -> None:
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        # uvicorn leaves whoever is not done within its second.
        for connection in tuple(self._http.server_state.connections):
            connection.transport.abort()
        await sftp.pass_turns()


class _HttpServer(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for door in sockets or ():
            await sftp.let_nobody_in(door)
        await super().shutdown(sockets)


def _listen() -> socket.socket:
    # asyncio turns off Nagle's delay (40 ms an answer) only where the protocol is named.
    door = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    door.bind((LOOPBACK, 0))
    door.listen()
    door.setblocking(False)
    return door


def _subscription() -> str:
    # Source: api, sub_<subscription id>; the id is of digits, and may end in an X.
    return f"sub_{secrets.randbelow(10**9):09d}X"


def _new_folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder


def _write_private(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:  # noqa: PTH123 - the mode
        file.write(content)
