"""The frame against the rules: every problem at once, counted by the profile, found by the same predicates."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from connect_pandas import rules
from connect_pandas.data import notations, phones
from connect_pandas.data.columns import is_missing
from connect_pandas.data.held import rarest_first
from connect_pandas.data.infer import PERCENTAGES, looks_like, ways_out
from connect_pandas.data.names import (
    DATES,
    DAYS,
    PHONES,
    ZIPS,
    identifier_word,
    is_quantity,
    key_rank,
    says,
    says_period,
)
from connect_pandas.data.problems import CODES, Problem, Row, argument, ordered
from connect_pandas.data.profile import (
    MARKER,
    NOTATIONS,
    NUMBER,
    PHONE,
    READINGS,
    SHOWN_ROWS,
    SPECIAL,
    TIMES,
    TRUTH,
    TYPED,
    all_repeats,
    equal_rows,
    locate,
    order_open,
    predicates,
    repeats,
    tally,
    told,
    told_as_numbers,
    unique_together,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    import pandas as pd

    from connect_pandas.data.columns import Columns
    from connect_pandas.data.infer import Attribute, Attributes
    from connect_pandas.data.profile import Predicate, Profile, Told
    from connect_pandas.rules import DateFormat


def check(columns: Columns, profiles: Sequence[Profile], attributes: Attributes) -> tuple[Problem, ...]:
    """Return every problem of the frame as these attributes, errors first.

    Parameters
    ----------
    columns : Columns
    profiles : sequence of Profile
        One a column of the frame, in order.
    attributes : Attributes
        With the problems that were found in making them.
    """
    subjects = [_Subject(columns, profiles[a.position], a) for a in attributes]
    found = [*_inferred(subjects, attributes), *_names(columns, attributes)]
    for s in subjects:
        found += _of(s, attributes)
    return ordered(_reachable(problem, columns) for problem in found)


def offending_rows(columns: Columns, profiles: Sequence[Profile], attributes: Attributes) -> pd.Series[str]:
    """Return every row with an error, not only the few that a problem shows.

    Parameters
    ----------
    columns, profiles, attributes
        As for :func:`check`, whose predicates are asked again.

    Returns
    -------
    Series of str
        Position of the row → ``"column: code"``, joined by ``"; "`` where there are several; in order.
    """
    import numpy as np
    import pandas as pd

    wrong: dict[tuple[str, str], list[Any]] = {}

    def keep(code: str, column: str, positions: Any) -> None:
        if CODES[code].severity == "error":
            wrong.setdefault((column, code), []).append(np.asarray(positions, dtype=np.int64))

    subjects = [_Subject(columns, profiles[a.position], a, keep) for a in attributes]
    for s in subjects:
        list(_of(s, attributes))
    by_name = {s.column: s for s in reversed(subjects)}
    for problem in attributes.problems:
        if problem.column in by_name:
            _with_rows(problem, by_name[problem.column])
    said = [
        pd.Series(f"{column}: {code}", index=np.unique(np.concatenate(rows)), dtype="str")
        for (column, code), rows in wrong.items()
    ]
    if not said:
        return pd.Series(index=pd.Index([], dtype="int64"), dtype="str")
    return pd.concat(said).groupby(level=0).agg("; ".join)


def _of(s: _Subject, attributes: Attributes) -> Iterator[Problem]:
    """Yield what is wrong with one column."""
    yield from _values(s)
    yield from _times(s, attributes.form)
    yield from _key(s, attributes)


def _inferred(subjects: Sequence[_Subject], attributes: Attributes) -> Iterator[Problem]:
    """Yield the problems that were found from the facts alone, with what only the rows can add."""
    by_name = {s.column: s for s in reversed(subjects)}
    for problem in attributes.problems:
        s = by_name.get(problem.column) if problem.column is not None else None
        if s is not None:
            yield _with_several(_with_rows(problem, s), subjects)
        else:
            yield _with_several(problem, subjects)


# ── saying where ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Subject:
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

    def rows(self, positions: Sequence[int]) -> tuple[Row, ...]:
        values = self.columns.items[self.a.position].values(positions)
        return tuple(Row(*self.columns.row(i), value) for i, value in zip(positions, values, strict=True))


def _with_rows(problem: Problem, s: _Subject) -> Problem:
    """Return a problem that was found from the facts alone with rows to look at."""
    if problem.code in ("ambiguous-date", "date-order-decided"):
        return replace(problem, rows=s.where(problem.code, order_open))
    if problem.code in ("no-key", "unclear-key", "nearly-key"):
        repeated = s.repeated(problem.code) if s.p.repeated else ()
        missing = s.where(problem.code, _is_missing(s.p)) if s.p.missing else ()
        return replace(problem, rows=(*repeated, *missing)[:SHOWN_ROWS])
    return problem


def _reachable(problem: Problem, columns: Columns) -> Problem:
    """Return a problem of an index, or of no column, with lines that find the index among the columns."""
    levels = {str(name) for name in columns.index.names if name is not None}
    of_index = problem.column in levels and problem.code not in (
        "duplicate-column",
        "column-name",
        "name-spaces",
    )
    if levels and "df" in problem.fix and (of_index or problem.code == "no-key"):
        return replace(problem, fix=f"df = df.reset_index()   # makes a column of the index\n{problem.fix}")
    return problem


def _is_missing(p: Profile) -> Predicate:
    return (lambda c: c.is_null() | (c == "")) if p.kind == "text" else (lambda c: c.is_null())


def _n(count: int, one: str, many: str) -> str:
    return f"1 value {one}" if count == 1 else f"{count:,} values {many}"


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────

# A byte-order mark in a name is left over from a file that was read as plain UTF-8.
_NOT_IN_A_NAME: Final = re.compile(rf"{rules.LINE_BREAK}|{rules.CONTROL_CHARACTER}|[\t\ufeff\ud800-\udfff]")


def _names(columns: Columns, attributes: Attributes) -> Iterator[Problem]:
    numbered = [a for a in attributes if columns.numbered and isinstance(a.column, int) and not _renamed(a)]
    if numbered:
        yield _numbered(numbered)
    by_name: dict[str, list[Attribute]] = {}
    for a in attributes:
        if a not in numbered:
            yield from _name(a)
        if not _is_unnamed(a):
            by_name.setdefault(a.name.casefold(), []).append(a)
    for same in by_name.values():
        yield from _same_names(same, columns)


def _renamed(a: Attribute) -> bool:
    return a.name != str(a.column)


def _numbered(found: Sequence[Attribute]) -> Problem:
    numbers = f"the numbers {found[0].column} to {found[-1].column}"
    one = f"the number {found[0].column}"
    return Problem.of(
        "unnamed-column",
        f"The columns have no names, only {numbers if len(found) > 1 else one}.",
        fix='df.columns = ["Order ID", …]   # or pandas.read_csv(…, header=0)',
    )


def _name(a: Attribute) -> Iterator[Problem]:
    column = str(a.column)
    if not a.name.strip() and _renamed(a):
        yield Problem.of("column-name", "The name that you gave it is empty.", column=column)
    elif _is_unnamed(a):
        drop = f"df = df.drop(columns=[{a.column!r}])   # or names={{{a.column!r}: …}}"
        yield Problem.of(
            "unnamed-column",
            f"A column has no name of its own ({a.column!r}).",
            column=column,
            fix=drop if isinstance(a.column, str) else "df.columns = […]   # a name for every column",
        )
    elif _NOT_IN_A_NAME.search(a.name):
        better = " ".join(_NOT_IN_A_NAME.sub(" ", a.name).split()) or "…"
        yield Problem.of(
            "column-name",
            f"The name holds a line break or another character that is no text: {a.name!a}.",
            column=column,
            fix=argument(f"names={{{a.column!a}: {better!r}}}"),
        )
    elif a.name != a.name.strip():
        yield Problem.of(
            "name-spaces",
            f"The name begins or ends with a space: {a.name!r}. It is imported as it is.",
            column=column,
            fix=argument(f"names={{{a.column!r}: {a.name.strip()!r}}}"),
        )


def _is_unnamed(a: Attribute) -> bool:
    if _renamed(a):
        return False
    if isinstance(a.column, str):
        return not a.column.strip() or re.fullmatch(r"Unnamed: [0-9]+(_level_[0-9]+)?", a.column) is not None
    return is_missing(a.column)


def _same_names(same: Sequence[Attribute], columns: Columns) -> Iterator[Problem]:
    """Yield what is wrong with attributes whose names are the same but for upper and lower case."""
    by_name: dict[str, list[Attribute]] = {}
    for a in same:
        by_name.setdefault(a.name, []).append(a)
    for name, twins in by_name.items():
        if len(twins) > 1:
            yield _twins(name, twins, columns)
    if len(by_name) > 1:
        names = ", ".join(map(repr, by_name))
        yield Problem.of(
            "similar-names",
            f"The names {names} differ only in case.",
            column=str(same[0].column),
            count=len(same),
            fix=argument(f'names={{{same[-1].column!r}: "…"}}', "another name"),
        )


def _twins(name: str, twins: Sequence[Attribute], columns: Columns) -> Problem:
    if any(map(_renamed, twins)):
        labels = ", ".join(repr(a.column) for a in twins)
        message, fix = (
            f"{labels} get the same name {name!r}.",
            argument(f'names={{{twins[-1].column!r}: "…"}}', "another name"),
        )
    elif twins[0].position < sum(level is not None for level in columns.index.names):
        message = f"The index and a column are both named {name!r}; attributes need names of their own."
        fix = f"df = df.drop(columns=[{twins[0].column!r}])   # or, to keep the column: df.reset_index(drop=True)"
    else:
        message = f"{len(twins)} columns are named {name!r}; attributes need names of their own."
        fix = "df = df.loc[:, ~df.columns.duplicated()]   # keeps the first; or rename them"
    return Problem.of("duplicate-column", message, column=str(twins[0].column), count=len(twins), fix=fix)


# ── values ───────────────────────────────────────────────────────────────────────────────────────────────────

_KINDS: Final = {
    "TEXT": ("text", "integer", "float", "decimal", "boolean", "date", "naive", "aware"),
    "NUMBER": ("text", "integer", "float", "decimal"),
    "BOOLEAN": ("text", "boolean"),
    "DATE": ("text", "date", "naive", "aware"),
}
"""Type of an attribute → the kinds of columns that it can hold."""
_NOT_A: Final = {"NUMBER": "not-a-number", "BOOLEAN": "not-a-boolean", "DATE": "not-a-date"}


def _values(s: _Subject) -> Iterator[Problem]:
    if s.p.kind == "unsupported":
        yield _unsupported(s)
    elif not s.p.present:
        if s.p.rows:
            yield s.says("empty-column", "It has no values; it is imported as empty fields.")
    elif s.p.kind not in _KINDS[s.a.type]:
        yield _wrong_kind(s)
    elif s.p.kind == "text":
        yield from _text(s)
    if _are_phones(s):
        yield from _phones(s)
    if _is_whole(s):
        yield from _whole_numbers(s)
    if _is_whole(s) and says(s.p.name, ZIPS):
        yield from _lost_zeros(s)
    if count := s.p.count("infinite-number"):
        yield s.found(
            "infinite-number",
            count,
            lambda c: c.is_infinite(),
            f"{_n(count, 'is', 'are')} infinite: there is no such number in the file.",
            fix=f"{s.cell} = {s.cell}.replace([float('inf'), float('-inf')], None)   # if they mean: missing",
        )


def _unsupported(s: _Subject) -> Problem:
    column = s.columns.items[s.a.position]
    present, shown = rarest_first(column.series, SHOWN_ROWS)
    if s.keep is not None:
        s.keep("unsupported-values", s.column, present)
    return Problem.of(
        "unsupported-values",
        f"It holds {s.p.detail}; no attribute can hold that.",
        column=s.column,
        count=len(present),
        rows=s.rows(shown),
        fix=column.convert.replace("{cell}", s.cell).replace("{column}", repr(s.a.column)),
    )


def _is_whole(s: _Subject) -> bool:
    whole = s.p.kind == "integer" or (s.p.kind == "float" and s.a.whole and not s.p.count("infinite-number"))
    return whole and s.p.present > 0


def _whole_numbers(s: _Subject) -> Iterator[Problem]:
    """Yield what whole numbers may mean beside a number."""
    if s.a.type != "NUMBER" or s.p.low is None or s.p.high is None:
        return
    if (s.p.low, s.p.high) == (0, 1):
        boolean = "boolean" if s.p.missing else "bool"
        yield s.says(
            "zero-one",
            "Its values are 0 and 1; it is imported as NUMBER.",
            count=s.p.present,
            fix=f'{s.cell} = {s.cell}.astype("{boolean}")   # if they mean FALSE and TRUE',
        )
    elif says(s.p.name, DATES):
        yield from _days_as_numbers(s, s.p.low, s.p.high)


def _days_as_numbers(s: _Subject, low: float, high: float) -> Iterator[Problem]:
    column = f"[{s.a.column!r}]"
    if unit := notations.epoch_unit(low, high):
        first = notations.of_epoch(pl.lit(int(low)), unit)
        rule, what = f"epochs={column}", f"{unit} since 1970"
    elif notations.SERIALS[0] <= low and high < notations.SERIALS[1] and says(s.p.name, DAYS):
        first = notations.of_serial(pl.lit(low))
        rule, what = f"serials={column}", "days as a spreadsheet counts them, since 1900"
    elif _are_compact(s, low, high):
        first = notations.COMPACT.read(pl.lit(str(int(low))), "YMD")
        rule, what = f"dates={column}", "dates written 20240201"
    else:
        return
    day = pl.select(first.dt.strftime(rules.ISO_DATE.strftime)).item()
    yield s.found(
        "numbers-as-dates",
        s.p.present,
        lambda c: c.is_not_null(),
        f"Its numbers look like {what}, the first being {day}; it is imported as NUMBER.",
        fix=f"df = df.connect.repair({rule}).frame   # makes them dates",
    )


def _are_compact(s: _Subject, low: float, high: float) -> bool:
    if not (low >= 19_000_101 and high <= 20_991_231):
        return False

    def other(c: pl.Expr) -> pl.Expr:
        return notations.COMPACT.read(c.cast(pl.Int64).cast(pl.String), "YMD").is_null() & c.is_not_null()

    return not tally(s.columns, s.a.position, other)


def _wrong_kind(s: _Subject) -> Problem:
    held = {
        "integer": "whole numbers",
        "float": "numbers",
        "decimal": "decimal numbers",
        "boolean": "true and false",
    }
    return s.found(
        _NOT_A[s.a.type],
        s.p.present,
        lambda c: c.is_not_null(),
        f"It holds {held.get(s.p.kind, 'dates')}, and {s.a.type} was chosen.",
        fix=argument(
            f'types={{{s.a.column!r}: "TEXT"}}', "or leave it away to have it inferred; or convert the column"
        ),
    )


_NOT_IN_A_TEXT: Final = {
    "line-break": (
        ("holds a line break", "hold a line break"),
        r"{cell} = {cell}.str.replace(r'[\r\n]+', ' ', regex=True)   # or df = df.connect.repair().frame",
    ),
    "control-character": (
        ("holds a control character", "hold a control character"),
        "df = df.connect.repair().frame   # takes them out",
    ),
    "lone-surrogate": (
        (
            "holds half of a surrogate pair, which is no character",
            "hold halves of surrogate pairs, which are no characters",
        ),
        "{cell} = {cell}.str.encode('utf-8', 'replace').str.decode('utf-8')   # writes '?' for each",
    ),
}


def _text(s: _Subject) -> Iterator[Problem]:
    for code, (message, fix) in _NOT_IN_A_TEXT.items():
        if count := s.p.count(code):
            said = f"{_n(count, *message)}."
            yield s.found(code, count, SPECIAL[code], said, fix=fix.replace("{cell}", s.cell))
    yield from _missing(s)
    if s.a.type == "TEXT":
        yield from _as_text(s)
    else:
        yield from _typed(s)


def _missing(s: _Subject) -> Iterator[Problem]:
    """Yield what the file does not tell apart, or tells apart that people do not."""
    if (blank := s.p.count("blank")) and (nulls := s.p.count("null")):
        said = f"{blank:,} empty and {nulls:,} missing values become the same: an empty field."
        yield s.says("empty-and-missing", said, count=blank + nulls)
    if count := s.p.count(MARKER):
        examples = s.where(_MARKED[s.a.type], notations.is_marker)
        yield _marked(s, count, examples)


_MARKED: Final = defaultdict(lambda: "missing-marker", TEXT="marker-as-text")


def _marked(s: _Subject, count: int, rows: tuple[Row, ...]) -> Problem:
    shown = ", ".join(dict.fromkeys(repr(row.value) for row in rows))
    repair = f"df = df.connect.repair(missing=[{s.a.column!r}]).frame   # makes them missing"
    if s.a.type == "TEXT":
        said = (
            f"{_n(count, 'says', 'say')} that there is none ({shown}); it is imported as "
            f"{_one(count, 'the text that it is', 'the texts that they are')}."
        )
        return Problem.of("marker-as-text", said, column=s.column, count=count, rows=rows, fix=repair)
    said = f"{_n(count, 'says', 'say')} that there is none ({shown}), which is no {s.a.type}; the others are."
    as_text = argument(f'types={{{s.a.column!r}: "TEXT"}}', "imports all as text")
    fix = f"{repair}\n{as_text}"
    return Problem.of("missing-marker", said, column=s.column, count=count, rows=rows, fix=fix)


def _one(count: int, one: str, many: str) -> str:
    return one if count == 1 else many


def _typed(s: _Subject) -> Iterator[Problem]:
    """Yield what is wrong with, or done to, a text that is to be a NUMBER, a BOOLEAN or a DATE."""
    if s.a.type == "DATE":
        yield from _dates_in_text(s)
        return
    yield from _not_all(
        s, s.a.type, {"NUMBER": "no decimal number", "BOOLEAN": "neither true nor false"}[s.a.type]
    )
    if s.a.rewritten and (count := tally(s.columns, s.a.position, _REWRITTEN[s.a.type])):
        rows = s.where("rewritten", _REWRITTEN[s.a.type])
        how = {"NUMBER": "as plain decimal numbers", "BOOLEAN": "as TRUE or FALSE"}[s.a.type]
        said = f"{_n(count, 'is', 'are')} written otherwise in the file: {how}."
        yield Problem.of("rewritten", said, column=s.column, count=count, rows=rows)


_REWRITTEN: Final[dict[str, Predicate]] = {
    "NUMBER": lambda c: notations.is_number(c) & ~notations.is_plain(c),
    "BOOLEAN": lambda c: NOTATIONS[TRUTH](c) & ~READINGS["true or false"](c),
}


_ENOUGH: Final = {"NUMBER": ("plain", NUMBER), "BOOLEAN": ("true or false", TRUTH)}
"""Type → the facts of which each says that a value is of it."""


def _not_all(s: _Subject, reading: str, what: str) -> Iterator[Problem]:
    """Yield the values that cannot be what they are to be, those that only say that there is none aside."""
    if any(s.p.count(fact) == _told(s) for fact in _ENOUGH.get(reading, (reading,))):
        return

    def bad(c: pl.Expr) -> pl.Expr:
        return (c != "") & ~TYPED[reading](c) & ~notations.is_marker(c)

    if count := tally(s.columns, s.a.position, bad):
        yield s.found(
            _NOT_A[s.a.type],
            count,
            bad,
            f"{_n(count, 'is', 'are')} {what}.",
            fix=argument(f'types={{{s.a.column!r}: "TEXT"}}', "imports it as text; or put the values right"),
        )


# ── dates in text ────────────────────────────────────────────────────────────────────────────────────────────────


def _dates_in_text(s: _Subject) -> Iterator[Problem]:
    if s.a.written_as is not None:
        yield from _not_all(s, s.a.written_as.pattern, f"no date written {s.a.written_as.pattern}")
        return
    form = max(rules.DATE_FORMATS, key=lambda form: s.p.count(form.pattern))

    def other(c: pl.Expr) -> pl.Expr:
        return _is_day(c) & ~TYPED[form.pattern](c)

    def impossible(c: pl.Expr) -> pl.Expr:
        return notations.is_dated(c) & ~_is_day(c)

    def undated(c: pl.Expr) -> pl.Expr:
        return (c != "") & ~notations.is_dated(c) & ~notations.is_marker(c)

    as_text = argument(f'types={{{s.a.column!r}: "TEXT"}}', "imports it as text")
    if count := tally(s.columns, s.a.position, impossible):
        said = f"{_n(count, 'is', 'are')} no day of the calendar."
        fix = f"df = df.connect.repair(impossible_dates=[{s.a.column!r}]).frame   # makes them missing\n{as_text}"
        yield s.found("impossible-date", count, impossible, said, fix=fix)
    if count := tally(s.columns, s.a.position, undated):
        said = f"{_n(count, 'is no date', 'are no dates')}."
        yield s.found("not-a-date", count, undated, said, fix=as_text)
    if count := tally(s.columns, s.a.position, other):
        yield s.found("date-notation", count, other, _how_dated(s, count), fix=f"{_order_fix(s)}\n{as_text}")


def _is_day(c: pl.Expr) -> pl.Expr:
    """Whether a text is a day of the calendar in any shape and order."""
    return pl.any_horizontal(
        shape.holds(c) & shape.day(c, order).is_not_null()
        for shape in notations.DATE_SHAPES
        for order in shape.formats
    )


def _how_dated(s: _Subject, count: int) -> str:
    shapes = {shape.name: s.p.count(shape.name) for shape in notations.DATE_SHAPES}
    most = sorted((name for name, n in shapes.items() if n), key=lambda name: -shapes[name])
    written = most[0] if most else "otherwise"
    if len(most) > 1:
        written = ", ".join(f"{name} ({shapes[name]:,})" for name in most)
    timed = ", with a time of day" if s.p.count("timed") else ""
    return (
        f"{_n(count, 'is a date', 'are dates')} in a notation that the service does not read: {written}{timed}. "
        "It reads zero-padded ones, as 2024-02-01, all of one format."
    )


def _order_fix(s: _Subject) -> str:
    """Return the repair of dates: where no value tells day from month, the order is the user's to say."""
    orders = {o: sum(s.p.count(f"{h.name} {o}") for h in _SWAPPED) for o in ("DMY", "MDY")}
    repair = "df = df.connect.repair({}).frame"
    if not orders["DMY"] and not orders["MDY"]:
        return repair.format("")
    if orders["DMY"] == orders["MDY"]:
        return repair.format("day_first=True") + "   # or False: no value tells day from month"
    return repair.format("")


