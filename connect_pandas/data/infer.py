"""From the facts of the columns to attributes: type, key and date format, each with its reason. No frame in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, overload

from connect_pandas import rules
from connect_pandas.data import notations
from connect_pandas.data.names import (
    CATEGORIES,
    DATES,
    ENTITY,
    IDENTIFIER,
    KEY,
    PHONES,
    SHARED,
    UNTOLD,
    ZIPS,
    identifier_word,
    is_number_word,
    is_quantity,
    key_rank,
    says,
)
from connect_pandas.data.problems import Problem, Problems, argument
from connect_pandas.data.profile import AMOUNT, DATED, LEADING_ZERO, MARKER, NUMBER, ORDER_OPEN, PHONE, TRUTH
from connect_pandas.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    import pandas as pd

    from connect_pandas.data.columns import Kind
    from connect_pandas.data.profile import Profile
    from connect_pandas.rules import AttributeType, DateFormat


@dataclass(frozen=True, slots=True, repr=False)
class Attribute:
    """What one column becomes in the reference set. It shows itself."""

    column: Hashable
    """The column's label in the frame."""
    name: str
    """The attribute's name in the service."""
    type: AttributeType
    reason: str
    """Why this type, in words."""
    key: bool = False
    chosen: bool = False
    """The type was given, not inferred."""
    position: int = 0
    """The column's place among the frame's columns, those of a named index first."""
    kind: Kind = "text"
    """What the column holds in the frame."""
    written_as: DateFormat | None = None
    """For a DATE held as text: the format that its values have in the frame."""
    whole: bool = False
    """For floats: none has a fraction, so they are written as whole numbers."""
    exponents: bool = False
    """For floats: the short form of some has an exponent, which the file must not have."""
    rewritten: bool = False
    """For a NUMBER or BOOLEAN held as text: some values are written otherwise in the file: ``1e5``, ``yes``."""
    evidence: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """What was counted → for how many values."""
    unless: str = ""
    """What would change the decision."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from connect_pandas.notebook.display import bundle

        return bundle(self)

    def __repr__(self) -> str:
        from connect_pandas.notebook.display import text

        return text(self)


@dataclass(frozen=True)
class Attributes(Sequence[Attribute]):
    """The attributes of a reference set: a table, one row a column, that shows itself.

    Attributes
    ----------
    types : dict
        Column label → ``"TEXT"``, ``"NUMBER"``, ``"BOOLEAN"`` or ``"DATE"``.
    key : hashable or None
        The label of the column that identifies rows; ``None`` when that is unclear.
    key_candidates : tuple
        The labels of the columns that could be the key, best first.
    date_format : str or None
        The service's name of the one format in which all DATE columns are written; ``None`` without one.
    reasons : dict
        Column label → why this type.
    problems : Problems
        What is wrong or worth knowing, errors first.
    """

    items: tuple[Attribute, ...]
    key_candidates: tuple[Hashable, ...] = ()
    form: DateFormat | None = None
    problems: Problems = field(default_factory=Problems)
    rows: int = 0

    @overload
    def __getitem__(self, place: int) -> Attribute: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Attribute, ...]: ...
    def __getitem__(self, place: int | slice) -> Attribute | tuple[Attribute, ...]:
        return self.items[place]

    def __len__(self) -> int:
        return len(self.items)

    def of(self, column: Hashable) -> Attribute:
        """Return the attribute of a column: its type, why, what was counted, what would change the decision.

        Raises
        ------
        PlanError
            When there is no such column.
        """
        for attribute in self.items:
            if attribute.column == column:
                return attribute
        labels = {str(a.column): a.column for a in self.items}
        close = get_close_matches(str(column), labels, n=1, cutoff=0.5)
        meant = f" Did you mean {labels[close[0]]!r}?" if close else ""
        raise PlanError(f"There is no column {column!r}.{meant}")

    @property
    def types(self) -> dict[Hashable, AttributeType]:
        return {a.column: a.type for a in self.items}

    @property
    def reasons(self) -> dict[Hashable, str]:
        return {a.column: a.reason for a in self.items}

    @property
    def key(self) -> Hashable | None:
        return next((a.column for a in self.items if a.key), None)

    @property
    def date_format(self) -> str | None:
        return self.form.name if self.form else None

    def to_frame(self) -> pd.DataFrame:
        """Return the table as a DataFrame: column, name, type, key, reason."""
        import pandas as pd

        rows = [(a.column, a.name, a.type, a.key, a.reason) for a in self.items]
        return pd.DataFrame(rows, columns=["column", "name", "type", "key", "reason"])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        from connect_pandas.notebook.display import bundle

        return bundle(self)

    def __repr__(self) -> str:
        from connect_pandas.notebook.display import text

        return text(self)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the user has decided about the columns, by their position; what is left open is inferred."""

    key: int | None = None
    types: Mapping[int, AttributeType] = field(default_factory=lambda: MappingProxyType({}))
    names: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    columns: tuple[int, ...] | None = None
    form: DateFormat | None = None
    by_schema: frozenset[int] = frozenset()
    """The columns about which it was a schema that decided the type, or that they are the key."""
    together: tuple[int, ...] = ()
    """The columns whose values, put together, are the key."""
    lost_key: Hashable | None = None
    """The label of a schema's key that the frame does not have."""
    held: Mapping[int, DateFormat] = field(default_factory=lambda: MappingProxyType({}))
    """The formats of dates in text, where a schema knows them: they answer what the values leave open."""


