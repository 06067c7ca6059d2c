"""Frames of every dtype that an attribute can hold, each column with what its fields must read as."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

GUIDE = """\
Order ID,Client ID,Amount,Date,First-time purchase,Discount coupon
8783845,HX-18900123,623.70,2024-11-01T16:04:38Z,TRUE,FALL2024
8758175,HD-92590022,104.90,2024-11-01T16:04:38Z,TRUE,N/A
8130627,HO-52900998,930.67,2024-11-01T16:04:38Z,FALSE,N/A
8864985,HX-25900860,811.10,2024-10-31T21:15:38Z,TRUE,BLACKFRIDAY
8648971,HM-22800560,424.00,2024-10-31T20:36:55Z,FALSE,SAVE30
8794467,HA-22100109,1015.15,2024-10-31T20:02:17Z,FALSE,N/A
8794438,HH-87500445,1013.80,2024-10-31T19:17:56Z,FALSE,N/A
8791438,HM-22800560,485.25,2024-10-31T16:40:05Z,TRUE,BLACKFRIDAY
"""

NO_TEXT = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
"""What a value must not hold, written apart from the package's own rule."""

# ── text ─────────────────────────────────────────────────────────────────────────────────────────────────────

NASTY = ",\t|;\"'\\#\ufeff\u200f\u202e\u200dאبä中😀𝔘ﬁ e\u0301İ%$0-+="
BREAKS = "\n\r\x00\x0b\x0c\x1c\x1e\x7f\x85\u2028\u2029"
PLAIN = st.characters(exclude_categories=["Cs"]).filter(lambda c: not NO_TEXT.search(c))
LONG = st.builds(
    lambda unit, times: unit * times, st.sampled_from(["x", "é,", '"', "😀 "]), st.integers(1, 70_000)
)

clean_text = st.one_of(
    st.text(st.sampled_from(NASTY) | PLAIN, max_size=8),
    st.sampled_from(["", " ", "NULL", "NA", "N/A", "nan", "None", "-", "007", '""', "=1+1", "true", "1e5"]),
)
typed_text = st.sampled_from(
    [
        st.from_regex(r"[+-]?[0-9]{1,6}(\.[0-9]{0,4})?([eE][+-]?[0-9]{1,2})?", fullmatch=True),
        st.from_regex(r" ?-?\.[0-9]{1,4} ?", fullmatch=True),
        st.sampled_from("true FALSE True yes No".split()),
        st.sampled_from("y N n Y".split()),
        st.sampled_from("t F".split()),
        *(
            st.dates(dt.date(1, 1, 1)).map(lambda d, f=f: f.format(d))
            for f in (
                "{0.year:04}-{0:%m-%d}",
                "{0.year:04}/{0:%m/%d}",
                "{0:%m/%d}/{0.year:04}",
                "{0:%d/%m}/{0.year:04}",
                "{0:%d.%m}.{0.year:04}",
                "{0.day}/{0.month}/{0.year:04}",
                "{0:%d %b} {0.year:04}",
            )
        ),
        st.datetimes(dt.datetime(1900, 1, 1)).map(lambda t: t.strftime("%Y-%m-%d %H:%M:%S.%f")),
        st.datetimes(dt.datetime(1900, 1, 1)).map(lambda t: t.strftime("%Y-%m-%dT%H:%M")),
        st.datetimes(dt.datetime(1900, 1, 1)).map(lambda t: t.strftime("%Y-%m-%dT%H:%M:%S+02:00")),
        st.datetimes(dt.datetime(1900, 1, 1)).map(lambda t: t.strftime("%Y-%m-%dT%H:%M:%SZ")),
        st.from_regex(r"\+49151[0-9]{7,8}|0151[ /-][0-9]{7}|\([2-9][0-9]{2}\) 555-[0-9]{4}", fullmatch=True),
        st.from_regex(r"[€$]? ?[0-9]{1,3}([.,][0-9]{3}){0,2}[.,][0-9]{2}", fullmatch=True),
    ]
)
"""Strategies of texts that are of one kind, now and then with a value of none."""
any_text = st.one_of(clean_text, st.text(st.sampled_from(NASTY + BREAKS + "\ud800\udfff"), max_size=6))


