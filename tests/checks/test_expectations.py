import pytest

from evalkit.checks import EXPECTATION, check_expectations
from evalkit.journal.records import Answer, End, Severity
from evalkit.suite.model import Expect
from tests.checks.stories import Story


def two_turns():
    """Turn 1 answers and files a ticket; turn 2 holds after a failed call."""
    story = Story().turn().call("erp", effect=("ticket", "C-1"))
    story.reply("Filed ticket 7 for you.").turn().call("crm", status=503)
    return story.reply("Please hold the line.", Answer.HOLD).end()


def broken(expect, story=None, by_turn=None):
    story = two_turns() if story is None else story
    turns = {number: Expect.model_validate(each) for number, each in (by_turn or {}).items()}
    checked = check_expectations(story.view, Expect.model_validate(expect), turns)
    assert checked.crashes == ()
    return list(checked.findings)


MET = [
    {},
    {"answer": "hold"},
    {"answer": ["answered", "hold"]},
    {"answer": {1: "answered", "last": "hold"}},
    {"reply": {"contains": "hold the"}},
    {"reply": {"contains": ["Please", "line"], "matches": r"line\.$"}},
    {"reply": {"excludes": "123-45-6789"}},
    {"reply": {"excludes": ""}},
    {"effects": {"exactly": {"ticket": 1, "refund": 0}}},
    {"effects": {"none": ["refund", "charge"]}},
    {"calls": {"crm": {"min": 1, "max": 1}, "erp": {"max": 3}, "llm": {"max": 0}}},
    {"end": "completed"},
    {"end": ["failed", "completed"]},
]


@pytest.mark.parametrize("expect", MET, ids=str)
def test_met(expect):
    assert broken(expect) == []


BROKEN = [
    (
        {"answer": "answered"},
        "turn 2: hold, expected answered (failed: crm call #2: status 503)",
        2,
        (2,),
    ),
    (
        {"answer": ["degraded", "escalated"]},
        "turn 2: hold, expected degraded or escalated (failed: crm call #2: status 503)",
        2,
        (2,),
    ),
    ({"answer": {1: "hold"}}, "turn 1: answered, expected hold", 1, ()),
    (
        {"answer": {3: "hold"}},
        "turn 3 was never begun: the session ended completed",
        None,
        (),
    ),
    (
        {"reply": {"contains": "ticket"}},
        "the reply of turn 2 does not contain 'ticket': 'Please hold the line.'",
        2,
        (),
    ),
    (
        {"reply": {"matches": "^hold"}},
        "the reply of turn 2 does not match /^hold/: 'Please hold the line.'",
        2,
        (),
    ),
    (
        {"reply": {"excludes": "ticket 7"}},
        "the reply of turn 1 contains 'ticket 7': 'Filed ticket 7 for you.'",
        1,
        (),
    ),
    (
        {"effects": {"exactly": {"ticket": 2}}},
        "effect ticket was committed once by call #1, expected twice",
        None,
        (1,),
    ),
    (
        {"effects": {"exactly": {"refund": 1}}},
        "effect refund was never committed, expected once",
        None,
        (),
    ),
    (
        {"effects": {"none": "ticket"}},
        "effect ticket was committed once by call #1, expected never",
        None,
        (1,),
    ),
    (
        {"calls": {"crm": {"min": 2}}},
        "crm got 1 request (call #2), expected at least 2",
        None,
        (2,),
    ),
    ({"calls": {"crm": {"max": 0}}}, "crm got 1 request (call #2), expected none", None, (2,)),
    ({"calls": {"llm": {"min": 1, "max": 2}}}, "llm got 0 requests, expected 1 to 2", None, ()),
    ({"calls": {"llm": {"min": 1, "max": 1}}}, "llm got 0 requests, expected exactly 1", None, ()),
    (
        {"calls": {"crm": {"max": 1}, "erp": {"max": 0}}},
        "erp got 1 request (call #1), expected none",
        None,
        (1,),
    ),
    ({"end": "failed"}, "the session: completed, expected failed", None, ()),
]


