"""How people write numbers, dates and nothing, and what it means."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_pandas.data import notations
from connect_pandas.data.notations import AMOUNTS, DATE_SHAPES

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from connect_pandas.rules import DateFormat


def of(values: list[str | None], ask: Callable[[pl.Expr], pl.Expr]) -> list[Any]:
    return (
        pl.DataFrame({"c": pl.Series(values, dtype=pl.String)}).select(ask(pl.col("c"))).to_series().to_list()
    )


SHAPES = {shape.name: shape for shape in DATE_SHAPES}


@pytest.mark.parametrize("shape", DATE_SHAPES, ids=lambda shape: shape.name)
def test_a_shape_reads_its_own_example(shape: notations.DateShape) -> None:
    order = "DMY" if len(shape.formats) > 1 else next(iter(shape.formats))
    assert of([shape.name], lambda c: shape.read(c, order)) == [dt.datetime(2024, 2, 1)]
    assert of([shape.name], notations.is_dated) == [True]
    other = [s.name for s in DATE_SHAPES if of([shape.name], s.holds) == [True]]
    assert other == [shape.name]


TIMES = [
    ("", dt.timedelta(0)),
    ("T01:02:03", dt.timedelta(hours=1, minutes=2, seconds=3)),
    (" 1:02", dt.timedelta(hours=1, minutes=2)),
    (", 12:00 AM", dt.timedelta(0)),
    (" 12:30 pm", dt.timedelta(hours=12, minutes=30)),
    (" 11:59:59 PM", dt.timedelta(hours=23, minutes=59, seconds=59)),
    (" 10:00:00.5", dt.timedelta(hours=10, milliseconds=500)),
    (" 10:00:00,123456789", dt.timedelta(hours=10, microseconds=123456)),
    (" 10:00:00.25 AM +02:00", dt.timedelta(hours=8, milliseconds=250)),
    (" 10:00Z", dt.timedelta(hours=10)),
    (" 10:00:00 UTC", dt.timedelta(hours=10)),
    ("T10:00:00+0530", dt.timedelta(hours=4, minutes=30)),
    (" 23:00 -01:30", dt.timedelta(days=1, minutes=30)),
    (" 24:00", None),
    (" 10:60", None),
    (" 10:00:60", None),
    (" 13:00 PM", None),
    (" 0:30 AM", None),
    (" 10:00+15:00", None),
    (" 10:00 -0160", None),
    (" 14:30:45.999+14:00", dt.timedelta(minutes=30, seconds=45, milliseconds=999)),
]


@pytest.mark.parametrize(("time", "since"), TIMES)
def test_a_time_of_day_is_read_behind_every_shape(time: str, since: dt.timedelta | None) -> None:
    for shape in DATE_SHAPES:
        order = "DMY" if len(shape.formats) > 1 else next(iter(shape.formats))
        text = shape.name + time
        assert of([text], shape.holds) == [True]
        expected = None if since is None else dt.datetime(2024, 2, 1) + since
        assert of([text, None, "x"], lambda c, s=shape, o=order: s.read(c, o)) == [expected, None, None]
        assert of([text], notations.has_real_time) == [since is not None]


def test_a_clock_shows_what_is_read() -> None:
    clocks = [
        f"{h}:{m}" for h in (*range(10), *(f"{n:02}" for n in range(100))) for m in ("00", "59", "60", "75")
    ]
    ends = ("", ":00", ":59", ":60", ":07.5", " AM", ":59 pm", "Z", "-14:00", "+15:30", " -0930", "+05:60")
    texts = [f"2024-02-01{t}{clock}{end}" for clock in clocks for end in ends for t in "T "]
    made = of([*texts], lambda c: SHAPES["2024-2-1"].read(c, "YMD").is_not_null())
    assert made == of([*texts], notations.has_real_time)
    assert {True, False} <= {*made}


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("9999-12-31 23:59:59-05:00", None),
        ("0001-01-01 00:30:00+02:00", None),
        ("9999-12-31 23:59:59+05:00", dt.datetime(9999, 12, 31, 18, 59, 59)),
        ("0001-01-01 00:30:00-02:00", dt.datetime(1, 1, 1, 2, 30)),
    ],
)
def test_a_zone_leads_to_no_moment_outside_of_the_calendar(text: str, read: dt.datetime | None) -> None:
    assert of([text], lambda c: SHAPES["2024-2-1"].read(c, "YMD")) == [read]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("24-12-31", dt.date(2024, 12, 31)),
        ("24/02/01 10:00", dt.date(2024, 2, 1)),
        ("99.12.31", dt.date(1999, 12, 31)),
        ("2/10/25", None),
        ("24-13-01", None),
        ("24-12-32", None),
    ],
)
def test_a_year_of_two_digits_may_stand_first(text: str, day: dt.date | None) -> None:
    (shape,) = (s for s in DATE_SHAPES if of([text], s.holds) == [True])
    assert of([text], shape.year_first) == [day]


@settings(max_examples=20, deadline=None)
@given(moment=st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)), unpadded=st.booleans())
def test_a_moment_is_read_as_it_was_written(moment: dt.datetime, *, unpadded: bool) -> None:
    moment = moment.replace(microsecond=0)
    day, month = (f"{n}" if unpadded else f"{n:02}" for n in (moment.day, moment.month))
    year, time = f"{moment.year:04}", f"{moment.hour}:{moment.minute:02}:{moment.second:02}"
    written = {
        ("2024-2-1", "YMD"): f"{year}-{month}-{day}",
        ("1.2.2024", "DMY"): f"{day}.{month}.{year}",
        ("1/2/2024", "MDY"): f"{month}/{day}/{year}",
        ("1-2-2024", "DMY"): f"{day}-{month}-{year}",
        ("1 Feb 2024", "DMY"): f"{day} {moment:%B} {year}",
    }
    for (name, order), date in written.items():
        assert of([f"{date} {time}"], lambda c, n=name, o=order: SHAPES[n].read(c, o)) == [moment]  # type: ignore[misc]


@pytest.mark.parametrize("text", ["31/02/2024", "0/1/2024", "1/13/2024", "1/1/0000"])
def test_a_day_that_no_calendar_has_is_none(text: str) -> None:
    assert of([text], SHAPES["1/2/2024"].holds) == [True]
    assert of([text], lambda c: SHAPES["1/2/2024"].day(c, "DMY")) == [None]


AMOUNT_READINGS = [
    ("1,234.50", "1234.50", None),
    ("1.234,50", None, "1234.50"),
    ("1,234", "1234", "1.234"),
    ("12.5", "12.5", None),
    ("12,5", None, "12.5"),
    ("€ 12", "12", "12"),
    ("12 EUR", "12", "12"),
    ("US$1.50", "1.50", None),
    ("(5.00)", "-5.00", None),
    ("5-", "-5", "-5"),
    ("\u22125", "-5", "-5"),
    ("-$5", "-5", "-5"),
    ("1 234,5", None, "1234.5"),
    ("1\u202f234", "1234", "1234"),
    ("1'234.50", "1234.50", None),
    ("12 %", "12", "12"),
    (".5", "0.5", None),
    (",5", None, "0.5"),
    ("12.", "12", "12"),
    ("1,234,567", "1234567", None),
    ("1.234.567", None, "1234567"),
    ("12,34,567.00", "1234567.00", None),
    ("1,23,456", "123456", None),
    ("1,23,45", None, None),
    ("1,234,56", None, None),
    ("12,", None, None),
    ("5.-", None, None),
    ("5. €", "5", "5"),
    ("12.10.", None, None),
    ("1,2,3", None, None),
    ("10.0.0.1", None, None),
    ("12 34", None, None),
    ("1 2345", None, None),
    ("1234 567", None, None),
    ("x", None, None),
    ("", None, None),
    ("5 of 7", None, None),
]


@pytest.mark.parametrize(("text", "point", "comma"), AMOUNT_READINGS)
def test_an_amount_is_read_by_its_decimal_mark(text: str, point: str | None, comma: str | None) -> None:
    assert of([text], lambda c: notations.amount(c, "point")) == [point]
    assert of([text], lambda c: notations.amount(c, "comma")) == [comma]


@pytest.mark.parametrize(("text", "point", "comma"), AMOUNT_READINGS)
def test_a_proof_of_one_mark_is_no_reading_of_the_other(
    text: str, point: str | None, comma: str | None
) -> None:
    if of([text], lambda c: notations.is_amount(c) & AMOUNTS.point(c)) == [True]:
        assert comma is None
    if of([text], lambda c: notations.is_amount(c) & AMOUNTS.comma(c)) == [True]:
        assert point is None
    if of([text], lambda c: notations.is_amount(c) & AMOUNTS.open(c)) == [True]:
        assert None not in (point, comma)


@pytest.mark.parametrize(("text", "point", "comma"), AMOUNT_READINGS)
def test_an_amount_has_a_reading(text: str, point: str | None, comma: str | None) -> None:
    assert of([text], notations.is_amount) == [point is not None or comma is not None]


def test_addresses_and_versions_are_no_amounts() -> None:
    texts = ["10.0.0.1", "1.2.10", "2.10.0", "1.234.56", "12.10.", "1.2", "1.234.567"]
    assert of([*texts], notations.is_amount) == [False] * 5 + [True] * 2


def test_a_date_with_dots_or_dashes_and_a_short_year_is_vague() -> None:
    assert notations.VAGUE_SHAPES == ("1.2.24", "1-2-24")
    assert [shape.name for shape in DATE_SHAPES if shape.vague] == [*notations.VAGUE_SHAPES]


def test_a_currency_has_one_name() -> None:
    found = of(["€5", "5 EUR", "US$5", "$5", "5 kr.", "CHF 5", "5"], notations.currency)
    assert found == ["EUR", "EUR", "USD", "USD", "kr", "CHF", None]


@settings(max_examples=20, deadline=None)
@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=3))
def test_a_number_written_with_marks_is_read_digit_by_digit(value: Any) -> None:
    american = f"{value:,}"
    german = american.translate(str.maketrans(",.", ".,"))
    assert of([american], lambda c: notations.amount(c, "point")) == [str(value)]
    assert of([german], lambda c: notations.amount(c, "comma")) == [str(value)]


READ = [form for form in notations.READ_FORMATS if form is not notations.AWARE]


@pytest.mark.parametrize("form", READ, ids=lambda form: form.pattern)
def test_a_text_is_a_moment_where_one_can_be_read(form: DateFormat) -> None:
    years = ["0000", "0001", "0004", "0100", "0400", "1900", "2000", "2023", "2024", "9999"]
    days = [
        form.strftime[:8].replace("%Y", y).replace("%m", f"{m:02}").replace("%d", f"{d:02}")
        for y in years
        for m in range(14)
        for d in range(33)
    ]
    clocks = [
        "T00:00:00Z",
        "T23:59:59Z",
        "T24:00:00Z",
        " 10:00",
        "T10:60",
        " 12:59:60",
        " 12:00:00.5",
        "T9:00",
    ]
    texts = [
        *("", "2024-1-1", "+2024-01-01", " 2024-01-01", "01/01/2024\n", "1.1.2024", None),
        *days,
        *(day + clock for day in days[: 14 * 33] + days[-14 * 33 :] for clock in clocks),
    ]
    asked = of(texts, lambda c: notations.is_moment(c, form).fill_null(value=False))
    read = of(texts, lambda c: notations.moment(c, form).is_not_null())
    assert asked == read
    assert 0 < sum(read) < len(read)
