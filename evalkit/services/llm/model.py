"""The script of a model. Its fields are the YAML."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from evalkit.services.llm.reply import Finish
from evalkit.suite.parts import Count, Natural, Part, Regex


class Conditions(Part):
    """What must hold of the conversation in a request: all that is given."""

    model: str | None = Field(None, description="Glob over the model asked for")
    system: Regex | None = Field(None, description="Found in the system text")
    last: Literal["system", "user", "assistant", "tool"] | None = Field(
        None, description="Role of the last message"
    )
    text: Regex | None = Field(None, description="Found in the last text of the user")
    turn: Count | None = Field(None, description="How many user messages")
    tool: str | None = Field(None, description="Tool whose result is the last message")
    offers: str | None = Field(None, description="A tool that the request offers")


class CallPart(Part):
    """A tool call of the model."""

    name: str
    arguments: Any = Field({}, description="A value; a text is sent as it is, be it JSON or not")


class UsagePart(Part):
    """Tokens, instead of their estimate."""

    input: Natural
    output: Natural


class ModelReplyPart(Part):
    """What the model says: a text, a JSON value sent as text, tool calls, or a refusal."""

    text: str | None = None
    body: Any = Field(None, alias="json", description="A value, sent as JSON text")
    calls: tuple[CallPart, ...] = ()
    refusal: str | None = None
    finish: Finish | None = Field(None, description="Why it stopped, if not as its parts say")
    usage: UsagePart | None = None

    @property
    def has_json(self) -> bool:
        """Whether `json` was written, be it null."""
        return "body" in self.model_fields_set

    @model_validator(mode="after")
    def _says_something(self) -> ModelReplyPart:
        said = [self.text is not None, self.has_json, self.refusal is not None]
        if sum(said) > 1:
            raise ValueError("a reply has one of `text`, `json` and `refusal`")
        if not (any(said) or self.calls):
            raise ValueError("a reply has `text`, `json`, `calls` or `refusal`")
        return self


class RulePart(Part):
    """One rule: when it applies, and what the model then says."""

    when: Conditions = Conditions()
    reply: ModelReplyPart


class ScriptDefinition(Part):
    """What a model says. The first rule whose conditions hold answers."""

    follow: Literal["plan"] | None = Field(
        None, description="Make the session's planned tool calls before anything else"
    )
    rules: tuple[RulePart, ...] = ()

    @model_validator(mode="after")
    def _something(self) -> ScriptDefinition:
        if not self.rules and self.follow is None:
            raise ValueError("a script has `rules`, or follows the plan")
        return self
