"""The definition of a REST service. Its fields are the YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from evalkit.latency import Latency
from evalkit.services.auth.model import AuthPart
from evalkit.services.jobs.model import JobPart
from evalkit.services.queues.model import AnyQueue
from evalkit.services.quota.model import LimitsPart
from evalkit.services.rest import consuming, deferring
from evalkit.services.rest.operations import VERBS, Verb
from evalkit.services.state.model import StorePart
from evalkit.services.state.pages import MAX_LIMIT, Paging
from evalkit.services.webhooks.model import WebhookPart
from evalkit.suite.hosts import Host
from evalkit.suite.parts import Flag, OneOrMany, Part, Scope


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


class IdempotencyPart(Part):
    """How a repetition is known, and what becomes of one that is not what it seems."""

    header: str | None = Field(None, description="The header that holds the key")
    key: str | None = Field(None, description="An expression that gives it, like body.request_id")
    required: Flag = Field(False, description="Whether a request without a key is refused (400)")
    reused: Literal[409, 422] = Field(
        422, description="The status for a key that was used with a different request"
    )

    @model_validator(mode="after")
    def _one_place(self) -> IdempotencyPart:
        if (self.header is None) == (self.key is None):
            raise ValueError("an idempotency key is in a `header` or given by a `key` expression")
        return self


class EffectPart(Part):
    """What the service changes when the route answers with success (a status below 400)."""

    name: str
    key: tuple[str, ...] | str = Field(
        (), description="Expressions: two effects of one key are the same change made twice"
    )
    data: Any = Field({}, description="What the ledger keeps; `reply` is the reply's JSON")
    idempotency: IdempotencyPart | str | None = Field(
        None, description="The header that makes a repetition safe, or how else that is known"
    )

    @property
    def keys(self) -> tuple[str, ...]:
        """The expressions of the key."""
        return (self.key,) if isinstance(self.key, str) else self.key


class RoutePart(Part):
    """What one route answers. One that names a store needs no reply of its own."""

    read: str | None = Field(None, description="The store whose record of this key is read")
    create: str | None = Field(None, description="The store that gets a new record")
    update: str | None = Field(None, description="The store of whose record fields are set")
    replace: str | None = Field(None, description="The store of which a record is replaced")
    delete: str | None = Field(None, description="The store that loses a record")
    lists: str | None = Field(None, alias="list", description="The store whose records are listed")
    record: Any = Field(None, description="The record or its changes, instead of the body")
    where: Mapping[str, Any] = Field({}, description="Values that records must have; null: any")
    page: Annotated[int, Field(ge=1, le=MAX_LIMIT, strict=True)] = Field(
        20, description="Records on a page, unless the request has a `limit`"
    )
    paging: Paging = Field("cursor", description="How a request names the page that it wants")
    start: str | None = Field(None, description="The job that is started; the reply is a 202")
    put: str | None = Field(None, description="The queue that gets a new task or message")
    poll: str | None = Field(
        None, description="The job, task or message whose state is read, by the id in the path"
    )
    take: str | None = Field(None, description="The queue of which the next message is given out")
    acknowledge: str | None = Field(
        None, description="The queue of which a message is done with, by the lease in the path"
    )
    release: str | None = Field(
        None, description="The queue that gets a message back, by the lease in the path"
    )
    counts: str | None = Field(
        None, description="The queue whose messages are counted: waiting, taken, done with, dead"
    )
    reply: ReplyPart | None = None
    replies: tuple[ReplyPart, ...] = Field((), description="The first whose `if` holds answers")
    effect: EffectPart | None = None
    webhook: OneOrMany[WebhookPart] = Field((), description="What is told to the agent later")
    scopes: OneOrMany[Scope] = Field((), description="What a credential must allow")
    public: Flag = Field(False, description="Whether no credential is needed")
    latency: Latency | None = Field(None, description="Instead of the service's")

    @property
    def all_replies(self) -> tuple[ReplyPart, ...]:
        """Its replies, in their order."""
        return self.replies if self.reply is None else (self.reply,)

    @property
    def operations(self) -> tuple[tuple[Verb, str], ...]:
        """What it does, and to which store: one, or none."""
        stores = {verb: getattr(self, "lists" if verb == "list" else verb) for verb in VERBS}
        return tuple((verb, store) for verb, store in stores.items() if store is not None)

    @property
    def deferrals(self) -> tuple[tuple[deferring.Verb, str], ...]:
        """What it does with work that outlasts its reply, and which: one, or none."""
        named = ((verb, getattr(self, verb)) for verb in deferring.VERBS)
        return tuple((verb, name) for verb, name in named if name is not None)

    @property
    def consumptions(self) -> tuple[tuple[consuming.Verb, str], ...]:
        """What it does with a queue of messages, and which: one, or none."""
        named = ((verb, getattr(self, verb)) for verb in consuming.VERBS)
        return tuple((verb, name) for verb, name in named if name is not None)

    @property
    def makes_reply(self) -> bool:
        """Whether what it does makes a reply where none is worded."""
        return bool(self.operations or self.deferrals or self.consumptions)

    @model_validator(mode="after")
    def _some_reply(self) -> RoutePart:
        if self.reply is not None and self.replies:
            raise ValueError("a route has either `reply` or `replies`")
        if not (self.makes_reply or self.reply or self.replies):
            verbs = ", ".join((*VERBS, *deferring.VERBS, *consuming.OWN))
            raise ValueError(f"a route has `reply` or `replies`, or it does one of {verbs}")
        return self

    @model_validator(mode="after")
    def _one_operation(self) -> RoutePart:
        did = (*self.operations, *self.deferrals, *self.consumptions)
        verbs: list[str] = list(dict.fromkeys(verb for verb, _ in did))
        if len(verbs) > 1:
            raise ValueError(f"a route has one of {', '.join(verbs)}, not several")
        belongs = {"page": ("list",), "paging": ("list",), "where": VERBS[:1] + VERBS[2:]}
        belongs["record"] = ("create", "update", "replace")
        for name, allowed in belongs.items():
            if name in self.model_fields_set and not set(verbs) & set(allowed):
                raise ValueError(f"`{name}` goes with {', '.join(allowed)}")
        return self


class RestDefinition(LimitsPart):
    """One REST service. Routes are written `METHOD /path/{parameter}`."""

    service: Literal["rest"]
    hosts: tuple[Host, ...] = Field((), description="Origins that it answers")
    latency: Latency | None = None
    stores: Mapping[str, StorePart] = Field({}, description="What it remembers, by name")
    jobs: Mapping[str, JobPart] = Field({}, description="What routes start, by name")
    queues: Mapping[str, AnyQueue] = Field(
        {}, description="Tasks for people, or messages for whoever takes them, by name"
    )
    auth: AuthPart | None = Field(None, description="What a request must bring")
    routes: Annotated[Mapping[str, RoutePart], Field(min_length=1)]
