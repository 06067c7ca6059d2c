"""Attributes as a Pandera schema, and a user's Pandera schema as choices about attributes.

The checks are registered with Pandera under names that begin with ``connect_``, so a schema prints, saves and reloads
with them. Each asks the same predicate as the profile, over the same slices.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pandera.pandas as pa
import polars as pl
from pandera import extensions
from pandera.errors import SchemaErrors

from connect_pandas import rules
from connect_pandas.data.columns import SURROGATE_MARK, Columns, column_of, is_missing
from connect_pandas.data.infer import Attribute, Attributes, Choices
from connect_pandas.data.notations import READ_FORMATS
from connect_pandas.data.problems import Problem, Row
from connect_pandas.data.profile import SHOWN_ROWS, TYPED, predicates, tally
from connect_pandas.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connect_pandas.data.profile import Predicate
    from connect_pandas.rules import AttributeType, DateFormat

METADATA: Final = "connect"
"""The key in a Pandera column's ``metadata`` under which ``type``, ``key`` and ``name`` of its attribute stand."""

# ── checks ───────────────────────────────────────────────────────────────────────────────────────────────────────


Bad = Callable[[pl.DataType], "Predicate"]
"""From the dtype of a slice to the question that no value may answer with yes."""


def _holds(series: pd.Series[Any], bad: Bad) -> bool | pd.Series[bool]:
    """Return ``True`` when no value is bad, else for each value whether it is good."""
    column = column_of(series.name, series)
    if column.kind == "empty":
        return True
    masks = [
        part.select(bad(part.schema["0"])(pl.col("0")).fill_null(value=False)).to_series()
        for part in Columns((column,), series.index).slices([0])
    ]
    if not any(mask.any() for mask in masks):
        return True
    return pd.Series(~pl.concat(masks).to_numpy(), index=series.index)


def _unless(reading: str) -> Bad:
    return lambda _: lambda c: (c != "") & ~TYPED[reading](c)


_NOT_IN_A_TEXT: Final = f"{rules.LINE_BREAK}|{rules.CONTROL_CHARACTER}|{SURROGATE_MARK}"


def _text(series: pd.Series[Any]) -> Any:
    return _holds(series, lambda _: lambda c: c.str.contains(_NOT_IN_A_TEXT))


def _number(series: pd.Series[Any]) -> Any:
    return _holds(series, _unless("NUMBER"))


def _boolean(series: pd.Series[Any]) -> Any:
    return _holds(series, _unless("BOOLEAN"))


def _date(series: pd.Series[Any], *, form: str) -> Any:
    return _holds(series, _unless(form))


def _finite(series: pd.Series[Any]) -> Any:
    return _holds(series, lambda dtype: predicates("float", dtype)["infinite-number"])


def _year(series: pd.Series[Any]) -> Any:
    return _holds(series, lambda dtype: predicates("date", dtype)["year-out-of-range"])


def _midnight(series: pd.Series[Any]) -> Any:
    return _holds(series, lambda dtype: predicates("naive", dtype)["time"])


def _filled(series: pd.Series[Any]) -> Any:
    return _holds(series, lambda _: lambda c: c == "")


def _attribute(series: pd.Series[Any], *, type: str, key: bool, attribute: str) -> Any:  # noqa: A002
    return True  # holds what the metadata holds, which Pandera does not save


def _possible(series: pd.Series[Any], *, type: str) -> Any:  # noqa: A002 - as the service names it
    return bool(series.isna().all())


_CHECKS: Final[dict[str, tuple[Callable[..., Any], list[str]]]] = {
    "connect_text": (_text, []),
    "connect_number": (_number, []),
    "connect_boolean": (_boolean, []),
    "connect_date": (_date, ["form"]),
    "connect_finite": (_finite, []),
    "connect_year": (_year, []),
    "connect_midnight": (_midnight, []),
    "connect_filled": (_filled, []),
    "connect_possible": (_possible, ["type"]),
    "connect_attribute": (_attribute, ["type", "key", "attribute"]),
}
"""Name → the check and its parameters."""


def _register() -> None:
    make: Any = extensions.register_check_method
    for name, (check, statistics) in _CHECKS.items():
        if name not in pa.Check.REGISTERED_CUSTOM_CHECKS:
            check.__name__ = name
            make(check, statistics=statistics, supported_types=pd.Series)


