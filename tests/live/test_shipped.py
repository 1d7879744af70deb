"""Shipped suites over HTTP: the sound agents pass live, and defective ones fail for the reason for
which they fail in simulation.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from evalkit.gate import Verdict
from evalkit.journal.records import Finding, Severity
from evalkit.store import Run
from tests.live.shipped import ROOT, live_run, sessions_of

pytest.importorskip("fastapi")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' processes")


RUSH = frozenset({"twenty-users-at-once"})
"""Shows nothing with one session at a time."""
MINUTES = frozenset(
    {
        *("webhooks-out-of-order", "webhooks-forged", "book-down-for-a-while", "model-down"),
        *("payments-want-patience", "refund-unconfirmed", "orders-hang", "orders-flaky"),
        *("token-expires", "scope-withdrawn"),
    }
)
"""Wait for minutes in real time, or do little that the others do not."""


def _accusers(found: Run, scenario: str) -> set[str]:
    findings = found.records(scenario, kinds=["finding"])
    return {
        each.check
        for each in findings
        if isinstance(each, Finding) and each.severity is Severity.VIOLATION
    }


@pytest.mark.parametrize(
    ("suite", "scenarios"),
    [
        (
            "contracts",
            {"payment-taken-and-lost": ["pay-toner"], "somebody-elses-contract": ["lease-small"]},
        ),
        pytest.param("commerce", {"payments-down": ["broken-pot"]}, marks=pytest.mark.slow),
    ],
)
def test_a_sound_agent_passes(tmp_path: Path, suite: str, scenarios: dict[str, list[str]]) -> None:
    found = live_run(tmp_path, suite, scenarios)
    assert found.verdict is Verdict.PASS, found.record.reasons
    assert not any(_accusers(found, each) for each in scenarios)
    assert found.record.clock == "real"


@pytest.mark.slow
@pytest.mark.parametrize(("suite", "left_out"), [("contracts", RUSH), ("commerce", MINUTES)])
def test_every_scenario_that_takes_seconds_passes_live(
    tmp_path: Path, suite: str, left_out: frozenset[str]
) -> None:
    """With the first session of each: their agents pass no trace on, so one at a time is told."""
    first = {name: ids[:1] for name, ids in sessions_of(suite).items() if name not in left_out}
    assert len(first) >= 5
    found = live_run(tmp_path, suite, first)
    assert {each.name for each in found.record.scenarios} == set(first)
    assert found.verdict is Verdict.PASS, found.record.reasons


def test_what_is_left_out_is_in_the_suites() -> None:
    assert set(sessions_of("contracts")) >= RUSH
    assert set(sessions_of("commerce")) >= MINUTES


@pytest.mark.parametrize(
    ("suite", "defect", "scenario", "session"),
    [
        ("contracts", "pays_with_new_keys", "payment-taken-and-lost", "pay-toner"),
        ("contracts", "reviews_anybodys_contract", "somebody-elses-contract", "lease-small"),
        pytest.param(
            *("commerce", "says_refunded_when_it_is_not", "payments-down", "broken-pot"),
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_defective_agent_fails_as_in_simulation(
    tmp_path: Path, suite: str, defect: str, scenario: str, session: str
) -> None:
    rows = yaml.safe_load((ROOT / f"tests/agents/{suite}/defects.yaml").read_text())
    checks = {
        each["check"]
        for each in rows
        if each["agent"] == f"defects.py:{defect}" and each["scenario"] == scenario
    }
    app = f"tests.agents.{suite}.defects:{defect}"
    found = live_run(tmp_path, suite, {scenario: [session]}, app)
    assert found.verdict is Verdict.FAIL, found.record.reasons
    assert checks
    assert checks <= _accusers(found, scenario)
