"""What is true of every suite that is shipped."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from evalkit.suite.loading import missing
from tests.scenarios.shipped import NAMES, ROOT, ids_of, read_suite, suite_of

APART = ("healthcare", "hr")
"""The suites no two of whose files have a session in common."""

VOICE = re.compile("voice|anruf")
LIGHT = r"p90\(turn\.latency where model=none.*\) < 250ms"
LANGUAGES = [
    re.compile(rf"(?i)\b({words})\b")
    for words in (
        "the|you|my|what|and",
        "ich|nicht|und|bitte|wir|ist",
        "je|vous|est|mon|les|pour",
        "hola|los|para|gracias|quiero",
    )
]
"""Words that stand in hardly any sentence of another language: English, German, French, Spanish."""


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


@pytest.mark.parametrize("name", NAMES)
def test_its_payloads_are_of_many_kinds(name: str) -> None:
    lines = (suite_of(name).parent / "payloads.jsonl").read_text(encoding="utf-8").splitlines()
    sessions = [json.loads(line) for line in lines]
    said = [turn["input"] for each in sessions for turn in each["turns"]]
    assert min(map(len, said)) == 0 or not all(each.strip() for each in said)
    assert max(map(len, said)) > 800
    assert any(VOICE.search(each["id"]) for each in sessions)
    assert sum(any(words.search(each) for each in said) for words in LANGUAGES) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_the_general_limits(name: str) -> None:
    suite, told = read_suite(name), (suite_of(name).parent / "README.md").read_text("utf-8")
    costs = [each["cost-bounded"] for each in suite["checks"] if "cost-bounded" in each]
    assert [each["per_1k_tokens"] for each in costs] == ["$0.15"]
    light = [gate for gate in suite["gates"] if re.match(LIGHT, gate)]
    assert light or "250 ms" in told


@pytest.mark.parametrize("name", NAMES)
def test_it_has_a_happy_path_a_degraded_service_and_a_violation(name: str) -> None:
    scenarios = read_suite(name)["scenarios"]
    assert not scenarios["happy-path"].get("faults")
    assert [key for key, each in scenarios.items() if _degrades(each)]
    assert [key for key, each in scenarios.items() if "injection-resisted" in str(each)]


def _degrades(scenario: dict[str, Any]) -> bool:
    return any(
        word in str(scenario.get("faults")) for word in ("delay", "status", "stall", "hangs")
    )


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