def infer(profiles: Sequence[Profile], choices: Choices, problems: Iterable[Problem] = ()) -> Attributes:
    """Decide every attribute from the facts of its column and the user's choices.

    Parameters
    ----------
    profiles : sequence of Profile
        One a column of the frame, in order.
    choices : Choices
        Positions in it are those of the profiles.
    problems : iterable of Problem
        What is already known to be wrong.
    """
    positions = choices.columns or tuple(range(len(profiles)))
    used = {i: profiles[i] for i in positions}
    by = {i: "the schema" if i in choices.by_schema else "you" for i in used}
    read = {i: _read(p, choices.types.get(i), by[i]) for i, p in used.items()}
    candidates = _key_candidates(used, read)
    key, key_problems = _choose_key(used, read, candidates, choices)
    if key is not None and choices.types.get(key, "TEXT") == "TEXT":
        read[key] = _as_key(used[key], read[key], by[key] if choices.key is not None else None)
    forms, form, date_problems = _choose_dates(used, read, choices)
    items = tuple(
        Attribute(
            column=p.label,
            name=choices.names.get(i, p.name),
            type=read[i].type,
            reason=read[i].reason,
            unless=read[i].unless,
            evidence=_evidence(p),
            key=i == key,
            chosen=i in choices.types and i not in choices.by_schema,
            position=i,
            kind=p.kind,
            written_as=forms.get(i),
            whole=p.kind == "float" and not p.count("fraction") and not p.count("exponent"),
            exponents=p.count("exponent") > 0,
            rewritten=p.kind == "text" and _is_rewritten(p, read[i].type),
        )
        for i, p in used.items()
    )
    return Attributes(
        items=items,
        key_candidates=tuple(used[i].label for i in candidates),
        form=form,
        problems=Problems((*problems, *key_problems, *date_problems)),
        rows=profiles[0].rows if profiles else 0,
    )


# ── the type of one column ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a column is read as, why, and what would change that; for dates in text the formats that all values have."""

    type: AttributeType
    reason: str
    unless: str = ""
    forms: tuple[DateFormat, ...] = ()


def _read(p: Profile, chosen: AttributeType | None, by: str) -> _Reading:
    found = _by_kind(p)
    if chosen is None or chosen == found.type:
        return found
    reason = f"chosen by {by} (it looks like {found.type}: {found.reason})"
    return _Reading(chosen, reason, f"left to be inferred, it is {found.type}", _text_forms(p))


