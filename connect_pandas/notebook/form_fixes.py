"""Fixes that can be made without writing them: read from their lines, tried on a frame, and never run as code."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from connect_pandas import api
from connect_pandas._options import Together
from connect_pandas.data.asked import ROW_RULES
from connect_pandas.data.problems import show, ways_of
from connect_pandas.data.repair import done
from connect_pandas.notebook.draw import Table, View, count

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

    from connect_pandas._options import Options
    from connect_pandas.data.problems import Problem
    from connect_pandas.data.repair import Repair

_OPEN: Final = "…"
"""Stands in a fix for what only a person can say."""

Row = tuple[str, str, str, str]
"""Column, rule, how many values, and the first of them."""


@dataclass(frozen=True, slots=True)
class Step:
    """A line that makes another frame of ``df``."""

    code: str
    calls: tuple[tuple[str, Mapping[str, Any]], ...]
    """What is called, one after the other, each with its keywords."""


@dataclass(frozen=True, slots=True)
class Fix:
    """One way out of a problem: another frame, other options of the plan, or one after the other."""

    steps: tuple[Step, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    words: str = ""
    """What its comments say."""

    @property
    def code(self) -> str:
        """The lines that make the frame."""
        return "\n".join(step.code for step in self.steps)

    @property
    def label(self) -> str:
        """What a button says of it."""
        if not self.steps:
            said = _as_key(self.options) or ", ".join(f"{n}={value!r}" for n, value in self.options.items())
            return f"Use {said}{f': {self.words}' if self.words else ''}"
        numbered = [given["names"] for step in self.steps for _, given in step.calls if "names" in given]
        return f"Number the rows as {numbered[-1]} …" if numbered else f"Repair: {self.words or self.code} …"

    def over(self, now: Options) -> dict[str, Any]:
        """Return the options with which a plan is made anew; mappings are added to those that are there."""
        return {
            name: {**(getattr(now, name) or {}), **value} if isinstance(value, dict) else value
            for name, value in self.options.items()
        }


def _as_key(options: Mapping[str, Any]) -> str:
    key = options.get("key") if len(options) == 1 else None
    return f"{' + '.join(map(str, key))} as the key" if isinstance(key, list) else ""


# ── read ─────────────────────────────────────────────────────────────────────────────────────────────────────


def fixes(problem: Problem) -> Iterator[Fix]:
    """Yield those ways out of a problem that nothing is left open in, and that are ours to make."""
    for way in ways_of(problem.fix):
        try:
            fix = _read(way)
        except (
            SyntaxError,
            ValueError,
        ):  # a sketch of code, a label that is no literal, or a line of another kind
            continue
        if (fix.steps or fix.options) and _OPEN not in repr((fix.steps, fix.options)):
            yield fix


def _read(way: str) -> Fix:
    *before, last = ast.parse(way).body
    options = _options(last)
    frame = before if options is not None else [*before, last]
    steps = tuple(Step(ast.get_source_segment(way, line) or "", _calls(_made(line))) for line in frame)
    return Fix(steps, options or {}, _words(way))


def _options(line: ast.stmt) -> dict[str, Any] | None:
    match line:
        case ast.Assign(
            value=ast.Call(
                func=ast.Attribute(value=ast.Attribute(value=ast.Name("df"), attr="connect"), attr="plan"),
                keywords=given,
            )
        ):
            return _literals(given)
    return None


def _made(line: ast.stmt) -> ast.expr:
    """Return what a line makes ``df`` of."""
    match line:
        case ast.Assign(targets=[ast.Name("df")], value=value):
            return value
    raise ValueError(ast.unparse(line))


def _calls(node: ast.expr) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """Return the calls of a chain that begins with ``df``; no others than those that are known here."""
    match node:
        case ast.Name("df"):
            return ()
        case ast.Attribute(
            value=ast.Call(
                func=ast.Attribute(value=ast.Attribute(value=before, attr="connect"), attr="repair"),
                args=[],
                keywords=given,
            ),
            attr="frame",
        ):
            return (*_calls(before), ("repair", _literals(given)))
        case ast.Call(
            func=ast.Attribute(value=before, attr="drop_duplicates" | "reset_index" as name),
            args=[],
            keywords=given,
        ):
            return (*_calls(before), (name, _literals(given)))
    raise ValueError(ast.unparse(node))


def _literals(given: list[ast.keyword]) -> dict[str, Any]:
    return {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in given}


def _words(way: str) -> str:
    """Return what the comments of some lines say; a line of its own goes on with the one before."""
    said: list[str] = []
    for one in way.split("\n"):
        comment = one.partition("   # ")[2]
        if one.startswith("# "):
            said[-1:] = [" ".join([*said[-1:], one.removeprefix("# ")])]
        elif comment:
            said.append(comment)
    return "; ".join(said)


# ── tried ────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Trial:
    """What a fix makes of a frame."""

    frame: pd.DataFrame
    changes: tuple[Row, ...] = ()
    doubts: tuple[str, ...] = ()


def tried(fix: Fix, frame: pd.DataFrame) -> Trial:
    """Return what a fix makes of a frame; the frame itself stays as it is."""
    trial = Trial(frame)
    for name, given in (call for step in fix.steps for call in step.calls):
        made = _MAKES[name](trial.frame, given)
        trial = Trial(made.frame, (*trial.changes, *made.changes), (*trial.doubts, *made.doubts))
    return trial


def before_and_after(before: pd.DataFrame, trial: Trial) -> View:
    """Return what there is to see of a trial: how many values it changes by which rule, with the first of each."""
    sizes = dict.fromkeys((_size(before), _size(trial.frame)))
    return View(
        tables=(Table(("column", "rule", "values", "as"), trial.changes),) if trial.changes else (),
        verdict=" → ".join(sizes) if trial.changes else "There is nothing to change.",
    )


def _size(frame: pd.DataFrame) -> str:
    rows, columns = frame.shape
    return f"{count(rows, 'row')} × {count(columns, 'column')}"


def _repair(frame: pd.DataFrame, given: Mapping[str, Any]) -> Trial:
    repair = api.repair(frame, **given)
    changes = tuple(
        (column, rule, values, _row_goes(example if column else _first_row(frame, repair, rule)))
        if rule in ROW_RULES
        else (column, rule, values, example)
        for column, rule, values, example in done(repair.changes)
    )
    return Trial(repair.frame, changes, tuple(map(str, repair.doubts)))


def _first_row(frame: pd.DataFrame, repair: Repair, rule: str) -> str:
    place = repair.changes.index[repair.changes["rule"] == rule][0]
    return show(next(frame.iloc[place : place + 1].itertuples(index=False, name=None)))


def _row_goes(example: str) -> str:
    return f"{example}: the row goes"


def _drop_duplicates(frame: pd.DataFrame, given: Mapping[str, Any]) -> Trial:
    goes = frame.duplicated(**given).to_numpy()
    if not goes.any():
        return Trial(frame)
    of = list(given.get("subset", frame.columns))
    first = frame.loc[goes, of].iloc[0].tolist()
    example = show(first[0] if len(first) == 1 else tuple(first))
    row = (" + ".join(map(str, of)), "drop_duplicates", f"{goes.sum():,}", _row_goes(example))
    return Trial(frame.drop_duplicates(**given), (row,))


def _reset_index(frame: pd.DataFrame, given: Mapping[str, Any]) -> Trial:
    made = frame.reset_index(**given)
    new = made.columns[: made.shape[1] - frame.shape[1]]
    shown = [made[label].head(_FIRST).tolist() for label in new]
    return Trial(
        made,
        tuple(
            (str(label), "reset_index", f"{len(made):,}", f"{', '.join(map(show, first))} …: a new column")
            for label, first in zip(new, shown, strict=True)
        ),
    )


_FIRST: Final = 3
_MAKES: Final[Mapping[str, Callable[[pd.DataFrame, Mapping[str, Any]], Trial]]] = {
    "repair": _repair,
    "drop_duplicates": _drop_duplicates,
    "reset_index": _reset_index,
}
"""What a chain may call → what it makes of a frame."""


# ── what was chosen ──────────────────────────────────────────────────────────────────────────────────────────


def without_the_gone(given: Options, labels: tuple[Any, ...]) -> dict[str, Any]:
    """Return which options are others where only these columns are there: what was chosen of the others goes."""
    key = given.key
    parts = key if isinstance(key, Together) else (key,)
    others: dict[str, Any] = {}
    if key is not None and not all(part in labels for part in parts):
        others["key"] = key = None
    for name in ("types", "names"):
        chosen = getattr(given, name) or {}
        kept = {of: one for of, one in chosen.items() if of in labels or of == key}
        if len(kept) < len(chosen):
            others[name] = kept or None
    if given.columns is not None and not all(label in labels for label in given.columns):
        others["columns"] = [label for label in given.columns if label in labels] or None
    return others
