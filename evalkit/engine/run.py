"""Runs a plan and yields what happens."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace

from evalkit.engine.ahead import prepare, start_ahead
from evalkit.engine.cells import CellSink, SuitePlan
from evalkit.engine.environment import environment_of
from evalkit.engine.events import CellKey, Event, RunPlanned
from evalkit.engine.forking import Zygote, start_zygote
from evalkit.engine.lending import Lender
from evalkit.engine.messages import Order
from evalkit.engine.pool import Pool
from evalkit.engine.preload import ALWAYS, PRICES, libraries_of
from evalkit.metrics.context import is_model
from evalkit.suite import Loaded
from evalkit.suite.model import Suite


def run_suite(
    plan: SuitePlan,
    *,
    sink: CellSink,
    workers: int | None = None,
    done: Collection[CellKey] = (),
    keep: Sequence[int] = (),
    lender: Lender | None = None,
    skip: Callable[[CellKey], bool] | None = None,
) -> Iterator[Event]:
    """Run the cells of the plan but those that are `done`, `workers` processes at a time (default:
    the cores; live: one).

    `sink` keeps each cell's result, in the cell's process. The file descriptors in `keep` are
    inherited by every process, and so are open for as long as one of them lives. A `lender` keeps
    the process that cells are forked from for other runs of the same suite. `skip` is asked before
    each cell whether it is left out after all. Raises `StartError`.
    """
    yield planned(plan)
    if plan.live is not None:  # the agent is a process of its own, and the machine's only one
        workers = 1
    preload = _preload(plan)
    bare = tuple(replace(each, cells=()) for each in plan.scenarios)
    order = Order(plan=replace(plan, scenarios=bare), sink=sink, preload=preload)

    def start() -> Zygote:
        return start_zygote(order, plan.environment, keep)

    def borrow() -> Zygote:
        return start() if lender is None else lender.borrow(start)

    pool = Pool(borrow, plan, sink, workers or os.cpu_count() or 1, skip)
    yield from pool.run([each for each in cells_of(plan) if each not in done])


def planned(plan: SuitePlan) -> RunPlanned:
    """What is told of a plan before anything of it runs."""
    return RunPlanned(
        suite=plan.suite.suite,
        scenarios=tuple(each.name for each in plan.scenarios),
        cells=len(cells_of(plan)),
        sessions=sum(each.sessions for each in plan.scenarios),
    )


def cells_of(plan: SuitePlan) -> tuple[CellKey, ...]:
    """The cells of a plan, in order."""
    return tuple(
        CellKey(each.name, index) for each in plan.scenarios for index in range(len(each.cells))
    )


def get_ready(plan: SuitePlan) -> None:
    """Have what the next run begins with, which is one of this plan, done beside other work."""
    start_ahead()
    prepare(plan.environment, _preload(plan))


def import_ahead(loaded: Loaded[Suite]) -> None:
    """Have the libraries of a suite's agent imported while the rest of it is read and planned, by
    the process that waits for an order, if one does.
    """
    agent = loaded.value.agent
    environment = environment_of(loaded.value)
    if not environment.wrong and not loaded.value.runs_live:
        libraries = libraries_of(agent.python or agent.asgi or "", loaded.path.parent)
        prepare(environment.values, (*ALWAYS, *libraries))


def _preload(plan: SuitePlan) -> tuple[str, ...]:
    """The modules that cells of the plan need."""
    agent = plan.suite.agent
    target = "" if plan.live is not None else agent.python or agent.asgi or ""
    models = [each for each in plan.services if is_model(each.kind)]
    prices = PRICES if plan.prices.needs_list(models) else ()
    return (*ALWAYS, *prices, *libraries_of(target, plan.path.parent))
