"""Attributes as a Pandera schema, and a user's Pandera schema as choices about attributes.

The checks are registered with Pandera under names that begin with ``connect_``, so a schema prints, saves and reloads
with them. Each asks the same predicate as the profile, over the same slices.

What Pandera does not save (``metadata``) or cannot load (some dtypes) is held by checks as well.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
import pandera.pandas as pa
import polars as pl
import pyarrow
from pandera import extensions
from pandera.engines.pandas_engine import Engine

from connect_pandas import rules
from connect_pandas.data import notations, phones
from connect_pandas.data.check_dates import mostly_written_as
from connect_pandas.data.check_values import KINDS, are_phones
from connect_pandas.data.columns import SURROGATE_MARK, Columns, column_of, is_missing, read
from connect_pandas.data.infer import Attribute, Attributes, Choices
from connect_pandas.data.profile import (
    TIMES,
    TYPED,
    all_repeats,
    locate,
    predicates,
    told,
    told_as_numbers,
)
from connect_pandas.data.saved import load
from connect_pandas.data.subject import Subject
from connect_pandas.errors import PlanError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connect_pandas.data.columns import Kind
    from connect_pandas.data.profile import Predicate, Profile
    from connect_pandas.rules import AttributeType, DateFormat

METADATA: Final = "connect"
"""The key in Pandera's ``metadata`` under which stand a column's ``type``, ``key`` and ``name``, and in that of the
whole schema ``date_format``, ``key`` (of several columns) and ``key_name``."""

# ── checks ───────────────────────────────────────────────────────────────────────────────────────────────────────


Bad = Callable[[pl.DataType], "Predicate"]
"""From the dtype of a slice to the question that no value may answer with yes."""


def _holds(series: pd.Series[Any], bad: Bad, kinds: Sequence[Kind]) -> bool | pd.Series[bool]:
    """Return ``True`` when no value is bad, else for each value whether it is good; ``False`` where none can be."""
    column = column_of(series.name, series)
    if column.kind == "empty":
        return True
    if column.kind not in kinds:
        return False
    masks = [
        part.select(bad(part.schema["0"])(pl.col("0")).fill_null(value=False)).to_series()
        for part in Columns((column,), series.index).slices([0])
    ]
    if not any(mask.any() for mask in masks):
        return True
    return pd.Series(~pl.concat(masks).to_numpy(), index=series.index)


def _unless(reading: str) -> Bad:
    return lambda _: lambda c: (c != "") & ~TYPED[reading](c)


_NUMBERS: Final[tuple[Kind, ...]] = ("float", "integer", "decimal")
_TEMPORAL: Final[tuple[Kind, ...]] = ("date", "naive", "aware")


_NOT_IN_A_TEXT: Final = f"{rules.LINE_BREAK}|{rules.CONTROL_CHARACTER}|{SURROGATE_MARK}"


def _text(series: pd.Series[Any]) -> Any:
    return _holds(series, lambda _: lambda c: c.str.contains(_NOT_IN_A_TEXT), ("text",))


def _number(series: pd.Series[Any]) -> Any:
    return _holds(series, _unless("NUMBER"), ("text",))


def _boolean(series: pd.Series[Any]) -> Any:
    return _holds(series, _unless("BOOLEAN"), ("text",))


def _date(series: pd.Series[Any], *, form: str) -> Any:
    return _holds(series, _unless(form), ("text",))


def _finite(series: pd.Series[Any]) -> Any:
    return _holds(series, lambda dtype: predicates("float", dtype)["infinite-number"], _NUMBERS)


def _year(series: pd.Series[Any]) -> Any:
    return _holds(series, lambda dtype: predicates("date", dtype)["year-out-of-range"], _TEMPORAL)


def _midnight(series: pd.Series[Any]) -> Any:
    def has_time(dtype: pl.DataType) -> Predicate:
        return TIMES["time"] if dtype == pl.String else predicates("naive", dtype)["time"]

    return _holds(series, has_time, ("text", "naive", "aware"))


def _phone(series: pd.Series[Any]) -> Any:
    return _holds(series, lambda _: phones.is_not_e164, (*_NUMBERS, "text"))


def _filled(series: pd.Series[Any]) -> Any:
    return _holds(series, lambda _: lambda c: c == "", ("text",))


def _distinct(series: pd.Series[Any], *, type: str) -> Any:  # noqa: A002 - as the service names it
    """Find the repeats that only the file has: ``1`` and ``1.0``, two times within one second."""
    column = column_of(series.name, series)
    as_told = told_as_numbers if column.kind == "text" and type == "NUMBER" else told
    found = all_repeats(Columns((column,), series.index), 0, as_told)
    return _all_but(found, series.index) | series.duplicated(keep=False)


def _together(frame: pd.DataFrame, *, columns: list[Any], attribute: str) -> Any:
    """Find the rows whose key of several columns is not complete, or is repeated beyond what Pandera sees."""
    held = read(frame)
    places = [held.find(_label(label)) for label in columns]
    positions = [place for place in places if place is not None]
    if len(positions) < len(columns):
        return True  # said by the columns themselves
    joined = held.joined(positions)
    last = len(joined.items) - 1
    missing = locate(joined, last, lambda c: c.is_null() | (c == ""), limit=None)
    good = _all_but([*all_repeats(joined, last), *missing], frame.index)
    if set(columns) <= set(frame.columns):
        good |= frame.duplicated(subset=columns, keep=False) & ~_all_but(missing, frame.index)
    parts = [label for label in columns if label in frame.columns]
    # Pandera cannot take values out of a sparse column, and names all columns then.
    if good.all() or not parts or any(isinstance(dtype, pd.SparseDtype) for dtype in frame.dtypes):
        return good
    return pd.DataFrame({label: good if label in parts else True for label in frame.columns})


def _all_but(positions: Any, index: pd.Index[Any]) -> pd.Series[bool]:
    good = np.ones(len(index), dtype=np.bool_)
    good[np.asarray(positions, dtype=np.int64)] = False
    return pd.Series(good, index=index, dtype="bool")


def _label(label: Any) -> Hashable:
    """Return a label as it was before YAML or JSON made a list of a tuple."""
    return tuple(map(_label, label)) if isinstance(label, list) else label


def _dtype_is(series: pd.Series[Any], *, dtype: str) -> Any:
    return str(series.dtype) == dtype


def _attribute(series: pd.Series[Any], *, type: str, key: bool, attribute: str) -> Any:  # noqa: A002
    return True  # holds what the metadata holds, which Pandera does not save


def _file(frame: pd.DataFrame, *, date_format: str) -> Any:
    return True  # as _attribute, of the whole frame


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
    "connect_phone": (_phone, []),
    "connect_filled": (_filled, []),
    "connect_distinct": (_distinct, ["type"]),
    "connect_together": (_together, ["columns", "attribute"]),
    "connect_dtype": (_dtype_is, ["dtype"]),
    "connect_possible": (_possible, ["type"]),
    "connect_attribute": (_attribute, ["type", "key", "attribute"]),
    "connect_file": (_file, ["date_format"]),
}
"""Name → the check and its parameters."""
_OF_THE_FRAME: Final = frozenset({"connect_together", "connect_file"})


def _register() -> None:
    make: Any = extensions.register_check_method
    for name, (check, statistics) in _CHECKS.items():
        if name not in pa.Check.REGISTERED_CUSTOM_CHECKS:
            check.__name__ = name
            asked = pd.DataFrame if name in _OF_THE_FRAME else pd.Series
            make(check, statistics=statistics, supported_types=asked)


_register()


ERRORS: Final = {
    "connect_text": "one line of text without control characters",
    "connect_number": "plain decimal numbers",
    "connect_boolean": "TRUE or FALSE",
    "connect_date": "dates of one format",
    "connect_finite": "finite numbers",
    "connect_year": "years of four digits",
    "connect_midnight": "days without a time",
    "connect_phone": "phone numbers as +4915112345678",
    "connect_filled": "texts that are not empty",
    "connect_distinct": "values that differ in the file",
    "connect_together": "columns that identify the rows together",
    "connect_attribute": "an attribute",
    "connect_file": "a file",
    "connect_possible": "what an attribute of its type can hold",
}
"""What each check asks for, in words."""

# ── attributes → schema ──────────────────────────────────────────────────────────────────────────────────────────


VIEWS: Final = pd.ArrowDtype(pyarrow.string_view())
"""Texts that pandas holds and cannot take out one by one."""


def build(
    columns: Columns, profiles: Sequence[Profile], attributes: Attributes, *, values: bool = True
) -> pa.DataFrameSchema:
    """Return the Pandera schema that a frame of these attributes keeps to.

    Parameters
    ----------
    columns : Columns
        The frame's; their dtypes are the schema's.
    profiles : sequence of Profile
        One a column of the frame, in order.
    attributes : Attributes
    values : bool
        Whether it looks at every value; else at dtypes, names and missing values only, for a frame whose values the
        column pass has just found to be good by the same predicates.
    """
    named = sum(name is not None for name in columns.index.names)
    joint = next((a for a in attributes if columns.items[a.position].parts), None)
    fields, levels = {}, []
    for a in attributes:
        if a is not joint and not is_missing(a.column):  # without a name it is no column to Pandera
            made = _field(
                columns, profiles[a.position], a, attributes, values=values, level=a.position < named
            )
            if a.position < named:
                levels.append(made)
            else:
                fields[a.column] = made
    index = None
    if levels:
        index = pa.MultiIndex(levels, ordered=False) if columns.index.nlevels > 1 else levels[0]
    together = [] if joint is None else [part.label for part in columns.items[joint.position].parts]
    return pa.DataFrameSchema(
        fields,
        checks=list(_frame_checks(together, joint, attributes)) if values else [],
        index=index,
        unique=together if values and together and set(together) <= fields.keys() else None,
        metadata={METADATA: _frame_metadata(together, joint, attributes)},
    )


def _frame_metadata(
    together: list[Hashable], joint: Attribute | None, attributes: Attributes
) -> dict[str, Any]:
    told: dict[str, Any] = {"date_format": attributes.date_format}
    return told if joint is None else {**told, "key": together, "key_name": joint.name}


def _frame_checks(
    together: list[Hashable], joint: Attribute | None, attributes: Attributes
) -> Iterator[pa.Check]:
    if joint is not None:
        yield _check("connect_together", columns=together, attribute=joint.name)
    if attributes.date_format is not None:
        yield _check("connect_file", date_format=attributes.date_format)


def _field(
    columns: Columns, p: Profile, a: Attribute, attributes: Attributes, *, values: bool, level: bool
) -> Any:
    dtype, checks = _dtype(columns.items[a.position].series.dtype)
    if values:
        checks += _checks(Subject(columns, p, a), attributes)
    make: Any = pa.Index if level else pa.Column
    return make(
        dtype,
        checks=checks,
        nullable=not a.key,
        unique=values and a.key,
        name=a.column,
        metadata={METADATA: {"type": a.type, "key": a.key, "name": a.name}},
        title=f"{a.type}{' key' if a.key else ''}",
        description=a.reason,
    )


def _dtype(dtype: Any) -> tuple[Any, list[pa.Check]]:
    """Return a dtype as Pandera's, or a check of its name where Pandera does not know it or could not load it."""
    if isinstance(dtype, pd.CategoricalDtype):
        return "category", []  # the categories are this month's values
    if dtype == VIEWS:
        return None, []
    if _is_loaded(dtype):
        return dtype, []
    name = str(dtype)
    return None, [_check("connect_dtype", error=f"dtype({name!r})", dtype=name)]