_register()


_ERRORS: Final = {
    "connect_text": "one line of text without control characters",
    "connect_number": "plain decimal numbers",
    "connect_boolean": "TRUE or FALSE",
    "connect_date": "dates of one format",
    "connect_finite": "finite numbers",
    "connect_year": "years of four digits",
    "connect_midnight": "days without a time",
    "connect_filled": "texts that are not empty",
    "connect_attribute": "an attribute",
    "connect_possible": "what an attribute of its type can hold",
}
"""What each check asks for, in words."""
_OURS: Final = frozenset(_ERRORS.values())
_OF_THE_PASS: Final = _OURS | {"field_uniqueness", "not_nullable"}
"""Failures that the column pass finds as well, and words better."""


# ── attributes → schema ──────────────────────────────────────────────────────────────────────────────────────────


def build(columns: Columns, attributes: Attributes, *, values: bool = True) -> pa.DataFrameSchema:
    """Return the Pandera schema that a frame of these attributes keeps to.

    Parameters
    ----------
    columns : Columns
        The frame's; their dtypes are the schema's.
    attributes : Attributes
    values : bool
        Whether it looks at every value; else at dtypes, names and missing values only, for a frame whose values the
        column pass has just found to be good by the same predicates.
    """
    named = sum(name is not None for name in columns.index.names)
    together = next((list(a.column) for a in attributes if columns.items[a.position].parts), None)  # type: ignore[call-overload]
    fields = {
        a.column: _field(pa.Column, columns, a, attributes, values=values)
        for a in attributes
        if a.position >= named and not columns.items[a.position].parts
    }
    levels = [
        _field(pa.Index, columns, a, attributes, values=values) for a in attributes if a.position < named
    ]
    index = None
    if levels:
        index = pa.MultiIndex(levels, ordered=False) if columns.index.nlevels > 1 else levels[0]
    return pa.DataFrameSchema(
        fields,
        index=index,
        unique=together if values and together and set(together) <= fields.keys() else None,
        metadata={METADATA: {"date_format": attributes.date_format}},
    )


def _field(make: Any, columns: Columns, a: Attribute, attributes: Attributes, *, values: bool) -> Any:
    return make(
        columns.items[a.position].series.dtype,
        checks=list(_checks(a, attributes)) if values else [],
        nullable=not a.key,
        unique=values and a.key,
        name=a.column,
        metadata={METADATA: {"type": a.type, "key": a.key, "name": a.name}},
        title=f"{a.type}{' key' if a.key else ''}",
        description=a.reason,
    )


_KINDS: Final[dict[AttributeType, tuple[str, ...]]] = {
    "TEXT": ("text", "integer", "float", "decimal", "boolean", "date", "naive", "aware", "empty"),
    "NUMBER": ("integer", "float", "decimal", "text", "empty"),
    "BOOLEAN": ("boolean", "text", "empty"),
    "DATE": ("date", "naive", "aware", "text", "empty"),
}


def _checks(a: Attribute, attributes: Attributes) -> Iterator[pa.Check]:
    yield _check("connect_attribute", type=a.type, key=a.key, attribute=a.name)
    if a.kind not in _KINDS[a.type]:
        yield _check("connect_possible", type=a.type)
    elif a.kind == "text":
        yield _check("connect_text")
        if a.type == "NUMBER":
            yield _check("connect_number")
        elif a.type == "BOOLEAN":
            yield _check("connect_boolean")
        elif a.type == "DATE":
            yield _check("connect_date", form=(a.written_as or rules.TIMESTAMP).pattern)
        if a.key:
            yield _check("connect_filled")
    elif a.kind == "float":
        yield _check("connect_finite")
    elif a.kind in ("date", "naive", "aware"):
        yield _check("connect_year")
        days = attributes.form is not None and not attributes.form.has_time
        if a.type == "DATE" and days and a.kind != "date":
            yield _check("connect_midnight")


def _check(name: str, **statistics: Any) -> pa.Check:
    # Missing values are the column's affair (nullable), and Pandera would copy the column to leave them out.
    made: pa.Check = getattr(pa.Check, name)(ignore_na=False, error=_ERRORS[name], **statistics)
    return made


