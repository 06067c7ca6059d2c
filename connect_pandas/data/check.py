"""The frame against the rules: every problem at once, counted by the profile, found by the same predicates."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from connect_pandas import rules
from connect_pandas.data.check_dates import dates_in_text, days_as_numbers, times
from connect_pandas.data.check_key import key, with_rows, with_several
from connect_pandas.data.check_values import values
from connect_pandas.data.columns import is_missing
from connect_pandas.data.problems import Problem, argument, as_code, either, line, ordered
from connect_pandas.data.subject import Finding, Subject

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
    codes: Counter[str] = Counter()
    found: list[Problem] = []
    for finding in _findings(subjects, attributes):
        codes[finding.problem.code] += 1
        found.append(finding.shown(asked=codes[finding.problem.code] <= _OFFERED))
    found = [*_names(columns, attributes), *(with_several(problem, subjects) for problem in found)]
    return ordered(_reachable(problem, columns) for problem in found)


_OFFERED: Final = 20
"""In so many columns with the same problem a repair is asked what it would do; in more, one line is for all of them."""


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
    subjects = [Subject(columns, profiles[a.position], a) for a in attributes]
    for finding in _findings(subjects, attributes):
        problem = finding.problem
        if problem.severity == "error" and finding.subject is not None:
            rows = np.asarray(finding.where(None), dtype=np.int64)
            wrong.setdefault((finding.subject.column, problem.code), []).append(rows)
    said = [
        pl.DataFrame({"row": np.unique(np.concatenate(rows)), "said": f"{column}: {code}"})
        for (column, code), rows in wrong.items()
    ]
    if not said:
        return pd.Series(index=pd.Index([], dtype="int64"), dtype="str")
    joined = (
        pl.concat(said).group_by("row", maintain_order=True).agg(pl.col("said").str.join("; ")).sort("row")
    )
    return pd.Series(joined["said"].to_list(), index=joined["row"].to_numpy(), dtype="str")


def _findings(subjects: Sequence[Subject], attributes: Attributes) -> Iterator[Finding]:
    """Yield what is wrong with the columns: first what was found from the facts alone, then what the values say."""
    by_name = {s.column: s for s in reversed(subjects)}
    for problem in attributes.problems:
        yield with_rows(problem, by_name.get(problem.column or ""), attributes)
    for s in subjects:
        if not s.item.parts:  # of which each is looked at itself
            yield from values(s)
            yield from dates_in_text(s)
            yield from days_as_numbers(s)
            yield from times(s, attributes.form)
        yield from key(s, attributes)


def _reachable(problem: Problem, columns: Columns) -> Problem:
    """Return a problem of an index, or of no column, with lines that find the index among the columns."""
    levels = {str(name) for name in columns.index.names if name is not None}
    of_index = problem.column in levels and problem.code not in (
        "duplicate-column",
        "column-name",
        "name-spaces",
    )
    if levels and "df" in problem.fix and (of_index or problem.code == "no-key"):
        first = line("df = df.reset_index()", "makes a column of the index")
        return replace(problem, fix=f"{first}\n{problem.fix}")
    return problem


# ── names ────────────────────────────────────────────────────────────────────────────────────────────────────

# A byte-order mark in a name is left over from a file that was read as plain UTF-8.
_NOT_IN_A_NAME: Final = re.compile(rf"{rules.LINE_BREAK}|{rules.CONTROL_CHARACTER}|[\t\ufeff\ud800-\udfff]")


def _names(columns: Columns, attributes: Attributes) -> Iterator[Problem]:
    numbered = [a for a in attributes if columns.numbered and isinstance(a.column, int) and not _renamed(a)]
    if numbered:
        yield _numbered(numbered)
    known = {a.position for a in numbered}
    by_name: dict[str, list[Attribute]] = {}
    for a in attributes:
        if a.position not in known:
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
        fix=either(
            'df.columns = [f"Column {i}" for i in range(1, len(df.columns) + 1)]',
            line('df = pd.read_csv("…", header=0)', "if the names stand in the first line"),
        ),
    )


def _name(a: Attribute) -> Iterator[Problem]:
    column = str(a.column)
    if not a.name.strip() and _renamed(a):
        yield Problem.of("column-name", "The name that you gave it is empty.", column=column)
    elif _is_unnamed(a):
        made = f"Column {a.position + 1}"
        named = line(f"df = df.rename(columns={{{a.column!r}: {made!r}}})", "any other name will do")
        drop = line(f"df = df.drop(columns=[{a.column!r}])", "if it is left over, as an index in a file is")
        every = (
            'df.columns = [c if isinstance(c, str) else f"Column {i}" for i, c in enumerate(df.columns, 1)]'
        )
        yield Problem.of(
            "unnamed-column",
            f"A column has no name of its own ({a.column!r}).",
            column=column,
            fix=either(named, drop) if isinstance(a.column, str) else every,
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
            fix=argument(f"names={{{as_code(a.column)}: {a.name.strip()!r}}}"),
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
            fix=argument(f'names={{{as_code(same[-1].column)}: "…"}}', "another name"),
        )


def _twins(name: str, twins: Sequence[Attribute], columns: Columns) -> Problem:
    if any(map(_renamed, twins)):
        labels = ", ".join(repr(a.column) for a in twins)
        message, fix = (
            f"{labels} get the same name {name!r}.",
            argument(f'names={{{as_code(twins[-1].column)}: "…"}}', "another name"),
        )
    elif twins[0].position < sum(level is not None for level in columns.index.names):
        message = f"The index and a column are both named {name!r}; attributes need names of their own."
        fix = either(
            line(f"df = df.drop(columns=[{as_code(twins[0].column)}])", "keeps the index"),
            line("df = df.reset_index(drop=True)", "keeps the column"),
        )
    else:
        message = f"{len(twins)} columns are named {name!r}; attributes need names of their own."
        count = "n = df.columns.to_series().groupby(df.columns).cumcount()"
        numbers = 'df.columns = [f"{c} {i + 1}" if i else c for c, i in zip(df.columns, n)]'
        fix = either(
            f"{line(count, 'numbers the later ones')}\n{numbers}",
            line("df = df.loc[:, ~df.columns.duplicated()]", "keeps the first alone"),
        )
    return Problem.of("duplicate-column", message, column=str(twins[0].column), count=len(twins), fix=fix)
