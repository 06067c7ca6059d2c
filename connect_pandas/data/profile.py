"""The facts of every column, counted over the whole of it by Polars expressions, slice by slice.

Facts of slices add up, so memory stays flat. A fact is a predicate with a name: the same predicate counts the rows
here and finds them when a problem is to be shown (:func:`locate`). Most columns are read once; a text that no reading
explains is looked at again, and what may be the key is compared over all rows. Texts that repeat themselves are asked
once a different value.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from connect_pandas import rules
from connect_pandas.data import notations, phones
from connect_pandas.data.columns import SURROGATE_MARK
from connect_pandas.data.names import IDENTIFIER, identifier_word, key_rank

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from connect_pandas.data.columns import Column, Columns, Kind

Predicate = Callable[[pl.Expr], pl.Expr]
"""A question asked of every value of a column."""

SHOWN_ROWS: Final = 5
"""How many rows a problem shows."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The facts of one column."""

    label: Hashable
    name: str
    kind: Kind
    detail: str
    rows: int
    missing: int
    """Nulls, and in text the empty strings: both are written as an empty field."""
    unique: bool
    """No value occurs twice, as far as the file tells; looked at in text and whole numbers only, and in floats that
    are whole and named as identifiers are."""
    facts: Mapping[str, int]
    """How many values each named predicate holds for."""
    text_bytes: int
    """The bytes of all text values in UTF-8; 0 in columns of other kinds."""
    repeated: int | None = None
    """In how many rows the value has occurred before. Counted only where a column may have been meant to be unique."""
    spaced: bool = False
    """Some of the first values are of several words."""
    low: float | None = None
    high: float | None = None
    """The least and the greatest of numbers, of those in text, too."""

    @property
    def nearly_unique(self) -> bool:
        """Whether few enough rows lack a value of their own to take them for mistakes."""
        return self.repeated is not None and few(self.repeated + self.missing, self.rows)

    @property
    def present(self) -> int:
        return self.rows - self.missing

    @property
    def complete(self) -> bool:
        return self.missing == 0

    @property
    def has_fraction(self) -> bool:
        """Whether some of its numbers are not whole; ``123.0`` is."""
        return self.count("fraction") > 0 or self.count("dot") > self.count("dot-zero")

    @property
    def digits(self) -> bool:
        """Whether all values are whole numbers, be they held as text."""
        held = self.kind in ("integer", "float") or (self.kind == "text" and self.all("plain"))
        return held and self.present > 0 and not self.has_fraction and not self.count("infinite-number")

    @property
    def width(self) -> int | None:
        """How many digits all of its whole numbers have, none of them negative, when they have the same number."""
        if not self.digits or self.low is None or self.high is None or self.low < 0 or self.high >= 1e19:
            return None
        low, high = len(str(int(self.low))), len(str(int(self.high)))
        return low if low == high else None

    @property
    def numbering(self) -> bool:
        """Whether the values are the numbers from 0 or 1 to that of the rows."""
        if not (self.unique and self.complete and self.digits) or self.low is None or self.high is None:
            return False
        return self.low in (0, 1) and self.high - self.low + 1 == self.rows

    def all(self, fact: str) -> bool:
        """Whether every present value has this fact, and there is one."""
        return self.present > 0 and self.facts.get(fact, 0) == self.present

    def count(self, fact: str) -> int:
        return self.facts.get(fact, 0)


def few(count: int, rows: int) -> bool:
    """Whether that many of so many rows may be mistakes: a tenth, or three."""
    return count * 10 <= rows or (count <= 3 and count * 2 < rows)


# ── facts ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _matches(pattern: str) -> Predicate:
    return lambda c: c.str.contains(pattern)


def _holds(text: str) -> Predicate:
    return lambda c: c.str.contains(text, literal=True)


def _is_date(form: rules.DateFormat) -> Predicate:
    return lambda c: notations.is_moment(c, form)


def _reads_as(shape: notations.DateShape, order: notations.Order) -> Predicate:
    return lambda c: shape.holds(c) & shape.day(c, order).is_not_null()


def order_open(c: pl.Expr) -> pl.Expr:
    """Whether a slashed date reads as another day with day and month swapped."""
    first, second = c.str.slice(0, 2), c.str.slice(3, 2)
    return (first <= "12") & (second <= "12") & (first != second)


