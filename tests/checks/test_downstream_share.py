import pytest

from evalkit.checks.downstream_share import DownstreamShare
from tests.checks.stories import SECOND, Story, configured, found, found_with

CHECK = configured(DownstreamShare, sla="10s", most="30%")


def test_services_that_took_too_much():
    story = Story().turn().call(takes=2 * SECOND).call("erp", takes=2 * SECOND).reply().end()
    (finding,) = found(CHECK, story)
    assert finding.message == (
        "turn 1 waited 4s for services (calls #1 and #2): 40% of the 10s that it has"
    )
    assert (finding.expected, finding.seen) == ("at most 30% (3s)", "40% (4s)")


@pytest.mark.parametrize(
    "story",
    [
        Story().turn().call(takes=3 * SECOND).reply().end(),
        Story().turn().call().wait(9 * SECOND).call().reply().end(),
        Story().turn().call(takes=2 * SECOND).reply().turn().call(takes=2 * SECOND).reply().end(),
    ],
)
def test_what_is_within_its_part_in_each_turn_is_fine(story):
    assert found(CHECK, story) == []


def test_calls_side_by_side_count_once():
    story = Story().turn()
    for _ in range(3):
        story.call(takes=2 * SECOND)
        story.wait(-2 * SECOND)
    story.wait(2 * SECOND).reply().end()
    assert found(CHECK, story) == []


def test_a_call_that_goes_on_after_its_turn_counts_until_then():
    story = Story().turn().call(takes=None).wait(4 * SECOND).reply().end()
    (finding,) = found(CHECK, story)
    assert finding.seen == "40% (4s)"


def test_models_do_not_count_unless_they_are_named():
    story = Story().turn().call("llm", takes=5 * SECOND).reply().end()
    assert found_with(CHECK, story, models=frozenset({"llm"})) == []
    named = configured(DownstreamShare, sla="10s", of="llm")
    assert len(found_with(named, story, models=frozenset({"llm"}))) == 1
