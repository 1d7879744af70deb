from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from evalkit.journal.records import FaultMissed, Outcome
from evalkit.journal.views import CallView
from evalkit.report.explain import Explained, explanation, headline, unmatched_lines
from evalkit.report.lines import plain
from evalkit.suite.model import FaultRule
from tests.journal.telling import Teller, opened

FLAKY = {"at": "crm", "when": {"attempt": 1}, "inject": {"status": 503}}
OTHER = {"at": "llm", "inject": "reset"}


def retried() -> Teller:
    """A call that a fault made fail, its retry, and an effect."""
    teller = opened()
    teller.ask({"q": 1}, 100, 300, status=503, fault="status")
    teller.ask({"q": 1}, 800, 900, attempt=2, logical=1).effect(850, 2, "ticket", "C-1")
    teller.find(900, 1, 2, check="late", hint="be quick")
    return teller


def explained(teller: Teller, number: int, *rules: Any, **given: Any) -> Explained:
    session = teller.view
    return Explained(
        scenario="flaky",
        session=session.id,
        call=session.call(number),
        calls=session.calls,
        began=session.started.at,
        rules=[FaultRule.model_validate(each) for each in rules],
        findings=session.findings,
        **given,
    )


def sections(about: Explained) -> dict[str, list[str]]:
    """The lines under each title."""
    found: dict[str, list[str]] = {}
    for each in map(plain, explanation(about, 200)):
        if each and not each.startswith(" "):
            title = each
        elif each:
            found.setdefault(title, []).append(each.strip())
    return found


def ended_with(call: CallView, **changes: Any) -> CallView:
    assert call.ended is not None
    return replace(call, ended=replace(call.ended, **changes))


def test_a_call_that_a_fault_hit_is_explained() -> None:
    about = explained(retried(), 1, FLAKY, OTHER)
    assert headline(about) == "crm GET /: 503 after 0.200 s"
    assert sections(about) == {
        "asked": ["at 0.100 s of world time, in turn 1", "GET /", '8 bytes: {"q": 1}'],
        "which attempt it is, and why": [
            "attempt 1 of 2: it is the session's first call of crm GET /",
            "s1#1  at 0.100 s  503 after 0.200 s  <- this call",
            "s1#2  at 0.800 s  200 after 0.100 s",
        ],
        "what answered": [
            "crm itself, by none of its routes or rules",
            "the client did not get this as it is: `status` changed it, see below",
        ],
        "faults: the 2 rules of the scenario, and what came of each": [
            "rule 1  {at: crm, when: {attempt: 1}, inject: {status: 503}}",
            "fired: all of `when` holds",
            "status: scheduled at 0.100 s, fired at 0.100 s, delivered at 0.100 s",
            "rule 2  {at: llm, inject: reset}",
            "not aimed at it: it aims at llm, and this is a call of crm",
        ],
        "what the client got": ["+0.200 s  the reply was whole: 0 bytes sent"],
        "findings that name it": [
            "✗ violation late: wrong (with #2)",
            "hint: be quick",
        ],
    }


def test_its_retry_is_explained_by_what_it_follows() -> None:
    about = explained(retried(), 2, FLAKY)
    spared = ended_with(about.call, spared=((0, "this is attempt 2, not 1"),))
    told = sections(replace(about, call=spared))
    assert told["which attempt it is, and why"][0] == (
        "attempt 2 of 2: it asks for the same as #1, which had failed with status 503"
    )
    assert told["faults: the 1 rule of the scenario, and what came of each"][1] == (
        "not fired: this is attempt 2, not 1"
    )
    assert told["effects"] == ["+0.050 s  ticket (C-1)"]


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        ({"route": "GET /customers/{id}"}, "route GET /customers/{id}, with id = C-1"),
        ({"route": "rules[2]", "model": "gpt-4o"}, "rules[2] of the script as gpt-4o"),
        ({"complaint": "no route for it"}, "no route or rule: no route for it"),
    ],
)
def test_what_answered_is_named(ended: dict[str, Any], words: str) -> None:
    about = explained(opened().ask("a", 0, 10), 1)
    call = ended_with(about.call, **ended)
    call = replace(call, started=replace(call.started, path="/customers/C-1?full=1"))
    assert sections(replace(about, call=call))["what answered"] == [words]


