"""Queues that agents publish to and take from, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from evalkit.errors import SuiteError
from evalkit.journal.records import EffectCommitted
from evalkit.services import Service
from evalkit.wire import Caller
from tests.services.asking import ANN, ask, handled, header, load, request, take_on, value
from tests.services.running import URL, run

S = 1_000_000_000
DESK = """
service: rest
queues:
  handovers: {lease: 30s, tries: 2, prefix: msg_, ask_again: 7s}
  reviews:
    lease: 1min
    seed: "{{ session.vars.cases | default([]) }}"
  pool: {lease: 1min, per: world, seed: [{case: 1}, {case: 2}]}
  people: {picks_up: 5min, answer: yes}
routes:
  POST /handovers: {put: handovers}
  POST /handovers/next: {take: handovers}
  GET /handovers: {counts: handovers}
  GET /handovers/{id}: {poll: handovers}
  DELETE /handovers/leases/{lease}: {acknowledge: handovers}
  POST /handovers/leases/{lease}/release: {release: handovers}
  POST /reviews/next:
    take: reviews
    replies:
      - {if: not message, json: {none: true}}
      - {json: {of: "{{ message.body }}", by: "{{ message.lease }}"}}
  POST /reviews/{lease}:
    acknowledge: reviews
    effect: {name: review, key: message.id, data: {said: "{{ body.decision }}"}}
    reply: {json: {done: "{{ message.body }}"}}
  POST /pool/next: {take: pool}
  POST /cases:
    put: handovers
    effect: {name: handover, key: body.case, idempotency: Idempotency-Key}
