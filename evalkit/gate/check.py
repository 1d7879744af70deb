"""What can be known to be wrong with a gate before anything runs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import combinations

from evalkit.gate.conditions import AllOf, AnyOf, Condition, Where, conditions_of
from evalkit.gate.confidence import least_sessions
from evalkit.gate.limit import format_limit
from evalkit.gate.model import Gate
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
    if "fault" not in known or known["fault"]:
        return
    if gate.metric.name == "session.recovered":
        yield f"`{gate}` judges nothing: there is no fault to recover from"
    if gate.metric.paired:
        yield (
            f"`{gate}` judges nothing: only sessions with faults are compared with the same "
            "ones without; write it at a scenario that injects some"
        )


def _of_values(gate: Gate, known: Mapping[str, Collection[str]]) -> Iterator[str]:
    row = row_word(gate.metric.table)
    for each in conditions_of(gate.where):
        values = known.get(each.label)
        if values is None or any(map(each.matches, (*values, NONE))):
            continue
        there = ", ".join(sorted(values)) or "none"
        meant = closest(each.value, sorted(values))
        hint = f"; did you mean {meant}?" if meant else ""
        yield f'no {row} here can have the {each.label} "{each.value}"; there are: {there}{hint}'


def _of_contradictions(gate: Gate) -> Iterator[str]:
    row = row_word(gate.metric.table)
    for one, other in _together(gate.where):
        if _exclude(one, other, several=_several(one.label, gate)):
            either = f'; did you mean "{one} or {other}"?' if one.op == other.op else ""
            yield f"no {row} can have both {one} and {other}{either}"


def _together(where: Where | None) -> Iterator[tuple[Condition, Condition]]:
    """The pairs of conditions that have to hold at once, whatever else does."""
    if isinstance(where, AllOf):
        yield from combinations((each for each in where if isinstance(each, Condition)), 2)
    if isinstance(where, AllOf | AnyOf):
        for each in where:
            yield from _together(each)


def _several(label: str, gate: Gate) -> bool:
    """Whether a row may have several values of the label: a call is of one model."""
    return label == "fault" or (label == "model" and gate.metric.table != "calls")


def _exclude(one: Condition, other: Condition, *, several: bool) -> bool:
    if one.label != other.label:
        return False
    if one.op != other.op:
        return one.value == other.value
    several = several and NONE not in (one.value, other.value)
    apart = not (one.matches(other.value) or other.matches(one.value) or _globs(one, other))
    return one.op == "=" and apart and not several


def _globs(one: Condition, other: Condition) -> bool:
    """Whether both stand for several values, which may overlap."""
    return all(set("*?[") & set(each.value) for each in (one, other))
