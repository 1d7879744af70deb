import pytest

from evalkit.checks.policy_followed import PolicyFollowed
from evalkit.journal.records import Answer, End, Outcome
from tests.checks.stories import Story, found

CHECK = PolicyFollowed()
FAILED = {"status": 503, "fault": "status"}
TIMED_OUT = {"outcome": Outcome.ABANDONED, "fault": "stall"}
BOTH = {"on_failure": "degraded", "on_timeout": "hold"}


def story(call, answer, **more):
    return Story().turn().call(**call).reply(answer=answer, **more).end()


@pytest.mark.parametrize(
    ("call", "policy", "required", "rule"),
    [
        (FAILED, BOTH, "degraded", "on_failure"),
        (TIMED_OUT, BOTH, "hold", "on_timeout"),
        (TIMED_OUT, {"on_failure": "degraded"}, "degraded", "on_failure"),
        ({"status": 503}, BOTH, "degraded", "on_failure"),
        ({"status": 429}, BOTH, "degraded", "on_failure"),
        ({"status": 404, "fault": "status"}, BOTH, "degraded", "on_failure"),
        ({"takes": None}, BOTH, "hold", "on_timeout"),
    ],
)
def test_another_answer_than_the_one_required(call, policy, required, rule):
    (finding,) = found(CHECK, story(call, Answer.ANSWERED), crm=policy)
    assert finding.expected == f"{required} (`{rule}` of crm)"
    assert (finding.seen, finding.calls, finding.turn) == ("answered", (1,), 1)
    assert found(CHECK, story(call, Answer(required)), crm=policy) == []


def test_the_message_says_what_failed():
    (finding,) = found(CHECK, story(FAILED, Answer.HOLD), crm=BOTH)
    assert finding.message == (
        "crm GET /x failed (call #1: status 503), and turn 1 must then be degraded: it was hold"
    )


@pytest.mark.parametrize(
    ("ending", "seen"),
    [
        ({"error": "KeyError: 'id'"}, "an error: KeyError: 'id'"),
        ({"timed_out": True, "error": "turn 1 was not answered"}, "timed out"),
        ({}, "no answer"),
    ],
)
def test_no_answer_is_another_answer(ending, seen):
    told = Story().turn().call(**FAILED).reply(None, None, **ending).end(End.FAILED)
    (finding,) = found(CHECK, told, crm=BOTH)
    assert finding.seen == seen


def test_a_turn_that_never_ended_is_another_answer():
    (finding,) = found(CHECK, Story().turn().call(**FAILED).end(), crm=BOTH)
    assert finding.seen == "never ended"


@pytest.mark.parametrize(
    ("told", "policy"),
    [
        (story({}, Answer.ANSWERED), BOTH),
        (story(FAILED, Answer.ANSWERED), {}),
        (story(FAILED, Answer.ANSWERED), {"on_timeout": "hold"}),
        (story({"status": 404}, Answer.ANSWERED), BOTH),
        (Story().turn().call(**FAILED).call(logical=1).reply().end(), BOTH),
        (Story().turn().call("erp", **FAILED).reply().end(), BOTH),
    ],
    ids=[
        "nothing failed",
        "no policy",
        "no policy for failures",
        "an answer the agent must deal with",
        "recovered",
        "another service",
    ],
)
def test_nothing_is_required(told, policy):
    assert found(CHECK, told, crm=policy) == []


@pytest.mark.parametrize(("answer", "broken"), [("hold", 0), ("degraded", 0), ("answered", 1)])
def test_a_policy_may_allow_several_answers(answer, broken):
    findings = found(CHECK, story(FAILED, Answer(answer)), crm={"on_failure": ["hold", "degraded"]})
    assert [each.expected for each in findings] == ["hold or degraded (`on_failure` of crm)"][
        :broken
    ]
