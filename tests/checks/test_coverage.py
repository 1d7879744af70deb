"""What suites declare about their services."""

from __future__ import annotations

from typing import Any

import pytest

from evalkit.checks.coverage import State, coverage_of
from evalkit.services.described import Described
from evalkit.suite.model import Suite

PLAIN = Described(kind="rest")
GUARDED = Described(kind="rest", guarded=True, scopes=("charges:write",))
WRITING = Described(kind="rest", writes=("charge", "refund"), keyed=("charge",))
KEYED = Described(kind="rest", writes=("charge",), keyed=("charge",))
D, M, N = State.DECLARED, State.MISSING, State.NOT_NEEDED


def suite(use: dict[str, Any] | None = None, **scenario: Any) -> Suite:
    return Suite.model_validate(
        {
            "suite": "shop",
            "agent": {"python": "a.py:a"},
            "services": {"pay": {"use": "pay.yaml", **(use or {})}},
            "sessions": {"from": "x.jsonl"},
            "scenarios": {"plain": {}, "other": scenario},
        }
    )


def aspect(name: str, of: Suite, described: Described = PLAIN) -> Any:
    (service,) = coverage_of(of, {"pay": described}).services
    return next(each for each in service.aspects if each.aspect == name)


@pytest.mark.parametrize(
    ("name", "use", "described", "state"),
    [
        ("contract", {}, PLAIN, M),
        ("contract", {}, Described(kind="openapi"), D),
        ("contract", {}, Described(kind="openai"), D),
        ("contract", {}, Described(kind="python"), M),
        ("budget", {}, PLAIN, M),
        ("budget", {"budget": "2s"}, PLAIN, D),
        ("failure policy", {}, PLAIN, M),
        ("failure policy", {"on_timeout": "hold"}, PLAIN, M),
        ("failure policy", {"on_failure": "hold"}, PLAIN, D),
        ("failure policy", {"optional": True}, PLAIN, D),
        ("scopes", {}, PLAIN, N),
        ("scopes", {}, GUARDED, M),
        ("scopes", {"scopes": "charges:write"}, GUARDED, D),
        ("idempotency", {}, PLAIN, N),
        ("idempotency", {}, WRITING, M),
        ("idempotency", {}, KEYED, D),
    ],
)
def test_what_is_declared_and_what_is_missing(
    name: str, use: dict[str, Any], described: Described, state: State
) -> None:
    found = aspect(name, suite(use), described)
    assert found.state is state
    assert (found.add is not None) == (state is State.MISSING)


@pytest.mark.parametrize(
    ("faults", "detail"),
    [
        ([{"at": "pay POST /charges", "inject": {"status": 503}}], "status"),
        (
            [{"at": "pay", "inject": [{"delay": "1s"}, "reset"]}, "pay/down"],
            "delay, reset, refused",
        ),
        ([{"at": "pay", "when": {"sequence": [429, "ok"]}}], "status"),
    ],
)
def test_the_faults_that_scenarios_try(faults: list[Any], detail: str) -> None:
    found = aspect("faults tried", suite(faults=faults))
    assert found.state is State.DECLARED
    assert found.detail == detail


def test_faults_elsewhere_are_not_tried_here() -> None:
    found = aspect("faults tried", suite(faults=[{"at": "payroll", "inject": "reset"}]))
    assert found.state is State.MISSING
    assert "pay/down" in found.add


def test_what_to_add_names_what_is_there() -> None:
    assert "effect of refund in pay.yaml" in aspect("idempotency", suite(), WRITING).add
    assert "`scopes: [charges:write]`" in aspect("scopes", suite(), GUARDED).add
    assert "beside `on_timeout`" in aspect("failure policy", suite({"on_timeout": "hold"})).add


def test_what_is_missing_is_counted() -> None:
    assert coverage_of(suite(), {"pay": WRITING}).missing == 5
    whole = suite(
        {"budget": "1s", "on_failure": "hold", "scopes": "a"},
        faults=[{"at": "pay", "inject": "reset"}],
    )
    described = Described(kind="openapi", guarded=True, writes=("a",), keyed=("a",))
    assert coverage_of(whole, {"pay": described}).missing == 0
