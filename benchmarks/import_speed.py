"""How fast a frame becomes an import, beside its rivals in one run.

    python benchmarks/import_speed.py [--rows 2000000] [--rounds 3] [--delay 80] [--memory 500000 2000000 4000000]

Orders like the guide's go to an OpenSSH sshd on loopback (`sftp put` comes from the same package); the API is a
stand-in that answers at once. Compared, alternating, the median of the rounds:

    ours           the whole call: df.connect.create_reference_set(…), connection and checks included
    hand-written   pandas.to_csv to a temporary file, then paramiko's put
    sftp put       OpenSSH's client with the finished file: the yardstick, 1.00

With --delay the same through a proxy that holds every byte for half of a round trip each way. Memory is measured in a
process of its own a size: the peak of resident memory during the call over what the loaded frame had.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import paramiko

import connect_pandas
from connect_pandas import samples
from tests.sshd import Sshd, sshd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from connect_pandas import Connection


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--delay", type=int, default=80, help="round trip in ms of the second table; 0 leaves it out"
    )
    parser.add_argument("--memory", type=int, nargs="*", default=[500_000, 2_000_000, 4_000_000])
    parser.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sshd(Path(folder) / "sshd") as server, api() as endpoint:
        os.environ["CONNECT_STATE_DIR"] = folder  # the user's own journal stays out of it
        if given.memory_of:
            print(json.dumps(extra_memory(given.memory_of, server.connection(endpoint=endpoint))))
            return
        orders = samples.many_orders(given.rows)
        path = Path(folder) / "orders.csv"
        connect_pandas.plan(orders, "Orders").write(path)
        print(f"{given.rows:,} orders, {path.stat().st_size / 1e6:,.0f} MB as a file\n")
        compare(orders, path, server, endpoint, given.rounds)
        if given.delay:
            with delaying(server, given.delay / 1000) as slow:
                print(f"\nwith a round trip of {given.delay} ms")
                compare(orders, path, slow, endpoint, 1, by_hand=False)
    if given.memory:
        print("\nextra memory of the whole call")
    for rows in given.memory:
        print(f"  {rows:>10,} rows  {measured_apart(rows) / 1e6:6.0f} MB")


# ── the ways ─────────────────────────────────────────────────────────────────────────────────────────


def compare(
    orders: pd.DataFrame, path: Path, server: Sshd, endpoint: str, rounds: int, *, by_hand: bool = True
) -> None:
    connection = server.connection(endpoint=endpoint)
    ways: dict[str, Callable[[], Any]] = {
        "sftp put": lambda: sftp_put(path, server),
        "ours": lambda: ours(orders, connection),
    }
    if by_hand:
        ways["hand-written"] = lambda: hand_written(orders, server)
    ours(samples.many_orders(1_000), connection)  # what loads on first use is loaded now, for every way alike
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            taken[name].append(time.perf_counter() - started)
            for left in server.root.iterdir():
                left.unlink()
    yardstick = statistics.median(taken["sftp put"])
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        spread = f"({min(seconds):.2f}–{max(seconds):.2f} s)" if len(seconds) > 1 else ""
        print(f"  {name:<14}{median:7.2f} s   {median / yardstick:5.2f} × sftp put   {spread}")


def ours(orders: pd.DataFrame, connection: Connection) -> None:
    name = f"Orders{next(_number)}"  # a set of a name that is gone would still be about to show
    orders.connect.create_reference_set(name, connection=connection, progress=False)


_number = itertools.count(1)


def hand_written(orders: pd.DataFrame, server: Sshd) -> None:
    with tempfile.NamedTemporaryFile(suffix=".csv") as file, paramiko.SSHClient() as client:
        orders.to_csv(file.name, index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
        client.load_host_keys(str(server.known_hosts))
        client.connect(
            "127.0.0.1", server.port, server.user, key_filename=str(server.key_file), allow_agent=False
        )
        client.open_sftp().put(file.name, "by-hand.csv")


def sftp_put(path: Path, server: Sshd) -> None:
    options = ["-q", "-b", "-", "-P", str(server.port), "-i", str(server.key_file)]
    options += ["-o", f"UserKnownHostsFile={server.known_hosts}", "-o", "IdentitiesOnly=yes"]
    subprocess.run(
        ["sftp", *options, f"{server.user}@127.0.0.1"],
        input=f"put {path} put.csv\n",
        text=True,
        check=True,
        stdout=subprocess.DEVNULL,
    )


# ── an API that answers at once ──────────────────────────────────────────────────────────────────────


class _Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        data = (
            {"createImportJob": {"id": "1"}} if b"createImportJob" in asked else {"dataSets": {"nodes": []}}
        )
        answer = json.dumps({"data": data}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextmanager
def api() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()


# ── a long line ──────────────────────────────────────────────────────────────────────────────────────


@contextmanager
def delaying(server: Sshd, round_trip: float) -> Iterator[Sshd]:
    """Stand between client and server and pass every byte on after half of a round trip."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def passing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, data = await line.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                if not data:
                    writer.close()
                    return
                writer.write(data)
                await writer.drain()

        delivering = loop.create_task(deliver())
        while data := await reader.read(1 << 18):
            line.put_nowait((loop.time() + round_trip / 2, data))
        line.put_nowait((loop.time() + round_trip / 2, b""))
        await delivering

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", server.port)
        with suppress(asyncio.CancelledError):  # the end of the measurement
            await asyncio.gather(
                passing(reader, there_writer), passing(there_reader, writer), return_exceptions=True
            )

    async def listen() -> asyncio.Server:
        return await asyncio.start_server(meet, "127.0.0.1", 0, limit=1 << 20)

    proxy = asyncio.run_coroutine_threadsafe(listen(), loop).result()
    port = proxy.sockets[0].getsockname()[1]
    known_hosts = server.known_hosts.with_name("known_hosts_slow")
    known_hosts.write_text(server.known_hosts.read_text().replace(f":{server.port} ", f":{port} "))

    async def leave() -> None:
        proxy.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        loop.stop()

    try:
        yield replace(server, port=port, known_hosts=known_hosts)
    finally:
        asyncio.run_coroutine_threadsafe(leave(), loop)


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────


def measured_apart(rows: int) -> int:
    run = subprocess.run(
        [sys.executable, __file__, "--memory-of", str(rows)], check=True, capture_output=True, text=True
    )
    return int(json.loads(run.stdout))


def extra_memory(rows: int, connection: Connection) -> int:
    """Return by how much the peak of resident memory in the call is over what was resident before, in bytes."""
    ours(samples.many_orders(1_000), connection)
    orders = samples.many_orders(rows)
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    ours(orders, connection)
    return _status("VmHWM") - before


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith(name)).split()[1])


if __name__ == "__main__":
    main()
