"""Phone numbers: what looks like one, which are valid, and which have one reading in ISO E.164.

The numbering plans are those of Google's libphonenumber, as the package ``phonenumbers`` carries them. Its patterns are
asked by Polars of whole columns, a calling code at a time: parsing takes 30 µs a value, a pattern a hundredth of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Final

import polars as pl
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, SUPPORTED_REGIONS, PhoneMetadata

from connect_pandas import rules
from connect_pandas.data import notations
from connect_pandas.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from phonenumbers.phonemetadata import PhoneNumberDesc

_CODES: Final = "|".join(map(str, COUNTRY_CODE_TO_REGION_CODE))
"""The calling codes. None begins another, so the first that fits is the one."""
DIGITS_MAX: Final = 15
"""Of a whole number, calling code included (E.164, 6.2)."""


# ── shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────

_BETWEEN: Final = r"[ \u00a0\u2009\u202f.\-\u2010-\u2015\u2212/]"
_EXTENSION: Final = r"(?:[ ,;]*(?i:x|ext|extn|extension|#)[ .:=]*[0-9]{1,7})?"


def _digits(least: int, most: int) -> str:
    digit = r"\(?[0-9]\)?"
    return rf"{digit}(?:{_BETWEEN}{{0,3}}{digit}){{{least - 1},{most - 1}}}"


_PHONE: Final = rf"^(?:\+|\(\+)?{_digits(7, DIGITS_MAX)}{_EXTENSION}$"
_INTERNATIONAL: Final = rf"^\+{_digits(8, DIGITS_MAX)}{_EXTENSION}$"
_CODE_FIRST: Final = rf"^\+\(?(?:{_CODES})"
_AMERICAN: Final = (
    r"^(?:(?:\+?1|001)[ .\-]?)?"
    rf"(?:\([0-9]{{3}}\) ?[0-9]{{3}}[ .\-][0-9]{{4}}|[0-9]{{3}}-[0-9]{{3}}-[0-9]{{4}}){_EXTENSION}$"
)

_DECIMAL: Final = r"^\+?(?:0|[1-9][0-9]*)\.[0-9]+$"
_CODE_DOT: Final = rf"^\+(?:{_CODES})\.[0-9]{{7,14}}$"
"""``+1.5550101234``, as the registries of domains write it; otherwise one dot is a decimal point."""
_DAY, _MONTH = "(?:0?[1-9]|[12][0-9]|3[01])", "(?:0?[1-9]|1[0-2])"
_OTHERS: Final = "|".join(
    [
        rf"^[0-9]{{4}}[-/.]{_MONTH}[-/.]{_DAY}$",
        rf"^(?:{_DAY}[-/.]{_MONTH}|{_MONTH}[-/.]{_DAY})[-/.](?:[0-9]{{2}}|[0-9]{{4}})$",
        r"^(?:19|20)[0-9]{2}[-/][0-9]+$",  # 2024-001234, 2023/2024
        r"^[0-9]{1,2}(?:\.[0-9]{3}){2}$",  # 1.234.567
        r"^[0-9]{3}-[0-9]{2}-[0-9]{4}$",  # social security numbers of the United States
        r"^[0-9]{5}-[0-9]{4}$",  # and their ZIP+4
        r"^97[89](?:[- ][0-9]+)+$",  # ISBN, of 13 and of 10 digits
        r"^[0-9]-[0-9]{2,7}-[0-9]{1,6}-[0-9]$",
        r"^3[47][0-9]{2}[ -][0-9]{6}[ -][0-9]{5}$",  # American Express
    ]
)
_GROUPED: Final = r"^[0-9]{1,2}(?: [0-9]{3}){2}$"
"""``1 234 567``: an amount, unless something else says that it is a telephone's."""
_ADDRESS: Final = r"^[0-9]{1,3}(?:\.[0-9]{1,3}){3}$|\.[0-9]\."
"""IP addresses, and versions with a part of one digit."""
_PAIRS: Final = r"^[0-9]{2}(?:\.[0-9]{2}){3}$"
"""``22.11.33.44`` is how Danes, Norwegians and others write a number, and no address that one meets."""


def _is_other(c: pl.Expr) -> pl.Expr:
    """Whether a text of digits and marks is a date, an amount, an address or a number of another kind."""
    decimal = c.str.contains(_DECIMAL) & ~c.str.contains(_CODE_DOT)
    address = c.str.contains(_ADDRESS) & ~c.str.contains(_PAIRS)
    return decimal | address | c.str.contains(_OTHERS)