def test_what_the_client_got_is_told_step_by_step() -> None:
    about = explained(opened().ask("a", 100, 400, outcome=Outcome.CUT), 1)
    times = {"first_byte": 200_000_000, "first_token": 210_000_000, "last_token": 390_000_000}
    call = ended_with(about.call, sent=80, body=b"data: {}", **times)
    assert sections(replace(about, call=call))["what the client got"] == [
        "+0.100 s  status 200 and the headers",
        "+0.110 s  the first piece of the body",
        "+0.290 s  the last piece of the body that came",
        "+0.300 s  cut off: 80 bytes sent, head included",
        "had it come whole, it had said (8 bytes): data: {}",
    ]


def test_a_call_that_never_ended() -> None:
    about = explained(opened().ask("a", 0, None), 1, FLAKY)
    told = sections(about)
    assert headline(about) == "crm GET /: never ended"
    assert told["what answered"] == ["nothing: the call never ended"]
    assert told["which attempt it is, and why"][1].startswith("nothing followed it")


def test_where_the_rules_are_not_known_that_is_told() -> None:
    about = replace(explained(retried(), 1), rules=None)
    assert sections(about)["faults"] == [
        "the run does not hold the rules of its scenarios; it is of an older evalkit",
        "status: scheduled at 0.100 s, fired at 0.100 s, delivered at 0.100 s",
    ]


def test_a_fault_that_met_no_attempt_is_told_at_its_call() -> None:
    missed = FaultMissed(at=0, rule=0, fault="status", service="crm", reason="call #1: too few")
    about = explained(opened().ask("a", 0, 10), 1, FLAKY, missed=[missed])
    (faults,) = (lines for title, lines in sections(about).items() if title.startswith("faults"))
    assert faults[-1] == "rule 1 met nothing: call #1: too few"


def test_a_fault_that_was_not_delivered_is_told_as_such() -> None:
    teller = opened().ask("a", 0, 10, fault="status", delivered=False)
    (faults,) = (
        lines
        for title, lines in sections(explained(teller, 1, FLAKY)).items()
        if title.startswith("faults")
    )
    assert faults[-1].endswith("; the client never met it")


def test_control_characters_are_made_visible() -> None:
    evil = "\x1b[2Jgone\r\n\x07"
    about = explained(opened().ask("a", 0, 10, complaint=evil), 1, FLAKY)
    call = ended_with(about.call, body=evil.encode(), route=None)
    started = replace(call.started, path=f"/{evil}", body=evil.encode())
    text = "".join(map(plain, explanation(replace(about, call=replace(call, started=started)), 80)))
    assert "\\x1b[2Jgone" in text
    assert text.isprintable()


def test_requests_that_nothing_answered_are_told_by_what_kept_them() -> None:
    teller = opened()
    for at in (0, 100, 200):
        teller.ask("a", at, at + 10, complaint="no route; the nearest is `GET /x`")
    teller.ask("b", 400, 410, complaint="no rule fits")
    calls: Iterable[tuple[str, CallView]] = [("flaky", each) for each in teller.view.calls]
    assert [plain(each) for each in unmatched_lines(calls, 100)] == [
        "",
        "crm had no reply for GET /, 3 times",
        "  no route; the nearest is `GET /x`",
        "  first: flaky/s1#1",
        "",
        "crm had no reply for GET /",
        "  no rule fits",
        "  call: flaky/s1#4",
    ]


def test_the_end_of_a_call_says_when_its_client_cannot_use_the_reply() -> None:
    about = explained(opened().ask("a", 0, 10, failed=True), 1)
    assert headline(about) == "crm GET /: 200 after 0.010 s, which its client cannot use"
