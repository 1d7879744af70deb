import pytest

from evalkit.checks.context_immutable import ContextImmutable
from tests.checks.stories import Story, configured, found

CASE = configured(ContextImmutable, at="header.x-case", of=["crm", "pay"])
NAMED = configured(
    ContextImmutable, **{"at": "header.x-case", "of": "crm", "is": "{{ session.id }}"}
)
PER_TURN = configured(ContextImmutable, at="header.x-case", of="crm", per="turn")


def carrying(story, *values, service="crm"):
    for each in values:
        headers = () if each is None else (("X-Case", each),)
        story.call(service, headers=headers, identity=str(each))
    return story


def test_an_altered_token():
    story = carrying(carrying(Story().turn(), "K-1"), "k-1", "k-1", service="pay").reply().end()
    (finding,) = found(CASE, story)
    assert finding.message == (
        "pay GET /x (calls #2 and #3) got k-1 at header.x-case, expected K-1"
    )


def test_a_token_that_was_dropped():
    (finding,) = found(CASE, carrying(Story().turn(), "K-1", None).reply().end())
    assert (finding.calls, finding.seen) == ((2,), "nothing")


def test_a_token_that_is_another_than_it_should_be():
    (finding,) = found(NAMED, carrying(Story().turn(), "s2", "s1").reply().end())
    assert (finding.calls, finding.seen, finding.expected) == ((1,), "s2", "s1")


@pytest.mark.parametrize(
    ("check", "story"),
    [
        (CASE, carrying(carrying(Story().turn(), "K-1", "K-1"), "K-1", service="pay")),
        (CASE, carrying(carrying(Story().turn(), "K-1"), "other", service="llm")),
        (CASE, Story().turn().call("crm", operation="connect", headers=())),
        (NAMED, carrying(Story().turn(), "s1")),
        (PER_TURN, carrying(carrying(Story().turn(), "a").reply().turn(), "b")),
    ],
    ids=["passed on", "another service", "no request", "as it should be", "one for each turn"],
)
def test_a_token_that_stays_as_it_is(check, story):
    assert found(check, story.reply().end()) == []


def test_one_for_each_turn_is_altered_over_a_session():
    story = carrying(carrying(Story().turn(), "a").reply().turn(), "b").reply().end()
    assert len(found(CASE, story)) == 1
