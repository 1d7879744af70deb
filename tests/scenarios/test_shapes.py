"""What is true of every suite that is shipped."""

from __future__ import annotations

import pytest
import yaml

from evalkit.suite.loading import missing
from tests.scenarios.shipped import NAMES, ROOT, ids_of, read_suite, suite_of

APART = ("healthcare", "hr")
"""The suites no two of whose files have a session in common."""


def test_there_are_suites() -> None:
    assert len(NAMES) >= 8
    assert set(APART) < set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_has_enough_of_everything(name: str) -> None:
    suite = read_suite(name)
    ids = ids_of(suite_of(name).parent / "payloads.jsonl")
    assert len(set(ids)) == len(ids) >= 40
    assert len(suite["scenarios"]) >= 8
    assert suite["gates"]


@pytest.mark.parametrize("name", APART)
def test_sessions_are_told_apart(name: str) -> None:
    ids = [each for path in suite_of(name).parent.glob("*.jsonl") for each in ids_of(path)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_with_faults_is_judged(name: str) -> None:
    scenarios = read_suite(name)["scenarios"]
    faulty = {key: each for key, each in scenarios.items() if each.get("faults")}
    assert faulty
    assert [key for key, each in faulty.items() if not each.get("gates", each.get("expect"))] == []


@pytest.mark.parametrize("name", sorted({*NAMES} - {"commerce"}))  # which names some by a pattern
def test_every_scenario_is_told_of(name: str) -> None:
    told = (suite_of(name).parent / "README.md").read_text(encoding="utf-8")
    assert [key for key in read_suite(name)["scenarios"] if key not in told] == []


@pytest.mark.parametrize("name", NAMES)
def test_defects_are_of_its_scenarios_and_are_there(name: str) -> None:
    folder = ROOT / "tests/agents" / name
    rows = yaml.safe_load((folder / "defects.yaml").read_text(encoding="utf-8"))
    assert len(rows) >= 8
    assert {row["scenario"] for row in rows} <= read_suite(name)["scenarios"].keys()
    assert len({row["agent"] for row in rows}) == len(rows)
    assert [row for row in rows if missing(row["agent"], folder) is not None] == []
