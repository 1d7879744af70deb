"""`no-unmocked-egress`: the agent reached for a host that no service answers."""

from __future__ import annotations

from typing import ClassVar

from evalkit.checks.base import Check


class NoUnmockedEgress(Check):
    """The world itself makes this finding, when the agent looks the host up."""

    name: ClassVar[str] = "no-unmocked-egress"
    about: ClassVar[str] = "the agent reached for a host that no service of the suite answers"
