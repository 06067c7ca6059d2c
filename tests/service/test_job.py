from __future__ import annotations

import dataclasses
import json
import time
import uuid
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from fixtures_service import (
    NAMES,
    NO_SETS,
    TYPES,
    FakeApi,
    OrdersPlan,
    Relay,
    Reply,
    connection_to,
    forward,
    good,
    interrupt_main,
    until,
)

from connect_pandas._sandbox import Sandbox
from connect_pandas.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectionFailed,
    ConnectWarning,
    ImportTimeout,
    PlanError,
)
from connect_pandas.rules import DATE_FORMATS
from connect_pandas.service import job as job_room
from connect_pandas.service.history import job as job_known_as
from connect_pandas.service.history import open_ends
from connect_pandas.service.job import Evidence, ImportJob, Seen, judge
from connect_pandas.service.journal import Journal
from connect_pandas.service.progress import silent
from connect_pandas.service.submit import submit
from connect_pandas.service.verify import Difference, Verification, strptime_pattern, verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connect_pandas.service.connection import Connection


@pytest.fixture(autouse=True)
def few_sets(box: Sandbox) -> Iterator[None]:
    """Leave no set behind: a subscription has five."""
    yield
    for data_set in box.sets.id:
        query = f'mutation {{ deleteDataSet(where: {{dataSetId: "{data_set}"}}) {{ dataSetId }} }}'
        forward({"query": query}, box)


def new_plan() -> OrdersPlan:
    return OrdersPlan(name=f"Orders-{uuid.uuid4().hex[:8]}", folder=f"RS/{uuid.uuid4().hex}")


def gone(connection: Connection, rows: int = 8) -> ImportJob:
    """A job whose file is not there."""
    journal = Journal.open()
    entry = journal.plan(OrdersPlan(), connection, "/").id
    journal.step(entry, "submitted", job_id="job-1")
    return ImportJob(
        id="job-1",
        name="Orders",
        job_name="Add orders",
        folder="",
        filename="gone.csv",
        rows=rows,
        payload=OrdersPlan().payload,
        connection=connection,
        journal=journal,
        entry=entry,
    )


def api_with(counts: Iterator[int] | int | None) -> Callable[[dict[str, Any]], Reply]:
    """An API that shows the set with these counts, one a look, the last for ever; ``None`` shows no set."""
    given = iter([counts] if isinstance(counts, int) else counts or [])
    last: list[int] = []

    def answer(request: dict[str, Any]) -> Reply:
        if "dataSets" in request["query"]:
            nodes = [{"name": "Orders", "dataSetId": "7", "type": "REFERENCE_SET"}]
            return NO_SETS if counts is None else good(dataSets={"nodes": nodes})
        last[:] = [next(given, *last)]
        return good(referenceSetRecords={"totalCount": last[0]})

    return answer


def steps_of(job: ImportJob) -> list[str]:
    return [step.name for entry in Journal.open().entries() if entry.id == job.entry for step in entry.steps]


# ── what a look means ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("evidence", "begun", "status", "words"),
    [
        (Evidence(True, False), True, "submitted", "still on the server"),
        (Evidence(True, True, 3), True, "submitted", "3 of 8 rows so far"),
        (Evidence(True, True, 8), True, "submitted", "8 of 8 rows so far"),
        (Evidence(True, None, 0, "API down"), True, "submitted", "API down"),
        (Evidence(True, False), False, "unknown", "never began"),
        (Evidence(False, True, 8), True, "completed", "8 of 8 rows, and its file is gone"),
        (
            Evidence(False, True, 8),
            False,
            "completed",
            "never confirmed it, so compare a sample: job.verify()",
        ),
        (Evidence(False, True, 9), True, "completed", "9 of 8"),
        (Evidence(None, True, 8, "SFTP down"), True, "completed", "SFTP down"),
        (Evidence(None, True, 8, "SFTP down"), False, "unknown", "may be another import's (SFTP down)"),
        (Evidence(False, True, 7), True, "partial", "7 of 8"),
        (Evidence(False, False), True, "unknown", "no data set of this name"),
        (Evidence(False, None, 0, "API down"), True, "unknown", "done with it (API down)"),
        (Evidence(None, True, 7, "SFTP down"), True, "unknown", "7 of 8 rows (SFTP down)"),
        (Evidence(None, False, 0, "SFTP down"), True, "unknown", "no data set of this name"),
    ],
)
def test_what_a_look_means(evidence: Evidence, begun: bool, status: str, words: str) -> None:
    judged, said = judge(evidence, 8, begun=begun)
    assert judged == status
    assert words in said