def _is_loaded(dtype: Any) -> bool:
    """Whether Pandera makes the same of a dtype and of its name, as it is saved."""
    if str(dtype).startswith("timedelta64"):
        return False  # all that its checks were given would be loaded as time spans
    try:
        known = Engine.dtype(dtype)
        return bool(Engine.dtype(str(known)) == known)
    except Exception:  # noqa: BLE001 - NumPy, pandas and Arrow each raise their own
        return False


def _checks(s: Subject, attributes: Attributes) -> Iterator[pa.Check]:
    a = s.a
    yield _check("connect_attribute", type=a.type, key=a.key, attribute=a.name)
    if a.kind != "empty" and a.kind not in KINDS[a.type]:
        yield _check("connect_possible", type=a.type)
        return
    if a.kind == "text":
        yield from _text_checks(s, attributes)
    elif a.kind == "float":
        yield _check("connect_finite")
    elif a.kind in ("date", "naive", "aware"):
        yield _check("connect_year")
        if a.type == "DATE" and _are_days(attributes) and a.kind != "date":
            yield _check("connect_midnight")
    if are_phones(s):
        yield _check("connect_phone")
    if a.key:
        yield _check("connect_distinct", type=a.type)


def _are_days(attributes: Attributes) -> bool:
    return attributes.form is not None and not attributes.form.has_time


