"""The triage suite: its shape, and that its agent passes where it matters most."""

import json
from pathlib import Path

import pytest
import yaml

from evalkit import Verdict, run

SUITE = Path(__file__).parents[2] / "scenarios/healthcare/healthcare.eval.yaml"


def ids_of(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_suite_has_enough_of_everything() -> None:
    suite = yaml.safe_load(SUITE.read_text(encoding="utf-8"))
    assert len(ids_of(SUITE.parent / "payloads.jsonl")) >= 40
    assert len(suite["scenarios"]) >= 8


def test_sessions_are_told_apart() -> None:
    ids = [each for path in SUITE.parent.glob("*.jsonl") for each in ids_of(path)]
    assert len(ids) == len(set(ids))


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["outage-in-mid-talk", "emergency-page-lost"])
def test_the_agent_passes(scenario: str, tmp_path: Path) -> None:
    (done,) = run(SUITE, scenario=scenario, out=tmp_path, controls=False)
    (judged,) = done.record.scenarios
    assert (judged.verdict, judged.reasons) == (Verdict.PASS, ())
    assert all(rule.delivered for rule in judged.faults)
    assert not done.findings(scenario)
