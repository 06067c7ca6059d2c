"""How things look, held by files: ``REWRITE_SNAPSHOTS=1 pytest tests/notebook/test_snapshots.py`` writes them anew."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import connect_pandas
from connect_pandas import ConnectWarning, ImportRejected, Sandbox, samples
from connect_pandas.data.problems import Problem, Row, ordered
from connect_pandas.notebook import draw, view_service
from connect_pandas.service.checkup import Checkup, Side
from connect_pandas.service.connection import Connection, Secret
from connect_pandas.service.job import ImportJob, Seen
from connect_pandas.service.verify import Difference, Verification

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connect_pandas import ImportPlan

FOLDER = Path(__file__).with_name("snapshots")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
API_KEY, PASSPHRASE = "key-that-nobody-may-see", "passphrase-that-nobody-may-see"

ORDERS = samples.orders().assign(**{"Discount coupon": "FALL2024"})

PROBLEMS = ordered(  # of our own making: what rooms say is held by their tests, how it looks by this one
    [
        Problem.of("missing-key", "1 row has no key.", column="Order ID", count=1, rows=[Row(3, 3, None)]),
        Problem.of(
            "line-break",
            "7 values hold a line break.",
            column="Discount coupon",
            count=7,
            rows=[Row(0, "first", "x\ny"), Row(2, "third", "z\nz")],
            fix="df = df.connect.repair(columns=['Discount coupon']).frame   # a space\nor = 'another line'",
        ),
        Problem.of("no-time-zone", "They have no time zone.", column="Date", count=8),
        Problem.of("unnamed-index", "The index has no name."),
    ]
)

ACCOUNT = Connection(
    user="ann@shop.example",
    host="s-acca2da9ec374c47b.server.transfer.us-east-1.amazonaws.com",
    endpoint="https://connect-gql-us-1.goacoustic.com",
    api_key=Secret(API_KEY),
    key_file=Path("/home/ann/.ssh/connect"),
    passphrase=Secret(PASSPHRASE),
    directory="sub_000000001X",
    domain="prod-us-east-1",
    profile="shop",
)


def orders_plan(**options: Any) -> ImportPlan:
    given: dict[str, Any] = {"folder": "RS/Orders", "filename": "orders.csv", "job_name": "Add orders"}
    return connect_pandas.plan(ORDERS, "Orders", notify="ann@shop.example", **(given | options))


def job_of(plan: ImportPlan, **known: Any) -> ImportJob:
    seen = Seen("submitted", "nothing was looked at yet", datetime(2026, 1, 2, 3, 4, 5))
    given: dict[str, Any] = {
        "id": "2f0e8a52-6d0c-4b6e-9d8a-1d8e5b7c9a10",
        "name": plan.name,
        "job_name": plan.job_name,
        "folder": plan.folder,
        "filename": plan.filename,
        "rows": plan.rows,
        "payload": plan.payload,
        "connection": ACCOUNT,
        "seen": seen,
    }
    return ImportJob(**(given | known))


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    """A sandbox with one set, and one job that failed."""
    with connect_pandas.sandbox() as sandbox:
        job = orders_plan().submit(progress=False)
        job.wait(progress=False)
        yield sandbox


def refused_sixth() -> dict[str, str]:
    """Return the bundle of a job that was refused, of a sandbox that has stopped: another beside it would show."""
    with Sandbox() as full:
        for name in "ABCDE":
            small = connect_pandas.plan(ORDERS.head(1), name)
            small.submit(full.connection, progress=False).wait(progress=False)
        with pytest.warns(ConnectWarning, match="may refuse another"), pytest.raises(ImportRejected):
            orders_plan().submit(full.connection, progress=False)
        return connect_pandas.job("Orders", full.connection)._repr_mimebundle_()


def values(box: Sandbox) -> dict[str, Any]:
    """Return what is held, by the name of its file."""
    done = connect_pandas.job("Orders", box.connection)
    done.wait(progress=False)
    checked = job_of(orders_plan(), seen=Seen("completed", "8 of 8 rows", datetime(2026, 1, 2, 3, 4, 5)))
    checked.verification = Verification("Orders", 8, 8, 8)
    differences = (Difference("8783845", "Amount", "623.70", 623.7), Difference("1", "Order ID", "1", None))
    return {
        "accessor": ORDERS.connect,
        "attribute": connect_pandas.infer(ORDERS).of("Order ID"),
        "connection": ACCOUNT,
        "job-submitted": job_of(orders_plan()),
        "job-unconfirmed": job_of(
            orders_plan(),
            id=None,
            seen=Seen("unknown", "the service did not confirm the import", datetime(2026, 1, 2, 3, 4, 5)),
        ),
        "job-completed": done,
        "job-verified": checked,
        "plan": orders_plan(),
        "plan-with-errors": replace(orders_plan(), problems=PROBLEMS),
        "problem": PROBLEMS[1],
        "problems": PROBLEMS,
        "repair": samples.orders().connect.repair(missing=["Discount coupon"], key="Order ID"),
        "checkup": Checkup(
            (Side("File server", True, "logged on"), Side("API", False, "no:\nthe key is unknown"))
        ),
        "sandbox": box,
        "verification": Verification("Orders", 8, 8, 8),
        "verification-with-differences": Verification("Orders", 8, 7, 8, differences, file_waits=True),
    }


NAMES = (
    *(
        "accessor",
        "attribute",
        "connection",
        "job-completed",
        "job-rejected",
        "job-submitted",
        "job-unconfirmed",
        "job-verified",
    ),
    *(
        "plan",
        "plan-with-errors",
        "problem",
        "problems",
        "repair",
        "checkup",
        "sandbox",
        "verification",
        "verification-with-differences",
    ),
)


@pytest.fixture(scope="module")
def bundles(box: Sandbox) -> dict[str, dict[str, str]]:
    made = {name: value._repr_mimebundle_() for name, value in values(box).items()}
    return made | {"job-rejected": refused_sixth()}


def settled(shown: str) -> str:
    """Put fixed words for what no two runs have in common."""
    for pattern, fixed in (
        (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "2f0e8a52-6d0c-4b6e-9d8a-1d8e5b7c9a10"),
        (r"(127\.0\.0\.1(:|, port ))\d+", r"\g<1>1"),
        (r"(20\d\d-\d\d-\d\d )?\d\d:\d\d:\d\d(?!Z)", "03:04:05"),
    ):
        shown = re.sub(pattern, fixed, shown)
    return shown


def hold(name: str, shown: str) -> None:
    file = FOLDER / name
    if os.environ.get("REWRITE_SNAPSHOTS"):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(shown + "\n", encoding="utf-8")
    assert shown + "\n" == file.read_text(encoding="utf-8"), (
        f"{name} has changed: see how this file is rewritten"
    )


@pytest.mark.parametrize("name", NAMES)
def test_it_looks_as_it_did(bundles: dict[str, dict[str, str]], name: str) -> None:
    hold(f"{name}.txt", settled(bundles[name]["text/plain"]))
    hold(f"{name}.html", settled(bundles[name]["text/html"]).replace("><", ">\n<"))


def test_every_snapshot_is_of_something(bundles: dict[str, dict[str, str]]) -> None:
    assert set(bundles) == set(NAMES) == {file.stem for file in FOLDER.iterdir()}


@pytest.mark.parametrize("name", NAMES)
def test_the_html_reads_without_styles(bundles: dict[str, dict[str, str]], name: str) -> None:
    read = Read(bundles[name]["text/html"])
    assert read.tags <= {*"div strong ol li span br table thead tbody tr th td code".split()}
    assert read.attributes <= {"class", "style", "scope"}
    if name != "connection":  # whose text is one line
        words = set(re.findall(r"\w+", bundles[name]["text/plain"])) - {"fix"}
        assert words <= set(re.findall(r"\w+", read.text)), "what the text says, the HTML says"


class Read(HTMLParser):
    """What is left of HTML where styles and scripts are not."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attributes}
        self.text += "\n" if tag in ("tr", "li", "br", "div") else " "

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_way_reads_as_a_line_of_text() -> None:
    read = Read(orders_plan()._repr_mimebundle_()["text/html"]).text
    way = " ".join(read[read.index("frame") : read.index("job")].split())
    assert way == (
        "frame 8 rows × 6 columns → file orders.csv comma-separated, with header 564 bytes → folder RS/Orders "
        "→ set Orders 6 attributes, key Order ID dates YYYY-MM-DDTHH:mm:ssZ"
    )


