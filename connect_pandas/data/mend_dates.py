"""The rules of repair for dates in text, and for numbers that are days written in digits."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import polars as pl

from connect_pandas import rules
from connect_pandas.data import notations
from connect_pandas.data.mends import C, Doubt, Mend, Subject, nothing, whole_digits
from connect_pandas.data.names import DATES, identifier_word, says, words
from connect_pandas.data.notations import COMPACT, DATE_SHAPES, DateShape
from connect_pandas.data.problems import either, line
from connect_pandas.data.profile import few

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connect_pandas.data.notations import Order
    from connect_pandas.data.profile import Predicate
    from connect_pandas.rules import DateFormat


def impossible_dates(s: Subject) -> Iterator[Mend | Doubt]:
    if s.share(notations.is_dated) <= 0:
        return
    shapes = meant(s, _shapes_in(s))
    day = _any_day(shapes)
    n = s.counts(
        {"held": held_by(shapes)(C), "day": day(C)}, told=notations.is_told(C), held=_HELD, days=_HELD & _DAY
    )
    impossible = n["held"] - n["days"]
    if impossible and _may_have_year_first(s, shapes):
        yield s.doubt(impossible, _YEAR_FIRST, lambda c: held_by(shapes)(c) & ~day(c), _either_year(s))
    elif impossible and few(n["told"] - n["held"], n["told"]) and n["days"] >= impossible:
        yield Mend(nothing, lambda c: held_by(shapes)(c) & ~day(c))
    elif impossible and s.named:
        reason = "most values of the column are no days: it may not hold dates"
        yield s.doubt(impossible, reason, lambda c: held_by(shapes)(c) & ~day(c))


_HELD, _DAY, _REAL = pl.col("held"), pl.col("day"), pl.col("real")


def _shapes_in(s: Subject) -> tuple[DateShape, ...]:
    """Return the shapes in which the column's dates are written."""
    known = (*DATE_SHAPES, COMPACT) if s.named else DATE_SHAPES
    some = s.seen.sample.select(**{shape.name: shape.holds(C).any() for shape in known}).row(0, named=True)
    seen = tuple(shape for shape in known if some[shape.name])
    # Where the shapes of the first values hold all, there are no others.
    n = s.counts(told=notations.is_told(C), held=held_by(seen)(C))
    if n["held"] == n["told"]:
        return seen
    held = s.counts(**{shape.name: shape.holds(C) for shape in known})
    return tuple(shape for shape in known if held[shape.name])


def meant(s: Subject, shapes: Sequence[DateShape]) -> tuple[DateShape, ...]:
    """Return the shapes that mean dates in this column, by its name or because it was named."""
    is_told = s.named or says(s.column.name, DATES) or _is_birth(s.column.name)
    return tuple(shape for shape in shapes if is_told or not shape.vague)


def _is_birth(name: str) -> bool:
    """Whether a name says that its dates are days of birth."""
    return any(word in _BIRTHS or word.startswith(_BIRTH) for word in words(name))


_BIRTHS: Final = frozenset("dob born geb naissance nacimiento nascita nascimento".split())
_BIRTH: Final = ("birth", "geburt", "geboor", "geboren")


def held_by(shapes: Sequence[DateShape]) -> Predicate:
    return notations.written_in(shapes) if shapes else lambda _c: _NO


def _is_written(form: DateFormat) -> Predicate:
    return lambda c: c.str.contains(form.regex)


def _any_day(shapes: Sequence[DateShape]) -> Predicate:
    """Return the question whether a text is a day of the calendar, with a real time of day or without any."""
    return lambda c: _in_calendar(shapes)(c) & notations.has_real_time(c)


def _in_calendar(shapes: Sequence[DateShape]) -> Predicate:
    return lambda c: pl.any_horizontal(
        _NO, *(h.holds(c) & h.day(c, order).is_not_null() for h in shapes for order in h.formats)
    )


def _may_have_year_first(s: Subject, shapes: Sequence[DateShape]) -> bool:
    """Whether a column's two-digit years may stand first, as in ``24-12-31``, and nothing tells that they do not."""
    rivals = [shape for shape in shapes if shape.rival]
    if not rivals or s.asked.day_first is not None:
        return False
    first = pl.any_horizontal(h.holds(C) & h.year_first(C).is_not_null() for h in rivals)
    n = s.counts({"first": first}, first=pl.col("first"), last=_any_day(rivals)(C) & ~pl.col("first"))
    return n["first"] > 0 == n["last"] and not _have_year_last(s, rivals, shapes)


