"""A scripted model: it has no state but the conversation in the request.

So it says the same to the same conversation, whatever was asked before, by whom, and in what order.
`follow: plan` makes the tool calls planned for the session: as many results of tools as the
conversation holds, so many planned calls are done, and the next is made if the request offers its
tool. Otherwise, and after the last, the first rule whose conditions all hold answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.services.attribution import caller_variables, unattributed
from evalkit.services.bodies import json_text
from evalkit.services.compiling import Compiler
from evalkit.services.llm.conditions import Condition, conditions_of
from evalkit.services.llm.conversation import Conversation, value_of
from evalkit.services.llm.model import ModelReplyPart, RulePart, ScriptDefinition
from evalkit.services.llm.reply import Finish, ModelReply, NoReply, ToolCall
from evalkit.services.template import Expression, RenderError, Template, Where, rendering
from evalkit.wire import Caller, Usage

NAMES = ("session", "turn", "model", "user", "result", "results", "turns", "history", "tools")
"""The variables that replies of a script see."""

_OF_CALLER = frozenset({"session", "turn"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule, compiled."""

    name: str
    conditions: tuple[Condition, ...]
    said: Template
    calls: Template
    kind: str
    finish: Finish
    usage: Usage | None
    names: frozenset[str]
    reasoning: Template
    others: Template
    confidence: float | None = None
    condition: Expression | None = None

    def applies(self, conversation: Conversation) -> bool:
        """Whether all its conditions hold, but for its `if`."""
        return not self.conditions or all(each.holds(conversation) for each in self.conditions)

    def reply(self, variables: Mapping[str, Any]) -> ModelReply:
        """What the model says by this rule, inside a rendering. Raises `RenderError`."""
        said, reasoning = self.said.within(variables), self.reasoning.within(variables)
        text = _as_text(said) if self.kind != "json" else json_text(said)
        calls, others = self.calls.within(variables), self.others.within(variables)
        return ModelReply(
            text=text if self.kind in ("text", "json") else None,
            refusal=text if self.kind == "refusal" else None,
            calls=tuple([ToolCall(call["name"], _arguments(call["arguments"])) for call in calls]),
            reasoning=None if reasoning is None else _as_text(reasoning),
            others=tuple(map(_as_text, others)) if others else (),
            confidence=self.confidence,
            finish=self.finish,
            usage=self.usage,
            rule=self.name,
        )


class Script:
    """The rules of a model, and whether it follows the plan of a session first."""

    def __init__(self, rules: tuple[Rule, ...], *, follows_plan: bool) -> None:
        self.rules = rules
        self._follows_plan = follows_plan
        self.reads_headers = any(each.of_header for rule in rules for each in rule.conditions)
        """Whether it matters with which headers a conversation is brought."""
        self.personal = follows_plan or any(not _OF_CALLER.isdisjoint(e.names) for e in rules)
        """Whether it matters on whose behalf it is asked."""

    def answer(self, conversation: Conversation, caller: Caller | None) -> ModelReply | NoReply:
        """What the model says to this conversation."""
        planned = self.planned(conversation, caller)
        if planned is not None:
            return planned
        for rule in self.rules:
            if not rule.applies(conversation):
                continue
            reply = _by_rule(rule, conversation, caller)
            if reply is not None:
                return reply
        return NoReply(self._why_none(conversation, caller))

    def planned(self, conversation: Conversation, caller: Caller | None) -> ModelReply | None:
        """The call that the plan of the session has next; None where there is none to make."""
        if not self._follows_plan or caller is None:
            return None
        done = len(conversation.tool_messages)
        call = caller.plan[done] if done < len(caller.plan) else {}
        if call.get("tool") not in conversation.tools:
            return None
        return ModelReply(
            calls=(ToolCall(call["tool"], _arguments(call.get("arguments", {}))),),
            finish=Finish.TOOL_CALLS,
            rule=f"plan[{done}]",
        )

    def _why_none(self, conversation: Conversation, caller: Caller | None) -> str:
        """Which rule came nearest, and what kept it from answering."""
        if not self.rules:
            why = "the plan of the session has no further call for it, and there are no rules"
            return why + unattributed(caller)

        def held(rule: Rule) -> tuple[float, int]:
            holding = [condition.holds(conversation) for condition in rule.conditions]
            return sum(holding) / max(len(holding), 1), len(holding)

        nearest = max(self.rules, key=held)
        failed = [each for each in nearest.conditions if not each.holds(conversation)]
        if not failed and nearest.condition is not None:
            wants = f"`if: {nearest.condition.text}` to hold{unattributed(caller)}"
        else:
            wants = failed[0].differs(conversation)
        return (
            f"no rule of the script fits the request; the nearest is {nearest.name}, "
            f"which wants {wants}"
        )


