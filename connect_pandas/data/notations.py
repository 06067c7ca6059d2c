"""How people write numbers, dates, truth and nothing in a text, and what each notation means.

What the service reads itself stands in :mod:`connect_pandas.rules`. Here is what it does not read so: each notation has
a name that a person recognises, a question whether a value is written in it, and its meaning as a Polars expression.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import polars as pl

from connect_pandas import rules
from connect_pandas.rules import DateFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Predicate = Callable[[pl.Expr], pl.Expr]

# ── nothing ──────────────────────────────────────────────────────────────────────────────────────────────────────

_NOTHING: Final = "n/a na n.a. #n/a null none nil nan nat <na> - -- — – ? . .. ... …".split()
MARKERS: Final = frozenset(form for m in _NOTHING for form in (m, m.upper(), m.capitalize()))
MARKERS_ALL: Final = [*sorted(MARKERS | {"NaN", "NaT", "#N/A", "(null)", "(blank)", "(none)", "\\N"})]
"""Texts with which people and programs say that there is no value."""
_MARKERS: Final = pl.lit(pl.Series(MARKERS_ALL).implode())
"""Made once: a frame may have a thousand columns."""


def is_marker(c: pl.Expr) -> pl.Expr:
    """Whether a text says that there is no value."""
    return c.is_in(_MARKERS)


def is_told(c: pl.Expr) -> pl.Expr:
    """Whether a text says something: it is there, and does not say that there is no value."""
    return (c != "") & ~is_marker(c)


# ── truth ────────────────────────────────────────────────────────────────────────────────────────────────────────

TRUTHS: Final[Mapping[str, tuple[str, str]]] = {
    "true or false": ("true", "false"),
    "yes or no": ("yes", "no"),
    "y or n": ("y", "n"),
    "t or f": ("t", "f"),
}
"""In words → how true and how false are written there, in any case. The package writes ``TRUE`` and ``FALSE``."""
OTHER_TRUTHS: Final[Mapping[str, tuple[str, str]]] = {
    "ja or nein": ("ja", "nein"),
    "oui or non": ("oui", "non"),
    "sí or no": ("sí", "no"),
    "on or off": ("on", "off"),
    "wahr or falsch": ("wahr", "falsch"),
}
"""Those that are not taken for a BOOLEAN without being asked."""


def says(word: str) -> Predicate:
    """Return whether a text is this word, in any case, spaces around it aside."""
    return lambda c: c.str.contains(rf"^ *(?i:{word}) *$")


IS_TRUE: Final = says("|".join(true for true, _ in TRUTHS.values()))
IS_FALSE: Final = says("|".join(false for _, false in TRUTHS.values()))


def truth(c: pl.Expr) -> pl.Expr:
    """Return what a text of :data:`TRUTHS` says as a Boolean; null for any other."""
    return pl.when(IS_TRUE(c)).then(True).when(IS_FALSE(c)).then(False)


# ── numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────

# A plus before seven digits and more is a telephone's. Of an exponent, what still reads as digits.
_UNSIGNED: Final = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)"
NUMBER: Final = rf"^ *(?:-?{_UNSIGNED}(?:[eE][+-]?[0-9]{{1,2}})?|\+(?:[0-9]{{1,6}}(?:\.[0-9]*)?|\.[0-9]+)) *$"
_PARTS: Final = r"^ *(?<sign>[+-]?)(?<whole>[0-9]*)\.?(?<part>[0-9]*)(?:[eE](?<power>[+-]?[0-9]+))? *$"


def is_number(c: pl.Expr) -> pl.Expr:
    """Whether a text is a number with a decimal point and nothing between its digits: ``-5``, ``.5``, ``1e5``."""
    return c.str.contains(NUMBER)


def is_plain(c: pl.Expr) -> pl.Expr:
    """Whether a text is a number as the service reads it."""
    return c.str.contains(rules.NUMBER)


def plain(c: pl.Expr) -> pl.Expr:
    """Return numbers as the service reads them, exactly, from texts for which :func:`is_number` holds."""
    parts = c.str.extract_groups(_PARTS)
    whole, part = parts.struct.field("whole"), parts.struct.field("part")
    power = parts.struct.field("power").cast(pl.Int32, strict=False).fill_null(0)
    place = whole.str.len_bytes().cast(pl.Int32) + power
    digits = pl.lit("0").repeat_by(pl.max_horizontal(0, -place + 1)).list.join("") + whole + part
    place = pl.max_horizontal(place, 1)
    digits = digits.str.pad_end(place, "0")
    moved = digits.str.slice(0, place).str.replace("^0+([0-9])", "$1")
    rest = digits.str.slice(place)
    sign = pl.when(parts.struct.field("sign") == "-").then(pl.lit("-")).otherwise(pl.lit(""))
    made = sign + moved + pl.when(rest != "").then("." + rest).otherwise(pl.lit(""))
    return pl.when(is_plain(c)).then(c).otherwise(made)


Mark = Literal["point", "comma"]
"""What stands before the fraction of a number."""

_CURRENCY: Final = r"(?:[€$£¥₹₽₺₩]|US\$|CHF|EUR|USD|GBP|JPY|INR|SEK|NOK|DKK|PLN|CZK|CAD|AUD|Fr\.|kr\.?|zł)"
_SPACE: Final = r"[ \u00a0\u202f\u2009]"
_IN_THREES: Final = rf"[0-9]{{1,3}}(?:(?:{_SPACE}[0-9]{{3}})+|(?:['’][0-9]{{3}})+)"
_NUMERAL: Final[Mapping[Mark, str]] = {
    "point": r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+",
    "comma": r"(?:[0-9]{1,3}(?:\.[0-9]{3})+|[0-9]+)(?:,[0-9]+)?|,[0-9]+",
}
"""Decimal mark → what a number looks like, thousands marked or not, in India's groups as well."""
_DIGITS: Final = rf"{_IN_THREES}(?:[.,][0-9]+)?|{_NUMERAL['point']}|{_NUMERAL['comma']}"
_AFTER: Final = rf"(?:{_CURRENCY}|%)?{_SPACE}*"
# The dash of "5.-" is no minus: it stands for no cents.
AMOUNT: Final = (
    rf"^{_SPACE}*[+\-−]?\(?{_SPACE}*[+\-−]?{_SPACE}*{_CURRENCY}?{_SPACE}*[+\-−]?"
    rf"(?:(?:{_DIGITS}){_SPACE}*{_AFTER}\)?-?|[0-9]+\.{_SPACE}*{_AFTER}\)?){_SPACE}*$"
)
_NOT_OF_THE_NUMBER: Final = rf"{_CURRENCY}|{_SPACE}|[%+()'’\-−]"
_ENCLOSED: Final = r"^[^0-9]*\(.*\)"


