"""Three agents settle claims over a shared context: the suite's shape, and one scenario of it."""

import json
from pathlib import Path

import pytest
import yaml

from evalkit import Run, Verdict, run

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "scenarios/claims"
SUITE = FOLDER / "claims.eval.yaml"
SCENARIO = "payout-reply-lost"


def test_payloads_are_many_and_have_ids_of_their_own() -> None:
    lines = (FOLDER / "payloads.jsonl").read_text(encoding="utf-8").splitlines()
    ids = [json.loads(line)["id"] for line in lines]
    assert len(ids) == len(set(ids)) == 44


def test_scenarios_cover_the_story() -> None:
    suite = yaml.safe_load(SUITE.read_text(encoding="utf-8"))
    scenarios = suite["scenarios"]
    assert len(scenarios) >= 8
    assert suite["gates"]
    faulty = [each for each in scenarios.values() if each.get("faults")]
    assert all(each.get("gates") or each.get("expect") for each in faulty)
    told = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert [name for name in scenarios if name not in told] == []


def test_defects_name_scenarios_of_the_suite() -> None:
    rows = yaml.safe_load((ROOT / "tests/agents/claims/defects.yaml").read_text(encoding="utf-8"))
    scenarios = yaml.safe_load(SUITE.read_text(encoding="utf-8"))["scenarios"]
    assert len(rows) >= 8
    assert {row["scenario"] for row in rows} <= scenarios.keys()
    assert len({row["agent"] for row in rows}) == len(rows)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Run:
    (made,) = run(SUITE, scenario=SCENARIO, controls=False, out=tmp_path_factory.mktemp("run"))
    return made


def test_a_scenario_passes_with_its_faults_delivered(done: Run) -> None:
    (scenario,) = [each for each in done.record.scenarios if each.name == SCENARIO]
    assert (scenario.verdict, scenario.reasons) == (Verdict.PASS, ())
    assert all(rule.delivered for rule in scenario.faults)
    assert done.exit_code == 0
