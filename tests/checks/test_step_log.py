import json

import pytest

from evalkit.checks.step_log import StepLog
from evalkit.journal.records import Outcome
from evalkit.wire import Usage
from tests.checks.stories import SECOND, Story, configured, found, found_with

CHECK = StepLog()
STEP = {
    "step_id": "a",
    "model": "gpt-4o",
    "input_length": 90,
    "output_length": 10,
    "latency": 1000,
    "confidence": 0.9,
    "error_status": None,
}
TOOL = {
    **dict.fromkeys(STEP),
    "step_id": "b",
    "latency": 3.5,
}


def asked(story, **fields):
    usage = {"usage": Usage(input=90, output=10), "model": "gpt-4o-2024-08-06"}
    body = {"model": "gpt-4o", "messages": []}
    return story.call("llm", body=body, **{"ended": usage, **fields})


def told(*steps, place="steps"):
    return asked(Story().turn()).reply(context={place: list(steps)}).end()


def messages(check, story):
    return [each.message for each in found(check, story)]


@pytest.mark.parametrize(
    "steps", [(STEP,), (STEP, TOOL), (json.dumps(STEP),), ({**STEP, "latency": 1049, "more": 1},)]
)
def test_records_that_are_whole_and_true(steps):
    assert messages(CHECK, told(*steps)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "gpt-4o-mini"}, "model gpt-4o-mini, on the wire gpt-4o-2024-08-06"),
        ({"input_length": 91}, "input 91, on the wire 90"),
        ({"output_length": 1}, "output 1, on the wire 10"),
        ({"latency": 800}, "latency 800ms, on the wire 1s"),
        ({"error_status": "timeout"}, "an error, on the wire none in the end"),
    ],
)
def test_a_record_that_is_not_what_happened(change, words):
    (message,) = messages(CHECK, told({**STEP, **change}))
    assert message == f'the records of the steps of turn 1: "a" and call #1 differ: {words}'


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"confidence": 7}, "record 1 has confidence 7, not 0 to 1"),
        ({"latency": "slow"}, 'record 1 has latency "slow"'),
        ({"input_length": -1}, "record 1 has input_length -1"),
        ({"step_id": ""}, "record 1 has an empty step_id"),
    ],
)
def test_a_record_with_a_flaw(change, words):
    assert any(words in each for each in messages(CHECK, told({**STEP, **change})))


def test_a_record_that_is_not_whole():
    step = {name: value for name, value in STEP.items() if name not in ("confidence", "latency")}
    (message,) = messages(CHECK, told(step))
    assert message.endswith("record 1 has no latency, confidence")


def test_a_record_that_is_none():
    assert any("record 1 has no step_id, model" in each for each in messages(CHECK, told("?")))


@pytest.mark.parametrize("steps", [(), (TOOL,), (STEP, {**STEP, "step_id": "b"})])
def test_as_many_records_as_calls(steps):
    (message,) = messages(CHECK, told(*steps))
    assert "tell of calls of models, and 1 were made" in message


def test_a_name_of_two_steps():
    assert any('"a" names two steps' in each for each in messages(CHECK, told(STEP, STEP)))


def test_attempts_at_a_call_are_one_step():
    story = asked(Story().turn(), status=500).wait(SECOND)
    asked(story, logical=1).reply(context={"steps": [{**STEP, "latency": 3000}]}).end()
    assert messages(CHECK, story) == []


def test_a_call_that_failed_has_to_be_told():
    def failed(error):
        story = asked(Story().turn(), status=500, ended={})
        return story.reply(context={"steps": [{**STEP, "error_status": error}]}).end()

    assert messages(CHECK, failed("500")) == []
    (message,) = messages(CHECK, failed(None))
    assert message.endswith("no error, on the wire it failed")


