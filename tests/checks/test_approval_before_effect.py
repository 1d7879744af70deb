from dataclasses import replace

import pytest
from pydantic import ValidationError

from evalkit.checks.approval_before_effect import ApprovalBeforeEffect
from evalkit.journal.records import EffectCommitted, Outcome
from tests.checks.stories import SECOND, Story, configured, found

CHECK = configured(
    ApprovalBeforeEffect,
    effect="loan*",
    by="desk GET /approvals/*",
    where={"$.status": "approved"},
    same="$.loan",
)
HOOK = configured(ApprovalBeforeEffect, effect="loan", by="desk webhook decided")
SAID = configured(ApprovalBeforeEffect, effect="loan", said="(?i)^yes")


def decided(story=None, status="approved", loan="L-1", **more):
    says = {"status": status, "loan": loan}
    story = story or Story().turn()
    return story.call("desk", operation="GET /approvals/{id}", says=says, **more)


def lent(story, key="L-1"):
    return story.call("bank", effect=("loan", key), identity="loan")


@pytest.mark.parametrize(
    ("check", "story", "seen"),
    [
        (CHECK, lent(Story().turn()), "never approved"),
        (CHECK, lent(decided(status="pending")), "never approved"),
        (CHECK, lent(decided(loan="L-2")), "never approved"),
        (CHECK, decided(lent(Story().turn())), "approved only afterwards (call #2)"),
        (HOOK, lent(Story().turn()).told("decided", service="desk"), "approved only afterwards"),
        (SAID, lent(Story().turn("no")), "never approved"),
    ],
)
def test_an_effect_that_nobody_had_approved(check, story, seen):
    (finding,) = found(check, story.reply().end())
    assert seen in finding.message
    assert "bank committed loan (L-1) (call #" in finding.message


@pytest.mark.parametrize(
    ("check", "story"),
    [
        (CHECK, lent(decided())),
        (CHECK, lent(decided(decided(status="pending"), identity="bb"))),
        (CHECK, decided(status="refused")),
        (CHECK, Story().turn().call("bank", effect=("note", "L-1"))),
        (HOOK, lent(Story().turn().told("decided", service="desk"))),
        (SAID, lent(Story().turn("what about it?").reply().turn("Yes, please"))),
    ],
    ids=["approved", "after asking twice", "refused, not done", "another effect", "hook", "said"],
)
def test_an_effect_that_was_approved(check, story):
    assert found(check, story.reply().end()) == []


def test_settings_name_somebody():
    with pytest.raises(ValidationError, match="say who approves"):
        configured(ApprovalBeforeEffect, effect="loan")


@pytest.mark.parametrize(("begins", "accused"), [(0, 0), (2, 1)])
def test_a_webhook_approves_from_when_it_was_sent(begins, accused):
    story = lent(Story().turn().wait(SECOND))
    story.told("decided", service="desk", began=begins * SECOND)
    assert len(found(HOOK, story.reply().end())) == accused


def test_one_approval_does_for_what_a_fault_made_twice_and_for_no_more():
    story = lent(decided())
    copy = replace(story.records[-2], fault="commit_twice")
    assert isinstance(copy, EffectCommitted)
    story.records.append(replace(copy, key=("L-2",)))
    assert found(CHECK, story.reply().end()) == []
    assert len(found(CHECK, lent(lent(decided()), key="L-2").reply().end())) == 1


def test_an_approval_that_was_asked_for_in_vain_is_none():
    story = lent(decided(status="approved", outcome=Outcome.CUT))
    assert len(found(CHECK, story.reply().end())) == 1
