"""Says in one sentence why a gate has its verdict."""

from __future__ import annotations

from evalkit.gate.compare import WORDS
from evalkit.gate.limit import format_limit
from evalkit.gate.model import Gate
from evalkit.gate.samples import Samples
from evalkit.gate.verdict import Verdict
from evalkit.metrics.definitions import row_word
from evalkit.metrics.figures import format_figure


def why(
    gate: Gate, samples: Samples, observed: float | None, verdict: Verdict, needed: int | None
) -> str:
    """The sentence."""
    if observed is None:
        return _without_figure(gate, samples)
    if verdict is Verdict.NO_DATA:
        return _unknown_part(gate, samples)
    seen = f"{gate.figure} is {format_figure(observed, gate.unit)} over {_over(gate, samples)}"
    limit = f"{WORDS[gate.op]} {format_limit(gate.limit, gate.unit)}"
    if verdict is Verdict.PASS:
        return f"{seen}, {limit}"
    if verdict is Verdict.FAIL:
        return f"{seen}, not {limit}"
    return f"{seen}, too few to tell whether it is {limit}; {_remedy(needed, samples)}"


def _over(gate: Gate, samples: Samples) -> str:
    own = _counted(len(samples.values), row_word(gate.metric.table))
    if gate.metric.table == "sessions":
        return own
    return f"{own} of {_counted(samples.session_count, 'session')}"


def _remedy(needed: int | None, samples: Samples) -> str:
    if needed is None:
        return "it is so near the limit that more sessions would hardly settle it"
    more = needed - samples.session_count
    return f"about {needed} sessions like these would settle it, {more} more"


def _without_figure(gate: Gate, samples: Samples) -> str:
    row = row_word(gate.metric.table)
    if not samples.rows:
        return f"there is no {row} to judge"
    if len(samples.values):
        return f"{_over(gate, samples)} give no {gate.aggregate}"
    if samples.missing and gate.metric.paired:
        missing = _counted(samples.missing, row)
        return f"none of {missing} can be compared with the same one without faults"
    if samples.missing:
        none = f"none of {_counted(samples.missing, row)} has a {gate.metric.name}"
        return f"{none}{_because(samples)}"
    return f"none of {_counted(samples.rows, row)} has {gate.where}"


def _unknown_part(gate: Gate, samples: Samples) -> str:
    row = row_word(gate.metric.table)
    total = len(samples.values) + samples.unknown
    unknown = f"{samples.unknown} of {_counted(total, row)} have no known {gate.metric.name}"
    return f"{unknown}{_because(samples)}"


def _because(samples: Samples) -> str:
    """What makes figures unknown, if it is known what does."""
    if not samples.unpriced:
        return ""
    are = "is" if samples.unpriced == 1 else "are"
    return f": {_counted(samples.unpriced, 'model call')} {are} unpriced"


def _counted(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