_SWAPPED: Final = tuple(shape for shape in notations.DATE_SHAPES if len(shape.formats) > 1)


# ── what a text looks like ───────────────────────────────────────────────────────────────────────────────────────


def _as_text(s: _Subject) -> Iterator[Problem]:
    if identifier_word(s.p.name) is not None or s.a.key:
        if 0 < _told(s) == s.p.count("dot-zero"):
            yield from _decimal_identifier(s)
        return
    yield from _notation(s)
    yield from _nearly(s)


def _told(s: _Subject) -> int:
    return s.p.present - s.p.count(MARKER)


def _nearly(s: _Subject) -> Iterator[Problem]:
    """Yield a warning where most values of a text are of another type: one wrong value makes it text."""
    for reading, (what, predicate) in _NEARLY.items():
        holds = s.p.count(reading)
        if not _told(s) * 0.9 <= holds < _told(s):
            continue

        def rest(c: pl.Expr, predicate: Predicate = predicate) -> pl.Expr:
            return (c != "") & ~predicate(c) & ~notations.is_marker(c)

        count = _told(s) - holds
        yield s.found(
            "not-throughout",
            count,
            rest,
            f"{holds:,} of {s.p.present:,} values are {what}, {count:,} {_one(count, 'is', 'are')} not; "
            "so it is imported as TEXT.",
            fix=f"df[{_ODD[what].format(cell=s.cell)}]   # the odd {_one(count, 'one', 'ones')}; text is text",
        )
        return


