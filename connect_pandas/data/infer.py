"""From the facts of the columns to attributes: type, key and date format, each with its reason. No frame in sight."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, overload

from connect_pandas import rules
from connect_pandas.data.problems import Problem
from connect_pandas.data.profile import LEADING_ZERO, ORDER_OPEN

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    import pandas as pd

    from connect_pandas.data.columns import Kind
    from connect_pandas.data.profile import Profile
    from connect_pandas.rules import AttributeType, DateFormat


@dataclass(frozen=True, slots=True)
class Attribute:
    """What one column becomes in the reference set."""

    column: Hashable
    """The column's label in the frame."""
    name: str
    """The attribute's name in the service."""
    type: AttributeType
    reason: str
    """Why this type, in words."""
    key: bool = False
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
    problems : tuple of Problem
        What is wrong or worth knowing, errors first.
    """

    items: tuple[Attribute, ...]
    key_candidates: tuple[Hashable, ...] = ()
    form: DateFormat | None = None
    problems: tuple[Problem, ...] = ()
    rows: int = 0

    @overload
    def __getitem__(self, place: int) -> Attribute: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Attribute, ...]: ...
    def __getitem__(self, place: int | slice) -> Attribute | tuple[Attribute, ...]:
        return self.items[place]

    def __len__(self) -> int:
        return len(self.items)

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
    read = {i: _read(p, choices.types.get(i)) for i, p in used.items()}
    candidates = _key_candidates(used, read)
    key, key_problems = _choose_key(used, candidates, choices.key)
    if key is not None and key not in choices.types:
        read[key] = _as_key(used[key], read[key], chosen=choices.key is not None)
    forms, form, date_problems = _choose_dates(used, read, choices.form)
    items = tuple(
        Attribute(
            column=p.label,
            name=choices.names.get(i, p.name),
            type=read[i].type,
            reason=read[i].reason,
            key=i == key,
            position=i,
            kind=p.kind,
            written_as=forms.get(i),
            whole=p.kind == "float" and not p.count("fraction") and not p.count("exponent"),
            exponents=p.count("exponent") > 0,
        )
        for i, p in used.items()
    )
    return Attributes(
        items=items,
        key_candidates=tuple(used[i].label for i in candidates),
        form=form,
        problems=(*problems, *key_problems, *date_problems),
        rows=profiles[0].rows if profiles else 0,
    )


# ── the type of one column ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a column is read as, and why; for dates in text the formats that all of its values have."""

    type: AttributeType
    reason: str
    forms: tuple[DateFormat, ...] = ()


def _read(p: Profile, chosen: AttributeType | None) -> _Reading:
    found = _by_kind(p)
    if chosen is None or chosen == found.type:
        return found
    return _Reading(chosen, f"chosen by you (it looks like {found.type}: {found.reason})", _text_forms(p))


def _by_kind(p: Profile) -> _Reading:
    match p.kind:
        case "boolean":
            return _Reading("BOOLEAN", f"{_all(p)} true or false")
        case "date":
            return _Reading("DATE", f"{_all(p)} dates")
        case "naive":
            return _Reading("DATE", f"{_all(p)} timestamps without a time zone")
        case "aware":
            return _Reading("DATE", f"{_all(p)} timestamps with a time zone")
        case "integer" | "float" | "decimal":
            return _numeric(p)
        case "text":
            return _text(p)
        case "empty":
            return _Reading("TEXT", "it has no values; text holds whatever comes later")
        case _:
            return _Reading("TEXT", f"it holds {p.detail}, which no attribute can hold")


def _numeric(p: Profile) -> _Reading:
    what = {"integer": "whole numbers", "float": "numbers", "decimal": "decimal numbers"}[p.kind]
    if p.kind == "decimal" or (p.kind == "float" and p.count("fraction")):
        return _Reading("NUMBER", f"{_all(p)} {what}")
    if word := identifier_word(p.name):
        return _Reading("TEXT", f"{_all(p)} whole numbers, but the name says {word!r}: an identifier")
    return _Reading("NUMBER", f"{_all(p)} {what}")


