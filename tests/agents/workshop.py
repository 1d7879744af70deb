"""Runs many agents under the scenarios of one suite, each in a process of its own.

A run of evalkit has one agent, and is told of it by its suite. Here the agents change while the
suite stays: so the libraries, the suite and its services are loaded once, and then a process is
forked for each agent under each scenario. Nothing is stored; what comes back is what was found.

`main` takes a pickled `Order` from the standard input and gives the pickled `Seen` of each job.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import pickle
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any

from evalkit.checks import CHECKS
from evalkit.engine.cell import Cell
from evalkit.engine.cells import ScenarioPlan, SuitePlan
from evalkit.engine.events import CellKey
from evalkit.engine.plan import plan_suite
from evalkit.engine.preload import ALWAYS, PRICES, imported_later, libraries_of
from evalkit.engine.templates import Templates, load_templates
from evalkit.journal.records import AnyRecord, Finding, Severity
from evalkit.suite import Loaded
from evalkit.suite.checks import CheckUse
from evalkit.suite.model import Expect, ServiceUse, Suite
from evalkit.suite.source import Source
from evalkit.suite.tree import read_tree
from tests.agents.rows import EXPECTATION, HERE, ROOT, UNDECLARED, Row

NOT_CHOSEN = {EXPECTATION, "no-unmocked-egress", "event-loop-not-blocked", "fits-simulation"}
"""Whose findings come from the world, or from session records, and not from the suite's checks."""

