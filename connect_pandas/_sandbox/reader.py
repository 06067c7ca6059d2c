"""The strict reader of an uploaded file; it shares facts with the rest of the package and no code."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from connect_pandas.rules import FALSE, NUMBER, TRUE, AttributeType, DateFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from connect_pandas._sandbox.records import Attribute

    Check = Callable[[str], object]

    class Reader(Protocol):
        """What ``csv.reader`` returns; its own class has a public name only from Python 3.13 on."""

        line_num: int

        def __iter__(self) -> Iterator[list[str]]: ...
        def __next__(self) -> list[str]: ...


BATCH_ROWS: Final = 5_000
FIELD_MAX: Final = 2**31 - 1
"""The longest field, in characters: the contract states none, and this is the most that csv takes everywhere."""
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_LINE_BREAK: Final = re.compile(r"[\r\n]")


class UnreadableError(Exception):
    """The file, or the rest of it, cannot be read at all."""


@dataclass(frozen=True, slots=True)
class Column:
    """Where an attribute lies in the file; ``index`` counts from 1."""

    attribute: Attribute
    index: int


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is to be read."""

    columns: tuple[Column, ...]
    delimiter: str
    dates: DateFormat
    skip_first_row: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """The next rows of a file.

    Attributes
    ----------
    size : int
        How many rows were read.
    values : sequence of sequences of str
        The mapped fields of the rows in the order of the layout; empty when a row is bad.
    bad : int
        How many rows break a rule.
    first : str
        What is wrong with the first of them, where.
    """

    size: int
    values: Sequence[Sequence[str]]
    bad: int = 0
    first: str = ""


def read(path: Path, layout: Layout) -> Iterator[Batch]:
    """Read a file in batches; memory does not grow with it.

    Raises
    ------
    UnreadableError
        When it is not delimited text in UTF-8 without a byte-order mark, or lacks a mapped column.
    """
    with path.open("rb") as file:
        if file.read(3) == _BYTE_ORDER_MARK:
            raise UnreadableError("The file begins with a byte-order mark; write UTF-8 without one.")
    with path.open(encoding="utf-8", newline="") as lines:
        # csv has one limit for the whole process; a lower one that somebody set would refuse long texts.
        csv.field_size_limit(FIELD_MAX)
        reader = csv.reader(lines, delimiter=layout.delimiter, strict=True)
        try:
            yield from _batches(reader, layout)
        except UnicodeDecodeError as error:
            raise UnreadableError(
                f"The file is not UTF-8 (after line {reader.line_num}: {error.reason})."
            ) from None
        except csv.Error as error:
            raise UnreadableError(
                f"Line {reader.line_num} cannot be read as delimited text: {error}."
            ) from None


def _batches(reader: Reader, layout: Layout) -> Iterator[Batch]:
    first = next(reader, None)
    if first is None:
        raise UnreadableError("The file is empty.")
    rules = _Rules(layout, width=len(first))
    rules.check_width()
    pending = [] if layout.skip_first_row else [first]
    done = 0
    lines = reader.line_num
    if layout.skip_first_row and lines != 1:
        raise UnreadableError("The first row, which is skipped, holds a line break.")
    while rows := [*pending, *islice(reader, BATCH_ROWS)]:
        broken_lines = reader.line_num - lines + len(pending) != len(rows)
        yield rules.batch(rows, done, broken_lines=broken_lines)
        done, lines, pending = done + len(rows), reader.line_num, []


class _Rules:
    """The rules of one file, made ready once for all of its rows."""

    def __init__(self, layout: Layout, width: int) -> None:
        self._layout = layout
        self._width = width
        self._checks = [_check(c.attribute.type, layout.dates) for c in layout.columns]

    def check_width(self) -> None:
        last = max(self._layout.columns, key=lambda c: c.index)
        if last.index > self._width:
            raise UnreadableError(
                f'"{last.attribute.name}" is mapped to column {last.index}, and the first row has '
                f"{_count(self._width, 'field')} when it is split at {_name(self._layout.delimiter)}."
            )

    def batch(self, rows: list[list[str]], done: int, *, broken_lines: bool) -> Batch:
        # The fast way looks at whole columns; only a batch with something wrong is looked at row by row.
        if not broken_lines and set(map(len, rows)) == {self._width}:
            fields = list(zip(*rows, strict=True))
            columns = [fields[c.index - 1] for c in self._layout.columns]
            if all(map(self._column_is_good, self._layout.columns, columns, self._checks)):
                return Batch(len(rows), list(zip(*columns, strict=True)))
        wrong = [(number, said) for number, row in enumerate(rows, done + 1) if (said := self._wrong(row))]
        number, said = wrong[0]
        line = number + self._layout.skip_first_row
        return Batch(len(rows), [], len(wrong), f"Row {number} (line {line}): {said}")

    def _column_is_good(self, column: Column, values: Iterable[str], check: Check | None) -> bool:
        if column.attribute.key and "" in values:
            return False
        return check is None or all(map(check, filter(None, values)))

    def _wrong(self, row: list[str]) -> str | None:
        """Say what is wrong with a row, if anything is."""
        if len(row) != self._width:
            return (
                f"{_count(len(row), 'field')} where the first row has {self._width}, "
                f"split at {_name(self._layout.delimiter)}."
            )
        for index, value in enumerate(row, 1):
            if _LINE_BREAK.search(value):
                return f"the field in column {index} holds a line break."
        for column, check in zip(self._layout.columns, self._checks, strict=True):
            value = row[column.index - 1]
            where = f'column {column.index}, "{column.attribute.name}"'
            if not value and column.attribute.key:
                return f"{where}: the key is empty."
            if value and check is not None and not check(value):
                return f"{where}: {value!r} is not {self._expected(column.attribute.type)}."
        return None

    def _expected(self, kind: AttributeType) -> str:
        if kind == "DATE":
            return f"a date of the calendar in the declared format, {self._layout.dates.pattern}"
        return {"NUMBER": "a plain decimal NUMBER", "BOOLEAN": f"{TRUE} or {FALSE}"}[kind]


def _check(kind: AttributeType, dates: DateFormat) -> Check | None:
    if kind == "NUMBER":
        return re.compile(NUMBER).fullmatch
    if kind == "BOOLEAN":
        return frozenset({TRUE, FALSE}).__contains__
    if kind == "DATE":
        return _date_check(dates)
    return None


def _date_check(dates: DateFormat) -> Check:
    matches = re.compile(dates.regex).fullmatch
    year, month, day = (
        slice(start := dates.pattern.index(part), start + len(part)) for part in ("YYYY", "MM", "DD")
    )

    @lru_cache(maxsize=4_096)
    def is_day(text: str) -> bool:
        try:
            date(int(text[year]), int(text[month]), int(text[day]))
        except ValueError:
            return False
        return True

    # Ten characters hold the day in every format; there are few different days and many different times.
    return lambda text: matches(text) and is_day(text[:10])


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _name(delimiter: str) -> str:
    return {",": "commas", "\t": "tabs", "|": "pipes"}[delimiter]
