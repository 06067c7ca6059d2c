"""What can happen at a moment: each is done in the stage's event loop and waits for nothing."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncssh

from connect_pandas.service.journal import FILE_NAME, Journal
from tests.faults.stage import Door, Reply, bound, when
from tests.service.fixtures_service import interrupt_main
from tests.sshd import HOST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.stage import Stage

# ── the line ─────────────────────────────────────────────────────────────────────────────────────────────────────


def reset(on: Stage) -> None:
    on.line.reset()


def shut(on: Stage) -> None:
    on.line.shut()


def stall(on: Stage) -> None:
    """From now on no byte gets through, either way."""
    on.line.frozen = True


def stall_a_while(on: Stage) -> None:
    """No byte gets through for a second."""

    def go_on() -> None:
        on.line.frozen = False

    on.line.frozen = True
    asyncio.get_running_loop().call_later(1.0, go_on)


def garble(on: Stage) -> None:
    on.line.garble = True


def slow(on: Stage) -> None:
    """10 kB a second."""
    on.line.rate = 10_000


def slow_logon(on: Stage) -> None:
    """10 kB a second until the file is opened."""
    on.line.rate = 10_000
    on.plot["open"] = fast


def fast(on: Stage) -> None:
    on.line.rate = 0


def idle(on: Stage) -> None:
    """Whatever says nothing for half a second is dropped."""
    on.line.idle = 0.5


def refuse_line(on: Stage) -> None:
    on.line.refuse()


def say(said: Any) -> Callable[[Stage], Any]:
    """Answer whoever connects with this, in place of the server."""
    return lambda _on: said


def change(**settings: Any) -> Callable[[Stage], None]:
    """Connect otherwise."""

    def act(on: Stage) -> None:
        on.changes.update(settings)

    return act


def swallow(on: Stage) -> None:
    """The port's queue is full: whoever knocks hears nothing, as behind a firewall."""
    door = bound()
    door.listen(0)
    on.changes["port"] = door.getsockname()[1]
    on.kept.append(door)
    for _ in range(4):
        line = socket.socket()
        line.setblocking(False)
        line.connect_ex((HOST, on.changes["port"]))
        on.kept.append(line)


# ── the file server ──────────────────────────────────────────────────────────────────────────────────────────────


def fail(words: str) -> Callable[[Stage], None]:
    def act(_on: Stage) -> None:
        raise asyncssh.SFTPFailure(words)

    return act


def deny(_on: Stage) -> None:
    raise asyncssh.SFTPPermissionDenied("Access denied by policy")


def miss(_on: Stage) -> None:
    raise asyncssh.SFTPNoSuchFile("No such directory")


def turn_away(_on: Stage) -> bool:
    return False


def lock_out(on: Stage) -> None:
    """Take the key no more: whoever is in stays in."""
    on.door.locked = True


def change_host_key(on: Stage) -> None:
    """Break the connection; whoever comes back meets another server."""

    async def exchange() -> None:
        on.another = Door(on, asyncssh.generate_private_key("ssh-ed25519"))
        await on.another.open()
        on.line.reset()

    on.tasks.append(asyncio.ensure_future(exchange()))


def lose(on: Stage) -> None:
    on.remove_files()


def shorten(on: Stage) -> None:
    on.put_instead(on.content[:-1])


def replace_by_rubbish(on: Stage) -> None:
    on.put_instead(b"no such columns\n1\n")


def keeps_half(act: Callable[[Stage], Any]) -> Callable[[Stage], Any]:
    """On a server that shows what it has of a file that nobody closed, as OpenSSH's does."""

    def with_half(on: Stage) -> Any:
        on.keeps_half = True
        return act(on)

    return with_half


def both(*acts: Callable[[Stage], Any], **later: Callable[[Stage], Any]) -> Callable[[Stage], Any]:
    """Do several things, the last of which answers; and something at later moments (``close_done`` is "close done")."""

    def act(on: Stage) -> Any:
        on.plot.update({moment.replace("_", " "): act for moment, act in later.items()})
        return [one(on) for one in acts][-1]

    return act


# ── this side ────────────────────────────────────────────────────────────────────────────────────────────────────


def press_ctrl_c(_on: Stage) -> None:
    interrupt_main()


def break_journal(on: Stage) -> None:
    """Put a folder where the journal is: nothing can be read from it, or written to it, any more."""
    path = on.state / FILE_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_dir():
        path.unlink(missing_ok=True)
        path.mkdir()


def fill_disk(step: str) -> Callable[[Stage], None]:
    """Let the journal take this step no more, as a full disk does."""

    def act(on: Stage) -> None:
        with closing(sqlite3.connect(on.state / FILE_NAME)) as db, db:
            full = "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            db.execute(f"CREATE TRIGGER full BEFORE INSERT ON steps WHEN NEW.step = '{step}' {full}")

    return act


# ── another process ──────────────────────────────────────────────────────────────────────────────────────────────


def kill(on: Stage) -> None:
    os.kill(on.kernel, signal.SIGKILL)


def sleep(seconds: float) -> Callable[[Stage], None]:
    """Put the process to sleep and wake it up, as the lid of a laptop does."""

    def act(on: Stage) -> None:
        os.kill(on.kernel, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(seconds, os.kill, on.kernel, signal.SIGCONT)

    return act


def forbid_files(on: Stage) -> None:
    """No file of the process may grow any more: its disk is full."""
    resource.prlimit(on.kernel, resource.RLIMIT_FSIZE, (0, 0))


def starve(on: Stage) -> None:
    """The process gets no more memory than it has, and a little: too little for the stack of a thread."""
    pages = int(Path(f"/proc/{on.kernel}/statm").read_text().split()[0])
    size = pages * resource.getpagesize() + (2 << 20)
    resource.prlimit(on.kernel, resource.RLIMIT_AS, (size, size))


def kill_when_written(step: str) -> Callable[[Stage], None]:
    """Kill the process as soon as its journal says so."""

    def act(on: Stage) -> None:
        def said() -> bool:
            entries = Journal(on.state / FILE_NAME).entries()
            return bool(entries and entries[-1].steps[-1].name == step)

        when(said, lambda: kill(on))

    return act


# ── the API ──────────────────────────────────────────────────────────────────────────────────────────────────────


def refuse_api(on: Stage) -> None:
    on.front.refuse()


def answer(status: int = 200, body: bytes = b"", *headers: str, **more: Any) -> Callable[[Stage], Reply]:
    reply = Reply(status, body, headers, **more)
    return lambda _on: reply


HTML = b"<html><body>Bad gateway</body></html>"
TRUNCATED = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n" + b'{"data": {"dataSets"'
HALF_JSON = b'{"data": {"createImp'
NOT_HTTP = b"220 mail.example ESMTP\r\n"
SAID = b'{"errors": [{"message": "%s"}], "data": null}'
SKEWED = "Date: Mon, 01 Jan 2001 00:00:00 GMT"
