"""The shipped agents pass where it matters most; much of it is left to the nightly run."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit import Verdict, run
from tests.scenarios.shipped import NAMES, suite_of

QUICK = (
    ("claims", "payout-reply-lost"),
    ("contracts", "report-taken-and-lost"),
    ("moderation", "review-taken-and-lost"),
)
SLOW = (
    ("banking", "aml-slow"),
    ("banking", "model-oversteps"),
    ("commerce", "refund-unconfirmed"),
    ("commerce", "webhooks-out-of-order"),
    ("healthcare", "outage-in-mid-talk"),
    ("healthcare", "emergency-page-lost"),
    ("hr", "sign-in-again"),
    ("hr", "bank-change-reply-lost"),
)
SPOTLESS = ("healthcare", "hr")
"""The suites in whose scenarios above there is no advice either."""

ROWS = [*QUICK, *(pytest.param(*each, marks=pytest.mark.slow) for each in SLOW)]


@pytest.mark.parametrize(("name", "scenario"), ROWS)
def test_a_scenario_passes_with_its_faults_delivered(
    tmp_path: Path, name: str, scenario: str
) -> None:
    (done,) = run(suite_of(name), scenario=scenario, out=tmp_path, controls=False)
    (judged,) = done.record.scenarios
    assert (judged.verdict, judged.reasons) == (Verdict.PASS, ())
    assert all(rule.delivered for rule in judged.faults)
    assert done.exit_code == 0
    assert name not in SPOTLESS or not done.findings(scenario)


def test_every_suite_is_among_them() -> None:
    assert {name for name, _ in (*QUICK, *SLOW)} == {*NAMES} - {"support"}  # which has its own
