from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.journal.records import (
    Answer,
    AnyRecord,
    Arrival,
    CallbackSent,
    CallEnded,
    CallStarted,
    EffectCommitted,
    End,
    FaultMissed,
    FaultMoved,
    Finding,
    LogWritten,
    Outcome,
    SessionEnded,
    SessionStarted,
    Severity,
    Stage,
    TurnEnded,
    TurnStarted,
)
from evalkit.store.columns import table_of
from evalkit.store.events import KINDS, LONGEST_BODY, EventRow, record_of, rows_of
from evalkit.wire import Usage

WHO: dict[str, Any] = {"session": "s1", "turn": 2}
RECORDS: tuple[AnyRecord, ...] = (
    SessionStarted(at=0, session="s1", intended=-5, region="eu"),
    TurnStarted(at=1, input="hello\ud800", intended=1, **WHO),
    CallStarted(
        at=2,
        call=1,
        service="crm",
        operation="GET /customers/{id}",
        method="GET",
        path="/customers/1",
        identity="abc",
        occurrence=1,
        attempt=2,
        logical=1,
        sdk_retry=1,
        headers=(("accept", "*/*"), ("accept", "text/html")),
        body=b"\xff\x00",
        **WHO,
    ),
    FaultMoved(at=3, stage=Stage.FIRED, rule=0, fault="status", service="crm", call=1, **WHO),
    LogWritten(at=3, logger="a.b", level="INFO", text="paid", data={"n": [1]}, **WHO),
    FaultMoved(at=3, stage=Stage.SCHEDULED, rule=1, fault="refused", service="crm", **WHO),
    CallEnded(
        at=2**60,
        call=1,
        outcome=Outcome.REPLIED,
        status=503,
        first_byte=3,
        sent=7,
        body=b"{}",
        model="gpt-4o",
        usage=Usage(input=3, output=4),
        complaint="no route",
        failed=True,
        **WHO,
    ),
    EffectCommitted(
        at=4, service="crm", call=1, name="ticket", key=("a", "b"), data={"n": [1, None]}, **WHO
    ),
    CallbackSent(
        at=5,
        service="crm",
        call=1,
        name="ticket.done",
        id="evt_1",
        attempt=2,
        url="http://agent.evalkit.test/hook",
        began=4,
        arrival=Arrival.REFUSED,
        last=True,
        status=401,
        error="no",
        fault="callback_duplicated",
        body=b"\xff{}",
        **WHO,
    ),
    FaultMissed(at=5, rule=0, fault="status", service="crm", reason="no retry", **WHO),
    TurnEnded(
        at=6,
        text="Done.",
        answer=Answer.HOLD,
        confidence=0.5,
        context={"source": {"deep": True}},
        traceback="Traceback\n  …",
        **WHO,
    ),
    Finding(
        at=7,
        check="within-budget",
        severity=Severity.VIOLATION,
        message="late",
        expected="1s",
        calls=(1, 3),
        **WHO,
    ),
    SessionEnded(at=8, session="s1", end=End.TIMED_OUT, reason="the deadline"),
)


def stored(records: tuple[AnyRecord, ...]) -> list[dict[str, Any]]:
    """The records as a table gives them back."""
    rows = list(rows_of(records, scenario="happy", cell=3))
    back: list[dict[str, Any]] = table_of(EventRow, rows).to_pylist()
    return back


@pytest.mark.parametrize("record", RECORDS, ids=lambda each: type(each).__name__)
def test_a_record_comes_back_as_it_was(record: AnyRecord) -> None:
    assert record_of(stored((record,))[0]) == record


def test_the_examples_hold_every_kind_of_record() -> None:
    assert {type(each) for each in RECORDS} == set(KINDS.values())


def test_rows_say_where_they_belong() -> None:
    rows = stored(RECORDS)
    assert {(each["scenario"], each["cell"]) for each in rows} == {("happy", 3)}
    assert [each["seq"] for each in rows] == list(range(len(RECORDS)))


def test_long_bodies_are_cut() -> None:
    ended = CallEnded(at=0, call=1, outcome=Outcome.REPLIED, sent=10**6, body=b"x" * 10**6)
    back = record_of(stored((ended,))[0])
    assert isinstance(back, CallEnded)
    assert (len(back.body), back.sent) == (LONGEST_BODY, 10**6)


def test_what_json_has_no_form_for_is_kept_as_text() -> None:
    ended = TurnEnded(at=0, context={"when": complex(1, 2), ("a",): 1})
    back = record_of(stored((ended,))[0])
    assert isinstance(back, TurnEnded)
    assert back.context == {"when": "(1+2j)"}


@given(
    st.builds(
        TurnStarted,
        at=st.integers(0, 2**62),
        session=st.none() | st.text(),
        turn=st.none() | st.integers(1, 99),
        input=st.text(),
        intended=st.integers(-(2**62), 2**62),
    )
)
def test_any_text_and_time_come_back(record: TurnStarted) -> None:
    assert asdict(record_of(stored((record,))[0])) == asdict(record)
