"""A sandbox starts anywhere, shows itself without its secrets, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import paramiko
import pytest
from workshop import Client, set_input

import connect_pandas
from connect_pandas import samples
from connect_pandas._sandbox import Sandbox
from connect_pandas.errors import ConfigurationError


def answers(port: int, host: str = "127.0.0.1") -> bool:
    with socket.socket() as probe:
        probe.settimeout(5)
        return probe.connect_ex((host, port)) == 0


def ports(box: Sandbox) -> list[int]:
    return [box.connection.port, int(box.connection.endpoint.rstrip("/").rpartition(":")[2])]


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, timeout=60
    )


def test_it_starts_inside_a_running_event_loop() -> None:
    async def cell() -> list[str]:
        box = Sandbox(import_delay=0)
        client = Client(box)
        client.run("id\na\n", set_input({"id": "TEXT"}, "id"))
        names = list(box.sets["name"])
        client.close()
        box.stop()
        return names

    assert asyncio.run(cell()) == ["Set"]


def test_stop_leaves_no_thread_port_or_file() -> None:
    before = set(threading.enumerate())
    box = Sandbox(import_delay=0)
    client = Client(box)
    client.run("id\na\n", set_input({"id": "TEXT"}, "id"))
    client.put("x", "waiting.csv")
    doors = ports(box)
    folder = box.connection.key_file.parent
    assert all(map(answers, doors))
    assert folder.exists()
    client.close()
    for thread in set(threading.enumerate()) - before:
        if not thread.name.startswith("connect-sandbox"):
            thread.join(10)  # paramiko's own

    box.stop()
    box.stop()

    assert set(threading.enumerate()) == before
    assert not any(map(answers, doors))
    assert not folder.exists()
    assert repr(box) == "Sandbox, stopped. Another: connect_pandas.sandbox()"
    for table in ("files", "jobs", "mailbox", "sets"):
        with pytest.raises(ConfigurationError, match=r"connect_pandas\.sandbox\(\)"):
            getattr(box, table)


def what_is_there(temporary: Path) -> tuple[set[threading.Thread], set[str], set[str]]:
    """The threads, the sockets and the files that there are now."""
    gc.collect()
    open_files = Path("/proc/self/fd")
    links = (
        (file.readlink() for file in open_files.iterdir() if file.is_symlink()) if open_files.exists() else ()
    )
    sockets = {str(link) for link in links if str(link).startswith("socket:")}
    return set(threading.enumerate()), sockets, {file.name for file in temporary.iterdir()}


def test_blocks_calls_and_nests_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    orders = samples.orders()
    with connect_pandas.sandbox():  # what is made once a process is made by now
        orders.connect.create_reference_set("Orders", progress=False).wait(progress=False)
    before = what_is_there(tmp_path)
    for _ in range(2):
        with connect_pandas.sandbox() as outer:
            with connect_pandas.sandbox() as inner:
                orders.connect.create_reference_set("Inner", progress=False).wait(progress=False)
                repr(inner)
            assert list(outer.sets["name"]) == []
            with pytest.raises(ConfigurationError, match=r"box\.connection"):
                orders.connect.create_reference_set("Outer", progress=False)
            job = orders.connect.create_reference_set("Outer", connection=outer.connection, progress=False)
            job.wait(progress=False)
            assert list(outer.sets["name"]) == ["Outer"]
        plain = connect_pandas.sandbox()
        orders.connect.create_reference_set("Plain", progress=False).wait(progress=False)
        plain.stop()
    assert what_is_there(tmp_path) == before


def test_one_that_is_not_the_current_one_is_named_where_a_connection_lacks() -> None:
    orders = samples.orders()
    with Sandbox() as box:
        with pytest.raises(ConfigurationError, match=r"no connection yet(.|\n)*connection=box\.connection"):
            orders.connect.create_reference_set("Orders", progress=False)
        orders.connect.create_reference_set("Orders", connection=box.connection, progress=False)
    with pytest.raises(ConfigurationError) as caught:
        orders.connect.create_reference_set("Orders", progress=False)
    assert "box.connection" not in str(caught.value)


def test_one_that_still_runs_is_named_by_the_next() -> None:
    with connect_pandas.sandbox() as first:
        assert "beside it" not in repr(first)
        with connect_pandas.sandbox() as second:
            assert "beside it    another sandbox runs in this process" in repr(second)
            with Sandbox():
                assert "beside it    2 other sandboxes run in this process" in repr(second)
        assert "beside it" not in repr(first)


def test_a_key_that_is_not_there_is_no_end_of_it(client: Client, tmp_path: Path) -> None:
    way = replace(client.box.connection, key_file=tmp_path / "misspelt")
    with pytest.raises(ConfigurationError, match="misspelt"):
        samples.orders().connect.create_reference_set("Orders", connection=way, progress=False)


def test_a_block_that_fails_stops_it_too() -> None:
    with pytest.raises(ZeroDivisionError), connect_pandas.sandbox() as box:
        1 / 0  # noqa: B018
    assert not any(map(answers, ports(box)))


def test_stop_throws_out_who_is_in_and_gives_up_what_runs() -> None:
    box = Sandbox(import_delay=3600)
    client = Client(box)
    client.put("id\na\n", "data.csv")
    client.submit(set_input({"id": "TEXT"}, "id"))
    with client.sftp() as sftp:
        file = sftp.open(f"{client.directory}/half.csv", "wb")
        file.write(b"x")
        folder = box.connection.key_file.parent

        box.stop()

        assert not folder.exists()
        # The client may learn of it before it asks or only from the missing answer: paramiko says it differently.
        dropped = (OSError, EOFError, paramiko.SSHException)
        with pytest.raises(dropped):
            sftp.listdir(".")
        with suppress(*dropped):
            file.close()
    client.close()


def test_a_forgotten_sandbox_keeps_running_until_python_ends() -> None:
    # A notebook may keep only the connection.
    done = run(
        "import gc, socket\n"
        "from connect_pandas._sandbox import Sandbox\n"
        "connection = Sandbox().connection\n"
        "gc.collect()\n"
        "socket.create_connection((connection.host, connection.port), 5).close()\n"
        "assert connection.key_file.exists()\n"
        "print(connection.key_file.parent, end='')\n"
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.rpartition("/")[2].startswith("connect-sandbox-")
    assert not Path(done.stdout).exists()


def test_import_loads_nothing_heavy() -> None:
    done = run(
        "import sys, connect_pandas._sandbox\n"
        "print(sorted({'asyncssh', 'ariadne', 'graphql', 'uvicorn'} & set(sys.modules)))"
    )
    assert (done.stdout, done.stderr) == ("[]\n", "")


@pytest.mark.parametrize("missing", ["asyncssh", "ariadne", "uvicorn"])
def test_without_the_extra_it_says_how_to_install_it(missing: str) -> None:
    done = run(
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from connect_pandas._sandbox import Sandbox\n"
        "from connect_pandas.errors import ConfigurationError\n"
        "try: Sandbox()\n"
        "except ConfigurationError as error: print(error)\n"
    )
    assert done.stderr == ""
    assert missing in done.stdout
    assert 'pip install "connect-pandas[sandbox]"' in done.stdout


def test_repr_is_short_and_shows_no_secret(shared: Client) -> None:
    box, connection = shared.box, shared.box.connection
    shown = repr(box) + str(box) + repr(connection) + repr(vars(box))
    not_current = "not the session's current one (there is none): give it as connection=box.connection"

    assert repr(box).splitlines() == [
        "Sandbox of workshop@sandbox.example",
        f"  file server  127.0.0.1, port {connection.port}",
        f"  API          {connection.endpoint}",
        f"  explorer     open {box.explorer} in a browser on this machine (box.explorer)",
        f"  way in       box.connection, {not_current}; nothing leaves this machine",
        "  empty        files, reference sets, import jobs, mailbox",
    ]
    assert connection.api_key.reveal() not in shown


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_key_and_folder_are_private(shared: Client) -> None:
    key = shared.box.connection.key_file
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700


def test_it_listens_on_one_loopback_address_only(shared: Client) -> None:
    for port in ports(shared.box):
        assert answers(port)
        # Who listens on every address answers here too.
        assert not answers(port, "127.0.0.2")


def test_tables_can_be_read_while_jobs_run(shared: Client) -> None:
    rows = "".join(f"k{i},{i}\n" for i in range(20_000))
    for _ in range(3):
        shared.put("id,n\n" + rows, "data.csv")
        job = shared.submit(set_input({"id": "TEXT", "n": "NUMBER"}, "id"))
        seen = set()
        while (status := shared.box.jobs.set_index("id").loc[job, "status"]) not in ("completed", "failed"):
            seen |= set(shared.box.sets["records"])
        assert status == "completed"
        assert list(shared.box.sets["records"]) == [20_000]
        assert seen <= {20_000}, "records appear all at once"
        query = "mutation ($id: ID!) { deleteDataSet(where: {dataSetId: $id}) { dataSetId } }"
        shared.get(query, id=shared.set_id("Set"))
