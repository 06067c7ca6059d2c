from __future__ import annotations

import logging
import pickle
import signal
import socket
import ssl
import threading
import time
import traceback
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import h11
import pytest
from fixtures_service import API_KEY, FakeApi, OrdersPlan, Reply, connection_to, fake_api, good, refusal

from connect_pandas.errors import (
    AuthenticationFailed,
    ConnectError,
    ConnectionFailed,
    ImportRejected,
    ImportUnconfirmed,
    PlanError,
)
from connect_pandas.service import graphql
from connect_pandas.service.graphql import Api, DataSet, Record, check_payload

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAYLOAD = OrdersPlan().payload


@pytest.fixture
def fake() -> Iterator[FakeApi]:
    with fake_api() as api:
        yield api


def api_of(fake: FakeApi, timeout: float = 10.0) -> Api:
    return Api(replace(connection_to(fake.url), timeout=timeout))


def start(fake: FakeApi) -> str:
    return api_of(fake).create_import_job(PAYLOAD)


# ── what is asked, and what is read ───────────────────────────────────────────────────────────────────────


def test_the_import_is_the_documents_own_request(fake: FakeApi) -> None:
    assert start(fake) == "job-1"
    (asked,) = fake.asked
    assert " ".join(asked["query"].split()) == (
        "mutation ($importInput: ImportInput!) { createImportJob(importInput: $importInput) { id } }"
    )
    assert asked["variables"] == PAYLOAD
    assert asked["headers"]["x-api-key"] == API_KEY


def test_data_sets_are_listed_with_and_without_the_audience(fake: FakeApi) -> None:
    fake.query = good(dataSets={"nodes": [{"name": "Orders", "dataSetId": "7", "type": "REFERENCE_SET"}]})
    assert api_of(fake).data_sets() == (DataSet("Orders", "7", "REFERENCE_SET"),)
    assert api_of(fake).data_set("Orders") == DataSet("Orders", "7", "REFERENCE_SET")
    assert api_of(fake).data_set("orders") is None
    assert 'eq: "REFERENCE_SET"' in fake.asked[0]["query"]


def test_numbers_come_back_exact(fake: FakeApi) -> None:
    record = b'{"key": 5, "attributes": [{"name": "Amount", "value": 0.12345678901234567890123}]}'
    fake.query = Reply(raw=b'{"data": {"referenceSetRecords": {"nodes": [' + record + b"]}}}")
    (found,) = api_of(fake).records("7", "Order ID", ["5"])
    assert found == Record("5", {"Amount": Decimal("0.12345678901234567890123")})


def test_keys_are_literals_and_no_type_of_ours_travels(fake: FakeApi) -> None:
    fake.query = good(referenceSetRecords={"nodes": []})
    tricky = 'a"b\\c\n€\U0001f600'
    api_of(fake).records("7", 'Order "ID"', [tricky, 5, Decimal("1.50"), True])
    query = fake.asked[0]["query"]
    assert 'in: ["a\\"b\\\\c\\n€\U0001f600", 5, 1.50, true]' in query
    assert 'field: "Order \\"ID\\""' in query
    assert "RecordValue" not in query
    assert "FilterInput" not in query


def test_many_keys_are_asked_for_in_portions(fake: FakeApi) -> None:
    fake.query = good(referenceSetRecords={"nodes": [{"key": "k", "attributes": []}]})
    keys = [f"<{number}>" for number in range(2 * graphql.KEYS_A_QUERY + 1)]
    assert len(api_of(fake).records("7", "Order ID", keys)) == 3
    queries = [asked["query"] for asked in fake.asked]
    assert all(sum(f'"{key}"' in query for query in queries) == 1 for key in keys)


def test_a_public_key_is_registered_and_echoed(fake: FakeApi) -> None:
    fake.mutation = lambda asked: good(updatePublicKeyForConnectUser=asked["variables"])
    assert api_of(fake).register_public_key("ssh-ed25519 AAAA ann") == "ssh-ed25519 AAAA ann"


def test_an_import_that_the_schema_does_not_know_is_not_sent(fake: FakeApi) -> None:
    wrong: dict[str, Any] = {
        "importInput": PAYLOAD["importInput"] | {"importType": "UPSERT", "colour": "red"}
    }
    with pytest.raises(PlanError, match="UPSERT") as caught:
        api_of(fake).create_import_job(wrong)
    assert "colour" in str(caught.value)
    assert fake.asked == []
    check_payload(PAYLOAD)


