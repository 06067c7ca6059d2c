"""What can be put right: every rule on and off, doubt left alone, and nothing changed that the log does not say."""

from __future__ import annotations

import ast
import datetime as dt
import inspect
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from frames_data import NO_TEXT, TEXT_DTYPES, frames
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import connect_pandas
from connect_pandas import PlanError
from connect_pandas.data import asked, mend_rules, mends
from connect_pandas.data import repair as room
from connect_pandas.data.columns import column_of, read
from connect_pandas.data.drops import DROPS
from connect_pandas.data.problems import ways_of
from connect_pandas.data.repair import Repair

OFF = dict.fromkeys(("line_breaks", "control_characters", "dates", "numbers", "phones", "float_ids"), False)


def repaired(values: Any, name: str = "t", dtype: Any = "str", **rules: Any) -> Repair:
    return mended(pd.DataFrame({name: pd.Series(values, dtype=dtype)}), **rules)


def mended(frame: pd.DataFrame, **rules: Any) -> Repair:
    """A repair without the look at what is left, which takes most of the time."""
    made, changes, doubts = room.repair(frame, rules)
    return Repair(made, changes, (), doubts)


def values_of(series: pd.Series[Any]) -> list[Any]:
    return [None if pd.isna(v) else v for v in series]


# ── each rule, on and off ────────────────────────────────────────────────────────────────────────────────────────

RULES: list[tuple[str, str, list[Any], list[Any], dict[str, Any]]] = [
    ("line_breaks", "t", ["a\r\nb", "c"], ["a b", "c"], {}),
    ("control_characters", "t", ["a\x0cb\x00", "c"], ["a b", "c"], {}),
    ("surrogates", "t", ["a\ud800", "c"], ["a\ufffd", "c"], {}),
    ("spaces", "t", [" a\u00a0", "c c", "  "], ["a", "c c", ""], {}),
    ("missing", "t", ["12", "N/A", "-", "3"], ["12", None, None, "3"], {}),
    ("missing", "t", ["2024-02-01", "NULL"], ["2024-02-01", None], {}),
    ("missing", "t", ["yes", "n/a", "no"], ["yes", None, "no"], {}),
    (
        "impossible_dates",
        "t",
        ["2024-02-01", "2024-02-30", "2024-03-01"],
        ["2024-02-01", None, "2024-03-01"],
        {},
    ),
    ("dates", "t", ["2/10/25", "25/12/24"], ["2025-10-02", "2024-12-25"], {}),
    ("dates", "t", ["10/2/25", "12/25/99"], ["2025-10-02", "1999-12-25"], {}),
    ("dates", "t", ["1 Feb 2024", "Mar. 3, 2024"], ["2024-02-01", "2024-03-03"], {}),
    ("dates", "t", ["2024-02-01", "1.2.2024"], ["2024-02-01", "2024-02-01"], {}),
    ("dates", "Date", ["1.2.24", "N/A", "2.2.24"], ["2024-02-01", "N/A", "2024-02-02"], {}),
    ("dates", "Date", ["13-10-24", "1-2-24"], ["2024-10-13", "2024-02-01"], {}),
    ("dates", "t", ["13/10/24", "01/02/85"], ["2024-10-13", "1985-02-01"], {}),
    ("dates", "t", ["12/25/24", "01/02/24"], ["2024-12-25", "2024-01-02"], {}),
    ("dates", "t", ["31/12/24", "09/01/22"], ["2024-12-31", "2022-01-09"], {"day_first": True}),
    ("dates", "t", ["2024-1-2 10:00:00.000"], ["2024-01-02T10:00:00Z"], {}),
    (
        "dates",
        "t",
        ["1.2.2024 10:00 +02:00", "9999-12-31 23:59:59-05:00", "0001-01-01 00:30:00+02:00"],
        ["2024-02-01T08:00:00Z", "9999-12-31 23:59:59-05:00", "0001-01-01 00:30:00+02:00"],
        {},
    ),
    ("dates", "t", ["1/13/2024 5:07 PM", "1/2/2024"], ["2024-01-13T17:07:00Z", "2024-01-02T00:00:00Z"], {}),
    (
        "dates",
        "t",
        ["1.2.2024 12:00 +02:00", "1.2.2024 00:30 -0130"],
        ["2024-02-01T10:00:00Z", "2024-02-01T02:00:00Z"],
        {},
    ),
    ("dates", "t", ["3/4/2025", "5/6/2025"], ["2025-04-03", "2025-06-05"], {"day_first": True}),
    ("dates", "t", ["3/4/2025", "5/6/2025"], ["2025-03-04", "2025-05-06"], {"day_first": False}),
    ("dates", "t", ["03/04/2025", "05/06/2025"], ["2025-04-03", "2025-06-05"], {"day_first": True}),
    ("numbers", "t", ["1,234.50", "€ 12", "(5.00)", "5-"], ["1234.50", "12", "-5.00", "-5"], {}),
    ("numbers", "t", ["1.234,50", "1.234", "12"], ["1234.50", "1234", "12"], {}),
    ("numbers", "t", ["1 234,5", "1'000,25"], ["1234.5", "1000.25"], {}),
    ("numbers", "t", ["1,234", "500"], ["1234", "500"], {"decimal": "."}),
    ("numbers", "t", ["1,234", "0,5"], ["1.234", "0.5"], {"decimal": ","}),
    ("numbers", "t", ["1e10", "1,234.5", "+7"], ["1e10", "1234.5", "7"], {}),
    ("numbers", "t", ["12,34,567", "1,234"], ["1234567", "1234"], {}),
    ("numbers", "t", ["12-", "5"], ["-12", "5"], {}),
    ("numbers", "t", ["1.234.567", "12.345"], ["1234567", "12345"], {}),
    ("numbers", "t", ["€ 1.234.567"], ["1234567"], {}),
    ("numbers", "t", ["-1.234.567", "1.234.567"], ["-1234567", "1234567"], {}),
    ("numbers", "t", ["1,2", "3,45"], ["1.2", "3.45"], {}),
    ("numbers", "t", ["1,2", "12,5"], ["1.2", "12.5"], {}),
    ("numbers", "t", ["1,2", "€ 5"], ["1.2", "5"], {}),
    ("numbers", "t", ["1,2", "1.000"], ["1.2", "1000"], {}),
    ("numbers", "t", ["1,2", "3,4"], ["1.2", "3.4"], {"decimal": ","}),
    ("numbers", "t", ["$623.70", "-", "$1"], ["623.70", "-", "1"], {}),
    ("percent", "t", ["12 %", "3.5%"], ["12", "3.5"], {}),
    ("phones", "Phone", ["+49 (151) 234-56789", "+4915123456789"], ["+4915123456789"] * 2, {}),
    ("phones", "Phone", ["(212) 555-0187", "x"], ["+12125550187", "x"], {"region": "US"}),
    (
        "phones",
        "Phone",
        ["4915112345678", "+49 151 12345678", "12125550187", "4915112345670"],
        ["+4915112345678", "+4915112345678", "+12125550187", "+4915112345670"],
        {},
    ),
    ("float_ids", "Customer ID", ["123.0", None, "7.0"], ["123", None, "7"], {}),
    ("truths", "t", ["ja", "Nein", None], [True, False, None], {}),
    ("truths", "t", ["on", "off"], [True, False], {}),
]


