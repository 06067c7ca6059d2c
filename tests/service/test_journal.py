from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fixtures_service import API_KEY, OrdersPlan, connection_to, interrupt_main

from connect_pandas.errors import ConfigurationError, ConnectWarning, UploadFailed
from connect_pandas.service import journal as journals
from connect_pandas.service import rows
from connect_pandas.service.entry import SENDING_MOST, Entry
from connect_pandas.service.journal import FILE_NAME, Journal, state_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONNECTION = connection_to("http://127.0.0.1:1/")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONNECT_STATE_DIR", str(tmp_path / "state"))
    return tmp_path / "state"


def test_an_import_is_read_as_it_was_written() -> None:
    before = datetime.now(UTC)
    journal = Journal.open()
    entry = journal.plan(OrdersPlan(), CONNECTION, "/sub_1X").id
    journal.step(entry, "uploaded", path="/sub_1X/RS/Orders/orders.csv", size=12, sha256="ab")
    journal.step(entry, "submitted", job_id="j-1")
    (read,) = Journal.open().entries()
    assert (read.id, read.data_set_name, read.job_name) == (entry, "Orders", "Add orders")
    assert (read.user, read.host) == (CONNECTION.user, CONNECTION.host)
    assert (read.port, read.endpoint) == (CONNECTION.port, CONNECTION.endpoint)
    assert (read.directory, read.folder, read.filename) == ("/sub_1X", "RS/Orders", "orders.csv")
    assert (read.rows, read.payload) == (8, OrdersPlan().payload)
    assert [step.name for step in read.steps] == ["planned", "uploaded", "submitted"]
    assert read.steps[1].detail["sha256"] == "ab"
    assert before.replace(microsecond=0) <= read.created <= datetime.now(UTC)
    submitted = read.step("submitted")
    assert submitted is not None
    assert submitted.detail == {"job_id": "j-1"}
    assert read.step("rejected") is None


def test_imports_stand_in_the_order_of_time() -> None:
    journal = Journal.open()
    entries = [journal.plan(OrdersPlan(job_name=f"job {n}"), CONNECTION, "/").id for n in range(20)]
    assert [entry.id for entry in journal.entries()] == entries


def test_it_holds_no_secret_and_no_row(folder: Path) -> None:
    Journal.open().plan(OrdersPlan(), CONNECTION, "/")
    written = b"".join(path.read_bytes() for path in folder.iterdir())
    assert b"Orders" in written
    assert API_KEY.encode() not in written
    assert b"HX-18900123" not in written


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
def test_only_its_user_reads_it(folder: Path) -> None:
    old = os.umask(0)
    try:
        journal = Journal.open()
    finally:
        os.umask(old)
    journal.plan(OrdersPlan(), CONNECTION, "/")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_where_there_is_none_nothing_is_listed_and_nothing_made(folder: Path) -> None:
    assert Journal(folder / FILE_NAME).entries() == []
    assert not folder.exists()


def test_without_the_variable_it_is_in_the_users_state_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONNECT_STATE_DIR")
    assert state_folder().name == "connect-pandas"


def broken_by_a_file_for_a_folder(folder: Path) -> None:
    folder.write_text("in the way")


def broken_by_garbage(folder: Path) -> None:
    folder.mkdir()
    (folder / FILE_NAME).write_bytes(b"this is no database" * 100)


def broken_by_a_folder_for_a_file(folder: Path) -> None:
    (folder / FILE_NAME).mkdir(parents=True)


def broken_by_another_table(folder: Path) -> None:
    folder.mkdir()
    with closing(sqlite3.connect(folder / FILE_NAME)) as db, db:
        db.execute("CREATE TABLE imports (something TEXT)")


def broken_by_another_version(folder: Path) -> None:
    Journal.open().plan(OrdersPlan(), CONNECTION, "/")
    with closing(sqlite3.connect(folder / FILE_NAME)) as db, db:
        db.execute("PRAGMA user_version = 99")
        db.execute("ALTER TABLE imports ADD COLUMN more TEXT")


BREAKS = [
    broken_by_a_file_for_a_folder,
    broken_by_garbage,
    broken_by_a_folder_for_a_file,
    broken_by_another_table,
    broken_by_another_version,
]


@pytest.mark.parametrize("break_it", BREAKS)
def test_a_broken_journal_warns_once_and_stops_nothing(folder: Path, break_it: object) -> None:
    break_it(folder)  # type: ignore[operator]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        journal = Journal.open()
        entry = journal.plan(OrdersPlan(), CONNECTION, "/").id
        journal.step(entry, "uploaded")
        journal.step(entry, "submitted", job_id="j")
    (warning,) = caught
    assert warning.category is ConnectWarning
    for words in (str(folder / FILE_NAME), "after a restart", "CONNECT_STATE_DIR"):
        assert words in str(warning.message)


