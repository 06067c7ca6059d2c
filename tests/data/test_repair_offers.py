"""What a problem offers as its fix: the repair in it changes what it is offered for, run as it stands."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import connect_pandas
from connect_pandas import Problem
from connect_pandas.data.problems import as_code, either, ways_of

ROWS = 6

MESSY: dict[Any, list[Any]] = {
    # amounts
    "Euros": ["€ 12", "€ 7", "€ 1.234,50", "€ 3", "€ 4", "€ 5"],
    "Currencies": ["€ 12", "$ 7", "€ 3", "$ 4", "£ 5", "€ 6"],
    "Marks": ["1.234,50", "1,234.50", "1,5", "2.5", "3", "4"],
    "Thousands": ["1,234", "5,678", "9,012", "3,456", "7,890", "1,111"],
    "Fractions": ["12,5", "3,25", "4,75", "5,5", "6,5", "7,5"],
    "Umsatz": ["1.234", "2.500", "10.000", "3.000", "4.000", "5.000"],
    "Shares": ["12 %", "5 %", "7 %", "8 %", "9 %", "10 %"],
    "Some shares": ["12 %", "5 %", "€ 7", "8 %", "9 %", "10 %"],
    "Zero shares": ["012 %", "05 %", "07 %", "08 %", "09 %", "010 %"],
    "Grades": ["2-", "3-", "1-", "4-", "2-", "1-"],
    "Groups": ["12.345.678", "98.765.432", "11.222.333", "44.555.666", "77.888.999", "10.020.030"],
    "Pairs": ["1,2", "3,4", "5,6", "7,8", "9,1", "2,3"],
    "Enclosed": ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"],
    "Signs": ["--5", "-(5)", "(-5)", "+5-", "--6", "--7"],
    "Zeros": ["007,5", "01,5", "02,5", "03,5", "04,5", "05,5"],
    "Infinite": [1.5, float("inf"), 2.5, float("-inf"), 3.5, 4.5],
    # dates
    "Short": ["2/10/25", "25/12/24", "3/11/24", "4/5/23", "6/7/22", "8/9/21"],
    "Open": ["3/4/2025", "5/6/2025", "7/8/2025", "9/10/2025", "11/12/2025", "1/2/2025"],
    "Padded open": ["03/04/25", "05/06/25", "07/08/25", "09/10/25", "11/12/25", "01/02/25"],
    "Both orders": ["3/14/2025", "15/6/2025", "7/28/2025", "29/10/2025", "1/2/2025", "3/4/2025"],
    "Order date": ["01.02.24", "03.04.25", "05.06.23", "07.08.22", "09.10.21", "11.12.20"],
    "Ship date": ["24-12-31", "23-05-15", "22-01-09", "21-02-10", "20-03-11", "19-04-12"],
    "Versions": ["1.2.10", "1.10.11", "1.2.12", "1.3.1", "2.0.1", "2.1.1"],
    "No day": ["2024-2-1", "2024-2-2", "2024-2-30", "2024-2-4", "2024-2-5", "2024-2-6"],
    "Hours": ["2024-1-2 10:00", "2024-1-3 11:00", "2024-1-4 24:00", "2024-1-5 9:00", "2024-1-6", "2024-1-7"],
    "Split seconds": [f"2024-1-{i} 10:00:00.5" for i in range(1, 7)],
    "Split open": ["3/4/2024 10:00:00.5Z", *[f"{i}/5/2024 10:00:00.5Z" for i in range(1, 6)]],
    "Sort of code": ["12-10-20", "11-10-20", "01-02-03", "04-05-06", "07-08-09", "10-11-12"],
    "Sort": ["1-2-20", "1-3-20", "2-2-20", "3-2-20", "4-2-20", "5-2-20"],
    "Old date": ["99-12-31", "98-12-31", "97-12-31", "96-12-30", "95-11-30", "94-10-31"],
    "Some versions": ["2024-2-1", "2024-2-2", "1.2.24", "2024-2-3", "2024-2-4", "2024-2-5"],
    "Some open": ["2024-2-1", "2024-2-2", "01.02.24", "2024-2-3", "2024-2-4", "2024-2-5"],
    "Zones": ["1.2.2024 10:00", "1.2.2024 10:00 +01:00", *["1.2.2024 11:00"] * 4],
    "Months": ["1 Feb 2024", "Mar. 3, 2024", "4 May 2024", "5 Jun 2024", "6 Jul 2024", "7 Aug 2024"],
    "Far date": ["1.2.24", "1.2.65", "1.3.24", "1.4.24", "1.5.24", "1.6.24"],
    "Created": [1730477078 + i for i in range(ROWS)],
    "Delivery date": [45323 + i for i in range(ROWS)],
    "Booked date": [20240201, 20240202, 20240203, 20240204, 20240205, 20240206],
    "Not quite date": [20240201, 20240202, 20240203, 20240204, 20240205, 20240299],
    # phones
    "Phone": ["+4915112345678", "0151 2345678", "030 1234567", "+4930123456", "0151 2345679", "030 1234568"],
    "Mobile phone": ["(212) 555-0187", "(212) 555-0188", *["(646) 555-0187"] * 4],
    "Home phone": ["0151 2345678", "030 1234567", "040 1234567", "0151 2345670", "0211 123456", "069 123456"],
    "Telefon": [4915112345678, 4915112345679, 4915112345670, 4915112345671, 4915112345672, 4915112345673],
    "Office phone": [15123456789, 15123456780, 15123456781, 15123456782, 15123456783, 15123456784],
    # words, markers and identifiers
    "Ja": ["ja", "nein", "ja", "ja", "nein", "ja"],
    "Ja or not": ["ja", "nein", "-", "ja", "nein", "ja"],
    "Flag": [0, 1, 1, 0, 1, 0],
    "Flag text": ["0", "1", "1", "0", "1", "0"],
    "Flag dots": ["0.0", "1.0", "1.0", "0.0", "1.0", "0.0"],
    "Coupon": ["FALL", "N/A", "SAVE", "-", "SAVE", "FALL"],
    "Note": ["call\nfirst", "ok", "two\x0blines", "ok", "ok", "a\r\nb"],
    "Half": ["\ud83d", "ok", "ok", "ok", "ok", "ok"],
    "Client ID": ["17.0", "18.0", "17.0", "19.0", "17.0", "18.0"],
    "Zip": [10115, 1067, 80331, 20095, 50667, 4109],
    # labels that are not text
    7: ["€ 12", "€ 7", "€ 1", "€ 3", "€ 4", "€ 5"],
    ("a", 1): ["1,5", "2,25", "3,5", "4,5", "5,5", "6,5"],
    pd.Timestamp("2024-01-01"): ["12 %", "5 %", "7 %", "8 %", "9 %", "10 %"],
}
CHOSEN: dict[Any, tuple[list[Any], Any]] = {
    "Chosen short": (["2/10/25", "3/10/25", "13/10/25", "4/10/25", "5/10/25", "6/10/25"], "DATE"),
    "Chosen open": (["2/10/25", "3/10/25", "1/10/25", "4/10/25", "5/10/25", "6/10/25"], "DATE"),
    "Chosen dots": (["01.02.24", "03.04.25", "05.06.23", "07.08.22", "09.10.21", "11.12.20"], "DATE"),
    "Chosen year": (["24-12-31", "23-05-15", "22-01-09", "21-02-10", "20-03-11", "19-04-12"], "DATE"),
    "Chosen no days": (
        ["31/02/2024", "30/02/2024", "31/04/2024", "31/06/2024", "31/09/2024", "32/01/2024"],
        "DATE",
    ),
    "Chosen one no day": (["2024-02-01", "2024-02-02", "2024-02-30", *["2024-02-04"] * 3], "DATE"),
    "Chosen number": (["1.5", "N/A", "3", "4", "5", "6"], "NUMBER"),
    "Chosen truth": (["TRUE", "N/A", "FALSE", "TRUE", "TRUE", "FALSE"], "BOOLEAN"),
}


LABELS = [*MESSY, *CHOSEN]


def frame_of(label: Any) -> pd.DataFrame:
    values = CHOSEN[label][0] if label in CHOSEN else MESSY[label]
    column = pd.Series(values, dtype=object if label == "Half" else None)
    keys = [f"A-{i}" for i in range(len(values))]
    labels = pd.Index(["Order ID", label], dtype=object, tupleize_cols=False)
    return pd.DataFrame({0: keys, 1: column}).set_axis(labels, axis="columns")


def problems_of(frame: pd.DataFrame, label: Any) -> list[Problem]:
    types = {label: CHOSEN[label][1]} if label in CHOSEN else {}
    return [*connect_pandas.plan(frame, "T", key="Order ID", types=types).problems]


def run(code: str, frame: pd.DataFrame) -> pd.DataFrame:
    names: dict[str, Any] = {"pd": pd, "df": frame}
    exec(code, names)
    made = names["df"]
    assert isinstance(made, pd.DataFrame)
    return made


@pytest.mark.parametrize("label", LABELS, ids=str)
def test_a_repair_that_is_offered_does_what_it_is_offered_for(label: Any) -> None:
    frame = frame_of(label)
    for problem in problems_of(frame, label):
        for way in ways_of(problem.fix):
            if ".repair(" in way and "…" not in way:
                assert "   # " in way.split("\n")[0], "what it does is said in words"
                made = problems_of(run(way, frame), label)
                left = sum(p.count for p in made if (p.code, p.column) == (problem.code, problem.column))
                assert left < problem.count, way


@pytest.mark.parametrize("label", LABELS, ids=str)
def test_the_line_of_a_doubt_changes_what_was_left(label: Any) -> None:
    frame = frame_of(label)
    repair = connect_pandas.repair(frame)
    for doubt in repair.doubts:
        for way in ways_of(doubt.fix):
            if "…" not in way:
                assert not run(way, frame)[label].equals(repair.frame[label]), way


def of_code(frame: pd.DataFrame, code: str, **options: Any) -> Problem:
    (found,) = (p for p in connect_pandas.plan(frame, "T", **options).problems if p.code == code)
    return found


def test_of_many_columns_alike_the_first_have_lines_of_their_own_and_the_others_one_for_all() -> None:
    messy = pd.DataFrame({f"Price {i}": ["€ 1", "€ 2"] for i in range(23)})
    problems = [*connect_pandas.infer(messy.assign(ID=["a", "b"])).problems.warnings]
    assert [f"repair(columns=['{p.column}'])" in p.fix for p in problems] == [True] * 20 + [False] * 3
    repaired = run(problems[-1].fix, messy.assign(ID=["a", "b"]))
    assert not connect_pandas.infer(repaired).problems
    flags = pd.DataFrame({f"Flag {i}": ["ja", "nein"] for i in range(21)}).assign(ID=["a", "b"])
    *_, last = connect_pandas.infer(flags).problems.warnings
    assert not connect_pandas.infer(run(last.fix, flags)).problems
    zips = pd.DataFrame({f"Zip {i}": [10115, 1067, 80331] for i in range(21)}).assign(ID=["a", "b", "c"])
    *_, last = connect_pandas.infer(zips).problems.warnings
    assert last.fix == ""  # of postcodes nothing tells that each column has lost zeros


LONG = 30_001
"""Rows: of so many not all are looked at for an offer."""


def test_what_is_odd_in_one_row_of_a_long_column_is_offered_a_repair() -> None:
    coupons = pd.Series(["FALL"] * LONG, name="Coupon")
    coupons[LONG - 2] = "N/A"
    frame = coupons.to_frame().assign(ID=[f"a{i}" for i in range(LONG)])
    problem = of_code(frame, "marker-as-text")
    assert run(problem.fix, frame)["Coupon"].isna().sum() == 1


def test_the_figures_of_a_doubt_are_those_of_all_rows_of_a_long_column() -> None:
    marks = ["12.5"] * 20_000 + ["12,5"] * (LONG - 20_000)
    frame = pd.DataFrame({"ID": [f"a{i}" for i in range(LONG)], "Amount": marks})
    message = of_code(frame, "other-notation").message
    assert "20,000 can only have a decimal point, 10,001 only a decimal comma" in message


@pytest.mark.parametrize(
    ("numbers", "region"),
    [
        (["+49 151 23456789", "0151 23456788", "030 1234567", "+44 20 7946 0018", "+49 30 123456"], "DE"),
        (["+4420 79460018", "020 7946 0018", "020 7946 0019", "+44 20 7946 0018"], "GB"),
        (["(212) 555-0187", "(212) 555-0188", "(646) 555-0187"], "US"),
    ],
)
def test_phones_are_offered_the_region_that_others_of_the_column_have(
    numbers: list[str], region: str
) -> None:
    frame = pd.DataFrame({"Order ID": [f"A-{i}" for i in range(len(numbers))], "Phone": numbers})
    fix = of_code(frame, "not-e164").fix
    assert f"region={region!r}" in fix
    (repair,) = connect_pandas.infer(run(ways_of(fix)[0], frame)).problems.errors or [None]
    assert repair is None


@pytest.mark.parametrize(
    ("numbers", "regions"),
    [
        (["(212) 555-2368", "+49 151 23456789", "+49 30 123456"], ["DE", "US"]),
        (["020 7946 0018", "030 1234567", "+49 151 23456789", "+44 20 7946 0019"], ["DE", "GB"]),
        (["0151 23456788", "+49 151 23456789", "+33 6 12 34 56 78"], ["DE"]),
    ],
    ids=["by the way it is written", "by calling codes", "one reads them"],
)
def test_phones_that_may_be_of_several_countries_are_offered_each_of_them(
    numbers: list[str], regions: list[str]
) -> None:
    frame = pd.DataFrame({"Order ID": [f"A-{i}" for i in range(len(numbers))], "Phone": numbers})
    *ways, as_text = ways_of(of_code(frame, "not-e164").fix)
    assert [way.partition("region=")[2][1:3] for way in ways] == regions
    assert "TEXT" in as_text
    (doubt,) = frame.connect.repair().doubts
    assert ways_of(doubt.fix) == ways


@pytest.mark.parametrize("label", ["Order ID", ("Order", "ID"), pd.Timestamp("2024-01-01")], ids=repr)
def test_the_ways_to_a_key_are_code_that_runs(label: Any) -> None:
    labels = pd.Index([label, "Amount"], dtype=object, tupleize_cols=False)
    frame = pd.DataFrame({0: ["A", "A", *"BCDEFGHIJKLMNOPQRSTU"], 1: 1.5}).set_axis(labels, axis="columns")
    frame.iloc[4, 0] = None
    problem = of_code(frame, "missing-key", key=label)
    assert run(problem.fix, frame)[label].notna().all()
    problem = of_code(frame, "duplicate-key", key=label)
    assert run(problem.fix, frame)[label].dropna().is_unique


def test_the_ways_out_of_a_key_that_is_none_stand_beside_each_other() -> None:
    frame = pd.DataFrame(
        {"Order ID": ["A", "A", *"BCDEFGHIJKLMNOPQRSTU"], "Name": [f"n{i}" for i in range(22)]}
    )
    gone, other = ways_of(of_code(frame, "unclear-key").fix)
    assert "drop_duplicates(subset=['Order ID']" in gone
    assert "key='Name'" in other
    frame = frame.drop(columns="Name").assign(n=np.arange(22) / 2)
    gone, last = ways_of(of_code(frame, "no-key").fix)
    assert connect_pandas.plan(run(gone, frame), "T").ok
    assert connect_pandas.plan(run(last, frame), "T").ok


@pytest.mark.parametrize("timed", [False, True])
def test_the_order_of_day_and_month_is_asked_by_two_lines(*, timed: bool) -> None:
    frame = pd.DataFrame({"ID": ["a", "b"], "Day": ["03/04/2025", "05/06/2025"]})
    if timed:
        frame["At"] = pd.to_datetime(["2025-01-01 10:00", "2025-01-01 11:00"], utc=True)
    ways = ways_of(of_code(frame, "ambiguous-date").fix)
    assert [way.rpartition("   # ")[2] for way in ways] == ["if the month is first", "if the day is first"]
    if timed:
        assert [run(way, frame.copy())["Day"][0].month for way in ways] == [3, 4]


@pytest.mark.parametrize(("code", "options"), [("duplicate-key", {"key": "Order ID"}), ("no-key", {})])
@pytest.mark.parametrize(
    ("days", "told"),
    [
        (["2024-01-01", "2024-01-02", "2024-01-02", "2024-01-03"], True),
        (["2024-01-01", "2024-01-02", "2024-01-01", "2024-01-01"], False),
        (["2024-01-01", "2024-01-02", None, "2024-01-03"], False),
    ],
    ids=["told", "a tie", "a gap"],
)
@pytest.mark.parametrize("dtype", ["str", "datetime64[us]"])
def test_the_latest_stays_where_dates_tell_which_that_is(
    code: str, options: dict[str, Any], days: list[Any], dtype: str, *, told: bool
) -> None:
    others = [f"A-{i}" for i in range(40)]
    made: Any = pd.Series([*days, *["2024-02-01"] * 40]).astype(dtype)  # type: ignore[call-overload]
    frame = pd.DataFrame({"Order ID": ["B", "C", "B", "D", *others], "Changed on": made})
    frame["n"] = np.arange(len(frame)) / 2
    fix = of_code(frame, code, **options).fix
    line = next(line for line in fix.split("\n") if "keep" in line)
    assert ("keep_last='Changed on'" in line) == told
    assert ("drop_duplicates(subset=['Order ID'], keep='last')" in line) != told
    left = run(line, frame)["Order ID"].tolist()
    assert left == (["C", "B", "D", *others])


def test_keys_that_differ_in_case_alone_have_no_spaces_to_take_off() -> None:
    frame = pd.DataFrame({"Order ID": ["A1", "a1", "B2"], "SKU": ["x", "y", "z"]})
    assert of_code(frame, "similar-keys").fix == ""
    spaced = frame.assign(SKU=["x", "x ", "z"], **{"Order ID": ["A1", "A1", "B2"]})
    problem = of_code(spaced, "similar-keys", key=["Order ID", "SKU"])
    assert run(problem.fix, spaced)["SKU"].tolist() == ["x", "x", "z"]


def test_what_is_only_written_as_text_is_made_text_first() -> None:
    paths: list[Any] = [Path(f"a{i}\n") for i in range(ROWS)]
    frame = frame_of("Note").assign(Note=paths)
    problem = of_code(frame, "line-break")
    assert connect_pandas.plan(run(problem.fix, frame), "T", key="Order ID").ok


def test_days_that_are_all_impossible_are_not_offered_to_become_missing() -> None:
    problem = of_code(frame_of("Chosen no days"), "impossible-date", types={"Chosen no days": "DATE"})
    assert "most values of the column are no days" in problem.message
    assert "repair" not in problem.fix


@pytest.mark.parametrize("label", ["Ship date", "Order date", "Chosen dots"])
def test_years_of_two_digits_that_may_stand_first_are_said_to_be_last_or_first(label: str) -> None:
    problem = of_code(frame_of(label), "date-notation", types={label: "DATE"})
    last, first, _ = ways_of(problem.fix)
    assert "day_first=True" in last
    assert "yearfirst=True" in first


def test_ways_stand_beside_each_other() -> None:
    assert either() == either("") == ""
    assert either("a   # x", "") == "a   # x"
    two = either("a   # x", "b\nc")
    assert two == "a   # either: x\nb   # or\nc"
    assert either(two, "", "d   # y") == "a   # either: x\nb   # or\nc\nd   # or: y"
    assert ways_of(f"first\n{two}") == ["first\na   # x", "first\nb\nc"]
    assert ways_of("a\nb") == ["a\nb"]
    assert ways_of("") == []


LABELS_AS_CODE = [
    *("a", "it's", 1, 1.5, True, None, b"x", ("a", 1), ("a",), float("inf")),
    *(np.int64(3), np.float64(1.5), np.str_("x"), (np.int64(1), pd.Timestamp("2024"))),
    *(pd.Timestamp("2024-01-01", tz="UTC"), pd.Timedelta("1D"), pd.Period("2024-01"), dt.date(2024, 1, 1)),
    *(pd.Interval(0, 1, closed="both"), pd.Interval(pd.Timestamp("2024"), pd.Timestamp("2025"))),
    *(dt.datetime(2024, 1, 1, 2), np.datetime64("2024-01-01"), dt.timedelta(days=1)),
]


@pytest.mark.parametrize("label", LABELS_AS_CODE, ids=repr)
def test_a_label_is_written_as_code_that_finds_it(label: Any) -> None:
    assert eval(as_code(label), {"pd": pd}) == label


@pytest.mark.parametrize("missing", [pd.NA, pd.NaT, float("nan")], ids=repr)
def test_a_missing_label_is_written_as_code(missing: Any) -> None:
    assert type(eval(as_code(missing), {"pd": pd})) is type(missing)
    assert pd.isna(eval(as_code(missing), {"pd": pd}))


def test_an_offered_repair_does_what_it_says_and_nothing_else() -> None:
    frame = pd.DataFrame(
        {
            "id": ["a1", "b2", "b2"],
            "price": ["€ 5.00", "€ 6.50", "€ 6.50"],
            "coupon": ["N/A", "X", "X"],
            "note": ["a\nb", "c", "c"],
        }
    )
    plan = connect_pandas.plan(frame, "Offers", key="id")
    lines = {p.code: ways_of(p.fix)[0] for p in plan.problems}
    for code, columns in (
        ("marker-as-text", {"coupon"}),
        ("line-break", {"note"}),
        ("duplicate-key", {"id"}),
    ):
        there = {"df": frame}
        exec(lines[code].replace(".frame", "", 1), there)
        assert set(there["df"].changes["column"]) <= columns | {""}, code  # type: ignore[attr-defined]
        assert len(there["df"].changes) == 1  # type: ignore[attr-defined]