@pytest.mark.parametrize(("rule", "name", "before", "after", "more"), RULES, ids=str)
@pytest.mark.parametrize("dtype", ["str", object])
def test_a_rule_is_switched_by_its_name(
    rule: str, name: str, before: list[Any], after: list[Any], more: dict[str, Any], dtype: Any
) -> None:
    dtype = object if rule == "surrogates" else dtype
    on = repaired(before, name, dtype, **OFF | {rule: True} | more)
    assert values_of(on.frame[name]) == after
    assert set(on.changes["rule"]) == {rule}
    named = repaired(before, name, dtype, **OFF | {rule: [name]} | more)
    assert values_of(named.frame[name]) == after
    off = repaired(before, name, dtype, **OFF | {"missing": False} | more)
    assert values_of(off.frame[name]) == [None if v is None else v for v in before]
    assert off.changes.empty
    again = mended(on.frame, **OFF | {rule: True} | more)
    assert again.changes.empty


THEN, DAY = pd.Timestamp("2023-11-14 22:13:20Z"), pd.Timestamp("2024-02-01")
NAMED: list[tuple[str, list[Any], Any, list[Any], str]] = [
    ("missing", ["red", "-"], "str", ["red", None], "str"),
    ("truths", [1, 0, 1], "int64", [True, False, True], "boolean"),
    ("truths", [1.0, None], "float64", [True, None], "boolean"),
    ("truths", ["1", "0"], "str", [True, False], "boolean"),
    ("truths", ["yes"], "str", [True], "boolean"),
    ("dates", [20240201, 20240301], "int64", ["2024-02-01", "2024-03-01"], "str"),
    ("dates", ["20240201", "20240301"], "str", ["2024-02-01", "2024-03-01"], "str"),
    ("epochs", [1_700_000_000], "int64", [THEN], "datetime64[us, UTC]"),
    ("epochs", [1_700_000_000_000.0, None], "float64", [THEN, None], "datetime64[us, UTC]"),
    ("serials", [45_323, 45_323.5], "float64", [DAY, DAY + pd.Timedelta(hours=12)], "datetime64[us]"),
    ("serials", ["45323", "", "45323.5"], "str", [DAY, None, DAY + pd.Timedelta(hours=12)], "datetime64[us]"),
    ("epochs", ["1700000000000000000"], "str", [THEN], "datetime64[us, UTC]"),
    ("leading_zeros", [501, 98_052], "int64", ["00501", "98052"], "str"),
    ("leading_zeros", ["501", "98052", "n"], "str", ["00501", "98052", "n"], "str"),
    ("infinities", [1.5, float("inf"), float("-inf")], "float64", [1.5, None, None], "float64"),
    ("infinities", [1.5, float("inf")], "Float64", [1.5, None], "Float64"),
    ("infinities", [1.5, float("inf")], object, [1.5, None], object),
    ("infinities", [0.0, float("inf")], "Sparse[float64]", [0.0, None], "Sparse[float64]"),
    ("numbers", ["1,234.5", "2"], "str", ["1234.5", "2"], "str"),
    ("numbers", ["2-", "3"], "str", ["-2", "3"], "str"),
    ("dates", ["1.2.24", "2.2.24"], "str", ["2024-02-01", "2024-02-02"], "str"),
    ("impossible_dates", ["1.2.24", "31.2.24"], "str", ["1.2.24", None], "str"),
    ("float_ids", ["1.0", "2.0"], "str", ["1", "2"], "str"),
    ("dates", ["2024-1-2 10:00:00.999"], "str", ["2024-01-02T10:00:00Z"], "str"),
    ("numbers", ["12.345.678", "98.765.432"], "str", ["12345678", "98765432"], "str"),
    ("numbers", ["1,2", "3,4"], "str", ["1.2", "3.4"], "str"),
    ("impossible_dates", ["2024-01-02 10:00", "2024-1-04 24:00"], "str", ["2024-01-02 10:00", None], "str"),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "before", "dtype", "after", "made"), NAMED, ids=str)
def test_columns_that_are_named(
    rule: str, before: list[Any], dtype: Any, after: list[Any], made: str
) -> None:
    repair = repaired(before, "t", dtype, **{rule: "t"})
    assert values_of(repair.frame["t"]) == after
    assert repair.frame["t"].dtype == made
    assert applied(pd.DataFrame({"t": pd.Series(before, dtype=dtype)}), repair) == [after]
    assert mended(repair.frame, **{rule: "t"}).changes.empty


def test_what_one_rule_makes_another_reads() -> None:
    repair = repaired(["2125550187.0\n"], "Phone", region="US", spaces=True)
    assert repair.frame["Phone"].tolist() == ["+12125550187"]
    assert repair.changes["rule"].tolist() == ["line_breaks", "spaces", "float_ids", "phones"]


def test_phones_held_as_numbers_become_text() -> None:
    repair = repaired([15123456789, 15123456780], "Phone", "int64", region="DE")
    assert repair.frame["Phone"].tolist() == ["+4915123456789", "+4915123456780"]
    assert repaired([15123456789, 15123456780], "Phone", "int64").changes.empty
    floats = repaired([2125550187.0, None], "Phone", "float64", region="US")
    assert values_of(floats.frame["Phone"]) == ["+12125550187", None]
    assert len(floats.changes) == 1
    some = repaired([*range(2_125_550_100, 2_125_550_199), float("inf")], "Phone", "float64", region="US")
    assert some.changes.empty
    assert some.doubts[0].count == 1


GERMANS = ["4915112345678", "4915112345679", "4915112345670"]


@pytest.mark.parametrize("dtype", ["str", object, "int64", "float64"])
@pytest.mark.parametrize("region", [None, "US", "DE"])
def test_a_plus_that_all_have_lost_is_put_back(dtype: Any, region: str | None) -> None:
    values = GERMANS if dtype in ("str", object) else [*map(int, GERMANS)]
    repair = repaired(values, "Phone", dtype, region=region)
    assert repair.frame["Phone"].tolist() == [f"+{v}" for v in GERMANS]
    assert mended(repair.frame, region=region).changes.empty


def test_a_plus_is_not_put_before_what_may_be_something_else() -> None:
    for values in (GERMANS[:2], [*GERMANS, "2125550187"]):
        assert repaired(values, "Phone").changes.empty
    assert repaired(GERMANS, "Amount").changes.empty
    # Danish with a plus, American by the region.
    americans = ["4585550187", "4585550188", "4585550189"]
    assert repaired(americans, "Phone", region="US").frame["Phone"].tolist() == [f"+1{v}" for v in americans]
    both = repaired([*GERMANS, "2125550187"], "Phone", region="US").frame["Phone"]
    assert both.tolist() == [*(f"+{v}" for v in GERMANS), "+12125550187"]


