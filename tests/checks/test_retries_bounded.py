import pytest

from evalkit.checks.retries_bounded import RetriesBounded
from tests.checks.stories import Story, found

CHECK = RetriesBounded()


def attempts(count, *, counters=()):
    story = Story().turn()
    for number in range(count):
        counter = counters[number] if counters else None
        story.call(status=503, logical=1 if number else None, sdk_retry=counter)
    return story.reply().end()


def test_too_many_attempts_are_named():
    (finding,) = found(CHECK, attempts(4), crm={"attempts": 3})
    calls = "calls #1, #2, #3 and #4"
    assert finding.message == f"crm GET /x was attempted 4 times ({calls}), 3 allowed"
    assert (finding.calls, finding.turn) == ((1, 2, 3, 4), 1)
    assert (finding.expected, finding.seen) == ("at most 3 attempts", "4 attempts")


@pytest.mark.parametrize(
    ("counters", "told"),
    [
        ((0, 1, 2, 0, 1, 2), "two retry layers multiply: the SDK's own retries were begun 2 times"),
        ((0, 1, 2, 3, 4, 5), "bound the retries where they are made"),
        ((), "bound the retries where they are made"),
    ],
)
def test_the_hint_tells_layers_that_multiply(counters, told):
    (finding,) = found(CHECK, attempts(6, counters=counters), crm={"attempts": 3})
    assert told in finding.hint


@pytest.mark.parametrize(
    "services", [{"crm": {"attempts": 3}}, {"crm": {}}, {"erp": {"attempts": 1}}, {}]
)
def test_no_more_than_allowed(services):
    assert found(CHECK, attempts(3), **services) == []


def test_the_same_asked_again_after_success_is_no_retry():
    story = Story().turn().call().call().call().reply().end()
    assert found(CHECK, story, crm={"attempts": 1}) == []


@pytest.mark.parametrize(
    ("method", "status", "accused"),
    [("GET", 404, 0), ("POST", 404, 1), ("GET", 410, 1), ("GET", 503, 1)],
)
def test_reading_until_it_is_there_is_no_attempt_at_what_failed(method, status, accused):
    story = Story().turn()
    for number in range(4):
        story.call(method=method, status=status, logical=1 if number else None)
    story.call(method=method, logical=1).reply().end()
    assert len(found(CHECK, story, crm={"attempts": 3})) == accused


def looked_up(*ids, text="What of L-11, L-12 and L-13?", place="body"):
    """Calls of one identity, as `request_id` is no part of it."""
    story = Story().turn(text)
    for number, each in enumerate(ids):
        given = {"body": {"request_id": each}} if place == "body" else {}
        given |= {"path": f"/x?request_id={each}"} if place == "path" else {}
        given |= {"headers": (("X-Leave", each),)} if place == "header" else {}
        story.call(status=503, logical=1 if number else None, **given)
    return story.reply().end()


@pytest.mark.parametrize("place", ["body", "path", "header"])
def test_calls_for_several_things_are_no_attempts_at_one(place):
    assert found(CHECK, looked_up("L-11", "L-12", "L-13", place=place), crm={"attempts": 1}) == []


def test_the_attempts_at_each_of_several_things_are_counted():
    story = looked_up("L-11", "L-12", "L-11", "L-12", "L-11")
    (finding,) = found(CHECK, story, crm={"attempts": 2})
    assert finding.calls == (1, 3, 5)


def test_what_a_model_said_before_is_known_too():
    told = Story().turn().call("llm", identity="m", says={"ids": ["L-11", "L-12"]})
    for each in ("L-11", "L-12"):
        told.call(status=503, logical=2 if each == "L-12" else None, body={"request_id": each})
    assert found(CHECK, told.reply().end(), crm={"attempts": 1}) == []


@pytest.mark.parametrize(
    "story",
    [
        looked_up("a7c1e2", "b8d2f3", "c9e3a4"),
        looked_up("L-11", "L-12", "L-13", text="What of L-111?"),
        looked_up("1", "2", "3", text="1, 2, 3"),
    ],
    ids=["drawn for each attempt", "of nothing that was said", "counted"],
)
def test_ids_of_attempts_make_nothing_else_of_them(story):
    assert len(found(CHECK, story, crm={"attempts": 2})) == 1
