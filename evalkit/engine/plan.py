"""Turns a suite into a plan, and finds all that can be known to be wrong before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from evalkit.checks.privileges import accepted_of
from evalkit.engine.arrivals import only, plan_sessions
from evalkit.engine.cells import ScenarioPlan, SuitePlan
from evalkit.engine.controls import with_controls
from evalkit.engine.environment import environment_of
from evalkit.engine.hosts import declared_hosts, host_of, url_of
from evalkit.engine.live_runs import as_run_live, live_plan_of, live_warnings
from evalkit.engine.meaning import check_meaning, check_model_faults
from evalkit.engine.mistakes import Mistakes
from evalkit.engine.prices import price_problems, prices_of
from evalkit.engine.session_mistakes import check_sessions
from evalkit.errors import SuiteError, UsageError
from evalkit.gate import gated_scenarios
from evalkit.gate.located import gate_warnings
from evalkit.metrics.pricing import Prices
from evalkit.services import ServiceInfo, load_service
from evalkit.suite import Loaded, Problem, load_sessions
from evalkit.suite.hosts import AGENT_HOST, CALLER_HOST
from evalkit.suite.model import (
    Scenario,
    ServiceUse,
    SessionRecord,
    Sessions,
    SessionsOverride,
    Suite,
)
from evalkit.world.clock import epoch_ns

_TAKEN = {AGENT_HOST: "the agent", CALLER_HOST: "the caller of agents"}


def plan_suite(
    loaded: Loaded[Suite],
    *,
    scenarios: str | None = None,
    session: str | None = None,
    seed: int | None = None,
    controls: bool = True,
    live: bool | None = None,
) -> SuitePlan:
    """The plan of a suite: of the scenarios that match a glob, of one session, under a seed, each
    faulty scenario with its control unless there are to be none; to run live or simulated, or as
    the suite says.

    Raises `SuiteError` with all mistakes, `UsageError` where the glob or the session fit nothing.
    """
    runs_live = loaded.value.runs_live if live is None else live
    return _Planner(loaded, seed, live=runs_live).plan(scenarios, session, controls=controls)


class _Planner:
    def __init__(self, loaded: Loaded[Suite], seed: int | None, *, live: bool) -> None:
        self._loaded = loaded
        self._live = live
        self._suite = loaded.value
        self._folder = loaded.path.parent
        self._seed = self._suite.sessions.seed if seed is None else seed
        self._reseeded = seed
        self._mistakes = Mistakes(loaded)
        self._payloads: dict[str, tuple[SessionRecord, ...]] = {}
        self._together = False

    def plan(self, pattern: str | None, session: str | None, *, controls: bool) -> SuitePlan:
        self._check_start()
        self._check_mode()
        services = self._services()
        prices = self._prices(services)
        self._check_overrides()
        check_model_faults(self._mistakes, {each.name: each.kind for each in services})
        self._together = any(each.shared for each in services)
        environment = self._environment()
        check_meaning(self._mistakes)
        planned = [
            self._scenario(name, scenario) for name, scenario in self._suite.scenarios.items()
        ]
        if self._mistakes.problems:
            raise SuiteError(self._mistakes.problems)
        whole = [each for each in planned if each is not None]
        plans = tuple(self._chosen(whole, pattern, session))
        if controls:
            plans = with_controls(plans, self._suite.scenarios)
        suite = as_run_live(self._suite) if self._live else self._suite
        slow = live_warnings(self._loaded, plans) if self._live else ()
        return SuitePlan(
            suite=suite,
            path=self._loaded.path,
            seed=self._seed,
            environment=environment,
            services=services,
            scenarios=plans,
            warnings=(*self._warnings(whole), *slow),
            controls=controls,
            prices=prices,
            live=live_plan_of(suite) if self._live else None,
            privileges=accepted_of(self._loaded.path),
        )

    # Parts -------------------------------------------------------------------------------------

    def _check_start(self) -> None:
        try:
            epoch_ns(self._suite.starts_at)
        except ValueError:
            self._mistakes.add(
                ("starts_at",), "this is no ISO 8601 time, like 2026-01-05T09:00:00Z"
            )

    def _check_mode(self) -> None:
        if self._suite.agent.outside and not self._live:
            kind = "http" if self._suite.agent.http is not None else "command"
            message = "an agent that is a process of its own runs live only; run it with --live"
            self._mistakes.add(("agent", kind), f"{message}, or say `mode: live`")

    def _services(self) -> tuple[ServiceInfo, ...]:
        found = []
        for name, use in self._suite.services.items():
            where = ("services", name)
            present = [self._is_there((*where, "use"), use.use)]
            if use.script not in (None, "auto"):
                present.append(self._is_there((*where, "script"), str(use.script)))
            for at, script in enumerate(use.scripts):
                if script.use != "auto":
                    present.append(self._is_there((*where, "scripts", at, "use"), script.use))
            if not all(present):
                continue
            if (info := self._load(name, use)) is not None:
                found.append(info)
        self._check_names()
        self._check_hosts(found)
        return tuple(found)

    def _load(self, name: str, use: ServiceUse) -> ServiceInfo | None:
        try:
            return load_service(name, use, self._folder).info
        except SuiteError as error:
            self._mistakes.take(error.problems)
            return None

    def _prices(self, services: Sequence[ServiceInfo]) -> Prices:
        try:
            prices = prices_of(self._loaded)
        except SuiteError as error:
            self._mistakes.take(error.problems)
            return Prices()
        self._mistakes.take(price_problems(self._loaded, services, prices))
        return prices

    def _check_overrides(self) -> None:
        """The services that scenarios replace by another version are there and sound."""
        for scenario, each in self._suite.scenarios.items():
            for name, override in each.services.items():
                where = ("scenarios", scenario, "services", name)
                if name not in self._suite.services:
                    self._mistakes.unknown_service(where, name)
                    continue
                files = override.model_dump(exclude_none=True)
                if not files:
                    self._mistakes.add(
                        where, "nothing is changed; write `use`, `script` or `document`"
                    )
                present = [
                    self._is_there((*where, key), file)
                    for key, file in files.items()
                    if file != "auto"
                ]
                if all(present) and files:
                    self._load(name, self._suite.services_in(each)[name])

    def _check_hosts(self, services: Iterable[ServiceInfo]) -> None:
        """Of two services at one host only one would ever be asked."""
        taken = dict(_TAKEN)
        for service in services:
            for host in declared_hosts(service.hosts):
                other = taken.setdefault(host, service.name)
                if other != service.name:
                    message = (
                        f"{other} answers at {host} too; say with `hosts` which of the two does "
                        f"(`hosts: []`: the agent reaches it at {url_of(service.name)} only)"
                    )
                    self._mistakes.add(("services", service.name), message)

    def _check_names(self) -> None:
        """Two services of one name would be one."""
        taken = dict(_TAKEN)
        for name in self._suite.services:
            if (other := taken.setdefault(host_of(name), name)) != name:
                message = f"{name} and {other} would both answer at {host_of(name)}; rename one"
                self._mistakes.add(("services", name), message)

    def _is_there(self, where: tuple[str | int, ...], name: str) -> bool:
        there = (self._folder / name).is_file()
        if not there:
            folder = (self._folder / name).parent
            beside = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []
            message = f"there is no file {self._folder / name}"
            self._mistakes.add(where, message, allowed=beside, given=Path(name).name)
        return there

    def _environment(self) -> Mapping[str, str]:
        environment = environment_of(self._suite)
        for name, message in environment.wrong.items():
            self._mistakes.add(("agent", "env", name), message)
        return environment.values

    def _scenario(self, name: str, scenario: Scenario) -> ScenarioPlan | None:
        settings = _overridden(self._suite.sessions, scenario.sessions, self._reseeded)
        records = self._records(settings, ("scenarios", name, "sessions"), scenario.sessions)
        if records is None:
            return None
        # Live, a cell is a start of the agent's process.
        cells = plan_sessions(records, settings, together=self._together or self._live)
        check_sessions(self._mistakes, cells, settings, scenario, name)
        return ScenarioPlan(name=name, scenario=scenario, settings=settings, cells=cells)

    def _records(
        self, settings: Sessions, where: tuple[str, ...], override: SessionsOverride
    ) -> tuple[SessionRecord, ...] | None:
        if settings.items is not None:
            return settings.items
        assert settings.source is not None
        if settings.source not in self._payloads:
            place = (*where, "from") if override.source else ("sessions", "from")
            self._payloads[settings.source] = self._read(place, settings.source)
        return self._payloads[settings.source] or None

    def _read(self, where: tuple[str, ...], name: str) -> tuple[SessionRecord, ...]:
        if not self._is_there(where, name):
            return ()
        try:
            return load_sessions(self._folder / name)
        except SuiteError as error:
            self._mistakes.take(error.problems)
            return ()

    def _chosen(
        self, plans: Sequence[ScenarioPlan], pattern: str | None, session: str | None
    ) -> Iterator[ScenarioPlan]:
        matching = [each for each in plans if pattern is None or fnmatchcase(each.name, pattern)]
        if not matching:
            names = ", ".join(each.name for each in plans)
            raise UsageError(f"no scenario matches {pattern!r}; there are: {names}")
        mode = "live" if self._live else "simulate"
        matching = [each for each in matching if each.scenario.runs in (mode, "both")]
        if not matching:
            how = "live" if self._live else "simulated"
            raise UsageError(f"no scenario of {self._loaded.path} that was chosen runs {how}")
        if session is None:
            yield from matching
            return
        narrowed = [
            ScenarioPlan(
                name=each.name,
                scenario=each.scenario,
                settings=each.settings,
                cells=only(each.cells, session),
            )
            for each in matching
        ]
        if not any(each.cells for each in narrowed):
            raise UsageError(f"no session is named {session!r} in {self._loaded.path}")
        yield from (each for each in narrowed if each.cells)

    def _warnings(self, plans: Sequence[ScenarioPlan]) -> Iterator[Problem]:
        """The gates that could not pass, however well all went, with the sessions there are."""
        gated = gated_scenarios(self._suite)
        sessions = sum(each.sessions for each in plans if each.name in gated)
        yield from gate_warnings(self._loaded, ("gates",), self._suite.gates, sessions)
        for each in plans:
            where = ("scenarios", each.name, "gates")
            yield from gate_warnings(self._loaded, where, each.scenario.gates, each.sessions)


def _overridden(settings: Sessions, override: SessionsOverride, seed: int | None) -> Sessions:
    """The suite's sessions with what a scenario changes of them."""
    changed = {
        name: value
        for name in type(override).model_fields
        if (value := getattr(override, name)) is not None
    }
    exclusive = (
        ("source", "items"),
        ("items", "source"),
        ("arrival", "concurrency"),
        ("concurrency", "arrival"),
    )
    for given, other in exclusive:
        if given in changed and other not in changed:
            changed[other] = None
    if seed is not None:
        changed["seed"] = seed
    return settings.model_copy(update=changed)
