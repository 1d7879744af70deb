"""Understands a question by the grammar of `evalkit.history.lexicon`: whole, or not at all.

Every word has to have its part. Where a part is missing or could be two things, the readings are
offered and none is taken; where a word is not known, or the parts do not fit, that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from difflib import get_close_matches
from itertools import groupby, zip_longest

from evalkit.gate import Condition
from evalkit.history.lexicon import CONCEPTS, PHRASES
from evalkit.history.names import Names, words_of
from evalkit.history.reading import Extreme, Reading, Scope
from evalkit.history.runs import Choice
from evalkit.history.segments import Segment, day_of, segments_of
from evalkit.metrics import METRICS
from evalkit.metrics.definitions import Kind, Metric, row_word

LONGEST = 500
"""How many characters a question may have."""

TREND = 20
"""How many runs `over time` is."""

_OFFERED = 4
_TRIED = 3
_NUMBERS = ("mean", "p50", "p95")
_OF_RUNS = ("suite", "branch")
_OF_CALLS = ("service", "operation", "model", "region")


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """The one way to read a question."""

    reading: Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure:
    """A question that can be read in several ways, or misses a part; the readings near it."""

    why: str
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A question that cannot be answered. `near` are readings of what was perhaps meant."""

    why: str
    near: tuple[Reading, ...] = ()


class _Cannot(Exception):
    """Why a question cannot be read."""


@dataclass(slots=True)
class _Parts:
    """The parts of a question as they are found."""

    aggregates: list[str] = field(default_factory=list)
    concepts: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    per_row: bool = False
    by: list[str] = field(default_factory=list)
    which: list[str] = field(default_factory=list)
    named: list[tuple[str, str, bool]] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)
    extremes: list[str] = field(default_factory=list)
    compares: bool = False
    runs: list[tuple[str, str]] = field(default_factory=list)


def understand(question: str, names: Names, now: datetime) -> Understood | Unsure | Refused:
    """How a question is read, given the names that occur and the time it is asked at."""
    if not question.strip():
        return Refused(why="the question is empty")
    if len(question) > LONGEST:
        return Refused(why=f"the question is longer than {LONGEST} signs")
    segments = segments_of(question, names, now)
    unknown = [each for each in segments if each.means is None and not each.called]
    if unknown:
        return _unknown(segments, unknown, names, now)
    return _read(segments, now)


def _read(segments: Sequence[Segment], now: datetime) -> Understood | Unsure | Refused:
    try:
        parts = _parts(segments, now)
        candidates = _candidates(parts)
        by_metric = [_readings(parts, each) for each in candidates]
    except _Cannot as error:
        return Refused(why=str(error))
    readings = [each for row in zip_longest(*by_metric) for each in row if each is not None]
    if len(readings) == 1 and not _weak(parts, readings[0]):
        return Understood(reading=readings[0])
    return Unsure(why=_why_unsure(parts, readings), readings=tuple(readings[:_OFFERED]))


# Words that are not known --------------------------------------------------------------------


def _unknown(
    segments: Sequence[Segment], unknown: Sequence[Segment], names: Names, now: datetime
) -> Refused:
    """Say which words are not known; offer the question with close known ones in their place."""
    said = " ".join(dict.fromkeys(f"“{each.text}”" for each in unknown))
    near: list[Reading] = []
    for at in range(_TRIED):
        corrected = _corrected(segments, names, at)
        found = None if corrected is None else _read(corrected, now)
        if isinstance(found, Understood):
            near.append(found.reading)
        elif isinstance(found, Unsure):
            near += found.readings
    offered = tuple(dict.fromkeys(near))[:_OFFERED]
    return Refused(why=f"not known here: {said}", near=offered)


