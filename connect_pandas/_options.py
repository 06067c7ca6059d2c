"""What a person gives beside the frame: put into one form, or refused with all mistakes at once."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, cast

from connect_pandas import rules
from connect_pandas.data.infer import Choices
from connect_pandas.errors import PlanError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from connect_pandas.data.columns import Columns
    from connect_pandas.rules import AttributeType, DateFormat


class Together(tuple[Any, ...]):
    """The labels of several columns whose values, put together, are the key: ``key=["Order ID", "SKU"]``."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(list(self))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What ``plan`` takes beside the frame; ``None`` leaves it to be inferred."""

    name: str
    key: Hashable | None = None
    types: Mapping[Any, AttributeType] | None = None
    names: Mapping[Any, str] | None = None
    columns: tuple[Hashable, ...] | None = None
    schema: Any = None
    job_name: str | None = None
    notify: tuple[str, ...] = ()
    folder: str = ""
    filename: str | None = None
    delimiter: str | None = None
    date_format: str | None = None
    header: bool = True

    @property
    def form(self) -> DateFormat | None:
        return _form(self.date_format) if self.date_format is not None else None


KNOWN: Final = tuple(f.name for f in fields(Options))


def options(given: Mapping[str, Any], columns: Columns) -> Options:
    """Return what was given as options for a frame of these columns, copied, so that no later change reaches them.

    Raises
    ------
    PlanError
        With every mistake at once.
    """
    if unknown := [name for name in given if name not in KNOWN]:
        raise PlanError("\n".join(_unknown("option", name, KNOWN) for name in unknown))
    wrong: list[str] = []
    settled: dict[str, Any] = {}
    for name, value in given.items():
        settle, what = _FORMS[name]
        try:
            settled[name] = settle(value)
        except PlanError as error:
            wrong.append(str(error))
        except (TypeError, ValueError):
            wrong.append(f"{name}={value!r}: {what}.")
    made = Options(**{"name": "", **settled})
    for check in _CHECKS:
        wrong += check(made, columns)
    if "name" in settled:
        wrong = [*_wrong_name(made.name), *wrong]
    if wrong:
        raise PlanError("\n".join(wrong))
    return made


# ── one form ─────────────────────────────────────────────────────────────────────────────────────────────────


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _mapping(value: Any) -> dict[Any, Any]:
    if not isinstance(value, Mapping) and not hasattr(value, "to_dict"):  # a Series maps, too
        raise TypeError
    return dict(value.items())


def _list(value: Any) -> tuple[Any, ...]:
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise TypeError
    return tuple(value)


def _addresses(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_text, [value] if isinstance(value, str) else _list(value))))


def _key(value: Any) -> Hashable:
    if isinstance(value, list):
        return Together(value) if len(value) != 1 else _key(value[0])
    hash(value)
    return cast("Hashable", value)


def _schema(value: Any) -> Any:
    from connect_pandas.data.schema import as_schema

    return as_schema(value)


