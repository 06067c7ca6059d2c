"""From the facts of the columns to attributes: type, key and date format, each with its reason. No frame in sight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, overload

from connect_pandas import rules
from connect_pandas.data import notations
from connect_pandas.data.key import choose_key, key_candidates
from connect_pandas.data.problems import Problem, Problems, argument, as_code, either, line
from connect_pandas.data.profile import ORDER_OPEN
from connect_pandas.data.reading import Reading, as_key, evidence_of, is_rewritten, read_as
from connect_pandas.errors import PlanError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

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
        raise PlanError(
            f"There is no column {column!r}.{did_you_mean(column, [a.column for a in self.items])}"
        )

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
    read = {i: read_as(p, choices.types.get(i), by[i]) for i, p in used.items()}
    candidates = key_candidates(used, read)
    key, key_problems = choose_key(used, read, candidates, choices)
    if key is not None and choices.types.get(key, "TEXT") == "TEXT":
        read[key] = as_key(used[key], read[key], by[key] if choices.key is not None else None)
    forms, form, date_problems = _choose_dates(used, read, choices)
    items = tuple(
        Attribute(
            column=p.label,
            name=choices.names.get(i, p.name),
            type=read[i].type,
            reason=read[i].reason,
            unless=read[i].unless,
            evidence=evidence_of(p),
            key=i == key,
            chosen=i in choices.types and i not in choices.by_schema,
            position=i,
            kind=p.kind,
            written_as=forms.get(i),
            whole=p.kind == "float" and not p.count("fraction") and not p.count("exponent"),
            exponents=p.count("exponent") > 0,
            rewritten=p.kind == "text" and is_rewritten(p, read[i].type),
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


# ── dates ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _choose_dates(
    used: Mapping[int, Profile], read: Mapping[int, Reading], choices: Choices
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
    dates: Mapping[int, Profile], read: Mapping[int, Reading], choices: Choices
) -> tuple[dict[int, DateFormat], list[Problem]]:
    held = {i: read[i].forms[0] for i in dates if len(read[i].forms) == 1}
    either = [i for i in dates if len(read[i].forms) > 1]
    evidence = {form for form in held.values() if form in rules.SLASHED}
    problems: list[Problem] = []
    for i in either:
        if not dates[i].count(ORDER_OPEN):
            held[i] = read[i].forms[0]  # 05/05/2025 is the same day in both
        elif choices.form in rules.SLASHED:
            held[i] = choices.form
        elif choices.held.get(i) in read[i].forms:
            held[i] = choices.held[i]
        elif len(evidence) == 1:
            (held[i],) = evidence
            by = next(dates[j].label for j, form in held.items() if form in evidence and j not in either)
            problems.append(_order_decided(dates[i], held[i], by))
        else:
            held[i] = read[i].forms[0]
            timed = _written_form(dates, held) is rules.TIMESTAMP
            problems.append(_order_unknown(dates[i], timed=timed))
    return held, problems


def _written_form(dates: Mapping[int, Profile], held: Mapping[int, DateFormat]) -> DateFormat:
    moments = {rules.TIMESTAMP, notations.AWARE}  # whose midnight is not that of UTC
    if any(p.count("time") for p in dates.values()) or not moments.isdisjoint(held.values()):
        return rules.TIMESTAMP
    forms = {rules.ISO_DATE if form.has_time else form for form in held.values()}
    return forms.pop() if len(forms) == 1 else rules.ISO_DATE


def _order_decided(p: Profile, form: DateFormat, by: Hashable) -> Problem:
    other = next(f for f in rules.SLASHED if f != form)
    return Problem.of(
        "date-order-decided",
        f"No value tells day from month; read as {form.pattern}, as the column {by!r} is.",
        column=p.name,
        count=p.count(ORDER_OPEN),
        fix=line(_parsed(p, other), "if it is not"),
    )


def _order_unknown(p: Profile, *, timed: bool) -> Problem:
    # A format of days for the whole file would lose the times of the other dates.
    ways = {
        form: _parsed(p, form) if timed else argument(f'date_format="{form.pattern}"')
        for form in rules.SLASHED
    }
    fix = either(*(line(way, f"if the {_FIRST[form.pattern]} is first") for form, way in ways.items()))
    return Problem.of(
        "ambiguous-date",
        "The dates may be MM/DD/YYYY or DD/MM/YYYY; no value tells which.",
        column=p.name,
        count=p.count(ORDER_OPEN),
        fix=fix,
    )


_FIRST: Final = {"DD/MM/YYYY": "day", "MM/DD/YYYY": "month"}


def _parsed(p: Profile, form: DateFormat) -> str:
    """Return the line that makes dates of texts in one format."""
    cell = f"df[{as_code(p.label)}]"
    return f'{cell} = pd.to_datetime({cell}, format="{form.strftime}")'
