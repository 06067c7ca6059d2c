"""The API in miniature: ``connect.graphql`` answered over HTTP, as strictly as it is documented."""

from __future__ import annotations

import asyncio
import hmac
import json
from dataclasses import dataclass, field, replace
from decimal import Decimal
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, NoReturn

from ariadne import MutationType, ObjectType, QueryType, ScalarType, make_executable_schema
from graphql import FloatValueNode, GraphQLError, ValueNode, graphql_sync, value_from_ast_untyped

from connect_pandas._sandbox.explorer import page
from connect_pandas._sandbox.importer import FILE_NOT_FOUND
from connect_pandas._sandbox.orders import check_names, read_order, reference_set, refuse, without
from connect_pandas._sandbox.records import Attribute, Condition, DataSet, Link

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
    from concurrent.futures import Executor
    from datetime import datetime

    from graphql import GraphQLResolveInfo, GraphQLSchema

    from connect_pandas._sandbox.bell import Bell
    from connect_pandas._sandbox.importer import Importer
    from connect_pandas._sandbox.records import Library
    from connect_pandas._sandbox.sftp import Keys
    from connect_pandas._sandbox.store import Store

    Info = GraphQLResolveInfo["Service"]
    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

CATEGORIES: Final = ("Demographic", "Contact information", "Location")
"""Source: api, ``updateDataSet``."""


@dataclass(frozen=True, slots=True)
class Service:
    """What the API speaks for."""

    user: str
    keys: Keys
    files: Store
    library: Library
    importer: Importer


# ── HTTP ────────────────────────────────────────────────────────────────────────────────────────────────────


class App:
    """The ASGI application: ``POST /``, JSON, with the key in ``x-api-key``; a browser that opens it sees the explorer.

    A page of another site that a person has open must not get in: it does not know the key, and it is refused before
    that, whether it asks as itself (``Origin``) or has pointed a name of its own at this machine (``Host``).

    Parameters
    ----------
    service : Service
    api_key : str
    executor : Executor
        Where requests are answered, so that a long answer does not hold up the file server.
    bell : Bell
        Rings after an answer: a mutation may have changed something.
    """

    def __init__(self, service: Service, api_key: str, executor: Executor, bell: Bell) -> None:
        self._service = service
        self._api_key = api_key.encode()
        self._executor = executor
        self._bell = bell
        self._schema = make_schema()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            body = await _body(receive)
            await _respond(send, await self._answer(scope, body))

    async def _answer(self, scope: Scope, body: bytes) -> Answer:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if (refusal := _refuse_strangers(headers)) is not None:
            return refusal
        if scope["path"] != "/":
            return _errors(404, "Not found: the API is at /.")
        if scope["method"] in ("GET", "HEAD") and "text/html" in headers.get("accept", ""):
            return Answer(200, *page())
        if scope["method"] != "POST":
            return _errors(405, "Method not allowed: POST a query as JSON.")
        if not hmac.compare_digest(headers.get("x-api-key", "").encode("latin-1"), self._api_key):
            return _errors(401, "Unauthorized: the x-api-key header is missing or wrong.")
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._executor, _execute, self._schema, self._service, body)
        self._bell.ring()
        return answer


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


_OWN_NAMES: Final = frozenset({"127.0.0.1", "localhost"})


def _refuse_strangers(headers: Mapping[str, str]) -> Answer | None:
    host, origin = headers.get("host", ""), headers.get("origin")
    if host.rpartition(":")[0] not in _OWN_NAMES:
        return _errors(421, "Misdirected: this sandbox is 127.0.0.1 and answers to no other name.")
    if origin is not None and origin != f"http://{host}":
        return _errors(403, "Forbidden: pages of other sites are not answered.")
    return None


def _execute(schema: GraphQLSchema, service: Service, body: bytes) -> Answer:
    try:
        request = json.loads(body, parse_float=Decimal, parse_constant=_no_json)
    except ValueError:
        request = None
    match request:
        case {"query": str(query), **rest}:
            variables, operation = rest.get("variables") or {}, rest.get("operationName")
        case _:
            return _errors(400, 'The body is not JSON with a "query".')
    if not isinstance(variables, dict) or not isinstance(operation, str | None):
        return _errors(400, '"variables" is an object and "operationName" a text.')
    result = graphql_sync(
        schema, query, context_value=service, variable_values=variables, operation_name=operation
    )
    return Answer(200, _json(result.formatted).encode())


