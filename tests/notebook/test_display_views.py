"""What is seen of attributes, plans and problems: as text, and as HTML that reads without styles."""

from __future__ import annotations

import io
import re
from html import unescape
from typing import Any

import pandas as pd
import pytest

import connect_pandas
from connect_pandas.data.problems import GROUPS, Problem, Problems, ordered
from connect_pandas.notebook.display import SHOWN, Item, View, bundle, text, view
from tests.data.frames_data import GUIDE

BAD = pd.DataFrame(
    {
        "Order ID": ["a", "b", "b", None],
        "Note": ["x\ny", "ok", "z\nz", "\x00"],
        "Amount": [1.5, float("inf"), 2, 3],
        "When": ["03/04/2025", "05/06/2025", "01/02/2025", "01/01/2025"],
        "Flag": [True, False, True, True],
    }
)


@pytest.fixture(scope="module")
def guide() -> pd.DataFrame:
    return pd.read_csv(io.StringIO(GUIDE.replace("N/A", "NEW24")))


def items(value: Any) -> dict[str, Item]:
    return {item.about: item for item in view(value).checklist}


def plain(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


# ── the checklist ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_good_frame_says_what_was_checked(guide: pd.DataFrame) -> None:
    found = items(guide.connect.infer())
    assert {about: item.words for about, item in found.items()} == {
        "frame": "8 rows × 6 columns",
        "names": "6 attribute names, all different",
        "key": "Order ID: 8 different values, none missing",
        "types": "3 TEXT, 1 NUMBER, 1 BOOLEAN, 1 DATE",
        "numbers": "1 attribute, plain decimal numbers throughout",
        "booleans": "1 attribute, TRUE or FALSE throughout",
        "dates": "1 attribute, one format for all: YYYY-MM-DDTHH:mm:ssZ",
        "text": "3 attributes, one line a value, no control characters",
        "schema": "kept to, by Pandera's verdict",
        "not there": "phones",
    }
    assert {item.verdict for about, item in found.items() if about != "not there"} == {"passed"}


def test_a_bad_frame_says_what_did_not_pass_and_where() -> None:
    found = items(connect_pandas.plan(BAD, "Bad", key="Order ID").attributes)
    assert (found["key"].verdict, found["key"].words) == (
        "error",
        "1 × missing-key in Order ID; 1 × duplicate-key in Order ID",
    )
    assert found["text"].words == "2 × line-break in Note; 1 × control-character in Note"
    assert found["numbers"].words == "1 × infinite-number in Amount"
    assert (found["booleans"].verdict, found["names"].verdict) == ("passed", "passed")
    assert (found["schema"].verdict, found["schema"].words) == (
        "open",
        "looked at when the errors are put right",
    )


def test_a_warning_is_no_pass_and_a_note_is() -> None:
    frame = pd.DataFrame({"Order ID": ["a"], "When": pd.to_datetime(["2024-11-01 16:04:38"]), "Note": [None]})
    found = items(frame.connect.infer())
    assert (found["dates"].verdict, found["dates"].words) == ("warning", "1 × no-time-zone in When")
    assert (found["types"].verdict, found["types"].words) == ("note", "2 TEXT, 1 DATE; empty-column in Note")


def test_phones_are_those_that_were_looked_at() -> None:
    frame = pd.DataFrame(
        {"Order ID": ["a", "b"], "Phone": ["+4915112345678", None], "Phone OK": ["yes", "no"]}
    )
    found = items(frame.connect.infer())
    assert (found["phones"].verdict, found["phones"].words) == ("passed", "1 phone number, E.164 throughout")
    as_text = connect_pandas.plan(frame, "T", types={"Phone": "TEXT"})
    assert "phones" in items(as_text.attributes)["not there"].words


def test_what_no_attribute_can_hold_is_not_said_to_be_good() -> None:
    frame = pd.DataFrame({"Size": [[1], [2]], "n": ["a", "b"]})
    found = items(connect_pandas.plan(frame, "T", key="Size").attributes)
    assert found["types"].verdict == "error"
    assert "key" not in found or found["key"].verdict != "passed"  # its values were not compared
    assert found["text"].words.startswith("1 attribute,")


@pytest.mark.parametrize("frame", [pd.DataFrame(), pd.DataFrame({"Order ID": []}, dtype="str")])
def test_an_empty_frame(frame: pd.DataFrame) -> None:
    found = items(frame.connect.infer())
    assert found["frame"].verdict == "error"
    assert "key" in found["not there"].words
    assert text(frame.connect.infer())


def test_every_group_has_its_line(guide: pd.DataFrame) -> None:
    """Each problem is counted in the line of its group, and in no other."""
    codes = {"frame": "no-rows", "names": "column-name", "key": "no-key", "types": "unsupported-values"}
    codes |= {
        "numbers": "not-a-number",
        "booleans": "not-a-boolean",
        "dates": "not-a-date",
        "text": "line-break",
    }
    codes |= {"phones": "not-e164", "size": "file-too-large", "schema": "schema"}
    assert list(codes) == list(GROUPS)
    plan = guide.connect.plan("Orders")
    for group, code in codes.items():
        problem = Problem.of(code, "…", column="Note", count=3)
        found = items(plan.__class__(**{**_fields(plan), "problems": ordered([problem])}))
        assert found[group].words == f"3 × {code} in Note"
        assert all(code not in item.words for about, item in found.items() if about != group)


def _fields(plan: Any) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in plan.__dataclass_fields__}


def test_a_plan_says_it_shortly(guide: pd.DataFrame) -> None:
    found = items(guide.connect.plan("Orders"))
    passed = "frame, names, key, types, numbers, booleans, dates, text, size, schema"
    assert {about: item.words for about, item in found.items()} == {"passed": passed}
    bad = items(connect_pandas.plan(BAD, "Bad", key="Order ID"))
    assert list(bad) == ["key", "numbers", "dates", "text", "passed"]
    assert bad["passed"].words == "frame, names, types, booleans"