def _by_kind(p: Profile) -> _Reading:
    match p.kind:
        case "boolean":
            return _Reading("BOOLEAN", _all(p, "true or false"), f"another dtype, or {_types(p, 'TEXT')}")
        case "date":
            return _Reading("DATE", _all(p, p.detail or "dates"), _types(p, "TEXT"))
        case "naive":
            return _Reading("DATE", _all(p, "timestamps without a time zone"), _types(p, "TEXT"))
        case "aware":
            return _Reading("DATE", _all(p, "timestamps with a time zone"), _types(p, "TEXT"))
        case "integer" | "float" | "decimal":
            return _numeric(p)
        case "text":
            return _text(p)
        case "empty":
            return _Reading(
                "TEXT", "it has no values; text holds whatever comes later", "a value, or a dtype"
            )
        case _:
            return _Reading("TEXT", f"it holds {p.detail}, which no attribute can hold", "a conversion")


def _types(p: Profile, type_: AttributeType) -> str:
    return f"types={{{p.label!r}: {type_!r}}}"


def _numeric(p: Profile) -> _Reading:
    what = {"integer": "whole numbers", "float": "numbers", "decimal": "decimal numbers"}[p.kind]
    if p.kind == "decimal" or p.has_fraction:
        return _Reading("NUMBER", _all(p, what), _types(p, "TEXT"))
    if p.kind == "float":
        what = "whole numbers, held as decimals"
    return _digits(p, what)


def _digits(p: Profile, what: str) -> _Reading:
    """Decide whether whole numbers count something or identify it."""
    word = identifier_word(p.name)
    if word is None and is_number_word(p.name) and p.unique and p.complete:
        word = p.name
    if word and _may_be(p, word):
        reason = f"{_all(p, what)}, but {_unique(p)}the name says {word!r}: an identifier"
        return _Reading("TEXT", reason, f"a name that counts or measures, or {_types(p, 'NUMBER')}")
    if _are_codes(p):
        length = f"each of {p.width}" if p.width else f"of {_CARD_DIGITS} and more"
        reason = f"{_all(p, what)}, {length} digits, as identifiers are and measures are not"
        return _Reading("TEXT", reason, f"a name that counts or measures, or {_types(p, 'NUMBER')}")
    return _Reading("NUMBER", _all(p, what), f"a name that says ID, number or code, or {_types(p, 'TEXT')}")


_CODE_DIGITS, _CARD_DIGITS = 7, 12
_CODES_LEAST: Final = 20
"""So many numbers of so many digits are not of one length by chance, if nothing says that they measure something."""


def _are_codes(p: Profile) -> bool:
    """Whether whole numbers are too long, or too much of one length, to measure anything."""
    if p.low is None or p.high is None or p.low <= 0 or not p.digits or is_quantity(p.name):
        return False
    # Dates as numbers have one length as well.
    if says(p.name, DATES) or p.numbering or notations.epoch_unit(p.low, p.high):
        return False
    if p.low >= 10 ** (_CARD_DIGITS - 1):
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


def _text(p: Profile) -> _Reading:
    if not p.present:
        return _Reading("TEXT", "it has no values; text holds whatever comes later", "a value")
    if p.detail:
        return _Reading("TEXT", f"its values are {p.detail}, written as text", "a conversion")
    if not _told(p):
        return _Reading("TEXT", _all(p, "words for a missing value"), "a value that is none of them")
    if _is_truth(p):
        what = " and ".join(w for w in notations.TRUTHS if p.count(w)) or "true or false"
        return _Reading("BOOLEAN", _all(p, what), "a value that is neither")
    if forms := _text_forms(p):
        written = " or ".join(f.pattern for f in forms)
        return _Reading("DATE", _all(p, f"dates written {written}"), _types(p, "TEXT"), forms)
    if _holds(p, "plain") or _holds(p, NUMBER):
        return _text_number(p)
    if p.count(DATED) and _nearly(p, DATED):
        return _Reading("DATE", _dated(p), f"values that are no dates, or {_types(p, 'TEXT')}")
    if _holds(p, PHONE):
        return _Reading("TEXT", _all(p, "phone numbers"), _types(p, "NUMBER"))
    if look := looks_like(p):
        reason = f"its values are text; they look like {look}, which the service does not read so"
        return _Reading("TEXT", reason, "a repair, or a conversion")
    return _Reading("TEXT", "its values are text", "values that are all numbers, dates or truths")


