from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.services.compiling import Compiler
from evalkit.services.llm.conversation import Conversation, Format, Message
from evalkit.services.llm.model import ScriptDefinition
from evalkit.services.llm.reply import Finish, ModelReply, NoReply, ToolCall
from evalkit.services.llm.script import compile_script
from evalkit.suite import read_model
from evalkit.wire import Caller, Usage
from tests.services.asking import ANN

USER, SYSTEM = Message("user", "I want a refund"), Message("system", "Classify this")
RESULT = Message("tool", '{"state": "late"}', "get_order")


def script(text):
    compiler = Compiler()
    loaded = read_model(text.encode(), Path("script.yaml"), ScriptDefinition)
    made = compile_script(loaded.value, compiler)
    assert compiler.mistakes == []
    return made


def rules(*when, then="{text: yes}"):
    return script("rules:\n" + "".join(f"  - {{when: {each}, reply: {then}}}\n" for each in when))


HEADERS = (("x-agent", "planner"),)


def talk(*messages, model="gpt-4o", tools=(), **more):
    return Conversation(model, messages, tools, **more)


@pytest.mark.parametrize(
    ("when", "conversation", "fits"),
    [
        ("{}", talk(), True),
        ("{model: gpt-4o*}", talk(model="gpt-4o-mini"), True),
        ("{model: gpt-4o}", talk(model="gpt-4o-mini"), False),
        ("{system: '(?i)classif'}", talk(SYSTEM, USER), True),
        ("{system: classif}", talk(SYSTEM, USER), False),
        ("{last: user}", talk(SYSTEM, USER), True),
        ("{last: user}", talk(USER, SYSTEM), False),
        ("{last: system}", talk(), False),
        ("{text: refund}", talk(USER, RESULT), True),
        ("{text: ^refund}", talk(USER), False),
        ("{text: ''}", talk(SYSTEM), False),
        ("{turn: 2}", talk(USER, USER), True),
        ("{turn: 2}", talk(USER), False),
        ("{tool: get_order}", talk(USER, RESULT), True),
        ("{tool: get_order}", talk(RESULT, USER), False),
        ("{tool: other}", talk(USER, RESULT), False),
        ("{offers: get_order}", talk(USER, tools=("x", "get_order")), True),
        ("{offers: get_order}", talk(USER), False),
        ("{last: user, text: refund, turn: 1, model: 'gpt*'}", talk(USER), True),
        ("{format: 'Lab*'}", talk(USER, format=Format("Label")), True),
        ("{format: Label}", talk(USER), False),
        ("{format: text}", talk(USER), True),
        ("{images: true}", talk(Message("user", images=1), USER), True),
        ("{images: true}", talk(USER), False),
        ("{images: false}", talk(USER), True),
        ("{files: true}", talk(Message("user", files=1)), True),
        ("{files: false}", talk(Message("user", files=1)), False),
        ("{header: {X-Agent: ^plan}}", talk(USER, headers=HEADERS), True),
        ("{header: {x-agent: ^ner}}", talk(USER, headers=HEADERS), False),
        ("{header: {x-agent: ''}}", talk(USER), False),
        ("{last: user, text: refund, turn: 2}", talk(USER), False),
    ],
)
def test_a_rule_answers_where_all_its_conditions_hold(when, conversation, fits):
    said = rules(when).answer(conversation, ANN)
    assert isinstance(said, ModelReply) is fits


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ("{text: 'Hi {{ session.vars.name }}'}", ModelReply(text="Hi Ann")),
        ("{text: '{{ turn }}'}", ModelReply(text="2")),
        ("{text: '{{ session.vars.blocked }}'}", ModelReply(text="false")),
        ("{text: ''}", ModelReply(text="")),
        ("{json: {n: '{{ session.vars.order }}'}}", ModelReply(text='{"n":17}')),
        ("{json: null}", ModelReply(text="null")),
        ("{json: plain}", ModelReply(text='"plain"')),
        ("{refusal: 'no, {{ user }}'}", ModelReply(refusal="no, I want a refund")),
        (
            "{calls: [{name: f, arguments: {id: '{{ session.vars.order }}'}}, {name: g}]}",
            ModelReply(
                calls=(ToolCall("f", '{"id":17}'), ToolCall("g", "{}")), finish=Finish.TOOL_CALLS
            ),
        ),
        (
            "{text: so, calls: [{name: f, arguments: '{broken'}]}",
            ModelReply(text="so", calls=(ToolCall("f", "{broken"),), finish=Finish.TOOL_CALLS),
        ),
        (
            "{text: a, finish: length, usage: {input: 5, output: 7}}",
            ModelReply(text="a", finish=Finish.LENGTH, usage=Usage(input=5, output=7)),
        ),
        ("{text: '{{ model }} {{ turns }}'}", ModelReply(text="gpt-4o 1")),
        (
            "{text: '{{ history[0].text }} {{ history[1].tool }} {{ tools | length }}'}",
            ModelReply(text="I want a refund get_order 0"),
        ),
        (
            "{text: a, reasoning: 'for {{ session.vars.name }}', others: ['{{ turn }}'], "
            "confidence: 0.5}",
            ModelReply(text="a", reasoning="for Ann", others=("2",), confidence=0.5),
        ),
        (
            "{text: a, usage: {input: 9, output: 7, cached: 5, cache_write: 4, reasoning: 6}}",
            ModelReply(
                text="a", usage=Usage(input=9, output=7, cached=5, cache_write=4, reasoning=6)
            ),
        ),
        (
            "{text: '{{ result.state }} {{ results.get_order.state }}'}",
            ModelReply(text="late late"),
        ),
    ],
)
def test_a_reply_is_made_of_its_parts(then, expected):
    said = rules("{}", then=then).answer(talk(USER, RESULT), ANN)
    assert said == replace(expected, rule="rules[0]")


