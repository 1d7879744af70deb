"""What a call causes: changes that its service commits, and webhooks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.quick import quick
from evalkit.wire.headers import Headers


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A change that a service commits because of a call.

    `key` is the business key: two effects of one name and key are the same change made twice.
    `commit` makes the change in the service itself; where an effect is dropped it is never called.
    It commits at once, or `after` nanoseconds, or, if `overtaken`, when the next effects of its
    session have been committed. `fault` names the fault that changed any of this.
    """

    name: str
    key: tuple[str, ...] = ()
    data: Mapping[str, Any] = field(default_factory=dict)
    commit: Callable[[], None] | None = field(default=None, compare=False, repr=False)
    after: int = 0
    overtaken: bool = False
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """A request that a service makes of the agent because of a call: a webhook.

    It is sent `after` nanoseconds, under the same `id` each time. An attempt fails where the answer
    is not 2xx or takes longer than `timeout`; each wait in `retries` is followed by another one.
    `signed` gives the headers that sign a body at a wall time (nanoseconds since 1970).
    """

    name: str
    id: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    after: int = 0
    timeout: int = 10_000_000_000
    retries: tuple[int, ...] = ()
    signed: Callable[[bytes, int], Headers] | None = field(default=None, compare=False, repr=False)
