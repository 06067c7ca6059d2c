"""The API: the door, every refusal of an import, and the operations around it."""

from __future__ import annotations

import copy
from typing import Any

import httpx
import pytest
from workshop import CREATE_JOB, ORDERS, ORDERS_INPUT, Client, set_input

from connect_pandas._sandbox import Sandbox

AUDIENCE = '{ dataSets(filter: [{field: "type", eq: "AUDIENCE"}]) { nodes { dataSetId name type } } }'
ADD = """
mutation ($from: ID!, $to: ID!, $mappings: [AssociationMappingInput!]!) {
  addReferenceSetAssociation(dataSetAssociation: {from: $from, to: $to, mappings: $mappings}) {
    from { dataSetId name type } to { dataSetId name type } mappings { fromAttribute toAttribute }
  }
}"""
REMOVE = """
mutation ($from: ID!, $to: ID!) {
  deleteReferenceSetAssociation(from: $from, to: $to) { from { name } to { name } }
}"""
UPDATE = """
mutation ($id: ID!, $attributes: AttributeChangesInput!) {
  updateDataSet(where: {dataSetId: $id}, to: {attributes: $attributes}) { dataSetId attributes { name type } }
}"""
DELETE = "mutation ($id: ID!) { deleteDataSet(where: {dataSetId: $id}) { dataSetId } }"

# ── the door ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "headers", [{}, {"x-api-key": "wrong"}, {"x-api-key": ""}, {"authorization": "Bearer x"}]
)
def test_a_wrong_key_is_refused(shared: Client, headers: dict[str, str]) -> None:
    endpoint = shared.box.connection.endpoint

    response = httpx.post(endpoint, json={"query": AUDIENCE}, headers=headers, trust_env=False)

    assert response.status_code == 401
    assert response.json() == {
        "errors": [{"message": "Unauthorized: the x-api-key header is missing or wrong."}]
    }


def test_other_ways_in_are_refused(shared: Client) -> None:
    assert shared.http.get("/").status_code == 405
    assert shared.http.post("/graphql", json={"query": AUDIENCE}).status_code == 404
    for body in (
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"{}",
        b'{"query": 1}',
        b"\xff",
        b"null",
        b'{"query": "{a}", "variables": 1}',
        b'{"query": "{a}", "variables": {"a": NaN}}',
    ):
        response = shared.http.post("/", content=body)
        assert response.status_code == 400, body
        assert response.json()["errors"], body


def test_what_the_schema_does_not_have_is_refused(shared: Client) -> None:
    for query in (
        "{ importJobs { id } }",
        "{ dataSets { nodes { rows } } }",
        "mutation {",
        "query A {a} query B {b}",
    ):
        assert shared.ask(query)["errors"]


# ── createImportJob ──────────────────────────────────────────────────────────────────────────────

DELIMITER = (
    r"INPUT_VALIDATION_FAILED. Invalid delimiter. "
    r"Only the delimiters comma(,), tab(\t), or pipe(|) are allowed."
)


def given(**changes: Any) -> dict[str, Any]:
    changed = copy.deepcopy(ORDERS_INPUT) | changes
    return {name: value for name, value in changed.items() if value != "absent"}


def attributes(*create: tuple[str, str, bool]) -> dict[str, Any]:
    return {"create": [{"name": n, "type": t, "identifyAs": {"key": k}} for n, t, k in create]}


def mappings(*pairs: tuple[str, int]) -> list[dict[str, Any]]:
    return [{"attributeName": n, "columnIndex": i} for n, i in pairs]


def location(filename: str = "orders.csv", folder: str = "RS/Orders") -> dict[str, str]:
    return {"type": "SFTP", "filename": filename, "folder": folder}