_ODD: Final = {
    "numbers": 'pandas.to_numeric({cell}, errors="coerce").isna()',
    "TRUE or FALSE": '~{cell}.str.lower().isin(["true", "false"])',
    "true or false": '~{cell}.str.lower().isin(["true", "false", "yes", "no", "y", "n", "t", "f"])',
}
"""What most values are → what finds the others."""

_NEARLY: Final[dict[str, tuple[str, Predicate]]] = {
    "plain": ("numbers", READINGS["plain"]),
    NUMBER: ("numbers", NOTATIONS[NUMBER]),
    "true or false": ("TRUE or FALSE", READINGS["true or false"]),
    TRUTH: ("true or false", NOTATIONS[TRUTH]),
}


def _notation(s: _Subject) -> Iterator[Problem]:
    """Yield a warning where all values look like something that the service does not read so."""
    look = looks_like(s.p)
    if look is None:
        return
    given = {PERCENTAGES: "percent=True"}.get(look) or (
        "truths=True" if look in notations.OTHER_TRUTHS else ""
    )
    yield s.found(
        "other-notation",
        _told(s),
        lambda c: (c != "") & ~notations.is_marker(c),
        f"Its values look like {look}, which the service does not read so; it is imported as TEXT.",
        fix=f"df = df.connect.repair({given}).frame",
    )


