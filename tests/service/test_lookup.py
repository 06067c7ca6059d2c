"""A name that nobody looks up, and addresses that nobody answers at, hold nobody for longer than the time-out."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fixtures_service import OrdersPlan, connection_to, interrupt_main

from connect_pandas.errors import ConnectionFailed
from connect_pandas.service.graphql import Api
from connect_pandas.service.lookup import dial
from connect_pandas.service.sftp import open_session
from tests.sshd import make_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from connect_pandas.service.connection import Connection

NAME = "slow.shop.test"
HANG = 60.0
"""Seconds, which no test waits."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The names that were looked up; the name servers keep silent."""
    names, over, threads, really = (
        list[str](),
        threading.Event(),
        list[threading.Thread](),
        socket.getaddrinfo,
    )

    def silent(host: str, *rest: Any, **more: Any) -> Any:
        if not host.endswith(".test"):
            return really(host, *rest, **more)
        names.append(host)
        threads.append(threading.current_thread())
        over.wait(HANG)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    yield names
    over.set()
    for thread in threads:
        if thread is not threading.current_thread():
            thread.join()


@pytest.fixture
def connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Connection:
    for variable in ("HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    way = connection_to(f"https://{NAME}/")
    return replace(way, host=NAME, key_file=make_key(tmp_path / "key"), timeout=0.3)


SIDES: dict[str, Callable[[Connection], object]] = {
    "file server": open_session,
    "API": lambda connection: Api(connection).data_sets(),
    "import": lambda connection: Api(connection).create_import_job(OrdersPlan().payload),
}


@pytest.mark.parametrize("side", SIDES.values(), ids=SIDES)
def test_a_look_up_without_answer_ends(
    side: Callable[[Connection], object], connection: Connection, asked: list[str]
) -> None:
    begin = time.monotonic()
    with pytest.raises(ConnectionFailed, match=rf"{NAME} was not looked up.*\(DNS\)") as failed:
        side(connection)
    assert time.monotonic() - begin < HANG / 2
    assert asked == [NAME]
    assert ("The import was not begun." in str(failed.value)) == (side is SIDES["import"])


@pytest.mark.parametrize("side", SIDES.values(), ids=SIDES)
def test_ctrl_c_ends_a_look_up(
    side: Callable[[Connection], object], connection: Connection, asked: list[str]
) -> None:
    def press() -> None:
        while not asked:
            time.sleep(0.01)
        interrupt_main()

    pressing = threading.Thread(target=press)
    pressing.start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        side(replace(connection, timeout=HANG))
    pressing.join()
    assert time.monotonic() - begin < HANG / 2


def test_behind_a_proxy_its_own_name_is_looked_up(
    connection: Connection, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:hush-hush@proxy.shop.test:3128")
    with pytest.raises(
        ConnectionFailed, match=r"The proxy proxy\.shop\.test:3128, .* was not looked up"
    ) as failed:
        Api(connection).data_sets()
    assert asked == ["proxy.shop.test"]
    assert "hush" not in str(failed.value)


@contextmanager
def swallowing(address: str) -> Iterator[int]:
    """Listen at a port that takes no connection, as behind a firewall that swallows all."""
    with ExitStack() as lines:
        listener = lines.enter_context(socket.create_server((address, 0), backlog=0))
        for _ in range(3):  # what the queue holds, and more
            line = lines.enter_context(closing(socket.socket()))
            line.setblocking(False)
            line.connect_ex(("127.0.0.2", listener.getsockname()[1]))
        yield listener.getsockname()[1]


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of the name."""
    really, addresses = socket.getaddrinfo, list[str]()

    def all_of_them(host: str, port: int, *rest: Any, **more: Any) -> Any:
        if host != NAME:
            return really(host, port, *rest, **more)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", all_of_them)
    return addresses


full_queues = pytest.mark.skipif(sys.platform != "linux", reason="what a full queue does is Linux's")


@full_queues
@pytest.mark.parametrize("side", ["file server", "API"])
def test_all_addresses_of_a_name_have_one_time(side: str, connection: Connection, found: list[str]) -> None:
    found += [f"127.0.0.{n}" for n in range(2, 6)]
    with swallowing("0.0.0.0") as port:
        way = replace(connection, port=port, endpoint=f"https://{NAME}:{port}/", timeout=2.0)
        begin = time.monotonic()
        with pytest.raises(ConnectionFailed, match=r"did not answer within 2 s|took no connection in time"):
            SIDES[side](way)
        assert time.monotonic() - begin < 7  # and not 8: two seconds for each of them


@full_queues
def test_an_address_that_says_nothing_leaves_time_for_the_next(found: list[str]) -> None:
    found += ["127.0.0.2", "127.0.0.1"]
    begin = time.monotonic()
    with (
        swallowing("127.0.0.2") as port,
        socket.create_server(("127.0.0.1", port)),
        dial(NAME, port, 8.0) as line,
    ):
        assert line.getpeername() == ("127.0.0.1", port)
        assert time.monotonic() - begin < 7.5  # and not 8, all that there is


def test_an_address_where_nobody_listens_gives_way_to_the_next(found: list[str]) -> None:
    found += ["127.0.0.2", "127.0.0.1"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with dial(NAME, port, 10.0) as line:
            assert line.getpeername() == ("127.0.0.1", port)


@pytest.mark.parametrize("host", ["a..b", f"{'x' * 64}.shop.com"])
def test_what_can_be_no_name_is_not_found(host: str, connection: Connection) -> None:
    with pytest.raises(ConnectionFailed, match="cannot be found"):
        open_session(replace(connection, host=host))


# ── with the system's own resolver ───────────────────────────────────────────────────────────────────────────────

ALONE = """
    import json, socket, struct, subprocess, sys
    from pathlib import Path

    folder = Path(sys.argv[1])
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if sys.argv[2] == "alone":
        import fcntl
        # In namespaces of its own this process has a resolv.conf of its own, and a name server that never answers.
        fcntl.ioctl(server, 0x8914, struct.pack("16sh", b"lo", 1))
        server.bind(("127.0.0.1", 53))
        (folder / "resolv.conf").write_text("nameserver 127.0.0.1\\noptions timeout:30\\n")
        subprocess.run(["mount", "--bind", folder / "resolv.conf", "/etc/resolv.conf"], check=True)
    else:
        import threading
        socket.getaddrinfo = lambda *_, **__: threading.Event().wait()

    from connect_pandas.errors import ConnectionFailed
    from connect_pandas.service.connection import Connection, Secret
    from connect_pandas.service.graphql import Api
    from connect_pandas.service.sftp import open_session

    way = Connection(user="ann@shop.com", host="files.shop.com", endpoint="https://api.shop.com", timeout=1.0,
                     api_key=Secret("key"), key_file=folder / "key")
    for side in (open_session, lambda way: Api(way).data_sets()):
        try:
            side(way)
        except ConnectionFailed as error:
            print(json.dumps(str(error)))
"""


def test_name_servers_that_never_answer(tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    ways = (["unshare", "--mount", "--net"], ["unshare", "--map-root-user", "--mount", "--net"])
    alone = next((way for way in ways if works(way)), [])
    kind = "alone" if alone else "in company"
    line = [*alone, sys.executable, "-c", textwrap.dedent(ALONE), str(tmp_path), kind]
    run = subprocess.run(line, capture_output=True, text=True, timeout=100)
    assert run.returncode == 0, run.stderr
    said = [json.loads(words) for words in run.stdout.splitlines()]
    assert ["was not looked up" in words for words in said] == [True, True], said


def works(way: list[str]) -> bool:
    try:
        return subprocess.run([*way, "mount", "--bind", "/etc/hosts", "/etc/resolv.conf"]).returncode == 0
    except OSError:
        return False
