"""The code that does what a form does: the line of an import, and the fixes of problems as choices."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final, Literal

from connect_pandas._options import Together
from connect_pandas.data.problems import as_code, ways_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connect_pandas._options import Options
    from connect_pandas.data.problems import Problem

_OPEN: Final = "…"
"""Stands in a fix for what only a person can say."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A fix that can be made without writing it: a repair of the frame, or other options of the plan."""

    does: Literal["repair", "plan"]
    given: Mapping[str, Any]
    words: str
    """What it does, as its comment says."""

    @property
    def code(self) -> str:
        """What is given, as code."""
        return ", ".join(f"{name}={_code(value)}" for name, value in self.given.items())


def fixes(problem: Problem) -> Iterator[Fix]:
    """Yield those ways out of a problem that are one repair, or one other choice of the plan's options."""
    for way in ways_of(problem.fix):
        try:
            steps = ast.parse(way).body
        except SyntaxError:  # a sketch of code, with something left open
            continue
        calls = [call for step in steps for call in ast.walk(step) if _is_ours(call)]
        if len(steps) == len(calls) == 1 and (fix := _fix(calls[0], way.partition("   # ")[2])):
            yield fix


def _is_ours(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="connect"), attr="repair" | "plan")):
            return True
    return False


def _fix(call: Any, words: str) -> Fix | None:
    try:
        given = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
    except ValueError:  # a label that is no literal
        return None
    return Fix(call.func.attr, given, words) if given and _OPEN not in repr(given) else None


def import_line(
    options: Options, repairs: Sequence[Fix] = (), *, schema: str = "schema", extra: Mapping[str, str]
) -> str:
    """Return the code that does the same as the form: the repairs, then the import.

    Parameters
    ----------
    options : Options
        The plan's; what is as by default is left away.
    repairs : sequence of Fix
        In the order in which they were made.
    schema : str
        How the schema is called in the code of the person who gave it.
    extra : mapping
        Further keywords → as code.
    """
    given = [(f.name, getattr(options, f.name)) for f in fields(options) if f.name != "name"]
    default = {f.name: f.default for f in fields(options)}
    told = {
        name: schema if name == "schema" else _code(_plain(name, value))
        for name, value in given
        if type(value) is not type(default[name]) or value != default[name]
    }
    words = ", ".join([repr(options.name), *(f"{n}={value}" for n, value in {**told, **extra}.items())])
    lines = [f"df = df.connect.repair({repair.code}).frame" for repair in repairs]
    return "\n".join([*lines, f"job = df.connect.create_reference_set({words})"])


def _plain(name: str, value: Any) -> Any:
    """Return an option's value as a person writes it."""
    if name == "notify" and len(value) == 1:
        return value[0]
    return list(value) if name in ("notify", "columns") or isinstance(value, Together) else value


def _code(value: Any) -> str:
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{as_code(_key(k))}: {v!r}' for k, v in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(as_code, value))}]"
    return as_code(value)


def _key(label: Any) -> Any:
    return tuple(label) if isinstance(label, Together) else label  # a list cannot stand before a colon
