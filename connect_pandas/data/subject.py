"""One column and what it becomes, as the checks ask it: what is wrong, in how many values, in which rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final

from connect_pandas.data.asked import Asked, Scope
from connect_pandas.data.columns import Columns
from connect_pandas.data.mend_amounts import GIVEN
from connect_pandas.data.mend_rules import RULES, found
from connect_pandas.data.mends import Doubt, Mend, Seen
from connect_pandas.data.problems import Problem, Row, argument, as_code, either, repaired
from connect_pandas.data.profile import (
    MARKER,
    SHOWN_ROWS,
    all_repeats,
    locate,
    repeats,
    told,
    told_as_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connect_pandas.data.columns import Column
    from connect_pandas.data.infer import Attribute
    from connect_pandas.data.notations import Mark
    from connect_pandas.data.profile import Predicate, Profile, Told
    from connect_pandas.rules import AttributeType

Where = Callable[[int | None], Sequence[int]]
"""How many → the positions of so many offending rows; of all of them for ``None``."""


@dataclass(frozen=True, slots=True)
class By:
    """The rule of repair that may put a column right, and how the line to write asks for it."""

    rule: str
    comment: str
    """What it does, in words."""
    named: bool = True
    """Whether the line names the column for the rule, which then takes more for granted; else it limits to the column
    what is on by default, as long as that is enough."""
    decimal: Mark | None = None
    """The decimal mark that the line gives."""

    @property
    def everywhere(self) -> str:
        """The line that has the rule look at every column; empty where its columns, or their mark, must be told."""
        rule = RULES[self.rule]
        if rule.asks or self.decimal:
            return ""
        return repaired("" if rule.on else f"{self.rule}=True", f"{self.comment}, in every column like this")


@dataclass(frozen=True, slots=True)
class Offer:
    """What a repair by one rule would do with a column."""

    fix: str = ""
    """The line to write: it changes the column. Empty where there is none."""
    left: str = ""
    """Why a repair that is not told more leaves the column alone; empty where it does not."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem, which rows have it and what may repair it, before any of that is looked up."""

    problem: Problem
    """Its fix is the way out beside the repair."""
    subject: Subject | None = None
    """Whose values the rows show; ``None`` where no rows are meant."""
    where: Where = lambda _limit: ()
    by: By | None = None

    def shown(self, *, asked: bool = True) -> Problem:
        """Return the problem with the first of its rows, and with the repair if one changes the column.

        Where a repair is not asked what it would do, its line is that for every column.
        """
        positions = self.where(SHOWN_ROWS) if self.subject else ()
        offer = self._offer(positions) if asked else Offer(self.by.everywhere if self.by else "")
        said = f" Repair leaves them alone: {offer.left}." if offer.left else ""
        return replace(
            self.problem,
            message=self.problem.message + said,
            rows=self.subject.rows(positions) if self.subject else (),
            fix=either(offer.fix, self.problem.fix),
        )

    def _offer(self, positions: Sequence[int]) -> Offer:
        return self.subject.offer(self.by, positions) if self.subject and self.by else Offer()