@pytest.mark.parametrize("break_it", BREAKS[1:])
def test_a_broken_journal_cannot_be_listed_and_says_so(folder: Path, break_it: object) -> None:
    break_it(folder)  # type: ignore[operator]
    with pytest.warns(ConnectWarning, match="cannot be listed"):
        assert Journal(folder / FILE_NAME).entries() == []


def test_a_column_more_breaks_nothing(folder: Path) -> None:
    entry = Journal.open().plan(OrdersPlan(), CONNECTION, "/")
    with closing(sqlite3.connect(folder / FILE_NAME)) as db, db:
        db.execute("ALTER TABLE imports ADD COLUMN more TEXT")
    assert [read.id for read in Journal.open().entries()] == [entry.id]
    Journal.open().plan(OrdersPlan(), CONNECTION, "/")
    assert len(Journal.open().entries()) == 2


def test_a_connection_can_have_a_journal_of_its_own(folder: Path, tmp_path: Path) -> None:
    own = replace(CONNECTION, state=tmp_path / "own")
    Journal.open(own).plan(OrdersPlan(), own, "/")
    assert len(Journal.open(own).entries()) == 1
    assert (tmp_path / "own" / FILE_NAME).exists()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({}, True),
        ({"directory": "sub_1X"}, True),
        ({"directory": "/sub_1X"}, True),
        ({"directory": "sub_2"}, False),
        ({"directory": "1X"}, False),
        ({"port": 2022}, False),
        ({"endpoint": "http://127.0.0.1:2/"}, False),
        ({"endpoint": "HTTP://127.0.0.1:1"}, True),
        ({"host": "other.example"}, False),
        ({"user": "bob@shop.example"}, False),
    ],
)
def test_an_import_belongs_to_one_subscription(changes: dict[str, Any], same: bool) -> None:
    entry = Journal.open().plan(OrdersPlan(), CONNECTION, "/sub_1X")
    assert entry.is_of(replace(CONNECTION, **changes)) is same


@pytest.mark.parametrize(
    ("spelt", "same"),
    [
        ("https://api.shop.com", True),
        ("https://API.shop.com:443/", True),
        ("HTTPS://api.shop.com/", True),
        ("https://api.shop.com:8443/", False),
        ("https://api.shop.com/v2", False),
    ],
)
def test_an_endpoint_is_one_however_it_is_spelt(spelt: str, same: bool) -> None:
    at_home = replace(CONNECTION, endpoint="https://api.shop.com/")
    entry = Journal.open().plan(OrdersPlan(), at_home, "/sub_1X")
    assert entry.is_of(replace(CONNECTION, endpoint=spelt)) is same


def test_a_host_key_tells_a_server_whatever_its_name() -> None:
    shown, other = f"SHA256:{'a' * 43}", f"SHA256:{'b' * 43}"
    entry = Journal.open().plan(OrdersPlan(), replace(CONNECTION, host_key=shown), "/sub_1X")
    (read,) = Journal.open().entries()
    assert read.host_key == entry.host_key == shown
    away = replace(CONNECTION, host="files.shop.com", port=2222, endpoint="https://api.shop.com/")
    assert read.is_of(replace(away, host_key=shown))
    assert not read.is_of(replace(away, host_key=shown, user="bob@shop.example"))
    assert not read.is_of(replace(away, host_key=shown, directory="sub_2"))
    assert not read.is_of(replace(away, host_key=other))
    assert not read.is_of(away)
    assert read.is_of(replace(CONNECTION, host_key=other))  # it was renewed


def test_where_warnings_are_errors_a_step_still_raises_nothing(folder: Path) -> None:
    journal = Journal.open()
    entry = journal.plan(OrdersPlan(), CONNECTION, "/").id
    (folder / FILE_NAME).write_bytes(b"overwritten by something else" * 100)
    journal.step(entry, "submitted", job_id="j")  # pytest runs with warnings as errors


