import pytest

from evalkit.checks.duplicate_effect import NoDuplicateEffect
from tests.checks.stories import Story, found

CHECK = NoDuplicateEffect()


def test_a_change_made_twice_names_its_calls():
    story = Story().turn()
    story.call("erp", effect=("ticket", "C-1", "refund"), fault="reset", failed=True)
    story.call("crm").call("erp", effect=("ticket", "C-1", "refund"), logical=1).reply().end()
    (finding,) = found(CHECK, story)
    assert finding.message == "erp committed ticket (key C-1, refund) twice: calls #1 and #3"
    assert (finding.calls, finding.expected, finding.seen) == ((1, 3), "once", "twice")
    assert (finding.session, finding.turn) == ("s1", 1)
    assert "idempotency key" in finding.hint


def test_a_change_made_three_times_is_one_finding_over_turns():
    story = Story()
    for _ in range(3):
        story.turn().call(effect=("charge", "7")).reply()
    (finding,) = found(CHECK, story.end())
    assert (finding.calls, finding.seen, finding.turn) == ((1, 2, 3), "3 times", 3)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"effect": ("ticket", "C-1")}, {"effect": ("ticket", "C-2")}),
        ({"effect": ("ticket", "C-1")}, {"effect": ("note", "C-1")}),
        ({"effect": ("ticket", "C-1")}, {"effect": ("ticket", "C-1"), "service": "erp"}),
        ({"effect": ("ticket",)}, {"effect": ("ticket",)}),
        ({"effect": ("ticket", "C-1")}, {}),
    ],
    ids=["another key", "another name", "another service", "no key", "no effect"],
)
def test_two_changes_are_two(first, second):
    assert found(CHECK, Story().turn().call(**first).call(**second).reply().end()) == []
