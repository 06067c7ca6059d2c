"""What is wrong with the dates of a column, or what they lose or gain in the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from connect_pandas import rules
from connect_pandas.data import notations
from connect_pandas.data.check_values import KINDS, not_all
from connect_pandas.data.names import (
    DATES,
    DAYS,
    MOMENTS,
    says,
)
from connect_pandas.data.problems import argument, either, line
from connect_pandas.data.profile import (
    TIMES,
    TYPED,
    predicates,
    totals,
)
from connect_pandas.data.subject import By, Finding, Subject, counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connect_pandas.data.profile import Predicate, Profile
    from connect_pandas.rules import DateFormat


def dates_in_text(s: Subject) -> Iterator[Finding]:
    if s.p.kind != "text" or s.a.type != "DATE" or not s.p.present:
        return
    if s.a.written_as is not None:
        yield from not_all(s, s.a.written_as.pattern, f"no date written {s.a.written_as.pattern}")
        return
    form = mostly_written_as(s.p)
    is_day = _day_of(s)
    found: dict[str, Predicate] = {
        "impossible-date": lambda c: notations.is_dated(c) & ~is_day(c),
        "not-a-date": lambda c: notations.is_told(c) & ~notations.is_dated(c),
        "date-notation": lambda c: is_day(c) & ~TYPED[form.pattern](c),
    }
    c = pl.col(str(s.a.position))
    counts = totals(s.columns, s.a.position, {code: p(c) for code, p in found.items()})
    as_text = s.as_type("TEXT", "imports all as text")
    for code, count in counts.items():
        if count:
            said, by = _said_of_dates(s, code, count)
            yield s.found(code, count, found[code], said, fix=as_text, by=by)


def mostly_written_as(p: Profile) -> DateFormat:
    """Return the format of most dates of a text that is of none throughout: what is not written so stands out."""
    return max(notations.READ_FORMATS, key=lambda form: p.count(form.pattern))


def _said_of_dates(s: Subject, code: str, count: int) -> tuple[str, By | None]:
    """Return what is said of dates that are none, or not the service's, and the repair of them."""
    if code == "impossible-date":
        said = f"{counted(count, 'is', 'are')} no day of the calendar, or no time of day."
        return said, By("impossible_dates", "makes them missing")
    if code == "not-a-date":
        return f"{counted(count, 'is no date', 'are no dates')}.", None
    return _how_dated(s, count), By("dates", "writes them as the service reads them", named=False)


def _day_of(s: Subject) -> Predicate:
    """Return whether a text is a day of the calendar, in any of the shapes that the column has and in any order."""
    seen = [shape for shape in notations.DATE_SHAPES if s.p.count(shape.name)] or list(notations.DATE_SHAPES)

    def is_day(c: pl.Expr) -> pl.Expr:
        return notations.has_real_time(c) & pl.any_horizontal(
            shape.holds(c) & shape.day(c, order).is_not_null() for shape in seen for order in shape.formats
        )

    return is_day


def _how_dated(s: Subject, count: int) -> str:
    shapes = {shape.name: s.p.count(shape.name) for shape in notations.DATE_SHAPES}
    most = sorted((name for name, n in shapes.items() if n), key=lambda name: -shapes[name])
    written = most[0] if most else "otherwise"
    if len(most) > 1:
        written = ", ".join(f"{name} ({shapes[name]:,})" for name in most)
    timed = ", with a time of day" if s.p.count("timed") else ""
    return (
        f"{counted(count, 'is a date', 'are dates')} in a notation that the service does not read: {written}{timed}. "
        "It reads zero-padded ones, as 2024-02-01, all of one format."
    )


# ── numbers that may be dates ──────────────────────────────────────────────────────────────────────────────────────


def days_as_numbers(s: Subject) -> Iterator[Finding]:
    """Yield a warning where numbers look like days or moments, by name and size."""
    low, high = s.p.low, s.p.high
    if s.a.type != "NUMBER" or low is None or high is None or not says(s.p.name, MOMENTS):
        return
    if s.p.digits and (unit := notations.epoch_unit(low, high)):
        first = notations.of_epoch(pl.lit(int(low)), unit)
        rule, what = "epochs", f"{unit} since 1970"
    elif notations.SERIALS[0] <= low and high < notations.SERIALS[1] and says(s.p.name, DAYS):
        first = notations.of_serial(pl.lit(low))
        rule, what = "serials", "days as a spreadsheet counts them, since 1900"
    elif s.p.digits and low >= _COMPACT[0] and high <= _COMPACT[1] and says(s.p.name, DATES):
        first = notations.COMPACT.read(pl.lit(str(int(low))), "YMD")
        rule, what = "dates", "dates written 20240201"
    else:
        return
    if not (fix := s.offer(By(rule, "makes them dates")).fix):
        return  # some are no such dates
    day = pl.select(first.dt.strftime(rules.ISO_DATE.strftime)).item()
    yield s.found(
        "numbers-as-dates",
        s.p.present,
        (lambda c: c != "") if s.p.kind == "text" else (lambda c: c.is_not_null()),
        f"Its numbers look like {what}, the first being {day}; it is imported as NUMBER.",
        fix=fix,
    )


