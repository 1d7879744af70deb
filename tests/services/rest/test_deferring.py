"""Jobs that are started and polled, and tasks that people answer."""

from __future__ import annotations

import pytest

from evalkit.errors import SuiteError
from evalkit.services import Service
from tests.services.asking import ask, handled, header, load, request, take_on, value

S = 1_000_000_000
REPORTS = """
service: rest
latency: 100ms
jobs:
  reports:
    waits: 2s
    takes: 10s
    prefix: rep_
    result: {title: "on {{ body.about }}", by: "{{ session.id }}", id: "{{ job.id }}"}
  exports: {takes: {uniform: [3s, 4min]}, fails: 50%}
queues:
  reviews:
    picks_up: 5min
    takes: 1min
    due: 4min
    answer: {decision: "{{ 'approve' if body.amount < 100 else 'reject' }}"}
  unread: {picks_up: 1s, never: 100%, answer: yes}
routes:
  POST /reports: {start: reports}
  GET /reports/{id}: {poll: reports}
  POST /exports:
    start: exports
    effect: {name: export, key: body.of, idempotency: Idempotency-Key}
    reply: {json: {task: "{{ job.id }}", see: "{{ job.url }}"}, headers: {Retry-After: "7"}}
  GET /teams/{team}/exports/{id}:
    poll: exports
    replies:
      - {if: job.status == 'failed', status: 502, json: {error: "{{ job.error.code }}"}}
      - {json: {state: "{{ job.status }}", percent: "{{ job.progress }}"}}
  POST /teams/{team}/exports: {start: exports}
  POST /reviews: {put: reviews}
  GET /reviews/{id}: {poll: reviews}
  POST /unread: {put: unread}
  GET /unread/{id}: {poll: unread}
"""


@pytest.fixture
def mock(tmp_path) -> Service:
    return load(tmp_path, REPORTS).fresh()


def test_starting_answers_202_with_where_and_when_to_poll(mock):
    reply = ask(mock, "POST", "/reports", {"about": "tea"})
    told = value(reply)
    assert reply.status == 202
    assert told["id"].startswith("rep_")
    assert (told["status"], told["progress"]) == ("queued", 0)
    assert header(reply, "location") == f"/reports/{told['id']}"
    assert header(reply, "retry-after") == "2"


@pytest.mark.parametrize(
    ("at", "status", "progress"),
    [(0, "queued", 0), (2, "running", 0), (7, "running", 50), (12, "done", 100)],
)
def test_the_state_of_a_job_follows_from_the_time(mock, at, status, progress):
    place = header(ask(mock, "POST", "/reports", {"about": "tea"}), "location")
    reply = ask(mock, "GET", place, at=at * S)
    told = value(reply)
    assert (reply.status, told["status"], told["progress"]) == (200, status, progress)
    assert header(reply, "retry-after") == (None if status == "done" else "2")
    assert ("result" in told) == (status == "done")


def test_the_result_is_made_of_what_the_starting_request_brought(mock):
    started = ask(mock, "POST", "/reports", {"about": "tea"})
    told = value(ask(mock, "GET", header(started, "location"), at=60 * S, caller=None))
    assert told["result"] == {"title": "on tea", "by": "s-1", "id": value(started)["id"]}
    assert told["finished_at"] == "2026-01-05T09:00:12.100Z"


def test_a_reply_in_other_words_keeps_the_headers_unless_it_sets_them(mock):
    reply = ask(mock, "POST", "/teams/red/exports", {})
    assert header(reply, "location") == f"/teams/red/exports/{value(reply)['id']}"
    reply = ask(mock, "POST", "/exports", {"of": "a"})
    assert (reply.status, header(reply, "retry-after")) == (202, "7")
    assert (header(reply, "location"), value(reply)["see"]) == (None, None)  # no team is known


def test_a_share_of_jobs_fails_and_the_effect_comes_when_a_job_is_done(mock):
    seen = set()
    for number in range(40):
        asked = request("POST", "/exports", {"of": f"e{number}"}, draw=f"d{number}", at=5 * S)
        started, *done = handled(mock, asked).effects
        polled = value(ask(mock, "GET", f"/teams/x/exports/{started.key[0]}", at=300 * S))
        seen.add(polled.get("state") or polled["error"])
        assert started.name == "exports.start"
        assert [each.name for each in done] == (["export"] if "state" in polled else [])
        assert all(3 * S <= each.after <= 240 * S + S for each in done)
    assert seen == {"done", "job_failed"}


def test_the_same_idempotency_key_starts_one_job(mock):
    keyed = {"headers": {"Idempotency-Key": "k"}}
    first = ask(mock, "POST", "/exports", {"of": "a"}, draw="good", **keyed)
    again = ask(mock, "POST", "/exports", {"of": "a"}, draw="other", at=60 * S, **keyed)
    assert value(again) == value(first)
    assert again.effects == ()


def test_a_job_that_was_never_taken_on_is_not_there(mock):
    reply = handled(mock, request("POST", "/reports", {"about": "x"}), commit=False)
    place = header(reply, "location")
    assert ask(mock, "GET", place).status == 404
    take_on(reply)
    assert ask(mock, "GET", place).status == 200


