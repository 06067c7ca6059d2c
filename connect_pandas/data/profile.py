"""The facts of every column, counted over the whole of it by Polars expressions, slice by slice.

Facts of slices add up, so memory stays flat. A fact is a predicate with a name: the same predicate counts the rows
here and finds them when a problem is to be shown (:func:`locate`). Most columns are read once; a text that no reading
explains is looked at again, and what may be the key is compared over all rows.
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
    """The least and the greatest of numbers, of whole numbers in text, too."""

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
    return lambda c: notations.moment(c, form).is_not_null()


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
"""Facts of text that most values do not have: one expression asks for all of them first."""
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

TIMES: Final[dict[str, Predicate]] = {
    "time": lambda c: (
        c.str.contains(":", literal=True) & ~c.str.contains(r"[T ]00:00(?::00(?:\.0+)?)?(?:Z| |[+-]|$)")
    ),
    "seconds-fraction": _matches(r":[0-9]{2}\.[0-9]*[1-9]"),
}
"""Of timestamps in text, what those of other kinds are asked by :func:`predicates`."""

_DIGITS: Final[dict[str, Predicate]] = {
    LEADING_ZERO: lambda c: (
        c.str.starts_with("0")
        & (c.str.len_bytes() > 1)
        & ~(c.str.starts_with("0.") | c.str.starts_with("0e") | c.str.starts_with("0E"))
    ),
    "dot": _holds("."),
    "plus": lambda c: c.str.starts_with("+"),
    "dot-zero": lambda c: c.str.ends_with(".0"),
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
    | {f"{s.name} {order}": _reads_as(s, order) for s in notations.DATE_SHAPES for order in s.formats}
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
    readings: dict[str, Predicate] | None
    """Counted over every slice, once the first values have shown what it may be."""
    distinct: bool
    """In the first slice no value has occurred twice: it is worth a look at all of them together."""
    meant: bool = False
    """By its name, or leading the columns, it may have been meant to be unique: a few repeats are counted."""
    slices: int = 0
    low: float | None = None
    high: float | None = None
    hinted: bool = False
    """The first values are of no one reading, but may be of a notation."""
    notations: tuple[str, ...] = ()
    """What most of the first values are written as, where that is none of the readings."""


def profile(columns: Columns, only: Sequence[int] | None = None) -> tuple[Profile, ...]:
    """Count the facts of columns over all of their rows.

    Parameters
    ----------
    columns : Columns
        The frame's columns.
    only : sequence of int, optional
        The positions of those that are counted; by default all.

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
    return _Tally(Counter(), None, identifies, meant=identifies and _is_meant(position, column.name))


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
        facts=t.counts,
        text_bytes=t.counts["bytes"],
        repeated=repeated,
        spaced=t.counts["spaced"] > 0,
        low=t.low,
        high=t.high,
    )


def _count(columns: Columns, part: pl.DataFrame, tallies: Mapping[str, _Tally]) -> None:
    asked: dict[str, pl.Expr] = {}
    dtypes = part.schema
    for name, tally in tallies.items():
        kind = columns.items[int(name)].kind
        for fact, expression in _first_questions(pl.col(name), kind, dtypes[name], tally):
            asked[f"{name} {fact}"] = expression
    answers = _ask(part, asked)
    _taste(part, {name: t for name, t in tallies.items() if t.readings is None and dtypes[name] == pl.String})
    more: dict[str, pl.Expr] = {}
    for name, tally in tallies.items():
        if answers.pop(f"{name} special", False):
            more |= {f"{name} {fact}": p(pl.col(name)).sum() for fact, p in SPECIAL.items()}
        c = pl.col(name)
        more |= {f"{name} {r}": p(c).sum() for r, p in (tally.readings or {}).items()}
        if "plain" in (tally.readings or ()):
            numbers = c.cast(pl.Float64, strict=False)
            more |= {f"{name} low": numbers.min(), f"{name} high": numbers.max()}
        if extra := answers.pop(f"{name} extra", 0):
            tally.distinct = False
            # Missing values count as one: what is missing is no repeat.
            gaps = int(answers[f"{name} null"] or 0) + int(answers.get(f"{name} blank", 0) or 0)
            tally.meant &= few(max(0, int(extra) - gaps), part.height)
    answers |= _ask(part, more)
    for name, tally in tallies.items():
        tally.low = _least(tally.low, answers.pop(f"{name} low", None), min)
        tally.high = _least(tally.high, answers.pop(f"{name} high", None), max)
    for key, value in answers.items():
        name, fact = key.split(" ", 1)
        tallies[name].counts[fact] += int(value or 0)
    for tally in tallies.values():
        tally.slices += 1