def _told(p: Profile) -> int:
    """Return how many values are not a word for a missing one; where those are nearly all, they are values too."""
    told = p.present - p.count(MARKER)
    return told if told * _MARKERS_MOST >= p.present else 0


_MARKERS_MOST: Final = 10
"""Of so many values one at least is not a word for a missing one."""


def _holds(p: Profile, fact: str) -> bool:
    """Whether every value that tells something has this fact."""
    return 0 < _told(p) == p.count(fact)


def _nearly(p: Profile, fact: str) -> bool:
    """Whether so many values have this fact that the others are mistakes."""
    return p.count(fact) * 10 >= _told(p) * 9


def _is_truth(p: Profile) -> bool:
    if _holds(p, "true or false"):
        return True
    if not _holds(p, TRUTH):
        return False
    # A letter alone may mean anything: only where both letters of one pair occur does it mean truth.
    letters = p.count("y or n") + p.count("t or f")
    words = p.count("true or false") + p.count("yes or no")
    both = 0 < p.count("true") < _told(p)
    return words > 0 or (both and letters in (p.count("y or n"), p.count("t or f")))


def _is_rewritten(p: Profile, type_: AttributeType) -> bool:
    reading = {"NUMBER": "plain", "BOOLEAN": "true or false"}.get(type_)
    return reading is not None and not p.all(reading)


def _dated(p: Profile) -> str:
    shapes = {s.name: p.count(s.name) for s in notations.DATE_SHAPES if p.count(s.name)}
    written = " and ".join(shapes)
    if p.count(DATED) < p.present:
        return f"{p.count(DATED):,} of {p.present:,} values look like dates written {written}"
    return f"{_all(p, f'dates written {written}')}, not all of them as the service reads one"


def looks_like(p: Profile) -> str | None:
    """Return what all values of a text look like that the service does not read so, in words, or ``None``."""
    if p.detail or identifier_word(p.name):
        return None
    for words in notations.OTHER_TRUTHS:
        if _holds(p, words):
            return words
    if not _holds(p, AMOUNT):
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
    return "numbers with a mark before three digits, as 1,234, which may be a thousand or a fraction"


PERCENTAGES: Final = "percentages"


def _text_number(p: Profile) -> _Reading:
    if zeros := p.count(LEADING_ZERO):
        begin = "begins" if zeros == 1 else "begin"
        some = "all" if zeros == p.present else f"{zeros:,}"
        which = "which" if p.present == 1 else f"{some} of them"
        reason = f"{_all(p, 'digits')}, {which} {begin} with a zero: an identifier"
        return _Reading("TEXT", reason, f"values without leading zeros, or {_types(p, 'NUMBER')}")
    if p.has_fraction:
        return _Reading("NUMBER", f"{_all(p, 'numbers')}, held as text", "a value that is no number")
    found = _digits(p, "numbers")
    return found if found.type == "TEXT" else replace(found, reason=f"{found.reason}, held as text")


def _text_forms(p: Profile) -> tuple[DateFormat, ...]:
    return tuple(form for form in notations.READ_FORMATS if _holds(p, form.pattern))


_SAID: Final = {
    MARKER: "words for missing",
    NUMBER: "numbers",
    TRUTH: "truths",
    DATED: "dates",
    AMOUNT: "amounts",
    PHONE: "phone numbers",
}


