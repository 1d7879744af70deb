"""What is written down of the agents in this folder is what happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import evalkit
from evalkit.gate import Verdict
from evalkit.journal.records import Severity
from tests.agents.heldout.running import HERE, suite_with

RESULTS: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (HERE / "results.yaml").read_text(encoding="utf-8")
)
ROWS = [*RESULTS["sound"], *RESULTS["defective"]]


@pytest.mark.parametrize(("round_", "sound", "defective"), [(1, 5, 10), (2, 3, 8)])
def test_there_are_so_many_agents_of_a_round(round_: int, sound: int, defective: int) -> None:
    rows = {
        kind: [row for row in each if row.get("round", 1) == round_]
        for kind, each in RESULTS.items()
    }
    assert len({row["suite"] for row in rows["sound"]}) == len(rows["sound"]) == sound
    assert len({row["agent"] for row in rows["defective"]}) == len(rows["defective"]) == defective


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["agent"].replace(".py:", "-"))
def test_an_agent_is_found_to_be_what_is_written(row: dict[str, Any], tmp_path: Path) -> None:
    shown = row["shown"]

    (run,) = evalkit.run(
        suite_with(row["suite"], row["agent"], tmp_path, shown.get("sessions", ())),
        scenario=shown["scenario"],
        controls=False,
        out=tmp_path,
    )

    (scenario,) = run.record.scenarios
    assert not scenario.problems
    assert sum(scenario.ends.values()) >= 1
    found = [each.check for each in scenario.checks if each.severity is Severity.VIOLATION]
    lost = [each.gate for each in scenario.gates if each.verdict is Verdict.FAIL]
    assert (sorted(found), sorted(lost)) == (
        sorted(shown.get("found", [])),
        sorted(shown.get("lost", [])),
    )