TWO = attributes(("a", "TEXT", True), ("b", "TEXT", False))
INVALID = {
    "name too long": (given(dataSetName="x" * 26), "dataSetName has 26 characters; at most 25 are allowed."),
    "name with a space": (
        given(dataSetName="My orders"),
        "dataSetName may hold Latin letters, digits, - and _ only.",
    ),
    "name with an umlaut": (
        given(dataSetName="Aufträge"),
        "dataSetName may hold Latin letters, digits, - and _ only.",
    ),
    "name with an end of line": (
        given(dataSetName="Orders\n"),
        "dataSetName may hold Latin letters, digits, - and _ only.",
    ),
    "no name": (given(dataSetName="absent"), "dataSetName is required for CREATE."),
    "no type": (given(dataSetType="absent"), "dataSetType is required for CREATE."),
    "audience": (given(dataSetType="AUDIENCE"), "dataSetType must be REFERENCE_SET."),
    "an id": (given(dataSetId="x"), "dataSetId names an existing set; CREATE makes a new one."),
    "no attributes": (given(attributes="absent"), "attributes are required for CREATE."),
    "empty attributes": (given(attributes={"create": []}), "attributes are required for CREATE."),
    "removal": (
        given(attributes={**ORDERS_INPUT["attributes"], "remove": [{"name": "x"}]}),
        "CREATE takes no attributes to remove.",
    ),
    "no key": (
        given(attributes=attributes(("a", "TEXT", False))),
        "Exactly one attribute must be identified as key; 0 are.",
    ),
    "two keys": (
        given(attributes=attributes(("a", "TEXT", True), ("b", "TEXT", True))),
        "Exactly one attribute must be identified as key; 2 are.",
    ),
    "attribute twice": (
        given(attributes=attributes(("a", "TEXT", True), ("a", "TEXT", False))),
        "The attribute 'a' is there twice.",
    ),
    "attribute without name": (
        given(attributes=attributes((" ", "TEXT", True))),
        "An attribute has no name.",
    ),
    "unmapped": (given(attributes=TWO, mappings=mappings(("a", 1))), "The attribute 'b' is not mapped."),
    "mapped to nothing": (
        given(attributes=TWO, mappings=mappings(("a", 1), ("b", 2), ("c", 3))),
        "The mapping of 'c' matches no attribute.",
    ),
    "mapped twice": (
        given(attributes=TWO, mappings=mappings(("a", 1), ("b", 2), ("a", 3))),
        "The attribute 'a' is mapped twice.",
    ),
    "column twice": (
        given(attributes=TWO, mappings=mappings(("a", 1), ("b", 1))),
        "Column 1 is mapped to 'a' and to 'b'.",
    ),
    "column 0": (
        given(attributes=TWO, mappings=mappings(("a", 0), ("b", 1))),
        "columnIndex counts from 1; 'a' is mapped to 0.",
    ),
    "no job name": (given(jobName=" "), "jobName is empty."),
    "file in filename": (
        given(fileLocation=location("RS/orders.csv")),
        "fileLocation.filename 'RS/orders.csv' is not the name of a file.",
    ),
    "no filename": (given(fileLocation=location("")), "fileLocation.filename '' is not the name of a file."),
    **{
        f"folder {folder}": (
            given(fileLocation=location(folder=folder)),
            f"fileLocation.folder {folder!r} is not a path like 'RS/Orders' in the subscription's directory.",
        )
        for folder in ("/RS/Orders", "RS/Orders/", "../RS", "RS//Orders")
    },
    "no address": (
        given(notifications=[{"channel": "EMAIL", "destination": "ann at shop.com"}]),
        "'ann at shop.com' is not an e-mail address.",
    ),
    "id for REPLACE": (given(importType="REPLACE"), "dataSetId is required for REPLACE."),
    "unknown id": (
        given(importType="ADD_UPDATE", dataSetId="nope"),
        "There is no reference set with the ID 'nope'.",
    ),
}


@pytest.fixture(scope="module")
def loaded(shared: Client) -> Client:
    shared.mkdir("RS", "RS/Orders")
    shared.put(ORDERS, "RS/Orders/orders.csv")
    return shared


@pytest.mark.parametrize("case", INVALID)
def test_invalid_input_is_refused(loaded: Client, case: str) -> None:
    wrong, reason = INVALID[case]

    assert loaded.refusal(CREATE_JOB, importInput=wrong) == f"INPUT_VALIDATION_FAILED. {reason}"

    assert loaded.box.jobs.empty


@pytest.mark.parametrize("delimiter", [";", "\\t", "^", ",,", " "])
def test_other_delimiters_are_refused_in_the_services_words(loaded: Client, delimiter: str) -> None:
    assert loaded.refusal(CREATE_JOB, importInput=given(delimiter=delimiter)) == DELIMITER


@pytest.mark.parametrize(
    ("filename", "folder"),
    [("orders.csv", ""), ("orders.csv", "RS"), ("Orders.csv", "RS/Orders"), ("Orders", "RS")],
)
def test_a_file_that_is_not_there_is_refused_in_the_services_words(
    loaded: Client, filename: str, folder: str
) -> None:
    wrong = given(fileLocation=location(filename, folder))
    assert loaded.refusal(CREATE_JOB, importInput=wrong) == "S3_FILE_METADATA_FAILED"