SPECIAL: Final[dict[str, Predicate]] = {
    "line-break": _matches(rules.LINE_BREAK),
    "control-character": _matches(rules.CONTROL_CHARACTER),
    "lone-surrogate": _holds(SURROGATE_MARK),
    ",": _holds(","),
    "\t": _holds("\t"),
    "|": _holds("|"),
    "quote": _holds('"'),
}
"""Facts of text that most values do not have."""
_ANY_SPECIAL: Final = [*map(chr, range(0x20)), *'\x7f\u0085\u2028\u2029,|"', SURROGATE_MARK]

READINGS: Final[dict[str, Predicate]] = {
    "plain": notations.is_plain,
    "true or false": _matches("^(?i:true|false)$"),
    **{form.pattern: _is_date(form) for form in notations.READ_FORMATS if form is not notations.AWARE},
}
"""What most texts that are of another type are written as. Counted along with the rest."""

NUMBER, TRUTH, MARKER, DATED, AMOUNT, PHONE = "number", "truth", "marker", "dated", "amount", "phone"
LEADING_ZERO: Final = "leading-zero"
ORDER_OPEN: Final = "day-month order open"

NOTATIONS: Final[dict[str, Predicate]] = {
    NUMBER: notations.is_number,
    TRUTH: lambda c: notations.IS_TRUE(c) | notations.IS_FALSE(c),
    **{words: notations.says("|".join(pair)) for words, pair in notations.OTHER_TRUTHS.items()},
    DATED: notations.is_dated,
    AMOUNT: notations.is_amount,
    PHONE: phones.strong_shape,
}
"""What a text may be written as that is not a number, a date or a truth as the service reads it. Counted in a second
look, at columns only that no reading explains and whose first values are mostly so."""

FORMULA: Final = "formula"
_BELOW_LETTERS: Final = "below letters"


def _begins_below_letters(c: pl.Expr) -> pl.Expr:
    """Whether a text begins with a sign that stands before "0", or between "9" and "A", as those of formulas do."""
    return ((c >= "\t") & (c < "0")) | ((c >= "=") & (c < "A"))


def is_formula(c: pl.Expr) -> pl.Expr:
    """Whether a spreadsheet would run a text."""
    # Numbers, phone numbers and dashes begin with the same signs, and no spreadsheet runs anything for them.
    return c.str.contains(r"^[=@\t\r+-]") & ~c.str.contains(r"^[+-][0-9 .,()/-]*(?:[eE][+-]?[0-9]+)?$")


TIMES: Final[dict[str, Predicate]] = {
    "time": lambda c: (
        c.str.contains(":", literal=True) & ~c.str.contains(r"[T ]00:00(?::00(?:\.0+)?)?(?:Z| |[+-]|$)")
    ),
    "seconds-fraction": _matches(r":[0-9]{2}\.[0-9]*[1-9]"),
}
"""Of timestamps in text, what those of other kinds are asked by :func:`predicates`."""

_DIGITS: Final[dict[str, Predicate]] = {
    "leading": lambda c: c.str.starts_with("0"),
    "dot": lambda c: c.str.count_matches(".", literal=True) > 0,  # in less time than "contains"
    "plus": lambda c: c.str.starts_with("+"),
}

TRUTH_WORDS: Final = {"true or false": "true or false in spaces"}
"""The reading of that name is of those that the file holds as they are."""

_WITH: Final[dict[str, dict[str, Predicate]]] = {
    "plain": _DIGITS,
    "DD/MM/YYYY": {ORDER_OPEN: order_open},
    notations.NAIVE.pattern: TIMES,
    NUMBER: _DIGITS,
    TRUTH: {
        "true": notations.IS_TRUE,
        **{TRUTH_WORDS.get(w, w): notations.says("|".join(pair)) for w, pair in notations.TRUTHS.items()},
    },
    DATED: {shape.name: shape.holds for shape in notations.DATE_SHAPES}
    | {notations.AWARE.pattern: _is_date(notations.AWARE), "timed": _holds(":"), **TIMES},
    AMOUNT: {
        "currency": notations.AMOUNTS.currency,
        "percent": notations.AMOUNTS.percent,
        "point": notations.AMOUNTS.point,
        "comma": notations.AMOUNTS.comma,
        "open": notations.AMOUNTS.open,
    },
}
"""What is counted along with a reading or a notation: one value in the last row decides."""

