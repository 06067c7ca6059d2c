"""What one column is read as: its type, from facts, name and kind, with the reason and what would change it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from connect_pandas.data import notations
from connect_pandas.data.names import (
    DATES,
    KEY,
    PHONES,
    ZIPS,
    identifier_word,
    is_number_word,
    is_quantity,
    key_rank,
    says,
)
from connect_pandas.data.problems import as_code
from connect_pandas.data.profile import AMOUNT, DATED, LEADING_ZERO, MARKER, NUMBER, PHONE, TRUTH, TRUTH_WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connect_pandas.data.profile import Profile
    from connect_pandas.rules import AttributeType, DateFormat


@dataclass(frozen=True, slots=True)
class Reading:
    """What a column is read as, why, and what would change that; for dates in text the formats that all values have."""

    type: AttributeType
    reason: str
    unless: str = ""
    forms: tuple[DateFormat, ...] = ()


def read_as(p: Profile, chosen: AttributeType | None, by: str) -> Reading:
    found = _by_kind(p)
    if chosen is None or chosen == found.type:
        return found
    reason = f"chosen by {by} (it looks like {found.type}: {found.reason})"
    return Reading(chosen, reason, f"left to be inferred, it is {found.type}", text_forms(p))


def _by_kind(p: Profile) -> Reading:
    match p.kind:
        case "boolean":
            return Reading("BOOLEAN", all_are(p, "true or false"), f"another dtype, or {_types(p, 'TEXT')}")
        case "date":
            return Reading("DATE", all_are(p, p.detail or "dates"), _types(p, "TEXT"))
        case "naive":
            return Reading("DATE", all_are(p, "timestamps without a time zone"), _types(p, "TEXT"))
        case "aware":
            return Reading("DATE", all_are(p, "timestamps with a time zone"), _types(p, "TEXT"))
        case "integer" | "float" | "decimal":
            return _numeric(p)
        case "text":
            return _text(p)
        case "empty":
            return Reading("TEXT", "it has no values; text holds whatever comes later", "a value, or a dtype")
        case _:
            return Reading("TEXT", f"it holds {p.detail}, which no attribute can hold", "a conversion")


def _types(p: Profile, type_: AttributeType) -> str:
    return f"types={{{as_code(p.label)}: {type_!r}}}"


def _numeric(p: Profile) -> Reading:
    what = {"integer": "whole numbers", "float": "numbers", "decimal": "decimal numbers"}[p.kind]
    if p.kind == "decimal" or p.has_fraction:
        return Reading("NUMBER", all_are(p, what), _types(p, "TEXT"))
    if p.kind == "float":
        what = "whole numbers, held as decimals"
    return _digits(p, what)


def _digits(p: Profile, what: str) -> Reading:
    """Decide whether whole numbers count something or identify it."""
    word = identifier_word(p.name)
    if word is None and is_number_word(p.name) and p.unique and p.complete:
        word = p.name
    if word and _may_be(p, word):
        reason = f"{all_are(p, what)}, but {_unique(p)}the name says {word!r}: an identifier"
        return Reading("TEXT", reason, f"a name that counts or measures, or {_types(p, 'NUMBER')}")
    if are_codes(p):
        length = f"each of {p.width}" if p.width else f"of {_CARD_DIGITS} and more"
        reason = f"{all_are(p, what)}, {length} digits, as identifiers are and measures are not"
        return Reading("TEXT", reason, f"a name that counts or measures, or {_types(p, 'NUMBER')}")
    return Reading("NUMBER", all_are(p, what), f"a name that says ID, number or code, or {_types(p, 'TEXT')}")


_CODE_DIGITS, _CARD_DIGITS = 7, 12
_LONGEST: Final = 1e19
"""No card, account or article has more than 19 digits."""
_CODES_LEAST: Final = 20
"""So many numbers of so many digits are not of one length by chance, if nothing says that they measure something."""


def are_codes(p: Profile) -> bool:
    """Whether whole numbers are too long, or too much of one length, to measure anything, whatever their name."""
    if identifier_word(p.name) or p.count(LEADING_ZERO):
        return False  # which says so itself
    if p.low is None or p.high is None or p.low <= 0 or not p.digits or is_quantity(p.name):
        return False
    # Dates as numbers have one length as well.
    if says(p.name, DATES) or notations.epoch_unit(p.low, p.high) or (p.low % 10 == 0 and p.high % 10 == 0):
        return False  # round numbers are measures
    if p.low >= 10 ** (_CARD_DIGITS - 1) and p.high < _LONGEST:
        return True
    # Identifiers were given out one after the other, or fill all of their length; what is measured does neither.
    spread = p.high / p.low
    width = p.width or 0
    filled = p.low < 1.2 * 10 ** (width - 1) and p.high > 9 * 10 ** (width - 1)
    return p.present >= _CODES_LEAST and width >= _CODE_DIGITS and (spread < _BLOCK or filled)


_BLOCK: Final = 1.5


_PHONE_LEAST, _ZIP_LEAST = 100_000, 100


def _may_be(p: Profile, word: str) -> bool:
    """Whether whole numbers may be what a name says: flags are no customers, and small numbers no telephones.

    What is below zero identifies nothing, unless it is called an ID.
    """
    if p.low is None or p.high is None or key_rank(p.name) == KEY:
        return True
    if p.low < 0:
        return False
    if (p.low, p.high) in ((0, 1), (0, 0)):
        return p.rows == 1
    if word in PHONES:
        return p.high >= _PHONE_LEAST
    return word not in ZIPS or p.high >= _ZIP_LEAST


def _unique(p: Profile) -> str:
    return "they are unique and " if p.unique and p.complete else ""


def _text(p: Profile) -> Reading:
    if not p.present:
        return Reading("TEXT", "it has no values; text holds whatever comes later", "a value")
    if p.detail:
        return Reading("TEXT", f"its values are {p.detail}, written as text", "a conversion")
    if not told(p):
        words = f"{p.count(MARKER):,} of {p.present:,} values are words for a missing value"
        return Reading("TEXT", words, "more values that are none of them")
    if _is_truth(p):
        what = " and ".join(w for w in notations.TRUTHS if p.count(TRUTH_WORDS.get(w, w))) or "true or false"
        return Reading("BOOLEAN", all_are(p, what), "a value that is neither")
    if forms := text_forms(p):
        written = " or ".join(f.pattern for f in forms)
        return Reading("DATE", all_are(p, f"dates written {written}"), _types(p, "TEXT"), forms)
    if _holds(p, NUMBER) and _holds(p, "plus"):
        return Reading(
            "TEXT", f"{all_are(p, 'digits')}, each with a plus: a dialling code", _types(p, "NUMBER")
        )
    if _holds(p, "plain") or _holds(p, NUMBER):
        return _text_number(p)
    if _is_dated(p):
        return Reading("DATE", _dated(p), f"values that are no dates, or {_types(p, 'TEXT')}")
    if _holds(p, PHONE):
        return Reading("TEXT", all_are(p, "phone numbers"), _types(p, "NUMBER"))
    if look := looks_like(p):
        reason = f"its values are text; they look like {look}, which the service does not read so"
        return Reading("TEXT", reason, "a repair, or a conversion")
    return Reading("TEXT", "its values are text", "values that are all numbers, dates or truths")


def _is_dated(p: Profile) -> bool:
    """Whether the values are dates to a person: identifiers, and versions such as 1.2.10, are not."""
    if not p.count(DATED) or not _nearly(p, DATED) or identifier_word(p.name):
        return False
    vague = sum(p.count(name) for name in notations.VAGUE_SHAPES)
    return not vague or says(p.name, DATES)


def told(p: Profile) -> int:
    """Return how many values are not a word for a missing one; where those are nearly all, they are values too."""
    told = p.present - p.count(MARKER)
    return told if told * _MARKERS_MOST >= p.present else 0


_MARKERS_MOST: Final = 10
"""Of so many values one at least is not a word for a missing one."""


def _holds(p: Profile, fact: str) -> bool:
    """Whether every value that tells something has this fact."""
    return 0 < told(p) == p.count(fact)


def _nearly(p: Profile, fact: str) -> bool:
    """Whether so many values have this fact that the others are mistakes."""
    return p.count(fact) * 10 >= told(p) * 9


def _is_truth(p: Profile) -> bool:
    if _holds(p, "true or false"):
        return True
    if not _holds(p, TRUTH):
        return False
    # A letter alone may mean anything: only where both letters of one pair occur does it mean truth.
    letters = p.count("y or n") + p.count("t or f")
    both = 0 < p.count("true") < told(p)
    words = p.count("true or false in spaces") + p.count("yes or no") * (both or not says(p.name, _LANDS))
    return words > 0 or (both and letters in (p.count("y or n"), p.count("t or f")))


_LANDS: Final = frozenset("country land nation state iso code language lang locale market".split())
"""Where NO alone means Norway, or Norwegian."""


def is_rewritten(p: Profile, type_: AttributeType) -> bool:
    reading = {"NUMBER": "plain", "BOOLEAN": "true or false"}.get(type_)
    return reading is not None and not p.all(reading)


def _dated(p: Profile) -> str:
    shapes = {s.name: p.count(s.name) for s in notations.DATE_SHAPES if p.count(s.name)}
    written = " and ".join(shapes)
    if p.count(DATED) < p.present:
        return f"{p.count(DATED):,} of {p.present:,} values look like dates written {written}"
    return f"{all_are(p, f'dates written {written}')}, not all of them as the service reads one"


def looks_like(p: Profile) -> str | None:
    """Return what all values of a text look like that the service does not read so, in words, or ``None``."""
    if p.detail or identifier_word(p.name):
        return None
    for words in notations.OTHER_TRUTHS:
        if _holds(p, words):
            return words
    if p.count(DATED) and _nearly(p, DATED):
        return SHORT_DATES
    if not _holds(p, AMOUNT) or _holds(p, NUMBER):
        return None
    if p.count("currency"):
        return "amounts with a currency"
    if p.count("percent"):
        return PERCENTAGES
    if p.count("point") and p.count("comma"):
        return "numbers, some with a decimal comma and some with a decimal point"
    if p.count("comma"):
        return "numbers with a decimal comma, as 1.234,56"
    if p.count("point"):
        return "numbers with commas between thousands, as 1,234.56"
    return OPEN_MARKS if p.count("open") else "numbers with marks around or between their digits"


PERCENTAGES: Final = "percentages"
SHORT_DATES: Final = "dates with two digits for the year, or versions and the like"
OPEN_MARKS: Final = "numbers with a mark before three digits, as 1,234, which may be a thousand or a fraction"


def _text_number(p: Profile) -> Reading:
    if zeros := p.count(LEADING_ZERO):
        begin = "begins" if zeros == 1 else "begin"
        some = "all" if zeros == p.present else f"{zeros:,}"
        which = "which" if p.present == 1 else f"{some} of them"
        reason = f"{all_are(p, 'numbers' if p.has_fraction else 'digits')}, {which} {begin} with a zero: an identifier"
        return Reading("TEXT", reason, f"values without leading zeros, or {_types(p, 'NUMBER')}")
    if p.has_fraction:
        return Reading("NUMBER", f"{all_are(p, 'numbers')}, held as text", "a value that is no number")
    found = _digits(p, "numbers")
    return found if found.type == "TEXT" else replace(found, reason=f"{found.reason}, held as text")


def text_forms(p: Profile) -> tuple[DateFormat, ...]:
    return tuple(form for form in notations.READ_FORMATS if _holds(p, form.pattern))


_SAID: Final = {
    MARKER: "words for missing",
    NUMBER: "numbers",
    TRUTH: "truths",
    DATED: "dates",
    AMOUNT: "amounts",
    PHONE: "phone numbers",
}


def evidence_of(p: Profile) -> Mapping[str, int]:
    """Return what was counted of a column: the facts that occur, and how many values there are."""
    found = {"rows": p.rows, "missing": p.missing}
    if p.repeated is not None or p.unique:
        found["repeated"] = p.repeated or 0
    hidden = ("null", "bytes", "spaced", "blank", "dot", "dot-zero")
    found |= {_SAID.get(fact, fact): n for fact, n in p.facts.items() if n and fact not in hidden}
    return MappingProxyType(found)


def as_key(p: Profile, found: Reading, chosen_by: str | None) -> Reading:
    why = f"{chosen_by} chose it as the key" if chosen_by else "it identifies the rows"
    if found.type == "TEXT":
        return Reading("TEXT", f"{found.reason}; {why}", "another key=…")
    reason = f"{all_are(p, _noun(found.type))}, but {why}: an identifier is text"
    return Reading("TEXT", reason, "another key=…")


def _noun(type_: AttributeType) -> str:
    return {"NUMBER": "numbers", "BOOLEAN": "true or false", "DATE": "dates", "TEXT": "text"}[type_]


_ONE: Final = {"numbers": "a number", "dates": "a date", "timestamps": "a timestamp"}


def all_are(p: Profile, what: str) -> str:
    """Return what all values of a column are."""
    apart = [f"{p.missing:,} missing"] if p.missing else []
    if (none := p.count(MARKER)) and none < p.present:
        apart.append(f"{none:,} {'says' if none == 1 else 'say'} that there is none")
    missing = f" ({', '.join(apart)})" if apart else ""
    if not p.present:
        return f"it has no values, but a type: {what}"
    if p.present == 1:
        for many, one in _ONE.items():
            what = what.replace(f"whole {many}", "a whole number").replace(
                f"decimal {many}", "a decimal number"
            )
            what = what.replace(many, one) if what.startswith(many) else what
        return f"its one value is {what}{missing}"
    other = "other " if none and none < p.present else ""
    return f"all {p.present - (none if other else 0):,} {other}values are {what}{missing}"
