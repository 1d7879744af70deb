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
PETS = """
openapi: 3.0.3
info: {title: Pets, version: 1.0.0}
paths:
  /pets:
    post:
      operationId: add
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/Pet"}}}
      responses:
        "200":
          description: added
          content:
            application/json:
              schema: {type: array, minItems: 3, items: {$ref: "#/components/schemas/Pet"}}
components:
  schemas:
    Pet:
      type: object
      required: [kind, name]
      properties: {kind: {type: string}, name: {type: string}}
      discriminator: {propertyName: kind, mapping: {cat: Cat}}
    Cat:
      allOf:
        - $ref: "#/components/schemas/Pet"
        - {type: object, required: [lives], properties: {lives: {type: integer, maximum: 9}}}
    Dog:
      allOf:
        - $ref: "#/components/schemas/Pet"
        - {type: object, properties: {barks: {type: boolean}, friend: {$ref: "#/components/schemas/Pet"}}}
    Puppy:
      allOf: [{$ref: "#/components/schemas/Dog"}]
      required: [weeks]
      properties: {weeks: {type: integer}}
"""  # noqa: E501 - a contract is read best with one thing a line
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


TOM = {"kind": "cat", "name": "Tom", "lives": 9}


@pytest.mark.parametrize(
    ("body", "breaches"),
    [
        (TOM, []),
        ({"kind": "Dog", "name": "Rex", "barks": True}, []),
        ({"kind": "Puppy", "name": "Rex", "weeks": 7}, []),
        ({"kind": "Pet", "name": "a pet and no more"}, []),
        ({"kind": "Dog", "name": "Rex", "friend": TOM}, []),
        (
            {"kind": "cat", "name": "Tom", "lives": 10},
            ["body.lives: 10 is more than 9 (components.schemas.Cat.allOf.1.properties.lives"],
        ),
        ({"kind": "cat", "name": "Tom"}, ["body.lives: is missing (components.schemas.Cat"]),
        ({"kind": "Puppy", "name": "Rex"}, ["body.weeks: is missing (components.schemas.Puppy"]),
        (
            {"kind": "Dog", "name": "Rex", "friend": {**TOM, "lives": "9"}},
            ['body.friend.lives: "9" is not of type integer (components.schemas.Cat'],
        ),
        # A mapping leads to Cat, so its name stands for nothing.
        (
            {"kind": "Cat", "name": "Tom", "lives": 9},
            ['body.kind: "Cat" is not one of "cat", "Dog", "Puppy", "Pet" (components.schemas.Pet'],
        ),
        ({"name": "Tom"}, ["body.kind: is missing (components.schemas.Pet"]),
    ],
)
def test_a_base_tells_apart_what_is_made_of_it(tmp_path, body, breaches):
    reply = handled(service(tmp_path, document=PETS), asked("POST", "/pets", body))
    assert len(reply.breaches) == len(breaches)
    for told, wanted in zip(reply.breaches, breaches, strict=True):
        assert told.startswith(wanted)
    assert reply.status == (400 if breaches else 200)


def test_of_a_base_its_kinds_are_made(tmp_path):
    contract = opened(tmp_path, PETS)
    address = contract.named("add").responses["200"].media[0].address
    made = [
        pet
        for number in range(15)
        for pet in contract.generator.value(address, Draw("pets", number), "reply")
    ]
    assert {each["kind"] for each in made} == {"cat", "Dog", "Puppy"}
    assert all(("lives" in each) == (each["kind"] == "cat") for each in made)
    assert all(contract.checker.fits(address, [each] * 3) for each in made)


def test_what_only_wraps_a_base_is_any_of_its_kinds(tmp_path):
    wrapped = PETS.replace(
        'friend: {$ref: "#/components/schemas/Pet"}',
        'friend: {description: a friend, allOf: [{$ref: "#/components/schemas/Pet"}]}',
    )
    pets = service(tmp_path, document=wrapped)
    body = {"kind": "Dog", "name": "Rex", "friend": {"kind": "cat", "name": "Tom", "lives": 10}}
    (breach,) = handled(pets, asked("POST", "/pets", body)).breaches
    assert breach.startswith("body.friend.lives: 10 is more than 9")


def test_a_mapping_of_a_base_that_leads_nowhere_is_told(tmp_path):
    with pytest.raises(SuiteError) as raised:
        opened(tmp_path, PETS.replace("cat: Cat", "cat: Cta"))
    messages = [each.message for each in raised.value.problems]
    assert "`cat` leads to no schema; did you mean Cat?" in messages[0]