def test_many_columns_are_counted_not_named() -> None:
    frame = pd.DataFrame({"Order ID": ["a", "b"], **{f"t{i}": ["x\ny", "\n"] for i in range(1000)}})
    seen = frame.connect.infer()
    assert items(seen)["text"].words == "2,000 × line-break in 1,000 columns"
    assert len(text(seen)) < 12_000
    assert len(bundle(seen)["text/html"]) < 40_000
    assert f"… and {1000 - SHOWN} more" not in text(seen).split("error:")[0].split("column")[0]
    assert text(seen).count("line-break]") == SHOWN


def test_what_is_so_of_many_columns_is_told_once() -> None:
    flags = {f"flag {i}": [0, 1, 1] for i in range(9)}
    plan = connect_pandas.plan(pd.DataFrame({"Order ID": ["a", "b", "c"]} | flags), "T")
    (told,) = view(plan).problems
    assert told.message.endswith("So it is with flag 1, flag 2, flag 3 and 5 more.")
    assert len(plan.problems) == 9
    # An error is told of each.
    broken = connect_pandas.plan(
        pd.DataFrame({"Order ID": ["a", "b"], **{f"{i}": ["x\ny", "z"] for i in range(9)}}), "T"
    )
    assert len(view(broken).problems) == 9


def test_a_long_name_stays_short_in_the_checklist() -> None:
    frame = pd.DataFrame({"Order ID": ["a", "b"], "n" * 5_000: ["x\ny", "z"]})
    assert len(items(frame.connect.infer())["text"].words) < 70


# ── as text and as HTML ──────────────────────────────────────────────────────────────────────────────────────


def test_the_text_of_a_good_frame(guide: pd.DataFrame) -> None:
    lines = repr(guide.connect).splitlines()
    assert lines[0] == "6 attributes · 8 rows"
    assert "  ✓ key        Order ID: 8 different values, none missing" in lines
    assert "  – not there  phones" in lines
    assert lines[-1] == 'ready: df.connect.plan("Name")'


def test_the_text_of_a_bad_frame_lists_rows_and_fixes_below_the_checklist() -> None:
    shown = repr(connect_pandas.plan(BAD, "Bad", key="Order ID"))
    assert shown.index("✗ text") < shown.index("error: Note: 2 values hold a line break. [line-break]")
    assert "row 0: 'x\\ny', row 2: 'z\\nz'" in shown
    assert "fix: df = df.connect.repair(columns=[], key='Order ID', drop_without_key=True).frame" in shown


@pytest.mark.parametrize("make", ["attributes", "plan", "problems", "problem", "attribute"])
def test_text_and_html_say_the_same(make: str) -> None:
    plan = connect_pandas.plan(BAD, "Bad", key="Order ID")
    value: Any = {
        "attributes": plan.attributes,
        "plan": plan,
        "problems": plan.problems,
        "problem": plan.problems[0],
        "attribute": plan.attributes[2],
    }[make]
    made = bundle(value)
    assert set(made) == {"text/plain", "text/html"}
    words = set(re.findall(r"[\w×✓✗–]+", made["text/plain"])) - {"fix"}
    assert words <= set(re.findall(r"[\w×✓✗–]+", plain(made["text/html"])))
    assert "<script" not in made["text/html"]


def test_html_shows_what_users_write_and_runs_none_of_it() -> None:
    frame = pd.DataFrame({"Order ID": ["a", "b"], "<img src=x>": ["<b>\n", "ok"]})
    html = bundle(frame.connect.infer())["text/html"]
    assert "<img" not in html
    assert "<b>" not in html
    assert "1 × line-break in <img src=x>" in plain(html).replace("&lt;", "<")


# ── a problem, several, an attribute ─────────────────────────────────────────────────────────────────────────


def test_a_problem_shows_itself_with_its_rule() -> None:
    problem = next(
        p for p in connect_pandas.plan(BAD, "B", key="Order ID").problems if p.code == "line-break"
    )
    assert repr(problem).splitlines() == [
        "error: Note: 2 values hold a line break. [line-break]",
        "    row 0: 'x\\ny', row 2: 'z\\nz'",
        f"    rule: {problem.rule}",
        f"    fix: {problem.fix}",
    ]
    html = problem._repr_mimebundle_()["text/html"]
    assert "line-break" in html
    assert problem.rule in plain(html)


def test_problems_show_how_many_they_are() -> None:
    problems = connect_pandas.plan(BAD, "B", key="Order ID").problems
    assert repr(problems).startswith(f"{len(problems.errors)} errors\n\n  error: Order ID: ")
    assert repr(Problems()) == "no problems"
    assert "no problems" in Problems()._repr_mimebundle_()["text/html"]
    many = Problems(problems[0] for _ in range(SHOWN + 3))
    assert "… and 3 problems more" in repr(many)
    assert "… and 3 problems more" in bundle(many)["text/html"]


def test_an_attribute_shows_why(guide: pd.DataFrame) -> None:
    attribute = guide.connect.infer()[0]
    seen = view(attribute)
    assert seen.title == "Order ID: TEXT, the key"
    facts = dict(seen.facts)
    assert (facts["column"], facts["why"], facts["unless"]) == (
        "Order ID",
        attribute.reason,
        attribute.unless,
    )
    assert "rows: 8 · missing: 0" in facts["counted"]
    assert attribute.unless not in repr(guide.connect)  # the table of all stays short


def test_a_view_of_something_else_is_refused() -> None:
    with pytest.raises(TypeError):
        view(object())
    assert View() == View()
