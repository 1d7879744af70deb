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
    LogWritten,
    Outcome,
    Severity,
    TurnEnded,
    TurnStarted,
)
from evalkit.store.credentials import in_environment
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
        LogWritten(at=0, logger="a", level="INFO", text=f"of {SSN}", data={"of": [SSN]}),
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


@pytest.mark.parametrize(
    "text",
    [
        'asked with {"password": "hunter2-hunter2-9"}',
        "asked https://crm/x?access_token=hunter2-hunter2-9 twice",
    ],
)
def test_credentials_in_the_log_are_masked_there_and_elsewhere(text: str) -> None:
    line = LogWritten(at=0, logger="a", level="INFO", text=text)
    mask = Mask.of(KEY).learning([line])
    masked = mask.record(line)
    assert isinstance(masked, LogWritten)
    assert "hunter2" not in masked.text
    assert masked.text.startswith("asked ")
    assert "hunter2" not in mask.text("and hunter2-hunter2-9 again")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("password=hunter2-9 for anna", "for anna"),
        ("signed in, api_key: hunter2-9", "signed in, api_key: "),
        ("sent Authorization: Bearer hunter2-9, 200", "sent Authorization: Bearer "),
    ],
)
def test_credentials_that_a_log_names_are_masked(text: str, kept: str) -> None:
    masked = Mask.of(KEY).line(text)
    assert "hunter2" not in masked
    assert kept in masked


@pytest.mark.parametrize("text", ["took=3 ms", "token count: 5", "at 12:30:05", "key points: none"])
def test_lines_of_a_log_that_name_no_credential_stay(text: str) -> None:
    assert Mask.of(KEY).line(text) == text


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


TOKEN = "tok-3f9a77c1"
PASSWORD = "hunter2-PASSW0RD"


@pytest.mark.parametrize(
    ("body", "secret"),
    [
        ('{"password": "hunter2"}', "hunter2"),
        ('{"user": {"newPassword" : "hunter2", "id": 7}}', "hunter2"),
        ('{"a": [{"client_secret":"s\\"3\\\\"}], "b": 1}', 's\\"3\\\\'),
        ('{"STRIPE_API_KEY": "k1"}', "k1"),
        ('{"refresh_token": "r1", "token_type": "bearer"}', "r1"),
        ('{"Authorization": "Bearer abc"}', "abc"),
        ('{"token": "abcdefgh", "max_tokens": 9}', "abcdefgh"),
        ('data: {"access_token": "cut-off-he', "cut-off-he"),
        (json.dumps({"arguments": json.dumps({"password": 'q"7', "n": 1})}), r"q\\\"7"),
        ("grant_type=password&client_secret=s%2B1&scope=a", "s%2B1"),
        ("user[password]=hunter2&page=2", "hunter2"),
        ('{"next": "https://crm.test/?access_token=abc&page=2"}', "abc"),
        (
            '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nhunter2\r\n--b--',
            "hunter2",
        ),
    ],
)
def test_a_credential_in_a_body_is_masked_and_the_rest_stays(body: str, secret: str) -> None:
    masked = Mask.of(KEY).body(body.encode()).decode()
    before, after = body.rsplit(secret, 1)
    assert masked.startswith(before + "masked-")
    assert masked.endswith(after)
    assert len(masked) == len(before + after) + len("masked-") + 12


@pytest.mark.parametrize(
    "body",
    [
        '{"max_tokens": 900, "tokens_in": 3, "usage": {"prompt_tokens": 12345678}}',
        '{"token": "short", "password": "", "secret": true, "api_key": null}',
        '{"token_type": "bearer-longer", "next_page_token": "abcdefghij", "secrets": ["a"]}',
        '{"password": {"type": "string"}, "type": "password", "passwords_changed": "yes"}',
        '{"token": "information", "logprob": -0.1, "bytes": null}',
        '{"token": " \\"quotation\\"", "bytes": null}',
        '{"idempotency_key": "abcdefgh1", "key": "customer-1", "sort_key": "created_at"}',
        "max_tokens=900&token=short&page_token=abcdefghijk",
        '{"text": "what is a password?"}',
        '{ "tokenizer" :"abcdefghijk" , "secretary": "Ada Lovelace" }',
    ],
)
def test_what_only_sounds_like_a_credential_stays_byte_for_byte(body: str) -> None:
    assert Mask.of(KEY).body(body.encode()) == body.encode()


