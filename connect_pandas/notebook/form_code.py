"""The code that does what a form does: the lines of its fixes, and that of the import."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from connect_pandas._options import Together
from connect_pandas.data.problems import as_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connect_pandas._plan import ImportPlan
    from connect_pandas.notebook.form_fixes import Fix


def import_line(
    plan: ImportPlan, made: Sequence[Fix] = (), *, schema: str = "schema", extra: Mapping[str, str]
) -> str:
    """Return the code that does the same as the form: the fixes of the frame, then the import.

    Parameters
    ----------
    plan : ImportPlan
        Of its options those that are as by default are left away.
    made : sequence of Fix
        In the order in which they were made.
    schema : str
        How the schema is called in the code of the person who gave it.
    extra : mapping
        Further keywords → as code.
    """
    options, default = plan.options, {f.name: f.default for f in fields(plan.options)}
    given = {f.name: getattr(options, f.name) for f in fields(options) if f.name != "name"}
    told = {
        name: schema if name == "schema" else _Code(plan).of(_plain(name, value))
        for name, value in given.items()
        if type(value) is not type(default[name]) or value != default[name]
    }
    words = ", ".join([repr(options.name), *(f"{n}={value}" for n, value in {**told, **extra}.items())])
    return "\n".join([*(fix.code for fix in made), f"job = df.connect.create_reference_set({words})"])


def _plain(name: str, value: Any) -> Any:
    """Return an option's value as a person writes it."""
    if name == "notify" and len(value) == 1:
        return value[0]
    return list(value) if name in ("notify", "columns") or isinstance(value, Together) else value


@dataclass(frozen=True, slots=True)
class _Code:
    """Options as code, which names the columns of a plan's frame."""

    plan: ImportPlan

    def of(self, value: Any) -> str:
        if isinstance(value, Mapping):
            return f"{{{', '.join(f'{self._key(k)}: {v!r}' for k, v in value.items())}}}"
        if isinstance(value, list):
            return f"[{', '.join(map(self._label, value))}]"
        return self._label(value)

    def _key(self, label: Any) -> str:
        # A list cannot stand before a colon.
        return (
            f"({', '.join(map(self._label, label))})" if isinstance(label, Together) else self._label(label)
        )

    def _label(self, label: Any) -> str:
        """Return a label as code; where it cannot be written, or not found again by it, by its place in the frame."""
        code, labels = as_code(label), self.plan.columns
        place = {of: i for i, of in reversed([*enumerate(labels)])}.get(label)
        if place is None or _finds(code):
            return code
        index, columns = self.plan.frame.index.names, self.plan.frame.columns
        if place < len(labels) - len(columns):
            return f"df.index.names[{index.index(label)}]"
        if columns.dtype == "float64":  # which hands out another not-a-number each time: the name finds it
            return repr(str(label))
        return f"df.columns[{place - len(labels) + len(columns)}]"


def _finds(code: str) -> bool:
    """Whether a label's code runs where pandas is ``pd``, and finds the label: not a number is equal to none."""
    try:
        names = {node.id for node in ast.walk(ast.parse(code, mode="eval")) if isinstance(node, ast.Name)}
    except SyntaxError:  # as of a member of an Enum
        return False
    return names <= {"pd"} or (names <= {"pd", "float"} and "nan" not in code)
