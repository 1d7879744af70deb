from __future__ import annotations

import json

from evalkit.journal.changes import Change, Comparison, Kind, SessionChanges
from evalkit.report.diff import comparison_json, comparison_lines
from evalkit.report.lines import plain
from tests.store.runs import record_of, scenario_of

FIRST = record_of(scenario_of("happy"), run="first-run")
SECOND = record_of(scenario_of("happy"), scenario_of("slow"), run="second-run")
RETRIED = Change(
    kind=Kind.RETRIES,
    at=1_110_000_000,
    turn=1,
    what="crm GET /x",
    first="2 attempts (503, 200)",
    second="1 attempt (503)",
    calls=((2, 4), (2,)),
)
REPLIED = Change(
    kind=Kind.ANSWERS, at=2 * 10**9, turn=1, what="the reply", first="“Yes.”", second="“No.”"
)


def of(session: str | None, *changes: Change, scenario: str = "happy") -> SessionChanges:
    return SessionChanges(scenario=scenario, session=session, changes=changes)


def shown(comparison: Comparison, *, whole: bool = False) -> list[str]:
    lines = comparison_lines(comparison, FIRST, SECOND, 100, whole=whole)
    return [plain(each) for each in lines][2:]


def test_runs_that_did_the_same_are_equal() -> None:
    assert shown(Comparison(compared=3)) == ["", "✓ equal  3 sessions did the same in both runs"]


def test_sessions_that_changed_alike_are_told_together() -> None:
    changed = [of(f"s{n}", RETRIED, REPLIED, REPLIED) for n in range(5)]
    assert shown(Comparison(compared=9, changed=(*changed, of("other", REPLIED)))) == [
        "",
        "happy: 6 sessions changed",
        "  s0, and alike s1, s2 and 2 more",
        "    retries: crm GET /x, at 1.110 s, turn 1",
        "      first   2 attempts (503, 200)  (#2 #4)",
        "      second  1 attempt (503)  (#2)",
        "      after that: 2 answers",
        "  other",
        "    answers: the reply, at 2.000 s, turn 1",
        "      first   “Yes.”",
        "      second  “No.”",
        "",
        "kind     sessions  changes",
        "retries         5        5  a call was attempted more often or less often",
        "answers         6       11  the agent replied differently to a turn",
        "",
        "✗ differs  6 of 9 sessions behave differently",
    ]


def test_of_one_session_all_changes_are_told() -> None:
    lines = shown(Comparison(compared=1, changed=(of("s1", RETRIED, REPLIED),)), whole=True)
    assert [each for each in lines if each.startswith("    ") and each[4] != " "] == [
        "    retries: crm GET /x, at 1.110 s, turn 1",
        "    answers: the reply, at 2.000 s, turn 1",
    ]


def test_sessions_of_one_run_only_are_named_and_whole_scenarios_counted() -> None:
    comparison = Comparison(
        compared=1,
        only_first=(("happy", "a"), ("happy", "b")),
        only_second=tuple(("slow", f"s{n}") for n in range(20)),
    )
    assert shown(comparison) == [
        "",
        "in the first run only",
        "  happy: 2 sessions: a, b",
        "",
        "in the second run only",
        "  slow: the scenario, with its 20 sessions",
        "",
        "✗ differs  2 sessions in the first run only, 20 sessions in the second run only",
    ]


def test_calls_of_no_session_are_told_as_such() -> None:
    lines = shown(Comparison(compared=1, changed=(of(None, RETRIED),)))
    assert "  calls of no session" in lines
    assert lines[-1] == "✗ differs  calls of no session differ"


def test_what_two_runs_say_is_safe_to_print() -> None:
    evil = Change(
        kind=Kind.ANSWERS, at=0, turn=1, what="the \x1b[2J", first="a\r\x1b]0;x\x07", second="b"
    )
    comparison = Comparison(compared=1, changed=(of("s\x1b1", evil),), notes=("a\x1bb",))
    assert all(each.isprintable() for each in shown(comparison))


def test_machines_get_every_change() -> None:
    changed = (of("s1", RETRIED, REPLIED),)
    text = comparison_json(
        Comparison(compared=2, changed=changed, only_second=(("slow", "s2"),)), FIRST, SECOND
    )
    read = json.loads(text)
    assert (read["equal"], read["compared"], read["first"]["run"]) == (False, 2, "first-run")
    assert read["only_second"] == [{"scenario": "slow", "session": "s2"}]
    (session,) = read["changed"]
    assert (session["scenario"], session["session"]) == ("happy", "s1")
    assert session["changes"][0] == {
        "kind": "retries",
        "at_ns": 1_110_000_000,
        "turn": 1,
        "what": "crm GET /x",
        "where": None,
        "first": {"was": "2 attempts (503, 200)", "calls": [2, 4]},
        "second": {"was": "1 attempt (503)", "calls": [2]},
    }