def _or_none(settle: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else settle(value)


_FORMS: Final[dict[str, tuple[Callable[[Any], Any], str]]] = {
    "name": (_text, 'the data set\'s name is text, as in "Orders"'),
    "key": (_or_none(_key), "give the label of a column, or a list of those that identify rows together"),
    "types": (_or_none(_mapping), 'a mapping is needed, as in {"Zip": "TEXT"}'),
    "names": (_or_none(_mapping), 'a mapping is needed, as in {"Zip": "Postcode"}'),
    "columns": (_or_none(_list), 'a list of column labels is needed, as in ["Order ID", "Date"]'),
    "schema": (_or_none(_schema), ""),
    "job_name": (_or_none(_text), "a job's name is text"),
    "notify": (
        lambda value: () if value is None else _addresses(value),
        "an e-mail address or a list of them is needed",
    ),
    "folder": (_text, 'a folder is text, as in "RS/Orders"; "" is the subscription\'s own'),
    "filename": (_or_none(_text), "a file's name is text"),
    "delimiter": (_or_none(_text), "only a comma, a tab ('\\t') and a pipe ('|') are allowed"),
    "date_format": (_or_none(_text), 'a format is text, as in "DD/MM/YYYY"'),
    "header": (_truth, "True or False is needed"),
}


# ── what cannot be ───────────────────────────────────────────────────────────────────────────────────────────


def _wrong_name(name: str) -> Iterator[str]:
    if re.fullmatch(rules.SET_NAME, name):
        return
    length = f" ({len(name)} characters)" if len(name) > rules.SET_NAME_MAX else ""
    better = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_")[: rules.SET_NAME_MAX].rstrip("_-")
    yield (
        f"{name!r} cannot name a data set: at most {rules.SET_NAME_MAX} letters A–Z, digits, '-' and '_'{length}."
        f"{f' Perhaps {better!r}?' if better else ''}"
    )


def _wrong_columns(given: Options, columns: Columns) -> Iterator[str]:
    labels = [c.label for c in columns.items]
    for label in given.key if isinstance(given.key, Together) else [given.key]:
        if label is not None and columns.find(label) is None:
            several = " Of several columns a list makes one key." if isinstance(label, tuple) else ""
            yield _unknown("column", label, labels, "key=") + several
    if isinstance(given.key, Together):
        if not given.key:
            yield "key=[] names no column."
        for label, times in Counter(map(repr, given.key)).items():
            if times > 1:
                yield f"key= names {label} more than once."
    for option in ("types", "names", "columns"):
        for label in getattr(given, option) or ():
            if columns.find(label) is None and not (option == "names" and _is(label, given.key)):
                yield _unknown("column", label, labels, f"{option}=")
    if given.columns is not None:
        yield from _wrong_choice(given, given.columns, columns)


def _wrong_choice(given: Options, chosen: Sequence[Hashable], columns: Columns) -> Iterator[str]:
    found = [columns.find(label) for label in chosen]
    if not found:
        yield "columns=[] leaves nothing to import."
    if None in found:
        return
    labels = Counter(c.label for c in columns.items)
    for label, times in Counter(chosen).items():
        if times > 1:
            yield f"columns= names {label!r} more than once."
        if labels[label] > 1:
            yield f"columns= names {label!r}, and the frame has several columns of that name."
    if isinstance(given.key, Together):
        return
    if given.key is not None and columns.find(given.key) not in found:
        yield f"key={given.key!r} is not among columns=…; the key is part of the file."


def _unknown(what: str, named: Any, known: Sequence[Any], where: str = "") -> str:
    few = ", ".join(repr(k) for k in known[:12]) + (" …" if len(known) > 12 else "")
    start = f"{where}: there" if where else "There"
    return f"{start} is no {what} {named!r}.{did_you_mean(named, known)} Known: {few or 'none'}."


def _wrong_types(given: Options, _columns: Columns) -> Iterator[str]:
    for label, type_ in (given.types or {}).items():
        if type_ not in rules.ATTRIBUTE_TYPES:
            known = ", ".join(rules.ATTRIBUTE_TYPES)
            upper = " (in upper case)" if str(type_).upper() in rules.ATTRIBUTE_TYPES else ""
            yield f"types={{{label!r}: {type_!r}}}: a type is one of {known}{upper}."
    for label, name in (given.names or {}).items():
        if not isinstance(name, str):
            yield f"names={{{label!r}: {name!r}}}: a name is text."


def _wrong_file(given: Options, _columns: Columns) -> Iterator[str]:
    if given.job_name is not None and not given.job_name.strip():
        yield "job_name is empty; leave it away to have one made."
    if given.delimiter is not None and given.delimiter not in rules.DELIMITERS:
        yield f"delimiter={given.delimiter!r}: only a comma, a tab ('\\t') and a pipe ('|') are allowed."
    if given.date_format is not None and given.form is None:
        known = ", ".join(f.pattern for f in rules.DATE_FORMATS)
        yield f"date_format={given.date_format!r} is not one that Connect reads. Known: {known}."
    if given.filename is not None and not _is_plain(given.filename):
        yield f"filename={given.filename!r} is not a file's name: 1–255 visible characters, no '/' and no '\\'."
    if given.folder.startswith("/"):
        yield f"folder={given.folder!r} begins with '/': folders are below the subscription's directory."
    elif given.folder and not all(map(_is_plain, given.folder.rstrip("/").split("/"))):
        yield f'folder={given.folder!r} is not a folder below the subscription\'s, as in "RS/Orders".'


def _is(label: Hashable, key: Hashable) -> bool:
    try:
        return bool(label == key)
    except (TypeError, ValueError):  # pd.NA is neither the same as something nor not
        return False


def _is_plain(name: str) -> bool:
    """Whether a name is one, also to a server that takes letters like these for each other: ``／`` for ``/``."""
    same = unicodedata.normalize("NFKC", name)
    return (
        0 < len(name.encode()) <= 255
        and name.isprintable()
        and not set(same) & set("/\\")
        and bool(same.strip(". "))
    )


def _wrong_addresses(given: Options, _columns: Columns) -> Iterator[str]:
    from email_validator import EmailNotValidError, validate_email

    for address in given.notify:
        try:
            validate_email(address, check_deliverability=False)
        except EmailNotValidError as error:
            yield f"notify={address!r} is no e-mail address: {error}"


_CHECKS: Final = (_wrong_columns, _wrong_types, _wrong_file, _wrong_addresses)


def _form(name: str) -> DateFormat | None:
    return next((f for f in rules.DATE_FORMATS if name.upper() in (f.name, f.pattern.upper())), None)


# ── to choices ───────────────────────────────────────────────────────────────────────────────────────────────


def choices(given: Options, columns: Columns) -> Choices:
    """Return the options about columns by position, over what the schema decides."""
    base = of_schema(given.schema, columns)

    def at(label: Hashable) -> int:
        return cast("int", columns.find(label))  # every label was found when the options were made

    types = {at(label): type_ for label, type_ in (given.types or {}).items()}
    # Of a key of several columns the name is set below: it is at no position yet.
    placed = {columns.find(label): name for label, name in (given.names or {}).items()}
    names = {i: name for i, name in placed.items() if i is not None}
    key, together, told = base.key, base.together, base.names
    if given.key is not None:
        several = isinstance(given.key, Together)
        together = tuple(map(at, cast("Together", given.key))) if several else ()
        key = len(columns.items) if several else at(given.key)  # where one of several will be put
        told = {i: name for i, name in told.items() if i < len(columns.items)}
    if given.names and given.key in given.names and key is not None:
        names[key] = given.names[given.key]
    chosen = _positions(given, columns, key if together else None, at)
    if chosen is not None and key is not None and key not in chosen:
        label = columns.items[key].label
        raise PlanError(f"The schema's key {label!r} is not among columns=…; the key is part of the file.")
    return replace(
        base,
        key=key,
        together=together,
        lost_key=base.lost_key if given.key is None else None,
        types={**base.types, **types},
        names={**told, **names},
        columns=chosen,
        form=given.form or base.form,
        by_schema=base.by_schema - types.keys() - ({key} if given.key is not None else set()),
    )


def _positions(
    given: Options, columns: Columns, made: int | None, at: Callable[[Hashable], int]
) -> tuple[int, ...] | None:
    """Return which columns are imported, in order: a key made of several comes first; ``None`` for all."""
    if made is None:
        return None if given.columns is None else tuple(map(at, given.columns))
    return (made, *(range(len(columns.items)) if given.columns is None else map(at, given.columns)))


def of_schema(schema: Any, columns: Columns) -> Choices:
    """Return what a Pandera schema decides; without one, nothing."""
    if schema is None:
        return Choices()
    from connect_pandas.data import schema as pandera

    return pandera.choices(schema, columns)
