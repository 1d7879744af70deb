"""`expect`: what a scenario, or a turn of a session record, says must hold.

Texts are plain here: templates in them have been rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from evalkit.checks.run import Checked, guarded
from evalkit.checks.scope import EXPECTATION, Scope
from evalkit.checks.words import answer_of, failure_of, listed, numbered
from evalkit.journal.records import Answer, EffectCommitted, Finding
from evalkit.journal.views import SessionView, TurnView
from evalkit.suite.model import CallBounds, Expect, ReplyExpectation

__all__ = ["EXPECTATION", "check_expectations"]

_SHOWN = 80


def check_expectations(
    session: SessionView, expect: Expect, by_turn: Mapping[int, Expect] | None = None
) -> Checked:
    """What the session breaks of a scenario's `expect` and of those of its turns, by number."""
    result = guarded(EXPECTATION, session.id, partial(_of_session, expect, session))
    for number, of_turn in sorted((by_turn or {}).items()):
        result += guarded(EXPECTATION, session.id, partial(_of_turn, of_turn, session, number))
    return result


def _of_session(expect: Expect, session: SessionView) -> Iterator[Finding]:
    """Answer and text are the last turn's; what must not be said must be said in no turn."""
    scope = Scope(session)
    last = session.turns[-1] if session.turns else None
    if last is not None:
        yield from _answer(expect.answers, scope, last)
        yield from _reply(expect.reply, scope, last)
    elif expect.answers or expect.reply.contains or expect.reply.matches is not None:
        yield _missing(scope, "no turn was begun")
    for turn in session.turns:
        yield from _excluded(expect.reply, scope, turn)
    for number, answers in expect.answers_by_turn.items():
        numbered_turn = _turn(session, number)
        if numbered_turn is None:
            yield _missing(scope, f"turn {number} was never begun")
        else:
            yield from _answer(answers, scope, numbered_turn)
    yield from _rest(expect, scope)


def _of_turn(expect: Expect, session: SessionView, number: int) -> Iterator[Finding]:
    turn = _turn(session, number)
    if turn is None:
        yield _missing(Scope(session), f"turn {number} was never begun")
        return
    scope = Scope(session, turn)
    yield from _answer(expect.answers, scope, turn)
    yield from _reply(expect.reply, scope, turn)
    yield from _excluded(expect.reply, scope, turn)
    yield from _rest(expect, scope)


def _turn(session: SessionView, number: int) -> TurnView | None:
    return next((turn for turn in session.turns if turn.turn == number), None)


def _missing(scope: Scope, what: str) -> Finding:
    ended = scope.session.ended
    end = "the session never ended" if ended is None else f"the session ended {ended.end}"
    reason = f" ({ended.reason})" if ended is not None and ended.reason else ""
    return scope.finding(
        f"{what}: {end}{reason}", expected="a reply to judge", seen=f"{end}{reason}"
    )


def _answer(allowed: Sequence[Answer], scope: Scope, turn: TurnView) -> Iterator[Finding]:
    answer = None if turn.ended is None else turn.ended.answer
    if not allowed or answer in allowed:
        return
    expected, seen = listed(allowed, "or"), answer_of(turn)
    failed = [call for call in turn.calls if call.failed]
    ways = "; ".join(f"{call.service} call #{call.call}: {failure_of(call)}" for call in failed)
    yield scope.finding(
        f"turn {turn.turn}: {seen}, expected {expected}" + (f" (failed: {ways})" if ways else ""),
        expected=expected,
        seen=seen,
        turn=turn,
        calls=(call.call for call in failed),
        hint=_hint(turn, answer),
    )


def _hint(turn: TurnView, answer: Answer | None) -> str | None:
    """What helps with an answer that is another: one that came of nothing being said of it, or one
    that was stated, or found in the text.
    """
    if turn.ended is None or turn.ended.text is None:
        return None
    if answer is None or answer is Answer.ANSWERED:
        return (
            "a reply counts as `answered` where it does not say otherwise: state its answer, with "
            "evalkit.Reply(text, answer=…) or where `reply: {answer: …}` reads it, or map the text "
            "with `answer_from`"
        )
    return f"the reply says `{answer}` itself: see what led the agent to it, or expect that too"


