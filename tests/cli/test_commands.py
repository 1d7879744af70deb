from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evalkit.cli import main
from evalkit.engine.events import CellKey, Interrupted
from evalkit.journal.records import AnyRecord, End
from tests.api.engines import Engine
from tests.engine.suites import write_suite
from tests.metrics.journals import Pen


@pytest.fixture
def evalkit(tmp_path: Path, engine: Engine, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command line in a folder of its own and gives its code, output and errors."""

    def call(*argv: str | Path) -> tuple[int, str, str]:
        code = main([str(each) for each in argv])
        out, err = capsys.readouterr()
        return code, out, err

    return call


def failing(cell: CellKey, session: str) -> Sequence[AnyRecord]:
    return Pen(session).start().end(1, End.FAILED, "it raised").records


def test_a_run_tells_how_it_goes_on_stderr_and_ends_with_the_report(
    tmp_path: Path, evalkit: Any
) -> None:
    code, out, err = evalkit("run", write_suite(tmp_path), "--out", tmp_path / "out")
    assert code == 0
    assert err.splitlines() == [
        "small: 1 scenario, 3 sessions, seed 0",
        "  plain: 3 sessions, 0.100 s of world time",
    ]
    assert "✓ pass  small: 1 of 1 scenario passed" in out
    assert "digest" in out


def test_a_run_that_fails_names_the_command_that_does_it_again(
    tmp_path: Path, evalkit: Any, engine: Engine
) -> None:
    engine.story = failing
    suite = write_suite(tmp_path)
    code, out, _ = evalkit("run", suite, "--out", tmp_path / "out", "--seed", "3")
    assert code == 1
    assert f"evalkit run {suite} --scenario plain --session s0 --seed 3" in out


def test_json_is_all_that_is_printed_to_stdout(
    tmp_path: Path, evalkit: Any, engine: Engine
) -> None:
    engine.story = failing
    code, out, err = evalkit("run", write_suite(tmp_path), "--out", tmp_path / "out", "--json")
    record = json.loads(out)
    assert (code, record["exit_code"], record["verdict"]) == (1, 1, "fail")
    assert "✗ fail  plain" in err


def test_an_interrupted_run_is_reported_and_ends_with_130(
    tmp_path: Path, evalkit: Any, engine: Engine
) -> None:
    engine.instead[CellKey("plain", 0)] = Interrupted()
    code, out, err = evalkit("run", write_suite(tmp_path), "--out", tmp_path / "out")
    assert code == 130
    assert "keeping what was measured" in err
    assert "interrupted" in out


def test_options_reach_the_run(tmp_path: Path, evalkit: Any, engine: Engine) -> None:
    suite = write_suite(tmp_path, scenarios={"plain": {}, "other": {}})
    argv = ("run", suite, "--out", tmp_path / "out", "--scenario", "pl*", "--session", "s1")
    code, out, _ = evalkit(*argv, "--workers", "1", "--twice", "--json")
    record = json.loads(out)
    assert code == 0
    assert [(each["name"], each["sessions"]) for each in record["scenarios"]] == [("plain", 1)]
    assert engine.runs == 2


def test_mistakes_are_told_with_their_place_and_nothing_is_run(
    tmp_path: Path, evalkit: Any
) -> None:
    suite = write_suite(tmp_path, checks=["standart"], gates=["p90(turn.latncy) < 1s"])
    for command in ("run", "validate"):
        code, out, err = evalkit(command, suite)
        assert (code, out) == (2, "")
        assert f"{suite}:" in err
        assert "did you mean standard?" in err
        assert "2 mistakes" in err


def test_a_good_suite_is_valid(tmp_path: Path, evalkit: Any) -> None:
    write_suite(tmp_path)
    assert evalkit("validate", tmp_path) == (0, "1 suite checked, no mistakes\n", "")


@pytest.mark.parametrize("command", ["run", "validate"])
def test_a_path_that_is_not_there_is_told(tmp_path: Path, evalkit: Any, command: str) -> None:
    code, _, err = evalkit(command, tmp_path / "missing")
    assert code == 2
    assert "there is no" in err


def test_a_run_and_a_session_are_shown(tmp_path: Path, evalkit: Any) -> None:
    out = tmp_path / "out"
    evalkit("run", write_suite(tmp_path), "--out", out)
    code, text, _ = evalkit("show", "latest", "--out", out)
    assert code == 0
    assert "plain: ✓ pass" in text
    code, text, _ = evalkit("show", "small", "s1", "--scenario", "plain", "--out", out)
    assert code == 0
    assert "turn 1: “hello”" in text


def test_a_stored_run_is_judged_by_other_gates_and_nothing_is_run(
    tmp_path: Path, evalkit: Any, engine: Engine
) -> None:
    out, gates = tmp_path / "out", tmp_path / "gates.yaml"
    evalkit("run", write_suite(tmp_path), "--out", out)
    gates.write_text("gates: [p90(turn.latency) < 1ms]")
    code, text, err = evalkit("gate", "latest", "--gates", gates, "--out", out)
    assert (code, err) == (1, "")
    assert "✗ fail  p90(turn.latency) < 1ms" in text
    code, text, _ = evalkit("gate", "latest", "--gates", gates, "--out", out, "--json")
    assert (code, json.loads(text)["verdict"]) == (1, "fail")
    assert evalkit("gate", "latest", "--out", out)[0] == 0
    gates.write_text("gates: [p90(turn.latncy) < 1ms]")
    code, text, err = evalkit("gate", "latest", "--gates", gates, "--out", out)
    assert (code, text) == (2, "")
    assert "did you mean turn.latency?" in err
    assert engine.runs == 1


@pytest.mark.parametrize("argv", [("latest",), ("missing",), ("missing", "s1")])
def test_a_run_that_is_not_there_is_told(
    tmp_path: Path, evalkit: Any, argv: tuple[str, ...]
) -> None:
    code, out, err = evalkit("show", *argv, "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert "no run" in err


def test_the_schema_is_json(evalkit: Any) -> None:
    code, out, _ = evalkit("schema")
    assert code == 0
    assert json.loads(out)["title"] == "evalkit suite"


@pytest.mark.parametrize(
    ("command", "words"), [("faults", "status: 503"), ("checks", "within-budget (violation)")]
)
def test_the_tables_are_printed(evalkit: Any, command: str, words: str) -> None:
    code, out, err = evalkit(command)
    assert (code, err) == (0, "")
    assert words in out
