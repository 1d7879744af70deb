"""The names that occur in stored runs: services, scenarios, operations, models, regions and so on.

A question is understood only where every word of it is known: a word of the grammar, or one of
these. Names are compared without regard to case, and with `-`, `_` and spaces taken for the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from evalkit.gate.conditions import values_of
from evalkit.history.query import files_of, rows
from evalkit.history.runs import StoredRun

Words: TypeAlias = tuple[str, ...]

MOST_READ = 30
"""Runs of which the names in calls are read, the newest."""

_IN_CALLS = ("service", "operation", "model", "region", "fault")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The values of each label, with the suites that each occurs in."""

    labels: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)

    def of(self, label: str) -> tuple[str, ...]:
        """The values of a label, in order."""
        return tuple(sorted(self.labels.get(label, ())))

    def suites(self, label: str, value: str) -> frozenset[str]:
        """The suites that a value occurs in."""
        return self.labels.get(label, {}).get(value, frozenset())

    def spelled(self) -> Mapping[Words, tuple[tuple[str, str], ...]]:
        """What each sequence of words may name: labels with their values."""
        found: dict[Words, list[tuple[str, str]]] = defaultdict(list)
        for label, values in self.labels.items():
            for value in values:
                found[words_of(value)].append((label, value))
        return {words: tuple(sorted(each)) for words, each in found.items() if words}


def words_of(name: str) -> Words:
    """A name in the words that a question spells it with."""
    return tuple(re.sub(r"[\s_-]+", " ", name).lower().split())


def names_in(runs: Sequence[StoredRun]) -> Names:
    """The names that occur in these runs; those in calls, in the newest of them."""
    labels: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for each in runs:
        suite = each.record.suite
        for label, value in _recorded(each):
            labels[label][value].add(suite)
    for each in [run for run in runs if run.complete][-MOST_READ:]:
        for label, value in _called(each):
            labels[label][value].add(each.record.suite)
    return Names(
        labels={
            label: {value: frozenset(suites) for value, suites in values.items()}
            for label, values in labels.items()
        }
    )


def _recorded(run: StoredRun) -> Iterable[tuple[str, str]]:
    record = run.record
    yield "suite", record.suite
    if record.branch:
        yield "branch", record.branch
    yield from (("service", each) for each in record.budgets)
    yield from (("scenario", each.name) for each in record.scenarios if not each.added)


def _called(run: StoredRun) -> Iterable[tuple[str, str]]:
    columns = ", ".join(_IN_CALLS)
    try:
        table = rows(f"SELECT DISTINCT {columns}\nFROM {files_of(run.folder, 'calls')}")
    except LookupError:
        return
    for row in table.to_pylist():
        for label, text in row.items():
            if text:
                yield from ((label, each) for each in values_of(label, text))