def test_a_rule_is_limited_to_its_columns() -> None:
    frame = pd.DataFrame({"a": ["1,55"], "b": ["2,55"], "c": ["3,55"]})
    a, both, c = (
        mended(frame, **rules).frame.iloc[0].tolist()
        for rules in ({"numbers": "a"}, {"columns": ["a", "c"]}, {"columns": ["a", "c"], "numbers": ["c"]})
    )
    assert a == ["1.55", "2,55", "3,55"]
    assert both == ["1.55", "2,55", "3.55"]
    assert c == ["1,55", "2,55", "3.55"]


def test_plain_numbers_are_thousands_where_that_is_said() -> None:
    asked: dict[str, Any] = {"numbers": ["t"], "decimal": ","}
    thousands = repaired(["1.234", "10.000", "500"], **asked)
    assert thousands.frame["t"].tolist() == ["1234", "10000", "500"]
    assert mended(thousands.frame, **asked).changes.empty
    assert repaired(["1.234", "10.000"], decimal=",").changes.empty
    assert repaired(["1.234", "10.000"], numbers=["t"]).changes.empty
    assert repaired(["1.234", "1.5"], **asked).changes.empty


def test_a_fraction_is_no_thousand_the_next_time() -> None:
    asked: dict[str, Any] = {"numbers": ["t"], "decimal": ","}
    for before, after in (
        (["1,234", "500"], ["1.2340", "500"]),
        (["1,234", "0,5"], ["1.234", "0.5"]),
        (["1.234.567", "1,234"], ["1234567", "1.2340"]),
    ):
        repair = repaired(before, **asked)
        assert repair.frame["t"].tolist() == after
        assert mended(repair.frame, **asked).changes.empty


@pytest.mark.parametrize("values", [["1.2.10", "1.10.11"], ["12-10-20", "11-10-20"]], ids=str)
def test_versions_and_sort_codes_are_no_dates_unless_they_are_called_so(values: list[str]) -> None:
    repair = repaired(values, impossible_dates=True, day_first=True)
    assert repair.changes.empty
    assert [(d.rule, d.count) for d in repair.doubts] == [("dates", 2)]
    assert pasted(repair.doubts[0].fix, values)["t"].tolist() != values
    assert repaired(values, "Sort Code", day_first=True).doubts == ()
    for name in ("Date", "created_at", "DOB", "Geburtstag"):
        assert len(repaired(values, name, day_first=True).changes) == 2
    assert repaired(["1.2.10", "N/A"], missing=True).changes.empty
    assert len(repaired(["1.2.10", "N/A"], "Date", missing=True).changes) == 2


def test_nobody_is_born_in_the_future() -> None:
    this, last = dt.date.today().year, dt.date.today().year - 1
    values = [f"1/1/{last % 100:02}", f"31/12/{(this + 1) % 100:02}", "13/2/45", "13/2/99"]
    born = [f"{last}-01-01", f"{this - 99}-12-31", "1945-02-13", "1999-02-13"]
    for name in ("Birthday", "DOB", "date_of_birth", "Geburtsdatum", "Date de naissance", "Geb.", "born"):
        repair = repaired(values, name)
        assert repair.frame[name].tolist() == born
        assert mended(repair.frame).changes.empty
    assert repaired(values, "Date").changes.empty


# ── doubt ────────────────────────────────────────────────────────────────────────────────────────────────────────

DOUBTS: list[tuple[str, list[str], dict[str, Any], str, int]] = [
    ("t", ["3/4/2025", "5/6/2025"], {}, "no value tells day from month", 2),
    ("t", ["3/14/2025", "15/6/2025"], {}, "1 can only be read day first, 1 only month first", 2),
    ("t", ["3/14/2025", "1/2/2025"], {"day_first": True}, "day_first=True was given", 2),
    ("Date", ["1.2.24 10:00", "1.2.24 10:00 +01:00"], {}, "some have a time zone", 2),
    ("Date", ["1.2.24", "1.2.65"], {}, "the century is not told", 2),
    ("t", ["2024-2-1", "2024-2-2", "2024-2-30"], {}, "no such day", 1),
    ("Datum", ["24-12-31", "23-05-15", "22-01-09"], {}, "may stand first or last", 3),
    ("Datum", ["24.12.31", "23.05.15"], {}, "may stand first or last", 2),
    ("t", ["24/12/31 10:00", "10/11/12 10:00"], {}, "may stand first or last", 2),
    ("t", ["24/12/31", "23/05/15", "99/12/31", "98/12/31", "97/12/31"], {}, "may stand first or last", 5),
    ("t", ["24/12/31", "23/05/15", "99/12/31"], {"impossible_dates": ["t"], "dates": False}, "may stand", 1),
    ("t", ["9999-12-31 23:59:59-05:00", "2024-01-02 10:00:00+00:00"], {}, "no moment of the years", 1),
    ("t", ["0001-01-01 00:30:00+02:00"], {}, "no moment of the years", 1),
    ("t", ["2024-1-2 10:00:00.999", "2024-1-3 10:00:00"], {}, "the fraction would be cut off", 1),
    ("t", ["2024-1-2 10:00:00,5Z", "2024-1-3 10:00:00Z"], {}, "the fraction would be cut off", 1),
    ("t", ["2024-01-02 24:00", "2024-01-03 25:00"], {}, "no such times of day", 2),
    ("t", ["2024-01-02T10:00:00Z", "2024-01-03T25:00:00Z"], {}, "no such time of day", 1),
    ("t", ["2024-1-2 1:30 PM", "2024-1-3 13:30 PM", "2024-1-4"], {}, "no such time of day", 1),
    ("t", ["2024-2-1", "2024-2-2", "25:00", "2024-2-3"], {}, "no date", 1),
    ("t", ["2024-2-1", "2024-2-2", "1.2.24", "2024-2-3"], {}, "no dates for certain", 1),
    ("t", ["1.2.24", "2.2.24"], {}, "the column's name does not tell", 2),
    ("t", ["2-", "3-", "1"], {}, "a mark at school", 2),
    ("t", ["12-", "13-"], {}, "a mark at school", 2),
    ("t", ["1.5e3", "2,55"], {}, "no number with a decimal comma", 1),
    ("t", ["192.168.100.101", "192.168.100.112"], {}, "as many groups of three", 2),
    ("t", ["12.345.678", "1.234.567", "N/A"], {}, "as many groups of three", 2),
    ("t", ["1.234.567.890"], {"decimal": ","}, "as many groups of three", 1),
    ("t", ["1,2", "3,4", "5"], {}, "or two with a comma between", 2),
    ("t", ["--5", "1.5"], {}, "two signs", 1),
    ("t", ["+5-", "-(5)", "-5-", "(-5)"], {"numbers": ["t"]}, "two signs", 4),
    ("t", ["1,234", "500"], {}, "it may be a thousand", 1),
    ("t", ["1,5", "1.5"], {}, "only a decimal comma", 2),
    ("t", ["1,5", "2,5"], {"decimal": "."}, "decimal='.' was given", 2),
    ("t", ["€ 5", "$ 5"], {}, "several currencies: EUR, USD", 2),
    ("t", ["€ 5", "12 %"], {"percent": True}, "have no percent sign", 1),
    ("t", ["12 %", "5 %"], {}, "a percentage may mean", 2),
    ("t", ["1,234.5", "2.5", "3", "tbd"], {}, "1 of its values is no number", 1),
    ("t", ["(1)", "(2)"], {}, "parentheses", 2),
    ("t", ["123 456 789", "555 666 777"], {}, "as many digits in the same groups", 2),
    ("t", ["007,5", "1,5"], {}, "begin with a zero", 2),
    ("t", ["red", "-", "blue"], {"missing": True}, "among which it may be one", 1),
    ("t", ["ja", "nein", "-"], {"truths": True}, "only say that there is none", 2),
    ("t", ["ja", "nein", "ja", "nein", "doch"], {"truths": True}, "say something else", 4),
    ("Phone", ["030 123", "+4915123456789"], {}, "no phone number with one reading", 1),
    ("User ID", ["1.0", "2.0", "3.0", "4.5"], {}, "not end in '.0'", 3),
]