def looks_like_phone(c: pl.Expr) -> pl.Expr:
    """Whether a text has the shape of a written phone number: ``+49 (151) 123-4567``, ``030/123456``, ``5550101 x12``.

    Seven to fifteen digits, spaces, dots, dashes, slashes and parentheses between, an extension behind. Dates,
    decimals, IP addresses, year-led order numbers, ISBNs and the like are none. The shape alone says little: digits
    without a mark between may be any identifier, and so may a few groups of them. Take it together with a telling name.
    """
    return c.str.contains(_PHONE) & ~c.str.contains(_GROUPED) & ~_is_other(c)


def strong_shape(c: pl.Expr) -> pl.Expr:
    """Whether a text is a phone number whatever its column is called.

    It begins with ``+`` and a calling code and has 8 to 15 digits, or it is written ``(555) 010-1234`` or
    ``555-010-1234``, perhaps behind a 1.
    """
    international = c.str.contains(_INTERNATIONAL) & c.str.contains(_CODE_FIRST)
    return (international & ~c.str.contains(_DECIMAL)) | c.str.contains(_AMERICAN)


# ── numbering plans ──────────────────────────────────────────────────────────────────────────────────────────────

_WORLD: Final = "001"
"""The region of the calling codes that belong to none, as 800."""
_TYPES: Final = (
    "fixed_line",
    "mobile",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The national numbers of one length in one region: they fit both patterns."""

    general: str
    types: str

    def holds(self, number: pl.Expr) -> pl.Expr:
        return number.str.contains(self.general) & number.str.contains(self.types)


@cache
def _plans(code: int, length: int) -> tuple[_Plan, ...]:
    """Return the plans of a calling code, of its main region first.

    Some regions claim what begins with certain digits (``leading_digits``). That decides whose a number is, not whether
    it is valid: of all beginnings of six digits, none that one region claims and does not have is another's.
    """
    plans = (_plan(_metadata(region, code), length) for region in COUNTRY_CODE_TO_REGION_CODE[code])
    return tuple(filter(None, plans))


def _metadata(region: str, code: int) -> PhoneMetadata:
    found = (
        PhoneMetadata.metadata_for_nongeo_region(code)
        if region == _WORLD
        else PhoneMetadata.metadata_for_region(region)
    )
    if found is None:
        raise LookupError(f"phonenumbers has no numbering plan for {region}, calling code {code}.")
    return found


def _plan(metadata: PhoneMetadata, length: int) -> _Plan | None:
    general = _whole(metadata.general_desc, length=length)
    types = _whole(*(getattr(metadata, t) for t in _TYPES), length=length)
    return _Plan(general, types) if general and types else None


def _whole(*described: PhoneNumberDesc | None, length: int) -> str | None:
    """Return the pattern of the numbers of a length in one of these descriptions, if there are any."""
    patterns = [
        d.national_number_pattern
        for d in described
        if d and d.national_number_pattern and (not d.possible_length or length in d.possible_length)
    ]
    return rf"^(?:{_ascii('|'.join(patterns))})$" if patterns else None


def _begins(pattern: str) -> str:
    return f"^(?:{_ascii(pattern)})"


def _ascii(pattern: str) -> str:
    """Return a pattern whose digits are 0 to 9: that of all scripts' digits is far larger."""
    return pattern.replace(r"\d", "[0-9]")


# ── valid numbers ────────────────────────────────────────────────────────────────────────────────────────────────

_E164: Final = rf"^\+[1-9][0-9]{{2,{DIGITS_MAX - 1}}}$"


def valid(values: pl.Series) -> pl.Series:
    """Return whether each text is a phone number in ISO E.164 that its country's numbering plan has.

    Parameters
    ----------
    values : polars.Series
        Texts.

    Returns
    -------
    polars.Series
        Booleans; null where the text is.

    Notes
    -----
    E.164 is the service's rule (guide: Phone numbers). The plans are those of ``phonenumbers.is_valid_number``: the
    general pattern of a region of the calling code and one of its types, in one of the possible lengths.
    """
    rows = [rows for numbers in _by_plan(values) for rows in _valid_rows(*numbers)]
    found = pl.repeat(False, len(values), dtype=pl.Boolean, eager=True)
    if rows:
        found = found.scatter(pl.concat(rows), True)
    return found.set(values.is_null(), None).alias(values.name)


def _by_plan(values: pl.Series) -> Iterator[tuple[pl.DataFrame, int, int]]:
    """Yield the rows of each calling code and length, with their national numbers; then code and length."""
    text = pl.col("text")
    numbers = (
        pl.DataFrame({"text": values})
        .with_row_index("row")
        .filter(text.str.contains(_E164))
        .with_columns(code=_calling_code(text))
        .select("row", "code", number=text.str.slice(pl.col("code").str.len_bytes() + 1))
        .with_columns(length=pl.col("number").str.len_bytes())
        .drop_nulls("code")
    )
    for part in numbers.partition_by("code", "length"):
        yield part.select("row", "number"), int(part["code"][0]), part["length"][0]


def _calling_code(text: pl.Expr) -> pl.Expr:
    by_length = [[str(c) for c in COUNTRY_CODE_TO_REGION_CODE if len(str(c)) == n] for n in (1, 2, 3)]
    heads = [text.str.slice(1, n) for n in (1, 2, 3)]
    return pl.coalesce(pl.when(h.is_in(codes)).then(h) for h, codes in zip(heads, by_length, strict=True))


def _valid_rows(numbers: pl.DataFrame, code: int, length: int) -> Iterator[pl.Series]:
    """Yield the rows of valid numbers; each region is asked only of what the ones before it do not have."""
    for plan in _plans(code, length):
        numbers = numbers.with_columns(held=plan.holds(pl.col("number")))
        yield numbers.filter("held")["row"]
        numbers = numbers.filter(~pl.col("held"))


# ── readings ─────────────────────────────────────────────────────────────────────────────────────────────────────

_AROUND: Final = (
    " \t\r\n\u00a0\u2009\u202f\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
"""Spaces, and the marks of direction that address books put around a number."""
_GROUP: Final = rf"(?:[0-9]|\([0-9](?:{_BETWEEN}?[0-9])*\))"
_WRITTEN: Final = (
    rf"^(?i:tel: ?)?(?:\+ ?|\(\+[0-9]{{1,3}}\){_BETWEEN}?)?{_GROUP}(?:{_BETWEEN}{{0,3}}{_GROUP})*$"
)
_SEVERAL: Final = r"/.*/|/[^0-9]*(?:[0-9][^0-9]*){1,4}$"
"""``030/1234567/68``: what stands behind the last slash is another number's end."""
_OPTIONAL_ZERO: Final = "(0)"
_SHORT: Final = 8
"""The digits that a number without its area code may have."""


def mended(values: pl.Series, region: str | None) -> pl.Series:
    """Return each text as a phone number in ISO E.164 where it has one reading that is valid, else as it is.

    Parameters
    ----------
    values : polars.Series
        Texts.
    region : str or None
        Where numbers without a calling code belong, as an ISO 3166 code of two letters. Without one only what begins
        with ``+`` is read.

    Returns
    -------
    polars.Series
        The texts; what is valid already, has an extension, is in doubt or is no phone number stays the same.

    Raises
    ------
    PlanError
        When the region is not known.

    Notes
    -----
    A text may be read as an international number; one behind the region's international prefix (``00``); one whose
    ``+`` is lost; or a national number, with or without its national prefix. Those that are valid must be one number.
    """
    if region is not None and (wrong := wrong_region(region)):
        raise PlanError(wrong)
    read = pl.concat(_readings(_written(values), region)).drop_nulls().unique()
    read = read.filter(valid(read["number"])).filter(pl.col("row").is_unique())
    return values.clone().scatter(read["row"], read["number"])  # which changes what it is called on


def _written(values: pl.Series) -> pl.DataFrame:
    """Return the rows to be read, their digits, and whether a plus is before them; twice where a zero is optional."""
    text = pl.col("text")
    rows = (
        pl.DataFrame({"text": values.str.strip_chars(_AROUND)})
        .with_row_index("row")
        .filter(
            ~valid(values) & text.str.contains(_WRITTEN) & ~text.str.contains(_SEVERAL) & ~_is_other(text)
        )
        .with_columns(plus=text.str.contains("+", literal=True))
    )
    without = rows.filter(text.str.contains(_OPTIONAL_ZERO, literal=True)).with_columns(
        text.str.replace(_OPTIONAL_ZERO, "", literal=True)
    )
    return pl.concat([rows, without]).select("row", "plus", digits=text.str.replace_all("[^0-9]", ""))


def _readings(written: pl.DataFrame, region: str | None) -> Iterator[pl.DataFrame]:
    """Yield row by row what a number may be in E.164, valid or not."""
    digits = pl.col("digits")
    with_code = [written.filter("plus").select("row", number="+" + digits)]
    if region is not None:
        metadata = _metadata(region, 0)
        home = written.filter(~pl.col("plus"))
        yield from (home.select("row", number=reading) for reading in _national(digits, metadata))
        if prefix := metadata.international_prefix:
            dialled = "+" + digits.str.extract(rf"^(?:{_ascii(prefix)})([1-9][0-9]+)$")
            with_code.append(home.select("row", number=dialled))
    for numbers in with_code:
        yield numbers
        for trunk in _trunks():
            found = numbers.filter(pl.col("number").str.contains(trunk))
            yield found.with_columns(pl.col("number").str.replace(trunk, "+${1}"))


@cache
def _trunks() -> tuple[str, ...]:
    """Return a pattern for every national prefix, behind the calling codes of the countries that have it.

    ``+49 0151`` is written often. Carriers' codes and other rules of dialling at home are not taken for meant there.
    """
    codes: dict[str, list[str]] = {}
    for code, (main, *_) in COUNTRY_CODE_TO_REGION_CODE.items():
        if prefix := _metadata(main, code).national_prefix:
            codes.setdefault(prefix, []).append(str(code))
    return tuple(rf"^\+({'|'.join(of_prefix)}){prefix}" for prefix, of_prefix in codes.items())


def _national(digits: pl.Expr, metadata: PhoneMetadata) -> Iterator[pl.Expr]:
    """Yield the readings of a number of the region: as it is, without its national prefix, and with its ``+`` lost."""
    code = f"+{metadata.country_code}"
    whole = pl.when(digits.str.len_bytes() > _SHORT).then(digits) if _is_open(metadata) else digits
    yield code + whole
    yield pl.when(whole.str.starts_with(code[1:])).then("+" + whole)
    if prefix := metadata.national_prefix_for_parsing:
        yield code + _without_prefix(digits, _begins(prefix), metadata.national_prefix_transform_rule)


def _without_prefix(digits: pl.Expr, prefix: str, rule: str | None) -> pl.Expr:
    """Return numbers without their national prefix, and a carrier's behind it; a rule may put other digits there."""
    without = digits.str.replace(prefix, "")
    if rule:
        put = digits.str.replace(prefix, re.sub(r"\\([0-9])", r"${\1}", rule))
        without = (
            pl.when(digits.str.extract(prefix, re.compile(prefix).groups).is_null())
            .then(without)
            .otherwise(put)
        )
    return pl.when(digits.str.contains(prefix)).then(without)


def _is_open(metadata: PhoneMetadata) -> bool:
    """Whether numbers are of so many lengths that a local number may pass for one of the whole country.

    Then a short one counts only with its national prefix: in Germany ``7123456`` may be dialled in any town.
    """
    lengths = metadata.fixed_line.possible_length if metadata.fixed_line else ()
    return bool(metadata.national_prefix) and len(lengths) > 3


# ── regions ──────────────────────────────────────────────────────────────────────────────────────────────────────

_MEANT: Final = {"UK": "GB", "EN": "GB", "ENG": "GB", "GBR": "GB", "USA": "US", "EL": "GR"}


def is_not_e164(c: pl.Expr) -> pl.Expr:
    """Whether a value says something that is not written as a phone number is: ISO E.164 (source: guide)."""
    text = c.cast(pl.String)
    return notations.is_told(text) & ~text.str.contains(rules.PHONE)


def calling_codes(values: pl.Series) -> pl.Series:
    """Return the calling code, as text, of numbers that begin with a ``+``; null where no country has it."""
    number = "+" + pl.col("text").str.replace_all("[^0-9]", "")
    return pl.DataFrame({"text": values}).select(_calling_code(number)).to_series()


def region_of(number: str) -> str | None:
    """Return the region, as ``"DE"``, to which a number in E.164 belongs, or ``None`` when none is known."""
    code = next((code for code in COUNTRY_CODE_TO_REGION_CODE if number.startswith(f"+{code}")), None)
    return COUNTRY_CODE_TO_REGION_CODE[code][0] if code is not None else None


def regions() -> frozenset[str]:
    """Return the regions that have a numbering plan, as ISO 3166 codes of two letters."""
    return frozenset(SUPPORTED_REGIONS)


def wrong_region(region: str) -> str | None:
    """Return what is wrong with a region and what may have been meant, or ``None`` when it is known."""
    if region in SUPPORTED_REGIONS:
        return None
    meant = _meant(region.strip().upper())
    hint = f"Did you mean {meant!r}?" if meant else "Write the country's two letters, as in region='US'."
    return f"There is no region {region!r}. {hint}"


def _meant(written: str) -> str | None:
    """Return the region behind another code, a calling code or a name in any of its languages."""
    if written in SUPPORTED_REGIONS:
        return written
    if written.removeprefix("+").isdecimal():
        main = COUNTRY_CODE_TO_REGION_CODE.get(int(written.removeprefix("+")), (_WORLD,))[0]
        return None if main == _WORLD else main
    return _MEANT.get(written) or _named(written)


def _named(name: str) -> str | None:
    from phonenumbers.geodata.locale import LOCALE_DATA  # large, and only for this message

    by_name = {
        n.upper(): region
        for region in sorted(SUPPORTED_REGIONS)
        for n in LOCALE_DATA.get(region, {}).values()
        if not n.startswith("*")
    }
    close = get_close_matches(name, by_name, n=1, cutoff=0.8)
    return by_name[close[0]] if close else None