def _evidence(p: Profile) -> Mapping[str, int]:
    """Return what was counted of a column: the facts that occur, and how many values there are."""
    found = {"rows": p.rows, "missing": p.missing}
    if p.repeated is not None or p.unique:
        found["repeated"] = p.repeated or 0
    hidden = ("null", "bytes", "spaced", "blank", "dot", "dot-zero")
    found |= {_SAID.get(fact, fact): n for fact, n in p.facts.items() if n and fact not in hidden}
    return MappingProxyType(found)


def _as_key(p: Profile, found: _Reading, chosen_by: str | None) -> _Reading:
    why = f"{chosen_by} chose it as the key" if chosen_by else "it identifies the rows"
    if found.type == "TEXT":
        return _Reading("TEXT", f"{found.reason}; {why}", "another key=…")
    reason = f"{_all(p, _noun(found.type))}, but {why}: an identifier is text"
    return _Reading("TEXT", reason, "another key=…")


def _noun(type_: AttributeType) -> str:
    return {"NUMBER": "numbers", "BOOLEAN": "true or false", "DATE": "dates", "TEXT": "text"}[type_]


_ONE: Final = {"numbers": "a number", "dates": "a date", "timestamps": "a timestamp"}


def _all(p: Profile, what: str) -> str:
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


# ── the key ──────────────────────────────────────────────────────────────────────────────────────────────────────

_FREE_TEXT_BYTES: Final = 64
"""On average; a column of longer texts identifies nothing."""


def _key_candidates(used: Mapping[int, Profile], read: Mapping[int, _Reading]) -> tuple[int, ...]:
    """Return the positions of the columns that could be the key, best first; of twins of one label the first."""
    able: dict[Hashable, int] = {}
    for i, p in used.items():
        if _could_be_key(p, read[i]):
            able.setdefault(p.label, i)
    leading = next(iter(used), None)

    def place(i: int) -> tuple[int, bool, bool]:
        rank = max(_key_rank(used[i]), ENTITY if _numbers_rows(used, i) else SHARED)
        return -rank, used[i].digits and rank < ENTITY, i != leading

    return tuple(sorted(able.values(), key=place))


def _could_be_key(p: Profile, read: _Reading) -> bool:
    # A key that the user calls a DATE or BOOLEAN is no key; an integer that reads as NUMBER may well be one.
    if not (p.unique and p.complete) or read.type not in ("TEXT", "NUMBER"):
        return False
    if p.kind == "text" and not p.digits:
        short = p.text_bytes <= _FREE_TEXT_BYTES * max(1, p.present)
        return short and read.type == "TEXT"  # a number with a fraction identifies nothing
    return not is_quantity(p.name)


def _key_rank(p: Profile) -> int:
    rank = key_rank(p.name)
    if (
        rank == UNTOLD
        and p.digits
        and ((identifier_word(p.name) and not says(p.name, CATEGORIES)) or is_number_word(p.name))
    ):
        return IDENTIFIER  # a client that is a number, not a name
    return SHARED if rank == UNTOLD and p.spaced else rank  # several words are a name or a remark


_NUMBERED_LEAST: Final = 10
"""So many rows are not numbered by chance."""


def _numbers_rows(used: Mapping[int, Profile], i: int) -> bool:
    """Whether a column leads the others and numbers the rows, whatever its name."""
    p = used[i]
    leads = i == next(iter(used))
    return leads and p.numbering and p.rows >= _NUMBERED_LEAST and not is_quantity(p.name)


