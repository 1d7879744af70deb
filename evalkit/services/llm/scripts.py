"""The scripts of the several agents behind one service: the first that fits the request answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from evalkit.services.explaining import Tried
from evalkit.services.llm.auto import Auto
from evalkit.services.llm.conditions import Condition
from evalkit.services.llm.conversation import Conversation
from evalkit.services.llm.explaining import tried
from evalkit.services.llm.remembered import Remembered
from evalkit.services.llm.reply import ModelReply, NoReply
from evalkit.services.llm.script import Script
from evalkit.wire import Caller


class Speaker(Protocol):
    """Who answers a conversation."""

    def answer(self, conversation: Conversation, caller: Caller | None) -> ModelReply | NoReply:
        """What the model says to this conversation."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """One script, and the conversations that it is for. Its name stands before its rules'."""

    name: str
    conditions: tuple[Condition, ...]
    script: Script | Auto

    def fits(self, conversation: Conversation) -> bool:
        """Whether the conversation is of this script's agent."""
        return not self.conditions or all(each.holds(conversation) for each in self.conditions)


class Scripts:
    """Several scripts, told apart by model, system prompt or header."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = tuple(parts)
        own = (each for part in self._parts for each in part.conditions)
        self.reads_headers = any(each.of_header for each in own) or any(
            part.script.reads_headers for part in self._parts
        )
        """Whether it matters with which headers a conversation is brought."""
        self._personal = any(part.script.personal for part in self._parts)
        self._said: Remembered[ModelReply] = Remembered()

    @classmethod
    def one(cls, script: Script | Auto) -> Scripts:
        """A single script, for every request."""
        return cls([Part("", (), script)])

    def answer(self, conversation: Conversation, caller: Caller | None) -> ModelReply | NoReply:
        """What the model says to this conversation."""
        if not conversation.steady:
            return self._answer(conversation, caller)
        of = caller if self._personal else None
        if (known := self._said.get(conversation, of)) is not None:
            return known
        said = self._answer(conversation, caller)
        if isinstance(said, NoReply):
            return said
        return self._said.keep(said, conversation, of)

    def _answer(self, conversation: Conversation, caller: Caller | None) -> ModelReply | NoReply:
        part = self._chosen(conversation)
        if part is None:
            return NoReply(self._why_none(conversation))
        said = part.script.answer(conversation, caller)
        if not part.name:
            return said
        if isinstance(said, NoReply):
            return replace(said, complaint=f"{part.name}: {said.complaint}")
        return replace(said, rule=f"{part.name} {said.rule}")

    def tried(self, conversation: Conversation, caller: Caller | None) -> tuple[Tried, ...]:
        """The rules that a conversation was tried against, up to the one that answers."""
        part = self._chosen(conversation)
        if part is None:
            return ()
        if isinstance(part.script, Auto):
            return (Tried(f"{part.name} auto".strip(), None),)
        rules = tried(part.script, conversation, caller)
        if not part.name:
            return rules
        return tuple(replace(each, name=f"{part.name} {each.name}") for each in rules)

    def _chosen(self, conversation: Conversation) -> Part | None:
        for part in self._parts:
            if part.fits(conversation):
                return part
        return None

    def _why_none(self, conversation: Conversation) -> str:
        kept = []
        for part in self._parts:
            failed = next(each for each in part.conditions if not each.holds(conversation))
            kept.append(f"{part.name} wants {failed.differs(conversation)}")
        return f"no script is for the request: {'; '.join(kept)}"
