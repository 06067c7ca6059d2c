"""What a column holds: its kind, in words where the kind does not say it, and what makes an attribute of the rest.

The dtype decides where it can. A column of Python objects is looked at as a whole: one object of another kind counts.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import re
import uuid
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connect_pandas.data.columns import Kind

DIGITS_MAX: Final = 38
"""Of a decimal number, in Arrow's 128 bits and in Polars."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a column holds; see the fields of the same names of ``Column``."""

    kind: Kind
    detail: str = ""
    convert: str = ""
    settled: pd.Series[Any] | None = None


def held(series: pd.Series[Any]) -> Held:
    """Return what a column holds; it never raises, whatever the objects in the column do."""
    try:
        return _held(series)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - objects, and dtypes of other libraries, may raise anything
        return Held("unsupported", f"values that cannot be read ({type(error).__name__})", _DROP)


def _held(series: pd.Series[Any]) -> Held:
    dtype = series.dtype
    if _is_missing(series.iloc[:_FIRST]) and _is_missing(series):
        return Held("empty")
    if isinstance(dtype, pd.SparseDtype):
        by_dtype = isinstance(dtype.subtype, np.dtype) and dtype.subtype.char not in "Og"
        found = _held(dense(series.iloc[:0] if by_dtype else series))
        return replace(found, convert=f"{_DENSE}\n{found.convert}") if found.convert else found
    if isinstance(dtype, pd.CategoricalDtype):
        return _of_categories(series, dtype)
    if isinstance(dtype, pd.ArrowDtype):
        return _of_arrow(series, dtype.pyarrow_dtype)
    if isinstance(dtype, pd.PeriodDtype):
        return _of_periods(dtype)
    if isinstance(dtype, np.dtype):
        return _of_objects(series) if dtype == "object" else _of_numpy(series, dtype)
    return _of_extension(dtype)


_FIRST: Final = 100


def _is_missing(series: pd.Series[Any]) -> bool:
    return len(series) > 0 and bool(series.isna().all())


def dense(series: pd.Series[Any]) -> pd.Series[Any]:
    """Return a sparse column with all of its values."""
    full: pd.Series[Any] = series.sparse.to_dense()  # type: ignore[attr-defined]
    return full


def unwrapped(series: pd.Series[Any]) -> pd.Series[Any]:
    """Return Arrow values whose type pandas or Polars do not know their way in, in the type that it stands on."""
    type_, types = series.dtype.pyarrow_dtype, pa.types  # type: ignore[union-attr]
    if types.is_run_end_encoded(type_):
        return _series_of(pc.run_end_decode(pa.array(series)), series)
    wanted = None
    if types.is_dictionary(type_) and types.is_temporal(type_.value_type):
        wanted = type_.value_type
    elif types.is_string_view(type_):
        wanted = pa.large_string()
    elif isinstance(type_, pa.BaseExtensionType):
        wanted = pa.bool_() if type_.extension_name == "arrow.bool8" else type_.storage_type
    return series if wanted is None else _series_of(pa.array(series).cast(wanted), series)


def shared_texts(series: pd.Series[Any]) -> Iterator[Any]:
    """Yield, of texts that Arrow holds once for many rows, each array of different ones."""
    type_ = getattr(series.dtype, "pyarrow_dtype", None)
    if not (type_ and (pa.types.is_dictionary(type_) or pa.types.is_run_end_encoded(type_))):
        return
    if pa.types.is_string(type_.value_type) or pa.types.is_large_string(type_.value_type):
        array = pa.array(series)
        for chunk in array.chunks if isinstance(array, pa.ChunkedArray) else [array]:
            yield chunk.dictionary if pa.types.is_dictionary(type_) else chunk.values


# ── by dtype ─────────────────────────────────────────────────────────────────────────────────────────────────────

_BY_NUMPY_KIND: Final[Mapping[str, Kind]] = {
    "b": "boolean",
    "i": "integer",
    "u": "integer",
    "f": "float",
    "M": "naive",
}


