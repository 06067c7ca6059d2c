"""An import from the upload to the records, and every rule of the file that makes one fail."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from workshop import CREATE_JOB, ORDERS, ORDERS_INPUT, Client, set_input

from connect_pandas._sandbox import importer

if TYPE_CHECKING:
    from collections.abc import Callable

KINDS = {"id": "TEXT", "n": "NUMBER", "flag": "BOOLEAN", "day": "DATE", "note": "TEXT"}
HEADER = "id,n,flag,day,note\n"
GOOD = "a,1.50,TRUE,2024-02-29T00:00:00Z,x\n"


def test_guides_orders_end_to_end(client: Client) -> None:
    job = client.import_orders()

    assert (job["status"], job["rows_read"], job["rows_imported"], job["message"]) == ("completed", 8, 8, "")
    assert job["created"] <= job["finished"]
    assert client.box.files.empty, "a completed job deletes its file"
    (name, records, attributes) = client.box.sets.loc[0, ["name", "records", "attributes"]]
    assert (name, records) == ("Orders", 8)
    assert attributes == {a["name"]: a["type"] for a in ORDERS_INPUT["attributes"]["create"]}
    found = client.records("Orders")
    assert found["totalCount"] == 8
    assert found["nodes"][0] == {
        "key": "8783845",
        "attributes": [
            {"name": "Order ID", "value": "8783845"},
            {"name": "Client ID", "value": "HX-18900123"},
            {"name": "Amount", "value": 623.7},
            {"name": "Date", "value": "2024-11-01 16:04:38.000"},
            {"name": "First-time purchase", "value": True},
            {"name": "Discount coupon", "value": "FALL2024"},
        ],
    }
    assert [node["key"] for node in found["nodes"]] == [
        line.split(",")[0] for line in ORDERS.splitlines()[1:]
    ]
    mail = client.box.mailbox.loc[0]
    assert (mail["to"], mail["subject"]) == ("ann@shop.com", "Import job Add orders: completed")
    assert mail["text"] == "8 records were imported into Orders."


BAD_FILES = {
    "byte-order mark": (
        "\ufeff" + HEADER + GOOD,
        "The file begins with a byte-order mark; write UTF-8 without one.",
    ),
    "not UTF-8": (HEADER.encode() + "a,1,TRUE,,é\n".encode("latin-1"), "The file is not UTF-8"),
    "empty": ("", "The file is empty."),
    "wrong delimiter": (
        (HEADER + GOOD).replace(",", ";"),
        '"note" is mapped to column 5, and the first row has 1 field when it is split at commas.',
    ),
    "mixed delimiters": (
        HEADER + GOOD + "b|2|TRUE||x\n",
        "Row 2 (line 3): 1 field where the first row has 5",
    ),
    "field too many": (
        HEADER + GOOD + "b,1,000,TRUE,,x\n",
        "Row 2 (line 3): 6 fields where the first row has 5",
    ),
    "blank line": (HEADER + GOOD + "\n", "Row 2 (line 3): 0 fields where the first row has 5"),
    "line break": (
        HEADER + 'a,1,TRUE,,"x\ny"\n',
        "Row 1 (line 2): the field in column 5 holds a line break.",
    ),
    "carriage return": (
        HEADER + 'a,1,TRUE,,"x\ry"\n',
        "Row 1 (line 2): the field in column 5 holds a line break.",
    ),
    "text after a quote": (HEADER + 'a,1,TRUE,,"x"y\n', "Line 2 cannot be read as delimited text"),
    "open quote": (HEADER + 'a,1,TRUE,,"x\n', "cannot be read as delimited text"),
    "key empty": (HEADER + GOOD + ",1,TRUE,,x\n", 'Row 2 (line 3): column 1, "id": the key is empty.'),
    "key twice": (
        HEADER + GOOD + "b,,,,\n" + GOOD,
        "Row 3 (line 4): column 1, \"id\": the key 'a' is there already.",
    ),
    "exponent": (
        HEADER + "a,1e3,,,\n",
        "Row 1 (line 2): column 2, \"n\": '1e3' is not a plain decimal NUMBER.",
    ),
    "thousands": (HEADER + 'a,"1,000.00",,,\n', "column 2, \"n\": '1,000.00' is not a plain decimal NUMBER."),
    "currency": (HEADER + "a,€5,,,\n", "column 2, \"n\": '€5' is not a plain decimal NUMBER."),
    "NaN": (HEADER + "a,NaN,,,\n", "column 2, \"n\": 'NaN' is not a plain decimal NUMBER."),
    "space": (HEADER + "a, 5,,,\n", "column 2, \"n\": ' 5' is not a plain decimal NUMBER."),
    "other digits": (HEADER + "a,٣,,,\n", "column 2, \"n\": '٣' is not a plain decimal NUMBER."),
    "True": (HEADER + "a,,True,,\n", "column 3, \"flag\": 'True' is not TRUE or FALSE."),
    "1": (HEADER + "a,,1,,\n", "column 3, \"flag\": '1' is not TRUE or FALSE."),
    "another date format": (HEADER + "a,,,2024-01-05,\n", "in the declared format, YYYY-MM-DDTHH:mm:ssZ."),
    "no such day": (
        HEADER + "a,,,2023-02-29T00:00:00Z,\n",
        "'2023-02-29T00:00:00Z' is not a date of the calendar",
    ),
    "no such hour": (
        HEADER + "a,,,2023-02-28T24:00:00Z,\n",
        "'2023-02-28T24:00:00Z' is not a date of the calendar",
    ),
    "offset": (HEADER + "a,,,2023-02-28T12:00:00+01:00,\n", "is not a date of the calendar"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_file_fails_whole(shared: Client, case: str) -> None:
    content, message = BAD_FILES[case]

    job = shared.run(content, set_input(KINDS, "id"))

    assert job["status"] == "failed"
    assert message in job["message"]
    assert job["rows_imported"] == 0
    assert shared.box.sets.empty
    assert list(shared.box.files["file"]) == ["data.csv"], "a failed job keeps its file"


GOOD_FILES = {
    "missing values": (HEADER + "a,,,,\n", {}, [["a", None, None, None, None]]),
    "quoted": (HEADER + 'a,1,,,"x, ""y"""\n', {}, [["a", 1, None, None, 'x, "y"']]),
    "no header": (GOOD, {"skipFirstRow": False}, [["a", 1.5, True, "2024-02-29 00:00:00.000", "x"]]),
    "no end of line": (HEADER + "a,-0.5,FALSE,,x", {}, [["a", -0.5, False, None, "x"]]),
    "CRLF": ((HEADER + "a,1,,,x\n").replace("\n", "\r\n"), {}, [["a", 1, None, None, "x"]]),
    "tabs": ((HEADER + "a,1,,,x|y\n").replace(",", "\t"), {"delimiter": "\t"}, [["a", 1, None, None, "x|y"]]),
    "pipes": ((HEADER + "a,1,,,x\n").replace(",", "|"), {"delimiter": "|"}, [["a", 1, None, None, "x"]]),
    "comma by default": (HEADER + "a,1,,,x\n", {"delimiter": None}, [["a", 1, None, None, "x"]]),
    "any text": (HEADER + "a,,,,N/A 💶 \u2028 =1+1 \n", {}, [["a", None, None, None, "N/A 💶 \u2028 =1+1 "]]),
    "columns nobody maps": (
        "z,id,n,flag,day,note\n,a,1,,,x\n",
        {"mappings": [{"attributeName": n, "columnIndex": i} for i, n in enumerate(KINDS, 2)]},
        [["a", 1, None, None, "x"]],
    ),
    "large whole number": (
        HEADER + "a,9007199254740993,,,\n",
        {},
        [["a", 9007199254740993, None, None, None]],
    ),
    "header only": (HEADER, {}, []),
}


