import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.services.bodies import (
    MAX_BODY,
    MAX_DEPTH,
    BodyError,
    json_bytes,
    json_reply,
    read_json,
)
from evalkit.services.forms import read_body
from tests.services.asking import request

FORM = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the body is empty"),
        (b"  \n", "the body is empty"),
        (b"{", "the body is not JSON"),
        (b"{'a': 1}", "the body is not JSON"),
        (b'{"a": NaN}', "NaN is not a JSON value"),
        (b"[-Infinity]", "-Infinity is not a JSON value"),
        (b"\xff{}", "the body is not UTF-8"),
        (b'"\\ud800"', "half of a character"),
        (b"[" * 100_000, f"nested deeper than {MAX_DEPTH}"),
        (b"[" * 101 + b"]" * 101, f"nested deeper than {MAX_DEPTH}"),
        (b"[" * 101 + b"1" + b"]" * 101, f"nested deeper than {MAX_DEPTH}"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, f"nested deeper than {MAX_DEPTH}"),
        (b"9" * 5000, "the body is not JSON"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_json_is_refused(body, message):
    with pytest.raises(BodyError) as caught:
        read_json(body)
    assert message in caught.value.message
    assert caught.value.status == 400


def test_a_body_may_be_as_deep_as_allowed_and_as_wide_as_it_likes():
    for inmost in (b"", b"1", b'"text"'):
        deep = b"[" * MAX_DEPTH + inmost + b"]" * MAX_DEPTH
        assert json.dumps(read_json(deep)).encode() == deep
    assert len(read_json(b"[" + b",".join([b"[]"] * 5000) + b"]")) == 5000


def test_an_oversized_body_is_refused_as_such():
    with pytest.raises(BodyError) as caught:
        read_body(request("POST", "/", b" " * (MAX_BODY + 1)))
    assert caught.value.status == 413


def test_a_form_gives_its_fields():
    form = request("POST", "/", b"amount=10&name=J%C3%BCrg&empty=", headers=FORM)
    assert read_body(form) == {"amount": "10", "name": "Jürg", "empty": ""}


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"\xff=1", 400), (b"&".join([b"a=1"] * 10_001), 413)],
    ids=["utf8", "many"],
)
def test_a_form_that_cannot_be_read_is_refused(body, status):
    with pytest.raises(BodyError) as caught:
        read_body(request("POST", "/", body, headers=FORM))
    assert caught.value.status == status


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_refused(body):
    try:
        value = read_json(body)
    except BodyError:
        value = None
    assert json_bytes(value).decode()


@given(st.text(st.characters(), max_size=30))
def test_any_text_can_be_sent(text):
    sent = json_reply({"text": text}).body()
    assert json.loads(sent.decode()) == {"text": text}