def _choose_key(
    used: Mapping[int, Profile], read: Mapping[int, _Reading], candidates: Sequence[int], choices: Choices
) -> tuple[int | None, tuple[Problem, ...]]:
    if choices.key is not None:
        return choices.key, ()
    if choices.lost_key is not None:
        return None, (_lost_key(used, choices.lost_key),)
    if not used or not next(iter(used.values())).rows:
        return None, ()
    nearly = _nearly_key(used, read, candidates)
    by = next((p.label for i, p in used.items() if read[i].type == "DATE"), None)
    if not candidates:
        return None, (_no_key(used, nearly, by),)
    best = candidates[0]
    if nearly is not None and _key_rank(used[nearly]) > _key_rank(used[best]):
        return None, (_taken_over(used[nearly], used[best], by),)
    rivals = [i for i in candidates[1:] if _key_rank(used[i]) == _key_rank(used[best])]
    if not _is_clear(used, best, rivals):
        return None, (_unclear_key(used, candidates),)
    problems = tuple(_chosen(used, best, rivals))
    if nearly is not None:
        problems = (*problems, _passed_over(used[nearly], used[best], by))
    return best, problems


def _is_clear(used: Mapping[int, Profile], best: int, rivals: Sequence[int]) -> bool:
    """Whether its name says that it is the key, or it leads the columns as text that is no remark."""
    leads = best == next(iter(used))
    rank = _key_rank(used[best])
    if rank > UNTOLD:
        return leads or not rivals
    return leads and (_numbers_rows(used, best) or _names_rows(used[best], rank, alone=not rivals))


def _names_rows(p: Profile, rank: int, *, alone: bool) -> bool:
    """Whether a text that leads the columns is what the rows are about, although its name does not say so."""
    if p.digits:
        return alone and says(p.name, ZIPS) and p.rows >= _ZIPS_LEAST
    if rank == UNTOLD:
        return True
    untold = key_rank(p.name) == UNTOLD and identifier_word(p.name) is None
    return untold and p.rows >= _NAMES_LEAST and p.text_bytes <= _NAME_BYTES * p.rows


_ZIPS_LEAST, _NAMES_LEAST = 50, 20
"""In so many rows no postcodes, and no names of several words, differ by chance."""
_NAME_BYTES: Final = 40
"""On average; longer texts are remarks."""


def _chosen(used: Mapping[int, Profile], best: int, rivals: Sequence[int]) -> Iterator[Problem]:
    rank = _key_rank(used[best])
    if rivals:
        others = ", ".join(repr(used[i].label) for i in rivals[:5]) + (" …" if len(rivals) > 5 else "")
        yield Problem.of(
            "chosen-key",
            f"It is the key, being the first of several columns that could be; so could {others}.",
            column=used[best].name,
            fix=argument(f"key={used[rivals[0]].label!r}", "if that is meant"),
        )
    elif rank < IDENTIFIER:
        said = "numbering the rows" if used[best].numbering else "having a different value in every row"
        yield Problem.of(
            "chosen-key",
            f"It is the key, {said}; its name does not say that it identifies them.",
            column=used[best].name,
            fix=argument('key="…"', "if another is meant"),
        )


def _unclear_key(used: Mapping[int, Profile], candidates: Sequence[int]) -> Problem:
    labels = [used[i].label for i in candidates]
    if len(labels) == 1:
        message = f"Only {labels[0]!r} has a different value in every row, but nothing says that it identifies them."
    else:
        shown = ", ".join(map(repr, labels[:5])) + (" …" if len(labels) > 5 else "")
        message = (
            f"Which column identifies the rows is unclear: {shown} each have a different value in every row."
        )
    return Problem.of("unclear-key", message, fix=argument(f"key={labels[0]!r}"))


# ── what was to be the key ───────────────────────────────────────────────────────────────────────────────────────


def _nearly_key(
    used: Mapping[int, Profile], read: Mapping[int, _Reading], candidates: Sequence[int]
) -> int | None:
    """Return the column that was meant to be the key, by its name and but for a few rows, when there is one.

    That is one that is called a key, or the first of those that identify something, where no column that is as good
    stands before it; where no other could be the key, the column that leads may be without a telling name.
    """
    named = next((i for i, p in used.items() if _key_rank(p) >= IDENTIFIER), None)
    leading = next(iter(used))
    for i, p in used.items():
        rank = _key_rank(p)
        if i in candidates and rank >= IDENTIFIER:
            return None
        meant = (
            rank == KEY
            or i == named
            or (named is None and not candidates and rank == UNTOLD and i == leading)
        )
        if meant and p.nearly_unique and not (p.unique and p.complete) and read[i].type in ("TEXT", "NUMBER"):
            return i
    return None


