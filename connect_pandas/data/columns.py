"""A pandas frame seen as columns of a few known kinds, read slice by slice through Arrow into Polars.

A slice is all that is ever converted at once, so memory stays flat as rows grow. The frame is held by a shallow copy:
with pandas' copy-on-write a later change of the caller's frame does not reach it, and nothing is copied until then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa

from connect_pandas.data.problems import Problem
from connect_pandas.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

Kind = Literal[
    "text", "integer", "float", "decimal", "boolean", "date", "naive", "aware", "empty", "unsupported"
]
"""What a column holds. ``naive`` and ``aware`` are timestamps without and with a time zone; ``empty`` is a column
without any value; ``unsupported`` holds what no attribute can."""

SLICE_ROWS: Final = 98_304
SLICE_BYTES: Final = 12_000_000
"""A slice ends at the first of the two. Measured on an upload of 2,000,000 orders: slices of 64k rows take a tenth
longer; those of 128k hold 25 MB more."""
_SLICE_ROWS_LEAST: Final = 1_024
"""Of a frame so wide that its rows alone would end a slice sooner: every slice costs some time a column."""
_VALUE_BYTES: Final = 8

SURROGATE_MARK: Final = "\ufdd0\ufdef\ufdd0"
"""Stands, in a slice, for a lone surrogate, which UTF-8 cannot hold: noncharacters, so no text has them by right."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a frame."""

    label: Hashable
    """As in the frame, or the name of an index level."""
    name: str
    """The label as text."""
    series: pd.Series[Any]
    """As in the frame."""
    kind: Kind
    detail: str = ""
    """For an unsupported column: what it holds, in words."""
    settled: pd.Series[Any] | None = None
    """Objects of one kind in a dtype of their own, where slices alone could not agree on one (a scale, a zone)."""
    widest: int = 0
    """For categories of text: the bytes of the longest, which every row may hold."""

    def slice(self, start: int, stop: int) -> pl.Series:
        """Return the values from ``start`` to ``stop`` in the kind's own Polars dtype; missing values are null."""
        return _to_polars(self._part(start, stop), self.kind)

    def weight(self, start: int, stop: int) -> int:
        """Return about how many bytes the values from ``start`` to ``stop`` take, without reading them."""
        if self.kind != "text":
            return (stop - start) * _VALUE_BYTES
        held = int(self._part(start, stop).memory_usage(index=False, deep=True)) if not self.widest else 0
        return held + (stop - start) * self.widest

    def values(self, positions: Sequence[int]) -> list[Any]:
        """Return the original values at these positions."""
        return [self.series.iloc[p] for p in positions]

    def take(self, positions: Sequence[int]) -> Column:
        """Return these rows of it."""
        settled = None if self.settled is None else self.settled.iloc[list(positions)]
        return replace(self, series=self.series.iloc[list(positions)], settled=settled)

    def _part(self, start: int, stop: int) -> pd.Series[Any]:
        part = (self.series if self.settled is None else self.settled).iloc[start:stop]
        return _dense(part) if isinstance(part.dtype, pd.SparseDtype) else part