# ── a user's schema → choices ────────────────────────────────────────────────────────────────────────────────────


def as_schema(schema: Any) -> pa.DataFrameSchema:
    """Return a ``DataFrameSchema`` from one, from a ``DataFrameModel``, or from the file that one was saved to.

    Raises
    ------
    PlanError
        When it is none of these, or the file cannot be read.
    """
    if isinstance(schema, str | os.PathLike):
        return _from_file(Path(schema).expanduser())
    if isinstance(schema, pa.DataFrameSchema):
        return schema
    if isinstance(schema, type) and issubclass(schema, pa.DataFrameModel):
        return schema.to_schema()
    raise PlanError(
        "schema= takes a pandera.pandas DataFrameSchema or DataFrameModel, or the path of a saved one; "
        f"this is {type(schema).__qualname__}."
    )


def _from_file(path: Path) -> pa.DataFrameSchema:
    load = pa.DataFrameSchema.from_json if path.suffix == ".json" else pa.DataFrameSchema.from_yaml
    try:
        path.open().close()
        made = load(path)
        if not made.columns and made.index is None and not made.checks:
            raise ValueError("it names no columns")
        return made
    except OSError as error:
        raise PlanError(f"The schema {path} cannot be read: {error.strerror or error}.") from None
    except Exception as error:  # whatever a YAML or JSON reader, or Pandera, makes of another text
        raise PlanError(f"{path} holds no schema that Pandera reads: {error}") from error


def choices(schema: pa.DataFrameSchema, columns: Columns) -> Choices:
    """Return what a schema decides: types from dtypes, the key from ``unique``, the rest from ``metadata``.

    Pandera does not save ``metadata``: in a schema that was loaded the checks ``connect_attribute`` and
    ``connect_date`` say the same.

    Raises
    ------
    PlanError
        When the ``metadata`` says something that no attribute can be: all of it at once.
    """
    types: dict[int, AttributeType] = {}
    names: dict[int, str] = {}
    held: dict[int, DateFormat] = {}
    keys: list[tuple[Any, int | None]] = []
    wrong: list[str] = []
    for label, field in _fields(schema):
        told = (field.metadata or {}).get(METADATA) or _saved_metadata(field)
        if problems := list(_wrong_metadata(label, told)):
            wrong += problems
            continue
        position = columns.find(label)
        if told.get("key", field.unique or schema.unique == [label]):
            keys.append((label, position))
        if position is None:
            continue
        if type_ := told.get("type") or _type_of(field):
            types[position] = type_
        if "name" in told:
            names[position] = told["name"]
        if form := _form(field):
            held[position] = form
    if wrong:
        raise PlanError("\n".join(wrong))
    # Several unique columns say nothing about which of them is the key.
    label, key = keys[0] if len(keys) == 1 else (None, None)
    return Choices(
        key=key,
        types=types,
        names=names,
        by_schema=frozenset(types) | (frozenset() if key is None else {key}),
        lost_key=label if key is None else None,
        held=held,
    )


def _saved(field: Any, name: str) -> dict[str, Any]:
    """Return what a check of that name was given, or nothing."""
    return next((dict(check.statistics or {}) for check in field.checks if check.name == name), {})


def _saved_metadata(field: Any) -> dict[str, Any]:
    saved = _saved(field, "connect_attribute")
    # Pandera has a use of its own for a parameter called name.
    return {{"attribute": "name"}.get(k, k): v for k, v in saved.items()}


def _form(field: Any) -> DateFormat | None:
    pattern = _saved(field, "connect_date").get("form")
    return next((form for form in READ_FORMATS if form.pattern == pattern), None)


def _wrong_metadata(label: Any, told: Any) -> Iterator[str]:
    where = f'The schema\'s metadata["{METADATA}"] of {label!r}'
    if not isinstance(told, dict):
        yield f'{where} is {told!r}; a dict is needed, as in {{"type": "TEXT"}}.'
        return
    if unknown := [k for k in told if k not in ("type", "key", "name")]:
        yield f'{where} has {", ".join(map(repr, unknown))}; known are "type", "key" and "name".'
    if "type" in told and told["type"] not in rules.ATTRIBUTE_TYPES:
        yield f"{where} has the type {told['type']!r}; a type is one of {', '.join(rules.ATTRIBUTE_TYPES)}."
    if "name" in told and not isinstance(told["name"], str):
        yield f"{where} has the name {told['name']!r}; a name is text."