# ── on the sandbox ────────────────────────────────────────────────────────────────────────────────────────


def test_an_import_is_followed_to_its_end_and_verified(box: Sandbox, way: Connection) -> None:
    plan = new_plan()
    job = submit(plan, way)
    assert job.seen.status == "submitted"
    assert job.wait(30) is job
    assert job.status == "completed"
    assert list(box.files.file[box.files.folder == plan.folder]) == []
    verification = job.verify()
    assert verification.ok
    assert (verification.rows_sent, verification.rows_found, verification.compared) == (8, 8, 8)
    assert job.verify(sample=0) == Verification(plan.name, 8, 8)
    assert steps_of(job) == ["planned", "uploaded", "asked", "submitted", "completed"]


def test_a_waiting_job_is_submitted(fake: FakeApi, box: Sandbox, connection: Connection) -> None:
    job = submit(new_plan(), connection)
    assert job.status == "submitted"
    assert steps_of(job)[-1] == "submitted"


def test_a_failed_import_ends_in_words_and_not_in_success(
    box: Sandbox, way: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = new_plan()
    bad = dataclasses.replace(plan, orders=(*plan.orders, ("8783845", *plan.orders[0][1:])))
    job = submit(bad, way)
    until(lambda: list(box.jobs.status[box.jobs.data_set == plan.name]) == ["failed"])
    with pytest.raises(ImportTimeout, match="still on the server") as caught:
        job.wait(0.5)
    assert isinstance(caught.value, TimeoutError)
    for words in (
        "look in the sandbox's table, box.jobs",
        str(job.id),
        f"{plan.folder}/orders.csv",
        "job.wait()",
    ):
        assert words in str(caught.value)
    verification = job.verify()
    assert not verification.ok
    assert verification.rows_found is None


def test_jobs_of_before_are_found_in_the_journal(way: Connection) -> None:
    plan = new_plan()
    submitted = submit(plan, way)
    (job,) = open_ends(way)
    assert (job.id, job.name, job.rows, job.plan) == (submitted.id, plan.name, 8, None)
    assert job.receipt == submitted.receipt
    assert job.wait(30).status == "completed"
    assert job.verify() == Verification(plan.name, 8, 8)
    assert open_ends(way) == ()
    assert job_known_as(plan.name, way).seen.status == "completed"
    else_where = dataclasses.replace(way, user="someone@else.example")
    with pytest.raises(PlanError, match="has begun none at all"):
        job_known_as("Nothing", else_where)


def test_a_job_that_was_discarded_is_not_waited_for(connection: Connection) -> None:
    job = submit(new_plan(), connection)
    job.discard()
    with pytest.raises(PlanError, match=r"was discarded.*nothing to wait for"):
        job.wait()
    assert f'next: df.connect.create_reference_set("{job.name}")' in repr(job)


def test_what_was_uploaded_when_the_process_died_is_not_forgotten(connection: Connection) -> None:
    journal = Journal.open()
    journal.plan(OrdersPlan(), connection, "/")
    entry = journal.plan(OrdersPlan(), connection, "/").id
    journal.step(entry, "uploaded", path="/x", size=1, sha256="ab")
    (job,) = open_ends(connection)
    assert (job.entry, job.id, job.seen.status) == (entry, None, "unknown")


# ── waiting ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_room, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(job_room, "LAST_PAUSE", 0.05)
    monkeypatch.setattr(job_room, "SETTLED_SECONDS", 0.4)
    monkeypatch.setattr(job_room, "GRACE_SECONDS", 0.4)


@pytest.mark.usefixtures("quick")
def test_rows_that_still_arrive_are_waited_for(fake: FakeApi, connection: Connection) -> None:
    fake.query = api_with(iter([0, 2, 5, 7, 8]))
    job = gone(connection)
    shown: list[int] = []

    @contextmanager
    def progress(label: str, total: int | None, unit: str) -> Iterator[Callable[[int], None]]:
        assert (label, total, unit) == ("Importing Orders", 8, "rows")
        yield shown.append

    job.progress = progress
    assert job.wait(30).seen.status == "completed"
    assert shown == [0, 2, 3, 2, 1]
    shown.clear()
    job = gone(connection)
    job.progress = progress
    job.wait(30, progress=False)
    assert shown == []


@pytest.mark.usefixtures("quick")
def test_a_count_that_grows_for_long_is_not_partial(fake: FakeApi, connection: Connection) -> None:
    fake.query = api_with(
        iter(range(21))
    )  # a look each, 50 ms apart: far longer than a count may stand still
    assert gone(connection, rows=20).wait(30).seen.status == "completed"


@pytest.mark.usefixtures("quick")
def test_rows_that_no_longer_arrive_are_a_partial_import(fake: FakeApi, connection: Connection) -> None:
    fake.query = api_with(iter([2, 7]))
    job = gone(connection).wait(30)
    assert job.seen.status == "partial"
    assert "7 of 8 rows" in repr(job)
    assert steps_of(job) == ["planned", "submitted", "partial"]
    assert job.verify() == Verification("Orders", 8, 7)


@pytest.mark.usefixtures("quick")
def test_a_set_that_never_shows_is_not_called_a_success(fake: FakeApi, connection: Connection) -> None:
    job = gone(connection)
    with pytest.raises(ImportTimeout, match="no data set of this name is visible"):
        job.wait(30)
    assert job.seen.status == "unknown"
    assert steps_of(job) == ["planned", "submitted"]


@pytest.mark.usefixtures("quick")
def test_a_set_that_shows_late_is_waited_for(fake: FakeApi, connection: Connection) -> None:
    visible = api_with(8)
    fake.query = lambda request: visible(request) if len(fake.asked) > 3 else NO_SETS
    assert gone(connection).wait(30).seen.status == "completed"


@pytest.mark.usefixtures("quick")
def test_passing_failures_are_waited_out(
    box: Sandbox, way: Connection, fake: FakeApi, connection: Connection
) -> None:
    plan = new_plan()
    looks = 0
    with Relay(way.port) as wire:
        job = submit(plan, dataclasses.replace(way, port=wire.port))
        job.connection = dataclasses.replace(job.connection, endpoint=fake.url)
        before = wire.connections

        def query(request: dict[str, Any]) -> Reply:
            nonlocal looks
            looks += 1
            if looks in (1, 3, 4):
                wire.cut()
                return Reply(raw=b"", status=500)
            return forward(request, box)

        fake.query = query
        assert job.wait(30).status == "completed"
        assert wire.connections > before + 1, "a broken session is opened anew"


@pytest.mark.usefixtures("quick")
def test_a_long_outage_is_no_missing_set(fake: FakeApi, connection: Connection) -> None:
    visible, begin = api_with(8), time.monotonic()
    down = Reply(raw=b"", status=503)
    fake.query = lambda request: visible(request) if time.monotonic() - begin > 1.0 else down
    assert gone(connection).wait(30).seen.status == "completed"


@pytest.mark.usefixtures("quick")
def test_what_does_not_pass_ends_the_wait(fake: FakeApi, connection: Connection) -> None:
    fake.query = Reply({"message": "Forbidden"}, 403)
    with pytest.raises(AuthenticationFailed, match="API key"):
        gone(connection).wait(30)


@pytest.mark.usefixtures("quick")
def test_an_interrupt_leaves_the_import_as_it_is(fake: FakeApi, connection: Connection) -> None:
    def query(request: dict[str, Any]) -> Reply:
        if len(fake.asked) == 3:
            interrupt_main()
        return NO_SETS

    fake.query = query
    job = gone(connection)
    with pytest.raises(KeyboardInterrupt) as caught:
        job.wait(30)
    assert "the import goes on" in "".join(caught.value.__notes__)
    assert steps_of(job) == ["planned", "submitted"]


def nobody_there(connection: Connection) -> Connection:
    with Relay(1) as closed:
        port = closed.port
    return dataclasses.replace(connection, port=port)


def test_one_side_is_enough_to_look(fake: FakeApi, connection: Connection) -> None:
    fake.query = api_with(8)
    job = gone(nobody_there(connection))
    assert job.status == "completed"
    assert "its file is gone" not in job.seen.words
    fake.query = Reply(raw=b"", status=503)
    job = gone(connection)
    assert job.status == "unknown"
    assert "HTTP 503" in job.seen.words


def test_with_neither_side_there_is_no_status(fake: FakeApi, connection: Connection) -> None:
    fake.query = Reply(raw=b"", status=503)
    with pytest.raises(ConnectionFailed, match="HTTP 503") as caught:
        _ = gone(nobody_there(connection)).status
    assert "127.0.0.1" in str(caught.value)


def test_a_repr_asks_nobody_and_says_what_to_do_next() -> None:
    job = gone(connection_to("http://127.0.0.1:1/"))
    assert "job.wait()" in repr(job)
    assert "Data management > Job monitoring: Add orders" in repr(job)
    job.seen = Seen("completed", "all there", datetime(2026, 1, 2, 3, 4, 5))
    assert "job.verify()" in repr(job)
    assert "✓ done       all there (as of 2026-01-02 03:04:05)" in repr(job)
    assert "did not confirm" in repr(dataclasses.replace(job, id=None))


def test_the_silent_progress_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with silent("Uploading", 5, "rows") as advance:
        advance(5)
    assert capsys.readouterr() == ("", "")


@pytest.mark.usefixtures("quick")
def test_a_standstill_is_warned_of_once(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_room, "STILL_SECONDS", 0.1)
    job = submit(new_plan(), connection)
    with (
        pytest.warns(ConnectWarning, match=r"a failed import keeps its file.*box\.jobs.*job-1") as caught,
        pytest.raises(ImportTimeout),
    ):
        job.wait(0.6)
    assert len(caught) == 1


@pytest.mark.parametrize("timeout", ["60", None, -1, float("nan"), True])
def test_a_timeout_is_a_number(timeout: Any) -> None:
    with pytest.raises(PlanError, match=r"timeout=.* is no number of seconds"):
        gone(connection_to("http://127.0.0.1:1/")).wait(timeout)


def test_a_completed_job_needs_no_connection_any_more() -> None:
    job = gone(connection_to("http://127.0.0.1:1/"))
    job.seen = Seen("completed", "all there", datetime.now())
    assert job.wait() is job


def test_a_sandbox_that_has_stopped_says_so() -> None:
    with Sandbox() as gone_box:
        job = submit(OrdersPlan(), gone_box.connection)
        folder = gone_box.connection.key_file.parent
    for call in (job.wait, job.verify, lambda: job_known_as("Orders", gone_box.connection)):
        with pytest.raises(ConfigurationError, match="This sandbox has stopped"):
            call()
    assert "This sandbox has stopped" in repr(gone_box.connection.check())
    assert not folder.exists()


# ── verifying ─────────────────────────────────────────────────────────────────────────────────────────────


def holding(*records: dict[str, Any], count: int | None = None) -> Callable[[dict[str, Any]], Reply]:
    """An API whose set holds these records; values are JSON's, a ``Decimal`` a number of many digits."""
    answer = api_with(len(records) if count is None else count)
    nodes = [
        {"key": str(r["Order ID"]), "attributes": [{"name": n, "value": v} for n, v in r.items()]}
        for r in records
    ]

    def reply(request: dict[str, Any]) -> Reply:
        if "nodes { key" not in " ".join(request["query"].split()):
            return answer(request)
        body = json.dumps({"data": {"referenceSetRecords": {"nodes": nodes}}}, default=lambda d: f"<{d}>")
        return Reply(raw=body.replace('"<', "").replace('>"', "").encode())

    return reply


def payload_of(types: dict[str, str], date_format: str | None = None) -> dict[str, Any]:
    attributes = [
        {"name": name, "type": type_} | ({"identifyAs": {"key": True}} if name == "Order ID" else {})
        for name, type_ in types.items()
    ]
    return {
        "importInput": {"attributes": {"create": attributes}}
        | ({"dateFormat": date_format} if date_format else {})
    }


@pytest.mark.parametrize(
    ("type_", "date_format", "sent", "found", "same"),
    [
        ("TEXT", None, "N/A", "N/A", True),
        ("TEXT", None, " x", "x", False),
        ("TEXT", None, "1.0", 1.0, True),
        ("TEXT", None, None, None, True),
        ("TEXT", None, None, "", True),
        ("TEXT", None, None, "None", False),
        ("TEXT", None, "x", None, False),
        ("NUMBER", None, "623.70", 623.7, True),
        ("NUMBER", None, "623.70", "623.7", True),
        ("NUMBER", None, "5", 5, True),
        ("NUMBER", None, "-0.0", 0, True),
        ("NUMBER", None, "0.1234567890123456789", Decimal("0.1234567890123456789"), True),
        ("NUMBER", None, "0.1234567890123456789", Decimal("0.12345678901234568"), False),
        ("NUMBER", None, "623.70", 623.71, False),
        ("NUMBER", None, "5", "five", False),
        ("NUMBER", None, "0", None, False),
        ("BOOLEAN", None, "TRUE", True, True),
        ("BOOLEAN", None, "FALSE", "false", True),
        ("BOOLEAN", None, "FALSE", None, False),
        ("BOOLEAN", None, "TRUE", False, False),
        ("DATE", None, "2024-11-01T16:04:38Z", "2024-11-01 16:04:38.000", True),
        ("DATE", None, "2024-11-01T16:04:38Z", "2024-11-01T18:04:38+02:00", True),
        ("DATE", None, "2024-11-01T16:04:38Z", "2024-11-01 16:04:39.000", False),
        ("DATE", "DAY_MONTH_YEAR_SLASH_SEPARATED", "03/04/2025", "2025-04-03 00:00:00.000", True),
        ("DATE", "MONTH_DAY_YEAR_SLASH_SEPARATED", "03/04/2025", "2025-04-03 00:00:00.000", False),
        ("DATE", "YEAR_MONTH_DAY_DASH_SEPARATED", "2025-04-03", "soon", False),
        ("DATE", None, None, None, True),
    ],
)
def test_a_value_is_compared_as_its_type_means_it(
    fake: FakeApi, type_: str, date_format: str | None, sent: str | None, found: Any, same: bool
) -> None:
    fake.query = holding({"Order ID": "1", "Value": found})
    types = {"Order ID": "TEXT", "Value": type_}
    row = {"Order ID": "1", "Value": sent}
    result = verify(connection_to(fake.url), "Orders", 1, payload_of(types, date_format), [row])
    assert result.ok is same
    assert [(d.key, d.attribute, d.sent) for d in result.differences] == (
        [] if same else [("1", "Value", sent)]
    )


def test_a_row_that_is_not_there_is_one_difference(fake: FakeApi) -> None:
    plan = OrdersPlan()
    held = dict(zip(NAMES, plan.orders[0], strict=True)) | {"Amount": 623.7, "First-time purchase": True}
    fake.query = holding(held, count=8)
    result = verify(connection_to(fake.url), "Orders", 8, plan.payload, plan.sample(2))
    assert result.differences == (Difference("8758175", "Order ID", "8758175", None),)
    assert not result.ok
    assert "'8758175'  Order ID   '8758175'  nothing" in repr(result)


def test_a_number_for_a_key_is_asked_for_as_a_number(fake: FakeApi) -> None:
    fake.query = holding({"Order ID": 7}, {"Order ID": 1.5})
    rows: list[dict[str, str | None]] = [{"Order ID": "7.0"}, {"Order ID": "1.50"}]
    result = verify(connection_to(fake.url), "Orders", 2, payload_of({"Order ID": "NUMBER"}), rows)
    assert result.ok
    assert "in: [7, 1.50]" in fake.asked[-1]["query"]


@pytest.mark.parametrize("date_format", [None, "DAY_MONTH_YEAR_SLASH_SEPARATED"])
def test_a_date_for_a_key_is_asked_for_as_the_service_shows_it(
    fake: FakeApi, date_format: str | None
) -> None:
    fake.query = holding({"Order ID": "2024-02-01 00:00:00.000"})
    sent = "01/02/2024" if date_format else "2024-02-01T00:00:00Z"
    payload = payload_of({"Order ID": "DATE"}, date_format)
    result = verify(connection_to(fake.url), "Orders", 1, payload, [{"Order ID": sent}])
    assert (result.ok, result.compared) == (True, 1)
    assert 'in: ["2024-02-01 00:00:00.000"]' in fake.asked[-1]["query"]
    fake.query = holding(count=1)
    result = verify(connection_to(fake.url), "Orders", 1, payload, [{"Order ID": sent}])
    assert (result.ok, result.compared) == (True, 0)
    assert "counted only" in repr(result)


def test_rows_are_not_called_ones_own_while_the_file_waits(fake: FakeApi, connection: Connection) -> None:
    job = submit(OrdersPlan(name="Orders", folder=f"RS/{uuid.uuid4().hex}"), connection)
    fake.query = api_with(8)
    result = job.verify(0)
    assert (result.rows_found, result.ok) == (8, False)
    assert "these rows may be another import's" in repr(result)


def test_a_count_that_differs_is_not_ok() -> None:
    assert Verification("Orders", 8, 8, 8).ok
    assert not Verification("Orders", 8, 7)
    assert not Verification("Orders", 8, None)
    assert "no data set of this name" in repr(Verification("Orders", 8, None))
    many = tuple(Difference(str(n), "Amount", "1", 2) for n in range(25))
    assert "… and 5 differences more: .differences" in repr(Verification("Orders", 25, 25, 25, many))


def test_the_names_of_date_formats_spell_the_rules_patterns() -> None:
    assert {f.name: strptime_pattern(f.name) for f in DATE_FORMATS} == {
        f.name: f.strftime for f in DATE_FORMATS
    }
    assert strptime_pattern(None) == DATE_FORMATS[0].strftime
    assert set(TYPES) == {"TEXT", "NUMBER", "DATE", "BOOLEAN"}
