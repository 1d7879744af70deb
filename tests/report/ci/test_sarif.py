"""SARIF for mistakes in suites, read by models of the standard that are not ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sarif_pydantic import Sarif

from evalkit.cli import main
from evalkit.report.ci.sarif import sarif
from evalkit.suite import Problem
from tests.engine.suites import write_suite

PROBLEM = Problem(
    file="suites/my desk.eval.yaml",
    line=3,
    column=7,
    message="unknown key",
    allowed=("gates",),
    suggestion="gates",
)


def test_a_mistake_has_its_place_and_its_words() -> None:
    text = sarif([PROBLEM], [Problem(file="b.yaml", message="look")])
    Sarif.model_validate_json(text)
    log = json.loads(text)
    first, second = log["runs"][0]["results"]
    place = first["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "suites/my%20desk.eval.yaml"
    assert place["region"] == {"startLine": 3, "startColumn": 7}
    assert first["message"]["text"] == "unknown key\nAllowed: gates.\nDid you mean gates?"
    assert (first["level"], second["level"]) == ("error", "warning")
    rules = {each["id"] for each in log["runs"][0]["tool"]["driver"]["rules"]}
    assert {first["ruleId"], second["ruleId"]} <= rules
    assert "region" not in second["locations"][0]["physicalLocation"]


@pytest.mark.parametrize(("scenarios", "code"), [({"plain": {}}, 0), ({"plain": {"gatez": []}}, 2)])
def test_validate_writes_it_mistakes_or_none(
    tmp_path: Path, scenarios: dict[str, object], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    suite, out = write_suite(tmp_path, scenarios=scenarios), tmp_path / "out.sarif"
    assert main(["validate", str(suite), "--sarif", str(out)]) == code
    read = Sarif.model_validate_json(out.read_text())
    assert len(read.runs[0].results or ()) == (code == 2)


def test_a_place_that_cannot_be_written_to_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(write_suite(tmp_path)), "--sarif", str(tmp_path)]) == 2
    assert "cannot be written" in capsys.readouterr().err
