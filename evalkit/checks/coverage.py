"""What a suite declares about each of its services, and what could be added to be judged by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from evalkit.faults import Rule
from evalkit.services.described import Described
from evalkit.suite.model import ServiceUse, Suite
from evalkit.units import format_duration

MODELS = frozenset({"openai", "anthropic", "gemini"})
_WITH_CONTRACT = frozenset({*MODELS, "openapi", "mcp"})

Aspect: TypeAlias = Literal[
    "contract", "budget", "failure policy", "scopes", "idempotency", "faults tried"
]


class State(StrEnum):
    """Whether a suite declares something about a service."""

    DECLARED = "declared"
    MISSING = "missing"
    NOT_NEEDED = "not needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """One aspect of a service: what is declared of it (`detail`), or what to `add` and where."""

    aspect: Aspect
    state: State
    detail: str = ""
    add: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCoverage:
    """All aspects of one service, in a fixed order."""

    service: str
    kind: str
    aspects: tuple[Covered, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a suite declares about its services."""

    suite: str
    services: tuple[ServiceCoverage, ...]

    @property
    def missing(self) -> int:
        """How many aspects are missing."""
        aspects = [each for service in self.services for each in service.aspects]
        return sum(each.state is State.MISSING for each in aspects)


def coverage_of(suite: Suite, described: Mapping[str, Described]) -> Coverage:
    """What is declared about each service, given what their definitions declare."""
    return Coverage(
        suite=suite.suite,
        services=tuple(
            _service(suite, name, use, described[name]) for name, use in suite.services.items()
        ),
    )


def _service(suite: Suite, name: str, use: ServiceUse, described: Described) -> ServiceCoverage:
    return ServiceCoverage(
        service=name,
        kind=described.kind,
        aspects=(
            _contract(use, described),
            _budget(use),
            _policy(use),
            _scopes(use, described),
            _idempotency(use, described),
            _faults(suite, name),
        ),
    )


def _contract(use: ServiceUse, described: Described) -> Covered:
    if described.kind in _WITH_CONTRACT:
        detail = use.document or f"that of {described.kind}"
        return Covered(aspect="contract", state=State.DECLARED, detail=detail)
    add = f"`service: openapi` and a `document` in {use.use}, so that requests are held against it"
    return Covered(aspect="contract", state=State.MISSING, add=add)


def _budget(use: ServiceUse) -> Covered:
    if use.budget is not None:
        detail = format_duration(use.budget)
        return Covered(aspect="budget", state=State.DECLARED, detail=detail)
    add = "`budget: 2s` (what the agent may wait for it, retries included)"
    return Covered(aspect="budget", state=State.MISSING, add=add)


def _policy(use: ServiceUse) -> Covered:
    policies = {"on_failure": use.on_failure, "on_timeout": use.on_timeout}
    given = [f"{key}: {' or '.join(answers)}" for key, answers in policies.items() if answers]
    if use.optional:
        given.append("optional")
    if use.on_failure or use.optional:
        detail = ", ".join(given)
        return Covered(aspect="failure policy", state=State.DECLARED, detail=detail)
    more = " beside `on_timeout`" if use.on_timeout else " (or `optional: true`)"
    add = f"`on_failure: degraded`{more}"
    return Covered(aspect="failure policy", state=State.MISSING, add=add)


def _scopes(use: ServiceUse, described: Described) -> Covered:
    if use.scopes is not None:
        detail = ", ".join(use.scopes) or "none"
        return Covered(aspect="scopes", state=State.DECLARED, detail=detail)
    if not described.guarded and not described.scopes:
        return Covered(aspect="scopes", state=State.NOT_NEEDED, detail="it asks for no credential")
    of = ", ".join(described.scopes) or "…"
    add = f"`scopes: [{of}]`, as far as the agent is granted them"
    return Covered(aspect="scopes", state=State.MISSING, add=add)


def _idempotency(use: ServiceUse, described: Described) -> Covered:
    if not described.writes:
        return Covered(aspect="idempotency", state=State.NOT_NEEDED, detail="it commits no effect")
    bare = [each for each in described.writes if each not in described.keyed]
    if not bare:
        detail = ", ".join(described.keyed)
        return Covered(aspect="idempotency", state=State.DECLARED, detail=detail)
    add = f"`idempotency: Idempotency-Key` at the effect of {', '.join(bare)} in {use.use}"
    return Covered(aspect="idempotency", state=State.MISSING, add=add)


def _faults(suite: Suite, name: str) -> Covered:
    rules = [
        Rule.parse(at, each.at, each.when, each.injected)
        for scenario in suite.scenarios.values()
        for at, each in enumerate(scenario.faults)
    ]
    own = [each for each in rules if each.service == name]
    kinds = [fault.name for each in own for fault in each.faults]
    kinds += ["status" for each in own if each.when.sequence]
    if kinds:
        detail = ", ".join(dict.fromkeys(kinds))
        return Covered(aspect="faults tried", state=State.DECLARED, detail=detail)
    add = f"a scenario with `faults: [{name}/down]`, and one in which it is slow"
    return Covered(aspect="faults tried", state=State.MISSING, add=add)
