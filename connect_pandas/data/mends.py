"""The rules of repair for columns: what each looks at, what it puts right, and what it leaves in doubt.

A rule looks at the whole of a column, slice by slice, before it changes anything.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final, cast

import polars as pl

from connect_pandas import rules
from connect_pandas.data import notations, phones
from connect_pandas.data.columns import SURROGATE_MARK, Columns
from connect_pandas.data.names import DATES, PHONES, identifier_word, says, words
from connect_pandas.data.notations import AMOUNTS, COMPACT, DATE_SHAPES, DateShape, bare
from connect_pandas.data.problems import as_code, either, line, repaired, show
from connect_pandas.data.profile import SPECIAL, few, locate, totals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pandas as pd

    from connect_pandas.data.asked import Asked
    from connect_pandas.data.columns import Column, Kind
    from connect_pandas.data.notations import Mark, Order
    from connect_pandas.data.profile import Predicate
    from connect_pandas.rules import DateFormat


@dataclass(frozen=True, slots=True)
class Doubt:
    """Values that a rule found and left alone.

    Attributes
    ----------
    rule : str
        The rule, as it is switched on and off.
    column : str
        The column's name; empty where whole rows are meant.
    count : int
        How many values, or rows, were left.
    reason : str
        Why, in words.
    example : object
        One of them, as it is in the frame.
    fix : str
        The line to write when you know better, or empty.
    """

    rule: str
    column: str
    count: int
    reason: str
    example: Any = None
    fix: str = ""

    def __str__(self) -> str:
        where = f"{self.column}: " if self.column else ""
        example = f", as {show(self.example)}" if self.example is not None else ""
        fix = "\n    fix: " + self.fix.replace("\n", "\n         ") if self.fix else ""
        return f"{where}{self.rule} left {self.count:,}{example}: {self.reason}{fix}"


@dataclass(frozen=True, slots=True)
class Rule:
    """One way of putting values right."""

    find: Callable[[Subject], Iterator[Mend | Doubt]]
    kinds: frozenset[Kind]
    on: bool = False
    """Whether it is on without being asked for."""
    asks: bool = False
    """Whether its columns must be named."""


@dataclass(frozen=True, slots=True)
class Mend:
    """What a rule makes of a column."""

    after: Predicate
    """Value → the value put right."""
    hit: Predicate | None = None
    """Which values it changes; by default those that come out otherwise, and not as missing."""
    dtype: str | None = None
    """Where the column becomes one of another dtype: which."""
    taken: Doubt | None = None
    """What was taken for granted in it, for its owner to know."""
    counted: bool = True
    """The rule has counted the values and knows that it changes some."""

    def changed(self, columns: Columns) -> Iterator[pl.DataFrame]:
        """Yield, slice by slice, the ``row`` of each value that it changes and what it becomes, ``after``.

        Parameters
        ----------
        columns : Columns
            Of which the first is looked at.
        """
        start = 0
        for part in columns.slices([0]):
            rows = part.with_columns(row=pl.int_range(start, start + part.height, dtype=pl.Int64))
            if self.hit is not None:
                rows = rows.filter(self.hit(C))
            rows = rows.select("row", "0", after=self.after(C))
            if self.dtype is None and columns.items[0].kind == "text":
                rows = rows.filter(self._is_changed())
            if rows.height:
                yield rows.select("row", "after")
            start += part.height

    def _is_changed(self) -> pl.Expr:
        after = pl.col("after")
        if self.hit is not None:
            # A text with half a surrogate pair cannot be shown to Polars as it is, so it is left to its own rule.
            return ~after.str.contains(SURROGATE_MARK, literal=True).fill_null(value=False)
        return (after != C) & ~C.str.contains(SURROGATE_MARK, literal=True)


@dataclass(frozen=True)
class Seen:
    """One column as it is now, and a first look at it, which the rules share."""

    column: Column
    index: pd.Index[Any]

    @cached_property
    def columns(self) -> Columns:
        return Columns((self.column,), self.index)

    @cached_property
    def special(self) -> bool:
        """Whether a text has any character that has no place in a line of text."""
        return any(
            part.select(C.str.contains_any(_SPECIAL).any()).item() for part in self.columns.slices([0])
        )

    @cached_property
    def sample(self) -> pl.DataFrame:
        """The first values of a text that say something."""
        first = next(self.columns.slices([0]), pl.DataFrame({"0": pl.Series(dtype=pl.String)}))
        return first.filter(notations.is_told(C)).head(_SAMPLE)


@dataclass(frozen=True, slots=True)
class Subject:
    """A column before a rule."""

    rule: str
    seen: Seen
    asked: Asked
    named: bool
    """The rule's own keyword names the column."""

    @property
    def column(self) -> Column:
        return self.seen.column

    @property
    def columns(self) -> Columns:
        return self.seen.columns

    def share(self, predicate: Predicate) -> float:
        """Return the share of the sample for which a predicate holds."""
        held = self.seen.sample.select(predicate(C).mean()).item()
        return float(held or 0)

    def counts(self, first: Mapping[str, pl.Expr] | None = None, /, **questions: pl.Expr) -> dict[str, int]:
        """Return for how many values of the whole column each question holds.

        What several questions ask about is named in ``first``, and made once a slice: Polars would make it for each.
        """
        return totals(self.columns, 0, questions, first)

    def doubt(self, count: int, reason: str, example: Predicate | None = None, fix: str = "") -> Doubt:
        rows = locate(self.columns, 0, example, limit=1) if example else ()
        value = self.column.values(rows)[0] if rows else None
        return Doubt(self.rule, self.column.name, count, reason, value, fix)

    def line(self, given: str, comment: str = "") -> str:
        """Return the line to write, of this rule and column."""
        return repaired(given.format(column=f"[{as_code(self.column.label)}]"), comment)

    @property
    def cell(self) -> str:
        """The column as the user writes it."""
        return f"df[{as_code(self.column.label)}]"


