import json

import pytest
from pydantic import ValidationError

from evalkit.faults import FAULTS, apply_all
from evalkit.faults.commit_late import CommitLate
from evalkit.faults.commit_nothing import CommitNothing
from evalkit.faults.commit_reordered import CommitReordered
from evalkit.faults.commit_then_lose import CommitThenLose
from evalkit.faults.commit_twice import CommitTwice
from evalkit.faults.delay import Delay
from evalkit.faults.reset import ResetConnection
from evalkit.faults.status import Status
from evalkit.keyed import Draw
from evalkit.wire import Cut, Effect, Reply, Reset, Stall, Wait

DRAW = Draw("test")
CHARGE = Effect(name="charge", key=("o-1",))
SECOND = 1_000_000_000


def healthy(*effects, taken=()):
    reply = Reply.json({"id": "c-1"}, status=201).after(5)
    return Reply(
        status=201,
        headers=reply.headers,
        plan=reply.plan,
        effects=effects,
        taken=taken,
        route="POST /charges",
    )


def under(*faults, reply=None, kind="rest"):
    return apply_all(reply or healthy(CHARGE), faults, DRAW, kind=kind)


@pytest.mark.parametrize(
    ("how", "end"),
    [
        (True, Reset("commit_then_lose")),
        ("reset", Reset("commit_then_lose")),
        ("empty", Cut("commit_then_lose")),
        ("stall", Stall("commit_then_lose")),
    ],
)
def test_the_change_is_kept_and_the_reply_lost(how, end):
    reply = under(CommitThenLose(commit_then_lose=how))
    assert reply.effects == (CHARGE,)
    assert reply.plan == (Wait(5), end)


@pytest.mark.parametrize(("kind", "error"), [("rest", "Gateway Timeout"), ("openai", None)])
def test_a_gateway_answers_in_the_services_place_and_the_change_is_kept(kind, error):
    taken = (print,)
    reply = under(
        CommitThenLose(commit_then_lose=504), reply=healthy(CHARGE, taken=taken), kind=kind
    )
    assert (reply.status, reply.effects, reply.taken) == (504, (CHARGE,), taken)
    assert reply.route == "POST /charges"
    assert dict(reply.headers)["content-length"] == str(len(reply.body()))
    assert reply.plan[0] == Wait(5)
    assert {step.fault for step in reply.plan[1:]} == {"commit_then_lose"}
    body = json.loads(reply.body())["error"]
    assert body == error if error else body["type"] == "server_error"


@pytest.mark.parametrize("how", [False, 200, 404, "restet"])
def test_what_cannot_lose_a_reply_is_refused(how):
    with pytest.raises(ValidationError):
        CommitThenLose(commit_then_lose=how)


def test_the_change_is_made_twice_and_the_double_bears_the_fault():
    first, second = under(CommitTwice(commit_twice=True)).effects
    assert first == CHARGE
    assert (second.name, second.key, second.fault) == ("charge", ("o-1",), "commit_twice")


def test_doubles_follow_their_effects():
    other = Effect(name="ticket")
    reply = under(CommitTwice(commit_twice=True), reply=healthy(CHARGE, other))
    assert [each.name for each in reply.effects] == ["charge", "charge", "ticket", "ticket"]


def test_nothing_is_changed_and_the_reply_says_it_was():
    reply = under(CommitNothing(commit_nothing=True))
    assert (reply.effects, reply.status, reply.body()) == ((), 201, b'{"id":"c-1"}')
    assert [step.fault for step in reply.plan] == [None, "commit_nothing", None]


def test_the_change_comes_late_and_lateness_adds_up():
    late = CommitLate(commit_late="30s")
    (effect,) = under(late, late).effects
    assert (effect.after, effect.fault) == (60 * SECOND, "commit_late")


@pytest.mark.parametrize("late", ["0s", "25h", "30", True])
def test_how_late_a_change_may_be(late):
    with pytest.raises(ValidationError):
        CommitLate(commit_late=late)


def test_the_change_is_held_back():
    (effect,) = under(CommitReordered(commit_reordered=True)).effects
    assert (effect.overtaken, effect.fault) == (True, "commit_reordered")


COMMITS = [
    CommitThenLose(commit_then_lose=True),
    CommitThenLose(commit_then_lose=502),
    CommitTwice(commit_twice=True),
    CommitNothing(commit_nothing=True),
    CommitLate(commit_late="1s"),
    CommitReordered(commit_reordered=True),
]


@pytest.mark.parametrize("fault", COMMITS, ids=lambda fault: fault.name)
def test_a_reply_that_changes_nothing_stays_as_it_is(fault):
    assert under(fault, reply=healthy()) == healthy()


@pytest.mark.parametrize("fault", COMMITS, ids=lambda fault: fault.name)
def test_an_error_before_leaves_nothing_to_commit(fault):
    refused = under(Status(status=503))
    assert under(Status(status=503), fault) == refused
    assert refused.effects == refused.taken == ()


def test_they_compose_in_the_order_written():
    reply = under(
        CommitTwice(commit_twice=True),
        CommitLate(commit_late="1s"),
        Delay(delay="2s"),
        ResetConnection(reset=True),
    )
    assert [each.after for each in reply.effects] == [SECOND, SECOND]
    assert reply.plan[-1] == Reset("reset")


def test_those_that_lose_the_reply_break_the_call():
    breaking = {name for name in FAULTS if name.startswith("commit_") and FAULTS[name].breaks}
    assert breaking == {"commit_then_lose"}
