"""The agent of a suite: what it is, and how a turn reaches it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from evalkit.journal.records import Answer
from evalkit.suite.outside import CommandLine, HttpAgent
from evalkit.suite.parts import (
    METHOD,
    PATH,
    Count,
    JsonPath,
    OneOrMany,
    Part,
    Regex,
    exactly_one,
    missing_choice,
)
from evalkit.units import MILLISECOND, SECOND, Duration

KINDS = ("python", "asgi", "http", "command")
"""What an agent can be; exactly one of them is given."""


class ReplyMapping(Part):
    """Where the parts of a reply stand in an HTTP agent's JSON, as JSONPath expressions."""

    text: JsonPath = "$.text"
    answer: JsonPath | None = None
    confidence: JsonPath | None = None
    context: JsonPath | None = None
    error: JsonPath | None = None


class RequestTemplate(Part):
    """The HTTP request that carries one turn; its strings are templates."""

    method: str = Field("POST", pattern=METHOD)
    path: str = Field("/", pattern=PATH)
    headers: Mapping[str, str] = {}
    body: Any = Field(
        default={"input": "{{ turn.input }}", "session": "{{ session.id }}"},
        alias="json",
        description="The JSON body; null sends none",
    )


def _some_time(ns: int) -> int:
    if not ns:
        raise ValueError("0s is no time to wait; write more than that")
    return ns


_Wait: TypeAlias = Annotated[Duration, AfterValidator(_some_time)]


class Poll(Part):
    """How the reply of an agent that answers 202 is had: by asking until it is there."""

    path: str | None = Field(
        None,
        description="Where; a template that sees `accepted` (the JSON of the 202), `turn` and "
        "`session`; else the Location of the 202",
    )
    every: _Wait = Field(
        "1s", validate_default=True, description="How long from one to the next, unless Retry-After"
    )
    within: _Wait | None = Field(
        None, description="How long altogether; else as long as the turn may take"
    )
    state: JsonPath = Field("$.status", description="Where an answer says how far it is")
    done: OneOrMany[str] = Field(
        ("done", "completed", "complete", "succeeded", "success", "finished"),
        description="The states in which the reply is there",
    )
    failed: OneOrMany[str] = Field(
        ("failed", "failure", "error", "cancelled", "canceled", "expired"),
        description="The states in which there will be none",
    )


class Callback(Part):
    """How the reply of an agent that answers 202 is had: it posts it to `turn.callback_url`."""

    within: _Wait | None = Field(
        None, description="How long it may take; else as long as the turn may"
    )


class Agent(Part):
    """The software under test, and how a turn reaches it."""

    model_config = ConfigDict(defer_build=True, json_schema_extra=exactly_one(*KINDS))

    python: str | None = Field(None, description="file.py:name or package.module:name")
    http: HttpAgent | None = Field(None, description="An agent served over HTTP; runs live only")
    command: CommandLine | None = Field(
        None, description="A process that speaks JSON lines; runs live only"
    )
    asgi: str | None = Field(
        None,
        validate_default=True,
        description="file.py:app of an ASGI application; live and under load uvicorn serves it",
    )
    env: Mapping[str, str] = Field({}, description="Environment set before the agent is imported")
    request: RequestTemplate = Field(
        RequestTemplate(), description="Of an ASGI agent: the request that carries a turn"
    )
    reply: ReplyMapping = Field(
        ReplyMapping(), description="Of an ASGI agent: where the parts of its reply stand"
    )
    poll: Poll | None = Field(
        None, description="Of an ASGI agent that answers 202: how it is asked for its reply"
    )
    callback: Callback | None = Field(
        None, description="Of an ASGI agent that answers 202: that it calls back, and how soon"
    )
    answer_from: Mapping[Regex, Answer] = Field(
        {}, description="Regular expressions over the text, to tell the answer by; first match wins"
    )
    concurrency: Count | None = Field(None, description="How many turns it is given at a time")
    processes: Count | None = Field(
        None,
        description="Live, of a `python` or `command` agent: how many processes, each with one "
        "turn at a time (default: as many as turns at a time, at most 4)",
    )
    egress: Literal["open", "proxied", "enforced"] = Field(
        "proxied",
        description="Live: what keeps it from the real network: nothing, the proxy variables, or "
        "a network namespace that reaches the mocks only (Linux, where permitted)",
    )
    late: Duration = Field(
        50 * MILLISECOND,
        description="Live: how late the mocks may be at p99, or how long by themselves, before "
        "figures are not believed",
    )
    stall_after: Duration = Field(
        60 * SECOND, description="Real time without progress that ends a cell"
    )

    @field_validator("python", "asgi")
    @classmethod
    def _names_something(cls, value: str | None) -> str | None:
        if value is not None and not all(part.strip() for part in value.rpartition(":")):
            raise ValueError(
                f'"{value}" names nothing to load; allowed: file.py:name or package.module:name'
            )
        return value

    @field_validator("asgi")
    @classmethod
    def _one_kind(cls, value: str | None, info: ValidationInfo) -> str | None:
        others = [name for name in KINDS if name != "asgi"]
        if any(name not in info.data for name in others):
            return value  # one of them is wrong, and told of
        given = [name for name in others if info.data[name] is not None]
        if len(given) + (value is not None) > 1:
            raise ValueError("an agent is one of `python`, `asgi`, `http` and `command`; keep one")
        if value is None and not given:
            raise missing_choice(*KINDS)
        return value

    @field_validator("callback")
    @classmethod
    def _one_way(cls, value: Callback | None, info: ValidationInfo) -> Callback | None:
        if value is not None and info.data.get("poll") is not None:
            raise ValueError("an agent is polled or calls back; keep one of `poll` and `callback`")
        return value

    @field_validator("processes")
    @classmethod
    def _of_one_turn_each(cls, value: int | None, info: ValidationInfo) -> int | None:
        served = (info.data.get(name) is not None for name in ("asgi", "http"))
        if value is not None and any(served):
            raise ValueError("`processes` is for an agent that takes one turn at a time")
        return value

    @field_validator("request", "reply", "poll", "callback")
    @classmethod
    def _only_over_http(cls, value: Part | None, info: ValidationInfo) -> Part | None:
        called = (info.data.get(name) is None for name in ("python", "command"))
        if value is not None and not all(called):
            raise ValueError(f"`{info.field_name}` is for an agent called over HTTP, as `asgi` is")
        return value

    @property
    def outside(self) -> bool:
        """Whether it can be run live only."""
        return self.http is not None or self.command is not None
