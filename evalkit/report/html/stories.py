"""A session as data for its timeline: turns, calls, attempts, faults, waits, effects, findings.

Everything is masked already, as it is stored. Texts are kept once each: a conversation is sent with
every call to a model, and a service says the same to many.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from evalkit.journal.outcomes import outcome_of
from evalkit.journal.records import CallbackSent, EffectCommitted, Finding, LogWritten, Outcome
from evalkit.journal.rounds import round_numbers
from evalkit.journal.views import CallView, SessionView, TurnView
from evalkit.report.html.texts import line_of, middle_out, visible
from evalkit.report.timeline import log_text
from evalkit.report.words import retry_layer

MOST_CALLS = 150
"""Calls of a session that are shown."""

LONGEST_TEXT = 2_000
"""Characters that are kept of a request's or a reply's body."""

MOST_LOGGED = 30
"""Lines of the agent's log that are shown."""

MOST_HEADERS = 30
"""Header lines that are shown of a request."""

_SPARED = frozenset({"accept-encoding", "connection", "user-agent", "accept", "content-length"})
"""Headers that say nothing of the agent."""

Story = dict[str, Any]


@dataclass(slots=True)
class Texts:
    """Texts by number, each kept once, up to so many characters in all."""

    budget: int
    kept: list[str] = field(default_factory=list)
    refused: int = 0
    _known: dict[str, int] = field(default_factory=dict)

    def number(self, body: bytes) -> int | None:
        """The number of a body; None where it is empty, -1 where there is no room for it."""
        if not body:
            return None
        text = middle_out(visible(body.decode("utf-8", "replace")), LONGEST_TEXT)
        if text not in self._known:
            size = len(text.encode("utf-8", "replace")) + text.count('"') + text.count("\n")
            if size > self.budget:
                self.refused += 1
                return -1
            self.budget -= size
            self._known[text] = len(self.kept)
            self.kept.append(text)
        return self._known[text]


def story_of(view: SessionView, texts: Texts) -> Story:
    """The story of a session; nothing that is empty is in it."""
    calls = view.calls[:MOST_CALLS]
    rounds = round_numbers(view.calls)
    return _lean(
        {
            "turns": [_turn(each) for each in view.turns],
            "calls": [_call(each, rounds[each.call], texts) for each in calls],
            "more": len(view.calls) - len(calls) or None,
            "hooks": [_hook(each, texts) for each in view.callbacks],
            "findings": [_finding(each) for each in view.findings],
            "missed": [
                _lean({"turn": e.turn, "at": e.at, "text": f"{e.fault} on {e.service}: {e.reason}"})
                for e in view.missed
            ],
            "loose": [
                _lean({"turn": e.turn, "at": e.at, "text": f"{e.fault} at {e.service}: {e.stage}"})
                for e in view.faults
                if e.call is None
            ]
            + [_logged(each) for each in view.logs[:MOST_LOGGED]],
            "ended": None if view.ended is None else view.ended.at,
        }
    )


def _logged(line: LogWritten) -> Story:
    text = line_of(f"{line.level} {line.logger}: {log_text(line)}", 300)
    return _lean({"turn": line.turn, "at": line.at, "text": text, "log": True})


def _turn(turn: TurnView) -> Story:
    begun, ended = turn.started, turn.ended
    story: dict[str, Any] = {
        "n": turn.turn,
        "at": begun.at,
        "late": max(begun.at - begun.intended, 0),
        "input": middle_out(visible(begun.input), LONGEST_TEXT),
    }
    if ended is not None:
        story |= {
            "end": ended.at,
            "text": middle_out(visible(ended.text or ""), LONGEST_TEXT),
            "answer": ended.answer,
            "confidence": ended.confidence,
            "error": line_of(ended.error) if ended.error else None,
            "trace": middle_out(visible(ended.traceback or ""), LONGEST_TEXT),
            "cut": ended.timed_out,
        }
    return _lean(story)