def _text(p: Profile) -> _Reading:
    if not p.present:
        return _Reading("TEXT", "it has no values; text holds whatever comes later")
    if p.all("boolean"):
        return _Reading("BOOLEAN", f"{_all(p)} TRUE or FALSE")
    if forms := _text_forms(p):
        return _Reading("DATE", f"{_all(p)} dates written {' or '.join(f.pattern for f in forms)}", forms)
    if p.all("number"):
        return _text_number(p)
    return _Reading("TEXT", "its values are text")


def _text_number(p: Profile) -> _Reading:
    if zeros := p.count(LEADING_ZERO):
        begin = "begins" if zeros == 1 else "begin"
        return _Reading("TEXT", f"{_all(p)} digits, but {zeros:,} {begin} with a zero: an identifier")
    if word := identifier_word(p.name):
        return _Reading("TEXT", f"{_all(p)} numbers, but the name says {word!r}: an identifier")
    return _Reading("NUMBER", f"{_all(p)} numbers, held as text")


def _text_forms(p: Profile) -> tuple[DateFormat, ...]:
    return tuple(form for form in rules.DATE_FORMATS if p.all(form.pattern))


def _as_key(p: Profile, found: _Reading, *, chosen: bool) -> _Reading:
    why = "you chose it as the key" if chosen else "it identifies the rows"
    if found.type == "TEXT":
        return _Reading("TEXT", f"{found.reason}; {why}")
    return _Reading("TEXT", f"{_all(p)} {_noun(found.type)}, but {why}: an identifier is text")


def _noun(type_: AttributeType) -> str:
    return {"NUMBER": "numbers", "BOOLEAN": "true or false", "DATE": "dates", "TEXT": "text"}[type_]


def _all(p: Profile) -> str:
    values = "value is" if p.present == 1 else "values are"
    missing = f" ({p.missing:,} missing)" if p.missing else ""
    return f"all {p.present:,} {values}{missing}" if p.present != 1 else f"its one {values}{missing}"


# ── what a name says ─────────────────────────────────────────────────────────────────────────────────────────────

_IDENTIFIERS: Final = frozenset(
    "id ids uid uuid guid key pk sku ean gtin upc isbn issn asin barcode zip zipcode postcode plz phone telephone "
    "tel mobile cell fax msisdn imei iban bic vin ssn code".split()
)
_NUMBER_WORDS: Final = frozenset("number no nr num nummer".split())
_NUMBERED: Final = frozenset(
    "order invoice customer client account acct card ticket case phone tracking serial contract policy member "
    "membership reference ref document po item part article product employee batch lot flight registration licence "
    "license passport tax vat bank receipt transaction booking".split()
)
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def words(name: str) -> list[str]:
    """Return the words of a name, in lower case: ``orderID`` → ``order``, ``id``."""
    return [w.lower() for w in _WORD.findall(name)]


_QUANTITIES: Final = frozenset(
    "amount amounts average avg calls clicks cost count counts days hours length max mean min orders price rate score "
    "sessions share size sum total totals value values visits".split()
)


def identifier_word(name: str) -> str | None:
    """Return the word of a name that says that its values identify something, or ``None``."""
    found = words(name)
    if found and (found[-1] in _QUANTITIES or found[0] in _QUANTITIES or found[:2] == ["number", "of"]):
        return None
    for word in found:
        if word in _IDENTIFIERS and (word != "code" or word == found[-1]):
            return word
    if len(found) > 1 and found[-1] in _NUMBER_WORDS and found[-2] in _NUMBERED:
        return " ".join(found[-2:])
    return None


# ── the key ──────────────────────────────────────────────────────────────────────────────────────────────────────

_KEY_WORDS: Final = frozenset("id ids uid uuid guid key pk sku ean isbn".split())
_FREE_TEXT_BYTES: Final = 64
"""On average; a column of longer texts identifies nothing."""


def _key_candidates(used: Mapping[int, Profile], read: Mapping[int, _Reading]) -> tuple[int, ...]:
    """Return the positions of the columns that could be the key, best first."""
    able = [i for i, p in used.items() if _could_be_key(p, read[i])]
    return tuple(sorted(able, key=lambda i: -_key_rank(used[i])))


def _could_be_key(p: Profile, read: _Reading) -> bool:
    # A key that the user calls a DATE or BOOLEAN is no key; an integer that reads as NUMBER may well be one.
    short = p.kind != "text" or p.text_bytes <= _FREE_TEXT_BYTES * max(1, p.present)
    return p.unique and p.complete and read.type in ("TEXT", "NUMBER") and short


