import pytest

from evalkit.journal import conventions as names
from evalkit.journal.parents import Place, parent_in
from evalkit.journal.records import CONNECT, Outcome
from evalkit.journal.views import JournalView
from evalkit.telemetry.spans import SpanKind
from evalkit.telemetry.tracing import Tracer, spans_of
from tests.checks.stories import SECOND, Story
from tests.telemetry.runs import (
    PARENT,
    TRACE,
    TRACEPARENT,
    asked,
    faulty_story,
    full_run,
    joined_story,
)

KINDS = {"llm": "openai", "crm": "rest", "tools": "mcp"}


def spans(*stories, **given):
    tracer = Tracer(key=("run", "happy", 0), agent="desk", scenario="happy", kinds=KINDS, **given)
    records = [record for story in stories for record in story.records]
    return list(tracer.spans(JournalView.of(records)))


def named(found, name):
    return [each for each in found if each.name == name]


def test_a_session_is_a_trace_of_its_turns_and_calls():
    found = spans(faulty_story(), base=7)
    session, first, model, *tools, second, cut = found
    assert session.name == "session s1"
    assert [each.name for each in (first, model)] == ["invoke_agent desk", "chat gpt-4o"]
    assert {each.name for each in tools} == {"execute_tool crm GET /x"}
    assert {each.place.trace for each in found} == {session.place.trace}
    assert first.parent == second.parent == session.place.span
    assert {each.parent for each in (model, *tools)} == {first.place.span}
    assert cut.parent == second.place.span
    assert len({each.place for each in found}) == len(found) == 7
    assert (model.start, model.end) == (7, SECOND + 7)


def test_the_attributes_of_a_models_call():
    (model,) = named(spans(faulty_story()), "chat gpt-4o")
    told = {name: value for name, value in model.attributes.items() if name.startswith("gen_ai")}
    assert told == {
        "gen_ai.conversation.id": "s1",
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 90,
        "gen_ai.usage.output_tokens": 10,
    }
    assert model.kind is SpanKind.CLIENT
    assert model.error is None


def test_what_failed_says_how_and_faults_and_effects_are_events():
    found = spans(faulty_story())
    failed, retried, cut = named(found, "execute_tool crm GET /x")
    assert (failed.error, retried.error, cut.error) == ("503", None, "cut")
    assert failed.attributes[names.ERROR_TYPE] == "503"
    assert retried.attributes[names.HTTP_RESEND] == 1
    (fault,) = failed.events
    assert (fault.name, fault.attributes[names.FAULT_STAGE]) == ("evalkit.fault", "delivered")
    assert [each.name for each in retried.events] == ["evalkit.effect"]
    session, _, turn = found[0], *named(found, "invoke_agent desk")
    assert turn.attributes[names.ERROR_TYPE] == "ValueError"
    assert (turn.error, session.error) == ("ValueError: no", "turn 2 raised")


def test_calls_stand_below_the_agents_own_spans():
    session, turn, model, tool = spans(joined_story())
    assert {each.place.trace for each in (turn, model, tool)} == {TRACE}
    assert turn.parent is None
    assert turn.links == (session.place,)
    for each in (model, tool):
        assert each.parent == PARENT
        assert each.kind is SpanKind.SERVER
        assert each.links == (turn.place,)


def test_a_live_turn_is_the_span_that_the_agent_was_told_of():
    told = (("traceparent", f"00-{TRACE}-{TRACE[:16]}-01"),)
    _, turn, model = spans(asked(Story().turn(), headers=told).reply().end(), live=True)
    assert turn.place == Place(TRACE, TRACE[:16])
    assert (model.parent, model.links) == (turn.place.span, ())


def test_turns_that_share_a_trace_stay_in_their_sessions():
    found = spans(joined_story("s1"), joined_story("s2"))
    sessions = [each for each in found if each.name.startswith("session")]
    turns = named(found, "invoke_agent desk")
    assert [each.parent for each in turns] == [each.place.span for each in sessions]
    calls = [each for each in found if each.kind is SpanKind.SERVER]
    assert {each.place.trace for each in calls} == {TRACE}
    assert len({each.place for each in found}) == len(found) == 8


def test_findings_are_evaluations_of_their_turn():
    from evalkit.journal.records import Finding, Severity

    story = Story().turn().call().reply()
    wrong = {"check": "scope", "severity": Severity.VIOLATION, "message": "too wide"}
    story.records.append(Finding(at=story.now, session="s1", turn=1, calls=(1,), **wrong))
    (turn,) = named(spans(story.end()), "invoke_agent desk")
    (event,) = turn.events
    assert event.name == "gen_ai.evaluation.result"
    assert event.attributes == {
        "gen_ai.evaluation.name": "scope",
        "gen_ai.evaluation.score.label": "violation",
        "gen_ai.evaluation.explanation": "too wide",
        "evalkit.finding.calls": (1,),
    }


def test_what_never_ended_ends_with_its_session_and_says_so():
    session, turn, call = spans(Story().turn().call(takes=None).wait(SECOND))
    assert session.attributes[names.END] == "open"
    assert call.attributes[names.OUTCOME] == "open"
    assert call.error == "open"
    assert turn.end >= turn.start
    assert call.end >= call.start


def test_calls_of_no_session_are_traces_of_their_own():
    (call,) = spans(Story(None).call())
    assert call.parent is None
    assert names.SESSION not in call.attributes


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (
            {"method": "tools/call", "params": {"name": "get_order"}},
            "execute_tool get_order",
        ),
        ({"method": "initialize"}, "tools initialize"),
        (None, "tools initialize"),
    ],
)
def test_tools_of_mcp_have_their_own_names(body, name):
    call = spans(Story().turn().call("tools", operation="initialize", body=body))[-1]
    assert call.name == name


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nonsense",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
    ],
)
def test_a_traceparent_that_is_none_is_not_followed(value):
    assert parent_in((("traceparent", value),)) is None


def test_two_traceparents_are_none():
    assert parent_in(TRACEPARENT * 2) is None
    assert parent_in(TRACEPARENT) == Place(TRACE, PARENT)


@pytest.mark.parametrize("service", ["llm", "tools", "crm"])
def test_a_connection_that_was_refused_is_of_no_tool_or_model(service):
    story = Story().turn().call(service, operation=CONNECT, outcome=Outcome.REFUSED, status=None)
    call = spans(story)[-1]
    assert (call.name, call.error) == (f"{service} connect", "refused")
    assert names.OPERATION not in call.attributes


def test_the_spans_of_a_stored_run_and_of_one_scenario(tmp_path):
    run = full_run(tmp_path / "run")
    found = list(spans_of(run, 0))
    assert len({each.place for each in found}) == len(found) == 12
    only = list(spans_of(run, 0, scenario="crm-slow"))
    assert only == [each for each in found if each.attributes[names.SCENARIO] == "crm-slow"]
    assert len(only) == 7
