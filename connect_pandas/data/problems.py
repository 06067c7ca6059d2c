"""What is wrong, where, and what to do: the ``Problem`` and the table of its codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, get_args, overload

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Sequence
    from typing import SupportsIndex

    import pandas as pd

Severity = Literal["error", "warning", "note"]
"""An error stops the import; a warning says that something in the file differs from the frame; a note explains."""
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "note")

Group = Literal[
    "frame", "names", "key", "types", "numbers", "booleans", "dates", "text", "phones", "size", "schema"
]
"""What a rule is about: one line each in the checklist, in this order."""
GROUPS: Final[tuple[Group, ...]] = get_args(Group)


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of problem: how severe it is, what it is about, and the rule behind it with its source."""

    severity: Severity
    group: Group
    rule: str


CODES: Final[dict[str, Code]] = {
    # the frame
    "no-rows": Code("error", "frame", "An import needs at least one row (open)."),
    "no-columns": Code(
        "error", "frame", "An import needs at least the key attribute (guide: attributes.create)."
    ),
    "multi-level-columns": Code(
        "error", "frame", "An attribute has one name (guide: attributes.create[].name)."
    ),
    "unnamed-column": Code("error", "names", "Every attribute has a name (guide: attributes.create[].name)."),
    "duplicate-column": Code(
        "error", "names", "Attribute names are unique (guide: mappings[].attributeName)."
    ),
    "column-name": Code("error", "names", "A name is one line of text, without control characters (open)."),
    "similar-names": Code(
        "warning", "names", "Whether the service tells upper case from lower in names is not known (open)."
    ),
    "name-spaces": Code("warning", "names", "Spaces around a name are part of it (open)."),
    "unnamed-index": Code(
        "note", "frame", "A named index is a column of the file, an unnamed one is not (open)."
    ),
    # the key
    "no-key": Code("error", "key", "Exactly the column that identifies rows is the key (guide: identifyAs)."),
    "unclear-key": Code(
        "error", "key", "Exactly the column that identifies rows is the key (guide: identifyAs)."
    ),
    "chosen-key": Code(
        "note", "key", "Exactly the column that identifies rows is the key (guide: identifyAs)."
    ),
    "nearly-key": Code(
        "warning", "key", "Exactly the column that identifies rows is the key (guide: identifyAs)."
    ),
    "missing-key": Code("error", "key", "Every row has a key (guide: identifyAs)."),
    "duplicate-key": Code("error", "key", "No two rows have the same key (guide: identifyAs)."),
    # values
    "unsupported-values": Code(
        "error", "types", "An attribute is TEXT, NUMBER, BOOLEAN or DATE (guide: attributes.create[].type)."
    ),
    "line-break": Code(
        "error", "text", "A value is one line; a line break inside it has no safe reading (open)."
    ),
    "control-character": Code("error", "text", "A value holds no control characters (open)."),
    "lone-surrogate": Code(
        "error", "text", "The file is UTF-8 (guide); half a surrogate pair has no UTF-8 form."
    ),
    "missing-marker": Code("error", "types", "A missing value is an empty field (open)."),
    "infinite-number": Code(
        "error", "numbers", "A NUMBER is a plain decimal number (open, from the guide's sample)."
    ),
    "not-a-number": Code(
        "error", "numbers", "A NUMBER is a plain decimal number (open, from the guide's sample)."
    ),
    "not-a-boolean": Code("error", "booleans", "A BOOLEAN is TRUE or FALSE (guide, the sample)."),
    "not-a-date": Code(
        "error", "dates", "A DATE is a day of the calendar in one of the six formats (guide: Dates)."
    ),
    "ambiguous-date": Code(
        "error",
        "dates",
        "One import has one dateFormat (guide); 03/04/2025 is March in one, April in the other.",
    ),
    "impossible-date": Code("error", "dates", "A DATE is a day of the calendar (guide: Dates)."),
    "date-notation": Code(
        "error",
        "dates",
        "A DATE is written in one of six formats, zero-padded, one in all of the file (guide: Dates).",
    ),
    "not-e164": Code(
        "error",
        "phones",
        "Phone numbers are ISO E.164: +, country code, number, nothing between the digits (guide).",
    ),
    "year-out-of-range": Code(
        "error", "dates", "Every date format writes the year in four digits (guide: Dates)."
    ),
    "time-lost": Code("error", "dates", "Only YYYY-MM-DDTHH:mm:ssZ holds a time of day (guide: Dates)."),
    "file-too-large": Code("error", "size", "A file is at most 5 GB (guide)."),
    "schema": Code(
        "error", "schema", "The frame keeps to its Pandera schema (yours, or that of its attributes)."
    ),
    # what the file will hold otherwise than the frame
    "seconds-fraction": Code("warning", "dates", "Dates hold whole seconds (guide: YYYY-MM-DDTHH:mm:ssZ)."),
    "no-time-zone": Code("warning", "dates", "The Z of YYYY-MM-DDTHH:mm:ssZ means UTC (guide)."),
    "invalid-phone": Code(
        "warning", "phones", "Phone numbers are ISO E.164 (guide), whose numbers the countries give out."
    ),
    "thousands-or-fractions": Code(
        "warning", "numbers", "A NUMBER is a plain decimal number (open, from the guide's sample)."
    ),
    "similar-keys": Code("warning", "key", "No two rows have the same key (guide: identifyAs)."),
    "leading-zeros-lost": Code(
        "warning", "types", "An identifier is text, whatever its digits (guide, the sample)."
    ),
    "number-rewritten": Code(
        "warning", "numbers", "A NUMBER is a plain decimal number (open, from the guide's sample)."
    ),
    "other-notation": Code(
        "warning",
        "types",
        "A NUMBER is a plain decimal number (open), a BOOLEAN TRUE or FALSE, a DATE zero-padded (guide).",
    ),
    "not-throughout": Code(
        "warning", "types", "An attribute has one type (guide: attributes.create[].type)."
    ),
    "long-numbers": Code(
        "warning", "types", "An identifier is text, whatever its digits (guide, the sample)."
    ),
    "digits-lost": Code(
        "warning", "types", "An identifier is text, whatever its digits (guide, the sample)."
    ),
    "decimal-identifier": Code(
        "warning", "types", "An identifier is text, whatever its digits (guide, the sample)."
    ),
    "numbers-as-dates": Code(
        "warning",
        "dates",
        "A DATE is written in one of six formats; a number is none of them (guide: Dates).",
    ),
    "marker-as-text": Code(
        "note", "text", "A missing value is an empty field, N/A is a value (guide, the sample)."
    ),
    "empty-and-missing": Code("note", "text", "An empty field is a missing value (open)."),
    "zero-one": Code("note", "booleans", "A BOOLEAN is TRUE or FALSE (guide, the sample)."),
    "truth-rewritten": Code("note", "booleans", "A BOOLEAN is TRUE or FALSE (guide, the sample)."),
    "date-rewritten": Code("note", "dates", "One import has one dateFormat (guide)."),
    "date-as-timestamp": Code("note", "dates", "One import has one dateFormat (guide)."),
    "date-order-decided": Code("warning", "dates", "One import has one dateFormat (guide)."),
    "formula-like": Code("note", "text", "A value is data and is written as it is (open)."),
    "empty-column": Code("note", "types", "An attribute without any value is TEXT (open)."),
    "quoted-values": Code(
        "note", "text", "Values with quotes or with the delimiter are quoted as RFC 4180 says (open)."
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


@dataclass(frozen=True, slots=True, repr=False)
class Problem:
    """One thing that is wrong, or worth knowing, about a frame. It shows itself.

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
    def group(self) -> Group:
        """The line of the checklist that it belongs to."""
        return CODES[self.code].group

    @property
    def rule(self) -> str:
        """The rule of the service behind it, with its source."""
        return CODES[self.code].rule

    @property
    def example(self) -> Any:
        """One offending value as it is in the frame, or ``None``."""
        return self.rows[0].value if self.rows else None

    def __str__(self) -> str:
        return self.in_words()

    def in_words(self, *, rule: bool = False) -> str:
        """Return what is wrong, where, and what to write; with the rule behind it where that is wanted."""
        where = f"{_printable(self.column)}: " if self.column is not None else ""
        lines = [f"{where}{self.message} [{self.code}]"]
        if self.rows:
            more = f" … {self.count:,} in all" if self.count > len(self.rows) else ""
            lines.append(f"    {', '.join(map(str, self.rows))}{more}")
        if rule:
            lines.append(f"    rule: {self.rule}")
        if self.fix:
            lines.append("    fix: " + self.fix.replace("\n", "\n         "))
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from connect_pandas.notebook.display import bundle

        return bundle(self)

    def __repr__(self) -> str:
        from connect_pandas.notebook.display import text

        return text(self)


class Problems(tuple[Problem, ...]):
    """Problems, errors first: a tuple that shows itself and becomes a table."""

    __slots__ = ()

    @property
    def errors(self) -> Problems:
        """Those that stop an import."""
        return self._of("error")

    @property
    def warnings(self) -> Problems:
        """Those that say that something in the file differs from the frame."""
        return self._of("warning")

    @property
    def notes(self) -> Problems:
        """Those that explain."""
        return self._of("note")

    def _of(self, severity: Severity) -> Problems:
        return Problems(p for p in self if p.severity == severity)

    def to_frame(self) -> pd.DataFrame:
        """Return the table as a DataFrame, one row a problem.

        Returns
        -------
        pandas.DataFrame
            ``severity``, ``code``, ``column`` (missing where the whole frame is meant), ``count``, ``message``,
            ``rows`` and ``values`` (tuples: the labels of up to five offending rows and what stands there), ``rule``,
            ``fix``.
        """
        import pandas as pd

        # As objects: a column's name may be half a surrogate pair, which pandas' own dtype of text cannot hold.
        texts = ("severity", "code", "column", "message", "rule", "fix")
        table: dict[str, pd.Series[Any]] = {
            name: pd.Series([getattr(p, name) for p in self], dtype=object) for name in texts
        }
        table["count"] = pd.Series([p.count for p in self], dtype="int64")
        table["rows"] = pd.Series([tuple(r.label for r in p.rows) for p in self], dtype=object)
        table["values"] = pd.Series([tuple(r.value for r in p.rows) for p in self], dtype=object)
        return pd.DataFrame(table)[list(_TABLE)]

    @overload
    def __getitem__(self, place: SupportsIndex) -> Problem: ...
    @overload
    def __getitem__(self, place: slice) -> Problems: ...
    def __getitem__(self, place: SupportsIndex | slice) -> Problem | Problems:
        return (
            Problems(super().__getitem__(place)) if isinstance(place, slice) else super().__getitem__(place)
        )

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from connect_pandas.notebook.display import bundle

        return bundle(self)

    def __repr__(self) -> str:
        from connect_pandas.notebook.display import text

        return text(self)


_TABLE: Final = ("severity", "code", "column", "count", "message", "rows", "values", "rule", "fix")


def _printable(name: str) -> str:
    """Return a name on one line, with what cannot be seen written as Python does; blank names in quotes."""
    if not name.strip():
        return repr(name)
    return one_line(name)


def one_line(text: str) -> str:
    """Return a text with what cannot be seen, line breaks among it, written as Python does."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


# ── lines to write ───────────────────────────────────────────────────────────────────────────────────────────────


def argument(given: str, comment: str = "") -> str:
    """Return a fix that is an argument of a plan, as the line to write."""
    return line(f"plan = df.connect.plan({NAME}, {given})", comment)


def repaired(given: str, comment: str = "") -> str:
    """Return a fix that is a repair, as the line to write."""
    return line(f"df = df.connect.repair({given}).frame", comment)


def line(code: str, comment: str = "") -> str:
    """Return a line of a fix, with what is to be said of it behind."""
    return f"{code}{_MARK}{comment}" if comment else code


def either(*ways: str) -> str:
    """Return a fix that leaves the choice between several ways out; lines that follow each other are one way.

    An empty way is none, and the ways of one that leaves a choice itself stand beside the others.
    """
    each = [way for some in ways for way in ways_of(some)]
    if len(each) < 2:
        return "".join(each)
    return "\n".join(_headed(way, "or" if i else "either") for i, way in enumerate(each))


def ways_of(fix: str) -> list[str]:
    """Return the ways out between which a fix leaves the choice, each as code on its own."""
    first: list[str] = []
    ways: list[list[str]] = []
    for one in fix.split("\n") if fix else ():
        code, mark, comment = one.rpartition(_MARK)
        word, _, said = comment.partition(": ")
        if mark and word in ("either", "or"):
            ways.append([*first, line(code, said)])
        else:
            (ways[-1] if ways else first).append(one)
    return ["\n".join(way) for way in ways or [first] if way]


def _headed(way: str, word: str) -> str:
    first, *rest = way.split("\n")
    code, mark, comment = first.rpartition(_MARK)
    return "\n".join([line(code, f"{word}: {comment}") if mark else line(first, word), *rest])


_MARK: Final = "   # "


def as_code(label: Any) -> str:
    """Return a column's label as it is written in code that has imported pandas as ``pd``."""
    kind = type(label)
    if kind.__module__ == "numpy" and not kind.__name__.startswith(("datetime", "timedelta")):
        return as_code(label.item())
    if isinstance(label, tuple):
        return f"({', '.join(map(as_code, label))}{',' * (len(label) == 1)})"
    if isinstance(label, float) and repr(label) in ("nan", "inf", "-inf"):
        return f"float({repr(label)!r})"
    if kind.__module__.startswith("pandas"):
        return _of_pandas(label)
    if kind.__module__ in ("datetime", "numpy"):
        what = "Timedelta" if "timedelta" in kind.__name__ else "Timestamp"
        return f"pd.{what}({str(label)!r})" + ".date()" * (kind.__name__ == "date")
    return repr(label)


def _of_pandas(label: Any) -> str:
    match type(label).__name__:
        case "NAType":
            return "pd.NA"
        case "NaTType":
            return "pd.NaT"
        case "Interval":
            ends = f"{as_code(label.left)}, {as_code(label.right)}"
            return f"pd.Interval({ends}, closed={label.closed!r})"
        case _:
            return f"pd.{label!r}"


NAME: Final = '"Name"'
"""Stands for the data set's name where it is not known, and can be pasted all the same."""


def ordered(problems: Iterable[Problem]) -> Problems:
    """Return the problems with errors first, then as the table of codes lists them."""
    return Problems(sorted(problems, key=lambda p: (SEVERITIES.index(p.severity), _ORDER[p.code])))


def errors(problems: Iterable[Problem]) -> Problems:
    """Return those that stop an import."""
    return Problems(problems).errors


def tell(problems: Sequence[Problem]) -> str:
    """Return the first problems as text, numbered, and how many there are more."""
    told = [f"{i:>3}. {p}".replace("\n", "\n  ") for i, p in enumerate(problems[:_TOLD], 1)]
    if len(problems) > _TOLD:
        told.append(f"  … and {len(problems) - _TOLD:,} more: .problems has all of them")
    return "\n".join(told)


_TOLD: Final = 100
"""A message of more problems is one that nobody reads."""


def show(value: Any, width: int = 60) -> str:
    """Return a value as a message shows it: as Python writes it, cut in the middle when it is long."""
    try:
        text = _as_python_writes(value, width)
    except Exception:  # noqa: BLE001 - an object's own repr may raise anything
        text = f"<{type(value).__qualname__}>"
    return text if len(text) <= width else f"{text[: width // 2 - 1]}…{text[-width // 2 :]}"


def _as_python_writes(value: Any, width: int) -> str:
    if issubclass(type(value), str):  # not isinstance, which asks the object
        if len(value) > 2 * width:  # which may be many megabytes
            value = value[:width] + value[-width:]
        return repr(value)  # which escapes what cannot be seen
    return repr(value) if type(value).__module__ == "builtins" else str(value)
