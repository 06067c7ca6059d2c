"""What is asked of a repair: put into one form, or refused with all mistakes at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

import pandas as pd

from connect_pandas.data import phones
from connect_pandas.data.mend_amounts import MARKS
from connect_pandas.data.mend_rules import RULES
from connect_pandas.errors import PlanError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from connect_pandas.data.columns import Columns
    from connect_pandas.data.mends import Rule
    from connect_pandas.data.notations import Mark


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a rule is on."""

    positions: frozenset[int]
    """Of the frame's columns."""
    named: bool
    """The rule's own keyword names them."""
    everywhere: bool = False
    """No column was named at all: it looks at a named index as well."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, settled for a frame."""

    scopes: Mapping[str, Scope]
    """Rule → where; a rule that is not there is off."""
    day_first: bool | None
    mark: Mark | None
    region: str | None
    key: tuple[int, ...]
    """Positions among the frame's columns, those of a named index first."""
    keep_last: int | None
    drop_duplicates: bool
    drop_without_key: bool


# ── what was asked for ───────────────────────────────────────────────────────────────────────────────────────────


def settled(given: Mapping[str, Any], columns: Columns, frame: pd.DataFrame) -> Asked:
    """Return what was asked for, or raise with every mistake in it."""
    wrong = [
        _unknown("rule", name, (*RULES, *_OTHERS))
        for name in given
        if name not in RULES and name not in _OTHERS
    ]
    labels = _Labels.of(columns, frame)
    limit, mistakes = _limit(given.get("columns"), labels)
    wrong += mistakes
    scopes: dict[str, Scope] = {}
    for name, rule in RULES.items():
        scope, mistakes = _scope(name, rule, given.get(name, rule.on), limit, labels)
        wrong += mistakes
        if scope is not None:
            scopes[name] = scope
    key, mistakes = _found("key", given.get("key"), columns)
    wrong += mistakes
    last, mistakes = _found("keep_last", given.get("keep_last"), columns)
    wrong += [*mistakes, *_wrong_values(given)]
    if wrong:
        raise PlanError("\n".join(wrong))
    return Asked(
        scopes=scopes,
        day_first=given.get("day_first"),
        mark=MARKS.get(given.get("decimal") or ""),
        region=given.get("region"),
        key=key,
        keep_last=last[0] if last else None,
        drop_duplicates=given.get("drop_duplicates", False),
        drop_without_key=given.get("drop_without_key", False),
    )


ROW_RULES: Final = ("drop_without_key", "drop_duplicates", "keep_last")
_OTHERS: Final = ("columns", "day_first", "decimal", "region", "key", *ROW_RULES)


@dataclass(frozen=True, slots=True)
class _Labels:
    """The labels of a frame's columns, and where each stands."""

    places: Mapping[Hashable, tuple[int, ...]]
    levels: tuple[Hashable, ...]
    """The names of the index."""

    @classmethod
    def of(cls, columns: Columns, frame: pd.DataFrame) -> _Labels:
        places: dict[Hashable, tuple[int, ...]] = {}
        levels = tuple(name for name in frame.index.names if name is not None)
        for i, column in enumerate(columns.items[len(levels) :]):
            places[column.label] = (*places.get(column.label, ()), i)
        return cls(places, levels)

    def has(self, label: Any) -> bool:
        try:
            return label in self.places
        except TypeError:  # what is not hashable is no label
            return False

    def positions(self, option: str, given: Any) -> tuple[frozenset[int], list[str]]:
        """Return the positions of a label, or of several, and what is wrong with them."""
        several = isinstance(given, list | tuple | set | frozenset | pd.Index) and not self.has(given)
        asked = list(given) if several else [given]
        wrong = [self._wrong(option, label) for label in asked if not self.has(label)]
        return frozenset(i for label in asked if self.has(label) for i in self.places[label]), wrong

    def _wrong(self, option: str, label: Any) -> str:
        if label in self.levels:
            return f"{option}= names {label!r}, which is of the index: df = df.reset_index() makes a column of it."
        return _unknown("column", label, tuple(self.places), f"{option}=: ")


def _limit(given: Any, labels: _Labels) -> tuple[frozenset[int] | None, list[str]]:
    return (None, []) if given is None else labels.positions("columns", given)


def _scope(
    name: str, rule: Rule, given: Any, limit: frozenset[int] | None, labels: _Labels
) -> tuple[Scope | None, list[str]]:
    """Return where a rule is on; ``None`` where it is off."""
    if given is None or given is False:
        return None, []
    if given is True:
        if rule.asks:
            return None, [f"{name}=True: name the columns, as in {name}=[…]; no value shows which are meant."]
        everywhere = frozenset(i for places in labels.places.values() for i in places)
        return Scope(everywhere if limit is None else limit, named=False, everywhere=limit is None), []
    positions, wrong = labels.positions(name, given)
    if limit is not None and (out := positions - limit):
        shown = ", ".join(repr(label) for label, places in labels.places.items() if out & {*places})
        wrong.append(f"{name}= names {shown}, which columns= leaves out.")
    return Scope(positions, named=True), wrong


def _found(option: str, given: Any, columns: Columns) -> tuple[tuple[int, ...], list[str]]:
    """Return the positions of key columns, which a named index may be among."""
    if given is None:
        return (), []
    several = (
        isinstance(given, list | tuple) and option == "key" and columns.find(cast("Hashable", given)) is None
    )
    asked = list(given) if several else [given]
    found = {i: columns.find(label) for i, label in enumerate(asked)}
    known = tuple(c.label for c in columns.items)
    wrong = [
        _unknown("column", asked[i], known, f"{option}=: ") for i, place in found.items() if place is None
    ]
    return tuple(place for place in found.values() if place is not None), wrong


def _wrong_values(given: Mapping[str, Any]) -> Iterator[str]:
    for name in ("day_first", "drop_duplicates", "drop_without_key"):
        if not isinstance(given.get(name), bool | None):
            yield f"{name}={given[name]!r}: True or False is needed."
    if (decimal := given.get("decimal")) not in (None, *MARKS):
        yield f"decimal={decimal!r}: a decimal mark is '.' or ','."
    region = given.get("region")
    if region is not None and (wrong := _wrong_region(region)):
        yield f"region={region!r}: {wrong}"
    for name in ("keep_last", "drop_without_key"):
        if given.get(name) and given.get("key") is None:
            yield f"{name}= needs key=: the column, or the columns, that identify a row."


def _wrong_region(region: Any) -> str | None:
    return (
        phones.wrong_region(region)
        if isinstance(region, str)
        else "a country's two letters are needed, as 'US'."
    )


def _unknown(what: str, named: Any, known: Sequence[Any], where: str = "") -> str:
    shown = ", ".join(repr(k) for k in known[:12]) + (" …" if len(known) > 12 else "")
    return f"{where}there is no {what} {named!r}.{did_you_mean(named, known)} Known: {shown or 'none'}."
