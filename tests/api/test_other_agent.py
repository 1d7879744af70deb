"""Suites run with another Python agent than they name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.api.planning import plan_one
from evalkit.cli import main
from evalkit.engine.events import CellKey
from evalkit.errors import SuiteError, UsageError
from evalkit.report.closing import closing
from evalkit.report.lines import plain
from evalkit.store import Run
from tests.api.engines import Engine
from tests.engine.suites import write_suite

OTHER = """
import os
from pathlib import Path

import words

async def other(turn):
    return f"{words.GREETING} of {Path(__file__).with_name('prompt.txt').read_text()}"
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a suite is below it, and another agent beside that."""
    monkeypatch.chdir(tmp_path)
    for name in ("suite", "candidate"):
        (tmp_path / name).mkdir()
    write_suite(tmp_path / "suite")
    (tmp_path / "candidate" / "agent.py").write_text(OTHER)
    (tmp_path / "candidate" / "words.py").write_text("GREETING = 'hello'\n")
    (tmp_path / "candidate" / "unused.py").write_text("x = 1\n")
    (tmp_path / "candidate" / "prompt.txt").write_text("mine")
    return tmp_path


def test_it_is_run_in_the_place_of_the_suites_own_and_what_was_read_for_it_is_known(
    here: Path,
) -> None:
    (run,) = api.run("suite", agent="candidate/agent.py:other", session="s1")
    assert run.turns["text"].tolist() == ["hello of mine"]
    assert run.record.agent == "candidate/agent.py:other"
    assert " --agent candidate/agent.py:other " in run.record.command
    assert "../candidate/agent.py" in run.record.named
    kept = run.kept(CellKey("plain", 0))
    assert kept is not None
    assert kept.loaded is not None
    read = {"agent.py", "words.py", "prompt.txt"}
    assert {f"../candidate/{each}" for each in read} | {"items.yaml"} <= set(kept.loaded)
    assert {"../candidate/unused.py", "agent.py"} & set(kept.loaded) == set()


@pytest.mark.parametrize("target", ["candidate/agent.py:other", "package.module:other"])
def test_the_rest_of_what_the_suite_says_of_its_agent_holds(here: Path, target: str) -> None:
    own, plan = (plan_one(Path("suite/small.eval.yaml"), agent=each) for each in (None, target))
    absolute = target if target.startswith("package") else str(here / target)
    assert plan.suite.agent == own.suite.agent.model_copy(update={"python": absolute})
    assert plan.environment == own.environment


@pytest.mark.parametrize(
    ("target", "said"),
    [
        (
            "candidate/agnet.py:other",
            "there is no file candidate/agnet.py[\\s\\S]*did you mean agent.py",
        ),
        ("candidate/agent.py:othr", "has no `othr`[\\s\\S]*did you mean other"),
        ("agent.py:agent", "there is no file agent.py[\\s\\S]*named from the current folder"),
        ("candidate/agent.py", "names nothing"),
    ],
)
def test_one_that_is_not_there_is_told_before_anything_runs(
    here: Path, engine: Engine, target: str, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        api.run("suite", agent=target)
    assert engine.runs == 0


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("asgi", {"python": None, "asgi": "agent.py:agent"}),
        ("http", {"python": None, "http": {"url": "http://localhost:1"}}),
        ("command", {"python": None, "command": ["true"]}),
    ],
)
def test_one_of_another_kind_keeps_its_place(
    here: Path, engine: Engine, kind: str, settings: dict[str, Any]
) -> None:
    write_suite(here / "suite", settings=settings)
    (here / "good").mkdir()
    write_suite(here / "good")
    with pytest.raises(SuiteError, match=f"and this is `{kind}`") as raised:
        api.run(".", agent="candidate/agent.py:other")
    (problem,) = raised.value.problems
    assert problem.file == "suite/small.eval.yaml"
    assert kind in str(problem.excerpt)
    assert engine.runs == 0


@pytest.fixture
def both(here: Path, engine: Engine) -> tuple[Run, Run]:
    """A run with the suite's own agent, and one with another."""
    (own,) = api.run("suite")
    assert main(["run", "suite", "--agent", "candidate/agent.py:other", "--no-report"]) == 0
    return own, api.load_run("latest")


def test_commands_that_do_it_again_and_comparisons_say_it(
    both: tuple[Run, Run], capsys: pytest.CaptureFixture[str]
) -> None:
    own, other = both
    assert (own.record.agent, other.record.agent) == (None, "candidate/agent.py:other")
    again = other.record.again("plain", "s1")
    assert "--session s1 --agent candidate/agent.py:other --seed 0" in again
    assert any("--agent candidate/agent.py:other" in plain(each) for each in closing(other, 120))
    assert main(["diff", own.id, other.id]) == 0
    assert capsys.readouterr().out.count("· agent candidate/agent.py:other") == 1
    compared = api.compare_to_baseline(own, other)
    assert "the agents differ (the suite's own and candidate/agent.py:other)" in compared.notes


def test_a_baseline_knows_its_agent(both: tuple[Run, Run], here: Path) -> None:
    path = api.accept_baseline(both[1], here / "other.baseline.json")
    assert not any("agents differ" in each for each in api.compare_to_baseline(path, both[1]).notes)
    assert any("agents differ" in each for each in api.compare_to_baseline(path, both[0]).notes)


def test_a_run_is_gone_on_with_by_the_same_agent(
    both: tuple[Run, Run], engine: Engine, here: Path
) -> None:
    own, other = both
    for run, agent in ((other, None), (other, other.record.agent), (own, None)):
        (again,) = api.run(resume=run.folder, agent=agent)
        assert again.record.agent == run.record.agent
    with pytest.raises(UsageError, match="the run is of the suite's own"):
        api.run(resume=own.folder, agent="candidate/agent.py:other")
    with (here / "candidate" / "agent.py").open("a") as file:
        file.write("# edited")
    with pytest.raises(UsageError, match=r"candidate/agent.py was changed"):
        api.run(resume=other.folder)