# ── how a query fails ─────────────────────────────────────────────────────────────────────────────────────

QUERY_FAILURES = {
    "graphql error": (refusal("no such field"), ConnectionFailed, "no such field"),
    "401": (refusal("who?", status=401), AuthenticationFailed, "General settings > API keys"),
    "403 of a gateway": (Reply({"message": "Forbidden"}, 403), AuthenticationFailed, "Forbidden"),
    "404": (Reply(raw=b"<html>", status=404), ConnectionFailed, "no Connect API"),
    "400": (refusal("bad filter", status=400), ConnectionFailed, "bad filter"),
    "429 a long time": (Reply({}, 429, {"Retry-After": "17"}), ConnectionFailed, "Try again in 17 s"),
    "429 date": (
        Reply({}, 429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}),
        ConnectionFailed,
        "after Wed, 21 Oct 2026",
    ),
    "429": (Reply({}, 429), ConnectionFailed, "in a few minutes"),
    "429 no number": (Reply({}, 429, {"Retry-After": "\u00b2"}), ConnectionFailed, "too many requests"),
    "502": (Reply(raw=b"", status=502), ConnectionFailed, "HTTP 502"),
    "500": (Reply(raw=b"oops", status=500), ConnectionFailed, r"trouble of its own \(HTTP 500\)"),
    "redirect": (Reply(raw=b"", status=307, headers={"location": "/x"}), ConnectionFailed, "not followed"),
    "html": (Reply(raw=b"<html>maintenance</html>"), ConnectionFailed, "not in the JSON of a GraphQL API"),
    "json, but a list": (Reply([1]), ConnectionFailed, "not in the JSON of a GraphQL API"),
    "json, but null": (Reply(None), ConnectionFailed, "not in the JSON of a GraphQL API"),
    "json, but a number": (Reply(raw=b"1"), ConnectionFailed, "not in the JSON of a GraphQL API"),
    "json without data": (Reply({"ok": True}), ConnectionFailed, "not in the JSON of a GraphQL API"),
    "data is null": (Reply({"data": None}), ConnectionFailed, "not in the JSON of a GraphQL API"),
    "errors of another shape": (Reply({"errors": "x"}), ConnectionFailed, "not in the JSON of a GraphQL API"),
    "data of another shape": (good(dataSets=[]), ConnectionFailed, "documentation does not describe"),
    "dropped before": (Reply(drop="before"), ConnectionFailed, "broke before it answered"),
    "dropped within": (Reply({"data": {}}, drop="within"), ConnectionFailed, "broke in the middle"),
}


MAY_PASS = {"429", "502", "dropped before", "dropped within"}


@pytest.mark.parametrize(("reply", "kind", "words"), QUERY_FAILURES.values(), ids=QUERY_FAILURES)
def test_every_failure_of_a_query_has_its_words(
    fake: FakeApi, reply: Reply, kind: type[ConnectError], words: str, request: pytest.FixtureRequest
) -> None:
    fake.query = reply
    with pytest.raises(kind, match=words) as caught:
        api_of(fake, timeout=1.0).data_sets()
    assert type(caught.value) is kind
    assert len(fake.asked) == (3 if request.node.callspec.id in MAY_PASS else 1)


def test_a_query_is_asked_again_when_the_service_says(fake: FakeApi) -> None:
    replies = [Reply({}, 429, {"Retry-After": "1"}), Reply(drop="before")]
    fake.query = lambda _request: replies.pop(0) if replies else good(dataSets={"nodes": []})
    begin = time.monotonic()
    assert api_of(fake, timeout=2.0).data_sets() == ()
    assert time.monotonic() - begin >= 1.0
    assert len(fake.asked) == 3


def test_a_redirect_is_not_followed(fake: FakeApi) -> None:
    with fake_api() as elsewhere:
        fake.query = Reply(raw=b"", status=307, headers={"location": elsewhere.url})
        with pytest.raises(ConnectionFailed, match="redirect"):
            api_of(fake).data_sets()
        assert elsewhere.asked == []


def test_a_query_without_answer_ends(fake: FakeApi) -> None:
    fake.query = Reply(stall=True)
    with pytest.raises(ConnectionFailed, match=r"did not answer within 0\.2 s; .*timeout=…"):
        api_of(fake, timeout=0.2).data_sets()
    assert len(fake.asked) == 1