def test_what_users_write_runs_nowhere_and_no_secret_is_shown() -> None:
    frame = pd.DataFrame({"Order ID": ["a", "b"], HOSTILE: [HOSTILE, f"{HOSTILE}\n"], "c\nd": ["x", "y"]})
    plan = connect_pandas.plan(frame, "Orders", job_name=HOSTILE, filename="o.csv")
    hostile = Seen("unknown", HOSTILE, datetime(2026, 1, 2))
    difference = Difference(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    found = Verification(HOSTILE, 1, 1, 1, (difference,))
    shown = [
        value._repr_mimebundle_()
        for value in (
            *(frame.connect, plan, plan.problems, plan.problems[0], plan.attributes[1], found),
            job_of(plan, id=HOSTILE, name=HOSTILE, seen=hostile, verification=found),
            replace(ACCOUNT, directory=HOSTILE, profile=HOSTILE),
        )
    ]
    shown += [
        draw.bundle(view_service.checkup(Checkup((Side("API", False, f"{HOSTILE}\nsecond line"),)))),
        frame.connect.repair()._repr_mimebundle_(),
    ]
    for made in shown:
        read = Read(made["text/html"])
        assert not read.tags & {"script", "img"}
        assert read.attributes <= {"class", "style", "scope"}
        for secret in (API_KEY, PASSPHRASE):
            assert secret not in made["text/html"] + made["text/plain"]
    assert all(HOSTILE in unescape(made["text/html"]) for made in shown[:2]), "it is escaped, not taken away"
    assert "c\\nd" in shown[0]["text/plain"]


def test_the_secrets_of_a_sandbox_are_not_shown(box: Sandbox, bundles: dict[str, dict[str, str]]) -> None:
    key = box.connection.api_key.reveal()
    assert not [name for name, made in bundles.items() if key in "".join(made.values())]
    assert key not in "".join(box.connection._repr_mimebundle_().values())


def test_a_job_says_what_its_journal_knows_of_a_failure(box: Sandbox) -> None:
    plan = orders_plan(filename="again.csv", key="Client ID", columns=["Client ID", "Amount"]).for_frame(
        ORDERS[:3]
    )
    with pytest.raises(connect_pandas.PlanError):  # the name is taken
        plan.submit(box.connection, progress=False)
    job = connect_pandas.job("Orders", box.connection)
    assert job.journal is not None
    job.journal.step(job.entry, "rejected", reason="INPUT_VALIDATION_FAILED")
    shown = repr(replace(job, id=None))
    assert re.search(r"✗ submitted  refused at \S+: INPUT_VALIDATION_FAILED", shown)
    assert "✗ → folder" in shown
    unheard = replace(job, receipt=None, id=None, journal=None)
    assert "– uploaded   not known here" in repr(unheard)
    assert "size not known" in repr(unheard)
