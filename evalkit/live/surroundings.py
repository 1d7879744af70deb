"""What agents that are processes of their own need to know of the world that they are in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from evalkit.live.attribution import Attribution
from evalkit.live.door import Lives
from evalkit.live.output import Output

Urls: TypeAlias = Mapping[str, Mapping[str, str]]
"""What templates know as `services`: by name, the base URL as `url`."""


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """The live world as an agent meets it.

    `environment` gives the whole environment of a process, for one of several by its port group
    (from 1; 0 where there is one for all) and with the agent's own URL; `urls` the services' base
    URLs for one session. `processes` is how many there are to be of an agent that takes one turn at
    a time. `callback_url` is where replies that come later are posted. `port` is where a served
    agent listened last: in its next life it is found there again.
    """

    environment: Callable[[int, str], Mapping[str, str]]
    urls: Callable[[str], Urls]
    attribution: Attribution
    lives: Lives
    processes: int = 1
    callback_url: str | None = None
    port: int = 0
    output: Output = field(default_factory=Output)
