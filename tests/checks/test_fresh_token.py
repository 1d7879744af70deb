import pytest

from evalkit.checks.fresh_token import FreshToken
from evalkit.journal.records import Answer
from tests.checks.stories import Story, configured, found

CHECK = FreshToken()
TOLD = {"error": "invalid_token", "message": "The access token expired"}


def expired(story=None, **more):
    story = story or Story().turn()
    return story.call(**{"status": 401, "fault": "token_expired", **more})


@pytest.mark.parametrize(
    "story",
    [
        expired().reply(),
        expired(fault=None, says=TOLD).reply(),
        expired(expired()).reply(),
        expired().reply(None, None, error="boom"),
        expired().call("auth", operation="POST /token").reply(),
        expired().reply().turn().call().reply(),
    ],
    ids=["answered", "of age", "twice", "raised", "renewed, not used", "only in the next turn"],
)
def test_silence(story):
    (finding,) = found(CHECK, story.end())
    assert finding.turn == 1
    assert "the credential of crm GET /x had expired (call" in finding.message


@pytest.mark.parametrize(
    "story",
    [
        expired().call("auth", operation="POST /token").call(identity="bb").reply(),
        expired().reply(answer=Answer.SIGN_IN),
        expired().reply(answer=Answer.DEGRADED),
        expired(fault=None, says={"error": "no key"}).reply(),
        expired(status=403, fault=None, says=TOLD).reply(),
    ],
    ids=["renewed", "asked to sign in", "degraded", "a wrong key", "not allowed"],
)
def test_renewed_or_told(story):
    assert found(CHECK, story.end()) == []


def test_a_service_that_is_optional_may_go_without():
    assert found(CHECK, expired().reply().end(), crm={"optional": True}) == []


def test_the_answer_can_be_required():
    check = configured(FreshToken, answer="sign_in")
    assert len(found(check, expired().reply(answer=Answer.DEGRADED).end())) == 1
    assert found(check, expired().reply(answer=Answer.SIGN_IN).end()) == []
