"""All rules of repair for columns by name, and those for characters, what is nothing, truths, and numbers of days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from connect_pandas import rules
from connect_pandas.data import notations
from connect_pandas.data.columns import SURROGATE_MARK
from connect_pandas.data.mend_amounts import is_numeral, numbers, percent
from connect_pandas.data.mend_dates import dates, held_by, impossible_dates, meant
from connect_pandas.data.mend_identifiers import float_ids, leading_zeros, phone_numbers
from connect_pandas.data.mends import (
    MOST,
    C,
    Doubt,
    Mend,
    Rule,
    Seen,
    Subject,
    nothing,
)
from connect_pandas.data.notations import DATE_SHAPES
from connect_pandas.data.profile import SPECIAL, few

if TYPE_CHECKING:
    from collections.abc import Iterator

    from connect_pandas.data.asked import Asked
    from connect_pandas.data.columns import Kind
    from connect_pandas.data.profile import Predicate


# ── characters ───────────────────────────────────────────────────────────────────────────────────────────────────


def _line_breaks(s: Subject) -> Iterator[Mend]:
    if s.seen.special:
        yield Mend(lambda c: c.str.replace_all(r"[\r\n]+", " "), SPECIAL["line-break"], counted=False)


def _control_characters(s: Subject) -> Iterator[Mend]:
    if not s.seen.special:
        return
    # Tabs and page breaks of another time, and the line ends of other systems, keep words apart.
    yield Mend(
        lambda c: c.str.replace_all(r"[\x0B\x0C\u0085\u2028\u2029]+", " ").str.replace_all(
            rules.CONTROL_CHARACTER, ""
        ),
        SPECIAL["control-character"],
        counted=False,
    )


def _surrogates(_s: Subject) -> Iterator[Mend]:
    yield Mend(
        lambda c: c.str.replace_all(SURROGATE_MARK, "\ufffd", literal=True),
        SPECIAL["lone-surrogate"],
        counted=False,
    )


def _spaces(_s: Subject) -> Iterator[Mend]:
    yield Mend(lambda c: c.str.strip_chars(), counted=False)


# ── nothing ──────────────────────────────────────────────────────────────────────────────────────────────────────


# ── nothing ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _infinities(_s: Subject) -> Iterator[Mend]:
    yield Mend(nothing, lambda c: c.is_infinite(), counted=False)


def _missing(s: Subject) -> Iterator[Mend | Doubt]:
    if s.named:
        yield Mend(nothing, notations.is_marker, counted=False)
        return
    if not (count := s.counts(markers=notations.is_marker(C))["markers"]):
        return
    if any(_all_told(s, of_a_kind) for of_a_kind in (is_numeral, held_by(meant(s, DATE_SHAPES)), _is_truth)):
        yield Mend(nothing, notations.is_marker)
    else:
        reason = "the other values are texts, among which it may be one"
        yield s.doubt(count, reason, notations.is_marker, s.line("missing={column}", "makes them missing"))


def _all_told(s: Subject, predicate: Predicate) -> bool:
    if s.share(predicate) < 1:
        return False
    counts = s.counts(told=notations.is_told(C), held=notations.is_told(C) & predicate(C))
    return counts["told"] == counts["held"] > 0


def _is_truth(c: pl.Expr) -> pl.Expr:
    return c.str.to_lowercase().is_in(sorted({word for pair in _TRUTHS for word in pair}))


_TRUTHS: Final = (*notations.TRUTHS.values(), *notations.OTHER_TRUTHS.values())


# ── truths, and numbers that are dates ───────────────────────────────────────────────────────────────────────────


def _truths(s: Subject) -> Iterator[Mend | Doubt]:
    if s.column.kind in ("integer", "float"):
        if s.named:
            yield from _of_flags(s)
        return
    pairs = (*_TRUTHS, ("1", "0")) if s.named else tuple(notations.OTHER_TRUTHS.values())
    said = {pair: (notations.says(pair[0]), notations.says(pair[1])) for pair in pairs}
    n = s.counts(
        told=notations.is_told(C),
        marked=notations.is_marker(C),
        **{"/".join(pair): true(C) | false(C) for pair, (true, false) in said.items()},
    )
    best = max(pairs, key=lambda pair: n["/".join(pair)])
    true, false = said[best]
    held = n["/".join(best)]
    if held == n["told"] > 0 and (s.named or min(s.counts(true=true(C), false=false(C)).values())):
        if n["marked"]:
            fix = s.line("missing={column}, truths={column}", "makes those missing, and truths of the others")
            yield s.doubt(
                held, f"{n['marked']:,} of its values only say that there is none", notations.is_marker, fix
            )
        else:
            yield Mend(lambda c: _truth(true(c), false(c)), dtype="boolean")
    elif held and (rest := n["told"] - held) and (s.named or few(rest, n["told"])):
        yield s.doubt(
            held,
            f"{rest:,} of its values say something else",
            lambda c: notations.is_told(c) & ~(true(c) | false(c)),
        )


def _truth(true: pl.Expr, false: pl.Expr) -> pl.Expr:
    return pl.when(true).then(True).when(false).then(False)


def _of_flags(s: Subject) -> Iterator[Mend | Doubt]:
    def other(c: pl.Expr) -> pl.Expr:
        return (c != 0) & (c != 1)

    n = s.counts(other=other(C), told=C.is_not_null())
    if n["other"]:
        yield s.doubt(n["told"], f"{n['other']:,} of its values are neither 0 nor 1", other)
    else:
        yield Mend(lambda c: c == 1, dtype="boolean")


def _epochs(s: Subject) -> Iterator[Mend | Doubt]:
    low, high = _bounds(s)
    unit = None if low is None else notations.epoch_unit(float(low), float(high))
    if unit:
        yield Mend(lambda c: notations.of_epoch(_number(s)(c), unit), dtype="datetime64[us, UTC]")
    else:
        yield from _no_days(s, "they do not all count from 1970 to days between 1990 and 2100 in one unit")


def _serials(s: Subject) -> Iterator[Mend | Doubt]:
    low, high = _bounds(s)
    first, last = notations.SERIALS
    if low is not None and first <= low and high < last:
        yield Mend(lambda c: notations.of_serial(_number(s)(c)), dtype="datetime64[us]")
    else:
        yield from _no_days(s, "they are not all a spreadsheet's days between 1954 and 2119")


def _no_days(s: Subject, reason: str) -> Iterator[Doubt]:
    told = s.counts(told=C != "" if s.column.kind == "text" else C.is_not_null())["told"]
    # Text that has been made dates already is no number.
    if told and not (s.column.kind == "text" and s.share(notations.is_dated) >= MOST):
        yield s.doubt(told, reason, lambda c: c.is_not_null())


def _number(s: Subject) -> Predicate:
    """Return how the column's values are numbers: those of text are null where they are none."""
    if s.column.kind != "text":
        return lambda c: c
    return lambda c: pl.when(notations.is_plain(c)).then(c).cast(pl.Decimal(38, 6), strict=False)