"""


@pytest.fixture
def mock(tmp_path) -> Service:
    return load(tmp_path, DESK).fresh()


def took(mock, at=0, draw="t", **more):
    """What is taken at a second."""
    return ask(mock, "POST", "/handovers/next", at=at * S, draw=f"{draw}{at}", **more)


def counted(mock, at=0):
    return value(ask(mock, "GET", "/handovers", at=at * S))


def test_what_is_published_is_taken_and_acknowledged(mock):
    put = ask(mock, "POST", "/handovers", {"case": 7})
    told = value(put)
    assert put.status == 201
    assert told["id"].startswith("msg_")
    assert (told["status"], told["body"], told["tries"]) == ("waiting", {"case": 7}, 0)
    assert header(put, "location") == f"/handovers/{told['id']}"
    taken = value(took(mock, 3))
    assert (taken["id"], taken["body"], taken["tries"]) == (told["id"], {"case": 7}, 1)
    assert taken["lease_ends_at"] == "2026-01-05T09:00:33.000Z"
    assert value(ask(mock, "GET", header(put, "location"), at=4 * S))["status"] == "taken"
    done = ask(mock, "DELETE", f"/handovers/leases/{taken['lease']}", at=20 * S)
    assert (done.status, done.body()) == (204, b"")
    assert counted(mock, 99) == {"waiting": 0, "taken": 0, "acknowledged": 1, "dead": 0}


def test_an_empty_queue_says_when_to_ask_again(mock):
    reply = took(mock)
    assert (reply.status, header(reply, "retry-after"), reply.effects) == (204, "7", ())


def test_an_effect_that_a_route_declares_is_of_a_message_that_was_taken(tmp_path):
    declared = "{take: handovers, effect: {name: begun, key: message.id}}"
    mock = load(tmp_path, DESK.replace("{take: handovers}", declared)).fresh()
    reply = took(mock)
    assert (reply.status, reply.complaint, reply.effects) == (204, None, ())
    told = value(ask(mock, "POST", "/handovers", {"case": 7}))
    (effect,) = took(mock, 1).effects
    assert (effect.name, effect.key) == ("begun", (told["id"],))


def test_messages_are_given_out_in_their_order_and_each_once(mock):
    for case in range(3):
        ask(mock, "POST", "/handovers", {"case": case}, draw=f"p{case}")
    replies = [took(mock, at) for at in range(4)]
    assert [value(each)["body"]["case"] for each in replies[:3]] == [0, 1, 2]
    assert replies[3].status == 204


def test_after_the_lease_it_is_given_out_again_and_then_it_is_a_dead_letter(mock):
    ask(mock, "POST", "/handovers", {"case": 7})
    first = value(took(mock, 0))
    assert took(mock, 29).status == 204
    second = value(took(mock, 30))
    assert (second["id"], second["tries"]) == (first["id"], 2)
    assert second["lease"] != first["lease"]
    late = ask(mock, "DELETE", f"/handovers/leases/{first['lease']}", at=31 * S)
    assert (late.status, value(late)["error"], late.effects) == (409, "lease_over", ())
    assert counted(mock, 59)["taken"] == 1
    assert counted(mock, 60) == {"waiting": 0, "taken": 0, "acknowledged": 0, "dead": 1}
    assert took(mock, 60).status == 204
    polled = value(ask(mock, "GET", f"/handovers/{first['id']}", at=60 * S))
    assert polled["status"] == "dead"


def test_what_is_released_is_there_at_once_until_its_tries_are_used_up(mock):
    ask(mock, "POST", "/handovers", {"case": 7})
    dead = []
    for at in (1, 2):
        lease = value(took(mock, at))["lease"]
        reply = ask(mock, "POST", f"/handovers/leases/{lease}/release", at=at * S)
        assert reply.status == 204
        dead += [each.data["dead"] for each in reply.effects]
    assert dead == [False, True]
    assert counted(mock, 3)["dead"] == 1


@pytest.mark.parametrize(
    "how", ["DELETE /handovers/leases/{}", "POST /handovers/leases/{}/release"]
)
def test_the_end_of_a_lease_may_be_said_twice(mock, how):
    ask(mock, "POST", "/handovers", {"case": 7})
    method, _, target = how.format(value(took(mock))["lease"]).partition(" ")
    first, again = (ask(mock, method, target, at=at * S) for at in (1, 2))
    assert (first.status, again.status) == (204, 204)
    assert ([bool(each.effects) for each in (first, again)]) == [True, False]


def test_nothing_is_known_of_another_lease_or_message(mock):
    for method, target in (
        ("DELETE", "/handovers/leases/no"),
        ("POST", "/handovers/leases/no/release"),
        ("GET", "/handovers/no"),
    ):
        reply = ask(mock, method, target)
        assert (reply.status, value(reply)["error"]) == (404, "not_found")


def test_every_change_is_an_effect(mock):
    put = ask(mock, "POST", "/handovers", {"case": 7})
    taken = took(mock)
    done = ask(mock, "DELETE", f"/handovers/leases/{value(taken)['lease']}")
    effects = [effect for each in (put, taken, done) for effect in each.effects]
    id_ = value(put)["id"]
    assert [(each.name, each.key) for each in effects] == [
        ("handovers.put", (id_,)),
        ("handovers.taken", (id_, "1")),
        ("handovers.acknowledged", (id_,)),
    ]
    assert effects[0].data == {"id": id_, "body": {"case": 7}}


@pytest.mark.parametrize("uncommitted", ["put", "take", "acknowledge"])
def test_a_change_that_is_not_committed_is_none(mock, uncommitted):
    put = handled(mock, request("POST", "/handovers", {}), commit=uncommitted != "put")
    assert put.status == 201
    if uncommitted == "put":
        assert took(mock).status == 204
        return
    taking = request("POST", "/handovers/next", draw="t")
    taken = handled(mock, taking, commit=uncommitted != "take")
    if uncommitted == "take":
        assert took(mock, 1).status == 200  # somebody else gets it too
        return
    target = f"/handovers/leases/{value(taken)['lease']}"
    assert handled(mock, request("DELETE", target), commit=False).status == 204
    assert took(mock, 30).status == 200


def test_what_is_published_twice_over_is_there_twice(mock):
    take_on(ask(mock, "POST", "/handovers", {"case": 7}))
    bodies = [value(took(mock, at))["body"] for at in (1, 2)]
    assert bodies == [{"case": 7}, {"case": 7}]


def test_a_hand_over_of_its_own_name_is_safe_to_repeat(mock):
    keyed = {"headers": {"Idempotency-Key": "k"}}
    first = ask(mock, "POST", "/cases", {"case": 7}, draw="a", **keyed)
    again = ask(mock, "POST", "/cases", {"case": 7}, draw="b", at=9 * S, **keyed)
    (effect,) = first.effects
    assert (effect.name, effect.key) == ("handover", ("7",))
    assert (value(again), again.effects) == (value(first), ())
    assert counted(mock, 9)["waiting"] == 1


def test_messages_of_a_session_are_its_own_and_a_shared_queue_is_everybodys(mock):
    bob = Caller(session="s-2", turn=1)
    ask(mock, "POST", "/handovers", {"case": 7})
    assert took(mock, 1, caller=bob).status == 204
    cases = [
        value(ask(mock, "POST", "/pool/next", draw=f"p{n}", caller=caller))["body"]["case"]
        for n, caller in enumerate((ANN, bob))
    ]
    assert cases == [1, 2]


def test_a_session_brings_messages_and_a_route_words_its_own_replies(mock):
    ann = Caller(session="s-9", turn=1, vars={"cases": ["a", "b"]})
    taken = value(ask(mock, "POST", "/reviews/next", caller=ann))
    assert taken["of"] == "a"
    reply = ask(mock, "POST", f"/reviews/{taken['by']}", {"decision": "yes"}, caller=ann)
    (effect,) = reply.effects
    assert (reply.status, value(reply)) == (200, {"done": "a"})
    assert (effect.name, effect.data) == ("review", {"said": "yes"})
    assert value(ask(mock, "POST", "/reviews/next", caller=ann, draw="2"))["of"] == "b"
    assert value(ask(mock, "POST", "/reviews/next", caller=ann, draw="3")) == {"none": True}


def test_a_shared_queue_puts_sessions_into_one_world(tmp_path):
    assert load(tmp_path, DESK).info.shared
    alone = DESK.replace(", per: world, seed: [{case: 1}, {case: 2}]", "")
    assert not load(tmp_path, alone).info.shared


QUEUE = "queues: {a: {lease: 1s}, b: {picks_up: 1s, answer: 1}}\nroutes:\n  "


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("routes:\n  POST /a: {take: a}", "declare it in `queues`, with a `lease`"),
        (QUEUE + "POST /a: {take: b}", "one that agents take from has a `lease`"),
        (QUEUE + "POST /a: {put: c}", "there is nothing called `c` to put"),
        (QUEUE + "DELETE /a: {acknowledge: a}", "needs the lease in the path, like `/a/{lease}`"),
        (QUEUE + "GET /a: {poll: a}", "needs the id of a message in the path"),
        (QUEUE + "POST /a: {take: a, read: x}", "not several"),
        (QUEUE + "POST /a: {take: a, reply: {json: '{{ task }}'}}", "no variable `task`"),
        ("queues: {a: {lease: 0s}}\nroutes:\n  POST /a: {take: a}", "0s is no time"),
        ("queues: {a: {lease: 1s, tries: 0}}\nroutes:\n  POST /a: {take: a}", "at least 1"),
        ("queues: {a: {lease: 1s, due: 1s}}\nroutes:\n  POST /a: {take: a}", 'unknown key "due"'),
        ("queues: {a: {tries: 2}}\nroutes:\n  POST /a: {take: a}", 'the key "lease" is missing'),
        ("queues: {a: {}}\nroutes:\n  POST /a: {put: a}", 'the key "picks_up" is missing'),
        ("queues: {a: {lease: 1s, seed: 3}}\nroutes:\n  POST /a: {take: a}", "no list of messages"),
        (
            'queues: {a: {lease: 1s, per: world, seed: "{{ session.id }}"}}\n'
            "routes:\n  POST /a: {take: a}",
            "leave out `per: world`",
        ),
    ],
)
def test_mistakes_are_told(tmp_path, definition, message):
    with pytest.raises(SuiteError) as error:
        load(tmp_path, f"service: rest\n{definition}\n")
    assert message in str(error.value)


WORK = "service: rest\nqueues: {jobs: {lease: 30s, tries: 2}}\nroutes:\n" + "".join(
    f"  {route}\n"
    for route in (
        "POST /jobs: {put: jobs}",
        "POST /jobs/next: {take: jobs}",
        "GET /jobs: {counts: jobs}",
        "DELETE /jobs/{lease}: {acknowledge: jobs}",
    )
)


async def worked() -> Mapping[str, Any]:
    """Publish one message, and take it again and again without a word."""
    async with httpx2.AsyncClient(base_url=URL) as client:
        await client.post("/jobs", json={"n": 1})
        first = await client.post("/jobs/next")
        soon = await client.post("/jobs/next")
        await asyncio.sleep(int(soon.headers.get("retry-after", "5")) + 30)
        again = await client.post("/jobs/next")
        if again.status_code == 200:
            await client.delete(f"/jobs/{again.json()['lease']}")
        statuses = [each.status_code for each in (first, soon, again)]
        return {"statuses": statuses, **(await client.get("/jobs")).json()}


@pytest.mark.parametrize(
    ("fault", "statuses", "acknowledged", "effects"),
    [
        (None, [200, 204, 200], 1, ["put", "taken", "taken", "acknowledged"]),
        # Published twice: the second take finds the copy.
        (
            {"at": "mock POST /jobs", "inject": "commit_twice"},
            [200, 200, 200],
            1,
            ["put", "put", "taken", "taken", "taken", "acknowledged"],
        ),
        # Taken, and the service forgets it: two have the message.
        (
            {"at": "mock POST /jobs/next", "when": {"first": 1}, "inject": "commit_nothing"},
            [200, 200, 200],
            1,
            ["put", "taken", "taken", "acknowledged"],
        ),
    ],
    ids=["healthy", "published twice", "taken and forgotten"],
)
def test_a_world_with_a_queue(tmp_path, fault, statuses, acknowledged, effects):
    ran = run(tmp_path, {"service.yaml": WORK}, worked, [] if fault is None else [fault])
    assert ran.value["statuses"] == statuses
    assert ran.value["acknowledged"] == acknowledged
    names = [each.name.removeprefix("jobs.") for each in ran.of(EffectCommitted)]
    assert names == effects


def test_a_message_whose_reply_is_lost_comes_again_after_its_lease(tmp_path):
    async def main():
        async with httpx2.AsyncClient(base_url=URL) as client:
            await client.post("/jobs", json={"n": 1})
            with pytest.raises(httpx2.ReadError):
                await client.post("/jobs/next")
            soon = await client.post("/jobs/next")
            await asyncio.sleep(30)
            return soon.status_code, (await client.post("/jobs/next")).json()["tries"]

    lost = {"at": "mock POST /jobs/next", "when": {"first": 1}, "inject": "commit_then_lose"}
    ran = run(tmp_path, {"service.yaml": WORK}, main, [lost])
    assert ran.value == (204, 2)
    assert ran.delivered == ["commit_then_lose"]


CONTRACT = """
openapi: 3.1.0
info: {title: cases, version: "1"}
paths:
  /cases:
    post:
      operationId: publish
      requestBody: {required: true, content: {application/json: {schema: {type: object, required: [case]}}}}
      responses: {"201": {description: there, content: {application/json: {schema: {$ref: "#/components/schemas/Case"}}}}}
  /cases/next:
    post:
      operationId: next
      responses:
        "200": {description: one, content: {application/json: {schema: {$ref: "#/components/schemas/Case"}}}}
        "204": {description: none}
  /leases/{lease}:
    delete:
      operationId: finish
      parameters: [{name: lease, in: path, required: true, schema: {type: string}}]
      responses: {"204": {description: done}}
