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
from connect_pandas.data.names import PHONES, identifier_word, says
from connect_pandas.data.notations import AMOUNTS, COMPACT, DATE_SHAPES, DateShape
from connect_pandas.data.problems import show
from connect_pandas.data.profile import SPECIAL, few, locate

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
        return first.filter(_is_told(C)).head(_SAMPLE)


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

    def counts(self, **questions: pl.Expr) -> dict[str, int]:
        """Return for how many values of the whole column each question holds."""
        totals = dict.fromkeys(questions, 0)
        for part in self.columns.slices([0]):
            answers = part.select(**{name: q.sum() for name, q in questions.items()}).row(0, named=True)
            totals = {name: n + int(answers[name] or 0) for name, n in totals.items()}
        return totals

    def doubt(self, count: int, reason: str, example: Predicate | None = None, fix: str = "") -> Doubt:
        rows = locate(self.columns, 0, example, limit=1) if example else ()
        value = self.column.values(rows)[0] if rows else None
        return Doubt(self.rule, self.column.name, count, reason, value, fix)

    def line(self, given: str) -> str:
        """Return the line to write, of this rule and column."""
        return f"df = df.connect.repair({given.format(column=f'[{self.column.label!r}]')}).frame"


C: Final = pl.col("0")
_SAMPLE: Final = 500
_SPECIAL: Final = [*map(chr, set(range(0x20)) - {0x09}), *"\x7f\u0085\u2028\u2029"]


def _is_told(c: pl.Expr) -> pl.Expr:
    """Whether a text says something: it is there, and is not a marker of nothing."""
    return (c != "") & ~notations.is_marker(c)


# ── characters ───────────────────────────────────────────────────────────────────────────────────────────────────


def _line_breaks(s: Subject) -> Iterator[Mend]:
    if s.seen.special:
        yield Mend(lambda c: c.str.replace_all(r"[\r\n]+", " "), SPECIAL["line-break"])


def _control_characters(s: Subject) -> Iterator[Mend]:
    if not s.seen.special:
        return
    # Tabs and page breaks of another time, and the line ends of other systems, keep words apart.
    yield Mend(
        lambda c: c.str.replace_all(r"[\x0B\x0C\u0085\u2028\u2029]+", " ").str.replace_all(
            rules.CONTROL_CHARACTER, ""
        ),
        SPECIAL["control-character"],
    )


def _surrogates(_s: Subject) -> Iterator[Mend]:
    yield Mend(lambda c: c.str.replace_all(SURROGATE_MARK, "\ufffd", literal=True), SPECIAL["lone-surrogate"])


def _spaces(_s: Subject) -> Iterator[Mend]:
    yield Mend(lambda c: c.str.strip_chars())


# ── nothing ──────────────────────────────────────────────────────────────────────────────────────────────────────


def _nothing(c: pl.Expr) -> pl.Expr:
    return pl.when(False).then(c)


def _infinities(_s: Subject) -> Iterator[Mend]:
    yield Mend(_nothing, lambda c: c.is_infinite())


def _missing(s: Subject) -> Iterator[Mend | Doubt]:
    if s.named:
        yield Mend(_nothing, notations.is_marker)
        return
    if not (count := s.counts(markers=notations.is_marker(C))["markers"]):
        return
    if any(_all_told(s, of_a_kind) for of_a_kind in _KINDS_OF_TEXT):
        yield Mend(_nothing, notations.is_marker)
    else:
        reason = "the other values are texts, among which it may be one"
        yield s.doubt(count, reason, notations.is_marker, s.line("missing={column}"))


def _all_told(s: Subject, predicate: Predicate) -> bool:
    if s.share(predicate) < 1:
        return False
    counts = s.counts(told=_is_told(C), held=_is_told(C) & predicate(C))
    return counts["told"] == counts["held"] > 0


