"""Retries of a framework around those of an SDK: one logical call, its layers told apart."""

from __future__ import annotations

from typing import Any

import pytest
from langgraph.types import RetryPolicy

from evalkit.journal.logical import logical_calls
from evalkit.journal.records import SessionStarted, TurnStarted
from evalkit.journal.rounds import multiplied, rounds
from evalkit.journal.views import JournalView
from evalkit.report.timeline import timeline
from tests.world.model_worlds import CALLER_, HOST, met
from tests.world.test_clients_langgraph import graph, model


@pytest.mark.parametrize("fault", [{"status": 503}, "reset", "empty"])
def test_nine_requests_are_one_logical_call_in_three_rounds(tmp_path, fault):
    async def agent() -> Any:
        flow = graph(model(f"http://{HOST}/v1"), retry_policy=RetryPolicy())
        return await flow.ainvoke({"messages": [("user", "Hi")]})

    came = met(tmp_path, "openai", agent, fault)
    who = {"session": CALLER_.session, "turn": 1, "at": 0, "intended": 0}
    opening = (SessionStarted(**{**who, "turn": None}), TurnStarted(**who, input="Hi"))
    (session,) = JournalView.of([*opening, *came.records]).sessions

    assert came.requests == 9
    (logical,) = logical_calls(session.calls)
    assert [each.started.sdk_retry for each in logical.attempts] == [0, 1, 2] * 3
    assert [each.started.attempt for each in logical.attempts] == list(range(1, 10))
    assert [len(each) for each in rounds(logical.attempts)] == [3, 3, 3]
    assert multiplied(rounds(logical.attempts))
    lines = [line.text for line in timeline(session) if line.text.startswith("#")]
    told = [each.partition(" · 8 tokens in")[0] for each in lines]  # those that were spent
    assert [each.partition(" · attempt ")[2] for each in told] == [
        "",
        "2 of #1 · retry 1 inside the SDK",
        "3 of #1 · retry 2 inside the SDK",
        "4 of #1 · round 2, the SDK called anew",
        "5 of #1 · retry 1 inside the SDK, round 2",
        "6 of #1 · retry 2 inside the SDK, round 2",
        "7 of #1 · round 3, the SDK called anew",
        "8 of #1 · retry 1 inside the SDK, round 3",
        "9 of #1 · retry 2 inside the SDK, round 3",
    ]
