"""What can happen at a moment: each is done in the stage's event loop and waits for nothing."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncssh

from connect_pandas.errors import ConnectError
from connect_pandas.service.journal import FILE_NAME, Journal
from tests.faults.stage import Door, Reply, bound, when
from tests.service.fixtures_service import interrupt_main, until
from tests.sshd import HOST

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.faults.certificates import Shown
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


def upload_for_seconds(on: Stage) -> None:
    """15 kB a second: the upload takes seven."""
    on.line.rate = 15_000


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


def fill_disk(*steps: str) -> Callable[[Stage], None]:
    """Let the journal take these steps no more, as a full disk does."""

    def act(on: Stage) -> None:
        with closing(sqlite3.connect(on.state / FILE_NAME)) as db, db:
            named = ", ".join(f"'{step}'" for step in steps)
            full = "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
            db.execute(f"CREATE TRIGGER full BEFORE INSERT ON steps WHEN NEW.step IN ({named}) {full}")

    return act


# ── another process ──────────────────────────────────────────────────────────────────────────────────────────────


def kill(on: Stage) -> None:
    os.kill(on.kernel, signal.SIGKILL)


def when_it_waits(*acts: Callable[[Stage], Any]) -> Callable[[Stage], None]:
    """Do something as soon as all of the process waits for an answer, which comes only afterwards."""

    def act(on: Stage) -> None:
        loop, looks = asyncio.get_running_loop(), [0]

        def waits() -> bool:
            looks[0] = looks[0] + 1 if _states(on.kernel) == {"S"} else 0
            return looks[0] == 10

        def go_on() -> None:
            for one in acts:
                one(on)
            on.hold_back(held=False)

        on.hold_back()
        when(waits, lambda: loop.call_soon_threadsafe(go_on))

    return act


def sleep(seconds: float, *meanwhile: Callable[[Stage], Any]) -> Callable[[Stage], None]:
    """Put the process to sleep and wake it up, as the lid of a laptop does; what it waited for comes meanwhile."""

    def stop(on: Stage) -> None:
        os.kill(on.kernel, signal.SIGSTOP)
        until(lambda: _states(on.kernel) == {"T"})
        asyncio.get_running_loop().call_later(seconds, os.kill, on.kernel, signal.SIGCONT)

    return when_it_waits(stop, *meanwhile)


def _states(process: int) -> set[str]:
    """Return what the threads of a process do: R is run, S wait, T stand still."""
    threads = Path(f"/proc/{process}/task").glob("*/stat")
    return {stat.read_text(errors="replace").rpartition(")")[2].split()[0] for stat in threads}


def set_clock(wrong: str) -> Callable[[Stage], None]:
    """From now on the process's wall clock is wrong by so much: ``"+3600"`` is an hour ahead."""
    return lambda on: on.set_clock(wrong)


def forbid_files(on: Stage) -> None:
    """No file of the process may grow any more: its disk is full."""
    resource.prlimit(on.kernel, resource.RLIMIT_FSIZE, (0, 0))


def starve(on: Stage) -> None:
    """The process gets no more memory than it has, and a little: too little for the stack of a thread."""
    pages = int(Path(f"/proc/{on.kernel}/statm").read_text().split()[0])
    size = pages * resource.getpagesize() + (2 << 20)
    resource.prlimit(on.kernel, resource.RLIMIT_AS, (size, size))


def hold_journal(seconds: float) -> Callable[[Stage], None]:
    """Hold the journal for so long, or until the end of the attempt, as another process does that writes to it."""

    def act(on: Stage) -> None:
        db = sqlite3.connect(on.state / FILE_NAME, isolation_level=None)
        db.execute("BEGIN EXCLUSIVE")
        on.journals.append(db)
        asyncio.get_running_loop().call_later(seconds, db.close)

    return act


def meanwhile(come: Callable[[Stage], Any]) -> Callable[[Stage], None]:
    """Let somebody else come, while the process that imports stands still."""

    def act(on: Stage) -> None:
        def visit() -> None:
            try:
                come(on)
            except ConnectError as error:
                on.told = str(error)
            finally:
                os.kill(on.kernel, signal.SIGCONT)

        os.kill(on.kernel, signal.SIGSTOP)
        threading.Thread(target=visit, daemon=True).start()

    return act


def wait_for_each_other(count: int) -> Callable[[Stage], None]:
    """Let none go on before so many have come."""
    come = [0]

    def act(on: Stage) -> None:
        come[0] += 1
        on.front.frozen = come[0] < count

    return act


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


def reset_api(on: Stage) -> None:
    on.front.reset()


def show(shown: Shown) -> Callable[[Stage], None]:
    """From now on the API shows another certificate."""

    def act(on: Stage) -> None:
        on.front.shown = shown

    return act


def answer(status: int = 200, body: bytes = b"", *headers: str, **more: Any) -> Callable[[Stage], Reply]:
    reply = Reply(status, body, headers, **more)
    return lambda _on: reply


HTML = b"<html><body>Bad gateway</body></html>"
TRUNCATED = b"HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n" + b'{"data": {"dataSets"'
HALF_JSON = b'{"data": {"createImp'
NOT_HTTP = b"220 mail.example ESMTP\r\n"
SAID = b'{"errors": [{"message": "%s"}], "data": null}'
SKEWED = "Date: Mon, 01 Jan 2001 00:00:00 GMT"
