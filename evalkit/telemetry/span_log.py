"""Collects the spans that an agent makes itself, turn by turn, to be handed over with its reply.

Used in the agent's process, and the one module of evalkit that needs OpenTelemetry's SDK (the extra
`telemetry`). What is done with the spans: see `evalkit.checks.own_spans`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor


class TurnSpans:
    """The spans that were begun in one turn."""

    def __init__(self) -> None:
        self._spans: list[ReadableSpan] = []

    def add(self, span: ReadableSpan) -> None:
        """Keep a span that has begun."""
        self._spans.append(span)

    def taken(self) -> list[Any]:
        """The spans as they are by now, as JSON values; those under way have no end yet."""
        return [json.loads(each.to_json()) for each in self._spans]


class SpanLog(SpanProcessor):
    """Keeps the spans that are begun within `turn()`, in tasks that are begun there too."""

    def __init__(self) -> None:
        self._turn: ContextVar[TurnSpans | None] = ContextVar("evalkit.spans", default=None)

    @contextmanager
    def turn(self) -> Iterator[TurnSpans]:
        """A turn: the spans that are begun from here on, in this context, are its own."""
        own = TurnSpans()
        token = self._turn.set(own)
        try:
            yield own
        finally:
            self._turn.reset(token)

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """A span has begun."""
        del parent_context
        own = self._turn.get()
        if own is not None:
            own.add(span)
