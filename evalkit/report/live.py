"""What reports say of live runs: what kind of time their figures are in, how much to believe."""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.live.meter import LoadCounts
from evalkit.report.words import SIMULATED, count
from evalkit.store import RunRecord, ScenarioRecord

REAL = (
    "Latencies are real time on this machine: what the agent took, its services' declared "
    "latencies, and the noise of the machine. Sessions are a sample: a gate passes where it holds "
    "at 95 % confidence."
)

_EGRESS = {
    "open": "Nothing kept the agent from the real network.",
    "proxied": "Egress by way of the proxy variables was refused unless a service is mocked there.",
    "enforced": "The agent ran where nothing but the mocks can be reached.",
}
_WAYS = {
    "baggage": "by baggage",
    "traceparent": "by traceparent",
    "prefix": "by the prefix of the path",
    "port": "by the port of its process",
    "correlate": "by `correlate`",
    "alone": "by being alone",
}


def time_words(record: RunRecord) -> str:
    """What kind of time the figures of a run are in, and what kept it from the real network."""
    if not record.live:
        return SIMULATED
    return f"{REAL} {_EGRESS.get(record.egress, '')}".rstrip()


def live_words(scenario: ScenarioRecord) -> str | None:
    """How faithful a live scenario was, and how its calls were told apart; None if it is not."""
    fidelity = scenario.fidelity
    if fidelity is None:
        return None
    late = f"the mocks were {_ms(fidelity.late_p99)} late at p99"
    own = f"and took {_ms(fidelity.own_p99)} by themselves"
    load = () if fidelity.load is None else _load_words(fidelity.load)
    return "; ".join((*load, f"{late} {own}", *_told(dict(fidelity.calls))))


def _load_words(load: LoadCounts) -> Iterator[str]:
    """What became of a load test."""
    yield f"under load: {count(load.given, 'session')} begun or due"
    if load.stopped is not None:
        yield f"stopped early: {load.stopped}"
    if load.dropped:
        yield f"{count(load.dropped, 'arrival')} dropped, for no user was free"
    if load.cut:
        yield f"{count(load.cut, 'session')} under way at the end, in no figure"
    if load.lost:
        of = ", ".join(f"{name} ({number})" for name, number in load.lost_of)
        yield f"{count(load.lost, 'session')} lost with a process of the load generator: {of}"
    yield f"the load generator was {_ms(load.late_p99)} late at p99"


def _told(calls: dict[str, int]) -> Iterator[str]:
    told = [f"{calls[way]:,} {words}" for way, words in _WAYS.items() if calls.get(way)]
    if told:
        yield f"calls attributed: {', '.join(told)}"
    if unattributed := calls.get("nothing", 0):
        yield (
            f"{count(unattributed, 'call')} of no known session: in no session's figures; they are "
            "told apart where the agent passes `baggage` on, or the service has a `correlate`"
        )


def _ms(ns: int) -> str:
    return f"{ns / 1_000_000:.1f} ms"