def _decimal_identifier(s: _Subject) -> Iterator[Problem]:
    yield s.found(
        "decimal-identifier",
        _told(s),
        lambda c: c.str.ends_with(".0"),
        "Its values identify something, and end in '.0': they have been decimals before they were text.",
        fix=f"df = df.connect.repair(float_ids=[{s.a.column!r}]).frame   # takes the '.0' off",
    )


def _are_phones(s: _Subject) -> bool:
    """Whether a column holds phone numbers: by their shape, or by its name and the shape of most of them."""
    if s.a.type != "TEXT" or s.a.chosen or not s.p.present:
        return False
    if s.p.kind == "text":
        if 0 < _told(s) == s.p.count(PHONE):
            return True
        return (
            says(s.p.name, PHONES)
            and tally(s.columns, s.a.position, phones.looks_like_phone) * 2 >= _told(s) > 0
        )
    least, most = 10**6, 10**phones.DIGITS_MAX
    return _is_whole(s) and says(s.p.name, PHONES) and least <= (s.p.low or 0) and (s.p.high or 0) < most


def _phones(s: _Subject) -> Iterator[Problem]:
    as_text = argument(f'types={{{s.a.column!r}: "TEXT"}}', "imports them as they are")
    if bad := tally(s.columns, s.a.position, _not_e164):
        yield s.found(
            "not-e164",
            bad,
            _not_e164,
            f"{_n(bad, 'is', 'are')} not written as the service asks of phone numbers, as in +4915112345678.",
            fix='df = df.connect.repair(region="US").frame   # the country of those without +; without region=, '
            f"only spaces and signs go\n{as_text}",
        )
    if s.p.kind == "text" and (bad := tally(s.columns, s.a.position, _not_assigned)):
        yield s.found(
            "invalid-phone",
            bad,
            _not_assigned,
            f"{_n(bad, 'is a phone number', 'are phone numbers')} that no country has given out; imported as it is.",
            fix=f"df = df[~df[{s.a.column!r}].isin([…])]   # if they are mistakes; a made-up number is fine",
        )


