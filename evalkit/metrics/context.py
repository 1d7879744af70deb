"""What the rows of a cell are made with beside its journal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from evalkit.journal.records import End, FaultMoved, Finding, Severity, Stage
from evalkit.metrics.pricing import Priced
from evalkit.metrics.rows import FAULT_SEPARATOR
from evalkit.services.base import ServiceInfo
from evalkit.wire import Usage

MODEL_KINDS = frozenset({"openai", "anthropic", "gemini"})
"""The kinds of services that are models; every other service is a tool."""

Price: TypeAlias = Callable[[str | None, Usage], Priced | None]
"""What the tokens of a model cost; None where that is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A cell's place, its services, and what its scenario takes for good.

    `ends` are the ends that the scenario expects, `allowed` the checks whose violations it allows.
    """

    scenario: str
    cell: int
    services: Mapping[str, ServiceInfo]
    cpu_ns: Mapping[tuple[str, int], int]
    price: Price
    ends: frozenset[End]
    allowed: frozenset[str]

    def kind(self, service: str) -> str | None:
        """The kind of a service, or None where the suite has no such service."""
        info = self.services.get(service)
        return None if info is None else info.kind

    @property
    def has_models(self) -> bool:
        """Whether the suite has a model among its services."""
        return any(is_model(info.kind) for info in self.services.values())

    def count(self, findings: Iterable[Finding]) -> Counts:
        """How many of these findings are violations, allowed ones, and advice."""
        findings = tuple(findings)
        violating = [each for each in findings if each.severity is Severity.VIOLATION]
        allowed = sum(each.check in self.allowed for each in violating)
        return Counts(len(violating) - allowed, allowed, len(findings) - len(violating))


@dataclass(frozen=True, slots=True)
class Counts:
    """Findings by what they mean for the verdict."""

    violations: int
    allowed: int
    advice: int


def is_model(kind: str | None) -> bool:
    """Whether a service of this kind is a model."""
    return kind in MODEL_KINDS


def fired(faults: Iterable[FaultMoved]) -> str | None:
    """The label of the faults that fired among these, or None."""
    kinds = {each.fault for each in faults if each.stage is not Stage.SCHEDULED}
    return FAULT_SEPARATOR.join(sorted(kinds)) or None
