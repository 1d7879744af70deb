import pytest
from pydantic import TypeAdapter, ValidationError

from evalkit.faults.matching import Match, mismatch
from evalkit.wire import Request

MATCH = TypeAdapter(Match)
REQUEST = Request(
    method="POST",
    path="/orders/a-17",
    host="shop.test",
    query=(("page", "2"), ("q", "")),
    headers=(("x-tenant", "blue"),),
    body=b'{"amount": 12.5, "gift": true, "lines": [{"sku": "x1", "n": 1}], "note": null}',
)


@pytest.mark.parametrize(
    "match",
    [
        {"path": "/orders/*"},
        {"query.page": "2"},
        {"query.q": ""},
        {"header.X-Tenant": ["red", "blue"]},
        {"body.amount": 12.5},
        {"body.amount": "12*"},
        {"body.gift": True},
        {"body.note": None},
        {"body.lines.0.sku": "x?"},
        {"body.lines.0.n": 1},
        {"body": '*"gift": true*'},
        {"path": "/orders/*", "body.gift": [False, True]},
    ],
)
def test_a_request_that_is_asked_for(match):
    assert mismatch(MATCH.validate_python(match), REQUEST) is None


@pytest.mark.parametrize(
    ("match", "why"),
    [
        ({"path": "/refunds/*"}, 'its path is "/orders/a-17", not "/refunds/*"'),
        ({"query.size": "2"}, 'its query.size is nothing, not "2"'),
        ({"header.x-tenant": "red"}, 'its header.x-tenant is "blue", not "red"'),
        ({"body.amount": [12, 13]}, "its body.amount is 12.5, not 12 or 13"),
        ({"body.gift": 1}, "its body.gift is true, not 1"),
        ({"body.lines.0.n": True}, "its body.lines.0.n is 1, not true"),
        ({"body.lines.1.sku": "*"}, 'its body.lines.1.sku is nothing, not "*"'),
        ({"body.lines.sku": "x1"}, 'its body.lines.sku is nothing, not "x1"'),
        ({"path": "*", "body.gift": False}, "its body.gift is true, not false"),
    ],
)
def test_another_request_and_why(match, why):
    assert mismatch(MATCH.validate_python(match), REQUEST) == why


@pytest.mark.parametrize("body", [b"", b"not json", b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_holds_no_field(body):
    request = Request(method="POST", path="/", host="", body=body)
    assert mismatch({"body.amount": "*"}, request) == 'its body.amount is nothing, not "*"'


def test_there_is_no_request_yet():
    assert mismatch({"path": "*"}, None) == 'its path is nothing, not "*"'


@pytest.mark.parametrize(
    "place", ["", "bodyx", "query", "header.", "cookies.a", "body..x", "path.id"]
)
def test_what_is_no_place(place):
    with pytest.raises(ValidationError, match="is no place in a request"):
        MATCH.validate_python({place: "x"})
