"""What can be put right without a doubt: a new frame, and a log of every change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import polars as pl

from connect_pandas import rules
from connect_pandas.data.columns import Columns, column_of, read
from connect_pandas.data.profile import SPECIAL

if TYPE_CHECKING:
    from connect_pandas.data.problems import Problem

Mend = Callable[[pl.Expr], pl.Expr]

RULES: Final[dict[str, Mend]] = {
    "line-break": lambda c: c.str.replace_all(r"[\r\n]+", " "),
    # Tabs and page breaks of another time, and the line ends of other systems, keep words apart.
    "control-character": lambda c: c.str.replace_all(r"[\x0B\x0C\u0085\u2028\u2029]+", " ").str.replace_all(
        rules.CONTROL_CHARACTER, ""
    ),
}
"""Problem code → what puts a text right whose meaning does not change by it."""


@dataclass(frozen=True)
class Repair:
    """A repaired frame and what was changed in it.

    Attributes
    ----------
    frame : pandas.DataFrame
        A new frame; the original is as it was.
    changes : pandas.DataFrame
        One row a change: ``column``, ``row`` (the label), ``before``, ``after``, ``rule``.
    left : tuple of Problem
        The errors that the frame still has: what only its owner can decide.
    """

    frame: pd.DataFrame
    changes: pd.DataFrame
    left: tuple[Problem, ...]

    def __repr__(self) -> str:
        by_rule = self.changes.groupby("rule", sort=False).size()
        done = ", ".join(f"{n:,} × {rule}" for rule, n in by_rule.items()) or "nothing to change"
        left = f"\nleft: {'; '.join(f'{p.column}: {p.code}' for p in self.left)}" if self.left else ""
        return f"<Repair of {len(self.frame):,} rows: {done}>{left}"


def repair(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a repaired copy of a frame, and the table of changes."""
    columns = read(frame)
    levels = len(columns.items) - frame.shape[1]
    repaired = frame.copy(deep=False)
    log = [_NO_CHANGES]
    for place, column in enumerate(columns.items[levels:]):
        for rule, mend in RULES.items() if column.kind == "text" else ():
            changed = _changes(repaired, place, rule, mend)
            if len(changed):
                repaired.isetitem(place, _with(repaired.iloc[:, place], changed))  # type: ignore[arg-type]
                log.append(changed.assign(column=column.name, rule=rule))
    changes = pd.concat(log, ignore_index=True)
    labels = columns.index[changes["position"].to_numpy(dtype="int64")]
    return repaired, changes.assign(row=labels)[["column", "row", "before", "after", "rule"]]


_NO_CHANGES: Final = pd.DataFrame(
    {"position": pd.Series(dtype="int64")}
    | {n: pd.Series(dtype="str") for n in ("before", "after", "column", "rule")}
)


def _changes(frame: pd.DataFrame, place: int, rule: str, mend: Mend) -> pd.DataFrame:
    column = column_of(frame.columns[place], frame.iloc[:, place])
    found = [_NO_CHANGES, *_found(Columns((column,), frame.index, ()), rule, mend)]
    return pd.concat(found, ignore_index=True)


def _found(columns: Columns, rule: str, mend: Mend) -> Iterator[pd.DataFrame]:
    start, c = 0, pl.col("0")
    for part in columns.slices([0]):
        # A text with half a surrogate pair cannot be shown to Polars as it is, so it is left to its owner.
        rows = part.with_row_index("position", offset=start).filter(
            SPECIAL[rule](c) & ~SPECIAL["lone-surrogate"](c)
        )
        made = rows.select(pl.col("position").cast(pl.Int64), c.alias("before"), mend(c).alias("after"))
        if made.height:
            yield pd.DataFrame({name: made[name].to_list() for name in made.columns})
        start += part.height


def _with(series: pd.Series[Any], changed: pd.DataFrame) -> pd.Series[Any]:
    values = series.astype(object)
    values.iloc[changed["position"].to_numpy()] = changed["after"].to_numpy(dtype=object)
    return values.astype(_dtype_with(series.dtype, changed))


def _dtype_with(dtype: Any, changed: pd.DataFrame) -> Any:
    """Return the dtype that holds the mended texts: that of categories is made of their values."""
    if not isinstance(dtype, pd.CategoricalDtype):
        return dtype
    after = dict(zip(changed["before"], changed["after"], strict=True))
    return pd.CategoricalDtype(list(dict.fromkeys(after.get(c, c) for c in dtype.categories)), dtype.ordered)
