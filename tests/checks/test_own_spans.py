import json

import pytest

from evalkit.checks.own_spans import OwnSpans
from evalkit.wire import Usage
from tests.checks.stories import Story, configured, found

CHECK = OwnSpans()
TRACE, ROOT, CHAT, HTTP = "0af7651916cd43dd8448eb211c80319c", "a" * 16, "b" * 16, "c" * 16
TOLD = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.usage.input_tokens": 90,
    "gen_ai.usage.output_tokens": 10,
}


def span(number=CHAT, parent=ROOT, name="chat gpt-4o", status="UNSET", **attributes):
    return {
        "name": name,
        "context": {"trace_id": f"0x{TRACE}", "span_id": f"0x{number}", "trace_state": "[]"},
        "parent_id": None if parent is None else f"0x{parent}",
        "status": {"status_code": status},
        "attributes": attributes,
    }


def chat(**change):
    return span(**{**TOLD, **change})


INNER = span(HTTP, CHAT, "POST", **{"http.response.status_code": 200})
AGENT = span(ROOT, None, "invoke_agent desk")


def asked(story, within=HTTP, **given):
    """A call of a model, made within a span."""
    used = {"model": "gpt-4o-2024-08-06", "usage": Usage(input=90, output=10)}
    headers = () if within is None else (("traceparent", f"00-{TRACE}-{within}-01"),)
    body = {"model": "gpt-4o", "messages": []}
    return story.call("llm", body=body, headers=headers, **{"ended": used, **given})


def told(*spans, place="spans", within=HTTP, **given):
    story = asked(Story().turn(), within, **given)
    return story.reply(context={place: list(spans)}).end()


def messages(story, check=CHECK):
    start = "the agent's own spans of turn 1: "
    return [each.message.removeprefix(start) for each in found(check, story)]


@pytest.mark.parametrize(
    "spans",
    [
        (AGENT, chat(), INNER),
        (INNER, chat()),
        (json.dumps(INNER), json.dumps(chat())),
        (AGENT, {**chat(), "parent_id": None}, INNER, span("d" * 16, ROOT, "think")),
    ],
)
def test_spans_that_are_whole_and_true(spans):
    assert messages(told(*spans)) == []


def test_a_call_within_the_models_span_itself():
    assert messages(told(chat(), within=CHAT)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gen_ai.request.model": "o9"}, 'gen_ai.request.model "o9", on the wire "gpt-4o"'),
        (
            {"gen_ai.response.model": "gpt-4o"},
            'gen_ai.response.model "gpt-4o", on the wire "gpt-4o-2024-08-06"',
        ),
        ({"gen_ai.usage.input_tokens": 91}, "gen_ai.usage.input_tokens 91, on the wire 90"),
        ({"gen_ai.usage.output_tokens": "x"}, 'gen_ai.usage.output_tokens "x", on the wire 10'),
        ({"status": "StatusCode.ERROR"}, "an error, on the wire none in the end"),
    ],
)
def test_a_span_that_is_not_what_happened(change, words):
    assert messages(told(chat(**change), INNER)) == [f'"chat gpt-4o" and call #1 differ: {words}']


def test_an_error_that_a_span_does_not_tell():
    story = told(chat(), INNER, status=500)
    assert messages(story) == [
        '"POST" says status 200, call #1 got 500',
        '"chat gpt-4o" and call #1 differ: no error, on the wire it failed',
    ]


def test_what_a_client_tried_again_is_one_span():
    story = asked(Story().turn(), status=503)
    story = asked(story, logical=1).reply(context={"spans": [chat(), span(HTTP, CHAT, "POST")]})
    assert messages(story.end()) == []


@pytest.mark.parametrize(
    ("spans", "within", "words"),
    [
        ((chat(), INNER), None, ["call #1 carries no traceparent"]),
        (
            (chat(),),
            HTTP,
            ["call #1 carries a traceparent of no span that was handed over"],
        ),
        ((AGENT,), ROOT, ["no span `chat` is of call #1"]),
        (
            (chat(), INNER, span("d" * 16, None, "chat o9", **TOLD)),
            HTTP,
            ['"chat o9" is of a call that was not made'],
        ),
    ],
)
def test_spans_that_are_missing_or_unlinked(spans, within, words):
    assert messages(told(*spans, within=within)) == words


def test_calls_of_other_services_need_a_span_too():
    story = Story().turn().call("crm").call("shop").reply(context={"spans": []}).end()
    assert messages(story) == ["calls #1 and #2 carry no traceparent"]


def test_a_turn_without_spans():
    assert messages(asked(Story().turn()).reply().end()) == ["none stand at $.spans"]
    assert messages(told(chat(), INNER, place="trace")) == ["none stand at $.spans"]
    assert messages(told(chat(), INNER, place="trace"), configured(OwnSpans, at="$.trace")) == []


def test_nothing_is_asked_of_turns_that_called_nothing_or_have_no_reply():
    assert messages(Story().turn().reply().end()) == []
    assert messages(asked(Story().turn()).reply(None, None, error="raised").end()) == []


@pytest.mark.parametrize(
    "odd",
    [None, 7, "{", "[" * 9999, {}, {"context": 1}, {"context": {"trace_id": "x", "span_id": "y"}}],
)
def test_what_is_no_span_is_said_to_be_none(odd):
    assert messages(told(chat(), INNER, odd)) == ["what stands at place 3 is no span"]


def test_spans_in_a_circle_end():
    first, second = span(HTTP, "d" * 16, "x"), span("d" * 16, HTTP, "y")
    assert messages(told(first, second)) == ["no span `chat` is of call #1"]


def test_it_is_advice():
    (finding,) = found(CHECK, asked(Story().turn()).reply().end())
    assert finding.severity == "advice"
    assert finding.calls == (1,)
