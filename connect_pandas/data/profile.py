"""The facts of every column, counted over the whole of it in one pass of Polars expressions, slice by slice.

Facts of slices add up, so memory stays flat. A fact is a predicate with a name: the same predicate counts the rows
here and finds them when a problem is to be shown (:func:`locate`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from connect_pandas import rules
from connect_pandas.data.columns import SURROGATE_MARK
from connect_pandas.data.names import IDENTIFIER, identifier_word, key_rank

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

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
    dtype = pl.Datetime("us") if form.has_time else pl.Date
    return lambda c: (
        c.str.contains(form.regex) & c.str.strptime(dtype, form.strftime, strict=False).is_not_null()
    )


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
    "number": _matches(rules.NUMBER),
    "boolean": _matches(r"^(?i:true|false)$"),
    **{form.pattern: _is_date(form) for form in rules.DATE_FORMATS},
}
"""What a text may be read as. Counted over the whole column where its first values show any sign of it."""

_DIGITS: Final = r"[0-9]+(?:[.,][0-9]+)*"
LOOKS: Final[dict[str, str]] = {
    "yes or no": r"^(?i:yes|no)$",
    "ja or nein": r"^(?i:ja|nein)$",
    "dates written 1.2.2024": r"^[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}$",
    "dates written 1.2.24": r"^[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{2}$",
    "dates written 1/2/2024": r"^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}$",
    "dates written 1/2/24": r"^[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}$",
    "amounts with a currency": rf"^-?(?:(?:[€$£]|EUR|USD|GBP) ?-?{_DIGITS}|{_DIGITS} ?(?:[€$£]|EUR|USD|GBP))$",
    "numbers written 12 %": rf"^[+-]?{_DIGITS} ?%$",
    "numbers written +3 or .5": r"^[+-]?(?:[0-9]{1,9}(?:\.[0-9]*)?|\.[0-9]+)$",
    "numbers written 1e5": r"^[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?$",
    "numbers written 1,000": r"^[+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?$",
    "numbers written 1.234,56": r"^[+-]?(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)?$",
}
"""In words → what a text may look like that the service does not read so. Counted over the whole column where the first
value looks like it."""
LEADING_ZERO: Final = "leading-zero"
ORDER_OPEN: Final = "day-month order open"
_WITH: Final[dict[str, dict[str, Predicate]]] = {
    "number": {LEADING_ZERO: _matches(r"^-?0[0-9]")},
    "DD/MM/YYYY": {ORDER_OPEN: order_open},
}
"""What is counted along with a reading, signs of it or not: one value in the last row decides."""

_SMALL, _LONG = 1e-4, 1e15
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
    distinct: bool
    """In the first slice no value has occurred twice: it is worth a look at all of them together."""
    meant: bool = False
    """By its name, or leading the columns, it may have been meant to be unique: a few repeats are counted."""
    slices: int = 0


def profile(columns: Columns) -> tuple[Profile, ...]:
    """Count the facts of every column over all of its rows.

    Parameters
    ----------
    columns : Columns
        The frame's columns.

    Returns
    -------
    tuple of Profile
        One a column, in order.
    """
    tallies = [
        _Tally(Counter(), None, _may_identify(c), meant=_may_identify(c) and _is_meant(i, c.name))
        for i, c in enumerate(columns.items)
    ]
    everything = range(len(columns.items))
    for group in (everything[i : i + _COLUMNS_AT_ONCE] for i in everything[::_COLUMNS_AT_ONCE]):
        for part in columns.slices(group):
            _count(columns, part, {str(i): tallies[i] for i in group})
    made: list[Profile] = []
    best = -1
    for i, t in enumerate(tallies):
        # What was meant to be unique is of no interest behind a key as good.
        rank = key_rank(columns.items[i].name)
        p = _profile(columns, i, t, meant=t.meant and rank > best)
        made.append(p)
        best = max(best, rank) if p.unique and p.complete else best
    return tuple(made)


def _may_identify(column: Column) -> bool:
    """Whether a column is looked at for values that occur twice."""
    if column.kind == "float":
        return (
            identifier_word(column.name) is not None
        )  # a number that a gap, or a spreadsheet, has made a float
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
    return Profile(
        label=column.label,
        name=column.name,
        kind=column.kind,
        detail=column.detail,
        rows=columns.rows,
        missing=t.counts["null"] + t.counts["blank"],
        unique=repeated == 0 and t.distinct,
        facts=t.counts,
        text_bytes=t.counts["bytes"],
        repeated=repeated,
        spaced=t.counts["spaced"] > 0,
    )


def _count(columns: Columns, part: pl.DataFrame, tallies: Mapping[str, _Tally]) -> None:
    asked: dict[str, pl.Expr] = {}
    dtypes = part.schema
    for name, tally in tallies.items():
        kind = columns.items[int(name)].kind
        for fact, expression in _first_questions(pl.col(name), kind, dtypes[name], tally):
            asked[f"{name} {fact}"] = expression
    answers = _ask(part, asked)
    more: dict[str, pl.Expr] = {}
    for name, tally in tallies.items():
        if answers.pop(f"{name} special", False):
            more |= {f"{name} {fact}": p(pl.col(name)).sum() for fact, p in SPECIAL.items()}
        if columns.items[int(name)].kind == "text":
            more |= _reading_questions(part, name, tally)
        if extra := answers.pop(f"{name} extra", 0):
            tally.distinct = False
            # Missing values count as one: what is missing is no repeat.
            gaps = int(answers[f"{name} null"] or 0) + int(answers.get(f"{name} blank", 0) or 0)
            tally.meant &= few(max(0, int(extra) - gaps), part.height)
    for key, value in {**answers, **_ask(part, more)}.items():
        name, fact = key.split(" ", 1)
        tallies[name].counts[fact] += int(value or 0)
    for tally in tallies.values():
        tally.slices += 1


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
        if not tally.slices:
            yield "spaced", c.str.contains(" ", literal=True).sum()
        yield "special", c.str.contains_any(_ANY_SPECIAL).any()
    for fact, predicate in predicates(kind, dtype).items():
        yield fact, predicate(c).sum()


def _reading_questions(part: pl.DataFrame, name: str, tally: _Tally) -> dict[str, pl.Expr]:
    """Return what to ask of a text column, once its first values have shown what it may be."""
    if tally.readings is None:
        first = part.select(pl.col(name).filter(pl.col(name) != "").head(_SAMPLE))
        if first.is_empty():
            return {}
        signs = _ask(first, {r: p(pl.col(name)).any() for r, p in READINGS.items()})
        tally.readings = {r: READINGS[r] for r, seen in signs.items() if seen}
        for reading in tuple(tally.readings):
            tally.readings |= _WITH.get(reading, {})
        tally.readings |= {f: _matches(p) for f, p in LOOKS.items() if re.match(p, first.item(0, 0))}
    return {f"{name} {r}": p(pl.col(name)).sum() for r, p in tally.readings.items()}


# ── values that occur twice ──────────────────────────────────────────────────────────────────────────────────────

_HASHES_AT_ONCE: Final = 1_000_000

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
    return Repeats(count, tuple(row for pair in pairs for row in pair)[: SHOWN_ROWS + 1])


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
    shares = -(-columns.rows // _HASHES_AT_ONCE)
    for share in range(shares):
        hashes = [pl.Series(dtype=pl.UInt64)]
        for i, part in enumerate(columns.slices(positions)):
            these = part.hash_rows()
            if i == 0 and these.n_unique() < len(these):
                return False
            hashes.append(these if shares == 1 else these.filter(these % shares == share))
        if pl.concat(hashes).is_duplicated().any():
            return False
    return True


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


def tally(columns: Columns, position: int, predicate: Predicate) -> int:
    """Return for how many values of a column a predicate holds."""
    name = str(position)
    return sum(
        int(part.select(predicate(pl.col(name)).sum()).item() or 0) for part in columns.slices([position])
    )


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
