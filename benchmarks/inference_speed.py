"""How long a look at a frame takes (profile, infer, check), beside pandas.to_csv of the same frame in the same run.

    python benchmarks/inference_speed.py [--rows 2000000] [--rounds 3]

The frames, and the ratio that is wanted at most:

    orders               2,000,000 orders as the guide's, parsed                                0.14
    orders, objects      the same, its three texts as Python strings in columns of objects              0.14
    all text             the same, numbers, truths and times as text, too (str)
    all objects          the same, all of it Python strings in columns of objects
    orders, messy        the same as text, with what needs a second look: unpadded dates, currencies, yes and no, phones
    wide                 1,000 columns of 10,000 rows, of all kinds                             0.30
    wide, objects        the same, texts as Python strings

Then the time for half and for twice as many rows and columns: where it is linear, the time a cell stays the same.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
import pandas as pd

from connect_pandas import samples
from connect_pandas.data.check import check
from connect_pandas.data.columns import read
from connect_pandas.data.infer import Choices, infer
from connect_pandas.data.profile import profile

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    print(f"{'frame':22} {'cells':>12} {'look, s':>8} {'to_csv, s':>9} {'ratio':>6}")
    for name, make in frames(given.rows).items():
        frame = make()
        looks, writes = zip(
            *[(timed(look, frame), timed(write, frame)) for _ in range(given.rounds)], strict=True
        )
        a_look, a_write = statistics.median(looks), statistics.median(writes)
        print(f"{name:22} {frame.size:12,} {a_look:8.2f} {a_write:9.2f} {a_look / a_write:6.2f}", flush=True)
    print(f"\n{'frame':22} {'cells':>12} {'look, s':>8} {'ns a cell':>9}")
    for name, make in sizes(given.rows).items():
        frame = make()
        a_look = statistics.median(timed(look, frame) for _ in range(given.rounds))
        print(f"{name:22} {frame.size:12,} {a_look:8.2f} {a_look / frame.size * 1e9:9.0f}", flush=True)


def look(frame: pd.DataFrame) -> None:
    columns = read(frame)
    profiles = profile(columns)
    check(columns, profiles, infer(profiles, Choices()))


def write(frame: pd.DataFrame) -> None:
    frame.to_csv(index=False)


def timed(what: Callable[[pd.DataFrame], Any], frame: pd.DataFrame) -> float:
    start = time.perf_counter()
    what(frame)
    return time.perf_counter() - start


# ── frames ───────────────────────────────────────────────────────────────────────────────────────────────────────


def frames(rows: int) -> dict[str, Callable[[], pd.DataFrame]]:
    return {
        "orders": lambda: samples.many_orders(rows),
        "orders, objects": lambda: as_objects(samples.many_orders(rows)),
        "all text": lambda: as_text(samples.many_orders(rows)),
        "all objects": lambda: as_text(samples.many_orders(rows)).astype(object),
        "orders, messy": lambda: messy(rows),
        "wide": lambda: wide(1_000, 10_000),
        "wide, objects": lambda: as_objects(wide(1_000, 10_000)),
    }


def sizes(rows: int) -> dict[str, Callable[[], pd.DataFrame]]:
    return {
        f"orders, {n:,} rows": lambda n=n: samples.many_orders(n) for n in (rows // 2, rows, rows * 2)
    } | {f"{n:,} columns": lambda n=n: wide(n, 10_000) for n in (500, 1_000, 2_000)}


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    dates = frame["Date"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return frame.assign(Date=dates).astype("str")


def as_objects(frame: pd.DataFrame) -> pd.DataFrame:
    texts = frame.select_dtypes("str").columns
    return frame.astype(dict.fromkeys(texts, object))


def messy(rows: int) -> pd.DataFrame:
    frame = samples.many_orders(rows)
    date = frame["Date"].dt
    day, month, year = (part.astype("str") for part in (date.day, date.month, date.year))
    return pd.DataFrame(
        {
            "Order ID": frame["Order ID"].astype("str"),
            "Date": day + "/" + month + "/" + year,
            "Amount": "$" + frame["Amount"].astype("str"),
            "First-time purchase": frame["First-time purchase"].map({True: "yes", False: "no"}).astype("str"),
            "Phone": "+49151" + frame["Client ID"].str.slice(3, 10),
            "Discount coupon": frame["Discount coupon"],
        }
    )


def wide(columns: int, rows: int, seed: int = 0) -> pd.DataFrame:
    """Return columns of all kinds in turn: numbers, texts, numbers in text, truths, times, categories."""
    rng = np.random.default_rng(seed)
    words = np.array(["red", "green", "a longer text, with a comma", "N/A", ""])
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 366 * 86_400, rows), unit="s")
    made: list[Callable[[], Any]] = [
        lambda: rng.integers(0, 1_000_000, rows),
        lambda: rng.random(rows) * 1_000,
        lambda: pd.Series(rng.choice(words, rows), dtype="str"),
        lambda: pd.Series(rng.integers(0, 1_000_000, rows)).astype("str"),
        lambda: rng.random(rows) < 0.5,
        lambda: days.as_unit("us"),
        lambda: days.strftime("%d.%m.%Y").astype("str"),
        lambda: pd.Categorical(rng.choice(words, rows)),
    ]
    return pd.DataFrame({"ID": np.arange(rows)} | {f"c{i}": made[i % len(made)]() for i in range(1, columns)})


if __name__ == "__main__":
    main()