def test_the_first_rule_that_fits_answers():
    said = rules("{last: tool}", "{last: user}", "{}").answer(talk(USER), ANN)
    assert said.rule == "rules[1]"


@pytest.mark.parametrize(
    ("when", "conversation", "complaint"),
    [
        (("{last: tool}",), talk(USER), "rules[0], which wants `last: tool` where there is `user`"),
        (("{last: tool}",), talk(), "where there is `no message`"),
        (("{turn: 2}",), talk(USER), "wants `turn: 2` where there is `1`"),
        (("{tool: f}",), talk(USER), "where there is `no result of a tool`"),
        (("{offers: f}",), talk(USER, tools=("a", "b")), "where there is `a, b`"),
        (("{offers: f}",), talk(USER), "where there is `no tools`"),
        (("{model: x}",), talk(), "wants `model: x` where there is `gpt-4o`"),
        (("{system: x}",), talk(SYSTEM), "where there is `Classify this`"),
        (("{text: x}",), talk(), "where there is `no message of the user`"),
        (("{format: x}",), talk(USER), "wants `format: x` where there is `text`"),
        (("{images: true}",), talk(USER), "wants `images: true` where there is `0 images`"),
        (("{files: true}",), talk(USER), "where there is `0 files`"),
        (("{header: {x-agent: x}}",), talk(USER), "where there is `no header x-agent`"),
        (("{header: {x-agent: x}}",), talk(USER, headers=HEADERS), "there is `planner`"),
        (("{text: x}",), talk(Message("user", "y " * 99)), "y y…`"),
        (("{last: tool}", "{last: user, text: x}"), talk(USER), "nearest is rules[1]"),
        (("{last: tool, text: x}", "{last: user, text: x}"), talk(USER), "wants `text: x`"),
    ],
)
def test_where_no_rule_fits_the_nearest_is_named_with_what_it_wants(when, conversation, complaint):
    said = rules(*when).answer(conversation, ANN)
    assert isinstance(said, NoReply)
    assert not said.failed
    assert complaint in said.complaint


