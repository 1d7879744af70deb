import json

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from evalkit.errors import SuiteError
from evalkit.services.contracts import compare_contracts
from tests.services.openapi.documents import CHARGES, mutated, opened
from tests.services.openapi.test_discriminators import PAYMENTS, PETS


def changes(tmp_path, new, old=CHARGES):
    first, second = tmp_path / "old", tmp_path / "new"
    first.mkdir(exist_ok=True)
    second.mkdir(exist_ok=True)
    return [str(each) for each in compare_contracts(opened(first, old), opened(second, new))]


ID = "GET /charges/{charge-id} 200.body"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            '    delete: {operationId: deleteCharge, security: [], responses: {"204": '
            "{description: gone}}}\n",
            "",
            "breaking    DELETE /charges/{charge-id}: the operation is gone",
        ),
        (
            "maximum: 100",
            "maximum: 50",
            "breaking    GET /charges query.limit: maximum was 100, is 50",
        ),
        ("minimum: 1,", "", "compatible  GET /charges query.limit: minimum was 1, is not set"),
        (
            "name: X-Tenant, in: header",
            "name: X-Tenant, required: true, in: header",
            "breaking    GET /charges header.x-tenant: the parameter is now required",
        ),
        (
            "name: limit, in: query",
            "name: count, in: query",
            "breaking    GET /charges query.limit: the parameter is gone",
        ),
        (
            "name: limit, in: query",
            "name: count, in: query",
            "compatible  GET /charges query.count: a new optional parameter",
        ),
        (
            "enum: [paid, open, failed]",
            "enum: [paid, open]",
            'breaking    GET /charges query.status.items: the value "failed" is gone',
        ),
        (
            "enum: [paid, open, failed]",
            "enum: [paid, open]",
            f'compatible  {ID}.status: the value "failed" is gone',
        ),
        (
            "created: {type: string, format: date-time}",
            "created: {type: integer}",
            f"breaking    {ID}.created: the type was string, is integer",
        ),
        (
            "        created: {type: string, format: date-time}\n",
            "",
            f"breaking    {ID}.created: the field is gone",
        ),
        (
            "[id, amount, status, created, secret]",
            "[id, amount, status, secret]",
            f"breaking    {ID}.created: is no longer required",
        ),
        (
            "[amount, currency, id]",
            "[amount, currency, id, note]",
            "breaking    POST /charges body.note: is now required",
        ),
        (
            "note: {type: string, nullable: true",
            "note: {type: string",
            "breaking    POST /charges body.note: the type was null or string, is string",
        ),
        (
            "next: {type: string, nullable: true}",
            "next: {type: string}",
            "compatible  GET /charges 200.body.next: the type was null or string, is string",
        ),
        (
            "security: [{key: []}, {query: []}]",
            "security: [{key: []}]",
            "breaking    GET /charges security: credentials that were enough are not any more",
        ),
        ("pay.example/v1", "pay.example/v2", "breaking    the server path /v1 is gone"),
        (
            '"404":',
            '"410":',
            "compatible  GET /charges/{charge-id} 404: the reply is gone",
        ),
        (
            '"204": {description: gone}',
            '"200": {description: gone}',
            "breaking    DELETE /charges/{charge-id} 204: the reply is gone",
        ),
        (
            "          application/x-www-form-urlencoded: {schema: "
            '{$ref: "#/components/schemas/NewCharge"}}\n',
            "",
            "breaking    POST /charges body: the content type application/x-www-form-urlencoded "
            "is gone",
        ),
    ],
)
def test_a_change_is_named_and_weighed(tmp_path, old, new, expected):
    assert old in CHARGES
    assert expected in changes(tmp_path, CHARGES.replace(old, new))


