"""The service's rules as frozen data, each with its source.

Sources: *guide* is the service's page "Create a reference set"; *api* its public API reference; *open* means that
neither says it, so the safe reading stands here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

AttributeType = Literal["TEXT", "NUMBER", "BOOLEAN", "DATE"]
ATTRIBUTE_TYPES: Final[tuple[AttributeType, ...]] = get_args(AttributeType)
"""The types of an attribute. Source: guide, ``attributes.create[].type``."""


@dataclass(frozen=True, slots=True)
class DateFormat:
    """One of the six ways in which the service reads a date. Source: guide, ``dateFormat``."""

    name: str
    """The service's name, as in ``importInput.dateFormat``."""
    pattern: str
    """As the guide writes it, as in ``DD/MM/YYYY``."""
    strftime: str
    regex: str
    """Anchored, zero-padded; says nothing about days that no month has."""

    @property
    def has_time(self) -> bool:
        return "HH" in self.pattern


# There is no year 0000.
YEAR: Final = r"(?:[1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])"
_M, _D = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12][0-9]|3[01])"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"

DATE_FORMATS: Final[tuple[DateFormat, ...]] = (
    DateFormat(
        "YEAR_MONTH_DAY_DASH_SEPARATED_WITH_TIME",
        "YYYY-MM-DDTHH:mm:ssZ",
        "%Y-%m-%dT%H:%M:%SZ",
        rf"^{YEAR}-{_M}-{_D}T{_TIME}Z$",
    ),
    DateFormat("YEAR_MONTH_DAY_DASH_SEPARATED", "YYYY-MM-DD", "%Y-%m-%d", rf"^{YEAR}-{_M}-{_D}$"),
    DateFormat("MONTH_DAY_YEAR_SLASH_SEPARATED", "MM/DD/YYYY", "%m/%d/%Y", rf"^{_M}/{_D}/{YEAR}$"),
    DateFormat("DAY_MONTH_YEAR_SLASH_SEPARATED", "DD/MM/YYYY", "%d/%m/%Y", rf"^{_D}/{_M}/{YEAR}$"),
    DateFormat("YEAR_MONTH_DAY_SLASH_SEPARATED", "YYYY/MM/DD", "%Y/%m/%d", rf"^{YEAR}/{_M}/{_D}$"),
    DateFormat("DAY_MONTH_YEAR_DOT_SEPARATED", "DD.MM.YYYY", "%d.%m.%Y", rf"^{_D}\.{_M}\.{YEAR}$"),
)
"""Source: guide. The first is the service's default when ``dateFormat`` is not given."""

TIMESTAMP: Final = DATE_FORMATS[0]
"""The only format that holds a time of day; UTC, whole seconds."""
ISO_DATE: Final = DATE_FORMATS[1]

SLASHED: Final = tuple(f for f in DATE_FORMATS if f.pattern in ("MM/DD/YYYY", "DD/MM/YYYY"))
"""The two that only the day of the month tells apart, where it is above 12."""

DELIMITERS: Final[tuple[str, ...]] = (",", "\t", "|")
"""Source: guide. In the order in which a plan tries them."""
EXTENSIONS: Final[dict[str, str]] = {",": "csv", "\t": "tsv", "|": "psv"}

TRUE: Final = "TRUE"
FALSE: Final = "FALSE"
"""How a BOOLEAN is written. Source: guide, the sample's "First-time purchase"."""

SET_NAME_MAX: Final = 25
SET_NAME: Final = r"^[A-Za-z0-9_-]{1,25}$"
"""Source: guide, ``dataSetName``: at most 25 characters, Latin letters, digits, ``-``, ``_``."""

FILE_BYTES_MAX: Final = 5_000_000_000
"""Source: guide, "5 GB"; open whether 10⁹ or 2³⁰ is meant, so the smaller."""
DIRECTORY_BYTES_MAX: Final = 5_000_000_000
DIRECTORY_FILES_MAX: Final = 100
"""Source: api, the subscription's directory, by default."""
SETS_MAX: Final = 5
"""Source: guide, reference sets of a subscription by default (up to 25 on request)."""

USER_NAME: Final = r"^[A-Za-z0-9_.@-]{3,100}$"
"""Source: guide, the SFTP user: 3–100 characters, Latin letters, digits, ``_ - .`` and the address's ``@``."""

PHONE: Final = r"^\+[1-9][0-9]{1,14}$"
"""Source: guide, ISO E.164: ``+``, country code, number; no spaces, dashes or other characters."""

NUMBER: Final = r"^-?[0-9]+(?:\.[0-9]+)?$"
"""Source: open, from the guide's sample (``623.70``): a plain decimal number, no exponent, no thousands mark."""

LINE_BREAK: Final = r"[\n\r]"
CONTROL_CHARACTER: Final = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F\u0085\u2028\u2029]"
"""Source: open. A line break inside a value has no safe reading in a delimited file, and the other control
characters (among them the Unicode line separators that some readers split on) have none in a line of text.
A tab is a delimiter, not a control character."""

IMPORT_TYPE: Final = "CREATE"
DATA_SET_TYPE: Final = "REFERENCE_SET"
FILE_FORMAT: Final = "DELIMITED"
LOCATION_TYPE: Final = "SFTP"
CHANNEL: Final = "EMAIL"
"""Source: guide, the constants of ``importInput``."""
