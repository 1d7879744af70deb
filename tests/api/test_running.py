from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import evalkit
from evalkit import api
from evalkit.api import driving
from evalkit.api.driving import Outcome
from evalkit.engine.cells import CellSink, SuitePlan
from evalkit.engine.events import CellFailed, CellKey, CheckCrashed, Event, Interrupted
from evalkit.errors import StartError, SuiteError, UsageError
from evalkit.gate import Verdict
from evalkit.journal.records import AnyRecord, End
from evalkit.report.closing import closing
from evalkit.report.lines import plain
from evalkit.store import Run, RunJudged, RunOpened, Status
from tests.api.engines import Engine, all_well
from tests.engine.suites import sessions, write_suite
from tests.metrics.journals import Pen

ALPHA, BETA = CellKey("alpha", 0), CellKey("beta", 0)


def run_one(folder: Path, parts: dict[str, Any] | None = None, **options: Any) -> Run:
    """The run of a small suite of two scenarios."""
    parts = {"scenarios": {"alpha": {}, "beta": {}}, **(parts or {})}
    (run,) = api.run(write_suite(folder, **parts), out=folder / "reports", **options)
    return run


def verdicts(run: Run) -> dict[str, Verdict | None]:
    return {each.name: each.verdict for each in run.record.scenarios}


def failing(cell: CellKey, session: str) -> Sequence[AnyRecord]:
    """The sessions of one scenario fail."""
    if cell.scenario == "alpha":
        return all_well(cell, session)
    return Pen(session).start().end(1, End.FAILED, "it raised").records


def test_a_run_that_passes(tmp_path: Path, engine: Engine) -> None:
    run = run_one(tmp_path, {"gates": ["rate(session.completed) > 99%"]})
    assert verdicts(run) == {"alpha": Verdict.PASS, "beta": Verdict.PASS}
    assert (run.verdict, run.exit_code, run.record.status) == (Verdict.PASS, 0, Status.COMPLETE)
    assert [(each.verdict, each.n) for each in run.record.gates] == [(Verdict.PASS, 6)]
    assert run.sessions["completed"].all()
    assert len(run.sessions) == 6


def test_the_record_says_what_ran(tmp_path: Path, engine: Engine) -> None:
    run = run_one(tmp_path, scenario="al*", session="s1", seed=42)
    record = run.record
    path = tmp_path / "small.eval.yaml"
    assert record.command == f"evalkit run {path} --scenario 'al*' --session s1 --seed 42"
    assert (record.suite, record.path, record.seed) == ("small", str(path), 42)
    assert record.clock == "simulated"
    assert record.versions["evalkit"] == evalkit.__version__
    assert {"python", "httpx"} <= set(record.versions)
    assert record.prices
    assert record.finished
    assert record.started <= record.finished
    assert [(each.name, each.sessions) for each in record.scenarios] == [("alpha", 1)]


def test_the_record_on_disk_is_the_record(tmp_path: Path, engine: Engine) -> None:
    run = run_one(tmp_path)
    assert run.folder.parent == tmp_path / "reports"
    assert api.load_run(run.folder).record == run.record
    assert api.load_run(out=tmp_path / "reports").record == run.record
    assert json.loads((run.folder / "run.json").read_text())["run"] == run.folder.name


def test_a_scenario_that_fails_fails_the_run(tmp_path: Path, engine: Engine) -> None:
    engine.story = failing
    run = run_one(tmp_path)
    assert verdicts(run) == {"alpha": Verdict.PASS, "beta": Verdict.FAIL}
    assert (run.verdict, run.exit_code) == (Verdict.FAIL, 1)
    assert run.record.scenario("beta").ends[End.FAILED] == 3


def test_of_one_session_chosen_the_gates_are_not_judged(tmp_path: Path, engine: Engine) -> None:
    gates = {
        "gates": ["rate(turn.failed) > 50%"],
        "scenarios": {"alpha": {"gates": ["count(session.completed) == 3"]}},
    }
    assert run_one(tmp_path, gates).exit_code == 1
    run = run_one(tmp_path, gates, session="s1")
    assert (run.exit_code, run.record.gates, run.record.scenario("alpha").gates) == (0, (), ())
    assert run.record.notes[0].startswith("gates were not judged")


