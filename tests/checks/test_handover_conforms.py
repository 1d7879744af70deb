import pytest

from evalkit.checks.handover_conforms import HandoverConforms
from tests.checks.stories import Story, configured, found

SCHEMA = {"required": ["summary"], "properties": {"version": {"const": 2}}}
CHAT = {
    "at": "llm",
    "path": "$.messages[0].content",
    "text": "You decide",
    "schema": SCHEMA,
}


def handed(body, **more):
    return Story().turn().call("llm", body=body, **more).reply().end()


def asked(content, system="You decide"):
    return handed({"messages": [{"content": content}, {"content": system}]})


@pytest.mark.parametrize(
    ("content", "wrong"),
    [
        ('{"version": 2}', "'summary' is a required property"),
        ('Decide on: {"version": 1, "summary": "x"}', "version: 2 was expected"),
        ("no json at all", "the text at $.messages[0].content holds no JSON"),
    ],
)
def test_a_handover_of_another_form(content, wrong):
    (finding,) = found(configured(HandoverConforms, **CHAT), asked(content))
    assert wrong in finding.message
    assert finding.calls == (1,)


def test_a_handover_that_is_not_there():
    (finding,) = found(configured(HandoverConforms, **CHAT), handed({"note": "You decide"}))
    assert "there is nothing at" in finding.message


def test_a_handover_over_http_is_a_whole_body():
    check = configured(HandoverConforms, at="llm", schema=SCHEMA)
    assert found(check, handed({"summary": "x", "version": 2})) == []
    assert len(found(check, handed({"version": 2}))) == 1


@pytest.mark.parametrize(
    "story",
    [
        asked('{"version": 2, "summary": "x"}'),
        asked('Decide on this: {"version": 2, "summary": "x"}. Be brief.'),
        asked("no json", system="You summarise"),
    ],
    ids=["alone", "in prose", "another agent's"],
)
def test_a_handover_that_has_it(story):
    assert found(configured(HandoverConforms, **CHAT), story) == []


def test_a_retry_is_not_told_again():
    story = Story().turn().call("llm", body={}, status=503).call("llm", body={}, logical=1)
    check = configured(HandoverConforms, at="llm", schema=SCHEMA)
    assert len(found(check, story.reply().end())) == 1
