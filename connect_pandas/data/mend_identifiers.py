"""The rules of repair for what identifies something: numbers that were decimals or have lost zeros, and telephones."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final, cast

import polars as pl

from connect_pandas import rules
from connect_pandas.data import notations, phones
from connect_pandas.data.mends import HALF, MOST, SAMPLE, C, Doubt, Mend, Subject, whole_digits
from connect_pandas.data.names import PHONES, identifier_word, says
from connect_pandas.data.problems import either
from connect_pandas.data.profile import few, locate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connect_pandas.data.profile import Predicate


def float_ids(s: Subject) -> Iterator[Mend | Doubt]:
    if not (s.named or identifier_word(s.column.name)) or s.share(_is_float_id) < HALF:
        return
    n = s.counts(told=notations.is_told(C), held=_is_float_id(C))
    rest = n["told"] - n["held"]
    if not rest:
        yield Mend(lambda c: c.str.strip_suffix(".0"), _is_float_id)
    elif few(rest, n["told"]):
        reason = f"{rest:,} of its values {'does' if rest == 1 else 'do'} not end in '.0'"
        yield s.doubt(n["held"], reason, lambda c: notations.is_told(c) & ~_is_float_id(c))


def _is_float_id(c: pl.Expr) -> pl.Expr:
    return c.str.contains(r"^[0-9]+\.0$")


def leading_zeros(s: Subject) -> Iterator[Mend | Doubt]:
    text = s.column.kind == "text"

    def digits(c: pl.Expr) -> pl.Expr:
        told = c if text else whole_digits(c)
        return pl.when(told.str.contains("^[0-9]+$")).then(told)

    n = s.counts(told=notations.is_told(C) if text else C.is_not_null(), held=digits(C).is_not_null())
    if rest := n["told"] - n["held"]:
        yield s.doubt(rest, "not made of digits only", lambda c: c.is_not_null() & digits(c).is_null())
    ends = [part.select(digits(C).str.len_bytes()).to_series() for part in s.columns.slices([0])]
    lengths = {int(cast("int", end)) for part in ends for end in (part.min(), part.max()) if end is not None}
    if len(lengths) > 1 and (text or not rest):
        width = max(lengths)
        yield Mend(lambda c: digits(c).str.pad_start(width, "0"), dtype=None if text else "str")


# ── phones ───────────────────────────────────────────────────────────────────────────────────────────────────────


def phone_numbers(s: Subject) -> Iterator[Mend | Doubt]:
    named = s.named or says(s.column.name, PHONES)
    text = s.column.kind == "text"
    if not named and not (text and s.share(phones.strong_shape) >= MOST):
        return
    mended = partial(_mended, text=text, region=s.asked.region, lost=_have_lost_their_plus(s))
    if text:
        # Asked first: once it changes nothing, the others are no phone numbers as they are.
        yield Mend(mended, counted=False)
        other: Predicate = phones.is_not_e164
        n = s.counts(other=other(C))
    else:

        def other(c: pl.Expr) -> pl.Expr:
            return c.is_not_null() & ~mended(c).str.contains(rules.PHONE).fill_null(value=False)

        n = s.counts(told=C.is_not_null(), other=other(C), part=C.is_not_null() & whole_digits(C).is_null())
        if few(n["other"], n["told"]) and not n["part"]:
            yield Mend(mended, dtype="str")
    if n["other"]:
        where = "" if s.asked.region else "; national numbers need region="
        fix = "" if s.asked.region else _of_a_region(s, other)
        yield s.doubt(n["other"], f"no phone number with one reading{where}", other, fix)


def _of_a_region(s: Subject, other: Predicate) -> str:
    """Return the line for phone numbers that need a region; one each where the column speaks for several."""
    some = s.column.take(locate(s.columns, 0, other, limit=SAMPLE))
    written = pl.DataFrame({"0": some.slice(0, len(some.series))})
    digits = written.select(C if s.column.kind == "text" else whole_digits(C)).to_series()
    told = [*_regions_met(s), *([_REGION] if digits.str.contains(_AS_IN_AMERICA).any() else [])]
    left = digits.filter(~_is_read(digits, None))
    able = [region for region in dict.fromkeys(told or [_REGION]) if _is_read(left, region).any()]
    # What no region reads may stand among others that need none.
    able = able or [region for region in told[:1] if _is_read(digits, region).any()]
    if not able:
        return s.line('phones={column}, region="…"', "the two letters of the country where they belong")
    ways = (
        s.line(f"phones={{column}}, region={region!r}", f"reads them as numbers of {region}")
        for region in able[:_REGIONS_MOST]
    )
    return either(*ways)


def _is_read(digits: pl.Series, region: str | None) -> pl.Series:
    return phones.mended(digits, region).str.contains(rules.PHONE).fill_null(value=False)


_AS_IN_AMERICA: Final = r"^ *(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[-.])[2-9][0-9]{2}[-.][0-9]{4} *$"
"""As the United States and Canada write a number at home, and few others do."""
_REGIONS_MOST: Final = 3


def _regions_met(s: Subject) -> Iterator[str]:
    """Yield the regions of a column's first phone numbers with a calling code, those met most often first."""
    if s.column.kind != "text":
        return
    some = s.column.take(locate(s.columns, 0, lambda c: c.str.contains(r"^[ (]*\+"), limit=SAMPLE))
    codes = phones.calling_codes(some.slice(0, len(some.series))).drop_nulls()
    regions = (phones.region_of(f"+{code}") for code, _ in Counter(codes.to_list()).most_common())
    yield from (region for region in regions if region in phones.regions())


_REGION: Final = "US"


def _have_lost_their_plus(s: Subject) -> bool:
    """Whether what is digits only, and has no one reading by the region, is all phone numbers with a ``+`` before.

    A spreadsheet makes that of ``+4915112345678``, which is a number to it.
    """
    written = C if s.column.kind == "text" else whole_digits(C)
    found = 0
    for part in s.columns.slices([0]):
        digits = part.select(written).filter(C.str.contains(_ONLY_DIGITS))
        left = phones.mended(digits["0"], s.asked.region)
        left = left.filter(left.str.contains(_ONLY_DIGITS))
        if not phones.valid("+" + left).all():
            return False
        found += len(left)
    return found >= _LOST_LEAST


_ONLY_DIGITS: Final = "^([0-9]{7,15})$"
_LOST_LEAST: Final = 3


def _mended(c: pl.Expr, *, text: bool, region: str | None, lost: bool = False) -> pl.Expr:
    def of(values: pl.Series) -> pl.Series:
        if phones.valid(values).all():  # the quicker question, once they are mended
            return values
        made = phones.mended(values, region)
        return made.str.replace(_ONLY_DIGITS, "+$1") if lost else made

    return (c if text else whole_digits(c)).map_batches(of, return_dtype=pl.String)
