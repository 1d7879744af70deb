from __future__ import annotations

from dataclasses import replace

import pytest

from evalkit.journal.lineage import lineage
from evalkit.journal.records import Outcome
from tests.journal.telling import Teller, opened


def why(teller: Teller, number: int) -> str:
    session = teller.view
    return lineage(session.call(number), session.calls)


@pytest.mark.parametrize(
    ("failed", "words"),
    [
        ({"status": 503}, "which had failed with status 503"),
        ({"outcome": Outcome.ABANDONED, "status": None}, "which its client had abandoned"),
        ({"outcome": Outcome.RESET}, "which had failed: 200, connection reset"),
        ({"outcome": Outcome.REFUSED, "status": None}, "which had failed: connection refused"),
        ({"failed": True}, "which had been told to try again (x-should-retry)"),
        ({"failed": True, "fault": "empty"}, "which had got a reply that `empty` left unusable"),
    ],
)
def test_a_retry_is_one_because_of_what_went_wrong_before(
    failed: dict[str, object], words: str
) -> None:
    teller = opened().ask("a", 0, 10, **failed).ask("a", 20, 30, attempt=2, logical=1)
    assert why(teller, 2) == f"it asks for the same as #1, {words}"


def test_a_third_attempt_follows_the_second() -> None:
    teller = opened().ask("a", 0, 10, status=500).ask("a", 20, 30, attempt=2, logical=1, status=502)
    teller.ask("a", 40, 50, attempt=3, logical=1)
    assert why(teller, 3) == "it asks for the same as #2, which had failed with status 502"


def test_the_first_call_of_an_operation() -> None:
    teller = opened().ask("a", 0, 10, service="llm").ask("a", 20, 30)
    assert why(teller, 2) == "it is the session's first call of crm GET /"


def test_the_same_asked_again_is_a_new_thing_where_nothing_failed() -> None:
    done = opened().ask("a", 0, 10).ask("a", 20, 30)
    assert why(done, 2).startswith("the same was asked as #1, which had succeeded")
    beside = opened().ask("a", 0, 50).ask("a", 20, 30)
    assert why(beside, 2).startswith("the same was asked as #1, which was still under way")
    retried = opened().ask("a", 0, 10, status=500).ask("a", 20, 60, attempt=2, logical=1)
    assert why(retried.ask("a", 30, 40), 3).startswith("the same was asked as #2, which was still")


def test_the_same_asked_in_another_turn_is_a_new_thing() -> None:
    teller = opened().ask("a", 0, 10, status=500)
    teller.reply(20).begin(30)
    assert why(teller.ask("a", 40, 50), 2) == (
        "the same was asked as #1 in turn 1; what another turn asks is a new call"
    )


def test_where_something_else_is_asked_the_place_is_told() -> None:
    teller = opened().ask({"q": 1}, 0, 10, status=500).ask({"q": 2}, 20, 30)
    assert why(teller, 2) == (
        "#1, the last that failed before it, asked for something else in `body.q`"
    )


def test_where_what_was_asked_looks_the_same_that_is_told() -> None:
    teller = opened().ask("a", 0, 10).ask("a", 20, 30)
    session = teller.view
    call = session.call(2)
    other = replace(call, started=replace(call.started, identity="another"))
    assert lineage(other, [session.call(1), other]) == (
        "it is no exact repetition of #1, the last call of the operation before"
    )
