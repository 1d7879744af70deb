"""Contracts for tests."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml
from hypothesis import strategies as st

from evalkit.services.openapi.contract import Contract
from evalkit.services.openapi.open_contract import open_contract
from tests.services.asking import load, request
from tests.strategies import json_values

CHARGES = """
openapi: 3.0.3
info: {title: Payments, version: 1.0.0}
servers: [{url: "https://api.pay.example/v1"}]
security: [{key: []}, {query: []}]
paths:
  /charges:
    get:
      operationId: listCharges
      parameters:
        - {name: limit, in: query, schema: {type: integer, minimum: 1, maximum: 100}}
        - {name: status, in: query, schema: {type: array, items: {$ref: "#/components/schemas/Status"}}}
        - {name: filter, in: query, style: deepObject, schema: {type: object, properties: {open: {type: boolean}}}}
        - {name: X-Tenant, in: header, schema: {type: integer}}
      responses:
        "200":
          description: some
          content:
            application/json:
              schema:
                type: object
                required: [items]
                properties:
                  items: {type: array, minItems: 2, items: {$ref: "#/components/schemas/Charge"}}
                  next: {type: string, nullable: true}
    post:
      operationId: createCharge
      requestBody:
        required: true
        content:
          application/json: {schema: {$ref: "#/components/schemas/NewCharge"}}
          application/x-www-form-urlencoded: {schema: {$ref: "#/components/schemas/NewCharge"}}
      responses:
        "201": {description: made, content: {application/json: {schema: {$ref: "#/components/schemas/Charge"}}}}
        "400": {description: no, content: {application/json: {schema: {$ref: "#/components/schemas/Error"}}}}
  /charges/{charge-id}:
    parameters: [{name: charge-id, in: path, required: true, schema: {type: string, format: uuid}}]
    get:
      operationId: getCharge
      responses:
        "200": {description: one, content: {application/json: {schema: {$ref: "#/components/schemas/Charge"}}}}
        "404":
          description: none
          content: {application/json: {example: {error: {message: no such charge}}, schema: {$ref: "#/components/schemas/Error"}}}
    delete: {operationId: deleteCharge, security: [], responses: {"204": {description: gone}}}
  /receipts/{id}.txt:
    get:
      operationId: getReceipt
      parameters: [{$ref: "#/components/parameters/Id"}]
      responses: {"200": {description: text, content: {text/plain: {schema: {type: string}, examples: {short: {value: Thank you.}}}}}}
components:
  securitySchemes:
    key: {type: http, scheme: bearer}
    query: {type: apiKey, in: query, name: api_key}
  parameters:
    Id: {name: id, in: path, required: true, schema: {type: integer}}
  schemas:
    Status: {type: string, enum: [paid, open, failed]}
    Error: {type: object, required: [error], properties: {error: {type: object, properties: {message: {type: string}}}}}
    NewCharge:
      type: object
      required: [amount, currency, id]
      additionalProperties: false
      properties:
        id: {type: string, readOnly: true}
        amount: {type: number, multipleOf: 0.01, minimum: 0, exclusiveMinimum: true}
        currency: {type: string, pattern: "^[A-Z]{3}$"}
        note: {type: string, nullable: true, maxLength: 20}
        tags: {type: array, items: {type: string}}
        address: {type: object, properties: {zip: {type: string}, floor: {type: integer}}}
    Charge:
      type: object
      required: [id, amount, status, created, secret]
      properties:
        id: {type: string, format: uuid}
        amount: {type: number, multipleOf: 0.01, minimum: 0.01}
        currency: {type: string, pattern: "^[A-Z]{3}$"}
        status: {$ref: "#/components/schemas/Status"}
        created: {type: string, format: date-time}
        secret: {type: string, writeOnly: true}
        related: {type: array, items: {$ref: "#/components/schemas/Charge"}}
"""  # noqa: E501 - a contract is read best with one thing a line

KEY = {"authorization": "Bearer k", "content-type": "application/json"}
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def opened(folder: Path, text: str, **files: str) -> Contract:
    """The contract of a text, beside other files (`a__yaml` is a.yaml)."""
    for name, other in files.items():
        (folder / name.replace("__", ".")).write_text(other)
    (folder / "contract.yaml").write_text(text)
    return open_contract(folder / "contract.yaml")


def service(folder: Path, definition: str = "", document: str = CHARGES) -> Any:
    """A fresh service of a document, with what its definition says beside it."""
    (folder / "contract.yaml").write_text(document)
    return load(folder, f"service: openapi\ndocument: contract.yaml\n{definition}").fresh()


def asked(method: str, target: str, body: object = b"", **headers: str) -> Any:
    """A request with a credential."""
    return request(method, target, body, headers={**KEY, **headers})


def _places(value: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not isinstance(value, dict | list):
        return [where]
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [where, *(place for key, each in pairs for place in _places(each, (*where, key)))]


_WORDS = ("$ref", "type", "items", "allOf", "schema", "example", "in", "required", "pattern")
_TEXTS = ("#/components/schemas/Charge", "#/paths", "other.yaml#/a", "object", "(", "query", "")


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """The contract with a few of its values replaced, removed or added to."""
    document = copy.deepcopy(yaml.safe_load(CHARGES))
    junk = json_values | st.sampled_from(_TEXTS)
    for _ in range(draw(st.integers(1, 3))):
        where = draw(st.sampled_from([place for place in _places(document) if place]))
        holder = document
        for step in where[:-1]:
            holder = holder[step]
        what = draw(st.sampled_from(["replace", "remove", "add"]))
        inside = holder[where[-1]]
        if what == "remove":
            del holder[where[-1]]
        elif what == "add" and isinstance(inside, dict):
            inside[draw(st.sampled_from(_WORDS))] = draw(junk)
        else:
            holder[where[-1]] = draw(junk)
        if not [place for place in _places(document) if place]:
            break
    return document
