"""How a suite is run live: its agent as a process, and what keeps that from the real network."""

from __future__ import annotations

from importlib.util import find_spec

from evalkit import inherited
from evalkit.agents.serving import served
from evalkit.live.plan import LivePlan
from evalkit.suite.model import Suite


def as_run_live(suite: Suite) -> Suite:
    """The suite with its agent as a process."""
    return suite.model_copy(update={"agent": served(suite.agent)})


def live_plan_of(suite: Suite) -> LivePlan:
    """How such a suite is run. An agent that is there already cannot be kept from anything, and to
    be hosts over TLS takes `cryptography`.
    """
    http = suite.agent.http
    egress = suite.agent.egress
    there_already = http is not None and http.start is None
    if there_already or (egress == "proxied" and find_spec("cryptography") is None):
        egress = "open"
    return LivePlan(environment=inherited.environment(), egress=egress)