def found(rule: str, seen: Seen, asked: Asked) -> Iterator[Mend | Doubt]:
    """Yield what a rule, where it is on, makes of a column and what it leaves alone: nothing of a kind not its own.

    A repair does what is yielded here, and a problem offers the repair by asking here what it would do.
    """
    # A text with a detail is none itself: it is only written as one.
    spoken = seen.column.kind == "text" and bool(seen.column.detail)
    if seen.column.kind in RULES[rule].kinds and not spoken:
        yield from RULES[rule].find(Subject(rule, seen, asked, asked.scopes[rule].named))


C: Final = pl.col("0")
_SAMPLE: Final = 500
_SPECIAL: Final = [*map(chr, set(range(0x20)) - {0x09}), *"\x7f\u0085\u2028\u2029"]


# ── characters ───────────────────────────────────────────────────────────────────────────────────────────────────


def _line_breaks(s: Subject) -> Iterator[Mend]:
    if s.seen.special:
        yield Mend(lambda c: c.str.replace_all(r"[\r\n]+", " "), SPECIAL["line-break"], counted=False)


def _control_characters(s: Subject) -> Iterator[Mend]:
    if not s.seen.special:
        return
    # Tabs and page breaks of another time, and the line ends of other systems, keep words apart.
    yield Mend(
        lambda c: c.str.replace_all(r"[\x0B\x0C\u0085\u2028\u2029]+", " ").str.replace_all(
            rules.CONTROL_CHARACTER, ""
        ),
        SPECIAL["control-character"],
        counted=False,
    )


def _surrogates(_s: Subject) -> Iterator[Mend]:
    yield Mend(
        lambda c: c.str.replace_all(SURROGATE_MARK, "\ufffd", literal=True),
        SPECIAL["lone-surrogate"],
        counted=False,
    )


def _spaces(_s: Subject) -> Iterator[Mend]:
    yield Mend(lambda c: c.str.strip_chars(), counted=False)


# ── nothing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _nothing(c: pl.Expr) -> pl.Expr:
    return pl.when(False).then(c)


def _infinities(_s: Subject) -> Iterator[Mend]:
    yield Mend(_nothing, lambda c: c.is_infinite(), counted=False)


def _missing(s: Subject) -> Iterator[Mend | Doubt]:
    if s.named:
        yield Mend(_nothing, notations.is_marker, counted=False)
        return
    if not (count := s.counts(markers=notations.is_marker(C))["markers"]):
        return
    if any(_all_told(s, of_a_kind) for of_a_kind in (_is_numeral, _held(_meant(s, DATE_SHAPES)), _is_truth)):
        yield Mend(_nothing, notations.is_marker)
    else:
        reason = "the other values are texts, among which it may be one"
        yield s.doubt(count, reason, notations.is_marker, s.line("missing={column}"))


def _all_told(s: Subject, predicate: Predicate) -> bool:
    if s.share(predicate) < 1:
        return False
    counts = s.counts(told=notations.is_told(C), held=notations.is_told(C) & predicate(C))
    return counts["told"] == counts["held"] > 0


def _is_truth(c: pl.Expr) -> pl.Expr:
    return c.str.to_lowercase().is_in(sorted({word for pair in _TRUTHS for word in pair}))


_TRUTHS: Final = (*notations.TRUTHS.values(), *notations.OTHER_TRUTHS.values())