# ── columns ──────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Made:
    """A column, and whether a field reads as one of its values."""

    series: pd.Series[Any]
    values: list[Any]
    reads_as: Callable[[Any, str, str | None], bool]
    """Value, field, pattern of the file's dates → whether the field says the value."""

    def says(self, type_: str, value: Any, field: str, pattern: str | None) -> bool:
        """Whether a field of an attribute of that type says the value."""
        return (_SAYS[type_] if isinstance(value, str) else self.reads_as)(value, field, pattern)

    def has_no_text(self) -> bool:
        return any(isinstance(v, str) and NO_TEXT.search(v) for v in self.values)


def _is_text(value: Any, field: str, pattern: str | None) -> bool:
    return field == value


def _is_number_in_text(value: str, field: str, pattern: str | None) -> bool:
    return _DECIMAL.fullmatch(field) is not None and Decimal(field) == Decimal(value.strip())


def _is_truth_in_text(value: str, field: str, pattern: str | None) -> bool:
    return field == ("TRUE" if value.strip().lower() in ("true", "yes", "y", "t") else "FALSE")


def _is_date_in_text(value: str, field: str, pattern: str | None) -> bool:
    moments = [m for form in _READ_BY if (m := _moment(value, form))]
    return any(_is_date(m, field, pattern) for m in moments)


_READ_BY = ["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%Y/%m/%d", "%d.%m.%Y", None]


def _moment(text: str, form: str | None) -> dt.datetime | None:
    try:
        return (
            dt.datetime.fromisoformat(text).replace(microsecond=0)
            if form is None
            else dt.datetime.strptime(text, form)
        )
    except ValueError:
        return None


def _is_whole(value: Any, field: str, pattern: str | None) -> bool:
    return field == str(int(value))


_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def _is_float(value: Any, field: str, pattern: str | None) -> bool:
    return _DECIMAL.fullmatch(field) is not None and type(value)(field) == value


def _is_decimal(value: Any, field: str, pattern: str | None) -> bool:
    return _DECIMAL.fullmatch(field) is not None and Decimal(field) == value


def _is_boolean(value: Any, field: str, pattern: str | None) -> bool:
    return field == ("TRUE" if value else "FALSE")


_STRFTIME = {
    "YYYY-MM-DDTHH:mm:ssZ": "%Y-%m-%dT%H:%M:%SZ",
    "YYYY-MM-DD": "%Y-%m-%d",
    "MM/DD/YYYY": "%m/%d/%Y",
    "DD/MM/YYYY": "%d/%m/%Y",
    "YYYY/MM/DD": "%Y/%m/%d",
    "DD.MM.YYYY": "%d.%m.%Y",
}


def _is_date(value: Any, field: str, pattern: str | None) -> bool:
    assert pattern is not None
    moment = value if isinstance(value, dt.datetime) else dt.datetime.combine(value, dt.time())
    if moment.tzinfo:
        moment = moment.astimezone(dt.UTC).replace(tzinfo=None)
    read = _moment(field, _STRFTIME[pattern])
    return len(field) == len(dt.datetime(2000, 1, 1).strftime(_STRFTIME[pattern])) and read == moment


_SAYS = {
    "TEXT": _is_text,
    "NUMBER": _is_number_in_text,
    "BOOLEAN": _is_truth_in_text,
    "DATE": _is_date_in_text,
}
"""Type of an attribute → whether a field says what a text does."""