def test_one_session_chosen_has_to_complete_whatever_the_gates_bear_with(
    tmp_path: Path, engine: Engine
) -> None:
    engine.story = failing
    gates = {"scenarios": {"beta": {"gates": ["rate(session.completed) >= 0%"]}}}
    assert run_one(tmp_path, gates, session="s1").exit_code == 1


def test_a_scenario_that_does_not_block_does_not(tmp_path: Path, engine: Engine) -> None:
    engine.story = failing
    run = run_one(tmp_path, {"scenarios": {"alpha": {}, "beta": {"blocking": False}}})
    assert verdicts(run)["beta"] is Verdict.FAIL
    assert (run.verdict, run.exit_code) == (Verdict.PASS, 0)


@pytest.mark.parametrize(("start", "code"), [(False, 5), (True, 4)])
def test_a_cell_that_could_not_be_run_is_an_error(
    tmp_path: Path, engine: Engine, start: bool, code: int
) -> None:
    engine.instead[BETA] = CellFailed(cell=BETA, what="killed", detail="stacks", start=start)
    run = run_one(tmp_path)
    other = run.record.scenario("beta")
    assert (other.verdict, other.ends[End.ERRORED], other.digest) == (Verdict.ERROR, 3, None)
    assert [(each.what, each.detail) for each in other.problems] == [("killed", "stacks")]
    assert (run.verdict, run.exit_code, run.digest) == (Verdict.ERROR, code, None)


def test_a_check_that_crashed_is_an_error(tmp_path: Path, engine: Engine) -> None:
    engine.instead[BETA] = CheckCrashed(cell=BETA, check="scope", session="s1", detail="trace")
    run = run_one(tmp_path)
    assert run.record.scenario("beta").problems[0].what == "the check scope crashed over session s1"
    assert (run.verdict, run.exit_code) == (Verdict.ERROR, 5)


def test_where_nothing_could_be_started_that_is_the_reason(tmp_path: Path, engine: Engine) -> None:
    engine.instead[ALPHA] = StartError("no process for cells")
    run = run_one(tmp_path)
    assert (run.verdict, run.exit_code) == (Verdict.ERROR, 4)
    assert run.record.reasons == ("no process for cells",)


@pytest.mark.parametrize("how", [Interrupted(), KeyboardInterrupt()])
def test_an_interrupt_keeps_what_was_measured(
    tmp_path: Path, engine: Engine, how: Interrupted | KeyboardInterrupt
) -> None:
    engine.instead[BETA] = how
    run = run_one(tmp_path)
    assert (run.record.status, run.exit_code) == (Status.INTERRUPTED, 130)
    assert verdicts(run) == {"alpha": Verdict.PASS, "beta": Verdict.NO_DATA}
    beta = run.record.scenario("beta")
    assert beta.counted == (("not run", 3),)
    assert beta.reasons[0] == "3 of 3 sessions were not run to an end: the run was interrupted"
    assert run.sessions[run.sessions["scenario"] == "alpha"]["completed"].tolist() == [True] * 3
    assert api.load_run(run.folder).record.status is Status.INTERRUPTED


def test_an_interrupt_while_a_listener_is_told_reaches_the_engine(
    tmp_path: Path, engine: Engine
) -> None:
    told = []

    def listener(event: object) -> None:
        told.append(event)
        if len(told) == 4:
            raise KeyboardInterrupt

    assert run_one(tmp_path, listener=listener).record.status is Status.INTERRUPTED
    assert engine.runs == 1


def test_after_an_interrupt_no_other_suite_is_run(tmp_path: Path, engine: Engine) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_suite(tmp_path / name)
    engine.instead[CellKey("plain", 0)] = Interrupted()
    runs = api.run(tmp_path, out=tmp_path / "reports")
    assert (len(runs), api.exit_code_of(runs)) == (1, 130)


def test_several_suites_have_runs_of_their_own(tmp_path: Path, engine: Engine) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_suite(tmp_path / name, suite=name)
    runs = api.run([tmp_path / "a", tmp_path / "b"], out=tmp_path / "reports")
    assert [each.record.suite for each in runs] == ["a", "b"]
    assert api.exit_code_of(runs) == 0


