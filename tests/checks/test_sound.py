"""No check accuses what sound agents do: see the patterns in `sound/agent.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

import evalkit
from evalkit.journal.records import Severity

SUITE = Path(__file__).with_name("sound") / "sound.eval.yaml"


@pytest.mark.slow
def test_no_pattern_of_sound_agents_is_accused(tmp_path: Path) -> None:
    (run,) = evalkit.run(SUITE, controls=False, out=tmp_path)
    assert len(run.record.scenarios) == 9
    for scenario in run.record.scenarios:
        assert not scenario.problems
        found = [each for each in scenario.checks if each.severity is Severity.VIOLATION]
        assert (scenario.name, found) == (scenario.name, [])
