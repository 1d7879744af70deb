"""A whole report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.report.html.view.banner import Banner
from evalkit.report.html.view.before import Before
from evalkit.report.html.view.cost import Cost
from evalkit.report.html.view.figures import Integration, Latency
from evalkit.report.html.view.gates import GateLine
from evalkit.report.html.view.load import Load
from evalkit.report.html.view.matrix import Matrix
from evalkit.report.html.view.places import Problem
from evalkit.report.html.view.scenarios import ScenarioLine
from evalkit.report.html.view.sessions import Sessions
from evalkit.report.html.view.shares import Conduct, PastRun


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A whole report."""

    banner: Banner
    scenarios: tuple[ScenarioLine, ...]
    gates: tuple[GateLine, ...]
    problems: tuple[Problem, ...]
    matrix: Matrix
    integrations: tuple[Integration, ...]
    latencies: tuple[Latency, ...]
    cost: Cost
    conduct: tuple[Conduct, ...]
    history: tuple[PastRun, ...]
    sessions: Sessions
    left_out: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]
    before: Before | None = None
    load: Load | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
