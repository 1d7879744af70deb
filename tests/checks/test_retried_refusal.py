import pytest

from evalkit.checks.retried_refusal import NoRetryOfRefusal
from evalkit.journal.records import Severity
from tests.checks.stories import Story, configured, found

CHECK = NoRetryOfRefusal()


def again(status, *, method="POST", before="a", after="a", name="Authorization", **ended):
    story = Story().turn()
    story.call(status=status, method=method, headers=((name.lower(), before),), ended=ended)
    story.call(logical=1, method=method, headers=((name, after),))
    return story.reply().end()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_that_was_asked_again(status):
    (finding,) = found(CHECK, again(status))
    assert finding.message == (
        f"crm GET /x refused with status {status} (call #1), and the same was sent again as call #2"
    )
    assert (finding.severity, finding.calls) == (Severity.VIOLATION, (1, 2))


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("name", ["authorization", "X-Auth-Token", "X-CSRF-Token", "X-Session-Id"])
def test_other_credentials_make_it_another_request(status, name):
    assert found(CHECK, again(status, after="b", name=name)) == []


@pytest.mark.parametrize("name", ["x-request-id", "Idempotency-Key", "traceparent"])
def test_other_names_of_an_attempt_are_no_credentials(name):
    assert len(found(CHECK, again(403, after="b", name=name))) == 1


def test_other_credentials_do_not_mend_a_bad_request():
    assert len(found(CHECK, again(400, after="b"))) == 1


def test_reading_again_what_was_not_found_is_an_advice_or_allowed():
    (finding,) = found(CHECK, again(404, method="GET"))
    assert finding.severity is Severity.ADVICE
    assert found(configured(NoRetryOfRefusal, polled="crm GET *"), again(404)) == []


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_what_may_pass_may_be_asked_again(status):
    assert found(CHECK, again(status)) == []


def refused_key(word, *keys):
    story = Story().turn()
    for number, key in enumerate(keys):
        told = {"status": 200} if number else {"status": 400, "says": {"error": word}}
        headers = (("Idempotency-Key", key),)
        story.call(method="POST", headers=headers, logical=1 if number else None, **told)
    return story.reply().end()


@pytest.mark.parametrize(
    ("word", "keys", "accused"),
    [
        ("idempotency_key_expired", ("a", "b"), 0),
        ("idempotency_key_expired", ("a", "a"), 1),
        ("bad_amount", ("a", "b"), 1),
    ],
)
def test_another_key_where_the_key_was_refused_makes_it_another_request(word, keys, accused):
    assert len(found(CHECK, refused_key(word, *keys))) == accused


def test_who_was_told_to_come_again_may():
    assert found(CHECK, again(403, retry_after=1)) == []


def test_a_refusal_that_is_left_at_that_is_fine():
    story = Story().turn().call(status=422).call(identity="bb").reply().end()
    assert found(CHECK, story) == []


def test_the_statuses_can_be_set():
    assert len(found(configured(NoRetryOfRefusal, statuses=409), again(409))) == 1
