from __future__ import annotations

import json
from pathlib import Path

from evalkit.gate import Verdict
from evalkit.report.html.building import view_of
from evalkit.report.html.history import FIGURES, past_runs
from evalkit.report.html.overview import overview_of
from evalkit.report.html.reading import Stored
from evalkit.report.html.writing import index_of, write_index, write_report
from evalkit.store import Run, RunRecord, write_record
from tests.report.html.pages import Page, small_run


def _runs(out: Path, *names: str) -> None:
    for at, name in enumerate(names):
        small_run(
            out / f"{name}-2026010{at + 1}T090000Z-aaaa",
            run=f"{name}-2026010{at + 1}T090000Z-aaaa",
            suite=name,
            started=f"2026-01-0{at + 1}T09:00:00Z",
            branch="main" if at else None,
        )


def test_the_figures_of_a_run_are_kept_beside_its_report(tmp_path: Path) -> None:
    run = small_run(tmp_path / "run")
    page = write_report(run)
    assert page == tmp_path / "run" / "index.html"
    kept = json.loads((tmp_path / "run" / FIGURES).read_text())
    assert (kept["sessions"], kept["completed"], kept["p90"]) == (6, 4 / 6, 500e6)
    (past,) = past_runs(tmp_path)
    assert (past.run, past.completed, past.passed) == ("run", 4 / 6, 2)


def test_figures_that_were_not_kept_or_are_old_are_read_again(tmp_path: Path) -> None:
    run = small_run(tmp_path / "run")
    assert past_runs(tmp_path)[0].completed == 4 / 6
    write_report(run)
    (tmp_path / "run" / FIGURES).write_text("{}")
    assert past_runs(tmp_path)[0].completed == 4 / 6


def test_a_run_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    _runs(tmp_path, "support")
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "run.json").write_text("{}")
    assert [each.suite for each in past_runs(tmp_path)] == ["support"]


def test_a_report_shows_the_runs_of_its_suite_before_it(tmp_path: Path) -> None:
    _runs(tmp_path, "support", "support", "other", "support")
    write_report(Run(next(tmp_path.glob("support-20260102*"))))
    folder = next(tmp_path.glob("support-20260104*"))
    view = view_of(Stored.of(Run(folder)), past_runs(tmp_path))
    assert [each.started[:10] for each in view.history] == [
        *("2026-01-01", "2026-01-02", "2026-01-04"),
    ]
    assert [each.here for each in view.history] == [False, False, True]


def test_the_index_has_a_card_per_suite_and_branch_and_a_row_per_run(tmp_path: Path) -> None:
    _runs(tmp_path, "support", "support", "other")
    page = Page.of(write_index(tmp_path).read_text())
    assert len(page.named("article")) == 3
    links = {each["href"] for each in page.named("a")}
    assert "other-20260103T090000Z-aaaa/index.html" in links
    overview = overview_of(past_runs(tmp_path))
    assert overview.runs[0].started[:10] == "2026-01-03"


def test_an_index_of_nothing_says_so() -> None:
    assert "There is no run here yet" in index_of(())


def test_the_last_verdict_is_that_of_a_whole_run(tmp_path: Path) -> None:
    _runs(tmp_path, "support", "support")
    folder = sorted(tmp_path.iterdir())[1]
    record: RunRecord = small_run(
        folder,
        run=folder.name,
        started="2026-01-02T09:00:00Z",
        chosen="crm-*",
        verdict=Verdict.PASS,
    ).record
    write_record(folder, record)
    (line,) = overview_of(past_runs(tmp_path)).lines
    assert line.last.verdict == "fail"
    assert len(line.runs) == 2
    assert len(line.trend) == 1