def _have_year_last(s: Subject, rivals: Sequence[DateShape], shapes: Sequence[DateShape]) -> bool:
    """Whether the other dates of a column tell, by their years in full, that those of two digits stand last.

    Read as last they are all among those years, read as first none is.
    """
    full = [shape for shape in shapes if any("%Y" in form for form in shape.formats.values())]
    days = [*(pl.when(h.holds(C)).then(h.day(C, order)) for h in full for order in h.formats), _NO_DAY]
    firsts = [*(pl.when(h.holds(C)).then(h.year_first(C)) for h in rivals), _NO_DAY]
    asked = {
        "full": pl.coalesce(days).dt.year(),
        "first": pl.coalesce(firsts).dt.year(),
        "last": pl.when(held_by(rivals)(C)).then(notations.year_last(C)),
    }
    parts = [part.select(**asked).cast(pl.Int32) for part in s.columns.slices([0])]
    low, high = pl.concat([part.min() for part in parts]).min(), pl.concat([p.max() for p in parts]).max()
    if low["full"].item() is None:
        return False
    outside = (low["first"] > high["full"]).all() or (high["first"] < low["full"]).all()
    return outside and (low["last"] >= low["full"]).all() and (high["last"] <= high["full"]).all()


def _either_year(s: Subject) -> str:
    """Return what to write where the year of two digits is last, if some are days then, and where it is first."""
    told = replace(s, named=True, asked=replace(s.asked, day_first=True))
    fits = isinstance(next(_OF_TEXT[s.rule](told), None), Mend)
    last = s.line(f"{s.rule}={{column}}, day_first=True", "if the year is last") if fits else ""
    first = f'{s.cell} = pd.to_datetime({s.cell}, format="mixed", yearfirst=True)'
    return either(last, line(first, "if it is first"))


_YEAR_FIRST: Final = "a year of two digits may stand first or last: no value tells which"


def dates(s: Subject) -> Iterator[Mend | Doubt]:
    if s.column.kind in ("integer", "float"):
        if s.named:
            yield from _compact_dates(s)
        return
    if not s.named and (identifier_word(s.column.name) or s.share(notations.is_dated) <= 0):
        return
    held = _shapes_in(s)
    if shapes := meant(s, held):
        yield from _Dates(s, shapes, held).found()
    elif held:
        yield from _vague(s, held)


_OF_TEXT: Final = {"impossible_dates": impossible_dates, "dates": dates}


def _vague(s: Subject, shapes: Sequence[DateShape]) -> Iterator[Doubt]:
    """Yield a doubt where all values may be dates, or versions, chapters, sort codes."""
    day = _any_day(shapes)
    n = s.counts(told=notations.is_told(C), days=day(C))
    if few(n["told"] - n["days"], n["told"]):
        reason = "they may be dates, or versions, or codes: the column's name does not tell"
        yield s.doubt(n["days"], reason, day, _if_named(s, "if they are dates"))


def _if_named(s: Subject, comment: str) -> str:
    """Return the line that names the column, or what is to be written where naming alone does not settle it."""
    named = next(dates(replace(s, named=True)), None)
    if isinstance(named, Doubt):
        return named.fix
    return s.line(f"dates={{column}}{_day_first(s)}", comment) if named else ""


def _day_first(s: Subject) -> str:
    """Return the order that was given, as it is written in a line."""
    return "" if s.asked.day_first is None else f", day_first={s.asked.day_first}"