@pytest.mark.parametrize(("name", "values", "rules", "reason", "count"), DOUBTS, ids=str)
def test_doubt_is_left_alone_and_said(
    name: str, values: list[str], rules: dict[str, Any], reason: str, count: int
) -> None:
    repair = repaired(values, name, **rules)
    (doubt,) = (d for d in repair.doubts if reason in d.reason)
    assert (doubt.column, doubt.count) == (name, count)
    assert doubt.example in values
    left = [v for v, now in zip(values, repair.frame[name], strict=True) if v == now]
    assert len(left) >= count
    assert doubt.reason in repr(repair)


def pasted(line: str, values: Any, label: Any = "t") -> pd.DataFrame:
    """The frame after a line of a doubt has been run."""
    names: dict[str, Any] = {"pd": pd, "df": pd.DataFrame({label: pd.Series(values, dtype="str")})}
    exec(line, names)
    made = names["df"]
    assert isinstance(made, pd.DataFrame)
    return made


@pytest.mark.parametrize(
    ("values", "after"),
    [
        (["1.000 €", "2.500 €"], ["1000", "2500"]),
        (["1,234", "500"], ["1234", "500"]),
        (["3/4/2025", "5/6/2025"], ["2025-04-03", "2025-06-05"]),
        (["2-", "3-"], ["-2", "-3"]),
        (["12 %", "5 %"], ["12", "5"]),
        (["31/12/24", "09/01/22"], ["2024-12-31", "2022-01-09"]),
        (["31-12-24", "09-01-22"], ["2024-12-31", "2022-01-09"]),
        (["12.345.678", "98.765.432"], ["12345678", "98765432"]),
        (["1,2", "3,4"], ["1.2", "3.4"]),
        (["2024-1-2 10:00:00.5"], ["2024-01-02T10:00:00Z"]),
        (["2024-2-1", "2024-2-2", "2024-2-30"], ["2024-02-01", "2024-02-02", None]),
        (
            ["2024-2-1", "2024-2-2", "1.2.24", "2024-2-3"],
            ["2024-02-01", "2024-02-02", "2024-02-01", "2024-02-03"],
        ),
    ],
    ids=str,
)
@pytest.mark.parametrize("label", ["t", 7, pd.Timestamp("2024-01-01"), np.float64(1.5)], ids=str)
def test_the_line_of_a_doubt_settles_it(values: list[str], after: list[str | None], label: Any) -> None:
    repair = connect_pandas.repair(pd.DataFrame({label: pd.Series(values, dtype="str")}))
    (fix,) = (d.fix for d in repair.doubts if d.fix)
    assert "pandas." not in fix
    assert values_of(pasted(ways_of(fix)[0], values, label)[label]) == after


def test_the_line_for_a_year_that_stands_first() -> None:
    (doubt,) = repaired(["24-12-31", "23-05-15"], "Date").doubts
    made = pasted(ways_of(doubt.fix)[1], ["24-12-31", "23-05-15"], "Date")["Date"]
    assert made.dt.strftime("%Y-%m-%d").tolist() == ["2024-12-31", "2023-05-15"]


def found(values: list[str], label: str = "t", **rules: Any) -> mends.Mend:
    """What the rule of dates makes of a column."""
    frame = pd.DataFrame({label: pd.Series(values, dtype="str")})
    seen = mends.Seen(column_of(label, frame[label]), frame.index)
    settled = asked.settled(rules, read(frame), frame)
    (mend,) = mend_rules.RULES["dates"].find(mends.Subject("dates", seen, settled, named=False))
    assert isinstance(mend, mends.Mend)
    return mend


def test_times_without_a_zone_are_said_to_be_taken_for_utc() -> None:
    values = ["1/2/2024", "1/2/2024 10:00", "3/7/2024 11:00"]
    doubt = found(values, day_first=True).taken
    assert doubt is not None
    assert (doubt.rule, doubt.column, doubt.count, doubt.example) == ("dates", "t", 2, values[1])
    assert "written as UTC" in doubt.reason
    local = pasted(doubt.fix, values)["t"].dt.tz_convert("UTC").dt.strftime("%Y-%m-%d %H:%M")
    assert local.tolist() == ["2024-01-31 23:00", "2024-02-01 09:00", "2024-07-03 09:00"]
    assert found(["13/2/2024"]).taken is None
    assert found(["13/2/2024 10:00Z"]).taken is None


@pytest.mark.parametrize("time", ["24:00", "25:00", "13:30 PM", "10:00:60", "10:00+25:00"])
def test_a_column_with_times_that_no_clock_shows_is_read_the_second_time(time: str) -> None:
    values = ["2024-1-2 10:00", "2024-1-3 11:00", f"2024-1-4 {time}"]
    repair = repaired(values)
    assert repair.frame["t"].tolist() == ["2024-01-02T10:00:00Z", "2024-01-03T11:00:00Z", values[2]]
    again = connect_pandas.repair(repair.frame)
    assert again.changes.empty
    assert [d.reason for d in again.doubts] == ["there is no such day, or no such time of day"]
    fixed = pasted(again.doubts[0].fix, repair.frame["t"])["t"]
    assert values_of(fixed) == [*repair.frame["t"][:2], None]


def test_the_line_for_thousands_says_what_the_other_mark_would_make() -> None:
    lines = [repaired(values, "Umsatz").doubts[0].fix for values in (["1.000 €"], ["1,234"])]
    thousands, fractions = (
        "df = df.connect.repair(columns=['Umsatz'], numbers=['Umsatz'], decimal={!r}).frame   # if they are "
        + what
        for what in ("thousands", "fractions")
    )
    assert [ways_of(fix) for fix in lines] == [
        [thousands.format(","), fractions.format(".")],
        [thousands.format("."), fractions.format(",")],
    ]


