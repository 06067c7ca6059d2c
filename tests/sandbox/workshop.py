"""What the tests of the sandbox share: the guide's sample and a client of plain paramiko and httpx."""

from __future__ import annotations

import copy
import io
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import paramiko

from connect_pandas.samples import ORDERS_CSV as ORDERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from connect_pandas._sandbox import Sandbox

CREATE_JOB = "mutation ($importInput: ImportInput!) { createImportJob(importInput: $importInput) { id } }"

ORDERS_INPUT: dict[str, Any] = {
    "dataSetName": "Orders",
    "dataSetType": "REFERENCE_SET",
    "importType": "CREATE",
    "jobName": "Add orders",
    "attributes": {
        "create": [
            {"name": "Order ID", "type": "TEXT", "identifyAs": {"key": True}},
            {"name": "Client ID", "type": "TEXT"},
            {"name": "Amount", "type": "NUMBER"},
            {"name": "Date", "type": "DATE"},
            {"name": "First-time purchase", "type": "BOOLEAN"},
            {"name": "Discount coupon", "type": "TEXT"},
        ]
    },
    "mappings": [
        {"attributeName": "Order ID", "columnIndex": 1},
        {"attributeName": "Client ID", "columnIndex": 2},
        {"attributeName": "Amount", "columnIndex": 3},
        {"attributeName": "Date", "columnIndex": 4},
        {"attributeName": "First-time purchase", "columnIndex": 5},
        {"attributeName": "Discount coupon", "columnIndex": 6},
    ],
    "fileLocation": {"type": "SFTP", "filename": "orders.csv", "folder": "RS/Orders"},
    "fileFormat": "DELIMITED",
    "delimiter": ",",
    "notifications": [{"channel": "EMAIL", "destination": "ann@shop.com"}],
    "skipFirstRow": True,
}


def set_input(kinds: dict[str, str], key: str, **changes: Any) -> dict[str, Any]:
    """Return the input that makes a set of these columns, in their order, from ``data.csv`` at the root."""
    given: dict[str, Any] = {
        "dataSetName": "Set",
        "dataSetType": "REFERENCE_SET",
        "importType": "CREATE",
        "jobName": "job",
        "attributes": {
            "create": [{"name": n, "type": k, "identifyAs": {"key": n == key}} for n, k in kinds.items()]
        },
        "mappings": [{"attributeName": n, "columnIndex": i} for i, n in enumerate(kinds, 1)],
        "fileLocation": {"type": "SFTP", "filename": "data.csv", "folder": ""},
        "skipFirstRow": True,
    }
    return given | changes


def eventually(look: Callable[[], Any], seconds: float = 20.0) -> Any:
    """Return what ``look`` returns as soon as it is true; fail when it has not been within the time."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)
    return seen


@dataclass
class Client:
    """A client of plain paramiko and httpx: nothing of the package between the test and the sockets."""

    box: Sandbox
    directory: str = ""
    http: httpx.Client = field(init=False)
    _files: paramiko.SFTPClient = field(init=False)

    def __post_init__(self) -> None:
        connection = self.box.connection
        self.http = httpx.Client(
            base_url=connection.endpoint,
            headers={"x-api-key": connection.api_key.reveal()},
            trust_env=False,
            timeout=30,
        )
        transport = paramiko.Transport((connection.host, connection.port))
        transport.connect(username=connection.user, pkey=self.own_key())
        files = paramiko.SFTPClient.from_transport(transport)
        assert files is not None
        self._files = files
        (self.directory,) = files.listdir(".")

    def close(self) -> None:
        self.http.close()
        self._files.get_channel().get_transport().close()

    @contextmanager
    def transport(self, key: paramiko.PKey | None = None) -> Iterator[paramiko.Transport]:
        connection = self.box.connection
        transport = paramiko.Transport((connection.host, connection.port))
        try:
            transport.connect(username=connection.user, pkey=key or self.own_key())
            yield transport
        finally:
            transport.close()

    @contextmanager
    def sftp(self, key: paramiko.PKey | None = None) -> Iterator[paramiko.SFTPClient]:
        with self.transport(key) as transport:
            sftp = paramiko.SFTPClient.from_transport(transport)
            assert sftp is not None
            yield sftp

    def own_key(self) -> paramiko.PKey:
        return paramiko.Ed25519Key.from_private_key_file(str(self.box.connection.key_file))

    def put(self, content: str | bytes, path: str) -> None:
        raw = content.encode() if isinstance(content, str) else content
        self._files.putfo(io.BytesIO(raw), f"{self.directory}/{path}")

    def mkdir(self, *paths: str) -> None:
        for path in paths:
            self._files.mkdir(f"{self.directory}/{path}")

    def remove(self, path: str) -> None:
        self._files.remove(f"{self.directory}/{path}")

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Return what the API answers, errors and all."""
        response = self.http.post("/", json={"query": query, "variables": variables})
        assert response.status_code == 200
        answer: dict[str, Any] = response.json()
        return answer

    def get(self, query: str, **variables: Any) -> dict[str, Any]:
        """Return the data that the API answers with."""
        answer = self.ask(query, **variables)
        assert "errors" not in answer, answer["errors"]
        data: dict[str, Any] = answer["data"]
        return data

    def refusal(self, query: str, **variables: Any) -> str:
        """Return the message of the one error that the API answers with."""
        answer = self.ask(query, **variables)
        (error,) = answer["errors"]
        message: str = error["message"]
        return message

    def submit(self, given: dict[str, Any]) -> str:
        job: str = self.get(CREATE_JOB, importInput=given)["createImportJob"]["id"]
        return job

    def finished(self, job: str) -> pd.Series[Any]:
        """Return a job's row once it is completed or failed."""

        def look() -> list[pd.Series[Any]]:
            jobs = self.box.jobs.set_index("id", drop=False)
            return [jobs.loc[job]] if jobs.loc[job, "status"] in ("completed", "failed") else []

        (row,) = eventually(look)
        return row

    def run(self, content: str | bytes, given: dict[str, Any]) -> pd.Series[Any]:
        """Upload ``data.csv``, import it, and return the finished job."""
        self.put(content, "data.csv")
        return self.finished(self.submit(given))

    def set_id(self, name: str) -> str:
        sets = self.box.sets.set_index("name")
        found: str = sets.loc[name, "id"]
        return found

    def records(self, name: str, **arguments: Any) -> dict[str, Any]:
        query = """
        query ($id: ID!, $filter: [FilterInput!], $orderBy: [OrderByInput!]) {
          referenceSetRecords(dataSetId: $id, filter: $filter, orderBy: $orderBy) {
            totalCount nodes { key attributes { name value } }
          }
        }"""
        found: dict[str, Any] = self.get(query, id=self.set_id(name), **arguments)["referenceSetRecords"]
        return found

    def rows(self, name: str, **arguments: Any) -> list[list[Any]]:
        """Return the values of a set's records."""
        return [[a["value"] for a in node["attributes"]] for node in self.records(name, **arguments)["nodes"]]

    def import_orders(self) -> pd.Series[Any]:
        self.mkdir("RS", "RS/Orders")
        self.put(ORDERS, "RS/Orders/orders.csv")
        return self.finished(self.submit(copy.deepcopy(ORDERS_INPUT)))