_WITHIN: Final[dict[str, dict[str, Predicate]]] = {
    "special": SPECIAL,
    _BELOW_LETTERS: {FORMULA: is_formula},
    "leading": {
        LEADING_ZERO: lambda c: (
            c.str.starts_with("0")
            & (c.str.len_bytes() > 1)
            & ~(c.str.starts_with("0.") | c.str.starts_with("0e") | c.str.starts_with("0E"))
        )
    },
    "dot": {"dot-zero": lambda c: c.str.ends_with(".0")},
    **{
        shape.name: {f"{shape.name} {order}": _reads_as(shape, order) for order in shape.formats}
        for shape in notations.DATE_SHAPES
    },
}
"""What is true only of values for which another fact is: not asked where there are none."""
_NO_FACTS: Final = ("special", "leading", _BELOW_LETTERS)
"""Asked only for what is true within them."""

_FACTS: Final[dict[str, Predicate]] = {
    "null": lambda c: c.is_null(),
    "blank": lambda c: c.str.len_bytes() == 0,
    "bytes": lambda c: c.str.len_bytes(),
    "spaced": _holds(" "),
    "special": lambda c: c.str.contains_any(_ANY_SPECIAL),
    MARKER: notations.is_marker,
    _BELOW_LETTERS: _begins_below_letters,  # true of few columns, and quickly asked
    **READINGS,
    **NOTATIONS,
    **{fact: p for found in (*_WITH.values(), *_WITHIN.values()) for fact, p in found.items()},
}
"""All that is asked of texts."""

TYPED: Final[dict[str, Predicate]] = {
    "NUMBER": NOTATIONS[NUMBER],
    "BOOLEAN": NOTATIONS[TRUTH],
    **{form.pattern: _is_date(form) for form in notations.READ_FORMATS},
}
"""Type of an attribute, or of a DATE its format → whether a text can be written so."""

_SMALL, _LONG = 1e-4, 1e16
"""Between them the short form of a float is a plain decimal number; beyond, it may have an exponent."""

_PER_SECOND: Final = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}


def per_second(dtype: pl.DataType) -> int:
    """Return how many units of a timestamp's dtype make a second."""
    return _PER_SECOND[getattr(dtype, "time_unit", None) or "us"]


def _not_whole(c: pl.Expr, dtype: pl.DataType, seconds: int) -> pl.Expr:
    return c.to_physical() % (per_second(dtype) * seconds) != 0


_FIRST_DAY, _END_DAY = -719_162, 2_932_897
"""0001-01-01 and 10000-01-01 in days from 1970-01-01."""


def _year_out_of_range(dtype: pl.DataType) -> Predicate:
    if dtype == pl.Datetime("ns"):
        return lambda c: c != c  # none is: nanoseconds reach from 1677 to 2262
    # Compared as numbers: faster than asking for the year, and Polars gives none beyond its own calendar.
    a_day = 1 if dtype == pl.Date else 86_400 * per_second(dtype)
    return lambda c: ~c.to_physical().is_between(_FIRST_DAY * a_day, _END_DAY * a_day, closed="left")


def predicates(kind: Kind, dtype: pl.DataType) -> dict[str, Predicate]:
    """Return the named predicates that are asked of every value of a kind that is not text."""
    if kind == "float":
        return {
            "infinite-number": lambda c: c.is_infinite(),
            "fraction": lambda c: c.floor() != c,
            "exponent": lambda c: (c.abs() >= _LONG) | ((c.abs() < _SMALL) & (c != 0)),
        }
    if kind in ("naive", "aware"):
        return {
            "time": lambda c: _not_whole(c, dtype, 86_400),
            "seconds-fraction": lambda c: _not_whole(c, dtype, 1),
            "year-out-of-range": _year_out_of_range(dtype),
        }
    if kind == "date":
        return {"year-out-of-range": _year_out_of_range(dtype)}
    return {}


# ── the pass ─────────────────────────────────────────────────────────────────────────────────────────────────────

_SAMPLE: Final = 500
_COLUMNS_AT_ONCE: Final = 32
"""The time of one Polars selection grows faster than its expressions do."""


