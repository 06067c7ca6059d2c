"""What is wrong with the key, and the ways out: rows left out, or several columns that identify them together."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Final

from connect_pandas.data.key import tells_order, ways_out
from connect_pandas.data.names import (
    IDENTIFIER,
    is_quantity,
    key_rank,
    says_period,
)
from connect_pandas.data.problems import Problem, argument
from connect_pandas.data.profile import (
    SHOWN_ROWS,
    equal_rows,
    locate,
    order_open,
    repeats,
    tally,
    told,
    unique_together,
)
from connect_pandas.data.reading import looks_like
from connect_pandas.data.subject import Subject, is_missing_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    import polars as pl

    from connect_pandas.data.columns import Columns
    from connect_pandas.data.infer import Attributes


def key(s: Subject, attributes: Attributes) -> Iterator[Problem]:
    if not s.a.key or s.p.kind == "unsupported":
        return
    by = next((a.column for a in attributes if a.type == "DATE" and tells_order(str(a.column))), None)
    if s.p.missing:
        yield s.found(
            "missing-key",
            s.p.missing,
            is_missing_of(s.p),
            f"{s.p.missing:,} {'row has' if s.p.missing == 1 else 'rows have'} no key.",
            fix=ways_out(s.a.column, missing=True, repeated=False, by=None),
        )
    if s.p.kind == "empty":
        return
    if s.p.unique and s.told is told:
        yield from _alike(s)
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


def _alike(s: Subject) -> Iterator[Problem]:
    """Yield a warning where keys differ only in case, or in spaces around them."""

    def as_people_read(values: pl.Series) -> pl.Series:
        read = values.str.strip_chars().str.to_lowercase()
        return read.set(read == "", None)

    if s.p.kind != "text" or s.p.digits:
        return
    alike = repeats(s.columns, s.a.position, as_people_read)
    blank = tally(s.columns, s.a.position, _is_blank)
    if not alike.count and not blank:
        return
    rows = alike.positions or locate(s.columns, s.a.position, _is_blank)
    said = f"{alike.count:,} differ from another only in case or in spaces around them" if alike.count else ""
    empty = f"{blank:,} hold nothing but spaces" if blank else ""
    yield Problem.of(
        "similar-keys",
        f"Of its keys {' and '.join(filter(None, (said, empty)))}; they are imported as they are.",
        column=s.column,
        count=alike.count + blank,
        rows=() if s.keep else s.rows(rows[:SHOWN_ROWS]),
        fix=f"df = df.connect.repair(spaces=[{s.a.column!r}]).frame   # takes the spaces off",
    )


def _is_blank(c: pl.Expr) -> pl.Expr:
    return (c != "") & (c.str.strip_chars() == "")


def _without_repeats(s: Subject, by: Hashable | None) -> str:
    if s.told is told:
        return ways_out(s.a.column, missing=False, repeated=True, by=by)
    # As texts they differ.
    return f"df = df[~pd.to_numeric({s.cell}).duplicated(keep='last')]   # or another key=…"


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


def _together(subjects: Sequence[Subject]) -> tuple[Subject, ...]:
    """Return the smallest number of columns that identify the rows together, the best named first; or none."""
    able = [s for s in subjects if _may_be_part(s)]
    able = sorted(able, key=lambda s: -key_rank(s.p.name))[:_PAIRED_MAX]
    for size in (2, 3):
        for some in combinations(able, size):
            if _tell(some) and unique_together(some[0].columns, [s.a.position for s in some]):
                return some
    return ()


def _tell(some: Sequence[Subject]) -> bool:
    """Whether it is no chance that these columns differ together: one identifies something, or the rows are many."""
    return some[0].p.rows >= _BY_CHANCE or any(key_rank(s.p.name) >= IDENTIFIER or s.p.digits for s in some)


_BY_CHANCE: Final = 30
"""In fewer rows two columns of any kind may happen to differ together."""


def _may_be_part(s: Subject) -> bool:
    """Whether a column may be one of several that are the key together: no measure, no truth, no remark."""
    measured = is_quantity(s.p.name) and not says_period(s.p.name)
    if not s.p.complete or s.p.unique or measured or s.a.type == "BOOLEAN":
        return False
    if s.p.kind == "text":
        short = s.p.text_bytes <= _PART_BYTES * s.p.rows
        return short and not s.p.has_fraction and looks_like(s.p) is None
    return s.p.kind in ("integer", "date", "naive", "aware")


_PART_BYTES: Final = 32
"""On average; longer texts are remarks."""


def with_several(problem: Problem, subjects: Sequence[Subject]) -> Problem:
    """Return a problem of the key with what the rows say: they may be the same, or several columns identify them."""
    if problem.code not in ("no-key", "unclear-key") or not subjects:
        return problem
    if problem.code == "no-key":
        problem = _same_throughout(problem, subjects[0].columns)
    some = _together(subjects) if problem.code == "no-key" or problem.column is not None else ()
    return _key_of_several(problem, some) if some else problem


def _key_of_several(problem: Problem, some: Sequence[Subject]) -> Problem:
    labels = [s.a.column for s in some]
    named = f"{', '.join(map(repr, labels[:-1]))} and {labels[-1]!r}"
    offered = argument(f"key={labels!r}", "makes one key of them")
    return replace(
        problem,
        message=f"{problem.message} Together {named} identify the rows.",
        fix=f"{offered}\n{problem.fix}",
    )


def with_rows(problem: Problem, s: Subject) -> Problem:
    """Return a problem that was found from the facts alone with rows to look at."""
    if problem.code in ("ambiguous-date", "date-order-decided"):
        return replace(problem, rows=s.where(problem.code, order_open))
    if problem.code in ("no-key", "unclear-key", "nearly-key"):
        repeated = s.repeated(problem.code) if s.p.repeated else ()
        missing = s.where(problem.code, is_missing_of(s.p)) if s.p.missing else ()
        return replace(problem, rows=(*repeated, *missing)[:SHOWN_ROWS])
    return problem