def _column(values: st.SearchStrategy[Any], dtypes: list[Any], reads_as: Any, *, missing: bool = True) -> Any:
    return lambda rows: st.builds(
        lambda held, dtype: Made(pd.Series(held, dtype=dtype), held, reads_as),
        st.lists(values | st.none() if missing else values, min_size=rows, max_size=rows),
        st.sampled_from(dtypes),
    )


def _arrow(*types: pa.DataType) -> list[pd.ArrowDtype]:
    return [pd.ArrowDtype(t) for t in types]


def _whole(bits: int, *, signed: bool = True) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else st.integers(0, 2**bits - 1)


_finite = st.floats(allow_nan=False, allow_infinity=False)
_single = st.floats(width=32, allow_nan=False, allow_infinity=False).map(np.float32)
_decimals = st.decimals(min_value=-(10**9), max_value=10**9, places=4, allow_nan=False, allow_infinity=False)
_days = st.dates()
_moments = st.datetimes(dt.datetime(1700, 1, 1), dt.datetime(2250, 1, 1)).map(
    lambda t: t.replace(microsecond=0)
)
_zones = st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"])
TEXT_DTYPES = [
    "str",
    object,
    "category",
    "string",
    pd.StringDtype("python"),
    *_arrow(pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())),
]


def text_column(text: st.SearchStrategy[str]) -> Any:
    def build(rows: int) -> st.SearchStrategy[Made]:
        return st.builds(
            _text_made, st.lists(text | st.none(), min_size=rows, max_size=rows), st.sampled_from(TEXT_DTYPES)
        )

    return build


def _text_made(values: list[Any], dtype: Any) -> Made:
    # pandas itself holds half a surrogate pair only as an object or in a string of Python's.
    half = any(isinstance(v, str) and re.search("[\ud800-\udfff]", v) for v in values)
    return Made(pd.Series(values, dtype=object if half else dtype), values, _is_text)


def typed_column(rows: int) -> st.SearchStrategy[Made]:
    """A column of texts which mostly say numbers, dates, truths or phone numbers."""
    others = st.sampled_from(["", None, "N/A", "-", "x", "31/02/2024", "1,5"])
    held = typed_text.flatmap(
        lambda kind: st.lists(
            st.one_of(kind, kind, kind, kind, kind, kind, kind, others), min_size=rows, max_size=rows
        )
    )
    return st.builds(_text_made, held, st.sampled_from(TEXT_DTYPES))


def _zoned(rows: int) -> st.SearchStrategy[Made]:
    def make(moments: list[Any], zone: str, unit: str) -> Made:
        index = pd.DatetimeIndex(pd.to_datetime(pd.Series(moments, dtype="datetime64[us]"))).tz_localize(
            "UTC"
        )
        series = index.tz_convert(zone).as_unit(unit).to_series(index=range(rows))
        return Made(series, [None if v is pd.NaT else v.to_pydatetime() for v in series], _is_date)

    return st.builds(
        make,
        st.lists(_moments | st.none(), min_size=rows, max_size=rows),
        _zones,
        st.sampled_from(["s", "ms", "us", "ns"]),
    )


def _categories(rows: int) -> st.SearchStrategy[Made]:
    def make(values: list[Any]) -> Made:
        return Made(pd.Series(values).astype("category"), values, _is_whole)

    return st.lists(_whole(32), min_size=rows, max_size=rows).map(make)


def _sparse(rows: int) -> st.SearchStrategy[Made]:
    return st.lists(_whole(32), min_size=rows, max_size=rows).map(
        lambda values: Made(pd.Series(values, dtype=pd.SparseDtype("int64", 0)), values, _is_whole)
    )


def _is_spoken(value: Any, field: str, pattern: str | None) -> bool:
    return field == (value.isoformat() if isinstance(value, dt.time) else str(value))


def _is_period_day(value: Any, field: str, pattern: str | None) -> bool:
    return _is_date(value.to_timestamp().to_pydatetime(), field, pattern)