@dataclass(slots=True)
class _Tally:
    """What has been counted of one column so far."""

    counts: Counter[str]
    distinct: bool
    """In the first slice no value has occurred twice: it is worth a look at all of them together."""
    meant: bool
    """By its name, or leading the columns, it may have been meant to be unique: a few repeats are counted."""
    slices: int = 0
    low: float | None = None
    high: float | None = None
    asked: tuple[str, ...] | None = None
    """The facts of a text that are counted over every slice, once the first values have shown what it may be."""
    notations: tuple[str, ...] = ()
    """What most of the first values are written as, where that is none of the readings."""


def profile(
    columns: Columns, only: Sequence[int] | None = None, told: Callable[[int], None] | None = None
) -> tuple[Profile, ...]:
    """Count the facts of columns over all of their rows.

    Parameters
    ----------
    columns : Columns
        The frame's columns.
    only : sequence of int, optional
        The positions of those that are counted; by default all.
    told : callable, optional
        Is told how many values have been looked at since the last time.

    Returns
    -------
    tuple of Profile
        One a column, in order.
    """
    chosen = range(len(columns.items)) if only is None else only
    tallies = {i: _tally_of(columns.items[i], i) for i in chosen}
    for group in (
        chosen[start : start + _COLUMNS_AT_ONCE] for start in range(0, len(chosen), _COLUMNS_AT_ONCE)
    ):
        for part in _ahead(columns, group):
            _count(columns, part, {str(i): tallies[i] for i in group})
            if told is not None:
                told(part.height * part.width)
    for i, t in tallies.items():
        _look_again(columns, i, t)
    made: list[Profile] = []
    best = -1
    for i, t in tallies.items():
        # What was meant to be unique is of no interest behind a key as good.
        rank = key_rank(columns.items[i].name)
        p = _profile(columns, i, t, meant=t.meant and rank > best)
        made.append(p)
        best = max(best, rank) if p.unique and p.complete else best
    return tuple(made)


def _ahead(columns: Columns, positions: Sequence[int]) -> Iterator[pl.DataFrame]:
    """Yield the slices of some columns; where Python's objects make them slow, the next is made meanwhile."""
    slices = columns.slices(positions)
    if not any(columns.items[p].series.dtype == "object" for p in positions):
        yield from slices
        return
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, slices, None)
        while (part := following.result()) is not None:
            following = pool.submit(next, slices, None)
            yield part


def _tally_of(column: Column, position: int) -> _Tally:
    identifies = _may_identify(column)
    return _Tally(Counter(), identifies, identifies and _is_meant(position, column.name))


def _may_identify(column: Column) -> bool:
    """Whether a column is looked at for values that occur twice."""
    if column.kind == "float":  # of numbers that a gap, or a spreadsheet, has made decimals
        return identifier_word(column.name) is not None
    return column.kind in ("text", "integer")


def _is_meant(position: int, name: str) -> bool:
    return key_rank(name) >= IDENTIFIER or position == 0


def _profile(columns: Columns, position: int, t: _Tally, *, meant: bool) -> Profile:
    column = columns.items[position]
    whole = column.kind != "float" or not (t.counts["fraction"] or t.counts["exponent"])
    repeated: int | None = None
    if t.slices and whole and (t.distinct or meant):
        # What differs within its one slice differs.
        repeated = 0 if t.distinct and t.slices == 1 else repeats(columns, position).count
    unique = repeated == 0 and t.distinct
    return Profile(
        label=column.label,
        name=column.name,
        kind=column.kind,
        detail=column.detail,
        rows=columns.rows,
        missing=t.counts["null"] + t.counts["blank"],
        unique=unique,
        facts={fact: count for fact, count in t.counts.items() if fact not in _NO_FACTS},
        text_bytes=t.counts["bytes"],
        repeated=repeated,
        spaced=t.counts["spaced"] > 0,
        low=t.low,
        high=t.high,
    )


