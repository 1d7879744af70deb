from dataclasses import replace

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.services.rest.routing import METHODS
from evalkit.wire import Caller, Effect
from tests.services.asking import ANN, ask, handled, header, load, request, value, waits
from tests.services.rest.crm import CRM

MS = 1_000_000


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return load(tmp_path_factory.mktemp("crm"), CRM)


@pytest.fixture
def crm(template):
    return template.fresh()


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "expected"),
    [
        ("GET", "/customers/7", b"", 200, {"id": "7", "name": "Ann", "turn": 2}),
        ("GET", "/customers/a%20b", b"", 200, {"id": "a b", "name": "Ann", "turn": 2}),
        ("GET", "/search?q=x&q=y", b"", 200, {"q": "x", "page": 1}),
        ("GET", "/search?q=&page=3", b"", 200, {"q": "", "page": 3}),
        ("POST", "/echo", {"a": [1, None]}, 200, {"a": [1, None]}),
        ("POST", "/echo", [1], 200, [1]),
        ("POST", "/tickets", {"customer": "c", "summary": "twice"}, 409, {"error": "duplicate"}),
    ],
)
def test_a_route_answers_from_its_template(crm, method, target, body, status, expected):
    reply = ask(crm, method, target, body)
    assert (reply.status, value(reply), reply.complaint) == (status, expected, None)
    assert header(reply, "content-type") == "application/json"
    assert header(reply, "content-length") == str(len(reply.body()))
    assert reply.effects == ()


def test_headers_and_the_time_are_variables(crm):
    reply = ask(
        crm,
        "GET",
        "/whoami",
        headers={"authorization": "Bearer x", "x-tenant": "t"},
        at=1_500 * MS,
    )
    assert reply.body() == b"Bearer x t t 2026-01-05T09:00:01.500Z"


def test_headers_of_a_reply_are_templates_and_may_set_the_content_type(crm):
    assert header(ask(crm, "GET", "/customers/7"), "x-customer") == "7"
    pong = ask(crm, "POST", "/ping")
    assert dict(pong.headers) == {"content-type": "text/x-pong", "content-length": "4"}


@pytest.mark.parametrize(
    ("target", "status", "headers"),
    [("/quiet", 204, {}), ("/empty", 202, {"content-length": "0"})],
)
def test_a_reply_may_have_no_body(crm, target, status, headers):
    reply = ask(crm, "POST", target)
    assert (reply.status, dict(reply.headers), reply.body()) == (status, headers, b"")


@pytest.mark.parametrize(
    ("method", "target", "operation", "route"),
    [
        ("GET", "/customers/7", "GET /customers/{id}", "GET /customers/{id}"),
        ("HEAD", "/customers/7", "HEAD /customers/{id}", "GET /customers/{id}"),
        ("OPTIONS", "/customers/7", "OPTIONS /customers/{id}", "OPTIONS /customers/7"),
        ("DELETE", "/customers/7", "DELETE /customers/{id}", None),
        ("GET", "/nothing", "GET /nothing", None),
    ],
)
def test_the_operation_is_the_route(crm, method, target, operation, route):
    assert crm.operation(request(method, target)) == operation
    assert ask(crm, method, target).route == route


def test_head_is_answered_as_get_and_options_with_what_is_allowed(crm):
    got, headed = ask(crm, "GET", "/customers/7"), ask(crm, "HEAD", "/customers/7")
    assert (headed.status, headed.headers) == (got.status, got.headers)
    options = ask(crm, "OPTIONS", "/customers/7")
    assert (options.status, options.headers) == (204, (("allow", "GET, HEAD, OPTIONS"),))
    assert options.complaint is None


@pytest.mark.parametrize(
    ("method", "target", "complaint"),
    [
        (
            "GET",
            "/customer/7",
            "no route for `GET /customer/7`; the nearest is `GET /customers/{id}`",
        ),
        ("GET", "/customers/7/x", "the path of the request goes on with `/x`"),
        ("TRACE", "/", "no route for `TRACE /`"),
    ],
)
def test_what_no_route_takes_is_404_with_a_complaint(crm, method, target, complaint):
    reply = ask(crm, method, target)
    assert reply.status == 404
    assert value(reply)["error"] == "not_found"
    assert complaint in reply.complaint


def test_an_unknown_method_of_a_known_path_is_405_with_allow(crm):
    reply = ask(crm, "DELETE", "/customers/7")
    assert (reply.status, header(reply, "allow")) == (405, "GET, HEAD, OPTIONS")
    assert reply.complaint == "`/customers/{id}` knows GET, HEAD, OPTIONS, not DELETE"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 9999, b'{"a": NaN}'])
