"""The rows of the tables that figures are taken from: one per call, turn and session.

Times are nanoseconds of world time. None means that there is no such figure; it never stands for
zero. `fault` holds the kinds of the faults that fired, joined with `+` where there are several, and
`model` of a turn or a session the models that were asked. Costs are in US dollars.
"""

from __future__ import annotations

from dataclasses import dataclass

from evalkit.journal.records import Answer, End, Outcome

FAULT_SEPARATOR = "+"
MODEL_SEPARATOR = " + "
"""With spaces, for the names of models hold pluses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One request to a service. `session` is None where the call could not be attributed.

    `attempts` stands in the row of the first attempt only, so that each logical call counts once.
    `recovered` says whether the logical call got there in the end.

    Of the tokens read, `tokens_cached` came from a cache and `tokens_cache_write` went to one; of
    those written, `tokens_reasoning` were thought and not said. `priced_as` names the model whose
    price applies and `priced_by` the table that it is from. A call is `unpriced` whose tokens or
    price are unknown; one that was never answered costs nothing and is not.
    """

    scenario: str
    cell: int
    session: str | None
    turn: int | None
    region: str | None
    call: int
    service: str
    kind: str | None
    operation: str
    method: str
    path: str
    model: str | None
    route: str | None
    identity: str
    occurrence: int
    attempt: int
    logical: int
    sdk_retry: int | None
    started_ns: int
    ended_ns: int | None
    outcome: Outcome | None
    status: int | None
    latency_ns: int | None
    first_token_ns: int | None
    inter_token_ns: float | None
    error: bool
    timeout: bool
    attempts: int | None
    recovered: bool
    cause: str
    fault: str | None
    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int | None
    tokens_cache_write: int | None
    tokens_reasoning: int | None
    cost: float | None
    priced_as: str | None
    priced_by: str | None
    unpriced: bool
    effects: int
    violations: int
    advice: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRow:
    """One turn. Its three times add up to its latency.

    `unpriced` counts the model calls whose tokens or price are unknown.
    """

    scenario: str
    cell: int
    session: str
    turn: int
    region: str | None
    intended_ns: int
    started_ns: int
    ended_ns: int | None
    latency_ns: int | None
    llm_time_ns: int | None
    tool_time_ns: int | None
    wait_time_ns: int | None
    downstream_share: float | None
    cpu_time_ns: int | None
    failed: bool
    timed_out: bool
    answer: Answer | None
    confidence: float | None
    text: str | None
    error: str | None
    calls: int
    model: str | None
    cost: float | None
    tokens_in: int | None
    tokens_out: int | None
    unpriced: int
    fault: str | None
    violations: int
    advice: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRow:
    """One planned session, whether it was ever started or not.

    `violations` leaves out those of checks that the scenario allows; `allowed` counts these.
    `unpriced` counts the model calls whose tokens or price are unknown. `retry_cost` is what the
    attempts after the first cost.
    """

    scenario: str
    cell: int
    session: str
    region: str | None
    end: End
    reason: str | None
    intended_ns: int | None
    started_ns: int | None
    ended_ns: int | None
    latency_ns: int | None
    turns: int
    calls: int
    answer: Answer | None
    completed: bool
    failed: bool
    good: bool
    recovered: bool | None
    escalated: bool | None
    degraded: bool | None
    held: bool | None
    model: str | None
    cost: float | None
    tokens_in: int | None
    tokens_out: int | None
    cost_per_1k_tokens: float | None
    retry_cost: float | None
    unpriced: int
    cpu_time_ns: int | None
    fault: str | None
    faults_fired: int
    faults_delivered: int
    effects: int
    violations: int
    allowed: int
    advice: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The rows of one cell."""

    calls: tuple[CallRow, ...]
    turns: tuple[TurnRow, ...]
    sessions: tuple[SessionRow, ...]
