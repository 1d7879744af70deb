"""What a load test is asked for, and what is wrong with that."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec

from evalkit.engine.cells import ScenarioPlan, SuitePlan
from evalkit.engine.generating import TOKEN
from evalkit.errors import StartError, UsageError
from evalkit.faults import Rule
from evalkit.live.network import LOOPBACK, is_loopback
from evalkit.live.plan import LoadPlan
from evalkit.load.workers import LOCUSTFILE
from evalkit.suite.model import Suite
from evalkit.suite.problems import closest
from evalkit.suite.profiles import Points
from evalkit.units import MINUTE, SECOND

DEFAULT_USERS = 10
_WORKERS_COME = 10 * MINUTE  # from other machines, or by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Where else than in one process of Locust's the users are.

    `master` is where Locust's master listens, for `workers` that are started elsewhere; `desk`
    where evalkit gives out turns to generators that somebody else starts, master and all. Services
    listen on the same host, at ports from `services` on, if that is not 0.
    """

    master: tuple[str, int] | None = None
    workers: int = 1
    desk: tuple[str, int] | None = None
    services: int = 0

    @property
    def host(self) -> str:
        """Where all of it listens."""
        there = self.desk or self.master
        return LOOPBACK if there is None else there[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadChoice:
    """How much load, for how long. `run_time` is in nanoseconds, `spawn_rate` users per second.

    `arrival` is sessions per second: they begin at moments of their own, whether or not earlier
    ones have ended, and `users` is how many can be under way. Without it, nor one in the suite,
    every user begins a session when its last one has ended. `processes` is how many of Locust there
    are, and `extra` what else it is told. `early` ends the test as soon as a gate is lost. Without
    `run_time` it lasts for as long as a generator that somebody else starts.
    """

    users: int = DEFAULT_USERS
    spawn_rate: float | None = None
    run_time: int | None = MINUTE
    arrival: float | None = None
    processes: int = 1
    extra: tuple[str, ...] = ()
    early: bool = True
    web: int | None = None
    """The port of Locust's pages on loopback, if they are wanted."""
    stages: Points = ()
    """How many users there are at a time; then `users` is the most of them."""
    spread: Spread = Spread()


def under_load(plan: SuitePlan, choice: LoadChoice) -> SuitePlan:
    """The plan of a suite that runs under load: of one scenario, with nothing to compare it with.

    Raises `UsageError` where the suite cannot be put under load, `StartError` without Locust.
    """
    chosen = _the_scenario(plan)
    _refuse(plan, chosen)
    if find_spec("locust") is None:
        raise StartError("load tests need Locust", hint="pip install 'evalkit[load]'")
    assert plan.live is not None
    load = _load_plan(plan, choice, choice.arrival or chosen.settings.arrival)
    live = replace(plan.live, load=load)
    return replace(plan, scenarios=(chosen,), live=live, warnings=(), controls=False)


def _load_plan(plan: SuitePlan, choice: LoadChoice, arrival: float | None) -> LoadPlan:
    spread = choice.spread
    load = LoadPlan(
        command=() if spread.desk else _command(choice),
        environment=_environment(choice.stages),
        run_time=choice.run_time,
        arrival=arrival,
        early=choice.early,
        host=spread.host,
        token=os.environ.get(TOKEN),
    )
    if not is_loopback(spread.host) and load.token is None:
        raise UsageError(
            f"whoever reaches {spread.host} could take turns: set {TOKEN} to the same word here "
            "and for the workers"
        )
    if spread.services:
        names = enumerate(plan.suite.services)
        load = replace(load, ports={name: spread.services + number for number, name in names})
    if spread.desk is not None:
        load = replace(load, port=spread.desk[1])
    return replace(load, patience=_WORKERS_COME) if spread.desk or spread.master else load


def _the_scenario(plan: SuitePlan) -> ScenarioPlan:
    """The first scenario in which all is as it should be, or else the first there is."""
    return next((each for each in plan.scenarios if not each.faulty), plan.scenarios[0])


def _refuse(plan: SuitePlan, chosen: ScenarioPlan) -> None:
    reasons = tuple(_unfit(plan, chosen))
    if reasons:
        raise UsageError(f"{plan.path} cannot be put under load: {'; '.join(reasons)}")


def _unfit(plan: SuitePlan, chosen: ScenarioPlan) -> Iterator[str]:
    agent = plan.suite.agent
    if agent.http is None:
        yield "its agent is not served over HTTP (`asgi` or `http`), so takes one turn at a time"
    for index, each in enumerate(chosen.scenario.faults):
        if Rule.parse(index, each.at, each.when, each.injected).of_agent:
            yield f"fault {index + 1} of {chosen.name} is of the agent, which is not restarted"


def _command(choice: LoadChoice) -> tuple[str, ...]:
    """Locust's command line. It ends when it is told to, once nothing is under way."""
    rate = choice.users if choice.spawn_rate is None else choice.spawn_rate
    words = [sys.executable, "-P", "-m", "locust", "-f", str(LOCUSTFILE)]
    if choice.web is None:
        words += ["--headless"]
    else:
        words += ["--autostart", "--web-host", "127.0.0.1", "--web-port", str(choice.web)]
    if not choice.stages:
        words += ["--users", str(choice.users), "--spawn-rate", f"{rate:g}"]
    words += ["--stop-timeout", "10" if choice.stages else "2"]
    words += ["--only-summary", "--exit-code-on-error", "0"]
    words += ["--processes", str(choice.processes)] if choice.processes > 1 else []
    return (*words, *_of_master(choice.spread), *choice.extra)


def _of_master(spread: Spread) -> tuple[str, ...]:
    if spread.master is None:
        return ()
    host, port = spread.master
    wait = str(_WORKERS_COME // SECOND)
    return (
        *("--master", "--master-bind-host", host, "--master-bind-port", str(port)),
        *("--expect-workers", str(spread.workers), "--expect-workers-max-wait", wait),
    )


def _environment(stages: Points) -> dict[str, str]:
    """What tells Locust of a profile, its moments in seconds."""
    if not stages:
        return {}
    return {"EVALKIT_LOAD_STAGES": json.dumps([(moment / SECOND, n) for moment, n in stages])}


def profiled(suite: Suite, name: str, choice: LoadChoice) -> tuple[LoadChoice, str | None]:
    """What a profile of a suite asks for, and the scenario that it is to meet, if it says so.

    Raises `UsageError` where the suite has no such profile.
    """
    if name not in suite.load:
        there = ", ".join(suite.load) or "none; write them under `load:`"
        near = closest(name, tuple(suite.load))
        meant = f"; did you mean {near}?" if near else ""
        raise UsageError(f"no profile is named {name!r}; there are: {there}{meant}")
    profile = suite.load[name]
    choice = replace(
        choice,
        users=profile.most,
        run_time=profile.lasts,
        arrival=choice.arrival or profile.arrival,
        stages=profile.points,
    )
    return choice, profile.scenario
