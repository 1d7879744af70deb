import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.journal.canonical import canonical, essential
from evalkit.wire import Request
from tests.strategies import json_values

FORM = "application/x-www-form-urlencoded"
SENT = "2026-01-05T09:00:0{}Z"


def request(body=b"", *, content_type="application/json", **settings):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    values = {"method": "POST", "path": "/charges", "host": "h", **settings}
    headers = (("content-type", content_type), *values.pop("headers", ()))
    return Request(body=data, headers=headers, **values)


SAME = {
    "keys in another order": (b'{"a": 1, "b": 2}', b'{"b":2,"a":1}'),
    "idempotency key": ({"idempotency_key": "k1", "a": 1}, {"idempotency_key": "k2", "a": 1}),
    "idempotency key, other spelling": ({"Idempotency-Key": "1"}, {"Idempotency-Key": "2"}),
    "request id, deep": ({"meta": [{"requestId": "1"}]}, {"meta": [{"requestId": "2"}]}),
    "x-request-id": ({"X-Request-ID": "1"}, {"X-Request-ID": "2"}),
    "progress token": ({"_meta": {"progressToken": 1}}, {"_meta": {"progressToken": 2}}),
    "nonce": ({"nonce": "1"}, {"nonce": "2"}),
    "retry counter": ({"attempt": 1}, {"attempt": 2}),
    "instant of sending": ({"sent_at": SENT.format(1)}, {"sent_at": SENT.format(2)}),
    "date that is an instant": ({"date": SENT.format(1)}, {"date": SENT.format(2)}),
    "id of a JSON-RPC request": ({"jsonrpc": "2.0", "id": 1}, {"jsonrpc": "2.0", "id": 2}),
}
OTHER = {
    "value": ({"a": 1}, {"a": 2}),
    "order of a list": ([1, 2], [2, 1]),
    "plain date": ({"date": "2026-01-05"}, {"date": "2026-01-06"}),
    "id that is not of JSON-RPC": ({"id": 1}, {"id": 2}),
    "text and number": ({"a": "1"}, {"a": 1}),
    "raw bytes": (b"abc", b"abd"),
    "half a JSON": (b'{"a": 1', b'{"a": 2'),
    "body that says nothing": (b"", b"{}"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_the_same_is_asked_for(one, other):
    assert canonical(request(one)) == canonical(request(other))


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER)
def test_something_else_is_asked_for(one, other):
    assert canonical(request(one)) != canonical(request(other))


@pytest.mark.parametrize(
    ("settings", "same"),
    [
        ({"method": "PUT"}, False),
        ({"path": "/refunds"}, False),
        ({"query": (("page", "2"),)}, False),
        ({"query": (("request_id", "2"),)}, True),
        ({"host": "elsewhere"}, True),
        ({"at": 99}, True),
        ({"headers": (("idempotency-key", "k"), ("date", "now"))}, True),
    ],
)
def test_what_of_a_request_counts(settings, same):
    assert (canonical(request({"a": 1})) == canonical(request({"a": 1}, **settings))) is same


def test_the_query_is_sorted():
    one = request(query=(("a", "1"), ("b", "2")))
    assert canonical(one) == canonical(request(query=(("b", "2"), ("a", "1"))))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (b"a=1&b=2", b"b=2&a=1", True),
        (b"a=1&nonce=1", b"a=1&nonce=2", True),
        (b"a=1&a=2", b"a=2", False),
        (b"a=", b"b=", False),
    ],
)
def test_forms(one, other, same):
    forms = (canonical(request(each, content_type=FORM)) for each in (one, other))
    assert (next(forms) == next(forms)) is same


def test_a_form_is_not_the_json_of_its_fields():
    assert canonical(request(b"a=1", content_type=FORM)) != canonical(request({"a": ["1"]}))


def test_the_boundary_of_a_multipart_body_does_not_count():
    def upload(boundary, value):
        body = f'--{boundary}\r\ncontent-disposition: form-data; name="a"\r\n\r\n{value}\r\n'
        kind = f"multipart/form-data; boundary={boundary}"
        return canonical(request(f"{body}--{boundary}--".encode(), content_type=kind))

    assert upload("aaa", 1) == upload("bbb", 1)
    assert upload("aaa", 1) != upload("bbb", 2)


@pytest.mark.parametrize(
    ("path", "one", "other", "same"),
    [
        ("$.seed", {"seed": 1, "a": 1}, {"seed": 2, "a": 1}, True),
        ("$.seed", {"seed": 1, "a": 1}, {"seed": 2, "a": 2}, False),
        ("$..trace", {"x": [{"trace": 1}]}, {"x": [{"trace": 2}]}, True),
        ("$.items[*].at", {"items": [{"at": 1}]}, {"items": [{"at": 2}]}, True),
        ("$.items[0]", {"items": {"a": 1}}, {"items": {"a": 1}}, True),
        ("$.nothing.here", {"a": 1}, {"a": 1}, True),
    ],
)
def test_paths_to_ignore(path, one, other, same):
    assert (canonical(request(one), [path]) == canonical(request(other), [path])) is same


def test_a_path_to_ignore_in_a_form():
    one, other = (request(each, content_type=FORM) for each in (b"a=1&s=1", b"a=1&s=2"))
    assert canonical(one, ["$.s"]) == canonical(other, ["$.s"])


@given(st.binary(), st.sampled_from(["application/json", FORM, "multipart/x; boundary=a", ""]))
def test_any_body_has_an_identity(body, content_type):
    one = canonical(request(body, content_type=content_type), ["$.a[0]", "$..b"])
    assert one == canonical(request(body, content_type=content_type), ["$.a[0]", "$..b"])


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000])
def test_hostile_nesting_has_an_identity(body):
    assert len(canonical(request(body))) == 32


@given(json_values, json_values)
def test_two_bodies_have_one_identity_if_what_is_essential_in_them_is_written_alike(one, other):
    forms = [json.dumps(essential(each), sort_keys=True) for each in (one, other)]
    assert (canonical(request([one])) == canonical(request([other]))) is (forms[0] == forms[1])


@given(json_values)
def test_how_a_body_is_written_does_not_count(value):
    written = {json.dumps(value, indent=2), json.dumps(value, ensure_ascii=False)}
    found = {canonical(request(each.encode("utf-8", "surrogatepass"))) for each in written}
    assert found == {canonical(request(value))}


def test_large_numbers_are_told_apart():
    numbers = (10**30, 10**30 + 1, -(10**30), 1e30, 10**16, 1e16, 2**64, 2**64 - 1)
    assert len({canonical(request([each])) for each in numbers}) == len(numbers)


@pytest.mark.parametrize(
    ("body", "identity"),
    [
        ({"amount": 1e16, "small": 1e-5}, "782364da86673f4839cd278b2c21dfbb"),
        ({"ü": ["ß", 2**70]}, "3a07243bcbc623b5a0a3ca264ed2e570"),
        ({"b": [1, 1.0, -0.0, True, None], "a": "\\\"'"}, "dc7d63e9a5a958fa91cfce55c6079ec8"),
    ],
    ids=["floats", "what the quick writer refuses", "kinds"],
)
def test_an_identity_is_the_same_on_every_machine(body, identity):
    """What is drawn for a call hangs on it: the digest of a run, and who is hit by a share."""
    assert canonical(request(body)) == identity
