"""The rules of repair for amounts: numbers with a currency, a percent sign, marks in them or a minus of accounts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

import polars as pl

from connect_pandas.data import notations, phones
from connect_pandas.data.mends import HALF, C, Doubt, Mend, Subject
from connect_pandas.data.names import identifier_word
from connect_pandas.data.notations import AMOUNTS, bare
from connect_pandas.data.problems import either
from connect_pandas.data.profile import few

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from connect_pandas.data.notations import Mark


def numbers(s: Subject) -> Iterator[Mend | Doubt]:
    if s.named or identifier_word(s.column.name) is None:
        yield from _amounts(s, percent=False)


def percent(s: Subject) -> Iterator[Mend | Doubt]:
    yield from _amounts(s, percent=True)


def _amounts(s: Subject, *, percent: bool) -> Iterator[Mend | Doubt]:
    # A date is a date.
    if s.share(is_numeral) < HALF or s.share(notations.is_dated) > 0:
        return
    n = s.counts(
        told=notations.is_told(C),
        numeral=is_numeral(C),
        number=notations.is_number(C),
        percent=AMOUNTS.percent(C) & notations.is_amount(C),
    )
    strays, count = n["told"] - n["numeral"], n["numeral"] - n["number"]
    if n["number"] == n["told"]:
        yield from _thousands(s)
    elif not count or (percent and not n["percent"]) or not few(strays, n["told"]):
        return
    elif strays:
        reason = f"{strays:,} of its values {'is' if strays == 1 else 'are'} no number"
        yield s.doubt(count, reason, lambda c: notations.is_told(c) & ~is_numeral(c))
    elif n["percent"] and not percent and "percent" in s.asked.scopes:
        return  # which looks at it itself
    elif 0 < n["percent"] < n["told"]:
        reason = f"{n['told'] - n['percent']:,} of its values have no percent sign"
        yield s.doubt(n["percent"], reason, lambda c: notations.is_told(c) & ~AMOUNTS.percent(c))
    elif n["percent"] and not percent:
        yield _percentages_left(s, n["percent"])
    else:
        yield from _by_their_mark(s, count)


def _percentages_left(s: Subject, count: int) -> Doubt:
    (made,) = _by_their_mark(replace(s, rule="percent", named=True), count)
    if isinstance(made, Doubt):
        return replace(made, rule=s.rule)
    reason, fix = "a percentage may mean 12 or 0.12", s.line("percent={column}", "12 % becomes 12")
    return s.doubt(count, reason, AMOUNTS.percent, fix)


def is_numeral(c: pl.Expr) -> pl.Expr:
    return notations.is_number(c) | notations.is_amount(c)


def _thousands(s: Subject) -> Iterator[Mend]:
    """Yield what becomes of plain numbers that were said to have a decimal comma: ``1.234`` is a thousand then."""
    if s.rule != "numbers" or not s.named or s.asked.mark != "comma":
        return
    n = s.counts({"bare": bare(C)}, open=_has(notations.OPEN), point=_has(notations.POINT))
    if n["open"] and not n["point"]:
        yield Mend(lambda c: notations.amount(c, "comma"))


def _has(pattern: str) -> pl.Expr:
    return pl.col("bare").str.contains(pattern)


def _by_their_mark(s: Subject, count: int) -> Iterator[Mend | Doubt]:
    """Yield what becomes of a column of amounts, once something proves which mark is the decimal one."""
    n = s.counts(
        {"bare": bare(C)},
        told=notations.is_told(C),
        phones=phones.strong_shape(C),
        currency=AMOUNTS.currency(C),
        enclosed=AMOUNTS.enclosed(C),
        trailing=AMOUNTS.trailing(C),
        signs=AMOUNTS.signs(C) & ~notations.is_number(C),
        dotted=AMOUNTS.dotted(C),
        pairs=AMOUNTS.pair(C),
        several=C.str.contains("[0-9]{2}-"),
        marked=AMOUNTS.marked(C),
        zeros=_has(notations.ZEROS),
        by_point=_has(notations.POINT),
        by_comma=_has(notations.COMMA),
        open=_has(notations.OPEN),
        commas=_has(notations.OPEN) & _has(","),
        fractions=_has(",[0-9]+$"),
        **{mark: notations.is_told(C) & ~_has(notations.READ[mark]) & ~_has_power(C, mark) for mark in GIVEN},
    )
    if why := _may_be_no_numbers(s, n):
        fix = s.line(f"{s.rule}={{column}}", "if they are amounts") if why in _MAY_BE else ""
        yield s.doubt(count, why, lambda c: notations.is_told(c) & ~notations.is_number(c), fix)
        return
    mark = _mark(n, s.asked.mark)
    if mark is None:
        yield _mark_left(s, n)
        return
    if _are_pairs(n) and not s.named and s.asked.mark is None:
        fix = s.line("numbers={column}", "if they are numbers")
        yield s.doubt(n["pairs"], "each may be a number, or two with a comma between", AMOUNTS.pair, fix)
        return

    def unread(c: pl.Expr) -> pl.Expr:
        return notations.is_told(c) & _numeral(c, mark).is_null()

    if n[mark]:
        yield s.doubt(n[mark], f"no number with a decimal {mark}, so the column stays", unread)
    elif s.named and mark == "comma" and n["commas"] == n["fractions"]:
        # Of "1.234" the same repair would make a thousand the next time.
        yield Mend(lambda c: _numeral(c, mark).str.replace(_THREE_PLACES, "${1}0"))
    else:
        yield Mend(lambda c: _numeral(c, mark))


_THREE_PLACES: Final = r"^(-?[1-9][0-9]{0,2}\.[0-9]{3})$"


def _numeral(c: pl.Expr, mark: Mark) -> pl.Expr:
    """Return amounts as plain numbers by their decimal mark, and as they are those with an exponent: ``1e10``."""
    return pl.coalesce(notations.amount(c, mark), pl.when(_has_power(c, mark)).then(c))


def _has_power(c: pl.Expr, mark: Mark) -> pl.Expr:
    """Whether a text is a number with an exponent, and no mark but the decimal one."""
    return notations.is_number(c) & c.str.contains("^[^.]*[eE]" if mark == "comma" else "[eE]")


def _mark(proof: Mapping[str, int], given: Mark | None) -> Mark | None:
    """Return the decimal mark that is proven or given, when nothing contradicts."""
    if proof["by_point"] and proof["by_comma"]:
        return None
    proven: Mark | None = "point" if proof["by_point"] else "comma" if proof["by_comma"] else None
    if proven and given and proven != given:
        return None
    return proven or given or (None if proof["open"] else "point")


def _mark_left(s: Subject, proof: Mapping[str, int]) -> Doubt:
    if proof["by_point"] and proof["by_comma"]:
        reason = (
            f"{proof['by_point']:,} can only have a decimal point, {proof['by_comma']:,} only a decimal comma"
        )
        return s.doubt(proof["by_point"] + proof["by_comma"] + proof["open"], reason, AMOUNTS.comma)
    if proof["by_point"] or proof["by_comma"]:
        reason = (
            f"decimal={GIVEN[cast('Mark', s.asked.mark)]!r} was given, and its values are written otherwise"
        )
        return s.doubt(
            proof["by_point"] + proof["by_comma"],
            reason,
            AMOUNTS.comma if proof["by_comma"] else AMOUNTS.point,
        )
    reason = "it may be a thousand, or one and a fraction: no value tells which"
    # Thousands are what amounts without a fraction have.
    likely, other = (".", ",") if proof["commas"] * 2 >= proof["open"] else (",", ".")
    thousands = s.line(f"{s.rule}={{column}}, decimal={likely!r}", "if they are thousands")
    fractions = s.line(f"{s.rule}={{column}}, decimal={other!r}", "if they are fractions")
    return s.doubt(proof["open"], reason, AMOUNTS.open, either(thousands, fractions))


MARKS: Final[dict[str, Mark]] = {".": "point", ",": "comma"}
GIVEN: Final = {mark: given for given, mark in MARKS.items()}
"""The decimal marks as they are given, and the other way round."""


def _may_be_no_numbers(s: Subject, n: Mapping[str, int]) -> str:
    """Return why amounts are left although all of them have digits; empty when they are numbers."""
    currencies = sorted(_currencies(s)) if n["currency"] else []
    if len(currencies) > 1:
        return f"they are of several currencies: {', '.join(currencies)}"
    if n["signs"]:
        return "two signs in one value have no one meaning"
    if n["phones"]:
        return f"{n['phones']:,} of them look like phone numbers"
    if n["zeros"]:
        return f"{n['zeros']:,} of them begin with a zero, as identifiers do"
    if n["enclosed"] == n["told"]:
        return "all of them are in parentheses, which then may not mean a minus"
    long = n["several"] and n["trailing"] < n["told"]
    if n["trailing"] and not n["marked"] and not long and not s.named:
        return _SCHOOL
    if n["dotted"] == n["told"] and not s.named and _have_as_many_points(s):
        return _GROUPS
    if not currencies and _are_alike(s):
        return "all of them have as many digits in the same groups, as identifiers do"
    return ""


_SCHOOL: Final = "a minus behind may belong to a mark at school: nothing else tells that they are amounts"
_GROUPS: Final = "all of them have as many groups of three digits, as addresses and identifiers do"
_MAY_BE: Final = (_SCHOOL, _GROUPS)


def _are_pairs(n: Mapping[str, int]) -> bool:
    """Whether all that is marked in a column are two digits with a comma between."""
    return n["pairs"] == n["marked"] > 0 and not n["enclosed"] + n["trailing"]


def _have_as_many_points(s: Subject) -> bool:
    points = [
        part.filter(notations.is_told(C)).select(C.str.count_matches(".", literal=True))
        for part in s.columns.slices([0])
    ]
    return pl.concat(points).to_series().n_unique() == 1


def _currencies(s: Subject) -> set[str]:
    found = (part.select(notations.currency(C).unique()).to_series() for part in s.columns.slices([0]))
    return {name for names in found for name in names.to_list() if name is not None}


def _are_alike(s: Subject) -> bool:
    """Whether all values are digits in groups with spaces between, as many in each."""
    lengths: set[int] = set()
    for part in s.columns.slices([0]):
        told = part.filter(notations.is_told(C)).select(length=C.str.len_chars(), spaced=AMOUNTS.spaced(C))
        if not told["spaced"].all():
            return False
        lengths |= {*told["length"].unique().to_list()}
    return len(lengths) == 1
