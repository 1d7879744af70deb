"""A merge gate from end to end: a repository, a branch on which the agent got worse, the scripts of
the action, and the comment that they lead to.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from evalkit.cli import main
from tests.e2e.shop import git, repository
from tests.report.html.pages import Page

GATE = Path(__file__).parents[2] / ".github/actions/gate"


@dataclass(frozen=True)
class Gated:
    """What the gate left."""

    code: str
    out: str
    summary: str
    annotations: str
    reports: Path
    repository: Path


@pytest.fixture(scope="module")
def gated(tmp_path_factory: pytest.TempPathFactory) -> Gated:
    """The branch, gated by the action's scripts, held against `main`."""
    root = tmp_path_factory.mktemp("gate")
    repo, temp = repository(root / "repo"), root / "temp"
    temp.mkdir()
    output, summary = root / "output", root / "summary"
    env = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_WORKSPACE": str(repo),
        "RUNNER_TEMP": str(temp),
        "SUITES": "evals\n",
        "OPTIONS": "--workers=1\n",
        "BASE": git(repo, "rev-parse", "main"),
    }
    ran, told = (
        subprocess.run(
            ["bash", str(GATE / name)],
            cwd=repo,
            env=env,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in ("run.sh", "tell.sh")
    )
    return Gated(
        code=output.read_text(),
        out=ran.stdout,
        summary=summary.read_text(),
        annotations=told.stdout,
        reports=temp / "evalkit",
        repository=repo,
    )


def test_the_gate_blocks(gated: Gated) -> None:
    assert gated.code == "code=1\n"


def test_what_an_agent_prints_is_no_command_to_the_runner(gated: Gated) -> None:
    first, *_, last = gated.out.splitlines()
    word, _, token = first.removeprefix("::").partition("::")
    assert word == "stop-commands"
    assert len(token) == 32
    assert last == f"::{token}::"


def test_the_comment_names_what_changed_and_how_to_see_it_again(
    gated: Gated, capsys: pytest.CaptureFixture[str]
) -> None:
    commit = git(gated.repository, "rev-parse", "worse")
    code = main(["comment", str(gated.reports), "--commit", commit, "--conclusion", "failure"])
    body = capsys.readouterr().out
    assert code == 0
    assert body.startswith("<!-- evalkit -->\n## ✗ evalkit: 0 of 1 suite passed")
    base = git(gated.repository, "rev-parse", "main")[:12]
    assert f"**Against the baseline** `{base}`: 24 sessions replayed" in body
    assert "- ✗ shop-flaky: `session.degraded` rate 0% → 100%" in body
    assert (
        "- `shop-flaky/first` and 11 more sessions, from step 2 on: "
        "`turn 1: shop GET /orders/{id} → 200` → `turn 1: degraded`"
    ) in body
    again = f"evalkit run evals/shop.eval.yaml --scenario shop-flaky --base {base} --seed 0"
    assert f"- `{again}`" in body
    assert "2 of 2 scenarios passed; what got worse against the baseline fails it." in body
    assert "| ✓ pass | shop-flaky | 12 | got worse against the baseline |" in body
    assert "--scenario happy" not in body


def test_the_summary_and_the_lines_of_the_suite_tell_the_same(gated: Gated) -> None:
    assert "`session.degraded` rate 0% → 100%" in gated.summary
    (line,) = gated.annotations.splitlines()
    at = 1 + (gated.repository / "evals/shop.eval.yaml").read_text().split("\n").index(
        "  shop-flaky:"
    )
    assert line.startswith(f"::error file=evals/shop.eval.yaml,line={at},col=3,")
    assert "session.degraded got worse" in line


def test_the_page_says_that_it_fails_by_its_baseline_and_shows_who_did_something_else(
    gated: Gated,
) -> None:
    (path,) = gated.reports.glob("*/index.html")
    page = Page.of(path.read_text(encoding="utf-8"))
    base = git(gated.repository, "rev-parse", "main")[:12]
    sections = [each["id"] for each in page.named("section")]
    assert sections[:2] == ["verdict", "baseline"]  # what fails it is told first
    (verdict,) = (each["class"] for each in page.named("section") if each["id"] == "verdict")
    assert verdict == "banner fail"
    said = "".join(page.texts["a"])
    assert "session.degraded: 0% before, 100% now" in said
    links = [each.get("href") for each in page.named("a") if each.get("class") == "place"]
    assert "#session=shop-flaky%2Ffirst" in links
    assert f"evalkit run evals/shop.eval.yaml --seed 0 --base {base}" in page.texts["code"]


def test_nothing_is_left_in_the_repository(gated: Gated) -> None:
    assert len(git(gated.repository, "worktree", "list").splitlines()) == 1
    assert git(gated.repository, "status", "--porcelain", "--", ":!evals/__pycache__") == ""


def test_the_plugin_runs_the_suite_and_finds_the_flaw_in_a_world(
    gated: Gated, tmp_path: Path
) -> None:
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--evalkit-no-control"]
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "evals", *options, f"--evalkit-reports={tmp_path}"],
        cwd=gated.repository,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 1, told.stdout
    assert "1 failed, 2 passed" in told.stdout  # by itself each scenario passes
    assert "FAILED evals/test_shop.py::test_one_failure_is_survived" in told.stdout
    assert "✓ pass  shop: " in told.stdout


@pytest.fixture
def inside(gated: Gated, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(gated.repository)
    return gated.repository


def test_a_commit_that_is_not_there_is_a_mistake_before_anything_runs(
    inside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "evals", "--base", "nowhere", "--out", str(tmp_path / "out")]) == 2
    assert "hint: a shallow clone holds few commits" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_commit_is_no_option_of_git(
    inside: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "evals", "--base=--all", "--out", str(tmp_path / "out")]) == 2
    assert "git rev-parse did not work" in capsys.readouterr().err
