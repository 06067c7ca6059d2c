"""Hostile names and values are data: they end no query, leave no folder, run nowhere, and arrive as they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import connect_pandas
from connect_pandas import PlanError, Sandbox
from connect_pandas.service.graphql import _CREATE_IMPORT_JOB, Api
from connect_pandas.service.sftp import open_session

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTILE_NAMES = [
    '"}){id}} mutation{deleteDataSet(where:{dataSetId:"1"}){dataSetId}}#',
    "$importInput",
    "${7*7}{{7*7}}",
    "'; DROP TABLE records; --",
    '" OR "1"="1',
    "<script>alert(1)</script>",
    "a\\",
    "__proto__",
    "%s%(key)s{0}",
]
FORMULAS = [
    "=cmd|'/C calc'!A0",
    "=1+1",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "+A1",
    "-A1",
]
NO_FORMULAS = ["+4915112345678", "+49 (151) 123-45", "-5", "+1", "-2.50", "-1e5", "-", "--", "a=b", "5-3", ""]


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with Sandbox(import_delay=0) as sandbox:
        yield sandbox


def frame(values: list[str], name: str = "Note") -> pd.DataFrame:
    return pd.DataFrame({"Order ID": [f"A-{i}" for i in range(len(values))], name: values})


# ── names and values ─────────────────────────────────────────────────────────────────────────────────────────────


def test_hostile_names_and_values_arrive_as_they_are(box: Sandbox) -> None:
    df = frame(HOSTILE_NAMES).assign(**dict.fromkeys(HOSTILE_NAMES, "x"))
    before = len(box.sets)
    job = connect_pandas.create_reference_set(df, "Hostile", connection=box.connection, progress=False)
    job.wait(30, progress=False)
    assert len(box.sets) == before + 1
    held = box.records("Hostile")
    assert list(held.columns) == list(df.columns)
    assert list(held["Note"]) == HOSTILE_NAMES
    assert job.verify().ok


def test_a_hostile_key_ends_no_query(box: Sandbox) -> None:
    keys = [*HOSTILE_NAMES, 'x"]}]) {totalCount} } #', "\\u0022", "€"]
    df = pd.DataFrame({'Order "ID"]}) #': keys, "n": range(len(keys))})
    plan = connect_pandas.plan(df, "HostileKeys", key=df.columns[0])
    plan.submit(box.connection, progress=False).wait(30, progress=False)
    api = Api(box.connection)
    found = api.data_set("HostileKeys")
    assert found is not None
    records = api.records(found.id, df.columns[0], keys)
    assert sorted(str(record.key) for record in records) == sorted(keys)


def test_what_the_user_names_travels_in_variables_only() -> None:
    plan = connect_pandas.plan(frame(["x"], HOSTILE_NAMES[0]), "Orders")
    assert HOSTILE_NAMES[0] in str(plan.payload)
    assert not re.search(r"Orders|deleteDataSet", _CREATE_IMPORT_JOB)
    assert re.findall(r"\$\w+", _CREATE_IMPORT_JOB) == ["$importInput", "$importInput"]


@pytest.mark.parametrize(
    "name", ["<script>x</script>", "a/b", "../a", "a b", "a\nb", "ａ", "x" * 26, "", "a;b"]
)
def test_a_hostile_set_is_not_named(name: str) -> None:
    with pytest.raises(PlanError, match="cannot name a data set"):
        connect_pandas.plan(frame(["x"]), name)


# ── formulas ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_formulas_pass_unchanged_with_a_note(box: Sandbox) -> None:
    df = frame([*FORMULAS, *NO_FORMULAS])
    plan = connect_pandas.plan(df, "Formulas", types={"Note": "TEXT"})
    (note,) = [problem for problem in plan.problems if problem.code == "formula-like"]
    assert (note.severity, note.count, note.column) == ("note", len(FORMULAS), "Note")
    assert [row.value for row in note.rows] == FORMULAS[: len(note.rows)]
    plan.submit(box.connection, progress=False).wait(30, progress=False)
    assert [value or "" for value in box.records("Formulas")["Note"]] == [*FORMULAS, *NO_FORMULAS]


@pytest.mark.parametrize("formula", FORMULAS)
def test_one_formula_is_enough(formula: str) -> None:
    plan = connect_pandas.plan(frame(["ok", formula, "ok"]), "Orders", key="Order ID")
    assert [(p.count, p.rows[0].value) for p in plan.problems if p.code == "formula-like"] == [(1, formula)]


@pytest.mark.parametrize("values", [NO_FORMULAS, ["+4915112345678"] * 3, ["-5", "-7", "+3"]])
def test_what_only_begins_like_one_is_no_formula(values: list[str]) -> None:
    plan = connect_pandas.plan(frame(values), "Orders", key="Order ID")
    assert "formula-like" not in {problem.code for problem in plan.problems}


# ── paths ────────────────────────────────────────────────────────────────────────────────────────────────────────

BAD_FOLDERS = [
    "..",
    "../up",
    "a/../../up",
    "/etc",
    "//host",
    "a//b",
    "a\\..\\b",
    "a\0b",
    "a\nb",
    ".",
    "./a",
    " /a",
]
BAD_FOLDERS += ["．．", "a／b", "‥", "a/．．/b", "é" * 128]
BAD_FOLDERS += ["a/\u202egpj", "a/\u200b", "x" * 256, "C:\\"]
BAD_FILENAMES = [
    "..",
    ".",
    "",
    " ",
    "../a.csv",
    "/a.csv",
    "a/b.csv",
    "a\\b.csv",
    "a\0.csv",
    "a\r.csv",
    "x" * 256,
]
BAD_FILENAMES += ["．．", "．．／a.csv", "a＼b.csv", "‥", "é" * 128]
BAD_FILENAMES += ["\u202evsc.a", "a\u2028.csv", "a\x7f.csv"]


@pytest.mark.parametrize("folder", BAD_FOLDERS)
def test_a_folder_stays_below_the_subscriptions(folder: str) -> None:
    with pytest.raises(PlanError, match="folder="):
        connect_pandas.plan(frame(["x"]), "Orders", folder=folder)


@pytest.mark.parametrize("filename", BAD_FILENAMES)
def test_a_file_has_a_plain_name(filename: str) -> None:
    with pytest.raises(PlanError, match="filename="):
        connect_pandas.plan(frame(["x"]), "Orders", filename=filename)


HARMLESS = [
    "CON",
    "NUL.csv",
    "-rf",
    "--help.csv",
    "$(id).csv",
    "`id`.csv",
    "a;b|c&d.csv",
    "~root.csv",
    "%2e%2e%2fa.csv",
]


@pytest.mark.parametrize("name", HARMLESS)
def test_what_a_shell_or_a_device_would_read_is_a_name_on_the_server(box: Sandbox, name: str) -> None:
    with open_session(box.connection) as session:
        session.make_folder(name)
        session.upload(name, name, [(b"a\n", 1)])
        assert [file.name for file in session.files(name)] == [name]
        assert session.path(name, name) == f"{session.directory}/{name}/{name}"
        session.remove(name, name)


def test_the_session_itself_keeps_to_its_directory(box: Sandbox) -> None:
    with open_session(box.connection) as session:
        for folder in ("..", "a/../..", "../../etc"):
            with pytest.raises(PlanError, match="leads out"):
                session.path(folder)
        for filename in ("..", "../a", "a/b"):
            with pytest.raises(PlanError, match="not a plain name"):
                session.path("", filename)


@pytest.mark.parametrize("how", ["write", "save"])
def test_a_local_file_is_written_where_it_is_said_and_nowhere_else(tmp_path: Path, how: str) -> None:
    plan = connect_pandas.plan(frame(["x"]), "Orders")
    write: Any = getattr(plan, how)
    inside = tmp_path / "inside"
    inside.mkdir()
    assert write(inside / ".." / "inside" / "-a.csv") == inside / ".." / "inside" / "-a.csv"
    assert [path.name for path in inside.iterdir()] == ["-a.csv"]
    (tmp_path / "precious").write_text("precious")
    (inside / "link").symlink_to(tmp_path / "precious")
    write(inside / "link")  # takes the link's place: what it leads to is not touched
    assert (tmp_path / "precious").read_text() == "precious"
    for where in (inside, inside / "none" / "a.csv", inside / "a\0b", inside / ("x" * 300)):
        with pytest.raises(PlanError):
            write(where)
    assert sorted(path.name for path in inside.iterdir()) == ["-a.csv", "link"]
