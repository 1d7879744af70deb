"""What can be known to be wrong with a gate before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations

from evalkit.gate.confidence import least_sessions
from evalkit.gate.limit import format_limit
from evalkit.gate.model import Condition, Gate
from evalkit.metrics.definitions import NONE, Unit, row_word
from evalkit.suite.problems import closest


def check_gate(gate: Gate, known: Mapping[str, Collection[str]]) -> list[str]:
    """Every reason why the gate can never have a sample, each in a sentence.

    `known` holds, by label, the values that can occur where the gate applies; a label that is not
    in it is not checked. Empty `fault` values mean that nothing is injected there.
    """
    return [*_of_scope(gate, known), *_of_values(gate, known), *_of_contradictions(gate)]


def warn_gate(gate: Gate, sessions: int) -> list[str]:
    """Why the gate could not pass with so many sessions, each in a sentence."""
    if not isinstance(gate.basis, float):
        return []
    needed = least_sessions(gate, gate.basis)
    if needed is None or needed <= sessions:
        return []
    confidence = format_limit(gate.basis, Unit.SHARE)
    return [
        f"`{gate}` cannot pass with {sessions} sessions: to be {confidence} sure "
        f"it needs at least {needed}"
    ]


def _of_scope(gate: Gate, known: Mapping[str, Collection[str]]) -> Iterator[str]:
    if "scenario" in known and not known["scenario"]:
        yield f"`{gate}` judges nothing: every scenario of the suite injects faults"
    if gate.metric.name == "session.recovered" and "fault" in known and not known["fault"]:
        yield f"`{gate}` judges nothing: there is no fault to recover from"


def _of_values(gate: Gate, known: Mapping[str, Collection[str]]) -> Iterator[str]:
    row = row_word(gate.metric.table)
    for each in gate.where:
        values = known.get(each.label)
        if values is None or each.value in values or each.value == NONE:
            continue
        there = ", ".join(sorted(values)) or "none"
        meant = closest(each.value, sorted(values))
        hint = f"; did you mean {meant}?" if meant else ""
        yield f'no {row} here can have the {each.label} "{each.value}"; there are: {there}{hint}'


def _of_contradictions(gate: Gate) -> Iterator[str]:
    row = row_word(gate.metric.table)
    for one, other in combinations(gate.where, 2):
        if _exclude(one, other):
            yield f"no {row} can have both {one} and {other}"


def _exclude(one: Condition, other: Condition) -> bool:
    if one.label != other.label:
        return False
    if one.op != other.op:
        return one.value == other.value
    several = one.label == "fault" and NONE not in (one.value, other.value)
    return one.op == "=" and one.value != other.value and not several