def _least(before: float | None, now: Any, of: Callable[..., Any]) -> float | None:
    both = [float(end) for end in (before, now) if end is not None and not math.isnan(end)]
    return of(both) if both else None


def _ask(part: pl.DataFrame, questions: Mapping[str, pl.Expr]) -> dict[str, Any]:
    if not questions:
        return {}
    return part.select(**questions).row(0, named=True)


def _first_questions(
    c: pl.Expr, kind: Kind, dtype: pl.DataType, tally: _Tally
) -> Iterator[tuple[str, pl.Expr]]:
    yield "null", c.null_count()
    if tally.distinct and not tally.slices:
        yield "extra", pl.len() - c.hash().n_unique()
    if kind == "text":
        yield "blank", (c.str.len_bytes() == 0).sum()
        yield "bytes", c.str.len_bytes().sum()
        yield MARKER, notations.is_marker(c).sum()
        if not tally.slices:
            yield "spaced", c.str.contains(" ", literal=True).sum()
        yield "special", c.str.contains_any(_ANY_SPECIAL).any()
    elif kind in ("integer", "float"):
        yield "low", c.min()
        yield "high", c.max()
    for fact, predicate in predicates(kind, dtype).items():
        yield fact, predicate(c).sum()


def _taste(part: pl.DataFrame, tallies: Mapping[str, _Tally]) -> None:
    """Find what texts may be read as by their first values, which decide what is counted, not what they are."""
    if not tallies:
        return
    first = part.select(_first_values(pl.col(name)).implode() for name in tallies)
    sizes = {name: len(first[name][0]) for name in tallies}
    known = [name for name, size in sizes.items() if size]  # of the others the next slice may tell
    seen = _of_first(first, known, _SIGNS)
    dated = [name for name, shares in seen.items() if shares[_DATE_HINT]]
    for name, shares in _of_first(first, dated, _FORMS).items():
        seen[name] |= shares
    for name, shares in seen.items():
        tally = tallies[name]
        tally.readings = {r: READINGS[r] for r in READINGS if shares.get(r)}
        for reading in tuple(tally.readings):
            tally.readings |= _WITH.get(reading, {})
        whole = [r for r in READINGS if shares.get(r) == sizes[name]]
        tally.notations = tuple(dict.fromkeys(n for r in whole for n in _WIDER[r]))
        tally.hinted = not whole and shares[_HINT] * 2 >= sizes[name]
    again = [name for name in seen if tallies[name].hinted]
    for name, shares in _of_first(first, again, NOTATIONS).items():
        tallies[name].notations = tuple(r for r, n in shares.items() if n * 2 >= sizes[name])


def _first_values(c: pl.Expr) -> pl.Expr:
    """Return the first values that tell something."""
    return c.filter(notations.is_told(c)).head(_SAMPLE)


_HINT: Final = "hint"
_DATE_HINT: Final = "date hint"
_has_hint: Final = _matches(r"[0-9]|^ *(?i:[ytn]|[a-zí]{2,6}) *$")
"""A digit, or a word as short as a truth."""
_FORMS: Final = {
    form.pattern: READINGS[form.pattern] for form in notations.READ_FORMATS if form.pattern in READINGS
}
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


def _of_first(
    first: pl.DataFrame, names: Iterable[str], questions: Mapping[str, Predicate]
) -> dict[str, dict[str, int]]:
    """Return for how many of a column's first values each question holds."""
    asked = {
        f"{name} {fact}": p(pl.col(name).explode(empty_as_null=False)).sum()
        for name in names
        for fact, p in questions.items()
    }
    found: dict[str, dict[str, int]] = {}
    for key, count in _ask(first, asked).items():
        name, fact = key.split(" ", 1)
        found.setdefault(name, {})[fact] = int(count or 0)
    return found


def _look_again(columns: Columns, position: int, t: _Tally) -> None:
    """Count how the values of a text are written, where no reading explains all of them."""
    present = columns.rows - t.counts["null"] - t.counts["blank"]
    if not t.notations or any(t.counts[r] == present for r in READINGS):
        return
    asked = {r: NOTATIONS[r] for r in t.notations}
    for notation in t.notations:
        asked |= _WITH.get(notation, {})
    c = pl.col(str(position))
    for fact, count in totals(columns, position, {fact: p(c) for fact, p in asked.items()}).items():
        t.counts[fact] = count


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
        known = part.with_columns(**first) if first else part
        for name, count in _ask(known, {name: q.sum() for name, q in questions.items()}).items():
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
