"""The frame as the bytes of the service's file, slice by slice."""

from __future__ import annotations

import codecs
import io
from functools import cache
from typing import TYPE_CHECKING, Final, cast

import polars as pl

from connect_pandas import rules
from connect_pandas.data import notations
from connect_pandas.data.profile import per_second
from connect_pandas.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connect_pandas.data.columns import Columns
    from connect_pandas.data.infer import Attribute, Attributes
    from connect_pandas.data.profile import Profile
    from connect_pandas.rules import DateFormat


def free_delimiter(attributes: Attributes, profiles: Sequence[Profile], *, header: bool) -> str:
    """Return the first delimiter that neither values nor names contain, or the comma when there is none."""
    names = "".join(a.name for a in attributes) if header else ""
    for delimiter in rules.DELIMITERS:
        if delimiter not in names and not any(profiles[a.position].count(delimiter) for a in attributes):
            return delimiter
    return rules.DELIMITERS[0]


def encode(
    columns: Columns, attributes: Attributes, *, delimiter: str, header: bool
) -> Iterator[tuple[bytes, int]]:
    """Yield the file in pieces of a few megabytes, each with the number of rows in it.

    UTF-8 without a byte-order mark, lines end in a line feed, fields are quoted as RFC 4180 says where they hold the
    delimiter or a quote; an empty field is a missing value.
    """
    head = _header(attributes, delimiter) if header else b""
    for i, part in enumerate(columns.slices([a.position for a in attributes])):
        body = _csv(_written(part, attributes), attributes, delimiter)
        yield (body if i else _without_mark(head + body, delimiter)), part.height


def _without_mark(piece: bytes, delimiter: str) -> bytes:
    """Quote a text that begins the file and would pass for its byte-order mark."""
    if not piece.startswith(codecs.BOM_UTF8):
        return piece
    end = min(place for place in (piece.find(delimiter.encode()), piece.find(b"\n")) if place >= 0)
    return b'"' + piece[:end] + b'"' + piece[end:]


def _header(attributes: Attributes, delimiter: str) -> bytes:
    # A record of its own: two attributes may bear one name in a plan that is shown but not sent.
    return _csv(pl.DataFrame({str(i): [a.name] for i, a in enumerate(attributes)}), attributes, delimiter)


def rows(columns: Columns, attributes: Attributes, positions: Sequence[int]) -> list[dict[str, str | None]]:
    """Return these rows as they stand in the file: attribute name → text, ``None`` for an empty field."""
    places = [a.position for a in attributes]
    text = b"".join(
        _csv(_written(part, attributes), attributes, ",") for part in columns.take(positions).slices(places)
    )
    if not text:
        return []
    # Not Python's csv: it refuses fields of more than 131,072 characters.
    records = pl.read_csv(text, has_header=False, infer_schema=False).iter_rows()
    return [dict(zip((a.name for a in attributes), record, strict=True)) for record in records]


def _csv(part: pl.DataFrame, attributes: Attributes, delimiter: str) -> bytes:
    out = io.BytesIO()
    strftime = (attributes.form or rules.ISO_DATE).strftime
    part.write_csv(
        out,
        include_header=False,
        separator=delimiter,
        datetime_format=strftime,
        date_format=strftime,
        # Ruling exponents out takes Polars more than twice the time, so only where there would be one.
        float_scientific=False if any(a.exponents for a in attributes) else None,
    )
    return out.getvalue()


def _written(part: pl.DataFrame, attributes: Attributes) -> pl.DataFrame:
    dtypes = part.schema  # made anew on every access
    _require_whole(part, attributes)
    made = part.select(
        _field(pl.col(name), dtypes[name], a, attributes.form).alias(str(i))
        for i, a in enumerate(attributes)
        for name in (str(a.position),)
    )
    return made.with_columns(_timestamps(values) for values in made if values.dtype == pl.Datetime)


def _require_whole(part: pl.DataFrame, attributes: Attributes) -> None:
    """Raise when numbers that were whole are so no more: written as whole numbers they would lose their fractions."""
    whole = [str(a.position) for a in attributes if a.whole]
    if not whole:
        return
    cut = part.select((pl.col(name).floor() != pl.col(name)).any() for name in whole).row(0, named=True)
    for a in attributes:
        if cut.get(str(a.position)):
            raise PlanError(
                f"The column {a.column!r} held whole numbers when the plan was made, and does not any more: something "
                "has changed the frame. Let nothing write into it, and plan it again."
            )


_A_DAY: Final = 86_400
_DAYS_MAX: Final = 65_536
"""A table of more days than a slice has rows saves nothing."""


@cache
def _clock() -> pl.Series:
    """Return the text of every second of a day, as ``T16:04:38Z``."""
    seconds = pl.int_range(_A_DAY, eager=True)
    return (seconds * 1_000_000).cast(pl.Datetime("us")).dt.strftime("T%H:%M:%SZ")


def _timestamps(values: pl.Series) -> pl.Series:
    """Return timestamps as text, of whole seconds.

    Day and time of day are looked up in tables of texts, which takes half the time of formatting every value.
    """
    seconds = values.to_physical() // per_second(values.dtype)
    day = seconds // _A_DAY
    first, last = cast("int | None", day.min()), cast("int", day.max())
    if first is None or last - first > _DAYS_MAX:
        return values  # left to write_csv
    days = pl.int_range(first, last + 1, eager=True).cast(pl.Int32).cast(pl.Date).dt.strftime("%Y-%m-%d")
    return (days.gather(day - first) + _clock().gather(seconds % _A_DAY)).alias(values.name)


def _field(c: pl.Expr, dtype: pl.DataType, a: Attribute, form: DateFormat | None) -> pl.Expr:
    """Return the expression that writes one attribute; numbers are written by ``write_csv`` itself."""
    if a.type == "DATE" and form:
        return _date(c, a, form)
    if a.kind == "text":
        # Polars writes an empty text as "" and only a null as an empty field.
        return _text(pl.when(c != "").then(c), a)
    if a.kind == "boolean":
        return _truth(c)
    if a.kind == "date":
        return c.dt.strftime(rules.ISO_DATE.strftime)
    if a.kind in ("naive", "aware"):
        return c.dt.strftime(rules.TIMESTAMP.strftime)
    if a.whole:
        return c.cast(pl.Int64)
    if dtype == pl.Float32:
        # The shortest digits that mean this number: 0.1, where write_csv would write 0.10000000149011612.
        return c.cast(pl.String).cast(pl.Float64)
    return c


def _text(text: pl.Expr, a: Attribute) -> pl.Expr:
    if a.type == "NUMBER" and a.rewritten:
        return notations.plain(text)
    if a.type == "BOOLEAN" and a.rewritten:
        return _truth(notations.truth(text))
    return text.str.to_uppercase() if a.type == "BOOLEAN" else text


def _truth(c: pl.Expr) -> pl.Expr:
    return pl.when(c).then(pl.lit(rules.TRUE)).when(~c).then(pl.lit(rules.FALSE))


def _date(c: pl.Expr, a: Attribute, form: DateFormat) -> pl.Expr:
    if a.written_as == form or (a.kind == "text" and a.written_as is None):
        return pl.when(c != "").then(c)  # what is in no one format is shown as it is, and not sent
    if a.written_as:
        c = notations.moment(c, a.written_as)
        return c.cast(pl.Datetime("us")) if form.has_time else c.cast(pl.Date)
    if a.kind == "date":
        return c.cast(pl.Datetime("us")) if form.has_time else c
    return c if form.has_time else c.cast(pl.Date)
