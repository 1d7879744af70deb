import json

import jsonschema
import pytest

from evalkit.services.llm.auto import Auto
from evalkit.services.llm.conversation import Conversation, Format, Message, Tool
from evalkit.services.llm.reply import Finish, NoReply
from tests.services.asking import ANN

ORDER = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^A-[0-9]{4}$"},
        "day": {"type": "string", "format": "date"},
        "amount": {"type": "number", "minimum": 5, "maximum": 6},
        "kind": {"enum": ["refund", "return"]},
        "lines": {"type": "array", "minItems": 2, "items": {"$ref": "#/$defs/line"}},
    },
    "required": ["id", "day", "amount", "kind", "lines"],
    "additionalProperties": False,
    "$defs": {
        "line": {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    },
}
TOOLS = (Tool("find", ORDER), Tool("book", {}))
USER = Message("user", "please")


def talk(*more, **settings):
    return Conversation("m", [USER, *more], TOOLS, **settings)


def called(name):
    return Message("assistant", "", None, (name,)), Message("tool", "{}", name)


def test_it_calls_each_tool_once_and_then_answers():
    first = Auto().answer(talk(), ANN)
    second = Auto().answer(talk(*called("find")), ANN)
    last = Auto().answer(talk(*called("find"), *called("book")), ANN)
    assert [call.name for call in (*first.calls, *second.calls)] == ["find", "book"]
    assert (first.finish, first.rule) == (Finish.TOOL_CALLS, "auto")
    assert (last.calls, last.text) == ((), "Done: I called find, book.")


def test_its_arguments_fit_and_are_the_same_every_time():
    call, again = (Auto().answer(talk(), ANN).calls[0] for _ in range(2))
    jsonschema.validate(json.loads(call.arguments), ORDER)
    assert call == again


@pytest.mark.parametrize(
    ("choice", "done", "name"),
    [
        ("none", (), None),
        ("required", ("find", "book"), "book"),
        ("required", ("find",), "book"),
        ("book", (), "book"),
        ("book", ("find", "book"), "book"),
    ],
)
def test_a_demand_is_met(choice, done, name):
    said = Auto().answer(talk(*(each for n in done for each in called(n)), choice=choice), ANN)
    assert [call.name for call in said.calls] == ([] if name is None else [name])


def test_it_answers_in_the_form_that_is_wanted():
    form = Format("order", ORDER)
    said = Auto().answer(Conversation("m", [USER], format=form), ANN)
    jsonschema.validate(json.loads(said.text), ORDER)
    assert Auto().answer(Conversation("m", [USER]), ANN).text == "Done."


def test_what_no_value_fits_is_told_to_the_author():
    tools = [Tool("f", {"type": "object", "required": ["a"], "properties": {"a": {"not": {}}}})]
    said = Auto().answer(Conversation("m", [USER], tools), ANN)
    assert isinstance(said, NoReply)
    assert "write a script" in said.complaint


@pytest.mark.parametrize(
    "schema", [{"type": "objct"}, {"$ref": "https://x.test/a"}, {"$ref": "#/a"}]
)
def test_what_is_no_schema_is_told_to_the_author(schema):
    said = Auto().answer(Conversation("m", [USER], [Tool("f", schema)]), ANN)
    assert isinstance(said, NoReply)
