"""One session as a readable timeline on its world's clock: a pure function of its records."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Literal, TypeAlias

from evalkit.faults import AGENT
from evalkit.journal.records import (
    Arrival,
    CallbackSent,
    EffectCommitted,
    FaultMoved,
    Finding,
    LogWritten,
    Outcome,
    SessionEnded,
    Severity,
    Stage,
)
from evalkit.journal.rounds import round_numbers
from evalkit.journal.views import CallView, SessionView, TurnView
from evalkit.report.words import clean, numbered, retry_layer, seconds, untold

Tone: TypeAlias = Literal["plain", "strong", "good", "bad", "warn", "dim"]

SHORTEST_WAIT = 1_000_000
"""Waits of the agent shorter than this, in nanoseconds, are left out."""

_LAST = 1 << 62
_STAGES = tuple(Stage)
_OUTCOMES = {
    Outcome.ABANDONED: "abandoned by the client",
    Outcome.CUT: "cut off",
    Outcome.RESET: "connection reset",
    Outcome.REFUSED: "connection refused",
    Outcome.OPEN: "still under way at the end",
}

_LEVELS: Mapping[str, Tone] = {"WARNING": "warn", "ERROR": "bad", "CRITICAL": "bad"}

_ARRIVALS = {
    Arrival.TAKEN: "taken,",
    Arrival.REFUSED: "refused,",
    Arrival.FAILED: "failed",
    Arrival.UNREACHABLE: "unreachable",
    Arrival.LOST: "lost on its way",
    Arrival.UNSENT: "never sent",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a timeline; `at` is the world time in nanoseconds, None on lines that go on."""

    at: int | None
    text: str
    tone: Tone = "plain"
    depth: int = 0


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines that belong together, with what they are ordered by."""

    key: tuple[int, int, int]
    lines: tuple[Entry, ...]


def timeline(session: SessionView) -> tuple[Entry, ...]:
    """The lines of a session, in order of world time; its findings last."""
    blocks = sorted(_blocks(session), key=lambda each: each.key)
    ordered = [line for block in blocks for line in block.lines]
    return (*ordered, *(line for each in session.findings for line in _finding(each)))


def _blocks(session: SessionView) -> Iterator[_Block]:
    for turn in session.turns:
        yield from _turn(turn)
        yield from _waits(turn)
    for before, after in pairwise(session.turns):
        yield from _thinking(before, after)
    yield from _calls(session.calls)
    for fault in session.faults:
        if fault.call is None:
            where = (
                "of the agent" if fault.service == AGENT else f"on connecting to {fault.service}"
            )
            text = f"fault {fault.fault} {where}: {fault.stage.value}"
            yield _block(fault.at, fault.turn, 1, Entry(fault.at, text, "warn", 1))
    for missed in session.missed:
        text = f"fault {missed.fault} on {missed.service} met no call: {clean(missed.reason)}"
        yield _block(missed.at, missed.turn, 3, Entry(missed.at, text, "warn", 1))
    for sent in session.callbacks:
        yield _block(sent.began, sent.turn, 1, *_callback(sent))
    for line in session.logs:
        yield _block(line.at, line.turn, 1, _logged(line))
    if session.ended is not None:
        yield _block(session.ended.at, _LAST, 6, _end(session.ended))


def _calls(calls: Sequence[CallView]) -> Iterator[_Block]:
    numbers = round_numbers(calls)
    for call in calls:
        lines = tuple(_call(call, numbers[call.call]))
        yield _Block((call.started.at, call.started.turn or _LAST, 1), lines)
        for effect in call.effects:
            if _is_late(effect, call):
                text = f"{_effect_text(effect)} of #{call.call}"
                yield _block(effect.at, effect.turn, 1, Entry(effect.at, text, "good", 1))


def _block(at: int, turn: int | None, rank: int, *lines: Entry) -> _Block:
    return _Block((at, turn or _LAST, rank), lines)


def _turn(turn: TurnView) -> Iterator[_Block]:
    begun = turn.started
    late = begun.at - begun.intended
    queued = f", {seconds(late)} later than intended" if late >= SHORTEST_WAIT else ""
    text = f"turn {turn.turn}{queued}: “{clean(begun.input, 300)}”"
    yield _block(begun.at, turn.turn, 0, Entry(begun.at, text, "strong"))
    if (ended := turn.ended) is None:
        return
    if ended.error is not None or ended.timed_out:
        what = "timed out" if ended.timed_out else "raised"
        error = f": {clean(ended.error)}" if ended.error else ""
        lines = (Entry(ended.at, f"{what}{error}", "bad"), *_traceback(ended.traceback))
    else:
        answer = ended.answer.value if ended.answer is not None else "replied"
        sure = f", confidence {ended.confidence:g}" if ended.confidence is not None else ""
        reply = f"{answer}{sure}: “{clean(ended.text or '', 300)}”"
        lines = (Entry(ended.at, reply, "strong"),)
    yield _block(ended.at, turn.turn, 4, *lines)


def _traceback(text: str | None) -> tuple[Entry, ...]:
    last = (text or "").rstrip().splitlines()[-12:]
    return tuple(Entry(None, each.replace("\t", "    "), "dim", 2) for each in last)


def _thinking(before: TurnView, after: TurnView) -> Iterator[_Block]:
    if before.ended is None:
        return
    gap = after.started.at - before.ended.at
    if gap >= SHORTEST_WAIT:
        line = Entry(before.ended.at, f"{seconds(gap)} until the next turn", "dim")
        yield _block(before.ended.at, before.turn, 5, line)


def _waits(turn: TurnView) -> Iterator[_Block]:
    """The gaps of a turn in which no call was in flight."""
    end = turn.ended.at if turn.ended is not None else None
    free = turn.started.at
    for call in sorted(turn.calls, key=lambda each: each.started.at):
        yield from _wait(turn, free, call.started.at, call)
        over = call.ended.at if call.ended is not None else call.started.at
        free = max(free, over)
    if end is not None:
        yield from _wait(turn, free, end, None)


def _wait(turn: TurnView, start: int, end: int, then: CallView | None) -> Iterator[_Block]:
    if end - start < SHORTEST_WAIT:
        return
    retry = ""
    if then is not None and then.started.attempt > 1:
        retry = f", then attempt {then.started.attempt} of #{then.logical}"
    line = Entry(start, f"waited {seconds(end - start)}{retry}", "dim", 1)
    yield _block(start, turn.turn, 2, line)


def _call(call: CallView, number: int) -> Iterator[Entry]:
    begun, ended = call.started, call.ended
    parts = [f"#{begun.call} {begun.service} {clean(begun.operation)}", _outcome(call)]
    if begun.attempt > 1:
        parts.append(f"attempt {begun.attempt} of #{begun.logical}")
    if layer := retry_layer(begun.sdk_retry, number):
        parts.append(layer)
    if ended is not None and ended.usage is not None:
        parts.append(f"{ended.usage.input} tokens in, {ended.usage.output} out")
    yield Entry(begun.at, " · ".join(parts), "bad" if call.failed else "plain", 1)
    if ended is not None and ended.complaint:
        yield Entry(None, f"the mock says: {clean(ended.complaint)}", "warn", 2)
    yield from _faults(call.faults)
    for effect in call.effects:
        if not _is_late(effect, call):
            yield Entry(effect.at, _effect_text(effect), "good", 2)


def _is_late(effect: EffectCommitted, call: CallView) -> bool:
    """Whether an effect came after its call was over; it then stands at its own time."""
    return call.ended is not None and effect.at > call.ended.at


def _effect_text(effect: EffectCommitted) -> str:
    key = f" ({', '.join(map(clean, effect.key))})" if effect.key else ""
    return f"effect {clean(effect.name)}{key}"


def _outcome(call: CallView) -> str:
    ended = call.ended
    if ended is None:
        return "never ended"
    took = f"after {seconds(ended.at - call.started.at)}"
    if ended.outcome is Outcome.REPLIED:
        return f"{ended.status} {took}"
    status = f"{ended.status}, " if ended.status is not None else ""
    return f"{status}{_OUTCOMES[ended.outcome]} {took}, {ended.sent:,} bytes sent"


def _faults(faults: Iterable[FaultMoved]) -> Iterator[Entry]:
    """A line for each fault of a call, with how far it came."""
    ordered = sorted(faults, key=lambda each: (each.rule, each.fault, _STAGES.index(each.stage)))
    for (rule, fault), moves in groupby(ordered, key=lambda each: (each.rule, each.fault)):
        stages = ", ".join(dict.fromkeys(each.stage.value for each in moves))
        yield Entry(None, f"fault {fault} (rule {rule + 1}): {stages}", "warn", 2)


def _callback(sent: CallbackSent) -> Iterator[Entry]:
    """A webhook, which comes the other way: from a service to the agent."""
    told = _ARRIVALS[sent.arrival]
    if sent.status is not None:
        told += f" {sent.status}"
    if sent.at > sent.began:
        told += f" after {seconds(sent.at - sent.began)}"
    parts = [f"← {sent.service} webhook {clean(sent.name)} (of #{sent.call})", told]
    if sent.attempt > 1:
        parts.append(f"attempt {sent.attempt}")
    if sent.fault is not None:
        parts.append("a copy")
    good = sent.arrival is Arrival.TAKEN
    yield Entry(sent.began, " · ".join(parts), "plain" if good else "bad", 1)
    if sent.error is not None:
        yield Entry(None, clean(sent.error), "warn", 2)


def _logged(line: LogWritten) -> Entry:
    """A line of the agent's log, its first only where it has several."""
    text = f"log {line.level} {clean(line.logger)}: {log_text(line)}"
    return Entry(line.at, text, _LEVELS.get(line.level, "dim"), 1)


def log_text(line: LogWritten) -> str:
    """What a line of the log says, on one line and without its traceback."""
    first = clean(line.text.partition("\n")[0], 300)
    data = clean(json.dumps(dict(line.data), ensure_ascii=False), 300) if line.data else ""
    return f"{first} {data}".strip()


def _finding(finding: Finding) -> Iterator[Entry]:
    bad = finding.severity is Severity.VIOLATION
    mark, tone = ("✗", "bad") if bad else ("·", "warn")
    more = untold(finding.calls, finding.message)
    calls = f" ({numbered(more)})" if more else ""
    head = f"{mark} {finding.severity.value} {finding.check}: {clean(finding.message)}{calls}"
    yield Entry(None, head, "bad" if tone == "bad" else "warn")
    for label, text in (
        ("expected", finding.expected),
        ("seen", finding.seen),
        ("hint", finding.hint),
    ):
        if text:
            yield Entry(None, f"{label}: {clean(text, 300)}", "plain", 1)


def _end(ended: SessionEnded) -> Entry:
    reason = f": {clean(ended.reason)}" if ended.reason else ""
    good = ended.end.value == "completed"
    return Entry(
        ended.at, f"{ended.end.value.replace('_', ' ')}{reason}", "good" if good else "bad"
    )