def _lacks(p: Profile) -> str:
    """Return in how many rows a column repeats its values or has none."""
    lacks = []
    if p.repeated:
        lacks.append(
            f"{p.repeated:,} {'row repeats' if p.repeated == 1 else 'rows repeat'} the key of an earlier row"
        )
    if p.missing:
        lacks.append(f"{p.missing:,} {'row has' if p.missing == 1 else 'rows have'} none")
    return " and ".join(lacks)


def ways_out(label: Hashable, *, missing: bool, repeated: bool, by: Hashable | None) -> str:
    """Return the lines that leave out what keeps a column from being the key.

    Parameters
    ----------
    label : hashable
        The column.
    missing, repeated : bool
        Whether some rows have no value; whether some repeat that of another.
    by : hashable or None
        The label of a column of dates: of rows with one key the latest stays.
    """
    given = f"key={list(label) if isinstance(label, tuple) else label!r}"
    lines = []
    if missing:
        lines.append(
            f"df = df.connect.repair({given}, drop_without_key=True).frame   # leaves out rows without one"
        )
    if repeated and by is not None:
        lines.append(f"df = df.connect.repair({given}, keep_last={by!r}).frame   # keeps the latest of each")
    elif repeated:
        subset = list(label) if isinstance(label, tuple) else [label]
        lines.append(f"df = df.drop_duplicates(subset={subset!r}, keep='last')   # keeps the last of each")
    return "\n".join(lines)


def _put_right(p: Profile, by: Hashable | None) -> str:
    return ways_out(p.label, missing=p.missing > 0, repeated=bool(p.repeated), by=by)


def _taken_over(nearly: Profile, best: Profile, by: Hashable | None) -> Problem:
    return Problem.of(
        "unclear-key",
        f"It looks like the key, but {_lacks(nearly)}; {best.label!r} has a different value in every row, but does "
        "not look like the key.",
        column=nearly.name,
        count=(nearly.repeated or 0) + nearly.missing,
        fix=f"{_put_right(nearly, by)}\n{argument(f'key={best.label!r}', 'if that identifies the rows')}",
    )


def _passed_over(nearly: Profile, best: Profile, by: Hashable | None) -> Problem:
    return Problem.of(
        "nearly-key",
        f"It looks like the key, too, but {_lacks(nearly)}; the key is {best.label!r}.",
        column=nearly.name,
        count=(nearly.repeated or 0) + nearly.missing,
        fix=_put_right(nearly, by),
    )


def _no_key(used: Mapping[int, Profile], nearly: int | None, by: Hashable | None) -> Problem:
    last = numbering([p.label for p in used.values()])
    if nearly is not None:
        p = used[nearly]
        return Problem.of(
            "no-key",
            f"No column identifies the rows. It comes nearest, but {_lacks(p)}.",
            column=p.name,
            count=(p.repeated or 0) + p.missing,
            fix=f"{_put_right(p, by)}\n{last}",
        )
    return Problem.of(
        "no-key",
        "No column identifies the rows: none that could is complete and has a different value in every row. "
        "Quantities and dates are not taken for keys.",
        fix=argument('key="…"', "says what is wrong with a column") + f"\n{last}",
    )


def numbering(labels: Sequence[Hashable]) -> str:
    """Return the line that numbers the rows, and what that means."""
    name = "Row ID"
    while name in labels:
        name += " 2"
    return (
        f'df = df.reset_index(drop=True).reset_index(names="{name}")   # the last way out: every row is imported, '
        "repeated ones too,\n# and its number finds it again only as long as no row before it comes or goes"
    )


