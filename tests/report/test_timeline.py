from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from evalkit.journal.records import (
    Answer,
    AnyRecord,
    Arrival,
    CallbackSent,
    EffectCommitted,
    End,
    FaultMissed,
    LogWritten,
    Outcome,
    Severity,
    Stage,
)
from evalkit.journal.views import JournalView
from evalkit.report.timeline import timeline
from tests.metrics.journals import MS, Pen
from tests.store.runs import short_session


def shown(records: Sequence[AnyRecord]) -> list[str]:
    """The lines of the only session, with their times in milliseconds."""
    (session,) = JournalView.of(records).sessions
    return [
        f"{'' if line.at is None else line.at // MS}{'  ' * line.depth} {line.text}"
        for line in timeline(session)
    ]


def test_a_session_with_a_retry() -> None:
    assert shown(short_session()) == [
        "100 turn 1: “hello”",
        "100   waited 0.010 s",
        "110   #1 crm GET / · 503 after 0.020 s",
        "     fault status (rule 1): scheduled, fired, delivered",
        "130   waited 0.500 s, then attempt 2 of #1",
        "630   #2 crm GET / · 200 after 0.020 s · attempt 2 of #1",
        "650   #3 llm chat · 200 after 0.300 s · 120 tokens in, 30 out",
        "950 replied: “It is on its way.”",
        "950 completed",
    ]


def test_calls_side_by_side_leave_no_wait_between_them() -> None:
    pen = Pen().start().begin()
    pen.call("crm", 0, 100).call("crm", 10, 50).call("crm", 120, 130).reply(130).end(130)
    assert [each for each in shown(pen.records) if "waited" in each] == ["100   waited 0.020 s"]


def sent(began: int, at: int, arrival: Arrival, **more: Any) -> CallbackSent:
    """A webhook of call 1, in milliseconds."""
    return CallbackSent(
        at=at * MS,
        session="s1",
        turn=1,
        service="bank",
        call=1,
        name="done",
        id="evt_1",
        url="http://agent.evalkit.test/",
        began=began * MS,
        arrival=arrival,
        last=True,
        **{"attempt": 1, **more},
    )


def test_what_comes_back_after_a_call_stands_at_its_own_time() -> None:
    pen = Pen().start().begin().call("bank", 0, 100)
    late = EffectCommitted(
        at=900 * MS, session="s1", turn=1, service="bank", call=1, name="paid", key=("o-1",)
    )
    pen.records += [
        late,
        sent(950, 950, Arrival.REFUSED, status=401),
        sent(970, 980, Arrival.TAKEN, status=200, attempt=2),
        sent(990, 990, Arrival.UNSENT, error="it was due too late"),
    ]
    lines = shown(pen.reply(1000).end(1000).records)
    assert [each for each in lines if "waited" not in each][2:-2] == [
        "900   effect paid (o-1) of #1",
        "950   ← bank webhook done (of #1) · refused, 401",
        "970   ← bank webhook done (of #1) · taken, 200 after 0.010 s · attempt 2",
        "990   ← bank webhook done (of #1) · never sent",
        "     it was due too late",
    ]


def test_turns_and_the_time_between_them() -> None:
    pen = Pen().start().begin(0).reply(10, "One.", answer=Answer.HOLD, confidence=0.5)
    pen.begin(2010, intended=1510).reply(2020, "Two.").end(2020)
    assert shown(pen.records) == [
        "0 turn 1: “hello”",
        "0   waited 0.010 s",
        "10 hold, confidence 0.5: “One.”",
        "10 2.000 s until the next turn",
        "2010 turn 2, 0.500 s later than intended: “hello”",
        "2010   waited 0.010 s",
        "2020 replied: “Two.”",
        "2020 completed",
    ]