def test_a_suite_that_holds_nothing_asked_for_is_left_out(tmp_path: Path, engine: Engine) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_suite(tmp_path / name, suite=name, scenarios={f"only-{name}": {}})
    runs = api.run(tmp_path, scenario="only-b", out=tmp_path / "reports")
    assert [each.record.suite for each in runs] == ["b"]
    with pytest.raises(UsageError, match=r"only-a[\s\S]*only-b"):
        api.run(tmp_path, scenario="neither", out=tmp_path / "reports")


def test_the_listener_is_told_from_first_to_last(tmp_path: Path, engine: Engine) -> None:
    told: list[object] = []
    run_one(tmp_path, listener=told.append)
    names = [type(each).__name__ for each in told]
    assert names == [
        "RunOpened",
        "RunPlanned",
        *["CellStarted", "CellDone"] * 2,
        "RunJudged",
    ]
    assert isinstance(told[0], RunOpened)
    assert told[0].run.record.status is Status.UNFINISHED
    assert isinstance(told[-1], RunJudged)
    assert told[-1].run.verdict is Verdict.PASS


def test_a_run_that_is_killed_leaves_a_folder_that_can_be_read(
    tmp_path: Path, engine: Engine
) -> None:
    engine.instead[BETA] = SystemExit()  # stands for what nothing catches
    with pytest.raises(SystemExit):
        run_one(tmp_path)
    run = api.load_run(out=tmp_path / "reports")
    assert (run.record.status, run.verdict) == (Status.UNFINISHED, None)
    assert len(run.sessions) == 3


def test_the_digest_depends_on_the_cells_and_not_on_who_was_first(
    tmp_path: Path, engine: Engine
) -> None:
    first, second = Outcome((ALPHA, BETA)), Outcome((BETA, ALPHA))
    for cell in (ALPHA, BETA):
        assert first.digest() is None
        first.digests[cell] = f"digest of {cell.scenario}"
    second.digests = dict(reversed(first.digests.items()))
    assert first.digest() == second.digest()
    assert first.digest("alpha") != first.digest("beta")
    second.digests[BETA] = "another"
    assert first.digest() != second.digest()


def test_the_digest_of_a_run_repeats(tmp_path: Path, engine: Engine) -> None:
    assert run_one(tmp_path).digest == run_one(tmp_path).digest
    assert run_one(tmp_path).record.scenario("alpha").digest


def test_twice_the_same_is_no_difference(tmp_path: Path, engine: Engine) -> None:
    told: list[object] = []
    run = run_one(tmp_path, twice=True, listener=told.append)
    assert engine.runs == 2
    assert (run.record.difference, run.verdict) == (None, Verdict.PASS)
    assert [each.again for each in told if isinstance(each, RunOpened)] == [False, True]
    assert not (run.folder / "again").exists()


def test_the_first_event_that_differs_is_named(tmp_path: Path, engine: Engine) -> None:
    def story(cell: CellKey, session: str) -> Sequence[AnyRecord]:
        late = engine.runs == 2 and (cell.scenario, session) == ("beta", "s1")
        return Pen(session).start().begin().reply(100, "Late." if late else "Soon.").end(1).records

    engine.story = story
    engine.digest = lambda cell, run: f"{cell.scenario} {run if cell.scenario == 'beta' else ''}"
    run = run_one(tmp_path, twice=True)
    difference = run.record.difference or ""
    assert difference.startswith("beta, cell 0: record ")
    assert "session s1" in difference
    assert "Soon." in difference
    assert "Late." in difference
    assert "1 session behaves differently, the first in answers: session s1" in difference
    assert (run.verdict, run.exit_code) == (Verdict.FAIL, 1)
    assert run.record.reasons[0].startswith("the second run was different")
    assert len(Run(run.folder / "again", run.record).sessions) == 6