def _fields(schema: pa.DataFrameSchema) -> Iterator[tuple[Any, Any]]:
    levels = getattr(schema.index, "indexes", None) or ([schema.index] if schema.index is not None else [])
    yield from ((level.name, level) for level in levels)
    yield from schema.columns.items()


_TEXT_DTYPES: Final = ("str", "string", "large_string", "category")


def _type_of(field: Any) -> AttributeType | None:
    """Return the type that a check of this package, or else a dtype, decides: that of text.

    Numbers, booleans and dates are what they are without a schema, and whether whole numbers are quantities or
    identifiers no dtype says.
    """
    for check, type_ in _TYPED.items():
        if any(c.name == check for c in field.checks):
            return type_
    return "TEXT" if str(field.dtype).lower().startswith(_TEXT_DTYPES) else None


_TYPED: Final[dict[str, AttributeType]] = {
    "connect_number": "NUMBER",
    "connect_boolean": "BOOLEAN",
    "connect_date": "DATE",
}


# ── a schema's verdict ───────────────────────────────────────────────────────────────────────────────────────────


def failures(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> pd.DataFrame | None:
    """Return Pandera's failure cases, or ``None`` when the frame keeps to the schema.

    Returns
    -------
    DataFrame or None
        Pandera's columns, and one more: the ``position`` of the row, -1 where it is of no row in particular.
    """
    index = frame.index
    if index.is_unique and index.nlevels == 1 and not index.hasnans:
        cases = _cases(schema, frame)
        return None if cases is None else cases.assign(position=_places(cases, index))
    found = [c for c in (_by_place(schema, frame), _by_label(schema, frame)) if c is not None]
    if not found:
        return None
    # By place first: what both find is kept once, where it is.
    said = set(zip(found[0]["column"], found[0]["check"], strict=True))
    more = [c[[pair not in said for pair in zip(c["column"], c["check"], strict=True)]] for c in found[1:]]
    return pd.concat([found[0], *(c for c in more if len(c))], ignore_index=True)


def _by_place(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> pd.DataFrame | None:
    """Return the failures of the columns alone.

    Labels that repeat, have levels or are missing do not find a row, and Pandera drops or mixes up such failures.
    """
    columns = copy.copy(schema)
    columns.index = None
    cases = _cases(columns, frame.set_axis(pd.RangeIndex(len(frame))))
    if cases is None:
        return None
    position = cases["index"].fillna(-1).astype("int64")
    labels = [frame.index[p] if p >= 0 else None for p in position]
    return cases.assign(index=pd.Series(labels, index=cases.index, dtype=object), position=position)


def _by_label(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> pd.DataFrame | None:
    """Return the failures of the frame as it is: those of its index, and of checks that look at the index."""
    whole = copy.copy(schema)
    whole.unique = None  # which Pandera cannot tell of labels that repeat
    cases = _cases(whole, frame)
    return None if cases is None else cases.assign(position=_places(cases, frame.index))


def _places(cases: pd.DataFrame, index: pd.Index[Any]) -> Any:
    """Return the position of the row of each case: of two with one label, its first and its second row."""
    # Pandera writes a label of several levels as text, and whole numbers among missing labels as floats.
    labels = index.map(str) if index.nlevels > 1 else index
    rows = pd.DataFrame({"index": pd.Series(labels.tolist(), dtype=object)}).rename_axis("position").dropna()
    rows["nth"] = rows.groupby("index").cumcount()
    asked = cases[["column", "check", "index"]].astype({"index": object})
    asked["nth"] = asked.groupby(["column", "check", "index"], dropna=False).cumcount()
    found = asked.merge(rows.reset_index(), how="left", on=["index", "nth"])
    return found["position"].fillna(-1).astype("int64").to_numpy()


def _cases(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> pd.DataFrame | None:
    try:
        # In place on a shallow copy: Pandera's own copy would hold all of the data twice.
        schema.validate(frame.copy(deep=False), lazy=True, inplace=True)
    except SchemaErrors as error:
        cases: pd.DataFrame = error.failure_cases
        return cases
    return None


def problems(
    cases: pd.DataFrame,
    columns: Columns,
    known: Sequence[Problem] = (),
    *,
    limit: int | None = SHOWN_ROWS,
) -> Iterator[Problem]:
    """Yield Pandera's failure cases as problems, one a column and check.

    Parameters
    ----------
    cases : DataFrame
        From :func:`failures`.
    columns : Columns
    known : sequence of Problem
        What the column pass has found: it is not said again in Pandera's words.
    limit : int or None
        How many rows a problem shows; ``None`` for all.
    """
    wrong = {p.column for p in known if p.severity == "error"}
    untyped = {p.column for p in known if p.code in ("not-a-number", "not-a-boolean", "not-a-date")}
    lost = {p.column for p in known if p.code == "schema"}
    drifted: set[str | None] = set()
    for (column, check), group in cases.groupby(["column", "check"], dropna=False, sort=False):
        name = None if is_missing(column) else str(column)
        if re.match(r"(?:coerce_)?dtype\(", str(check)):
            if name in untyped or _are_integers_as_floats(str(check), columns, column):
                continue
            drifted.add(name)  # of which our own checks, made for another dtype, can say nothing
        elif (name in wrong and check in _OF_THE_PASS) or (name in drifted and check in _OURS):
            continue
        if check == "column_in_dataframe":
            group = group[~group["failure_case"].astype(str).isin(lost)]
            if group.empty:
                continue
        message, fix = _in_words(str(check), group["failure_case"].tolist(), column)
        rows = list(_rows(group, columns, limit))
        yield Problem.of("schema", message, column=name, count=len(group), rows=rows, fix=fix)


def _are_integers_as_floats(check: str, columns: Columns, column: Any) -> bool:
    """Whether integers are asked for and are there, made floats by a missing value now or before.

    They are written as integers are; whether values may be missing is the affair of ``nullable``.
    """
    position = columns.find(column)
    if position is None or not re.search(r"\b[Uu]?[Ii]nt[0-9]+\b", check):
        return False
    if columns.items[position].kind != "float":
        return False
    return not tally(columns, position, lambda c: c.floor() != c)


def _in_words(check: str, cases: Sequence[Any], column: Any) -> tuple[str, str]:
    """Return what a check says, and what to do."""
    labels = ", ".join(map(repr, dict.fromkeys(cases)))
    of_index = is_missing(column)
    place = "df.index" if of_index else f"df[{column!r}]"
    match check:
        case "column_in_dataframe":
            return (
                f"The schema asks for {labels}, which the frame does not have.",
                f'df = df.rename(columns={{"…": {cases[0]!r}}})   # or add it, or change the schema',
            )
        case "column_in_schema":
            return f"The schema, being strict, does not allow {labels}.", f"df = df.drop(columns=[{labels}])"
        case "field_uniqueness":
            return (
                "The schema asks for values that differ.",
                "df = df[~df.index.duplicated()]   # or change the schema"
                if of_index
                else f"df = df.drop_duplicates(subset=[{column!r}])   # or change the schema",
            )
        case "not_nullable":
            return (
                "The schema asks for a value in every row.",
                "df = df[df.index.notna()]   # or change the schema"
                if of_index
                else f"df = df.dropna(subset=[{column!r}])   # or change the schema",
            )
        case "nan":
            return (
                f"The frame does not have the shape that the schema asks for: {labels}.",
                "df = df.set_index(…)   # or change the schema",
            )
    if asked := re.fullmatch(r"dtype\('([^']+)'\)", check):
        return (
            f"The schema asks for {check}; the values are {labels}.",
            f"{place} = {place}.astype({asked[1]!r})   # or change the schema",
        )
    raised = f" ({cases[0]})" if isinstance(cases[0], str) and "Error(" in cases[0] else ""
    return (
        f"The schema asks for {check}{raised}.",
        f"{place} = …   # values that keep to it; or change the schema, if it asks too much",
    )


def _rows(group: pd.DataFrame, columns: Columns, limit: int | None) -> Iterator[Row]:
    placed = group[group["position"] >= 0].iloc[:limit]
    for position, value in zip(placed["position"].tolist(), placed["failure_case"].tolist(), strict=True):
        yield Row(*columns.row(position), value)