@pytest.mark.parametrize("case", GOOD_FILES)
def test_good_file(shared: Client, case: str) -> None:
    content, changes, rows = GOOD_FILES[case]

    job = shared.run(content, set_input(KINDS, "id", **changes))

    assert (job["status"], job["message"]) == ("completed", "")
    assert shared.rows("Set") == rows
    delete(shared, "Set")


def test_long_text(shared: Client) -> None:
    text = "ä" * 200_000

    job = shared.run(f"id,note\na,{text}\n", set_input({"id": "TEXT", "note": "TEXT"}, "id"))

    assert (job["status"], job["message"]) == ("completed", "")
    assert shared.rows("Set") == [["a", text]]
    delete(shared, "Set")


def test_many_columns(shared: Client) -> None:
    kinds = {"id": "TEXT"} | {f"n{i}": "NUMBER" for i in range(2_500)}
    header, values = ",".join(kinds), ",".join(map(str, range(2_500)))

    job = shared.run(f"{header}\na,{values}\n", set_input(kinds, "id"))

    assert (job["status"], job["message"]) == ("completed", "")
    assert shared.rows("Set", filter=[{"field": "n2499", "eq": 2499}]) == [["a", *range(2_500)]]
    delete(shared, "Set")


NUMBERS = {
    "18446744073709551615": "18446744073709551615",
    "-123456789012345678901234567890.5": "-123456789012345678901234567890.5",
    "0.1000000000000000000000000000000000001": "0.1000000000000000000000000000000000001",
    "9" * 400: "9" * 400,
    "007.50": "7.5",
    "100": "100",
    "-0.00": "0",
}


