"""The frame against the rules: every problem at once, counted by the profile, found by the same predicates."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from connect_pandas import rules
from connect_pandas.data.columns import is_missing
from connect_pandas.data.infer import looks_like
from connect_pandas.data.names import IDENTIFIER, PHONES, SHARED, ZIPS, identifier_word, key_rank, says
from connect_pandas.data.problems import CODES, Problem, Row, argument, ordered
from connect_pandas.data.profile import (
    READINGS,
    SHOWN_ROWS,
    SPECIAL,
    all_repeats,
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
    from collections.abc import Callable, Iterator, Sequence

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
    yield from _key(s)


def _inferred(subjects: Sequence[_Subject], attributes: Attributes) -> Iterator[Problem]:
    """Yield the problems that were found from the facts alone, with what only the rows can add."""
    by_name = {s.column: s for s in reversed(subjects)}
    for problem in attributes.problems:
        s = by_name.get(problem.column) if problem.column is not None else None
        if s is not None:
            yield _with_rows(problem, s)
        elif problem.code == "no-key" and (pair := _pair(subjects)):
            yield _key_of_two(problem, *pair)
        else:
            yield problem


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
        return replace(problem, rows=(*repeated, *missing)[: SHOWN_ROWS + 1])
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
        )


def _twins(name: str, twins: Sequence[Attribute], columns: Columns) -> Problem:
    if any(map(_renamed, twins)):
        labels = ", ".join(repr(a.column) for a in twins)
        message, fix = (
            f"{labels} get the same name {name!r}.",
            f"names={{{twins[-1].column!r}: …}}   # another name",
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
    whole = s.p.kind == "integer" or (s.p.kind == "float" and s.a.whole and not s.p.count("infinite-number"))
    if whole and s.p.present and says(s.p.name, ZIPS):
        yield from _lost_zeros(s)
    if count := s.p.count("infinite-number"):
        yield s.found(
            "infinite-number",
            count,
            lambda c: c.is_infinite(),
            f"{_n(count, 'is', 'are')} infinite: there is no such number in the file.",
            fix=f"{s.cell} = {s.cell}.replace([float('inf'), float('-inf')], None)   # if they mean: missing",
        )


_CONVERT: Final = (
    ("period", "{cell} = {cell}.dt.to_timestamp()"),
    ("timedelta", "{cell} = {cell}.dt.total_seconds()"),
    ("duration", "{cell} = {cell}.dt.total_seconds()"),
    (
        "list",
        """{cell} = {cell}.map(lambda v: "; ".join(map(str, v)), na_action="ignore")
# or df.explode({column}): a row for each, which repeats the key""",
    ),
    ("bytes", "{cell} = {cell}.str.decode('utf-8')"),
    ("time zone", "{cell} = pandas.to_datetime({cell}, utc=True)   # if those without a zone are UTC"),
    ("infinite", '{cell} = {cell}.map(lambda v: v if v.is_finite() else None, na_action="ignore")'),
    (
        "number",
        """def text(v):
    return str(int(v)) if isinstance(v, float) and v.is_integer() else str(v)
{cell} = {cell}.map(text, na_action="ignore")   # if text will do; 2.0 becomes "2\"""",
    ),
)
"""A word of what a column holds → what makes of it something that an attribute can hold."""


def _unsupported(s: _Subject) -> Problem:
    series = s.columns.items[s.a.position].series
    present = series.notna().to_numpy()
    if s.keep is not None:
        s.keep("unsupported-values", s.column, present.nonzero()[0])
    fix = next(
        (line for word, line in _CONVERT if word in s.p.detail),
        '{cell} = {cell}.map(str, na_action="ignore")   # if text will do',
    )
    return Problem.of(
        "unsupported-values",
        f"It holds {s.p.detail}; no attribute can hold that.",
        column=s.column,
        count=int(present.sum()),
        rows=s.rows(present.nonzero()[0][:5].tolist()),
        fix=fix.replace("{cell}", s.cell).replace("{column}", repr(s.a.column)),
    )


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
    if s.a.type == "NUMBER":
        yield from _not_all(s, "number", "no plain decimal number")
    elif s.a.type == "BOOLEAN":
        yield from _not_all(s, "boolean", "neither TRUE nor FALSE")
    elif s.a.type == "DATE" and s.a.written_as is None:
        nearest = max(rules.DATE_FORMATS, key=lambda form: s.p.count(form.pattern)).pattern
        yield from _not_all(s, nearest, f"no date written {nearest}")
    elif not s.a.key and identifier_word(s.p.name) is None:
        yield from _notation(s)
        yield from _nearly(s)
    if says(s.p.name, PHONES):
        yield from _phones(s)


