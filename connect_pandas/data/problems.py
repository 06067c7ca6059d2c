"""What is wrong, where, and what to do: the ``Problem`` and the table of its codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence


Severity = Literal["error", "warning", "note"]
"""An error stops the import; a warning says that something in the file differs from the frame; a note explains."""
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of problem: how severe it is, and the rule behind it with its source."""

    severity: Severity
    rule: str


CODES: Final[dict[str, Code]] = {
    # the frame
    "no-rows": Code("error", "An import needs at least one row (open)."),
    "no-columns": Code("error", "An import needs at least the key attribute (guide: attributes.create)."),
    "multi-level-columns": Code("error", "An attribute has one name (guide: attributes.create[].name)."),
    "unnamed-column": Code("error", "Every attribute has a name (guide: attributes.create[].name)."),
    "duplicate-column": Code("error", "Attribute names are unique (guide: mappings[].attributeName)."),
    "column-name": Code("error", "A name is one line of text, without control characters (open)."),
    "similar-names": Code(
        "warning", "Whether the service tells upper case from lower in names is not known (open)."
    ),
    "name-spaces": Code("warning", "Spaces around a name are part of it (open)."),
    "unnamed-index": Code("note", "A named index is a column of the file, an unnamed one is not."),
    # the key
    "no-key": Code("error", "Exactly the column that identifies rows is the key (guide: identifyAs)."),
    "unclear-key": Code("error", "Exactly the column that identifies rows is the key (guide: identifyAs)."),
    "chosen-key": Code("note", "Exactly the column that identifies rows is the key (guide: identifyAs)."),
    "nearly-key": Code("warning", "Exactly the column that identifies rows is the key (guide: identifyAs)."),
    "missing-key": Code("error", "Every row has a key (guide: identifyAs)."),
    "duplicate-key": Code("error", "No two rows have the same key (guide: identifyAs)."),
    # values
    "unsupported-values": Code(
        "error", "An attribute is TEXT, NUMBER, BOOLEAN or DATE (guide: attributes.create[].type)."
    ),
    "line-break": Code("error", "A value is one line; a line break inside it has no safe reading (open)."),
    "control-character": Code("error", "A value holds no control characters (open)."),
    "lone-surrogate": Code("error", "The file is UTF-8 (guide); half a surrogate pair has no UTF-8 form."),
    "infinite-number": Code("error", "A NUMBER is a plain decimal number (open, from the guide's sample)."),
    "not-a-number": Code("error", "A NUMBER is a plain decimal number (open, from the guide's sample)."),
    "not-a-boolean": Code("error", "A BOOLEAN is TRUE or FALSE (guide, the sample)."),
    "not-a-date": Code("error", "A DATE is a day of the calendar in one of the six formats (guide: Dates)."),
    "ambiguous-date": Code(
        "error", "One import has one dateFormat (guide); 03/04/2025 is March in one, April in the other."
    ),
    "year-out-of-range": Code("error", "Every date format writes the year in four digits (guide: Dates)."),
    "time-lost": Code("error", "Only YYYY-MM-DDTHH:mm:ssZ holds a time of day (guide: Dates)."),
    "file-too-large": Code("error", "A file is at most 5 GB (guide)."),
    "schema": Code("error", "The frame keeps to its Pandera schema."),
    # what the file will hold otherwise than the frame
    "seconds-fraction": Code("warning", "Dates hold whole seconds (guide: YYYY-MM-DDTHH:mm:ssZ)."),
    "no-time-zone": Code("warning", "The Z of YYYY-MM-DDTHH:mm:ssZ means UTC (guide)."),
    "not-e164": Code(
        "warning", "Phone numbers are ISO E.164: +, country code, number, nothing between the digits (guide)."
    ),
    "leading-zeros-lost": Code("warning", "An identifier is text, whatever its digits (guide, the sample)."),
    "other-notation": Code(
        "warning",
        "A NUMBER is a plain decimal number (open), a BOOLEAN TRUE or FALSE, a DATE zero-padded (guide).",
    ),
    "not-throughout": Code("warning", "An attribute has one type (guide: attributes.create[].type)."),
    "date-rewritten": Code("note", "One import has one dateFormat (guide)."),
    "date-as-timestamp": Code("note", "One import has one dateFormat (guide)."),
    "date-order-decided": Code("note", "One import has one dateFormat (guide)."),
    "empty-column": Code("note", "An attribute without any value is TEXT (open)."),
    "quoted-values": Code(
        "note", "Values with quotes or with the delimiter are quoted as RFC 4180 says (open)."
    ),
}
"""Every code, in the order in which problems are listed."""

