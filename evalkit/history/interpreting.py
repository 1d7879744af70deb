"""The readings of a question: its parts as figures of one metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evalkit.gate import Condition
from evalkit.history.aggregates import aggregates_of
from evalkit.history.lexicon import WANTED
from evalkit.history.parts import OF_RUNS, Cannot, Parts
from evalkit.history.reading import Extreme, Reading, Scope
from evalkit.history.runs import Choice
from evalkit.metrics.definitions import Metric


def readings_of(parts: Parts, metric: Metric) -> list[Reading]:
    """The ways to read the parts as a figure of this metric."""
    where, by, among = _told_apart(parts)
    choice = _choice(parts)
    extreme = _extreme(parts, metric)
    reading = Reading(
        aggregates=(),
        metric=metric.name,
        where=where,
        by=by,
        among=among,
        scope=_scope(parts, metric),
        extreme=extreme,
        choice=choice,
    )
    found = [replace(reading, aggregates=each) for each in aggregates_of(parts, metric)]
    if parts.compares and not _compares(found[0], parts):
        raise Cannot("what is compared with what is not said; name two of a kind")
    return found


def _compares(reading: Reading, parts: Parts) -> bool:
    choice = reading.choice
    several = (reading.aggregates, choice.branches, choice.suites, set(parts.scopes))
    runs = choice.last != 1
    return reading.by is not None or runs or any(len(each) > 1 for each in several)


def _told_apart(parts: Parts) -> tuple[tuple[Condition, ...], str | None, tuple[str, ...]]:
    """The conditions, the label that is told apart by, and which of its values."""
    by = list(dict.fromkeys([*parts.by, *parts.which]))
    named: dict[str, list[str]] = {}
    where = []
    for label, value, denied in dict.fromkeys(parts.named):
        if label in OF_RUNS:
            if denied:
                raise Cannot(f"runs can be chosen by {label}, but not by what they are not")
            continue
        if denied:
            where.append(Condition(label, "!=", value, exact=True))
        else:
            named.setdefault(label, []).append(value)
    several = [label for label, values in named.items() if len(values) > 1 and label not in by]
    groups = [each for each in [*by, *several] if each not in OF_RUNS]
    if len(groups) > 1:
        raise Cannot(f"figures can be told apart by one thing, not by {' and '.join(groups)}")
    if [each for each in by if each in OF_RUNS] and parts.which:
        raise Cannot("which suite or branch is not asked for: name them to see them side by side")
    group = groups[0] if groups else None
    among = tuple(named.pop(group, ())) if group is not None else ()
    where += [
        Condition(label, "=", value, exact=True)
        for label, values in named.items()
        for value in values
    ]
    both = {each.label for each in where if each.op == "="} & {
        each.label for each in where if each.op == "!="
    }
    if both:
        raise Cannot(f"one {both.pop()} is asked for and another left out; one is enough")
    return tuple(where), group, among


def _scope(parts: Parts, metric: Metric) -> Scope:
    """Of which scenarios. One that is named needs no telling apart."""
    scopes = set(parts.scopes)
    if scopes == {"with", "without"}:
        return "apart"
    if len(scopes) > 1:
        raise Cannot("all scenarios and some of them are asked for at once")
    faulty = metric.paired or metric.name == "session.recovered"
    if faulty and "without" in scopes:
        raise Cannot(f"{metric.name} is of sessions with faults only")
    for each in ("all", "with", "without"):
        if each in scopes:
            return each
    named = {label for label, _, _ in parts.named} | {*parts.by, *parts.which}
    if faulty:
        return "with"
    return "all" if named & {"scenario", "fault"} else "apart"


def _extreme(parts: Parts, metric: Metric) -> Extreme | None:
    if not parts.which:
        return None
    ends = {_end(each, metric) for each in parts.extremes}
    if len(ends) != 1:
        raise Cannot(f"by what to choose a {parts.which[0]} is not said; say: has the highest …")
    return ends.pop()


def _end(said: str, metric: Metric) -> Extreme:
    """Whether the highest or the lowest is asked for: what is worst depends on the metric."""
    if said in ("highest", "lowest"):
        return "highest" if said == "highest" else "lowest"
    if metric.name not in WANTED:
        raise Cannot(f"whether much of {metric.name} is good is not known here; say: highest")
    return "highest" if (said == "best") is WANTED[metric.name] else "lowest"


def _choice(parts: Parts) -> Choice:
    """Which runs. A stretch of time holds all runs in it."""
    found: dict[str, str] = {}
    for part, value in parts.runs:
        if part == "time":
            continue
        if found.setdefault(part, value) != value:
            raise Cannot("two times are named that do not go together")
    since, until = found.get("since"), found.get("until")
    if since is not None and until is not None and since >= until:
        raise Cannot(f"no time is after {since} and before {until}")
    if ("time", "previous") in parts.runs and len(found) > 1:
        raise Cannot("a run is compared with the one before it; leave out the other time")
    number = found.get("runs", "1" if since is None and until is None else "all")
    suites, branches = (
        tuple(dict.fromkeys(value for label, value, _ in parts.named if label == each))
        for each in OF_RUNS
    )
    if "branch" in parts.by or "suite" in parts.by:
        raise Cannot("runs are told apart by themselves; name the branches or suites to compare")
    return Choice(
        suites=suites,
        branches=branches,
        since=since,
        until=until,
        last=None if number == "all" else int(number),
    )


def why_unsure(parts: Parts, readings: Sequence[Reading]) -> str:
    """What keeps several readings from being one."""
    metrics = list(dict.fromkeys(each.metric for each in readings))
    aggregates = list(dict.fromkeys(" and ".join(each.aggregates) for each in readings))
    said = []
    if len(metrics) > 1:
        said.append(f"it could be of {' or '.join(metrics)}")
    if len(aggregates) > 1:
        said.append(f"it does not say which figure: {', '.join(aggregates)}")
    return " and ".join(said) or f"“{parts.concepts[0]}” could be said of more than {metrics[0]}"