def _not_e164(c: pl.Expr) -> pl.Expr:
    text = c.cast(pl.String)
    return (text != "") & ~text.str.contains(rules.PHONE) & ~notations.is_marker(text)


def _not_assigned(c: pl.Expr) -> pl.Expr:
    return c.str.contains(rules.PHONE) & ~c.map_batches(phones.valid, return_dtype=pl.Boolean)


def _lost_zeros(s: _Subject) -> Iterator[Problem]:
    """Yield a warning where some postcodes held as numbers are one digit shorter than the others."""
    lengths: set[int] = set()
    name = str(s.a.position)
    for part in s.columns.slices([s.a.position]):
        low, high = part.select(low=pl.col(name).min(), high=pl.col(name).max()).row(0)
        lengths |= {len(str(int(end))) for end in (low, high) if end is not None}
    if len(lengths) != 2 or max(lengths) - min(lengths) != 1:
        return
    least = 10 ** min(lengths)
    short = tally(s.columns, s.a.position, lambda c: c < least)
    yield s.found(
        "leading-zeros-lost",
        short,
        lambda c: c < least,
        f"{_n(short, 'has', 'have')} a digit less than the others: leading zeros may have been lost, as in a "
        "spreadsheet.",
        fix=f'{s.cell} = {s.cell}.astype("Int64").astype("string").str.zfill({max(lengths)})   # puts them back',
    )