def test_a_body_that_cannot_be_read_starts_nothing(mock):
    reply = ask(mock, "POST", "/reports", b"{")
    assert (reply.status, reply.effects) == (400, ())


def test_a_person_picks_a_task_up_and_answers_it(mock):
    reply = ask(mock, "POST", "/reviews", {"amount": 7, "why": "unsure"})
    place = header(reply, "location")
    assert (reply.status, header(reply, "retry-after")) == (201, "30")
    told = {at: value(ask(mock, "GET", place, at=at * S)) for at in (0, 300, 360)}
    assert [each["status"] for each in told.values()] == ["waiting", "picked_up", "answered"]
    assert [each["overdue"] for each in told.values()] == [False, True, True]
    assert told[360]["answer"] == {"decision": "approve"}
    assert told[300]["context"] == {"amount": 7, "why": "unsure"}


def test_the_ledger_tells_of_a_task_from_when_it_is_put(mock):
    put, picked, answered = ask(mock, "POST", "/reviews", {"amount": 700}).effects
    assert (put.name, put.after) == ("reviews.put", 0)
    assert put.data["context"] == {"amount": 700}
    assert put.data["due_at"] == "2026-01-05T09:04:00.100Z"
    assert put.data["answered_at"] == "2026-01-05T09:06:00.100Z"
    assert (picked.name, picked.after // S) == ("reviews.picked_up", 300)
    assert (answered.name, answered.after // S) == ("reviews.answered", 360)
    assert answered.data == {
        "id": put.key[0],
        "answer": {"decision": "reject"},
        "overdue": True,
    }


def test_a_task_that_nobody_picks_up_waits_for_ever(mock):
    reply = ask(mock, "POST", "/unread", {})
    (put,) = reply.effects
    assert (put.data["picked_up_at"], put.data["answered_at"]) == (None, None)
    told = value(ask(mock, "GET", header(reply, "location"), at=86_400 * S))
    assert (told["status"], "answer" in told) == ("waiting", False)


def test_who_asks_when_changes_nothing_about_a_job(tmp_path):
    ids = []
    for order in (("a", "b"), ("b", "a")):
        mock = load(tmp_path, REPORTS).fresh()
        made = {name: ask(mock, "POST", "/exports", {"of": name}, draw=name) for name in order}
        ids.append({name: [each.key for each in reply.effects] for name, reply in made.items()})
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ("jobs: {a: {takes: 1s}}\nroutes:\n  POST /a: {start: b}", "there is nothing called `b`"),
        ("routes:\n  POST /a: {start: b}", "declare it in `jobs`"),
        ("queues: {a: {picks_up: 1s, answer: 1}}\nroutes:\n  POST /a: {start: a}", "to start"),
        ("jobs: {a: {takes: 1s}}\nroutes:\n  GET /a: {poll: a}", "needs the id in the path"),
        ("jobs: {a: {takes: 1s, result: '{{ nope }}'}}\nroutes:\n  POST /a: {start: a}", "nope"),
        ("jobs: {a: {takes: 1s}}\nroutes:\n  POST /a: {start: a, read: x}", "not several"),
        ("jobs: {a: {takes: 1s, ask_again: 0s}}\nroutes:\n  POST /a: {start: a}", "0s is no time"),
        (
            "jobs: {a: {takes: 1s}}\nqueues: {a: {picks_up: 1s, answer: 1}}\n"
            "routes:\n  POST /a: {start: a}",
            "a job is called `a` already",
        ),
        ("routes:\n  POST /a: {}", "start, put, poll"),
    ],
)
def test_mistakes_are_told(tmp_path, definition, message):
    with pytest.raises(SuiteError) as error:
        load(tmp_path, f"service: rest\n{definition}\n")
    assert message in str(error.value)


CONTRACT = """
openapi: 3.1.0
info: {title: exports, version: "1"}
servers: [{url: https://api.example.com/v1}]
paths:
  /exports:
    post:
      operationId: startExport
      responses:
        "202":
          description: accepted
          content: {application/json: {schema: {$ref: "#/components/schemas/Job"}}}
  /exports/{id}:
    get:
      operationId: readExport
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        "200":
          description: its state
          content: {application/json: {schema: {$ref: "#/components/schemas/Job"}}}
components:
  schemas:
    Job:
      type: object
      required: [id, status]
      properties: {id: {type: string}, status: {enum: [queued, running, done, failed]}}
"""
BY_CONTRACT = """
service: openapi
document: contract.yaml
jobs:
  exports: {takes: 10s, result: {rows: 3}}
operations:
  startExport: {start: exports}
  readExport: {poll: exports}
"""


def test_operations_of_a_contract_start_jobs_too(tmp_path):
    (tmp_path / "contract.yaml").write_text(CONTRACT)
    mock = load(tmp_path, BY_CONTRACT).fresh()
    started = ask(mock, "POST", "/v1/exports")
    place = header(started, "location")
    assert (started.status, place) == (202, f"/v1/exports/{value(started)['id']}")
    told = ask(mock, "GET", place, at=10 * S)
    assert (told.complaint, value(told)["result"]) == (None, {"rows": 3})
