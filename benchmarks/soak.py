"""Whether many imports leave anything behind in the process: memory, threads, sockets, file handles.

    python benchmarks/soak.py [--imports 1000] [--threads 50] [--each 4] [--rows 200]

First one import after another, then `--threads` threads at once with `--each` imports each. Every import goes the whole
way into a sandbox in a process of its own: plan, upload, import, wait, verify; then its set is deleted. What is
printed is of this process (the client) and of the sandbox: resident memory in MB, threads, open file handles and the
sockets among them, and the median seconds of an import, ten times over the run. The sandbox keeps a list of all jobs,
the journal a line of each import; nothing else should grow.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import Request, urlopen

sys.path.insert(0, str(Path(__file__).parent.parent))

import connect_pandas
from connect_pandas import rules, samples
from connect_pandas.service import submit

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from connect_pandas import Connection

_SANDBOX = """
import json, sys
from connect_pandas._sandbox import Sandbox, records
records.SETS_MAX = 1_000  # the service's limit of five would stop the threads
with Sandbox(import_delay=0.0) as box:
    c = box.connection
    print(json.dumps({"host": c.host, "port": c.port, "endpoint": c.endpoint, "user": c.user, "host_key": c.host_key,
                      "key_file": str(c.key_file), "api_key": c.api_key.reveal()}), flush=True)
    sys.stdin.read()
"""


class Seen(NamedTuple):
    """What a process holds at one moment."""

    megabytes: float
    threads: int
    handles: int
    sockets: int

    def __str__(self) -> str:
        return f"{self.megabytes:7.1f} MB {self.threads:4d} threads {self.handles:4d} handles {self.sockets:4d} sockets"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--imports", type=int, default=1_000)
    parser.add_argument("--threads", type=int, default=50)
    parser.add_argument("--each", type=int, default=4)
    parser.add_argument("--rows", type=int, default=200)
    given = parser.parse_args()
    submit.SETS_ON_REQUEST = rules.SETS_MAX = (
        1_000  # likewise the client, which warns of five and refuses at 25
    )
    frame = samples.many_orders(given.rows)
    with sandbox() as (connection, process):
        for number in range(5):  # what is loaded once is loaded now
            one_import(frame, f"warm-{number}", connection)
        print(f"{given.imports:,} imports of {given.rows} rows, one after another")
        seconds = list[float]()
        report("at the start", process, seconds)
        for number in range(given.imports):
            seconds.append(one_import(frame, f"set-{number}", connection))
            if (number + 1) % max(given.imports // 10, 1) == 0:
                report(f"{number + 1:,} imports", process, seconds)
                seconds.clear()
        print(f"{given.threads} threads at once, {given.each} imports each")

        def several(thread: int) -> None:
            for number in range(given.each):
                seconds.append(one_import(frame, f"thread-{thread}-{number}", connection))

        most = list[int]()
        with watching(most), ThreadPoolExecutor(given.threads) as pool:
            list(pool.map(several, range(given.threads)))
        report(f"{given.threads * given.each:,} imports", process, seconds)
        print(f"the most threads that this process had at once: {max(most)}")


def one_import(frame: pd.DataFrame, name: str, connection: Connection) -> float:
    start = time.monotonic()
    job = connect_pandas.create_reference_set(frame, name, connection=connection, progress=False)
    job.wait(timeout=300, progress=False)
    assert job.verify().ok, job
    taken = time.monotonic() - start
    # The API's own mutation, which the package does not offer.
    (found,) = [
        s for s in ask(connection, "query { dataSets { nodes { name dataSetId } } }") if s["name"] == name
    ]
    ask(
        connection,
        f'mutation {{ deleteDataSet(where: {{dataSetId: "{found["dataSetId"]}"}}) {{ dataSetId }} }}',
    )
    return taken


def ask(connection: Connection, query: str) -> list[dict[str, str]]:
    headers = {"content-type": "application/json", "x-api-key": connection.api_key.reveal()}
    with urlopen(Request(connection.endpoint, json.dumps({"query": query}).encode(), headers)) as answer:
        data = json.load(answer)["data"]
    return data.get("dataSets", {}).get("nodes", [])


@contextmanager
def sandbox() -> Iterator[tuple[Connection, int]]:
    """Start a sandbox in a process of its own, and a journal of our own."""
    with tempfile.TemporaryDirectory() as state:
        os.environ["CONNECT_STATE_DIR"] = state
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with subprocess.Popen([sys.executable, "-c", _SANDBOX], **pipes) as process:
            assert process.stdout is not None
            yield connect_pandas.connect(**json.loads(process.stdout.readline())), process.pid
            process.communicate("")


@contextmanager
def watching(most: list[int]) -> Iterator[None]:
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            most.append(threading.active_count())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def report(when: str, process: int, seconds: list[float]) -> None:
    gc.collect()
    pace = f"  {statistics.median(seconds):.2f} s an import" if seconds else ""
    print(f"  {when:>14}  client {seen(os.getpid())}   sandbox {seen(process)}{pace}", flush=True)


def seen(process: int) -> Seen:
    folder = Path(f"/proc/{process}")
    status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines() if ":" in line)
    links = [_target(handle) for handle in (folder / "fd").iterdir()]
    sockets = sum(link.startswith("socket:") for link in links)
    return Seen(int(status["VmRSS"].split()[0]) / 1024, int(status["Threads"]), len(links), sockets)


def _target(handle: Path) -> str:
    try:
        return str(handle.readlink())
    except OSError:
        return ""


if __name__ == "__main__":
    main()
