import pytest

from evalkit.checks.duplicate_effect import NoDuplicateEffect
from tests.checks.stories import Story, found, found_with

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


@pytest.mark.parametrize(
    ("method", "keyed", "accused"),
    [
        ("PUT", (), 0),
        ("DELETE", (), 0),
        ("PUT", ("address",), 1),
        ("PUT", ("charge",), 0),
        ("POST", (), 1),
    ],
)
def test_what_may_be_asked_for_twice_is_made_once(method, keyed, accused):
    story = Story().turn()
    for _ in range(2):
        story.call(method=method, effect=("address", "C-1"))
    facts = {"keyed": lambda service: frozenset(keyed if service == "crm" else ())}
    assert len(found_with(CHECK, story.reply().end(), **facts)) == accused


@pytest.mark.parametrize(
    ("names", "calls"),
    [
        (("charge", "refund", "charge"), None),
        (("charge", "refund", "charge", "refund"), None),
        (("charge", "receipt", "charge"), (1, 3)),
        (("charge", "charge", "refund"), (1, 2)),
        (("charge", "refund", "refund"), (2, 3)),
        (("charge", "refund", "charge", "charge"), (3, 4)),
    ],
)
def test_what_was_taken_back_may_be_made_anew(names, calls):
    story = Story().turn()
    for name in names:
        story.call(method="POST", effect=(name, "7"))
    findings = found(CHECK, story.reply().end())
    assert [each.calls for each in findings] == ([] if calls is None else [calls])
