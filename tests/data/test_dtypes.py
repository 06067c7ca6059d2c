"""Every dtype, and every kind of object in a column, has a decided outcome: the table of docs/dtypes.md, row by row."""

from __future__ import annotations

import csv
import datetime as dt
import enum
import io
import ipaddress
import re
import uuid
from collections import namedtuple
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import connect_pandas
from connect_pandas import PlanError, Problem, ValidationError

MOMENT = dt.datetime(2024, 1, 2, 3, 4, 5)
ID = uuid.UUID("0190a0b0-0000-7000-8000-00000000002a")


def objects(*values: Any) -> pd.Series[Any]:
    """Return a column of exactly these objects: pandas would take lists apart."""
    held = np.empty(len(values), dtype=object)
    for i, value in enumerate(values):
        held[i] = value
    return pd.Series(held, dtype=object)


def arrow(type_: pa.DataType, *values: Any) -> pd.Series[Any]:
    return _of_arrow(pa.array(values, type=type_))


def dictionary(type_: pa.DataType, *values: Any) -> pd.Series[Any]:
    return _of_arrow(pa.array(values, type=type_).dictionary_encode())


def extension(type_: pa.DataType, *values: Any) -> pd.Series[Any]:
    return _of_arrow(pa.ExtensionArray.from_storage(type_, pa.array(values, type=type_.storage_type)))


def _of_arrow(array: Any) -> pd.Series[Any]:
    return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([array])))


def sparse(values: Any, fill: Any = None) -> pd.Series[Any]:
    return pd.Series(pd.arrays.SparseArray(values, fill_value=fill))


def category(values: Any) -> pd.Series[Any]:
    return pd.Series(values).astype("category")


def with_key(series: Any) -> pd.DataFrame:
    return pd.DataFrame({"k": [f"k{i}" for i in range(len(series))]}).assign(c=series)


def written(frame: pd.DataFrame) -> tuple[str, list[str]]:
    """Return the type of column ``c`` and its fields in the file."""
    plan = connect_pandas.plan(frame, "Name", key="k", delimiter="|", header=False)
    assert not [p for p in plan.problems if p.severity == "error"]
    assert b"".join(piece for piece, _ in plan.pieces()).decode() == plan.head(len(frame))
    records = csv.reader(io.StringIO(plan.head(len(frame)), newline=""), delimiter="|", strict=True)
    return plan.types["c"], [field for _, field in records]


def unsupported(frame: pd.DataFrame) -> Problem:
    problems = connect_pandas.plan(frame, "Name", key="k").problems
    (found,) = [p for p in problems if p.severity == "error"]
    assert (found.code, found.column) == ("unsupported-values", "c")
    return found


class Text(str):
    def __str__(self) -> str:
        return "something else"


class Colour(enum.Enum):
    RED = "r"
    BLUE = "b"


class Size(enum.StrEnum):
    SMALL = "s"


class Level(enum.IntEnum):
    LOW = 1


Pair = namedtuple("Pair", "x y")

# ── what is written ──────────────────────────────────────────────────────────────────────────────────────────

MISSING = (None, np.nan, pd.NA, pd.NaT, Decimal("NaN"))
NONE = [""] * len(MISSING)