DRIPS = {
    "header": (b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
    "early hints": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "body": (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
}


@contextmanager
def dripping(first: bytes, again: bytes) -> Iterator[str]:
    """Answer every request without end; yield the address."""
    over = threading.Event()

    def serve(line: socket.socket) -> None:
        with line, suppress(OSError):
            line.recv(65536)
            line.sendall(first)
            while not over.wait(0.02):
                line.sendall(again)

    def accept() -> None:
        with suppress(OSError):
            while True:
                line, _ = listener.accept()
                threads.append(threading.Thread(target=serve, args=(line,)))
                threads[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads = [threading.Thread(target=accept)]
        threads[0].start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("first", "again"), DRIPS.values(), ids=DRIPS)
def test_an_answer_that_drips_ends(first: bytes, again: bytes) -> None:
    with dripping(first, again) as url:
        api = Api(replace(connection_to(url), timeout=0.2))
        with pytest.raises(ConnectionFailed, match=r"did not answer within 0\.2 s"):
            api.data_sets()
        with pytest.raises(ImportUnconfirmed, match=r"did not answer within 0\.4 s"):
            api.create_import_job(PAYLOAD)


# ── how an import fails ───────────────────────────────────────────────────────────────────────────────────

DELIMITER = (
    "INPUT_VALIDATION_FAILED. Invalid delimiter. "
    "Only the delimiters comma(,), tab(\\t), or pipe(|) are allowed."
)
NO_FIELD = {"message": 'Cannot query "createImportJob".', "locations": [{"line": 1, "column": 44}]}
IMPORT_FAILURES = {
    "refused": (refusal("The name is odd", code="BAD_USER_INPUT"), ImportRejected, "The name is odd"),
    "forbidden": (refusal("Not you", code="FORBIDDEN"), ImportRejected, "Not you"),
    "no code": (refusal("The name is odd"), ImportUnconfirmed, "The name is odd"),
    "a gateway's code": (refusal("late", code="DOWNSTREAM_SERVICE_ERROR"), ImportUnconfirmed, "late"),
    "one of two": (
        Reply({"errors": [{"message": DELIMITER}, {"message": "late"}], "data": None}),
        ImportUnconfirmed,
        "late",
    ),
    "the document": (Reply({"errors": [NO_FIELD]}), ImportRejected, "Cannot query"),
    "the document, and executed": (
        Reply({"errors": [NO_FIELD], "data": None}),
        ImportUnconfirmed,
        "Cannot query",
    ),
    "the document, with a gateway's code": (
        Reply({"errors": [NO_FIELD | {"extensions": {"code": "TIMEOUT"}}]}),
        ImportUnconfirmed,
        "Cannot query",
    ),
    "a field": (Reply({"errors": [NO_FIELD | {"path": ["createImportJob"]}]}), ImportUnconfirmed, "query"),
    "a gateway without data": (
        Reply({"errors": [{"message": "upstream request timeout"}]}),
        ImportUnconfirmed,
        "upstream request timeout",
    ),
    "400 beside a job": (
        refusal("late", data={"createImportJob": {"id": "job-9"}}, status=400),
        ImportUnconfirmed,
        "id job-9",
    ),
    "no such file": (refusal("S3_FILE_METADATA_FAILED"), ImportRejected, "filename='orders.csv'"),
    "no such file, by surprise": (
        refusal("S3_FILE_METADATA_FAILED", code="INTERNAL_SERVER_ERROR"),
        ImportRejected,
        "folder='RS/Orders'",
    ),
    "delimiter": (refusal(DELIMITER), ImportRejected, r'df.connect.plan\("Orders", delimiter='),
    "null job": (refusal("no", data={"createImportJob": None}), ImportUnconfirmed, "no"),
    "400": (Reply({"message": "bad"}, 400), ImportRejected, r"\(HTTP 400\): bad"),
    "404": (Reply(raw=b"", status=404), ImportRejected, "HTTP 404"),
    "413": (Reply(raw=b"", status=413), ImportRejected, "HTTP 413"),
    "429": (Reply({}, 429, {"Retry-After": "5"}), ImportRejected, "Try again in 5 s"),
    "401": (refusal("who?", status=401), AuthenticationFailed, "does not accept the API key"),
    "403": (Reply({"message": "Forbidden"}, 403), AuthenticationFailed, "Forbidden"),
    "408": (Reply({}, 408), ImportUnconfirmed, "HTTP 408"),
    "500": (Reply(raw=b"oops", status=500), ImportUnconfirmed, "HTTP 500"),
    "500 with errors": (refusal("oops", status=500), ImportUnconfirmed, "oops"),
    "504": (Reply(raw=b"", status=504), ImportUnconfirmed, "HTTP 504"),
    "307": (Reply(raw=b"", status=307), ImportUnconfirmed, "HTTP 307"),
    "surprise": (refusal("Unexpected", code="INTERNAL_SERVER_ERROR"), ImportUnconfirmed, "Unexpected"),
    "errors beside a job": (
        refusal("late", data={"createImportJob": {"id": "job-9"}}),
        ImportUnconfirmed,
        "id job-9",
    ),
    "no id": (good(createImportJob={}), ImportUnconfirmed, "without a job"),
    "no job": (good(createImportJob=None), ImportUnconfirmed, "without a job"),
    "html": (Reply(raw=b"<html>"), ImportUnconfirmed, "not in the JSON"),
    "dropped before": (Reply(drop="before"), ImportUnconfirmed, "broke before it answered"),
    "dropped within": (Reply({"data": {}}, drop="within"), ImportUnconfirmed, "in the middle"),
}


@pytest.mark.parametrize(("reply", "kind", "words"), IMPORT_FAILURES.values(), ids=IMPORT_FAILURES)
def test_every_failure_of_an_import_is_told_apart(
    fake: FakeApi, reply: Reply, kind: type[ConnectError], words: str
) -> None:
    fake.mutation = reply
    with pytest.raises(kind, match=words) as caught:
        start(fake)
    assert type(caught.value) is kind
    assert len(fake.mutations) == 1, "an import is never repeated"
    if kind is ImportUnconfirmed:
        for place in ("Data management > Job monitoring", "Add orders", "Orders", "RS/Orders/orders.csv"):
            assert place in str(caught.value)


def test_a_rejection_carries_the_services_words(fake: FakeApi) -> None:
    fake.mutation = refusal(DELIMITER)
    with pytest.raises(ImportRejected) as caught:
        start(fake)
    assert caught.value.reason == DELIMITER


def test_an_import_without_answer_is_unconfirmed(fake: FakeApi) -> None:
    fake.mutation = Reply(stall=True)
    with pytest.raises(ImportUnconfirmed, match=r"did not answer within 0\.4 s"):
        api_of(fake, timeout=0.2).create_import_job(PAYLOAD)


def unreachable_endpoints(tmp_path: Path) -> Iterator[tuple[str, str]]:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/", "refuses the connection"
    yield "https://no-such-host.invalid/", r"not known to this network \(DNS\)"
    with tls_server(tmp_path) as port:
        yield f"https://127.0.0.1:{port}/", "does not prove who it is"


def test_where_nothing_was_sent_nothing_is_unconfirmed(tmp_path: Path) -> None:
    for endpoint, words in unreachable_endpoints(tmp_path):
        api = Api(connection_to(endpoint))
        with pytest.raises(ConnectionFailed, match=words) as caught:
            api.create_import_job(PAYLOAD)
        assert "The import was not begun" in str(caught.value)
        with pytest.raises(ConnectionFailed, match=words):
            api.data_sets()


def test_a_proxy_setting_that_makes_no_sense_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy:1")
    with pytest.raises(ConnectionFailed, match="cannot be taken"):
        Api(connection_to("https://no-such-host.invalid/")).create_import_job(PAYLOAD)


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_certificates_that_are_not_there_are_said(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    wrong = [tmp_path / "missing"]
    if variable == "SSL_CERT_FILE":
        wrong += [tmp_path / "table.csv", tmp_path]
        wrong[1].write_text("a,b\n")
    for path in wrong:
        monkeypatch.setenv(variable, str(path))
        api = Api(connection_to("https://127.0.0.1:9/"))
        with pytest.raises(ConnectionFailed, match=f"^{variable} is ") as caught:
            api.data_sets()
        assert repr(str(path)) in str(caught.value)
        with pytest.raises(ConnectionFailed, match="The import was not begun"):
            api.create_import_job(PAYLOAD)
    monkeypatch.delenv(variable)
    with pytest.raises(ConnectionFailed, match="refuses the connection"):
        api.data_sets()


def test_a_sandbox_asks_for_no_certificates(fake: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")
    assert api_of(fake).data_sets() == ()


def test_certificates_named_later_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    with tls_server(tmp_path) as port:
        api = Api(connection_to(f"https://127.0.0.1:{port}/"))
        with pytest.raises(ConnectionFailed, match="TLS: self-signed certificate"):
            api.data_sets()
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
        with pytest.raises(ConnectionFailed, match="TLS: ") as caught:
            api.data_sets()
    assert "self-signed" not in str(caught.value)  # what is still wrong is the name


def test_this_machine_is_reached_without_the_companys_proxy(
    fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9/")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert api_of(fake).data_sets() == ()


class tls_server:  # noqa: N801 - reads as a function in a with statement
    """A server whose certificate nobody vouches for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self_signed(self.folder))
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self.serve, args=(context,))
        self.thread.start()
        return int(self.socket.getsockname()[1])

    def serve(self, context: ssl.SSLContext) -> None:
        while True:
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            with line, suppress(OSError):
                context.wrap_socket(line, server_side=True).close()

    def __exit__(self, *_: object) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        self.thread.join()


def self_signed(folder: Path) -> Path:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


# ── the key is nowhere to be seen ─────────────────────────────────────────────────────────────────────────


def everything_about(error: BaseException) -> str:
    """All texts that hang on an error: its own, those chained to it, and the requests that they carry."""
    texts, queue = list[str](), [error]
    while queue:
        one = queue.pop()
        texts += [repr(one), str(one), "".join(traceback.format_exception(one)), repr(vars(one))]
        request = getattr(one, "_request", None)
        texts += [str(request.headers.raw)] if request is not None else []
        queue += [other for other in (one.__cause__, one.__context__) if other is not None]
    return "\n".join(texts)


@pytest.mark.parametrize(
    "reply",
    [
        refusal(f"unknown key {API_KEY}"),
        refusal(f"unknown key {API_KEY}", status=401),
        Reply({"message": API_KEY}, 403),
        Reply(raw=API_KEY.encode(), status=500),
        Reply({"errors": [{"message": "no"}], "data": None}, headers={"x-api-key": API_KEY}),
        Reply(drop="before"),
    ],
    ids=["error", "401", "403", "500", "header", "dropped"],
)
def test_no_error_and_no_log_shows_the_key(
    fake: FakeApi, reply: Reply, caplog: pytest.LogCaptureFixture
) -> None:
    fake.query = fake.mutation = reply
    with caplog.at_level(logging.DEBUG):
        for call in (lambda: api_of(fake).data_sets(), lambda: start(fake)):
            with pytest.raises(ConnectError) as caught:
                call()
            assert API_KEY not in everything_about(caught.value)
            assert API_KEY.encode() not in pickle.dumps(caught.value)
    assert len(caplog.records) > 5
    for record in caplog.records:
        assert API_KEY not in record.getMessage()
        assert API_KEY not in repr(vars(record))


def test_no_frame_of_an_interrupted_request_shows_the_key(
    fake: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = h11.Connection.send

    def send_interrupted(self: h11.Connection, event: h11.Event) -> bytes | None:
        signal.raise_signal(signal.SIGINT)  # a real Ctrl-C, where the request with the key is in variables
        return send(self, event)

    monkeypatch.setattr(h11.Connection, "send", send_interrupted)
    with pytest.raises(KeyboardInterrupt) as stopped:
        api_of(fake).data_sets()
    shown = traceback.TracebackException.from_exception(stopped.value, capture_locals=True)
    text = "".join(shown.format())
    assert "send_interrupted" in text
    assert API_KEY not in text


def test_the_log_of_the_library_below_lacks_nothing_but_the_key(
    fake: FakeApi, caplog: pytest.LogCaptureFixture
) -> None:
    fake.query = refusal(f"unknown key {API_KEY}, 100% sure")
    log = logging.getLogger("gql.transport.httpx")
    with caplog.at_level(logging.DEBUG, log.name):
        with pytest.raises(ConnectionFailed):
            api_of(fake).data_sets()
        log.debug("of somebody else: %s", API_KEY)
    said = [record.getMessage() for record in caplog.records if record.name == log.name]
    assert any(line.startswith("<<< ") and "unknown key •••, 100% sure" in line for line in said)
    assert any(line.startswith(">>> ") and "dataSets" in line for line in said)
    assert said[-1] == f"of somebody else: {API_KEY}"
    assert (log.level, log.handlers, log.propagate) == (logging.NOTSET, [], True)


def test_the_services_full_stop_is_not_doubled(fake: FakeApi) -> None:
    fake.query = refusal("The key is wrong.", status=401)
    with pytest.raises(AuthenticationFailed, match=r"The key is wrong\.\n"):
        api_of(fake).data_sets()
    fake.query = refusal("No quota", status=500)
    with pytest.raises(ConnectionFailed, match=r"No quota\. Try again"):
        api_of(fake).data_sets()