def _corrected(segments: Sequence[Segment], names: Names, nth: int) -> list[Segment] | None:
    """The segments with each stretch of unknown ones taken for the nth closest name or phrase."""
    found: list[Segment] = []
    for known, stretch in groupby(segments, lambda each: bool(each.means or each.called)):
        if known:
            found += stretch
            continue
        close = _closest(" ".join(each.text for each in stretch), names)
        if nth >= len(close):
            return None
        found.append(close[nth])
    return found


def _closest(text: str, names: Names) -> list[Segment]:
    """Names close to a text, then phrases."""
    text = " ".join(words_of(text.replace('"', "")))
    spelled = {" ".join(words): called for words, called in names.spelled().items()}
    known = {" ".join(words): means for words, means in PHRASES.items()}
    found = [
        Segment(text=f'"{each}"', called=spelled[each])
        for each in get_close_matches(text, spelled, n=_TRIED, cutoff=0.55)
    ]
    close = get_close_matches(text, known, n=_TRIED, cutoff=0.75)
    return [*found, *(Segment(text=each, means=known[each]) for each in close)]


# The parts -----------------------------------------------------------------------------------


def _parts(segments: Sequence[Segment], now: datetime) -> _Parts:
    """Put every segment in its part. Raises `_Cannot` for one that has none here."""
    parts = _Parts()
    followed = zip_longest(segments, segments[1:])
    kept = [each for each, after in followed if each is not None and not _says_nothing(each, after)]
    at = 0
    while at < len(kept):
        at += _take(kept, at, parts, now)
    return parts


def _says_nothing(segment: Segment, after: Segment | None) -> bool:
    """Whether a word can be left out: `what service` and `what turn` ask for one of them."""
    if segment.text.lower() == "what" and segment.is_a("which"):
        return after is None or not (after.is_a("label") or after.is_a("row"))
    return segment.is_a("filler")


def _take(kept: Sequence[Segment], at: int, parts: _Parts, now: datetime) -> int:
    """Take the segments that begin here, and say how many they are."""
    taken = _take_name(kept, at, parts) or _take_group(kept, at, parts)
    if taken:
        return taken
    segment = kept[at]
    part, meaning = segment.means or ("", "")
    if part == "versus":
        parts.compares = True
    elif part in ("or", "where", "which"):
        _take_joint(kept, at)
    elif part == "label":
        raise _Cannot(f"which {meaning} “{segment.text}” is about is not said, or is not known")
    elif part in ("by", "not", "is", "is not"):
        raise _Cannot(f"what “{segment.text}” belongs to is not clear")
    elif part in ("time", "runs", "since", "until", "on"):
        parts.runs += _times(part, meaning, now)
    elif part != "and":
        _slot(parts, part).append(meaning)
    return 1


def _take_joint(kept: Sequence[Segment], at: int) -> None:
    """Words that say nothing by themselves. Raises `_Cannot` where they ask for what is not told:
    which session it was, or where something happened.
    """
    segment, after = kept[at], kept[at + 1] if at + 1 < len(kept) else None
    if segment.is_a("or"):
        raise _Cannot("“or” could mean both as one, or each apart; say: service = A vs service = B")
    if segment.is_a("where") and after is not None and (after.is_a("label") or after.is_a("not")):
        return
    raise _Cannot(f"“{segment.text}” asks for what is not a figure, or of what is not said")


def _slot(parts: _Parts, part: str) -> list[str]:
    slots = {"aggregate": parts.aggregates, "metric": parts.concepts, "row": parts.rows}
    slots |= {"scope": parts.scopes, "extreme": parts.extremes}
    return slots[part]


