"""The definition of a REST service. Its fields are the YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from evalkit.services.hosts import Host
from evalkit.services.latency import Latency
from evalkit.suite.parts import Part


class ReplyPart(Part):
    """One reply of a route. `json` or `text` is the body; neither leaves it empty."""

    condition: str | None = Field(None, alias="if", description="An expression; none always holds")
    status: Annotated[int, Field(ge=200, le=599)] = 200
    headers: Mapping[str, str] = {}
    body: Any = Field(None, alias="json", description="A JSON value; its texts are templates")
    text: str | None = Field(None, description="A text; a template")

    @property
    def has_json(self) -> bool:
        """Whether `json` was written, be it null."""
        return "body" in self.model_fields_set

    @model_validator(mode="after")
    def _one_body(self) -> ReplyPart:
        if self.has_json and self.text is not None:
            raise ValueError("a reply has `json` or `text`, not both")
        return self


class EffectPart(Part):
    """What the service changes when the route answers with success (a status below 400)."""

    name: str
    key: tuple[str, ...] | str = Field(
        (), description="Expressions: two effects of one key are the same change made twice"
    )
    data: Any = Field({}, description="What the ledger keeps; `reply` is the reply's JSON")
    idempotency: str | None = Field(None, description="The header that makes a repetition safe")

    @property
    def keys(self) -> tuple[str, ...]:
        """The expressions of the key."""
        return (self.key,) if isinstance(self.key, str) else self.key


class RoutePart(Part):
    """What one route answers."""

    reply: ReplyPart | None = None
    replies: tuple[ReplyPart, ...] = Field((), description="The first whose `if` holds answers")
    effect: EffectPart | None = None
    latency: Latency | None = Field(None, description="Instead of the service's")

    @property
    def all_replies(self) -> tuple[ReplyPart, ...]:
        """Its replies, in their order."""
        return self.replies if self.reply is None else (self.reply,)

    @model_validator(mode="after")
    def _some_reply(self) -> RoutePart:
        if (self.reply is None) == (not self.replies):
            raise ValueError("a route has either `reply` or `replies`")
        return self


class RestDefinition(Part):
    """One REST service. Routes are written `METHOD /path/{parameter}`."""

    service: Literal["rest"]
    hosts: tuple[Host, ...] = Field((), description="Origins that it answers")
    latency: Latency | None = None
    routes: Annotated[Mapping[str, RoutePart], Field(min_length=1)]