def _no_json(constant: str) -> NoReturn:
    # Python would take NaN and Infinity.
    raise ValueError(f"{constant} is not JSON")


def _json(value: Any) -> str:
    """Write JSON as json.dumps does, which knows no Decimal; a number keeps all of its digits."""
    match value:
        case dict():
            return "{" + ", ".join(f"{json.dumps(k)}: {_json(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_json, value)) + "]"
        case Decimal():
            return format(value, "f")
        case _:
            return json.dumps(value)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


async def _respond(send: Send, answer: Answer) -> None:
    headers = {**answer.headers, "content-length": str(len(answer.body))}
    encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": encoded})
    await send({"type": "http.response.body", "body": answer.body})


def _errors(status: int, message: str) -> Answer:
    return Answer(status, json.dumps({"errors": [{"message": message}]}).encode())


# ── the schema and its resolvers ────────────────────────────────────────────────────────────────────────────

_query = QueryType()
_mutation = MutationType()
_data_set = ObjectType("DataSet")
_association = ObjectType("DataSetAssociation")
_records = ObjectType("RecordConnection")
_value = ScalarType("RecordValue")


def make_schema() -> GraphQLSchema:
    """Return the service's schema, as ``connect.graphql`` has it, with the sandbox's answers."""
    text = resources.files("connect_pandas").joinpath("service/connect.graphql").read_text(encoding="utf-8")
    return make_executable_schema(text, _query, _mutation, _data_set, _association, _records, _value)


@_value.literal_parser
def _parse_value(node: ValueNode, variables: dict[str, Any] | None = None) -> Any:
    # GraphQL would make a float of it.
    return (
        Decimal(node.value) if isinstance(node, FloatValueNode) else value_from_ast_untyped(node, variables)
    )


@_query.field("dataSets")
def _resolve_data_sets(
    _: object,
    info: Info,
    filter: Sequence[Mapping[str, Any]] = (),  # noqa: A002 - the schema's name
) -> dict[str, Any]:
    library = info.context.library
    found: Iterable[DataSet] = [library.audience, *library.sets()]
    for condition in filter or ():
        found = [s for s in found if _fits(s, condition)]
    return {"nodes": found}


_DATA_SET_FIELDS: Final[dict[str, Callable[[DataSet], str]]] = {
    "type": lambda s: s.type,
    "dataSetId": lambda s: s.id,
    "name": lambda s: s.name,
}


def _fits(data_set: DataSet, condition: Mapping[str, Any]) -> bool:
    read = _DATA_SET_FIELDS.get(condition["field"])
    if read is None:
        refuse(f"Data sets are filtered by type, dataSetId or name, not by {condition['field']!r}.")
    value = read(data_set)
    tests: dict[str, Callable[[Any], bool]] = {
        "eq": lambda wanted: value == wanted,
        "in": lambda wanted: value in wanted,
        "contains": lambda wanted: wanted in value,
    }
    return all(tests[test](wanted) for test, wanted in _tests(condition))


def _tests(condition: Mapping[str, Any]) -> list[tuple[str, Any]]:
    tests = [(test, condition[test]) for test in ("eq", "in", "contains") if test in condition]
    if not tests or any(value is None for test, value in tests if test != "eq"):
        refuse(f"The filter by {condition['field']!r} lacks eq, in or contains.")
    return tests


@_data_set.field("dataSetId")
def _resolve_id(data_set: DataSet, _: Info) -> str:
    return data_set.id


@_data_set.field("tracking")
def _resolve_tracking(data_set: DataSet, info: Info) -> dict[str, str]:
    user = info.context.user
    return {
        "createdBy": user,
        "createdAt": _moment(data_set.created),
        "lastModifiedBy": user,
        "lastModifiedAt": _moment(data_set.modified),
    }