def _take_name(kept: Sequence[Segment], at: int, parts: _Parts) -> int:
    """A name with the label beside it, if any, and what denies it: `except service = "crm"`."""
    begin, denied = at, False
    if kept[at].is_a("not"):
        denied, at = True, at + 1
    label = None
    if at < len(kept) and kept[at].is_a("label"):
        label, at = (kept[at].means or ("", ""))[1], at + 1
        if at < len(kept) and (kept[at].is_a("is") or kept[at].is_a("is not")):
            denied, at = denied or kept[at].is_a("is not"), at + 1
    if at >= len(kept) or not kept[at].called:
        return 0
    name, after = kept[at], kept[at + 1] if at + 1 < len(kept) else None
    called = dict(name.called)
    if label is not None and label not in called:
        return 0
    if label is None and after is not None and after.is_a("label"):
        following = (after.means or ("", ""))[1]
        named_next = at + 2 < len(kept) and bool(kept[at + 2].called)
        if following in called and not (named_next and _called(kept[at + 2], following)):
            label, at = following, at + 1
    if label is None:
        label = _only_label(name)
        if label is None:
            return 0
    parts.named.append((label, called[label], denied))
    return at + 1 - begin


def _called(segment: Segment, label: str) -> bool:
    return label in dict(segment.called)


def _only_label(name: Segment) -> str | None:
    """The label of a name that stands by itself. Raises `_Cannot` where it could be several."""
    quoted = name.text.startswith('"')
    if name.means is not None and not quoted:
        return None  # a word of the grammar is that, unless its label says that it is a name
    labels = [label for label, _ in name.called if label != "fault"]
    if not labels:
        raise _Cannot(f"“{name.text}” is a fault here; say: fault = {name.text}")
    if len(labels) > 1:
        said = " or ".join(f'{each} = "{dict(name.called)[each]}"' for each in labels)
        raise _Cannot(f"“{name.text}” can be several things; say which: {said}")
    if name.plain and not quoted and all(_readable(each) for each in name.text.split()):
        raise _Cannot(f"“{name.text}” can be read in two ways; put the name in double quotes")
    return labels[0]


def _readable(word: str) -> bool:
    return (word.lower(),) in PHRASES


def _take_group(kept: Sequence[Segment], at: int, parts: _Parts) -> int:
    """`by service`, `which service`, `per session`, `by run`."""
    if at + 1 >= len(kept):
        return 0
    first, second = kept[at], kept[at + 1]
    meaning = (second.means or ("", ""))[1]
    if first.is_a("which") and second.is_a("label"):
        parts.which.append(meaning)
        return 2
    if not first.is_a("by"):
        return 0
    if second.is_a("label"):
        parts.by.append(meaning)
        return 2
    if second.is_a("row"):
        parts.rows.append(meaning)
        parts.per_row = True
        return 2
    return 0


def _times(part: str, meaning: str, now: datetime) -> list[tuple[str, str]]:
    if part == "on":
        start, end = day_of(datetime.fromisoformat(meaning))
        return [("since", start), ("until", end)]
    if part != "time":
        return [(part, meaning)]
    if meaning in ("today", "yesterday"):
        start, end = day_of(now, 0 if meaning == "today" else 1)
        return [("since", start), ("until", end)]
    if meaning == "previous":
        return [("runs", "2"), ("time", "previous")]
    counted = {"trend": str(TREND), "latest": "1", "all": "all"}
    return [("runs", counted[meaning])]


# What they come to ---------------------------------------------------------------------------


def _candidates(parts: _Parts) -> list[Metric]:
    """The metrics that could be meant. Raises `_Cannot` where none could."""
    concepts = list(dict.fromkeys(parts.concepts))
    if not concepts:
        raise _Cannot("no metric is named; `evalkit metrics` lists them")
    if len(concepts) > 1:
        said = ", ".join(f"“{each}”" for each in concepts)
        raise _Cannot(f"only one metric can be asked for at once, not {said}")
    metrics = [METRICS[each] for each in CONCEPTS[concepts[0]]]
    labels = {label for label, _, _ in parts.named} | {*parts.by, *parts.which}
    labels -= {*_OF_RUNS}
    fit = [each for each in metrics if _fits(each, parts, labels)]
    if not fit:
        raise _Cannot(_unfit(metrics, parts, labels))
    if len(fit) > 1 and not parts.rows and labels & {"model"}:
        fit = [each for each in fit if each.table == "calls"] or fit
    return fit


