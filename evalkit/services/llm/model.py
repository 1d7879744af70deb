"""The script of a model. Its fields are the YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from evalkit.services.llm.reply import Finish
from evalkit.suite.parts import Count, Flag, Natural, Part, Regex


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
    format: str | None = Field(
        None, description="Glob over the name of the JSON Schema that the reply is wanted in"
    )
    images: Flag | None = Field(None, description="Whether the conversation holds images")
    files: Flag | None = Field(None, description="Whether the conversation holds files")
    header: Mapping[str, Regex] = Field({}, description="Found in a header of the request")


class CallPart(Part):
    """A tool call of the model."""

    name: str
    arguments: Any = Field({}, description="A value; a text is sent as it is, be it JSON or not")


class UsagePart(Part):
    """Tokens, instead of recorded usage or their estimate: one for every four bytes of a text
    (UTF-8, rounded up); of what is read, tools as their JSON, 4 more for each message, 3 for the
    conversation, and 85 for each image or file.
    """

    input: Natural = Field(description="All tokens read")
    output: Natural = Field(description="All tokens written, reasoning included")
    cached: Natural = Field(0, description="Of the input, read from the cache")
    cache_write: Natural = Field(0, description="Of the input, written to the cache")
    reasoning: Natural = Field(0, description="Of the output, thought and not said")

    @model_validator(mode="after")
    def _parts_fit(self) -> UsagePart:
        if self.cached + self.cache_write > self.input:
            raise ValueError("`cached` and `cache_write` are parts of `input`, and more than it")
        if self.reasoning > self.output:
            raise ValueError("`reasoning` is a part of `output`, and more than it")
        return self


Confidence = Annotated[float, Field(gt=0, le=1)]
"""A probability above zero."""


class ModelReplyPart(Part):
    """What the model says: a text, a JSON value sent as text, tool calls, or a refusal."""

    text: str | None = None
    body: Any = Field(None, alias="json", description="A value, sent as JSON text")
    calls: tuple[CallPart, ...] = ()
    refusal: str | None = None
    reasoning: str | None = Field(None, description="What it thinks before it says the rest")
    confidence: Confidence | None = Field(
        None, description="Probability of each of its tokens, told as logprobs where asked for"
    )
    others: tuple[str, ...] = Field((), description="Texts of the further choices, with `n`")
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
    condition: str | None = Field(
        None, alias="if", description="An expression that must hold too, over what replies see"
    )
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
