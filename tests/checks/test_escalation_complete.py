import pytest

from evalkit.checks.escalation_complete import EscalationComplete
from evalkit.journal.records import Answer
from tests.checks.stories import SECOND, Story, configured, found

CHECK = configured(
    EscalationComplete, to="queue POST /tasks", fields=["$.customer", "$.reason"], within="30s"
)
TASK = {"customer": "C-7", "reason": "unsure"}


def queued(story=None, body=TASK, **more):
    return (story or Story().turn()).call("queue", operation="POST /tasks", body=body, **more)


def escalated(story):
    return story.reply("A colleague will call.", Answer.ESCALATED).end()


@pytest.mark.parametrize(
    ("story", "seen"),
    [
        (Story().turn(), "no call of queue POST /tasks"),
        (queued(status=503), "queue POST /tasks failed (call #1: status 503)"),
        (queued(queued(), identity="bb"), "2 tasks in the queue (calls #1 and #2)"),
        (queued(body={"customer": "C-7"}), "a task without $.reason (call #1)"),
        (queued(body={**TASK, "reason": ""}), "a task without $.reason (call #1)"),
        (queued(takes=31 * SECOND), "a task after 31s (call #1)"),
        (
            queued(queued(effect=("task", "1")), effect=("task", "2"), logical=1, failed=False),
            "2 tasks in the queue (calls #1 and #2)",
        ),
    ],
)
def test_an_escalation_that_is_not_whole(story, seen):
    (finding,) = found(CHECK, escalated(story))
    assert finding.message == f"turn 1 was escalated, and there is {seen}"


@pytest.mark.parametrize(
    "story",
    [
        escalated(queued()),
        escalated(queued(queued(status=503), logical=1)),
        escalated(queued(queued(effect=("task", "1"), failed=True), logical=1)),
        Story().turn().reply().end(),
        queued(status=503).reply(answer=Answer.HOLD).end(),
        escalated(queued(takes=30 * SECOND)),
    ],
    ids=["whole", "at the second attempt", "committed once", "answered", "held", "just in time"],
)
def test_an_escalation_that_is(story):
    assert found(CHECK, story) == []