def _of_numpy(series: pd.Series[Any], dtype: np.dtype[Any]) -> Held:
    if dtype.char == "g" and not _fits_double(series.to_numpy()):
        return _unsupported(dtype, ("numbers of more than 64 bits", _ROUND))
    if kind := _BY_NUMPY_KIND.get(dtype.kind):
        return Held(kind)
    nouns = {
        "m": ("durations", _SECONDS),
        "c": ("complex numbers", _ABS_OF_DTYPE),
        "S": ("bytes values", _DECODE),
    }
    return _unsupported(dtype, nouns.get(dtype.kind))


def _unsupported(dtype: Any, told: tuple[str, str] | None = None) -> Held:
    noun, convert = told or ("values", _AS_TEXT)
    return Held("unsupported", f"{noun} ({dtype})" if told else f"values of type {dtype}", convert)


def _fits_double(numbers: np.ndarray[Any, Any]) -> bool:
    """Whether numbers of more bits lose none as numbers of 64."""
    with np.errstate(over="ignore"):
        return bool(np.array_equal(numbers, numbers.astype(np.float64), equal_nan=True))


def _of_extension(dtype: Any) -> Held:
    if isinstance(dtype, pd.StringDtype):
        return Held("text")
    if isinstance(dtype, pd.DatetimeTZDtype):
        return Held("aware")
    if isinstance(dtype, pd.IntervalDtype):
        return Held("text", f"intervals ({dtype})")
    if type(dtype).__module__.split(".")[0] == "pandas":  # integers, floats and booleans with a mask
        return Held(_BY_NUMPY_KIND[dtype.kind])
    if type(dtype).__module__.startswith("geopandas"):
        return _unsupported(dtype, ("geometries", "{cell} = {cell}.to_wkt()   # as text"))
    return _unsupported(dtype)


_SPANS: Final = {
    "D": "days",
    "W": "weeks",
    "M": "months",
    "Q": "quarters",
    "Y": "years",
    "h": "hours",
    "min": "minutes",
    "s": "seconds",
}


def _of_periods(dtype: pd.PeriodDtype) -> Held:
    if str(dtype) == "period[D]":
        return Held("date", f"periods of days ({dtype})")
    told = re.match(r"period\[([0-9]*)([A-Za-z]+)", str(dtype))
    span = _SPANS.get(told[2]) if told else None
    several = f"{told[1]} " if told and told[1] else ""
    return Held("text", f"periods of {several}{span} ({dtype})" if span else f"periods ({dtype})")


def _of_categories(series: pd.Series[Any], dtype: pd.CategoricalDtype) -> Held:
    """Return what categories hold, texts of a few of them made once; what else is settled row by row."""
    found = _held(pd.Series(dtype.categories))
    if found.kind == "unsupported" or found.settled is not None:
        return _of_objects(series.astype(object))
    if isinstance(dtype.categories.dtype, pd.PeriodDtype) and found.kind == "date":
        days = pd.PeriodIndex(dtype.categories).to_timestamp().date
        return replace(found, settled=series.cat.rename_categories(list(days)))
    if found.detail:
        texts = spoken(pd.Series(dtype.categories))
        if not texts.is_unique:
            return _of_objects(series.astype(object))
        return replace(found, settled=series.cat.rename_categories(list(texts)))
    return found


def _of_arrow(series: pd.Series[Any], dtype: pa.DataType) -> Held:
    types = pa.types
    if types.is_dictionary(dtype) or types.is_run_end_encoded(dtype):
        return _of_arrow(series, dtype.value_type)
    if isinstance(dtype, pa.BaseExtensionType):
        return _OF_EXTENSION.get(dtype.extension_name) or _unsupported(dtype)
    if types.is_decimal(dtype) and dtype.precision > DIGITS_MAX:
        return _settled(series, "decimal") or _too_long("numbers")
    known: tuple[tuple[bool, Kind], ...] = (
        (types.is_string(dtype) or types.is_large_string(dtype) or types.is_string_view(dtype), "text"),
        (types.is_boolean(dtype), "boolean"),
        (types.is_integer(dtype), "integer"),
        (types.is_floating(dtype), "float"),
        (types.is_decimal(dtype), "decimal"),
        (types.is_date(dtype), "date"),
        (types.is_timestamp(dtype), "aware" if getattr(dtype, "tz", None) else "naive"),
        (types.is_null(dtype), "empty"),
    )
    if kind := next((kind for holds, kind in known if holds), None):
        return Held(kind)
    if types.is_time(dtype):
        return Held("text", f"times of day ({dtype})")
    return _unsupported(dtype, next(_arrow_nouns(dtype), None))


