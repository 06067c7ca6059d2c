"""One column and what it becomes, as the checks ask it: what is wrong, in how many values, in which rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connect_pandas.data.problems import CODES, Problem, Row
from connect_pandas.data.profile import (
    MARKER,
    all_repeats,
    locate,
    repeats,
    told,
    told_as_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connect_pandas.data.columns import Columns
    from connect_pandas.data.infer import Attribute
    from connect_pandas.data.profile import Predicate, Profile, Told


@dataclass(frozen=True, slots=True)
class Subject:
    """One column and what it becomes."""

    columns: Columns
    p: Profile
    a: Attribute
    keep: Callable[[str, str, Any], None] | None = None
    """Told code, column and all positions, where it is the rows that are wanted."""

    @property
    def column(self) -> str:
        return str(self.a.column)

    @property
    def cell(self) -> str:
        """The column as the user writes it."""
        return f"df[{self.a.column!r}]"

    def says(self, code: str, message: str, *, count: int = 0, fix: str = "") -> Problem:
        """Return a problem of the whole column."""
        return Problem.of(code, message, column=self.column, count=count, fix=fix)

    def found(self, code: str, count: int, predicate: Predicate, message: str, *, fix: str) -> Problem:
        """Return a problem of the values for which a predicate holds, with the first of their rows."""
        rows = self.where(code, predicate)
        return Problem.of(code, message, column=self.column, count=count, rows=rows, fix=fix)

    def where(self, code: str, predicate: Predicate) -> tuple[Row, ...]:
        """Return the first rows for which a predicate holds."""
        if self.keep is None:
            return self.rows(locate(self.columns, self.a.position, predicate))
        if CODES[code].severity == "error":
            self.keep(code, self.column, locate(self.columns, self.a.position, predicate, limit=None))
        return ()

    def repeated(self, code: str) -> tuple[Row, ...]:
        """Return the first rows that share their value."""
        if self.keep is None:
            return self.rows(repeats(self.columns, self.a.position, self.told).positions)
        self.keep(code, self.column, all_repeats(self.columns, self.a.position, self.told))
        return ()

    @property
    def told(self) -> Told:
        """How values are compared: ``1`` and ``1.0`` are one number."""
        return told_as_numbers if self.p.kind == "text" and self.a.type == "NUMBER" else told

    @property
    def told_count(self) -> int:
        """How many values are no words for a missing one."""
        return self.p.present - self.p.count(MARKER)

    @property
    def is_whole(self) -> bool:
        """Whether it holds whole numbers, as such or as floats."""
        whole = self.p.kind == "integer" or (self.p.kind == "float" and self.a.whole)
        return whole and self.p.present > 0 and not self.p.count("infinite-number")

    def rows(self, positions: Sequence[int]) -> tuple[Row, ...]:
        values = self.columns.items[self.a.position].values(positions)
        return tuple(Row(*self.columns.row(i), value) for i, value in zip(positions, values, strict=True))


def is_missing_of(p: Profile) -> Predicate:
    return (lambda c: c.is_null() | (c == "")) if p.kind == "text" else (lambda c: c.is_null())


def counted(count: int, one: str, many: str) -> str:
    return f"1 value {one}" if count == 1 else f"{count:,} values {many}"


def one_or(count: int, one: str, many: str) -> str:
    return one if count == 1 else many