def test_the_line_for_phones_has_the_region_of_the_others() -> None:
    assert "region='US'" in repaired(["212 555 0187"], "Phone").doubts[0].fix
    assert 'region="…"' in repaired(["030 123456"], "Phone").doubts[0].fix
    (doubt,) = repaired(["030 123456", "+4915123456789"], "Phone").doubts
    assert "phones=['Phone'], region='DE'" in doubt.fix
    assert pasted(doubt.fix, ["030 123456", "+4915123456789"], "Phone")["Phone"].tolist()[0] == "+4930123456"


ONLY_IN_DOUBT = [["2024-02-01", "2024-02-30"]]


@pytest.mark.parametrize(
    "values",
    [
        ["12.10.", "13.10."],
        ["10 20", "30 40"],
        ["4111 1111 1111 1111", "1,5"],
        ["1.2.3", "1.10.4"],
        ["10.0.0.1", "10.0.0.2"],
        ["10.0.0.1", "192.168.100.200"],
        ["1e10", "5", "6"],
        ["5", "6", "7", "8", "tbd"],
        ["1, 2", "3"],
        ["01.02.2024", "03.04.2024"],
        ["+4915123456789", "+49 151 234567"],
        ["1.5", "2.25"],
        ["1e5", ".5"],
        ["2024-02-01", "2024-02-30"],
        ["yes", "no"],
        ["no", "no"],
        ["", ""],
    ],
    ids=str,
)
def test_what_is_something_else_stays(values: list[str]) -> None:
    repair = repaired(values, truths=True, phones=False)
    assert repair.changes.empty
    assert bool(repair.doubts) == (values in ONLY_IN_DOUBT)


def test_identifiers_are_no_amounts_unless_they_are_named() -> None:
    assert repaired(["1,234.5", "2"], "Order ID").changes.empty
    assert len(repaired(["1,234.5", "2"], "Order ID", numbers=["Order ID"]).changes) == 1


def test_values_that_no_epoch_and_no_spreadsheet_has() -> None:
    for rule in ("epochs", "serials"):
        repair = repaired([1, 2_000_000], "t", "int64", **{rule: "t"})
        assert repair.changes.empty
        assert [(d.rule, d.count) for d in repair.doubts] == [(rule, 2)]
        assert len(repaired(["45323", "x"], "t", **{rule: "t"}).doubts) == 1


# ── the original, the log, the new frame ─────────────────────────────────────────────────────────────────────────


def applied(frame: pd.DataFrame, repair: Repair) -> list[list[Any]]:
    """The original's columns after each line of the log."""
    made = {str(c): dict(enumerate(values_of(frame[c]))) for c in frame}
    for place, change in zip(repair.changes.index, repair.changes.itertuples(index=False), strict=True):
        if change.rule.startswith(("drop_", "keep_")):
            for column in made.values():
                del column[place]
        else:
            assert same(made[change.column][place], change.before)
            made[change.column][place] = None if pd.isna(change.after) else change.after
    return [list(column.values()) for column in made.values()]


def assert_same(frame: pd.DataFrame, other: pd.DataFrame) -> None:
    """As pandas' own, which does not know all of Arrow's types."""
    assert frame.columns.equals(other.columns)
    assert frame.index.equals(other.index)
    assert frame.dtypes.tolist() == other.dtypes.tolist()
    for place in range(frame.shape[1]):
        assert values_of(frame.iloc[:, place]) == values_of(other.iloc[:, place])


def same(one: Any, other: Any) -> bool:
    return bool(pd.isna(one) and pd.isna(other)) or bool(one == other)


POOLS = [
    [
        "1/2/2024",
        "13/1/2024",
        "1/13/24",
        "31/02/2024",
        "2024-2-1",
        "2024-02-01",
        "1.2.24",
        "1 Feb 2024",
        "N/A",
        "",
    ],
    [
        "1/2/2024 5:00 PM",
        "2024-02-01T00:00:00Z",
        "2024-02-01 10:00",
        "1.2.24 25:00",
        "1-Feb-24",
        "20240201",
        "3/14/65",
        "24/12/31",
        "2024-02-01 10:00:00.5",
        "9999-12-31 23:59:59-05:00",
    ],
    [
        "1,234.50",
        "1.234,50",
        "1,234",
        "1.234",
        "12",
        "€ 12",
        "$5",
        "12 %",
        "(5.00)",
        "5-",
        "007",
        "1 234",
        "-",
        "x",
    ],
    ["1,234", "1.234", "10.000", "1.234.567", "12", "2-", "1e10", "1.2.10", "1,2", "3,4", "--5"],
    ["4915112345678", "4915112345679", "4915112345670", "12125550187", "2125550187"],
    ["+49 151 23456789", "(212) 555-0187", "0151 23456789", "+4915123456789", "tel", "-", "12"],
    ["ja", "nein", "on", "off", "1", "0", "yes", "NULL"],
    ["123.0", "7.0", "8", "1.5", "\ud800", "a\nb", "\x00", " N/A", "N/A ", "\x85", " ", "1.0\n"],
]
NAMES = ["t", "Date", "DOB", "Phone", "Order ID", "Amount", "Zip"]
FLAGS = "surrogates spaces missing impossible_dates percent truths infinities drop_duplicates".split()


