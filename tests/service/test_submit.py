from __future__ import annotations

import dataclasses
import pickle
import threading
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from fixtures_service import (
    NO_SETS,
    FakeApi,
    OrdersPlan,
    Relay,
    Reply,
    good,
    interrupt_main,
    refusal,
)

from connect_pandas._sandbox import Sandbox
from connect_pandas._sandbox.sftp import Faults
from connect_pandas.errors import (
    AuthenticationFailed,
    ConnectError,
    ConnectionFailed,
    ConnectWarning,
    ImportRejected,
    ImportUnconfirmed,
    PlanError,
    UploadFailed,
)
from connect_pandas.service import logon
from connect_pandas.service.history import open_ends
from connect_pandas.service.journal import FILE_NAME, Journal
from connect_pandas.service.progress import Advance, silent
from connect_pandas.service.sftp import Session, open_session
from connect_pandas.service.submit import submit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from connect_pandas.service.connection import Connection


@pytest.fixture
def plan() -> OrdersPlan:
    return OrdersPlan(folder=f"RS/{uuid.uuid4().hex}")


def files_of(plan: OrdersPlan, box: Sandbox) -> list[str]:
    files = box.files
    return list(files.file[files.folder == plan.folder])


def steps() -> list[str]:
    """The steps of the only import in the journal."""
    (entry,) = Journal.open().entries()
    return [step.name for step in entry.steps]


# ── the good way ──────────────────────────────────────────────────────────────────────────────────────────