def _not_all(s: _Subject, reading: str, what: str) -> Iterator[Problem]:
    # A reading is counted only where the first values show a sign of it; a type that the user chose may show none.
    holds = s.p.facts[reading] if reading in s.p.facts else tally(s.columns, s.a.position, READINGS[reading])
    if bad := s.p.present - holds:
        yield s.found(
            _NOT_A[s.a.type],
            bad,
            _is_not(READINGS[reading]),
            f"{_n(bad, 'is', 'are')} {what}.",
            fix=argument(f'types={{{s.a.column!r}: "TEXT"}}', "imports it as text; or put the values right"),
        )


def _is_not(reading: Predicate) -> Predicate:
    return lambda c: (c != "") & ~reading(c)


def _nearly(s: _Subject) -> Iterator[Problem]:
    """Yield a warning where most values of a text are of another type: one wrong value makes it text."""
    for reading in READINGS:
        holds = s.p.count(reading)
        if not s.p.present * 0.9 <= holds < s.p.present:
            continue
        what = {"number": "numbers", "boolean": "TRUE or FALSE"}.get(reading, f"dates written {reading}")
        rest = s.p.present - holds
        yield s.found(
            "not-throughout",
            rest,
            _is_not(READINGS[reading]),
            f"{holds:,} of {s.p.present:,} values are {what}, {rest:,} {'is' if rest == 1 else 'are'} not; "
            "so it is imported as TEXT.",
            fix=f"put {'it' if rest == 1 else 'them'} right, or leave it: text is text",
        )
        return


_REREAD: Final = {
    "yes or no": '{cell} = {cell}.str.lower().map({{"yes": True, "no": False}})',
    "ja or nein": '{cell} = {cell}.str.lower().map({{"ja": True, "nein": False}})',
    "dates written 1.2.2024": '{cell} = pandas.to_datetime({cell}, format="%d.%m.%Y")',
    "dates written 1.2.24": '{cell} = pandas.to_datetime({cell}, format="%d.%m.%y")',
    "dates written 1/2/2024": '{cell} = pandas.to_datetime({cell}, format="%m/%d/%Y")   # or "%d/%m/%Y"',
    "dates written 1/2/24": '{cell} = pandas.to_datetime({cell}, format="%m/%d/%y")   # or "%d/%m/%y"',
    "amounts with a currency": '{cell} = {cell}.str.replace(r"[^0-9.-]", "", regex=True).astype(float)   '
    "# where 1.50 is one and a half",
    "numbers written 12 %": '{cell} = {cell}.str.rstrip("% ").astype(float)   # where 1.5 is one and a half',
    "numbers written 1e5": "{cell} = {cell}.astype(float)",
    "numbers written +3 or .5": "{cell} = {cell}.astype(float)",
    "numbers written 1,000": '{cell} = {cell}.str.replace(",", "").astype(float)   # where 1,000 is a thousand',
    "numbers written 1.234,56": '{cell} = {cell}.str.replace(".", "").str.replace(",", ".").astype(float)',
}
"""What a text looks like → what makes it that."""


def _notation(s: _Subject) -> Iterator[Problem]:
    """Yield a warning where all values look like something that the service does not read so."""
    look = looks_like(s.p) if s.a.type == "TEXT" else None
    if look is not None and not any(s.p.all(reading) for reading in READINGS):
        yield s.found(
            "other-notation",
            s.p.present,
            lambda c: c != "",
            f"Its values look like {look}, which the service does not read so; it is imported as TEXT.",
            fix=_REREAD[look].format(cell=s.cell),
        )


