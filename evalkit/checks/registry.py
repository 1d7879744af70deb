"""The table of checks, and the sets of them that a suite may name.

A new check is one file of this package and one line of the table.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from evalkit.checks.base import Check
from evalkit.checks.blocked_loop import EventLoopNotBlocked
from evalkit.checks.duplicate_effect import NoDuplicateEffect
from evalkit.checks.policy_followed import PolicyFollowed
from evalkit.checks.requests_conform import RequestsConform
from evalkit.checks.retries_bounded import RetriesBounded
from evalkit.checks.silent_failure import NoSilentFailure
from evalkit.checks.unfit import FitsSimulation
from evalkit.checks.unmatched_request import NoUnmatchedRequest
from evalkit.checks.unmocked_egress import NoUnmockedEgress
from evalkit.checks.webhooks_taken import WebhooksTaken
from evalkit.checks.within_budget import WithinBudget

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "no-unmocked-egress": NoUnmockedEgress(),
        "event-loop-not-blocked": EventLoopNotBlocked(),
        "fits-simulation": FitsSimulation(),
        "no-unmatched-request": NoUnmatchedRequest(),
        "requests-conform": RequestsConform(),
        "no-duplicate-effect": NoDuplicateEffect(),
        "no-silent-failure": NoSilentFailure(),
        "retries-bounded": RetriesBounded(),
        "within-budget": WithinBudget(),
        "policy-followed": PolicyFollowed(),
        "webhooks-taken": WebhooksTaken(),
    }
)
SETS: Mapping[str, tuple[str, ...]] = MappingProxyType({"standard": tuple(CHECKS)})
NAMES = (*SETS, *CHECKS)
"""What a suite may write in `checks:`."""


def expand(names: Iterable[str]) -> tuple[Check, ...]:
    """The checks of these names and sets, each once, in the order of the table.

    Raises `KeyError` for a name that is none of `NAMES`.
    """
    wanted = {each for name in names for each in SETS.get(name, (name,))}
    unknown = sorted(wanted - set(CHECKS))
    if unknown:
        raise KeyError(*unknown)
    return tuple(check for name, check in CHECKS.items() if name in wanted)
