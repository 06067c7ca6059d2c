"""A Pandera schema read from the file that it was saved to.

It is looked through first: Pandera passes over in silence what it does not know.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import pandera
import pandera.pandas as pa
import yaml  # type: ignore[import-untyped]
from pandera.engines.pandas_engine import Engine
from pandera.io.pandas_io import deserialize_schema

from connect_pandas.errors import PlanError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path


def load(path: Path) -> pa.DataFrameSchema:
    """Return the schema that ``to_yaml`` or ``to_json`` has written to a file.

    Raises
    ------
    PlanError
        When the file cannot be read, or holds something that Pandera would skip or not understand: all of it at once.
    """
    held = _parsed(path)
    if wrong := list(_wrong(held)):
        raise PlanError(f"The schema {path} cannot be used as it is{_age(held)}.\n" + "\n".join(wrong))
    try:
        made: pa.DataFrameSchema = deserialize_schema(held)  # type: ignore[no-untyped-call]
    except Exception as error:  # whatever Pandera, or a check, makes of values that are of the wrong kind
        raise PlanError(f"{path} holds no schema that Pandera reads: {error}") from error
    return made


def _parsed(path: Path) -> Any:
    if path.suffix == ".py":
        raise PlanError(
            f"{path} is a script, which is run, not read: from {path.stem} import schema, then schema=schema."
        )
    try:
        text = path.read_text(encoding="utf-8")
        held = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except OSError as error:
        raise PlanError(f"The schema {path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, yaml.YAMLError, RecursionError) as error:  # of UTF-8, JSON and YAML
        raise PlanError(f"{path} holds no schema that Pandera reads: {error}") from error
    if not isinstance(held, dict):
        raise PlanError(f"{path} holds no schema that Pandera reads: a mapping of columns is needed.")
    return held


def _age(held: dict[str, Any]) -> str:
    version = held.get("version")
    here = pandera.__version__
    return f": Pandera {version} wrote it, this is {here}" if version not in (None, here) else ""


# ── what Pandera would skip ──────────────────────────────────────────────────────────────────────────────────────

_OF_THE_FRAME: Final = frozenset(
    "schema_type version api dataframe_library columns checks index multiindex dtype coerce strict name ordered unique "
    "report_duplicates unique_column_names add_missing_columns title description metadata drop_invalid_rows".split()
)
_OF_A_FIELD: Final = frozenset(
    "title description dtype nullable checks name unique coerce required regex default report_duplicates "
    "drop_invalid_rows".split()
)
_OF_THE_LEVELS: Final = frozenset("coerce strict name ordered unique".split())
"""What :func:`pandera.io.pandas_io.deserialize_schema` looks for; all else it passes over in silence."""
_SWITCHES: Final = ("nullable", "unique", "coerce", "required", "regex", "drop_invalid_rows")
_ALIASES: Final = frozenset("eq ne gt ge lt le between".split())
_DTYPES: Final = "int64 Int64 float64 Float64 bool boolean str string object category datetime64[ns]".split()


def _wrong(held: dict[str, Any]) -> Iterator[str]:
    api = held.get("dataframe_library") or held.get("api") or "pandas"
    if api != "pandas" or held.get("schema_type", "dataframe") != "dataframe":
        kind = held.get("schema_type", api) if api == "pandas" else api
        yield f"It was made for {kind}, and a frame of pandas is to be imported: make it with pandera.pandas."
        return
    if not any(held.get(part) for part in ("columns", "index", "checks")):
        yield "It names no columns."
    yield from _unknown(held, _OF_THE_FRAME, "")
    yield from _wrong_dtype(held, "")
    yield from _wrong_checks(held.get("checks"), "checks: ")
    for where, field in _fields(held):
        if isinstance(field, dict):
            yield from _wrong_field(field, where)
        else:
            yield f"{where}a mapping is needed, as in {{dtype: int64}}; this is {field!r}."
    if not isinstance(held.get("index"), list | None):
        yield f"index: a list of levels is needed, as in [{{name: id}}]; this is {held['index']!r}."
    if isinstance(levels := held.get("multiindex"), dict):
        yield from _unknown(levels, _OF_THE_LEVELS, "multiindex: ")


def _fields(held: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the columns and levels with where each stands."""
    columns, index = held.get("columns") or {}, held.get("index") or []
    if isinstance(columns, dict):
        yield from ((f"columns, {label!r}: ", field) for label, field in columns.items())
    elif isinstance(columns, list):
        yield from ((f"columns, {_named(field)!r}: ", field) for field in columns)
    else:
        yield "columns: ", columns
    if isinstance(index, list):
        yield from ((f"index, {_named(field)!r}: ", field) for field in index)


def _named(field: Any) -> Any:
    return field.get("name") if isinstance(field, dict) else field


def _wrong_field(field: dict[str, Any], where: str) -> Iterator[str]:
    yield from _unknown(field, _OF_A_FIELD | _checks(), where)
    yield from _wrong_dtype(field, where)
    yield from _wrong_checks(field.get("checks"), where)
    for switch in _SWITCHES:
        if not isinstance(field.get(switch), bool | None):
            yield f"{where}{switch} is {field[switch]!r}; true or false is needed."


def _checks() -> frozenset[str]:
    return (
        frozenset(pa.Check.CHECK_FUNCTION_REGISTRY) | frozenset(pa.Check.REGISTERED_CUSTOM_CHECKS) | _ALIASES
    )


def _unknown(held: dict[str, Any], known: Collection[str], where: str) -> Iterator[str]:
    for name in held:
        if name not in known:
            yield f"{where}there is no {name!r} in a schema of this Pandera.{did_you_mean(name, known)}"


def _wrong_dtype(field: dict[str, Any], where: str) -> Iterator[str]:
    dtype = field.get("dtype")
    if not dtype or re.fullmatch(r"Decimal\( *[0-9]+ *, *[0-9]+ *\)", str(dtype)):
        return
    try:
        Engine.dtype(dtype)
    except Exception:  # noqa: BLE001 - NumPy, pandas and Arrow each raise their own
        yield f"{where}there is no dtype {dtype!r}.{did_you_mean(dtype, _DTYPES)}"


def _wrong_checks(held: Any, where: str) -> Iterator[str]:
    """Yield the checks that are not there: Pandera's own, and those that were registered, are known."""
    if held is None:
        return
    if not isinstance(held, dict | list):
        yield f"{where}checks is {held!r}; a list of them is needed."
        return
    names = list(held) if isinstance(held, dict) else [_check_name(check) for check in held]
    for name in names:
        if name is None:
            yield f"{where}a check has no name; options: {{check_name: …}} gives it one."
        elif name not in _checks():
            yield (
                f"{where}there is no check {name!r}.{did_you_mean(name, _checks())} One of your own is registered "
                "before, by pandera.extensions.register_check_method."
            )


def _check_name(check: Any) -> Any:
    options = check.get("options") if isinstance(check, dict) else None
    return options.get("check_name") if isinstance(options, dict) else None