# ── dates ────────────────────────────────────────────────────────────────────────────────────────────────────


def _times(s: _Subject, form: DateFormat | None) -> Iterator[Problem]:
    """Yield what a column of days or times loses or gains in the file."""
    if not s.p.present or not (s.a.type == "DATE" or s.p.kind in ("date", "naive", "aware")):
        return
    if s.p.kind == "text" and s.a.written_as is None:
        return  # nothing is known of its times
    if s.p.kind not in _KINDS[s.a.type]:
        return
    if count := s.p.count("year-out-of-range"):
        yield s.found(
            "year-out-of-range",
            count,
            _predicate(s, "year-out-of-range"),
            f"{_n(count, 'has', 'have')} a year outside 0001–9999.",
            fix=f"{s.cell} = {s.cell}.mask({s.cell}.dt.year > 9999)   # if they mean: never",
        )
    if s.a.type == "TEXT" or (form and form.has_time):
        yield from _as_timestamps(s)
    elif form:
        yield from _as_days(s, form)


def _as_days(s: _Subject, form: DateFormat) -> Iterator[Problem]:
    asked = argument(f'date_format="{rules.TIMESTAMP.pattern}"')
    if count := s.p.count("time"):
        yield s.found(
            "time-lost",
            count,
            _predicate(s, "time"),
            f"{_n(count, 'has', 'have')} a time of day, which {form.pattern} does not hold.",
            fix=f"{asked}   # or {s.cell} = {s.cell}.dt.normalize()",
        )
    elif s.a.written_as is rules.TIMESTAMP:
        yield s.found(
            "time-lost",
            s.p.present,
            lambda c: c != "",
            f"Its values have a time of day, which {form.pattern} does not hold.",
            fix=f"{asked}   # or {s.cell} = pandas.to_datetime({s.cell}).dt.normalize()",
        )
    elif s.a.written_as and s.a.written_as != form:
        said = f"Written {s.a.written_as.pattern} in the frame, {form.pattern} in the file."
        yield s.says("date-rewritten", said, count=s.p.present)


