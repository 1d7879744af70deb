"""A stored run with all that is exported: faults, findings, gates, joined and loose calls."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from evalkit.gate import CheckResult, GateResult, RuleResult, Verdict
from evalkit.journal.records import End, Severity
from evalkit.metrics.definitions import Unit
from evalkit.store import Run
from evalkit.wire import Usage
from tests.checks.stories import Story
from tests.store.runs import record_of, result_of, scenario_of, stored

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = (("traceparent", f"00-{TRACE}-{PARENT}-01"),)
ASKED = {"model": "gpt-4o", "messages": []}
SAID = {"choices": [{"message": {"content": "Done."}, "finish_reason": "stop"}]}
USED = {"model": "gpt-4o-2024-08-06", "usage": Usage(input=90, output=10)}
ODD = 'p90(turn.latency where scenario=crm-*) < 1s "\\\n'


def asked(story: Story, **given: Any) -> Story:
    """A call of a model in a session."""
    about: dict[str, Any] = {"operation": "chat", "body": ASKED, "says": SAID, "ended": USED}
    return story.call("llm", **{**about, **given})


def faulty_story(session: str = "s1") -> Story:
    """A session whose tool fails once, then is retried; the second turn fails."""
    story = asked(Story(session).turn())
    story.call("crm", status=503, fault="status").call("crm", logical=2, effect=("note", "k"))
    story.reply().turn().call("crm", outcome=_cut(), status=None)
    return story.reply(None, None, error="ValueError: no").end(End.FAILED, "turn 2 raised")


def _cut() -> Any:
    from evalkit.journal.records import Outcome

    return Outcome.CUT


def joined_story(session: str = "s1") -> Story:
    """A session whose calls were made in a trace of the agent's."""
    story = asked(Story(session).turn(), headers=TRACEPARENT)
    return story.call("crm", headers=TRACEPARENT).reply().end()


def gate_result(verdict: Verdict, **given: Any) -> GateResult:
    defaults: dict[str, Any] = {"gate": ODD, "figure": "p90(turn.latency)", "scope": "suite"}
    rest: dict[str, Any] = {"observed": 1e9, "op": "<", "limit": 1e9, "unit": Unit.DURATION}
    more: dict[str, Any] = {"n": 1, "sessions": 1, "why": "it is"}
    return GateResult(verdict=verdict, **{**defaults, **rest, **more, **given})


def full_run(folder: Path, **given: Any) -> Run:
    """Two scenarios: one whose calls are in the agent's trace, one with faults and its control."""
    check = CheckResult(
        check="scope",
        severity=Severity.VIOLATION,
        allowed=False,
        findings=2,
        sessions=1,
        first="wrong",
    )
    rule = RuleResult(rule=0, at="crm", scheduled=1, fired=1, delivered=1, missed=0, excused=False)
    happy = scenario_of("happy", verdict=Verdict.PASS, ends={End.COMPLETED: 1})
    slow = scenario_of(
        "crm-slow",
        faulty=True,
        control="happy",
        verdict=Verdict.FAIL,
        ends={End.FAILED: 1},
        checks=(check,),
        faults=(rule,),
        gates=(gate_result(Verdict.FAIL, scope="crm-slow"),),
    )
    record = record_of(
        happy,
        slow,
        **{
            "finished": "2026-01-05T09:00:10.500Z",
            "verdict": Verdict.FAIL,
            "gates": (gate_result(Verdict.PASS),),
            **given,
        },
    )
    loose = Story(None).call("crm").records
    results = (
        result_of([*joined_story().records, *loose], scenario="happy"),
        result_of(faulty_story().records, scenario="crm-slow"),
    )
    return stored(folder, *results, record=record)