def _text_checks(s: Subject, attributes: Attributes) -> Iterator[pa.Check]:
    a = s.a
    yield _check("connect_text")
    if a.type == "NUMBER":
        yield _check("connect_number")
    elif a.type == "BOOLEAN":
        yield _check("connect_boolean")
    elif a.type == "DATE":
        yield from (_check("connect_date", form=form.pattern) for form in _held_forms(s, attributes))
        if _are_days(attributes) and a.written_as is rules.TIMESTAMP:
            yield _check("connect_possible", type=a.type)
        elif _are_days(attributes) and a.written_as is not None and a.written_as.has_time:
            yield _check("connect_midnight")
    if a.key:
        yield _check("connect_filled")


def _held_forms(s: Subject, attributes: Attributes) -> tuple[DateFormat, ...]:
    """Return the format of dates in text; two where nothing tells day from month: nor does the schema."""
    if any(p.code == "ambiguous-date" and p.column == s.column for p in attributes.problems):
        return rules.SLASHED
    return (s.a.written_as or mostly_written_as(s.p),)


def _check(name: str, *, error: str | None = None, **statistics: Any) -> pa.Check:
    # Missing values are the column's affair (nullable), and Pandera would copy the column to leave them out.
    made: pa.Check = getattr(pa.Check, name)(ignore_na=False, error=error or ERRORS[name], **statistics)
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
        return load(Path(schema).expanduser())
    if isinstance(schema, pa.DataFrameSchema):
        return schema
    if isinstance(schema, type) and issubclass(schema, pa.DataFrameModel):
        return _of_model(schema)
    raise PlanError(
        "schema= takes a pandera.pandas DataFrameSchema or DataFrameModel, or the path of a saved one; "
        f"this is {_kind(schema)}."
    )


