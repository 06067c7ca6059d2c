"""What this machine has begun: listed, found again, and gone on with from where the evidence stands."""

from __future__ import annotations

import dataclasses
import os
import platform
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from fixtures_service import NO_SETS, FakeApi, OrdersPlan, Relay, Reply, good

import connect_pandas
from connect_pandas import jobs, samples
from connect_pandas.errors import (
    ConfigurationError,
    ConnectionFailed,
    ConnectWarning,
    ImportRejected,
    ImportTimeout,
    ImportUnconfirmed,
    PlanError,
    UploadFailed,
)
from connect_pandas.service import resume as resuming
from connect_pandas.service.earlier import BROKEN_OFF, LOOK_BACK
from connect_pandas.service.entry import Entry, at_work
from connect_pandas.service.graphql import Api
from connect_pandas.service.history import begun
from connect_pandas.service.history import job as job_known_as
from connect_pandas.service.journal import Journal
from connect_pandas.service.process import _since
from connect_pandas.service.sftp import Session, open_session
from connect_pandas.service.submit import submit
from connect_pandas.service.verify import Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connect_pandas import Sandbox
    from connect_pandas.service.connection import Connection


@pytest.fixture
def plan() -> OrdersPlan:
    return OrdersPlan(folder=f"History/{os.urandom(4).hex()}")


def files_of(plan: OrdersPlan, box: Sandbox) -> list[str]:
    files = box.files[box.files.folder.str.strip("/").str.endswith(plan.folder)]
    return list(files.file)


def last(connection: Connection) -> Entry:
    return Journal.open(connection).entries()[-1]


def steps(connection: Connection) -> list[str]:
    return [step.name for step in last(connection).steps]


def a_set_of(plan: OrdersPlan, rows: int) -> Callable[[dict[str, Any]], Reply]:
    sets = {"nodes": [{"name": plan.name, "dataSetId": "1", "type": "REFERENCE_SET"}]}

    def query(request: dict[str, Any]) -> Reply:
        count = "totalCount" in request["query"]
        return good(referenceSetRecords={"totalCount": rows}) if count else good(dataSets=sets)

    return query


# ── listed and found ─────────────────────────────────────────────────────────────────────────────────────────


def test_jobs_are_a_table(plan: OrdersPlan, connection: Connection) -> None:
    none = jobs(connection)
    assert none.empty
    job = submit(plan, connection)
    (row,) = jobs(connection).itertuples()
    assert (row.Index, row.name, row.step, row.rows, row.job) == (
        job.entry,
        "Orders",
        "submitted",
        8,
        "job-1",
    )
    assert (row.bytes, row.file) == (job.receipt and job.receipt.size, f"{plan.folder}/orders.csv")
    assert (row.user, row.host) == (connection.user, f"{connection.host}:{connection.port}")
    assert row.begun <= row.at <= pd.Timestamp.now("UTC")
    assert none.dtypes.equals(jobs(connection).dtypes)


def test_without_a_connection_the_users_own_journal_is_listed(state: Path) -> None:
    assert list(jobs().columns[:2]) == ["name", "step"]


def test_a_job_is_found_by_any_of_its_names(plan: OrdersPlan, connection: Connection) -> None:
    job = submit(plan, connection)
    for which in (job.entry, "job-1", "orders.csv", "Orders"):
        found = job_known_as(which, connection)
        assert (found.entry, found.id, found.plan) == (job.entry, "job-1", None)
    with pytest.raises(PlanError, match=r"no import 'Order' over.*Did you mean 'Orders'\?"):
        job_known_as("Order", connection)


# ── the same once more ───────────────────────────────────────────────────────────────────────────────────────


def test_a_cell_that_is_run_again_gets_the_job_of_the_first_run(way: Connection, box: Sandbox) -> None:
    frame, name = samples.orders(), f"Again{os.urandom(3).hex()}"
    first = connect_pandas.create_reference_set(frame, name, connection=way, progress=False)
    for when in ("under way", "done"):
        with pytest.warns(ConnectWarning, match="from the same data"):
            again = connect_pandas.create_reference_set(frame, name, connection=way, progress=False)
        assert (again.id, again.entry) == (first.id, first.entry), when
        first.wait(progress=False)
    assert again.verify() == Verification(name, 8, 8, 8)
    assert list(box.jobs.data_set).count(name) == 1


@pytest.mark.parametrize(
    "other",
    [{"orders": OrdersPlan().orders[:3]}, {"name": "Orders"}],
    ids=["other data", "the same"],
)
def test_only_the_same_data_are_the_same(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, other: dict[str, Any]
) -> None:
    submit(plan, connection)
    again = dataclasses.replace(plan, filename="again.csv", **other)
    if "orders" in other:
        with pytest.raises(PlanError, match="under way"):
            submit(again, connection)
    else:
        with pytest.warns(ConnectWarning, match=r"job-1.*job\.discard\(\)"):
            assert submit(again, connection).id == "job-1"
    assert len(fake.mutations) == 1


