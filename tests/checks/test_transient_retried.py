import pytest

from evalkit.checks.transient_retried import RetriesTransient
from evalkit.journal.records import Outcome
from evalkit.suite.model import ServiceUse
from tests.checks.stories import SECOND, Story, found_in_world

CHECK = RetriesTransient()


def uses(**fields):
    return {"services": {"crm": ServiceUse(use="x.yaml", **{"attempts": 3, **fields})}}


def failed(session="s1", **fields):
    story = Story(session=session).turn()
    return story.call(**{"status": 503, "takes": SECOND // 10, **fields}).reply().end()


def test_a_failure_that_may_pass_and_was_never_retried():
    (finding,) = found_in_world(CHECK, failed(), **uses())
    assert finding.message == "crm GET /x failed (call #1: status 503) and was not tried again"
    assert finding.expected == "a retry: `attempts` of crm is 3"


@pytest.mark.parametrize(
    "fields",
    [
        {"status": 429},
        {"status": 500},
        {"outcome": Outcome.RESET, "status": None},
        {"method": "POST", "status": 503},
        {"method": "POST", "status": 500, "headers": (("idempotency-key", "a"),)},
    ],
)
def test_what_can_be_repeated_safely_counts(fields):
    assert len(found_in_world(CHECK, failed(**fields), **uses())) == 1


@pytest.mark.parametrize(
    "fields",
    [
        {"status": 404},
        {"outcome": Outcome.ABANDONED, "status": None},
        {"method": "POST", "status": 500},
        {"method": "POST", "outcome": Outcome.CUT},
        {"status": 429, "ended": {"retry_after": 60 * SECOND}},
        {"takes": 9 * SECOND},
    ],
)
def test_what_must_or_need_not_be_repeated_does_not(fields):
    assert found_in_world(CHECK, failed(**fields), **uses()) == []


def test_a_model_can_be_asked_again_though_it_is_asked_by_post():
    models = frozenset({"crm"})
    story = failed(method="POST", status=500)
    assert len(found_in_world(CHECK, story, models=models, **uses())) == 1


def test_an_agent_that_retries_the_service_elsewhere_knows_when_not_to():
    retrying = Story(session="s2").turn().call(status=503).call(logical=1).reply().end()
    assert found_in_world(CHECK, failed(), retrying, **uses()) == []


@pytest.mark.parametrize("fields", [{"attempts": 1}, {"attempts": None}, {"budget": "150ms"}])
def test_without_attempts_or_time_there_is_nothing_to_be_retried(fields):
    assert found_in_world(CHECK, failed(), **uses(**fields)) == []


def test_what_was_made_good_need_not_be_retried():
    story = Story().turn().call(status=503).call(identity="aa").reply().end()
    assert found_in_world(CHECK, story, **uses()) == []