# ── dates ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _impossible_dates(s: Subject) -> Iterator[Mend | Doubt]:
    if s.share(notations.is_dated) <= 0:
        return
    shapes = _meant(s, _shapes_in(s))
    day = _any_day(shapes)
    n = s.counts(
        {"held": _held(shapes)(C), "day": day(C)}, told=notations.is_told(C), held=_HELD, days=_HELD & _DAY
    )
    impossible = n["held"] - n["days"]
    if impossible and _may_have_year_first(s, shapes):
        yield s.doubt(impossible, _YEAR_FIRST, lambda c: _held(shapes)(c) & ~day(c), _either_year(s))
    elif impossible and few(n["told"] - n["held"], n["told"]) and n["days"] >= impossible:
        yield Mend(_nothing, lambda c: _held(shapes)(c) & ~day(c))
    elif impossible and s.named:
        reason = "most values of the column are no days: it may not hold dates"
        yield s.doubt(impossible, reason, lambda c: _held(shapes)(c) & ~day(c))


_HELD, _DAY, _REAL = pl.col("held"), pl.col("day"), pl.col("real")


def _shapes_in(s: Subject) -> tuple[DateShape, ...]:
    """Return the shapes in which the column's dates are written."""
    known = (*DATE_SHAPES, COMPACT) if s.named else DATE_SHAPES
    some = s.seen.sample.select(**{shape.name: shape.holds(C).any() for shape in known}).row(0, named=True)
    seen = tuple(shape for shape in known if some[shape.name])
    # Where the shapes of the first values hold all, there are no others.
    n = s.counts(told=notations.is_told(C), held=_held(seen)(C))
    if n["held"] == n["told"]:
        return seen
    held = s.counts(**{shape.name: shape.holds(C) for shape in known})
    return tuple(shape for shape in known if held[shape.name])


def _meant(s: Subject, shapes: Sequence[DateShape]) -> tuple[DateShape, ...]:
    """Return the shapes that mean dates in this column, by its name or because it was named."""
    is_told = s.named or says(s.column.name, DATES) or _is_birth(s.column.name)
    return tuple(shape for shape in shapes if is_told or not shape.vague)


def _is_birth(name: str) -> bool:
    """Whether a name says that its dates are days of birth."""
    return any(word in _BIRTHS or word.startswith(_BIRTH) for word in words(name))


_BIRTHS: Final = frozenset("dob born geb naissance nacimiento nascita nascimento".split())
_BIRTH: Final = ("birth", "geburt", "geboor", "geboren")


def _held(shapes: Sequence[DateShape]) -> Predicate:
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
    return n["first"] > 0 == n["last"]


def _either_year(s: Subject) -> str:
    """Return what to write where the year of two digits is last, if some are days then, and where it is first."""
    told = replace(s, named=True, asked=replace(s.asked, day_first=True))
    fits = isinstance(next(RULES[s.rule].find(told), None), Mend)
    last = s.line(f"{s.rule}={{column}}, day_first=True", "if the year is last") if fits else ""
    first = f'{s.cell} = pd.to_datetime({s.cell}, format="mixed", yearfirst=True)'
    return either(last, line(first, "if it is first"))


_YEAR_FIRST: Final = "a year of two digits may stand first or last: no value tells which"


def _dates(s: Subject) -> Iterator[Mend | Doubt]:
    if s.column.kind in ("integer", "float"):
        if s.named:
            yield from _compact_dates(s)
        return
    if not s.named and (identifier_word(s.column.name) or s.share(notations.is_dated) <= 0):
        return
    held = _shapes_in(s)
    if shapes := _meant(s, held):
        yield from _Dates(s, shapes, held).found()
    elif held:
        yield from _vague(s, held)


def _vague(s: Subject, shapes: Sequence[DateShape]) -> Iterator[Doubt]:
    """Yield a doubt where all values may be dates, or versions, chapters, sort codes."""
    day = _any_day(shapes)
    n = s.counts(told=notations.is_told(C), days=day(C))
    if few(n["told"] - n["days"], n["told"]):
        reason = "they may be dates, or versions, or codes: the column's name does not tell"
        yield s.doubt(n["days"], reason, day, _if_named(s, "if they are dates"))