@st.composite
def messes(draw: st.DrawFn) -> tuple[pd.DataFrame, dict[str, Any]]:
    """A frame of nasty columns, and what is asked of it."""
    rows = draw(st.integers(0, 5))
    names = draw(st.lists(st.sampled_from(NAMES), max_size=4, unique=True))
    made: dict[str, pd.Series[Any]] = {"key": pd.Series(range(rows)) // 2}
    for name in names:
        pool = draw(st.sampled_from(POOLS))
        values = draw(st.lists(st.sampled_from([*pool, None]), min_size=rows, max_size=rows))
        half = any(v == "\ud800" for v in values)
        made[name] = pd.Series(values, dtype=object if half else draw(st.sampled_from(TEXT_DTYPES)))
    numbers = st.sampled_from(
        [0, 1, 501, 98_052, 45_323, 20_240_201, 1_700_000_000, 4915123456789, 1.5, float("inf")]
    )
    made["n"] = pd.Series(draw(st.lists(numbers, min_size=rows, max_size=rows)))
    rules: dict[str, Any] = {flag: draw(st.booleans()) for flag in FLAGS}
    for rule in ("epochs", "serials", "leading_zeros", "truths", "missing", "dates", "numbers", "phones"):
        if draw(st.booleans()):
            rules[rule] = draw(st.lists(st.sampled_from(list(made)), unique=True))
    rules |= {
        "day_first": draw(st.sampled_from([None, True, False])),
        "decimal": draw(st.sampled_from([None, ".", ","])),
        "region": draw(st.sampled_from([None, "US", "DE"])),
        "key": ["key"],
        "keep_last": draw(st.sampled_from([None, *made])),
        "drop_without_key": draw(st.booleans()),
    }
    return pd.DataFrame(made), rules


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(made=messes())
def test_a_repair_is_whole_told_and_done_once(made: tuple[pd.DataFrame, dict[str, Any]]) -> None:
    frame, rules = made
    before = frame.copy(deep=True)
    repair = connect_pandas.repair(frame, **rules)
    assert_same(frame, before)
    ours, theirs = [values_of(repair.frame[c]) for c in repair.frame], applied(frame, repair)
    assert all(same(a, b) for x, y in zip(ours, theirs, strict=True) for a, b in zip(x, y, strict=True))
    assert repair.frame.columns.tolist() == frame.columns.tolist()
    again = mended(repair.frame, **rules)
    assert again.changes.empty, again.changes
    assert_same(again.frame, repair.frame)
    assert repr(repair)
    if len(repair.frame):
        wrong = [
            p
            for p in connect_pandas.plan(repair.frame, "T").problems.errors
            if p.group not in ("key", "names")
        ]
        assert {(p.column, p.code) for p in wrong} <= {(p.column, p.code) for p in repair.left}


@pytest.mark.parametrize("dtype", TEXT_DTYPES, ids=str)
def test_texts_are_mended_and_keep_their_dtype(dtype: Any) -> None:
    texts = pd.Series(["one\r\ntwo", "page\x0cbreak\x00", None], dtype=dtype)
    frame = pd.DataFrame({"k": ["a", "b", "c"], "t": texts})
    frame.index = pd.MultiIndex.from_arrays([list("xyz"), frame.pop("k")], names=[None, "k"])
    frame.attrs["source"] = "here"
    before = frame.copy()
    repair = connect_pandas.repair(frame)
    assert_same(frame, before)
    assert repair.frame["t"].tolist()[:2] == ["one two", "page break"]
    assert repair.frame["t"].isna().tolist() == [False, False, True]
    assert isinstance(repair.frame["t"].dtype, type(frame["t"].dtype))
    assert repair.frame.attrs == {"source": "here"}
    assert repair.changes.to_dict("list") == {
        "column": ["t", "t"],
        "row": [("x", "a"), ("y", "b")],
        "before": ["one\r\ntwo", "page\x0cbreak\x00"],
        "after": ["one two", "page break"],
        "rule": ["line_breaks", "control_characters"],
    }
    assert repair.changes.index.tolist() == [0, 1]
    assert repair.left == ()
    assert connect_pandas.plan(repair.frame, "T").ok


@pytest.mark.parametrize("dtype", ["category", pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))])
def test_categories_may_become_missing(dtype: Any) -> None:
    repair = repaired(["5", "N/A", "6", "N/A"], dtype=dtype, missing=True)
    assert values_of(repair.frame["t"]) == ["5", None, "6", None]
    assert isinstance(repair.frame["t"].dtype, pd.CategoricalDtype | pd.ArrowDtype)


@pytest.mark.parametrize("dtype", TEXT_DTYPES, ids=str)
def test_each_value_gets_its_own(dtype: Any) -> None:
    repair = repaired(["2,5", "10", None, "1,5", "2,5", "€ 3"], dtype=dtype)
    assert values_of(repair.frame["t"]) == ["2.5", "10", None, "1.5", "2.5", "3"]
    assert repair.changes.index.tolist() == [0, 3, 4, 5]


def test_ordered_categories_keep_their_order() -> None:
    dtype = pd.CategoricalDtype(["z\n", "a", "z "], ordered=True)
    mended = connect_pandas.repair(pd.DataFrame({"t": pd.Series(["a", "z\n"], dtype=dtype)})).frame["t"]
    assert mended.cat.ordered
    assert mended.cat.categories.tolist() == ["z ", "a"]


def test_what_is_not_changed_is_shared() -> None:
    frame = pd.DataFrame({"n": np.arange(5), "t": ["a\n", "b", "c", "d", "e"]})
    repair = connect_pandas.repair(frame)
    assert np.shares_memory(repair.frame["n"].to_numpy(), frame["n"].to_numpy())
    repair.frame.loc[0, "n"] = 9
    assert frame["n"].tolist() == [0, 1, 2, 3, 4]


def test_what_only_its_owner_can_decide_is_left() -> None:
    frame = pd.DataFrame({"k": ["a\n", "a ", "b"], "x": [1.0, float("inf"), 2.0]})
    repair = connect_pandas.repair(frame)
    assert ("x", "infinite-number") in {(p.column, p.code) for p in repair.left}
    assert "infinite-number" in repr(repair)
    assert "line_breaks  1       'a\\n' → 'a '" in repr(repair)


def test_nothing_to_change() -> None:
    frame = pd.DataFrame({"k": ["a"], "n": [1]})
    repair = connect_pandas.repair(frame)
    assert repair.changes.empty
    assert list(repair.changes.columns) == ["column", "row", "before", "after", "rule"]
    assert "nothing to change" in repr(repair)
    pd.testing.assert_frame_equal(repair.frame, frame)


def test_an_index_is_looked_at_and_never_changed() -> None:
    frame = pd.DataFrame({"n": [1, 2]}, index=pd.Index(["a\n", "b"], name="k"))
    repair = connect_pandas.repair(frame)
    assert repair.frame.index.tolist() == ["a\n", "b"]
    assert [(d.rule, d.column, d.count, d.example) for d in repair.doubts] == [("line_breaks", "k", 1, "a\n")]
    assert "reset_index" in repair.doubts[0].fix
    with pytest.raises(PlanError, match=r"names 'k', which is of the index: df = df.reset_index\(\)"):
        connect_pandas.repair(frame, spaces="k")


def test_frames_of_every_shape() -> None:
    for frame in (
        pd.DataFrame(),
        pd.DataFrame({"t": pd.Series(dtype="str")}),
        pd.DataFrame(index=[1, 2]),
        pd.DataFrame([["a\n"]], columns=pd.MultiIndex.from_tuples([("a", "b")])),
    ):
        repair = connect_pandas.repair(frame, drop_duplicates=True)
        pd.testing.assert_frame_equal(repair.frame.iloc[:0], frame.iloc[:0])
        assert repr(repair)
    twins = pd.DataFrame([["1,5", "x\n"], ["2,5", "y"]], columns=["a", "a"], index=["r", "r"])
    repair = connect_pandas.repair(twins, numbers="a")
    assert repair.frame.to_numpy().tolist() == [["1.5", "x "], ["2.5", "y"]]
    assert repair.changes["row"].tolist() == ["r", "r", "r"]
    assert repair.changes.index.tolist() == [0, 1, 0]


