from dataclasses import replace

import pytest

from evalkit.errors import SuiteError
from tests.services.asking import ANN, ask, handled, header, load, request, value
from tests.services.rest.shop import PRODUCTS, SHOP

ORDERS = [
    {"id": "o-1", "customer": "c-1", "status": "open"},
    {"id": "o-2", "customer": "c-2", "status": "shipped"},
    {"id": 3, "customer": "c-1", "status": "open", "paid": True},
]
BEN = replace(ANN, session="s-2", vars={"orders": []})
MINE = replace(ANN, vars={"orders": ORDERS})


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shop")
    (folder / "products.jsonl").write_text(PRODUCTS)
    return load(folder, SHOP)


@pytest.fixture
def shop(template):
    return template.fresh()


def asked(shop, line, body=b"", **more):
    method, target = line.split(" ")
    return ask(shop, method, target, body, **{"caller": MINE, **more})


def test_later_reads_see_earlier_writes(shop):
    made = asked(shop, "POST /orders", {"customer": "c-9"})
    order = value(made)
    assert made.status == 201
    assert order["id"].startswith("ord_")
    assert header(made, "location") == f"/orders/{order['id']}"
    assert value(asked(shop, f"GET /orders/{order['id']}")) == order
    patched = asked(shop, f"PATCH /orders/{order['id']}", {"status": "paid", "id": "no"})
    assert value(patched) == {**order, "status": "paid"}
    assert value(asked(shop, f"PUT /orders/{order['id']}", {"a": 1})) == {"a": 1, "id": order["id"]}
    gone = asked(shop, f"DELETE /orders/{order['id']}")
    assert (gone.status, gone.body(), gone.headers) == (204, b"", ())
    assert asked(shop, f"GET /orders/{order['id']}").status == 404


@pytest.mark.parametrize("line", ["GET /orders/x", "PATCH /orders/x", "DELETE /orders/x"])
def test_a_missing_record_is_404_and_no_complaint(shop, line):
    reply = asked(shop, line, {})
    assert (reply.status, value(reply)["error"], reply.complaint) == (404, "not_found", None)
    assert reply.effects == ()


@pytest.mark.parametrize(
    ("body", "status"),
    [({"id": "o-1"}, 409), ({"id": 3}, 409), ({"id": "3"}, 409), ({"id": "o-9"}, 201), ([], 400)],
)
def test_a_duplicate_key_is_409(shop, body, status):
    assert asked(shop, "POST /orders", body).status == status


@pytest.mark.parametrize("key", [True, [], {}, "", 1.5])
def test_what_is_no_key_is_400(shop, key):
    assert asked(shop, "POST /orders", {"id": key}).status == 400


def test_every_write_is_an_effect_and_a_refusal_none(shop):
    made = asked(shop, "POST /orders", {"id": "o-9"})
    assert [(each.name, each.key) for each in made.effects] == [("orders.create", ("o-9",))]
    patched = asked(shop, "PATCH /orders/o-9", {"status": "x"})
    assert [(each.name, each.key, each.data) for each in patched.effects] == [
        ("orders.update", (), {"id": "o-9", "changes": {"status": "x"}})
    ]
    assert [each.name for each in asked(shop, "DELETE /orders/o-9").effects] == ["orders.delete"]
    assert asked(shop, "GET /orders").effects == ()
    assert asked(shop, "POST /orders/o-2/cancel").effects == ()


def test_a_write_that_was_not_committed_changed_nothing(shop):
    lost = request("POST", "/orders", {"id": "o-9"}, caller=MINE)
    assert handled(shop, lost, commit=False).status == 201
    assert asked(shop, "GET /orders/o-9").status == 404


def test_a_write_committed_twice_makes_two_records_where_the_service_makes_the_key(shop):
    twice = request("POST", "/orders", {"customer": "c-8"}, caller=MINE)
    reply = handled(shop, twice)
    reply.effects[0].commit()
    found = value(asked(shop, "GET /customers/c-8/orders"))["data"]
    assert [each == value(reply) for each in found] == [True, False]


def test_a_declared_effect_carries_the_change(shop):
    reply = asked(shop, "POST /orders/o-1/cancel")
    assert value(reply) == {"status": "cancelled", "was": "open"}
    assert [(each.name, each.key, each.data) for each in reply.effects] == [
        ("cancel", ("o-1",), {"status": "cancelled"})
    ]
    assert value(asked(shop, "GET /orders/o-1"))["was"] == "open"
    assert value(asked(shop, "POST /orders/o-2/cancel")) == {"error": "already_shipped"}
    assert value(asked(shop, "GET /orders/o-2"))["status"] == "shipped"


def test_a_session_has_records_of_its_own_unless_they_come_from_a_file(shop):
    asked(shop, "POST /orders", {"id": "o-9"})
    assert asked(shop, "GET /orders/o-9", caller=BEN).status == 404
    assert value(asked(shop, "GET /orders", caller=BEN))["data"] == []
    asked(shop, "POST /products", {"sku": "b"})
    assert value(asked(shop, "GET /products?offset=2", caller=BEN))["data"] == [{"sku": "b"}]


def test_a_world_is_isolated_from_every_other(template):
    asked(template.fresh(), "POST /orders", {"id": "o-9"})
    assert asked(template.fresh(), "GET /orders/o-9").status == 404
    assert template.info.shared


def test_what_a_file_holds_is_no_template(shop):
    first = value(asked(shop, "GET /products"))["data"]
    assert first == [{"sku": "a", "name": "{{ not a template }}"}]