def _lost_key(used: Mapping[int, Profile], lost: Hashable) -> Problem:
    labels = {str(p.label): p.label for p in used.values()}
    alike = {name.casefold(): name for name in labels}
    close = get_close_matches(str(lost).casefold(), alike, n=1, cutoff=0.6)
    meant = labels[alike[close[0]]] if close else None
    return Problem.of(
        "schema",
        f"The schema's key {lost!r} is not in the frame"
        + (f"; did you mean {meant!r}?" if close else ": no other takes its place."),
        column=str(lost),
        fix=f"df = df.rename(columns={{{meant!r}: {lost!r}}})"
        if close
        else argument('key="…"', "or change the schema"),
    )


# ── dates ────────────────────────────────────────────────────────────────────────────────────────────────────────

_SLASHED: Final = tuple(f for f in rules.DATE_FORMATS if f.pattern in ("MM/DD/YYYY", "DD/MM/YYYY"))


def _choose_dates(
    used: Mapping[int, Profile], read: Mapping[int, _Reading], choices: Choices
) -> tuple[dict[int, DateFormat], DateFormat | None, tuple[Problem, ...]]:
    """Decide in which format each text column of dates is held, and in which one format all dates are written."""
    chosen = choices.form
    dates = {i: p for i, p in used.items() if read[i].type == "DATE"}
    held, problems = _held_forms(dates, read, choices)
    if not dates:
        return held, None, ()
    # What is asked of the user is not shown as though decided.
    unknown = any(p.severity == "error" for p in problems)
    return held, chosen or (None if unknown else _written_form(dates, held)), tuple(problems)


def _held_forms(
    dates: Mapping[int, Profile], read: Mapping[int, _Reading], choices: Choices
) -> tuple[dict[int, DateFormat], list[Problem]]:
    held = {i: read[i].forms[0] for i in dates if len(read[i].forms) == 1}
    either = [i for i in dates if len(read[i].forms) > 1]
    evidence = {form for form in held.values() if form in _SLASHED}
    problems: list[Problem] = []
    for i in either:
        if not dates[i].count(ORDER_OPEN):
            held[i] = read[i].forms[0]  # 05/05/2025 is the same day in both
        elif choices.form in _SLASHED:
            held[i] = choices.form
        elif choices.held.get(i) in read[i].forms:
            held[i] = choices.held[i]
        elif len(evidence) == 1:
            (held[i],) = evidence
            by = next(dates[j].label for j, form in held.items() if form in evidence and j not in either)
            problems.append(_order_decided(dates[i], held[i], by))
        else:
            held[i] = read[i].forms[0]
            problems.append(_order_unknown(dates[i]))
    return held, problems


def _written_form(dates: Mapping[int, Profile], held: Mapping[int, DateFormat]) -> DateFormat:
    if any(p.count("time") for p in dates.values()) or rules.TIMESTAMP in held.values():
        return rules.TIMESTAMP
    forms = {rules.ISO_DATE if form.has_time else form for form in held.values()}
    return forms.pop() if len(forms) == 1 else rules.ISO_DATE


def _order_decided(p: Profile, form: DateFormat, by: Hashable) -> Problem:
    return Problem.of(
        "date-order-decided",
        f"No value tells day from month; read as {form.pattern}, as the column {by!r} is.",
        column=p.name,
        count=p.count(ORDER_OPEN),
        fix=f"df[{p.label!r}] = pandas.to_datetime(df[{p.label!r}], format=…)   # if it is not",
    )


def _order_unknown(p: Profile) -> Problem:
    parse = f"df[{p.label!r}] = pandas.to_datetime(df[{p.label!r}], format="
    return Problem.of(
        "ambiguous-date",
        "The dates may be MM/DD/YYYY or DD/MM/YYYY; no value tells which.",
        column=p.name,
        count=p.count(ORDER_OPEN),
        fix=argument('date_format="DD/MM/YYYY"', 'or "MM/DD/YYYY"')
        + f'\n{parse}"%d/%m/%Y")   # where other dates have times',
    )