def _moment(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@_data_set.field("associations")
def _resolve_associations(data_set: DataSet, info: Info) -> list[Link]:
    return [link for link in info.context.library.links() if link.source == data_set.id]


@_data_set.field("attributes")
def _resolve_attributes(data_set: DataSet, _: Info) -> list[dict[str, Any]]:
    return [
        {"name": a.name, "type": a.type, "identifyAs": {"key": True, "index": 0} if a.key else None}
        for a in data_set.attributes
    ]


@_association.field("from")
def _resolve_from(link: Link, info: Info) -> DataSet | None:
    return info.context.library.find(link.source)


@_association.field("to")
def _resolve_to(link: Link, info: Info) -> DataSet | None:
    return info.context.library.find(link.target)


@_association.field("mappings")
def _resolve_mappings(link: Link, _: Info) -> list[dict[str, str]]:
    return [{"fromAttribute": f, "toAttribute": t} for f, t in link.mappings]


# ── records ─────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Found:
    """Records asked for, not yet read: who asks only for the count reads no row."""

    data_set: DataSet
    where: tuple[Condition, ...]
    order: tuple[tuple[Attribute, bool], ...]


@_query.field("referenceSetRecords")
def _resolve_records(
    _: object,
    info: Info,
    dataSetId: str,  # noqa: N803 - the schema's name
    filter: Sequence[Mapping[str, Any]] | None = None,  # noqa: A002
    orderBy: Sequence[Mapping[str, Any]] | None = None,  # noqa: N803
) -> _Found:
    data_set = reference_set(info.context.library, dataSetId)
    where = tuple(condition for some in filter or () for condition in _conditions(data_set, some))
    order = tuple((_field(data_set, by["field"]), by["sort"] == "DESC") for by in orderBy or ())
    return _Found(data_set, where, order)


@_records.field("totalCount")
def _resolve_count(found: _Found, info: Info) -> int:
    return info.context.library.count(found.data_set, found.where)


@_records.field("nodes")
def _resolve_nodes(found: _Found, info: Info) -> list[dict[str, Any]]:
    attributes = found.data_set.attributes
    key = attributes.index(found.data_set.key)
    return [
        {
            "key": str(row[key]),
            "attributes": [
                {"name": a.name, "value": value} for a, value in zip(attributes, row, strict=True)
            ],
        }
        for row in info.context.library.records(found.data_set, found.where, found.order)
    ]


def _conditions(data_set: DataSet, condition: Mapping[str, Any]) -> list[Condition]:
    attribute = _field(data_set, condition["field"])
    conditions = [Condition(attribute, test, value) for test, value in _tests(condition)]
    for c in conditions:
        if c.test == "contains" and attribute.type != "TEXT":
            refuse(f"contains looks into TEXT; {attribute.name!r} is {attribute.type}.")
        for value in c.value if c.test == "in" else [c.value]:
            _check_value(attribute, value)
    return conditions


def _field(data_set: DataSet, name: str) -> Attribute:
    found = data_set.attribute(name) or (data_set.key if name == "key" else None)
    if found is None:
        refuse(f"The data set {data_set.name!r} has no attribute {name!r}.")
    return found


def _check_value(attribute: Attribute, value: object) -> None:
    good = {
        "TEXT": isinstance(value, str),
        "DATE": isinstance(value, str),
        "NUMBER": isinstance(value, (int, Decimal)) and not isinstance(value, bool),
        "BOOLEAN": isinstance(value, bool),
    }
    if value is not None and not good[attribute.type]:
        shown = str(value) if isinstance(value, Decimal) else repr(value)
        refuse(f"{shown} is not a value of {attribute.name!r}, which is {attribute.type}.")


# ── keys and sets ───────────────────────────────────────────────────────────────────────────────────────────


@_mutation.field("updatePublicKeyForConnectUser")
def _resolve_key(_: object, info: Info, publicKey: str) -> dict[str, str]:  # noqa: N803
    try:
        info.context.keys.register(publicKey)
    except ValueError as error:
        refuse(f"The public key cannot be read: {error}.")
    return {"publicKey": publicKey}


@_mutation.field("deleteDataSet")
def _resolve_delete(_: object, info: Info, where: Mapping[str, str]) -> DataSet:
    found = reference_set(info.context.library, where["dataSetId"])
    info.context.library.delete(found.id)
    return found


@_mutation.field("updateDataSet")
def _resolve_update(_: object, info: Info, where: Mapping[str, str], to: Mapping[str, Any]) -> DataSet:
    found = reference_set(info.context.library, where["dataSetId"])
    info.context.library.change(found.id, _changed(found.attributes, to["attributes"]))
    return reference_set(info.context.library, found.id)


def _changed(attributes: tuple[Attribute, ...], changes: Mapping[str, Any]) -> tuple[Attribute, ...]:
    """Return the attributes of a set after ``create``, ``update`` and ``remove``."""
    kept = without(attributes, changes.get("remove") or ())
    categories = {c["name"]: c["category"] for c in changes.get("update") or ()}
    for name in categories.keys() - {a.name for a in kept}:
        refuse(f"There is no attribute {name!r} to update.")
    new = tuple(
        Attribute(c["name"], c["type"], category=c.get("category")) for c in changes.get("create") or ()
    )
    for category in (*categories.values(), *(a.category for a in new if a.category is not None)):
        if category not in CATEGORIES:
            refuse(f"The category {category!r} is none of {', '.join(CATEGORIES)}.")
    after = (*(replace(a, category=categories.get(a.name, a.category)) for a in kept), *new)
    check_names(a.name for a in after)
    return after


# ── associations ────────────────────────────────────────────────────────────────────────────────────────────


@_mutation.field("addReferenceSetAssociation")
def _resolve_add(_: object, info: Info, dataSetAssociation: Mapping[str, Any]) -> Link:  # noqa: N803
    library = info.context.library
    source = library.find(dataSetAssociation["from"])
    if source is None:
        refuse(f"There is no data set with the ID {dataSetAssociation['from']!r}.")
    target = library.find(dataSetAssociation["to"])
    if target == library.audience:
        refuse("The audience is always from, never to.")
    if target is None:
        refuse(f"There is no data set with the ID {dataSetAssociation['to']!r}.")
    mappings = [(m["fromAttribute"], m["toAttribute"]) for m in dataSetAssociation["mappings"]]
    _check_mappings(source, target, mappings)
    _check_depth(library, source, target)
    link = Link(source.id, target.id, tuple(mappings))
    library.add_link(link)
    return link


def _check_mappings(source: DataSet, target: DataSet, mappings: Sequence[tuple[str, str]]) -> None:
    if not mappings:
        refuse("An association needs at least one mapping.")
    for from_name, to_name in mappings:
        left, right = _field(source, from_name), _field(target, to_name)
        if left.type != right.type:
            refuse(
                f"{from_name!r} is {left.type} and {to_name!r} is {right.type}; both must have the same type."
            )


def _check_depth(library: Library, source: DataSet, target: DataSet) -> None:
    links = library.links()
    if any(link.source == source.id and link.target == target.id for link in links):
        refuse("These data sets are associated already.")
    if source == library.audience:
        return
    between_sets = [link for link in links if link.source != library.audience.id]
    if (
        source.id == target.id
        or any(link.target == source.id for link in between_sets)
        or any(link.source == target.id for link in between_sets)
    ):
        refuse("Reference sets are associated one level deep only.")


@_mutation.field("deleteReferenceSetAssociation")
def _resolve_unlink(_: object, info: Info, **ends: str) -> Link:
    library = info.context.library
    link = next((k for k in library.links() if (k.source, k.target) == (ends["from"], ends["to"])), None)
    if link is None:
        refuse("These data sets are not associated.")
    library.delete_link(link.source, link.target)
    return link


# ── the import ──────────────────────────────────────────────────────────────────────────────────────────────


@_mutation.field("createImportJob")
def _resolve_import(_: object, info: Info, importInput: Mapping[str, Any]) -> dict[str, str]:  # noqa: N803
    service = info.context
    order = read_order(service.library, service.files.subscription, importInput)
    if order.file not in service.files.files():
        raise GraphQLError(FILE_NOT_FOUND)
    return {"id": service.importer.submit(order)}
