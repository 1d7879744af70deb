import pytest

from evalkit.checks.escalates_when_unsure import EscalatesWhenUnsure
from evalkit.journal.records import Answer
from tests.checks.stories import Story, configured, found

CHECK = configured(EscalatesWhenUnsure, below=0.5)
BAND = configured(
    EscalatesWhenUnsure, below=0.8, at_least=0.5, calls="queue", answer=["answered", "hold"]
)
MODEL = configured(EscalatesWhenUnsure, **{"below": 0.5, "from": "llm"})
EITHER = configured(EscalatesWhenUnsure, **{"below": 0.5, "from": ["llm", "backup"]})


def said(confidence):
    text = f'Sure. {{"text": "Yes", "confidence": {confidence}}}'
    says = {"choices": [{"message": {"content": text}}]}
    return Story().turn().call("llm", says=says)


@pytest.mark.parametrize(
    ("check", "story", "seen", "calls"),
    [
        (CHECK, Story().turn().reply(confidence=0.4), "was answered", ()),
        (BAND, Story().turn().reply(confidence=0.5), "did not call queue", ()),
        (MODEL, said(0.2).reply(), "was answered", (1,)),
        (MODEL, Story().turn().call("llm", says={"confidence": 0.1}).reply(), "answered", (1,)),
        (EITHER, said(0.9).call("backup", says={"confidence": 0.1}).reply(), "answered", (2,)),
    ],
)
def test_what_was_sent_all_the_same(check, story, seen, calls):
    (finding,) = found(check, story.end())
    assert seen in finding.message
    assert (finding.turn, finding.calls) == (1, calls)


@pytest.mark.parametrize(
    ("check", "story"),
    [
        (CHECK, Story().turn().reply(confidence=0.5)),
        (CHECK, Story().turn().reply(answer=Answer.ESCALATED, confidence=0.1)),
        (CHECK, Story().turn().reply()),
        (CHECK, Story().turn().reply(None, None, error="boom", confidence=None)),
        (BAND, Story().turn().call("queue").reply(confidence=0.6)),
        (BAND, Story().turn().reply(confidence=0.8)),
        (MODEL, said(0.5).reply()),
        (MODEL, said(0.2).reply(answer=Answer.ESCALATED)),
        (MODEL, said(0.2).call("llm", says={"confidence": 0.9}).reply()),
        (MODEL, said(0.9).call("backup", says={"confidence": 0.1}).reply()),
    ],
    ids=[
        "just sure",
        "escalated",
        "says none",
        "no reply",
        "in the band",
        "above the band",
        "a sure model",
        "unsure and escalated",
        "surer at the end",
        "another model",
    ],
)
def test_what_was_sure_or_not_sent(check, story):
    assert found(check, story.end()) == []