_OF_EXTENSION: Final[Mapping[str, Held]] = {
    "arrow.uuid": Held("text", "UUIDs (arrow.uuid)"),
    "arrow.json": Held("text", "JSON (arrow.json)"),
    "arrow.bool8": Held("boolean"),
}
"""Arrow's own types that stand on another one."""


def _arrow_nouns(dtype: pa.DataType) -> Iterator[tuple[str, str]]:
    types = pa.types
    if types.is_duration(dtype):
        yield "durations", _SECONDS
    if types.is_map(dtype) or types.is_struct(dtype):
        yield "maps" if types.is_map(dtype) else "structs", _JSON
    if types.is_nested(dtype):
        yield "lists", _JOIN
    if types.is_binary(dtype) or types.is_large_binary(dtype) or types.is_fixed_size_binary(dtype):
        yield "bytes values", _DECODE
    if types.is_binary_view(dtype):
        yield "bytes values", _DECODE


# ── objects ──────────────────────────────────────────────────────────────────────────────────────────────────────

_BY_INFERENCE: Final[Mapping[str, Kind]] = {
    "string": "text",
    "boolean": "boolean",
    "integer": "integer",
    "floating": "float",
    "mixed-integer-float": "float",
    "decimal": "decimal",
    "date": "date",
    "empty": "empty",
}
_IP: Final = (
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
)
_SPOKEN: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (uuid.UUID, "UUIDs"),
    (PurePath, "paths"),
    (dt.time, "times of day"),
    (_IP, "IP addresses"),
    (pd.Period, "periods"),
    (pd.Interval, "intervals"),
)
"""What has one text and no other → what it is called."""


def _of_objects(series: pd.Series[Any]) -> Held:
    inferred = pd.api.types.infer_dtype(series, skipna=True)
    if inferred.startswith("mixed"):
        # NaT among what is no time is missing as well.
        inferred = pd.api.types.infer_dtype(series[series.notna()], skipna=True)
    found: Held | None = None
    if inferred in ("datetime", "datetime64") or (inferred == "date" and len(_types(series)) > 1):
        found = _timestamps(series)
    elif inferred == "floating":
        found = _floats(series)
    elif kind := _BY_INFERENCE.get(inferred):
        found = _settled(series, kind) if kind in ("integer", "decimal", "float") else Held(kind)
    return found or _of_other_objects(series, inferred)


def _of_other_objects(series: pd.Series[Any], inferred: str) -> Held:
    types = _types(series)
    for classes, called in _SPOKEN:
        if all(issubclass(t, classes) for t in types):
            return (_periods(series) if classes is pd.Period else None) or Held("text", called)
    nouns = _nouns(types)
    if nouns.keys() == {"whole number", "decimal number"} and (found := _settled(series, "decimal")):
        return found
    detail = _in_words(series, nouns, inferred)
    return Held("unsupported", detail, _conversion(types, nouns, detail))


def _types(series: pd.Series[Any]) -> dict[type, int]:
    """Return the types of a column's objects, with how many there are of each."""
    present = series.to_numpy()[series.notna().to_numpy()]
    return dict(Counter(map(type, present)).most_common())


def _settled(series: pd.Series[Any], kind: Kind, type_: Any = None) -> Held | None:
    """Return numbers held as objects in one Arrow type, or ``None`` when none holds them all."""
    try:
        array = array_of(series, pa.float64() if kind == "float" and type_ is None else type_)
        if pa.types.is_decimal(array.type):
            array = array.cast(pa.decimal128(DIGITS_MAX, max(0, array.type.scale)))
    except OverflowError:
        return _big_integers(series)
    except (pa.ArrowException, TypeError, ValueError):
        return None
    return Held(kind, settled=_series_of(array, series))