@pytest.mark.parametrize(
    "wrong",
    [
        given(importType="absent"),
        given(mappings="absent"),
        given(importType="DELETE"),
        given(dateFormat="ISO"),
        given(fileFormat="PARQUET"),
        given(unknown=1),
        given(attributes=attributes(("a", "INTEGER", True))),
        given(notifications=[{"channel": "SMS", "destination": "a@b.co"}]),
    ],
    ids=str,
)
def test_what_the_schema_does_not_allow_is_refused(loaded: Client, wrong: dict[str, Any]) -> None:
    assert loaded.ask(CREATE_JOB, importInput=wrong)["errors"]
    assert loaded.box.jobs.empty


def test_name_taken_and_all_places_filled(client: Client) -> None:
    for number in range(5):
        client.run("id\na\n", set_input({"id": "TEXT"}, "id", dataSetName=f"Set{number}"))
    client.put("id\na\n", "data.csv")

    taken = set_input({"id": "TEXT"}, "id", dataSetName="Set3")
    assert client.refusal(CREATE_JOB, importInput=taken) == (
        "INPUT_VALIDATION_FAILED. A data set named 'Set3' exists already."
    )
    sixth = set_input({"id": "TEXT"}, "id", dataSetName="Set5")
    assert client.refusal(CREATE_JOB, importInput=sixth) == (
        "INPUT_VALIDATION_FAILED. The subscription holds 5 reference sets already."
    )
    client.get(DELETE, id=client.set_id("Set0"))
    assert client.finished(client.submit(sixth))["status"] == "completed"


# ── dataSets ─────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def orders(client: Client) -> Client:
    assert client.import_orders()["status"] == "completed"
    return client


def test_data_sets_and_their_filters(orders: Client) -> None:
    query = "query ($filter: [FilterInput!]) { dataSets(filter: $filter) { nodes { name } } }"

    def names(*conditions: dict[str, Any]) -> list[str]:
        found = orders.get(query, filter=list(conditions))["dataSets"]["nodes"]
        return [node["name"] for node in found]

    assert names() == ["Audience", "Orders"]
    assert names({"field": "type", "eq": "REFERENCE_SET"}) == ["Orders"]
    assert names({"field": "type", "in": ["AUDIENCE", "REFERENCE_SET"]}) == ["Audience", "Orders"]
    assert names({"field": "dataSetId", "eq": orders.set_id("Orders")}) == ["Orders"]
    assert names({"field": "name", "contains": "rder"}) == ["Orders"]
    assert names({"field": "name", "eq": "orders"}) == []
    assert names({"field": "type", "eq": "AUDIENCE"}, {"field": "name", "eq": "Orders"}) == []
    assert orders.refusal(query, filter=[{"field": "rows", "eq": 8}]) == (
        "INPUT_VALIDATION_FAILED. Data sets are filtered by type, dataSetId or name, not by 'rows'."
    )
    assert "lacks eq, in or contains" in orders.refusal(query, filter=[{"field": "name"}])


def test_all_that_a_data_set_tells(orders: Client) -> None:
    query = """{ dataSets(filter: [{field: "type", eq: "REFERENCE_SET"}]) { nodes {
      name dataSetId type tracking { createdBy createdAt lastModifiedBy lastModifiedAt }
      attributes { name type identifyAs { key index } } associations { to { name } } } } }"""

    (node,) = orders.get(query)["dataSets"]["nodes"]

    assert node["dataSetId"] == orders.set_id("Orders")
    assert node["tracking"]["createdBy"] == orders.box.connection.user
    assert node["tracking"]["createdAt"].endswith("Z")
    assert node["associations"] == []
    assert node["attributes"][:2] == [
        {"name": "Order ID", "type": "TEXT", "identifyAs": {"key": True, "index": 0}},
        {"name": "Client ID", "type": "TEXT", "identifyAs": None},
    ]


# ── referenceSetRecords ──────────────────────────────────────────────────────────────────────────

