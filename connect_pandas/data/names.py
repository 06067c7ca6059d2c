"""What the name of a column says about its values."""

from __future__ import annotations

import re
from typing import Final

# What an identifier of the rows' own is called, …
_KEYS: Final = frozenset("id ids uid uuid guid key pk sku ean isbn".split())
_OTHERS: Final = frozenset("gtin upc issn asin barcode imei vin".split())
# … and one that belongs to a thing, which two rows may well share.
ZIPS: Final = frozenset("zip zipcode postcode plz".split())
PHONES: Final = frozenset("phone telephone tel mobile cell fax msisdn".split())
_SHARED: Final = ZIPS | PHONES | frozenset("iban bic ssn code".split())
_IDENTIFIERS: Final = _KEYS | _OTHERS | _SHARED

_NUMBER_WORDS: Final = frozenset("number no nr num nummer".split())
_SHARED_NUMBERS: Final = frozenset("phone tax vat bank".split())
_NUMBERED: Final = _SHARED_NUMBERS | frozenset(
    "order invoice customer client account acct card ticket case tracking serial contract policy member "
    "membership reference ref document po item part article product employee batch lot flight registration licence "
    "license passport receipt transaction booking".split()
)
_QUANTITIES: Final = frozenset(
    "amount amounts average avg calls clicks cost count counts days discount hours length max mean min orders price "
    "qty quantity rate revenue score sessions share size sum total totals units value values visits weight".split()
)
_DESCRIPTIONS: Final = frozenset(
    "address city comment comments country description message name names note notes remark remarks review street "
    "subject text title".split()
)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def words(name: str) -> list[str]:
    """Return the words of a name, in lower case: ``orderID`` → ``order``, ``id``."""
    return [w.lower() for w in _WORD.findall(name)]


def is_quantity(name: str) -> bool:
    """Whether a name says that its numbers are counted or measured."""
    found = words(name)
    return bool(found) and (
        found[-1] in _QUANTITIES or found[0] in _QUANTITIES or found[:2] == ["number", "of"]
    )


def identifier_word(name: str) -> str | None:
    """Return the word of a name that says that its values identify something, or ``None``."""
    found = words(name)
    if is_quantity(name):
        return None
    for word in found:
        if word in _IDENTIFIERS and (word != "code" or word == found[-1]):
            return word
    if len(found) > 1 and found[-1] in _NUMBER_WORDS and found[-2] in _NUMBERED:
        return " ".join(found[-2:])
    return None


def says(name: str, these: frozenset[str]) -> bool:
    """Whether a name has one of these words, and is not that of a quantity."""
    return not is_quantity(name) and not these.isdisjoint(words(name))


KEY, IDENTIFIER, UNTOLD, SHARED = 3, 2, 1, 0
"""How much a name speaks for a column that could be the key: it is called a key; it identifies something, as an order
number does; nothing; it says something else, as a name or a postcode does, which only happen to differ."""


def key_rank(name: str) -> int:
    """Return how much a name speaks for its column as the key."""
    found = words(name)
    if found and found[-1] in _KEYS and not is_quantity(name):
        return KEY
    word = identifier_word(name)
    if word is None:
        return SHARED if (found and found[-1] in _DESCRIPTIONS) or is_quantity(name) else UNTOLD
    return SHARED if word in _SHARED or word.split()[0] in _SHARED_NUMBERS else IDENTIFIER