def compile_script(definition: ScriptDefinition, compiler: Compiler) -> Script:
    """The script compiled. Its mistakes are left with the compiler."""
    rules = tuple(_rule(at, part, compiler) for at, part in enumerate(definition.rules))
    return Script(rules, follows_plan=definition.follow == "plan")


def _rule(at: int, part: RulePart, compiler: Compiler) -> Rule:
    where: Where = ("rules", at, "reply")
    reply = part.reply
    kind, value = _said(reply)
    said = compiler.value((*where, kind), value, NAMES)
    calls = compiler.value((*where, "calls"), [each.model_dump() for each in reply.calls], NAMES)
    reasoning = compiler.value((*where, "reasoning"), reply.reasoning, NAMES)
    others = compiler.value((*where, "others"), list(reply.others), NAMES)
    condition = None
    if part.condition is not None:
        condition = compiler.expression(("rules", at, "if"), part.condition, NAMES)
    return Rule(
        name=f"rules[{at}]",
        conditions=conditions_of(part.when),
        said=said,
        calls=calls,
        kind=kind,
        finish=reply.finish or (Finish.TOOL_CALLS if reply.calls else Finish.STOP),
        usage=None if reply.usage is None else Usage(**reply.usage.model_dump()),
        names=(said.names | calls.names | reasoning.names | others.names)
        | (condition.names if condition else frozenset()),
        reasoning=reasoning,
        others=others,
        confidence=reply.confidence,
        condition=condition,
    )


def _said(reply: ModelReplyPart) -> tuple[str, Any]:
    """The key that holds what the model says, and its value; `calls` where it only calls tools."""
    if reply.has_json:
        return "json", reply.body
    if reply.refusal is not None:
        return "refusal", reply.refusal
    return ("calls", None) if reply.text is None else ("text", reply.text)


def _by_rule(
    rule: Rule, conversation: Conversation, caller: Caller | None
) -> ModelReply | NoReply | None:
    """What the model says by this rule; None where its `if` does not hold."""
    variables = _variables(conversation, caller, rule.names)
    try:
        with rendering(variables):
            if rule.condition is not None and not rule.condition.holds(variables):
                return None
            return rule.reply(variables)
    except RenderError as error:
        why = f"{rule.name} could not be carried out: {error}{unattributed(caller)}"
        return NoReply(why, failed=True)


def _variables(
    conversation: Conversation, caller: Caller | None, names: frozenset[str]
) -> dict[str, Any]:
    if not names:
        return {}
    found: dict[str, Any] = {"model": conversation.model, "turns": conversation.turns}
    found.update(caller_variables(caller))
    if conversation.user is not None:
        found["user"] = conversation.user
    if "result" in names and conversation.tool_messages:
        found["result"] = value_of(conversation.tool_messages[-1].text)
    if "results" in names:
        found["results"] = conversation.results()
    if "history" in names:
        found["history"] = conversation.history()
    if "tools" in names:
        found["tools"] = list(conversation.tools)
    return found


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value)


def _arguments(value: Any) -> str:
    """Arguments as a model writes them: JSON text. A text is left as it is, be it JSON or not."""
    return value if isinstance(value, str) else json_text(value)