def _count(columns: Columns, part: pl.DataFrame, tallies: Mapping[str, _Tally]) -> None:
    """Add the facts of a slice to what has been counted."""
    kinds = {name: columns.items[int(name)].kind for name in tallies}
    texts = [name for name, kind in kinds.items() if kind == "text"]
    new = [name for name in texts if tallies[name].asked is None]
    seen = _Slice.of(part)
    seen.ask(_of_all(part.schema, kinds))
    seen.ask_texts(dict.fromkeys(texts, ("blank", "bytes")))
    seen.ask_texts(dict.fromkeys(new, ("spaced",)))
    _compare(seen, {name: t for name, t in tallies.items() if t.distinct and not t.slices})
    _taste(part, {name: tallies[name] for name in new})
    seen.ask_texts({name: tallies[name].asked or () for name in texts})
    seen.ask_texts(
        {name: ("special", MARKER, _BELOW_LETTERS) for name in texts if not seen.is_explained(name)}
    )
    _stretch(seen, kinds, tallies)
    for name, tally in tallies.items():
        tally.counts.update(seen.found[name])
        tally.slices += 1


Question = tuple[str, Predicate, "Sequence[str]"]
"""A fact, the predicate that is asked for it, and of which columns."""


@dataclass(frozen=True, slots=True)
class _Slice:
    """Some rows of some columns, and what has been found in them."""

    rows: pl.DataFrame
    once: pl.DataFrame
    """Their :func:`different` values."""
    found: dict[str, Counter[str]]
    """Column → fact → for how many values it holds."""

    @classmethod
    def of(cls, rows: pl.DataFrame) -> _Slice:
        return cls(rows, different(rows), {name: Counter() for name in rows.columns})

    def ask(self, questions: Iterable[Question]) -> None:
        """Count for how many values each fact holds: one expression for all columns of which it is asked."""
        plain, weighed, repeating = [], [], set(self.once.columns)
        for fact, predicate, names in questions:
            every = [name for name in names if name not in repeating]
            some = [name for name in names if name in repeating]
            if every:
                plain.append(predicate(pl.col(every)).sum().name.suffix(f" {fact}"))
            if some:
                times = pl.col([_times(name) for name in some])
                weighed.append((predicate(pl.col(some)) * times).sum().name.suffix(f" {fact}"))
        for frame, sums in ((self.rows, plain), (self.once, weighed)):
            for key, count in (frame.select(sums).row(0, named=True) if sums else {}).items():
                name, fact = key.split(" ", 1)
                self.found[name][fact] = int(count or 0)

    def ask_texts(self, facts: Mapping[str, Iterable[str]]) -> None:
        """Count facts of texts, then what is true only where they are."""
        names: dict[str, list[str]] = {}
        for name, asked in facts.items():
            for fact in asked:
                names.setdefault(fact, []).append(name)
        if not names:
            return
        self.ask((fact, _FACTS[fact], of) for fact, of in names.items())
        self.ask_texts({name: self._within(name, asked) for name, asked in facts.items()})

    def _within(self, name: str, facts: Iterable[str]) -> list[str]:
        return [inner for fact in facts if self.found[name][fact] for inner in _WITHIN.get(fact, ())]

    def is_explained(self, name: str) -> bool:
        """Whether all values of a text are of one reading: none is a marker, a formula or has a special character."""
        found = self.found[name]
        return any(found[r] == self.rows.height - found["null"] - found["blank"] for r in READINGS)


_TRIED: Final = 1_000
"""So many values of a slice tell whether it repeats itself."""