@pytest.mark.parametrize(
    ("outcome", "status", "words"),
    [
        (Outcome.ABANDONED, None, "abandoned by the client after 0.010 s, 5 bytes sent"),
        (Outcome.CUT, 200, "200, cut off after 0.010 s, 5 bytes sent"),
        (Outcome.RESET, None, "connection reset after 0.010 s, 5 bytes sent"),
        (Outcome.REFUSED, None, "connection refused after 0.010 s, 5 bytes sent"),
        (Outcome.OPEN, None, "still under way at the end after 0.010 s, 5 bytes sent"),
    ],
)
def test_a_call_says_how_it_ended(outcome: Outcome, status: int | None, words: str) -> None:
    pen = Pen().start().begin().call("crm", 0, 10, outcome=outcome, status=status, sent=5)
    assert shown(pen.records)[1] == f"0   #1 crm GET / · {words}"


def test_a_call_without_an_end_says_so() -> None:
    pen = Pen().start().begin().call("crm", 0, None)
    assert shown(pen.records)[1] == "0   #1 crm GET / · never ended"


def test_a_fault_that_went_no_further_shows_how_far_it_came() -> None:
    pen = Pen().start().begin().call("crm", 0, 10, fault="delay", delivered=False)
    assert shown(pen.records)[2] == "     fault delay (rule 1): scheduled, fired"


def test_faults_on_connecting_and_faults_that_met_no_call() -> None:
    pen = Pen().start().begin().fault(5, Stage.DELIVERED, fault="refused")
    pen.records.append(
        FaultMissed(
            at=20 * MS, session="s1", rule=0, fault="status", service="crm", reason="no retry"
        )
    )
    assert shown(pen.records)[1:] == [
        "5   fault refused on connecting to crm: delivered",
        "20   fault status on crm met no call: no retry",
    ]


def test_effects_and_what_the_mock_says_stand_below_their_call() -> None:
    pen = Pen().start().begin().call("crm", 0, 10, complaint="no route\nfor GET /", status=404)
    pen.records.append(
        EffectCommitted(
            at=9 * MS, session="s1", turn=1, service="crm", call=1, name="ticket", key=("c1", "x")
        )
    )
    assert shown(pen.records)[2:] == [
        "     the mock says: no route for GET /",
        "9     effect ticket (c1, x)",
    ]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"error": "ValueError: no"}, "raised: ValueError: no"),
        ({"timed_out": True}, "timed out"),
        ({"timed_out": True, "error": "after 120 s"}, "timed out: after 120 s"),
    ],
)
def test_a_turn_that_failed_says_how(fields: dict[str, object], words: str) -> None:
    pen = Pen().start().begin().reply(0, None, **fields)
    assert shown(pen.records)[1] == f"0 {words}"


def test_of_a_traceback_the_end_is_shown() -> None:
    trace = "\n".join(f"line {n}" for n in range(40))
    pen = Pen().start().begin().reply(0, None, error="ValueError", traceback=trace)
    lines = shown(pen.records)[2:]
    assert (len(lines), lines[-1]) == (12, "     line 39")


def test_findings_come_last_with_what_proves_them() -> None:
    pen = Pen().start().begin().reply(1)
    pen.find(0, 2, 3, expected="1s", seen="8s", hint="set a timeout")
    pen.find(0, check="style", severity=Severity.ADVICE).end(1, End.FAILED, "it raised")
    assert shown(pen.records)[-6:] == [
        "1 failed: it raised",
        " ✗ violation scope: wrong (#2 #3)",
        "   expected: 1s",
        "   seen: 8s",
        "   hint: set a timeout",
        " · advice style: wrong",
    ]


def test_a_session_that_only_began_has_no_lines() -> None:
    assert shown(Pen().start().records) == []


def test_the_log_stands_between_the_calls_on_one_line_each() -> None:
    pen = Pen().start().begin().call("crm", 0, 20).reply(40).end(40)
    who = {"session": "s1", "turn": 1, "logger": "shop"}
    pen.records += [
        LogWritten(at=110 * MS, level="INFO", text="found\nit", data={"n": 1}, **who),
        LogWritten(at=115 * MS, level="ERROR", text="lost", **who),
    ]
    lines = [each for each in shown(pen.records) if "log" in each]
    assert lines == ['110   log INFO shop: found {"n": 1}', "115   log ERROR shop: lost"]