def _if_named(s: Subject, comment: str) -> str:
    """Return the line that names the column, or what is to be written where naming alone does not settle it."""
    named = next(_dates(replace(s, named=True)), None)
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
        share = self.s.share(_held(self.shapes))
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
                "held": _held(self.shapes)(C),
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
                self.s.line("impossible_dates={column}", "makes them missing"),
            )
        if self.n["edges"] and (outside := self.s.counts(outside=self._is_outside(C))["outside"]):
            reason = "in UTC it is no moment of the years 1 to 9999"
            yield self.s.doubt(outside, reason, self._is_outside)
        if strays:
            vague = self.held != self.shapes
            fix = _if_named(self.s, "if all of them are dates") if vague else ""
            reason = "no dates for certain" if vague else "no date"
            yield self.s.doubt(strays, reason, lambda c: notations.is_told(c) & ~_held(self.shapes)(c), fix)

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
        made = self.s.line(f"{rid}dates={{column}}{_day_first(self.s)}")
        local = f"{cell} = pd.to_datetime({cell}).dt.tz_localize(None).dt.tz_localize({zone})"
        return f"{made}\n{line(local, 'if they are local; another zone in its place')}"

    def _is_impossible(self, c: pl.Expr) -> pl.Expr:
        return _held(self.shapes)(c) & ~_any_day(self.shapes)(c)

    def _is_outside(self, c: pl.Expr) -> pl.Expr:
        return _any_day(self.shapes)(c) & c.str.contains(_EDGES) & self._moment(c).is_null()

    def _year_left(self) -> Doubt:
        return replace(self._left(_YEAR_FIRST), fix=_either_year(self.s))

    def _left(self, reason: str) -> Doubt:
        return self.s.doubt(self.n["days"], reason, _held(self.shapes))

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
        to_come = _held(self._short)(c) & (moment > dt.datetime.now(dt.UTC).replace(tzinfo=None))
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
        return COMPACT.read(_digits(c), "YMD").is_not_null()

    n = s.counts(told=C.is_not_null(), days=is_day(C))
    if n["days"] == n["told"]:
        form = rules.ISO_DATE.strftime
        yield Mend(lambda c: COMPACT.read(_digits(c), "YMD").dt.strftime(form), dtype="str")
    else:
        reason = "not all numbers are days, as 20240201 is"
        yield s.doubt(
            n["told"] - n["days"], reason, lambda c: c.is_not_null() & ~is_day(c).fill_null(value=False)
        )


def _digits(c: pl.Expr) -> pl.Expr:
    """Return whole numbers as text; null for those with a fraction, and beyond what a float holds exactly."""
    number = c.cast(pl.Float64)
    is_whole = (number == number.floor()) & (number.abs() < _EXACT)
    return pl.when(is_whole).then(c.cast(pl.Int64, strict=False)).cast(pl.String)


_EXACT: Final = 1e15


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _numbers(s: Subject) -> Iterator[Mend | Doubt]:
    if s.named or identifier_word(s.column.name) is None:
        yield from _amounts(s, percent=False)


def _percent(s: Subject) -> Iterator[Mend | Doubt]:
    yield from _amounts(s, percent=True)


def _amounts(s: Subject, *, percent: bool) -> Iterator[Mend | Doubt]:
    # A date is a date.
    if s.share(_is_numeral) < _HALF or s.share(notations.is_dated) > 0:
        return
    n = s.counts(
        told=notations.is_told(C),
        numeral=_is_numeral(C),
        number=notations.is_number(C),
        percent=AMOUNTS.percent(C) & notations.is_amount(C),
    )
    strays, count = n["told"] - n["numeral"], n["numeral"] - n["number"]
    if n["number"] == n["told"]:
        yield from _thousands(s)
    elif not count or (percent and not n["percent"]) or not few(strays, n["told"]):
        return
    elif strays:
        reason = f"{strays:,} of its values {'is' if strays == 1 else 'are'} no number"
        yield s.doubt(count, reason, lambda c: notations.is_told(c) & ~_is_numeral(c))
    elif n["percent"] and not percent and "percent" in s.asked.scopes:
        return  # which looks at it itself
    elif 0 < n["percent"] < n["told"]:
        reason = f"{n['told'] - n['percent']:,} of its values have no percent sign"
        yield s.doubt(n["percent"], reason, lambda c: notations.is_told(c) & ~AMOUNTS.percent(c))
    elif n["percent"] and not percent:
        yield _percentages_left(s, n["percent"])
    else:
        yield from _by_their_mark(s, count)


def _percentages_left(s: Subject, count: int) -> Doubt:
    (made,) = _by_their_mark(replace(s, rule="percent", named=True), count)
    if isinstance(made, Doubt):
        return replace(made, rule=s.rule)
    reason, fix = "a percentage may mean 12 or 0.12", s.line("percent={column}", "12 % becomes 12")
    return s.doubt(count, reason, AMOUNTS.percent, fix)


def _is_numeral(c: pl.Expr) -> pl.Expr:
    return notations.is_number(c) | notations.is_amount(c)


