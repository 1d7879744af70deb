"""Tools made of the operations of an OpenAPI document."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.errors import SuiteError
from evalkit.services import Service
from tests.services.asking import load
from tests.services.mcp.support import SECOND, begun, called, due, message, post, result

DOCUMENT = """
openapi: 3.1.0
info: {title: Shop, version: "1"}
servers: [{url: https://shop.example/v1}]
paths:
  /orders/{id}:
    parameters: [{name: id, in: path, required: true, schema: {type: string}}]
    get:
      operationId: getOrder
      summary: Look an order up.
      parameters:
        - {name: fields, in: query, schema: {type: array, items: {type: string}}}
        - {name: X-Trace, in: header, schema: {type: string}}
        - {name: sid, in: cookie, schema: {type: string}}
      security: [{key: []}]
      responses:
        "200":
          description: ""
          content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}
        "404": {description: "", content: {application/json: {schema: {type: object}}}}
  /orders:
    post:
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}
      responses:
        "201":
          description: ""
          content: {application/json: {schema: {$ref: '#/components/schemas/Order'}}}
  /ping:
    get: {operationId: ping, responses: {"204": {description: ""}}}
components:
  securitySchemes: {key: {type: http, scheme: bearer}}
  schemas:
    Order:
      type: object
      properties:
        id: {type: string, example: A-1}
        parts: {type: array, items: {$ref: '#/components/schemas/Order'}, example: []}
      required: [id]
"""
API = """
service: openapi
document: shop.yaml
latency: 3s
operations:
  getOrder:
    replies:
      - {if: "path.id == 'A-404'", status: 404, json: {error: gone}}
      - json:
          id: "{{ path.id }}"
          fields: "{{ query }}"
          trace: "{{ headers.x_trace | default('') }}"
  POST /orders:
    effect: {name: order, key: body.id}
    reply: {status: 201, json: {id: "{{ body.id }}"}}
"""


def shop(folder: Path, definition: str) -> Service:
    (folder / "shop.yaml").write_text(DOCUMENT)
    (folder / "api.yaml").write_text(API)
    return load(folder, f"service: mcp\nanswers: json\n{definition}").fresh()


def listed(service: Any) -> dict[str, Any]:
    tools = result(post(service, message("tools/list"), session=begun(service)))["tools"]
    return {tool["name"]: tool for tool in tools}


def test_operations_are_tools(tmp_path: Path) -> None:
    tools = listed(shop(tmp_path, "tools_from: shop.yaml"))
    assert list(tools) == ["getOrder", "post_orders", "ping"]
    order = tools["getOrder"]
    assert order["description"] == "Look an order up."
    assert order["annotations"] == {"readOnlyHint": True}
    assert set(order["inputSchema"]["properties"]) == {"id", "fields", "X-Trace"}
    assert order["inputSchema"]["required"] == ["id"]
    assert tools["post_orders"]["inputSchema"]["required"] == ["body"]


@pytest.mark.parametrize(
    ("definition", "names"),
    [
        ("tools_from: {file: shop.yaml, only: ['*[oO]rder*']}", ["getOrder", "post_orders"]),
        ("tools_from: {file: api.yaml, only: [ping]}\ntools: {a: {}}", ["ping", "a"]),
    ],
)
def test_some_of_them_and_others_beside(tmp_path: Path, definition: str, names: list[str]) -> None:
    assert list(listed(shop(tmp_path, definition))) == names


def test_the_contract_answers(tmp_path: Path) -> None:
    service = shop(tmp_path, "tools_from: shop.yaml")
    reply = called(service, begun(service), "getOrder", {"id": "A-9"})
    assert (reply.failed, reply.complaint) == (False, None)
    assert isinstance(result(reply)["structuredContent"]["id"], str)
    assert result(called(service, begun(service), "ping"))["content"] == []


def test_the_definition_answers_in_its_time(tmp_path: Path) -> None:
    service = shop(tmp_path, "tools_from: api.yaml")
    arguments = {"id": "A-9", "fields": ["a"], "X-Trace": "t"}
    reply = called(service, begun(service), "getOrder", arguments)
    assert due(reply) == [3 * SECOND]
    assert result(reply)["structuredContent"] == {
        "id": "A-9",
        "fields": {"fields": "a"},
        "trace": "t",
    }


def test_an_api_without_a_time_of_its_own_takes_the_servers(tmp_path: Path) -> None:
    service = shop(tmp_path, "tools_from: shop.yaml\nlatency: 2s")
    assert due(called(service, begun(service), "getOrder", {"id": "A"})) == [2 * SECOND]


def test_an_error_of_the_api_is_one_of_the_tool(tmp_path: Path) -> None:
    service = shop(tmp_path, "tools_from: api.yaml")
    reply = called(service, begun(service), "getOrder", {"id": "A-404"})
    assert result(reply)["isError"] is True
    assert result(reply)["content"][0]["text"] == '{"error":"gone"}'
    assert (reply.failed, reply.complaint) == (True, None)


def test_what_the_api_changes_is_changed(tmp_path: Path) -> None:
    service = shop(tmp_path, "tools_from: api.yaml")
    body = {"id": "A-1", "parts": [{"id": "A-2"}]}
    reply = called(service, begun(service), "post_orders", {"body": body})
    assert [(each.name, each.key) for each in reply.effects] == [("order", ("A-1",))]


@pytest.mark.parametrize(
    ("tool", "arguments", "mistake"),
    [
        ("getOrder", {}, "'id' is a required property"),
        ("getOrder", {"id": "A", "x": 1}, "'x' was unexpected"),
        ("post_orders", {"body": {"id": "A", "parts": [{"id": 1}]}}, "body.parts[0].id: 1 is not"),
    ],
)
def test_arguments_are_held_against_the_contract(
    tmp_path: Path, tool: str, arguments: Any, mistake: str
) -> None:
    service = shop(tmp_path, "tools_from: shop.yaml")
    reply = called(service, begun(service), tool, arguments)
    assert mistake in reply.breaches[0]
    assert result(reply)["isError"] is True


@pytest.mark.parametrize(
    ("definition", "message_"),
    [
        ("tools_from: nothing.yaml", "there is no such file"),
        ("tools_from: {file: shop.yaml, only: [x]}", "none of its operations is a tool"),
        ("tools_from: service.yaml", "openapi"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, definition: str, message_: str) -> None:
    with pytest.raises(SuiteError, match=message_):
        shop(tmp_path, definition)
