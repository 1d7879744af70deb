from evalkit.checks import Facts
from evalkit.checks.requests_conform import RequestsConform
from tests.checks.stories import Story, found

CHECK = RequestsConform()
BREACH = 'body.amount: "12" is not of type number (paths./charges.post.requestBody)'


def test_each_breach_is_told_once_with_its_calls_and_its_place_in_the_schema():
    story = Story().turn().call("pay", status=400, breaches=(BREACH, "query.a: is missing (x)"))
    story.call("pay").call("pay", status=400, breaches=(BREACH,)).reply().end()
    first, second = found(CHECK, story)
    assert first.message == f"pay GET /x (calls #1 and #3): {BREACH}"
    assert (first.calls, first.session, first.turn) == ((1, 3), "s1", 1)
    assert second.calls == (1,)


def test_requests_without_breaches_or_end_are_none():
    assert found(CHECK, Story().turn().call().call(takes=None).reply().end()) == []


def test_a_request_that_was_refused_for_other_reasons_is_none():
    story = Story().turn().call(status=400, complaint="no route").call(status=422).reply().end()
    assert found(CHECK, story) == []


def test_a_request_of_no_session_is_found_in_the_world():
    world = Story(session=None).call(breaches=(BREACH,)).world
    (finding,) = CHECK.of_world(world, Facts())
    assert (finding.session, finding.calls) == (None, (1,))