FILTERS: list[tuple[dict[str, Any], list[str]]] = [
    ({"field": "key", "eq": "8758175"}, ["8758175"]),
    ({"field": "Order ID", "eq": "8758175"}, ["8758175"]),
    ({"field": "key", "in": ["8758175", "8130627", "none"]}, ["8758175", "8130627"]),
    ({"field": "key", "in": []}, []),
    ({"field": "Discount coupon", "contains": "FRI"}, ["8864985", "8791438"]),
    ({"field": "Discount coupon", "contains": "%"}, []),
    ({"field": "Client ID", "contains": "hx"}, []),
    ({"field": "Amount", "eq": 424}, ["8648971"]),
    ({"field": "Amount", "in": [623.7, 104.9]}, ["8783845", "8758175"]),
    ({"field": "First-time purchase", "eq": True}, ["8783845", "8758175", "8864985", "8791438"]),
    ({"field": "Date", "eq": "2024-10-31 21:15:38.000"}, ["8864985"]),
    ({"field": "Amount", "eq": None}, []),
    ({"field": "key", "eq": "x' OR '1'='1"}, []),
]


def keys(client: Client, **arguments: Any) -> list[str]:
    found = client.records("Orders", **arguments)
    assert found["totalCount"] == len(found["nodes"])
    return [node["key"] for node in found["nodes"]]


def test_record_filters_and_order(orders: Client) -> None:
    for condition, expected in FILTERS:
        assert keys(orders, filter=[condition]) == expected, condition
    both = [{"field": "First-time purchase", "eq": True}, {"field": "Discount coupon", "eq": "BLACKFRIDAY"}]
    assert keys(orders, filter=both) == ["8864985", "8791438"]
    by_amount = keys(orders, orderBy=[{"field": "Amount", "sort": "DESC"}])
    assert by_amount[:3] == ["8794467", "8794438", "8130627"], "numbers are ordered as numbers"
    by_key = keys(orders, orderBy=[{"field": "key", "sort": "ASC"}])
    assert by_key == sorted(by_key)
    by_two = keys(
        orders, orderBy=[{"field": "First-time purchase", "sort": "ASC"}, {"field": "Date", "sort": "ASC"}]
    )
    assert by_two[:4] == ["8794438", "8794467", "8648971", "8130627"]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"field": "Price", "eq": 1}, "The data set 'Orders' has no attribute 'Price'."),
        ({"field": "Amount", "contains": "4"}, "contains looks into TEXT; 'Amount' is NUMBER."),
        ({"field": "Amount", "eq": "424"}, "'424' is not a value of 'Amount', which is NUMBER."),
        ({"field": "Client ID", "eq": 4.5}, "4.5 is not a value of 'Client ID', which is TEXT."),
        ({"field": "Amount", "in": [1, True]}, "True is not a value of 'Amount', which is NUMBER."),
        ({"field": "key", "eq": 8758175}, "8758175 is not a value of 'Order ID', which is TEXT."),
    ],
)
def test_record_filters_that_make_no_sense(orders: Client, condition: dict[str, Any], reason: str) -> None:
    query = """query ($id: ID!, $filter: [FilterInput!]) {
      referenceSetRecords(dataSetId: $id, filter: $filter) { totalCount } }"""
    refusal = orders.refusal(query, id=orders.set_id("Orders"), filter=[condition])
    assert refusal == f"INPUT_VALIDATION_FAILED. {reason}"


def test_there_are_no_records_of_an_audience_or_of_nothing(shared: Client) -> None:
    (audience,) = shared.get(AUDIENCE)["dataSets"]["nodes"]
    for unknown in (audience["dataSetId"], "nope"):
        refusal = shared.refusal(
            "query ($id: ID!) { referenceSetRecords(dataSetId: $id) { totalCount } }", id=unknown
        )
        assert refusal == f"INPUT_VALIDATION_FAILED. There is no reference set with the ID {unknown!r}."


# ── changing and deleting ────────────────────────────────────────────────────────────────────────


def test_delete(orders: Client) -> None:
    set_id = orders.set_id("Orders")

    assert orders.get(DELETE, id=set_id) == {"deleteDataSet": {"dataSetId": set_id}}

    assert orders.box.sets.empty
    assert "There is no reference set" in orders.refusal(DELETE, id=set_id)


