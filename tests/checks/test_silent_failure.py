import pytest

from evalkit.checks.silent_failure import NoSilentFailure
from evalkit.journal.records import Answer, Outcome, Stage
from tests.checks.stories import SECOND, Story, configured, found

CHECK = NoSilentFailure()
ASKED = {"model": "big", "messages": [{"role": "user", "content": "hello"}]}


def down(story, **more):
    return story.call(status=503, fault="status", **more)


def test_a_failure_that_the_reply_keeps_silent_about():
    story = down(down(Story().turn()), logical=1).reply().end()
    (finding,) = found(CHECK, story)
    assert finding.message == (
        "turn 1 was answered as if all were well, "
        "but crm GET /x failed (calls #1 and #2: status 503)"
    )
    assert (finding.calls, finding.turn, finding.seen) == ((1, 2), 1, "answered")
    assert "`optional: true`" in finding.hint


@pytest.mark.parametrize(
    ("call", "way"),
    [
        ({"outcome": Outcome.RESET, "fault": "reset", "status": None}, "connection reset"),
        ({"outcome": Outcome.CUT, "fault": "cut"}, "cut after 12 bytes"),
        ({"outcome": Outcome.REFUSED, "fault": "refused", "operation": "connect"}, "refused"),
        ({"fault": "malformed", "failed": True}, "unusable reply"),
        (
            {"outcome": Outcome.ABANDONED, "fault": "stall", "takes": 5 * SECOND},
            "given up by its client after 5s",
        ),
        ({"outcome": Outcome.ABANDONED, "fault": "delay"}, "given up by its client after 1s"),
        ({"takes": None, "fault": "stall"}, "never ended"),
    ],
)
def test_every_way_to_fail(call, way):
    (finding,) = found(CHECK, Story().turn().call(**call).reply().end())
    assert way in finding.message


NOT_SILENT = {
    "retried with success": down(Story().turn()).call(logical=1).reply(),
    "an equal call beside it succeeded": down(Story().turn()).call().reply(),
    "another model answered the same": Story()
    .turn()
    .call("llm", identity="a", status=500, fault="status", body=ASKED)
    .call("llm", identity="b", body={**ASKED, "model": "small"})
    .reply(),
    "another model at another service": Story()
    .turn()
    .call("llm", identity="a", status=500, fault="status", body=ASKED)
    .call("spare", identity="b", body={**ASKED, "model": "small"})
    .reply(),
    "said so": down(Story().turn()).reply(answer=Answer.DEGRADED),
    "no reply at all": down(Story().turn()).reply(None, None, error="boom"),
    "the fault never reached the client": Story()
    .turn()
    .call(status=404, fault="cut", stage=Stage.FIRED)
    .reply(),
    "a delay that was waited for": Story().turn().call(fault="delay").reply(),
    "a model was told what was wrong and got it right": Story()
    .turn()
    .call("llm", identity="a", fault="bad_arguments", failed=True, body=ASKED)
    .call("llm", identity="b", body={**ASKED, "messages": [*ASKED["messages"], {"role": "tool"}]})
    .reply(),
    "a response that was gone on from": Story()
    .turn()
    .call(
        "llm",
        identity="a",
        fault="bad_arguments",
        failed=True,
        body={"model": "big", "input": "hello"},
        says={"id": "resp_1"},
    )
    .call("llm", identity="b", body={"model": "big", "previous_response_id": "resp_1"})
    .reply(),
    "a change that went through was found": Story()
    .turn()
    .call(effect=("ticket", "1"), outcome=Outcome.RESET, fault="commit_then_lose", failed=True)
    .call(operation="GET /tickets", identity="bb")
    .reply(),
    "an answer, though a fault gave it": Story().turn().call(status=404, fault="status").reply(),
    "an error of the service's own": Story().turn().call(status=503).reply(),
}


@pytest.mark.parametrize("story", NOT_SILENT.values(), ids=NOT_SILENT)
def test_not_silent(story):
    assert found(CHECK, story.end()) == []


STILL_SILENT = {
    "the success came before": Story().turn().call().call(status=503, fault="status").reply(),
    "the success asked for something else": down(Story().turn()).call(identity="bb").reply(),
    "another model was asked something else": Story()
    .turn()
    .call("llm", identity="a", status=500, fault="status", body=ASKED)
    .call("llm", identity="b", body={"model": "small", "messages": []})
    .reply(),
    "a change that was lost was looked for elsewhere": Story()
    .turn()
    .call(effect=("ticket", "1"), outcome=Outcome.RESET, fault="commit_then_lose", failed=True)
    .call("erp", identity="bb")
    .reply(),
    "the success came in the next turn": down(Story().turn()).reply().turn().call().reply(),
}


@pytest.mark.parametrize("story", STILL_SILENT.values(), ids=STILL_SILENT)
def test_still_silent(story):
    (finding,) = found(CHECK, story.end())
    assert finding.turn == 1


def test_a_fallback_that_is_named_makes_good():
    check = configured(NoSilentFailure, fallbacks={"crm GET *": "cache"})
    story = down(Story().turn()).call("cache", identity="bb").reply().end()
    assert found(check, story) == []
    assert len(found(CHECK, story)) == 1
    before = down(Story().turn().call("cache", identity="bb")).reply().end()
    assert len(found(check, before)) == 1


def test_a_service_that_is_optional_may_fail_silently():
    story = down(Story().turn()).reply().end()
    assert found(CHECK, story, crm={"optional": True}) == []
    assert len(found(CHECK, story, crm={})) == 1
