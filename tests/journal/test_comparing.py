from __future__ import annotations

from collections.abc import Callable

import pytest

from evalkit.journal.comparing import journal_changes, session_changes
from evalkit.journal.records import Answer, End, Outcome
from evalkit.journal.views import JournalView
from tests.journal.telling import Teller, opened


def closed(teller: Teller, at: float = 900, text: str = "Done.") -> Teller:
    teller.reply(at, text).end(at)
    return teller


def plain() -> Teller:
    return closed(opened().ask("a", 0, 100).ask("b", 100, 200))


def brief(first: Teller, second: Teller) -> list[tuple[str, str, str, str]]:
    return [
        (each.kind.value, each.what, each.first, each.second)
        for each in session_changes(first.view, second.view)
    ]


SAME: dict[str, tuple[Callable[[], Teller], Callable[[], Teller]]] = {
    "the same": (plain, plain),
    "slower": (plain, lambda: closed(opened().ask("a", 0, 500).ask("b", 600, 700))),
    "side by side in any order": (
        lambda: closed(opened().ask("a", 0, 100).ask("b", 10, 90)),
        lambda: closed(opened().ask("b", 0, 100).ask("a", 10, 90)),
    ),
    "one after the other where they were side by side": (
        lambda: closed(opened().ask("a", 0, 100).ask("b", 10, 90)),
        lambda: closed(opened().ask("b", 0, 5).ask("a", 10, 90)),
    ),
    "retries side by side": (
        lambda: closed(
            opened()
            .ask("a", 0, 10, status=503)
            .ask("b", 0, 20, status=503)
            .ask("a", 30, 40, attempt=2, logical=1)
            .ask("b", 30, 50, attempt=2, logical=2)
        ),
        lambda: closed(
            opened()
            .ask("b", 0, 10, status=503)
            .ask("a", 0, 20, status=503)
            .ask("b", 30, 40, attempt=2, logical=1)
            .ask("a", 30, 50, attempt=2, logical=2)
        ),
    ),
    "ids and instants": (
        lambda: closed(opened().ask("at 2026-01-05T09:00:00Z", 0, 9, says={"created": 1767603600})),
        lambda: closed(opened().ask("at 2026-01-05T09:00:07Z", 0, 9, says={"created": 1767603607})),
    ),
    "another run's pseudonyms": (
        lambda: closed(opened(), text="To masked-0123456789ab."),
        lambda: closed(opened(), text="To masked-ba9876543210."),
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_what_is_no_change_of_behaviour(name: str) -> None:
    first, second = SAME[name]
    assert brief(first(), second()) == []


CALL = "crm GET /"
CHANGED: dict[str, tuple[Callable[[], Teller], list[tuple[str, str, str, str]]]] = {
    "a call less": (
        lambda: closed(opened().ask("a", 0, 100)),
        [("calls", CALL, "1 attempt (200)", "not called")],
    ),
    "a call more": (
        lambda: closed(opened().ask("a", 0, 100).ask("b", 100, 200).ask("b", 300, 400)),
        [("calls", CALL, "not called", "1 attempt (200)")],
    ),
    "another question": (
        lambda: closed(opened().ask("a", 0, 100).ask("c", 100, 200)),
        [("requests", CALL, "b", "c")],
    ),
    "the other order": (
        lambda: closed(opened().ask("b", 0, 100).ask("a", 100, 200)),
        [
            (
                "order",
                f"{CALL} for a and {CALL} for b",
                f"{CALL} for a before {CALL} for b",
                f"{CALL} for b before {CALL} for a",
            )
        ],
    ),
    "a retry": (
        lambda: closed(
            opened()
            .ask("a", 0, 100, status=503)
            .ask("a", 110, 120, attempt=2, logical=1)
            .ask("b", 200, 300)
        ),
        [
            ("replies", CALL, "200", "503"),
            ("retries", CALL, "1 attempt (200)", "2 attempts (503, 200)"),
        ],
    ),
    "a fault, and what it does": (
        lambda: closed(opened().ask("a", 0, 100, status=503, fault="status").ask("b", 100, 200)),
        [("faults", CALL, "no fault", "status")],
    ),
    "a connection that breaks": (
        lambda: closed(opened().ask("a", 0, 100, outcome=Outcome.RESET).ask("b", 100, 200)),
        [("replies", CALL, "200", "200, connection reset")],
    ),
    "other words in a reply": (
        lambda: closed(opened().ask("a", 0, 100, says={"ok": 1}).ask("b", 100, 200)),
        [("replies", CALL, "null", '{"ok":1}')],
    ),
    "another reply of the agent": (
        lambda: closed(opened().ask("a", 0, 100).ask("b", 100, 200), text="Sorry."),
        [("answers", "the reply", "“Done.”", "“Sorry.”")],
    ),
    "an effect": (
        lambda: closed(opened().ask("a", 0, 100).effect(50, 1, "t", "k").ask("b", 100, 200)),
        [("effects", "effect t (k) of crm", "not committed", "committed once")],
    ),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_changed_is_told_with_how_it_was_in_each_run(name: str) -> None:
    second, expected = CHANGED[name]
    assert brief(plain(), second()) == expected


@pytest.mark.parametrize("name", CHANGED)
def test_a_change_is_one_from_either_side(name: str) -> None:
    second, expected = CHANGED[name]
    swapped = {(kind, right, left) for kind, _, left, right in expected}
    assert {(kind, left, right) for kind, _, left, right in brief(second(), plain())} == swapped


def test_a_turn_that_was_never_begun_is_one_change_and_not_one_for_each_call() -> None:
    longer = opened().ask("a", 0, 100).reply(100).begin(200)
    assert isinstance(longer, Teller)
    longer.ask("b", 200, 300).ask("c", 300, 400)
    closed(longer)
    shorter = closed(opened().ask("a", 0, 100), 100)
    assert brief(longer, shorter) == [("turns", "turn 2", "begun", "never begun")]


def test_how_a_session_ended_and_what_was_found_are_behaviour() -> None:
    bad = opened()
    bad.find(1, check="late").reply(900, answer=Answer.HOLD).end(900, End.FAILED)
    assert brief(closed(opened()), bad) == [
        ("findings", "violation late", "not found", "found"),
        ("answers", "the reply", "“Done.”", "hold: “Done.”"),
        ("ends", "the session", "completed", "failed"),
    ]


def test_changes_come_in_order_of_time_with_the_calls_they_are_about() -> None:
    second = closed(opened().ask("a", 0, 100).ask("c", 100, 200), text="Sorry.")
    first, last = session_changes(plain().view, second.view)
    assert (first.at, first.turn, first.where, first.calls) == (10**8, 1, "body", ((2,), (2,)))
    assert (last.at, last.turn) == (9 * 10**8, 1)


def test_of_a_journal_only_what_changed_is_told() -> None:
    def journal(*sessions: Teller) -> JournalView:
        return JournalView.of([record for each in sessions for record in each.records])

    def named(name: str, text: str) -> Teller:
        teller = Teller(name)
        teller.start().begin()
        return closed(teller, text=text)

    def nobodys(what: str) -> Teller:
        teller = Teller()
        teller.session = None
        return teller.ask(what, 0, 100)

    first = journal(named("s1", "a"), named("s2", "a"), named("s3", "a"), nobodys("x"))
    second = journal(named("s1", "a"), named("s2", "b"), nobodys("y"))
    changes = journal_changes(first, second)
    assert {session: each[0].kind.value for session, each in changes.items()} == {
        "s2": "answers",
        None: "requests",
    }