@dataclass(frozen=True)
class Columns:
    """A frame's columns, in order, those of a named index first."""

    items: tuple[Column, ...]
    index: pd.Index[Any]
    problems: tuple[Problem, ...] = ()
    """What is wrong with the frame's shape."""
    numbered: bool = False
    """The frame's columns have no names, only numbers from 0."""

    @property
    def rows(self) -> int:
        return len(self.index)

    def slices(self, positions: Sequence[int]) -> Iterator[pl.DataFrame]:
        """Yield the frame's rows as Polars frames of these columns, named by position (``"0"``, ``"1"``, …).

        How many rows a slice has follows the bytes in them, so that wide frames and long texts stay small.
        """
        start = 0
        while start < self.rows:
            stop = self._end_of_slice(positions, start)
            yield pl.DataFrame({str(p): self.items[p].slice(start, stop) for p in positions})
            start = stop

    def _end_of_slice(self, positions: Sequence[int], start: int) -> int:
        a_row = len(positions) * _VALUE_BYTES
        limit = max(SLICE_BYTES, a_row * _SLICE_ROWS_LEAST)
        texts = [self.items[p] for p in positions if self.items[p].kind == "text"]
        rows = min(SLICE_ROWS, max(1, limit // max(1, a_row)), self.rows - start)
        while rows > 1:
            held = rows * (a_row - len(texts) * _VALUE_BYTES) + sum(
                c.weight(start, start + rows) for c in texts
            )
            if held <= limit * 2:
                break
            rows = max(1, min(rows // 2, rows * limit // held))
        return start + rows

    def row(self, position: int) -> tuple[int, Hashable]:
        """Return a row's position and its label."""
        label = self.index[position]
        return position, label.item() if isinstance(label, np.generic) else label

    def take(self, positions: Sequence[int]) -> Columns:
        """Return these rows as columns of their own."""
        return Columns(tuple(c.take(positions) for c in self.items), self.index[list(positions)])

    def find(self, label: Hashable) -> int | None:
        """Return the position of the first column with this label, or with this name."""
        try:
            return self._places[0].get(label, self._places[1].get(label))
        except TypeError:  # what is not hashable names no column
            return None

    @cached_property
    def _places(self) -> tuple[Mapping[Hashable, int], Mapping[Hashable, int]]:
        last_first = [(i, c) for i, c in enumerate(self.items)][::-1]
        return {c.label: i for i, c in last_first}, {c.name: i for i, c in last_first}


# ── reading a frame ──────────────────────────────────────────────────────────────────────────────────────────────


def read(frame: pd.DataFrame) -> Columns:
    """Read a frame's columns and say what each holds; the values stay where they are.

    Raises
    ------
    PlanError
        When ``frame`` is not a pandas DataFrame.
    """
    if not isinstance(frame, pd.DataFrame):
        kind = type(frame)
        raise PlanError(
            f"A pandas DataFrame is needed, this is {kind.__module__}.{kind.__qualname__}. "
            "Make one with pandas.DataFrame(…), or series.to_frame()."
        )
    held = frame.copy(deep=False)
    if isinstance(held.columns, pd.MultiIndex):
        return Columns((), held.index, (_multi_level(held),))
    items = (*_index_columns(held), *_frame_columns(held))
    numbered = isinstance(held.columns, pd.RangeIndex) and len(held.columns) > 0
    return Columns(items, held.index, tuple(_shape_problems(held, items)), numbered)


def _frame_columns(frame: pd.DataFrame) -> Iterator[Column]:
    for position, label in enumerate(frame.columns):
        yield column_of(label, frame.iloc[:, position])


def _index_columns(frame: pd.DataFrame) -> Iterator[Column]:
    for level, name in enumerate(frame.index.names):
        if name is not None:
            yield column_of(name, frame.index.get_level_values(level).to_series(index=frame.index))


def column_of(label: Hashable, series: pd.Series[Any]) -> Column:
    """Return one column, with what it holds."""
    held = _held(series)
    name = label if isinstance(label, str) else str(label)
    return Column(label, name, series, held.kind, held.detail, held.settled, _widest(series, held.kind))


def _widest(series: pd.Series[Any], kind: Kind) -> int:
    if kind != "text" or not isinstance(series.dtype, pd.CategoricalDtype):
        return 0
    return 4 * int(series.dtype.categories.str.len().max())


def is_missing(value: Any) -> bool:
    """Whether pandas takes a single value, of whatever type, for a missing one."""
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


# ── what a column holds ──────────────────────────────────────────────────────────────────────────────────────────

_BY_NUMPY_KIND: Final[dict[str, Kind]] = {
    "b": "boolean",
    "i": "integer",
    "u": "integer",
    "f": "float",
    "M": "naive",
}
_BY_INFERENCE: Final[dict[str, Kind]] = {
    "string": "text",
    "boolean": "boolean",
    "integer": "integer",
    "floating": "float",
    "mixed-integer-float": "float",
    "decimal": "decimal",
    "date": "date",
    "empty": "empty",
}


@dataclass(frozen=True, slots=True)
class _Held:
    """What a column holds; see the fields of the same names of ``Column``."""

    kind: Kind
    detail: str = ""
    settled: pd.Series[Any] | None = None


def _held(series: pd.Series[Any]) -> _Held:
    dtype = series.dtype
    if len(series) and series.isna().all():
        return _Held("empty")
    if isinstance(dtype, pd.SparseDtype):
        return _held(_dense(series.iloc[:0]) if dtype.subtype != "object" else _dense(series))
    if isinstance(dtype, pd.CategoricalDtype):
        categories = _held(pd.Series(dtype.categories))
        return categories if categories.settled is None else _held(series.astype(object))
    if isinstance(dtype, pd.ArrowDtype):
        return _arrow_held(series, dtype.pyarrow_dtype)
    if isinstance(dtype, pd.StringDtype):
        return _Held("text")
    if isinstance(dtype, pd.DatetimeTZDtype):
        return _Held("aware")
    if isinstance(dtype, pd.PeriodDtype | pd.IntervalDtype):
        return _Held("unsupported", f"{type(dtype).__name__.removesuffix('Dtype').lower()}s ({dtype})")
    if dtype == "object":
        return _object_held(series)
    kind = _BY_NUMPY_KIND.get(dtype.kind, "unsupported")
    return _Held(kind, f"values of type {dtype}" if kind == "unsupported" else "")


def _dense(series: pd.Series[Any]) -> pd.Series[Any]:
    dense: pd.Series[Any] = series.sparse.to_dense()  # type: ignore[attr-defined]
    return dense


def _arrow_held(series: pd.Series[Any], dtype: pa.DataType) -> _Held:
    types = pa.types
    if types.is_dictionary(dtype):
        return _arrow_held(series, dtype.value_type)
    if types.is_decimal(dtype) and dtype.precision > _DIGITS_MAX:
        return _settled(series, "decimal") or _Held("unsupported", f"numbers of over {_DIGITS_MAX} digits")
    known: tuple[tuple[bool, Kind], ...] = (
        (types.is_string(dtype) or types.is_large_string(dtype), "text"),
        (types.is_boolean(dtype), "boolean"),
        (types.is_integer(dtype), "integer"),
        (types.is_floating(dtype), "float"),
        (types.is_decimal(dtype), "decimal"),
        (types.is_date(dtype), "date"),
        (types.is_timestamp(dtype), "aware" if getattr(dtype, "tz", None) else "naive"),
        (types.is_null(dtype), "empty"),
    )
    kind = next((kind for holds, kind in known if holds), None)
    return _Held(kind) if kind else _Held("unsupported", f"values of type {dtype}")


def _object_held(series: pd.Series[Any]) -> _Held:
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    held: _Held | None = None
    if inferred == "datetime" or (inferred == "date" and len(_kinds_of(series)) > 1):
        held = _timestamps(series)
    elif kind := _BY_INFERENCE.get(inferred):
        held = _settled(series, kind) if kind in ("integer", "decimal", "float") else _Held(kind)
    return held or _Held("unsupported", _in_words(series, inferred))


_WORDS: Final = {
    "str": ("text", "texts"),
    "int": ("whole number", "whole numbers"),
    "float": ("number", "numbers"),
    "bool": ("true or false", "times true or false"),
    "bytes": ("bytes value", "bytes values"),
    "Decimal": ("decimal number", "decimal numbers"),
}
"""A Python type → what one value of it, and what several, are called; others have an s."""


def _in_words(series: pd.Series[Any], inferred: str) -> str:
    counts = " and ".join(
        f"{n:,} {_WORDS.get(kind, (kind, f'{kind}s'))[n != 1]}" for kind, n in _kinds_of(series).items()
    )
    if inferred == "datetime":
        return f"{counts}, some with a time zone and some without"
    if inferred == "decimal" and (infinite := int(series.dropna().map(_is_infinite).sum())):
        return f"{counts}, {infinite:,} of them infinite"
    return f"{counts} of over {_DIGITS_MAX} digits" if inferred in ("integer", "decimal") else counts


def _is_infinite(value: Any) -> bool:
    return bool(value.is_infinite())


def _kinds_of(series: pd.Series[Any]) -> dict[str, int]:
    return {
        getattr(t, "__qualname__", ""): int(n) for t, n in series.dropna().map(type).value_counts().items()
    }


_DIGITS_MAX: Final = 38
"""Of a decimal number, in Arrow's 128 bits and in Polars."""


def _settled(series: pd.Series[Any], kind: Kind) -> _Held | None:
    """Return numbers held as objects in one Arrow type, or ``None`` when none holds them all."""
    try:
        # Decimal("NaN") is missing for pandas, and for Arrow only among others.
        array = pa.array(
            series.mask(series.isna(), None) if kind == "decimal" else series,
            type=pa.float64() if kind == "float" else None,
            from_pandas=True,
        )
        if pa.types.is_decimal(array.type):
            array = array.cast(pa.decimal128(_DIGITS_MAX, max(0, array.type.scale)))
    except OverflowError:
        return _big_integers(series)
    except (pa.ArrowException, TypeError, ValueError):
        return None
    return _Held(kind, settled=_of_arrow(array, series))


def _big_integers(series: pd.Series[Any]) -> _Held | None:
    try:
        array = pa.array(series, type=pa.decimal128(_DIGITS_MAX, 0), from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError):
        return None
    return _Held("integer", settled=_of_arrow(array, series))


def _of_arrow(array: Any, like: pd.Series[Any]) -> pd.Series[Any]:
    return pd.Series(pd.arrays.ArrowExtensionArray(array), index=like.index)


def _timestamps(series: pd.Series[Any]) -> _Held | None:
    """Return datetime objects, dates among them, in one dtype; ``None`` when some have a time zone and some not."""
    zones = series.dropna().map(_zone)
    zoned = int(zones.notna().sum())
    if zoned not in (0, len(zones)):
        return None
    try:
        return _Held("aware" if zoned else "naive", settled=pd.to_datetime(series, utc=zoned > 0))
    except (ValueError, OverflowError):
        return None


def _zone(value: Any) -> Any:
    return getattr(value, "tzinfo", None)  # a date has none


# ── into Polars ──────────────────────────────────────────────────────────────────────────────────────────────


def _to_polars(values: pd.Series[Any], kind: Kind) -> pl.Series:
    if kind in ("empty", "unsupported"):
        return pl.Series(values=[None] * len(values), dtype=pl.Null)
    if kind == "aware":
        # Polars knows named zones only; the instant is all that the file needs.
        values = _plain(values).dt.tz_convert("UTC").dt.tz_localize(None)
    column = pl.Series(pl.from_arrow(_normal(_to_arrow(values, kind))))
    if kind == "text":
        return column.cast(pl.String)
    if kind == "float":
        return column.fill_nan(None)
    return column


def _plain(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return timestamps held as categories as timestamps."""
    return (
        values.astype(values.dtype.categories.dtype)
        if isinstance(values.dtype, pd.CategoricalDtype)
        else values
    )


_OF_OBJECTS: Final = {"text": pa.large_string(), "boolean": pa.bool_(), "date": pa.date32()}
"""Arrow cannot know the type of a slice of objects that are all missing."""


def _to_arrow(values: pd.Series[Any], kind: Kind) -> Any:
    wanted = _OF_OBJECTS.get(kind) if values.dtype == "object" else None
    try:
        return pa.array(values, type=wanted, from_pandas=True)
    except UnicodeEncodeError:
        marked = values.astype(object).map(_mark_surrogates, na_action="ignore")
        return pa.array(marked, type=pa.large_string(), from_pandas=True)


def _normal(array: Any) -> Any:
    """Return an array in a type that Polars reads as the kind's own."""
    types = pa.types
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if types.is_float16(array.type):
        return array.cast(pa.float32())
    if types.is_date64(array.type):
        return array.cast(pa.date32())
    if types.is_decimal(array.type):
        return array.cast(pa.decimal128(_DIGITS_MAX, max(0, array.type.scale)))
    return array


_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def _mark_surrogates(text: str) -> str:
    return _LONE_SURROGATE.sub(SURROGATE_MARK, text)


# ── shape ──────────────────────────────────────────────────────────────────────────────────────────────


def _multi_level(frame: pd.DataFrame) -> Problem:
    return Problem.of(
        "multi-level-columns",
        f"The columns have {frame.columns.nlevels} levels; an attribute has one name.",
        fix='df.columns = [" ".join(map(str, label)) for label in df.columns]',
    )


def _shape_problems(frame: pd.DataFrame, items: Sequence[Column]) -> Iterator[Problem]:
    if not items:
        yield Problem.of("no-columns", "The frame has no columns.")
    if not len(frame):
        yield Problem.of("no-rows", "The frame has no rows: there is nothing to import.")
