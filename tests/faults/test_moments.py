"""Which rules of the agent mean a moment."""

from __future__ import annotations

import pytest

from evalkit.faults import Rule, When
from evalkit.faults.moments import Kind, Moment, means, most
from evalkit.faults.restart import Restart
from evalkit.wire import Request

SECOND = 1_000_000_000
MOMENTS = {
    "turn": Moment(kind=Kind.TURN, at=0, session="s", turn=1),
    "call": Moment(
        kind=Kind.CALL,
        at=3 * SECOND,
        session="s",
        turn=2,
        service="crm",
        what="GET /customers/{id}",
        ordinal=2,
        attempt=3,
        call=7,
        request=Request(method="GET", path="/customers/17", host="crm"),
    ),
    "effect": Moment(
        kind=Kind.EFFECT, at=0, session="s", turn=1, service="pay", what="charge", ordinal=2
    ),
    "reply": Moment(kind=Kind.REPLY, at=0, session="s", turn=1),
}


def rule(when: dict[str, object], at: str = "agent", index: int = 0) -> Rule:
    return Rule.parse(index, at, When.model_validate(when), (Restart(restart=True),))


@pytest.mark.parametrize(
    ("when", "meant"),
    [
        ({}, ["turn"]),
        ({"before": "reply"}, ["reply"]),
        ({"during": "crm"}, ["call"]),
        ({"during": "crm GET *"}, ["call"]),
        ({"during": "crm GET /customers/*"}, ["call"]),
        ({"during": "crm POST *"}, []),
        ({"during": "pay GET *"}, []),
        ({"after": {"effect": "charge"}}, ["effect"]),
        ({"after": {"effect": "ch*"}}, ["effect"]),
        ({"after": {"effect": "refund"}}, []),
        ({"turn": 2}, []),
        ({"during": "crm", "turn": 2}, ["call"]),
        ({"during": "crm", "turn": 1}, []),
        ({"during": "crm", "call": 2}, ["call"]),
        ({"during": "crm", "call": 1}, []),
        ({"during": "crm", "attempt": 3}, ["call"]),
        ({"during": "crm", "attempts": [1, 2]}, []),
        ({"during": "crm", "match": {"path": "/customers/17"}}, ["call"]),
        ({"during": "crm", "match": {"path": "/customers/18"}}, []),
        ({"during": "crm", "window": {"from": "3s", "to": "4s"}}, ["call"]),
        ({"during": "crm", "window": {"from": "4s", "to": "5s"}}, []),
        ({"during": "crm", "ramp": {"from": "0%", "to": "100%", "over": "2s"}}, ["call"]),
        ({"after": {"effect": "charge"}, "call": 2}, ["effect"]),
        ({"after": {"effect": "charge"}, "call": 3}, []),
        ({"share": "0%"}, []),
        ({"share": "100%"}, ["turn"]),
    ],
)
def test_a_rule_means_the_moments_of_its_kind_that_fit(
    when: dict[str, object], meant: list[str]
) -> None:
    seen = [name for name, each in MOMENTS.items() if means(rule(when), each, seed=1, scenario="x")]
    assert seen == meant


def test_a_rule_of_a_service_means_no_moment() -> None:
    assert not any(
        means(rule({}, at="crm"), each, seed=1, scenario="x") for each in MOMENTS.values()
    )


def test_a_share_is_drawn_by_the_moment_and_the_rule() -> None:
    moments = [Moment(kind=Kind.TURN, at=0, session=f"s{n}", turn=1) for n in range(400)]
    half = rule({"share": "50%"})

    def meant(rule: Rule, seed: int) -> list[bool]:
        return [means(rule, each, seed=seed, scenario="x") for each in moments]

    assert meant(half, 1) == meant(half, 1)
    assert 150 < sum(meant(half, 1)) < 250
    assert meant(half, 1) != meant(half, 2)
    assert meant(half, 1) != meant(rule({"share": "50%"}, index=1), 1)


@pytest.mark.parametrize(("when", "times"), [({}, 1), ({"first": 3}, 3)])
def test_once_in_a_session_unless_it_says_more(when: dict[str, object], times: int) -> None:
    assert most(rule(when)) == times