def array_of(series: pd.Series[Any], type_: Any = None) -> Any:
    """Return objects as an Arrow array; what pandas takes for missing is missing."""
    try:
        return pa.array(series, type=type_, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError):
        # Decimal("NaN") is missing for pandas, and for Arrow only among others.
        return pa.array(series.astype(object).mask(series.isna(), None), type=type_, from_pandas=True)


def _big_integers(series: pd.Series[Any]) -> Held | None:
    present = series.notna().to_numpy()
    whole = np.full(len(series), None, dtype=object)
    whole[present] = np.frompyfunc(int, 1, 1)(
        series.to_numpy()[present]
    )  # NumPy's are no numbers for Arrow here
    try:
        array = pa.array(whole, type=pa.decimal128(DIGITS_MAX, 0))
    except (pa.ArrowException, TypeError, ValueError):
        return None
    return Held("integer", settled=_series_of(array, series))


def _series_of(array: Any, like: pd.Series[Any]) -> pd.Series[Any]:
    return pd.Series(pd.arrays.ArrowExtensionArray(array), index=like.index)


def _floats(series: pd.Series[Any]) -> Held | None:
    """Return floats in the width that all of them have, so that 0.1 is written as 0.1."""
    types = _types(series)
    if any(issubclass(t, np.longdouble) for t in types) and not _fits_double(
        series.dropna().to_numpy(dtype=np.longdouble)
    ):
        return Held("unsupported", "numbers of more than 64 bits", _ROUND)
    narrow = ((np.float32, pa.float32()), (np.float16, pa.float16()))
    return _settled(series, "float", next((width for t, width in narrow if types.keys() == {t}), None))


def _timestamps(series: pd.Series[Any]) -> Held | None:
    """Return datetime objects, dates among them, in one dtype; ``None`` when some have a time zone and some not."""
    zones = series.dropna().map(_zone)
    zoned = int(zones.notna().sum())
    if zoned not in (0, len(zones)):
        return None
    try:
        return Held("aware" if zoned else "naive", settled=pd.to_datetime(series, utc=zoned > 0))
    except (ValueError, OverflowError):
        return None


def _zone(value: Any) -> Any:
    return getattr(value, "tzinfo", None)  # a date has none


def _periods(series: pd.Series[Any]) -> Held | None:
    """Return periods held as objects in one dtype, or ``None`` when they are of several lengths."""
    try:
        settled = pd.Series(pd.PeriodIndex(series), index=series.index)
    except (TypeError, ValueError):
        return None
    return replace(_held(settled), settled=settled)


# ── as text ──────────────────────────────────────────────────────────────────────────────────────────────────────


def spoken(values: pd.Series[Any]) -> pd.Series[Any]:
    """Return what has one text as that text."""
    if isinstance(values.dtype, pd.ArrowDtype):
        return _arrow_spoken(values)
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values  # their texts are made
    # A string of Python's: a path may hold half a surrogate pair.
    return values.astype(pd.StringDtype("python", na_value=np.nan))


def _arrow_spoken(values: pd.Series[Any]) -> pd.Series[Any]:
    array, types = pa.array(values), pa.types
    if types.is_time(array.type):
        # By Arrow, as pandas drops nanoseconds; a fraction is shown where there is one.
        return _series_of(pc.replace_substring_regex(array.cast(pa.large_string()), r"\.0+$", ""), values)
    if types.is_fixed_size_binary(array.type):
        return _series_of(_uuids(array), values)
    return values


def _uuids(array: Any) -> Any:
    digits = pl.Series(pl.from_arrow(array)).bin.encode("hex").str
    groups = [digits.slice(start, size) for start, size in ((0, 8), (8, 4), (12, 4), (16, 4), (20, 12))]
    return pl.select(pl.concat_str(groups, separator="-")).to_series().to_arrow()


# ── in words ─────────────────────────────────────────────────────────────────────────────────────────────────────

