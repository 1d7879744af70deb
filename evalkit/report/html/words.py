"""What the names of figures mean, in plain words beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_FIGURE = re.compile(r"(?P<what>[a-z]+[0-9.]*)\((?P<metric>[a-z]+\.[a-z0-9_]+)(?P<where>[^)]*)\)")

_PLAIN: Mapping[str, str] = MappingProxyType(
    {
        "session.latency": "a session's time, the user's thinking included",
        "turn.latency": "a turn's time until its reply",
        "call.latency": "a call's time",
        "call.first_token": "a model's time to its first token",
        "call.inter_token": "a model's time from token to token",
        "turn.llm_time": "a turn's time with a model",
        "turn.tool_time": "a turn's time with other services",
        "turn.wait_time": "a turn's time in its own waits",
        "session.cost": "what a session costs",
        "session.cost_per_1k_tokens": "what 1,000 tokens cost",
        "session.retry_cost": "what a session's retries cost",
        "session.added_latency": "the time that faults add to a session",
        "session.added_cost": "what faults add to a session's cost",
        "session.amplification": "a session's calls, as a multiple of those without faults",
        "session.completed": "sessions that came to their end",
        "session.failed": "sessions that did not come to their end",
        "session.recovered": "sessions that met a fault and came to their end as expected",
        "session.escalated": "sessions that were handed over to people",
        "session.degraded": "sessions with an answer that says that something is missing",
        "session.held": "sessions that put the user off",
        "session.good": "sessions without anything wrong",
        "session.calls": "how many calls a session makes",
        "session.errors": "how many calls of a session get no usable reply",
        "turn.failed": "turns without the reply that was expected",
        "call.error": "calls without a usable reply",
        "call.timeout": "calls that the client gave up",
    }
)
_WHAT: Mapping[str, str] = MappingProxyType(
    {"mean": "the mean of", "max": "the most of", "min": "the least of", "rate": "the share of"}
)

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("scenario", "users' sessions with certain faults, or with none, and what is expected of them"),
    ("session", "one user's conversation with the agent, from its first word to its end"),
    ("good session", "one that met every expectation and raised no violation"),
    ("turn", "something that a user says, and the agent's reply to it"),
    ("call", "a request that the agent sends to a service: every attempt is one"),
    ("gate", "a limit that a figure must keep for the run to pass"),
    ("violation", "a finding that fails its scenario; advice does not"),
    ("critical", "a scenario that the suite marks as critical: what fails in it comes first"),
    ("recovered", "a fault was met, and the session came to its end as expected all the same"),
    ("degraded", "an answer says that something is missing"),
    ("held", "the user was put off until later"),
    ("handed over", "the session was given to people"),
    ("injected", "an error that a fault of the suite made"),
    ("organic", "an error that no fault made"),
    ("unrecovered", "what was wanted of a service never came, on any attempt"),
    ("budget", "the time that a service may take for a call, retries included"),
    ("amplification", "calls, as a multiple of those of the same sessions without faults"),
    ("control", "the same sessions without faults, run to compare with"),
    ("egress", "how the run is kept from reaching real services"),
    ("digest", "a fingerprint of all that happened: equal ones mean that two runs did the same"),
)
"""The words of a report, for somebody who has not seen one."""


def plain(figure: str) -> str:
    """A figure like `p90(session.latency)` in words; nothing where there are none."""
    found = _FIGURE.search(figure)
    what, metric = (found["what"], found["metric"]) if found else ("", figure)
    if metric not in _PLAIN:
        return ""
    if not what:
        return _PLAIN[metric]
    return f"{_WHAT.get(what, f'{what} of')} {_PLAIN[metric]}"
