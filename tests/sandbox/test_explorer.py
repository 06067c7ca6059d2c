"""The API's page in a browser: shut in, without a secret, and no hole in the endpoint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from connect_pandas._sandbox import explorer

if TYPE_CHECKING:
    import httpx
    from workshop import Client

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
NAMES = '{"query": "{ dataSets { nodes { name } } }"}'


def opened(shared: Client) -> httpx.Response:
    return shared.http.get("/", headers=BROWSER | {"x-api-key": ""})


def test_a_browser_sees_the_page_without_a_key(shared: Client) -> None:
    page = opened(shared)
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "createImportJob(importInput: ImportInput!): ImportJob!" in page.text, "it shows the schema"
    assert shared.box.explorer == shared.box.connection.endpoint
    assert shared.box.connection.api_key.reveal() not in page.text + str(page.headers)


def test_the_page_loads_nothing_and_is_shut_in(shared: Client) -> None:
    page = opened(shared)
    assert not re.findall(r"https?://|@import|url\(", page.text)
    assert re.findall(r"(?:src|href)=\"?([^\s\">]*)", page.text) == ["data:,"]
    policy = page.headers["content-security-policy"]
    for held in ("default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'", "form-action 'none'"):
        assert held in policy
    assert "unsafe" not in policy
    nonces = set(re.findall(r"nonce[-=]\"?([\w-]+)", policy + page.text))
    assert len(nonces) == 1
    assert nonces != set(re.findall(r"nonce-([\w-]+)", opened(shared).headers["content-security-policy"]))


def test_the_page_holds_no_handler_that_the_policy_would_stop() -> None:
    body, _ = explorer.page()
    assert not re.findall(rb"<[^>]+\s(?:on\w+|style)=", body)
    assert len(re.findall(rb"<script", body)) == 1


def test_who_is_no_browser_is_told_to_post(shared: Client) -> None:
    assert shared.http.get("/").status_code == 405
    assert shared.http.put("/", headers=BROWSER).status_code == 405
    assert shared.http.get("/other", headers=BROWSER).status_code == 404
    assert shared.http.head("/", headers=BROWSER).content == b""


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:80", "evil.example:80", "127.0.0.1", "0.0.0.0:80"]
)
def test_a_name_that_somebody_has_pointed_here_gets_nothing(shared: Client, host: str) -> None:
    for method in ("GET", "POST"):
        answer = shared.http.request(method, "/", headers=BROWSER | {"host": host}, content=NAMES)
        assert answer.status_code == 421, "not even the page, and not with the right key"


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1:1", "http://localhost", "null"])
def test_pages_of_other_sites_get_nothing(shared: Client, origin: str) -> None:
    answer = shared.http.post("/", headers={"origin": origin}, content=NAMES)
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    before = shared.http.options("/", headers={"origin": origin, "access-control-request-method": "POST"})
    assert before.status_code == 403


def test_its_own_page_gets_an_answer_with_the_key_and_only_with_it(shared: Client) -> None:
    own = {"origin": shared.box.explorer.rstrip("/")}
    assert shared.http.post("/", headers=own, content=NAMES).json() == {
        "data": {"dataSets": {"nodes": [{"name": "Audience"}]}}
    }
    assert shared.http.post("/", headers=own | {"x-api-key": ""}, content=NAMES).status_code == 401
    assert (
        shared.http.post("/", headers=own | {"x-api-key": "ключ".encode()}, content=NAMES).status_code == 401
    )


def test_localhost_is_this_machine_too(shared: Client) -> None:
    port = shared.box.explorer.rstrip("/").rpartition(":")[2]
    assert shared.http.post("/", headers={"host": f"localhost:{port}"}, content=NAMES).status_code == 200
