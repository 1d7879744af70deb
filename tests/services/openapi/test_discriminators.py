"""Values of several kinds, told apart by a property: checked as their own kind, and made so."""

from __future__ import annotations

import pytest

from evalkit.errors import SuiteError
from evalkit.keyed import Draw
from tests.services.asking import handled
from tests.services.openapi.documents import asked, opened, service

PAYMENTS = """
openapi: 3.0.3
info: {title: Payments, version: 1.0.0}
paths:
  /payments:
    post:
      operationId: pay
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/Payment"}}}
      responses:
        "200":
          description: paid
          content: {application/json: {schema: {$ref: "#/components/schemas/Payment"}}}
components:
  schemas:
    Payment:
      oneOf: [{$ref: "#/components/schemas/Card"}, {$ref: "#/components/schemas/Transfer"}]
      discriminator:
        propertyName: kind
        mapping: {card: "#/components/schemas/Card", amex: Card}
    Card:
      type: object
      required: [kind, number]
      properties: {kind: {type: string}, number: {type: string, minLength: 4}}
    Transfer:
      type: object
      required: [kind]
      properties: {kind: {type: string}, iban: {type: string}, number: {type: integer}}
"""
RULE = "components.schemas.Payment.discriminator"


@pytest.mark.parametrize(
    ("body", "breaches"),
    [
        ({"kind": "card", "number": "4242"}, []),
        ({"kind": "amex", "number": "3400"}, []),
        # A schema that no mapping leads to goes by its name.
        ({"kind": "Transfer", "number": 3}, []),
        (
            {"kind": "card", "number": 3},
            [
                "body.number: 3 is not of type string "
                "(components.schemas.Card.properties.number.type)"
            ],
        ),
        ({"kind": "card"}, ["body.number: is missing (components.schemas.Card.required)"]),
        (
            {"kind": "Card", "number": "4242"},
            [f'body.kind: "Card" is not one of "card", "amex", "Transfer" ({RULE})'],
        ),
        ({"number": "4242"}, ["body.kind: is missing (components.schemas.Payment)"]),
        ({"kind": 3}, [f'body.kind: 3 is not one of "card", "amex", "Transfer" ({RULE})']),
    ],
)
@pytest.mark.parametrize("choice", ["oneOf", "anyOf"])
def test_a_value_is_checked_as_what_it_says_it_is(tmp_path, choice, body, breaches):
    payments = service(tmp_path, document=PAYMENTS.replace("oneOf", choice))
    reply = handled(payments, asked("POST", "/payments", body))
    assert list(reply.breaches) == breaches
    assert reply.status == (400 if breaches else 200)


def test_a_value_that_is_made_says_what_it_is(tmp_path):
    contract = opened(tmp_path, PAYMENTS)
    address = contract.named("pay").responses["200"].media[0].address
    made = [contract.generator.value(address, Draw("payment", n), "reply") for n in range(40)]
    assert {each["kind"] for each in made} == {"card", "amex", "Transfer"}
    assert all(contract.checker.fits(address, each) for each in made)
    assert all(("iban" in each) <= (each["kind"] == "Transfer") for each in made)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "amex: Card",
            "amex: Crad",
            "`amex` leads to none of the schemas of `oneOf`; did you mean",
        ),
        ("propertyName", "property", "a discriminator has a `propertyName`"),
    ],
)
def test_a_mistake_in_a_discriminator_is_told_where_it_is(tmp_path, old, new, message):
    with pytest.raises(SuiteError) as raised:
        opened(tmp_path, PAYMENTS.replace(old, new))
    (problem, *_) = raised.value.problems
    assert problem.message.startswith(f"{RULE}: {message}")
    assert problem.excerpt in [line.replace(old, new) for line in PAYMENTS.splitlines()]