def _fits(metric: Metric, parts: _Parts, labels: set[str]) -> bool:
    rows = set(parts.rows)
    return labels <= set(metric.labels) and rows <= {metric.table}


def _unfit(metrics: Sequence[Metric], parts: _Parts, labels: set[str]) -> str:
    each = metrics[0]
    names = ", ".join(one.name for one in metrics)
    if len(set(parts.rows)) > 1:
        return f"the question speaks of {' and '.join(dict.fromkeys(parts.rows))} at once"
    others = [one for one in parts.rows if all(one != metric.table for metric in metrics)]
    if others:
        return f"{names} is a figure of {each.table}, not of {others[0]}"
    missing = sorted(labels - set(each.labels)) or sorted(labels)
    return f"{names}: a {row_word(each.table)} has no {' or '.join(missing)}, so this has no figure"


def _weak(parts: _Parts, reading: Reading) -> bool:
    """Whether the reading rests on a word alone: `timeouts` could be said of anything."""
    loose = parts.concepts[0] in ("timeout", "error")
    calls = reading.metric.startswith("call.")
    of_calls = {each.label for each in reading.where} | {reading.by}
    return loose and calls and not parts.rows and not of_calls & {"service", "operation", "model"}


def _readings(parts: _Parts, metric: Metric) -> list[Reading]:
    """The ways to read the parts as a figure of this metric."""
    where, by, among = _told_apart(parts)
    choice = _choice(parts)
    extreme = _extreme(parts)
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
    found = [replace(reading, aggregates=each) for each in _aggregates(parts, metric)]
    if parts.compares and not _compares(found[0], parts):
        raise _Cannot("what is compared with what is not said; name two of a kind")
    return found


def _compares(reading: Reading, parts: _Parts) -> bool:
    choice = reading.choice
    several = (reading.aggregates, choice.branches, choice.suites, set(parts.scopes))
    runs = choice.last != 1
    return reading.by is not None or runs or any(len(each) > 1 for each in several)


def _told_apart(parts: _Parts) -> tuple[tuple[Condition, ...], str | None, tuple[str, ...]]:
    """The conditions, the label that is told apart by, and which of its values."""
    by = list(dict.fromkeys([*parts.by, *parts.which]))
    named: dict[str, list[str]] = {}
    where = []
    for label, value, denied in dict.fromkeys(parts.named):
        if label in _OF_RUNS:
            if denied:
                raise _Cannot(f"runs can be chosen by {label}, but not by what they are not")
            continue
        if denied:
            where.append(Condition(label, "!=", value, exact=True))
        else:
            named.setdefault(label, []).append(value)
    several = [label for label, values in named.items() if len(values) > 1 and label not in by]
    groups = [each for each in [*by, *several] if each not in _OF_RUNS]
    if len(groups) > 1:
        raise _Cannot(f"figures can be told apart by one thing, not by {' and '.join(groups)}")
    if [each for each in by if each in _OF_RUNS] and parts.which:
        raise _Cannot("which suite or branch is not asked for: name them to see them side by side")
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
        raise _Cannot(f"one {both.pop()} is asked for and another left out; one is enough")
    return tuple(where), group, among


def _aggregates(parts: _Parts, metric: Metric) -> list[tuple[str, ...]]:
    """The aggregates, or those that could be meant where none is named."""
    named = list(dict.fromkeys(parts.aggregates))
    if parts.extremes and not parts.which:
        if len(parts.extremes) > 1 or metric.kind is Kind.BOOLEAN:
            raise _Cannot(f"the {parts.extremes[0]} of what is not clear; say: which service has …")
        end = "max" if parts.extremes[0] == "highest" else "min"
        if named not in ([], [end]):
            raise _Cannot(f"the {parts.extremes[0]} {named[0]} of what is not said")
        named = [end]
    if metric.kind is Kind.BOOLEAN:
        if named == ["mean", "rate"] or named == ["rate", "mean"]:
            named = ["rate"]
        if parts.per_row and named != ["rate"]:
            raise _Cannot(f"{metric.name} is true or false of each row; ask for its rate")
        if not named:
            return [("rate",), ("count",)]
        if wrong := [each for each in named if each not in ("rate", "count")]:
            raise _Cannot(
                f"{metric.name} is true or false: it has a rate or a count, no {wrong[0]}"
            )
        return [tuple(named)]
    return _of_number(named, parts, metric)


