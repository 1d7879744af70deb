"""What a model answers, before any provider has put it into its own words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from evalkit.quick import quick
from evalkit.services.llm import tokens
from evalkit.wire import Usage


class Finish(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    TOOL_CALLS = "tool_calls"
    LENGTH = "length"
    CONTENT_FILTER = "content_filter"


@quick
@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool. `arguments` is JSON text, as models write it."""

    name: str
    arguments: str


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReply:
    """A model's answer: text, tool calls, both, or a refusal. `rule` names what decided on it.

    `reasoning` is thought before the rest is said; whether it is shown is up to the API and the
    request. `confidence` is the probability that the model gives each of its tokens. `others` are
    what it says where several choices are asked for. `stopped_by` is the stop sequence met.
    """

    text: str | None = None
    calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None
    reasoning: str | None = None
    finish: Finish = Finish.STOP
    usage: Usage | None = None
    rule: str | None = None
    confidence: float | None = None
    others: tuple[str, ...] = ()
    stopped_by: str | None = None

    def reasoning_tokens(self) -> int:
        """The tokens that are thought and not said: as the script says, else an estimate."""
        stated = 0 if self.usage is None else self.usage.reasoning
        return stated or (tokens.count(self.reasoning) if self.reasoning else 0)

    def spoken_tokens(self) -> int:
        """An estimate of the tokens it takes to say this, without the reasoning."""
        written = tokens.count(self.text) if self.text else 0
        if self.refusal:
            written += tokens.count(self.refusal)
        for call in self.calls:
            written += tokens.count(call.name) + tokens.count(call.arguments)
        return written

    def output_tokens(self) -> int:
        """An estimate of the tokens it takes to think and say this."""
        return self.reasoning_tokens() + self.spoken_tokens()

    def until(self, stops: Iterable[str]) -> ModelReply:
        """The same, its text ended before the first of these stop sequences."""
        if not self.text or not stops:
            return self
        places = [(at, stop) for stop in stops if stop and (at := self.text.find(stop)) >= 0]
        if not places:
            return self
        at, stop = min(places)
        return replace(self, text=self.text[:at], calls=(), finish=Finish.STOP, stopped_by=stop)

    def within(self, limit: int | None) -> ModelReply:
        """The same, its text cut off where a limit of tokens was reached."""
        if limit is None or not self.text:
            return self
        left = max(limit - self.reasoning_tokens(), 0)
        if tokens.count(self.text) <= left:
            return self
        text = tokens.head(self.text, left)
        return replace(self, text=text, finish=Finish.LENGTH, stopped_by=None)

    def choices(self, number: int) -> tuple[ModelReply, ...]:
        """So many choices: this one, then the others in turn, and round again."""
        if number == 1:
            return (self,)
        said = [self.text, *self.others]
        others = (replace(self, text=said[at % len(said)]) for at in range(1, number))
        return (self, *others)


@dataclass(frozen=True, slots=True)
class NoReply:
    """No reply could be made. `failed` says that a rule matched and could not be carried out."""

    complaint: str
    failed: bool = False