def _bounds(s: Subject) -> tuple[Any, Any]:
    """Return the lowest and the highest number; both ``None`` without any, or where something else is among them."""
    number = _number(s)(C)
    told = (C != "") if s.column.kind == "text" else C.is_not_null()
    if s.counts(other=told & number.is_null())["other"]:
        return None, None
    ends = [part.select(low=number.min(), high=number.max()) for part in s.columns.slices([0])]
    return pl.concat(ends).select(pl.col("low").min(), pl.col("high").max()).row(0) if ends else (None, None)


_TEXT: Final[frozenset[Kind]] = frozenset({"text"})
_NUMBER: Final[frozenset[Kind]] = frozenset({"integer", "float"})

RULES: Final[dict[str, Rule]] = {
    "surrogates": Rule(_surrogates, _TEXT),
    "line_breaks": Rule(_line_breaks, _TEXT, on=True),
    "control_characters": Rule(_control_characters, _TEXT, on=True),
    "spaces": Rule(_spaces, _TEXT),
    "missing": Rule(_missing, _TEXT),
    "infinities": Rule(_infinities, frozenset({"float"})),
    "impossible_dates": Rule(impossible_dates, _TEXT),
    "dates": Rule(dates, _TEXT | _NUMBER, on=True),
    "numbers": Rule(numbers, _TEXT, on=True),
    "percent": Rule(percent, _TEXT),
    "float_ids": Rule(float_ids, _TEXT, on=True),
    "leading_zeros": Rule(leading_zeros, _TEXT | _NUMBER, asks=True),
    "phones": Rule(phone_numbers, _TEXT | _NUMBER, on=True),
    "truths": Rule(_truths, _TEXT | _NUMBER),
    "epochs": Rule(_epochs, _TEXT | _NUMBER, asks=True),
    "serials": Rule(_serials, _TEXT | _NUMBER, asks=True),
}
"""Name → rule, in the order in which they are applied: what one makes, those behind it read."""


def found(rule: str, seen: Seen, asked: Asked) -> Iterator[Mend | Doubt]:
    """Yield what a rule, where it is on, makes of a column and what it leaves alone: nothing of a kind not its own.

    A repair does what is yielded here, and a problem offers the repair by asking here what it would do.
    """
    # A text with a detail is none itself: it is only written as one.
    spoken = seen.column.kind == "text" and bool(seen.column.detail)
    if seen.column.kind in RULES[rule].kinds and not spoken:
        yield from RULES[rule].find(Subject(rule, seen, asked, asked.scopes[rule].named))