def _thousands(s: Subject) -> Iterator[Mend]:
    """Yield what becomes of plain numbers that were said to have a decimal comma: ``1.234`` is a thousand then."""
    if s.rule != "numbers" or not s.named or s.asked.mark != "comma":
        return
    n = s.counts({"bare": bare(C)}, open=_has(notations.OPEN), point=_has(notations.POINT))
    if n["open"] and not n["point"]:
        yield Mend(lambda c: notations.amount(c, "comma"))


def _has(pattern: str) -> pl.Expr:
    return pl.col("bare").str.contains(pattern)


def _by_their_mark(s: Subject, count: int) -> Iterator[Mend | Doubt]:
    """Yield what becomes of a column of amounts, once something proves which mark is the decimal one."""
    n = s.counts(
        {"bare": bare(C)},
        told=notations.is_told(C),
        phones=phones.strong_shape(C),
        currency=AMOUNTS.currency(C),
        enclosed=AMOUNTS.enclosed(C),
        trailing=AMOUNTS.trailing(C),
        signs=AMOUNTS.signs(C) & ~notations.is_number(C),
        dotted=AMOUNTS.dotted(C),
        pairs=AMOUNTS.pair(C),
        several=C.str.contains("[0-9]{2}-"),
        marked=AMOUNTS.marked(C),
        zeros=_has(notations.ZEROS),
        by_point=_has(notations.POINT),
        by_comma=_has(notations.COMMA),
        open=_has(notations.OPEN),
        commas=_has(notations.OPEN) & _has(","),
        fractions=_has(",[0-9]+$"),
        **{mark: notations.is_told(C) & ~_has(notations.READ[mark]) & ~_has_power(C, mark) for mark in GIVEN},
    )
    if why := _may_be_no_numbers(s, n):
        fix = s.line(f"{s.rule}={{column}}", "if they are amounts") if why in _MAY_BE else ""
        yield s.doubt(count, why, lambda c: notations.is_told(c) & ~notations.is_number(c), fix)
        return
    mark = _mark(n, s.asked.mark)
    if mark is None:
        yield _mark_left(s, n)
        return
    if _are_pairs(n) and not s.named and s.asked.mark is None:
        fix = s.line("numbers={column}", "if they are numbers")
        yield s.doubt(n["pairs"], "each may be a number, or two with a comma between", AMOUNTS.pair, fix)
        return

    def unread(c: pl.Expr) -> pl.Expr:
        return notations.is_told(c) & _numeral(c, mark).is_null()

    if n[mark]:
        yield s.doubt(n[mark], f"no number with a decimal {mark}, so the column stays", unread)
    elif s.named and mark == "comma" and n["commas"] == n["fractions"]:
        # Of "1.234" the same repair would make a thousand the next time.
        yield Mend(lambda c: _numeral(c, mark).str.replace(_THREE_PLACES, "${1}0"))
    else:
        yield Mend(lambda c: _numeral(c, mark))


_THREE_PLACES: Final = r"^(-?[1-9][0-9]{0,2}\.[0-9]{3})$"


def _numeral(c: pl.Expr, mark: Mark) -> pl.Expr:
    """Return amounts as plain numbers by their decimal mark, and as they are those with an exponent: ``1e10``."""
    return pl.coalesce(notations.amount(c, mark), pl.when(_has_power(c, mark)).then(c))


def _has_power(c: pl.Expr, mark: Mark) -> pl.Expr:
    """Whether a text is a number with an exponent, and no mark but the decimal one."""
    return notations.is_number(c) & c.str.contains("^[^.]*[eE]" if mark == "comma" else "[eE]")


def _mark(proof: Mapping[str, int], given: Mark | None) -> Mark | None:
    """Return the decimal mark that is proven or given, when nothing contradicts."""
    if proof["by_point"] and proof["by_comma"]:
        return None
    proven: Mark | None = "point" if proof["by_point"] else "comma" if proof["by_comma"] else None
    if proven and given and proven != given:
        return None
    return proven or given or (None if proof["open"] else "point")


def _mark_left(s: Subject, proof: Mapping[str, int]) -> Doubt:
    if proof["by_point"] and proof["by_comma"]:
        reason = (
            f"{proof['by_point']:,} can only have a decimal point, {proof['by_comma']:,} only a decimal comma"
        )
        return s.doubt(proof["by_point"] + proof["by_comma"] + proof["open"], reason, AMOUNTS.comma)
    if proof["by_point"] or proof["by_comma"]:
        reason = (
            f"decimal={GIVEN[cast('Mark', s.asked.mark)]!r} was given, and its values are written otherwise"
        )
        return s.doubt(
            proof["by_point"] + proof["by_comma"],
            reason,
            AMOUNTS.comma if proof["by_comma"] else AMOUNTS.point,
        )
    reason = "it may be a thousand, or one and a fraction: no value tells which"
    # Thousands are what amounts without a fraction have.
    likely, other = (".", ",") if proof["commas"] * 2 >= proof["open"] else (",", ".")
    thousands = s.line(f"{s.rule}={{column}}, decimal={likely!r}", "if they are thousands")
    fractions = s.line(f"{s.rule}={{column}}, decimal={other!r}", "if they are fractions")
    return s.doubt(proof["open"], reason, AMOUNTS.open, either(thousands, fractions))