def _call(call: CallView, number: int, texts: Texts) -> Story:
    begun, ended = call.started, call.ended
    story: dict[str, Any] = {
        "n": begun.call,
        "turn": begun.turn,
        "svc": begun.service,
        "op": line_of(begun.operation, 120),
        "req": line_of(f"{begun.method} {begun.path}", 300),
        "at": begun.at,
        "out": outcome_of(call),
        "bad": call.failed,
        "try": begun.attempt if begun.attempt > 1 else None,
        "of": begun.logical if begun.attempt > 1 else None,
        "layer": retry_layer(begun.sdk_retry, number),
        "heads": texts.number(_headers(begun.headers)),
        "asked": texts.number(begun.body),
        "askedSize": len(begun.body) or None,
        "faults": list(_faults(call)),
        "effects": [_effect(each) for each in call.effects],
    }
    if ended is not None:
        story |= {
            "end": ended.at,
            "first": ended.first_token,
            "last": ended.last_token if ended.last_token != ended.first_token else None,
            "said": texts.number(ended.body),
            "saidSize": len(ended.body) or None,
            "broken": ended.outcome is not Outcome.REPLIED,
            "sent": ended.sent or None,
            "model": ended.model,
            "route": line_of(ended.route, 160) if ended.route else None,
            "complaint": line_of(ended.complaint) if ended.complaint else None,
            "breaches": [line_of(each) for each in ended.breaches[:5]],
            "tokens": [ended.usage.input, ended.usage.output] if ended.usage else None,
        }
    return _lean(story)


def _headers(headers: tuple[tuple[str, str], ...]) -> bytes:
    lines = [
        f"{name}: {line_of(text, 200)}"
        for name, text in headers
        if name.lower() not in _SPARED and not name.lower().startswith("x-stainless")
    ]
    return "\n".join(lines[:MOST_HEADERS]).encode("utf-8", "surrogatepass")


def _faults(call: CallView) -> Iterator[str]:
    """Each fault of a call, with how far it came."""
    ordered = sorted(call.faults, key=lambda each: (each.rule, each.fault))
    for (rule, fault), moves in groupby(ordered, key=lambda each: (each.rule, each.fault)):
        stages = ", ".join(dict.fromkeys(each.stage.value for each in moves))
        yield f"{fault} (rule {rule + 1}): {stages}"


def _effect(effect: EffectCommitted) -> Story:
    key = f" ({', '.join(effect.key)})" if effect.key else ""
    data = json.dumps(dict(effect.data), ensure_ascii=False, default=str) if effect.data else ""
    by = f" [{effect.fault}]" if effect.fault else ""
    text = line_of(f"{effect.name}{key}{by}", 200)
    return _lean({"at": effect.at, "text": text, "data": line_of(data, 400)})


def _hook(sent: CallbackSent, texts: Texts) -> Story:
    status = f" {sent.status}" if sent.status is not None else ""
    return _lean(
        {
            "turn": sent.turn,
            "svc": sent.service,
            "op": line_of(f"webhook {sent.name}", 120),
            "at": sent.began,
            "end": sent.at,
            "of": sent.call,
            "try": sent.attempt if sent.attempt > 1 else None,
            "out": f"{sent.arrival.value}{status}",
            "bad": sent.arrival.value != "taken",
            "complaint": line_of(sent.error) if sent.error else None,
            "faults": [sent.fault] if sent.fault else [],
            "asked": texts.number(sent.body),
            "askedSize": len(sent.body) or None,
        }
    )


def _finding(finding: Finding) -> Story:
    return _lean(
        {
            "check": finding.check,
            "severity": finding.severity.value,
            "text": line_of(finding.message),
            "hint": line_of(finding.hint) if finding.hint else None,
            "expected": line_of(finding.expected) if finding.expected else None,
            "seen": line_of(finding.seen) if finding.seen else None,
            "calls": list(finding.calls[:20]),
        }
    )


def _lean(story: Mapping[str, Any]) -> Story:
    """Without what is missing, false or empty; a zero says something."""
    return {key: each for key, each in story.items() if each or type(each) in (int, float)}