_COMPACT: Final = (19_000_101, 20_991_231)
"""The first and the last day that is written in eight digits."""


# ── times ────────────────────────────────────────────────────────────────────────────────────────────────────────


def times(s: Subject, form: DateFormat | None) -> Iterator[Finding]:
    """Yield what a column of days or times loses or gains in the file."""
    if not s.p.present or not (s.a.type == "DATE" or s.p.kind in ("date", "naive", "aware")):
        return
    if s.p.kind == "text" and s.a.written_as is None:
        return  # nothing is known of its times
    if s.p.kind not in KINDS[s.a.type]:
        return
    if count := s.p.count("year-out-of-range"):
        yield s.found(
            "year-out-of-range",
            count,
            _predicate(s, "year-out-of-range"),
            f"{counted(count, 'has', 'have')} a year outside 0001–9999.",
            fix=line(f"{s.cell} = {s.cell}.where({s.cell}.dt.year.between(1, 9999))", "if they mean: never"),
        )
    if s.a.type == "TEXT" or (form and form.has_time):
        yield from _as_timestamps(s)
    elif form:
        yield from _as_days(s, form)


def _as_days(s: Subject, form: DateFormat) -> Iterator[Finding]:
    fix = either(
        line(argument(f'date_format="{rules.TIMESTAMP.pattern}"'), "keeps it"),
        line(f"{s.cell} = {_parsed(s)}.dt.normalize()", "takes it off"),
    )
    if count := s.p.count("time"):
        yield s.found(
            "time-lost",
            count,
            _predicate(s, "time"),
            f"{counted(count, 'has', 'have')} a time of day, which {form.pattern} does not hold.",
            fix=fix,
        )
    elif s.a.written_as in (rules.TIMESTAMP, notations.AWARE):
        yield s.found(
            "time-lost",
            s.p.present,
            lambda c: c != "",
            f"Its values have a time of day, which {form.pattern} does not hold.",
            fix=fix,
        )
    elif s.a.written_as and s.a.written_as != form:
        said = f"Written {s.a.written_as.pattern} in the frame, {form.pattern} in the file."
        yield s.says("date-rewritten", said, count=s.p.present)


def _parsed(s: Subject) -> str:
    """Return timestamps as the user writes them, parsed where they are text."""
    if s.p.kind != "text":
        objects = s.columns.items[s.a.position].series.dtype == "object"
        return f"pd.to_datetime({s.cell})" if objects else s.cell
    zone = "" if s.a.written_as is notations.NAIVE else ", utc=True"
    return f'pd.to_datetime({s.cell}, format="ISO8601"{zone})'


def _as_timestamps(s: Subject) -> Iterator[Finding]:
    if count := s.p.count("seconds-fraction"):
        yield s.found(
            "seconds-fraction",
            count,
            _predicate(s, "seconds-fraction"),
            f"{counted(count, 'has', 'have')} a fraction of a second; the file holds whole seconds, the fraction is "
            "cut off.",
            fix=line(f'{s.cell} = {_parsed(s)}.dt.round("s")', "rounds instead"),
        )
    if s.p.kind == "naive" or s.a.written_as is notations.NAIVE:
        zone = '"Europe/Berlin", ambiguous=False, nonexistent="shift_forward"'
        yield s.says(
            "no-time-zone",
            "The timestamps have no time zone; they are written as they are, and the service reads them as UTC.",
            count=s.p.present,
            fix=line(
                f"{s.cell} = {_parsed(s)}.dt.tz_localize({zone})",
                "if they are local; another zone in its place",
            ),
        )
    elif s.a.type == "DATE" and (s.p.kind == "date" or (s.a.written_as and not s.a.written_as.has_time)):
        yield s.says(
            "date-as-timestamp",
            f"The dates are written with the time 00:00:00Z, as the file's dates are {rules.TIMESTAMP.pattern}.",
            count=s.p.present,
        )


def _predicate(s: Subject, fact: str) -> Predicate:
    if s.p.kind == "text":
        return TIMES[fact]
    first = next(s.columns.slices([s.a.position]))
    return predicates(s.p.kind, first.to_series().dtype)[fact]
