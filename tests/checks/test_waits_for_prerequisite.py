import pytest

from evalkit.checks.waits_for_prerequisite import WaitsForPrerequisite
from tests.checks.stories import SECOND, Story, configured, found

CHECK = configured(
    WaitsForPrerequisite, before="pay POST /*", needs="aml", where={"$.status": ["clear", "low"]}
)
PAY = {"service": "pay", "operation": "POST /charges"}


def screened(status="clear", **more):
    return Story().turn().call("aml", says={"status": status}, **more)


@pytest.mark.parametrize(
    ("story", "seen", "calls"),
    [
        (Story().turn(), "aml had not been asked", (1,)),
        (screened("blocked"), "aml had answered otherwise (call #1)", (1, 2)),
        (Story().turn().call("aml", takes=None), "aml had not answered yet (call #1)", (1, 2)),
        (
            Story().turn().call("aml", status=503),
            "aml had failed (call #1: status 503)",
            (1, 2),
        ),
    ],
)
def test_a_payment_too_early_or_against_the_answer(story, seen, calls):
    (finding,) = found(CHECK, story.call(**PAY).reply().end())
    assert (finding.seen, finding.calls) == (seen, calls)
    assert finding.expected == "first an answer of aml with $.status ('clear', 'low')"


def test_an_answer_that_comes_after_the_payment_is_too_late():
    story = Story().turn().call(**PAY).call("aml", says={"status": "clear"}).reply().end()
    (finding,) = found(CHECK, story)
    assert finding.seen == "aml had not been asked"


@pytest.mark.parametrize(
    "story",
    [
        screened().call(**PAY),
        screened("low").reply().turn().call(**PAY),
        screened("blocked").call("pay", operation="GET /balance"),
    ],
    ids=["cleared", "cleared in an earlier turn", "another operation"],
)
def test_a_payment_that_waited(story):
    assert found(CHECK, story.reply().end()) == []


FRESH = configured(WaitsForPrerequisite, before="pay POST /*", needs="aml", within="30s")


@pytest.mark.parametrize(("age", "accused"), [(30, 0), (31, 1)])
def test_an_answer_may_be_so_old(age, accused):
    story = screened().reply().turn().wait(age * SECOND).call(**PAY).reply().end()
    findings = found(FRESH, story)
    assert [each.seen for each in findings] == accused * [
        "the answer of aml (call #1) was 31s old, and holds for 30s"
    ]
    assert found(CHECK, story) == []


def test_an_answer_that_was_asked_for_anew_is_fresh():
    story = screened().reply().turn().wait(60 * SECOND).call("aml", identity="bb").call(**PAY)
    assert found(FRESH, story.reply().end()) == []