def _phones(s: _Subject) -> Iterator[Problem]:
    def is_other(c: pl.Expr) -> pl.Expr:
        return (c != "") & ~c.str.contains(rules.PHONE)

    if bad := tally(s.columns, s.a.position, is_other):
        yield s.found(
            "not-e164",
            bad,
            is_other,
            f"{_n(bad, 'is', 'are')} not written as a phone number is, as in +4915112345678.",
            fix=f'{s.cell} = {s.cell}.str.replace(r"[^0-9+]", "", regex=True)   # takes out spaces and dashes; '
            "the country code only you know",
        )


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
    elif s.a.written_as and s.a.written_as.has_time:
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
    if s.p.kind == "naive":
        yield s.says(
            "no-time-zone",
            "The timestamps have no time zone; they are written as they are, and the service reads them as UTC.",
            count=s.p.present,
            fix=f'{s.cell} = {s.cell}.dt.tz_localize("Europe/Berlin")   # if they are local',
        )
    elif s.a.type == "DATE" and (s.p.kind == "date" or (s.a.written_as and not s.a.written_as.has_time)):
        yield s.says(
            "date-as-timestamp",
            f"The dates are written with the time 00:00:00Z, as the file's dates are {rules.TIMESTAMP.pattern}.",
            count=s.p.present,
        )


def _predicate(s: _Subject, fact: str) -> Predicate:
    first = next(s.columns.slices([s.a.position]))
    return predicates(s.p.kind, first.to_series().dtype)[fact]


# ── the key ──────────────────────────────────────────────────────────────────────────────────────────────────


def _key(s: _Subject) -> Iterator[Problem]:
    if not s.a.key:
        return
    if s.p.missing:
        yield s.found(
            "missing-key",
            s.p.missing,
            _is_missing(s.p),
            f"{s.p.missing:,} {'row has' if s.p.missing == 1 else 'rows have'} no key.",
            fix=_without_missing(s),
        )
    if s.p.kind in ("unsupported", "empty") or (s.p.unique and s.told is told):
        return
    if count := repeats(s.columns, s.a.position, s.told).count:
        yield Problem.of(
            "duplicate-key",
            f"{count:,} {'row repeats' if count == 1 else 'rows repeat'} the key of an earlier row.",
            column=s.column,
            count=count,
            rows=s.repeated("duplicate-key"),
            fix=_without_repeats(s),
        )


def _without_repeats(s: _Subject) -> str:
    if s.told is told:
        return f"df = df.drop_duplicates(subset=[{s.a.column!r}], keep='last')   # or another key=…"
    # As texts they differ.
    return f"df = df[~pandas.to_numeric({s.cell}).duplicated(keep='last')]   # or another key=…"


def _without_missing(s: _Subject) -> str:
    if s.p.count("blank"):
        return f"df = df[{s.cell}.fillna('') != '']   # leaves them out"
    return f"df = df.dropna(subset=[{s.a.column!r}])   # leaves them out"


_PAIRED_MAX: Final = 5
"""Of so many columns every two are tried."""


def _pair(subjects: Sequence[_Subject]) -> tuple[_Subject, _Subject] | None:
    """Return two columns that identify the rows together, one of which is named as an identifier is."""
    able = [
        s
        for s in subjects
        if s.p.kind in ("text", "integer") and s.p.complete and not s.p.spaced and key_rank(s.p.name) > SHARED
    ]
    able = sorted(able, key=lambda s: -key_rank(s.p.name))[:_PAIRED_MAX]
    for one, other in combinations(able, 2):
        named = max(key_rank(one.p.name), key_rank(other.p.name)) >= IDENTIFIER
        if named and unique_together(one.columns, [one.a.position, other.a.position]):
            return one, other
    return None


def _key_of_two(problem: Problem, one: _Subject, other: _Subject) -> Problem:
    made = f'df["Key"] = {one.cell}.astype(str) + "-" + {other.cell}.astype(str)\nkey="Key"'
    return replace(
        problem,
        message=f"No column alone identifies the rows, but {one.a.column!r} and {other.a.column!r} together do.",
        fix=made,
    )