def test_a_proof_counts_wherever_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connect_pandas.data.columns.SLICE_ROWS", 700)
    values = ["1,234"] * 2_000 + ["0.5"]
    assert repaired(values).frame["t"].tolist() == ["1234"] * 2_000 + ["0.5"]
    days = ["3/4/2025"] * 2_000 + ["14/4/2025"]
    assert set(repaired(days).frame["t"]) == {"2025-04-03", "2025-04-14"}
    assert repaired([*days, "4/14/2025"]).changes.empty


nasty = st.text(st.sampled_from("ab \n\r\x00\x0b\x1f\x7f\x85\u2028"), max_size=6)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(made=frames(nasty))
def test_a_repaired_frame_has_no_unreadable_text(made: tuple[pd.DataFrame, Any]) -> None:
    frame, columns = made
    before = frame.copy()
    characters = dict.fromkeys(("line_breaks", "control_characters"), True)
    repair = mended(frame, **OFF | characters)
    assert_same(frame, before)
    again = connect_pandas.plan(repair.frame, "T", key="id").problems
    assert not [p for p in again if p.code in ("line-break", "control-character")]
    wrong = sum(isinstance(v, str) and bool(NO_TEXT.search(v)) for c in columns.values() for v in c.values)
    assert len(repair.changes[["column", "row"]].drop_duplicates()) == wrong


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_rows_that_are_equal_throughout_are_dropped() -> None:
    frame = pd.DataFrame({"k": ["a", "a\n", "a ", "b"], "n": [1, 1, 1, 2]}, index=list("wxyz"))
    repair = connect_pandas.repair(frame, drop_duplicates=True, key="k")
    assert repair.frame.index.tolist() == ["w", "x", "z"]  # "a\n" becomes "a ", which the next row has
    dropped = repair.changes[repair.changes["rule"] == "drop_duplicates"]
    assert dropped[["column", "row", "before"]].to_numpy().tolist() == [["k", "y", "a "]]
    assert "1 row dropped" in repr(repair)
    assert connect_pandas.repair(frame).frame.index.tolist() == list("wxyz")
    index = pd.Index([1, 2], name="id")
    assert (
        len(connect_pandas.repair(pd.DataFrame({"n": [1, 1]}, index=index), drop_duplicates=True).frame) == 2
    )


@pytest.mark.parametrize("values", [[[1], [2]], [[1], [1]], [{1: 2}, {1: 2}]], ids=str)
def test_rows_that_cannot_be_compared_are_left(values: list[Any]) -> None:
    repair = connect_pandas.repair(pd.DataFrame({"l": values}), drop_duplicates=True)
    assert len(repair.frame) == 2
    assert repair.doubts[0].rule == "drop_duplicates"


@pytest.mark.parametrize(
    ("when", "kept"),
    [
        ([1, 3, 2, 5, 4], [1, 3]),
        (["1/1/24", "3/1/24", "2/1/24", "25/1/24", "4/1/24"], [1, 3]),
        (pd.to_datetime(["2024-01-01", "2024-01-03", "2024-01-02", "2024-01-05", "2024-01-04"]), [1, 3]),
        ([1, 3, 3, 5, 4], [1, 2, 3]),  # a tie
        ([1, None, 3, 5, 4], [0, 1, 2, 3]),  # which is last is not known
        (["9", "11", "10", "1e3", "200"], [1, 3]),
        (["0.5", "1.25", "1.1", "100000000000000001", "100000000000000000"], [1, 3]),
        (["9", "1.0", "9.0", "5", "4"], [0, 2, 3]),
        (["9", "x", "1", "5", "4"], [0, 1, 2, 3, 4]),
        (["a", "b", "c", "d", "e"], [0, 1, 2, 3, 4]),
        ([True, False, True, False, True], [0, 1, 2, 3, 4]),
    ],
    ids=str,
)
def test_of_rows_with_one_key_the_last_stays(when: Any, kept: list[int]) -> None:
    frame = pd.DataFrame({"k": list("aaabb"), "p": [1, 1, 1, 2, 2], "when": when})
    repair = connect_pandas.repair(frame, key=["k", "p"], keep_last="when")
    assert repair.frame.index.tolist() == kept
    dropped = repair.changes[repair.changes["rule"] == "keep_last"]
    assert dropped["before"].tolist() == [("aaabb"[i], [1, 1, 1, 2, 2][i]) for i in range(5) if i not in kept]
    assert bool(repair.doubts) == (kept != [1, 3])
    assert connect_pandas.repair(repair.frame, key=["k", "p"], keep_last="when").changes.empty


@pytest.mark.parametrize("dtype", TEXT_DTYPES, ids=str)
def test_rows_of_every_text_dtype_are_dropped(dtype: Any) -> None:
    frame = pd.DataFrame({"k": pd.Series(["a", "a", None, "b\n"], dtype=dtype), "n": [1, 1, 2, 3]})
    repair = connect_pandas.repair(frame, key="k", drop_duplicates=True, drop_without_key=True, spaces=True)
    assert repair.frame["k"].tolist() == ["a", "b"]
    assert repair.changes["before"].dropna().tolist() == ["b\n", "b ", "a"]


def test_rows_without_a_key_are_dropped() -> None:
    frame = pd.DataFrame({"k": ["a", None, "", "b"], "p": [1.0, 2.0, 3.0, None]})
    assert connect_pandas.repair(frame, key="k", drop_without_key=True).frame.index.tolist() == [0, 3]
    assert connect_pandas.repair(frame, key=["k", "p"], drop_without_key=True).frame.index.tolist() == [0]
    named = frame.set_index("k")
    assert connect_pandas.repair(named, key="k", drop_without_key=True).frame["p"].tolist()[:1] == [1.0]


def test_a_key_that_cannot_be_read_drops_nothing() -> None:
    frame = pd.DataFrame({"k": [["a"], ["b"]], "d": [1, 2]})
    repair = connect_pandas.repair(frame, key="k", drop_without_key=True, keep_last="d")
    assert len(repair.frame) == 2
    assert [d.rule for d in repair.doubts] == ["drop_without_key", "keep_last"]


def test_what_the_remaining_rows_prove_is_put_right_as_well() -> None:
    frame = pd.DataFrame({"k": ["a", "b", None], "d": ["3/14/24", "1/2/24", "14/3/24"]})
    repair = connect_pandas.repair(frame, key="k", drop_without_key=True)
    assert repair.frame["d"].tolist() == ["2024-03-14", "2024-01-02"]


# ── what cannot be asked for ─────────────────────────────────────────────────────────────────────────────────────