def test_each_step_is_done_and_written_down_before_the_next(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    seen: dict[str, Any] = {}

    class Watched(OrdersPlan):
        def pieces(self) -> Iterator[tuple[bytes, int]]:
            seen["at the upload"] = (steps(), len(fake.asked), files_of(plan, box))
            yield from super().pieces()

    def mutation(request: dict[str, Any]) -> Reply:
        seen["at the mutation"] = (steps(), request["variables"], files_of(plan, box))
        return good(createImportJob={"id": "job-1"})

    fake.mutation = mutation
    job = submit(Watched(folder=plan.folder), connection)
    assert seen["at the upload"] == (["planned"], 1, [])
    assert seen["at the mutation"] == (["planned", "uploaded", "asked"], plan.payload, ["orders.csv"])
    assert steps() == ["planned", "uploaded", "asked", "submitted"]
    assert (job.id, job.name, job.rows) == ("job-1", "Orders", 8)
    assert job.receipt is not None
    assert job.receipt.size == sum(len(piece) for piece, _ in plan.pieces())


def test_the_upload_is_shown_in_rows(plan: OrdersPlan, connection: Connection) -> None:
    shown: list[Any] = []

    @contextmanager
    def progress(label: str, total: int | None, unit: str) -> Iterator[Advance]:
        shown.append((label, total, unit))
        yield lambda count, size=0: shown.append((count, size))
        shown.append("done")

    submit(plan, connection, progress=progress)
    head, *counts, last = shown
    assert (head, last) == (("Uploading orders.csv", 8, "rows"), "done")
    assert sum(rows for rows, _ in counts) == 8
    assert sum(size for _, size in counts) == sum(len(piece) for piece, _ in plan.pieces())


def test_five_sets_are_for_the_service_to_judge(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    fake.query = sets(24)
    with pytest.warns(ConnectWarning, match="has 24 reference sets already"):
        assert submit(plan, connection).id == "job-1"


def test_without_a_journal_the_import_works_and_says_so_once(
    plan: OrdersPlan, way: Connection, state: Path
) -> None:
    (state / FILE_NAME).mkdir(parents=True)
    with pytest.warns(ConnectWarning, match="journal") as caught:
        job = submit(plan, way).wait(30)
    assert job.status == "completed"
    assert len(caught) == 1


# ── what is found before anything is written ──────────────────────────────────────────────────────────────


def sets(count: int, name: str = "Other") -> Reply:
    nodes = [{"name": f"{name}{n or ''}", "dataSetId": str(n), "type": "REFERENCE_SET"} for n in range(count)]
    return good(dataSets={"nodes": nodes})


@pytest.mark.parametrize(
    ("query", "kind", "words"),
    [
        (sets(2, "Orders"), PlanError, "taken are: Orders, Orders1"),
        (sets(25), PlanError, "25 reference sets"),
        (refusal("who?", status=401), AuthenticationFailed, "API key"),
        (Reply(raw=b"", status=502), ConnectionFailed, "HTTP 502"),
    ],
    ids=["taken", "full", "key", "down"],
)
def test_nothing_is_written_anywhere_when_the_api_says_no_first(
    plan: OrdersPlan,
    connection: Connection,
    fake: FakeApi,
    box: Sandbox,
    query: Reply,
    kind: type[ConnectError],
    words: str,
) -> None:
    fake.query = query
    with pytest.raises(kind, match=words):
        submit(plan, connection)
    assert files_of(plan, box) == []
    assert Journal.open().entries() == []
    assert fake.mutations == []


def test_a_file_of_that_name_stops_the_import(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    submit(plan, connection)
    (before,) = box.files[box.files.folder == plan.folder].bytes
    with pytest.raises(PlanError, match="already a file RS/") as caught:
        submit(dataclasses.replace(plan, name="More"), connection)
    assert "Leave filename away" in str(caught.value)
    assert len(fake.mutations) == 1
    assert list(box.files[box.files.folder == plan.folder].bytes) == [before]


def test_an_impossible_payload_asks_nobody(connection: Connection, fake: FakeApi) -> None:
    class Odd(OrdersPlan):
        @property
        def payload(self) -> dict[str, Any]:
            return {"importInput": {"importType": "CREATE"}}

    with pytest.raises(PlanError, match="jobName"):
        submit(Odd(), connection)
    assert fake.asked == []


# ── the upload fails ──────────────────────────────────────────────────────────────────────────────────────


def test_an_encoder_that_breaks_leaves_nothing(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    with pytest.raises(ArithmeticError, match="the encoder broke"):
        submit(dataclasses.replace(plan, break_after=4), connection)
    assert steps() == ["planned", "failed"]
    assert fake.mutations == []
    assert files_of(plan, box) == []


def test_a_refused_upload_never_starts_an_import(plan: OrdersPlan, fake: FakeApi, state: Path) -> None:
    with Sandbox(faults=Faults(refuse_close=True)) as faulty:
        with pytest.raises(UploadFailed):
            submit(plan, dataclasses.replace(faulty.connection, endpoint=fake.url, state=state))
        assert files_of(plan, faulty) == []
    assert fake.mutations == []
    assert steps() == ["planned", "failed"]


@pytest.mark.parametrize("when", ["before", "at the last row"])
def test_a_cancelled_upload_starts_no_import(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox, when: str
) -> None:
    cancel, rows = threading.Event(), 0

    @contextmanager
    def progress(label: str, total: int | None, unit: str) -> Iterator[Advance]:
        def advance(count: int, size: int = 0) -> None:
            nonlocal rows
            rows += count
            if rows == total:
                cancel.set()

        yield advance

    if when == "before":
        cancel.set()
    with pytest.raises(UploadFailed, match=r"(?i)cancelled"):
        submit(plan, connection, progress=progress, cancel=cancel)
    assert fake.mutations == []
    assert files_of(plan, box) == []
    assert steps()[-1] == "failed"
    assert open_ends(connection) == ()


# ── the service does not take it ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("mutation", "kind"),
    [
        (refusal("INPUT_VALIDATION_FAILED. No."), ImportRejected),
        (refusal("no", status=400), ImportRejected),
        (Reply({"message": "Forbidden"}, 403), AuthenticationFailed),
    ],
    ids=["refused", "400", "403"],
)
def test_a_refused_import_leaves_no_file(
    plan: OrdersPlan,
    connection: Connection,
    fake: FakeApi,
    box: Sandbox,
    mutation: Reply,
    kind: type[ConnectError],
) -> None:
    fake.mutation = mutation
    with pytest.raises(kind, match="nothing is left behind") as caught:
        submit(plan, connection)
    assert type(caught.value) is kind
    assert files_of(plan, box) == []
    assert steps() == ["planned", "uploaded", "asked", "rejected"]
    assert open_ends(connection) == ()


def test_a_rejection_keeps_the_services_reason(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    fake.mutation = refusal("INPUT_VALIDATION_FAILED. No.")
    with pytest.raises(ImportRejected) as caught:
        submit(plan, connection)
    assert caught.value.reason == "INPUT_VALIDATION_FAILED. No."


def test_an_import_that_could_not_be_sent_leaves_no_file(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    class Vanishing(OrdersPlan):
        def pieces(self) -> Iterator[tuple[bytes, int]]:
            yield from super().pieces()
            fake.go_away()

    with pytest.raises(ConnectionFailed, match="nothing is left behind"):
        submit(Vanishing(folder=plan.folder), connection)
    assert files_of(plan, box) == []
    assert steps() == ["planned", "uploaded", "asked", "failed"]


def test_a_file_that_cannot_be_removed_is_named(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    with Relay(connection.port) as wire:

        def mutation(_request: dict[str, Any]) -> Reply:
            wire.cut()
            return refusal("no", code="BAD_USER_INPUT")

        fake.mutation = mutation
        with pytest.raises(ImportRejected, match=rf"left behind: /sub_.*/{plan.folder}/orders\.csv"):
            submit(plan, dataclasses.replace(connection, port=wire.port))
    assert files_of(plan, box) == ["orders.csv"]


# ── nobody answers for it ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mutation", [Reply(drop="before"), Reply(raw=b"", status=502)], ids=["drop", "502"])
def test_an_unconfirmed_import_keeps_its_file_and_is_not_repeated(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox, mutation: Reply
) -> None:
    fake.mutation = mutation
    with pytest.raises(ImportUnconfirmed, match=f"{plan.folder}/orders.csv"):
        submit(plan, connection)
    assert files_of(plan, box) == ["orders.csv"]
    assert len(fake.mutations) == 1
    assert steps() == ["planned", "uploaded", "asked", "unconfirmed"]
    (job,) = open_ends(connection)
    assert job.id is None
    fake.query = NO_SETS
    assert job.status == "unknown"
    assert "never began" in job.seen.words


def test_an_interrupt_while_the_import_is_asked_for_leaves_it_unconfirmed(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    def mutation(_request: dict[str, Any]) -> Reply:
        interrupt_main()
        return Reply(stall=True)

    fake.mutation = mutation
    with pytest.raises(KeyboardInterrupt) as caught:
        submit(plan, connection)
    assert "may or may not have begun" in "".join(caught.value.__notes__)
    assert files_of(plan, box) == ["orders.csv"]
    assert steps() == ["planned", "uploaded", "asked", "unconfirmed"]
    assert "job = connect_pandas.job('orders.csv'); job.wait()" in "".join(caught.value.__notes__)


def test_an_unconfirmed_import_hands_over_its_job(
    plan: OrdersPlan, connection: Connection, fake: FakeApi
) -> None:
    fake.mutation = Reply(drop="before")
    with pytest.raises(ImportUnconfirmed, match=r"sys\.last_value\.job\.wait\(\)") as caught:
        submit(plan, connection)
    assert "connect_pandas.job('orders.csv')" in str(caught.value)
    job = caught.value.job
    assert job is not None
    assert (job.id, job.plan, job.name) == (None, plan, "Orders")
    assert job.status == "unknown"
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (str(copy), copy.job) == (str(caught.value), None)


# ── interrupted around the request ────────────────────────────────────────────────────────────────────────


def stopping_at(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Press Ctrl-C once, as the journal is about to write down this step."""
    pressed = list[str]()

    def pressing(write: Callable[..., None]) -> Callable[..., None]:
        def step(self: Journal, entry: str, step: Any, **detail: Any) -> None:
            if step == name and not pressed:
                pressed.append(step)
                raise KeyboardInterrupt
            write(self, entry, step, **detail)

        return step

    monkeypatch.setattr(Journal, "step", pressing(Journal.step))
    monkeypatch.setattr(Journal, "step_before", pressing(Journal.step_before))


def require_nothing_left(stop: BaseException, plan: OrdersPlan, fake: FakeApi, box: Sandbox) -> None:
    assert "No import was started. The uploaded file was removed" in "".join(stop.__notes__)
    assert files_of(plan, box) == []
    assert fake.mutations == []
    assert steps()[-1] == "failed"


def test_an_interrupt_between_upload_and_request_leaves_nothing(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping_at("uploaded", monkeypatch)
    with pytest.raises(KeyboardInterrupt) as caught:
        submit(plan, connection)
    require_nothing_left(caught.value, plan, fake, box)


def test_an_interrupt_as_the_bar_closes_leaves_nothing(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    @contextmanager
    def progress(label: str, total: int | None, unit: str) -> Iterator[Advance]:
        yield lambda _count, _size=0: None
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        submit(plan, connection, progress=progress)
    require_nothing_left(caught.value, plan, fake, box)


def test_an_interrupt_after_the_request_does_not_lose_the_id(
    plan: OrdersPlan, connection: Connection, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopping_at("submitted", monkeypatch)
    with pytest.raises(KeyboardInterrupt) as caught:
        submit(plan, connection)
    assert "The import has begun: id job-1" in "".join(caught.value.__notes__)
    assert files_of(plan, box) == ["orders.csv"]
    assert steps() == ["planned", "uploaded", "asked", "submitted"]
    assert [job.id for job in open_ends(connection)] == ["job-1"]


def test_an_interrupt_on_the_way_out_does_not_lose_the_id(
    plan: OrdersPlan, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def close(self: Session) -> None:
        logon.close(self._transport)
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "close", close)
    with pytest.raises(KeyboardInterrupt) as caught:
        submit(plan, connection)
    assert "The import has begun: id job-1" in "".join(caught.value.__notes__)


def test_interrupted_twice_the_file_is_still_named(
    plan: OrdersPlan, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def remove(self: Session, folder: str, filename: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "remove", remove)
    stopping_at("uploaded", monkeypatch)
    with pytest.raises(KeyboardInterrupt) as caught:
        submit(plan, connection)
    notes = "".join(caught.value.__notes__)
    assert "may be left behind: /sub_" in notes
    assert f"/{plan.folder}/orders.csv" in notes


# ── the same name once more ───────────────────────────────────────────────────────────────────────────────


def test_a_made_up_name_that_is_taken_is_made_up_anew(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    submit(plan, connection)
    again = dataclasses.replace(plan, name="More", filename_given=False)
    job = submit(again, connection)
    assert job.filename != "orders.csv"
    assert sorted(files_of(plan, box)) == sorted(["orders.csv", job.filename])
    asked = fake.mutations[-1]["variables"]["importInput"]
    assert asked["fileLocation"]["filename"] == job.filename


def test_a_second_import_of_a_name_that_is_under_way_is_refused(
    plan: OrdersPlan, connection: Connection, fake: FakeApi, box: Sandbox
) -> None:
    first = submit(plan, connection)
    again = dataclasses.replace(plan, filename="again.csv", orders=plan.orders[:3])
    with pytest.raises(
        PlanError, match=r"An import of 'Orders' is under way \(job id job-1, begun"
    ) as caught:
        submit(again, connection)
    assert "job = connect_pandas.job('orders.csv'); job.wait()" in str(caught.value)
    assert files_of(plan, box) == ["orders.csv"]
    assert len(fake.mutations) == 1
    first.discard()
    assert files_of(plan, box) == []
    assert open_ends(connection) == ()
    assert submit(again, connection).id == "job-1"


def test_a_name_whose_file_has_just_gone_may_still_get_its_set(
    plan: OrdersPlan, connection: Connection, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = submit(plan, connection)
    with open_session(connection) as session:
        session.remove(plan.folder, plan.filename)
    with pytest.raises(PlanError, match="its set does not show yet"):
        submit(dataclasses.replace(plan, filename="again.csv"), connection)
    monkeypatch.setattr("connect_pandas.service.earlier.GRACE_SECONDS", 0.0)
    assert submit(dataclasses.replace(plan, filename="again.csv"), connection).id == first.id


def test_the_wait_can_be_shown_where_the_upload_is_not(plan: OrdersPlan, connection: Connection) -> None:
    @contextmanager
    def shown(label: str, total: int | None, unit: str) -> Iterator[Advance]:
        yield lambda _count: None

    assert submit(plan, connection).progress is silent
    other = dataclasses.replace(plan, name="More", filename="more.csv")
    assert submit(other, connection, wait_progress=shown).progress is shown
