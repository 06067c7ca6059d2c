"""The frame against the rules: every problem at once, counted by the profile, found by the same predicates."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from connect_pandas import rules
from connect_pandas.data.columns import is_missing
from connect_pandas.data.infer import identifier_word
from connect_pandas.data.problems import Problem, Row, ordered
from connect_pandas.data.profile import READINGS, SPECIAL, locate, order_open, predicates, repeats, tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connect_pandas.data.columns import Columns
    from connect_pandas.data.infer import Attribute, Attributes
    from connect_pandas.data.profile import Predicate, Profile
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
    by_name = {s.column: s for s in subjects}
    found = [_with_rows(problem, by_name.get(problem.column or "")) for problem in attributes.problems]
    found += _names(columns, attributes)
    for s in subjects:
        found += [*_values(s), *_times(s, attributes.form), *_key(s)]
    return ordered(found)


# ── saying where ─────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Subject:
    """One column and what it becomes."""

    columns: Columns
    p: Profile
    a: Attribute

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
        rows = self.rows(locate(self.columns, self.a.position, predicate))
        return Problem.of(code, message, column=self.column, count=count, rows=rows, fix=fix)

    def rows(self, positions: Sequence[int]) -> tuple[Row, ...]:
        values = self.columns.items[self.a.position].values(positions)
        return tuple(Row(*self.columns.row(i), value) for i, value in zip(positions, values, strict=True))


def _with_rows(problem: Problem, s: _Subject | None) -> Problem:
    """Return a problem of day and month, found from the facts alone, with rows to look at."""
    if s is None or problem.code not in ("ambiguous-date", "date-order-decided"):
        return problem
    return replace(problem, rows=s.rows(locate(s.columns, s.a.position, order_open)))


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
        yield from _same_names(same)


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
            fix=f"names={{{a.column!a}: {better!r}}}",
        )
    elif a.name != a.name.strip():
        yield Problem.of(
            "name-spaces",
            f"The name begins or ends with a space: {a.name!r}. It is imported as it is.",
            column=column,
            fix=f"names={{{a.column!r}: {a.name.strip()!r}}}",
        )


def _is_unnamed(a: Attribute) -> bool:
    if _renamed(a):
        return False
    if isinstance(a.column, str):
        return not a.column.strip() or re.fullmatch(r"Unnamed: [0-9]+(_level_[0-9]+)?", a.column) is not None
    return is_missing(a.column)


def _same_names(same: Sequence[Attribute]) -> Iterator[Problem]:
    """Yield what is wrong with attributes whose names are the same but for upper and lower case."""
    by_name: dict[str, list[Attribute]] = {}
    for a in same:
        by_name.setdefault(a.name, []).append(a)
    for name, twins in by_name.items():
        if len(twins) > 1:
            yield _twins(name, twins)
    if len(by_name) > 1:
        names = ", ".join(map(repr, by_name))
        yield Problem.of(
            "similar-names",
            f"The names {names} differ only in case.",
            column=str(same[0].column),
            count=len(same),
        )


def _twins(name: str, twins: Sequence[Attribute]) -> Problem:
    if any(map(_renamed, twins)):
        labels = ", ".join(repr(a.column) for a in twins)
        message, fix = (
            f"{labels} get the same name {name!r}.",
            f"names={{{twins[-1].column!r}: …}}   # another name",
        )
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
    ("list", "df = df.explode({column})   # or {cell} = {cell}.map('; '.join)"),
    ("bytes", "{cell} = {cell}.str.decode('utf-8')"),
    ("time zone", "{cell} = pandas.to_datetime({cell}, utc=True)   # if those without a zone are UTC"),
)
"""A word of what a column holds → what makes of it something that an attribute can hold."""


def _unsupported(s: _Subject) -> Problem:
    series = s.columns.items[s.a.position].series
    present = series.notna().to_numpy()
    fix = next(
        (line for word, line in _CONVERT if word in s.p.detail),
        "{cell} = {cell}.astype(str)   # if text will do",
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
        f"It holds {held.get(s.p.kind, 'dates')}, and you chose {s.a.type}.",
        fix=f'types={{{s.a.column!r}: "TEXT"}}   # or leave it away to have it inferred; or convert the column',
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
        yield from _nearly(s)


def _not_all(s: _Subject, reading: str, what: str) -> Iterator[Problem]:
    # A reading is counted only where the first values show a sign of it; a type that the user chose may show none.
    holds = s.p.facts[reading] if reading in s.p.facts else tally(s.columns, s.a.position, READINGS[reading])
    if bad := s.p.present - holds:
        yield s.found(
            _NOT_A[s.a.type],
            bad,
            _is_not(READINGS[reading]),
            f"{_n(bad, 'is', 'are')} {what}.",
            fix=f'types={{{s.a.column!r}: "TEXT"}}   # imports it as text; or put the values right',
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
    asked = f'date_format="{rules.TIMESTAMP.pattern}"'
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
            (lambda c: c.is_null() | (c == "")) if s.p.kind == "text" else (lambda c: c.is_null()),
            f"{s.p.missing:,} {'row has' if s.p.missing == 1 else 'rows have'} no key.",
            fix=_without_missing(s),
        )
    if s.p.kind in ("unsupported", "empty") or s.p.unique:
        return
    same = repeats(s.columns, s.a.position)
    if same.count:
        yield Problem.of(
            "duplicate-key",
            f"{same.count:,} {'row repeats' if same.count == 1 else 'rows repeat'} the key of an earlier row.",
            column=s.column,
            count=same.count,
            rows=s.rows(same.positions),
            fix=f"df = df.drop_duplicates(subset=[{s.a.column!r}], keep='last')   # or another key=…",
        )


def _without_missing(s: _Subject) -> str:
    if s.p.count("blank"):
        return f"df = df[{s.cell}.fillna('') != '']   # leaves them out"
    return f"df = df.dropna(subset=[{s.a.column!r}])   # leaves them out"
