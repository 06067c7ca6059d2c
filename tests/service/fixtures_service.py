"""What the tests of the service's side share: the guide's orders as a plan, and an API that does as told."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from connect_pandas.service.connection import Connection, Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from connect_pandas._sandbox import Sandbox

API_KEY = "key-that-nobody-may-see"

NAMES = ("Order ID", "Client ID", "Amount", "Date", "First-time purchase", "Discount coupon")
TYPES = ("TEXT", "TEXT", "NUMBER", "DATE", "BOOLEAN", "TEXT")
ORDERS = (
    ("8783845", "HX-18900123", "623.70", "2024-11-01T16:04:38Z", "TRUE", "FALL2024"),
    ("8758175", "HD-92590022", "104.90", "2024-11-01T16:04:38Z", "TRUE", "N/A"),
    ("8130627", "HO-52900998", "930.67", "2024-11-01T16:04:38Z", "FALSE", "N/A"),
    ("8864985", "HX-25900860", "811.10", "2024-10-31T21:15:38Z", "TRUE", "BLACKFRIDAY"),
    ("8648971", "HM-22800560", "424.00", "2024-10-31T20:36:55Z", "FALSE", "SAVE30"),
    ("8794467", "HA-22100109", "1015.15", "2024-10-31T20:02:17Z", "FALSE", "N/A"),
    ("8794438", "HH-87500445", "1013.80", "2024-10-31T19:17:56Z", "FALSE", "N/A"),
    ("8791438", "HM-22800560", "485.25", "2024-10-31T16:40:05Z", "TRUE", None),
)


@dataclass(frozen=True)
class OrdersPlan:
    """The guide's example as a plan: the last coupon is missing, so that one value of the sample is."""

    name: str = "Orders"
    job_name: str = "Add orders"
    folder: str = "RS/Orders"
    filename: str = "orders.csv"
    orders: tuple[tuple[str | None, ...], ...] = ORDERS
    break_after: int | None = None
    """Fail to encode after so many rows."""
    filename_given: bool = True

    def renamed(self) -> OrdersPlan:
        return replace(self, filename=f"{uuid.uuid4().hex}.csv")

    def first(self, rows: int) -> OrdersPlan:
        return replace(self, orders=self.orders[:rows])

    @property
    def rows(self) -> int:
        return len(self.orders)

    @property
    def payload(self) -> dict[str, Any]:
        attributes = [
            {"name": name, "type": type_} | ({"identifyAs": {"key": True}} if name == NAMES[0] else {})
            for name, type_ in zip(NAMES, TYPES, strict=True)
        ]
        return {
            "importInput": {
                "dataSetName": self.name,
                "dataSetType": "REFERENCE_SET",
                "importType": "CREATE",
                "jobName": self.job_name,
                "attributes": {"create": attributes},
                "mappings": [{"attributeName": n, "columnIndex": i} for i, n in enumerate(NAMES, 1)],
                "fileLocation": {"type": "SFTP", "filename": self.filename, "folder": self.folder},
                "fileFormat": "DELIMITED",
                "delimiter": ",",
                "dateFormat": "YEAR_MONTH_DAY_DASH_SEPARATED_WITH_TIME",
                "skipFirstRow": True,
            }
        }

    def pieces(self) -> Iterator[tuple[bytes, int]]:
        yield (",".join(NAMES) + "\n").encode(), 0
        for done, order in enumerate(self.orders):
            if done == self.break_after:
                raise ArithmeticError("the encoder broke")
            yield (",".join(value or "" for value in order) + "\n").encode(), 1

    def sample(self, size: int) -> tuple[dict[str, str | None], ...]:
        return tuple(dict(zip(NAMES, order, strict=True)) for order in self.orders[:size])


# ── an API that answers as it is told ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True)
class Reply:
    """One HTTP answer, or none: ``drop`` closes the connection, before the answer or in the middle of it."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    drop: str = ""
    stall: bool = False


def good(**data: Any) -> Reply:
    return Reply({"data": data})


def refusal(message: str, *, data: Any = None, status: int = 200, code: str = "") -> Reply:
    error = {"message": message} | ({"extensions": {"code": code}} if code else {})
    return Reply({"errors": [error], "data": data}, status)


NO_SETS = good(dataSets={"nodes": []})


@dataclass
class FakeApi:
    """Its address, what was asked of it, and what it answers to queries and to mutations."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    query: Reply | Callable[[dict[str, Any]], Reply] = NO_SETS
    mutation: Reply | Callable[[dict[str, Any]], Reply] = field(
        default_factory=lambda: good(createImportJob={"id": "job-1"})
    )
    over: threading.Event = field(default_factory=threading.Event)
    go_away: Callable[[], None] = lambda: None
    """From now on nobody listens at the address."""

    def reply(self, request: dict[str, Any]) -> Reply:
        self.asked.append(request)
        answer = self.mutation if request["query"].lstrip().startswith("mutation") else self.query
        return answer if isinstance(answer, Reply) else answer(request)

    @property
    def mutations(self) -> list[dict[str, Any]]:
        return [request for request in self.asked if request["query"].lstrip().startswith("mutation")]


def _handler(api: FakeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            reply = api.reply(request | {"headers": dict(self.headers)})
            self.close_connection = True
            if reply.stall:
                api.over.wait()
            if reply.stall or reply.drop == "before":
                return
            body = reply.raw if reply.raw is not None else json.dumps(reply.body).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(body) + (100 if reply.drop == "within" else 0)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            pass

    return Handler


@contextmanager
def fake_api() -> Iterator[FakeApi]:
    api = FakeApi()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(api)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        api.url = f"http://127.0.0.1:{server.server_address[1]}/"

        def go_away() -> None:
            server.shutdown()
            server.socket.close()

        api.go_away = go_away
        try:
            yield api
        finally:
            api.over.set()
            server.shutdown()
            thread.join()


def forward(request: dict[str, Any], box: Sandbox) -> Reply:
    """Let the sandbox answer."""
    body = json.dumps({name: request[name] for name in ("query", "variables") if name in request}).encode()
    headers = {"content-type": "application/json", "x-api-key": box.connection.api_key.reveal()}
    with urlopen(Request(box.connection.endpoint, body, headers)) as answer:
        return Reply(raw=answer.read())


class Relay:
    """A wire to a local port that can be cut: its address, and how many connections went over it."""

    def __init__(self, port: int) -> None:
        self._to, self._listener = port, socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self._lines: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(self) -> None:
        """Break all connections; new ones go through."""
        for line in self._lines:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                self.connections += 1
                self._lines += [near, far]
                for pair in ((near, far), (far, near)):
                    self._threads.append(threading.Thread(target=self._carry, args=pair))
                    self._threads[-1].start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for line in (source, target):
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Relay:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join()
        self.cut()
        for thread in self._threads:
            thread.join()
        for line in self._lines:
            line.close()


def interrupt_main() -> None:
    """Press Ctrl-C, from another thread."""
    main = threading.main_thread().ident
    assert main is not None
    signal.pthread_kill(main, signal.SIGINT)


def connection_to(endpoint: str) -> Connection:
    return Connection(
        user="ann@shop.example",
        host="127.0.0.1",
        endpoint=endpoint,
        api_key=Secret(API_KEY),
        key_file=Path("/nowhere/key"),
    )


def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