@dataclass(frozen=True)
class _Dates:
    """What there is to know of a column of dates before any is rewritten."""

    s: Subject
    shapes: tuple[DateShape, ...]
    """In which its dates are written."""
    held: tuple[DateShape, ...]
    """Those and the ones that only a name would make dates."""

    @cached_property
    def written_as(self) -> DateFormat | None:
        """The one format that is read as it is, in which all of them are; ``None`` where they need a repair."""
        form = next((f for f in self._forms if self.n[f.pattern] == self.n["held"]), None)
        decided = self.s.asked.day_first is not None and self.n["open"] and not self.n["dmy"] + self.n["mdy"]
        return None if decided else form

    @cached_property
    def _forms(self) -> tuple[DateFormat, ...]:
        """The formats that are read as they are, in which the first values may be."""
        share = self.s.share(held_by(self.shapes))
        return tuple(form for form in notations.READ_FORMATS if self.s.share(_is_written(form)) >= share)

    @cached_property
    def n(self) -> dict[str, int]:
        """How many values say something, are held by a shape, are days, have a time, a zone, an order, a format."""
        swapped = [shape for shape in self.shapes if len(shape.formats) > 1]
        others = [shape for shape in self.shapes if shape not in swapped]
        first = {
            order: pl.coalesce([*(pl.when(h.holds(C)).then(h.day(C, order)) for h in swapped), _NO_DAY])
            for order in ("DMY", "MDY")
        }
        dmy, mdy = pl.col("DMY"), pl.col("MDY")
        day = (dmy.is_not_null() | mdy.is_not_null() | _DAY) & _REAL
        return self.s.counts(
            {
                **first,
                "held": held_by(self.shapes)(C),
                "day": _in_calendar(others)(C),
                "real": notations.has_real_time(C),
            },
            told=notations.is_told(C),
            held=_HELD,
            days=day,
            timed=day & DATE_SHAPES[0].has_time(C),
            zoned=day & DATE_SHAPES[0].has_zone(C),
            fractions=day & _has_fraction(C),
            edges=day & C.str.contains(_EDGES),
            dmy=dmy.is_not_null() & mdy.is_null(),
            mdy=mdy.is_not_null() & dmy.is_null(),
            open=dmy.is_not_null() & mdy.is_not_null() & (dmy != mdy),
            **{form.pattern: C.str.contains(form.regex) for form in self._forms},
        )

    @property
    def order(self) -> Order | None:
        """The order of day and month, when it is proven or given and nothing contradicts."""
        if self.n["dmy"] and self.n["mdy"]:
            return None
        proven: Order | None = "DMY" if self.n["dmy"] else "MDY" if self.n["mdy"] else None
        first = self.s.asked.day_first
        given: Order | None = None if first is None else "DMY" if first else "MDY"
        if proven and given and proven != given:
            return None
        return proven or given or (None if self.n["open"] else "DMY")

    def found(self) -> Iterator[Mend | Doubt]:
        strays = self.n["told"] - self.n["held"]
        impossible = self.n["held"] - self.n["days"]
        if not few(strays, self.n["told"]):
            if self.written_as is None and self.n["days"] * 2 >= self.n["told"]:
                yield self._left("too many of the other values are no dates: it may not be a column of them")
            return
        if _may_have_year_first(self.s, self.shapes):
            yield self._year_left()
            return
        if self.n["days"] * 2 < self.n["held"]:
            reason = "there are no such days, or no such times of day: it may not be a column of dates"
            yield self.s.doubt(impossible, reason, self._is_impossible)
            return
        if self.written_as is None:
            yield self._put_right(impossible)
        if impossible:
            yield self.s.doubt(
                impossible,
                "there is no such day, or no such time of day",
                self._is_impossible,
                self.s.line(
                    "impossible_dates={column}", "makes missing what no calendar has, writes the rest so"
                ),
            )
        if self.n["edges"] and (outside := self.s.counts(outside=self._is_outside(C))["outside"]):
            reason = "in UTC it is no moment of the years 1 to 9999"
            yield self.s.doubt(outside, reason, self._is_outside)
        if strays:
            vague = self.held != self.shapes
            fix = _if_named(self.s, "if all of them are dates") if vague else ""
            reason = "no dates for certain" if vague else "no date"
            yield self.s.doubt(strays, reason, lambda c: notations.is_told(c) & ~held_by(self.shapes)(c), fix)

    def _put_right(self, impossible: int) -> Mend | Doubt:
        if not few(impossible, self.n["held"]):
            return self._left(f"{impossible:,} others are no days: it may not be a column of dates")
        undecided = self._order_left() if self.order is None else None
        if undecided and not undecided.fix:
            return undecided
        if 0 < self.n["zoned"] < self.n["timed"]:
            return self._left("some have a time zone and some have none: only who knows theirs can write it")
        short = self._short and not _is_birth(self.s.column.name)
        if short and (far := self.s.counts(far=self._is_far(C))["far"]):
            reason = f"{far:,} with a two-digit year would be in the far future: the century is not told"
            return self.s.doubt(self.n["days"], reason, self._is_far)
        if self.n["fractions"] and not self.s.named:
            reason = "the service holds whole seconds: the fraction would be cut off"
            fix = self.s.line("dates={column}" + _day_first(self.s), "cuts it off")
            fix = undecided.fix if undecided else fix
            return self.s.doubt(self.n["fractions"], reason, _has_fraction, fix)
        if undecided:
            return undecided
        return Mend(self._written, taken=None if self.n["zoned"] or not self.n["timed"] else self._naive())

    def _naive(self) -> Doubt:
        """Return what is to be said where times of day are written as UTC without having said so."""
        return self.s.doubt(
            self.n["timed"],
            "they have no time zone, and are written as UTC",
            lambda c: _any_day(self.shapes)(c) & DATE_SHAPES[0].has_time(c),
            self._localised() if self.n["told"] == self.n["held"] else "",
        )

    def _localised(self) -> str:
        """Return the lines that say where times of day belong; what is no moment stands in their way."""
        cell, zone = self.s.cell, '"Europe/Berlin", ambiguous=False, nonexistent="shift_forward"'
        rid = "impossible_dates={column}, " if self.n["days"] < self.n["held"] else ""
        made = self.s.line(f"{rid}dates={{column}}{_day_first(self.s)}", "makes dates of them")
        local = f"{cell} = pd.to_datetime({cell}).dt.tz_localize(None).dt.tz_localize({zone})"
        return f"{made}\n{line(local, 'if they are local; another zone in its place')}"

    def _is_impossible(self, c: pl.Expr) -> pl.Expr:
        return held_by(self.shapes)(c) & ~_any_day(self.shapes)(c)

    def _is_outside(self, c: pl.Expr) -> pl.Expr:
        return _any_day(self.shapes)(c) & c.str.contains(_EDGES) & self._moment(c).is_null()

    def _year_left(self) -> Doubt:
        rivals = held_by([shape for shape in self.shapes if shape.rival])
        return self.s.doubt(self.s.counts(held=rivals(C))["held"], _YEAR_FIRST, rivals, _either_year(self.s))

    def _left(self, reason: str) -> Doubt:
        return self.s.doubt(self.n["days"], reason, held_by(self.shapes))

    def _order_left(self) -> Doubt:
        dmy, mdy = self.n["dmy"], self.n["mdy"]
        if dmy and mdy:
            return self._left(f"{dmy:,} can only be read day first, {mdy:,} only month first")
        if dmy or mdy:
            only = f"{dmy:,} can only be read day" if dmy else f"{mdy:,} can only be read month"
            return self._left(f"day_first={self.s.asked.day_first} was given, and {only} first")
        return replace(self._left("no value tells day from month"), fix=self._either_order())

    def _either_order(self) -> str:
        day, month = (self.s.line(f"dates={{column}}, day_first={first}") for first in (True, False))
        return either(line(day, "if the day is first"), line(month, "if the month is"))

    def _moment(self, c: pl.Expr) -> pl.Expr:
        order = self.order or "DMY"
        moment = pl.coalesce(
            h.read(c, order if len(h.formats) > 1 else next(iter(h.formats))) for h in self.shapes
        )
        if not self._short or not _is_birth(self.s.column.name):
            return moment
        to_come = held_by(self._short)(c) & (moment > dt.datetime.now(dt.UTC).replace(tzinfo=None))
        return pl.when(to_come).then(moment.dt.offset_by("-100y")).otherwise(moment)

    def _written(self, c: pl.Expr) -> pl.Expr:
        form = rules.TIMESTAMP if self.n["timed"] else rules.ISO_DATE
        return self._moment(c).dt.strftime(form.strftime)

    @property
    def _short(self) -> tuple[DateShape, ...]:
        """The shapes whose years have two digits."""
        return tuple(h for h in self.shapes if any("%y" in form for form in h.formats.values()))

    def _is_far(self, c: pl.Expr) -> pl.Expr:
        order = self.order or "DMY"
        latest = dt.datetime.now(dt.UTC).year + _FAR_YEARS
        days = ((h, h.day(c, order if order in h.formats else "DMY")) for h in self._short)
        return pl.any_horizontal(
            h.holds(c) & (day.dt.year() > latest).fill_null(value=False) for h, day in days
        )


_NO: Final = pl.lit(False)
_EDGES: Final = "9999.*:|0001.*:"
"""Texts with a time zone that may lead out of the calendar."""


def _has_fraction(c: pl.Expr) -> pl.Expr:
    """Whether a date has a fraction of a second that is not naught."""
    return c.str.contains(r":[0-9]{2}[.,][0-9]*[1-9]")


_NO_DAY: Final = pl.lit(None, dtype=pl.Date)
_FAR_YEARS: Final = 10


def _compact_dates(s: Subject) -> Iterator[Mend | Doubt]:
    """Yield what becomes of numbers that were named as dates: ``20240201``."""

    def is_day(c: pl.Expr) -> pl.Expr:
        return COMPACT.read(whole_digits(c), "YMD").is_not_null()

    n = s.counts(told=C.is_not_null(), days=is_day(C))
    if n["days"] == n["told"]:
        form = rules.ISO_DATE.strftime
        yield Mend(lambda c: COMPACT.read(whole_digits(c), "YMD").dt.strftime(form), dtype="str")
    else:
        reason = "not all numbers are days, as 20240201 is"
        yield s.doubt(
            n["told"] - n["days"], reason, lambda c: c.is_not_null() & ~is_day(c).fill_null(value=False)
        )
