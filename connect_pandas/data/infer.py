"""From the facts of the columns to attributes: type, key and date format, each with its reason. No frame in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, overload

from connect_pandas import rules
from connect_pandas.data.names import (
    IDENTIFIER,
    KEY,
    SHARED,
    UNTOLD,
    identifier_word,
    is_quantity,
    key_rank,
)
from connect_pandas.data.problems import Problem, argument
from connect_pandas.data.profile import LEADING_ZERO, LOOKS, ORDER_OPEN

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
    by_schema: frozenset[int] = frozenset()
    """The columns about which it was a schema that decided the type, or that they are the key."""
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


def _read(p: Profile, chosen: AttributeType | None, by: str) -> _Reading:
    found = _by_kind(p)
    if chosen is None or chosen == found.type:
        return found
    return _Reading(chosen, f"chosen by {by} (it looks like {found.type}: {found.reason})", _text_forms(p))


def _by_kind(p: Profile) -> _Reading:
    match p.kind:
        case "boolean":
            return _Reading("BOOLEAN", _all(p, "true or false"))
        case "date":
            return _Reading("DATE", _all(p, "dates"))
        case "naive":
            return _Reading("DATE", _all(p, "timestamps without a time zone"))
        case "aware":
            return _Reading("DATE", _all(p, "timestamps with a time zone"))
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
        return _Reading("NUMBER", _all(p, what))
    if word := identifier_word(p.name):
        return _Reading("TEXT", f"{_all(p, 'whole numbers')}, but the name says {word!r}: an identifier")
    return _Reading("NUMBER", _all(p, what))


def _text(p: Profile) -> _Reading:
    if not p.present:
        return _Reading("TEXT", "it has no values; text holds whatever comes later")
    if p.all("boolean"):
        return _Reading("BOOLEAN", _all(p, "TRUE or FALSE"))
    if forms := _text_forms(p):
        return _Reading("DATE", _all(p, f"dates written {' or '.join(f.pattern for f in forms)}"), forms)
    if p.all("number"):
        return _text_number(p)
    if look := looks_like(p):
        return _Reading(
            "TEXT", f"its values are text; they look like {look}, which the service does not read so"
        )
    return _Reading("TEXT", "its values are text")


def looks_like(p: Profile) -> str | None:
    """Return what all values of a text look like that the service does not read so, in words, or ``None``."""
    if identifier_word(p.name):
        return None
    return next((look for look in LOOKS if p.all(look)), None)


def _text_number(p: Profile) -> _Reading:
    if zeros := p.count(LEADING_ZERO):
        begin = "begins" if zeros == 1 else "begin"
        some = "all" if zeros == p.present else f"{zeros:,}"
        which = "which" if p.present == 1 else f"{some} of them"
        return _Reading("TEXT", f"{_all(p, 'digits')}, {which} {begin} with a zero: an identifier")
    if word := identifier_word(p.name):
        return _Reading("TEXT", f"{_all(p, 'numbers')}, but the name says {word!r}: an identifier")
    return _Reading("NUMBER", f"{_all(p, 'numbers')}, held as text")


def _text_forms(p: Profile) -> tuple[DateFormat, ...]:
    return tuple(form for form in rules.DATE_FORMATS if p.all(form.pattern))


def _as_key(p: Profile, found: _Reading, chosen_by: str | None) -> _Reading:
    why = f"{chosen_by} chose it as the key" if chosen_by else "it identifies the rows"
    if found.type == "TEXT":
        return _Reading("TEXT", f"{found.reason}; {why}")
    return _Reading("TEXT", f"{_all(p, _noun(found.type))}, but {why}: an identifier is text")


def _noun(type_: AttributeType) -> str:
    return {"NUMBER": "numbers", "BOOLEAN": "true or false", "DATE": "dates", "TEXT": "text"}[type_]


_ONE: Final = {"numbers": "a number", "dates": "a date", "timestamps": "a timestamp"}


def _all(p: Profile, what: str) -> str:
    """Return what all values of a column are."""
    missing = f" ({p.missing:,} missing)" if p.missing else ""
    if not p.present:
        return f"it has no values, but a type: {what}"
    if p.present == 1:
        for many, one in _ONE.items():
            what = what.replace(f"whole {many}", "a whole number").replace(
                f"decimal {many}", "a decimal number"
            )
            what = what.replace(many, one) if what.startswith(many) else what
        return f"its one value is {what}{missing}"
    return f"all {p.present:,} values are {what}{missing}"


# ── the key ──────────────────────────────────────────────────────────────────────────────────────────────────────

_FREE_TEXT_BYTES: Final = 64
"""On average; a column of longer texts identifies nothing."""


def _key_candidates(used: Mapping[int, Profile], read: Mapping[int, _Reading]) -> tuple[int, ...]:
    """Return the positions of the columns that could be the key, best first; of twins of one label the first."""
    able: dict[Hashable, int] = {}
    for i, p in used.items():
        if _could_be_key(p, read[i]):
            able.setdefault(p.label, i)
    # Among columns that say nothing, text before numbers: a number is more likely a quantity.
    return tuple(sorted(able.values(), key=lambda i: (-_key_rank(used[i]), used[i].kind != "text")))


def _could_be_key(p: Profile, read: _Reading) -> bool:
    # A key that the user calls a DATE or BOOLEAN is no key; an integer that reads as NUMBER may well be one.
    short = p.kind != "text" or p.text_bytes <= _FREE_TEXT_BYTES * max(1, p.present)
    counted = p.kind != "text" and is_quantity(p.name)
    return p.unique and p.complete and read.type in ("TEXT", "NUMBER") and short and not counted


def _key_rank(p: Profile) -> int:
    rank = key_rank(p.name)
    return SHARED if rank == UNTOLD and p.spaced else rank  # several words are a name or a remark


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
    if not candidates:
        return None, (_no_key(used, nearly),)
    best = candidates[0]
    if nearly is not None and _key_rank(used[nearly]) > _key_rank(used[best]):
        return None, (_taken_over(used[nearly], used[best]),)
    rivals = [i for i in candidates[1:] if _key_rank(used[i]) == _key_rank(used[best])]
    if not _is_clear(used, best, rivals):
        return None, (_unclear_key(used, candidates),)
    problems = tuple(_chosen(used, best, rivals))
    if nearly is not None:
        problems = (*problems, _passed_over(used[nearly], used[best]))
    return best, problems


def _is_clear(used: Mapping[int, Profile], best: int, rivals: Sequence[int]) -> bool:
    """Whether its name says that it is the key, or it leads the columns as text; a tie goes to the first only."""
    leads = best == next(iter(used))
    rank = _key_rank(used[best])
    if rank == SHARED:
        return False
    return (rank > UNTOLD or used[best].kind == "text") and (leads or not rivals)


def _chosen(used: Mapping[int, Profile], best: int, rivals: Sequence[int]) -> Iterator[Problem]:
    if rivals:
        others = ", ".join(repr(used[i].label) for i in rivals)
        yield Problem.of(
            "chosen-key",
            f"It is the key, being the first of several columns that could be; so could {others}.",
            column=used[best].name,
            fix=argument(f"key={used[rivals[0]].label!r}", "if that is meant"),
        )
    elif _key_rank(used[best]) == UNTOLD:
        yield Problem.of(
            "chosen-key",
            "It is the key, having a different value in every row; its name does not say that it identifies them.",
            column=used[best].name,
            fix='key="…"   # if another is meant',
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


def _put_right(p: Profile) -> str:
    """Return the lines that leave out what keeps a column from being the key."""
    lines = []
    if p.missing:
        lines.append(
            f"df = df[df[{p.label!r}].fillna('') != '']"
            if p.count("blank")
            else f"df = df.dropna(subset=[{p.label!r}])"
        )
    if p.repeated:
        lines.append(f"df = df.drop_duplicates(subset=[{p.label!r}])")
    lines[-1] += "   # if those rows are mistakes"
    return "\n".join(lines)


def _taken_over(nearly: Profile, best: Profile) -> Problem:
    return Problem.of(
        "unclear-key",
        f"It looks like the key, but {_lacks(nearly)}; {best.label!r} has a different value in every row, but does "
        "not look like the key.",
        column=nearly.name,
        count=(nearly.repeated or 0) + nearly.missing,
        fix=f"{_put_right(nearly)}\n{argument(f'key={best.label!r}', 'if that identifies the rows')}",
    )


def _passed_over(nearly: Profile, best: Profile) -> Problem:
    return Problem.of(
        "nearly-key",
        f"It looks like the key, too, but {_lacks(nearly)}; the key is {best.label!r}.",
        column=nearly.name,
        count=(nearly.repeated or 0) + nearly.missing,
        fix=_put_right(nearly),
    )


def _no_key(used: Mapping[int, Profile], nearly: int | None) -> Problem:
    last = numbering([p.label for p in used.values()])
    if nearly is not None:
        p = used[nearly]
        return Problem.of(
            "no-key",
            f"No column identifies the rows. It comes nearest, but {_lacks(p)}.",
            column=p.name,
            count=(p.repeated or 0) + p.missing,
            fix=f"{_put_right(p)}\n{last}",
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
        else 'key="…"   # or change the schema',
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
        fix=argument('date_format="DD/MM/YYYY"', 'or "MM/DD/YYYY"')
        + f'\n{parse}"%d/%m/%Y")   # where other dates have times',
    )
