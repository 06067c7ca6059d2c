"""The API: the few queries and mutations that an import needs, and a word for every way they can fail.

A mutation is sent once and never repeated; a query, with which nothing can happen twice, is asked again when its
failure may pass. What came of a request is an :class:`_Answer`, a plain value; only then is it put into words, so
that no exception of the libraries below, whose request carries the API key, is ever chained to ours.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import socket
import ssl
import time
import traceback
from contextvars import ContextVar
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportError, TransportQueryError

# gql takes httpx or its successor, whichever is there: the exceptions to tell apart are of the one it took.
from gql.transport.httpx import HTTPXTransport, httpx  # type: ignore[attr-defined]
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema
from graphql.execution.values import get_variable_values

from connect_pandas import rules
from connect_pandas.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ImportRejected,
    ImportUnconfirmed,
    PlanError,
)
from connect_pandas.service.connection import MONITORING, Secret, is_loopback, require_running
from connect_pandas.service.course import Course, in_words, say_no_proxy, say_no_socks
from connect_pandas.service.entry import place

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connect_pandas.service.connection import Connection

KEYS_A_QUERY: Final = 50
"""How many keys one query asks for. Source: open, paging is not documented, so an answer is kept short."""

QUERY_PAUSES: Final = (0.01, 0.05)
"""How long to wait before a query is asked again, in shares of the connection's ``timeout``: 0.3 and 1.5 s of 30."""
MUTATION_PATIENCE: Final = 2
"""How many times the connection's ``timeout`` a mutation may take: an import that nobody answers for is dear."""
WORDS_MAX: Final = 500
"""How much of the service's own words a message repeats, in characters: an error page has thousands."""


# ── what no log shows ─────────────────────────────────────────────────────────────────────────────────

_unsaid: Final[ContextVar[Secret | None]] = ContextVar("unsaid", default=None)
"""The API key of the request that is under way here."""


