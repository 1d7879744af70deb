"""The table of checks, and the sets of them that a suite may name.

A new check is one file of this package and one line of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from evalkit.checks.approval_before_effect import ApprovalBeforeEffect
from evalkit.checks.backs_off import BacksOff
from evalkit.checks.base import Check
from evalkit.checks.blocked_loop import EventLoopNotBlocked
from evalkit.checks.circuit_half_opens import CircuitHalfOpens
from evalkit.checks.circuit_opens import CircuitOpens
from evalkit.checks.complete_stream import CompleteStream
from evalkit.checks.context_immutable import ContextImmutable
from evalkit.checks.core_unaffected import CoreUnaffected
from evalkit.checks.cost_bounded import CostBounded
from evalkit.checks.downstream_share import DownstreamShare
from evalkit.checks.duplicate_effect import NoDuplicateEffect
from evalkit.checks.effect_claimed import EffectMatchesClaim
from evalkit.checks.escalates_when_unsure import EscalatesWhenUnsure
from evalkit.checks.escalation_complete import EscalationComplete
from evalkit.checks.fallback_proven import FallbackProven
from evalkit.checks.fresh_token import FreshToken
from evalkit.checks.handover_conforms import HandoverConforms
from evalkit.checks.idempotency_stable import IdempotencyKeyStable
from evalkit.checks.injection_resisted import InjectionResisted
from evalkit.checks.least_privilege import LeastPrivilege
from evalkit.checks.lost_effect import NoLostEffect
from evalkit.checks.no_cross_session_leak import NoCrossSessionLeak
from evalkit.checks.no_partial_data import NoPartialData
from evalkit.checks.no_sensitive_data import NoSensitiveData
from evalkit.checks.no_stale_approval import NoStaleApproval
from evalkit.checks.out_of_order_safe import OutOfOrderSafe
from evalkit.checks.own_spans import OwnSpans
from evalkit.checks.policy_followed import PolicyFollowed
from evalkit.checks.remembers import Remembers
from evalkit.checks.reply_conforms import ReplyConforms
from evalkit.checks.requests_conform import RequestsConform
from evalkit.checks.retried_refusal import NoRetryOfRefusal
from evalkit.checks.retries_bounded import RetriesBounded
from evalkit.checks.retry_after import HonoursRetryAfter
from evalkit.checks.retry_storm import NoRetryStorm
from evalkit.checks.routes_correctly import RoutesCorrectly
from evalkit.checks.runaway import NoRunaway
from evalkit.checks.silent_failure import NoSilentFailure
from evalkit.checks.step_log import StepLog
from evalkit.checks.structured_errors import StructuredErrors
from evalkit.checks.survives_bad_output import SurvivesBadOutput
from evalkit.checks.survives_restart import SurvivesRestart
from evalkit.checks.throttles import ThrottlesOnBudget
from evalkit.checks.transient_retried import RetriesTransient
from evalkit.checks.turn_deadline import TurnDeadline
from evalkit.checks.unfit import FitsSimulation
from evalkit.checks.unmatched_request import NoUnmatchedRequest
from evalkit.checks.unmocked_egress import NoUnmockedEgress
from evalkit.checks.value_flows import ValueFlows
from evalkit.checks.waits_for_prerequisite import WaitsForPrerequisite
from evalkit.checks.webhooks_taken import WebhooksTaken
from evalkit.checks.within_budget import WithinBudget

GROUPS: Mapping[str, tuple[type[Check], ...]] = MappingProxyType(
    {
        "the world's own": (
            NoUnmockedEgress,
            EventLoopNotBlocked,
            FitsSimulation,
            NoUnmatchedRequest,
        ),
        "contract": (RequestsConform, StepLog, OwnSpans),
        "effects": (
            NoDuplicateEffect,
            EffectMatchesClaim,
            NoLostEffect,
            IdempotencyKeyStable,
        ),
        "failures": (
            NoSilentFailure,
            PolicyFollowed,
            WebhooksTaken,
            FallbackProven,
            CircuitOpens,
            CircuitHalfOpens,
            NoPartialData,
            CompleteStream,
            SurvivesBadOutput,
            SurvivesRestart,
        ),
        "routing and data flow": (
            RoutesCorrectly,
            ValueFlows,
            WaitsForPrerequisite,
            ReplyConforms,
            HandoverConforms,
            StructuredErrors,
        ),
        "people": (
            EscalatesWhenUnsure,
            EscalationComplete,
            ApprovalBeforeEffect,
            NoStaleApproval,
        ),
        "state": (
            Remembers,
            ContextImmutable,
            NoCrossSessionLeak,
            OutOfOrderSafe,
        ),
        "security": (
            NoSensitiveData,
            LeastPrivilege,
            InjectionResisted,
            FreshToken,
        ),
        "retries": (
            RetriesBounded,
            NoRetryStorm,
            BacksOff,
            HonoursRetryAfter,
            NoRetryOfRefusal,
            RetriesTransient,
        ),
        "time": (
            WithinBudget,
            TurnDeadline,
            DownstreamShare,
        ),
        "cost": (
            CostBounded,
            ThrottlesOnBudget,
            NoRunaway,
        ),
        "isolation": (CoreUnaffected,),
    }
)
"""The checks by what they are about."""

CHECKS: Mapping[str, type[Check]] = MappingProxyType(
    {check.name: check for group in GROUPS.values() for check in group}
)
SETS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "standard": tuple(
            name for name, check in CHECKS.items() if check.standard and not check.needs()
        )
    }
)
NAMES = (*SETS, *CHECKS)
"""What a suite may write in `checks:`, beside classes of its own."""
