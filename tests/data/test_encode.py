"""How timestamps and floats are written, against Python's own writing of the same values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import connect_pandas


def written(values: Any, **options: Any) -> list[str]:
    """Return the fields of one column as they stand in the file."""
    frame = pd.DataFrame({"id": [f"k{i}" for i in range(len(values))], "c": values})
    plan = connect_pandas.plan(frame, "T", **options)
    lines = b"".join(piece for piece, _ in plan.pieces()).decode().splitlines()
    return [line.split(",", 1)[1] for line in lines[1:]]


MOMENTS = [
    *("1969-12-31T23:59:59.999", "1969-12-31T23:59:59.001", "1970-01-01T00:00:00", "1970-01-01T00:00:00.001"),
    *("1700-02-28T00:00:00.5", "1900-02-28T23:59:59.5", "2024-02-29T12:30:15", "2261-12-31T23:59:59.999"),
]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/St_Johns"])
@pytest.mark.parametrize(
    "moments", [MOMENTS[:4], MOMENTS, [*MOMENTS[:2], None]], ids=["few days", "many days", "gap"]
)
def test_a_fraction_of_a_second_is_cut_off(unit: str, zone: str | None, moments: list[Any]) -> None:
    # More than 65,536 days lie between the first and the last of the many.
    values = pd.Series(pd.to_datetime(moments, format="ISO8601")).astype(f"datetime64[{unit}]")  # type: ignore[call-overload]
    there = values.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else values
    wanted = ["" if m is None else m[:19] + "Z" for m in moments]
    assert written(there) == wanted


def test_years_before_1000_have_four_digits() -> None:
    days = ["0001-01-01T00:00:00", "0999-12-31T23:59:59", "9999-12-31T23:59:59"]
    assert written(np.array(days, dtype="datetime64[s]")) == [f"{day}Z" for day in days]


def test_every_second_of_a_day() -> None:
    seconds = pd.date_range("1969-12-31", periods=86_400, freq="s")
    assert written(seconds) == [f"{moment.isoformat()}Z" for moment in seconds]


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ([1.0, 2.5], ["1.0", "2.5"]),
        ([1.0, -0.0, 1001.0], ["1", "0", "1001"]),
        ([1.0, None], ["1", ""]),
        ([1e-7, 0.1], ["0.0000001", "0.1"]),
        ([1e22, 0.5], ["10000000000000000000000", "0.5"]),
        ([123456789012345.0, 1.0], ["123456789012345", "1"]),
    ],
    ids=["fraction", "whole", "gap", "small", "large", "many digits"],
)
def test_floats(values: list[Any], fields: list[str]) -> None:
    got = written(values)
    assert all("e" not in field.lower() for field in got)
    assert [field and float(field) for field in got] == [field and float(field) for field in fields]
    if all(v is None or v == int(v) for v in values):
        assert got == fields  # whole numbers are written as such


@pytest.mark.parametrize("values", [np.float32([0.1, 1e-6, 3.4e38]), np.float32([0.1, 2.5])])
def test_floats_of_half_the_width_are_written_in_their_own_digits(values: Any) -> None:
    got = written(values)
    assert all("e" not in field.lower() for field in got)
    assert np.float32(got).tolist() == values.tolist()
    assert got[0] == "0.1"


def test_whole_numbers_that_are_whole_no_more_are_not_cut() -> None:
    frame = pd.DataFrame({"k": ["a", "b"], "n": [1.0, 2.0]})
    plan = connect_pandas.plan(frame, "T")
    plan._seen.columns.items[1].series.array[1] = 2.5  # past copy-on-write, as only a program can
    with pytest.raises(connect_pandas.PlanError, match="something has changed the frame"):
        plan.head()
