"""The table of checks, and the sets of them that a suite may name.

A new check is one file of this package and one line of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from evalkit.checks.base import Check
from evalkit.imported import Imported

_GROUPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "the world's own": {
            "no-unmocked-egress": "unmocked_egress:NoUnmockedEgress",
            "event-loop-not-blocked": "blocked_loop:EventLoopNotBlocked",
            "fits-simulation": "unfit:FitsSimulation",
            "no-unmatched-request": "unmatched_request:NoUnmatchedRequest",
        },
        "contract": {
            "requests-conform": "requests_conform:RequestsConform",
            "step-log": "step_log:StepLog",
            "own-spans": "own_spans:OwnSpans",
        },
        "effects": {
            "no-duplicate-effect": "duplicate_effect:NoDuplicateEffect",
            "effect-matches-claim": "effect_claimed:EffectMatchesClaim",
            "no-lost-effect": "lost_effect:NoLostEffect",
            "idempotency-key-stable": "idempotency_stable:IdempotencyKeyStable",
        },
        "failures": {
            "no-silent-failure": "silent_failure:NoSilentFailure",
            "policy-followed": "policy_followed:PolicyFollowed",
            "webhooks-taken": "webhooks_taken:WebhooksTaken",
            "fallback-proven": "fallback_proven:FallbackProven",
            "circuit-opens": "circuit_opens:CircuitOpens",
            "circuit-half-opens": "circuit_half_opens:CircuitHalfOpens",
            "no-partial-data": "no_partial_data:NoPartialData",
            "complete-stream": "complete_stream:CompleteStream",
            "survives-bad-output": "survives_bad_output:SurvivesBadOutput",
            "survives-restart": "survives_restart:SurvivesRestart",
        },
        "routing and data flow": {
            "routes-correctly": "routes_correctly:RoutesCorrectly",
            "value-flows": "value_flows:ValueFlows",
            "waits-for-prerequisite": "waits_for_prerequisite:WaitsForPrerequisite",
            "reply-conforms": "reply_conforms:ReplyConforms",
            "handover-conforms": "handover_conforms:HandoverConforms",
            "structured-errors": "structured_errors:StructuredErrors",
        },
        "people": {
            "escalates-when-unsure": "escalates_when_unsure:EscalatesWhenUnsure",
            "escalation-complete": "escalation_complete:EscalationComplete",
            "approval-before-effect": "approval_before_effect:ApprovalBeforeEffect",
            "no-stale-approval": "no_stale_approval:NoStaleApproval",
        },
        "state": {
            "remembers": "remembers:Remembers",
            "context-immutable": "context_immutable:ContextImmutable",
            "no-cross-session-leak": "no_cross_session_leak:NoCrossSessionLeak",
            "out-of-order-safe": "out_of_order_safe:OutOfOrderSafe",
        },
        "security": {
            "no-sensitive-data": "no_sensitive_data:NoSensitiveData",
            "least-privilege": "least_privilege:LeastPrivilege",
            "injection-resisted": "injection_resisted:InjectionResisted",
            "fresh-token": "fresh_token:FreshToken",
        },
        "retries": {
            "retries-bounded": "retries_bounded:RetriesBounded",
            "no-retry-storm": "retry_storm:NoRetryStorm",
            "backs-off": "backs_off:BacksOff",
            "honours-retry-after": "retry_after:HonoursRetryAfter",
            "no-retry-of-refusal": "retried_refusal:NoRetryOfRefusal",
            "retries-transient": "transient_retried:RetriesTransient",
        },
        "time": {
            "within-budget": "within_budget:WithinBudget",
            "turn-deadline": "turn_deadline:TurnDeadline",
            "downstream-share": "downstream_share:DownstreamShare",
        },
        "cost": {
            "cost-bounded": "cost_bounded:CostBounded",
            "throttles-on-budget": "throttles:ThrottlesOnBudget",
            "no-runaway": "runaway:NoRunaway",
        },
        "isolation": {
            "core-unaffected": "core_unaffected:CoreUnaffected",
        },
    }
)

CHECKS: Mapping[str, type[Check]] = Imported(
    "evalkit.checks",
    {name: place for group in _GROUPS.values() for name, place in group.items()},
)
GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {group: tuple(places) for group, places in _GROUPS.items()}
)
"""The names of the checks by what they are about."""

SETS: Mapping[str, tuple[str, ...]] = Imported("evalkit.checks", {"standard": "standard:NAMES"})
"""The names of the checks in a set, by the name of the set."""

NAMES = (*SETS, *CHECKS)
"""What a suite may write in `checks:`, beside classes of its own."""
