"""What is wrong with the values of a column, or done to them: types, texts, words for missing, phone numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from connect_pandas import rules
from connect_pandas.data import notations, phones
from connect_pandas.data.held import rarest_first
from connect_pandas.data.names import (
    PHONES,
    ZIPS,
    identifier_word,
    says,
)
from connect_pandas.data.problems import NAME, as_code, either, line, repaired
from connect_pandas.data.profile import (
    FORMULA,
    LEADING_ZERO,
    MARKER,
    NOTATIONS,
    NUMBER,
    PHONE,
    READINGS,
    SHOWN_ROWS,
    SPECIAL,
    TRUTH,
    TYPED,
    is_formula,
    locate,
    tally,
)
from connect_pandas.data.reading import SHORT_DATES, are_codes, looks_like
from connect_pandas.data.subject import By, Finding, Subject, counted, one_or

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connect_pandas.data.profile import Predicate


KINDS: Final = {
    "TEXT": ("text", "integer", "float", "decimal", "boolean", "date", "naive", "aware"),
    "NUMBER": ("text", "integer", "float", "decimal"),
    "BOOLEAN": ("text", "boolean"),
    "DATE": ("text", "date", "naive", "aware"),
}
"""Type of an attribute → the kinds of columns that it can hold."""
_NOT_A: Final = {"NUMBER": "not-a-number", "BOOLEAN": "not-a-boolean", "DATE": "not-a-date"}


def values(s: Subject) -> Iterator[Finding]:
    if s.p.kind == "unsupported":
        yield _unsupported(s)
    elif not s.p.present:
        if s.p.rows:
            yield s.says("empty-column", "It has no values; it is imported as empty fields.")
    elif s.p.kind not in KINDS[s.a.type]:
        yield _wrong_kind(s)
    elif s.p.kind == "text":
        yield from _text(s)
    if are_phones(s):
        yield from _phones(s)
    if s.a.type == "TEXT" and not (s.a.chosen or s.a.key) and are_codes(s.p):
        yield s.says(
            "long-numbers",
            "Its numbers are long, or a block of one length, and its name says nothing: it is imported as TEXT.",
            count=s.p.present,
            fix=s.as_type("NUMBER", "if they count or measure something"),
        )
    if s.p.digits:
        yield from _whole_numbers(s)
    if s.p.kind == "float" and s.a.type == "TEXT" and max(abs(s.p.low or 0), abs(s.p.high or 0)) > _EXACT:
        yield from _digits_lost(s)
    if s.p.digits and not s.p.count(LEADING_ZERO) and says(s.p.name, ZIPS):
        yield from _lost_zeros(s)
    if count := s.p.count("infinite-number"):
        yield s.found(
            "infinite-number",
            count,
            lambda c: c.is_infinite(),
            f"{counted(count, 'is', 'are')} infinite: there is no such number in the file.",
            by=By("infinities", "makes them missing, if that is meant"),
        )


def _unsupported(s: Subject) -> Finding:
    present, shown = rarest_first(s.item.series, SHOWN_ROWS)
    return s.at(
        "unsupported-values",
        len(present),
        lambda limit: [*present.tolist()] if limit is None else shown[:limit],
        f"It holds {s.p.detail}; no attribute can hold that.",
        fix=s.item.convert.replace("{cell}", s.cell).replace("{column}", as_code(s.a.column)),
    )


_EXACT: Final = 2**53
"""Beyond it a float does not hold every whole number."""


def _digits_lost(s: Subject) -> Iterator[Finding]:
    def is_long(c: pl.Expr) -> pl.Expr:
        return c.abs() > _EXACT

    count = tally(s.columns, s.a.position, is_long)
    yield s.found(
        "digits-lost",
        count,
        is_long,
        f"{counted(count, 'has', 'have')} more digits than a decimal number holds: the last ones were lost when it was "
        "read.",
        fix=line(f'df = pd.read_csv("…", dtype={{{as_code(s.a.column)}: "str"}})', "reads all of them"),
    )


def _whole_numbers(s: Subject) -> Iterator[Finding]:
    """Yield what whole numbers may mean beside a number."""
    if s.a.type != "NUMBER" or s.p.low is None or s.p.high is None:
        return
    if (s.p.low, s.p.high) == (0, 1):
        yield s.says(
            "zero-one",
            "Its values are 0 and 1; it is imported as NUMBER.",
            count=s.p.present,
            by=By("truths", "if they mean FALSE and TRUE"),
        )


def _wrong_kind(s: Subject) -> Finding:
    held = {
        "integer": "whole numbers",
        "float": "numbers",
        "decimal": "decimal numbers",
        "boolean": "true and false",
    }
    return s.found(
        _NOT_A[s.a.type],
        s.p.present,
        lambda c: c.is_not_null(),
        f"It holds {held.get(s.p.kind, 'dates')}, and {s.a.type} was chosen.",
        fix=either(
            s.as_type("TEXT", "imports it as text"),
            line(f"plan = df.connect.plan({NAME})", "has its type inferred"),
        ),
    )


_NOT_IN_A_TEXT: Final = {
    "line-break": (
        ("holds a line break", "hold a line break"),
        ("line_breaks", "makes a space of it"),
    ),
    "control-character": (
        ("holds a control character", "hold a control character"),
        ("control_characters", "takes them out"),
    ),
    "lone-surrogate": (
        (
            "holds half of a surrogate pair, which is no character",
            "hold halves of surrogate pairs, which are no characters",
        ),
        ("surrogates", "writes U+FFFD for each"),
    ),
}
"""Code → what is said of one value and of several; the rule of repair and what it does."""


def _text(s: Subject) -> Iterator[Finding]:
    for code, (message, (rule, comment)) in _NOT_IN_A_TEXT.items():
        if count := s.p.count(code):
            by = By(rule, comment, named=rule == "surrogates")
            fix = _spelled(s) if s.p.detail else ""
            yield s.found(code, count, SPECIAL[code], f"{counted(count, *message)}.", fix=fix, by=by)
    yield from _missing(s)
    if s.a.type == "TEXT":
        yield from _formulas(s)
        yield from _as_text(s)
    elif s.a.type != "DATE":
        yield from _typed(s)


def _formulas(s: Subject) -> Iterator[Finding]:
    """Yield a note on what a spreadsheet would run, should somebody open in one what Connect holds."""
    if count := s.p.count(FORMULA):
        yield s.found(
            "formula-like",
            count,
            is_formula,
            f"{counted(count, 'begins', 'begin')} as a formula of a spreadsheet does; "
            f"{one_or(count, 'it is', 'they are')} imported as written, and a spreadsheet may run "
            f"{one_or(count, 'it', 'them')}.",
        )


def _spelled(s: Subject) -> str:
    """Return the lines for values that are no text themselves, and only written as one: repair leaves objects alone."""
    text = line(f'{s.cell} = {s.cell}.astype("str")', "makes text of them")
    return f"{text}\n{repaired(f'columns=[{as_code(s.a.column)}]', 'puts that right')}"


def _missing(s: Subject) -> Iterator[Finding]:
    """Yield what the file does not tell apart, or tells apart that people do not."""
    if (blank := s.p.count("blank")) and (nulls := s.p.count("null")):
        said = f"{blank:,} empty and {nulls:,} missing values become the same: an empty field."
        yield s.says("empty-and-missing", said, count=blank + nulls)
    if count := s.p.count(MARKER):
        yield _marked(s, count)


def _marked(s: Subject, count: int) -> Finding:
    first = locate(s.columns, s.a.position, notations.is_marker)

    def where(limit: int | None) -> Sequence[int]:
        return first[:limit] if limit is not None else s.where(notations.is_marker)(None)

    shown = ", ".join(dict.fromkeys(repr(row.value) for row in s.rows(first)))
    none = f"{counted(count, 'says', 'say')} that there is none ({shown})"
    by = By("missing", "makes them missing")
    if s.a.type == "TEXT":
        said = f"{none}, and {one_or(count, 'is', 'are')} imported as that text."
        return s.at("marker-as-text", count, where, said, by=by)
    said = f"{none}, which is no {s.a.type}; the others are."
    as_text = s.as_type("TEXT", "imports all as text")
    return s.at("missing-marker", count, where, said, fix=as_text, by=by)


def _open_mark(s: Subject) -> Iterator[Finding]:
    """Yield a warning where all numbers of a text may be thousands: ``1.234``, ``10.000``."""
    if not 1 < s.told_count == s.p.count("dot"):
        return
    # In most columns one of the first values is none.
    if not locate(s.columns, s.a.position, _is_decided, limit=1):
        yield s.found(
            "thousands-or-fractions",
            s.told_count,
            notations.AMOUNTS.open,
            "All of its values have three digits behind the point, which may mark thousands; they are imported as "
            "fractions.",
            by=By("numbers", "if 1.234 means 1234", decimal="comma"),
        )


def _is_decided(c: pl.Expr) -> pl.Expr:
    """Whether a number of a text has one reading only."""
    return notations.is_told(c) & ~notations.AMOUNTS.open(c)


def _typed(s: Subject) -> Iterator[Finding]:
    """Yield what is wrong with, or done to, a text that is to be a NUMBER, a BOOLEAN or a DATE."""
    yield from not_all(
        s, s.a.type, {"NUMBER": "no decimal number", "BOOLEAN": "neither true nor false"}[s.a.type]
    )
    if s.a.type == "NUMBER":
        yield from _open_mark(s)
    if s.a.rewritten and (count := tally(s.columns, s.a.position, _REWRITTEN[s.a.type])):
        code = {"NUMBER": "number-rewritten", "BOOLEAN": "truth-rewritten"}[s.a.type]
        how = {"NUMBER": "as plain decimal numbers", "BOOLEAN": "as TRUE or FALSE"}[s.a.type]
        said = f"{counted(count, 'is', 'are')} written otherwise in the file: {how}."
        names = {"NUMBER": "1E5", "BOOLEAN": "T"}[s.a.type]
        fix = s.as_type("TEXT", f"if they are names, as {names} may be")
        yield s.found(code, count, _REWRITTEN[s.a.type], said, fix=fix)


_REWRITTEN: Final[dict[str, Predicate]] = {
    "NUMBER": lambda c: notations.is_number(c) & ~notations.is_plain(c),
    "BOOLEAN": lambda c: NOTATIONS[TRUTH](c) & ~READINGS["true or false"](c),
}


_ENOUGH: Final = {"NUMBER": ("plain", NUMBER), "BOOLEAN": ("true or false", TRUTH)}
"""Type → the facts of which each says that a value is of it."""


def not_all(s: Subject, reading: str, what: str) -> Iterator[Finding]:
    """Yield the values that cannot be what they are to be, those that only say that there is none aside."""
    if any(s.p.count(fact) == s.told_count for fact in _ENOUGH.get(reading, (reading,))):
        return

    def bad(c: pl.Expr) -> pl.Expr:
        return notations.is_told(c) & ~TYPED[reading](c)

    if count := tally(s.columns, s.a.position, bad):
        yield s.found(
            _NOT_A[s.a.type],
            count,
            bad,
            f"{counted(count, 'is', 'are')} {what}.",
            fix=s.as_type("TEXT", "imports all as text, if the values are not to be put right"),
        )


# ── what a text looks like ───────────────────────────────────────────────────────────────────────────────────────


def _as_text(s: Subject) -> Iterator[Finding]:
    if identifier_word(s.p.name) is not None or s.a.key:
        if 0 < s.told_count == s.p.count("dot-zero"):
            yield from _decimal_identifier(s)
        return
    yield from _notation(s)
    yield from _nearly(s)


def _nearly(s: Subject) -> Iterator[Finding]:
    """Yield a warning where most values of a text are of another type: one wrong value makes it text."""
    for reading, (what, predicate) in _NEARLY.items():
        holds = s.p.count(reading)
        if not s.told_count * 0.9 <= holds < s.told_count:
            continue

        def rest(c: pl.Expr, predicate: Predicate = predicate) -> pl.Expr:
            return notations.is_told(c) & ~predicate(c)

        count = s.told_count - holds
        yield s.found(
            "not-throughout",
            count,
            rest,
            f"{holds:,} of {s.p.present:,} values are {what}, {count:,} {one_or(count, 'is', 'are')} not; "
            "so it is imported as TEXT.",
            fix=line(
                f"df[{_ODD[what].format(cell=s.cell)}]", f"shows the odd {one_or(count, 'one', 'ones')}"
            ),
        )
        return


_ODD: Final = {
    "numbers": 'pd.to_numeric({cell}, errors="coerce").isna()',
    "TRUE or FALSE": '~{cell}.str.lower().isin(["true", "false"])',
    "true or false": '~{cell}.str.lower().isin(["true", "false", "yes", "no", "y", "n", "t", "f"])',
}
"""What most values are → what finds the others."""

_NEARLY: Final[dict[str, tuple[str, Predicate]]] = {
    "plain": ("numbers", READINGS["plain"]),
    NUMBER: ("numbers", NOTATIONS[NUMBER]),
    "true or false": ("TRUE or FALSE", READINGS["true or false"]),
    TRUTH: ("true or false", NOTATIONS[TRUTH]),
}


def _notation(s: Subject) -> Iterator[Finding]:
    """Yield a warning where all values look like something that the service does not read so."""
    look = looks_like(s.p)
    if look is None:
        return
    truths = look in notations.OTHER_TRUTHS
    rule = "truths" if truths else "dates" if look == SHORT_DATES else "numbers"
    yield s.found(
        "other-notation",
        s.told_count,
        notations.is_told,
        f"Its values look like {look}, which the service does not read so; it is imported as TEXT.",
        by=By(rule, _MADE[rule], named=truths),
    )


_MADE: Final = {
    "truths": "makes TRUE and FALSE of them",
    "dates": "writes them as 2024-02-01",
    "numbers": "makes plain numbers of them",
}
"""Rule of repair → what it does with such values."""


def _decimal_identifier(s: Subject) -> Iterator[Finding]:
    yield s.found(
        "decimal-identifier",
        s.told_count,
        lambda c: c.str.ends_with(".0"),
        "Its values identify something, and end in '.0': they have been decimals before they were text.",
        by=By("float_ids", "takes the '.0' off"),
    )


def are_phones(s: Subject) -> bool:
    """Whether a column holds phone numbers: by their shape, or by its name and the shape of most of them."""
    if s.a.type != "TEXT" or s.a.chosen or not s.p.present:
        return False
    if s.p.kind == "text":
        if 0 < s.told_count == s.p.count(PHONE):
            return True
        return (
            says(s.p.name, PHONES)
            and tally(s.columns, s.a.position, phones.looks_like_phone) * 2 >= s.told_count > 0
        )
    least, most = 10**6, 10**phones.DIGITS_MAX
    return s.is_whole and says(s.p.name, PHONES) and least <= (s.p.low or 0) and (s.p.high or 0) < most


def _phones(s: Subject) -> Iterator[Finding]:
    if bad := tally(s.columns, s.a.position, phones.is_not_e164):
        yield s.found(
            "not-e164",
            bad,
            phones.is_not_e164,
            f"{counted(bad, 'is', 'are')} not written as the service asks of phone numbers, as in +4915112345678.",
            fix=s.as_type("TEXT", "imports them as they are"),
            by=By("phones", "writes them as the service asks"),
        )
    if s.p.kind == "text" and (bad := tally(s.columns, s.a.position, _not_assigned)):
        yield s.found(
            "invalid-phone",
            bad,
            _not_assigned,
            f"{counted(bad, 'is a phone number', 'are phone numbers')} that no country has given out; "
            "it is imported all the same.",
        )


def _not_assigned(c: pl.Expr) -> pl.Expr:
    return c.str.contains(rules.PHONE) & ~c.map_batches(phones.valid, return_dtype=pl.Boolean)


def _lost_zeros(s: Subject) -> Iterator[Finding]:
    """Yield a warning where some postcodes are one or two digits shorter than most."""
    if s.p.low is None or s.p.high is None:
        return
    shortest, longest = (len(str(int(end))) for end in (s.p.low, s.p.high))
    if not 1 <= longest - shortest <= _ZEROS_MOST:
        return

    def is_short(c: pl.Expr) -> pl.Expr:
        return c.cast(pl.Float64, strict=False) < pl.lit(10 ** (longest - 1))

    short = tally(s.columns, s.a.position, is_short)
    if longest - shortest > 1 and 2 * short > s.p.present:
        return
    yield s.found(
        "leading-zeros-lost",
        short,
        is_short,
        f"{counted(short, 'has', 'have')} fewer digits than the others: leading zeros may have been lost, as in a "
        "spreadsheet.",
        by=By("leading_zeros", "puts them back"),
    )


_ZEROS_MOST: Final = 2
"""Postcodes begin with one zero or two: 501 is 00501, in New York."""