@pytest.mark.parametrize(
    ("then", "caller", "complaint"),
    [
        ("{text: '{{ session.id }}'}", None, "there is no variable `session`"),
        ("{text: '{{ session.id }}'}", None, "not attributed to a session"),
        ("{text: '{{ session.vars.nmae }}'}", ANN, "Did you mean `name`?"),
        ("{text: '{{ result }}'}", ANN, "there is no variable `result`"),
        ("{json: {a: '{{ results.f }}'}}", ANN, "there is no `f` here; nothing is here"),
    ],
)
def test_a_reply_that_cannot_be_made_fails_with_a_complaint(then, caller, complaint):
    said = rules("{}", then=then).answer(talk(USER), caller)
    assert isinstance(said, NoReply)
    assert said.failed
    assert complaint in said.complaint


PLAN = Caller(
    session="s",
    turn=1,
    plan=({"tool": "get_order", "arguments": {"id": 1}}, {"tool": "refund"}),
)
PLANNED = script("{follow: plan, rules: [{when: {}, reply: {text: done}}]}")
TOOLS = ("get_order", "refund")


@pytest.mark.parametrize(
    ("conversation", "caller", "rule", "calls"),
    [
        (talk(USER, tools=TOOLS), PLAN, "plan[0]", (ToolCall("get_order", '{"id":1}'),)),
        (talk(USER, RESULT, tools=TOOLS), PLAN, "plan[1]", (ToolCall("refund", "{}"),)),
        (talk(USER, RESULT, RESULT, tools=TOOLS), PLAN, "rules[0]", ()),
        (talk(USER), PLAN, "rules[0]", ()),
        (talk(USER, tools=("other",)), PLAN, "rules[0]", ()),
        (talk(USER, tools=TOOLS), ANN, "rules[0]", ()),
        (talk(USER, tools=TOOLS), None, "rules[0]", ()),
    ],
)
def test_the_plan_is_followed_by_the_count_of_results_and_then_the_rules(
    conversation, caller, rule, calls
):
    said = PLANNED.answer(conversation, caller)
    assert (said.rule, said.calls) == (rule, calls)


def test_a_plan_without_rules_that_is_done_has_no_reply():
    said = script("{follow: plan}").answer(talk(USER, RESULT, RESULT, tools=TOOLS), PLAN)
    assert "no further call" in said.complaint


def test_what_a_conversation_holds_is_never_a_template():
    said = rules("{}", then="{text: 'You said {{ user }}'}")
    hostile = Message("user", "{{ 1 / 0 }}")
    assert said.answer(talk(hostile), ANN).text == "You said {{ 1 / 0 }}"


CONDITIONAL = """
rules:
  - {when: {last: user}, if: "session.vars.order == 17 and turn == 2", reply: {text: seventeen}}
  - {if: "'refund' in user", reply: {text: refund}}
"""


@pytest.mark.parametrize(
    ("caller", "messages", "text"),
    [
        (ANN, (USER,), "seventeen"),
        (replace(ANN, turn=3), (USER,), "refund"),
        (ANN, (USER, RESULT), "refund"),
    ],
)
def test_an_expression_can_decide_whether_a_rule_applies(caller, messages, text):
    said = script(CONDITIONAL).answer(talk(*messages), caller)
    assert isinstance(said, ModelReply)
    assert said.text == text


def test_an_expression_that_does_not_hold_is_told():
    said = script(CONDITIONAL).answer(talk(Message("user", "hello")), replace(ANN, turn=9))
    assert isinstance(said, NoReply)
    assert "which wants `if: session.vars.order == 17 and turn == 2` to hold" in said.complaint


def test_an_expression_that_cannot_be_evaluated_fails_the_reply():
    said = script(CONDITIONAL).answer(talk(USER), None)
    assert isinstance(said, NoReply)
    assert said.failed
    assert "there is no variable `session`" in said.complaint


def test_an_expression_that_is_none_is_a_mistake_of_the_script():
    compiler = Compiler()
    text = "rules: [{if: 'nobody ==', reply: {text: a}}]"
    compile_script(read_model(text.encode(), Path("s.yaml"), ScriptDefinition).value, compiler)
    assert [each.where for each in compiler.mistakes] == [("rules", 0, "if")]
