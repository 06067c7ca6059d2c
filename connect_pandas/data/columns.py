"""A pandas frame seen as columns of a few known kinds, read slice by slice through Arrow into Polars.

A slice is all that is ever converted at once, so memory stays flat as rows grow. The frame is held by a shallow copy:
with pandas' copy-on-write a later change of the caller's frame does not reach it, and nothing is copied until then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from connect_pandas import rules
from connect_pandas.data import notations
from connect_pandas.data.held import DIGITS_MAX, array_of, dense, held, shared_texts, spoken, unwrapped
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
_WEIGHED: Final = 1_024
"""So many objects of a slice tell how large all of them are."""

SURROGATE_MARK: Final = "\ufdd0\ufdef\ufdd0"
"""Stands, in a slice, for a lone surrogate, which UTF-8 cannot hold: noncharacters, so no text has them by right."""


class Labels(tuple[Any, ...]):
    """The labels of columns that are put together; as text ``Order ID + SKU``."""

    __slots__ = ()

    def __str__(self) -> str:
        return " + ".join(map(str, self))


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
    """What it holds, in words, where the kind does not say it: of what is unsupported, and of what is made text."""
    convert: str = ""
    """For an unsupported column: what makes an attribute of it, as code with ``{cell}`` and ``{column}`` to fill in."""
    settled: pd.Series[Any] | None = None
    """Objects of one kind in a dtype of their own, where slices alone could not agree on one (a scale, a zone)."""
    widest: int = 0
    """For categories of text, and what Arrow has like them: the bytes of the longest, which every row may hold."""
    parts: tuple[Column, ...] = ()
    """The columns whose values this one puts together, for a key made of several."""
    separator: str = ""
    """What stands between those values."""

    def slice(self, start: int, stop: int) -> pl.Series:
        """Return the values from ``start`` to ``stop`` in the kind's own Polars dtype; missing values are null.

        Raises
        ------
        PlanError
            When they are not what they were when the frame was read.
        """
        if self.parts:
            return _together([part.slice(start, stop) for part in self.parts], self.separator)
        try:
            part = self._part(start, stop)
            return _to_polars(spoken(part) if self.kind == "text" and self.detail else part, self.kind)
        except MemoryError:
            raise
        except Exception as error:  # objects may raise anything
            raise PlanError(
                f"The column {self.name!r} cannot be read as it was at first ({type(error).__name__}, in rows "
                f"{start:,} to {stop - 1:,}): something has changed the frame meanwhile, or its objects do not keep "
                "their promises. Let nothing write into the frame, and plan it again."
            ) from error

    def weight(self, start: int, stop: int) -> int:
        """Return about how many bytes the values from ``start`` to ``stop`` take, without reading them."""
        if self.parts:
            return sum(part.weight(start, stop) for part in self.parts)
        if self.kind != "text":
            return (stop - start) * _VALUE_BYTES
        if self.widest:
            return (stop - start) * self.widest
        # Asking every object for its size would take longer than all else.
        part = self._part(start, stop)
        step = max(1, (stop - start) // _WEIGHED) if part.dtype == "object" else 1
        return step * int(part.iloc[::step].memory_usage(index=False, deep=True))

    def values(self, positions: Sequence[int]) -> list[Any]:
        """Return the original values at these positions."""
        if self.parts:
            return self.take(positions).slice(0, len(positions)).to_list()
        try:
            return [self.series.iloc[p] for p in positions]
        except OverflowError:  # a day that Python's calendar does not have, though Arrow's does
            return [self.slice(p, p + 1).cast(pl.String).item() for p in positions]

    def take(self, positions: Sequence[int]) -> Column:
        """Return these rows of it."""
        settled = None if self.settled is None else _taken(self.settled, positions)
        parts = tuple(part.take(positions) for part in self.parts)
        return replace(self, parts=parts, series=_taken(self.series, positions), settled=settled)

    def _part(self, start: int, stop: int) -> pd.Series[Any]:
        part = (self.series if self.settled is None else self.settled).iloc[start:stop]
        if isinstance(part.dtype, pd.SparseDtype):
            return dense(part)
        return unwrapped(part) if isinstance(part.dtype, pd.ArrowDtype) else part


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

    def joined(self, positions: Sequence[int]) -> Columns:
        """Return these columns and one more, which puts the values of some of them together as text.

        Its label is the tuple of theirs. Between the values stands the first mark that the texts among them do not
        hold.
        """
        parts = tuple(self.items[p] for p in positions)
        separator = next(mark for mark in _separators() if not self._holds(positions, mark))
        name, taken = " ".join(part.name for part in parts), {c.name for c in self.items}
        while name in taken:
            name += " 2"
        label = Labels(part.label for part in parts)
        detail = f"those of {' and '.join(repr(p.label) for p in parts)}, put together"
        one = Column(label, name, parts[0].series, "text", detail, parts=parts, separator=separator)
        return replace(self, items=(*self.items, one))

    def _holds(self, positions: Sequence[int], mark: str) -> bool:
        texts = [p for p in positions if self.items[p].kind == "text"]
        return bool(texts) and any(
            part.select(pl.any_horizontal(pl.all().str.contains(mark, literal=True).any())).item()
            for part in self.slices(texts)
        )

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


def _separators() -> Iterator[str]:
    """Yield marks to stand between two values, longer ones after all the short."""
    for times in count(1):
        yield from (mark * times for mark in "-_:/~")


def _taken(series: pd.Series[Any], positions: Sequence[int]) -> pd.Series[Any]:
    if series.dtype == pd.ArrowDtype(pa.string_view()):  # of which Arrow cannot take out values
        texts = array_of(series).cast(pa.large_string())
        series = pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([texts])), index=series.index)
    return series.iloc[list(positions)]


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
    held = pd.DataFrame(frame)  # shares the data, and none of what a subclass has made of a frame's ways
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
    found = held(series)
    widest = _widest(series if found.settled is None else found.settled, found.kind)
    return Column(label, _name(label), series, found.kind, found.detail, found.convert, found.settled, widest)


def _name(label: Hashable) -> str:
    try:
        return label if isinstance(label, str) else str(label)
    except Exception as error:
        raise PlanError(
            f"The name of a column, an object of {type(label)}, cannot be read as text ({type(error).__name__}). "
            "Give it another: df.columns = […]."
        ) from error


def _widest(series: pd.Series[Any], kind: Kind) -> int:
    if kind != "text":
        return 0
    if isinstance(series.dtype, pd.CategoricalDtype):
        return 4 * int(series.dtype.categories.str.len().max())
    return max(map(_longest, shared_texts(series)), default=0)


def _longest(texts: Any) -> int:
    return pc.max(pc.binary_length(texts.cast(pa.large_string()))).as_py() or 0


def is_missing(value: Any) -> bool:
    """Whether pandas takes a single value, of whatever type, for a missing one."""
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


# ── into Polars ──────────────────────────────────────────────────────────────────────────────────────────────


def _to_polars(values: pd.Series[Any], kind: Kind) -> pl.Series:
    if kind in ("empty", "unsupported"):
        return pl.Series(values=[None] * len(values), dtype=pl.Null)
    if kind == "aware":
        # Polars knows named zones only; the instant is all that the file needs.
        values = _plain(values).dt.tz_convert("UTC").dt.tz_localize(None)
    if isinstance(values.dtype, pd.PeriodDtype):
        return _days(values)
    if kind == "text" and values.dtype == "object" and (texts := _of_strings(values)) is not None:
        return texts
    column = pl.Series(pl.from_arrow(_normal(_to_arrow(values, kind))))
    if kind == "text":
        return column.cast(pl.String)
    if kind == "float":
        return column.fill_nan(None)
    return column


def _together(values: Sequence[pl.Series], separator: str) -> pl.Series:
    """Return values of several columns as one text each; missing where one of them is."""
    texts = [_spelled(s).alias(str(i)) for i, s in enumerate(values)]
    return pl.DataFrame(texts).select(pl.concat_str(pl.all(), separator=separator)).to_series()


def _spelled(values: pl.Series) -> pl.Series:
    """Return values as they are written in the file, apart from the format of dates."""
    match values.dtype:
        case pl.String:
            return values.set(values == "", None)
        case pl.Boolean:
            return values.cast(pl.String).str.to_uppercase()
        case pl.Datetime():
            return values.dt.strftime(rules.TIMESTAMP.strftime)
        case pl.Float32 | pl.Float64:
            # The shortest digits that mean the number, and no exponent: 1e+20 is written out.
            text = pl.col("text")
            made = values.cast(pl.String).str.strip_suffix(".0").to_frame("text")
            return made.select(pl.coalesce(notations.plain(text), text)).to_series()
        case _:
            return values.cast(pl.String)


def _days(periods: pd.Series[Any]) -> pl.Series:
    """Return periods of days as days; they are held as days from 1970, any number of them."""
    numbers = np.clip(periods.array.asi8, *_DAYS)
    return pl.Series(pl.from_arrow(pa.array(numbers, mask=periods.isna().to_numpy()))).cast(pl.Date)


_DAYS: Final = (-(2**31), 2**31 - 1)
"""Of Polars; beyond, the year has more than four digits in any case."""


def _plain(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return timestamps held as categories as timestamps."""
    return (
        values.astype(values.dtype.categories.dtype)
        if isinstance(values.dtype, pd.CategoricalDtype)
        else values
    )


