"""A look at a frame: what its columns hold, what becomes of them, and everything that is wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from connect_pandas._options import choices, options
from connect_pandas.data.check import check, offending_rows
from connect_pandas.data.columns import read
from connect_pandas.data.infer import Attributes, Choices, infer
from connect_pandas.data.problems import errors, ordered, tell
from connect_pandas.data.profile import SHOWN_ROWS, profile
from connect_pandas.errors import ValidationError, warn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pandas as pd

    from connect_pandas._options import Options
    from connect_pandas.data.columns import Columns
    from connect_pandas.data.problems import Problem
    from connect_pandas.data.profile import Profile


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen of a frame. The frame is held as it was then."""

    frame: pd.DataFrame
    columns: Columns
    profiles: tuple[Profile, ...]
    attributes: Attributes
    schema: Any = None
    found: tuple[Problem, ...] = ()
    """What the column pass found, before Pandera."""

    @property
    def plain(self) -> tuple[Columns, tuple[Profile, ...]]:
        """The frame's own columns and their profiles, without one that was put together."""
        own = tuple(c for c in self.columns.items if not c.parts)
        return replace(self.columns, items=own), self.profiles[: len(own)]

    def failure_cases(self) -> pd.DataFrame:
        """Return one row a failing value, in Pandera's columns: of the attributes' schema and of the user's."""
        from connect_pandas.data import schema as pandera
        from connect_pandas.data import verdict

        schemas = [pandera.build(self.columns, self.profiles, self.attributes)]
        if self.schema is not None:
            schemas.append(self.schema)
        return verdict.all_failures(schemas, self.frame)

    def rows(self) -> pd.DataFrame:
        """Return the offending rows as they are in the frame, with one more column that says what is wrong."""
        found = offending_rows(self.columns, self.profiles, self.attributes)
        said: dict[int, str] = dict(zip(found.index.tolist(), found, strict=True))
        for p in _by_pandera(self, limit=None):
            where = "index" if p.column is None else p.column
            for row in dict.fromkeys(r.position for r in p.rows):
                said[row] = "; ".join([*([said[row]] if row in said else []), f"{where}: {p.code}"])
        at = sorted(said)
        name = "errors"
        while name in self.frame.columns or name in self.frame.index.names:
            name += "_"
        rows = self.frame.iloc[at].copy()
        levels = rows.columns.nlevels
        rows[name if levels == 1 else (name, *[""] * (levels - 1))] = [said[i] for i in at]
        return rows


def first_look(
    frame: pd.DataFrame, given: Mapping[str, Any], told: Callable[[int], None] | None = None
) -> tuple[Options, Look]:
    """Read a frame, settle what is given beside it, and look; tell how many values have been looked at.

    Raises
    ------
    PlanError
        When it is no frame, or options cannot be: all of them at once.
    """
    import pandas as pd

    columns = read(frame)
    settled = options(given, columns)  # before the long look at the data
    held = pd.DataFrame(frame)  # a later change of the caller's does not reach it
    return settled, look(
        held, columns, profile(columns, told=told), choices(settled, columns), settled.schema
    )


def look(
    frame: pd.DataFrame, columns: Columns, profiles: tuple[Profile, ...], choices: Choices, schema: Any = None
) -> Look:
    """Decide the attributes and find every problem: by the column pass, then by Pandera."""
    if choices.together:
        columns = columns.joined(choices.together)
        profiles = (*profiles, *profile(columns, [len(profiles)]))
    attributes = infer(profiles, choices, columns.problems)
    found = check(columns, profiles, attributes)
    seen = Look(frame, columns, profiles, attributes, schema, found)
    return replace(seen, attributes=replace(attributes, problems=ordered([*found, *_by_pandera(seen)])))


def _by_pandera(seen: Look, limit: int | None = SHOWN_ROWS) -> Iterator[Problem]:
    """Yield what Pandera finds beyond the column pass: by the user's schema, then by that of the attributes."""
    from connect_pandas.data import schema as pandera
    from connect_pandas.data import verdict

    known = list(seen.found)
    if seen.schema is not None and (cases := verdict.failures(seen.schema, seen.frame)) is not None:
        known += verdict.problems(cases, seen.columns, known, limit=limit)
    if not errors(known):
        # The contract has the last word, but does not look again at values that have just been found good.
        own = pandera.build(seen.columns, seen.profiles, seen.attributes, values=False)
        cases = verdict.failures(own, seen.frame)
        known += [] if cases is None else verdict.problems(cases, seen.columns, known, limit=limit)
    yield from known[len(seen.found) :]


def require_ok(seen: Look, problems: Sequence[Problem]) -> None:
    """Raise when one of the problems is an error; warn of what the file will hold otherwise than the frame.

    Raises
    ------
    ValidationError
        With all problems at once.
    """
    wrong = errors(problems)
    if wrong:
        count = "1 thing stands" if len(wrong) == 1 else f"{len(wrong)} things stand"
        raise ValidationError(
            f"{count} in the way of the import; nothing was sent.\n{tell(wrong)}",
            problems,
            failure_cases=seen.failure_cases,
            rows=seen.rows,
        )
    if told := [p for p in problems if p.severity == "warning"]:
        warn("Worth a look before it is sent:\n" + tell(told))