@pytest.mark.parametrize(
    "started",
    [
        call(headers=(("authorization", f"Bearer {TOKEN}"),)),
        call(headers=(("x-api-key", TOKEN),)),
        call(headers=(("cookie", f"a=b; sid={TOKEN}"),)),
        call(headers=(("authorization", "Basic YWRhOnRvay0zZjlhNzdjMQ=="),)),
        call(path=f"/?access_token={TOKEN}"),
        call(body=json.dumps({"api_key": TOKEN}).encode()),
    ],
)
def test_a_credential_of_a_cell_is_masked_wherever_it_appears(started: CallStarted) -> None:
    ended = CallEnded(at=0, call=1, outcome=Outcome.REPLIED, body=f"you sent {TOKEN}".encode())
    turn = TurnEnded(at=0, text=f"it is {TOKEN}", traceback=f"KeyError: '{TOKEN}'")
    mask = Mask.of(KEY, [SSN]).learning([started, ended, turn])
    records, _ = mask.records([started, ended, turn])
    assert TOKEN not in repr(records)
    assert repr(records).count(mask.pseudonym(TOKEN)) >= 3
    assert SSN not in mask.text(SSN)


@pytest.mark.parametrize(
    "started",
    [
        call(headers=(("authorization", "Bearer test"),)),
        call(headers=(("x-hub-signature-256", "sha256=0123456789abcdef"),)),
        call(path="/?key=customer&page_token=created_at&sort_key=created_at"),
        call(body=b'{"password": "is too short", "secret": "required"}'),
    ],
)
def test_what_may_be_a_word_is_not_masked_elsewhere(started: CallStarted) -> None:
    assert Mask.of(KEY).learning([started]).pattern is None


def test_equal_credentials_have_one_pseudonym_in_headers_queries_and_bodies() -> None:
    body = json.dumps({"token": TOKEN, "password": PASSWORD}).encode()
    path = f"/?access_token={TOKEN}"
    started = call(headers=(("authorization", f"Bearer {TOKEN}"),), body=body, path=path)
    mask = Mask.of(KEY, [PASSWORD]).learning([started])
    (masked,), _ = mask.records([started])
    token = mask.pseudonym(TOKEN)
    assert isinstance(masked, CallStarted)
    assert masked.headers == (("authorization", f"Bearer {token}"),)
    assert masked.path == f"/?access_token={token}"
    assert json.loads(masked.body) == {"token": token, "password": mask.pseudonym(PASSWORD)}


def test_credentials_in_what_a_service_changed_are_masked() -> None:
    data = {"user": {"password": "hunter2", "max_tokens": 7}}
    effect = EffectCommitted(at=0, service="crm", call=1, name="t", data=data)
    masked = Mask.of(KEY).record(effect)
    assert isinstance(masked, EffectCommitted)
    password = Mask.of(KEY).pseudonym("hunter2")
    assert masked.data == {"user": {"password": password, "max_tokens": 7}}


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("OPENAI_API_KEY", "sk-live-1234", True),
        ("PGPASSWORD", "hunter2-PASSW0RD", True),
        ("GITHUB_TOKEN", "ghp-12345", True),
        ("OPENAI_API_KEY", "unused", False),
        ("OPENAI_BASE_URL", "http://openai.test/v1", False),
        ("MAX_TOKENS", "100000000", False),
    ],
)
def test_variables_of_the_agent_whose_names_are_of_credentials(
    name: str, value: str, found: bool
) -> None:
    assert list(in_environment({name: value})) == ([value] if found else [])


@given(st.text(), st.dictionaries(st.text(), st.text() | st.integers()))
def test_json_with_a_credential_stays_json(secret: str, rest: dict[str, Any]) -> None:
    body = {**rest, "password": secret, "nested": json.dumps({"api_key": secret, "n": 1})}
    masked = json.loads(Mask.of(KEY).body(json.dumps(body).encode()))
    stands = Mask.of(KEY)._credential(secret) if secret else ""
    assert masked["password"] == stands
    assert json.loads(masked["nested"]) == {"api_key": stands, "n": 1}
