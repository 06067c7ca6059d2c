"""What rules of repair are made of: the column that one looks at, the mend that puts it right, what is left in doubt.

A rule looks at the whole of a column, slice by slice, before it changes anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from connect_pandas.data import notations
from connect_pandas.data.columns import SURROGATE_MARK, Columns
from connect_pandas.data.problems import as_code, repaired, show
from connect_pandas.data.profile import locate, totals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

    from connect_pandas.data.asked import Asked
    from connect_pandas.data.columns import Column, Kind
    from connect_pandas.data.profile import Predicate


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
        return first.filter(notations.is_told(C)).head(SAMPLE)


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
        column = f"[{as_code(self.column.label)}]"
        limit = "" if given.startswith("columns=") else f"columns={column}, "
        return repaired(f"{limit}{given.format(column=column)}", comment)

    @property
    def cell(self) -> str:
        """The column as the user writes it."""
        return f"df[{as_code(self.column.label)}]"


C: Final = pl.col("0")
SAMPLE: Final = 500
"""So many values give a first impression of a column."""
HALF: Final = 0.5
MOST: Final = 0.9
"""Shares of that sample."""
_SPECIAL: Final = [*map(chr, set(range(0x20)) - {0x09}), *"\x7f\u0085\u2028\u2029"]


def nothing(c: pl.Expr) -> pl.Expr:
    """Return for every value that there is none."""
    return pl.when(False).then(c)


def whole_digits(c: pl.Expr) -> pl.Expr:
    """Return whole numbers as text; null for those with a fraction, and beyond what a float holds exactly."""
    number = c.cast(pl.Float64)
    is_whole = (number == number.floor()) & (number.abs() < _EXACT)
    return pl.when(is_whole).then(c.cast(pl.Int64, strict=False)).cast(pl.String)


_EXACT: Final = 1e15