MARKS: Final[dict[str, Mark]] = {".": "point", ",": "comma"}
GIVEN: Final = {mark: given for given, mark in MARKS.items()}
"""The decimal marks as they are given, and the other way round."""
_HALF: Final = 0.5


def _may_be_no_numbers(s: Subject, n: Mapping[str, int]) -> str:
    """Return why amounts are left although all of them have digits; empty when they are numbers."""
    currencies = sorted(_currencies(s)) if n["currency"] else []
    if len(currencies) > 1:
        return f"they are of several currencies: {', '.join(currencies)}"
    if n["signs"]:
        return "two signs in one value have no one meaning"
    if n["phones"]:
        return f"{n['phones']:,} of them look like phone numbers"
    if n["zeros"]:
        return f"{n['zeros']:,} of them begin with a zero, as identifiers do"
    if n["enclosed"] == n["told"]:
        return "all of them are in parentheses, which then may not mean a minus"
    long = n["several"] and n["trailing"] < n["told"]
    if n["trailing"] and not n["marked"] and not long and not s.named:
        return _SCHOOL
    if n["dotted"] == n["told"] and not s.named and _have_as_many_points(s):
        return _GROUPS
    if not currencies and _are_alike(s):
        return "all of them have as many digits in the same groups, as identifiers do"
    return ""


_SCHOOL: Final = "a minus behind may belong to a mark at school: nothing else tells that they are amounts"
_GROUPS: Final = "all of them have as many groups of three digits, as addresses and identifiers do"
_MAY_BE: Final = (_SCHOOL, _GROUPS)


def _are_pairs(n: Mapping[str, int]) -> bool:
    """Whether all that is marked in a column are two digits with a comma between."""
    return n["pairs"] == n["marked"] > 0 and not n["enclosed"] + n["trailing"]


def _have_as_many_points(s: Subject) -> bool:
    points = [
        part.filter(notations.is_told(C)).select(C.str.count_matches(".", literal=True))
        for part in s.columns.slices([0])
    ]
    return pl.concat(points).to_series().n_unique() == 1


def _currencies(s: Subject) -> set[str]:
    found = (part.select(notations.currency(C).unique()).to_series() for part in s.columns.slices([0]))
    return {name for names in found for name in names.to_list() if name is not None}


def _are_alike(s: Subject) -> bool:
    """Whether all values are digits in groups with spaces between, as many in each."""
    lengths: set[int] = set()
    for part in s.columns.slices([0]):
        told = part.filter(notations.is_told(C)).select(length=C.str.len_chars(), spaced=AMOUNTS.spaced(C))
        if not told["spaced"].all():
            return False
        lengths |= {*told["length"].unique().to_list()}
    return len(lengths) == 1


def _float_ids(s: Subject) -> Iterator[Mend | Doubt]:
    if not (s.named or identifier_word(s.column.name)) or s.share(_is_float_id) < _HALF:
        return
    n = s.counts(told=notations.is_told(C), held=_is_float_id(C))
    rest = n["told"] - n["held"]
    if not rest:
        yield Mend(lambda c: c.str.strip_suffix(".0"), _is_float_id)
    elif few(rest, n["told"]):
        reason = f"{rest:,} of its values {'does' if rest == 1 else 'do'} not end in '.0'"
        yield s.doubt(n["held"], reason, lambda c: notations.is_told(c) & ~_is_float_id(c))


def _is_float_id(c: pl.Expr) -> pl.Expr:
    return c.str.contains(r"^[0-9]+\.0$")


def _leading_zeros(s: Subject) -> Iterator[Mend | Doubt]:
    text = s.column.kind == "text"

    def digits(c: pl.Expr) -> pl.Expr:
        told = c if text else _digits(c)
        return pl.when(told.str.contains("^[0-9]+$")).then(told)

    n = s.counts(told=notations.is_told(C) if text else C.is_not_null(), held=digits(C).is_not_null())
    if rest := n["told"] - n["held"]:
        yield s.doubt(rest, "not made of digits only", lambda c: c.is_not_null() & digits(c).is_null())
    ends = [part.select(digits(C).str.len_bytes()).to_series() for part in s.columns.slices([0])]
    lengths = {int(cast("int", end)) for part in ends for end in (part.min(), part.max()) if end is not None}
    if len(lengths) > 1 and (text or not rest):
        width = max(lengths)
        yield Mend(lambda c: digits(c).str.pad_start(width, "0"), dtype=None if text else "str")