_NOUNS: Final[tuple[tuple[type | tuple[type, ...], str, str], ...]] = (
    ((bool, np.bool_), "true or false", "times true or false"),
    (str, "text", "texts"),
    ((dt.timedelta, np.timedelta64), "duration", "durations"),  # NumPy's is also an integer
    ((int, np.integer), "whole number", "whole numbers"),
    ((float, np.floating), "number", "numbers"),
    (Decimal, "decimal number", "decimal numbers"),
    ((complex, np.complexfloating), "complex number", "complex numbers"),
    ((bytes, bytearray, memoryview), "bytes value", "bytes values"),
)
"""Types → what one value of them, and what several, are called; others by the name of their class."""


def _noun(type_: type) -> tuple[str, str]:
    for classes, one, many in _NOUNS:
        if issubclass(type_, classes):
            return one, many
    name = str(_told_of(type_, "__qualname__"))
    if issubclass(type_, Enum):
        return f"member of {name}", f"members of {name}"
    if _is_geometry(type_):
        return f"geometry ({name})", f"geometries ({name})"
    return name, f"{name}s"


def _told_of(type_: type, what: str) -> Any:
    return type.__getattribute__(type_, what)  # past a metaclass that may refuse


def _is_geometry(type_: type) -> bool:
    return str(_told_of(type_, "__module__")).startswith("shapely.")


def _nouns(types: Mapping[type, int]) -> dict[str, tuple[str, int]]:
    """Return what each kind of object is called → what several are called, and how many there are."""
    made: dict[str, tuple[str, int]] = {}
    for type_, count in types.items():
        one, many = _noun(type_)
        made[one] = many, count + made.get(one, ("", 0))[1]
    return made


def _in_words(series: pd.Series[Any], nouns: Mapping[str, tuple[str, int]], inferred: str) -> str:
    counts = " and ".join(f"{n:,} {one if n == 1 else many}" for one, (many, n) in nouns.items())
    if inferred == "datetime":
        return f"{counts}, {_ZONES}"
    if inferred == "decimal" and (infinite := int(series.dropna().map(_is_infinite).sum())):
        return f"{counts}, {infinite:,} {_INFINITE}"
    return _too_long(counts).detail if inferred in ("integer", "decimal") else counts


def _is_infinite(value: Any) -> bool:
    return bool(value.is_infinite())


def _too_long(what: str) -> Held:
    return Held("unsupported", f"{what} of over {DIGITS_MAX} digits", _AS_TEXT)


def rarest_first(series: pd.Series[Any], size: int) -> tuple[np.ndarray[Any, Any], list[int]]:
    """Return the positions of all present values, and the first few, those of the rarest kind of object first.

    It asks nothing of the objects themselves, which may be what cannot be read.
    """
    present = _present(series).nonzero()[0]
    if not _may_mix(series.dtype) or not len(present):
        return present, present[:size].tolist()
    objects = np.asarray(series, dtype=object)
    types = np.fromiter(map(id, map(type, objects[present])), dtype=np.int64, count=len(present))
    _, first, which, counts = np.unique(types, return_index=True, return_inverse=True, return_counts=True)
    kinds, _ = pd.factorize(np.array([_noun(type(objects[present[i]]))[0] for i in first], dtype=object))
    of_its_kind = np.bincount(kinds, weights=counts)[kinds][which]
    return present, present[np.argsort(of_its_kind, kind="stable")[:size]].tolist()


def _may_mix(dtype: Any) -> bool:
    return "object" in (str(dtype), str(getattr(dtype, "subtype", ""))) or isinstance(
        dtype, pd.CategoricalDtype
    )


def _present(series: pd.Series[Any]) -> np.ndarray[Any, Any]:
    try:
        return series.notna().to_numpy()
    except Exception:  # noqa: BLE001 - a signalling NaN does, and objects may raise anything
        return np.array([_is_present(v) for v in np.asarray(series, dtype=object)], dtype=bool)


def _is_present(value: Any) -> bool:
    try:
        return not (pd.api.types.is_scalar(value) and pd.isna(value))
    except Exception:  # noqa: BLE001 - it is there, to raise
        return True


# ── what makes an attribute of it ────────────────────────────────────────────────────────────────────────────────

