"""Bodies that are forms: checked by the contract, and made from it."""

from __future__ import annotations

import json

import pytest

from evalkit.services.forms import MULTIPART, URLENCODED, read_pairs, read_parts
from evalkit.services.openapi.values import nested
from tests.services.asking import handled, header
from tests.services.openapi.documents import asked, service

CLAIMS = """
openapi: 3.1.0
info: {title: Claims, version: 1.0.0}
paths:
  /claims:
    post:
      requestBody:
        required: true
        content:
          multipart/form-data:
            schema: {$ref: "#/components/schemas/Claim"}
            encoding: {photo: {contentType: "image/png, image/jpeg"}}
          application/x-www-form-urlencoded: {schema: {$ref: "#/components/schemas/Claim"}}
      responses:
        "200":
          description: taken
          content: {FORM: {schema: {$ref: "#/components/schemas/Claim"}}}
components:
  schemas:
    Claim:
      type: object
      required: [amount, reasons]
      additionalProperties: false
      properties:
        amount: {type: number, minimum: 1}
        urgent: {type: boolean}
        reasons: {type: array, minItems: 1, items: {type: string, minLength: 2}}
        holder: {type: object, required: [id], properties: {id: {type: integer}}}
        photo: {type: string, format: binary, maxLength: 8}
"""
PLACE = "components.schemas.Claim.properties"
ENCODING = "paths./claims.post.requestBody.content.multipart/form-data.encoding"
FORM = {"content-type": f"{MULTIPART}; boundary=x"}


def claims(tmp_path, kind=URLENCODED):
    return service(tmp_path, document=CLAIMS.replace("FORM", kind))


def parts(*given: tuple[str, str]) -> bytes:
    """A body of parts: what stands after the name, then the data."""
    told = (
        f"--x\r\nContent-Disposition: form-data; name={head.partition('|')[0]}"
        f"{head.partition('|')[2]}\r\n\r\n{data}\r\n"
        for head, data in given
    )
    return "".join((*told, "--x--\r\n")).encode("latin-1")


AMOUNT, REASON = ("amount", "12.5"), ("reasons", "late")
PHOTO = 'photo|; filename="p"\r\nContent-Type: '


@pytest.mark.parametrize(
    ("given", "breaches"),
    [
        ([AMOUNT, REASON], []),
        ([AMOUNT, REASON, ("reasons", "broken"), ("urgent", "true")], []),
        ([AMOUNT, REASON, ("holder", '{"id": 7}')], []),
        ([AMOUNT, ("reasons|\r\nContent-Type: application/json", '["late", "lost"]')], []),
        ([AMOUNT, REASON, (f"{PHOTO}image/png", "\x89PNG\xff")], []),
        ([REASON], ["body.amount: is missing (components.schemas.Claim.required)"]),
        (
            [("amount", "much"), REASON, ("reasons", "x"), ("holder", '{"id": "7"}')],
            [
                f'body.amount: "much" is not of type number ({PLACE}.amount.type)',
                f'body.reasons.1: "x" is shorter than 2 ({PLACE}.reasons.items.minLength)',
                f'body.holder.id: "7" is not of type integer ({PLACE}.holder.properties.id.type)',
            ],
        ),
        (
            [AMOUNT, REASON, (f"{PHOTO}text/html", "<html></html>")],
            [
                'body.photo: its content type "text/html" is not one of image/png, image/jpeg '
                f"({ENCODING}.photo.contentType)",
                f'body.photo: "<html></html>" is longer than 8 ({PLACE}.photo.maxLength)',
            ],
        ),
        (
            [AMOUNT, REASON, ("other", "1")],
            ["body.other: must not be there (components.schemas.Claim.additionalProperties)"],
        ),
        (
            [AMOUNT, REASON, ("holder", "{")],
            [
                "body: the body is not JSON: Expecting property name enclosed in double quotes: "
                f"line 1 column 2 (char 1) ({ENCODING.removesuffix('.encoding')})"
            ],
        ),
    ],
)
def test_a_form_in_parts_is_checked(tmp_path, given, breaches):
    reply = handled(claims(tmp_path), asked("POST", "/claims", parts(*given), **FORM))
    assert list(reply.breaches) == breaches
    assert reply.status == (400 if breaches else 200)


@pytest.mark.parametrize(
    ("body", "breaches"),
    [
        (b"amount=12.5&reasons=late&reasons=lost&holder[id]=7&urgent=false", []),
        (
            b"amount=0&reasons=late&holder%5Bid%5D=x",
            [
                f"body.amount: 0 is less than 1 ({PLACE}.amount.minimum)",
                f'body.holder.id: "x" is not of type integer ({PLACE}.holder.properties.id.type)',
            ],
        ),
    ],
)
def test_an_encoded_form_is_checked(tmp_path, body, breaches):
    kind = {"content-type": f"{URLENCODED}; charset=utf-8"}
    reply = handled(claims(tmp_path), asked("POST", "/claims", body, **kind))
    assert list(reply.breaches) == breaches
    assert reply.status == (400 if breaches else 200)


def test_replies_are_forms_where_the_contract_says_so_and_echo_what_was_sent(tmp_path):
    asking = asked("POST", "/claims", parts(AMOUNT, REASON), **FORM)
    reply = handled(claims(tmp_path, URLENCODED), asking)
    assert header(reply, "content-type") == URLENCODED
    assert nested(read_pairs(reply.body()))["amount"] == "12.5"
    reply = handled(claims(tmp_path, MULTIPART), asking)
    made = {
        each.name: each.text for each in read_parts(reply.body(), header(reply, "content-type"))
    }
    assert made["amount"] == "12.5"
    assert "holder" not in made or json.loads(made["holder"])["id"] is not None