def _of_strings(values: pd.Series[Any]) -> pl.Series | None:
    """Return strings as text in half of Arrow's time; ``None`` where some are something else, or no UTF-8."""
    try:
        return pl.Series(values=values.tolist(), dtype=pl.String)
    except (TypeError, ValueError):
        return None


_OF_OBJECTS: Final = {"text": pa.large_string(), "boolean": pa.bool_(), "date": pa.date32()}
"""Arrow cannot know the type of a slice of objects that are all missing."""


def _to_arrow(values: pd.Series[Any], kind: Kind) -> Any:
    if isinstance(values.dtype, np.dtype) and values.dtype.char in "eg":
        return pa.array(_doubles(values.to_numpy()), from_pandas=True)
    wanted = _OF_OBJECTS.get(kind) if values.dtype == "object" else None
    try:
        return array_of(values, wanted)
    except UnicodeEncodeError:
        marked = values.astype(object).map(_mark_surrogates, na_action="ignore")
        return pa.array(marked, type=pa.large_string(), from_pandas=True)


def _doubles(numbers: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return numbers of another width as doubles; a half as the shortest that means it: 0.1, not 0.0999755859375."""
    if numbers.dtype != np.float16:
        return numbers.astype(np.float64)
    different, places = np.unique(numbers, return_inverse=True)
    return different.astype(np.str_).astype(np.float64)[places]


def _normal(array: Any) -> Any:
    """Return an array in a type that Polars reads as the kind's own."""
    types = pa.types
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks()
    if types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if types.is_float16(array.type):
        return pa.array(_doubles(array.to_numpy(zero_copy_only=False)), from_pandas=True)
    if types.is_date64(array.type):
        return array.cast(pa.date32())
    if types.is_decimal(array.type):
        return array.cast(pa.decimal128(DIGITS_MAX, max(0, array.type.scale)))
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
        fix = "df = df.reset_index()   # if the index holds the data"
        yield Problem.of("no-columns", "The frame has no columns.", fix=fix)
    if None in frame.index.names and not pd.api.types.is_integer_dtype(frame.index):
        yield Problem.of(
            "unnamed-index",
            "The index has no name, so its values are not imported.",
            fix='df = df.rename_axis("Row ID")   # makes it a column of the file',
        )
    if not len(frame):
        yield Problem.of("no-rows", "The frame has no rows: there is nothing to import.")
