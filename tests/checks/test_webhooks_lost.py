"""Webhooks that were answered with success while what they told was not written down."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.checks.webhooks_taken import WebhooksTaken
from evalkit.journal.records import Arrival, CallbackSent, Finding, Outcome
from tests.checks.stories import SECOND, Story, configured, found

CHECK = configured(WebhooksTaken, writes="book PATCH /orders/*")
EVENT = {"id": "evt_77", "status": "pending", "order": "G-2001"}
NEWER = {"id": "evt_78", "status": "succeeded", "order": "G-2001"}
WRITE = {"operation": "PATCH /orders/{id}", "method": "PATCH", "path": "/orders/G-2001"}


def story() -> Story:
    """A turn that is over, with the call that the webhooks come of."""
    return Story().turn().call("bank").reply().wait(SECOND)


def write(told: Story, event: dict[str, str] = EVENT, **fields: Any) -> Story:
    """A write of an event, which takes a second and fails unless told otherwise."""
    key = (("idempotency-key", event["id"]),)
    told.call("book", **{**WRITE, "headers": key, "status": 503, **fields})
    return told


def sent(told: Story, event: dict[str, str] = EVENT, **fields: Any) -> Story:
    """The same webhook as the agent answered it now; sent as it was asked for."""
    told.told("changed", service="bank", says=event, **fields)
    return told


def answered(told: Story, arrival: Arrival, status: int, began: int, **more: Any) -> Story:
    """A webhook that was answered now, in this way."""
    sent(told, began=began)
    last = told.records.pop()
    assert isinstance(last, CallbackSent)
    values = {name: getattr(last, name) for name in last.__dataclass_fields__}
    told.records.append(CallbackSent(**{**values, "arrival": arrival, "status": status, **more}))
    return told


def lost(told: Story, more: int = 60) -> list[Finding]:
    """What is found when the session has gone on for so many seconds."""
    return found(CHECK, told.wait(more * SECOND).end())


def test_a_webhook_that_is_answered_before_its_write_fails_for_good():
    told = write(write(sent(story())), logical=2)
    (finding,) = lost(told)
    assert finding.message == (
        "bank webhook changed (call #1) was answered with 200 before it was written down: "
        "book PATCH /orders/{id} failed for good (calls #2 and #3: status 503)"
    )
    assert (finding.session, finding.turn, finding.calls) == ("s1", 1, (1, 2, 3))
    assert "when the write is done" in (finding.hint or "")


def test_one_that_is_answered_with_success_though_its_write_had_failed():
    told = story()
    began = told.now
    (finding,) = lost(sent(write(told), began=began))
    assert "was answered with 200 though it was not written down" in finding.message


def test_a_write_that_is_made_first_and_answered_as_it_went():
    told = story()
    began = told.now
    refused = answered(write(told), Arrival.REFUSED, 503, began, last=False)
    again = refused.now
    assert lost(sent(write(refused, logical=2, status=200), began=again)) == []


def test_news_that_was_refused_and_is_overtaken_by_newer_news():
    told = story()
    refused = answered(write(told), Arrival.REFUSED, 503, told.now, last=False)
    newer = sent(write(refused.wait(20 * SECOND), NEWER, status=200), NEWER)
    assert lost(sent(newer)) == []


def test_a_write_that_is_made_good_later_however_late():
    told = write(sent(story())).wait(3600 * SECOND)
    assert lost(write(told, logical=2, status=200)) == []
    anew = write(sent(story())).wait(3600 * SECOND)
    assert lost(write(anew, status=200, body={"tried": 2})) == []


@pytest.mark.parametrize(("after", "findings"), [(5, 0), (15, 1)])
def test_newer_news_takes_the_place_of_a_write_that_failed_just_before(after, findings):
    told = write(sent(story())).wait(after * SECOND)
    assert len(lost(write(told, NEWER, status=200))) == findings


@pytest.mark.parametrize(
    "fields",
    [
        {"status": 422},
        {"effect": ("order-updated",), "fault": "commit_then_lose"},
        {"fault": "commit_late"},
        {"takes": None},
        {"status": None, "outcome": Outcome.OPEN},
        {"path": "/orders/H-1", "headers": ()},
        {"operation": "PUT /notes"},
    ],
    ids=["refused", "committed", "late", "endless", "under way", "of something else", "other"],
)
def test_what_did_not_fail_or_has_nothing_to_do_with_it_is_not_lost(fields):
    assert lost(write(sent(story()), **fields)) == []


def test_one_that_may_still_be_tried_is_not_lost_yet():
    assert lost(write(sent(story())), more=5) == []


@pytest.mark.parametrize(("more", "findings"), [(30, 0), (70, 1)])
def test_who_has_tried_for_long_may_still_try_for_as_long(more, findings):
    told = write(sent(story())).wait(58 * SECOND)
    assert len(lost(write(told, logical=2), more=more)) == findings


def test_a_write_of_a_turn_is_not_the_webhook_s():
    told = sent(story()).turn()
    assert lost(write(told).reply()) == []


def test_a_copy_under_way_tells_nothing():
    told = story()
    began = told.now
    copied = answered(write(told), Arrival.TAKEN, 200, began, fault="callback_duplicated")
    assert lost(sent(copied, began=began)) == []


def test_without_writes_to_look_for_nothing_is_lost():
    assert found(WebhooksTaken(), write(sent(story())).wait(60 * SECOND).end()) == []
