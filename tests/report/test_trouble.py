from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.journal.records import End, Finding, Severity
from evalkit.report.trouble import Trouble, end_troubles, finding_troubles, shape_of, troubles_of
from tests.metrics.journals import Pen
from tests.store.runs import record_of, result_of, scenario_of, stored


def finding(message: str, **given: Any) -> Finding:
    defaults: dict[str, Any] = {"at": 0, "check": "late", "severity": Severity.VIOLATION}
    return Finding(message=message, **{**defaults, **given})


def brief(troubles: tuple[Trouble, ...]) -> list[tuple[str, int, str | None]]:
    return [(each.label, each.count, each.session) for each in troubles]


def test_messages_that_differ_in_numbers_and_sessions_only_are_one_kind() -> None:
    found = [
        finding("call 3 of s1 took 8.5s", session="s1", calls=(3,)),
        finding("call 12 of other took 11s", session="other", calls=(12,)),
        finding("call 3 never ended", session="s3"),
    ]
    (first, second) = finding_troubles(found, ())
    assert (first.message, first.count, first.session, first.calls) == (
        "call 3 of s1 took 8.5s",
        2,
        "s1",
        (3,),
    )
    assert second.session == "s3"


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        (
            "q committed t (alice and gold) twice: calls #5 and #6",
            "q committed t (bob and tin) twice: calls #7, #8 and #9",
            True,
        ),
        ("took 45s (call #2), budget 11s", "took 9.5s (calls #2 and #4), budget 11s", True),
        ("does not contain 'a b': 'it\\'s so'", "does not contain 'c': 'no'", True),
        ("order A-17 is unknown", "order B-2 is unknown", True),
        ("crm took 4s", "erp took 4s", False),
        ("late (failed: crm call #2)", "late (failed: erp call #2)", False),
    ],
)
def test_messages_of_one_shape_are_one_kind(one: str, other: str, alike: bool) -> None:
    assert (shape_of(one) == shape_of(other)) is alike


def test_what_fails_comes_first_and_then_what_is_frequent() -> None:
    found = [
        finding("a", check="tip", severity=Severity.ADVICE),
        finding("b", check="excused"),
        *[finding("c", check="rare")] * 2,
        *[finding("d", check="frequent")] * 3,
    ]
    assert brief(finding_troubles(found, ("excused",))) == [
        ("violation frequent", 3, None),
        ("violation rare", 2, None),
        ("advice tip", 1, None),
        ("violation excused (allowed here)", 1, None),
    ]


def test_sessions_that_did_not_complete_are_told_by_their_reason(tmp_path: Path) -> None:
    records = [
        *Pen("s0").start().end(1).records,
        *Pen("s1").start().end(1, End.TIMED_OUT, "after 120 s").records,
        *Pen("s2").start().end(1, End.TIMED_OUT, "after 90 s").records,
        *Pen("s3").start().end(1, End.FAILED).records,
    ]
    run = stored(tmp_path, result_of(records))
    assert brief(end_troubles(run.session_rows())) == [("timed out", 2, "s1"), ("failed", 1, "s3")]


def test_the_troubles_of_a_scenario_are_its_own(tmp_path: Path) -> None:
    bad = Pen("s1").start().find(1).end(1, End.FAILED, "it raised").records
    run = stored(
        tmp_path,
        result_of(bad, scenario="happy"),
        result_of(bad, scenario="slow"),
        record=record_of(scenario_of("happy"), scenario_of("slow", allowed=("scope",))),
    )
    assert brief(troubles_of(run, "happy")) == [("violation scope", 1, "s1"), ("failed", 1, "s1")]
    assert [each.bad for each in troubles_of(run, "slow")] == [False, True]