class _WithoutKey(logging.Filter):
    """Takes the key out of what the libraries below log while a request of ours is under way.

    They log the service's answer as it comes, and a service may repeat what it was sent. Whoever configures logging
    still gets all the rest.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if (key := _unsaid.get()) is not None and key.reveal() in (said := record.getMessage()):
            record.msg, record.args = said.replace(key.reveal(), "•••"), ()
        return True


for _name in (HTTPXTransport.__module__, httpx.__name__, "httpcore.http11"):
    logging.getLogger(_name).addFilter(_WithoutKey())


# ── what the service shows ────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class DataSet:
    """A reference set as ``dataSets`` lists it. Source: api."""

    name: str
    id: str
    type: str


@dataclass(frozen=True, slots=True)
class Record:
    """A row of a reference set as ``referenceSetRecords`` shows it. Source: api.

    ``values`` holds text, ``int``, ``Decimal``, ``bool`` or ``None`` by attribute name.
    """

    key: str | None
    values: dict[str, Any]


# ── the operations ────────────────────────────────────────────────────────────────────────────────────

# Only types whose names the service documents stand in a variable's declaration (``ImportInput``, ``ID``,
# ``String``): the names of the filters' types are ours and must not travel, so filters are written out as
# literals.

_CREATE_IMPORT_JOB: Final = """
mutation ($importInput: ImportInput!) { createImportJob(importInput: $importInput) { id } }
"""

_REGISTER_PUBLIC_KEY: Final = """
mutation ($publicKey: String!) { updatePublicKeyForConnectUser(publicKey: $publicKey) { publicKey } }
"""

_DATA_SETS: Final = """
query { dataSets(filter: [{field: "type", eq: "REFERENCE_SET"}]) { nodes { name dataSetId type } } }
"""

_RECORD_COUNT: Final = "query ($dataSetId: ID!) { referenceSetRecords(dataSetId: $dataSetId) { totalCount } }"

_RECORDS: Final = """
query ($dataSetId: ID!) {
  referenceSetRecords(dataSetId: $dataSetId, filter: [{field: %s, in: [%s]}]) {
    nodes { key attributes { name value } }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Api:
    """The Connect API as one user sees it.

    Every request is one POST of its own. Queries raise ``AuthenticationFailed`` when the API key is refused and
    ``ConnectionFailed`` otherwise, with the service's own words; before that they are asked twice more when the
    connection broke, or the service was too busy (HTTP 429, with its ``Retry-After``) or out of order (502–504).
    """

    connection: Connection

    def data_sets(self) -> tuple[DataSet, ...]:
        """List the reference sets. Source: api."""
        nodes = self._ask("list the reference sets", _DATA_SETS, {}, "dataSets", "nodes")
        return tuple(
            DataSet(str(n.get("name")), str(n.get("dataSetId")), str(n.get("type"))) for n in _each(nodes)
        )

    def data_set(self, name: str) -> DataSet | None:
        """Find the reference set of this name; ``None`` when none is visible."""
        return next((found for found in self.data_sets() if found.name == name), None)

    def record_count(self, data_set_id: str) -> int:
        """Count the rows of a reference set. Source: api, ``referenceSetRecords.totalCount``."""
        variables = {"dataSetId": data_set_id}
        count = self._ask("count the records", _RECORD_COUNT, variables, "referenceSetRecords", "totalCount")
        if not isinstance(count, int):
            raise ConnectionFailed(self._unreadable("count the records"))
        return count

    def records(
        self, data_set_id: str, key_field: str, keys: Sequence[str | int | Decimal | bool]
    ) -> tuple[Record, ...]:
        """Fetch the rows of a reference set that have these keys. Source: api.

        Parameters
        ----------
        data_set_id : str
        key_field : str
            The name of the attribute that identifies rows.
        keys : sequence of str, int, Decimal or bool
            In any number; asked for in portions of :data:`KEYS_A_QUERY`.
        """
        found: list[Record] = []
        for start in range(0, len(keys), KEYS_A_QUERY):
            wanted = ", ".join(_literal(key) for key in keys[start : start + KEYS_A_QUERY])
            query = _RECORDS % (_literal(key_field), wanted)
            nodes = self._ask(
                "fetch records", query, {"dataSetId": data_set_id}, "referenceSetRecords", "nodes"
            )
            found += [_record(node) for node in _each(nodes)]
        return tuple(found)

    def register_public_key(self, line: str) -> str:
        """Register the public key of the API key's user; return it as the service echoes it. Source: guide.

        Parameters
        ----------
        line : str
            The one-line text of ``key.pub``.
        """
        what, field = "register the public key", "updatePublicKeyForConnectUser"
        answer = self._mutate(_REGISTER_PUBLIC_KEY, {"publicKey": line})
        return str(self._read(answer, what, field, "publicKey"))

    def create_import_job(self, payload: dict[str, Any]) -> str:
        """Start the import of an uploaded file and return the job's id. Source: guide. Never repeated.

        Parameters
        ----------
        payload : dict
            The guide's JSON object, ``{"importInput": {…}}``.

        Raises
        ------
        PlanError
            The payload does not fit the service's schema; nothing was sent.
        AuthenticationFailed, ConnectionFailed
            The API key was refused, or the service was not reached: nothing was begun.
        ImportRejected
            The service said no, with its message.
        ImportUnconfirmed
            The request may have arrived and nobody answered for it: the import may or may not have begun.
        """
        check_payload(payload)
        answer = self._mutate(_CREATE_IMPORT_JOB, payload)
        job = answer.data.get("createImportJob")
        job_id = job.get("id") if isinstance(job, dict) else None
        if job_id and answer.is_good:
            return str(job_id)
        raise _import_failure(self.connection, answer, payload["importInput"], job_id)

    def _mutate(self, mutation: str, variables: dict[str, Any]) -> _Answer:
        return _post(
            self.connection, mutation, variables, seconds=MUTATION_PATIENCE * self.connection.timeout
        )

    def _ask(self, what: str, query: str, variables: dict[str, Any], *path: str) -> Any:
        seconds = self.connection.timeout
        answer = _post(self.connection, query, variables, seconds=seconds)
        for part in QUERY_PAUSES:
            pause = answer.pause(part * seconds)
            if pause is None or pause > seconds:
                break
            time.sleep(pause)
            answer = _post(self.connection, query, variables, seconds=seconds)
        return self._read(answer, what, *path)

    def _read(self, answer: _Answer, what: str, *path: str) -> Any:
        if not answer.is_good:
            raise _failure(self.connection, answer, what)
        value: Any = answer.data
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        if value is None:
            raise ConnectionFailed(self._unreadable(what))
        return value

    def _unreadable(self, what: str) -> str:
        return (
            f"Asked to {what}, {_host(self.connection)} answered something that its documentation does not "
            "describe. Check the endpoint; if it is right, the service has changed and this package needs "
            "an update."
        )


def check_payload(payload: dict[str, Any]) -> None:
    """Hold ``{"importInput": {…}}`` against the service's schema, on this machine.

    Raises
    ------
    PlanError
        With every field that does not fit; nothing was sent.
    """
    operation = GraphQLRequest(_CREATE_IMPORT_JOB).document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)  # noqa: S101 - for the type checker
    checked = get_variable_values(_schema(), operation.variable_definitions or (), payload)
    errors = checked if isinstance(checked, list) else getattr(checked, "errors", None)
    if errors:
        lines = "\n".join(f"  {error.message}" for error in errors)
        raise PlanError(f"The service's schema does not know this import; nothing was sent:\n{lines}")


def _each(nodes: Any) -> Iterator[dict[str, Any]]:
    return (node for node in nodes if isinstance(node, dict)) if isinstance(nodes, list) else iter(())


def _record(node: dict[str, Any]) -> Record:
    values = {str(a.get("name")): a.get("value") for a in _each(node.get("attributes"))}
    key = node.get("key")
    return Record(None if key is None else str(key), values)


def _literal(value: str | int | Decimal | bool) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return json.dumps(value, ensure_ascii=False)  # JSON's text, number and boolean are also GraphQL's


# ── one request ───────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Said:
    """One of the ``errors`` of a GraphQL answer."""

    message: str
    code: str = ""
    of_document: bool = False
    """Whether it is about the request's text, and came before anything was executed."""


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of one request."""

    data: dict[str, Any]
    errors: tuple[_Said, ...] = ()
    trouble: str = ""
    """In words, when this is no GraphQL answer; else empty."""
    status: int | None = None
    """Of HTTP; ``None`` when no answer began."""
    retry_after: str = ""
    sent: bool = True
    """False only when it is certain that the request never left this machine."""
    broken: bool = False
    """Whether the connection was refused or broke: another one may hold."""

    def pause(self, shortest: float) -> float | None:
        """Return after how many seconds the same may be asked again; ``None`` where that would change nothing."""
        if not (self.broken or self.status in (429, 502, 503, 504)):
            return None
        if self.retry_seconds is not None:
            return max(shortest, self.retry_seconds)
        return None if self.retry_after else shortest  # a date: it is told to the user

    @property
    def retry_seconds(self) -> float | None:
        """Return ``Retry-After`` where that is seconds; else it is a date, or nothing (RFC 9110)."""
        text = self.retry_after
        return float(text) if text.isascii() and text.isdecimal() else None

    @property
    def is_2xx(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_good(self) -> bool:
        return self.is_2xx and not self.errors and not self.trouble

    @property
    def said(self) -> str:
        return "; ".join(error.message for error in self.errors)


def _post(connection: Connection, document: str, variables: dict[str, Any], *, seconds: float) -> _Answer:
    require_running(connection)
    host, answers, course = _host(connection), list[Any](), Course(connection, seconds)
    try:
        file, folders = _own_certificates(connection.endpoint)
        tls = _tls(file, folders, Path(file).stat().st_mtime_ns if file else 0)
    except OSError as error:
        return _Answer({}, trouble=_no_certificates(connection.endpoint, error), sent=False)
    transport = HTTPXTransport(
        url=connection.endpoint,
        json_deserialize=_read_json,
        headers={"x-api-key": connection.api_key.reveal()},
        timeout=httpx.Timeout(seconds, connect=connection.timeout),
        verify=tls,
        # A redirect would carry the key to wherever it points; a company's proxy has no part in this machine.
        follow_redirects=False,
        trust_env=not is_loopback(urlsplit(connection.endpoint).hostname or ""),
        event_hooks={"response": [answers.append]},
    )
    unsaid = _unsaid.set(connection.api_key)
    try:
        result = Client(schema=_schema(), transport=transport).execute_sync(
            GraphQLRequest(document, variable_values=variables or None),
            get_execution_result=True,
            extra_args={"extensions": {"trace": course.hear}},
        )
        answer = _Answer(result.data if isinstance(result.data, dict) else {})
    except TransportQueryError as error:
        executed = "data" in answers[-1].json()
        answer = _Answer(error.data if isinstance(error.data, dict) else {}, _said(error.errors, executed))
    except TransportError as error:
        cause = httpx.ReadTimeout("no end") if course.is_over else error.__cause__
        answer = _troubled(cause, answers[-1] if answers else None, host, course)
    except ImportError:
        answer = _Answer({}, trouble=say_no_socks(host), sent=False)
    except (ValueError, httpx.InvalidURL):  # whose words may hold a part of a password
        answer = _Answer({}, trouble=say_no_proxy(host), sent=False)
    except BaseException as stop:  # Ctrl-C for one, which may come where the libraries below hold the key
        for one in _chain(stop):
            traceback.clear_frames(one.__traceback__)
        raise
    finally:
        course.cancel()
        _unsaid.reset(unsaid)
    return _with_status(_without_key(answer, connection), answers[-1] if answers else None)


def _read_json(content: bytes) -> dict[str, Any]:
    # gql asks only whether this is JSON, and trusts it to be what GraphQL promises.
    answer = json.loads(content, parse_float=Decimal)
    if not isinstance(answer, dict):
        raise TypeError
    data, errors = answer.get("data"), answer.get("errors")
    if not isinstance(data, dict) and not (errors and isinstance(errors, list)):
        raise TypeError
    return answer


@cache
def _schema() -> GraphQLSchema:
    text = files("connect_pandas.service").joinpath("connect.graphql").read_text(encoding="utf-8")
    return build_schema(text)


def _own_certificates(endpoint: str) -> tuple[str, str]:
    """Return the file and the folders of certificates that the user trusts instead, where TLS is spoken."""
    if urlsplit(endpoint).scheme != "https":
        return "", ""
    return os.environ.get("SSL_CERT_FILE", ""), os.environ.get("SSL_CERT_DIR", "")


@cache
def _tls(file: str = "", folders: str = "", written: int = 0) -> ssl.SSLContext:
    # When the file was written is asked for only so that a new one is read.
    # OpenSSL says nothing of a folder that is missing; every certificate would be a stranger's.
    if not file and folders and not any(map(os.path.isdir, folders.split(os.pathsep))):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    context: ssl.SSLContext = httpx.create_ssl_context(trust_env=bool(file or folders))
    return context


def _no_certificates(endpoint: str, error: OSError) -> str:
    file, folders = _own_certificates(endpoint)
    name, value = ("SSL_CERT_FILE", file) if file else ("SSL_CERT_DIR", folders)
    if not value:
        return f"The certificates that come with this Python cannot be read: {error}. Install certifi anew."
    why = getattr(error, "reason", "") or error.strerror
    return (
        f"{name} is {value!r}, and no certificates can be read there ({why}). Nothing was sent. Correct "
        f"{name}, or unset it to trust the usual certificates."
    )


def _said(errors: list[Any] | None, executed: bool) -> tuple[_Said, ...]:
    def one(error: Any) -> _Said:
        if not isinstance(error, dict):
            return _Said(str(error))
        extensions = error.get("extensions")
        code = extensions.get("code") if isinstance(extensions, dict) else ""
        # The specification: what is wrong with the document itself has a place in it, belongs to no field of the
        # answer, and leaves "data" away. A gateway's own error, of a time-out for one, has no place.
        of_document = not executed and bool(error.get("locations")) and not error.get("path")
        return _Said(str(error.get("message") or "(no message)"), str(code or ""), of_document)

    return tuple(one(error) for error in errors or ())


def _troubled(cause: BaseException | None, response: Any, host: str, course: Course) -> _Answer:
    if response is not None and not isinstance(cause, httpx.TransportError):
        trouble = f"{host} answered, but not in the JSON of a GraphQL API."
        return _Answer({}, _message_of(response), trouble)
    never_left = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
    sent = not isinstance(cause, (*never_left, httpx.UnsupportedProtocol, httpx.InvalidURL))
    chain = tuple(_chain(cause))
    words = in_words(chain, host, course, answered=response is not None)
    broken = isinstance(cause, httpx.NetworkError | httpx.RemoteProtocolError)
    never = any(isinstance(error, ssl.SSLError | socket.gaierror) for error in chain)
    return _Answer({}, trouble=words, sent=sent and not course.is_at_proxy, broken=broken and not never)


def _message_of(response: Any) -> tuple[_Said, ...]:
    """Return what a gateway in front of the API says in a JSON of its own: ``{"message": "Forbidden"}``."""
    try:
        answer = response.json()
    except ValueError:
        return ()
    said = answer.get("message") if isinstance(answer, dict) else None
    return (_Said(said),) if isinstance(said, str) else ()


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _with_status(answer: _Answer, response: Any) -> _Answer:
    if response is None:
        return answer
    retry_after = _short(response.headers.get("retry-after", ""))
    return replace(answer, status=int(response.status_code), retry_after=retry_after)


def _without_key(answer: _Answer, connection: Connection) -> _Answer:
    # A service may echo what it refuses.
    def clean(text: str) -> str:
        return _short(text.replace(connection.api_key.reveal(), "•••"))

    errors = tuple(replace(e, message=clean(e.message), code=clean(e.code)) for e in answer.errors)
    return replace(answer, errors=errors, trouble=clean(answer.trouble))


def _short(text: str) -> str:
    return text if len(text) <= WORDS_MAX else f"{text[:WORDS_MAX]}…"


def _host(connection: Connection) -> str:
    return urlsplit(connection.endpoint).netloc


# ── a failure in words ────────────────────────────────────────────────────────────────────────────────

_NEW_KEY: Final = (
    "An administrator of the Connect subscription makes a key in the web app, General settings > API keys, "
    "where it is shown once. Setup takes it and keeps it in the system's keyring; CONNECT_API_KEY will do, too."
)


def _failure(connection: Connection, answer: _Answer, what: str) -> ConnectionFailed:
    host = _host(connection)
    words = f" It says: {_sentence(answer.said)}" if answer.errors else ""
    match answer.status:
        case 401 | 403:
            return _refused_key(host, answer)
        case 429:
            return ConnectionFailed(f"{host} has had too many requests.{words}{_when(answer)}")
        case int(status) if 300 <= status < 400:
            return ConnectionFailed(
                f"{host} answered with a redirect (HTTP {status}), which is not followed because the API key "
                "would go with it. Check domain or endpoint."
            )
        case 404:
            return ConnectionFailed(
                f"There is no Connect API at {connection.endpoint} (HTTP 404). Check the endpoint.{words}"
            )
        case int(status) if status >= 500:
            return ConnectionFailed(f"{host} has trouble of its own (HTTP {status}).{words} Try again later.")
        case int(status) if status >= 400:
            return ConnectionFailed(f"Asked to {what}, {host} refused (HTTP {status}).{words}")
    if answer.errors:
        return ConnectionFailed(f"Asked to {what}, {host} refused.{words}")
    return ConnectionFailed(answer.trouble)


def _sentence(words: str) -> str:
    return f"{words.strip().rstrip('.')}."


def _refused_key(host: str, answer: _Answer) -> AuthenticationFailed:
    words = f" It says: {_sentence(answer.said)}" if answer.errors else ""
    return AuthenticationFailed(
        f"{host} does not accept the API key (HTTP {answer.status}).{words}\n{_NEW_KEY}"
    )


def _when(answer: _Answer) -> str:
    if answer.retry_seconds is not None:
        return f" Try again in {answer.retry_after} s."
    return f" Try again after {answer.retry_after}." if answer.retry_after else " Try again in a few minutes."


_ADVICE: Final = {
    "S3_FILE_METADATA_FAILED": (
        "The service did not find the uploaded file at that name and folder. Check filename={filename!r} and "
        "folder={folder!r} against the directory of the subscription, then submit again."
    ),
    "reference sets already": (
        "A subscription has 5 sets by default, and up to 25 on request: delete one that is not needed in the web app, "
        "or ask for more. In a sandbox: connect_pandas.sandbox() starts an empty one."
    ),
    "Invalid delimiter": (
        "The file must use one delimiter throughout: a comma, a tab or a pipe. "
        'Make the plan again with one of them: df.connect.plan("{name}", delimiter="|")'
    ),
}
"""Source: guide, errors of the import."""


def doubt_of_room(sets: int, connection: Connection) -> str:
    """Say that the service may refuse one more set, and how to make room; empty where there is room by default."""
    if sets < rules.SETS_MAX:
        return ""
    where = (
        f"in its explorer, {connection.endpoint}, with\n"
        'mutation { deleteDataSet(where: {dataSetId: "…"}) { dataSetId } }   # the id is in box.sets'
        if connection.kind == "sandbox"
        else "in the web app, or ask Connect for more than it gives by default"
    )
    return (
        f"The subscription has {sets} reference sets already: the service may refuse another, and says so only once "
        f"the file is there. To make room, delete one {where}"
    )


_DOCUMENTED: Final = ("S3_FILE_METADATA_FAILED", "INPUT_VALIDATION_FAILED")
_NOT_BEGUN: Final = frozenset(
    {
        "BAD_REQUEST",
        "BAD_USER_INPUT",
        "FORBIDDEN",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "OPERATION_RESOLUTION_FAILURE",
        "UNAUTHENTICATED",
    }
)
"""What GraphQL servers say when they turn a request away before they do anything. Source: open, the usual codes."""


def _import_failure(
    connection: Connection, answer: _Answer, asked: dict[str, Any], job_id: Any
) -> ConnectionFailed | ImportRejected | ImportUnconfirmed:
    host = _host(connection)
    if not answer.sent:
        return ConnectionFailed(f"{answer.trouble} The import was not begun.")
    if answer.status in (401, 403):
        return _refused_key(host, answer)
    if _is_refusal(answer, job_id):
        return _rejected(host, answer, asked)
    return _unconfirmed(host, answer, asked, job_id)


def _is_refusal(answer: _Answer, job_id: Any) -> bool:
    """Whether the service certainly began nothing; any error that is not known to say so may come from afterwards."""
    if job_id:
        return False
    if answer.status is not None and 400 <= answer.status < 500:
        return answer.status != 408  # the service's own time-out: it cannot tell what it has read
    if answer.trouble or not answer.is_2xx:
        return False
    return bool(answer.errors) and all(map(_says_not_begun, answer.errors))


def _says_not_begun(error: _Said) -> bool:
    if error.message.startswith(_DOCUMENTED):
        return True
    return error.code in _NOT_BEGUN if error.code else error.of_document


def _rejected(host: str, answer: _Answer, asked: dict[str, Any]) -> ImportRejected:
    status = "" if answer.is_2xx else f" (HTTP {answer.status})"
    lines = [f"The service refused the import{status}: {answer.said or f'{host} gave no reason'}"]
    values = asked["fileLocation"] | {"name": _target(asked)}
    lines += [advice.format(**values) for words, advice in _ADVICE.items() if words in answer.said]
    if answer.status == 429:
        lines.append(f"Too many requests.{_when(answer)}")
    return ImportRejected("\n".join(lines), answer.said)


def _unconfirmed(host: str, answer: _Answer, asked: dict[str, Any], job_id: Any) -> ImportUnconfirmed:
    if answer.trouble and (answer.status is None or answer.is_2xx):
        what = answer.trouble
    elif answer.errors:
        what = f"{host} answered with an error (HTTP {answer.status}): {_sentence(answer.said)}"
    else:
        what = f"{host} answered without a job (HTTP {answer.status})."
    return ImportUnconfirmed(
        f"The import may or may not have begun. {what}\n{how_to_find_out(asked, job_id)}"
    )


def how_to_find_out(asked: dict[str, Any], job_id: Any = None) -> str:
    """Say where to look for an import that nobody answered for.

    Parameters
    ----------
    asked : dict
        The ``importInput``.
    job_id : str, optional
        When the service named one all the same.
    """
    lines = [
        f"Do not submit it again before you know. It is in the web app, {MONITORING}:",
        f"  job       {asked['jobName']}" + (f" (id {job_id})" if job_id else ""),
        f"  data set  {_target(asked)}",
        f"  file      {_file(asked)}  (it is left on the server; a completed import removes it)",
    ]
    return "\n".join(lines)


def _target(asked: dict[str, Any]) -> str:
    return str(asked.get("dataSetName") or asked.get("dataSetId"))


def _file(asked: dict[str, Any]) -> str:
    location = asked["fileLocation"]
    return place(location["folder"], location["filename"])
