from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.journal.records import (
    AnyRecord,
    Arrival,
    CallbackSent,
    CallEnded,
    CallStarted,
    EffectCommitted,
    Finding,
    Outcome,
    Severity,
    TurnEnded,
    TurnStarted,
)
from evalkit.store.events import rows_of
from evalkit.store.masking import Mask

KEY = b"0123456789abcdef"
SSN = "078-05-1120"


def call(**given: Any) -> CallStarted:
    defaults: dict[str, Any] = {
        "at": 0,
        "call": 1,
        "service": "crm",
        "operation": "GET /",
        "method": "GET",
        "path": "/",
        "identity": "i",
        "occurrence": 1,
        "attempt": 1,
        "logical": 1,
    }
    return CallStarted(**{**defaults, **given})


def webhook(url: str, **given: Any) -> CallbackSent:
    defaults: dict[str, Any] = {
        "at": 0,
        "service": "crm",
        "call": 1,
        "name": "done",
        "id": "evt_1",
        "attempt": 1,
        "began": 0,
        "arrival": Arrival.FAILED,
        "last": True,
    }
    return CallbackSent(url=url, **{**defaults, **given})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authorization", "Bearer sk-live-1"),
        ("Proxy-Authorization", "Basic sk-live-1"),
        ("cookie", "sid=sk-live-1"),
        ("set-cookie", "sid=sk-live-1"),
        ("x-api-key", "sk-live-1"),
        ("api-key", "sk-live-1"),
        ("x-goog-api-key", "sk-live-1"),
        ("x-auth-token", "sk-live-1"),
        ("x-hub-signature-256", "sk-live-1"),
        ("x-client-secret", "sk-live-1"),
    ],
)
def test_credential_headers_are_masked_without_being_declared(name: str, value: str) -> None:
    masked = Mask.of(KEY).record(call(headers=((name, value),)))
    assert isinstance(masked, CallStarted)
    assert "sk-live-1" not in masked.headers[0][1]
    assert "masked-" in masked.headers[0][1]


@pytest.mark.parametrize("name", ["content-type", "x-stainless-retry-count", "idempotency-key"])
def test_other_headers_stay(name: str) -> None:
    masked = Mask.of(KEY).record(call(headers=((name, "1"),)))
    assert isinstance(masked, CallStarted)
    assert masked.headers == ((name, "1"),)


def test_the_scheme_of_a_credential_stays_readable() -> None:
    assert Mask.of(KEY).headers((("authorization", "Bearer a"),))[0][1].startswith("Bearer masked-")


def test_equal_values_have_equal_pseudonyms_under_one_key_only() -> None:
    mask = Mask.of(KEY, [SSN])
    assert mask.text(f"a {SSN} b {SSN}").split()[1] == mask.text(SSN)
    assert mask.text(SSN) != Mask.of(b"another key", [SSN]).text(SSN)


@pytest.mark.parametrize(
    "record",
    [
        call(body=json.dumps({"ssn": SSN}).encode(), path=f"/people/{SSN}"),
        CallEnded(at=0, call=1, outcome=Outcome.REPLIED, body=SSN.encode()),
        TurnStarted(at=0, input=f"mine is {SSN}", intended=0),
        TurnEnded(at=0, text=f"yours is {SSN}", context={"seen": [SSN]}, traceback=f"'{SSN}'"),
        EffectCommitted(at=0, service="crm", call=1, name="t", key=(SSN,), data={"ssn": SSN}),
        webhook(f"http://agent.evalkit.test/{SSN}", error=SSN, body=SSN.encode()),
        Finding(
            at=0,
            check="c",
            severity=Severity.ADVICE,
            message=SSN,
            expected=SSN,
            seen=SSN,
            hint=SSN,
        ),
    ],
    ids=lambda each: type(each).__name__,
)
def test_a_declared_value_is_nowhere_in_what_is_written(record: AnyRecord) -> None:
    masked = Mask.of(KEY, [SSN]).record(record)
    written = next(iter(rows_of([masked], scenario="happy", cell=0)))
    assert SSN not in written.data
    assert SSN.encode() not in (written.body or b"")
    assert "masked-" in written.data or b"masked-" in (written.body or b"")


def test_values_within_values_are_masked() -> None:
    mask = Mask.of(KEY, [{"card": {"number": 4111111111111111}, "names": ["Ada Lovelace"]}])
    assert mask.value({"card": 4111111111111111}) == {"card": mask.pseudonym("4111111111111111")}
    assert "Lovelace" not in mask.text("for Ada Lovelace")


@pytest.mark.parametrize("text", ["$7.50", "17", "s7", "4.7", "x7y"])
def test_a_short_value_is_masked_only_where_it_stands_alone(text: str) -> None:
    mask = Mask.of(KEY, [7])
    assert mask.text("7 of them").startswith("masked-")
    if text != "$7.50":
        assert mask.text(text) == text


@pytest.mark.parametrize("value", [None, True, False, ""])
def test_what_is_no_secret_masks_nothing(value: object) -> None:
    assert Mask.of(KEY, [value]).pattern is None


def test_credentials_in_a_query_are_masked() -> None:
    path = Mask.of(KEY).path("/v1?key=abc&page=2&access_token=def")
    assert path.startswith("/v1?key=masked-")
    assert "&page=2&access_token=masked-" in path
    assert "abc" not in path.replace("masked-", "")[:10]


def test_credentials_in_the_url_of_a_webhook_are_masked() -> None:
    masked = Mask.of(KEY).record(webhook("http://agent.evalkit.test/hook?token=abc&n=1"))
    assert isinstance(masked, CallbackSent)
    assert masked.url.startswith("http://agent.evalkit.test/hook?token=masked-")
    assert masked.url.endswith("&n=1")


def test_escaped_and_plain_forms_have_one_pseudonym() -> None:
    mask = Mask.of(KEY, ["Zoë “Z” Brontë"])
    plain = mask.text("Zoë “Z” Brontë")
    assert mask.text(json.dumps("Zoë “Z” Brontë")) == f'"{plain}"'


@given(st.binary(max_size=200), st.text(min_size=6))
def test_bodies_of_any_bytes_are_masked_without_harm(body: bytes, secret: str) -> None:
    mask = Mask.of(KEY, [secret])
    raw = secret.encode("utf-8", "surrogatepass")
    if raw not in body and json.dumps(secret)[1:-1].encode() not in body:
        assert mask.body(body) == body
    assert raw not in mask.body(body + b" " + raw + b" ")


def test_the_identity_of_a_request_that_held_a_value_cannot_be_guessed() -> None:
    mask = Mask.of(KEY, [SSN])
    plain, told = call(identity="a"), call(identity="b", body=SSN.encode())
    keyed = call(identity="c", path="/?api_key=1")
    records, identities = mask.records([plain, told, call(identity="b"), keyed])
    shown = [each.identity for each in records if isinstance(each, CallStarted)]
    assert shown == ["a", mask.pseudonym("b"), mask.pseudonym("b"), mask.pseudonym("c")]
    assert identities == {"b": mask.pseudonym("b"), "c": mask.pseudonym("c")}