def test_without_records_there_is_nothing_to_say_unless_they_are_required():
    story = asked(Story().turn()).reply().turn().reply().end()
    assert messages(CHECK, story) == []
    required = configured(StepLog, required=True)
    assert messages(required, story) == ["the records of the steps of turn 1: there are none"]


def test_where_they_stand_and_how_they_are_read_can_be_set():
    step = {"id": "a", **{name: value for name, value in STEP.items() if name != "step_id"}}
    check = configured(
        StepLog, at="$.trace", fields={"step": "id"}, latency="s", lengths="characters"
    )
    assert messages(check, told({**step, "latency": 1.0, "input_length": 400}, place="trace")) == []
    assert len(messages(check, told({**step, "latency": 2.0}, place="trace"))) == 1


def logged(*lines, at=CHECK):
    story = asked(Story().turn())
    for text, data in lines:
        story.log(text, **data)
    return messages(at, story.reply().end())


@pytest.mark.parametrize(
    "lines",
    [
        ((json.dumps(STEP), {}),),
        (("asked", STEP),),
        (("asked", {}), ("a step", STEP), ('{"event": "done"}', {}), (json.dumps(TOOL), {})),
        (("{broken", {}), ("asked", STEP)),
    ],
    ids=["json", "extra", "among others", "beside what is none"],
)
def test_records_in_the_log_that_are_whole_and_true(lines):
    assert logged(*lines) == []


def test_records_in_the_log_that_are_not_what_happened():
    (message,) = logged(("asked", {**STEP, "input_length": 91}))
    assert message.endswith("differ: input 91, on the wire 90")
    (message,) = logged((json.dumps({**STEP, "error_status": "timeout"}), {}))
    assert message.endswith("an error, on the wire none in the end")


def test_a_log_without_records_is_no_step_log():
    lines = (("asked the model", {"model": "gpt-4o"}), ('{"latency": 3}', {}))
    assert logged(*lines) == []
    required = configured(StepLog, required=True)
    assert logged(*lines, at=required) == ["the records of the steps of turn 1: there are none"]


def test_records_in_the_reply_come_before_those_in_the_log():
    story = asked(Story().turn()).log("x", step_id="other").reply(context={"steps": [STEP]})
    assert messages(CHECK, story.end()) == []


REFUSED = {
    "operation": "connect",
    "outcome": Outcome.REFUSED,
    "status": None,
    "takes": 0,
    "identity": "connect",
}
GAVE_UP = {**STEP, "error_status": "refused", "latency": 0, "input_length": 0, "output_length": 0}


def refused_then(*steps, after=0, asks=True):
    story = Story().turn().call("llm", **REFUSED).wait(after)
    if asks:
        asked(story)
    story.reply(context={"steps": list(steps)}).end()
    return [each.message for each in found_with(CHECK, story, models=frozenset({"llm"}))]


@pytest.mark.parametrize(
    ("steps", "after", "asks"),
    [
        ((GAVE_UP,), 0, False),
        ((), 0, False),
        ((GAVE_UP, {**STEP, "step_id": "b"}), 0, True),
        ((STEP,), SECOND, True),
        (({**STEP, "latency": 2000},), SECOND, True),
    ],
    ids=["told", "not told", "a step of its own", "told without", "told with the wait"],
)
def test_honest_records_of_a_refused_connection(steps, after, asks):
    assert refused_then(*steps, after=after, asks=asks) == []


@pytest.mark.parametrize(
    ("steps", "words"),
    [
        ((), "0 tell of calls of models, and 1 were made"),
        ((STEP, {**STEP, "step_id": "b"}), "2 tell of calls of models, and 1 were made"),
        ((GAVE_UP, {**STEP, "step_id": "b", "latency": 9000}), "latency 9s, on the wire 1s"),
        ((GAVE_UP, {**GAVE_UP, "step_id": "b"}), "an error, on the wire none in the end"),
    ],
)
def test_a_refused_connection_excuses_nothing_else(steps, words):
    (message,) = refused_then(*steps)
    assert words in message
