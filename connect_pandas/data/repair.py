"""What can be put right: a new frame, a log of every change, and what was left alone with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, cycle, islice
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from connect_pandas.data.asked import ROW_RULES, settled
from connect_pandas.data.columns import column_of, read
from connect_pandas.data.drops import DROPS, key_columns, key_name
from connect_pandas.data.held import unwrapped
from connect_pandas.data.mend_rules import RULES, found
from connect_pandas.data.mends import Doubt, Mend, Seen
from connect_pandas.data.problems import NAME, as_code, show

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connect_pandas.data.asked import Asked
    from connect_pandas.data.problems import Problem


@dataclass(frozen=True, repr=False)
class Repair:
    """A repaired frame and what was changed in it. It shows itself.

    Attributes
    ----------
    frame : pandas.DataFrame
        A new frame; the original is as it was. Columns without a change share its memory.
    changes : pandas.DataFrame
        One row a change, in the order in which they were made: ``column``, ``row`` (the label), ``before``, ``after``,
        ``rule``. Its index is the row's position in the original, counted from 0. A dropped row stands there with its
        key as ``before`` and nothing as ``after``.
    left : tuple of Problem
        The errors that the frame still has: what only its owner can decide.
    doubts : tuple of Doubt
        What the rules found and left alone, each with the reason.
    key : object
        What identifies a row, as a plan takes it: a label or a list of them; ``None`` where none was given.
    """

    frame: pd.DataFrame
    changes: pd.DataFrame
    left: tuple[Problem, ...]
    doubts: tuple[Doubt, ...] = ()
    key: Any = None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from connect_pandas.notebook.display import bundle

        return bundle(self)

    def __repr__(self) -> str:
        from connect_pandas.notebook.display import text

        return text(self)


_SHOWN: Final = 20
"""How many changes a repr shows."""


def title(repair: Repair) -> str:
    """Return in one line what was done."""
    rows, columns = repair.frame.shape
    rules = repair.changes["rule"]
    dropped = int(rules.isin(ROW_RULES).sum())
    counts = ((len(rules) - dropped, "value", "changed"), (dropped, "row", "dropped"))
    said = [f"{n:,} {what}{'' if n == 1 else 's'} {done}" for n, what, done in counts if n]
    return f"Repair: {rows:,} rows × {columns:,} columns, {', '.join(said) or 'nothing to change'}"


def done(changes: pd.DataFrame) -> Iterator[tuple[str, str, str, str]]:
    """Yield for each column and rule how many values it has changed, and the first of them, as text."""
    counts = changes.groupby(["column", "rule"])["rule"].transform("size")
    firsts = changes.assign(count=counts).drop_duplicates(["column", "rule"]).drop(columns="row")
    for column, before, after, rule, count in firsts.head(_SHOWN).itertuples(index=False):
        example = show(before) if rule in ROW_RULES else f"{show(before)} → {show(after)}"
        yield column, rule, f"{count:,}", example
    if len(firsts) > _SHOWN:
        yield "", "others", f"{int(firsts['count'].iloc[_SHOWN:].sum()):,}", "in .changes"


def verdict(repair: Repair) -> str:
    """Return what comes next, as the line to write."""
    if repair.left:
        count = "1 error" if len(repair.left) == 1 else f"{len(repair.left)} errors"
        return f"not ready: {count} left; df = repair.frame keeps what was put right"
    parts = [", ".join(map(as_code, repair.key))] if isinstance(repair.key, list) else []
    key = "" if repair.key is None else f", key={f'[{parts[0]}]' if parts else as_code(repair.key)}"
    return f"ready: df = repair.frame, then df.connect.plan({NAME}{key})"


# ── putting right ────────────────────────────────────────────────────────────────────────────────────────────────


def repair(
    frame: pd.DataFrame, given: Mapping[str, Any]
) -> tuple[pd.DataFrame, pd.DataFrame, tuple[Doubt, ...]]:
    """Return a repaired frame, the table of changes, and what was left alone.

    Parameters
    ----------
    frame : pandas.DataFrame
    given : mapping
        The keywords of :func:`connect_pandas.repair`.

    Raises
    ------
    PlanError
        With every mistake in ``given`` at once, or when ``frame`` is not a DataFrame.
    """
    columns = read(frame)
    asked = settled(given, columns, frame)
    made = frame.copy(deep=False)
    places = np.arange(len(frame))
    log: list[_Changed] = []
    while True:
        doubts = list(_columns_repaired(made, places, asked, log))
        fewer, places, more = _rows_dropped(made, places, asked, log)
        if len(fewer) == len(made):
            break
        made = fewer  # which may prove what all of the rows did not
    return made, _table(log, columns.index), (*doubts, *more)


def key_of(frame: pd.DataFrame, given: Any) -> Any:
    """Return the key of a repair as a plan takes it: several columns stand in a list."""
    several = isinstance(given, tuple) and read(frame).find(given) is None
    return list(given) if several else given


@dataclass(frozen=True, slots=True)
class _Changed:
    """Values that one rule has changed in one column, or rows that it has dropped."""

    column: str
    rule: str
    places: np.ndarray[Any, Any]
    before: np.ndarray[Any, Any]
    after: np.ndarray[Any, Any]


def _table(log: Sequence[_Changed], index: pd.Index[Any]) -> pd.DataFrame:
    def joined(arrays: Sequence[np.ndarray[Any, Any]], dtype: Any) -> np.ndarray[Any, Any]:
        return np.concatenate([np.empty(0, dtype), *arrays])

    lengths = [len(c.places) for c in log]
    places = joined([c.places for c in log], np.int64)
    said = {
        name: np.repeat(np.array([getattr(c, name) for c in log], dtype=object), lengths)
        for name in ("column", "rule")
    }
    return pd.DataFrame(
        {
            "column": pd.Series(said["column"], dtype="str"),
            "row": index[places].to_series(index=pd.RangeIndex(len(places))),
            "before": pd.Series(joined([c.before for c in log], object), dtype=object),
            "after": pd.Series(joined([c.after for c in log], object), dtype=object),
            "rule": pd.Series(said["rule"], dtype="str"),
        },
    ).set_axis(pd.Index(places, name="position"))


def _columns_repaired(
    frame: pd.DataFrame, places: np.ndarray[Any, Any], asked: Asked, log: list[_Changed]
) -> Iterator[Doubt]:
    """Put the columns of a frame right, in it; yield what is left alone."""
    if isinstance(frame.columns, pd.MultiIndex):
        return
    yield from _index_left(frame, asked)
    for position, label in enumerate(frame.columns):
        seen = Seen(column_of(label, frame.iloc[:, position]), frame.index)
        names = [name for name in RULES if _is_on(name, position, asked)]
        doubts: dict[str, list[Doubt]] = {}
        taken: list[Doubt] = []
        unchanged = 0
        # What one rule makes, another may read: until all have looked at the column as it is, as the next repair will.
        for name in islice(cycle(names), len(names) * len(RULES)):
            made, doubts[name] = _first_change(seen, name, asked)
            if made is not None:
                series, rows, granted = made
                taken += granted
                values = _values(seen.column.series, rows), _values(series, rows)
                log.append(_Changed(seen.column.name, name, places[rows], *values))
                frame.isetitem(position, series)  # type: ignore[arg-type]
                seen = Seen(column_of(label, series), frame.index)
            unchanged = unchanged + 1 if made is None else 0
            if unchanged == len(names):
                break
        yield from chain(taken, *(doubts[name] for name in names))


def _first_change(
    seen: Seen, name: str, asked: Asked
) -> tuple[tuple[pd.Series[Any], np.ndarray[Any, Any], list[Doubt]] | None, list[Doubt]]:
    """Return what the first mend of a rule makes of a column, and its doubts so far: it is asked again after that.

    What the mend took for granted is said once, with it: the column that it makes does not tell any more.
    """
    doubts: list[Doubt] = []
    for one in found(name, seen, asked):
        if isinstance(one, Doubt):
            doubts.append(one)
        elif (made := _put_right(seen, one)) is not None:
            return (*made, [one.taken] if one.taken else []), doubts
    return None, doubts


def _is_on(rule: str, position: int, asked: Asked) -> bool:
    return rule in asked.scopes and position in asked.scopes[rule].positions


def _index_left(frame: pd.DataFrame, asked: Asked) -> Iterator[Doubt]:
    """Yield what the rules would change in a named index, which stays as it is."""
    for level, label in enumerate(frame.index.names):
        if label is None:
            continue
        values = frame.index.get_level_values(level).to_series(index=frame.index)
        seen = Seen(column_of(label, values), frame.index)
        for name in (name for name, scope in asked.scopes.items() if scope.everywhere):
            mends = (f for f in found(name, seen, asked) if isinstance(f, Mend))
            for _, rows in filter(None, (_put_right(seen, mend) for mend in mends)):
                line = "df = df.reset_index()   # makes a column of it"
                yield Doubt(
                    name, str(label), len(rows), "an index is not changed", values.iloc[rows[0]], line
                )


def _values(series: pd.Series[Any], rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return _settable(series).iloc[rows].to_numpy(dtype=object)


def _put_right(seen: Seen, mend: Mend) -> tuple[pd.Series[Any], np.ndarray[Any, Any]] | None:
    """Return a column put right, and the positions of the values that have changed; ``None`` without any."""
    parts = list(mend.changed(seen.columns))
    if not parts:
        return None
    changed, series = pl.concat(parts), seen.column.series
    rows = changed["row"].to_numpy()
    if mend.dtype is not None:
        return _as_dtype(series, changed["after"], mend.dtype), rows[series.notna().to_numpy()]
    return _with(series, rows, changed["after"]), rows


def _as_dtype(series: pd.Series[Any], after: pl.Series, dtype: str) -> pd.Series[Any]:
    made = pd.Series(pd.arrays.ArrowExtensionArray(after.to_arrow()), index=series.index, name=series.name)
    if dtype.endswith(", UTC]"):
        return made.astype("datetime64[us]").dt.tz_localize("UTC")
    return made.astype(dtype)  # type: ignore[call-overload, no-any-return]


def _with(series: pd.Series[Any], rows: np.ndarray[Any, Any], after: pl.Series) -> pd.Series[Any]:
    """Return a series with other values in some rows, of its dtype."""
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _with_categories(series, rows, after)
    made = _settable(series).copy(deep=False)
    if after.null_count() == len(after):
        made.iloc[rows] = None
    elif made.dtype == "object":
        made.iloc[rows] = after.to_numpy()
    else:
        made.iloc[rows] = pd.Series(pd.arrays.ArrowExtensionArray(after.to_arrow())).astype(made.dtype).array
    return _as_it_was(made, dtype)


def _settable(series: pd.Series[Any]) -> pd.Series[Any]:
    """Return a series in a dtype in which pandas takes and sets single values."""
    dtype = series.dtype
    if isinstance(dtype, pd.SparseDtype):
        return series.astype(dtype.subtype)
    if not isinstance(dtype, pd.ArrowDtype):
        return series
    if pa.types.is_dictionary(dtype.pyarrow_dtype):
        return series.astype(pd.ArrowDtype(dtype.pyarrow_dtype.value_type))
    return unwrapped(series)


def _as_it_was(series: pd.Series[Any], dtype: Any) -> pd.Series[Any]:
    """Return a series in the dtype that it had, where Arrow makes one."""
    if not isinstance(dtype, pd.ArrowDtype):
        return series.astype(dtype)
    try:
        cast = pa.array(series).cast(dtype.pyarrow_dtype)
    except pa.ArrowException:
        return series
    return pd.Series(pd.arrays.ArrowExtensionArray(cast), index=series.index, name=series.name)


def _with_categories(series: pd.Series[Any], rows: np.ndarray[Any, Any], after: pl.Series) -> pd.Series[Any]:
    """Return categories with other names: two that are the same now become one."""
    codes = series.cat.codes.to_numpy()
    renamed, firsts = np.unique(codes[rows], return_index=True)
    names = series.cat.categories.to_numpy(dtype=object).copy()
    names[renamed] = after.gather(firsts).to_list()
    gone = np.array([name is None for name in names], dtype=bool)
    kept = list(dict.fromkeys(names[~gone]))
    places = {name: i for i, name in enumerate(kept)}
    new = np.array([-1 if name is None else places[name] for name in names] + [-1])
    categories = pd.Index(kept, dtype=series.cat.categories.dtype)
    made = pd.Categorical.from_codes(new[codes], categories, ordered=series.cat.ordered)
    return pd.Series(made, index=series.index, name=series.name)


def _rows_dropped(
    frame: pd.DataFrame, places: np.ndarray[Any, Any], asked: Asked, log: list[_Changed]
) -> tuple[pd.DataFrame, np.ndarray[Any, Any], list[Doubt]]:
    """Return the frame without the rows that were asked to go, their places in the original, and what is in doubt."""
    doubts: list[Doubt] = []
    for rule, find in DROPS.items():
        if getattr(asked, rule) in (None, False) or not len(frame):
            continue
        drops = np.zeros(len(frame), dtype=bool)
        for one in find(frame, asked):
            if isinstance(one, Doubt):
                doubts.append(one)
            else:
                drops |= one
        if drops.any():
            log.append(_dropped(frame, np.flatnonzero(drops), places, asked, rule))
            frame, places = _takeable(frame).iloc[~drops], places[~drops]
    return frame, places, doubts


def _dropped(
    frame: pd.DataFrame, rows: np.ndarray[Any, Any], places: np.ndarray[Any, Any], asked: Asked, rule: str
) -> _Changed:
    keys = [_values(c.series, rows) for c in key_columns(frame, asked)]
    before = np.full(len(rows), None, dtype=object)
    if len(keys) == 1:
        before = keys[0]
    elif keys:
        before[:] = list(zip(*keys, strict=True))
    return _Changed(
        key_name(frame, asked), rule, places[rows], before, np.full(len(rows), None, dtype=object)
    )


def _takeable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame from which pandas can take rows: from some of Arrow's types it cannot."""
    made = frame.copy(deep=False)
    for position, dtype in enumerate(frame.dtypes):
        if isinstance(dtype, pd.ArrowDtype) and (series := frame.iloc[:, position]) is not (
            plain := unwrapped(series)
        ):
            made.isetitem(position, plain)  # type: ignore[arg-type]
    return made