def _as_timestamps(s: _Subject) -> Iterator[Problem]:
    if count := s.p.count("seconds-fraction"):
        yield s.found(
            "seconds-fraction",
            count,
            _predicate(s, "seconds-fraction"),
            f"{_n(count, 'has', 'have')} a fraction of a second; the file holds whole seconds, the fraction is "
            "cut off.",
            fix=f'{s.cell} = {s.cell}.dt.round("s")   # to round instead',
        )
    if s.p.kind == "naive" or s.a.written_as is notations.NAIVE:
        local = s.cell if s.p.kind == "naive" else f"pandas.to_datetime({s.cell})"
        yield s.says(
            "no-time-zone",
            "The timestamps have no time zone; they are written as they are, and the service reads them as UTC.",
            count=s.p.present,
            fix=f'{s.cell} = {local}.dt.tz_localize("Europe/Berlin")   # if they are local',
        )
    elif s.a.type == "DATE" and (s.p.kind == "date" or (s.a.written_as and not s.a.written_as.has_time)):
        yield s.says(
            "date-as-timestamp",
            f"The dates are written with the time 00:00:00Z, as the file's dates are {rules.TIMESTAMP.pattern}.",
            count=s.p.present,
        )


def _predicate(s: _Subject, fact: str) -> Predicate:
    if s.p.kind == "text":
        return TIMES[fact]
    first = next(s.columns.slices([s.a.position]))
    return predicates(s.p.kind, first.to_series().dtype)[fact]


