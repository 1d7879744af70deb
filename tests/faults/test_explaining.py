from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from evalkit.faults import AnyFault, Rule, When
from evalkit.faults.explaining import considerations


def rule(at: str, inject: Any = "reset", **when: Any) -> Rule:
    fault = TypeAdapter(AnyFault).validate_python(inject)
    return Rule.parse(0, at, When(**when), (fault,))


@pytest.mark.parametrize(
    ("given", "call", "became", "why"),
    [
        (rule("crm"), {"fired": [0]}, "fired", "it has no `when`, so it hits all that it aims at"),
        (rule("crm", attempt=1), {"fired": [0]}, "fired", "all of `when` holds"),
        (
            rule("crm", "refused"),
            {"fired": [0]},
            "fired",
            "the session had no connection of its own, and its first was to meet this rule",
        ),
        (
            rule("crm", attempt=1),
            {"spared": {0: "this is attempt 2, not 1"}},
            "not fired",
            "this is attempt 2, not 1",
        ),
        (rule("llm"), {}, "not aimed at it", "it aims at llm, and this is a call of crm"),
        (
            rule("crm POST /*"),
            {},
            "not aimed at it",
            "it aims at `POST /*`, and this is `GET /x`",
        ),
        (
            rule("crm", "refused"),
            {},
            "not aimed at it",
            "it acts on connections, and this call had one",
        ),
        (
            rule("crm"),
            {"connecting": True},
            "not aimed at it",
            "it acts on requests, and this is a connection",
        ),
        (
            rule("crm"),
            {},
            "not aimed at it",
            "the journal does not say why: the call never ended",
        ),
    ],
)
def test_every_rule_is_told_with_its_reason(
    given: Rule, call: dict[str, Any], became: str, why: str
) -> None:
    defaults: dict[str, Any] = {"connecting": False, "fired": (), "spared": {}}
    (each,) = considerations([given], service="crm", operation="GET /x", **{**defaults, **call})
    assert (each.rule, each.became.value, each.why) == (0, became, why)