# ── phones ───────────────────────────────────────────────────────────────────────────────────────────────────────


def _phones(s: Subject) -> Iterator[Mend | Doubt]:
    named = s.named or says(s.column.name, PHONES)
    text = s.column.kind == "text"
    if not named and not (text and s.share(phones.strong_shape) >= _MOST):
        return
    mended = partial(_mended, text=text, region=s.asked.region, lost=_have_lost_their_plus(s))
    if text:
        # Asked first: once it changes nothing, the others are no phone numbers as they are.
        yield Mend(mended, counted=False)
        other: Predicate = phones.is_not_e164
        n = s.counts(other=other(C))
    else:

        def other(c: pl.Expr) -> pl.Expr:
            return c.is_not_null() & ~mended(c).str.contains(rules.PHONE).fill_null(value=False)

        n = s.counts(told=C.is_not_null(), other=other(C), part=C.is_not_null() & _digits(C).is_null())
        if few(n["other"], n["told"]) and not n["part"]:
            yield Mend(mended, dtype="str")
    if n["other"]:
        where = "" if s.asked.region else "; national numbers need region="
        fix = "" if s.asked.region else _of_a_region(s, other)
        yield s.doubt(n["other"], f"no phone number with one reading{where}", other, fix)


def _of_a_region(s: Subject, other: Predicate) -> str:
    """Return the line for phone numbers that need a region: that of the others, or the one that is met most often."""
    some = s.column.take(locate(s.columns, 0, other, limit=_SAMPLE))
    written = pl.DataFrame({"0": some.slice(0, len(some.series))})
    digits = written.select(C if s.column.kind == "text" else _digits(C)).to_series()
    for region in dict.fromkeys((*_region_of_numbers(s), _REGION)):
        if phones.mended(digits, region).str.contains(rules.PHONE).any():
            return s.line(f"phones={{column}}, region={region!r}", "where they belong")
    return s.line('phones={column}, region="…"', "the two letters of the country where they belong")


def _region_of_numbers(s: Subject) -> Iterator[str]:
    """Yield the region of a column's first phone number in E.164, when there is one."""
    rows = locate(s.columns, 0, lambda c: c.str.contains(rules.PHONE), 1) if s.column.kind == "text" else ()
    yield from filter(None, map(phones.region_of, s.column.values(rows)))


_REGION: Final = "US"


def _have_lost_their_plus(s: Subject) -> bool:
    """Whether what is digits only, and has no one reading by the region, is all phone numbers with a ``+`` before.

    A spreadsheet makes that of ``+4915112345678``, which is a number to it.
    """
    written = C if s.column.kind == "text" else _digits(C)
    found = 0
    for part in s.columns.slices([0]):
        digits = part.select(written).filter(C.str.contains(_ONLY_DIGITS))
        left = phones.mended(digits["0"], s.asked.region)
        left = left.filter(left.str.contains(_ONLY_DIGITS))
        if not phones.valid("+" + left).all():
            return False
        found += len(left)
    return found >= _LOST_LEAST


_ONLY_DIGITS: Final = "^([0-9]{7,15})$"
_LOST_LEAST: Final = 3


def _mended(c: pl.Expr, *, text: bool, region: str | None, lost: bool = False) -> pl.Expr:
    def of(values: pl.Series) -> pl.Series:
        if phones.valid(values).all():  # the quicker question, once they are mended
            return values
        made = phones.mended(values, region)
        return made.str.replace(_ONLY_DIGITS, "+$1") if lost else made

    return (c if text else _digits(c)).map_batches(of, return_dtype=pl.String)


_MOST: Final = 0.9


# ── truths, and numbers that are dates ───────────────────────────────────────────────────────────────────────────


def _truths(s: Subject) -> Iterator[Mend | Doubt]:
    if s.column.kind in ("integer", "float"):
        if s.named:
            yield from _of_flags(s)
        return
    pairs = (*_TRUTHS, ("1", "0")) if s.named else tuple(notations.OTHER_TRUTHS.values())
    said = {pair: (notations.says(pair[0]), notations.says(pair[1])) for pair in pairs}
    n = s.counts(
        told=notations.is_told(C),
        marked=notations.is_marker(C),
        **{"/".join(pair): true(C) | false(C) for pair, (true, false) in said.items()},
    )
    best = max(pairs, key=lambda pair: n["/".join(pair)])
    true, false = said[best]
    held = n["/".join(best)]
    if held == n["told"] > 0 and (s.named or min(s.counts(true=true(C), false=false(C)).values())):
        if n["marked"]:
            fix = s.line("missing={column}, truths={column}")
            yield s.doubt(
                held, f"{n['marked']:,} of its values only say that there is none", notations.is_marker, fix
            )
        else:
            yield Mend(lambda c: _truth(true(c), false(c)), dtype="boolean")
    elif held and (rest := n["told"] - held) and (s.named or few(rest, n["told"])):
        yield s.doubt(
            held,
            f"{rest:,} of its values say something else",
            lambda c: notations.is_told(c) & ~(true(c) | false(c)),
        )


