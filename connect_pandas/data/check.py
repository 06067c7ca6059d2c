"""The frame against the rules: every problem at once, counted by the profile, found by the same predicates."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from connect_pandas import rules
from connect_pandas.data.check_dates import dates_in_text, days_as_numbers, times
from connect_pandas.data.check_key import key, with_rows, with_several
from connect_pandas.data.check_values import values
from connect_pandas.data.columns import is_missing
from connect_pandas.data.problems import CODES, Problem, argument, ordered
from connect_pandas.data.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from connect_pandas.data.columns import Columns
    from connect_pandas.data.infer import Attribute, Attributes
    from connect_pandas.data.profile import Profile


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
    subjects = [Subject(columns, profiles[a.position], a) for a in attributes]
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

    subjects = [Subject(columns, profiles[a.position], a, keep) for a in attributes]
    for s in subjects:
        list(_of(s, attributes))
    by_name = {s.column: s for s in reversed(subjects)}
    for problem in attributes.problems:
        if problem.column in by_name:
            with_rows(problem, by_name[problem.column])
    if not wrong:
        return pd.Series(index=pd.Index([], dtype="int64"), dtype="str")
    said = pl.concat(
        pl.DataFrame({"row": np.unique(np.concatenate(rows)), "said": f"{column}: {code}"})
        for (column, code), rows in wrong.items()
    )
    joined = said.group_by("row", maintain_order=True).agg(pl.col("said").str.join("; ")).sort("row")
    return pd.Series(joined["said"].to_list(), index=joined["row"].to_numpy(), dtype="str")


def _of(s: Subject, attributes: Attributes) -> Iterator[Problem]:
    """Yield what is wrong with one column."""
    if not s.columns.items[s.a.position].parts:  # of which each is looked at itself
        yield from values(s)
        yield from dates_in_text(s)
        yield from days_as_numbers(s)
        yield from times(s, attributes.form)
    yield from key(s, attributes)


def _inferred(subjects: Sequence[Subject], attributes: Attributes) -> Iterator[Problem]:
    """Yield the problems that were found from the facts alone, with what only the rows can add."""
    by_name = {s.column: s for s in reversed(subjects)}
    for problem in attributes.problems:
        s = by_name.get(problem.column) if problem.column is not None else None
        if s is not None:
            yield with_several(with_rows(problem, s), subjects)
        else:
            yield with_several(problem, subjects)


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
        fix='df.columns = [f"Column {i}" for i in range(1, len(df.columns) + 1)]   # or read_csv(…, header=0)',
    )


def _name(a: Attribute) -> Iterator[Problem]:
    column = str(a.column)
    if not a.name.strip() and _renamed(a):
        yield Problem.of("column-name", "The name that you gave it is empty.", column=column)
    elif _is_unnamed(a):
        made = f"Column {a.position + 1}"
        named = f"df = df.rename(columns={{{a.column!r}: {made!r}}})   # or another name"
        drop = f"df = df.drop(columns=[{a.column!r}])   # if it is left over, as an index in a file is"
        every = (
            'df.columns = [c if isinstance(c, str) else f"Column {i}" for i, c in enumerate(df.columns, 1)]'
        )
        yield Problem.of(
            "unnamed-column",
            f"A column has no name of its own ({a.column!r}).",
            column=column,
            fix=f"{named}\n{drop}" if isinstance(a.column, str) else every,
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
        fix = (
            "n = df.columns.to_series().groupby(df.columns).cumcount()\n"
            'df.columns = [f"{c} {i + 1}" if i else c for c, i in zip(df.columns, n)]   # numbers the later ones\n'
            "df = df.loc[:, ~df.columns.duplicated()]   # or keeps the first alone"
        )
    return Problem.of("duplicate-column", message, column=str(twins[0].column), count=len(twins), fix=fix)