_AS_TEXT: Final = '{cell} = {cell}.map(str, na_action="ignore")   # if text will do'
_NUMBERS_AS_TEXT: Final = """def text(v):
    return str(int(v)) if isinstance(v, float) and v.is_integer() else str(v)
{cell} = {cell}.map(text, na_action="ignore")   # if text will do; 2.0 becomes "2\""""
_DROP: Final = "df = df.drop(columns=[{column}])   # or make values of it that can be read"
_ROUND: Final = '{cell} = {cell}.astype("float64")   # rounds to 53 bits, some 16 digits'
_SECONDS: Final = """{cell} = pd.to_timedelta({cell}).dt.total_seconds()   # as a NUMBER of seconds
# or as text: {cell} = {cell}.map(str, na_action="ignore")"""
_ABS: Final = """{cell} = {cell}.map(abs, na_action="ignore")   # the size
# or the real part: {cell} = {cell}.map(lambda v: v.real, na_action="ignore")"""
_ABS_OF_DTYPE: Final = """{cell} = {cell}.abs()   # the size
# or the real part: {cell} = {cell}.map(lambda v: v.real)"""
_DENSE: Final = "{cell} = {cell}.sparse.to_dense()"
_DECODE: Final = '{cell} = {cell}.map(lambda v: bytes(v).decode("utf-8"), na_action="ignore")'
_JOIN: Final = """{cell} = {cell}.map(lambda v: "; ".join(map(str, v)), na_action="ignore")
# or df.explode({column}): a row for each, which repeats the key"""
_JSON: Final = """import json
{cell} = {cell}.map(lambda v: json.dumps(v, default=str, ensure_ascii=False), na_action="ignore")
# or pd.json_normalize({cell}): a column for each field"""
_ENUM: Final = '{cell} = {cell}.map(lambda v: v.value, na_action="ignore")   # or v.name'
_WKT: Final = '{cell} = {cell}.map(lambda v: v.wkt, na_action="ignore")   # as .to_wkt() of GeoPandas'
_EXACT: Final = """from decimal import Decimal
{cell} = {cell}.map(lambda v: Decimal(str(v)), na_action="ignore")"""
_ZONES: Final = "some with a time zone and some without"
_INFINITE: Final = "of them infinite"

_OF_MIXED: Final[Mapping[frozenset[str], str]] = {
    frozenset({"text", "bytes value"}): (
        '{cell} = {cell}.map(lambda v: v if isinstance(v, str) else bytes(v).decode("utf-8"), na_action="ignore")'
    ),
    frozenset({"true or false", "whole number"}): (
        '{cell} = {cell}.map(int, na_action="ignore")   # if True means 1'
    ),
    frozenset({"number", "decimal number"}): _EXACT,
    frozenset({"number", "decimal number", "whole number"}): _EXACT,
}
"""Kinds of objects that stand mixed in a column → what makes one kind of them."""
_OF_ONE: Final[tuple[tuple[type | tuple[type, ...], str], ...]] = (
    (Enum, _ENUM),
    ((dt.timedelta, np.timedelta64), _SECONDS),
    ((complex, np.complexfloating), _ABS),
    ((bytes, bytearray, memoryview), _DECODE),
    (Mapping, _JSON),
    (Fraction, '{cell} = {cell}.map(float, na_action="ignore")   # rounds, as 1/3 to 0.3333333333333333'),
    ((list, tuple, set, frozenset, np.ndarray, pd.Series, pd.Index, range), _JOIN),
)
"""Classes of which all objects of a column are → what makes of them something that an attribute can hold."""


def _conversion(types: Mapping[type, int], nouns: Mapping[str, Any], detail: str) -> str:
    if detail.endswith(_ZONES):
        return "{cell} = pd.to_datetime({cell}, utc=True)   # if those without a zone are UTC"
    if detail.endswith(_INFINITE):
        return '{cell} = {cell}.map(lambda v: v if v.is_finite() else None, na_action="ignore")'
    if all(map(_is_geometry, types)):
        return _WKT
    for classes, line in _OF_ONE:
        if all(issubclass(t, classes) for t in types):
            return line
    if len(nouns) > 1:
        numeric = any("number" in noun for noun in nouns)
        return _OF_MIXED.get(frozenset(nouns), _NUMBERS_AS_TEXT if numeric else _AS_TEXT)
    return _AS_TEXT
