"""The plan: what it takes, what it refuses, what it writes; and that the frame stays as it is."""

from __future__ import annotations

import json
import re
import warnings
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import connect_pandas
from connect_pandas import ConnectWarning, PlanError, ValidationError

if TYPE_CHECKING:
    from pathlib import Path

FRAME = pd.DataFrame(
    {
        "Order ID": ["A1", "B2", "C3", "D4"],
        "Amount": [623.7, 104.9, None, 5],
        "When": ["31/12/2024", "01/01/2025", None, "02/01/2025"],
        "Note": ["a", "b,c", None, 'say "hi"'],
    }
)


def plan(frame: pd.DataFrame = FRAME, **options: Any) -> connect_pandas.ImportPlan:
    return connect_pandas.plan(frame, options.pop("name", "Orders"), **options)


def text(made: connect_pandas.ImportPlan) -> str:
    return b"".join(piece for piece, _ in made.pieces()).decode()


# ── what it takes ────────────────────────────────────────────────────────────────────────────────────────────


def test_names_columns_and_types() -> None:
    made = plan(names={"Order ID": "Order"}, columns=["Note", "Order ID", "Amount"], types={"Amount": "TEXT"})
    assert [(a.name, a.type, a.key) for a in made.attributes] == [
        ("Note", "TEXT", False),
        ("Order", "TEXT", True),
        ("Amount", "TEXT", False),
    ]
    assert made.types == {"Note": "TEXT", "Order ID": "TEXT", "Amount": "TEXT"}
    mappings = made.payload["importInput"]["mappings"]
    assert [(m["attributeName"], m["columnIndex"]) for m in mappings] == [
        ("Note", 1),
        ("Order", 2),
        ("Amount", 3),
    ]
    assert text(made).splitlines()[:2] == ["Note\tOrder\tAmount", "a\tA1\t623.7"]


def test_the_delimiter_is_the_first_that_the_data_does_not_hold() -> None:
    assert plan().delimiter == "\t"
    assert plan(FRAME.drop(columns="Note")).delimiter == ","
    assert plan(FRAME.assign(Tab="a\tb")).delimiter == "|"
    full = plan(FRAME.assign(Tab="a\tb|c"))
    assert full.delimiter == ","
    assert [p.code for p in full.problems] == ["quoted-values"]
    assert full.problems[0].count == 2 + 0  # b,c and say "hi"
    assert 'B2,104.9,01/01/2025,"b,c",a\tb|c' in text(full)


def test_a_name_holds_the_delimiter_too() -> None:
    frame = FRAME[["Order ID", "Amount"]].rename(columns={"Amount": "Amount, gross"})
    assert plan(frame).delimiter == "\t"
    assert plan(frame, header=False).delimiter == ","
    assert text(plan(frame, delimiter=",")).splitlines()[0] == 'Order ID,"Amount, gross"'


@pytest.mark.parametrize(("delimiter", "extension"), [(",", "csv"), ("\t", "tsv"), ("|", "psv")])
def test_the_file_is_named_after_its_delimiter(delimiter: str, extension: str) -> None:
    made = plan(delimiter=delimiter)
    assert re.fullmatch(rf"orders-\d{{8}}T\d{{6}}Z-[0-9a-f]{{6}}\.{extension}", made.filename)
    assert made.payload["importInput"]["delimiter"] == delimiter


def test_without_a_header() -> None:
    made = plan(header=False)
    assert made.payload["importInput"]["skipFirstRow"] is False
    assert text(made).startswith("A1\t623.7\t31/12/2024\ta\n")


def test_a_date_format_of_ones_own() -> None:
    made = plan(date_format="YYYY-MM-DD")
    assert made.payload["importInput"]["dateFormat"] == "YEAR_MONTH_DAY_DASH_SEPARATED"
    assert "A1\t623.7\t2024-12-31\ta\n" in text(made)
    assert made.replace(date_format="YEAR_MONTH_DAY_SLASH_SEPARATED").head(1).endswith("2024/12/31\ta\n")
    assert "dateFormat" not in plan(FRAME.drop(columns="When")).payload["importInput"]