WORKERS = 2
LONGEST = 120
"""Real seconds that a job may take, before its process is ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """An agent under a scenario: the suite's own, which is sound, or a defect of its folder.

    `without` names a check that is not looked for, and `advice` one whose advice counts as an
    accusation. Not `faulty`, the scenario injects nothing.
    """

    scenario: str
    defect: str | None = None
    without: str | None = None
    advice: str | None = None
    faulty: bool = True
    sessions: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found in a job: the violations, by check, and what kept it from being run."""

    job: Job
    violations: Mapping[str, tuple[str, ...]]
    problem: str | None = None
    cpu: float = 0.0

    @property
    def accusers(self) -> tuple[str, ...]:
        """The checks that found something, by name."""
        return tuple(sorted(self.violations))


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Jobs in one suite. `added` lays something over a scenario, under another name."""

    suite: str
    jobs: tuple[Job, ...]
    added: Mapping[str, tuple[str, Mapping[str, Any]]]
    seed: int | None = None


def work(
    suite: str,
    jobs: Sequence[Job],
    rows: Sequence[Row],
    *,
    seed: int | None = None,
    listener: Callable[[Seen], None] | None = None,
) -> tuple[Seen, ...]:
    """What the jobs come to, in their order. The listener is told of each that is done."""
    listener = listener or _nobody
    added = {row.variant: (row.scenario, row.added) for row in rows}
    order = Order(suite=suite, jobs=tuple(jobs), added=added, seed=seed)
    with subprocess.Popen(
        [sys.executable, "-c", "from tests.agents.workshop import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        pickle.dump(order, process.stdin)
        process.stdin.close()
        found: dict[int, Seen] = {}
        while len(found) < len(jobs):
            number, seen = pickle.load(process.stdout)
            found[number] = seen
            listener(seen)
    return tuple(found[number] for number in sorted(found))


def _nobody(seen: Seen) -> None:
    del seen


def _planned(order: Order) -> SuitePlan:
    """The plan of the suite, with a scenario more for each that has something laid over it."""
    path = ROOT / "scenarios" / order.suite / f"{order.suite}.eval.yaml"
    source = Source.decoded(path.read_bytes(), str(path))
    tree = read_tree(source)
    scenarios = tree.value["scenarios"]
    more = {name: laid(scenarios[of], over) for name, (of, over) in order.added.items() if over}
    names = {name: f"more-{number}" for number, name in enumerate(more)}
    value = {**tree.value, "scenarios": scenarios | {names[k]: v for k, v in more.items()}}
    loaded = Loaded(Suite.model_validate(value), path, source, tree.marks)
    plan = plan_suite(loaded, seed=order.seed, controls=False)
    back = {short: name for name, short in names.items()}
    named = tuple(replace(each, name=back.get(each.name, each.name)) for each in plan.scenarios)
    return replace(plan, scenarios=named)


def laid(scenario: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """The scenario with what a row brings along laid over it."""
    added = {
        name: [*scenario.get(name, ()), *over[name]]
        for name in ("checks", "faults")
        if name in over
    }
    kept = {name: each for name, each in over.items() if name != UNDECLARED}
    return {**scenario, **kept, **added}


def _undeclared(suite: Suite, fields: Mapping[str, Sequence[str]]) -> Suite:
    """The suite without these fields of what it declares of its services."""
    services = dict(suite.services)
    for name, left_out in fields.items():
        blank = ServiceUse(use=services[name].use)
        gone = {field: getattr(blank, field) for field in left_out}
        services[name] = services[name].model_copy(update=gone)
    return suite.model_copy(update={"services": services})


# In the process that jobs are forked from


def main() -> None:
    """Do what is ordered."""
    order: Order = pickle.load(sys.stdin.buffer)
    out = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what agents print is no answer
    plan = _planned(order)
    os.environ.update(plan.environment)
    _load(plan, order.suite)
    templates = load_templates(plan)
    gc.collect()
    gc.freeze()
    with os.fdopen(out, "wb") as stream:
        for number, seen in _all(plan, templates, order):
            pickle.dump((number, seen), stream)
            stream.flush()


def _load(plan: SuitePlan, suite: str) -> None:
    target = _defects(suite)
    own = plan.suite.agent.python or plan.suite.agent.asgi or ""
    agents = (*libraries_of(own, plan.path.parent), *libraries_of(target, plan.path.parent))
    _import((*ALWAYS, *PRICES, *agents))
    _import(imported_later(sys.modules))


def _import(names: Sequence[str]) -> None:
    for name in names:
        with contextlib.suppress(ImportError):  # the sound agent's own modules are not on the path
            importlib.import_module(name)


def _defects(suite: str) -> str:
    return str(HERE / suite / "defects.py")


def _all(plan: SuitePlan, templates: Templates, order: Order) -> Iterator[tuple[int, Seen]]:
    """Each job in a process, so many at a time, by its number."""
    waiting = list(enumerate(order.jobs))
    running: dict[Connection, int] = {}
    while waiting or running:
        while waiting and len(running) < WORKERS:
            number, job = waiting.pop(0)
            fields = order.added.get(job.scenario, ("", {}))[1].get(UNDECLARED, {})
            said = replace(plan, suite=_undeclared(plan.suite, fields))
            running[_forked(said, templates, order.suite, job)] = number
        for ready in wait(list(running)):
            assert isinstance(ready, Connection)
            number = running.pop(ready)
            try:
                seen = ready.recv()
            except EOFError:
                seen = Seen(order.jobs[number], {}, "its process died")
            ready.close()
            os.wait()
            yield number, seen


def _forked(plan: SuitePlan, templates: Templates, suite: str, job: Job) -> Connection:
    theirs, ours = Pipe(duplex=False)
    if os.fork():
        ours.close()
        return theirs
    signal.alarm(LONGEST)
    try:
        changed = _with_agent(plan, suite, job)
        if not job.faulty and plan.scenario(job.scenario).scenario.services:
            templates = load_templates(changed)  # its faults are other versions of services
        ours.send(_seen(changed, templates, job))
    except BaseException:
        ours.send(Seen(job, {}, traceback.format_exc()))
    finally:
        os._exit(0)


def _seen(plan: SuitePlan, templates: Templates, job: Job) -> Seen:
    (scenario,) = plan.scenarios
    key = CellKey(scenario.name, 0)
    (result,) = Cell(plan, templates, key, lambda done, failed: None).results()
    found: dict[str, tuple[str, ...]] = {}
    for each in result.records:
        if isinstance(each, Finding) and (
            each.severity is Severity.VIOLATION or each.check == job.advice
        ):
            found[each.check] = (*found.get(each.check, ()), f"{each.session}: {each.message}")
    left_out = {job.without} & NOT_CHOSEN
    for name in (*scenario.scenario.expect.findings.allow, *left_out):
        found.pop(name or "", None)
    problem = "\n".join([*(each.traceback for each in result.crashes), *_bare(result.records)])
    return Seen(job, found, problem or None, time.process_time())


def _bare(records: Iterable[AnyRecord]) -> Iterator[str]:
    """The findings that do not say what was expected and seen, where, and what may mend it."""
    for each in records:
        if isinstance(each, Finding) and each.check in CHECKS:
            said = (each.expected, each.seen, each.hint, each.session or each.calls)
            if not all(said) or "\n" in (each.hint or ""):
                yield f"{each.check} does not say enough: {each}"


def _with_agent(plan: SuitePlan, suite: str, job: Job) -> SuitePlan:
    agent = plan.suite.agent
    if job.defect is not None:
        kind = "python" if agent.python is not None else "asgi"
        agent = agent.model_copy(update={kind: f"{_defects(suite)}:{job.defect}"})
    scenario = _changed(plan.scenario(job.scenario), job)
    made = plan.suite.model_copy(update={"agent": agent})
    return replace(plan, suite=made, scenarios=(scenario,))


def _changed(scenario: ScenarioPlan, job: Job) -> ScenarioPlan:
    """The scenario as the job has it."""
    changes: dict[str, Any] = {}
    if not job.faulty:
        changes |= {"faults": (), "services": {}}
    if job.without == EXPECTATION:
        changes["expect"] = Expect()
    elif job.without is not None:
        changes["checks"] = (*scenario.scenario.checks, CheckUse(job.without, removed=True))
    cells = tuple(each[: job.sessions] for each in scenario.cells[:1])
    return replace(scenario, scenario=scenario.scenario.model_copy(update=changes), cells=cells)