def test_processes_and_threads_share_it(folder: Path) -> None:
    code = textwrap.dedent("""
        import sys
        sys.path.insert(0, sys.argv[1])
        from fixtures_service import OrdersPlan, connection_to
        from connect_pandas.service.journal import Journal
        for number in range(10):
            entry = Journal.open().plan(OrdersPlan(), connection_to("http://127.0.0.1:1/"), "/").id
            Journal.open().step(entry, "submitted", job_id=str(number))
    """)
    here = str(Path(__file__).parent)
    line = [sys.executable, "-W", "error", "-c", code, here]
    processes = [subprocess.Popen(line, stderr=subprocess.PIPE, text=True) for _ in range(3)]

    def write() -> None:
        for _ in range(10):
            Journal.open().plan(OrdersPlan(), CONNECTION, "/")

    threads = [threading.Thread(target=write) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    entries = Journal.open().entries()
    assert len(entries) == 60
    assert sum(entry.step("submitted") is not None for entry in entries) == 30


# ── what has to be known before the next step ─────────────────────────────────────────────────────────────


def fill_disk(folder: Path, step: str) -> None:
    with closing(sqlite3.connect(folder / FILE_NAME)) as db, db:
        full = "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        db.execute(f"CREATE TRIGGER full BEFORE INSERT ON steps WHEN NEW.step = '{step}' {full}")


def test_an_import_that_is_written_down_is_not_asked_for_without_a_word(folder: Path) -> None:
    journal = Journal.open()
    entry = journal.plan(OrdersPlan(), CONNECTION, "/").id
    fill_disk(folder, "asked")
    with pytest.raises(
        UploadFailed, match=r"(?s)cannot be written any more .*disk is full.*CONNECT_STATE_DIR"
    ):
        journal.step_before(entry, "asked")


def test_without_a_journal_the_next_step_is_taken(folder: Path) -> None:
    broken_by_garbage(folder)
    with pytest.warns(ConnectWarning, match="journal"):
        journal = Journal.open()
    entry = journal.plan(OrdersPlan(), CONNECTION, "/").id
    journal.step_before(entry, "asked")


def test_whoever_plans_sees_what_was_planned_before_and_may_refuse() -> None:
    Journal.open().plan(OrdersPlan(), CONNECTION, "/")

    def refuse(own: Entry, others: list[Entry]) -> None:
        raise LookupError([own.job_name, *(entry.data_set_name for entry in others)])

    with pytest.raises(LookupError, match="'More', 'Orders'"):
        Journal.open().plan(OrdersPlan(job_name="More"), CONNECTION, "/", require=refuse)
    assert [entry.job_name for entry in Journal.open().entries()] == ["Add orders"]


def test_of_many_that_plan_at_once_one_is_the_first() -> None:
    def refuse_second(_own: Entry, others: list[Entry]) -> None:
        if others:
            raise LookupError

    def plan() -> None:
        with suppress(LookupError):
            Journal.open().plan(OrdersPlan(), CONNECTION, "/", require=refuse_second)

    threads = [threading.Thread(target=plan) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Journal.open().entries()) == 1


def test_a_process_is_at_work_until_its_request_was_answered() -> None:
    entry = Journal.open().plan(OrdersPlan(), CONNECTION, "/")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        by = replace(entry.steps[0], detail={**entry.steps[0].detail, "process": other.pid, "since": ""})
        steps = (by, replace(by, name="asked"))
        assert replace(entry, steps=steps).is_at_work
        assert not replace(entry, steps=(*steps, replace(by, name="submitted"))).is_at_work
        another = replace(by, detail={**by.detail, "since": "an earlier process of this number"})
        assert not replace(entry, steps=(another,)).is_at_work
        assert not replace(entry, steps=(by,), created=entry.created - SENDING_MOST).is_at_work
        far = replace(entry, steps=(replace(by, detail={**by.detail, "machine": "another"}),))
        assert (far.is_at_work, far.may_be_at_work) == (False, True)
        assert not replace(far, created=far.created - SENDING_MOST).may_be_at_work
        other.kill()
    assert not replace(entry, steps=steps).is_at_work


# ── while another process holds it ───────────────────────────────────────────────────────────────────────


@contextmanager
def held(folder: Path) -> Iterator[Callable[[], None]]:
    """Let another process hold the journal, so that nobody can read or write; yield what ends that."""
    code = (
        "import sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute('BEGIN EXCLUSIVE')\n"
        "print('held', flush=True)\n"
        "input()\n"
        "db.execute('COMMIT')\n"
    )
    line = [sys.executable, "-c", code, str(folder / FILE_NAME)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        def let_go() -> None:
            with suppress(ValueError, OSError):
                other.stdin.close()  # type: ignore[union-attr]

        try:
            yield let_go
        finally:
            let_go()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set as soon as somebody has found the journal held and waits."""
    waits, is_busy = threading.Event(), journals._is_busy

    def tell(error: sqlite3.Error) -> bool:
        waits.set()
        return is_busy(error)

    monkeypatch.setattr(journals, "_is_busy", tell)
    return waits


def once(event: threading.Event, act: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=lambda: event.wait(15) and act())
    thread.start()
    return thread


CALLS: dict[str, Callable[[Journal, Entry], object]] = {
    "plan": lambda journal, _: journal.plan(OrdersPlan(job_name="More"), CONNECTION, "/"),
    "step": lambda journal, entry: journal.step(entry.id, "submitted", job_id="j"),
    "step before": lambda journal, entry: journal.step_before(entry.id, "asked"),
    "open": lambda _, __: Journal.open(),
    "entries": lambda journal, _: journal.entries(),
    "steps": lambda journal, entry: journal.steps(entry.id),
}


@pytest.mark.skipif(os.name != "posix", reason="SIGINT is sent by a thread")
@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_ctrl_c_ends_the_wait_for_another_process(
    call: Callable[[Journal, Entry], object],
    folder: Path,
    waits: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journals, "BUSY_SECONDS", 60.0)
    journal = Journal.open()
    entry = journal.plan(OrdersPlan(), CONNECTION, "/")
    begin = time.monotonic()
    with held(folder):
        pressing = once(waits, interrupt_main)
        with pytest.raises(KeyboardInterrupt):
            call(journal, entry)
        pressing.join()
        assert time.monotonic() - begin < 30
    assert [read.id for read in Journal.open().entries()] == [
        entry.id
    ]  # nothing was written, and everybody gets on
    call(journal, entry)


def test_what_waited_is_done_once(
    folder: Path, waits: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "BUSY_SECONDS", 60.0)
    journal = Journal.open()
    entry = journal.plan(OrdersPlan(), CONNECTION, "/")
    for name, call in CALLS.items():
        waits.clear()
        with held(folder) as let_go:
            releasing = once(waits, let_go)
            call(journal, entry)
            releasing.join()
        assert waits.is_set(), name
    first, second = journal.entries()
    assert [step.name for step in first.steps] == ["planned", "submitted", "asked"]
    assert [step.name for step in second.steps] == ["planned"]


def test_a_commit_that_a_reader_is_in_the_way_of_is_done_once(
    folder: Path, waits: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "BUSY_SECONDS", 60.0)
    journal = Journal.open()
    entry = journal.plan(OrdersPlan(), CONNECTION, "/")
    with closing(sqlite3.connect(folder / FILE_NAME, check_same_thread=False)) as reader:
        looking = reader.execute("SELECT id FROM imports, (SELECT 1 UNION SELECT 2)")
        looking.fetchone()  # and there is one more: until then it has not ended
        releasing = once(waits, looking.close)
        journal.step(entry.id, "submitted", job_id="j")
        releasing.join()
    assert waits.is_set()
    assert [step.name for step in journal.steps(entry.id)] == ["planned", "submitted"]


def test_the_wait_for_another_process_has_an_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal.open()
    entry = journal.plan(OrdersPlan(), CONNECTION, "/")
    monkeypatch.setattr(journals, "BUSY_SECONDS", 0.2)
    with held(folder):
        for name in ("plan", "open"):
            with pytest.raises(ConfigurationError, match="is held by another process"):
                CALLS[name](journal, entry)
        with pytest.raises(UploadFailed, match="database is locked"):
            journal.step_before(entry.id, "asked")
        with pytest.warns(ConnectWarning, match="That this import is submitted is not written down there"):
            journal.step(entry.id, "submitted")
        with pytest.warns(ConnectWarning, match="cannot be listed"):
            assert journal.entries() == []
        assert journal.steps(entry.id) == ()
    assert [read.id for read in journal.entries()] == [entry.id]


@pytest.mark.skipif(os.name != "posix", reason="SIGINT is sent by a thread")
def test_ctrl_c_ends_the_wait_for_another_thread(
    folder: Path, waits: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journals, "BUSY_SECONDS", 60.0)
    journal = Journal.open()
    entry = journal.plan(OrdersPlan(), CONNECTION, "/")
    with held(folder) as let_go:
        other = threading.Thread(target=lambda: journal.step(entry.id, "asked"))
        other.start()
        assert waits.wait(15)  # it has its turn, and waits for the process
        pressing = threading.Timer(0.3, interrupt_main)
        pressing.start()
        with pytest.raises(KeyboardInterrupt):
            journal.step(entry.id, "submitted")
        let_go()
        other.join()
        pressing.join()
    assert [step.name for step in journal.steps(entry.id)] == ["planned", "asked"]


def test_what_is_added_in_the_middle_of_a_look_is_not_seen_in_a_part(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal.open()
    entry = journal.plan(OrdersPlan(), CONNECTION, "/")
    read_steps = rows.read_steps

    def and_then(*args: Any, **values: Any) -> Any:
        steps = read_steps(*args, **values)
        columns = ", ".join(name for name in rows.COLUMNS if name != "id")
        another = f"INSERT INTO imports (id, {columns}) SELECT 'another', {columns} FROM imports"
        with (
            closing(sqlite3.connect(folder / FILE_NAME, timeout=0)) as db,
            suppress(sqlite3.OperationalError),
        ):
            db.execute(another)
            db.commit()
        return steps

    monkeypatch.setattr(rows, "read_steps", and_then)
    assert [read.id for read in journal.entries()] == [entry.id]