POINT: Final = (
    r"^-?(?:[0-9]*\.[0-9]{1,2}|[0-9]*\.[0-9]{4,}|[0-9]{4,}\.[0-9]+|0?\.[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]*"
    r"|[0-9]{1,3}(?:,[0-9]{3}){2,}|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}(?:\.[0-9]+)?)$"
)
COMMA: Final = (
    r"^-?(?:[0-9]*,[0-9]{1,2}|[0-9]*,[0-9]{4,}|[0-9]{4,},[0-9]+|0?,[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]*"
    r"|[0-9]{1,3}(?:\.[0-9]{3}){2,})$"
)
OPEN: Final = r"^-?[1-9][0-9]{0,2}[.,][0-9]{3}$"
ZEROS: Final = "^-?0[0-9]"
"""What :func:`bare` amounts look like. Each is one of :data:`AMOUNTS`, where it is told."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """The questions that are asked of texts which look like amounts. Each value may hold for several."""

    currency: Predicate = lambda c: c.str.contains(_CURRENCY)
    percent: Predicate = lambda c: c.str.contains("%", literal=True)
    point: Predicate = lambda c: bare(c).str.contains(POINT)
    """No reading but that of a decimal point: ``1,234.50``, ``12.5``, ``1,234,567``."""
    comma: Predicate = lambda c: bare(c).str.contains(COMMA)
    """No reading but that of a decimal comma: ``1.234,50``, ``12,5``, ``1.234.567``."""
    open: Predicate = lambda c: bare(c).str.contains(OPEN)
    """``1,234`` or ``1.234``: a thousand, or one and a fraction."""
    whole: Predicate = lambda c: bare(c).str.contains(r"^-?[0-9]+$")
    """Digits only, once the marks around them are taken off."""
    zeros: Predicate = lambda c: bare(c).str.contains(ZEROS)
    """A zero before other digits, which an amount has no need of."""
    enclosed: Predicate = lambda c: c.str.contains(_ENCLOSED)
    """In parentheses, as a minus is written in accounts."""
    spaced: Predicate = lambda c: c.str.contains(rf"^[0-9]{{1,3}}(?:{_SPACE}[0-9]{{3}})+$")
    """Nothing but digits in threes with spaces between."""
    trailing: Predicate = lambda c: c.str.contains(rf"[0-9]-{_SPACE}*$")
    """A minus behind the digits, as accounts have it, and marks at school."""
    dotted: Predicate = lambda c: c.str.contains(r"^ *[0-9]{1,3}(?:\.[0-9]{3}){2,} *$")
    """Nothing but digits in threes with points between, as amounts have them, addresses and identity cards."""
    pair: Predicate = lambda c: c.str.contains("^ *[0-9],[0-9] *$")
    """Nothing but two digits and a comma between: a number, or two."""
    signs: Predicate = lambda c: c.str.contains(r"[+\-−(].*[+\-−(]")
    """Two signs, which together have no one meaning: ``--5``, ``-(5)``."""
    marked: Predicate = lambda c: c.str.contains(rf"[0-9](?:[.,'’]|{_SPACE}[0-9])|[.,][0-9]|%|{_CURRENCY}")
    """Something else that only amounts have: a decimal mark, thousands, a currency, a percent sign."""


AMOUNTS: Final = Amounts()


def is_amount(c: pl.Expr) -> pl.Expr:
    """Whether a text looks like a number with a currency, a percent sign, marks in it or a minus of accounts."""
    return c.str.contains(AMOUNT)


_CODES: Final = {
    "€": "EUR",
    "$": "USD",
    "US$": "USD",
    "£": "GBP",
    "¥": "JPY",
    "₹": "INR",
    "zł": "PLN",
    "Fr.": "CHF",
    "kr.": "kr",
}


def currency(c: pl.Expr) -> pl.Expr:
    """Return the currency that an amount names, the same for ``€`` and ``EUR``; null without one."""
    return c.str.extract(f"({_CURRENCY})", 1).replace(_CODES)


def bare(c: pl.Expr) -> pl.Expr:
    """Return an amount without what stands around its digits; the minus of ``(5)``, ``5-`` and ``−5`` first."""
    minus = c.str.contains(r"[-−]") | c.str.contains(_ENCLOSED)
    digits = c.str.replace_all(_NOT_OF_THE_NUMBER, "").str.strip_suffix(".")
    return pl.when(~minus).then(digits).otherwise("-" + digits)  # in this order it keeps the column's name


READ: Final[Mapping[Mark, str]] = {mark: f"^(-?(?:{numeral}))$" for mark, numeral in _NUMERAL.items()}
"""Decimal mark → what :func:`bare` amounts look like that have a reading by it."""


def amount(c: pl.Expr, mark: Mark) -> pl.Expr:
    """Return amounts as plain decimal numbers, as text, by their decimal mark; null where there is no such reading."""
    read = bare(c).str.extract(READ[mark], 1)
    made = read.str.replace_all("." if mark == "comma" else ",", "", literal=True)
    made = made.str.replace(",", ".", literal=True).str.replace(r"^(-?)\.", "${1}0.")
    return pl.when(is_amount(c)).then(made)


# ── dates ────────────────────────────────────────────────────────────────────────────────────────────────────────

Order = Literal["YMD", "DMY", "MDY"]
"""The order of year, month and day."""

_MONTHS: Final = (
    "(?i:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?|"
    "nov(?:ember)?|dec(?:ember)?)"
)
_TIME: Final = (
    r"(?:(?:T|t|,? +)(?<hour>[0-9]{1,2}):(?<minute>[0-9]{2})(?::(?<second>[0-9]{2})(?:[.,](?<fraction>[0-9]{1,9}))?)?"
    r"(?: *(?<half>(?i:[AP]M)))? ?(?<zone>Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)

_YEAR: Final = "(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"


@dataclass(frozen=True, slots=True)
class DateShape:
    """A way in which dates are written, a time of day after them or not; where day and month swap, in two orders."""

    name: str
    """An example of it."""
    date: str
    """A regular expression of the date alone."""
    formats: Mapping[Order, str]
    """Order → its ``strptime``, once a month's name has been cut to three letters."""
    vague: bool = False
    """Versions, chapters and sort codes are written so as well: a date only where the column says so."""
    rival: str = ""
    """The ``strptime`` of a year of two digits that may stand first as well: ``24-12-31``."""

    def holds(self, c: pl.Expr) -> pl.Expr:
        """Whether a text is written so, be it a day of the calendar or not."""
        return c.str.contains(self.pattern)

    @property
    def pattern(self) -> str:
        return rf"^ *{self.date}{_TIME} *$"

    def day(self, c: pl.Expr, order: Order) -> pl.Expr:
        """Return the day; null where there is none, as for ``31/02/2024``."""
        # There is no year 0000. Not asked of the day itself, which would then be read twice.
        text = c.str.extract(rf"^ *({self.date.replace('[0-9]{4}', _YEAR)})", 1)
        if "%b" in self.formats[order]:
            text = text.str.replace(r"(?i)([a-z]{3})[a-z]*\.?", "$1").str.replace_all("[ ,-]+", " ")
        return text.str.strptime(pl.Date, self.formats[order], strict=False)

    def year_first(self, c: pl.Expr) -> pl.Expr:
        """Return the day of a text whose two first digits may be its year; null where they cannot."""
        text = c.str.extract(r"^ *([0-9]{2}[./-][0-9]{1,2}[./-][0-9]{2})(?:[^0-9]|$)", 1)
        return text.str.strptime(pl.Date, self.rival, strict=False)

    def read(self, c: pl.Expr, order: Order) -> pl.Expr:
        """Return the moment, in UTC where a zone is told; null where there is none from year 1 to 9999."""
        moment = self.day(c, order).cast(pl.Datetime("us")) + _time(c)
        return pl.when(self.holds(c) & moment.is_between(_FIRST_MOMENT, _LAST_MOMENT)).then(moment)

    def has_time(self, c: pl.Expr) -> pl.Expr:
        """Whether a text of this shape tells a time of day."""
        return c.str.contains(":", literal=True)

    def has_zone(self, c: pl.Expr) -> pl.Expr:
        """Whether a text of this shape tells a time zone."""
        return c.str.contains(r":[0-9]{2}.*?(?:Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?) *$")


