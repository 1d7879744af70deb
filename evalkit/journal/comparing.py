"""What a session did differently in two runs.

Compared is the logical view of a session: per turn its logical calls, what they asked, met and were
answered with, then effects and answers. Times are no behaviour. Calls are matched by what they ask
for and not by their numbers, and two calls count as ordered only where one had ended before the
other began, so that calls side by side may come in any order without being a change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from evalkit.journal.changes import Change, Kind
from evalkit.journal.content import steady, steady_value
from evalkit.journal.differing import excerpts
from evalkit.journal.logical import LogicalCall, logical_calls
from evalkit.journal.matching import matched, pair_changes
from evalkit.journal.ordering import swapped
from evalkit.journal.plain import dump
from evalkit.journal.records import EffectCommitted, TurnEnded
from evalkit.journal.views import CallView, JournalView, SessionView, TurnView

_ORDER = {kind: rank for rank, kind in enumerate(Kind)}


def session_changes(first: SessionView, second: SessionView) -> tuple[Change, ...]:
    """What a session did differently in the second run, in order of time."""
    origins = (first.started.at, second.started.at)
    changes = [
        *_turns(first, second),
        *_calls(*_in_shared_turns(first, second), origins),
        *_effects(first, second),
        *_findings(first, second),
        *_ends(first, second),
    ]
    return _sorted(changes)


def journal_changes(
    first: JournalView, second: JournalView
) -> dict[str | None, tuple[Change, ...]]:
    """What each session that both journals have did differently, without those that did the same.

    None stands for the calls that belong to no session.
    """
    theirs = {each.id: each for each in second.sessions}
    found: dict[str | None, tuple[Change, ...]] = {
        each.id: session_changes(each, theirs[each.id])
        for each in first.sessions
        if each.id in theirs
    }
    found[None] = _sorted(_calls(first.unattributed, second.unattributed, (0, 0)))
    return {session: changes for session, changes in found.items() if changes}


def _sorted(changes: Iterable[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda each: (each.at, _ORDER[each.kind])))


def _turns(first: SessionView, second: SessionView) -> Iterator[Change]:
    """Turns that only one has, and what else was said in those that both have."""
    ours, theirs = ({turn.turn: turn for turn in each.turns} for each in (first, second))
    for number in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(number), theirs.get(number)
        if one is not None and other is not None:
            yield from _said(one, other, first.started.at)
            continue
        at = one.started.at - first.started.at if one is not None else _begun(other, second)
        words = ("begun", "never begun")
        yield Change(
            kind=Kind.TURNS,
            at=at,
            turn=number,
            what=f"turn {number}",
            first=words[one is None],
            second=words[other is None],
        )


def _begun(turn: TurnView | None, session: SessionView) -> int:
    return 0 if turn is None else turn.started.at - session.started.at


def _said(first: TurnView, second: TurnView, origin: int) -> Iterator[Change]:
    """What the agent was given and what it replied."""
    pairs = (
        (Kind.INPUTS, first.started.at, "the input", first.started.input, second.started.input),
        (
            Kind.ANSWERS,
            first.started.at if first.ended is None else first.ended.at,
            "the reply",
            _reply(first.ended),
            _reply(second.ended),
        ),
    )
    for kind, at, what, one, other in pairs:
        if steady(one) != steady(other):
            left, right = excerpts(one, other)
            yield Change(
                kind=kind, at=at - origin, turn=first.turn, what=what, first=left, second=right
            )


def _reply(ended: TurnEnded | None) -> str:
    """All that a turn came to, as one text."""
    if ended is None:
        return "none: the turn never ended"
    if ended.timed_out:
        return "none: the turn timed out"
    if ended.error is not None:
        return f"raised {ended.error}"
    answer = "" if ended.answer is None else f"{ended.answer.value}: "
    sure = "" if ended.confidence is None else f" (confidence {ended.confidence:g})"
    context = f" with {dump(steady_value(ended.context))}" if ended.context else ""
    return f"{answer}“{ended.text or ''}”{sure}{context}"


def _calls(
    first: Sequence[CallView], second: Sequence[CallView], origins: tuple[int, int]
) -> Iterator[Change]:
    """What differs between the calls, turn by turn."""
    ours, theirs = _by_turn(first), _by_turn(second)
    for turn in dict.fromkeys((*ours, *theirs)):
        pairs = matched(ours.get(turn, ()), theirs.get(turn, ()))
        for pair in pairs:
            yield from pair_changes(pair, origins)
        yield from swapped([each for each in pairs if each.exact], origins[0])


def _in_shared_turns(
    first: SessionView, second: SessionView
) -> tuple[Sequence[CallView], Sequence[CallView]]:
    """The calls of each, without those of turns that the other never began."""
    ours, theirs = ({turn.turn for turn in each.turns} for each in (first, second))
    alone = ours ^ theirs
    one, other = (
        tuple(call for call in each.calls if call.started.turn not in alone)
        for each in (first, second)
    )
    return one, other


def _by_turn(calls: Iterable[CallView]) -> dict[int | None, list[LogicalCall]]:
    turns: dict[int | None, list[LogicalCall]] = {}
    for each in logical_calls(calls):
        turns.setdefault(each.turn, []).append(each)
    return turns


def _effects(first: SessionView, second: SessionView) -> Iterator[Change]:
    """The changes that services committed: which, and how often."""
    ours, theirs = _made(first), _made(second)
    for key in dict.fromkeys((*ours, *theirs)):
        one, other = ours.get(key, []), theirs.get(key, [])
        if len(one) == len(other):
            continue
        session, made = (first, one) if len(one) > len(other) else (second, other)
        effect = made[min(len(one), len(other))]
        business = f" ({', '.join(effect.key)})" if effect.key else ""
        yield Change(
            kind=Kind.EFFECTS,
            at=effect.at - session.started.at,
            turn=effect.turn,
            what=f"effect {effect.name}{business} of {effect.service}",
            first=_times(len(one)),
            second=_times(len(other)),
            calls=(tuple(each.call for each in one), tuple(each.call for each in other)),
        )


def _made(session: SessionView) -> dict[tuple[str, ...], list[EffectCommitted]]:
    made: dict[tuple[str, ...], list[EffectCommitted]] = {}
    for each in session.effects:
        key = (each.service, each.name, *map(steady, each.key), dump(steady_value(each.data)))
        made.setdefault(key, []).append(each)
    return made


def _times(count: int) -> str:
    return {0: "not committed", 1: "committed once", 2: "committed twice"}.get(
        count, f"committed {count} times"
    )


def _findings(first: SessionView, second: SessionView) -> Iterator[Change]:
    """What the checks found, by check and turn: messages hold times, which are no behaviour."""
    ours, theirs = (
        Counter((each.check, each.severity.value, each.turn) for each in session.findings)
        for session in (first, second)
    )
    for key in sorted(ours.keys() | theirs.keys(), key=str):
        if ours[key] != theirs[key]:
            check, severity, turn = key
            at = [each.at - first.started.at for each in first.findings if each.check == check]
            at += [each.at - second.started.at for each in second.findings if each.check == check]
            yield Change(
                kind=Kind.FINDINGS,
                at=min(at),
                turn=turn,
                what=f"{severity} {check}",
                first=_found(ours[key]),
                second=_found(theirs[key]),
            )


def _found(count: int) -> str:
    return {0: "not found", 1: "found"}.get(count, f"found {count} times")


def _ends(first: SessionView, second: SessionView) -> Iterator[Change]:
    one, other = (
        "never ended" if each.ended is None else each.ended.end.value.replace("_", " ")
        for each in (first, second)
    )
    if one != other:
        ended = first.ended or second.ended
        origin = (first if first.ended is not None else second).started.at
        yield Change(
            kind=Kind.ENDS,
            at=0 if ended is None else ended.at - origin,
            turn=None,
            what="the session",
            first=one,
            second=other,
        )
