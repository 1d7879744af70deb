"""Which calls are attempts at the same thing: a table of examples."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.journal.canonical import canonical
from evalkit.journal.identity import Identities, call_failed, sdk_retry
from evalkit.journal.records import Outcome
from evalkit.wire import Request

GET = ("GET", b"")
CHARGE = ("POST", b'{"amount": 5, "idempotency_key": "k1"}')
CHARGE_OTHER_KEY = ("POST", b'{"amount": 5, "idempotency_key": "k2"}')
CHARGE_MORE = ("POST", b'{"amount": 6, "idempotency_key": "k1"}')


class World:
    """Plays a story of begins and ends and tells the places."""

    def __init__(self):
        self.identities = Identities()
        self.places = {}

    def begin(self, name, what=GET, session="s1", turn=1, service="crm"):
        method, body = what
        identity = canonical(Request(method=method, path="/x", host="h", body=body))
        operation = f"{method} /x"
        place = self.identities.begin(session, turn, service, operation, identity)
        self.places[name] = place

    def end(self, name, outcome=Outcome.REPLIED, status=200, *, broken=False, headers=()):
        failed = call_failed(outcome, status, broken=broken, headers=headers)
        self.identities.end(self.places[name], failed=failed)


RETRIED = [(1, 1), (1, 2)]
ANEW = [(1, 1), (2, 1)]
APART = [(1, 1), (1, 1)]

STORIES = {
    "retried after a 503": ([("end", "a", Outcome.REPLIED, 503)], {}, RETRIED),
    "retried after a 404": ([("end", "a", Outcome.REPLIED, 404)], {}, RETRIED),
    "retried after its client gave up": ([("end", "a", Outcome.ABANDONED, None)], {}, RETRIED),
    "retried after a cut in mid-body": ([("end", "a", Outcome.CUT, 200)], {}, RETRIED),
    "retried after a reset": ([("end", "a", Outcome.RESET, None)], {}, RETRIED),
    "retried after a refusal": ([("end", "a", Outcome.REFUSED, None)], {}, RETRIED),
    "repeated after success": ([("end", "a")], {}, ANEW),
    "side by side": ([], {}, ANEW),
    "in another turn": ([("end", "a", Outcome.REPLIED, 503)], {"turn": 2}, APART),
    "in another session": ([("end", "a", Outcome.REPLIED, 503)], {"session": "s2"}, APART),
    "at another service": ([("end", "a", Outcome.REPLIED, 503)], {"service": "erp"}, APART),
    "asking for something else": ([("end", "a", Outcome.REPLIED, 503)], {"what": CHARGE}, APART),
}


@pytest.mark.parametrize(("between", "second", "expected"), STORIES.values(), ids=STORIES)
def test_the_second_of_two_calls(between, second, expected):
    world = World()
    world.begin("a")
    for step, *arguments in between:
        getattr(world, step)(*arguments)
    world.begin("b", **second)
    places = (world.places["a"], world.places["b"])
    assert [(place.occurrence, place.attempt) for place in places] == expected


def test_a_reply_that_told_to_try_again_was_no_success():
    world = World()
    world.begin("a")
    world.end("a", headers=(("X-Should-Retry", "true"),))
    world.begin("b")
    assert world.places["b"].attempt == 2


def test_a_fault_that_left_no_usable_reply_was_no_success():
    world = World()
    world.begin("a")
    world.end("a", broken=True)
    world.begin("b")
    assert world.places["b"].attempt == 2


@pytest.mark.parametrize(
    ("second", "attempt"), [(CHARGE, 2), (CHARGE_OTHER_KEY, 2), (CHARGE_MORE, 1)]
)
def test_a_new_idempotency_key_does_not_hide_a_retry(second, attempt):
    world = World()
    world.begin("a", CHARGE)
    world.end("a", status=500)
    world.begin("b", second)
    assert world.places["b"].attempt == attempt


def test_attempts_go_on_until_one_succeeds():
    world = World()
    for name, status in [("a", 503), ("b", 429), ("c", 200), ("d", 200)]:
        world.begin(name)
        world.end(name, status=status)
    places = [world.places[name] for name in "abcd"]
    assert [(place.occurrence, place.attempt) for place in places] == [
        (1, 1),
        (1, 2),
        (1, 3),
        (2, 1),
    ]
    assert [place.logical for place in places] == [1, 1, 1, 4]


def test_a_failure_has_one_retry_and_what_comes_beside_it_is_a_new_occurrence():
    world = World()
    world.begin("a")
    world.end("a", status=503)
    world.begin("retry")
    world.begin("beside")
    assert world.places["retry"].attempt == 2
    assert (world.places["beside"].occurrence, world.places["beside"].attempt) == (2, 1)


def test_twins_that_both_fail_are_retried_each_for_itself():
    world = World()
    for name in ("a", "b"):
        world.begin(name)
    for name in ("b", "a"):
        world.end(name, status=503)
    for name in ("c", "d"):
        world.begin(name)
    assert [world.places[name].logical for name in "cd"] == [2, 1]
    assert [world.places[name].attempt for name in "cd"] == [2, 2]


def test_calls_are_numbered_in_their_session_and_by_operation():
    world = World()
    world.begin("a")
    world.begin("b", CHARGE)
    world.end("b", status=503)
    world.begin("c", CHARGE)
    world.begin("other", session="s2")
    world.begin("d", CHARGE_MORE, turn=2)
    places = [world.places[name] for name in ("a", "b", "c", "d", "other")]
    assert [place.call for place in places] == [1, 2, 3, 4, 1]
    assert [place.logical_ordinal for place in places] == [1, 1, 1, 2, 1]
    assert [place.request_ordinal for place in places] == [1, 1, 2, 3, 1]


def test_calls_of_no_session_are_told_apart_too():
    world = World()
    world.begin("a", session=None, turn=None)
    world.end("a", status=503)
    world.begin("b", session=None, turn=None)
    assert (world.places["b"].attempt, world.places["b"].call) == (2, 2)


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=30))
def test_every_call_has_a_place_of_its_own(story):
    identities = Identities()
    places = []
    for number, failed in story:
        places.append(identities.begin("s1", 1, "crm", "GET /x", f"{number}"))
        identities.end(places[-1], failed=failed)
    own = [(place.identity, place.occurrence, place.attempt) for place in places]
    assert len(set(own)) == len(own)
    for place in places:
        first = places[place.logical - 1]
        assert (first.identity, first.occurrence, first.attempt) == (*own[place.call - 1][:2], 1)


@pytest.mark.parametrize(
    ("outcome", "status", "failed"),
    [
        (Outcome.REPLIED, 200, False),
        (Outcome.REPLIED, 302, False),
        (Outcome.REPLIED, 400, True),
        (Outcome.REPLIED, 500, True),
        (Outcome.REPLIED, None, True),
        (Outcome.ABANDONED, 200, True),
        (Outcome.CUT, 200, True),
        (Outcome.RESET, None, True),
        (Outcome.REFUSED, None, True),
        (Outcome.OPEN, 200, True),
    ],
)
def test_what_counts_as_failed(outcome, status, failed):
    assert call_failed(outcome, status) is failed


@pytest.mark.parametrize(
    ("headers", "counted"),
    [
        ((), None),
        ((("x-stainless-retry-count", "0"),), 0),
        ((("x-stainless-retry-count", "2"),), 2),
        ((("x-stainless-retry-count", "many"),), None),
        ((("x-stainless-retry-count", "²"),), None),
    ],
)
def test_the_retry_counter_of_an_sdk(headers, counted):
    assert sdk_retry(Request(method="POST", path="/", host="h", headers=headers)) == counted
