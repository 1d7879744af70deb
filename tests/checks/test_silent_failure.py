import pytest

from evalkit.checks.silent_failure import NoSilentFailure
from evalkit.journal.records import Answer, Outcome, Stage
from tests.checks.stories import SECOND, Story, configured, found, found_with

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


def refused(story, service="crm"):
    how = {"outcome": Outcome.REFUSED, "fault": "refused", "status": None}
    return story.call(service, operation="connect", identity="", **how)


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
    "read from a replica": down(Story().turn()).call("replica").reply(),
    "done along with others": down(
        Story().turn(), method="POST", operation="POST /orders", body={"sku": "A-1"}
    )
    .call(
        method="POST",
        operation="POST /orders/batch",
        identity="bb",
        body={"batch": 7, "orders": [{"sku": "B-2", "rush": False}, {"sku": "A-1", "rush": True}]},
    )
    .reply(),
    "only asked whether it is there": down(Story().turn(), path="/v1/healthz?deep=1")
    .call(operation="GET /y", identity="bb")
    .reply(),
    "refused in good order in the end": down(Story().turn()).call(status=402, logical=1).reply(),
    "a connection was refused, and the next was not": refused(Story().turn()).call().reply(),
    "read ahead when the reply had been given": down(Story().turn().wait(SECOND).reply()),
    "a model of which enough was read": Story()
    .turn()
    .call(
        "llm",
        outcome=Outcome.ABANDONED,
        fault="slow_tokens",
        ended={"last_token": SECOND},
        body=ASKED,
    )
    .reply(),
    "the slower of two that were asked": Story()
    .turn()
    .call(takes=None, fault="delay", stage=Stage.FIRED)
    .call("spare", operation="GET /y", identity="bb", takes=2 * SECOND)
    .given_up(1)
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
    "the same was written elsewhere": down(Story().turn(), method="POST", body={"sku": "A-1"})
    .call("erp", method="POST", body={"sku": "A-1"})
    .reply(),
    "others were done together": down(
        Story().turn(), method="POST", operation="POST /orders", body={"sku": "A-1"}
    )
    .call(method="POST", identity="bb", body={"batch": 7, "orders": [{"sku": "B-2"}]})
    .reply(),
    "a connection was refused, and the next was to another": refused(Story().turn())
    .call("erp")
    .reply(),
    "nobody was there": down(Story().turn(), path="/health").call("erp", identity="bb").reply(),
    "a fault refused it in the end": down(down(Story().turn()), logical=1).reply(),
    "a model that was too slow for a limit": Story()
    .turn()
    .call(
        "llm",
        outcome=Outcome.ABANDONED,
        fault="slow_tokens",
        takes=3 * SECOND,
        ended={"last_token": SECOND},
        body=ASKED,
    )
    .reply(),
    "given up when time was up, a while after another": Story()
    .turn()
    .call(takes=None, fault="delay", stage=Stage.FIRED)
    .call("spare", operation="GET /y", identity="bb", takes=2 * SECOND)
    .wait(SECOND)
    .given_up(1)
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


PROMPT, USER = "Be kind.", "Where is my parcel?"
CHAT = {
    "model": "a",
    "messages": [{"role": "system", "content": PROMPT}, {"role": "user", "content": USER}],
}
CLAUDE = {"model": "b", "system": PROMPT, "messages": [{"role": "user", "content": USER}]}
BLOCKS = {
    "model": "b",
    "system": [{"type": "text", "text": PROMPT}],
    "messages": [{"role": "user", "content": [{"type": "text", "text": USER}]}],
}
RESPONSES = {"model": "c", "instructions": PROMPT, "input": USER}
ITEMS = {
    "model": "c",
    "input": [
        {"role": "developer", "content": PROMPT},
        {"role": "user", "content": [{"type": "input_text", "text": USER}]},
    ],
}
GEMINI = {
    "systemInstruction": {"parts": [{"text": PROMPT}]},
    "contents": [{"role": "user", "parts": [{"text": USER}]}],
}
SAME = (CHAT, CLAUDE, BLOCKS, RESPONSES, ITEMS, GEMINI)


def fell_back(first, second, **more):
    story = Story().turn().call("llm", identity="a", status=500, fault="status", body=first)
    return found(CHECK, story.call("spare", identity="b", body=second, **more).reply().end())


@pytest.mark.parametrize("second", SAME)
@pytest.mark.parametrize("first", SAME)
def test_another_provider_asked_the_same_in_its_own_form(first, second):
    assert fell_back(first, second) == []


def test_another_provider_that_goes_on_with_the_conversation():
    more = [{"role": "assistant", "content": "Let me look."}, {"role": "user", "content": "?"}]
    assert fell_back(CHAT, {**CLAUDE, "messages": [*CLAUDE["messages"], *more]}) == []


@pytest.mark.parametrize(
    "second",
    [
        {**CLAUDE, "system": "Does this text hold threats?"},
        {**CLAUDE, "messages": [{"role": "user", "content": "Summarise."}]},
        {**CLAUDE, "messages": [{"role": "assistant", "content": USER}]},
        {"model": "b", "messages": CLAUDE["messages"]},
        {"q": USER},
    ],
    ids=["another task", "another text", "said by another", "without the prompt", "no model"],
)
def test_another_provider_asked_something_else(second):
    assert len(fell_back(CHAT, second)) == 1


@pytest.mark.parametrize(
    ("models", "silent"),
    [(("llm", "spare"), 0), (("llm",), 1), (("spare",), 1)],
)
def test_another_provider_where_no_connection_could_be_made_to_the_first(models, silent):
    story = refused(Story().turn(), "llm").call("spare", identity="b", body=CLAUDE).reply().end()
    assert len(found_with(CHECK, story, models=frozenset(models))) == silent


def test_another_provider_that_failed_as_well():
    assert len(fell_back(CHAT, CLAUDE, status=500)) == 1


@pytest.mark.parametrize(("finish", "silent"), [("stop", 0), (None, 1)])
def test_only_the_end_of_a_stream_is_missing_where_it_said_why_it_stopped(finish, silent):
    says = {"choices": [{"message": {"content": "It is here."}, "finish_reason": finish}]}
    call = {"fault": "unfinished", "failed": True, "body": CHAT, "says": says}
    assert len(found(CHECK, Story().turn().call("llm", **call).reply().end())) == silent
