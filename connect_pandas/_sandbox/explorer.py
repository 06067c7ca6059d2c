"""The API's explorer page: one HTML file without a secret in it, and the headers that shut it in.

Anybody on this machine may fetch the page; it can do nothing before a person gives it the sandbox's API key. It
loads nothing from anywhere, talks to the endpoint that served it and to nobody else, and no other page can frame it.
"""

from __future__ import annotations

import secrets
from html import escape
from importlib import resources
from typing import Final

_POLICY: Final = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def page() -> tuple[bytes, dict[str, str]]:
    """Return the page and its headers; each time with another nonce, so that only its own script runs."""
    nonce = secrets.token_urlsafe(16)
    package = resources.files("connect_pandas")
    html = package.joinpath("_sandbox/explorer.html").read_text(encoding="utf-8")
    schema = package.joinpath("service/connect.graphql").read_text(encoding="utf-8")
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": _POLICY.format(nonce=nonce),
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }
    return html.replace("{nonce}", nonce).replace("{schema}", escape(schema)).encode(), headers
