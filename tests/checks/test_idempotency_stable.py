import pytest

from evalkit.checks.idempotency_stable import IdempotencyKeyStable
from evalkit.journal.records import Outcome
from tests.checks.stories import Story, found, found_in_world

CHECK = IdempotencyKeyStable()


def key(value):
    return {"headers": (("idempotency-key", value),)} if value else {}


def retried(first, second, **failure):
    story = Story().turn().call("payments", **{"status": 503, **failure}, **key(first))
    return story.call("payments", logical=1, **key(second)).reply().end()


@pytest.mark.parametrize(
    ("second", "words"),
    [("b", "with another idempotency key"), (None, "without its idempotency key")],
)
def test_a_retry_with_another_key(second, words):
    (finding,) = found(CHECK, retried("a", second))
    assert words in finding.message
    assert finding.calls == (1, 2)


@pytest.mark.parametrize(
    "failure",
    [
        {"outcome": Outcome.ABANDONED, "status": None},
        {"outcome": Outcome.CUT},
        {"status": 500},
        {"status": 409},
    ],
)
def test_after_any_failure_that_may_have_worked(failure):
    assert len(found(CHECK, retried("a", "b", **failure))) == 1


@pytest.mark.parametrize(
    "failure", [{"status": 422}, {"status": 429}, {"outcome": Outcome.REFUSED, "status": None}]
)
def test_a_new_key_after_a_refusal_is_no_harm(failure):
    assert found(CHECK, retried("a", "b", **failure)) == []


@pytest.mark.parametrize("same", ["a", None])
def test_the_same_key_or_none_is_stable(same):
    assert found(CHECK, retried(same, same)) == []


def asked(value, identity, session="s1", **more):
    story = Story(session=session).turn()
    return story.call("payments", identity=identity, **key(value), **more).reply().end()


def test_a_key_of_two_requests():
    story = asked("a", "aa").turn().call("payments", identity="bb", **key("a")).reply().end()
    (finding,) = found_in_world(CHECK, story)
    assert "(call #2) with the idempotency key of another request (call #1)" in finding.message
    assert finding.calls == (1, 2)


def test_a_key_of_requests_of_two_sessions():
    (finding,) = found_in_world(CHECK, asked("a", "aa"), asked("a", "bb", session="s2"))
    assert "of another request (call #1 in session s1)" in finding.message
    assert (finding.session, finding.calls) == ("s2", (1,))


@pytest.mark.parametrize(
    "again",
    [
        {"value": "a", "identity": "aa"},
        {"value": "b", "identity": "bb"},
        {"value": "a", "identity": "bb", "operation": "POST /other"},
    ],
)
def test_the_same_request_or_another_key_or_place_is_fine(again):
    assert found_in_world(CHECK, asked("a", "aa"), asked(**again, session="s2")) == []