# ── the key ──────────────────────────────────────────────────────────────────────────────────────────────────


def _key(s: _Subject, attributes: Attributes) -> Iterator[Problem]:
    if not s.a.key or s.p.kind == "unsupported":
        return
    by = next((a.column for a in attributes if a.type == "DATE"), None)
    if s.p.missing:
        yield s.found(
            "missing-key",
            s.p.missing,
            _is_missing(s.p),
            f"{s.p.missing:,} {'row has' if s.p.missing == 1 else 'rows have'} no key.",
            fix=ways_out(s.a.column, missing=True, repeated=False, by=None),
        )
    if s.p.kind == "empty" or (s.p.unique and s.told is told):
        return
    if count := repeats(s.columns, s.a.position, s.told).count:
        problem = Problem.of(
            "duplicate-key",
            f"{count:,} {'row repeats' if count == 1 else 'rows repeat'} the key of an earlier row.",
            column=s.column,
            count=count,
            rows=s.repeated("duplicate-key"),
            fix=_without_repeats(s, by),
        )
        yield _same_throughout(problem, s.columns)


def _without_repeats(s: _Subject, by: Hashable | None) -> str:
    if s.told is told:
        return ways_out(s.a.column, missing=False, repeated=True, by=by)
    # As texts they differ.
    return f"df = df[~pandas.to_numeric({s.cell}).duplicated(keep='last')]   # or another key=…"


def _same_throughout(problem: Problem, columns: Columns) -> Problem:
    """Return a problem of rows that share their key with what the rows say: some may be the same throughout."""
    equal = equal_rows(columns)
    if not equal:
        return problem
    said = f"{equal:,} {'row is' if equal == 1 else 'rows are'} the same as an earlier one throughout."
    line = (
        "df = df.connect.repair(drop_duplicates=True).frame   # leaves those out that are the same throughout"
    )
    # Where that is all that is wrong, nothing else need be decided.
    fix = line if equal == problem.count and problem.code == "duplicate-key" else f"{line}\n{problem.fix}"
    return replace(problem, message=f"{problem.message} {said}", fix=fix)


_PAIRED_MAX: Final = 8
"""Of so many columns every two, and every three, are tried."""


def _together(subjects: Sequence[_Subject]) -> tuple[_Subject, ...]:
    """Return the smallest number of columns that identify the rows together, the best named first; or none."""
    able = [s for s in subjects if _may_be_part(s)]
    able = sorted(able, key=lambda s: -key_rank(s.p.name))[:_PAIRED_MAX]
    for size in (2, 3):
        for some in combinations(able, size):
            if unique_together(some[0].columns, [s.a.position for s in some]):
                return some
    return ()


def _may_be_part(s: _Subject) -> bool:
    """Whether a column may be one of several that are the key together: no measure, no truth, no remark."""
    measured = is_quantity(s.p.name) and not says_period(s.p.name)
    if not s.p.complete or s.p.unique or measured or s.a.type == "BOOLEAN":
        return False
    if s.p.kind == "text":
        return s.p.text_bytes <= _PART_BYTES * s.p.rows and not s.p.has_fraction
    return s.p.kind in ("integer", "date", "naive", "aware")


_PART_BYTES: Final = 32
"""On average; longer texts are remarks."""


def _with_several(problem: Problem, subjects: Sequence[_Subject]) -> Problem:
    """Return a problem of the key with what the rows say: they may be the same, or several columns identify them."""
    if problem.code not in ("no-key", "unclear-key") or not subjects:
        return problem
    if problem.code == "no-key":
        problem = _same_throughout(problem, subjects[0].columns)
    some = _together(subjects) if problem.code == "no-key" or problem.column is not None else ()
    return _key_of_several(problem, some) if some else problem


def _key_of_several(problem: Problem, some: Sequence[_Subject]) -> Problem:
    labels = [s.a.column for s in some]
    named = f"{', '.join(map(repr, labels[:-1]))} and {labels[-1]!r}"
    offered = argument(f"key={labels!r}", "makes one key of them")
    return replace(
        problem,
        message=f"{problem.message} Together {named} do.",
        fix=f"{offered}\n{problem.fix}",
    )
