"""Turns a suite into a plan, and finds all that can be known to be wrong before anything runs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path

from evalkit import inherited
from evalkit.checks import CHECKS
from evalkit.checks.choosing import chosen
from evalkit.checks.mistakes import check_mistakes, own_names
from evalkit.checks.privileges import accepted_of
from evalkit.checks.rendering import unrenderable
from evalkit.engine.arrivals import Cells, only, plan_sessions
from evalkit.engine.cells import ScenarioPlan, SuitePlan
from evalkit.engine.controls import with_controls
from evalkit.engine.filling import unfillable
from evalkit.engine.hosts import declared_hosts, host_of, url_of, urls
from evalkit.engine.judging import expectations
from evalkit.engine.prices import price_problems, prices_of
from evalkit.errors import SuiteError, UsageError
from evalkit.faults import Fault, Rule, When, problems_of
from evalkit.gate import gated_scenarios
from evalkit.gate.located import gate_problems, gate_warnings
from evalkit.live.plan import LivePlan
from evalkit.metrics.pricing import Prices
from evalkit.services import SPEAKING, ServiceInfo, load_service
from evalkit.services.template import RenderError, TemplateError, compile_value
from evalkit.suite import Loaded, Problem, load_sessions
from evalkit.suite.checks import CheckUse
from evalkit.suite.hosts import AGENT_HOST, AGENT_URL, CALLER_HOST
from evalkit.suite.model import (
    Scenario,
    ServiceUse,
    SessionRecord,
    Sessions,
    SessionsOverride,
    Suite,
)
from evalkit.wire import Caller
from evalkit.world.clock import epoch_ns

_TAKEN = {AGENT_HOST: "the agent", CALLER_HOST: "the caller of agents"}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


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
        self._problems: list[Problem] = []
        self._payloads: dict[str, tuple[SessionRecord, ...]] = {}
        self._told: set[tuple[str | int, ...]] = set()
        self._together = False

    def plan(self, pattern: str | None, session: str | None, *, controls: bool) -> SuitePlan:
        self._check_start()
        self._check_mode()
        services = self._services()
        prices = self._prices(services)
        self._check_overrides()
        self._check_model_faults({each.name: each.kind for each in services})
        self._together = any(each.shared for each in services)
        environment = self._environment()
        self._check_meaning()
        planned = [
            self._scenario(name, scenario) for name, scenario in self._suite.scenarios.items()
        ]
        if self._problems:
            raise SuiteError(self._problems)
        whole = [each for each in planned if each is not None]
        plans = tuple(self._chosen(whole, pattern, session))
        return SuitePlan(
            suite=self._suite,
            path=self._loaded.path,
            seed=self._seed,
            environment=environment,
            services=services,
            scenarios=with_controls(plans, self._suite.scenarios) if controls else plans,
            warnings=tuple(self._warnings(whole)),
            controls=controls,
            prices=prices,
            live=_live_plan(self._suite) if self._live else None,
            privileges=accepted_of(self._loaded.path),
        )

    # Parts -------------------------------------------------------------------------------------

    def _check_start(self) -> None:
        try:
            epoch_ns(self._suite.starts_at)
        except ValueError:
            self._problem(("starts_at",), "this is no ISO 8601 time, like 2026-01-05T09:00:00Z")

    def _check_mode(self) -> None:
        if self._suite.agent.outside and not self._live:
            kind = "http" if self._suite.agent.http is not None else "command"
            message = "an agent that is a process of its own runs live only; run it with --live"
            self._problem(("agent", kind), f"{message}, or say `mode: live`")

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
            self._problems += error.problems
            return None

    def _prices(self, services: Sequence[ServiceInfo]) -> Prices:
        try:
            prices = prices_of(self._loaded)
        except SuiteError as error:
            self._problems += error.problems
            return Prices()
        self._problems += price_problems(self._loaded, services, prices)
        return prices

    def _check_overrides(self) -> None:
        """The services that scenarios replace by another version are there and sound."""
        for scenario, each in self._suite.scenarios.items():
            for name, override in each.services.items():
                where = ("scenarios", scenario, "services", name)
                if name not in self._suite.services:
                    self._unknown_service(where, name)
                    continue
                files = override.model_dump(exclude_none=True)
                if not files:
                    self._problem(where, "nothing is changed; write `use`, `script` or `document`")
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
                    self._problem(("services", service.name), message)

    def _check_names(self) -> None:
        """Two services of one name would be one."""
        taken = dict(_TAKEN)
        for name in self._suite.services:
            if (other := taken.setdefault(host_of(name), name)) != name:
                message = f"{name} and {other} would both answer at {host_of(name)}; rename one"
                self._problem(("services", name), message)

    def _is_there(self, where: tuple[str | int, ...], name: str) -> bool:
        there = (self._folder / name).is_file()
        if not there:
            folder = (self._folder / name).parent
            beside = sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []
            message = f"there is no file {self._folder / name}"
            self._problem(where, message, allowed=beside, given=Path(name).name)
        return there

    def _environment(self) -> Mapping[str, str]:
        known = {"services": urls(self._suite.services), "agent": {"url": AGENT_URL}}
        filled = {}
        for name, text in self._suite.agent.env.items():
            if not _VARIABLE.fullmatch(name) or "\0" in text:
                self._problem(("agent", "env", name), "no environment variable can be set to this")
                continue
            try:
                filled[name] = str(compile_value(text).render(known))
            except (TemplateError, RenderError) as error:
                self._problem(("agent", "env", name), str(error))
        return filled

    def _scenario(self, name: str, scenario: Scenario) -> ScenarioPlan | None:
        settings = _overridden(self._suite.sessions, scenario.sessions, self._reseeded)
        records = self._records(settings, ("scenarios", name, "sessions"), scenario.sessions)
        if records is None:
            return None
        # Live, a cell is a start of the agent's process.
        cells = plan_sessions(records, settings, together=self._together or self._live)
        self._check_ids(cells, scenario.sessions, name)
        self._check_regions(cells, settings, scenario.sessions, name)
        self._check_templates(cells, scenario, name)
        self._check_filling(cells, scenario, name)
        self._check_conditions(cells, scenario, name)
        return ScenarioPlan(name=name, scenario=scenario, settings=settings, cells=cells)

    def _check_ids(self, cells: Cells, override: SessionsOverride, scenario: str) -> None:
        counts = Counter(each.id for cell in cells for each in cell)
        twice = [name for name, count in counts.items() if count > 1]
        if twice:
            own = override.items is not None or override.source is not None
            where = ("scenarios", scenario, "sessions") if own else ("sessions",)
            message = f'repeating makes two sessions of the id "{twice[0]}"; rename one'
            self._problem(where, message)

    def _check_regions(
        self, cells: Cells, settings: Sessions, override: SessionsOverride, scenario: str
    ) -> None:
        """Where regions are declared, a session is in one of them."""
        known = settings.regions
        for each in (each for cell in cells for each in cell):
            if known and each.record.region not in known:
                own = override.model_fields_set & {"items", "source", "regions"}
                where = ("scenarios", scenario, "sessions") if own else ("sessions",)
                message = f"session {each.id} is in region {each.record.region}, which is none here"
                given = str(each.record.region)
                self._problem((*where, "regions"), message, allowed=[*known], given=given)
                return

    def _check_templates(self, cells: Cells, scenario: Scenario, name: str) -> None:
        """The templates in expectations hold for every session, or the first that fails tells."""
        where = ("scenarios", name, "expect" if "expect" in scenario.model_fields_set else "")
        for planned in (each for cell in cells for each in cell):
            try:
                expectations(scenario.expect, planned)
            except (RenderError, TemplateError) as error:
                place = where if where[-1] else where[:-1]
                self._problem(place, f"in what is expected of session {planned.id}: {error}")
                return

    def _check_filling(self, cells: Cells, scenario: Scenario, name: str) -> None:
        """The templates in faults hold for every session, or the first that fails tells."""
        planned = (each for cell in cells for each in cell)
        callers = (Caller(session=each.id, turn=1, vars=each.record.vars) for each in planned)
        for index, message in unfillable(_rules(scenario), callers):
            self._problem(("scenarios", name, "faults", index), message)

    def _check_conditions(self, cells: Cells, scenario: Scenario, name: str) -> None:
        """What the checks say of sessions can be worked out for each; of the suite's, once."""
        sessions = [(each.id, each.record) for cell in cells for each in cell]
        entries = {("checks",): self._suite.checks, ("scenarios", name, "checks"): scenario.checks}
        looked_for = chosen((*self._suite.checks, *scenario.checks))
        for place, uses in entries.items():
            for each in unrenderable(uses, self._folder, sessions, looked_for):
                if (where := (*place, *each.where)) not in self._told:
                    self._told.add(where)
                    self._problem(where, each.message)

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
            self._problems += error.problems
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

    # Meaning -----------------------------------------------------------------------------------

    def _check_meaning(self) -> None:
        suite = self._suite
        sound = [name for name, each in suite.scenarios.items() if each.sound]
        self._check_gates(("gates",), suite.gates, sound, ())
        self._check_checks(("checks",), suite.checks)
        for name, scenario in suite.scenarios.items():
            where = ("scenarios", name)
            kinds = {fault.name for rule in _rules(scenario) for fault in rule.faults}
            kinds |= {"status"} if any(rule.when.sequence for rule in _rules(scenario)) else set()
            self._check_gates((*where, "gates"), scenario.gates, [name], kinds)
            self._check_checks((*where, "checks"), scenario.checks, suite.checks)
            self._check_faults((*where, "faults"), scenario)
            self._check_expect((*where, "expect"), scenario)

    def _check_gates(
        self,
        where: tuple[str, ...],
        gates: Sequence[str],
        scenarios: Collection[str],
        faults: Collection[str],
    ) -> None:
        known = {"scenario": scenarios, "service": tuple(self._suite.services), "fault": faults}
        self._problems += gate_problems(self._loaded, where, gates, known)

    def _check_checks(
        self,
        where: tuple[str, ...],
        uses: Sequence[CheckUse],
        before: Sequence[CheckUse] = (),
    ) -> None:
        services = self._suite.services
        for each in check_mistakes(uses, self._folder, services, before):
            place = (*where, *each.where)
            problem = self._loaded.problem(
                place, each.message, allowed=each.allowed, at_key=each.at_key
            )
            self._problems.append(replace(problem, suggestion=each.suggestion))

    def _check_faults(self, where: tuple[str, ...], scenario: Scenario) -> None:
        for index, rule in enumerate(_rules(scenario)):
            for message in problems_of(rule):
                self._problem((*where, index), message)
            if rule.of_agent:
                self._check_moment((*where, index, "when"), rule.when)
            elif rule.service and rule.service not in self._suite.services:
                self._unknown_service((*where, index, "at"), rule.service)

    def _check_model_faults(self, kinds: Mapping[str, str]) -> None:
        """Only a model can say something wrong: at another service such a fault never arrives."""
        for name, scenario in self._suite.scenarios.items():
            for index, rule in enumerate(_rules(scenario)):
                kind = kinds.get(rule.service or "")
                if kind is None or kind in SPEAKING:
                    continue
                for fault in rule.faults:
                    if fault.order != Fault.SENDS:
                        other = f"{rule.service} is a service of kind {kind}"
                        place = ("scenarios", name, "faults", index, "at")
                        self._problem(place, f"{fault.name} befalls models, and {other}")

    def _check_moment(self, where: tuple[str | int, ...], when: When) -> None:
        service = "" if when.during is None else when.during.partition(" ")[0]
        if when.during is not None and service not in self._suite.services:
            self._unknown_service((*where, "during"), service)

    def _check_expect(self, where: tuple[str, ...], scenario: Scenario) -> None:
        expect = scenario.expect
        for service in expect.calls:
            if service not in self._suite.services:
                self._unknown_service((*where, "calls", service), service)
        if not expect.findings.allow:
            return
        own = own_names((*self._suite.checks, *scenario.checks), self._folder)
        known = (*CHECKS, *dict.fromkeys(own))
        for index, name in enumerate(expect.findings.allow):
            if name not in known:
                self._problem(
                    (*where, "findings", "allow", index),
                    f"no check is named {name}",
                    allowed=known,
                    given=name,
                )

    def _unknown_service(self, where: tuple[str | int, ...], given: str) -> None:
        self._problem(
            where,
            f"no service is named {given}",
            allowed=tuple(self._suite.services),
            given=given,
        )

    def _problem(
        self,
        where: tuple[str | int, ...],
        message: str,
        *,
        allowed: Sequence[str] = (),
        given: str | None = None,
    ) -> None:
        self._problems.append(
            self._loaded.problem(where, message, allowed=tuple(allowed), given=given)
        )


def _live_plan(suite: Suite) -> LivePlan:
    """How a suite is run live. An agent that is there already cannot be kept from anything, and to
    be hosts over TLS takes `cryptography`.
    """
    http = suite.agent.http
    egress = suite.agent.egress
    there_already = http is not None and http.start is None
    if there_already or (egress == "proxied" and find_spec("cryptography") is None):
        egress = "open"
    return LivePlan(environment=inherited.environment(), egress=egress)


def _rules(scenario: Scenario) -> tuple[Rule, ...]:
    return tuple(
        Rule.parse(index, each.at, each.when, each.injected)
        for index, each in enumerate(scenario.faults)
    )


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
