"""Which rules of a script a conversation was tried against, and what each of them wants."""

from __future__ import annotations

from evalkit.services.explaining import Tried
from evalkit.services.llm.conversation import Conversation
from evalkit.services.llm.script import Rule, Script
from evalkit.wire import Caller


def tried(script: Script, conversation: Conversation, caller: Caller | None) -> tuple[Tried, ...]:
    """The plan of the session and the rules in order, up to the one that answers."""
    planned = script.planned(conversation, caller)
    if planned is not None:
        return (Tried(planned.rule or "plan", None),)
    found: list[Tried] = []
    for rule in script.rules:
        found.append(_tried(rule, conversation))
        if found[-1].differs is None:
            break
    return tuple(found)


def _tried(rule: Rule, conversation: Conversation) -> Tried:
    failed = next((each for each in rule.conditions if not each.holds(conversation)), None)
    differs = None if failed is None else failed.differs(conversation)
    return Tried(rule.name, differs, tuple(each.wants for each in rule.conditions))