def different(rows: pl.DataFrame) -> pl.DataFrame:
    """Return each value of texts once, where they repeat themselves so much that this saves time.

    Beside each column stands how often its values occur, under the name that :func:`_times` gives. Those of fewer
    different values than others end in nulls.
    """
    texts = [name for name, dtype in rows.schema.items() if dtype == pl.String]
    if not texts or rows.height < _TRIED:
        return pl.DataFrame()
    tried = rows.select(texts).gather_every(rows.height // _TRIED)
    counts = tried.select(pl.all().n_unique()).row(0, named=True)
    repeating = [rows[name] for name, count in counts.items() if count * 4 <= tried.height]
    made = [values.value_counts(name=_times(values.name)) for values in repeating]
    return pl.concat(made, how="horizontal_extend") if made else pl.DataFrame()


def _times(name: str) -> str:
    return f"times {name}"


def _of_all(schema: pl.Schema, kinds: Mapping[str, Kind]) -> Iterator[Question]:
    yield "null", _FACTS["null"], list(kinds)
    alike: dict[tuple[Kind, pl.DataType], list[str]] = {}
    for name, dtype in schema.items():
        alike.setdefault((kinds[name], dtype), []).append(name)
    for (kind, dtype), names in alike.items():
        yield from ((fact, predicate, names) for fact, predicate in predicates(kind, dtype).items())


def _compare(seen: _Slice, tallies: Mapping[str, _Tally]) -> None:
    """Find which columns have repeated themselves in the first slice."""
    if not tallies:
        return
    counts = seen.rows.select(pl.col(list(tallies)).hash().n_unique()).row(0, named=True)
    for name, tally in tallies.items():
        if extra := seen.rows.height - counts[name]:
            tally.distinct = False
            # Missing values count as one: what is missing is no repeat.
            gaps = seen.found[name]["null"] + seen.found[name]["blank"]
            tally.meant &= few(max(0, extra - gaps), seen.rows.height)


def _stretch(seen: _Slice, kinds: Mapping[str, Kind], tallies: Mapping[str, _Tally]) -> None:
    """Find the least and the greatest of numbers, of those in text, too."""
    numbers = [name for name, kind in kinds.items() if kind in ("integer", "float")]
    texts = [name for name, t in tallies.items() if "plain" in (t.asked or ())]
    values = seen.rows.select(pl.col(numbers), pl.col(texts).cast(pl.Float64, strict=False))
    for name, low, high in zip(values.columns, values.min().row(0), values.max().row(0), strict=True):
        tallies[name].low = _least(tallies[name].low, low, min)
        tallies[name].high = _least(tallies[name].high, high, max)


def _least(before: float | None, now: Any, of: Callable[..., Any]) -> float | None:
    both = [float(end) for end in (before, now) if end is not None and not math.isnan(end)]
    return of(both) if both else None


def _taste(part: pl.DataFrame, tallies: Mapping[str, _Tally]) -> None:
    """Find what texts may be read as by their first values, which decide what is counted, not what they are."""
    if not tallies:
        return
    first = _first_values(part.select(list(tallies)))
    # Of a column without any the next slice may tell.
    sizes = {name: size for name, size in first.count().row(0, named=True).items() if size}
    seen = _Slice(first, pl.DataFrame(), {name: Counter() for name in sizes})
    seen.ask((fact, predicate, list(sizes)) for fact, predicate in _SIGNS.items())
    dated = [name for name in sizes if seen.found[name][_DATE_HINT]]
    seen.ask((form, READINGS[form], dated) for form in _FORMS)
    hinted: list[str] = []
    for name, shares in seen.found.items():
        readings = [r for r in READINGS if shares[r]]
        tallies[name].asked = tuple(dict.fromkeys(f for r in readings for f in (r, *_WITH.get(r, ()))))
        whole = [r for r in readings if shares[r] == sizes[name]]
        tallies[name].notations = tuple(dict.fromkeys(n for r in whole for n in _WIDER[r]))
        if not whole and shares[_HINT] * 2 >= sizes[name]:
            hinted.append(name)
    seen.ask((notation, predicate, hinted) for notation, predicate in NOTATIONS.items())
    for name in hinted:
        tallies[name].notations = tuple(r for r in NOTATIONS if seen.found[name][r] * 2 >= sizes[name])


def _first_values(part: pl.DataFrame) -> pl.DataFrame:
    """Return the first values of texts that tell something; columns of fewer end in nulls."""
    first = part.select(pl.all().filter(notations.is_told(pl.all())).head(_SAMPLE).implode())
    return pl.concat(
        [values.explode(empty_as_null=False).to_frame() for values in first], how="horizontal_extend"
    )


_HINT: Final = "hint"
_DATE_HINT: Final = "date hint"
_has_hint: Final = _matches(r"[0-9]|^ *(?i:[ytn]|[a-zí]{2,6}) *$")
"""A digit, or a word as short as a truth."""
_FORMS: Final = tuple(form.pattern for form in notations.READ_FORMATS if form.pattern in READINGS)
_SIGNS: Final = {
    **{reading: READINGS[reading] for reading in READINGS if reading not in _FORMS},
    _HINT: _has_hint,
    _DATE_HINT: _matches(r"^[0-9]{2,4}[-/.][0-9]{2}[-/.][0-9]{2}"),
}
"""What is asked of the first values; of the formats of dates only where they look like dates."""
_WIDER: Final[dict[str, tuple[str, ...]]] = {
    "plain": (NUMBER, AMOUNT),
    "true or false": (TRUTH,),
    **{form.pattern: (DATED,) for form in notations.READ_FORMATS},
}
"""What a column may be all the same that is not all of one reading."""


def _look_again(columns: Columns, position: int, t: _Tally) -> None:
    """Count how the values of a text are written, where no reading explains all of them."""
    present = columns.rows - t.counts["null"] - t.counts["blank"]
    if not t.notations or any(t.counts[r] == present for r in READINGS):
        return
    asked = dict.fromkeys(fact for notation in t.notations for fact in (notation, *_WITH.get(notation, ())))
    found: Counter[str] = Counter()
    for part in columns.slices([position]):
        seen = _Slice.of(part)
        seen.ask_texts({str(position): asked})
        found.update(seen.found[str(position)])
    for fact, count in found.items():
        t.counts[fact] = count  # some have been counted along with a reading


# ── values that occur twice ──────────────────────────────────────────────────────────────────────────────────────

_HASHES_AT_ONCE: Final = 2_000_000

Told = Callable[[pl.Series], pl.Series]
"""Values → what the file tells apart of them."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """The values of a column that occur more than once."""

    count: int
    """Rows whose value has occurred before."""
    positions: tuple[int, ...]
    """Some of the rows that share a value, in order."""


def told(values: pl.Series) -> pl.Series:
    """Return the values as far as the file tells them apart: an empty text is missing, times have whole seconds."""
    if values.dtype == pl.String:
        return values.set(values == "", None)
    if values.dtype == pl.Datetime:
        # As numbers: Python has no year beyond 9999.
        return values.to_physical() // per_second(values.dtype)
    return values.to_physical()


def told_as_numbers(values: pl.Series) -> pl.Series:
    """Return texts of numbers without the zeros that do not count: ``1`` is ``01`` and ``1.0``."""
    c = told(values).str
    c = c.replace(r"^(-?)0+([0-9])", "$1$2").str
    c = c.replace(r"(\.[0-9]*?)0+$", "$1").str
    return c.strip_suffix(".").replace({"-0": "0"})


def repeats(columns: Columns, position: int, told: Told = told) -> Repeats:
    """Find the values that occur more than once, in memory that does not grow with the rows.

    The rows are compared by 64-bit hashes, a share of them at a time; what looks equal is compared itself.
    """
    shares = -(-columns.rows // _HASHES_AT_ONCE)
    count, twice = 0, pl.Series(dtype=pl.UInt64)
    for share in range(shares):
        hashes = pl.concat([pl.Series(dtype=pl.UInt64), *_hashes(columns, position, told, share, shares)])
        extra = len(hashes) - hashes.n_unique()
        if extra and len(twice) < SHOWN_ROWS:
            twice = pl.concat([twice, hashes.filter(hashes.is_duplicated()).unique(maintain_order=True)])
        count += extra
    if not count:
        return Repeats(0, ())
    twice = twice.head(SHOWN_ROWS)
    pairs = _pairs(columns, position, told, twice)
    if not pairs and count <= len(twice):
        return Repeats(0, ())  # different values of one hash
    return Repeats(count, tuple(row for pair in pairs for row in pair)[:SHOWN_ROWS])


def all_repeats(columns: Columns, position: int, told: Told = told) -> np.ndarray[Any, Any]:
    """Return the positions of all rows that share their value with another."""
    shares = -(-columns.rows // _HASHES_AT_ONCE)
    found: list[np.ndarray[Any, Any]] = [np.empty(0, dtype=np.int64)]
    for share in range(shares):
        hashes = pl.concat([pl.Series(dtype=pl.UInt64), *_hashes(columns, position, told, share, shares)])
        twice, start = hashes.filter(hashes.is_duplicated()).unique().implode(), 0
        for part in columns.slices([position]) if len(twice.item()) else ():
            values = told(part.to_series())
            hit = values.hash().is_in(twice) & values.is_not_null()
            found.append(hit.arg_true().to_numpy().astype(np.int64) + start)
            start += part.height
    return np.sort(np.concatenate(found))


def unique_together(columns: Columns, positions: Sequence[int]) -> bool:
    """Whether no two rows share their values in all of these columns, as far as 64-bit hashes tell."""
    first = next(columns.slices(positions))
    return len(first) == _rows_as_told(first).n_unique() and not any(_shared(columns, positions))


def equal_rows(columns: Columns) -> int:
    """Return how many rows are the same as an earlier one throughout, as far as 64-bit hashes tell."""
    if any(c.kind == "unsupported" for c in columns.items):
        return 0
    return sum(_shared(columns, range(len(columns.items))))


def _shared(columns: Columns, positions: Sequence[int]) -> Iterator[int]:
    """Yield, for one share of all hashes after the other, how many rows have the hash of an earlier one."""
    shares = -(-columns.rows // _HASHES_AT_ONCE)
    for share in range(shares):
        kept = [pl.Series(dtype=pl.UInt64)]
        for part in columns.slices(positions):
            hashes = _rows_as_told(part)
            kept.append(hashes.filter(hashes % shares == share))
        found = pl.concat(kept)
        yield len(found) - found.n_unique()


def _rows_as_told(part: pl.DataFrame) -> pl.Series:
    return pl.DataFrame([told(values) for values in part]).hash_rows()


def _hashes(columns: Columns, position: int, told: Told, share: int, shares: int) -> Iterator[pl.Series]:
    for part in columns.slices([position]):
        hashes = told(part.to_series()).drop_nulls().hash()
        yield hashes if shares == 1 else hashes.filter(hashes % shares == share)


def _pairs(columns: Columns, position: int, told: Told, wanted: pl.Series) -> list[tuple[int, int]]:
    """Return for each wanted hash the first row with it and the next that has the same value."""
    first: dict[int, tuple[int, Any]] = {}
    pairs: dict[int, tuple[int, int]] = {}
    for row, hashed, value in _rows_with(columns, position, told, wanted):
        before, known = first.setdefault(hashed, (row, value))
        if before != row and known == value:
            pairs.setdefault(hashed, (before, row))
        if len(pairs) == len(wanted):
            break
    return list(pairs.values())


def _rows_with(
    columns: Columns, position: int, told: Told, wanted: pl.Series
) -> Iterator[tuple[int, int, Any]]:
    start = 0
    for part in columns.slices([position]):
        values = told(part.to_series())
        found = pl.DataFrame(
            {"row": pl.arange(start, start + len(values), eager=True), "hash": values.hash(), "value": values}
        )
        # Two of each are enough, and a value may be large.
        yield from (
            found.filter(pl.col("hash").is_in(wanted.implode()), pl.col("value").is_not_null())
            .filter(pl.int_range(pl.len()).over("hash") < 2)
            .iter_rows()
        )
        start += part.height


def totals(
    columns: Columns,
    position: int,
    questions: Mapping[str, pl.Expr],
    first: Mapping[str, pl.Expr] | None = None,
) -> dict[str, int]:
    """Return for how many values of a column each question holds, in one pass over its slices.

    Parameters
    ----------
    columns : Columns
    position : int
        The column's, and as text its name in the questions.
    questions : mapping of str to Expr
    first : mapping of str to Expr, optional
        What several questions ask about, made once a slice under a name: Polars would make it for each.
    """
    counts = dict.fromkeys(questions, 0)
    for part in columns.slices([position]):
        once = different(part)
        seen = once if once.width else part
        known = seen.with_columns(**first) if first else seen
        times = pl.col(_times(str(position))) if once.width else 1
        for name, count in (
            known.select(**{n: (q * times).sum() for n, q in questions.items()}).row(0, named=True).items()
        ):
            counts[name] += int(count or 0)
    return counts


def tally(columns: Columns, position: int, predicate: Predicate) -> int:
    """Return for how many values of a column a predicate holds."""
    return totals(columns, position, {"": predicate(pl.col(str(position)))})[""]


# ── where a fact is so ───────────────────────────────────────────────────────────────────────────────────────────


def locate(
    columns: Columns, position: int, predicate: Predicate, limit: int | None = SHOWN_ROWS
) -> tuple[int, ...]:
    """Return the positions of the first rows for which a predicate holds; without a limit, of all of them."""
    found: list[int] = []
    start = 0
    for part in columns.slices([position]):
        hits = part.select(pl.arg_where(predicate(pl.col(str(position))).fill_null(value=False))).to_series()
        found += [start + row for row in (hits if limit is None else hits.head(limit - len(found))).to_list()]
        if len(found) == limit:
            break
        start += part.height
    return tuple(found)
