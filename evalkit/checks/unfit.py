"""`fits-simulation`: the agent did what a simulated world cannot carry."""

from __future__ import annotations

from typing import ClassVar

from evalkit.checks.base import Check


class FitsSimulation(Check):
    """The world itself makes this finding, when it refuses a child process or a blocking socket."""

    name: ClassVar[str] = "fits-simulation"
    about: ClassVar[str] = "the agent started a child process or opened a blocking socket"
