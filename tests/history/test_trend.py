"""`evalkit history`: runs by suite and branch, and the trend of a figure."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from evalkit.cli import main
from evalkit.errors import UsageError
from evalkit.gate import GateSyntaxError, judge_gates
from evalkit.history import history, stored_runs
from evalkit.history.figures import parse_figure
from evalkit.history.printing import sparkline
from evalkit.history.query import database
from evalkit.store import Run, Status
from evalkit.store.figures import figures_of
from tests.history.stored import run_of


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for day, branch in ((1, "main"), (2, "main"), (3, "fix"), (4, "main")):
        run_of(folder, day, slow=10 * day, branch=branch, commit=f"{day}" * 40)
    run_of(folder, 5, branch="main", status=Status.INTERRUPTED, verdict=None)
    return folder


@pytest.mark.parametrize(
    ("figures", "bars"),
    [
        ((), ""),
        ((None, None), "··"),
        ((1.0,), "▄"),
        ((2.0, 2.0, None), "▄▄·"),
        ((0.0, None, 7.0, 3.5), "▁·█▅"),
        ((-1.0, 1.0), "▁█"),
    ],
)
def test_a_sparkline_goes_from_the_lowest_to_the_highest(
    figures: tuple[float | None, ...], bars: str
) -> None:
    assert sparkline(figures) == bars


def test_the_figure_of_each_run_by_suite_and_branch(out: Path) -> None:
    told = history(stored_runs(out), "max(turn.latency)")
    assert (told.figure, told.scope) == ("max(turn.latency)", "scenarios without faults")
    assert {
        group: [each.value.observed for each in points] for group, points in told.groups().items()
    } == {("support", "main"): [220e6, 230e6, 250e6, None], ("support", "fix"): [240e6]}
    assert told.points[-1].value.why == "the run is interrupted"


def test_the_last_runs_of_one_branch(out: Path) -> None:
    told = history(stored_runs(out), branches=["main"], last=2)
    assert [each.started[8:10] for each in told.points] == ["04", "05"]


@pytest.mark.parametrize(
    ("figure", "scope"),
    [
        ("rate(session.recovered)", "scenarios with faults"),
        ("mean(session.amplification)", "scenarios with faults"),
        ("p50(turn.latency where scenario=crm-*)", "all scenarios"),
    ],
)
def test_a_figure_of_faults_is_of_the_scenarios_with_them(
    out: Path, figure: str, scope: str
) -> None:
    told = history(stored_runs(out), figure, branches=["fix"])
    assert told.scope == scope
    assert told.points[0].value.observed is not None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("p95(turn.latancy)", "there is no metric"),
        ("rate(turn.latency)", "a rate is of what is true or false"),
        ("turn.latency", "a gate begins with an aggregate"),
        ("p95(turn.latency) < 3s", "this is no figure"),
        ("p95(turn.latency", "this is no figure|after the metric"),
        ("", "a gate begins|empty|this is no figure"),
    ],
)
def test_what_is_no_figure_is_refused(text: str, problem: str) -> None:
    with pytest.raises(GateSyntaxError, match=problem):
        parse_figure(text)


def test_the_command_prints_a_trend(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--out", str(out), "--metric", "max(turn.latency)"]) == 0
    printed = capsys.readouterr().out
    assert "support on main  ▁▃█" in printed
    assert "11111111" in printed
    assert "230ms" in printed
    assert "interrupted" in printed


def test_the_command_prints_json(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "--out", str(out), "--branch", "fix", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (point,) = told["points"]
    assert (told["unit"], point["branch"], point["value"]["observed"]) == ("share", "fix", 1.0)


@pytest.mark.parametrize(
    "argv",
    [["--metric", "p95(nothing)"], ["--last", "0"], ["--out", "no-such-folder"], ["--last", "x"]],
)
def test_nonsense_is_refused(
    out: Path, argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", "--out", str(out), *argv]) == 2


@pytest.mark.parametrize(
    "where",
    [
        "scenario=crm-*",
        "scenario!=crm-* and service=crm",
        "scenario=* and fault=none",
        "scenario=* and fault=st*",
        "scenario=* and fault!=status",
        "scenario=* and (service=crm or service=llm) and region=e?",
        "scenario=* and model=none",
        "scenario=* and recovered=true",
        'scenario=* and service="o\'dell (beta)"',
    ],
)
def test_the_query_chooses_the_rows_that_gates_choose(out: Path, where: str) -> None:
    figure = f"count(call.latency where {where})"
    told = history(stored_runs(out), figure, branches=["fix"])
    (point,) = told.points
    run = Run(out / point.run)
    (judged,) = judge_gates([f"{figure} >= 0"], figures_of(run), {"happy", "crm-down"})
    assert judged.n > 0
    assert (point.value.observed, point.value.n) == (judged.observed, judged.n)


def test_without_duckdb_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(UsageError, match=r"pip install 'evalkit\[history\]'"):
        database()