def _key_rank(p: Profile) -> int:
    if words(p.name) and words(p.name)[-1] in _KEY_WORDS:
        return 2
    return 1 if identifier_word(p.name) else 0


def _choose_key(
    used: Mapping[int, Profile], candidates: Sequence[int], chosen: int | None
) -> tuple[int | None, tuple[Problem, ...]]:
    if chosen is not None:
        return chosen, ()
    if not candidates:
        return None, (_no_key(used),) if used and next(iter(used.values())).rows else ()
    best = candidates[0]
    rivals = [i for i in candidates[1:] if _key_rank(used[i]) == _key_rank(used[best])]
    if _is_clear(used, best, rivals):
        return best, tuple(_also_possible(used, best, rivals))
    return None, (_unclear_key(used, candidates),)


def _is_clear(used: Mapping[int, Profile], best: int, rivals: Sequence[int]) -> bool:
    """Whether its name says that it is the key, or it leads the columns as text; a tie goes to the first only."""
    leads = best == next(iter(used))
    if _key_rank(used[best]):
        return leads or not rivals
    return used[best].kind == "text" and (leads or not rivals)


def _also_possible(used: Mapping[int, Profile], best: int, rivals: Sequence[int]) -> Iterator[Problem]:
    if rivals:
        others = ", ".join(repr(used[i].label) for i in rivals)
        yield Problem.of(
            "chosen-key",
            f"It is the key, being the first of several columns that could be; so could {others}.",
            column=used[best].name,
            fix=f"key={used[rivals[0]].label!r}   # if that is meant",
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
    return Problem.of("unclear-key", message, fix=f"key={labels[0]!r}")


def _no_key(used: Mapping[int, Profile]) -> Problem:
    return Problem.of(
        "no-key",
        "No column identifies the rows: none of text or whole numbers is complete and has a different value in "
        "every row.",
        fix='df = df.reset_index(names="Row ID")   # numbers the rows; or key="…" to see what is wrong with a column',
    )


# ── dates ────────────────────────────────────────────────────────────────────────────────────────────────────────

_SLASHED: Final = tuple(f for f in rules.DATE_FORMATS if f.pattern in ("MM/DD/YYYY", "DD/MM/YYYY"))


def _choose_dates(
    used: Mapping[int, Profile], read: Mapping[int, _Reading], chosen: DateFormat | None
) -> tuple[dict[int, DateFormat], DateFormat | None, tuple[Problem, ...]]:
    """Decide in which format each text column of dates is held, and in which one format all dates are written."""
    dates = {i: p for i, p in used.items() if read[i].type == "DATE"}
    held, problems = _held_forms(dates, read, chosen)
    if not dates:
        return held, None, ()
    return held, chosen or _written_form(dates, held), tuple(problems)


def _held_forms(
    dates: Mapping[int, Profile], read: Mapping[int, _Reading], chosen: DateFormat | None
) -> tuple[dict[int, DateFormat], list[Problem]]:
    held = {i: read[i].forms[0] for i in dates if len(read[i].forms) == 1}
    either = [i for i in dates if len(read[i].forms) > 1]
    evidence = {form for form in held.values() if form in _SLASHED}
    problems: list[Problem] = []
    for i in either:
        if not dates[i].count(ORDER_OPEN):
            held[i] = read[i].forms[0]  # 05/05/2025 is the same day in both
        elif chosen in _SLASHED:
            held[i] = chosen
        elif len(evidence) == 1:
            (held[i],) = evidence
            by = next(dates[j].label for j, form in held.items() if form in evidence and j not in either)
            problems.append(_order_decided(dates[i], held[i], by))
        else:
            held[i] = read[i].forms[0]
            problems.append(_order_unknown(dates[i]))
    return held, problems


def _written_form(dates: Mapping[int, Profile], held: Mapping[int, DateFormat]) -> DateFormat:
    if any(p.count("time") for p in dates.values()) or any(form.has_time for form in held.values()):
        return rules.TIMESTAMP
    forms = set(held.values())
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
        fix=f'date_format="DD/MM/YYYY"   # or "MM/DD/YYYY"\n{parse}"%d/%m/%Y")   # where other dates have times',
    )