def _of_number(named: list[str], parts: _Parts, metric: Metric) -> list[tuple[str, ...]]:
    if "rate" in named:
        raise _Cannot(f"{metric.name} is a number, and a rate is of what is true or false")
    if set(named) == {"count", "mean"}:
        named = ["mean"]  # the average number of attempts
    if named == ["count"]:
        return [("mean",)] if parts.per_row else [("sum",), ("mean",)]
    if "count" in named:
        raise _Cannot(f"how many is asked together with {' and '.join(named)}; ask for one")
    if not named:
        return [("mean",)] if parts.per_row else [(each,) for each in _NUMBERS]
    if parts.per_row and "sum" in named:
        raise _Cannot("a total and a figure per row are two things; ask for one")
    return [tuple(named)]


def _scope(parts: _Parts, metric: Metric) -> Scope:
    """Of which scenarios. One that is named needs no telling apart."""
    scopes = set(parts.scopes)
    if scopes == {"with", "without"}:
        return "apart"
    if len(scopes) > 1:
        raise _Cannot("all scenarios and some of them are asked for at once")
    faulty = metric.paired or metric.name == "session.recovered"
    if faulty and "without" in scopes:
        raise _Cannot(f"{metric.name} is of sessions with faults only")
    for each in ("all", "with", "without"):
        if each in scopes:
            return each
    named = {label for label, _, _ in parts.named} | {*parts.by, *parts.which}
    if faulty:
        return "with"
    return "all" if named & {"scenario", "fault"} else "apart"


def _extreme(parts: _Parts) -> Extreme | None:
    if not parts.which:
        return None
    if len(set(parts.extremes)) != 1:
        raise _Cannot(f"by what to choose a {parts.which[0]} is not said; say: has the highest …")
    return "highest" if parts.extremes[0] == "highest" else "lowest"


def _choice(parts: _Parts) -> Choice:
    """Which runs. A stretch of time holds all runs in it."""
    found: dict[str, str] = {}
    for part, value in parts.runs:
        if part == "time":
            continue
        if found.setdefault(part, value) != value:
            raise _Cannot("two times are named that do not go together")
    since, until = found.get("since"), found.get("until")
    if since is not None and until is not None and since >= until:
        raise _Cannot(f"no time is after {since} and before {until}")
    if ("time", "previous") in parts.runs and len(found) > 1:
        raise _Cannot("a run is compared with the one before it; leave out the other time")
    number = found.get("runs", "1" if since is None and until is None else "all")
    suites, branches = (
        tuple(dict.fromkeys(value for label, value, _ in parts.named if label == each))
        for each in _OF_RUNS
    )
    if "branch" in parts.by or "suite" in parts.by:
        raise _Cannot("runs are told apart by themselves; name the branches or suites to compare")
    return Choice(
        suites=suites,
        branches=branches,
        since=since,
        until=until,
        last=None if number == "all" else int(number),
    )


def _why_unsure(parts: _Parts, readings: Sequence[Reading]) -> str:
    metrics = list(dict.fromkeys(each.metric for each in readings))
    aggregates = list(dict.fromkeys(" and ".join(each.aggregates) for each in readings))
    said = []
    if len(metrics) > 1:
        said.append(f"it could be of {' or '.join(metrics)}")
    if len(aggregates) > 1:
        said.append(f"it does not say which figure: {', '.join(aggregates)}")
    return " and ".join(said) or f"“{parts.concepts[0]}” could be said of more than {metrics[0]}"
