"""`status: 503`: the service answers with an error."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import Field, PlainValidator

from evalkit.faults.base import Fault
from evalkit.faults.envelope import Envelope, envelope_of, error_body
from evalkit.faults.steps import waits_before
from evalkit.keyed import Draw
from evalkit.units import SECOND, parse_duration
from evalkit.wire import Headers, Reply, Step


def _retry_after(value: object) -> str:
    """The text of a Retry-After header, of a duration, a number of seconds, or an HTTP date."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1e12:
        return _seconds(value)
    if isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        return value
    with suppress(ValueError):
        return _seconds(parse_duration(value) / SECOND)
    with suppress(ValueError):
        parsedate_to_datetime(str(value))
        return str(value)
    raise ValueError(
        f"{value!r} is no time to wait; allowed: a duration like 1s, a number of seconds, "
        "or an HTTP date like Mon, 05 Jan 2026 09:00:05 GMT"
    )


def _seconds(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)


RetryAfter: TypeAlias = Annotated[
    str, PlainValidator(_retry_after, json_schema_input_type=float | str)
]


class Status(Fault):
    """The whole reply is replaced by an error, and nothing is committed."""

    name: ClassVar[str] = "status"
    follows: ClassVar[bool] = True

    status: Annotated[int, Field(ge=400, le=599, strict=True)] = Field(
        description="An HTTP status, 400 to 599"
    )
    retry_after: RetryAfter | None = Field(
        None, description="The Retry-After header: a duration, a number of seconds or an HTTP date"
    )
    retry_after_ms: Annotated[int, Field(ge=0, strict=True)] | None = Field(
        None, description="The retry-after-ms header that OpenAI's clients read"
    )
    should_retry: Annotated[bool, Field(strict=True)] | None = Field(
        None,
        description="The x-should-retry header, by which the clients of OpenAI and Anthropic go "
        "whatever the status: whether to ask again",
    )
    envelope: Envelope = Field(
        "auto", description="How the error is worded; auto goes by the kind of the service"
    )
    body: str | Mapping[str, Any] | Sequence[Any] | None = Field(
        None, description="The body instead of an envelope: text, or a value sent as JSON"
    )

    def for_kind(self, kind: str) -> Status:
        """The fault with the envelope that fits a service of this kind."""
        if self.envelope != "auto":
            return self
        return self.model_copy(update={"envelope": envelope_of(kind)})

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The error, sent when the first byte was due. That nothing answered stays known."""
        del draw
        error = self._error()
        plan: list[Step] = [replace(step, fault=self.name) for step in error.plan]
        return replace(
            error,
            plan=(*waits_before(reply), *plan),
            route=reply.route,
            complaint=reply.complaint,
            breaches=reply.breaches,
        )

    def _error(self) -> Reply:
        if isinstance(self.body, str):
            text = self.body.encode()
            kind = "text/plain; charset=utf-8"
            return Reply.whole(text, status=self.status, content_type=kind, headers=self._headers())
        body = error_body(self.envelope, self.status) if self.body is None else self.body
        return Reply.json(body, status=self.status, headers=self._headers())

    def _headers(self) -> Headers:
        retry = None if self.should_retry is None else str(self.should_retry).lower()
        given = {
            "retry-after": self.retry_after,
            "retry-after-ms": self.retry_after_ms,
            "x-should-retry": retry,
        }
        return tuple((name, str(value)) for name, value in given.items() if value is not None)
