"""The definition of an MCP service. Its fields are the YAML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from evalkit.latency import Latency
from evalkit.services.mcp.versions import REVISIONS, Revision
from evalkit.services.quota.model import LimitsPart
from evalkit.suite.hosts import Host
from evalkit.suite.parts import Count, Flag, Part
from evalkit.units import Duration

_TOOL_NAME = re.compile(r"[A-Za-z0-9_./-]{1,128}")
_URL_PATH = re.compile(r"/[A-Za-z0-9._~/-]*")


def _tool_name(text: str) -> str:
    if not _TOOL_NAME.fullmatch(text):
        raise ValueError("a tool's name has letters, digits, _ - . and /, at most 128 of them")
    return text


def _url_path(text: str) -> str:
    if not _URL_PATH.fullmatch(text):
        raise ValueError("a path begins with / and has letters, digits and . _ ~ - / only")
    return text


ToolName = Annotated[str, AfterValidator(_tool_name)]
UrlPath = Annotated[str, AfterValidator(_url_path)]
JsonSchema = dict[str, Any]


class SaidPart(Part):
    """One reply: `json`, `text`, `content` or `error`; none of them leaves it empty."""

    condition: str | None = Field(None, alias="if", description="An expression; none always holds")
    body: Any = Field(None, alias="json", description="A JSON value; its texts are templates")
    text: str | None = Field(None, description="A text; a template")
    content: tuple[Mapping[str, Any], ...] | None = Field(
        None, description="Blocks as the protocol has them, like {type: image, data: …}"
    )
    error: str | None = Field(None, description="A text; the result says that the tool failed")

    @property
    def has_json(self) -> bool:
        """Whether `json` was written, be it null."""
        return "body" in self.model_fields_set

    @model_validator(mode="after")
    def _one_body(self) -> SaidPart:
        others = (self.text, self.content, self.error)
        if self.has_json + sum(each is not None for each in others) > 1:
            raise ValueError("a reply has one of `json`, `text`, `content` and `error`")
        return self


class ToolEffectPart(Part):
    """What a tool changes when it succeeds."""

    name: str
    key: tuple[str, ...] | str = Field(
        (), description="Expressions: two effects of one key are the same change made twice"
    )
    data: Any = Field({}, description="What the ledger keeps; `reply` is the tool's JSON or text")
    idempotency: str | None = Field(
        None, description="An expression, like arguments.request_id, that makes a repetition safe"
    )

    @property
    def keys(self) -> tuple[str, ...]:
        """The expressions of the key."""
        return (self.key,) if isinstance(self.key, str) else self.key


class ToolPart(Part):
    """One tool. Without a reply it answers with no content."""

    title: str | None = None
    description: str | None = None
    input: JsonSchema = Field({"type": "object"}, description="The JSON Schema of its arguments")
    output: JsonSchema | None = Field(None, description="The JSON Schema of its structured content")
    annotations: Mapping[str, Any] = Field({}, description="Hints, like {readOnlyHint: true}")
    reply: SaidPart | None = None
    replies: tuple[SaidPart, ...] = Field((), description="The first whose `if` holds answers")
    error: str | None = Field(None, description="A text: it always fails, saying that")
    effect: ToolEffectPart | None = None
    latency: Latency | None = Field(None, description="Instead of the service's")
    progress: Annotated[int, Field(ge=0, le=1000, strict=True)] = Field(
        0, description="How many times it tells its progress, if the client asks for it"
    )

    @model_validator(mode="after")
    def _one_reply(self) -> ToolPart:
        given = (self.reply is not None) + bool(self.replies) + (self.error is not None)
        if given > 1:
            raise ValueError("a tool has one of `reply`, `replies` and `error`")
        return self


class ResourcePart(Part):
    """One resource, or a template of many where its URI has `{parameters}`."""

    name: str | None = Field(None, description="Its name; the URI if there is none")
    title: str | None = None
    description: str | None = None
    mime: str | None = Field(None, description="Its media type, like application/json")
    body: Any = Field(None, alias="json", description="A JSON value; its texts are templates")
    text: str | None = Field(None, description="A text; a template")
    blob: str | None = Field(None, description="Bytes, in base64")
    found: str | None = Field(
        None, alias="if", description="An expression: where it does not hold, there is no such one"
    )
    latency: Latency | None = Field(None, description="Instead of the service's")

    @property
    def has_json(self) -> bool:
        """Whether `json` was written, be it null."""
        return "body" in self.model_fields_set

    @model_validator(mode="after")
    def _one_body(self) -> ResourcePart:
        if self.has_json + (self.text is not None) + (self.blob is not None) != 1:
            raise ValueError("a resource has one of `json`, `text` and `blob`")
        return self


class PromptArgumentPart(Part):
    """One argument of a prompt; its value is a text."""

    description: str | None = None
    required: Flag = False


class PromptMessagePart(Part):
    """One message of a prompt."""

    role: Literal["user", "assistant"] = "user"
    text: str


class PromptPart(Part):
    """One prompt."""

    title: str | None = None
    description: str | None = None
    arguments: Mapping[str, PromptArgumentPart] = {}
    messages: Annotated[tuple[PromptMessagePart, ...], Field(min_length=1)]
    latency: Latency | None = Field(None, description="Instead of the service's")


class ChangePart(Part):
    """How the list of tools changes while a client is at work; it is told so."""

    after: Duration = Field(description="How long after the client's first request")
    remove: tuple[str, ...] = Field((), description="Tools that are no more")
    rename: Mapping[str, ToolName] = Field({}, description="New names of tools, by their old ones")
    tools: Mapping[ToolName, ToolPart] = Field({}, description="Tools that are new or different")

    @model_validator(mode="after")
    def _some_change(self) -> ChangePart:
        if not (self.remove or self.rename or self.tools):
            raise ValueError("a change has `remove`, `rename` or `tools`")
        return self


class OperationsPart(Part):
    """A contract whose operations are tools. Written as a text, it is the file."""

    file: str = Field(
        description="An OpenAPI document, or a definition with `service: openapi`, beside this file"
    )
    only: tuple[str, ...] = Field((), description="Globs of the tools' names; none: all of them")

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        return {"file": value} if isinstance(value, str) else value


class McpDefinition(LimitsPart):
    """One MCP server over streamable HTTP, or over stdio with `evalkit mcp-stdio`."""

    service: Literal["mcp"]
    hosts: tuple[Host, ...] = Field((), description="Origins that it answers")
    path: UrlPath = Field("/mcp", description="Where its endpoint is")
    latency: Latency | None = Field(None, description="Of every request")
    name: str | None = Field(None, description="What it calls itself; the service's name if none")
    version: str = "1.0.0"
    instructions: str | None = Field(None, description="What it tells a client about its use")
    revisions: Annotated[tuple[Revision, ...], Field(min_length=1)] = Field(
        REVISIONS, description="The revisions of the protocol that it speaks"
    )
    sessions: Flag = Field(True, description="Whether it gives session ids, where they exist")
    session_lifetime: Duration | None = Field(
        None, description="How long a session lives; none: until the client ends it"
    )
    answers: Literal["stream", "json"] = Field(
        "stream", description="Whether replies are event streams or plain JSON"
    )
    page: Count = Field(100, description="How many entries a page of a list has")
    tools: Mapping[ToolName, ToolPart] = {}
    tools_from: OperationsPart | None = Field(
        None, description="A contract whose operations are tools, beside those of `tools`"
    )
    resources: Mapping[str, ResourcePart] = Field({}, description="By URI")
    prompts: Mapping[str, PromptPart] = {}
    changes: tuple[ChangePart, ...] = ()

    @model_validator(mode="after")
    def _something(self) -> McpDefinition:
        if not (self.tools or self.tools_from or self.resources or self.prompts):
            raise ValueError("an mcp service has `tools`, `resources` or `prompts`")
        if any(one.after >= two.after for one, two in pairwise(self.changes)):
            raise ValueError("`changes` stand in the order of their `after`, no two at one time")
        return self
