"""What is decided about a live run before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadPlan:
    """How a suite is put under load. Times are in nanoseconds.

    `command` starts the load generator; it finds the way here in its environment. Where it is
    empty, somebody else starts one, which finds what it needs to know at `port` of `host`, by
    `token`. `arrival` is how many sessions begin in a second; without it a session begins as soon
    as a user is free. It lasts for `run_time`, or until the generator is through. Sessions under
    way then have `drain` to end. `patience` is how long it waits for the first user. `early` ends
    it once a gate is lost. Services listen on `host` too, those of `ports` at these.
    """

    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    run_time: int | None
    host: str = "127.0.0.1"
    port: int = 0
    token: str | None = field(default=None, repr=False)
    ports: Mapping[str, int] = field(default_factory=dict)
    patience: int = 30_000_000_000
    arrival: float | None = None
    drain: int = 30_000_000_000
    early: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LivePlan:
    """`environment` is that of whoever began the run: agents get it, with what the suite sets.

    `egress` says what keeps the agent from reaching the real network; `load` is there where the
    turns come from a load generator.
    """

    environment: Mapping[str, str] = field(repr=False)
    egress: str = "open"
    load: LoadPlan | None = None
