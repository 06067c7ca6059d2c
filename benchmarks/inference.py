"""How often the type of a column and the key of a table are right, on public tables that were labelled by eye.

    pip install -e .[bench]
    python benchmarks/inference.py [--half open|held_out|both] [--wrong]

The tables are in benchmarks/tables: one CSV each, as published, and beside it a TOML file with its source, its
licence, its key and a label for every column. The rules were written with the open half in sight; the held-out half
measured them at its first opening (docs/inference.md has those figures), and has taught them since. Every table is
loaded in two ways: pandas.read_csv as it comes, and with dtype=str. Rivals that read files get the file both times.

    all        right answers among all columns
    TEXT …     among the columns of that type
    ids        identifiers made of digits, which are TEXT: order numbers, postcodes, codes
    phones     phone numbers, which are TEXT
    notation   values whose meaning the service does not read as they are written (2/10/25, $1,200): TEXT is right too
    key        the column that identifies rows, or a right "none"

A label that two careful people would not share is marked `unsure` and left out. A rival that fails on a table has
all of its columns wrong, and is said to.
"""

from __future__ import annotations

import argparse
import importlib
import re
import sys
import tomllib
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parent.parent))

import pandas as pd

import connect_pandas

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Rival = Callable[[Path, pd.DataFrame], list[str]]

TABLES = Path(__file__).parent / "tables"
LOADINGS = {"as pandas reads them": None, "everything as text": str}
TYPES = ("TEXT", "NUMBER", "BOOLEAN", "DATE")
GROUPS = ("all", *TYPES, "ids", "phones", "notation", "key")
STARTS = {"BOOLEAN": "bool", "DATE": "date|timestamp", "NUMBER": "(big|huge|u)?int|double|float|number|age"}
MISSING = ["", *"NA N/A NaN nan NULL null None".split()]  # what pandas reads as missing, for all rivals
WORDS = set("true false yes no y n t f".split())


@dataclass(frozen=True, slots=True)
class Table:
    """A labelled table."""

    path: Path
    columns: dict[str, list[str]]  # the type, then its marks
    keys: frozenset[str | None]  # the right ones; None where no column alone identifies rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--half", choices=["open", "held_out", "both"], default="open")
    parser.add_argument("--wrong", action="store_true", help="list what ours has wrong")
    options = parser.parse_args()
    rivals = {rival.__name__.replace("_", " "): rival for rival in RIVALS if installed(rival.__name__)}
    for half in ["open", "held_out"] if options.half == "both" else [options.half]:
        tables = read_tables(TABLES / half)
        for loading, dtype in LOADINGS.items():
            print(f"\n{half}, {loading}: {len(tables)} tables, {sum(len(t.columns) for t in tables)} columns")
            compare(tables, dtype, rivals)
            if options.wrong:
                print("\nwrong:", *wrong(tables, dtype), sep="\n")


def installed(name: str) -> bool:
    """Whether the rival's package can be imported; says so when not."""
    try:
        if name not in ("ours", "usual_loop"):
            importlib.import_module(name)
    except Exception as error:  # noqa: BLE001  (a package that does not suit this pandas may raise anything)
        print(f"{name} is left out: {type(error).__name__}: {error}")
        return False
    return True


def read_tables(folder: Path) -> list[Table]:
    """Read the labels of a half."""
    tables = []
    for path in sorted(folder.glob("*.toml")):
        labels = tomllib.loads(path.read_text(encoding="utf-8"))
        key = labels["key"] or None
        too = {other for other in labels.get("keys_too", []) if isinstance(other, str)}
        keys = frozenset({None if isinstance(key, list) else key} | too)
        columns = {name: label.split() for name, label in labels["columns"].items()}
        tables.append(Table(path.with_suffix(".csv"), columns, keys))
    return tables


def compare(tables: list[Table], dtype: type[str] | None, rivals: Mapping[str, Rival]) -> None:
    """Print one line a rival, best first."""
    total: Counter[str] = Counter()
    right = {name: Counter(dict.fromkeys(GROUPS[:-1], 0)) for name in rivals}
    keys = Counter(ours=0, first=0)
    failed = []
    for table in tables:
        frame = pd.read_csv(table.path, dtype=dtype)
        total.update(["key", *(group for marks in table.columns.values() for group in groups(marks))])
        keys.update(ours=ours_key(frame) in table.keys, first=first_unique(frame) in table.keys)
        for name, rival in rivals.items():
            types, problem = answers(rival, table, frame)
            if problem:
                failed.append(f"{name} failed on {table.path.stem}: {problem}")
            for marks, answer in zip(table.columns.values(), types, strict=True):
                if is_right(marks, answer):
                    right[name].update(groups(marks))
    right["ours"]["key"] = keys["ours"]
    print(f"{'':>20}", *(f"{group:>15}" for group in GROUPS))
    for name in sorted(rivals, key=lambda name: -right[name]["all"]):
        print(line(name, right[name], total))
    print(line("first unique column", Counter(key=keys["first"]), total))
    print(*failed, sep="\n")


def groups(marks: list[str]) -> Iterator[str]:
    """Yield the figures that a column counts in."""
    kind, *rest = marks
    if "unsure" in rest:
        return
    yield "all"
    yield "notation" if "notation" in rest else kind
    if "id" in rest:
        yield "ids"
    if "phone" in rest:
        yield "phones"


def is_right(marks: list[str], answer: str) -> bool:
    return answer == marks[0] or ("notation" in marks and answer == "TEXT")


