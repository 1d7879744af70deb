"""The words that questions are made of, beside the names in the stored runs.

    question   = { part }                        in any order; every word has to be one of these
    part       = figure | condition | group | scope | runs | filler
    figure     = [ aggregate { "and" aggregate } ] metric [ row ]
    metric     = the name of a metric (`turn.latency`), or one of its synonyms below
    row        = calls | turns | sessions        which of several metrics of one word is meant
    condition  = [ label ] [ "=" ] name | ( "not" | "except" … ) [ label ] name
    name       = of a service, scenario, operation, model, region, suite, branch or fault that
                 occurs in the runs; in double quotes, beside its label, or bare where that can mean
                 nothing else. A fault always needs its label: fault = delay
    group      = ( "by" | "per" | "each" … ) label | name "vs" name
               | "which" label "has the" ( "highest" | "lowest" | "worst" | "best" … ) figure
    scope      = without faults | with faults | over all scenarios
    runs       = last 5 runs | last 7 days | since 2026-01-05 | before 2026-02-01 | on 2026-01-05
               | between 2026-01-05 and 2026-01-09 | today | yesterday | since Monday | past week
               | this week | this month | this year | in September | over time | all runs
               | compared to the previous run

A metric of one word may be of calls, turns or sessions: `latency`, `failed`, `cost`. The row word
decides; a service, an operation or a model is a matter of calls; and where nothing decides, the
question is not answered but the readings are offered. A total of costs or tokens is the same of
all three, and what was spent is a total. Without a scope the scenarios that inject
faults are told apart from those that do not. Without runs, the newest run of each suite is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from evalkit.history.names import Words, words_of
from evalkit.metrics import METRICS

Meaning: TypeAlias = tuple[str, str]
"""What a phrase says: its part in a question, and which one."""

CONCEPTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "latency": ("turn.latency", "session.latency", "call.latency"),
        "failure": ("session.failed", "turn.failed", "call.error"),
        "cost": ("session.cost", "turn.cost", "call.cost"),
        "spend": ("session.cost", "turn.cost", "call.cost"),
        "tokens in": ("session.tokens_in", "turn.tokens_in", "call.tokens_in"),
        "tokens out": ("session.tokens_out", "turn.tokens_out", "call.tokens_out"),
        "tokens": (
            *("session.tokens_in", "session.tokens_out", "turn.tokens_in", "turn.tokens_out"),
            *("call.tokens_in", "call.tokens_out"),
        ),
        "error": ("call.error",),
        "timeout": ("call.timeout",),
        **{each: (each,) for each in METRICS},
    }
)
"""What a synonym may mean. One that may mean several is decided by the row word or a label."""

SUMMED = "spend"
"""What is said of a total, unless the question says otherwise."""

_SYNONYMS = {
    "latency": "latency|latencies|response time|response times|duration|durations|how long",
    "failure": "failure|failures|fail|fails|failed|failing",
    "error": "error|errors|err",
    "cost": "cost|costs|price|dollars|money",
    "spend": "spend|spends|spent|spending|money spent",
    "tokens in": "tokens in|input tokens|prompt tokens|tokens read|tokens_in",
    "tokens out": "tokens out|output tokens|completion tokens|tokens written|tokens_out",
    "tokens": "tokens|token usage",
    "timeout": "timeout|timeouts|timed out|time out|times out",
    "call.attempts": "attempts|attempts per logical call",
    "call.first_token": "first token|time to first token|ttft|first token latency"
    "|first token time|latency to first token",
    "call.inter_token": "inter token|inter token latency|inter token time|time between tokens"
    "|time per output token|tpot|time per token",
    "call.tokens_cached": "cached tokens|tokens cached",
    "call.tokens_reasoning": "reasoning tokens|tokens of reasoning|thinking tokens",
    "turn.llm_time": "llm time|model time|time in models|time in the model|time spent in models",
    "turn.tool_time": "tool time|time in tools|time spent in tools",
    "turn.wait_time": "wait time|waiting time|time waiting|time spent waiting|idle time",
    "turn.downstream_share": "downstream share|share of downstream time|downstream time share",
    "turn.cpu_time": "cpu time|cpu",
    "session.completed": "completed|completion|complete|completes",
    "session.recovered": "recovered|recovery|recover|recovers",
    "session.escalated": "escalated|escalation|escalations|escalate|escalates|handed over"
    "|hand over|hands over|handed to a human|hand over to a human|escalated to a human"
    "|escalate to a human|escalates to a human|escalation to a human|escalations to a human",
    "session.degraded": "degraded|degradation|degraded answers",
    "session.held": "held|on hold|put on hold|answered with a hold",
    "session.good": "good",
    "session.retry_cost": "retry cost|cost of retries|cost of retrying|retries cost",
    "session.cost_per_1k_tokens": "cost per 1k tokens|cost per 1000 tokens"
    "|cost per thousand tokens",
    "session.amplification": "amplification|call amplification|amplification factor",
    "session.added_latency": "added latency|extra latency|additional latency"
    "|latency added by faults|latency that faults add|added latency of faults",
    "session.added_cost": "added cost|extra cost|additional cost|cost added by faults"
    "|added cost of faults|extra cost of faults",
}

_AGGREGATES = {
    "rate": "rate|rates|share|fraction|proportion|percentage|percent|how often|ratio",
    "count": "count|how many|number of",
    "mean": "mean|average|avg|on average",
    "min": "min|minimum",
    "max": "max|maximum",
    "sum": "sum|total|in total|altogether",
    "stddev": "stddev|standard deviation",
    "cv": "cv|coefficient of variation",
    "p50": "median",
}

_ROWS = {
    "calls": "call|calls|request|requests|all services|across services|across all services"
    "|any service",
    "turns": "turn|turns",
    "sessions": "session|sessions|conversation|conversations",
}

_LABELS = {
    "service": "service|services|integration|integrations|dependency|dependencies",
    "scenario": "scenario|scenarios",
    "operation": "operation|operations|endpoint|endpoints",
    "model": "model|models",
    "region": "region|regions",
    "fault": "fault|faults|when fault|under fault|fault type|fault types|type of fault"
    "|kind of fault|kinds of fault|under|after|hit by",
    "suite": "suite|suites",
    "branch": "branch|branches",
}

_SCOPE = {
    "without": "without faults|without any fault|without any faults|without a fault"
    "|without injected faults|without fault injection|no faults"
    "|when nothing is injected|when no faults are injected|fault free",
    "with": "with faults|with injected faults|under faults|under injected faults"
    "|under fault injection|when faults are injected",
    "all": "overall|over all scenarios|across all scenarios|in all scenarios",
}

_TIMES = {
    "trend": "over time|trend|trends|history|by run|per run|each run|every run|over the runs",
    "all": "all runs|over all runs",
    "latest": "last run|latest run|newest run|most recent run|latest",
    "previous": "compared to the previous run|compared with the previous run"
    "|vs the previous run|versus the previous run|compared to the run before",
    "today": "today",
    "yesterday": "yesterday",
}

_EXTREMES = {
    "highest": "highest|most|largest|biggest|longest|greatest",
    "lowest": "lowest|least|fewest|smallest|shortest",
    "worst": "worst",
    "best": "best",
}

PAIRS: Mapping[str, tuple[Meaning, ...]] = MappingProxyType(
    {
        "most often": (("extreme", "highest"), ("aggregate", "rate")),
        "least often": (("extreme", "lowest"), ("aggregate", "rate")),
    }
)
"""Phrases that are two parts at once."""

WANTED: Mapping[str, bool] = MappingProxyType(
    {
        **dict.fromkeys(("session.completed", "session.recovered", "session.good"), True),
        **dict.fromkeys(("session.failed", "turn.failed", "call.error", "call.timeout"), False),
        **dict.fromkeys(("session.latency", "turn.latency", "call.latency"), False),
        **dict.fromkeys(("session.cost", "turn.cost", "call.cost"), False),
        **dict.fromkeys(("call.first_token", "call.inter_token", "call.attempts"), False),
        **dict.fromkeys(("session.retry_cost", "session.cost_per_1k_tokens"), False),
        **dict.fromkeys(("session.added_latency", "session.added_cost"), False),
        "session.amplification": False,
    }
)
"""Whether much of a metric is good, where that is plain."""

_OTHER = {
    "by": "by|per|for each|for every|each|every|broken down by|split by|grouped by",
    "which": "which|what",
    "not": "not|without|except|excluding|except for|other than|not in|not for",
    "versus": "vs|versus|compare|compared to|compared with|against|comparison of",
    "and": "and|between",
    "or": "or",
    "where": "where",
    "is": "=|called|named",
    "is not": "!=",
    "filler": "is|are|was|were|the|a|an|of|in|on|at|to|for|from|with|did|do|does|how|me|show|tell"
    "|give|please|its|our|my|we|have|has|had|there|take|takes|took|that|how much|what are"
    "|what was|what were|i|get|gets|got|being|did the agent|does the agent|much|used"
    "|using|use|uses|occur|occurs|occurred|happen|happened|happens|over|during|pls|thanks"
    "|thank you|hi|hello|hey|could you|can you|would you|whats|so far|single|their",
}


def _phrases() -> Mapping[Words, Meaning]:
    parts = {
        "metric": _SYNONYMS,
        "aggregate": _AGGREGATES,
        "row": _ROWS,
        "label": _LABELS,
        "scope": _SCOPE,
        "time": _TIMES,
        "extreme": _EXTREMES,
    }
    found: dict[Words, Meaning] = {}
    for part, synonyms in parts.items():
        for meaning, phrases in synonyms.items():
            for each in phrases.split("|"):
                found[words_of(each)] = (part, meaning)
    for part, phrases in _OTHER.items():
        for each in phrases.split("|"):
            found.setdefault(words_of(each), (part, each))
    for each in PAIRS:
        found[words_of(each)] = ("pair", each)
    for name in METRICS:
        found[words_of(name)] = ("metric", name)
    return MappingProxyType(found)


PHRASES = _phrases()
"""What each phrase of the grammar means."""
