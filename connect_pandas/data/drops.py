"""The rules of repair for rows: which go, which of several stays, and what is left in doubt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import polars as pl

from connect_pandas.data import notations
from connect_pandas.data.columns import Columns, read
from connect_pandas.data.mends import C, Doubt

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from connect_pandas.data.asked import Asked
    from connect_pandas.data.columns import Column
    from connect_pandas.data.profile import Predicate


def key_columns(frame: pd.DataFrame, asked: Asked) -> list[Column]:
    """Return the columns that identify a row, a named index among them; none where no key was given."""
    items = read(frame).items
    return [items[i] for i in asked.key]


def key_name(frame: pd.DataFrame, asked: Asked) -> str:
    """Return what the log calls the key."""
    return " + ".join(c.name for c in key_columns(frame, asked))


def _together(frame: pd.DataFrame, columns: Sequence[Column]) -> pl.DataFrame:
    """Return whole columns side by side, as far as the file tells their values apart."""
    seen = Columns(tuple(columns), frame.index)
    parts = [
        part.with_columns(pl.col(pl.String).replace("", None)) for part in seen.slices(range(len(columns)))
    ]
    return pl.concat(parts, how="vertical_relaxed")


def _unread(frame: pd.DataFrame, asked: Asked, rule: str) -> Iterator[Doubt]:
    """Yield a doubt for each column of the key whose values cannot be told apart: none of its rows goes."""
    for column in key_columns(frame, asked):
        if column.kind == "unsupported":
            yield Doubt(rule, column.name, len(frame), f"it holds {column.detail}, which are no key")


def _without_key(frame: pd.DataFrame, asked: Asked) -> Iterator[np.ndarray[Any, Any] | Doubt]:
    if unread := list(_unread(frame, asked, "drop_without_key")):
        yield from unread
        return
    keys = _together(frame, key_columns(frame, asked))
    yield keys.select(pl.any_horizontal(pl.all().is_null())).to_series().to_numpy()


def _duplicates(frame: pd.DataFrame, _asked: Asked) -> Iterator[np.ndarray[Any, Any] | Doubt]:
    named = [level for level, name in enumerate(frame.index.names) if name is not None]
    whole = frame.reset_index(level=named, allow_duplicates=True) if named else frame
    if whole.shape[1] == 1:
        # Of a column alone pandas takes objects that cannot be hashed for one and the same.
        whole = whole.iloc[:, [0, 0]]
    try:
        yield whole.duplicated().to_numpy()
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - objects may raise anything on comparison
        yield Doubt(
            "drop_duplicates", "", len(frame), "some of the columns hold values that cannot be compared"
        )


def _not_last(frame: pd.DataFrame, asked: Asked) -> Iterator[np.ndarray[Any, Any] | Doubt]:
    if unread := list(_unread(frame, asked, "keep_last")):
        yield from unread
        return
    column = read(frame).items[cast("int", asked.keep_last)]
    when = _moments(_together(frame, [column]).to_series(), column)
    if when is None:
        reason = "its values are no numbers, and no dates of one format whose order of day and month is clear"
        yield Doubt("keep_last", column.name, len(frame), reason)
        return
    now = pl.col("when")
    rows = _compared(_together(frame, key_columns(frame, asked)), when)
    drops = np.zeros(len(frame), dtype=bool)
    drops[rows.filter(~pl.col("gap") & (now < pl.col("last")))["row"].to_numpy()] = True
    yield drops
    key = key_name(frame, asked)
    if gaps := rows.filter("gap", "many").height:
        yield Doubt(
            "keep_last", key, gaps, f"of rows with one key some have no {column.name!r} to tell which is last"
        )
    if ties := rows.filter(~pl.col("gap") & pl.col("tie") & (now == pl.col("last"))).height:
        yield Doubt("keep_last", key, ties, f"several rows with one key are the last by {column.name!r}")


def _compared(keys: pl.DataFrame, when: pl.Series) -> pl.DataFrame:
    """Return the rows that have a key: whether those with it leave a gap, which is their last, whether it is a tie."""
    names, now = keys.columns, pl.col("when")
    rows = keys.with_columns(when=when).with_row_index("row").drop_nulls(names)
    rows = rows.with_columns(gap=now.is_null().any().over(names), last=now.max().over(names))
    return rows.with_columns(
        tie=((now == pl.col("last")).sum() > 1).over(names), many=(pl.len() > 1).over(names)
    )


def tells_last(key: Column, by: Column, rows: Sequence[int]) -> bool:
    """Whether of these rows, all that share their key with another, a column tells for each key which is the last."""
    keys, values = (column.take(rows).slice(0, len(rows)) for column in (key, by))
    when = _moments(values, by)
    return (
        when is not None
        and not _compared(keys.to_frame("0"), when).select(pl.any_horizontal("gap", "tie").any()).item()
    )


def _moments(values: pl.Series, column: Column) -> pl.Series | None:
    """Return what orders the rows; ``None`` where nothing does."""
    if column.kind in ("integer", "float", "decimal", "date", "naive", "aware"):
        return values
    if column.kind != "text":
        return None
    readings: list[Predicate] = [
        *(partial(notations.moment, form=form) for form in notations.READ_FORMATS),
        _numbers,
    ]
    read_ = [values.to_frame("0").select(reading(C)).to_series() for reading in readings]
    whole = [order for order in read_ if order.null_count() == values.null_count()]
    return whole[0] if len(whole) == 1 else None


def _numbers(c: pl.Expr) -> pl.Expr:
    """Return texts of numbers as numbers: as text ``9`` would come after ``10``."""
    plain = notations.plain(pl.when(notations.is_number(c)).then(c))
    return plain.cast(pl.Decimal(38, _PLACES), strict=False)


_PLACES: Final = 12


Drop = Callable[["pd.DataFrame", "Asked"], Iterator[np.ndarray[Any, Any] | Doubt]]
"""A frame → which rows go, as booleans, and what is in doubt."""

DROPS: Final[Mapping[str, Drop]] = {
    "drop_without_key": _without_key,
    "drop_duplicates": _duplicates,
    "keep_last": _not_last,
}
"""Name → rule, in the order in which they are applied."""
