"""A webhook as a definition declares it. Its fields are the YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field

from evalkit.latency import Latency
from evalkit.suite.parts import Part
from evalkit.units import DAY, SECOND, Duration

Algorithm: TypeAlias = Literal["hmac-sha1", "hmac-sha256", "hmac-sha512"]
Style: TypeAlias = Literal["hex", "prefixed", "base64", "timestamped", "standard"]


def _within_a_day(ns: int) -> int:
    if 0 < ns <= DAY:
        return ns
    raise ValueError("allowed: more than 0s, and up to 24h")


Wait: TypeAlias = Annotated[Duration, AfterValidator(_within_a_day)]


class SignPart(Part):
    """How a webhook is signed. The secret is a template too; it stands in the suite, so it is one
    of the mock's own.
    """

    secret: str = Field(description="What the signature is keyed with; the agent knows it too")
    header: str = Field("X-Signature", description="The header that bears it")
    algorithm: Algorithm = "hmac-sha256"
    style: Style = Field(
        "hex",
        description="hex or base64 of the body's HMAC; prefixed: sha256=HEX, as GitHub; "
        "timestamped: t=TIME,v1=HEX over TIME.BODY, as Stripe; standard: the webhook-id, "
        "webhook-timestamp and webhook-signature headers of Standard Webhooks",
    )


class WebhookPart(Part):
    """What the service tells the agent's own endpoint after a call, or when its job is over."""

    name: str | None = Field(
        None, description="What faults aim at: `at: SERVICE webhook NAME`; else the route"
    )
    to: str = Field(description="The URL, a template; where it comes out empty nothing is sent")
    condition: str | None = Field(None, alias="if", description="An expression; none always holds")
    after: Latency | None = Field(
        None, description="How long after the reply; else at the end of the job or task"
    )
    body: Any = Field(None, alias="json", description="A JSON value; its texts are templates")
    headers: Mapping[str, str] = {}
    sign: SignPart | None = None
    timeout: Wait = Field("10s", validate_default=True, description="How long it waits for a 2xx")
    retries: tuple[Wait, ...] = Field(
        (5 * SECOND, 30 * SECOND, 120 * SECOND),
        description="After an attempt that failed: how long to the next, one after the other",
    )