def test_the_same_data_after_a_failure_are_imported_anew(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    submit(plan, connection).discard()
    assert submit(dataclasses.replace(plan, filename="again.csv"), connection).id == "job-1"
    assert len(fake.mutations) == 2


# ── going on ─────────────────────────────────────────────────────────────────────────────────────────────────


def broken_off(
    plan: OrdersPlan, connection: Connection, *, sent: bytes | None = None, whole: bool = False
) -> Entry:
    """Leave an import as a process does that dies: planned, perhaps with some bytes sent, perhaps whole."""
    journal = Journal.open(connection)
    with open_session(connection) as session:
        proved = dataclasses.replace(connection, host_key=session.host_key)
        entry = journal.plan(plan, proved, session.directory)
        if sent is not None or whole:
            session.make_folder(plan.folder)
            pieces = plan.pieces() if whole else iter([(sent or b"", 0)])
            receipt = session.upload(plan.folder, plan.filename, pieces)
            if whole:
                journal.step(
                    entry.id, "uploaded", path=receipt.path, size=receipt.size, sha256=receipt.sha256
                )
    return entry


@pytest.mark.parametrize("sent", [None, b"Order ID,Cli"], ids=["nothing", "a part"])
def test_what_did_not_arrive_whole_is_removed_and_sent_anew(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox, sent: bytes | None
) -> None:
    entry = broken_off(plan, connection, sent=sent)
    with pytest.raises(PlanError, match=r"keeps no data.*job\.resume\(df\.connect\.plan\(\"Orders\"\)\)"):
        job_known_as(entry.id, connection).resume()
    assert steps(connection) == ["planned"]
    assert fake.mutations == []
    broken = job_known_as(entry.id, connection)
    with pytest.raises(PlanError, match=r"never began.*job\.resume\("):
        broken.wait()
    assert "never began" in repr(broken)
    for other, words in (
        (dataclasses.replace(plan, name="More"), "'More'"),
        (plan.first(3), "8 rows, and the plan has 3"),
    ):
        with pytest.raises(PlanError, match=words):
            broken.resume(other)
    job = broken.resume(dataclasses.replace(plan, filename="b.csv"))
    assert (job.id, job.entry != entry.id) == ("job-1", True)
    assert files_of(plan, box) == ["b.csv"]
    assert Journal.open(connection).entries()[-2].steps[-1].name == "failed"


def test_the_same_call_tidies_up_after_one_that_was_broken_off(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    broken_off(plan, connection, whole=True)
    submit(dataclasses.replace(plan, filename="b.csv"), connection)
    assert files_of(plan, box) == ["b.csv"]
    assert [e.steps[-1].name for e in Journal.open(connection).entries()][-2:] == ["failed", "submitted"]


def test_a_file_that_another_import_waits_for_is_left_alone(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    entry = broken_off(plan, connection)
    submit(plan, connection)
    old = job_known_as(entry.id, connection)
    with pytest.raises(PlanError, match="is over"):
        old.resume()
    with pytest.warns(ConnectWarning, match="this is that job"):
        assert old.resume(plan).id == "job-1"
    old.discard()
    assert files_of(plan, box) == ["orders.csv"]


def test_two_that_resume_ask_once(plan: OrdersPlan, connection: Connection, fake: FakeApi) -> None:
    entry = broken_off(plan, connection, whole=True)
    ends: list[object] = []

    def go_on() -> None:
        try:
            ends.append(job_known_as(entry.id, connection).resume().id)
        except PlanError as error:
            ends.append(str(error))

    threads = [threading.Thread(target=go_on) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(fake.mutations) == 1
    assert "job-1" in ends


def test_where_the_service_cannot_be_asked_the_file_stays_for_the_next_time(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    entry = broken_off(plan, connection, whole=True)
    fake.query = Reply(status=500)
    with pytest.raises(ConnectionFailed):
        job_known_as(entry.id, connection).resume()
    assert steps(connection) == ["planned", "uploaded"]
    assert files_of(plan, box) == ["orders.csv"]
    fake.query = NO_SETS
    assert job_known_as(entry.id, connection).resume().id == "job-1"


def test_what_is_being_sent_or_done_is_not_discarded(plan: OrdersPlan, connection: Connection) -> None:
    entry = broken_off(plan, connection)
    with at_work(entry), pytest.raises(PlanError, match="being sent right now"):
        job_known_as(entry.id, connection).discard()
    Journal.open(connection).step(entry.id, "completed", rows=8)
    with pytest.raises(PlanError, match="nothing to discard"):
        job_known_as(entry.id, connection).discard()


@pytest.mark.parametrize("spelt", ["{0}/", "./{0}"])
def test_a_directory_is_one_however_it_is_spelt(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, spelt: str
) -> None:
    with open_session(connection) as session:
        again = spelt.format(session.directory.rpartition("/")[2])
    submit(plan, connection)
    other = dataclasses.replace(connection, directory=again, endpoint=connection.endpoint.rstrip("/"))
    with pytest.raises(PlanError, match="under way"):
        submit(dataclasses.replace(plan.first(2), filename="b.csv"), other)
    assert len(fake.mutations) == 1


def test_only_the_newest_is_the_same_import(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connect_pandas.service.earlier.GRACE_SECONDS", 0.0)
    submit(plan, connection)
    with open_session(connection) as session:
        session.remove(plan.folder, plan.filename)
    submit(dataclasses.replace(plan.first(2), filename="b.csv"), connection)
    with open_session(connection) as session:
        session.remove(plan.folder, "b.csv")
    fake.query = a_set_of(plan, rows=2)
    with pytest.raises(PlanError, match="is taken"):
        submit(dataclasses.replace(plan, filename="c.csv"), connection)


def test_a_journal_that_another_process_holds_begins_nothing(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    path = Journal.open(connection).path
    hasty = dataclasses.replace(connection, timeout=1.5)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ConfigurationError, match=r"held by another process for more than 1\.5 s"):
            submit(plan, hasty)
    assert fake.mutations == []


def test_a_whole_file_that_was_not_asked_for_is_asked_for_now(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    entry = broken_off(plan, connection, whole=True)
    job = job_known_as(entry.id, connection).resume()
    assert (job.id, job.seen.status) == ("job-1", "submitted")
    assert steps(connection) == ["planned", "uploaded", "asked", "submitted"]
    assert [m["variables"] for m in fake.mutations] == [plan.payload]
    fake.query = NO_SETS
    again = job_known_as(entry.id, connection).resume()
    assert (again.id, again.seen.status) == ("job-1", "submitted")
    assert len(fake.mutations) == 1


@pytest.mark.parametrize("change", ["gone", "another"])
def test_a_file_that_is_not_the_one_that_was_sent_is_not_asked_for(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, change: str
) -> None:
    entry = broken_off(plan, connection, whole=True)
    with open_session(connection) as session:
        session.remove(plan.folder, plan.filename)
        if change == "another":
            session.upload(plan.folder, plan.filename, iter([(b"x", 0)]))
    with pytest.raises(UploadFailed, match="is gone" if change == "gone" else "has 1 bytes"):
        job_known_as(entry.id, connection).resume()
    assert fake.mutations == []
    assert steps(connection)[-1] == "failed"


def test_an_import_that_nobody_answered_for_is_looked_at_and_not_repeated(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    fake.mutation = Reply(drop="before")
    with pytest.raises(ImportUnconfirmed):
        submit(plan, connection)
    fake.query = NO_SETS
    job = job_known_as("Orders", connection).resume()
    assert (job.id, job.seen.status) == (None, "unknown")
    assert "never began" in job.seen.words
    assert len(fake.mutations) == 1


def test_a_process_that_died_while_it_asked_is_not_repeated(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    entry = broken_off(plan, connection, whole=True)
    Journal.open(connection).step(entry.id, "asked")
    fake.query = NO_SETS
    assert job_known_as(entry.id, connection).resume().seen.status == "unknown"
    assert fake.mutations == []


def test_what_is_over_is_not_gone_on_with(plan: OrdersPlan, connection: Connection, fake: FakeApi) -> None:
    fake.mutation = Reply({"errors": [{"message": "INPUT_VALIDATION_FAILED. No."}], "data": None})
    with pytest.raises(ImportRejected):
        submit(plan, connection)
    with pytest.raises(PlanError, match=r"(?s)is over: ImportRejected.*INPUT_VALIDATION_FAILED"):
        job_known_as("Orders", connection).resume()


def test_what_is_being_sent_is_left_to_who_sends_it(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    entry = broken_off(plan, connection, sent=b"Order")
    with at_work(entry), pytest.raises(PlanError, match=f"right now, by process {os.getpid()}"):
        job_known_as(entry.id, connection).resume(plan)
    assert files_of(plan, box) == ["orders.csv"]


KILLED = """
import os, signal, sys
from connect_pandas.service.connection import Connection, Secret
from connect_pandas.service import submit as room
sys.path.insert(0, {tests!r})
from fixtures_service import OrdersPlan
from pathlib import Path

connection = Connection(user={user!r}, host={host!r}, port={port}, endpoint={endpoint!r}, api_key=Secret({api_key!r}),
    key_file=Path({key_file!r}), host_key={host_key!r}, state=Path({state!r}))
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
if {when!r} == "in mid-upload":
    class Plan(OrdersPlan):
        def pieces(self):
            yield next(super().pieces())
            print("sent", flush=True)
            sys.stdin.readline()
else:
    Plan = OrdersPlan
    room.ask = die
room.submit(Plan(folder={folder!r}), connection)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize("when", ["in mid-upload", "before the mutation"])
def test_a_killed_kernel_loses_nothing(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox, when: str
) -> None:
    script = KILLED.format(
        tests=str(Path(__file__).parent),
        when=when,
        folder=plan.folder,
        user=connection.user,
        host=connection.host,
        port=connection.port,
        endpoint=connection.endpoint,
        api_key=connection.api_key.reveal(),
        key_file=str(connection.key_file),
        host_key=connection.host_key,
        state=str(connection.state),
    )
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        if when == "in mid-upload":
            assert child.stdout is not None
            assert child.stdout.readline() == "sent\n"
            assert last(connection).is_at_work
            with pytest.raises(PlanError, match=f"right now, by process {child.pid}"):
                job_known_as("Orders", connection).resume(plan)
            child.kill()
        assert child.wait(30) == -signal.SIGKILL
    assert fake.mutations == []
    job = job_known_as("Orders", connection)
    job = job.resume(plan) if when == "in mid-upload" else job.resume()
    assert job.id == "job-1"
    assert len(fake.mutations) == 1
    assert files_of(plan, box) == ["orders.csv"]


# ── everything that comes between ────────────────────────────────────────────────────────────────────────────


def test_a_journal_that_works_again_is_written_before_the_service_is_asked(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    entry = broken_off(plan, connection, whole=True)
    job = job_known_as(entry.id, connection)
    with closing(sqlite3.connect(Journal.of(connection).path)) as db, db:
        db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON steps BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )
    with pytest.raises(UploadFailed, match="disk is full"):
        job.resume()
    with closing(sqlite3.connect(Journal.of(connection).path)) as db, db:
        db.execute("DROP TRIGGER full")
    fake.query = NO_SETS
    for again in (job, job, job_known_as(entry.id, connection)):
        assert again.resume().id == "job-1"
    assert steps(connection) == ["planned", "uploaded", "asked", "submitted"]
    assert len(fake.mutations) == 1


def test_a_file_that_has_gone_since_long_may_only_just_have_gone(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    submit(plan, connection)
    with closing(sqlite3.connect(Journal.of(connection).path)) as db, db:
        db.execute("UPDATE steps SET at = replace(at, substr(at, 1, 4), '2024')")
    with open_session(connection) as session:
        session.remove(plan.folder, plan.filename)
    for _ in range(2):
        with pytest.raises(PlanError, match=r"does not show yet.*submit again(.|\n)*job\.discard\(\)"):
            submit(dataclasses.replace(plan, filename="again.csv"), connection)
    with closing(sqlite3.connect(Journal.of(connection).path)) as db, db:
        db.execute("UPDATE steps SET at = replace(at, substr(at, 1, 4), '2024')")
    assert submit(dataclasses.replace(plan, filename="again.csv"), connection).id == "job-1"
    assert len(fake.mutations) == 2


def test_a_slow_resume_does_not_end_what_a_quick_one_began(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = broken_off(plan, connection, whole=True)
    slow, real = job_known_as(entry.id, connection), resuming.open_session

    @contextmanager
    def quick_one_first(way: Connection) -> Iterator[Any]:
        monkeypatch.setattr(resuming, "open_session", real)
        job_known_as(entry.id, connection).resume()
        with real(way) as session:
            session.remove(plan.folder, plan.filename)  # as the service does that has read it
            yield session

    monkeypatch.setattr(resuming, "open_session", quick_one_first)
    with pytest.raises(PlanError, match="somebody else went on"):
        slow.resume()
    assert steps(connection) == ["planned", "uploaded", "asked", "submitted"]


def test_one_place_holds_one_file(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    entry = broken_off(plan, connection)
    returns = dataclasses.replace(plan, name="Returns")
    with at_work(entry), pytest.raises(PlanError, match=r"is that of another import, of 'Orders'"):
        submit(returns, connection)
    assert files_of(plan, box) == []
    assert fake.mutations == []


@pytest.mark.parametrize("rows", [8, 3], ids=["of the same size", "of another size"])
def test_the_file_of_another_import_is_left_to_it(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox, rows: int
) -> None:
    entry = broken_off(plan, connection, whole=True)
    with open_session(connection) as session:
        session.remove(plan.folder, plan.filename)
    other = broken_off(dataclasses.replace(plan.first(rows), name="Returns"), connection, whole=True)
    with pytest.raises((PlanError, UploadFailed), match=r"of another import|were sent"):
        job_known_as(entry.id, connection).resume()
    assert fake.mutations == []
    assert files_of(plan, box) == ["orders.csv"]
    assert job_known_as(other.id, connection).resume().id == "job-1"


def test_what_is_discarded_is_not_asked_for(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = broken_off(plan, connection, whole=True)
    job, real = job_known_as(entry.id, connection), Api.data_set

    def discarded_meanwhile(api: Api, name: str) -> Any:
        job_known_as(entry.id, connection).discard()
        return real(api, name)

    fake.query = NO_SETS
    monkeypatch.setattr(Api, "data_set", discarded_meanwhile)
    with pytest.raises(PlanError, match="somebody else went on"):
        job.resume()
    assert fake.mutations == []
    assert steps(connection) == ["planned", "uploaded", "failed"]


def test_where_the_journal_cannot_be_read_nothing_is_discarded(
    plan: OrdersPlan, connection: Connection, box: Sandbox, fake: FakeApi
) -> None:
    job = submit(plan, connection)
    path = Journal.of(connection).path
    path.write_bytes(b"no journal" * 100)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        job.discard()
    assert files_of(plan, box) == ["orders.csv"]


def test_another_process_is_heard_of(plan: OrdersPlan, connection: Connection, fake: FakeApi) -> None:
    job = submit(plan, connection)
    job_known_as("job-1", connection).discard()
    fake.query = good(dataSets={"nodes": [{"name": plan.name, "dataSetId": "1", "type": "REFERENCE_SET"}]})
    assert (job.status, job.discarded) == ("unknown", True)
    with pytest.raises(PlanError, match="was discarded"):
        job.wait(1)
    assert steps(connection)[-1] == "failed"


def test_an_id_that_could_not_be_written_down_is_written_down_later(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    job = submit(plan, connection)
    with closing(sqlite3.connect(Journal.of(connection).path)) as db, db:
        db.execute("DELETE FROM steps WHERE step = 'submitted'")
    assert job.status == "submitted"
    assert job_known_as(plan.filename, connection).id == "job-1"


def test_a_step_of_an_import_that_is_not_in_the_journal_is_warned_of(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    journal = Journal.open(connection)
    with pytest.warns(ConnectWarning, match="is not in it any more"):
        journal.step("nobody", "submitted", job_id="job-1")


def test_a_set_of_the_name_with_other_rows_is_not_the_same_import(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    submit(plan, connection)
    with open_session(connection) as session:
        session.remove(plan.folder, plan.filename)
    fake.query = a_set_of(plan, rows=3)
    with pytest.raises(PlanError, match="is taken"):
        submit(dataclasses.replace(plan, filename="again.csv"), connection)


@pytest.mark.parametrize("name", ["this", "another"])
def test_another_machine_is_told_from_a_container_of_the_same_name(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, name: str
) -> None:
    broken_off(plan, connection)
    machine = "'build-7'" if name == "another" else "json_extract(detail, '$.machine')"
    with closing(sqlite3.connect(Journal.of(connection).path)) as db, db:
        db.execute(
            f"UPDATE steps SET detail = json_set(detail, '$.space', 'pid:[1]', '$.machine', {machine})"
        )
    where = {
        "this": rf"on another machine, or in another container, of the name {re.escape(platform.node())}, which",
        "another": "on another machine, build-7, which",
    }
    with pytest.raises(PlanError, match=where[name]):
        submit(dataclasses.replace(plan, filename="b.csv"), connection)


def test_a_container_of_the_same_name_is_another_machine(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    entry = broken_off(plan, connection)
    with closing(sqlite3.connect(Journal.of(connection).path)) as db, db:
        db.execute("UPDATE steps SET detail = json_set(detail, '$.space', 'pid:[1]', '$.process', 1)")
    (read,) = Journal.of(connection).entries()
    assert (read.is_at_work, read.may_be_at_work) == (False, True)
    with pytest.raises(PlanError, match="on another machine"):
        submit(dataclasses.replace(plan, filename="b.csv"), connection)
    assert entry.id == read.id


DAMAGES = [
    "imports SET payload = '{}'",
    "imports SET payload = 'x'",
    "imports SET payload = json_set(payload, '$.importInput.attributes', 'x')",
    "imports SET created = 'x'",
    "imports SET created = '2026-01-01T00:00:00'",
    "imports SET port = 'x'",
    "imports SET user = CAST(x'ff' AS TEXT)",
    "steps SET detail = '[]'",
    "steps SET detail = '{}' WHERE step = 'uploaded'",
    "steps SET detail = json_set(detail, '$.size', '12') WHERE step = 'uploaded'",
    "steps SET detail = json_set(detail, '$.process', -1) WHERE step = 'planned'",
    "steps SET detail = json_set(detail, '$.job_id', 7) WHERE step = 'submitted'",
    "steps SET step = 'sent' WHERE step = 'submitted'",
    "steps SET at = 'x' WHERE step = 'asked'",
]


def damaged(connection: Connection, damage: str, entry: str) -> None:
    """Write over what stands in the journal of one import."""
    what, _, where = damage.partition(" WHERE ")
    own = f"{'id' if what.startswith('imports') else 'import_id'} = '{entry}'"
    with closing(sqlite3.connect(Journal.of(connection).path)) as db, db:
        assert db.execute(f"UPDATE {what} WHERE {own} AND {where or 'true'}").rowcount > 0


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_row_that_cannot_be_read_hides_no_other(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, damage: str
) -> None:
    bad = submit(plan, connection)
    good = submit(dataclasses.replace(plan, name="Returns", filename="b.csv"), connection)
    damaged(connection, damage, bad.entry)
    with pytest.warns(
        ConnectWarning, match=rf"import '{bad.entry}' .* is not written as it should be"
    ) as caught:
        assert [row["name"] for row in begun(connection)] == ["Returns"]
    assert len(caught) == 1
    assert str(Journal.of(connection).path) in str(caught[0].message)
    assert job_known_as("Returns", connection).resume().entry == good.entry
    submit(dataclasses.replace(plan, name="More", filename="c.csv"), connection)
    job_known_as("More", connection).discard()


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_a_row_that_cannot_be_read_was_nobody_knows(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox, damage: str
) -> None:
    bad = submit(plan, connection)
    damaged(connection, damage, bad.entry)
    acts: list[Callable[[], object]] = [
        lambda: submit(dataclasses.replace(plan, filename="b.csv"), connection),
        lambda: submit(dataclasses.replace(plan, name="Returns", folder=f"{plan.folder}/b"), connection),
        lambda: job_known_as("Orders", connection),
        lambda: job_known_as(plan.filename, connection),
        bad.resume,
        bad.discard,
    ]
    for act in acts:
        with pytest.raises(ConfigurationError, match=rf"import '{bad.entry}' .* is not written") as refused:
            act()
        assert "Job monitoring" in str(refused.value)
    assert len(fake.mutations) == 1
    assert files_of(plan, box) == ["orders.csv"]
    line = next(line for line in str(refused.value).splitlines() if "DELETE" in line)
    with closing(sqlite3.connect(Journal.of(connection).path)) as db, db:
        db.execute(line.split('"')[1])
    with pytest.raises(PlanError, match="has begun none at all"):
        job_known_as("Orders", connection)


def test_the_newest_of_a_set_is_meant_whatever_became_of_an_older_one(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    old = broken_off(plan, connection)
    new = broken_off(dataclasses.replace(plan, filename="b.csv"), connection)
    damaged(connection, "imports SET created = 'x'", old.id)
    assert job_known_as("Orders", connection).entry == new.id


def test_a_file_that_may_be_of_an_import_that_cannot_be_read_is_left_alone(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    mine = broken_off(plan, connection, whole=True)
    other = broken_off(dataclasses.replace(plan, name="Returns"), connection)
    damaged(connection, "imports SET created = 'x'", other.id)
    job_known_as(mine.id, connection).discard()
    assert files_of(plan, box) == ["orders.csv"]


# ── the same subscription, however the way to it is spelt ────────────────────────────────────────────────────


@pytest.fixture
def tunnel(connection: Connection) -> Iterator[Connection]:
    """Another way to the same file server and API: another port, another name, nothing pinned."""
    with Relay(connection.port) as relay:
        known = Path(os.environ["HOME"]) / ".ssh" / "known_hosts"
        known.parent.mkdir(mode=0o700, exist_ok=True)
        with open_session(connection) as session:
            key = session._client.sock.get_transport().get_remote_server_key()
        known.write_text(f"[localhost]:{relay.port} {key.get_name()} {key.get_base64()}\n")
        yield dataclasses.replace(
            connection,
            host="localhost",
            port=relay.port,
            host_key=None,
            kind="account",
            endpoint=connection.endpoint.replace("127.0.0.1", "localhost"),
        )


def test_another_spelling_of_the_way_is_the_same_subscription(
    plan: OrdersPlan, connection: Connection, tunnel: Connection, fake: FakeApi
) -> None:
    submit(plan, connection)
    with pytest.raises(PlanError, match="under way"):
        submit(dataclasses.replace(plan.first(2), filename="b.csv"), tunnel)
    with pytest.warns(ConnectWarning, match="this is that job"):
        assert submit(dataclasses.replace(plan, filename="b.csv"), tunnel).id == "job-1"
    assert len(fake.mutations) == 1


def test_a_file_is_needed_by_another_whatever_way_it_took(
    plan: OrdersPlan, connection: Connection, tunnel: Connection, fake: FakeApi, box: Sandbox
) -> None:
    returns = dataclasses.replace(plan, name="Returns")
    entry = broken_off(returns, tunnel, whole=True)
    with open_session(connection) as session:
        session.remove(plan.folder, plan.filename)
    submit(plan, connection)
    job_known_as(entry.id, tunnel).discard()
    assert files_of(plan, box) == ["orders.csv"]


def test_a_pin_tells_the_server_where_there_is_no_session(
    plan: OrdersPlan, connection: Connection, tunnel: Connection, fake: FakeApi
) -> None:
    job = submit(plan, connection)
    with pytest.raises(PlanError, match="over another: of"):
        job_known_as("Orders", tunnel)
    pinned = dataclasses.replace(tunnel, host_key=f"{connection.host_key}=")
    assert job_known_as("Orders", pinned).entry == job.entry


def test_a_host_key_that_was_renewed_is_that_of_the_same_server(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    submit(plan, connection)
    with closing(sqlite3.connect(Journal.of(connection).path)) as db, db:
        was = f"SHA256:{'a' * 43}"
        db.execute(
            "UPDATE steps SET detail = json_set(detail, '$.host_key', ?) WHERE step = 'planned'", (was,)
        )
    with pytest.raises(PlanError, match="under way"):
        submit(dataclasses.replace(plan.first(2), filename="b.csv"), connection)


def test_over_another_connection_it_is_said_over_which_it_was_begun(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    job = submit(plan, connection)
    other = dataclasses.replace(connection, user="bob@shop.example")
    for which in ("Orders", job.entry, plan.filename, "job-1"):
        with pytest.raises(PlanError, match=f"over another: of {connection.user} at ") as refused:
            job_known_as(which, other)
    said = str(refused.value)
    assert connection.api_key.reveal() not in said
    line = next(line for line in said.splitlines() if "connect_pandas.connect(" in line)
    assert f"directory={last(connection).directory!r}" in line
    keys = {
        "api_key": connection.api_key.reveal(),
        "key_file": connection.key_file,
        "host_key": connection.host_key,
    }
    call = line.strip().replace("connect(", "connect(**keys, ", 1)
    again = eval(call, {"connect_pandas": connect_pandas, "keys": keys})
    assert job_known_as("job-1", dataclasses.replace(again, state=connection.state)).entry == job.entry


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"host": "files.shop.com", "port": 22}, "files.shop.com"),
        ({"host": "files.shop.com", "port": 2222}, "files.shop.com:2222"),
        ({"host": "::1", "port": 22}, "::1"),
        ({"host": "::1", "port": 2222}, "[::1]:2222"),
    ],
)
def test_a_port_is_listed_where_it_is_not_the_usual_one(
    plan: OrdersPlan, connection: Connection, changes: dict[str, Any], shown: str
) -> None:
    Journal.open(connection).plan(plan, dataclasses.replace(connection, **changes), "/sub_1X")
    assert list(jobs(connection).host) == [shown]


# ── ended before its file was removed ────────────────────────────────────────────────────────────────────────


def killed_before_it_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise SystemExit  # a kill leaves as much: what is written down, and the file

    monkeypatch.setattr(Session, "remove", killed)


ENDS: dict[str, Callable[[OrdersPlan, Connection, FakeApi], object]] = {
    "discard": lambda plan, way, _: submit(plan, way).discard(),
    "tidy up": lambda plan, way, _: (
        broken_off(plan, way, whole=True),
        submit(dataclasses.replace(plan, filename="b.csv"), way),
    ),
    "a part, tidied up": lambda plan, way, _: (
        broken_off(plan, way, sent=b"Order"),
        submit(dataclasses.replace(plan, filename="b.csv"), way),
    ),
    "rejected": lambda plan, way, fake: (
        setattr(fake, "mutation", Reply({"errors": [{"message": "INPUT_VALIDATION_FAILED. No."}]})),
        submit(plan, way),
    ),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_what_a_killed_process_did_not_remove_the_next_import_removes(
    plan: OrdersPlan,
    connection: Connection,
    fake: FakeApi,
    box: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    end: Callable[[OrdersPlan, Connection, FakeApi], object],
) -> None:
    with monkeypatch.context() as here:
        killed_before_it_removed(here)
        with pytest.raises(SystemExit):
            end(plan, connection, fake)
    assert files_of(plan, box) == ["orders.csv"]
    fake.mutation = good(createImportJob={"id": "job-1"})
    submit(dataclasses.replace(plan, filename="c.csv"), connection)
    assert files_of(plan, box) == ["c.csv"]


@pytest.mark.parametrize("whose", ["another's of this machine", "of another size"])
def test_what_is_not_left_of_it_is_not_removed(
    plan: OrdersPlan,
    connection: Connection,
    fake: FakeApi,
    box: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
    whose: str,
) -> None:
    job = submit(plan, connection)
    with monkeypatch.context() as here:
        killed_before_it_removed(here)
        with pytest.raises(SystemExit):
            job.discard()
    with open_session(connection) as session:
        session.remove(plan.folder, plan.filename)
        if whose == "of another size":
            session.upload(plan.folder, plan.filename, iter([(b"x", 0)]))
    if whose != "of another size":
        submit(dataclasses.replace(plan, name="Returns"), connection)
    submit(dataclasses.replace(plan, filename="b.csv"), connection)
    assert sorted(files_of(plan, box)) == ["b.csv", "orders.csv"]


def test_after_an_upload_that_failed_nothing_is_looked_for(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    entry = broken_off(plan, connection)
    Journal.of(connection).end(entry.id, "failed", begun=False, reason="UploadFailed: it has tidied up")
    with open_session(connection) as session:  # another machine, of which this journal knows nothing
        session.make_folder(plan.folder)
        session.upload(plan.folder, plan.filename, plan.pieces())
    submit(dataclasses.replace(plan, filename="b.csv"), connection)
    assert sorted(files_of(plan, box)) == ["b.csv", "orders.csv"]


def test_what_failed_is_looked_after_once(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, size = list[str](), Session.size

    def count(session: Session, folder: str, filename: str) -> int | None:
        asked.append(filename)
        return size(session, folder, filename)

    journal = Journal.open(connection)
    old = [journal.plan(dataclasses.replace(plan, filename=f"{n}.csv"), connection, "/x") for n in range(20)]
    with open_session(connection) as session:
        old = [dataclasses.replace(entry, directory=session.directory) for entry in old]
    with closing(sqlite3.connect(journal.path)) as db, db:
        db.execute("UPDATE imports SET directory = ?", (old[0].directory,))
    for entry in old:
        journal.end(entry.id, "failed", begun=False, reason=BROKEN_OFF)
    monkeypatch.setattr(Session, "size", count)
    looks = list[int]()
    for number in range(5):
        asked.clear()
        submit(dataclasses.replace(plan, filename=f"again{number}.csv"), connection).discard()
        looks.append(len([file for file in asked if file[0].isdecimal()]))
    assert looks == [LOOK_BACK] * 4 + [0]
    assert [step.name for step in last(connection).steps][-2:] == ["submitted", "failed"]


# ── shown ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_job_that_another_process_sends_says_so(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    entry = broken_off(plan, connection)
    job = job_known_as(entry.id, connection)
    with at_work(entry):
        shown = repr(job)
    assert f"it is being sent right now, by process {os.getpid()} of this machine" in shown
    assert "next: job.wait()" in shown
    assert "never began" not in shown
    assert "broken off" not in shown
    assert "reference set 'Orders', broken off\n" in repr(job)
    assert "never began" in repr(job)


def test_a_state_folder_is_the_same_wherever_one_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECT_STATE_DIR", "state")
    with pytest.raises(ConfigurationError, match="is no absolute path"):
        Journal.of(None)


def test_what_failed_before_it_began_goes_on_with_the_data(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    entry = broken_off(plan, connection)
    Journal.of(connection).end(entry.id, "failed", begun=False, reason="KeyboardInterrupt")
    job = job_known_as(entry.id, connection)
    with pytest.raises(PlanError, match="is over"):
        job.resume()
    assert job.resume(plan).id == "job-1"
    assert len(fake.mutations) == 1


def test_an_import_that_another_process_sends_is_waited_for(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    entry = broken_off(plan, connection)
    fake.query = a_set_of(plan, rows=8)
    job, journal = job_known_as(entry.id, connection), Journal.of(connection)
    with at_work(entry):
        with pytest.raises(ImportTimeout, match="another process is sending it"):
            job.wait(0.1, progress=False)
        sending = threading.Timer(0.5, lambda: journal.step(entry.id, "submitted", job_id="job-7"))
        sending.start()
        assert job.wait(20, progress=False).id == "job-7"
        sending.join()
    assert steps(connection)[-1] == "completed"


@pytest.mark.skipif(not Path("/proc").exists(), reason="Linux tells by /proc")
def test_a_killed_process_that_nobody_has_noticed_is_not_at_work(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    entry = broken_off(plan, connection)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        by = {**entry.by, "process": other.pid, "since": _since(other.pid)}
        read = dataclasses.replace(entry, steps=(dataclasses.replace(entry.steps[0], detail=by),))
        assert read.is_at_work
        other.kill()
        os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
        assert not read.is_at_work


def test_a_journal_that_went_with_its_sandbox_is_not_made_anew(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "gone" / "journal.sqlite3")
    with pytest.warns(ConnectWarning, match="it is gone"):
        journal.step("x", "failed")
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_read_is_not_called_nothing(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    submit(plan, connection)
    Journal.of(connection).path.write_bytes(b"no journal" * 100)
    with pytest.raises(ConfigurationError, match="nobody can say what this machine has begun"):
        job_known_as("job-1", connection)
