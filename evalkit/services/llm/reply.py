"""What a model answers, before any provider has put it into its own words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from evalkit.services.llm import tokens
from evalkit.wire import Usage


class Finish(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    TOOL_CALLS = "tool_calls"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool. `arguments` is JSON text, as models write it."""

    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReply:
    """A model's answer: text, tool calls, both, or a refusal. `rule` names what decided on it."""

    text: str | None = None
    calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None
    finish: Finish = Finish.STOP
    usage: Usage | None = None
    rule: str | None = None

    def output_tokens(self) -> int:
        """An estimate of the tokens it takes to say this."""
        texts = (self.text or "", self.refusal or "")
        calls = (text for call in self.calls for text in (call.name, call.arguments))
        return sum(map(tokens.count, texts)) + sum(map(tokens.count, calls))

    def within(self, limit: int | None) -> ModelReply:
        """The same, its text cut off where a limit of tokens was reached."""
        if limit is None or not self.text or tokens.count(self.text) <= limit:
            return self
        return replace(self, text=tokens.head(self.text, limit), finish=Finish.LENGTH)


@dataclass(frozen=True, slots=True)
class NoReply:
    """No reply could be made. `failed` says that a rule matched and could not be carried out."""

    complaint: str
    failed: bool = False
