"""Which column identifies the rows: candidates, the best of them, and what is said where none is clear."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from connect_pandas.data.columns import Labels
from connect_pandas.data.names import (
    CATEGORIES,
    DATES,
    ENTITY,
    IDENTIFIER,
    KEY,
    SHARED,
    UNTOLD,
    ZIPS,
    identifier_word,
    is_number_word,
    is_quantity,
    key_rank,
    says,
)
from connect_pandas.data.problems import Problem, argument, as_code, either, line, repaired
from connect_pandas.data.reading import looks_like

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator, Mapping, Sequence

    from connect_pandas.data.infer import Choices
    from connect_pandas.data.profile import Profile
    from connect_pandas.data.reading import Reading
    from connect_pandas.rules import AttributeType


_FREE_TEXT_BYTES: Final = 64
"""On average; a column of longer texts identifies nothing."""


def key_candidates(used: Mapping[int, Profile], read: Mapping[int, Reading]) -> tuple[int, ...]:
    """Return the positions of the columns that could be the key, best first; of twins of one label the first."""
    able: dict[Hashable, int] = {}
    for i, p in used.items():
        if _could_be_key(p, read[i]):
            able.setdefault(p.label, i)
    leading = next(iter(used), None)

    def place(i: int) -> tuple[int, bool]:
        rank = max(_key_rank(used[i]), ENTITY if _numbers_rows(used, i) else SHARED)
        # A number whose name says nothing is more likely a measure than anything else is.
        return SHARED - 1 if used[i].digits and rank < ENTITY else rank, i == leading

    return tuple(sorted(able.values(), key=place, reverse=True))


def _could_be_key(p: Profile, read: Reading) -> bool:
    return p.unique and p.complete and _could_identify(p, read.type)


def could_come_near(p: Profile, type_: AttributeType) -> bool:
    """Whether a column could be the key but for some rows; a number whose name says nothing is a measure."""
    numbers = p.kind in ("integer", "float") or p.digits
    return _could_identify(p, type_) and (not numbers or (p.digits and _key_rank(p) >= ENTITY))


def _could_identify(p: Profile, type_: AttributeType) -> bool:
    # A key that the user calls a DATE or BOOLEAN is no key; an integer that reads as NUMBER may well be one.
    if type_ not in ("TEXT", "NUMBER"):
        return False
    if (p.digits and says(p.name, DATES) and key_rank(p.name) <= UNTOLD) or looks_like(p):
        return False  # seconds since 1970, amounts with a currency
    if p.kind == "text" and not p.digits:
        short = p.text_bytes <= _FREE_TEXT_BYTES * max(1, p.present)
        return short and type_ == "TEXT"  # a number with a fraction identifies nothing
    return not is_quantity(p.name) and not p.name.isdecimal()  # as a column for each year is called


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


def choose_key(
    used: Mapping[int, Profile], read: Mapping[int, Reading], candidates: Sequence[int], choices: Choices
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
            fix=argument(f"key={as_code(used[rivals[0]].label)}", "if that is meant"),
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
    return Problem.of("unclear-key", message, fix=argument(f"key={as_code(labels[0])}"))


# ── what was to be the key ───────────────────────────────────────────────────────────────────────────────────────


def _nearly_key(
    used: Mapping[int, Profile], read: Mapping[int, Reading], candidates: Sequence[int]
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


def tells_order(name: str) -> bool:
    """Whether a date of this name may tell which of two rows is the later one: a birthday or an expiry does not."""
    return not says(name, _NO_ORDER)


_NO_ORDER: Final = frozenset(
    "birth birthday birthdate born dob geburt geb expiry expires expiration due valid".split()
)


def ways_out(label: Hashable, *, missing: int, repeated: int, by: Hashable | None) -> str:
    """Return the lines that leave out what keeps a column from being the key.

    Parameters
    ----------
    label : hashable
        The column.
    missing, repeated : int
        How many rows have no value; how many repeat that of another.
    by : hashable or None
        The label of a column of dates: of rows with one key the latest stays.
    """
    several = f"[{', '.join(map(as_code, label if isinstance(label, Labels) else [label]))}]"
    given = f"key={several if isinstance(label, Labels) else as_code(label)}"
    lines = []
    if missing:
        lines.append(
            repaired(
                f"columns=[], {given}, drop_without_key=True", f"leaves out {_rows(missing)} without one"
            )
        )
    if repeated and by is not None:
        lines.append(
            repaired(
                f"columns=[], {given}, keep_last={as_code(by)}", f"keeps the latest of each: {_go(repeated)}"
            )
        )
    elif repeated:
        lines.append(
            line(
                f"df = df.drop_duplicates(subset={several}, keep='last')",
                f"keeps the last of each: {_go(repeated)}",
            )
        )
    return "\n".join(lines)


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _go(count: int) -> str:
    return f"{_rows(count)} {'goes' if count == 1 else 'go'}"


def _put_right(p: Profile) -> str:
    return ways_out(p.label, missing=p.missing, repeated=p.repeated or 0, by=None)


def _taken_over(nearly: Profile, best: Profile) -> Problem:
    return Problem.of(
        "unclear-key",
        f"It looks like the key, but {_lacks(nearly)}; {best.label!r} has a different value in every row, but does "
        "not look like the key.",
        column=nearly.name,
        count=(nearly.repeated or 0) + nearly.missing,
        fix=either(_put_right(nearly), argument(f"key={as_code(best.label)}", "if that identifies the rows")),
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
            fix=either(_put_right(p), last),
        )
    return Problem.of(
        "no-key",
        "No column identifies the rows: none that could is complete and has a different value in every row. "
        "Quantities and dates are not taken for keys.",
        fix=either(argument('key="…"', "says what is wrong with a column"), last),
    )


def numbering(labels: Sequence[Hashable]) -> str:
    """Return the line that numbers the rows, and what that means."""
    name = "Row ID"
    while name in labels:
        name += " 2"
    said = (
        "numbers the rows, the last way out: every row is imported, repeated ones too,\n"
        "# and its number finds it again only as long as no row before it comes or goes"
    )
    return line(f'df = df.reset_index(drop=True).reset_index(names="{name}")', said)


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
        fix=f"df = df.rename(columns={{{as_code(meant)}: {as_code(lost)}}})"
        if close
        else argument('key="…"', "or change the schema"),
    )