def line(name: str, right: Counter[str], total: Counter[str]) -> str:
    """Write right answers and their share, where there is a figure."""
    cells = [""] * len(GROUPS)
    for place, group in enumerate(GROUPS):
        if group in right:
            cells[place] = f"{right[group]}/{total[group]} {100 * right[group] / max(total[group], 1):5.1f}"
    return " ".join([f"{name:>20}", *(f"{cell:>15}" for cell in cells)])


def answers(rival: Rival, table: Table, frame: pd.DataFrame) -> tuple[list[str], str]:
    """Return the rival's types in the order of the columns; what failed, when it did."""
    try:
        with warnings.catch_warnings(action="ignore"):
            types = rival(table.path, frame)
    except Exception as error:  # noqa: BLE001  (a rival may fail in any way)
        return [""] * len(table.columns), type(error).__name__
    if len(types) != len(table.columns):
        return [""] * len(table.columns), f"{len(types)} columns"
    return types, ""


def wrong(tables: list[Table], dtype: type[str] | None) -> Iterator[str]:
    """Yield the columns and keys that ours has wrong."""
    for table in tables:
        frame = pd.read_csv(table.path, dtype=dtype)
        types, _ = answers(ours, table, frame)
        for (name, marks), answer in zip(table.columns.items(), types, strict=True):
            if "unsure" not in marks and not is_right(marks, answer):
                values = frame[name].dropna().unique()[:3].tolist()
                label = " ".join(marks)
                yield f"  {table.path.stem}: {name!r} is {label}, ours {answer or 'failed'}: {values}"
        key = ours_key(frame)
        if key not in table.keys:
            yield f"  {table.path.stem}: key {key!r}, right: {', '.join(map(repr, sorted(table.keys, key=str)))}"


def kind(name: object) -> str:
    """Translate a rival's name of a type."""
    return next((kind for kind, start in STARTS.items() if re.match(start, str(name).lower())), "TEXT")


def ours(_: Path, frame: pd.DataFrame) -> list[str]:
    types = connect_pandas.infer(frame).types
    return [types[name] for name in frame.columns]


def ours_key(frame: pd.DataFrame) -> object:
    with warnings.catch_warnings(action="ignore"):
        return connect_pandas.infer(frame).key


def first_unique(frame: pd.DataFrame) -> str | None:
    for name, column in frame.items():
        if column.is_unique and column.notna().all() and not pd.api.types.is_float_dtype(column):
            return str(name)
    return None


def duckdb(path: Path, _: pd.DataFrame) -> list[str]:
    import duckdb

    options = {"header": True, "delimiter": ",", "sample_size": -1, "na_values": MISSING}
    return [kind(t) for t in duckdb.read_csv(str(path), **options).types]


def polars(path: Path, _: pd.DataFrame) -> list[str]:
    import polars as pl

    frame = pl.read_csv(path, infer_schema_length=None, try_parse_dates=True, null_values=MISSING)
    return [kind(t) for t in frame.dtypes]


def pyarrow(path: Path, _: pd.DataFrame) -> list[str]:
    from pyarrow import csv

    whole = csv.ReadOptions(block_size=1 << 24)  # types come from the first block
    lines = csv.ParseOptions(newlines_in_values=True)
    missing = csv.ConvertOptions(null_values=MISSING)
    table = csv.read_csv(path, read_options=whole, parse_options=lines, convert_options=missing)
    return [kind(t) for t in table.schema.types]


def agate(path: Path, _: pd.DataFrame) -> list[str]:
    import agate

    table = agate.Table.from_csv(
        path, column_types=agate.TypeTester(null_values=[word.lower() for word in MISSING])
    )
    return [kind(type(column.data_type).__name__) for column in table.columns]


def frictionless(path: Path, _: pd.DataFrame) -> list[str]:
    from frictionless import Detector, Resource

    whole = Detector(sample_size=1_000_000, field_missing_values=MISSING)
    resource = Resource(path=path.name, basepath=str(path.parent), detector=whole)
    resource.infer()
    return [kind(field.type) for field in resource.schema.fields]


def woodwork(_: Path, frame: pd.DataFrame) -> list[str]:
    import woodwork

    # Its accessor keeps state that pandas 3 drops, and converts before it tells: ask column by column. It does not
    # look into pandas 3's str: give it objects, as before.
    columns = (frame[name] for name in frame.columns)
    known = (column.astype(object) if column.dtype == "str" else column for column in columns)
    return [kind(woodwork.type_system.infer_logical_type(column)) for column in known]


def pandas(_: Path, frame: pd.DataFrame) -> list[str]:
    return [kind(t) for t in frame.convert_dtypes().dtypes]


def usual_loop(_: Path, frame: pd.DataFrame) -> list[str]:
    return [usual(frame[name].dropna()) for name in frame.columns]


def usual(column: pd.Series) -> str:
    """Try one thing after the other, as is usually written by hand."""
    if column.empty or pd.api.types.is_bool_dtype(column):
        return "TEXT" if column.empty else "BOOLEAN"
    for answer, convert in (("NUMBER", pd.to_numeric), ("DATE", pd.to_datetime)):
        try:
            convert(column)
        except (ValueError, TypeError, OverflowError):
            continue
        return answer
    return "BOOLEAN" if set(column.astype(str).str.lower()) <= WORDS else "TEXT"


RIVALS = (ours, duckdb, polars, pyarrow, agate, frictionless, woodwork, pandas, usual_loop)

if __name__ == "__main__":
    main()
