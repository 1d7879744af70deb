"""The parts of a question: what each of its segments says of the figure that is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest

from evalkit.history.lexicon import PAIRS, PHRASES
from evalkit.history.segments import Segment
from evalkit.history.times import day_of

OF_RUNS = ("suite", "branch")
"""Labels of whole runs."""

TREND = 20
"""How many runs `over time` is."""


class Cannot(Exception):
    """Why a question cannot be read."""


@dataclass(slots=True)
class Parts:
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


def parts_of(segments: Sequence[Segment], now: datetime) -> Parts:
    """Put every segment in its part. Raises `Cannot` for one that has none here."""
    parts = Parts()
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


def _take(kept: Sequence[Segment], at: int, parts: Parts, now: datetime) -> int:
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
        raise Cannot(f"which {meaning} “{segment.text}” is about is not said, or is not known")
    elif part in ("by", "not", "is", "is not"):
        raise Cannot(f"what “{segment.text}” belongs to is not clear")
    elif part == "pair":
        for each in PAIRS[meaning]:
            _slot(parts, each[0]).append(each[1])
    elif part in ("time", "runs", "since", "until", "on", "span"):
        parts.runs += _times(part, meaning, now)
    elif part != "and":
        _slot(parts, part).append(meaning)
    return 1


def _take_joint(kept: Sequence[Segment], at: int) -> None:
    """Words that say nothing by themselves. Raises `Cannot` where they ask for what is not told:
    which session it was, or where something happened.
    """
    segment, after = kept[at], kept[at + 1] if at + 1 < len(kept) else None
    if segment.is_a("or"):
        raise Cannot("“or” could mean both as one, or each apart; say: service = A vs service = B")
    if segment.is_a("where") and after is not None and (after.is_a("label") or after.is_a("not")):
        return
    raise Cannot(f"“{segment.text}” asks for what is not a figure, or of what is not said")


def _slot(parts: Parts, part: str) -> list[str]:
    slots = {"aggregate": parts.aggregates, "metric": parts.concepts, "row": parts.rows}
    slots |= {"scope": parts.scopes, "extreme": parts.extremes}
    return slots[part]


def _take_name(kept: Sequence[Segment], at: int, parts: Parts) -> int:
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
    """The label of a name that stands by itself. Raises `Cannot` where it could be several."""
    quoted = name.text.startswith('"')
    if name.means is not None and not quoted:
        return None  # a word of the grammar is that, unless its label says that it is a name
    labels = [label for label, _ in name.called if label != "fault"]
    if not labels:
        raise Cannot(f"“{name.text}” is a fault here; say: fault = {name.text}")
    if len(labels) > 1:
        said = " or ".join(f'{each} = "{dict(name.called)[each]}"' for each in labels)
        raise Cannot(f"“{name.text}” can be several things; say which: {said}")
    if name.plain and not quoted and all(_readable(each) for each in name.text.split()):
        raise Cannot(f"“{name.text}” can be read in two ways; put the name in double quotes")
    return labels[0]


def _readable(word: str) -> bool:
    return (word.lower(),) in PHRASES


def _take_group(kept: Sequence[Segment], at: int, parts: Parts) -> int:
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
    if part == "span":
        start, _, end = meaning.partition("/")
        return [("since", start), ("until", end)]
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
