"""What is wrong with the key, and the ways out: rows left out, or several columns that identify them together."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from math import prod
from typing import TYPE_CHECKING, Final

from connect_pandas.data.drops import tells_last
from connect_pandas.data.key import could_come_near, tells_order, ways_out
from connect_pandas.data.names import (
    IDENTIFIER,
    is_quantity,
    key_rank,
    says_period,
)
from connect_pandas.data.problems import Problem, argument, as_code, either, line, repaired, ways_of
from connect_pandas.data.profile import (
    equal_rows,
    order_open,
    repeats,
    tally,
    told,
    unique_together,
)
from connect_pandas.data.reading import looks_like
from connect_pandas.data.subject import By, Finding, Subject, is_missing_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Sequence

    import polars as pl

    from connect_pandas.data.infer import Attribute, Attributes


def key(s: Subject, attributes: Attributes) -> Iterator[Finding]:
    if not s.a.key or s.p.kind == "unsupported":
        return
    if s.p.missing:
        yield s.found(
            "missing-key",
            s.p.missing,
            is_missing_of(s.p),
            f"{s.p.missing:,} {'row has' if s.p.missing == 1 else 'rows have'} no key.",
            fix=ways_out(s.a.column, missing=s.p.missing, repeated=0, by=None),
        )
    if s.p.kind == "empty":
        return
    if s.p.unique and s.told is told:
        yield from _alike(s)
        return
    if count := repeats(s.columns, s.a.position, s.told).count:
        equal = equal_rows(s.columns)
        # Rows without a key may be equal, too; how many of them are is not known.
        others = count if s.p.missing else count - equal
        problem = Problem.of(
            "duplicate-key",
            f"{count:,} {'row repeats' if count == 1 else 'rows repeat'} the key of an earlier row.",
            column=s.column,
            count=count,
            fix=_without_repeats(s, others, attributes) if others else "",
        )
        yield Finding(_same_throughout(problem, equal), s, s.repeated)


def _alike(s: Subject) -> Iterator[Finding]:
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
    said = f"{alike.count:,} differ from another only in case or in spaces around them" if alike.count else ""
    empty = f"{blank:,} hold nothing but spaces" if blank else ""
    yield s.at(
        "similar-keys",
        alike.count + blank,
        (lambda limit: alike.positions[:limit]) if alike.count else s.where(_is_blank),
        f"Of its keys {' and '.join(filter(None, (said, empty)))}; they are imported as they are.",
        by=By("spaces", "takes the spaces off"),
    )


def _is_blank(c: pl.Expr) -> pl.Expr:
    return (c != "") & (c.str.strip_chars() == "")


def _without_repeats(s: Subject, count: int, attributes: Attributes) -> str:
    if s.told is told:
        by = _latest(attributes)
        label = by.column if by and _tells_last(s, by) else None
        return ways_out(s.a.column, missing=0, repeated=count, by=label)
    # As texts they differ.
    return line(f"df = df[~pd.to_numeric({s.cell}).duplicated(keep='last')]", "keeps the last of each")


def _latest(attributes: Attributes) -> Attribute | None:
    """Return the dates that may tell which of two rows is the later one."""
    return next((a for a in attributes if a.type == "DATE" and tells_order(str(a.column))), None)


def _tells_last(s: Subject, by: Attribute) -> bool:
    return tells_last(s.item, s.columns.items[by.position], s.repeated(None))


def _same_throughout(problem: Problem, equal: int, nearest: Hashable | None = None) -> Problem:
    """Return a problem of rows that share their key with what the rows say: some may be the same throughout.

    Parameters
    ----------
    problem : Problem
        Its count is that of the rows in the way of the key, or of the column that comes nearest.
    equal : int
        How many rows are the same as an earlier one.
    nearest : hashable, optional
        That column, where there is no key.
    """
    if not equal:
        return problem
    said = f"{equal:,} {'row is' if equal == 1 else 'rows are'} the same as an earlier one throughout."
    then = "" if nearest is None else f"; then {_say_still(problem.count - equal, nearest)}"
    drop = repaired(
        "columns=[], drop_duplicates=True", f"leaves those out that are the same throughout{then}"
    )
    # Where the key is known, what else repeats it is looked at next.
    both = "\n".join(filter(None, (drop, problem.fix)))
    fix = either(drop, problem.fix) if problem.code == "no-key" else both
    return replace(problem, message=f"{problem.message} {said}", fix=fix)


def _say_still(left: int, label: Hashable) -> str:
    """Say what a way out that is not the whole way leads to."""
    if not left:
        return f"{as_code(label)} has a different value in every row"
    return f"{left:,} {'row is' if left == 1 else 'rows are'} still in the way of {as_code(label)}"


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
    """Whether it is no chance that these columns differ together.

    One of them identifies something, or the rows are many, or every value of the one stands once beside every value of
    the others, as in a row for each shop and day.
    """
    rows = some[0].p.rows
    if rows >= _BY_CHANCE or any(key_rank(s.p.name) >= IDENTIFIER or s.p.digits for s in some):
        return True
    return rows >= _CROSSED and rows == prod(rows - repeats(s.columns, s.a.position).count for s in some)


_BY_CHANCE: Final = 30
"""In fewer rows two columns of any kind may happen to differ together."""
_CROSSED: Final = 6
"""In fewer rows any two columns are soon crossed."""


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
    some = _together(subjects) if problem.code == "no-key" or problem.column is not None else ()
    if problem.code == "no-key":
        nearest = next((s.a.column for s in subjects if s.column == problem.column), None)
        if nearest is None and not some and (found := _nearest(subjects)):
            nearest, problem = found[0].a.column, _with_the_nearest(problem, *found)
        problem = _same_throughout(problem, equal_rows(subjects[0].columns), nearest)
    return _key_of_several(problem, some) if some else problem


def _nearest(subjects: Sequence[Subject]) -> tuple[Subject, int] | None:
    """Return the column that the fewest rows keep from being the key, and in how many its value has occurred before.

    Of those that are as near the best named; none where more than half of the rows are in its way.
    """
    able = [s for s in subjects if s.p.present and could_come_near(s.p, s.a.type)]
    able = sorted(able, key=lambda s: -key_rank(s.p.name))[:_NEAREST_MAX]
    found = [(s, repeats(s.columns, s.a.position, s.told).count) for s in able]
    s, repeated = min(found, key=lambda one: one[0].p.missing + one[1], default=(None, 0))
    return (s, repeated) if s is not None and (s.p.missing + repeated) * 2 <= s.p.rows else None


_NEAREST_MAX: Final = 20
"""So many columns are looked at for it."""


def _with_the_nearest(problem: Problem, s: Subject, repeated: int) -> Problem:
    """Return a problem that nothing is the key with the column that comes nearest, although its name says nothing."""
    lacks = [f"{repeated:,} {'repeats' if repeated == 1 else 'repeat'} an earlier value"] if repeated else []
    lacks += [f"{s.p.missing:,} {'has' if s.p.missing == 1 else 'have'} none"] if s.p.missing else []
    which = argument(f"key={as_code(s.a.column)}", "shows the rows in its way")
    return replace(
        problem,
        message=f"{problem.message} {s.a.column!r} comes nearest: of {s.p.rows:,} rows {' and '.join(lacks)}.",
        count=repeated + s.p.missing,
        fix=either(which, *ways_of(problem.fix)[1:]),
    )


def _key_of_several(problem: Problem, some: Sequence[Subject]) -> Problem:
    labels = [s.a.column for s in some]
    named = f"{', '.join(map(repr, labels[:-1]))} and {labels[-1]!r}"
    offered = argument(f"key=[{', '.join(map(as_code, labels))}]", "makes one key of them")
    return replace(
        problem,
        message=f"{problem.message} Together {named} identify the rows.",
        fix=either(offered, problem.fix),
    )


def with_rows(problem: Problem, s: Subject | None, attributes: Attributes) -> Finding:
    """Return a problem that was found from the facts alone with what the rows of its column say."""
    if s is None:
        return Finding(problem)
    if problem.code in ("ambiguous-date", "date-order-decided"):
        return Finding(problem, s, s.where(order_open))
    if problem.code in ("no-key", "unclear-key", "nearly-key"):
        return Finding(_with_a_last(problem, s, attributes), s, lambda limit: [*_lacking(s, limit)][:limit])
    return Finding(problem)


def _with_a_last(problem: Problem, s: Subject, attributes: Attributes) -> Problem:
    """Return a problem whose first way out keeps the latest rows, where dates tell which these are."""
    by = _latest(attributes)
    if by is None or not s.p.repeated or not _tells_last(s, by):
        return problem
    latest = ways_out(s.a.column, missing=s.p.missing, repeated=s.p.repeated, by=by.column)
    return replace(problem, fix=either(latest, *ways_of(problem.fix)[1:]))


def _lacking(s: Subject, limit: int | None) -> Iterator[int]:
    """Yield the rows that keep a column from being the key."""
    if s.p.repeated:
        yield from s.repeated(limit)
    if s.p.missing:
        yield from s.where(is_missing_of(s.p))(limit)
