import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.services.rest.routing import METHODS, RouteError, Router, parse_route

ROUTES = [
    "GET /customers/{id}",
    "GET /customers/me",
    "GET /customers/{id}/orders/{order}",
    "GET /customers/{id}/orders/last",
    "GET /customers/me/orders/{order}",
    "POST /customers",
    "DELETE /customers/{id}",
    "GET /",
]
ROUTER = Router(parse_route(text) for text in ROUTES)


@pytest.mark.parametrize(
    ("method", "path", "route", "values"),
    [
        ("GET", "/customers/7", "GET /customers/{id}", {"id": "7"}),
        ("GET", "/customers/me", "GET /customers/me", {}),
        ("GET", "/customers/ä b", "GET /customers/{id}", {"id": "ä b"}),
        ("HEAD", "/customers/7", "GET /customers/{id}", {"id": "7"}),
        ("DELETE", "/customers/me", "DELETE /customers/{id}", {"id": "me"}),
        ("GET", "/customers/7/orders/last", "GET /customers/{id}/orders/last", {"id": "7"}),
        ("GET", "/customers/me/orders/last", "GET /customers/me/orders/{order}", {"order": "last"}),
        ("GET", "/", "GET /", {}),
    ],
)
def test_the_most_specific_route_takes_a_request(method, path, route, values):
    match = ROUTER.find(method, path)
    assert ROUTES[match.index] == route
    assert match.values == values


@given(st.permutations(ROUTES), st.sampled_from(["/customers/me", "/customers/me/orders/last"]))
def test_the_order_of_routes_does_not_matter(routes, path):
    router = Router(parse_route(text) for text in routes)
    assert routes[router.find("GET", path).index] == ROUTES[ROUTER.find("GET", path).index]


@pytest.mark.parametrize(
    ("method", "path", "nearest", "difference"),
    [
        (
            "GET",
            "/customer/7",
            "GET /customers/{id}",
            "has `customers` where the request has `customer`",
        ),
        ("GET", "/customers/", "GET /customers/{id}", "its `{id}` is empty"),
        ("GET", "/customers/7/", "GET /customers/{id}", "the path of the request goes on with `/`"),
        (
            "GET",
            "/customers/7/orders",
            "GET /customers/{id}/orders/{order}",
            "goes on with `/{order}`",
        ),
        (
            "POST",
            "/customrs",
            "POST /customers",
            "has `customers` where the request has `customrs`",
        ),
        ("GET", "/customers/7/ordrs/8", "GET /customers/{id}/orders/{order}", "has `orders` where"),
    ],
)
def test_the_nearest_route_is_named_with_the_first_difference(method, path, nearest, difference):
    assert ROUTER.find(method, path) is None
    pattern, found = ROUTER.nearest(method, path)
    assert pattern.text == nearest
    assert difference in found


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/customers/7", ("GET", "HEAD", "DELETE", "OPTIONS")),
        ("/customers", ("POST", "OPTIONS")),
        ("/nothing", ()),
    ],
)
def test_a_path_knows_its_methods(path, methods):
    assert set(ROUTER.methods(path)) == set(methods)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/customers", "begins with a method"),
        ("FETCH /customers", "begins with a method"),
        ("get /customers", "begins with a method"),
        ("GET customers", "begins with `/`"),
        ("GET", "begins with `/`"),
        ("GET  /x", "begins with `/`"),
        ("GET /x?y=1", "no blank, `?` or `#`"),
        ("GET /x#y", "no blank, `?` or `#`"),
        ("GET /{id}.json", "a parameter is a whole segment"),
        ("GET /{}", "a parameter is a whole segment"),
        ("GET /{a-b}", "a parameter is a whole segment"),
        ("GET /{id}/{id}", "stands twice"),
    ],
)
def test_what_is_no_route_is_refused(text, message):
    with pytest.raises(RouteError) as caught:
        parse_route(text)
    assert message in str(caught.value)


@given(st.sampled_from(METHODS), st.text(max_size=40))
def test_any_path_is_found_or_has_a_nearest_route(method, path):
    match = ROUTER.find(method, path)
    assert match is not None or ROUTER.nearest(method, path)[1]