_ORDER: Final = {code: i for i, code in enumerate(CODES)}


@dataclass(frozen=True, slots=True)
class Row:
    """One offending row."""

    position: int
    """Counts from 0."""
    label: Hashable
    """The row's label in the frame's index."""
    value: Any
    """The value as it is in the frame."""

    def __str__(self) -> str:
        where = (
            f"row {self.position}"
            if self.label == self.position
            else f"row {show(self.label)} (position {self.position})"
        )
        return f"{where}: {show(self.value)}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or worth knowing, about a frame.

    Attributes
    ----------
    code : str
        Stable; a key of the table of codes.
    message : str
        What is wrong, in words.
    column : str or None
        The column's name; ``None`` where the whole frame is meant.
    count : int
        How many values it concerns; 0 where it concerns none in particular.
    rows : tuple of Row
        Up to five of them.
    fix : str
        What to write, as code, or empty.
    """

    code: str
    message: str
    column: str | None = None
    count: int = 0
    rows: tuple[Row, ...] = ()
    fix: str = ""

    @classmethod
    def of(
        cls,
        code: str,
        message: str,
        *,
        column: str | None = None,
        count: int = 0,
        rows: Sequence[Row] = (),
        fix: str = "",
    ) -> Problem:
        """Make a problem of a known code."""
        if code not in CODES:
            raise KeyError(code)
        return cls(code, message, column, count, tuple(rows), fix)

    @property
    def severity(self) -> Severity:
        """``"error"``, ``"warning"`` or ``"note"``."""
        return CODES[self.code].severity

    @property
    def rule(self) -> str:
        """The rule of the service behind it, with its source."""
        return CODES[self.code].rule

    @property
    def example(self) -> Any:
        """One offending value as it is in the frame, or ``None``."""
        return self.rows[0].value if self.rows else None

    def __str__(self) -> str:
        where = f"{_printable(self.column)}: " if self.column is not None else ""
        lines = [f"{where}{self.message}"]
        if self.rows:
            more = f" … {self.count:,} in all" if self.count > len(self.rows) else ""
            lines.append(f"    {', '.join(map(str, self.rows))}{more}")
        if self.fix:
            lines.append("    fix: " + self.fix.replace("\n", "\n         "))
        return "\n".join(lines)


def _printable(name: str) -> str:
    return name if name.isprintable() else ascii(name)[1:-1]


def argument(given: str, comment: str = "") -> str:
    """Return a fix that is an argument of a plan, as the line to write."""
    return f'df.connect.plan("…", {given})' + (f"   # {comment}" if comment else "")


def ordered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return the problems with errors first, then as the table of codes lists them."""
    return tuple(sorted(problems, key=lambda p: (SEVERITIES.index(p.severity), _ORDER[p.code])))


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return those that stop an import."""
    return tuple(p for p in problems if p.severity == "error")


def tell(problems: Sequence[Problem]) -> str:
    """Return the problems as text, the errors numbered."""
    return "\n".join(f"{i:>3}. {p}".replace("\n", "\n  ") for i, p in enumerate(problems, 1))


def show(value: Any, width: int = 60) -> str:
    """Return a value as a message shows it: as Python writes it, cut in the middle when it is long."""
    if isinstance(value, str):
        if len(value) > 2 * width:  # which may be many megabytes
            value = value[:width] + value[-width:]
        text = repr(value) if value.isprintable() else ascii(value)
    elif type(value).__module__ == "builtins":
        text = repr(value)
    else:
        text = str(value)
    return text if len(text) <= width else f"{text[: width // 2 - 1]}…{text[-width // 2 :]}"