def _periods(freq: str, reads_as: Any) -> Any:
    def make(numbers: list[int | None]) -> Made:
        held = [None if n is None else pd.Period(ordinal=n, freq=freq) for n in numbers]
        return Made(pd.Series(held, dtype=f"period[{freq}]"), held, reads_as)

    return lambda rows: st.lists(st.integers(0, 600) | st.none(), min_size=rows, max_size=rows).map(make)


def _intervals(rows: int) -> st.SearchStrategy[Made]:
    def make(numbers: list[int]) -> Made:
        held = [pd.Interval(n, n + 1) for n in numbers]
        return Made(pd.Series(held, dtype="interval[int64]"), held, _is_spoken)

    return st.lists(st.integers(-99, 99), min_size=rows, max_size=rows).map(make)


OTHER_COLUMNS: list[Callable[[int], st.SearchStrategy[Made]]] = [
    _column(_whole(8), ["Int8", "Int64", "float64", object, *_arrow(pa.int8(), pa.int64())], _is_whole),
    _column(_whole(8), ["int8", "int16", "int32", "int64"], _is_whole, missing=False),
    _column(_whole(64), ["int64", "Int64", object, *_arrow(pa.int64())], _is_whole, missing=False),
    _column(
        _whole(64, signed=False), ["uint64", "UInt64", object, *_arrow(pa.uint64())], _is_whole, missing=False
    ),
    _column(_whole(126), [object], _is_whole),
    _column(_finite, ["float64", "Float64", object, *_arrow(pa.float64())], _is_float),
    _column(_single, ["float32", "Float32", *_arrow(pa.float32())], _is_float),
    _column(_decimals, [object, *_arrow(pa.decimal128(20, 4), pa.decimal256(60, 4))], _is_decimal),
    _column(st.booleans(), ["boolean", object, *_arrow(pa.bool_())], _is_boolean),
    _column(st.booleans(), ["bool", "Sparse[bool]"], _is_boolean, missing=False),
    _column(_days, [object, *_arrow(pa.date32())], _is_date),
    _column(_moments, [f"datetime64[{u}]" for u in ("s", "ms", "us", "ns")], _is_date),
    _column(_moments, [object, *_arrow(pa.timestamp("us"), pa.timestamp("s"))], _is_date),
    _column(_days | _moments, [object], _is_date),
    _column(st.uuids(), [object], _is_spoken),
    _column(
        st.times().map(lambda t: t.replace(microsecond=0)), [object, *_arrow(pa.time64("us"))], _is_spoken
    ),
    _column(st.from_regex("[a-z]{1,5}", fullmatch=True).map(PurePosixPath), [object], _is_spoken),
    _column(st.ip_addresses(), [object], _is_spoken),
    _column(_finite, [pd.SparseDtype("float64", 0.0)], _is_float, missing=False),
    _column(_whole(16), _arrow(pa.dictionary(pa.int8(), pa.int16())), _is_whole),
    _periods("D", _is_period_day),
    _periods("M", _is_spoken),
    _intervals,
    _zoned,
    _categories,
    _sparse,
]


@st.composite
def frames(
    draw: st.DrawFn, text: st.SearchStrategy[str] = clean_text
) -> tuple[pd.DataFrame, dict[str, Made]]:
    """A frame with a key column ``id``, and its other columns as they were made."""
    rows = draw(st.integers(1, 6))
    kinds = draw(
        st.lists(
            st.sampled_from([text_column(text), text_column(text), *[typed_column] * 4, *OTHER_COLUMNS]),
            max_size=4,
        )
    )
    made = {f"c{i}": draw(kind(rows)) for i, kind in enumerate(kinds)}
    keys = draw(st.lists(text.filter(bool), min_size=rows, max_size=rows, unique=True))
    made = {"id": _text_made(keys, "str"), **made}
    frame = pd.DataFrame({name: column.series for name, column in made.items()})
    return frame, made