def _is_truth(c: pl.Expr) -> pl.Expr:
    return c.str.to_lowercase().is_in(sorted({word for pair in _TRUTHS for word in pair}))


_TRUTHS: Final = (*notations.TRUTHS.values(), *notations.OTHER_TRUTHS.values())
_KINDS_OF_TEXT: Final[tuple[Predicate, ...]] = (
    lambda c: notations.is_number(c) | notations.is_amount(c),
    notations.is_dated,
    _is_truth,
)


# ── dates ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _impossible_dates(s: Subject) -> Iterator[Mend | Doubt]:
    if s.share(notations.is_dated) <= 0:
        return
    shapes = _shapes_in(s)
    day = _any_day(shapes)
    n = s.counts(told=_is_told(C), held=_held(shapes)(C), days=_held(shapes)(C) & day(C))
    impossible = n["held"] - n["days"]
    if impossible and few(n["told"] - n["held"], n["told"]) and n["days"] >= impossible:
        yield Mend(_nothing, lambda c: _held(shapes)(c) & ~day(c))
    elif impossible and s.named:
        reason = "most values of the column are no days: it may not hold dates"
        yield s.doubt(impossible, reason, lambda c: _held(shapes)(c) & ~day(c))


def _shapes_in(s: Subject) -> tuple[DateShape, ...]:
    """Return the shapes in which the column's dates are written."""
    known = (*DATE_SHAPES, COMPACT) if s.named else DATE_SHAPES
    held = s.counts(**{shape.name: shape.holds(C) for shape in known})
    return tuple(shape for shape in known if held[shape.name])


def _held(shapes: Sequence[DateShape]) -> Predicate:
    return lambda c: pl.any_horizontal(_NO, *(shape.holds(c) for shape in shapes))


def _any_day(shapes: Sequence[DateShape]) -> Predicate:
    return lambda c: pl.any_horizontal(
        _NO, *(h.holds(c) & h.day(c, order).is_not_null() for h in shapes for order in h.formats)
    )


def _dates(s: Subject) -> Iterator[Mend | Doubt]:
    if s.column.kind in ("integer", "float"):
        if s.named:
            yield from _compact_dates(s)
        return
    if not s.named and (identifier_word(s.column.name) or s.share(notations.is_dated) <= 0):
        return
    if shapes := _shapes_in(s):
        yield from _Dates(s, shapes).found()


