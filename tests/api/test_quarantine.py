"""A quarantined scenario is told of and does not block, until its day is over."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from evalkit import api
from evalkit.engine.events import CellKey
from evalkit.gate import Verdict
from evalkit.journal.records import AnyRecord, End
from evalkit.report.baseline import compared_lines
from evalkit.report.ci.junit import junit
from evalkit.report.ci.markdown import markdown
from evalkit.report.closing import closing
from evalkit.report.lines import plain
from evalkit.store import Run
from tests.api.engines import Engine, Story, all_well
from tests.engine.suites import sessions, write_suite
from tests.metrics.journals import Pen


def one_fails(cell: CellKey, session: str) -> Sequence[AnyRecord]:
    if cell.scenario == "shaky":
        return Pen(session).start().end(1, End.FAILED, "it raised").records
    return all_well(cell, session)


def ran(folder: Path, engine: Engine, until: str, story: Story = one_fails, **more: Any) -> Run:
    engine.story = story
    quarantine = {"owner": "ops", "reason": "the shop moves", "until": until}
    scenarios: dict[str, Any] = {"plain": {}, "shaky": {"quarantine": quarantine}}
    suite = write_suite(folder, scenarios=scenarios, sessions={"items": sessions(12)})
    (run,) = api.run(suite, out=folder / "reports", controls=False, **more)
    return run


def test_it_does_not_block_and_is_told_of_everywhere(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine, "2999-12-31")
    assert (run.record.verdict, run.record.exit_code) == (Verdict.PASS, 0)
    assert run.record.scenario("shaky").verdict is Verdict.FAIL
    told = "quarantined until 2999-12-31 by ops, does not block: the shop moves"
    assert told in "\n".join(map(plain, closing(run, 200)))
    assert told in markdown(run.record).replace("\\", "")
    skipped = ET.fromstring(junit(run).encode()).find(".//testcase/skipped")
    assert skipped is not None
    assert (skipped.get("message") or "").startswith(told)
    assert told in run._repr_html_()


def test_it_blocks_again_afterwards_and_its_owner_is_named(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine, "2000-01-01")
    assert (run.record.verdict, run.record.exit_code) == (Verdict.FAIL, 1)
    assert "the quarantine of shaky ended on 2000-01-01" in run.record.warnings[0]
    assert "blocks again: its quarantine by ops ended on 2000-01-01" in "\n".join(
        map(plain, closing(run, 200))
    )


def test_judged_again_it_counts_as_it_did(tmp_path: Path, engine: Engine) -> None:
    run = ran(tmp_path, engine, "2999-12-31")
    assert api.judge_again(run).record.exit_code == 0


def test_what_got_worse_in_it_does_not_block_either(tmp_path: Path, engine: Engine) -> None:
    before = ran(tmp_path, engine, "2999-12-31")
    engine.story = all_well
    suite = tmp_path / "small.eval.yaml"
    (good,) = api.run(suite, out=tmp_path / "good", controls=False)
    engine.story = one_fails
    (now,) = api.run(suite, out=tmp_path / "now", controls=False, baseline=str(good.folder))
    compared = now.record.compared
    assert compared is not None
    assert compared.excused == ("shaky",)
    assert now.record.exit_code == before.record.exit_code == 0
    again = api.compare_to_baseline(good, now.folder)
    assert {each.scenario for each in again.regressions} == {"shaky"}
    assert again.verdict is Verdict.PASS
    told = "\n".join(map(plain, compared_lines(again, 100)))
    assert "worse, and does not block" in told
    assert "0 regressions; 2 more where nothing blocks" in told


def test_files_of_baselines_say_which_scenarios_did_not_block(
    tmp_path: Path, engine: Engine
) -> None:
    good = ran(tmp_path, engine, "2999-12-31", all_well)
    before = api.accept_baseline(good, tmp_path / "before.json")
    held = ran(tmp_path, engine, "2999-12-31", baseline=before)
    assert held.record.compared is not None
    assert (held.record.compared.excused, held.exit_code) == (("shaky",), 0)
    now = api.accept_baseline(held, tmp_path / "now.json")
    assert '"excused": ["shaky"]' in now.read_text()
    found = api.compare_to_baseline(before, now)  # two files, and no run
    assert {each.scenario for each in found.regressions} == {"shaky"}
    assert (found.counting, found.verdict) == ((), Verdict.PASS)


def test_what_was_excused_in_the_baseline_alone_counts_again(
    tmp_path: Path, engine: Engine
) -> None:
    good = ran(tmp_path, engine, "2999-12-31", all_well)
    before = api.accept_baseline(good, tmp_path / "before.json")
    later = ran(tmp_path, engine, "2000-01-01", baseline=before)
    assert later.record.compared is not None
    assert {each.scenario for each in later.record.compared.counting} == {"shaky"}
    assert later.exit_code == 1


def test_a_warning_stands_at_the_day_that_ended_it(tmp_path: Path) -> None:
    quarantine = {"owner": "ops", "reason": "r", "until": "2000-01-01"}
    suite = write_suite(tmp_path, scenarios={"plain": {"quarantine": quarantine}})
    (warning,) = api.warnings_of(suite)
    assert warning.line is not None
    assert "2000-01-01" in suite.read_text().splitlines()[warning.line - 1]


def test_critical_comes_first_of_what_did_not_pass(tmp_path: Path, engine: Engine) -> None:
    engine.story = lambda cell, session: Pen(session).start().end(1, End.FAILED, "no").records
    suite = write_suite(tmp_path, scenarios={"b": {}, "c": {"tags": ["critical"]}})
    (run,) = api.run(suite, out=tmp_path / "reports", controls=False)
    table = markdown(run.record)
    assert table.index("**critical** c") < table.index("| b |")
    lines = [plain(each) for each in closing(run, 100)]
    assert lines.index("✗ fail  critical c") < lines.index("✗ fail  b")
