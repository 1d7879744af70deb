"""A request for a reply of a model, whatever provider's API it came by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.quick import quick
from evalkit.services.llm.conversation import Conversation
from evalkit.services.llm.speed import Speed
from evalkit.wire import Request


@quick
@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, with what was drawn for it.

    `place` holds what stands in its path (a model, a deployment). `epoch_ns` is the world's time
    since 1970.
    """

    request: Request
    place: Mapping[str, str]
    seed: str
    latency_ns: int
    speed: Speed
    epoch_ns: int


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked, and how the reply is wanted. `input_tokens` is estimated.

    `choices` is how many replies are wanted, `logprobs` how many of the likeliest tokens are told
    beside each (None: none, not even its own). `reserves` says that the tokens kept for the reply
    have to fit into the context too, `reasons` that the model thinks first. `more` is what only
    the API's own reply needs, and `keep` is called with the reply once it is taken on.
    """

    conversation: Conversation
    input_tokens: int
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    stream: bool = False
    choices: int = 1
    logprobs: int | None = None
    include_usage: bool = False
    reserves: bool = True
    reasons: bool = True
    more: Mapping[str, Any] = field(default_factory=dict)
    keep: Callable[[Any], None] | None = None