def test_numbers_keep_every_digit(shared: Client) -> None:
    rows = "".join(f"k{i},{number}\n" for i, number in enumerate(NUMBERS))
    shared.run("id,n\n" + rows, set_input({"id": "TEXT", "n": "NUMBER"}, "id"))
    query = "{ referenceSetRecords(dataSetId: %s%s) { nodes { key attributes { value } } } }"

    def raw(more: str = "") -> str:
        asked = query % (json.dumps(shared.set_id("Set")), more)
        return shared.http.post("/", json={"query": asked}).text

    assert re.findall(r'{"value": ([-0-9.]+)}', raw()) == list(NUMBERS.values())
    for i, number in enumerate(NUMBERS):
        wanted = f'{{field: "n", eq: {number if i != 4 else "7.50"}}}'
        assert re.findall(r'"key": "(k[0-9])"', raw(f", filter: [{wanted}]")) == [f"k{i}"]
    delete(shared, "Set")


def test_numbers_are_ordered_by_every_digit(shared: Client) -> None:
    numbers = ["9007199254740993", "9007199254740992.5", "-1", "10", "9", "9007199254740994", ""]
    rows = "".join(f"k{i},{number}\n" for i, number in enumerate(numbers))
    shared.run("id,n\n" + rows, set_input({"id": "TEXT", "n": "NUMBER"}, "id"))

    found = shared.records("Set", orderBy=[{"field": "n", "sort": "DESC"}])["nodes"]

    assert [node["key"] for node in found] == ["k5", "k0", "k1", "k3", "k4", "k2", "k6"]
    delete(shared, "Set")


DATES = {
    "YEAR_MONTH_DAY_DASH_SEPARATED_WITH_TIME": ("2024-10-09T13:59:31Z", "2024-10-09 13:59:31.000"),
    "YEAR_MONTH_DAY_DASH_SEPARATED": ("2024-10-09", "2024-10-09 00:00:00.000"),
    "MONTH_DAY_YEAR_SLASH_SEPARATED": ("10/09/2024", "2024-10-09 00:00:00.000"),
    "DAY_MONTH_YEAR_SLASH_SEPARATED": ("09/10/2024", "2024-10-09 00:00:00.000"),
    "YEAR_MONTH_DAY_SLASH_SEPARATED": ("2024/10/09", "2024-10-09 00:00:00.000"),
    "DAY_MONTH_YEAR_DOT_SEPARATED": ("09.10.2024", "2024-10-09 00:00:00.000"),
}


@pytest.mark.parametrize("name", DATES)
def test_date_formats(shared: Client, name: str) -> None:
    written, returned = DATES[name]
    given = set_input({"id": "TEXT", "day": "DATE"}, "id", dateFormat=name)

    shared.run(f"id,day\na,{written}\n", given)
    assert shared.rows("Set") == [["a", returned]]
    delete(shared, "Set")

    padded = written.replace("09", "9")
    failed = shared.run(f"id,day\na,{padded}\n", given)
    assert f"{padded!r} is not a date of the calendar in the declared format" in failed["message"]


def test_all_bad_rows_are_counted_and_the_first_is_named(shared: Client) -> None:
    rows = [f"k{i},{'x' if i in (7_001, 7_002, 12_000) else i},,," for i in range(12_001)]

    job = shared.run(HEADER + "\n".join(rows), set_input(KINDS, "id"))

    assert job["message"] == (
        "Row 7002 (line 7003): column 2, \"n\": 'x' is not a plain decimal NUMBER. "
        "3 rows are wrong; nothing was imported."
    )
    assert job["rows_read"] == 12_001


def test_rows_are_lines_when_there_is_no_header(shared: Client) -> None:
    given = set_input({"id": "TEXT", "n": "NUMBER"}, "id", skipFirstRow=False)

    assert shared.run("a,1\nb,two\n", given)["message"].startswith("Row 2 (line 2): ")
    assert shared.run("a,1\na,2\n", given)["message"].startswith("Row 2 (line 2): ")