def _truth(true: pl.Expr, false: pl.Expr) -> pl.Expr:
    return pl.when(true).then(True).when(false).then(False)


def _of_flags(s: Subject) -> Iterator[Mend | Doubt]:
    def other(c: pl.Expr) -> pl.Expr:
        return (c != 0) & (c != 1)

    n = s.counts(other=other(C), told=C.is_not_null())
    if n["other"]:
        yield s.doubt(n["told"], f"{n['other']:,} of its values are neither 0 nor 1", other)
    else:
        yield Mend(lambda c: c == 1, dtype="boolean")


def _epochs(s: Subject) -> Iterator[Mend | Doubt]:
    low, high = _bounds(s)
    unit = None if low is None else notations.epoch_unit(float(low), float(high))
    if unit:
        yield Mend(lambda c: notations.of_epoch(_number(s)(c), unit), dtype="datetime64[us, UTC]")
    else:
        yield from _no_days(s, "they do not all count from 1970 to days between 1990 and 2100 in one unit")


def _serials(s: Subject) -> Iterator[Mend | Doubt]:
    low, high = _bounds(s)
    first, last = notations.SERIALS
    if low is not None and first <= low and high < last:
        yield Mend(lambda c: notations.of_serial(_number(s)(c)), dtype="datetime64[us]")
    else:
        yield from _no_days(s, "they are not all a spreadsheet's days between 1954 and 2119")


def _no_days(s: Subject, reason: str) -> Iterator[Doubt]:
    told = s.counts(told=C != "" if s.column.kind == "text" else C.is_not_null())["told"]
    # Text that has been made dates already is no number.
    if told and not (s.column.kind == "text" and s.share(notations.is_dated) >= _MOST):
        yield s.doubt(told, reason, lambda c: c.is_not_null())


def _number(s: Subject) -> Predicate:
    """Return how the column's values are numbers: those of text are null where they are none."""
    if s.column.kind != "text":
        return lambda c: c
    return lambda c: pl.when(notations.is_plain(c)).then(c).cast(pl.Decimal(38, 6), strict=False)


def _bounds(s: Subject) -> tuple[Any, Any]:
    """Return the lowest and the highest number; both ``None`` without any, or where something else is among them."""
    number = _number(s)(C)
    told = (C != "") if s.column.kind == "text" else C.is_not_null()
    if s.counts(other=told & number.is_null())["other"]:
        return None, None
    ends = [part.select(low=number.min(), high=number.max()) for part in s.columns.slices([0])]
    return pl.concat(ends).select(pl.col("low").min(), pl.col("high").max()).row(0) if ends else (None, None)


_TEXT: Final[frozenset[Kind]] = frozenset({"text"})
_NUMBER: Final[frozenset[Kind]] = frozenset({"integer", "float"})

RULES: Final[dict[str, Rule]] = {
    "surrogates": Rule(_surrogates, _TEXT),
    "line_breaks": Rule(_line_breaks, _TEXT, on=True),
    "control_characters": Rule(_control_characters, _TEXT, on=True),
    "spaces": Rule(_spaces, _TEXT),
    "missing": Rule(_missing, _TEXT),
    "infinities": Rule(_infinities, frozenset({"float"})),
    "impossible_dates": Rule(_impossible_dates, _TEXT),
    "dates": Rule(_dates, _TEXT | _NUMBER, on=True),
    "numbers": Rule(_numbers, _TEXT, on=True),
    "percent": Rule(_percent, _TEXT),
    "float_ids": Rule(_float_ids, _TEXT, on=True),
    "leading_zeros": Rule(_leading_zeros, _TEXT | _NUMBER, asks=True),
    "phones": Rule(_phones, _TEXT | _NUMBER, on=True),
    "truths": Rule(_truths, _TEXT | _NUMBER),
    "epochs": Rule(_epochs, _TEXT | _NUMBER, asks=True),
    "serials": Rule(_serials, _TEXT | _NUMBER, asks=True),
}
"""Name → rule, in the order in which they are applied: what one makes, those behind it read."""