@pytest.mark.parametrize(
    "new",
    [
        CHARGES,
        json.dumps(yaml.safe_load(CHARGES)),
        CHARGES.replace("charge-id", "id").replace("description: some", "description: other"),
        CHARGES.replace("Charge}", "Charge }")
        .replace("/NewCharge", "/NewOne")
        .replace("    NewCharge:", "    NewOne:"),
    ],
    ids=["same", "json", "names of path parameters", "names of schemas"],
)
def test_what_no_agent_could_notice_is_no_change(tmp_path, new):
    assert changes(tmp_path, new) == []


def test_the_breaking_ones_come_first(tmp_path):
    found = changes(tmp_path, CHARGES.replace("[paid, open, failed]", "[paid, open, lost]"))
    words = [each.split()[0] for each in found]
    assert words == sorted(words)
    assert set(words) == {"breaking", "compatible"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(mutated())
def test_any_two_contracts_can_be_compared_and_one_with_itself_has_no_change(tmp_path, document):
    text = json.dumps(document)
    try:
        found = changes(tmp_path, text)
    except SuiteError:
        return
    assert len(found) == len(set(found))
    assert changes(tmp_path, text, text) == []


PAY = "POST /payments body"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            ", amex: Card}",
            "}",
            [
                f'breaking    {PAY}.kind: the value "amex" is gone',
                'compatible  POST /payments 200.body.kind: the value "amex" is gone',
            ],
        ),
        (
            ", amex: Card}",
            ", amex: Transfer}",
            [
                f'breaking    {PAY}.kind: the value "amex" stands for Transfer, was Card',
                f'breaking    {PAY}.kind: the value "Transfer" is gone',
                'breaking    POST /payments 200.body.kind: the value "amex" stands for Transfer, '
                "was Card",
            ],
        ),
        (
            ", amex: Card}",
            ", amex: Card, visa: Card}",
            [
                'breaking    POST /payments 200.body.kind: a new value "visa"',
                f'compatible  {PAY}.kind: a new value "visa"',
            ],
        ),
        (
            "propertyName: kind",
            "propertyName: number",
            [f"breaking    {PAY}: the field that tells values apart was kind, is number"],
        ),
        (
            "minLength: 4",
            "minLength: 5",
            [f"breaking    {PAY}.oneOf.card.number: minLength was 4, is 5"],
        ),
    ],
)
def test_what_a_discriminator_tells_is_compared_by_its_values(tmp_path, old, new, expected):
    assert old in PAYMENTS
    assert set(expected) <= set(changes(tmp_path, PAYMENTS.replace(old, new), PAYMENTS))


def test_the_order_of_branches_is_no_change(tmp_path):
    card, transfer = (f'{{$ref: "#/components/schemas/{name}"}}' for name in ("Card", "Transfer"))
    pair = f"[{card}, {transfer}]"
    assert pair in PAYMENTS
    assert changes(tmp_path, PAYMENTS.replace(pair, f"[{transfer}, {card}]"), PAYMENTS) == []


def test_kinds_that_are_made_of_a_base_are_compared_too(tmp_path):
    assert "cat: Cat" in PETS
    found = changes(tmp_path, PETS.replace("cat: Cat", "tom: Cat"), PETS)
    assert 'breaking    POST /pets body.kind: the value "cat" is gone' in found
    found = changes(tmp_path, PETS.replace("lives: {type: integer", "lives: {type: string"), PETS)
    assert "breaking    POST /pets body.oneOf.cat.lives: the type was integer, is string" in found


SCOPED = CHARGES.replace(
    "key: {type: http, scheme: bearer}", "key: {type: oauth2, flows: {}}"
).replace("security: [{key: []}, {query: []}]", "security: [{key: [read]}]")


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ("{key: [read, admin]}", "breaking    GET /charges security: credentials that were enough"),
        ("{key: []}", "compatible  GET /charges security: other credentials are taken too"),
    ],
)
def test_scopes_are_part_of_what_credentials_are_enough(tmp_path, new, expected):
    assert "{key: [read]}" in SCOPED
    found = changes(tmp_path, SCOPED.replace("{key: [read]}", new), SCOPED)
    assert any(each.startswith(expected) for each in found)
