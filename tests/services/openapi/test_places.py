"""Where a contract looks for parameters and credentials besides path, query and bearer token."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.wire import Reply
from tests.services.asking import ask, load

CONTRACT = """
openapi: 3.1.0
info: {title: Desk, version: "1"}
paths:
  /by-cookie:
    get:
      parameters: [{name: page, in: cookie, required: true, schema: {type: integer, maximum: 9}}]
      responses: {"200": {description: fine}}
  /keyed: {get: {security: [{header: []}], responses: {"200": {description: fine}}}}
  /signed-in: {get: {security: [{cookie: []}], responses: {"200": {description: fine}}}}
  /basic: {get: {security: [{basic: []}], responses: {"200": {description: fine}}}}
  /both: {get: {security: [{header: [], cookie: []}], responses: {"200": {description: fine}}}}
  /either: {get: {security: [{header: []}, {basic: []}], responses: {"200": {description: fine}}}}
components:
  securitySchemes:
    header: {type: apiKey, in: header, name: X-Key}
    cookie: {type: apiKey, in: cookie, name: sid}
    basic: {type: http, scheme: basic}
"""


def get(folder: Path, path: str, **headers: str) -> Reply:
    (folder / "desk.yaml").write_text(CONTRACT)
    service = load(folder, "service: openapi\ndocument: desk.yaml\n").fresh()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(service, "GET", path, headers=named)


@pytest.mark.parametrize(
    ("cookie", "breach"),
    [
        ("page=12", "cookie.page: 12 is more than 9"),
        ("page=x", 'cookie.page: "x" is not of type integer'),
        ("other=1", "cookie.page: is missing"),
    ],
)
def test_a_cookie_is_checked(tmp_path: Path, cookie: str, breach: str) -> None:
    reply = get(tmp_path, "/by-cookie", cookie=cookie)
    (told,) = reply.breaches
    assert reply.status == 400
    assert told.startswith(breach)
    assert told.endswith(")")
    assert "paths./by-cookie.get.parameters.0" in told


def test_a_cookie_that_fits_is_taken(tmp_path: Path) -> None:
    assert get(tmp_path, "/by-cookie", cookie="other=1; page=3").breaches == ()


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/keyed", {}, 401),
        ("/keyed", {"x_key": "k"}, 200),
        ("/signed-in", {"x_key": "k"}, 401),
        ("/signed-in", {"cookie": "a=b; sid=s"}, 200),
        ("/basic", {"authorization": "Bearer k"}, 401),
        ("/basic", {"authorization": "Basic eDp5"}, 200),
        ("/both", {"x_key": "k"}, 401),
        ("/both", {"x_key": "k", "cookie": "sid=s"}, 200),
        ("/either", {"authorization": "Basic eDp5"}, 200),
    ],
)
def test_a_credential_is_looked_for_where_the_contract_says(
    tmp_path: Path, path: str, headers: dict[str, str], status: int
) -> None:
    reply = get(tmp_path, path, **headers)
    assert reply.status == status
    assert (reply.breaches == ()) == (status == 200)