def test_every_mistake_is_said_at_once() -> None:
    frame = pd.DataFrame({"Date": ["a"], "Amount": ["b"]})
    wrong: dict[str, Any] = {
        "dats": True,
        "columns": ["Amount", "Amout"],
        "dates": "Date",
        "numbers": ["Amonut"],
        "region": "UK",
        "epochs": True,
        "decimal": ";",
        "day_first": "yes",
        "keep_last": "Dat",
        "drop_without_key": True,
    }
    with pytest.raises(PlanError) as caught:
        connect_pandas.repair(frame, **wrong)
    said = str(caught.value)
    for words in (
        "no rule 'dats'. Did you mean 'dates'",
        "columns=: there is no column 'Amout'. Did you mean 'Amount'",
        "dates= names 'Date', which columns= leaves out",
        "numbers=: there is no column 'Amonut'",
        "region='UK'",
        "epochs=True: name the columns",
        "decimal=';'",
        "day_first='yes'",
        "keep_last=: there is no column 'Dat'",
        "drop_without_key= needs key=",
    ):
        assert words in said
    with pytest.raises(PlanError, match="A pandas DataFrame is needed"):
        connect_pandas.repair([1])  # type: ignore[arg-type]


def test_the_accessor_is_its_twin() -> None:
    frame = pd.DataFrame({"t": ["1/2/24"]})
    assert frame.connect.repair(day_first=True).frame["t"].tolist() == ["2024-02-01"]


def test_today_decides_what_is_far() -> None:
    soon, far = dt.date.today().year + 5, dt.date.today().year + 15
    assert repaired([f"1.2.{soon % 100}"], "Date").frame["Date"].tolist() == [f"{soon}-02-01"]
    assert repaired([f"1.2.{far % 100}"], "Date").changes.empty


# ── the page ─────────────────────────────────────────────────────────────────────────────────────────────────────

PAGE = (Path(__file__).parents[2] / "docs" / "repair.md").read_text(encoding="utf-8")
TABLES = re.findall(r"^\| `(\w+)` \| (on|off) \| (.*?) \|", PAGE, re.MULTILINE)


def test_the_page_lists_every_rule() -> None:
    assert [(name, default == "on") for name, default, _ in TABLES] == [
        *((name, rule.on) for name, rule in mend_rules.RULES.items()),
        *((name, False) for name in DROPS),
    ]
    signature = inspect.signature(connect_pandas.repair)
    for name, default, _ in TABLES:
        assert bool(signature.parameters[name].default) == (default == "on")
    assert tuple(DROPS) == asked.ROW_RULES


@pytest.mark.parametrize(("name", "example"), [(n, e) for n, _, e in TABLES if n in mend_rules.RULES])
def test_the_examples_of_the_page(name: str, example: str) -> None:
    before, after = ([_said(v) for v in half.split(", ")] for half in example.split(" → "))
    text = "text" in mend_rules.RULES[name].kinds
    repair = repaired(before, "t", object if text else "float64", **{**OFF, name: "t"})
    assert [None if pd.isna(v) else str(v) for v in repair.frame["t"]] == after


def _said(cell: str) -> str | None:
    said = cell.strip("`")
    return None if said == "(nothing)" else str(ast.literal_eval(said)) if said.startswith("'") else said


def days(*written: str) -> pd.DataFrame:
    return pd.DataFrame({"Order ID": [f"A{i}" for i in range(len(written))], "Date": written})


def test_what_is_no_day_is_not_said_to_have_its_year_first_once_the_others_are_rewritten() -> None:
    frame = days("3/1/24", "14/1/24", "15/1/24", "2/2/24", "30/2/24", "1/3/24")
    repair = connect_pandas.repair(frame)
    assert repair.frame["Date"].tolist() == [
        *("2024-01-03", "2024-01-14", "2024-01-15", "2024-02-02", "30/2/24", "2024-03-01"),
    ]
    (doubt,) = repair.doubts
    assert (doubt.count, doubt.example) == (1, "30/2/24")
    assert "no such day" in doubt.reason
    (error,) = repair.left
    assert error.code == "impossible-date"
    assert "may stand first" not in error.message
    for start in (frame, repair.frame):
        made = connect_pandas.repair(start, impossible_dates=["Date"])
        assert made.frame["Date"].isna().tolist() == [False] * 4 + [True, False]
        assert not made.left


@pytest.mark.parametrize(
    ("odd", "others", "becomes"),
    [
        ("14/2/24", ["2024-01-03"], "2024-02-14"),  # in 2014 the others are not
        ("24/2/14", ["2024-01-03"], None),
        ("24/12/31", ["2024-01-03"], None),
        ("14/2/19", ["2020-01-03", "2024-01-03"], None),  # nor is 2019 among them
        ("14/2/24", ["2013-01-03", "2024-01-03"], None),
    ],
)
def test_years_in_full_tell_where_those_of_two_digits_stand(
    odd: str, others: list[str], becomes: str | None
) -> None:
    repair = connect_pandas.repair(days(*others * 5, odd))
    assert repair.frame["Date"].iloc[-1] == (becomes or odd)
    assert [(d.count, d.example) for d in repair.doubts] == ([] if becomes else [(1, odd)])


@pytest.mark.parametrize("key", ["Order ID", ["Order ID"], ["Order ID", "SKU"], ("Order ID", "SKU")], ids=str)
def test_what_is_left_is_what_a_plan_with_that_key_finds(key: Any) -> None:
    frame = pd.DataFrame({"ID": range(4), "Order ID": ["A", "A", "B", "C"], "SKU": ["x", "x", "y", "z"]})
    assert not connect_pandas.repair(frame).left
    repair = connect_pandas.repair(frame, key=key)
    planned = connect_pandas.plan(frame, "T", key=list(key) if isinstance(key, tuple) else key)
    assert [(p.code, p.message) for p in repair.left] == [
        (p.code, p.message) for p in planned.problems.errors
    ]
    assert [p.code for p in repair.left] == ["duplicate-key"]
    assert "not ready" in repr(repair)


def test_a_repair_that_is_ready_says_the_plan_with_its_key() -> None:
    frame = pd.DataFrame({"Order ID": ["A", "B"], "SKU": ["x", "y"]})
    assert 'plan("Name")' in repr(connect_pandas.repair(frame))
    assert "plan(\"Name\", key='SKU')" in repr(connect_pandas.repair(frame, key="SKU"))
    assert "plan(\"Name\", key=['SKU', 'Order ID'])" in repr(
        connect_pandas.repair(frame, key=("SKU", "Order ID"))
    )


def test_terminal_and_notebook_say_the_same_of_a_repair() -> None:
    repair = connect_pandas.repair(
        days("3/4/24", "5/6/24", "14/1/24", "30/2/24").assign(n=["€ 1", "$ 2"] * 2)
    )
    bundle = repair._repr_mimebundle_()
    assert repr(repair) == bundle["text/plain"]
    for doubt in repair.doubts:
        assert doubt.reason in bundle["text/plain"]
        assert doubt.reason in bundle["text/html"]
        for line in doubt.fix.split("\n"):
            assert line in bundle["text/plain"]


def test_only_the_first_doubts_of_very_many_are_drawn() -> None:
    frame = pd.DataFrame({f"Price {i}": ["€ 1", "$ 2"] for i in range(25)}).assign(ID=["a", "b"])
    said = repr(connect_pandas.repair(frame))
    assert said.count("several currencies") == 20
    assert "… and 5 doubts more: .doubts" in said
