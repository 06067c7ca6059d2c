"""Pandera's verdict on a frame: its failure cases, and what of them the column pass has not said better.

Nothing is changed on the way: a schema that would change the frame is one that it does not keep to.
"""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import polars as pl
import pyarrow
from pandera.config import ValidationDepth, config_context
from pandera.errors import SchemaErrors

from connect_pandas.data.columns import Columns, is_missing, read
from connect_pandas.data.problems import Problem, Row, show
from connect_pandas.data.profile import SHOWN_ROWS, tally
from connect_pandas.data.schema import ERRORS, VIEWS
from connect_pandas.errors import PlanError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandera.pandas as pa

    from connect_pandas.data.columns import Column

_OURS: Final = frozenset(ERRORS.values())
_OF_THE_PASS: Final = _OURS | {"field_uniqueness", "not_nullable"}
"""Failures that the column pass finds as well, and words better."""
_DTYPES: Final = ("dtype(", "coerce_dtype(")
"""How Pandera calls its checks of a dtype."""


# ── a schema's verdict ───────────────────────────────────────────────────────────────────────────────────────────


def failures(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> pd.DataFrame | None:
    """Return Pandera's failure cases, or ``None`` when the frame keeps to the schema.

    It looks, and leaves all as it is: where the schema would change values (``coerce``, ``default``, parsers), drop
    rows or columns, or add some, that is a failure.

    Returns
    -------
    DataFrame or None
        Pandera's columns, and one more: the ``position`` of the row, -1 where it is of no row in particular.

    Raises
    ------
    PlanError
        When the schema cannot be asked.
    """
    schema = _as_it_is(schema)
    index = frame.index
    if index.is_unique and index.nlevels == 1 and not index.hasnans:
        cases = _cases(schema, frame)
        return None if cases is None else cases.assign(position=_places(cases, index))
    placed, labelled = _by_place(schema, frame), _by_label(schema, frame)
    if placed is not None and labelled is None:
        # Checks of the whole frame may look at the index, which was not there.
        of_frame = (placed["schema_context"] == "DataFrameSchema") & placed["check_number"].notna()
        placed = placed[~of_frame]
    found = [c for c in (placed, labelled) if c is not None and len(c)]
    if not found:
        return None
    # By place first: what both find is kept once, where it is.
    said = set(zip(found[0]["column"], found[0]["check"], strict=True))
    more = [c[[pair not in said for pair in zip(c["column"], c["check"], strict=True)]] for c in found[1:]]
    return pd.concat([found[0], *(c for c in more if len(c))], ignore_index=True)


def all_failures(schemas: Sequence[pa.DataFrameSchema], frame: pd.DataFrame) -> pd.DataFrame:
    """Return the failure cases of several schemas, each value once a check: see :func:`failures`."""
    found = [cases for schema in schemas if (cases := failures(schema, frame)) is not None]
    if not found:
        return pd.DataFrame(columns=list(_CASES))
    cases = pd.concat(found, ignore_index=True)
    told = cases[["column", "check", "position"]].astype(object)
    # A row of the frame has one value in a column; what is of no row differs by what it says.
    told["case"] = cases["failure_case"].where(cases["position"] < 0).map(show)
    return cases.loc[~told.duplicated(), list(_CASES)].reset_index(drop=True)


_CASES: Final = ("schema_context", "column", "check", "check_number", "failure_case", "index")
"""Pandera's own columns."""


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
    # In place on a shallow copy: Pandera's own copy would hold all of the data twice.
    held, cases = _takeable(schema, frame), None
    try:
        # Whatever the environment says: what is not looked at is not known to be good.
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            made = schema.validate(held, lazy=True, inplace=True)
    except SchemaErrors as error:
        made, cases = error.data, _tidy(error.failure_cases)
    except Exception as error:  # parsers, and checks that cannot be asked at all, may raise anything
        raise PlanError(f"The schema cannot be asked ({type(error).__name__}): {error}") from error
    found = [*([] if cases is None else [cases]), *_changes(schema, frame, made)]
    return pd.concat(found, ignore_index=True) if found else None


def _takeable(schema: pa.DataFrameSchema, frame: pd.DataFrame) -> pd.DataFrame:
    """Return a shallow copy whose values can be taken out one by one, which pandas cannot do with string views."""
    held = frame.copy(deep=False)
    for label in held.columns[held.dtypes == VIEWS]:
        if held.columns.is_unique and getattr(schema.columns.get(label), "dtype", None) is None:
            texts = held[label].array.__arrow_array__().cast(pyarrow.large_string())
            held[label] = pd.arrays.ArrowExtensionArray(texts)
    return held


def _tidy(cases: pd.DataFrame) -> pd.DataFrame:
    """Return failure cases without the column that is none, and without what is said by the dtype of a column.

    Pandera has a column of its own for values of several columns at once. Our checks of values are made for a dtype,
    and say no more than that no value can be good where it is another one.
    """
    typed = cases["check"].astype(str).str.startswith(_DTYPES) & cases["column"].notna()
    lost = cases["column"].isin(cases.loc[typed, "column"])
    cases = cases[~(lost & cases["check"].isin(_OURS) & cases["index"].isna())]
    several = (cases["column"] == "failure_case") & (cases["schema_context"] == "DataFrameSchema")
    if not several.any():
        return cases
    values = [v if isinstance(v, dict) else {} for v in cases.loc[several, "failure_case"]]
    cases = cases.astype({"column": object, "failure_case": object})
    cases.loc[several, "column"] = [next(iter(v)) if len(v) == 1 else None for v in values]
    return cases


# ── what a schema would change ───────────────────────────────────────────────────────────────────────────────────


def _as_it_is(schema: pa.DataFrameSchema) -> pa.DataFrameSchema:
    """Return a schema that drops and adds neither rows nor columns, but says of what it would."""
    kept = copy.copy(schema)
    kept.drop_invalid_rows = kept.add_missing_columns = False
    kept.strict = bool(schema.strict)
    kept.columns = {label: _keeping(field) for label, field in schema.columns.items()}
    kept.index = schema.index and _keeping(schema.index)
    return kept


def _keeping(field: Any) -> Any:
    if hasattr(field, "indexes"):
        kept = copy.copy(field)
        kept.indexes, kept.strict = [_keeping(level) for level in field.indexes], bool(field.strict)
        return kept
    if not field.drop_invalid_rows:
        return field
    kept = copy.copy(field)
    kept.drop_invalid_rows = False
    return kept


def _changes(schema: pa.DataFrameSchema, frame: pd.DataFrame, made: Any) -> Iterator[pd.DataFrame]:
    """Yield as failure cases what a schema has made of the frame: the file holds the frame's own values."""
    if not _may_change(schema):
        return
    if (
        not isinstance(made, pd.DataFrame)
        or len(made) != len(frame)
        or list(made.columns) != list(frame.columns)
    ):
        yield _case(None, f"{_UNCHANGED} (its parsers make other rows or columns)", [None], [-1], frame.index)
        return
    before, after = read(frame), read(made)
    for column, other in zip(before.items, after.items, strict=False):
        if positions := _differing(column, other, frame.index):
            old, new = column.series.iloc[positions[0]], other.series.iloc[positions[0]]
            check = f"{_UNCHANGED} ({show(old)} would become {show(new)})"
            values = column.series.iloc[positions].tolist()
            yield _case(column.label, check, values, positions, frame.index)


_UNCHANGED: Final = "values that it need not change"


def _case(
    column: Any, check: str, values: list[Any], positions: list[int], index: pd.Index[Any]
) -> pd.DataFrame:
    labels = pd.Series([index[p] if p >= 0 else None for p in positions], dtype=object)
    return pd.DataFrame(
        {
            "schema_context": "DataFrameSchema",
            "column": pd.Series([column] * len(positions), dtype=object),
            "check": check,
            "check_number": None,
            "failure_case": pd.Series(values, dtype=object),
            "index": labels,
        }
    )


def _may_change(schema: pa.DataFrameSchema) -> bool:
    levels = getattr(schema.index, "indexes", None) or [schema.index]
    fields = [f for f in (*schema.columns.values(), schema.index, *levels) if f is not None]
    return bool(schema.coerce or schema.parsers) or any(
        f.coerce or f.parsers or getattr(f, "default", None) is not None for f in fields
    )


def _differing(column: Column, other: Column, index: pd.Index[Any]) -> list[int]:
    """Return the positions at which two columns say something else, as far as a file tells it."""
    both, found, start = Columns((column, other), index), [], 0
    for part in both.slices([0, 1]):
        old, new = (_as_told(part[name], part.schema) for name in ("0", "1"))
        found += [start + row for row in old.ne_missing(new).arg_true().to_list()]
        start += part.height
    return found


def _as_told(values: pl.Series, dtypes: Mapping[str, pl.DataType]) -> pl.Series:
    """Return values so that they compare: as they are, or as text where one side is text."""
    if all(dtype.is_numeric() for dtype in dtypes.values()):
        return values
    if all(dtype.is_temporal() for dtype in dtypes.values()):
        return values.cast(pl.Datetime("us"))
    text = (
        values.cast(pl.String).str.strip_suffix(".0") if values.dtype.is_float() else values.cast(pl.String)
    )
    if any(dtype == pl.Boolean for dtype in dtypes.values()):
        text = text.str.to_lowercase()
    return text.set(text == "", None)


# ── in words ─────────────────────────────────────────────────────────────────────────────────────────────────────


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
        if str(check).startswith(_DTYPES):
            if name in untyped | drifted or _are_integers_as_floats(str(check), columns, column):
                continue
            drifted.add(name)  # of which our own checks, made for another dtype, can say nothing
        elif _is_said(str(check), name, columns, wrong) or (name in drifted and check in _OURS):
            continue
        elif check == "multiple_fields_uniqueness" and lost:
            continue  # Pandera asks it of the columns that are left
        if check == "column_in_dataframe":
            group = group[~group["failure_case"].astype(str).isin(lost)]
            if group.empty:
                continue
        values = group["failure_case"].tolist()
        if str(check).startswith("dtype(") and (position := columns.find(column)) is not None:
            values = [str(columns.items[position].series.dtype)]
        message, fix = _in_words(str(check), values, _place(column, group["schema_context"].iloc[0]), column)
        rows = list(_rows(group, columns, limit))
        yield Problem.of("schema", message, column=name, count=len(group), rows=rows, fix=fix)


_OF_A_JOINT_KEY: Final = frozenset({"multiple_fields_uniqueness", ERRORS["connect_together"]})


def _is_said(check: str, name: str | None, columns: Columns, wrong: set[str | None]) -> bool:
    """Whether the column pass has found the same of a column, or of the key of several that it is part of."""
    joint = next((c for c in columns.items if c.parts), None)
    if check in _OF_A_JOINT_KEY and joint is not None and str(joint.label) in wrong:
        return name is None or name in {str(part.label) for part in joint.parts}
    return name in wrong and check in _OF_THE_PASS


def _place(column: Any, context: str) -> str:
    """Return what a failure case is about, as the user writes it."""
    if context in ("Index", "MultiIndex") and is_missing(column):
        return "df.index"
    return "df" if is_missing(column) else f"df[{column!r}]"


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


def _in_words(check: str, cases: Sequence[Any], place: str, column: Any) -> tuple[str, str]:
    """Return what a check says, and what to do."""
    shown = list(dict.fromkeys(show(case) for case in cases[:_LABELS_MAX]))
    labels = ", ".join(shown) + (" …" if len(cases) > _LABELS_MAX else "")
    of_index = place == "df.index"
    match check:
        case "column_in_dataframe":
            return (
                f"The schema asks for {labels}, which the frame does not have.",
                f'df = df.rename(columns={{"…": {cases[0]!r}}})   # or add it, or change the schema',
            )
        case "column_in_schema":
            return (
                f"The schema, being strict, does not allow {labels}.",
                f"df = df.drop(columns={list(cases)!r})",
            )
        case "column_ordered":
            return (
                f"The schema, being ordered, asks for another place of {labels}.",
                "df = df[[…]]   # the columns in the schema's order; or change the schema",
            )
        case "field_uniqueness":
            return (
                "The schema asks for values that differ.",
                "df = df[~df.index.duplicated()]   # or change the schema"
                if of_index
                else f"df = df.drop_duplicates(subset=[{column!r}])   # or change the schema",
            )
        case "multiple_fields_uniqueness":
            return (
                "The schema asks for rows that differ in several columns together, this being one of them.",
                "df = df.drop_duplicates(subset=[…])   # the columns of its unique=; or change the schema",
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
    if check.startswith(_UNCHANGED):
        example = check.removeprefix(_UNCHANGED)
        return (
            f"The schema would make other values of these{example}; the file holds them as they are.",
            "df = schema.validate(df, lazy=True)   # takes what the schema makes of it; or change the schema",
        )
    if pattern := re.fullmatch(r"no_regex_column_match\('(.*)'\)", check):
        return (
            f"The schema asks for a column whose name begins as {pattern[1]!r} says, and the frame has none.",
            'df = df.rename(columns={"…": "…"})   # or change the schema',
        )
    if asked := re.fullmatch(r"dtype\('([^']+)'\)", check):
        return f"The schema asks for {check}; the values are {labels}.", _astype(place, asked[1])
    raised = f" ({cases[0]})" if isinstance(cases[0], str) and "Error(" in cases[0] else ""
    what = "rows" if place == "df" else "values"
    return (
        f"The schema asks for {check}{raised}.",
        f"{place} = …   # {what} that keep to it; or change the schema, if it asks too much",
    )


_LABELS_MAX: Final = 12


def _astype(place: str, dtype: str) -> str:
    try:
        pd.api.types.pandas_dtype(dtype)
    except Exception:  # noqa: BLE001 - of Arrow's types some have no name that pandas reads
        return f"{place} = …   # values of that dtype; or change the schema"
    return f"{place} = {place}.astype({dtype!r})   # or change the schema"


def _rows(group: pd.DataFrame, columns: Columns, limit: int | None) -> Iterator[Row]:
    placed = group[group["position"] >= 0].iloc[:limit]
    for position, value in zip(placed["position"].tolist(), placed["failure_case"].tolist(), strict=True):
        yield Row(*columns.row(position), value)