components:
  schemas:
    Case: {type: object, required: [id, body], properties: {id: {type: string}, body: {type: object}}}
"""  # noqa: E501 - a contract is read best with one thing a line
BY_CONTRACT = """
service: openapi
document: contract.yaml
queues: {cases: {lease: 30s}}
operations: {publish: {put: cases}, next: {take: cases}, finish: {acknowledge: cases}}
"""


def test_operations_of_a_contract_publish_and_take_too(tmp_path):
    (tmp_path / "contract.yaml").write_text(CONTRACT)
    mock = load(tmp_path, BY_CONTRACT).fresh()
    json = {"headers": {"content-type": "application/json"}}
    refused = ask(mock, "POST", "/cases", {}, **json)
    assert (refused.status, len(refused.breaches)) == (400, 1)
    put = ask(mock, "POST", "/cases", {"case": 7}, **json)
    taken = ask(mock, "POST", "/cases/next", draw="t")
    assert (put.status, taken.status) == (201, 200)
    assert (put.complaint, taken.complaint) == (None, None)
    assert value(taken)["body"] == {"case": 7}
    done = ask(mock, "DELETE", f"/leases/{value(taken)['lease']}")
    assert (done.status, [each.name for each in done.effects]) == (204, ["cases.acknowledged"])
    assert ask(mock, "POST", "/cases/next", draw="u").status == 204
