"""How a suite is run live: its agent as a process, and what keeps that from the real network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib.util import find_spec

from evalkit import inherited
from evalkit.agents.serving import served
from evalkit.engine.cells import PlannedSession, ScenarioPlan
from evalkit.live.plan import LivePlan
from evalkit.suite import Loaded, Problem
from evalkit.suite.model import Suite
from evalkit.units import HOUR, MINUTE, format_duration

_LONG = 10 * MINUTE


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


def live_warnings(loaded: Loaded[Suite], plans: Sequence[ScenarioPlan]) -> Iterator[Problem]:
    """That a run takes long in real time if its sessions go on to their ends."""
    least = {each.name: _least(each) for each in plans}
    if (whole := sum(least.values())) >= _LONG:
        longest = max(least, key=least.__getitem__)
        of_one = f", {longest} alone {_about(least[longest])}" if len(least) > 1 else ""
        message = (
            f"live, this takes {_about(whole)} and more{of_one}: users come, or think between "
            "their turns, that long"
        )
        yield loaded.problem(("sessions",), message)


def _least(plan: ScenarioPlan) -> int:
    """How long after its beginning a scenario ends at the earliest, in nanoseconds."""
    return max((_ends(each, plan) for cell in plan.cells for each in cell), default=0)


def _ends(session: PlannedSession, plan: ScenarioPlan) -> int:
    thinks = sum(turn.think for turn in session.record.turns)
    return (session.arrival or 0) + min(thinks, plan.settings.deadline)


def _about(ns: int) -> str:
    unit = HOUR if ns >= 2 * HOUR else MINUTE
    return format_duration(ns // unit * unit)
