"""The services of a plan, read once for all of its cells."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from evalkit.engine.cells import SuitePlan
from evalkit.services import ServiceTemplate, load_service
from evalkit.suite.model import ServiceUse
from evalkit.world.clock import epoch_ns

Templates: TypeAlias = Mapping[str, Sequence[ServiceTemplate]]
"""The services of each scenario, by its name."""


def load_templates(plan: SuitePlan) -> Templates:
    """The services of each scenario, read and compiled once, to be made fresh for every world. Live
    they tell the real time, roughly: the moment at which they were loaded and what passed since.
    """
    starts_at = epoch_ns(plan.suite.starts_at) if plan.live is None else time.time_ns()
    loaded: list[tuple[str, ServiceUse, ServiceTemplate]] = []

    def load(name: str, use: ServiceUse) -> ServiceTemplate:
        known = (made for named, of, made in loaded if (named, of) == (name, use))
        if (template := next(known, None)) is None:
            template = load_service(name, use, plan.path.parent, starts_at_ns=starts_at)
            loaded.append((name, use, template))
        return template

    return {
        each.name: [load(name, use) for name, use in plan.suite.services_in(each.scenario).items()]
        for each in plan.scenarios
    }