def year_last(c: pl.Expr) -> pl.Expr:
    """Return the year of a text whose last two digits of three groups are it, as ``strptime`` takes them; else null."""
    year = c.str.extract(r"^ *[0-9]{1,2}[./-][0-9]{1,2}[./-]([0-9]{2})(?:[^0-9]|$)", 1).cast(pl.Int32)
    return year + pl.when(year < _CENTURY).then(2000).otherwise(1900)


_CENTURY: Final = 70


def has_real_time(c: pl.Expr) -> pl.Expr:
    """Whether a date has a time of day that a clock shows, or none: not so ``24:00``, ``10:60`` and ``13:30 PM``."""
    return ~c.str.contains(_UNREAL_TIME)


_UNREAL_TIME: Final = (
    r"[Tt ](?:2[4-9]|[3-9][0-9]):|:[6-9][0-9]|[Tt ](?:1[3-9]|2[0-9]|0?0):[0-9:.,]+ *(?i:[AP]M)"
    r"|:.*[+-](?:1[5-9]|[2-9][0-9]):?[0-9]{2} *$|:.*[+-][0-9]{2}[6-9][0-9] *$"
)


def _time(c: pl.Expr) -> pl.Expr:
    """Return the time of day told at the end of a text as a duration, none as zero, an impossible one as null."""
    # By places around the first colon: a pattern with groups takes ten times as long.
    colon = c.str.find(":", literal=True).cast(pl.Int64)
    has_second = c.str.slice(colon + 3, 1) == ":"
    hour = c.str.slice(colon - 2, 2).str.strip_chars("Tt, ").cast(pl.Int64, strict=False)
    minute = c.str.slice(colon + 1, 2).cast(pl.Int64, strict=False)
    second = pl.when(has_second).then(c.str.slice(colon + 4, 2).cast(pl.Int64, strict=False)).otherwise(0)
    rest = c.str.slice(colon + pl.when(has_second).then(6).otherwise(3))
    micros = (
        rest.str.extract("^[.,]([0-9]+)", 1).str.pad_end(6, "0").str.slice(0, 6).cast(pl.Int64, strict=False)
    )
    half = rest.str.extract("([AaPp])[Mm]", 1).str.to_uppercase()
    clock = (
        pl.when(half.is_null()).then(hour).when(hour.is_between(1, 12)).then(hour % 12 + 12 * (half == "P"))
    )
    is_real = clock.is_between(0, 23) & (minute < 60) & (second < 60) & has_real_time(c)
    seconds = clock * 3600 + minute * 60 + second - _zone(rest)
    told = pl.when(is_real).then(seconds * 10**6 + micros.fill_null(0))
    return pl.when(colon.is_null()).then(0).otherwise(told).cast(pl.Duration("us"))


