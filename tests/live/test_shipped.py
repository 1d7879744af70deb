"""Shipped suites over HTTP: the sound agents pass live, and defective ones fail for the reason for
which they fail in simulation.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from evalkit.gate import Verdict
from evalkit.journal.records import Finding, Severity
from evalkit.store import Run
from tests.live.shipped import ROOT, live_run, sessions_of

pytest.importorskip("fastapi")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' processes")


RUSH = "twenty-users-at-once"
"""Shows nothing with one session at a time."""
LATE = "webhooks-out-of-order"
"""Its first event comes ten minutes late, in real time."""


def _accusers(found: Run, scenario: str) -> set[str]:
    findings = found.records(scenario, kinds=["finding"])
    return {
        each.check
        for each in findings
        if isinstance(each, Finding) and each.severity is Severity.VIOLATION
    }


def test_a_sound_agent_passes(tmp_path: Path) -> None:
    scenarios = {
        "payment-taken-and-lost": ["pay-toner"],
        "somebody-elses-contract": ["lease-small"],
    }
    found = live_run(tmp_path, "contracts", scenarios)
    assert found.verdict is Verdict.PASS, found.record.reasons
    assert not any(_accusers(found, each) for each in scenarios)
    assert found.record.clock == "real"


def _first_sessions() -> Iterator[tuple[str, str, str]]:
    for suite, left_out in (("contracts", RUSH), ("commerce", LATE)):
        found = sessions_of(suite)
        del found[left_out]
        yield from ((suite, scenario, ids[0]) for scenario, ids in found.items())


@pytest.mark.slow
@pytest.mark.parametrize(("suite", "scenario", "session"), [*_first_sessions()])
def test_every_scenario_passes_live(
    tmp_path: Path, suite: str, scenario: str, session: str
) -> None:
    """Each takes a minute at most, in which it waits for events that come later."""
    found = live_run(tmp_path, suite, {scenario: [session]})
    assert [each.name for each in found.record.scenarios] == [scenario]
    assert found.verdict is Verdict.PASS, found.record.reasons


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
    found = live_run(tmp_path, suite, {scenario: [session]}, defect)
    assert found.verdict is Verdict.FAIL, found.record.reasons
    assert checks
    assert checks <= _accusers(found, scenario)
