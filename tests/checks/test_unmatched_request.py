from evalkit.checks import Facts
from evalkit.checks.unmatched_request import NoUnmatchedRequest
from tests.checks.stories import Story, found

CHECK = NoUnmatchedRequest()
COMPLAINT = "no route matches GET /x; nearest: GET /y"


def test_what_no_route_answers_is_told_once_with_its_calls():
    story = Story().turn().call(status=404, complaint=COMPLAINT).call()
    story.call(status=404, complaint=COMPLAINT).reply().end()
    (finding,) = found(CHECK, story)
    assert finding.message == f"crm has no reply for GET /x (calls #1 and #3): {COMPLAINT}"
    assert (finding.calls, finding.session, finding.turn) == ((1, 3), "s1", 1)
    assert finding.seen == "GET /x"


def test_different_requests_are_different_findings():
    story = Story().turn().call(complaint="no a").call(complaint="no b").reply().end()
    assert [finding.calls for finding in found(CHECK, story)] == [(1,), (2,)]


def test_a_404_that_a_route_gives_is_an_answer():
    assert found(CHECK, Story().turn().call(status=404).call(takes=None).reply().end()) == []


def test_a_request_of_no_session_is_found_in_the_world():
    world = Story(session=None).call(complaint=COMPLAINT).world
    (finding,) = CHECK.of_world(world, Facts())
    assert (finding.session, finding.calls) == (None, (1,))
    assert list(CHECK.of_world(Story().turn().call(complaint=COMPLAINT).world, Facts())) == []


def test_a_request_that_a_route_answers_is_fine():
    assert found(CHECK, Story().turn().call().call(status=500).reply().end()) == []