def test_addresses() -> None:
    assert plan(notify="ann@example.com").notify == ("ann@example.com",)
    assert plan(notify=["b@example.com", "a@example.com", "b@example.com"]).notify == (
        "b@example.com",
        "a@example.com",
    )
    assert "notifications" not in plan().payload["importInput"]


# ── what it refuses ──────────────────────────────────────────────────────────────────────────────────────────

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "long name": ({"name": "A" * 26}, r"at most 25 .*\(26 characters\)"),
    "odd name": ({"name": "My orders!"}, r"Perhaps 'My_orders'\?"),
    "accented name": ({"name": "Aufträge"}, "cannot name a data set"),
    "empty name": ({"name": ""}, "cannot name a data set"),
    "name with a line end": ({"name": "Orders\n"}, "cannot name a data set"),
    "number for a name": ({"name": 5}, "name is text"),
    "unknown key": ({"key": "Order"}, r"key=: there is no column 'Order'. Did you mean 'Order ID'\?"),
    "unknown column": ({"columns": ["Amont"]}, "Did you mean 'Amount'"),
    "unknown column in types": ({"types": {"Amont": "TEXT"}}, "types=: there is no column 'Amont'"),
    "unknown column in names": ({"names": {"Amont": "x"}}, "names=: there is no column 'Amont'"),
    "unknown type": ({"types": {"Amount": "MONEY"}}, "a type is one of TEXT, NUMBER, BOOLEAN, DATE"),
    "no columns": ({"columns": []}, "leaves nothing to import"),
    "text for columns": ({"columns": "Amount"}, "a list of column labels is needed"),
    "key left out": ({"columns": ["Amount"], "key": "Order ID"}, "the key is part of the file"),
    "number for a column's name": ({"names": {"Amount": 5}}, "a name is text"),
    "semicolon": ({"delimiter": ";"}, "only a comma, a tab"),
    "odd date format": ({"date_format": "YY-MM-DD"}, "Known: YYYY-MM-DDTHH:mm:ssZ, YYYY-MM-DD"),
    "path for a file": ({"filename": "a/b.csv"}, "is not a file's name"),
    "dots for a file": ({"filename": ".."}, "is not a file's name"),
    "folder above": ({"folder": "RS/../.."}, "is not a folder below"),
    "no address": ({"notify": "ann"}, "no e-mail address"),
    "one of several": ({"notify": ["ann@example.com", "b@"]}, "notify='b@'"),
    "empty job name": ({"job_name": " "}, "job_name is empty"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_options_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        plan(**options)


def test_all_wrong_options_at_once() -> None:
    wrong = {name: value for options, _ in REFUSED.values() for name, value in options.items()}
    with pytest.raises(PlanError) as caught:
        plan(**wrong)
    assert len(str(caught.value).splitlines()) >= len(wrong) - 1


def test_an_unknown_keyword_is_refused_with_the_known() -> None:
    with pytest.raises(PlanError, match=r"Did you mean 'delimiter'"):
        plan().replace(delimeter=",")
    with pytest.raises(PlanError, match=r"Did you mean 'delimiter'"):
        plan(delimeter=",")


# ── another plan ─────────────────────────────────────────────────────────────────────────────────────────────


def test_replace_makes_another_plan() -> None:
    first = plan()
    second = first.replace(key="Note", types={"Order ID": "TEXT"}, folder="RS", notify="a@example.com")
    assert (first.key, first.folder, first.notify) == ("Order ID", "", ())
    assert (second.key, second.folder, second.notify) == ("Note", "RS", ("a@example.com",))
    assert second.filename == first.filename
    assert second.job_name == first.job_name
    assert {p.code for p in second.problems if p.severity == "error"} == {"missing-key"}
    assert second.replace(key=None).key == "Order ID"


def test_a_new_delimiter_or_name_makes_a_new_file_name() -> None:
    first = plan()
    assert first.replace(delimiter="|").filename.endswith(".psv")
    assert first.replace(name="Returns").filename.startswith("returns-")
    assert "Returns" in first.replace(name="Returns").job_name
    assert plan(filename="x.csv").replace(name="Returns").filename == "x.csv"


def test_a_plan_is_not_changed() -> None:
    with pytest.raises(AttributeError):
        plan().name = "Other"  # type: ignore[misc]


def test_two_plans_have_two_file_names() -> None:
    assert plan().filename != plan().filename


# ── looking at the file ──────────────────────────────────────────────────────────────────────────────────────


def test_head_is_the_beginning_of_the_file() -> None:
    made = plan()
    assert text(made).startswith(made.head(2))
    assert made.head(2).count("\n") == 3
    assert made.head(100) == text(made)
    assert made.head(0) in ("", made.head(1).splitlines(keepends=True)[0])


def test_sample_is_spread_over_the_file() -> None:
    made = plan(pd.DataFrame({"id": [f"k{i}" for i in range(101)], "n": range(101), "t": [None] * 101}))
    sample = made.sample(5)
    assert [record["n"] for record in sample] == ["0", "25", "50", "75", "100"]
    assert sample[0] == {"id": "k0", "n": "0", "t": None}
    assert len(made.sample(1_000)) == 101
    assert len(made.sample(1)) == 1
    assert made.sample(0) == ()


def test_sample_holds_what_the_file_says() -> None:
    made = plan(delimiter=",")
    assert [record["Note"] for record in made.sample(4)] == ["a", "b,c", None, 'say "hi"']
    assert [record["When"] for record in made.sample(4)] == ["31/12/2024", "01/01/2025", None, "02/01/2025"]


def test_write_writes_the_file_whole(tmp_path: Path) -> None:
    made = plan()
    target = tmp_path / "orders.tsv"
    target.write_text("old")
    assert made.write(target) == target
    assert target.read_bytes().decode() == text(made)
    assert [p.name for p in tmp_path.iterdir()] == ["orders.tsv"]


def test_write_refuses_a_plan_with_errors(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"1 thing stands in the way") as caught:
        plan(key="Note").write(tmp_path / "orders.csv")
    assert [p.code for p in caught.value.problems if p.severity == "error"] == ["missing-key"]
    assert list(tmp_path.iterdir()) == []


def test_write_warns_of_what_differs_from_the_frame(tmp_path: Path) -> None:
    frame = pd.DataFrame({"id": ["a"], "t": pd.to_datetime(["2024-01-01T10:00:00.5"])})
    with pytest.warns(ConnectWarning, match="fraction of a second"):
        plan(frame).write(tmp_path / "x.csv")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plan().write(tmp_path / "y.csv")


def test_save_writes_the_payload(tmp_path: Path) -> None:
    made = plan(names={"Note": "Nötiz"})
    saved = made.save(tmp_path / "plan.json").read_text(encoding="utf-8")
    assert json.loads(saved) == made.payload
    assert "Nötiz" in saved
    assert "A1" not in saved


# ── the frame ────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_frame_is_not_changed() -> None:
    frame = FRAME.assign(
        o=pd.Series(["a\nb", None, "c", "d"], dtype=object), c=pd.Series(["x"] * 4, dtype="category")
    )
    before = frame.copy(deep=True)
    plan(frame).sample(3)
    connect_pandas.infer(frame)
    connect_pandas.repair(frame)
    connect_pandas.schema(frame)
    with pytest.raises(ValidationError):
        connect_pandas.validate(frame)
    pd.testing.assert_frame_equal(frame, before)
    assert frame.attrs == {}


def test_a_later_change_of_the_frame_does_not_reach_the_plan() -> None:
    frame = FRAME.copy()
    made = plan(frame)
    before = text(made)
    frame.loc[0, "Order ID"] = "B2"
    frame["Amount"] = 0.0
    frame.iloc[:, 3] = "changed"
    frame.columns = list("wxyz")
    assert text(made) == before
    assert made.replace(folder="x").ok


def test_a_wide_frame() -> None:
    columns = 1_100  # more than calls may be nested in Python
    frame = pd.DataFrame({f"c{i}": ["a", "b"] if i % 2 else [1, 1] for i in range(columns)})
    made = plan(frame.assign(id=["x", "y"]), key="id")
    assert len(made.attributes) == columns + 1
    assert len(text(made).splitlines()[1].split(",")) == columns + 1
