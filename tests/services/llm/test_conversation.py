import pytest

from evalkit.services.llm.conversation import Conversation, Message, value_of

TALK = Conversation(
    "m",
    [
        Message("system", "be nice"),
        Message("user", "first"),
        Message("assistant", ""),
        Message("tool", '{"n": 1}', "a"),
        Message("tool", "text", "b"),
        Message("system", "and brief"),
        Message("user", "second"),
        Message("assistant", ""),
        Message("tool", '{"n": 2}', "a"),
    ],
)


def test_a_conversation_tells_what_scripts_ask_for():
    assert (TALK.turns, TALK.user, TALK.system) == (2, "second", "be nice\nand brief")
    assert TALK.result_of == "a"
    assert TALK.results() == {"a": {"n": 2}, "b": "text"}
    assert len(TALK.tool_messages) == 3


def test_an_empty_conversation_has_none_of_it():
    empty = Conversation("m", [])
    assert (empty.last, empty.user, empty.turns, empty.result_of, empty.results()) == (
        None,
        None,
        0,
        None,
        {},
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [('{"a": 1}', {"a": 1}), ("12", 12), ("plain", "plain"), ("", ""), ("[" * 9999, "[" * 9999)],
    ids=["object", "number", "text", "empty", "deep"],
)
def test_a_result_is_a_value_where_it_is_json(text, value):
    assert value_of(text) == value