def _zone(rest: pl.Expr) -> pl.Expr:
    """Return by how many seconds a clock is ahead of UTC, from what stands behind its time; none is UTC."""
    zone = rest.str.extract("([+-][0-9]{2}(?::?[0-9]{2})?) *$", 1).str.replace_all(":", "", literal=True)
    minutes = zone.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
    seconds = zone.str.slice(1, 2).cast(pl.Int64) * 3600 + minutes * 60
    return pl.when(zone.str.starts_with("-")).then(-seconds).otherwise(seconds).fill_null(0)


def _both(format_: str) -> Mapping[Order, str]:
    return {"DMY": format_, "MDY": format_.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m")}


DATE_SHAPES: Final[tuple[DateShape, ...]] = (
    DateShape("2024-2-1", r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", {"YMD": "%Y-%m-%d"}),
    DateShape("2024/2/1", r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}", {"YMD": "%Y/%m/%d"}),
    DateShape("2024.2.1", r"[0-9]{4}\.[0-9]{1,2}\.[0-9]{1,2}", {"YMD": "%Y.%m.%d"}),
    DateShape("1.2.2024", r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}", {"DMY": "%d.%m.%Y"}),
    DateShape(
        "1.2.24", r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{2}", {"DMY": "%d.%m.%y"}, vague=True, rival="%y.%m.%d"
    ),
    DateShape("1/2/2024", r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{4}", _both("%d/%m/%Y")),
    DateShape("1/2/24", r"[0-9]{1,2}/[0-9]{1,2}/[0-9]{2}", _both("%d/%m/%y"), rival="%y/%m/%d"),
    DateShape("1-2-2024", r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}", _both("%d-%m-%Y")),
    DateShape("1-2-24", r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{2}", _both("%d-%m-%y"), vague=True, rival="%y-%m-%d"),
    DateShape("1 Feb 2024", rf"[0-9]{{1,2}}[ -]{_MONTHS}\.?(?:, ?|[ -])[0-9]{{4}}", {"DMY": "%d %b %Y"}),
    DateShape("1-Feb-24", rf"[0-9]{{1,2}}[ -]{_MONTHS}[ -][0-9]{{2}}", {"DMY": "%d %b %y"}),
    DateShape("Feb 1, 2024", rf"{_MONTHS}\.? [0-9]{{1,2}}(?:, ?| )[0-9]{{4}}", {"MDY": "%b %d %Y"}),
)
"""What a text may look like that is a date to a person. The six that the service reads are among them, zero-padded."""

VAGUE_SHAPES: Final = tuple(shape.name for shape in DATE_SHAPES if shape.vague)
"""Those that are dates only where the column's name says so, or who names the column."""

_UNNAMED_TIME: Final = re.sub(r"\(\?<[a-z]+>", "(?:", _TIME)


def written_in(shapes: Sequence[DateShape]) -> Predicate:
    """Return the question whether a text is written in any of these shapes of dates."""
    pattern = rf"^ *(?:{'|'.join(shape.date for shape in shapes)}){_UNNAMED_TIME} *$"
    return lambda c: c.str.contains(pattern)


is_dated: Final = written_in(DATE_SHAPES)
"""Whether a text is written in any of the shapes of dates."""

COMPACT: Final = DateShape(
    "20240201", r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])", {"YMD": "%Y%m%d"}
)
"""Only where the name says that it is a date: else it is a number of eight digits."""

_PADDED: Final = (
    rf"^{rules.YEAR}-[0-9]{{2}}-[0-9]{{2}}[T ][0-9]{{2}}:[0-9]{{2}}(?::[0-5][0-9](?:\.[0-9]{{1,9}})?)?"
)
NAIVE: Final = DateFormat("", "YYYY-MM-DD HH:mm:ss", "%Y-%m-%d %H:%M:%S", rf"{_PADDED}$")
AWARE: Final = DateFormat(
    "", "YYYY-MM-DD HH:mm:ss+hh:mm", "", rf"{_PADDED} ?(?:Z|UTC|[+-][0-9]{{2}}(?::?[0-9]{{2}})?)$"
)
"""Timestamps of ISO 8601 that have one reading, and are written as the service reads them: the first without a time
zone, the second with one."""


_TO_THE_MINUTE: Final = 16
READ_FORMATS: Final = (*rules.DATE_FORMATS, NAIVE, AWARE)

_LEAP_YEAR: Final = (
    "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"  # not 1900
)
_CALENDAR: Final = (
    (rules.YEAR, "(?:0[13578]|1[02])", "(?:0[1-9]|[12][0-9]|3[01])"),
    (rules.YEAR, "(?:0[469]|11)", "(?:0[1-9]|[12][0-9]|30)"),
    (rules.YEAR, "02", "(?:0[1-9]|1[0-9]|2[0-8])"),
    (_LEAP_YEAR, "02", "29"),
)
"""Year, month and day of every date that there is."""
_CLOCK: Final = "(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_CLOCKS: Final = {
    rules.TIMESTAMP.pattern: rf"T{_CLOCK}:[0-5][0-9]Z",
    NAIVE.pattern: rf"[T ]{_CLOCK}(?::[0-5][0-9](?:\.[0-9]{{1,9}})?)?",
}


def _exact(form: DateFormat) -> str:
    date = re.escape(form.strftime[: len("%Y-%m-%d")])
    days = (
        date.replace("%Y", year).replace("%m", month).replace("%d", day) for year, month, day in _CALENDAR
    )
    return rf"^(?:{'|'.join(days)}){_CLOCKS.get(form.pattern, '')}$"


_EXACT: Final = {form.pattern: _exact(form) for form in READ_FORMATS if form is not AWARE}


def is_moment(c: pl.Expr, form: DateFormat) -> pl.Expr:
    """Whether :func:`moment` reads a text, asked of the text alone: twice as fast as reading it."""
    return moment(c, form).is_not_null() if form is AWARE else c.str.contains(_EXACT[form.pattern])


_FIRST_MOMENT: Final = dt.datetime(1, 1, 1)
_LAST_MOMENT: Final = dt.datetime(9999, 12, 31, 23, 59, 59, 999_999)


def moment(c: pl.Expr, form: DateFormat) -> pl.Expr:
    """Return the days (Date) or moments (Datetime, UTC) that texts of a format tell; null for any other text."""
    if form is NAIVE:
        # Parsed by one format, which is as fast as the service's own: minutes alone get their seconds.
        text = pl.when(c.str.len_bytes() == _TO_THE_MINUTE).then(c + ":00").otherwise(c).str.replace("T", " ")
        made = text.str.strptime(pl.Datetime("us"), "%Y-%m-%d %H:%M:%S%.f", strict=False)
    elif form is AWARE:
        text = c.str.replace("([0-9])T", "$1 ").str.replace(" ?(?:Z|UTC)$", "Z")
        text = text.str.replace(" ([0-9]{2}:[0-9]{2})(Z| ?[+-])", " $1:00$2").str.replace(" ([+-])", "$1")
        zoned = text.str.strptime(pl.Datetime("us", "UTC"), "%Y-%m-%d %H:%M:%S%.f%#z", strict=False)
        made = zoned.dt.replace_time_zone(None)
        made = pl.when(made.is_between(_FIRST_MOMENT, _LAST_MOMENT)).then(
            made
        )  # a zone may lead out of the calendar
    else:
        made = c.str.strptime(pl.Datetime("us") if form.has_time else pl.Date, form.strftime, strict=False)
    return pl.when(c.str.contains(form.regex)).then(made)


# ── numbers that are dates ───────────────────────────────────────────────────────────────────────────────────────

EPOCHS: Final[Mapping[str, int]] = {
    "seconds": 1,
    "milliseconds": 10**3,
    "microseconds": 10**6,
    "nanoseconds": 10**9,
}
"""Unit → how many make a second, in numbers that count from 1970-01-01."""
_1990, _2100 = 631_152_000, 4_102_444_800
SERIALS: Final = (20_000, 80_000)
"""Days of a spreadsheet from 1954 to 2119, counted from 1899-12-30."""


def epoch_unit(low: float, high: float) -> str | None:
    """Return the unit in which numbers from ``low`` to ``high`` count from 1970 to days of our time, or ``None``."""
    return next((u for u, n in EPOCHS.items() if low >= _1990 * n and high < _2100 * n), None)


def of_epoch(c: pl.Expr, unit: str) -> pl.Expr:
    """Return the moments that numbers of this unit from 1970-01-01 tell."""
    per_second = EPOCHS[unit]
    micros = c * (10**6 // per_second) if per_second <= 10**6 else c // (per_second // 10**6)
    return micros.cast(pl.Int64).cast(pl.Datetime("us"))


def of_serial(c: pl.Expr) -> pl.Expr:
    """Return the moments that a spreadsheet's days from 1899-12-30 tell, whole seconds."""
    seconds = (c.cast(pl.Float64) * 86_400).round(0).cast(pl.Int64)
    return ((seconds - 25_569 * 86_400) * 10**6).cast(pl.Datetime("us"))