def _kind(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    if isinstance(schema, pa.Column | pa.SeriesSchema | pa.Index):
        return f"{kind.__qualname__}, of one column: pandera.pandas.DataFrameSchema({{…: it}}) makes a schema of it"
    made_for = [
        m[1] for base in kind.__mro__ if (m := re.match(r"pandera\.(?:api\.)?(\w+)", base.__module__))
    ]
    other = next((library for library in made_for if library in _LIBRARIES), None)
    return f"{kind.__qualname__}, made for {other}" if other else kind.__qualname__


_LIBRARIES: Final = ("polars", "pyspark", "ibis", "xarray")


def _of_model(model: type[pa.DataFrameModel]) -> pa.DataFrameSchema:
    """Return a model's schema with the metadata of its ``Config``, which Pandera leaves out."""
    try:
        made = model.to_schema()
    except Exception as error:  # a model that cannot be: Pandera says so in many ways
        raise PlanError(f"The model {model.__qualname__} makes no schema: {error}") from error
    if made.metadata is None:
        made = copy.copy(made)
        made.metadata = (model.get_metadata() or {}).get(made.name or model.__name__, {}).get("dataframe")
    return made


def choices(schema: pa.DataFrameSchema, columns: Columns) -> Choices:
    """Return what a schema decides: types from dtypes, the key from ``unique``, the rest from ``metadata``.

    Pandera does not save ``metadata``: in a schema that was loaded the checks ``connect_attribute``, ``connect_date``,
    ``connect_together`` and ``connect_file`` say the same.

    Raises
    ------
    PlanError
        When the ``metadata`` says something that no attribute can be: all of it at once.
    """
    types: dict[int, AttributeType] = {}
    names: dict[int, str] = {}
    held: dict[int, DateFormat] = {}
    keys = _Keys()
    whole = _told(schema)
    wrong = list(_wrong_whole(whole))
    for label, field in _fields(schema, columns):
        told = (field.metadata or {}).get(METADATA) or _saved_metadata(field)
        if problems := list(_wrong_metadata(label, told)):
            wrong += problems
            continue
        position = columns.find(label)
        keys.see(label, told.get("key"), unique=field.unique)
        if position is None:
            continue
        if type_ := told.get("type") or _type_of(schema, field):
            types[position] = type_
        if "name" in told:
            names[position] = told["name"]
        if form := _form(field):
            held[position] = form
    if len(keys.told) > 1:
        wrong.append(_several_keys(keys.told))
    if wrong:
        raise PlanError("\n".join(wrong))
    labels = _key_labels(schema, whole, keys)
    positions = tuple(place for label in labels if (place := columns.find(label)) is not None)
    lost = next((label for label in labels if columns.find(label) is None), None)
    together = positions if len(labels) > 1 and lost is None else ()
    made = len(columns.items)  # where a key of several columns will be put
    key = made if together else None if lost is not None else next(iter(positions), None)
    if together and "key_name" in whole:
        names[made] = whole["key_name"]
    return Choices(
        key=key,
        types=types,
        names=names,
        columns=(made, *range(made)) if together else None,
        form=_format(whole.get("date_format")),
        by_schema=frozenset(types) | (frozenset() if key is None else {key}),
        together=together,
        lost_key=lost,
        held=held,
    )


@dataclass(frozen=True, slots=True)
class _Keys:
    """The columns that a schema says are the key, and those that it only says are unique."""

    told: list[Hashable] = dataclass_field(default_factory=list)
    unique: list[Hashable] = dataclass_field(default_factory=list)

    def see(self, label: Hashable, told: bool | None, *, unique: bool) -> None:
        if told:
            self.told.append(label)
        elif unique and told is None and label is not None:
            self.unique.append(label)


def _key_labels(schema: pa.DataFrameSchema, whole: Mapping[str, Any], keys: _Keys) -> tuple[Hashable, ...]:
    """Return the labels of the key, in the order in which a schema may say it; several unique columns say nothing."""
    if whole.get("key") is not None:
        told = whole["key"]
        return tuple(map(_label, told)) if isinstance(told, list) else (told,)
    if keys.told:
        return tuple(keys.told)
    alone, together = list(keys.unique), []
    for several in (schema.unique, getattr(schema.index, "unique", None)):
        labels = [several] if isinstance(several, str) else list(several) if isinstance(several, list) else []
        if len(labels) == 1:
            alone += labels
        elif labels:
            together.append(tuple(labels))
    alone = list(dict.fromkeys(alone))
    if alone:
        return (alone[0],) if len(alone) == 1 else ()
    return together[0] if len(together) == 1 else ()


def _told(schema: pa.DataFrameSchema) -> Any:
    """Return what a schema says of the whole frame, be it in its metadata or, where it was saved, in checks."""
    if told := (schema.metadata or {}).get(METADATA):
        return told
    file, together = _saved(schema, "connect_file"), _saved(schema, "connect_together")
    key = {"key": together["columns"], "key_name": together["attribute"]} if together else {}
    return {**file, **key}


def _format(name: str | None) -> DateFormat | None:
    return next((f for f in rules.DATE_FORMATS if name in (f.name, f.pattern)), None)


def _several_keys(labels: Sequence[Hashable]) -> str:
    shown = ", ".join(map(repr, labels))
    return (
        f'The schema\'s metadata["{METADATA}"] says of each of {shown} that it is the key. Together they are it by '
        f'metadata={{"{METADATA}": {{"key": {list(labels)!r}}}}} of the whole schema.'
    )


def _wrong_whole(told: Any) -> Iterator[str]:
    where = f'The schema\'s own metadata["{METADATA}"]'
    if not isinstance(told, dict):
        yield f'{where} is {told!r}; a dict is needed, as in {{"date_format": "DD/MM/YYYY"}}.'
        return
    yield from _unknown(where, told, ("date_format", "key", "key_name"))
    name = told.get("date_format")
    if name is not None and _format(name) is None:
        known = ", ".join(f.pattern for f in rules.DATE_FORMATS)
        yield f"{where} has the date_format {name!r}, which is not one that Connect reads. Known: {known}."
    key = told.get("key")
    if "key" in told and (key == [] or not isinstance(key, Hashable | list)):
        yield f"{where} has the key {key!r}; a column's label is needed, or a list of them."
    if "key_name" in told and not isinstance(told["key_name"], str):
        yield f"{where} has the key_name {told['key_name']!r}; a name is text."


def _saved(field: Any, name: str) -> dict[str, Any]:
    """Return what a check of that name was given, or nothing."""
    return next((dict(check.statistics or {}) for check in field.checks if check.name == name), {})


def _saved_metadata(field: Any) -> dict[str, Any]:
    saved = _saved(field, "connect_attribute")
    # Pandera has a use of its own for a parameter called name, and loads what looks like a time as one.
    return {"type": saved["type"], "key": saved["key"], "name": str(saved["attribute"])} if saved else {}


def _form(field: Any) -> DateFormat | None:
    """Return the format of dates in text, where a schema knows it; two of them are none."""
    patterns = [check.statistics["form"] for check in field.checks if check.name == "connect_date"]
    forms = [form for form in notations.READ_FORMATS if form.pattern in patterns]
    return forms[0] if len(forms) == 1 else None


def _unknown(where: str, told: Mapping[Any, Any], known: Sequence[str]) -> Iterator[str]:
    """Yield what is not known, with what may have been meant."""
    for name in told:
        if name not in known:
            yield f"{where} has {name!r}; known are {', '.join(map(repr, known))}.{did_you_mean(name, known)}"


def _wrong_metadata(label: Any, told: Any) -> Iterator[str]:
    where = f'The schema\'s metadata["{METADATA}"] of {label!r}'
    if not isinstance(told, dict):
        yield f'{where} is {told!r}; a dict is needed, as in {{"type": "TEXT"}}.'
        return
    yield from _unknown(where, told, ("type", "key", "name"))
    if not isinstance(told.get("key"), bool | None):
        yield f"{where} has the key {told['key']!r}; True or False is needed."
    if "type" in told and told["type"] not in rules.ATTRIBUTE_TYPES:
        yield f"{where} has the type {told['type']!r}; a type is one of {', '.join(rules.ATTRIBUTE_TYPES)}."
    if "name" in told and not isinstance(told["name"], str):
        yield f"{where} has the name {told['name']!r}; a name is text."


def _fields(schema: pa.DataFrameSchema, columns: Columns) -> Iterator[tuple[Any, Any]]:
    """Yield the levels of the index and the columns, for a regular expression all columns that it finds."""
    levels = getattr(schema.index, "indexes", None) or ([schema.index] if schema.index is not None else [])
    yield from ((level.name, level) for level in levels)
    frame_columns = columns.items[sum(name is not None for name in columns.index.names) :]
    for label, field in schema.columns.items():
        if field.regex:
            yield from ((c.label, field) for c in frame_columns if re.match(str(label), c.name))
        else:
            yield label, field
    if not schema.columns and schema.dtype is not None:
        yield from ((c.label, pa.Column()) for c in frame_columns)


def _type_of(schema: pa.DataFrameSchema, field: Any) -> AttributeType | None:
    """Return the type that a check of this package, or else a dtype, decides: that of text.

    Numbers, booleans and dates are what they are without a schema, and whether whole numbers are quantities or
    identifiers no dtype says.
    """
    for check, type_ in _TYPED.items():
        if any(c.name == check for c in field.checks):
            return type_
    dtype = str(field.dtype if schema.dtype is None else schema.dtype).lower()
    return "TEXT" if re.match(_TEXT_DTYPE, dtype) else None


_TEXT_DTYPE: Final = r"(?:str|string|large_string|string_view|category)(?:\[|$)"
_TYPED: Final[dict[str, AttributeType]] = {
    "connect_number": "NUMBER",
    "connect_boolean": "BOOLEAN",
    "connect_date": "DATE",
}
