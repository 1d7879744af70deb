"""Lets an agent make OpenTelemetry spans of its own and hand them over, as instrumented clients do.

`own-spans` has something to hold against the wire then. The agent itself is not changed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from unittest.mock import patch

import httpx
import httpx2
from opentelemetry import propagate
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

from evalkit import Reply, Turn
from evalkit.telemetry.span_log import SpanLog

Answering: TypeAlias = Callable[[Turn], Awaitable[Reply]]

CLIENTS = (httpx.AsyncClient, httpx2.AsyncClient)
ASKING = ("/messages", "/chat/completions", "/responses")
"""How the paths end at which models are asked."""


@dataclass
class Tracing:
    """Makes a span of every request. `told_model` is the name that spans tell of every model, and
    `left_out` finds requests that no span is made of.
    """

    told_model: str | None = None
    left_out: Callable[[Any], bool] = lambda request: False
    log: SpanLog = field(default_factory=SpanLog)

    def __post_init__(self) -> None:
        provider = TracerProvider()
        provider.add_span_processor(self.log)
        self.tracer = provider.get_tracer("agent")

    def sending(self, send: Any) -> Any:
        """A client's `send` with a span around it, which the request names."""

        async def traced(client: Any, request: Any, **options: Any) -> Any:
            if self.left_out(request):
                return await send(client, request, **options)
            told = dict(self.told(request))
            with self.tracer.start_as_current_span(
                f"chat {told['gen_ai.request.model']}" if told else request.method,
                kind=SpanKind.CLIENT,
                attributes=told,
            ) as span:
                headers: dict[str, str] = {}
                propagate.inject(headers)
                request.headers.update(headers)
                response = await send(client, request, **options)
                span.set_attribute("http.response.status_code", response.status_code)
                return response

        return traced

    def told(self, request: Any) -> Iterator[tuple[str, str]]:
        """What the span of a model's call tells of it; of others nothing."""
        if request.url.path.endswith(ASKING):
            yield "gen_ai.operation.name", "chat"
            yield "gen_ai.request.model", self.told_model or json.loads(request.content)["model"]


@asynccontextmanager
async def traced(
    made: AbstractAsyncContextManager[Answering], tracing: Tracing
) -> AsyncIterator[Answering]:
    """An agent that hands its spans over in the context of its replies."""
    with ExitStack() as stack:
        for client in CLIENTS:
            stack.enter_context(patch.object(client, "send", tracing.sending(client.send)))
        async with made as answer:

            async def reply(turn: Turn) -> Reply:
                with tracing.log.turn() as own, tracing.tracer.start_as_current_span("turn"):
                    said = await answer(turn)
                    context = {**said.context, "spans": own.taken()}
                    return Reply(said.text, said.answer, said.confidence, context)

            yield reply
