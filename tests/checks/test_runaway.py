import pytest

from evalkit.checks.runaway import NoRunaway
from evalkit.wire import Usage
from tests.checks.stories import SECOND, Story, configured, found

CHECK = NoRunaway()


def model(story, name, arguments, identity, **fields):
    call = {"function": {"name": name, "arguments": arguments}}
    says = {"choices": [{"message": {"tool_calls": [call]}}]}
    body = {"model": "m", "messages": []}
    return story.call("llm", operation="chat", body=body, says=says, identity=identity, **fields)


def rounds(*arguments, name="get_order", **fields):
    story = Story().turn()
    for number, each in enumerate(arguments):
        model(story, name, each, f"{number}", **fields).call("crm")
    return story.reply().end()


def test_the_same_tool_with_the_same_arguments_again_and_again():
    (finding,) = found(CHECK, rounds(*['{"id": 1}', '{ "id":1 }'] * 4))
    assert finding.message.startswith(
        'turn 1 came to the tool get_order 8 times with the same arguments: {"id": 1} (calls #1'
    )
    assert (finding.expected, finding.seen) == ("at most 6 times", "8 times")


def test_few_rounds_and_other_arguments_are_fine():
    assert found(CHECK, rounds(*['{"id": 1}'] * 6)) == []
    assert found(CHECK, rounds(*[f'{{"id": {number}}}' for number in range(30)])) == []


def test_a_reply_that_failed_called_nothing():
    assert found(CHECK, rounds(*['{"id": 1}'] * 9, failed=True)) == []


def test_rounds_are_counted_by_turn():
    story = Story()
    for turn in range(3):
        story.turn()
        for number in range(4):
            model(story, "get_order", "{}", f"{turn}.{number}")
        story.reply()
    assert found(CHECK, story.end()) == []


def test_a_model_that_is_asked_the_same_one_time_after_another():
    story = Story().turn()
    for _ in range(7):
        story.call("llm", operation="chat", body={"model": "m", "messages": []}, identity="aa")
    (finding,) = found(CHECK, story.reply().end())
    assert finding.message.startswith("turn 1 came to llm chat 7 times with the same request")


def test_the_same_asked_side_by_side_is_no_circle():
    story = Story().turn()
    for _ in range(9):
        story.call("llm", body={"model": "m", "messages": []}, identity="aa").wait(-SECOND)
    assert found(CHECK, story.wait(SECOND).reply().end()) == []


def test_polling_a_service_is_no_circle():
    story = Story().turn()
    for _ in range(40):
        story.call("jobs", operation="GET /jobs/{id}")
    assert found(CHECK, story.reply().end()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"turns": 1}, "the session came to 2 turns, 1 allowed"),
        ({"calls": 2}, "turn 1 came to 3 requests, 2 allowed"),
        ({"tokens": 25}, "turn 1 came to 30 tokens, 25 allowed"),
        ({"turns": 2, "calls": 3, "tokens": 30}, None),
    ],
)
def test_limits_can_be_set(settings, message):
    story = Story().turn()
    for number in range(3):
        story.call("llm", identity=f"{number}", ended={"usage": Usage(input=6, output=4)})
    story.reply().turn().reply().end()
    findings = found(configured(NoRunaway, **settings), story)
    assert [each.message for each in findings] == ([] if message is None else [message])
