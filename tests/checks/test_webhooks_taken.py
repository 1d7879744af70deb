from typing import Any

import pytest

from evalkit.checks.webhooks_taken import WebhooksTaken
from evalkit.journal.records import Arrival, CallbackSent, FaultMoved, Stage
from tests.checks.stories import Story, found

CHECK = WebhooksTaken()


def sent(arrival: Arrival, attempt: int = 1, **more: Any) -> CallbackSent:
    about = {"service": "bank", "call": 1, "name": "done", "id": "evt_1", "began": 5, "last": True}
    here = {"at": 5, "session": "s1", "turn": 1, "url": "http://agent.evalkit.test/"}
    return CallbackSent(arrival=arrival, attempt=attempt, **{**about, **here, **more})


def told(*records: Any) -> list[str]:
    story = Story().turn().call("bank").reply()
    story.records += records
    return [each.message for each in found(CHECK, story.end())]


def test_a_webhook_that_is_refused_to_the_end_is_one_finding():
    attempts = [sent(Arrival.REFUSED, at, status=500, last=at == 3) for at in (1, 2, 3)]
    assert told(*attempts) == [
        "bank webhook done (call #1) was not taken: refused with 500, the last of 3 attempts"
    ]


def test_a_webhook_that_reaches_nobody_says_why():
    assert told(sent(Arrival.UNREACHABLE, error="the agent is down")) == [
        "bank webhook done (call #1) was not taken: the agent is down"
    ]


@pytest.mark.parametrize(
    "records",
    [
        [sent(Arrival.REFUSED, status=500, last=False), sent(Arrival.TAKEN, 2, status=200)],
        [sent(Arrival.LOST)],
        [sent(Arrival.UNSENT)],
        [sent(Arrival.TAKEN, status=200), sent(Arrival.REFUSED, fault="callback_duplicated")],
        [
            FaultMoved(
                at=5,
                session="s1",
                stage=Stage.DELIVERED,
                rule=0,
                fault="callback_altered",
                service="bank",
                call=1,
            ),
            sent(Arrival.REFUSED, status=401),
        ],
    ],
    ids=["retried", "lost", "unsent", "copy", "altered"],
)
def test_what_was_taken_in_the_end_or_had_no_chance_is_none(records):
    assert told(*records) == []