def test_update(orders: Client) -> None:
    set_id = orders.set_id("Orders")
    changes = {
        "create": [{"name": "City", "type": "TEXT", "category": "Location"}],
        "update": [{"name": "Client ID", "category": "Demographic"}],
        "remove": [{"name": "Amount"}],
    }

    after = orders.get(UPDATE, id=set_id, attributes=changes)["updateDataSet"]["attributes"]

    assert [a["name"] for a in after] == [
        "Order ID", "Client ID", "Date", "First-time purchase", "Discount coupon", "City",
    ]  # fmt: skip
    assert orders.rows("Orders")[0] == [
        "8783845", "HX-18900123", "2024-11-01 16:04:38.000", True, "FALL2024", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"remove": [{"name": "Order ID"}]}, "The key 'Order ID' cannot be removed."),
        ({"remove": [{"name": "Price"}]}, "There is no attribute 'Price' to remove."),
        ({"update": [{"name": "Price", "category": "Location"}]}, "There is no attribute 'Price' to update."),
        ({"create": [{"name": "Date", "type": "DATE"}]}, "The attribute 'Date' is there twice."),
        (
            {"update": [{"name": "Date", "category": "Time"}]},
            "The category 'Time' is none of Demographic, Contact information, Location.",
        ),
    ],
)
def test_updates_refused(orders: Client, changes: dict[str, Any], reason: str) -> None:
    refusal = orders.refusal(UPDATE, id=orders.set_id("Orders"), attributes=changes)
    assert refusal == f"INPUT_VALIDATION_FAILED. {reason}"


# ── associations ─────────────────────────────────────────────────────────────────────────────────


def link(left: str, right: str) -> list[dict[str, str]]:
    return [{"fromAttribute": left, "toAttribute": right}]


def test_associations(client: Client) -> None:
    for name in "ABC":
        client.run("id,n\na,1\n", set_input({"id": "TEXT", "n": "NUMBER"}, "id", dataSetName=name))
    (audience,) = client.get(AUDIENCE)["dataSets"]["nodes"]
    top = audience["dataSetId"]
    a, b, c = (client.set_id(name) for name in "ABC")
    variables = {"from": top, "to": a, "mappings": link("Contact ID", "id")}

    added = client.get(ADD, **variables)["addReferenceSetAssociation"]
    assert added == {
        "from": {"dataSetId": top, "name": "Audience", "type": "AUDIENCE"},
        "to": {"dataSetId": a, "name": "A", "type": "REFERENCE_SET"},
        "mappings": link("Contact ID", "id"),
    }
    client.get(ADD, **{"from": a, "to": b, "mappings": link("n", "n")})

    refusals = [
        (top, a, link("Contact ID", "id"), "These data sets are associated already."),
        (a, top, link("id", "Contact ID"), "The audience is always from, never to."),
        (
            top,
            b,
            link("Contact ID", "n"),
            "'Contact ID' is TEXT and 'n' is NUMBER; both must have the same type.",
        ),
        (top, b, link("Contact ID", "x"), "The data set 'B' has no attribute 'x'."),
        (top, b, [], "An association needs at least one mapping."),
        (b, c, link("id", "id"), "Reference sets are associated one level deep only."),
        (c, a, link("id", "id"), "Reference sets are associated one level deep only."),
        (c, c, link("id", "id"), "Reference sets are associated one level deep only."),
        (top, "nope", link("id", "id"), "There is no data set with the ID 'nope'."),
    ]
    for source, target, pairs, reason in refusals:
        refusal = client.refusal(ADD, **{"from": source, "to": target, "mappings": pairs})
        assert refusal == f"INPUT_VALIDATION_FAILED. {reason}"

    query = (
        "{ dataSets { nodes { name associations { to { name } mappings { fromAttribute toAttribute } } } } }"
    )
    assert client.get(query)["dataSets"]["nodes"][0]["associations"] == [
        {"to": {"name": "A"}, "mappings": link("Contact ID", "id")}
    ]
    removed = client.get(REMOVE, **{"from": top, "to": a})["deleteReferenceSetAssociation"]
    assert removed == {"from": {"name": "Audience"}, "to": {"name": "A"}}
    assert "These data sets are not associated." in client.refusal(REMOVE, **{"from": top, "to": a})
    client.get(DELETE, id=b)
    assert all(node["associations"] == [] for node in client.get(query)["dataSets"]["nodes"])


def test_two_sandboxes_know_nothing_of_each_other() -> None:
    with Sandbox(import_delay=0) as one, Sandbox(import_delay=0) as two:
        first, second = Client(one), Client(two)
        first.run("id\na\n", set_input({"id": "TEXT"}, "id"))

        assert second.box.sets.empty
        assert second.directory != first.directory
        wrong = {"x-api-key": one.connection.api_key.reveal()}
        assert second.http.post("/", json={"query": AUDIENCE}, headers=wrong).status_code == 401
        first.close()
        second.close()