def test_a_difference_in_times_alone_is_told_as_such(tmp_path: Path, engine: Engine) -> None:
    def story(cell: CellKey, session: str) -> Sequence[AnyRecord]:
        del cell
        return Pen(session).start().begin().reply(100 * engine.runs).end(500).records

    engine.story = story
    engine.digest = lambda cell, run: f"{cell.scenario} {run}"
    difference = run_one(tmp_path, twice=True).record.difference or ""
    assert "differs in `at`" in difference
    assert "no session behaves differently for it" in difference


def test_a_difference_in_what_is_not_stored_is_told_as_such(tmp_path: Path, engine: Engine) -> None:
    engine.digest = lambda cell, run: f"{cell.scenario} {run}"
    difference = run_one(tmp_path, twice=True).record.difference or ""
    assert "beyond the part of bodies that is stored" in difference


def test_a_cell_that_fails_only_the_second_time_is_a_difference(
    tmp_path: Path, engine: Engine
) -> None:
    def story(cell: CellKey, session: str) -> Sequence[AnyRecord]:
        if engine.runs == 2:
            engine.instead[BETA] = CellFailed(cell=BETA, what="killed")
        return all_well(cell, session)

    engine.story = story
    difference = run_one(tmp_path, twice=True).record.difference or ""
    assert difference == "beta, cell 0: it could not be run the second time: killed"


def test_sensitive_values_are_not_stored(tmp_path: Path, engine: Engine) -> None:
    engine.story = lambda cell, session: (
        Pen(session).start().begin().reply(1, "Your code is hunter2!").end(1).records
    )
    items = sessions(1, vars={"code": "hunter2!", "name": "Ada"})
    run = run_one(tmp_path, {"sensitive": ["code"], "sessions": {"items": items}})
    assert "hunter2" not in run.turns["text"][0]
    assert run.turns["text"][0].startswith("Your code is masked-")


def test_all_mistakes_of_all_suites_are_told_before_anything_runs(
    tmp_path: Path, engine: Engine
) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_suite(tmp_path / name, gates=["p90(turn.latncy) < 1s"], checks=["standart"])
    with pytest.raises(SuiteError) as raised:
        api.run(tmp_path, out=tmp_path / "reports")
    assert len(raised.value.problems) == 4
    assert raised.value.problems == tuple(api.validate(tmp_path))
    assert not (tmp_path / "reports").exists()
    assert engine.runs == 0


def test_a_suite_without_mistakes_has_none(tmp_path: Path) -> None:
    assert api.validate(write_suite(tmp_path)) == []


def test_sessions_that_an_interrupt_cut_off_are_no_errors_of_the_agent(
    tmp_path: Path, engine: Engine
) -> None:
    """A cell is interrupted when one of its sessions has ended, and another is under way."""
    ended = Pen("s0").start().begin().reply(100).end(100).records
    under_way = Pen("s1").start(50).begin(50).call("crm", 60, 90).records

    def interrupted(plan: SuitePlan, *, sink: CellSink, **more: object) -> Iterator[Event]:
        del more
        result = engine._result(plan, ALPHA, ("s0",), complete=False)
        sink(replace(result, records=(*ended, *under_way)))
        yield Interrupted()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driving, "run_suite", interrupted)
        run = run_one(tmp_path)
    alpha = run.record.scenario("alpha")
    assert alpha.counted == (("completed", 1), ("cut off", 1), ("not run", 1))
    assert (alpha.ends[End.ERRORED], alpha.verdict) == (0, Verdict.NO_DATA)
    assert run.sessions["session"].tolist() == ["s0"]
    assert len(run.calls) == 0
    assert {each.session for each in run.records("alpha")} == {"s0", "s1"}
    lines = [plain(each) for each in closing(run, 80)]
    assert "  3 sessions · 1 completed · 1 cut off · 1 not run" in lines
    judged = api.judge_again(run)
    assert judged.record.scenario("alpha").counted == alpha.counted
    assert [each["end"] for each in api.run(resume=run.folder)[0].session_rows("alpha")] == [
        "completed"
    ] * 3


def test_what_cannot_be_asked_for_is_an_error(tmp_path: Path, engine: Engine) -> None:
    with pytest.raises(TypeError, match="nothing"):
        api.run(write_suite(tmp_path), nothing=True)  # type: ignore[call-arg]
    assert engine.runs == 0
