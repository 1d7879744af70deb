"""Integrations by faults: where the agent is fragile, and what nobody has tried yet.

A session counts once in a cell, where some call of it to the integration met a fault of the family.
It failed where it broke an expectation or raised a violation; it was degraded where some reply was
degraded or held, or was handed over while the same session without faults was not; else it
recovered.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from evalkit.metrics.definitions import NONE
from evalkit.metrics.rows import FAULT_SEPARATOR
from evalkit.report.html.families import FAMILIES, OTHER, applies, family_of
from evalkit.report.html.groups import flags_of
from evalkit.report.html.reading import Key, Stored
from evalkit.report.html.view import Cell, Matrix, Place, State

if TYPE_CHECKING:
    from evalkit.metrics.columns import Values

_WORST: tuple[State, ...] = ("failed", "degraded", "recovered")


@dataclass(slots=True)
class _Met:
    """The sessions that met a family of faults at a service."""

    sessions: set[Key] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)


def matrix_of(stored: Stored) -> Matrix:
    """The matrix of a run."""
    met = _met(stored)
    states = _States(stored)
    families = [*FAMILIES, *([OTHER] if any(name == OTHER for _, name in met) else [])]
    rows = tuple(
        (
            service,
            tuple(
                _cell(met.get((service, name)), states)
                if (service, name) in met
                else Cell(state="untried" if applies(name, service, kind) else "never")
                for name in families
            ),
        )
        for service, kind in stored.services.items()
    )
    rows, families = _applicable(rows, families)
    counts = Counter(cell.state for _, own in rows for cell in own)
    return Matrix(
        families=tuple((name, FAMILIES.get(name, ("other faults", ()))[0]) for name in families),
        rows=rows,
        tried=sum(counts[each] for each in _WORST),
        untried=counts["untried"],
        fragile=counts["failed"],
    )


_Rows: TypeAlias = tuple[tuple[str, tuple[Cell, ...]], ...]


def _applicable(rows: _Rows, families: list[str]) -> tuple[_Rows, list[str]]:
    """Without the families that apply to no service there."""
    kept = [at for at in range(len(families)) if any(own[at].state != "never" for _, own in rows)]
    cells = tuple((name, tuple(own[at] for at in kept)) for name, own in rows)
    return cells, [families[at] for at in kept]


def _cell(met: _Met | None, states: _States) -> Cell:
    if met is None:
        return Cell(state="untried")
    by_state: dict[State, list[Key]] = defaultdict(list)
    for each in sorted(met.sessions):
        by_state[states.of(each)].append(each)
    worst: State = next((each for each in _WORST if by_state[each]), "untried")
    first = by_state[worst][0] if by_state[worst] else None
    return Cell(
        state=worst,
        recovered=len(by_state["recovered"]),
        degraded=len(by_state["degraded"]),
        failed=len(by_state["failed"]),
        kinds=tuple(sorted(met.kinds)),
        place=None if first is None else Place(scenario=first[0], session=first[1]),
    )


class _States:
    """What became of each session."""

    def __init__(self, stored: Stored) -> None:
        table = stored.sessions
        self._rows = stored.rows
        self._good = flags_of(table, "good")
        self._less = flags_of(table, "degraded") | flags_of(table, "held")
        self._escalated = flags_of(table, "escalated")
        self._controls = {each.name: each.control for each in stored.record.scenarios}

    def of(self, key: Key) -> State:
        """The state of a session."""
        row = self._rows[key]
        if not self._good[row]:
            return "failed"
        if self._less[row] or (self._escalated[row] and not self._handed_over_anyway(key)):
            return "degraded"
        return "recovered"

    def _handed_over_anyway(self, key: Key) -> bool:
        control = self._rows.get((self._controls.get(key[0]) or "", key[1]))
        return control is not None and bool(self._escalated[control])


def _met(stored: Stored) -> Mapping[tuple[str, str], _Met]:
    """Which sessions met what, by service and family."""
    found: dict[tuple[str, str], _Met] = defaultdict(_Met)
    told: dict[Key, set[str]] = defaultdict(set)
    for key, service, kinds, status in _hits(stored):
        for kind in kinds.split(FAULT_SEPARATOR):
            told[key].add(kind)
            named = f"{kind} {status}" if kind == "status" and status else kind
            met = found[service, family_of(named)]
            met.sessions.add(key)
            met.kinds.add(named)
    for key, service, kind in _beside_calls(stored, told):
        met = found[service, family_of(kind)]
        met.sessions.add(key)
        met.kinds.add(kind)
    return found


def _hits(stored: Stored) -> Iterator[tuple[Key, str, str, int]]:
    """The different hits: session, service, kinds of faults, status."""
    import numpy as np

    calls = stored.calls
    names = [calls.labels(each) for each in ("scenario", "session", "service", "fault")]
    if not len(names[3].codes):
        return
    none = [code for code, text in enumerate(names[3].texts) if text == NONE]
    hit = np.flatnonzero(~np.isin(names[3].codes, none))
    status = calls.numbers("status")
    codes: Values = np.where(status.known[hit], status.values[hit], 0).astype(np.int64)
    for each in names:
        codes = codes * (len(each.texts) + 1) + each.codes[hit]
    _, firsts = np.unique(codes, return_index=True)
    for row in hit[firsts].tolist():
        scenario, session, service, kinds = (each.texts[int(each.codes[row])] for each in names)
        if (scenario, session) in stored.rows:
            number = int(status.values[row]) if status.known[row] else 0
            yield (scenario, session), service, kinds, number


def _beside_calls(stored: Stored, told: Mapping[Key, set[str]]) -> Iterator[tuple[Key, str, str]]:
    """Faults that met a session but none of its calls, as those of webhooks and of the agent."""
    at = {each.name: _places(each.rules) for each in stored.record.scenarios}
    labels = stored.sessions.labels("fault")
    for row, code in enumerate(labels.codes.tolist()):
        if labels.texts[code] == NONE:
            continue
        key = stored.keys[row]
        for kind in set(labels.texts[code].split(FAULT_SEPARATOR)) - told.get(key, set()):
            if kind in at[key[0]]:
                yield key, at[key[0]][kind], kind


def _places(rules: tuple[Mapping[str, object], ...]) -> dict[str, str]:
    """Where the rules of a scenario inject each kind of fault."""
    found = {}
    for rule in rules:
        given = rule.get("inject")
        for fault in given if isinstance(given, (list, tuple)) else [given]:
            kinds = fault if isinstance(fault, Mapping) else [fault]
            for kind in kinds:
                found[str(kind)] = str(rule.get("at", "")).partition(" ")[0]
    return found