@pytest.mark.parametrize(("expect", "message", "turn", "calls"), BROKEN, ids=lambda each: str(each))
def test_broken(expect, message, turn, calls):
    (finding,) = broken(expect)
    assert (finding.message, finding.turn, finding.calls) == (message, turn, calls)
    assert (finding.check, finding.severity) == (EXPECTATION, Severity.VIOLATION)


def test_everything_broken_is_told():
    expect = {"answer": "answered", "reply": {"contains": ["a!", "b!"]}, "end": "failed"}
    assert len(broken(expect)) == 4


@pytest.mark.parametrize(
    ("turn", "expect", "wrong"),
    [
        (1, {"answer": "answered", "reply": {"contains": "ticket"}}, 0),
        (1, {"answer": "hold"}, 1),
        (2, {"reply": {"contains": "ticket"}}, 1),
        (2, {"reply": {"excludes": "ticket"}}, 0),
        (1, {"reply": {"excludes": "ticket"}}, 1),
        (1, {"effects": {"exactly": {"ticket": 1}}, "calls": {"crm": {"max": 0}}}, 0),
        (2, {"effects": {"exactly": {"ticket": 1}}}, 1),
        (2, {"calls": {"crm": {"max": 0}}}, 1),
    ],
)
def test_what_is_expected_of_a_turn_is_judged_by_that_turn(turn, expect, wrong):
    findings = broken({}, by_turn={turn: expect})
    assert [finding.turn for finding in findings] == [turn] * wrong


def test_a_turn_that_was_never_begun_breaks_what_is_expected_of_it():
    story = Story().turn().reply(None, None, timed_out=True).end(End.TIMED_OUT, "turn 1 hung")
    (finding,) = broken({}, story, {2: {"answer": "answered"}})
    assert finding.message == "turn 2 was never begun: the session ended timed_out (turn 1 hung)"


@pytest.mark.parametrize(
    ("expect", "message"),
    [
        ({"answer": "hold"}, "no turn was begun: the session ended errored"),
        ({"reply": {"contains": "x"}}, "no turn was begun: the session ended errored"),
        ({"end": "completed"}, "the session: errored, expected completed"),
    ],
)
def test_a_session_without_turns(expect, message):
    (finding,) = broken(expect, Story().end(End.ERRORED))
    assert finding.message == message


@pytest.mark.parametrize(
    ("ending", "seen"),
    [
        ({"error": "KeyError: 'id'"}, "an error: KeyError: 'id'"),
        ({"timed_out": True}, "timed out"),
    ],
)
def test_a_turn_without_a_reply_says_what_came_instead(ending, seen):
    story = Story().turn().reply(None, None, **ending).end(End.FAILED)
    answer, text = broken({"answer": "answered", "reply": {"contains": "x"}}, story)
    assert answer.seen == text.seen == seen
    assert answer.hint is None


def test_a_session_that_never_ended():
    (finding,) = broken({"end": "completed"}, Story().turn().reply())
    assert finding.message == "the session: never ended, expected completed"


def test_a_long_reply_is_shown_in_part():
    (finding,) = broken({"reply": {"contains": "y"}}, Story().turn().reply("x" * 500).end())
    assert finding.seen == f"'{'x' * 80}…'"


def test_a_crash_is_a_value():
    wrong = Expect.model_construct(**{**dict(Expect()), "end": 5})
    checked = check_expectations(two_turns().view, wrong)
    (crash,) = checked.crashes
    assert (crash.check, crash.session) == (EXPECTATION, "s1")
    assert "TypeError" in crash.traceback


def hint_of(text, answer, wanted="degraded"):
    (finding,) = broken({"answer": wanted}, Story().turn().reply(text, answer).end())
    return finding.hint


@pytest.mark.parametrize(("text", "answer"), [("Done.", Answer.ANSWERED), (" ", None)])
def test_where_nothing_may_have_been_said_of_the_answer_the_hint_says_how(text, answer):
    assert "state its answer" in hint_of(text, answer)


def test_an_answer_that_was_stated_is_not_to_be_stated():
    assert hint_of("Please wait.", Answer.HOLD) == (
        "the reply says `hold` itself: see what led the agent to it, or expect that too"
    )


def test_without_a_reply_there_is_no_hint_at_its_answer():
    assert hint_of(None, None) is None