@dataclass(frozen=True)
class _Dates:
    """What there is to know of a column of dates before any is rewritten."""

    s: Subject
    shapes: tuple[DateShape, ...]

    @cached_property
    def written_as(self) -> DateFormat | None:
        """The one format that is read as it is, in which all of them are; ``None`` where they need a repair."""
        forms = {form.pattern: form for form in notations.READ_FORMATS}
        held = self.s.counts(**{p: C.str.contains(form.regex) for p, form in forms.items()})
        form = next((forms[p] for p, n in held.items() if n == self.n["held"]), None)
        decided = self.s.asked.day_first is not None and self.n["open"] and not self.n["dmy"] + self.n["mdy"]
        return None if decided else form

    @cached_property
    def n(self) -> dict[str, int]:
        """How many values say something, are held by a shape, are days, have a time, a zone, an order."""
        swapped = [shape for shape in self.shapes if len(shape.formats) > 1]
        dmy, mdy = (
            pl.coalesce([*(pl.when(h.holds(C)).then(h.day(C, order)) for h in swapped), _NO_DAY])
            for order in ("DMY", "MDY")
        )
        others = [shape for shape in self.shapes if shape not in swapped]
        day = dmy.is_not_null() | mdy.is_not_null() | _any_day(others)(C)
        return self.s.counts(
            told=_is_told(C),
            held=_held(self.shapes)(C),
            days=day,
            timed=day & DATE_SHAPES[0].has_time(C),
            zoned=day & DATE_SHAPES[0].has_zone(C),
            dmy=dmy.is_not_null() & mdy.is_null(),
            mdy=mdy.is_not_null() & dmy.is_null(),
            open=dmy.is_not_null() & mdy.is_not_null() & (dmy != mdy),
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
        if not few(strays, self.n["told"]) or self.n["days"] * 2 < self.n["held"]:
            if self.written_as is None and self.n["days"] * 2 >= self.n["told"]:
                yield self._left("too many of the other values are no dates: it may not be a column of them")
            return
        if self.written_as is None:
            yield self._put_right(impossible)
        if impossible:
            yield self.s.doubt(
                impossible,
                "there is no such day, or no such time of day",
                lambda c: _held(self.shapes)(c) & ~_any_day(self.shapes)(c),
                self.s.line("impossible_dates={column}") + "   # makes them missing",
            )
        if strays:
            yield self.s.doubt(strays, "no date", lambda c: _is_told(c) & ~_held(self.shapes)(c))

    def _put_right(self, impossible: int) -> Mend | Doubt:
        if not few(impossible, self.n["held"]):
            return self._left(f"{impossible:,} others are no days: it may not be a column of dates")
        if self.order is None:
            return self._order_left()
        if 0 < self.n["zoned"] < self.n["timed"]:
            return self._left("some have a time zone and some have none: only who knows theirs can write it")
        if far := self.s.counts(far=self._is_far(C))["far"]:
            reason = f"{far:,} with a two-digit year would be in the far future: the century is not told"
            return self.s.doubt(self.n["days"], reason, self._is_far)
        return Mend(self._written)

    def _left(self, reason: str) -> Doubt:
        return self.s.doubt(self.n["days"], reason, _held(self.shapes))

    def _order_left(self) -> Doubt:
        dmy, mdy = self.n["dmy"], self.n["mdy"]
        if dmy and mdy:
            return self._left(f"{dmy:,} can only be read day first, {mdy:,} only month first")
        if dmy or mdy:
            only = f"{dmy:,} can only be read day" if dmy else f"{mdy:,} can only be read month"
            return self._left(f"day_first={self.s.asked.day_first} was given, and {only} first")
        line = self.s.line("dates={column}, day_first=True")
        return replace(self._left("no value tells day from month"), fix=f"{line}   # or False")

    def _moment(self, c: pl.Expr) -> pl.Expr:
        order = self.order or "DMY"
        return pl.coalesce(
            h.read(c, order if len(h.formats) > 1 else next(iter(h.formats))) for h in self.shapes
        )

    def _written(self, c: pl.Expr) -> pl.Expr:
        form = rules.TIMESTAMP if self.n["timed"] else rules.ISO_DATE
        return self._moment(c).dt.strftime(form.strftime)

    def _is_far(self, c: pl.Expr) -> pl.Expr:
        short = [h for h in self.shapes if any("%y" in form for form in h.formats.values())]
        far = self._moment(c).dt.year() > dt.datetime.now(dt.UTC).year + _FAR_YEARS
        return _held(short)(c) & far


_NO: Final = pl.lit(False)
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
    # What has no reading at all is an address or a version, and a date is a date.
    if s.share(_is_readable) < _HALF or s.share(notations.is_dated) > 0:
        return
    n = s.counts(
        told=_is_told(C),
        amount=notations.is_amount(C),
        plain=notations.is_plain(C),
        percent=AMOUNTS.percent(C) & notations.is_amount(C),
    )
    strays = n["told"] - n["amount"]
    if n["plain"] == n["told"] or (percent and not n["percent"]) or not few(strays, n["told"]):
        return
    if strays:
        reason = f"{strays:,} of its values {'is' if strays == 1 else 'are'} no number"
        yield s.doubt(n["amount"] - n["plain"], reason, lambda c: _is_told(c) & ~notations.is_amount(c))
    elif n["percent"] and not percent:
        if "percent" not in s.asked.scopes:
            reason = "a percentage may mean 12 or 0.12"
            yield s.doubt(
                n["percent"], reason, AMOUNTS.percent, s.line("percent={column}") + "   # 12 % becomes 12"
            )
    elif 0 < n["percent"] < n["told"]:
        reason = f"{n['told'] - n['percent']:,} of its values have no percent sign"
        yield s.doubt(n["percent"], reason, lambda c: _is_told(c) & ~AMOUNTS.percent(c))
    else:
        yield from _by_their_mark(s, n["told"] - n["plain"])


def _is_readable(c: pl.Expr) -> pl.Expr:
    return pl.any_horizontal(notations.amount(c, mark).is_not_null() for mark in _GIVEN)


def _by_their_mark(s: Subject, count: int) -> Iterator[Mend | Doubt]:
    """Yield what becomes of a column of amounts, once something proves which mark is the decimal one."""
    if why := _may_be_no_numbers(s):
        yield s.doubt(count, why, lambda c: _is_told(c) & ~notations.is_plain(c))
        return
    proof = s.counts(point=AMOUNTS.point(C), comma=AMOUNTS.comma(C), open=AMOUNTS.open(C))
    mark = _mark(proof, s.asked.mark)
    if mark is None:
        yield _mark_left(s, proof)
        return

    def unread(c: pl.Expr) -> pl.Expr:
        return _is_told(c) & notations.amount(c, mark).is_null()

    if bad := s.counts(bad=unread(C))["bad"]:
        yield s.doubt(bad, f"no number with a decimal {mark}, so the column stays", unread)
    else:
        yield Mend(lambda c: notations.amount(c, mark))


def _mark(proof: Mapping[str, int], given: Mark | None) -> Mark | None:
    """Return the decimal mark that is proven or given, when nothing contradicts."""
    if proof["point"] and proof["comma"]:
        return None
    proven: Mark | None = "point" if proof["point"] else "comma" if proof["comma"] else None
    if proven and given and proven != given:
        return None
    return proven or given or (None if proof["open"] else "point")


def _mark_left(s: Subject, proof: Mapping[str, int]) -> Doubt:
    if proof["point"] and proof["comma"]:
        reason = f"{proof['point']:,} can only have a decimal point, {proof['comma']:,} only a decimal comma"
        return s.doubt(proof["point"] + proof["comma"] + proof["open"], reason, AMOUNTS.comma)
    if proof["point"] or proof["comma"]:
        reason = (
            f"decimal={_GIVEN[cast('Mark', s.asked.mark)]!r} was given, and its values are written otherwise"
        )
        return s.doubt(
            proof["point"] + proof["comma"], reason, AMOUNTS.comma if proof["comma"] else AMOUNTS.point
        )
    reason = "it may be a thousand, or one and a fraction: no value tells which"
    line = s.line("numbers={column}, decimal='.'") + "   # or ','"
    return s.doubt(proof["open"], reason, AMOUNTS.open, line)


MARKS: Final[dict[str, Mark]] = {".": "point", ",": "comma"}
_GIVEN: Final = {mark: given for given, mark in MARKS.items()}
_HALF: Final = 0.5


def _may_be_no_numbers(s: Subject) -> str:
    """Return why amounts are left although all of them have digits; empty when they are numbers."""
    currencies = sorted(_currencies(s))
    if len(currencies) > 1:
        return f"they are of several currencies: {', '.join(currencies)}"
    n = s.counts(
        told=_is_told(C), phones=phones.strong_shape(C), zeros=AMOUNTS.zeros(C), enclosed=AMOUNTS.enclosed(C)
    )
    if n["phones"]:
        return f"{n['phones']:,} of them look like phone numbers"
    if n["zeros"]:
        return f"{n['zeros']:,} of them begin with a zero, as identifiers do"
    if n["enclosed"] == n["told"]:
        return "all of them are in parentheses, which then may not mean a minus"
    if not currencies and _are_alike(s):
        return "all of them have as many digits in the same groups, as identifiers do"
    return ""


def _currencies(s: Subject) -> set[str]:
    found = (part.select(notations.currency(C).unique()).to_series() for part in s.columns.slices([0]))
    return {name for names in found for name in names.to_list() if name is not None}


def _are_alike(s: Subject) -> bool:
    """Whether all values are digits in groups with spaces between, as many in each."""
    lengths: set[int] = set()
    for part in s.columns.slices([0]):
        told = part.filter(_is_told(C)).select(length=C.str.len_chars(), spaced=AMOUNTS.spaced(C))
        if not told["spaced"].all():
            return False
        lengths |= {*told["length"].unique().to_list()}
    return len(lengths) == 1


def _float_ids(s: Subject) -> Iterator[Mend | Doubt]:
    if not (s.named or identifier_word(s.column.name)) or s.share(_is_float_id) < _HALF:
        return
    n = s.counts(told=_is_told(C), held=_is_float_id(C))
    rest = n["told"] - n["held"]
    if not rest:
        yield Mend(lambda c: c.str.strip_suffix(".0"), _is_float_id)
    elif few(rest, n["told"]):
        reason = f"{rest:,} of its values {'does' if rest == 1 else 'do'} not end in '.0'"
        yield s.doubt(n["held"], reason, lambda c: _is_told(c) & ~_is_float_id(c))


def _is_float_id(c: pl.Expr) -> pl.Expr:
    return c.str.contains(r"^[0-9]+\.0$")


def _leading_zeros(s: Subject) -> Iterator[Mend | Doubt]:
    text = s.column.kind == "text"

    def digits(c: pl.Expr) -> pl.Expr:
        told = c if text else _digits(c)
        return pl.when(told.str.contains("^[0-9]+$")).then(told)

    n = s.counts(told=_is_told(C) if text else C.is_not_null(), held=digits(C).is_not_null())
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
    mended = partial(_mended, text=text, region=s.asked.region)

    def other(c: pl.Expr) -> pl.Expr:
        told = _is_told(c) if text else c.is_not_null()
        return told & ~mended(c).str.contains(rules.PHONE).fill_null(value=False)

    n = s.counts(
        told=_is_told(C) if text else C.is_not_null(),
        other=other(C),
        part=pl.lit(0) if text else C.is_not_null() & _digits(C).is_null(),
    )
    if text:
        yield Mend(mended)
    elif few(n["other"], n["told"]) and not n["part"]:
        yield Mend(mended, dtype="str")
    if n["other"]:
        where = "" if s.asked.region else "; national numbers need region="
        line = "" if s.asked.region else s.line("phones={column}, region='US'") + "   # where they belong"
        yield s.doubt(n["other"], f"no phone number with one reading{where}", other, line)


def _mended(c: pl.Expr, *, text: bool, region: str | None) -> pl.Expr:
    written = c if text else _digits(c)
    return written.map_batches(lambda values: phones.mended(values, region), return_dtype=pl.String)


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
        told=_is_told(C),
        marked=notations.is_marker(C),
        **{"/".join(pair): true(C) | false(C) for pair, (true, false) in said.items()},
    )
    best = max(pairs, key=lambda pair: n["/".join(pair)])
    true, false = said[best]
    held = n["/".join(best)]
    if held == n["told"] > 0 and (s.named or min(s.counts(true=true(C), false=false(C)).values())):
        if n["marked"]:
            line = s.line("missing={column}, truths={column}")
            yield s.doubt(
                held, f"{n['marked']:,} of its values only say that there is none", notations.is_marker, line
            )
        else:
            yield Mend(lambda c: _truth(true(c), false(c)), dtype="boolean")
    elif held and (rest := n["told"] - held) and (s.named or few(rest, n["told"])):
        yield s.doubt(
            held, f"{rest:,} of its values say something else", lambda c: _is_told(c) & ~(true(c) | false(c))
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
