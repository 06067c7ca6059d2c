"""Certificates of an API on loopback: the right one, and those that prove nothing."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.sshd import HOST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Shown = Literal["right", "self-signed", "expired", "for another name"]
HERE: Final = x509.IPAddress(ip_address(HOST))
ELSEWHERE: Final = x509.DNSName("connect.example")


class Certificates:
    """An authority of one's own, and what it has signed.

    Attributes
    ----------
    trusted : Path
        The authority's certificate, for ``SSL_CERT_FILE``.
    """

    def __init__(self, folder: Path) -> None:
        key, own = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        authority = _name("The authority"), key
        self.trusted = folder / "authority.pem"
        self.trusted.write_bytes(_pem(_certificate(authority, authority, (-9, 9))))
        self._contexts: dict[Shown, ssl.SSLContext] = {}

        def add(shown: Shown, *signed: Any) -> None:
            path = folder / f"{shown}.pem"
            path.write_bytes(_private(own) + _pem(_certificate(*signed)))
            self._contexts[shown] = context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(path)

        api = _name("The API"), own
        add("right", api, authority, (-1, 1), HERE)
        add("self-signed", api, api, (-1, 1), HERE)
        add("expired", api, authority, (-2, -1), HERE)
        add("for another name", api, authority, (-1, 1), ELSEWHERE)

    def context(self, shown: Callable[[], Shown]) -> ssl.SSLContext:
        """Return a server's context that shows to each who comes the certificate of the moment."""

        def choose(line: Any, _name: str | None, _context: ssl.SSLContext) -> None:
            line.context = self._contexts[shown()]

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.sni_callback = choose
        return context


Signer = tuple[x509.Name, ec.EllipticCurvePrivateKey]


def _certificate(
    whose: Signer, by: Signer, days: tuple[int, int], place: x509.GeneralName | None = None
) -> x509.Certificate:
    """Return a certificate that holds from one day to another, counted from today."""
    today = datetime.now(UTC)
    begin, end = (today + timedelta(days=day) for day in days)
    builder = x509.CertificateBuilder(
        by[0], whose[0], whose[1].public_key(), x509.random_serial_number(), begin, end
    ).add_extension(x509.BasicConstraints(ca=place is None, path_length=None), critical=True)
    if place is not None:
        builder = builder.add_extension(x509.SubjectAlternativeName([place]), critical=False)
    return builder.sign(by[1], hashes.SHA256())


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