def test_pages_by_cursor_hold_while_records_come_and_go(shop):
    first = value(asked(shop, "GET /orders"))
    assert [each["id"] for each in first["data"]] == ["o-1", "o-2"]
    assert first["has_more"] is True
    asked(shop, "DELETE /orders/o-2")
    asked(shop, "POST /orders", {"id": "o-4"})
    second = value(asked(shop, f"GET /orders?cursor={first['next_cursor']}"))
    assert [each["id"] for each in second["data"]] == [3, "o-4"]
    assert (second["has_more"], second["next_cursor"]) == (False, None)


@pytest.mark.parametrize(
    ("target", "ids", "page", "limit", "total"),
    [
        ("/customers/c-1/orders", ["o-1", 3], 1, 20, 2),
        ("/customers/c-1/orders?limit=1", ["o-1"], 1, 1, 2),
        ("/customers/c-1/orders?limit=1&page=2", [3], 2, 1, 2),
        ("/customers/c-1/orders?page=9", [], 9, 20, 2),
        ("/customers/c-1/orders?status=shipped", [], 1, 20, 0),
        ("/customers/c-2/orders?status=shipped&limit=99999", ["o-2"], 1, 1000, 1),
    ],
)
def test_pages_by_number_of_the_records_that_fit(shop, target, ids, page, limit, total):
    found = value(asked(shop, f"GET {target}"))
    assert [each["id"] for each in found["data"]] == ids
    assert (found["page"], found["limit"], found["total"]) == (page, limit, total)


def test_pages_by_offset(shop):
    found = value(asked(shop, "GET /products?offset=1&limit=5"))
    assert found == {"data": [{"sku": 7}], "offset": 1, "limit": 5, "total": 2}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=-1",
        "limit=x",
        "limit=9999999999",
        "cursor=zzz",
        "cursor=YWZ0ZXI6",
        "limit=²",
    ],
)
def test_what_asks_for_no_page_is_400(shop, query):
    assert asked(shop, f"GET /orders?{query}").status == 400


def test_a_record_that_belongs_to_another_is_not_found(shop):
    assert asked(shop, "GET /customers/c-1/orders/3").status == 200
    assert asked(shop, "GET /customers/c-2/orders/3").status == 404


def test_templates_read_the_stores(shop):
    report = value(asked(shop, "GET /report"))
    assert report == {"orders": 3, "first": "open", "skus": ["a", "7"]}


def test_the_ids_of_new_records_depend_on_the_call_alone(template):
    ids = [
        value(asked(template.fresh(), "POST /orders", {}, draw=draw))["id"]
        for draw in ("a", "a", "b")
    ]
    assert ids[0] == ids[1] != ids[2]


def test_the_same_key_creates_one_record(shop):
    def post(draw):
        headers = {"Idempotency-Key": "k"}
        return asked(shop, "POST /baskets", {"customer": "c-7"}, headers=headers, draw=draw)

    assert len({post(draw).body() for draw in "abc"}) == 1
    assert len(value(asked(shop, "GET /customers/c-7/orders"))["data"]) == 1


def test_a_seed_that_is_no_list_of_records_is_500_with_a_complaint(shop):
    caller = replace(ANN, session="s-3", vars={"orders": 7})
    reply = asked(shop, "GET /orders", caller=caller)
    assert reply.status == 500
    assert "the seed of the store `orders` is no list of records" in reply.complaint


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("routes: {'GET /a/{id}': {read: ordrs}}", "there is no store `ordrs`"),
        ("routes: {'GET /a': {read: orders}}", "needs the key of a record in the path"),
        (
            "routes: {'GET /a': {list: orders, reply: {json: '{{ record }}'}}}",
            "no variable `record`",
        ),
        ("routes: {'GET /a': {list: orders, update: orders}}", "not several"),
        ("routes: {'GET /a/{id}': {read: orders, page: 5}}", "`page` goes with list"),
        ("routes: {'GET /a/{id}': {read: orders, record: {}}}", "`record` goes with create"),
        ("routes: {'GET /a': {}}", "one of read, create"),
        ("routes: {'GET /a': {list: orders, page: 5000}}", "1000"),
        ("stores: {o: {seed: 5}}", "no list of records"),
        ("stores: {o: {seed: [{id: 1}, {id: '1'}]}}", "two records have the id '1'"),
        ("stores: {o: {seed: [{name: 1}]}}", "a record needs the key `id`"),
        ("stores: {o: {seed: '{{ body }}'}}", "there is no variable `body`"),
        ("stores: {o: {seed: '{{ session }}', per: world}}", "cannot be shared"),
        ("stores: {o: {from: nothing.jsonl}}", "nothing.jsonl cannot be read"),
        ("stores: {o: {from: bad.jsonl}}", "line 2 is not JSON"),
        ("stores: {o: {from: x.jsonl, seed: []}}", "begins with `seed` or"),
    ],
)
def test_mistakes_are_found_before_anything_runs(tmp_path, definition, message):
    (tmp_path / "bad.jsonl").write_text("{}\n{")
    parts = ["service: rest", definition]
    if "stores" not in definition:
        parts.append("stores: {orders: {}}")
    if "routes" not in definition:
        parts.append("routes: {'GET /a': {reply: {}}}")
    with pytest.raises(SuiteError) as caught:
        load(tmp_path, "\n".join(parts))
    assert message in str(caught.value)