def _reply(expect: ReplyExpectation, scope: Scope, turn: TurnView) -> Iterator[Finding]:
    text = _text(turn)
    for wanted in expect.contains:
        if wanted not in text:
            yield _wrong_text(scope, turn, f"does not contain {wanted!r}", f"contains {wanted!r}")
    if expect.matches is not None and not re.search(expect.matches, text):
        pattern = f"/{expect.matches}/"
        yield _wrong_text(scope, turn, f"does not match {pattern}", f"matches {pattern}")


def _excluded(expect: ReplyExpectation, scope: Scope, turn: TurnView) -> Iterator[Finding]:
    text = _text(turn)
    for unwanted in expect.excludes:
        if unwanted and unwanted in text:
            yield _wrong_text(scope, turn, f"contains {unwanted!r}", f"without {unwanted!r}")


def _text(turn: TurnView) -> str:
    return "" if turn.ended is None else turn.ended.text or ""


def _wrong_text(scope: Scope, turn: TurnView, wrong: str, expected: str) -> Finding:
    text = _text(turn)
    shown = repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…") if text else answer_of(turn)
    message = f"the reply of turn {turn.turn} {wrong}: {shown}"
    return scope.finding(message, expected=expected, seen=shown, turn=turn)


def _rest(expect: Expect, scope: Scope) -> Iterator[Finding]:
    """Effects, calls and the end, over a session or a turn."""
    yield from _effects(expect, scope)
    for service, bounds in expect.calls.items():
        yield from _bounds(service, bounds, scope)
    yield from _end(expect, scope)


def _effects(expect: Expect, scope: Scope) -> Iterator[Finding]:
    wanted = {**dict.fromkeys(expect.effects.none, 0), **expect.effects.exactly}
    for name, count in wanted.items():
        made = [effect for effect in scope.effects if effect.name == name]
        if len(made) != count:
            yield _wrong_count(name, count, made, scope)


def _wrong_count(name: str, count: int, made: list[EffectCommitted], scope: Scope) -> Finding:
    calls = tuple(effect.call for effect in made)
    seen = f"committed {_times(len(made))} by {numbered(calls)}" if made else "never committed"
    return scope.finding(
        f"effect {name} was {seen}, expected {_times(count)}",
        expected=_times(count),
        seen=_times(len(made)),
        calls=calls,
    )


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def _bounds(service: str, bounds: CallBounds, scope: Scope) -> Iterator[Finding]:
    calls = tuple(call.call for call in scope.calls if call.service == service)
    if len(calls) < bounds.min or (bounds.max is not None and len(calls) > bounds.max):
        allowed = _allowed(bounds)
        requests = "1 request" if len(calls) == 1 else f"{len(calls)} requests"
        which = f" ({numbered(calls)})" if calls else ""
        yield scope.finding(
            f"{service} got {requests}{which}, expected {allowed}",
            expected=allowed,
            seen=str(len(calls)),
            calls=calls,
        )


def _allowed(bounds: CallBounds) -> str:
    if bounds.max is None:
        return f"at least {bounds.min}"
    if bounds.min == bounds.max:
        return f"exactly {bounds.min}" if bounds.min else "none"
    return f"{bounds.min} to {bounds.max}" if bounds.min else f"at most {bounds.max}"


def _end(expect: Expect, scope: Scope) -> Iterator[Finding]:
    ended = scope.session.ended
    if not expect.end or (ended is not None and ended.end in expect.end):
        return
    expected = listed(expect.end, "or")
    seen = "never ended" if ended is None else str(ended.end)
    reason = f" ({ended.reason})" if ended is not None and ended.reason else ""
    yield scope.finding(
        f"the session: {seen}{reason}, expected {expected}", expected=expected, seen=seen
    )