def test_keys_are_compared_by_value(shared: Client) -> None:
    job = shared.run("n\n1\n2\n1.0\n2.00\n", set_input({"n": "NUMBER"}, "n"))

    assert job["message"].startswith(
        "Row 3 (line 4): column 1, \"n\": the key '1' is there already. 2 rows are wrong"
    )


def test_file_over_the_limit(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importer, "FILE_BYTES_MAX", 30)
    assert client.run("id\n" + "a" * 27, set_input({"id": "TEXT"}, "id"))["status"] == "completed"

    job = client.run("id\n" + "a" * 28, set_input({"id": "TEXT"}, "id", dataSetName="Other"))

    assert job["message"] == "The file has 31 bytes; the service takes at most 30."


def test_failure_is_mailed_to_everyone(shared: Client) -> None:
    people = [{"channel": "EMAIL", "destination": d} for d in ("ann@shop.com", "bob@shop.com")]

    job = shared.run("id\na\na\n", set_input({"id": "TEXT"}, "id", notifications=people))

    mails = shared.box.mailbox.tail(2)
    assert list(mails["to"]) == ["ann@shop.com", "bob@shop.com"]
    assert list(mails["subject"]) == ["Import job job: failed"] * 2
    assert list(mails["text"]) == [job["message"]] * 2


def test_file_gone_before_the_job_begins(client: Client, held: Callable[[], None]) -> None:
    client.put("id\na\n", "data.csv")
    job = client.submit(set_input({"id": "TEXT"}, "id"))
    assert list(client.box.jobs["status"].tail(1)) == ["waiting"]
    client.remove("data.csv")
    held()

    assert client.finished(job)["message"] == "S3_FILE_METADATA_FAILED: the file is gone."


def test_job_takes_the_file_as_it_is_when_it_begins(client: Client, held: Callable[[], None]) -> None:
    client.put("id\nfirst\n", "data.csv")
    job = client.submit(set_input({"id": "TEXT"}, "id"))
    client.put("id\nsecond\n", "data.csv")
    held()

    client.finished(job)

    assert client.rows("Set") == [["second"]]


def test_two_jobs_for_one_name_make_one_set(client: Client, held: Callable[[], None]) -> None:
    client.put("id\na\n", "data.csv")
    client.put("id\nb\n", "data2.csv")
    first = client.submit(set_input({"id": "TEXT"}, "id"))
    location = {"type": "SFTP", "filename": "data2.csv", "folder": ""}
    second = client.submit(set_input({"id": "TEXT"}, "id", fileLocation=location))
    held()

    assert client.finished(first)["status"] == "completed"
    assert client.finished(second)["message"] == "A data set named 'Set' exists already."
    assert client.rows("Set") == [["a"]]


# ── changing a set ─────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def people(client: Client) -> Client:
    client.run(
        "id,n,note\na,1,one\nb,2,two\n", set_input({"id": "TEXT", "n": "NUMBER", "note": "TEXT"}, "id")
    )
    return client


def change(client: Client, kind: str, columns: list[str], **changes: object) -> dict[str, object]:
    return {
        "importType": kind,
        "dataSetId": client.set_id("Set"),
        "jobName": "change",
        "mappings": [{"attributeName": n, "columnIndex": i} for i, n in enumerate(columns, 1)],
        "fileLocation": {"type": "SFTP", "filename": "data.csv", "folder": ""},
        "skipFirstRow": True,
    } | changes


def test_add_update(people: Client) -> None:
    job = people.run("id,n\nb,20\nc,30\n", change(people, "ADD_UPDATE", ["id", "n"]))

    assert (job["status"], job["data_set"], job["rows_imported"]) == ("completed", "Set", 2)
    assert people.rows("Set") == [["a", 1, "one"], ["b", 20, "two"], ["c", 30, None]]


def test_add_update_with_attributes(people: Client) -> None:
    attributes = {"create": [{"name": "flag", "type": "BOOLEAN"}], "remove": [{"name": "note"}]}

    people.run("id,flag\nb,TRUE\n", change(people, "ADD_UPDATE", ["id", "flag"], attributes=attributes))

    assert people.box.sets.loc[0, "attributes"] == {"id": "TEXT", "n": "NUMBER", "flag": "BOOLEAN"}
    assert people.rows("Set") == [["a", 1, None], ["b", 2, True]]


def test_add_update_takes_away_what_is_empty(people: Client) -> None:
    people.run("id,n\nb,\n", change(people, "ADD_UPDATE", ["id", "n"]))

    assert people.rows("Set") == [["a", 1, "one"], ["b", None, "two"]]