@dataclass(frozen=True, slots=True)
class Subject:
    """One column and what it becomes."""

    columns: Columns
    p: Profile
    a: Attribute

    @property
    def column(self) -> str:
        return str(self.a.column)

    @property
    def item(self) -> Column:
        return self.columns.items[self.a.position]

    # ── what is wrong ──

    def says(
        self, code: str, message: str, *, count: int = 0, fix: str = "", by: By | None = None
    ) -> Finding:
        """Return a problem of the whole column."""
        return self.at(code, count, lambda _limit: (), message, fix=fix, by=by)

    def found(
        self,
        code: str,
        count: int,
        predicate: Predicate,
        message: str,
        *,
        fix: str = "",
        by: By | None = None,
    ) -> Finding:
        """Return a problem of the values for which a predicate holds."""
        return self.at(code, count, self.where(predicate), message, fix=fix, by=by)

    def at(
        self,
        code: str,
        count: int,
        where: Where,
        message: str,
        *,
        fix: str = "",
        by: By | None = None,
    ) -> Finding:
        """Return a problem of some rows."""
        problem = Problem.of(code, message, column=self.column, count=count, fix=fix)
        return Finding(problem, self, where, by)

    def where(self, predicate: Predicate) -> Where:
        """Return where a predicate holds."""
        return partial(locate, self.columns, self.a.position, predicate)

    @property
    def repeated(self) -> Where:
        """Where values are shared: of the first rows, two a value."""

        def of(limit: int | None) -> Sequence[int]:
            if limit is None:
                return [*all_repeats(self.columns, self.a.position, self.told).tolist()]
            return repeats(self.columns, self.a.position, self.told).positions[:limit]

        return of

    def rows(self, positions: Sequence[int]) -> tuple[Row, ...]:
        values = self.item.values(positions)
        return tuple(Row(*self.columns.row(i), value) for i, value in zip(positions, values, strict=True))

    # ── what to write ──

    @property
    def cell(self) -> str:
        """The column as the user writes it."""
        return f"df[{as_code(self.a.column)}]"

    def as_type(self, type_: AttributeType, comment: str) -> str:
        """Return the line of a plan that says what the column is to be."""
        return argument(f'types={{{as_code(self.a.column)}: "{type_}"}}', comment)

    def offer(self, by: By, rows: Sequence[int] | None = None) -> Offer:
        """Return the line with which a repair by a rule changes the column, as the rule itself decides.

        Parameters
        ----------
        by : By
        rows : sequence of int, optional
            Some of the rows that the repair is for. Of a long column these and rows from all over it are looked at, and
            all of it only where that leaves a doubt, which is said with its figures. Without them all of it is.
        """
        seen = self._seen(rows)
        made = _offered(by, seen)
        if made == Offer() and not by.named:
            made = _offered(replace(by, named=True), seen)  # an identifier's are left to who names it
        return self.offer(by) if made.left and rows is not None and self._is_long else made

    @property
    def _is_long(self) -> bool:
        return self.columns.rows > _LOOKED_AT

    def _seen(self, rows: Sequence[int] | None) -> list[Seen]:
        """Return the column, or each of those that it puts together; of long ones, where rows are given, some rows."""
        whole = [Columns((c,), self.columns.index) for c in self.item.parts or (self.item,)]
        if rows is not None and self._is_long:
            every = range(0, self.columns.rows, -(-self.columns.rows // _LOOKED_AT))
            some = sorted({*every, *rows})
            whole = [one.take(some) for one in whole]
        return [Seen(one.items[0], one.index) for one in whole]

    # ── how its values are compared ──

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


_LOOKED_AT: Final = 10_000
"""So many rows of a long column tell which repair to offer; the repair itself looks at all of them."""


def _offered(by: By, seen: Sequence[Seen]) -> Offer:
    asked = _asked(by.rule, named=by.named, decimal=by.decimal)
    made = [one for each in seen for one in _done(by.rule, each, asked)]
    doubts = [one for one in made if isinstance(one, Doubt)]
    mended = len(doubts) < len(made)
    more = next((doubt.fix for doubt in doubts if doubt.fix), "")
    if more or not mended:
        return Offer(more, doubts[0].reason if doubts and not mended else "")
    columns = ", ".join(as_code(each.column.label) for each in seen)
    mark = f", decimal={GIVEN[by.decimal]!r}" if by.decimal else ""
    # Limited to its columns: the rules that are on by themselves would put others right as well.
    named = f", {by.rule}=[{columns}]" if by.named else ""
    return Offer(repaired(f"columns=[{columns}]{named}{mark}", by.comment))


def _asked(rule: str, *, named: bool, decimal: Mark | None) -> Asked:
    """Return what is asked of a repair of one column by one rule."""
    return Asked(
        scopes={rule: Scope(frozenset({0}), named=named)},
        day_first=None,
        mark=decimal,
        region=None,
        key=(),
        keep_last=None,
        drop_duplicates=False,
        drop_without_key=False,
    )


def _done(rule: str, seen: Seen, asked: Asked) -> Iterator[Mend | Doubt]:
    """Yield what a rule does with a column: what it leaves in doubt, and the mends that change something."""
    for one in found(rule, seen, asked):
        if isinstance(one, Doubt) or one.counted or any(True for _ in one.changed(seen.columns)):
            yield one


def is_missing_of(p: Profile) -> Predicate:
    return (lambda c: c.is_null() | (c == "")) if p.kind == "text" else (lambda c: c.is_null())


def counted(count: int, one: str, many: str) -> str:
    return f"1 value {one}" if count == 1 else f"{count:,} values {many}"


def one_or(count: int, one: str, many: str) -> str:
    return one if count == 1 else many
