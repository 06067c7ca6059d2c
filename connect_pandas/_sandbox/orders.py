"""What ``createImportJob`` is given, held against the contract."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NoReturn

from graphql import GraphQLError

from connect_pandas._sandbox.importer import Order
from connect_pandas._sandbox.reader import Column, Layout
from connect_pandas._sandbox.records import Attribute, DataSet, RefusedError, check_place
from connect_pandas.rules import DATE_FORMATS, DELIMITERS, SET_NAME, SET_NAME_MAX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connect_pandas._sandbox.records import Library
    from connect_pandas._sandbox.store import Key

INVALID: Final = "INPUT_VALIDATION_FAILED."
INVALID_DELIMITER: Final = (
    f"{INVALID} Invalid delimiter. Only the delimiters comma(,), tab(\\t), or pipe(|) are allowed."
)
"""Source: guide, word for word."""
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")


def refuse(reason: str) -> NoReturn:
    """Refuse the input of an operation."""
    raise GraphQLError(f"{INVALID} {reason}")


def reference_set(library: Library, set_id: str) -> DataSet:
    found = library.find(set_id)
    if found is None or found.type != "REFERENCE_SET":
        refuse(f"There is no reference set with the ID {set_id!r}.")
    return found


def read_order(library: Library, subscription: str, given: Mapping[str, Any]) -> Order:
    """Return what is asked for; refuse whatever the contract does not allow."""
    delimiter = given.get("delimiter") or DELIMITERS[0]
    if delimiter not in DELIMITERS:
        raise GraphQLError(INVALID_DELIMITER)
    if not given["jobName"].strip():
        refuse("jobName is empty.")
    data_set, attributes = _subject(library, given)
    before = library.find(data_set)
    columns = _columns(given["mappings"], attributes, given)
    dates = {d.name: d for d in DATE_FORMATS}[given.get("dateFormat") or DATE_FORMATS[0].name]
    return Order(
        import_type=given["importType"],
        job_name=given["jobName"],
        data_set=data_set,
        before=before.attributes if before else (),
        attributes=attributes,
        file=_file(subscription, given["fileLocation"]),
        layout=Layout(columns, delimiter, dates, bool(given.get("skipFirstRow"))),
        notify=_addresses(given.get("notifications") or ()),
    )


def _subject(library: Library, given: Mapping[str, Any]) -> tuple[str, tuple[Attribute, ...]]:
    """Return the new set's name or the old one's ID, and the attributes that it has afterwards."""
    if given["importType"] == "CREATE":
        return _new_name(library, given), _new_attributes(given)
    if not given.get("dataSetId"):
        refuse(f"dataSetId is required for {given['importType']}.")
    data_set = reference_set(library, given["dataSetId"])
    changes = given.get("attributes") or {}
    if given["importType"] == "REPLACE":
        if changes.get("create") or changes.get("remove"):
            refuse("REPLACE takes no attributes to create or remove.")
        return data_set.id, data_set.attributes
    new = tuple(Attribute(a["name"], a["type"]) for a in _created(changes))
    if any(_is_key(a) for a in _created(changes)):
        refuse("The set has its key already; a new attribute cannot be another.")
    after = (*without(data_set.attributes, changes.get("remove") or ()), *new)
    check_names(a.name for a in after)
    return data_set.id, after


def _new_name(library: Library, given: Mapping[str, Any]) -> str:
    if given.get("dataSetId"):
        refuse("dataSetId names an existing set; CREATE makes a new one.")
    name: str | None = given.get("dataSetName")
    if not name:
        refuse("dataSetName is required for CREATE.")
    if len(name) > SET_NAME_MAX:
        refuse(f"dataSetName has {len(name)} characters; at most {SET_NAME_MAX} are allowed.")
    if not re.fullmatch(SET_NAME, name):
        refuse("dataSetName may hold Latin letters, digits, - and _ only.")
    if given.get("dataSetType") is None:
        refuse("dataSetType is required for CREATE.")
    if given["dataSetType"] != "REFERENCE_SET":
        refuse("dataSetType must be REFERENCE_SET.")
    try:
        check_place(name, library.sets())
    except RefusedError as refusal:
        refuse(str(refusal))
    return name


def _new_attributes(given: Mapping[str, Any]) -> tuple[Attribute, ...]:
    changes = given.get("attributes") or {}
    if changes.get("remove"):
        refuse("CREATE takes no attributes to remove.")
    if not _created(changes):
        refuse("attributes are required for CREATE.")
    attributes = tuple(Attribute(a["name"], a["type"], key=_is_key(a)) for a in _created(changes))
    check_names(a.name for a in attributes)
    keys = sum(a.key for a in attributes)
    if keys != 1:
        refuse(f"Exactly one attribute must be identified as key; {keys} are.")
    return attributes


def _is_key(given: Mapping[str, Any]) -> bool:
    return bool((given.get("identifyAs") or {}).get("key"))


def _columns(
    mappings: Sequence[Mapping[str, Any]], attributes: tuple[Attribute, ...], given: Mapping[str, Any]
) -> tuple[Column, ...]:
    by_name = {a.name: a for a in attributes}
    indexes: dict[int, str] = {}
    columns: dict[str, Column] = {}
    for name, index in ((m["attributeName"], m["columnIndex"]) for m in mappings):
        if index < 1:
            refuse(f"columnIndex counts from 1; {name!r} is mapped to {index}.")
        if name not in by_name:
            refuse(f"The mapping of {name!r} matches no attribute.")
        if name in columns:
            refuse(f"The attribute {name!r} is mapped twice.")
        if index in indexes:
            refuse(f"Column {index} is mapped to {indexes[index]!r} and to {name!r}.")
        indexes[index] = name
        columns[name] = Column(by_name[name], index)
    for attribute in _to_be_mapped(attributes, given):
        if attribute.name not in columns:
            refuse(f"The attribute {attribute.name!r} is not mapped.")
    return tuple(columns.values())


def _to_be_mapped(attributes: tuple[Attribute, ...], given: Mapping[str, Any]) -> Iterable[Attribute]:
    """Return the attributes that the file has to hold: ADD_UPDATE may leave out old ones, but not the key."""
    if given["importType"] != "ADD_UPDATE":
        return attributes
    new = {a["name"] for a in _created(given.get("attributes") or {})}
    return [a for a in attributes if a.key or a.name in new]


def _file(subscription: str, location: Mapping[str, str]) -> Key:
    filename, folder = location["filename"], location["folder"]
    if not _is_segment(filename):
        refuse(f"fileLocation.filename {filename!r} is not the name of a file.")
    segments = tuple(folder.split("/")) if folder else ()
    if not all(map(_is_segment, segments)):
        refuse(
            f"fileLocation.folder {folder!r} is not a path like 'RS/Orders' in the subscription's directory."
        )
    return subscription, *segments, filename


def _is_segment(text: str) -> bool:
    return text not in ("", ".", "..") and "/" not in text and text.isprintable()


def _addresses(notifications: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    for destination in (n["destination"] for n in notifications):
        if not _EMAIL.fullmatch(destination):
            refuse(f"{destination!r} is not an e-mail address.")
    return tuple(n["destination"] for n in notifications)


def without(attributes: tuple[Attribute, ...], removed: Sequence[Mapping[str, str]]) -> tuple[Attribute, ...]:
    by_name = {a.name: a for a in attributes}
    for name in (r["name"] for r in removed):
        if name not in by_name:
            refuse(f"There is no attribute {name!r} to remove.")
        if by_name.pop(name).key:
            refuse(f"The key {name!r} cannot be removed.")
    return tuple(by_name.values())


def check_names(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if not name.strip():
            refuse("An attribute has no name.")
        if name in seen:
            refuse(f"The attribute {name!r} is there twice.")
        seen.add(name)


def _created(changes: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return changes.get("create") or ()