def test_replace(people: Client) -> None:
    people.run("note,id,n\nnew,z,\n", change(people, "REPLACE", ["note", "id", "n"]))

    assert people.rows("Set") == [["z", None, "new"]]


@pytest.mark.parametrize("kind", ["ADD_UPDATE", "REPLACE"])
def test_failed_change_changes_nothing(people: Client, kind: str) -> None:
    job = people.run("id,n,note\nb,20,x\nc,thirty,y\n", change(people, kind, ["id", "n", "note"]))

    assert job["status"] == "failed"
    assert people.rows("Set") == [["a", 1, "one"], ["b", 2, "two"]]


def test_change_of_a_set_that_changed_meanwhile_fails(people: Client, held: Callable[[], None]) -> None:
    people.put("id,n,note\nb,2,x\n", "data.csv")
    job = people.submit(change(people, "REPLACE", ["id", "n", "note"]))
    people.get(
        """mutation ($id: ID!) { updateDataSet(where: {dataSetId: $id},
        to: {attributes: {remove: [{name: "n"}]}}) { dataSetId } }""",
        id=people.set_id("Set"),
    )
    held()

    failed = people.finished(job)

    assert failed["message"] == "The attributes of 'Set' have changed since the import was asked for."
    assert people.rows("Set") == [["a", "one"], ["b", "two"]]


CHANGE_REFUSALS = {
    "no set": ("REPLACE", ["id", "n", "note"], {"dataSetId": None}, "dataSetId is required for REPLACE."),
    "unknown set": (
        "ADD_UPDATE",
        ["id"],
        {"dataSetId": "nope"},
        "There is no reference set with the ID 'nope'.",
    ),
    "replace, unmapped": ("REPLACE", ["id", "n"], {}, "The attribute 'note' is not mapped."),
    "replace, attributes": (
        "REPLACE",
        ["id", "n", "note"],
        {"attributes": {"remove": [{"name": "n"}]}},
        "REPLACE takes no attributes to create or remove.",
    ),
    "update, key unmapped": ("ADD_UPDATE", ["n"], {}, "The attribute 'id' is not mapped."),
    "update, new unmapped": (
        "ADD_UPDATE",
        ["id"],
        {"attributes": {"create": [{"name": "x", "type": "TEXT"}]}},
        "The attribute 'x' is not mapped.",
    ),
    "update, removed mapped": (
        "ADD_UPDATE",
        ["id", "n"],
        {"attributes": {"remove": [{"name": "n"}]}},
        "The mapping of 'n' matches no attribute.",
    ),
    "update, key removed": (
        "ADD_UPDATE",
        ["id"],
        {"attributes": {"remove": [{"name": "id"}]}},
        "The key 'id' cannot be removed.",
    ),
    "update, second key": (
        "ADD_UPDATE",
        ["id", "x"],
        {"attributes": {"create": [{"name": "x", "type": "TEXT", "identifyAs": {"key": True}}]}},
        "The set has its key already; a new attribute cannot be another.",
    ),
    "update, there already": (
        "ADD_UPDATE",
        ["id", "n"],
        {"attributes": {"create": [{"name": "n", "type": "TEXT"}]}},
        "The attribute 'n' is there twice.",
    ),
}


def test_changes_refused(people: Client) -> None:
    people.put("id\na\n", "data.csv")
    for case, (kind, columns, changes, reason) in CHANGE_REFUSALS.items():
        given = change(people, kind, columns, **changes)
        refusal = people.refusal(CREATE_JOB, importInput=given)
        assert refusal == f"INPUT_VALIDATION_FAILED. {reason}", case
    assert len(people.box.jobs) == 1


def delete(client: Client, name: str) -> None:
    client.get(
        "mutation ($id: ID!) { deleteDataSet(where: {dataSetId: $id}) { dataSetId } }", id=client.set_id(name)
    )


def test_tables_have_their_types_when_empty_and_when_not(client: Client) -> None:
    empty = [client.box.files, client.box.jobs, client.box.mailbox, client.box.sets]
    client.run("id\na\n", set_input({"id": "TEXT"}, "id", notifications=ORDERS_INPUT["notifications"]))
    client.put("x", "waiting.csv")
    full = [client.box.files, client.box.jobs, client.box.mailbox, client.box.sets]

    for before, after in zip(empty, full, strict=True):
        assert len(after) == 1
        pd.testing.assert_series_equal(before.dtypes, after.dtypes)
    assert list(client.box.files.loc[0, ["folder", "file", "bytes"]]) == ["", "waiting.csv", 1]
