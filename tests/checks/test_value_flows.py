import pytest

from evalkit.checks.value_flows import ValueFlows
from evalkit.suite.sessions import SessionRecord
from tests.checks.stories import Story, configured, found, found_with

FLOW = {"from": "crm GET /customers/*", "path": "$.id", "to": "pay POST /charges"}
CHECK = configured(ValueFlows, **FLOW, into="$.customer")
READ = {"operation": "GET /customers/{id}", "says": {"id": "C-7"}}


def charge(story, **more):
    return story.call("pay", operation="POST /charges", **more).reply().end()


def test_an_altered_value_names_both_calls():
    story = charge(Story().turn().call(**READ), body={"customer": "C-70"})
    (finding,) = found(CHECK, story)
    assert finding.message == (
        "pay POST /charges (call #2) has C-70 at $.customer, "
        "and crm GET /customers/* had said C-7 (call #1)"
    )
    assert (finding.calls, finding.expected, finding.seen) == ((1, 2), "C-7", "C-70")


def test_a_value_that_nobody_had_read():
    (finding,) = found(CHECK, charge(Story().turn(), body={"customer": "C-7"}))
    assert "nobody had read one" in finding.message


def test_a_value_that_is_missing():
    (finding,) = found(CHECK, charge(Story().turn().call(**READ), body={"amount": 3}))
    assert finding.seen == "nothing"


def test_a_value_read_only_afterwards():
    story = Story().turn().call("pay", operation="POST /charges", body={"customer": "C-7"})
    assert len(found(CHECK, story.call(**READ).reply().end())) == 1


@pytest.mark.parametrize(
    ("says", "into", "more"),
    [
        ({"id": "C-7"}, "$.customer", {"body": {"customer": "C-7"}}),
        ({"id": 7}, "$.customer", {"body": {"customer": "7"}}),
        ({"id": "C-7"}, "path", {"path": "/customers/C-7/charges"}),
        ({"id": "C 7"}, "query.customer", {"path": "/charges?customer=C%207"}),
        ({"id": "C-7"}, "header.x-customer", {"headers": (("X-Customer", "C-7"),)}),
    ],
    ids=["the same", "as text", "in the path", "in the query", "in a header"],
)
def test_a_value_that_reaches_the_next(says, into, more):
    story = charge(Story().turn().call(**{**READ, "says": says}), **more)
    assert found(configured(ValueFlows, **FLOW, into=into), story) == []


def test_the_first_of_two_that_were_read_is_fine_too():
    second = {**READ, "says": {"id": "C-8"}, "identity": "bb"}
    story = charge(Story().turn().call(**READ).call(**second), body={"customer": "C-7"})
    assert found(CHECK, story) == []


def test_a_variable_of_the_session_is_a_source_too():
    settings = {"from": "session", "path": "$.account", "to": "pay", "into": "$.account"}
    check = configured(ValueFlows, **settings)
    record = SessionRecord(id="s1", vars={"account": "A-1"}, turns=[{"input": "x"}])
    good, bad = ({"body": {"account": each}} for each in ("A-1", "A-2"))
    assert found_with(check, charge(Story().turn(), **good), sessions={"s1": record}) == []
    (finding,) = found_with(check, charge(Story().turn(), **bad), sessions={"s1": record})
    assert finding.calls == (1,)
