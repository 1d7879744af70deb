"""The shipped banking suite: its shape, and two of its scenarios."""

import json
from pathlib import Path

import pytest
import yaml

from evalkit import Run, run

FOLDER = Path(__file__).parents[2] / "scenarios/banking"
SUITE = FOLDER / "banking.eval.yaml"
DEFECTS = Path(__file__).parents[1] / "agents/banking"


def test_shape() -> None:
    suite = yaml.safe_load(SUITE.read_text(encoding="utf-8"))
    lines = (FOLDER / "payloads.jsonl").read_text(encoding="utf-8").splitlines()
    sessions = [json.loads(line) for line in lines]
    assert len(sessions) >= 40
    assert len({each["id"] for each in sessions}) == len(sessions)
    assert len(suite["scenarios"]) >= 8
    assert all(
        name == "happy-path" or "expect" in each or "gates" in each
        for name, each in suite["scenarios"].items()
    )


def test_defects_name_scenarios_and_functions() -> None:
    scenarios = yaml.safe_load(SUITE.read_text(encoding="utf-8"))["scenarios"]
    rows = yaml.safe_load((DEFECTS / "defects.yaml").read_text(encoding="utf-8"))
    source = (DEFECTS / "defects.py").read_text(encoding="utf-8")
    assert len(rows) >= 8
    for row in rows:
        assert row["scenario"] in scenarios, row
        assert f"def {row['agent'].partition(':')[2]}()" in source, row


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["aml-slow", "model-oversteps"])
def test_the_agent_passes(scenario: str, tmp_path: Path) -> None:
    done: Run
    (done,) = run(SUITE, scenario=scenario, out=tmp_path, controls=False)
    assert done.exit_code == 0, [each.message for each in done.findings(scenario)]
    (judged,) = done.record.scenarios
    assert all(rule.delivered for rule in judged.faults)
