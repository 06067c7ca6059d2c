"""To whom the API key goes: to a service that proves its name by TLS, also through a proxy, and to nobody else."""

from __future__ import annotations

import os
import socket
import ssl
import sys
import threading
import time
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connect_pandas.errors import ConfigurationError, ConnectionFailed, ImportUnconfirmed
from connect_pandas.service import graphql
from connect_pandas.service.graphql import Api
from tests.service.fixtures_service import API_KEY, OrdersPlan, connection_to
from tests.service.test_lookup import swallowing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from connect_pandas.service.connection import Connection

NAME = "api.shop.test"
"""A host that only the proxy knows the way to."""
ANSWER = b'{"data": {"dataSets": {"nodes": [{"name": "Orders", "dataSetId": "7", "type": "REFERENCE_SET"}]}}}'


@dataclass
class Door:
    """A server of one thread a connection: its port, and what came to it."""

    port: int = 0
    came: list[bytes] = field(default_factory=list)


@contextmanager
def door(serve: Callable[[socket.socket, Door], None]) -> Iterator[Door]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here, threads = Door(listener.getsockname()[1]), list[threading.Thread]()

        def one(line: socket.socket) -> None:
            with line, suppress(OSError):
                line.settimeout(20)
                serve(line, here)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    line, _ = listener.accept()
                    threads.append(threading.Thread(target=one, args=(line,)))
                    threads[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield here
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """Return a server's key with certificate for ``name``, and the file of whoever vouches for it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public = made.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(private + public)
    (folder / "trusted.pem").write_bytes(public)
    return folder / "server.pem", folder / "trusted.pem"


@contextmanager
def tls_api(server_pem: Path) -> Iterator[Door]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server_pem)

    def serve(line: socket.socket, here: Door) -> None:
        with context.wrap_socket(line, server_side=True) as safe:
            head, _, body = safe.recv(65536).partition(b"\r\n\r\n")
            size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            while len(body) < size:
                body += safe.recv(65536)
            here.came.append(head)
            safe.sendall(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n"
                b"content-length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)
            )

    with door(serve) as here:
        yield here


@contextmanager
def proxy(to: int) -> Iterator[Door]:
    """Run a CONNECT proxy that leads everywhere to one local port, and keeps all that the client sends."""

    def serve(line: socket.socket, here: Door) -> None:
        here.came.append(line.recv(65536))
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection(("127.0.0.1", to)) as far:
            back = threading.Thread(target=carry, args=(far, line, None))
            back.start()
            carry(line, far, here)
            back.join()

    def carry(source: socket.socket, target: socket.socket, keep: Door | None) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if keep is not None:
                    keep.came.append(data)
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    with door(serve) as here:
        yield here


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A server's certificate that this process trusts; no proxy is set."""
    server, authority = certificate(tmp_path, NAME)
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    graphql._tls.cache_clear()
    yield server
    graphql._tls.cache_clear()


def test_the_key_goes_through_a_proxy_and_not_to_it(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tls_api(trusted) as api, proxy(api.port) as way:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{way.port}")
        (found,) = Api(connection_to(f"https://{NAME}/")).data_sets()
    assert found.name == "Orders"
    (head,) = api.came
    assert f"x-api-key: {API_KEY}".encode() in head
    assert way.came[0].startswith(f"CONNECT {NAME}:443 ".encode())
    assert len(way.came) > 1
    assert API_KEY.encode() not in b"".join(way.came)


def test_a_host_of_no_proxy_is_asked_without_it(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tls_api(trusted) as api, proxy(api.port) as way:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{way.port}")
        monkeypatch.setenv("NO_PROXY", NAME)
        with pytest.raises(ConnectionFailed, match="DNS"):
            Api(connection_to(f"https://{NAME}/")).data_sets()
    assert way.came == []


def test_another_name_on_the_certificate_gets_no_key(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tls_api(trusted) as api, proxy(api.port) as way:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{way.port}")
        with pytest.raises(ConnectionFailed, match="does not prove who it is"):
            Api(connection_to("https://other.shop.test/")).data_sets()
    assert api.came == []


def test_a_certificate_that_nobody_vouches_for_gets_no_key(
    trusted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "else").mkdir()
    stranger, _ = certificate(tmp_path / "else", NAME)
    with tls_api(stranger) as api, proxy(api.port) as way:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{way.port}")
        with pytest.raises(ConnectionFailed, match="does not prove who it is"):
            Api(connection_to(f"https://{NAME}/")).data_sets()
    assert api.came == []


def test_a_file_of_certificates_that_is_written_anew_is_read_anew(
    trusted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority, others = tmp_path / "trusted.pem", tmp_path / "others"
    others.mkdir()
    right = authority.read_bytes()
    authority.write_bytes(certificate(others, NAME)[1].read_bytes())
    os.utime(authority, (1, 1))
    with tls_api(trusted) as api, proxy(api.port) as way:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{way.port}")
        with pytest.raises(ConnectionFailed, match="does not prove who it is"):
            Api(connection_to(f"https://{NAME}/")).data_sets()
        authority.write_bytes(right)
        assert len(Api(connection_to(f"https://{NAME}/")).data_sets()) == 1


def test_the_handshake_is_part_of_the_time(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted)
    over = threading.Event()

    def slow(line: socket.socket, here: Door) -> None:
        over.wait(2.5)
        with context.wrap_socket(line, server_side=True) as safe:
            here.came.append(safe.recv(65536))
            over.wait(2.5)
            safe.sendall(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                % (len(ANSWER), ANSWER)
            )

    with door(slow) as api, proxy(api.port) as way:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{way.port}")
        with pytest.raises(ConnectionFailed, match="did not answer within 4 s"):
            Api(replace(connection_to(f"https://{NAME}/"), timeout=4.0)).data_sets()
        over.set()


@pytest.fixture
def known_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, list[str]]]:
    """The addresses of names; who asks for one a second time is not answered."""
    known, over, really = dict[str, list[str]](), threading.Event(), socket.getaddrinfo

    def look(host: str, port: Any, *rest: Any, **more: Any) -> Any:
        if not host.endswith(".test"):
            return really(host, port, *rest, **more)
        if host not in known:
            over.wait(30)
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in known.pop(host)]

    monkeypatch.setattr(socket, "getaddrinfo", look)
    yield known
    over.set()


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["127.0.0.2", "127.0.0.1"]], ids=["one", "several"])
@pytest.mark.parametrize("through", ["", "proxy.shop.test"], ids=["alone", "through a proxy"])
def test_a_name_is_looked_up_once_and_is_what_the_server_has_to_prove(
    trusted: Path,
    known_once: dict[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
    addresses: list[str],
    through: str,
) -> None:
    begin = time.monotonic()
    with tls_api(trusted) as api, proxy(api.port) as way:
        if through:
            monkeypatch.setenv("HTTPS_PROXY", f"http://{through}:{way.port}")
        for name in (NAME, "other.shop.test"):
            known_once[through or name] = addresses
            asked = Api(connection_to(f"https://{name}:{api.port}/"))
            if name == NAME:
                assert len(asked.data_sets()) == 1
            else:
                with pytest.raises(ConnectionFailed, match="does not prove who it is"):
                    asked.data_sets()
    (head,) = api.came
    assert f"host: {NAME}:{api.port}".encode() in head.lower()
    assert time.monotonic() - begin < 20


def test_old_tls_is_not_spoken(trusted: Path) -> None:
    context = graphql._tls()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


# ── a proxy that lets nothing through ─────────────────────────────────────────────────────────────────────


def nobody(line: socket.socket, here: Door) -> None:
    """Hang up at once."""


def silent(line: socket.socket, here: Door) -> None:
    here.came.append(line.recv(65536))
    line.recv(1)  # until the other side has had enough


def refusing(status: bytes) -> Callable[[socket.socket, Door], None]:
    def serve(line: socket.socket, here: Door) -> None:
        here.came.append(line.recv(65536))
        line.sendall(b"HTTP/1.1 %s\r\ncontent-length: 0\r\n\r\n" % status)

    return serve


PROXIES: dict[str, tuple[Callable[[socket.socket, Door], None], str, str]] = {
    "hangs up": (nobody, "http", "broke off before it let anything through"),
    "says nothing": (silent, "http", "has let nothing through within"),
    "asks for a password": (
        refusing(b"407 Proxy Authentication Required"),
        "http",
        "407 Proxy Authentication Required; it takes a user and a password, as in http://user:password@127",
    ),
    "forbids": (refusing(b"403 Forbidden"), "http", "does not let through: 403 Forbidden"),
    "speaks no TLS": (
        refusing(b"400 Bad Request"),
        "https",
        "one that speaks no TLS itself is named http://",
    ),
}


@pytest.mark.parametrize(("serve", "scheme", "words"), PROXIES.values(), ids=PROXIES)
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "all_proxy"])
def test_a_proxy_that_lets_nothing_through_is_said(
    serve: Callable[[socket.socket, Door], None],
    scheme: str,
    words: str,
    variable: str,
    trusted: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with door(serve) as way:
        monkeypatch.setenv(variable, f"{scheme}://ann:hush-hush@127.0.0.1:{way.port}")
        said = refusals(replace(connection_to(f"https://{NAME}/"), timeout=1.0))
        for message in said:
            assert f"The proxy 127.0.0.1:{way.port}, on the way to {NAME}, " in message
            assert words in message
            assert f"Correct {variable}, which names it, or set NO_PROXY={NAME} to go round it." in message
    assert API_KEY.encode() not in b"".join(way.came)


def refusals(connection: Connection) -> tuple[str, str]:
    """Return what is said of a question, and of an import: that was not begun, and nothing is unconfirmed."""
    with pytest.raises(ConnectionFailed) as asked:
        Api(connection).data_sets()
    with pytest.raises(ConnectionFailed, match=r"The import was not begun\.") as begun:
        Api(connection).create_import_job(OrdersPlan().payload)
    assert "hush" not in f"{asked.value}{begun.value}"
    return str(asked.value), str(begun.value)


def test_a_proxy_that_is_not_there_is_said(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        port = taken.getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://ann:hush-hush@127.0.0.1:{port}")
        for said in refusals(connection_to(f"https://{NAME}:8443/")):
            assert f"The proxy 127.0.0.1:{port}, on the way to {NAME}:8443, refuses the connection." in said
            assert f"Correct HTTPS_PROXY, which names it, or set NO_PROXY={NAME} " in said
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:hush-hush@no-such-proxy.invalid:3128")
    for said in refusals(connection_to(f"https://{NAME}/")):
        assert "The proxy no-such-proxy.invalid:3128, " in said
        assert "has a name that is not known to this network (DNS)" in said


@pytest.mark.skipif(sys.platform != "linux", reason="what a full queue does is Linux's")
def test_a_proxy_behind_a_firewall_is_said(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with swallowing("127.0.0.2") as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.2:{port}")
        for said in refusals(replace(connection_to(f"https://{NAME}/"), timeout=0.5)):
            assert f"The proxy 127.0.0.2:{port}, on the way to {NAME}, took no connection in time." in said


def test_a_socks_proxy_needs_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)  # as where it is not installed
    monkeypatch.setenv("ALL_PROXY", "socks5://ann:hush-hush@127.0.0.1:1080")
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    for said in refusals(connection_to(f"https://{NAME}/")):
        assert said.startswith("ALL_PROXY names a SOCKS proxy")
        assert 'pip install "httpx[socks]"' in said


@pytest.mark.parametrize("sign", ["/", "#", "?"])
def test_a_password_that_breaks_the_address_is_not_shown(sign: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://ann:hush{sign}hush@127.0.0.1:3128")
    for said in refusals(connection_to(f"https://{NAME}/")):
        assert "HTTPS_PROXY is no address of a proxy" in said
        assert f"{sign} is {'written ' if sign == '/' else ''}%" in said


def test_what_has_gone_through_a_proxy_may_have_begun(trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted)

    def no_answer(line: socket.socket, here: Door) -> None:
        with context.wrap_socket(line, server_side=True) as safe:
            here.came.append(safe.recv(65536))

    with door(no_answer) as api, proxy(api.port) as way:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{way.port}")
        with pytest.raises(ImportUnconfirmed, match=f"The connection to {NAME} broke before it answered"):
            Api(connection_to(f"https://{NAME}/")).create_import_job(OrdersPlan().payload)
    assert API_KEY.encode() in api.came[0]


@pytest.mark.parametrize(
    "endpoint", ["http://api.shop.test/", "http://10.0.0.1/", "http://127.0.0.1.shop.test/"]
)
def test_plain_http_is_for_this_machine_only(endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="only to https"):
        connection_to(endpoint)