def test_a_body_that_cannot_be_read_is_400_where_it_is_needed(crm, body):
    reply = ask(crm, "POST", "/tickets", body)
    assert (reply.status, value(reply)["error"]) == (400, "bad_request")
    assert reply.complaint is None
    assert ask(crm, "POST", "/ping", body).body() == b"pong"


def test_an_oversized_body_is_413(crm):
    assert ask(crm, "POST", "/echo", b" " * (9 << 20)).status == 413


@pytest.mark.parametrize(
    ("method", "target", "body", "caller", "complaint"),
    [
        ("GET", "/search", b"", ANN, "`{{ query.q }}`: there is no `q` here"),
        ("POST", "/tickets", {"summary": "x"}, ANN, "there is no `customer` here"),
        ("POST", "/tickets", {"customer": "", "summary": "x"}, ANN, "none of its replies holds"),
        ("POST", "/tickets", [], ANN, "there is no `summary` in a value of type list"),
        ("GET", "/customers/7", b"", None, "there is no variable `session`"),
        ("GET", "/customers/7", b"", None, "not attributed to a session"),
        ("GET", "/customers/7", b"", replace(ANN, vars={}), "there is no `name` here"),
        (
            "PUT",
            "/unsafe",
            {"note": "a\r\nset-cookie: b"},
            ANN,
            "the header `x-note` has characters",
        ),
        ("PUT", "/unsafe", {"note": "\u20ac"}, ANN, "the header `x-note` has characters"),
    ],
)
def test_what_the_definition_cannot_answer_is_500_with_a_complaint(
    crm, method, target, body, caller, complaint
):
    reply = ask(crm, method, target, body, caller=caller)
    assert (reply.status, value(reply)["error"]) == (500, "mock_failed")
    assert complaint in reply.complaint
    assert reply.effects == ()


def test_the_latency_is_that_of_the_route_or_the_service_and_depends_on_the_draw(crm):
    assert waits(ask(crm, "POST", "/ping")) == [80 * MS]
    assert waits(ask(crm, "GET", "/nothing")) == [80 * MS]
    (one,) = waits(ask(crm, "GET", "/customers/7", draw="a"))
    (two,) = waits(ask(crm, "GET", "/customers/7", draw="b"))
    assert one != two
    assert 10 * MS <= min(one, two) <= max(one, two) <= 20 * MS
    assert waits(ask(crm, "GET", "/customers/7", draw="a")) == [one]


def test_a_success_commits_the_effect_with_its_business_key(crm):
    reply = ask(crm, "POST", "/tickets", {"customer": {"id": 1}, "summary": "x"})
    data = {"id": value(reply)["id"], "by": "s-1"}
    assert reply.status == 201
    assert reply.effects == (Effect(name="ticket", key=('{"id":1}', "x"), data=data),)


def test_a_reply_that_is_no_success_commits_nothing(crm):
    blocked = Caller(session="s", turn=1, vars={"blocked": True})
    reply = ask(crm, "POST", "/tickets", {"customer": "c", "summary": "x"}, caller=blocked)
    assert (reply.status, reply.effects) == (403, ())


def test_templates_are_compiled_once_for_all_worlds_and_requests(template, monkeypatch):
    def again(*_):
        raise AssertionError("a template is compiled again")

    monkeypatch.setattr(jinja2.Environment, "compile", again)
    for _ in range(2):
        reply = ask(template.fresh(), "POST", "/tickets", {"customer": "c", "summary": "{{ 1 }}"})
        assert reply.status == 201


def test_a_form_is_a_body(crm):
    form = {"content-type": "application/x-www-form-urlencoded"}
    reply = ask(crm, "POST", "/echo", b"a=1&b=x+y", headers=form)
    assert value(reply) == {"a": "1", "b": "x y"}


@settings(deadline=None)
@given(
    method=st.sampled_from([*METHODS, "BREW", ""]),
    path=st.sampled_from(["/tickets", "/echo", "/customers/7", "/unsafe", "*", ""]) | st.text(),
    query=st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=3),
    headers=st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3),
    body=st.binary(max_size=40) | st.sampled_from([b'{"customer":"c","summary":1}', b"[]", b"{}"]),
    caller=st.sampled_from([ANN, None]),
)
def test_no_request_raises(template, method, path, query, headers, body, caller):
    asked = replace(
        request("GET", "/", body, caller=caller),
        method=method,
        path=path,
        query=tuple(query),
        headers=tuple(headers.items()),
    )
    service = template.fresh()
    assert service.operation(asked)
    reply = handled(service, asked)
    assert 200 <= reply.status < 600
    assert handled(service, asked, commit=False).status == reply.status