WRITTEN: dict[str, tuple[Any, str, list[str]]] = {
    # text
    "str": (pd.Series(["a", None]), "TEXT", ["a", ""]),
    "string": (pd.Series(["a", None], dtype="string"), "TEXT", ["a", ""]),
    "string of Python's": (pd.Series(["a", None], dtype=pd.StringDtype("python")), "TEXT", ["a", ""]),
    "Arrow string": (arrow(pa.string(), "a", None), "TEXT", ["a", ""]),
    "Arrow large_string": (arrow(pa.large_string(), "a", None), "TEXT", ["a", ""]),
    "Arrow string_view": (arrow(pa.string_view(), "a" * 20, None), "TEXT", ["a" * 20, ""]),
    "Arrow dictionary of text": (dictionary(pa.string(), "a", None), "TEXT", ["a", ""]),
    "Arrow run-end encoded": (
        _of_arrow(pa.RunEndEncodedArray.from_arrays([2, 3], pa.array(["a", None]))),
        "TEXT",
        ["a", "a", ""],
    ),
    "category of text": (category(["a", None]), "TEXT", ["a", ""]),
    "sparse text": (sparse(["a", None]), "TEXT", ["a", ""]),
    "text, all kinds of missing": (objects("a", *MISSING), "TEXT", ["a", *NONE]),
    "text and NumPy's NaT": (
        objects("a", np.datetime64("NaT"), np.timedelta64("NaT")),
        "TEXT",
        ["a", "", ""],
    ),
    "subclass of str": (objects(Text("a"), "b"), "TEXT", ["a", "b"]),
    "StrEnum": (objects(Size.SMALL, None), "TEXT", ["s", ""]),
    "NumPy's str": (objects(np.str_("a"), "b"), "TEXT", ["a", "b"]),
    "NumPy's StringDType": (np.array(["a", "b"], dtype=np.dtypes.StringDType()), "TEXT", ["a", "b"]),
    # numbers
    **{
        f"{t}": (np.array([-128, 127], dtype=t), "NUMBER", ["-128", "127"])
        for t in ("int8", "int16", "int64")
    },
    "uint8": (np.array([255], dtype="uint8"), "NUMBER", ["255"]),
    "uint64": (np.array([2**64 - 1], dtype="uint64"), "NUMBER", [str(2**64 - 1)]),
    "UInt64": (pd.Series([2**64 - 1, None], dtype="UInt64"), "NUMBER", [str(2**64 - 1), ""]),
    "Int8": (pd.Series([1, None], dtype="Int8"), "NUMBER", ["1", ""]),
    "float16": (np.array([0.1, np.nan], dtype="float16"), "NUMBER", ["0.1", ""]),
    "float32": (np.array([0.1, np.nan], dtype="float32"), "NUMBER", ["0.1", ""]),
    "float64": (np.array([0.1, np.nan]), "NUMBER", ["0.1", ""]),
    "longdouble": (np.array([0.1, np.nan], dtype="float64").astype(np.longdouble), "NUMBER", ["0.1", ""]),
    "Float32": (pd.Series([0.1, None], dtype="Float32"), "NUMBER", ["0.1", ""]),
    "Float64": (pd.Series([0.1, None], dtype="Float64"), "NUMBER", ["0.1", ""]),
    "Arrow uint64": (arrow(pa.uint64(), 2**64 - 1, None), "NUMBER", [str(2**64 - 1), ""]),
    "Arrow halffloat": (arrow(pa.float16(), np.float16(0.1), None), "NUMBER", ["0.1", ""]),
    "Arrow float": (arrow(pa.float32(), 0.1, None), "NUMBER", ["0.1", ""]),
    "Arrow dictionary of int64": (dictionary(pa.int64(), 1, None), "NUMBER", ["1", ""]),
    **{
        f"Arrow {t}": (arrow(t, Decimal("1.5"), None), "NUMBER", ["1.50", ""])
        for t in (pa.decimal32(5, 2), pa.decimal64(5, 2), pa.decimal128(5, 2), pa.decimal256(50, 2))
    },
    "Arrow decimal of hundreds": (arrow(pa.decimal128(5, -2), Decimal("100"), None), "NUMBER", ["100", ""]),
    "Arrow dictionary of decimals": (dictionary(pa.decimal128(5, 2), Decimal("1.5")), "NUMBER", ["1.50"]),
    "category of int": (category([1, 2]), "NUMBER", ["1", "2"]),
    "category of float": (category([0.5, None]), "NUMBER", ["0.5", ""]),
    "category of Decimal": (category(objects(Decimal("1.5"), None)), "NUMBER", ["1.5", ""]),
    "sparse int": (sparse([1, 0], 0), "NUMBER", ["1", "0"]),
    "sparse uint8": (pd.Series([1, 0], dtype=pd.SparseDtype("uint8", 0)), "NUMBER", ["1", "0"]),
    "sparse float": (sparse([0.5, np.nan]), "NUMBER", ["0.5", ""]),
    "sparse float32": (pd.Series([0.1, np.nan], dtype="Sparse[float32]"), "NUMBER", ["0.1", ""]),
    "int objects, all kinds of missing": (objects(1, *MISSING), "NUMBER", ["1", *NONE]),
    "float objects, all kinds of missing": (objects(0.5, *MISSING), "NUMBER", ["0.5", *NONE]),
    "Decimal objects, all kinds of missing": (objects(Decimal("0.5"), *MISSING), "NUMBER", ["0.5", *NONE]),
    "int and float": (objects(1, 2.5), "NUMBER", ["1.0", "2.5"]),
    "int and Decimal": (objects(1, Decimal("2.5"), None), "NUMBER", ["1.0", "2.5", ""]),
    "NumPy's ints": (objects(np.int8(1), np.int64(2), 3), "NUMBER", ["1", "2", "3"]),
    "NumPy's uint64": (objects(np.uint64(2**63 + 1), None, 1), "NUMBER", [str(2**63 + 1), "", "1"]),
    "big int": (objects(10**37, None), "NUMBER", [str(10**37), ""]),
    "NumPy's float32": (objects(np.float32(0.1), None), "NUMBER", ["0.1", ""]),
    "NumPy's float16": (objects(np.float16(0.1), None), "NUMBER", ["0.1", ""]),
    "NumPy's longdouble": (objects(np.longdouble(0.5), 0.25), "NUMBER", ["0.5", "0.25"]),
    "IntEnum": (objects(Level.LOW, None), "NUMBER", ["1", ""]),
    # booleans
    "bool": (np.array([True, False]), "BOOLEAN", ["TRUE", "FALSE"]),
    "boolean": (pd.Series([True, None], dtype="boolean"), "BOOLEAN", ["TRUE", ""]),
    "Arrow bool": (arrow(pa.bool_(), True, None), "BOOLEAN", ["TRUE", ""]),
    "Arrow bool8": (extension(pa.bool8(), 1, None), "BOOLEAN", ["TRUE", ""]),
    "Arrow dictionary of bool": (dictionary(pa.bool_(), True, None), "BOOLEAN", ["TRUE", ""]),
    "category of bool": (category([True, False]), "BOOLEAN", ["TRUE", "FALSE"]),
    "sparse bool": (sparse([True, False], False), "BOOLEAN", ["TRUE", "FALSE"]),
    "bool objects, all kinds of missing": (objects(True, *MISSING[:4]), "BOOLEAN", ["TRUE", *NONE[:4]]),
    "NumPy's bool": (objects(np.bool_(True), False), "BOOLEAN", ["TRUE", "FALSE"]),
    # dates
    **{
        f"datetime64[{unit}]": (np.array(["2024-01-02"], dtype=f"datetime64[{unit}]"), "DATE", ["2024-01-02"])
        for unit in ("D", "h", "s", "ms", "us", "ns")
    },
    "datetime64[M]": (np.array(["2024-02"], dtype="datetime64[M]"), "DATE", ["2024-02-01"]),
    "datetime64 with a zone": (
        pd.date_range("2024-01-02", periods=1, tz="Europe/Berlin"),
        "DATE",
        ["2024-01-01T23:00:00Z"],
    ),
    **{
        f"Arrow timestamp[{unit}{zone and ', '}{zone}]": (
            arrow(pa.timestamp(unit, zone or None), MOMENT, None),
            "DATE",
            ["2024-01-02T03:04:05Z", ""],
        )
        for unit in ("s", "ms", "us", "ns")
        for zone in ("", "UTC", "Asia/Kolkata", "+05:30")
    },
    "Arrow dictionary of timestamps": (
        dictionary(pa.timestamp("us", "UTC"), MOMENT, None),
        "DATE",
        ["2024-01-02T03:04:05Z", ""],
    ),
    "Arrow date32": (arrow(pa.date32(), MOMENT.date(), None), "DATE", ["2024-01-02", ""]),
    "Arrow date64": (arrow(pa.date64(), MOMENT.date(), None), "DATE", ["2024-01-02", ""]),
    "Arrow dictionary of days": (dictionary(pa.date32(), MOMENT.date()), "DATE", ["2024-01-02"]),
    "category of timestamps": (category(pd.date_range("2024-01-02", periods=1)), "DATE", ["2024-01-02"]),
    "category of days": (category(objects(MOMENT.date(), None)), "DATE", ["2024-01-02", ""]),
    "sparse timestamps": (sparse(pd.to_datetime(["2024-01-02", None])), "DATE", ["2024-01-02", ""]),
    "days, all kinds of missing": (objects(MOMENT.date(), *MISSING[:4]), "DATE", ["2024-01-02", *NONE[:4]]),
    "datetime": (objects(MOMENT, None), "DATE", ["2024-01-02T03:04:05Z", ""]),
    "Timestamp": (objects(pd.Timestamp(MOMENT), pd.NaT), "DATE", ["2024-01-02T03:04:05Z", ""]),
    "NumPy's datetime64": (
        objects(np.datetime64("2024-01-02"), np.datetime64("2024-01-03T00:00", "m"), None),
        "DATE",
        ["2024-01-02", "2024-01-03", ""],
    ),
    "periods of days": (
        pd.Series(pd.PeriodIndex(["2024-01-02", None, "9999-12-31", "0001-01-01"], freq="D")),
        "DATE",
        ["2024-01-02", "", "9999-12-31", "0001-01-01"],
    ),
    "category of periods of days": (
        category(pd.PeriodIndex(["2024-01-02", None, "2024-01-02"], freq="D")),
        "DATE",
        ["2024-01-02", "", "2024-01-02"],
    ),
    "objects that are periods of days": (
        objects(pd.Period("2024-01-02", "D"), None),
        "DATE",
        ["2024-01-02", ""],
    ),
    # what has one text
    **{
        f"periods of {freq}": (pd.Series(pd.PeriodIndex([text, None], freq=freq)), "TEXT", [text, ""])
        for freq, text in {
            "M": "2024-01",
            "Q": "2024Q1",
            "Y": "2024",
            "W": "2024-01-01/2024-01-07",
            "2D": "2024-01-01",
            "h": "2024-01-01 10:00",
            "min": "2024-01-01 10:30",
            "s": "2024-01-01 10:30:00",
        }.items()
    },
    "category of periods of months": (
        category(pd.PeriodIndex(["2024-01", None, "2024-01"], freq="M")),
        "TEXT",
        ["2024-01", "", "2024-01"],
    ),
    "objects that are periods of several lengths": (
        objects(pd.Period("2024-01", "M"), pd.Period("2024", "Y")),
        "TEXT",
        ["2024-01", "2024"],
    ),
    "intervals": (pd.interval_range(0, 20, periods=2), "TEXT", ["(0, 10]", "(10, 20]"]),
    "intervals closed on the left": (
        pd.interval_range(0.5, 2, periods=1, closed="left"),
        "TEXT",
        ["[0.5, 2.0)"],
    ),
    "intervals of days": (
        pd.interval_range(pd.Timestamp("2024-01-01"), periods=1),
        "TEXT",
        ["(2024-01-01 00:00:00, 2024-01-02 00:00:00]"],
    ),
    "cut": (pd.cut(pd.Series([1, 9, None]), [0, 5, 10]), "TEXT", ["(0, 5]", "(5, 10]", ""]),
    "interval objects": (objects(pd.Interval(0, 1), None), "TEXT", ["(0, 1]", ""]),
    "UUID": (objects(ID, *MISSING[:4]), "TEXT", [str(ID), *NONE[:4]]),
    "category of UUIDs": (category(objects(ID, None, ID)), "TEXT", [str(ID), "", str(ID)]),
    "sparse UUIDs": (sparse(objects(ID, None)), "TEXT", [str(ID), ""]),
    "Arrow uuid": (extension(pa.uuid(), ID.bytes, None), "TEXT", [str(ID), ""]),
    "Arrow json": (extension(pa.json_(), "5", None), "TEXT", ["5", ""]),
    "paths": (objects(Path("a"), PurePosixPath("b/123"), None), "TEXT", ["a", "b/123", ""]),
    "Windows paths": (objects(PureWindowsPath("c:/a")), "TEXT", ["c:\\a"]),
    "IP addresses": (
        objects(ipaddress.ip_address("10.0.0.1"), ipaddress.ip_address("2001:DB8::1"), None),
        "TEXT",
        ["10.0.0.1", "2001:db8::1", ""],
    ),
    "IP networks": (objects(ipaddress.ip_network("10.0.0.0/8")), "TEXT", ["10.0.0.0/8"]),
    "times of day": (
        objects(dt.time(10, 30), dt.time(10, 30, 0, 5), None, dt.time(10, 30, tzinfo=dt.UTC)),
        "TEXT",
        ["10:30:00", "10:30:00.000005", "", "10:30:00+00:00"],
    ),
    **{
        f"Arrow {t}": (arrow(t, dt.time(10, 30), None), "TEXT", ["10:30:00", ""])
        for t in (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"))
    },
    "Arrow times of nanoseconds": (
        arrow(pa.time64("ns"), 1, 10**9),
        "TEXT",
        ["00:00:00.000000001", "00:00:01"],
    ),
    "Arrow dictionary of times": (dictionary(pa.time32("s"), dt.time(10, 30)), "TEXT", ["10:30:00"]),
    # nothing
    "Arrow null": (arrow(pa.null(), None, None), "TEXT", ["", ""]),
    "all missing": (objects(None, np.nan), "TEXT", ["", ""]),
    "durations, all missing": (pd.to_timedelta([None, None]), "TEXT", ["", ""]),
    "category of nothing": (category([None, None]), "TEXT", ["", ""]),
}


@pytest.mark.filterwarnings("ignore:Period with BDay freq:FutureWarning")
@pytest.mark.parametrize(("values", "type_", "fields"), WRITTEN.values(), ids=WRITTEN)
def test_what_is_written(values: Any, type_: str, fields: list[str]) -> None:
    assert written(with_key(values)) == (type_, fields)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (pd.period_range("2024-01", periods=1, freq="M"), "periods of months (period[M])"),
        (pd.period_range("2024-01", periods=1, freq="2D"), "periods of 2 days (period[2D])"),
        (pd.interval_range(0, 1), "intervals (interval[int64, right])"),
        (objects(ID), "UUIDs"),
        (objects(Path("a")), "paths"),
        (objects(dt.time(1)), "times of day"),
        (arrow(pa.time32("s"), dt.time(1)), "times of day (time32[s])"),
        (objects(ipaddress.ip_address("::1")), "IP addresses"),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_the_reason_says_what_is_made_text(values: Any, said: str) -> None:
    assert f"its values are {said}" in connect_pandas.infer(with_key(values)).reasons["c"]


@pytest.mark.parametrize(
    "name", ["periods of M", "periods of days", "UUID", "cut", "Arrow uuid", "longdouble"]
)
def test_its_schema_lets_it_pass(name: str) -> None:
    frame = with_key(WRITTEN[name][0])
    assert connect_pandas.validate(frame, schema=connect_pandas.schema(frame)) is frame


def test_texts_are_made_slice_by_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    from connect_pandas.data import columns

    made: list[int] = []
    spoken = columns.spoken
    monkeypatch.setattr(columns, "SLICE_ROWS", 10)
    monkeypatch.setattr(columns, "spoken", lambda part: made.append(len(part)) or spoken(part))
    frame = with_key(pd.Series(pd.period_range("2000-01", periods=95, freq="M")))
    _, fields = written(frame)
    assert fields == [str(p) for p in frame["c"]]
    assert max(made) == 10


def test_one_text_held_for_many_rows_fills_no_slice() -> None:
    from connect_pandas.data.columns import SLICE_BYTES, read

    long = pa.array(["x" * 1_000_000])
    for array in (
        pa.DictionaryArray.from_arrays(pa.array([0] * 500, pa.int8()), long),
        pa.RunEndEncodedArray.from_arrays([500], long),
    ):
        columns = read(with_key(_of_arrow(array)))
        first = next(columns.slices([1]))
        assert first.estimated_size() <= 3 * SLICE_BYTES


# ── what no attribute can hold ───────────────────────────────────────────────────────────────────────────────

SHAPELY = type("Point", (), {"__module__": "shapely.geometry.point", "wkt": "POINT (1 2)"})
"""In place of the one that is known by the name of its module."""

UNSUPPORTED: dict[str, tuple[Any, str, list[str]]] = {
    "timedelta64": (pd.to_timedelta([90, None], unit="s"), "durations (timedelta64[", ["90.0", ""]),
    "timedelta": (objects(dt.timedelta(seconds=90), None), "1 duration", ["90", ""]),
    "NumPy's timedelta64": (objects(np.timedelta64(90, "s"), None), "1 duration", ["90", ""]),
    "category of durations": (category(pd.to_timedelta([90, None], unit="s")), "1 duration", ["90", ""]),
    "sparse durations": (
        sparse(pd.to_timedelta([90, None], unit="s")),
        "durations (timedelta64[",
        ["90", ""],
    ),
    "Arrow duration": (
        arrow(pa.duration("s"), dt.timedelta(seconds=90), None),
        "durations (duration[s])",
        ["90", ""],
    ),
    "bytes": (objects(b"a", None), "1 bytes value", ["a", ""]),
    "bytearray": (objects(bytearray(b"a"), memoryview(b"b")), "2 bytes values", ["a", "b"]),
    "Arrow binary": (arrow(pa.binary(), b"a", None), "bytes values (binary)", ["a", ""]),
    "Arrow large_binary": (arrow(pa.large_binary(), b"a"), "bytes values (large_binary)", ["a"]),
    "Arrow binary_view": (arrow(pa.binary_view(), b"a"), "bytes values (binary_view)", ["a"]),
    "Arrow fixed_size_binary": (arrow(pa.binary(1), b"a"), "bytes values (fixed_size_binary[1])", ["a"]),
    "list": (objects([1, 2], None), "1 list", ["1; 2", ""]),
    "tuple": (objects((1, 2), Pair(3, 4)), "1 tuple and 1 Pair", ["1; 2", "3; 4"]),
    "set": (objects({1}, frozenset([2])), "1 set and 1 frozenset", ["1", "2"]),
    "ndarray": (objects(np.array([1, 2]), None), "1 ndarray", ["1; 2", ""]),
    "Arrow list": (arrow(pa.list_(pa.int8()), [1, 2], None), "lists (list<", ["1; 2", ""]),
    "Arrow large_list": (arrow(pa.large_list(pa.int8()), [1, 2]), "lists (large_list<", ["1; 2"]),
    "Arrow fixed_size_list": (arrow(pa.list_(pa.int8(), 2), [1, 2]), "lists (fixed_size_list<", ["1; 2"]),
    "dict": (objects({"a": 1}, None), "1 dict", ['{"a": 1}', ""]),
    "Arrow struct": (arrow(pa.struct([("a", pa.int8())]), {"a": 1}), "structs (struct<", ['{"a": 1}']),
    "Arrow map": (arrow(pa.map_(pa.string(), pa.int8()), [("a", 1)]), "maps (map<", ['[["a", 1]]']),
    "complex128": ([3 + 4j, None], "complex numbers (complex128)", ["5.0", ""]),
    "complex64": (np.array([3 + 4j], dtype="complex64"), "complex numbers (complex64)", ["5"]),
    "complex": (objects(3 + 4j, None), "1 complex number", ["5", ""]),
    "sparse complex": (sparse(np.array([3 + 4j, 0])), "complex numbers (complex128)", ["5", "0"]),
    "Enum": (objects(Colour.RED, Colour.BLUE, None), "2 members of Colour", ["r", "b", ""]),
    "category of Enum": (category(objects(Colour.RED, None)), "1 member of Colour", ["r", ""]),
    "Fraction": (objects(Fraction(1, 2), None), "1 Fraction", ["0.5", ""]),
    "geometry": (objects(SHAPELY(), None), "1 geometry (Point)", ["POINT (1 2)", ""]),
    "40 digits": (objects(10**40, None), "1 whole number of over 38 digits", [str(10**40), ""]),
    "60 digits": (arrow(pa.decimal256(76, 0), Decimal(10**60)), "numbers of over 38 digits", [str(10**60)]),
    "infinite Decimal": (
        objects(Decimal("Infinity"), Decimal(1)),
        "2 decimal numbers, 1 of them infinite",
        ["", "1"],
    ),
    "void": (objects(np.array([(1,)], dtype=[("a", "i4")])[0]), "1 void", ["(1,)"]),
    "DataFrame": (objects(pd.DataFrame(), None), "1 DataFrame", []),
    "Arrow month_day_nano_interval": (
        arrow(pa.month_day_nano_interval(), (1, 2, 3)),
        "values of type month_day_nano_interval",
        [],
    ),
    "signalling NaN": (
        objects(Decimal("sNaN"), Decimal(1)),
        "values that cannot be read (InvalidOperation)",
        [],
    ),
    # mixed
    "text and numbers": (
        objects("a", 1, 2.0, 2.5),
        "2 numbers and 1 text and 1 whole number",
        ["a", "1", "2", "2.5"],
    ),
    "text and bytes": (objects("a", b"b"), "1 text and 1 bytes value", ["a", "b"]),
    "text and paths": (objects("a", PurePosixPath("b")), "1 text and 1 PurePosixPath", ["a", "b"]),
    "bool and int": (objects(True, 0), "1 true or false and 1 whole number", ["1", "0"]),
    "float and Decimal": (objects(0.1, Decimal("2.5")), "1 number and 1 decimal number", ["0.1", "2.5"]),
    "with and without a zone": (
        objects(MOMENT, MOMENT.replace(tzinfo=dt.UTC)),
        "2 datetimes, some with a time zone and some without",
        ["2024-01-02T03:04:05Z"] * 2,
    ),
    "category of text and numbers": (
        category(objects("a", 1, 1, None)),
        "2 whole numbers and 1 text",
        ["a", "1", "1", ""],
    ),
}


if np.finfo(np.longdouble).nmant > np.finfo(np.float64).nmant:  # not on every machine
    UNSUPPORTED |= {
        "more than 64 bits": (
            np.array(["0.1"], dtype=np.longdouble),
            "numbers of more than 64 bits",
            ["0.1"],
        ),
        "more than 64 bits, as objects": (
            objects(np.longdouble("0.1")),
            "numbers of more than 64 bits",
            ["0.1"],
        ),
    }


@pytest.mark.parametrize(("values", "held", "fields"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_no_attribute_can_hold_has_a_way_out(values: Any, held: str, fields: list[str]) -> None:
    frame = with_key(values)
    problem = unsupported(frame)
    assert problem.message.startswith(f"It holds {held}"), problem.message
    if "cannot be read" not in held:  # of which pandas cannot say what is missing either
        assert problem.count == frame["c"].notna().sum()
    made: dict[str, Any] = {"df": frame.copy(), "pd": pd}
    exec(problem.fix, made)
    if "drop(columns" in problem.fix:
        assert list(made["df"]) == ["k"]
    elif fields:
        assert [_number(f) for f in written(made["df"])[1]] == [_number(f) for f in fields]


def _number(field: str) -> str:
    """Return a field without the zeros by which a float is told from a whole number."""
    return re.sub(r"^(-?[0-9]+)\.0$", r"\1", field)


def test_the_rarest_kind_is_shown_first() -> None:
    values = objects(*range(900), "odd", None, *range(98), 2.5, 2.5)
    problem = unsupported(with_key(values))
    assert problem.message.startswith("It holds 998 whole numbers and 2 numbers and 1 text")
    assert [(r.position, r.value) for r in problem.rows] == [
        (900, "odd"),
        (1000, 2.5),
        (1001, 2.5),
        (0, 0),
        (1, 1),
    ]
    assert problem.count == 1001


def test_every_row_of_a_mix_is_an_offending_row() -> None:
    with pytest.raises(ValidationError) as caught:
        connect_pandas.validate(with_key(objects("a", None, 1)))
    assert caught.value.rows["errors"].to_dict() == {0: "c: unsupported-values", 2: "c: unsupported-values"}


def test_classes_of_one_name_are_counted_together() -> None:
    twins = [type("Twin", (), {})() for _ in range(2)]
    assert unsupported(with_key(objects(*twins))).message.startswith("It holds 2 Twins")


# ── objects that do not behave ───────────────────────────────────────────────────────────────────────────────


def _raise(*_: Any) -> Any:
    raise RuntimeError("not today")


class _Refuses(type):
    __hash__ = _raise
    __eq__ = _raise


BAD: dict[str, Any] = {
    "comparison": type("Bad", (), {"__eq__": _raise, "__ne__": _raise, "__lt__": _raise, "__hash__": None}),
    "hash": type("Bad", (), {"__hash__": _raise}),
    "bool": type("Bad", (), {"__bool__": _raise, "__len__": _raise}),
    "class": _Refuses("Bad", (), {}),
    "length": type("Bad", (list,), {"__len__": lambda _: 10**12}),
    "isna of a float": lambda: type(
        "Bad", (float,), {"__ne__": _raise, "__eq__": _raise, "__hash__": _raise}
    )(1.5),
    "isna of a Decimal": lambda: type("Bad", (Decimal,), {"__ne__": _raise, "__eq__": _raise})("1.5"),
    "array": type("Bad", (), {"__array__": _raise, "__iter__": _raise, "__getattr__": _raise}),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_objects_that_raise_are_named(make: Any) -> None:
    frame = with_key(objects(make(), "a"))
    problem = unsupported(frame)
    assert str(problem).startswith("c: It holds ")
    with pytest.raises(ValidationError, match=r"c: It holds "):
        connect_pandas.validate(frame)


def test_a_text_that_cannot_be_made_is_named() -> None:
    bad = type("Bad", (uuid.UUID,), {"__str__": _raise})(int=1)
    with pytest.raises(
        PlanError, match=r"The column 'c' cannot be read as it was at first \(RuntimeError, in rows"
    ):
        connect_pandas.plan(with_key(objects(ID, bad)), "Name")


def test_numbers_that_lie_are_written_as_they_are() -> None:
    lie = type(
        "Lie", (float,), {"__ne__": lambda *_: False, "__eq__": lambda *_: True, "__hash__": lambda _: 1}
    )
    assert written(with_key(objects(lie(1.5), lie(2.5)))) == ("NUMBER", ["1.5", "2.5"])


# ── frames that do not behave ────────────────────────────────────────────────────────────────────────────────


def test_a_subclass_of_a_frame_has_no_say() -> None:
    from connect_pandas.data.columns import read

    refusing = type(
        "Refusing", (pd.DataFrame,), dict.fromkeys(("__getitem__", "copy", "_constructor"), _raise)
    )
    columns = read(refusing({"k": ["a"], "n": [1]}))
    assert [c.name for c in columns.items] == ["k", "n"]


def test_a_label_that_cannot_be_read() -> None:
    label = type("Bad", (), {"__str__": _raise, "__repr__": _raise})()
    with pytest.raises(PlanError, match=r"The name of a column, an object of .*Bad.* df\.columns ="):
        connect_pandas.infer(pd.DataFrame([[1, 2]], columns=pd.Index([label, "n"], dtype=object)))


def test_a_change_of_the_frame_does_not_reach_the_plan() -> None:
    frame = pd.DataFrame({"k": ["a", "b"], "n": [1, 2], "o": objects("x", "y")})
    plan = connect_pandas.plan(frame, "Name")
    before = plan.head()
    frame.loc[0, "k"] = "changed"
    frame.loc[0, "n"] = 99
    frame.loc[1, "o"] = 5
    frame["new"] = 1
    del frame["n"]
    assert plan.head() == before


def test_a_change_behind_the_frames_back_is_named() -> None:
    frame = with_key(objects("x", "y"))
    plan = connect_pandas.plan(frame, "Name", key="k")
    frame["c"].array[1] = 5  # past copy-on-write: into the plan's values as well
    wanted = r"The column 'c' cannot be read as it was at first \(.*, in rows 0 to 1\): .* plan it again"
    with pytest.raises(PlanError, match=wanted):
        list(plan.pieces())
