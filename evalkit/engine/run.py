"""Runs a plan and yields what happens."""

from __future__ import annotations

import os
from collections.abc import Iterator

from evalkit.engine.cells import CellSink, SuitePlan
from evalkit.engine.events import CellKey, Event, RunPlanned
from evalkit.engine.pool import Pool, start_zygote
from evalkit.engine.preload import libraries_of
from evalkit.engine.zygote import Order

_ALWAYS = ("pyarrow.parquet", "jinja2")


def run_suite(plan: SuitePlan, *, sink: CellSink, workers: int | None = None) -> Iterator[Event]:
    """Run every cell of the plan, `workers` processes at a time (default: the cores).

    `sink` keeps each cell's result, in the cell's process. Raises `StartError`.
    """
    keys = [
        CellKey(scenario.name, index)
        for scenario in plan.scenarios
        for index in range(len(scenario.cells))
    ]
    yield RunPlanned(
        suite=plan.suite.suite,
        scenarios=tuple(each.name for each in plan.scenarios),
        cells=len(keys),
        sessions=sum(each.sessions for each in plan.scenarios),
    )
    target = plan.suite.agent.python or plan.suite.agent.asgi or ""
    preload = (*_ALWAYS, *libraries_of(target, plan.path.parent))
    order = Order(plan=plan, sink=sink, preload=preload)
    with start_zygote(order, plan.environment) as zygote:
        most = workers or os.cpu_count() or 1
        yield from Pool(zygote, plan, sink, most).run(keys)
