"""Runs that ended early and are gone on with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.engine.cells import CellResult
from evalkit.engine.events import CellDone, CellFailed, CellKey, CheckCrashed, Interrupted
from evalkit.errors import StartError, UsageError
from evalkit.gate import Verdict
from evalkit.store import CellWriter, Run, RunOpened, Status, held, write_record
from tests.api.engines import Engine
from tests.engine.suites import sessions, write_suite

ALPHA, BETA = CellKey("alpha", 0), CellKey("beta", 0)
PARTS: dict[str, Any] = {
    "scenarios": {"alpha": {}, "beta": {}},
    "sessions": {"items": sessions(3)},
}


def begun(folder: Path, engine: Engine, **options: Any) -> Run:
    """A run that was killed before its second cell was over."""
    suite = write_suite(folder, **PARTS)
    engine.instead[BETA] = SystemExit()  # stands for what nothing catches
    with pytest.raises(SystemExit):
        api.run(suite, out=folder / "reports", **options)
    del engine.instead[BETA]
    engine.ran.clear()
    return api.load_run(out=folder / "reports")


def resumed(run: Run, *paths: Path, **options: Any) -> Run:
    (run,) = api.run(paths, resume=run.folder, **options)
    return run


def test_only_what_is_missing_is_run(tmp_path: Path, engine: Engine) -> None:
    run = begun(tmp_path, engine)
    again = resumed(run)
    assert engine.ran == [BETA]
    assert again.folder == run.folder
    assert (again.record.status, again.verdict, again.exit_code) == (
        Status.COMPLETE,
        Verdict.PASS,
        0,
    )
    assert len(again.sessions) == 6
    assert again.record.started == run.record.started
    assert len(again.record.resumed) == 1


def test_it_has_the_digest_of_a_run_that_was_not_interrupted(
    tmp_path: Path, engine: Engine
) -> None:
    run = begun(tmp_path, engine)
    (whole,) = api.run(tmp_path / "small.eval.yaml", out=tmp_path / "other")
    assert resumed(run).digest == whole.digest


def test_by_its_id_or_as_the_latest_and_with_the_suite_named(
    tmp_path: Path, engine: Engine
) -> None:
    run = begun(tmp_path, engine)
    suite = tmp_path / "small.eval.yaml"
    for name in (run.id, "latest", str(run.folder / "run.json")):
        (again,) = api.run(suite, resume=name, out=tmp_path / "reports")
        assert again.id == run.id
    assert engine.ran == [BETA]


def test_what_was_told_of_complete_cells_is_told_again(tmp_path: Path, engine: Engine) -> None:
    run = begun(tmp_path, engine)
    told: list[object] = []
    resumed(run, listener=told.append)
    assert isinstance(told[0], RunOpened)
    assert told[0].kept == 1
    assert [each.cell for each in told if isinstance(each, CellDone)] == [ALPHA, BETA]


def test_a_check_that_crashed_before_is_not_forgotten(tmp_path: Path, engine: Engine) -> None:
    engine.crashes = {ALPHA: "Traceback: the code is hunter2!"}
    items = sessions(1, vars={"code": "hunter2!"})
    secret = {**PARTS, "sensitive": ["code"], "sessions": {"items": items}}
    suite = write_suite(tmp_path, **secret)
    engine.instead[BETA] = Interrupted()
    (run,) = api.run(suite, out=tmp_path / "reports")
    del engine.instead[BETA]
    again = resumed(run)
    (problem,) = again.record.scenario("alpha").problems
    assert problem.what == "the check scope crashed over session s0"
    assert problem.detail.startswith("Traceback: the code is masked-")
    assert (again.verdict, again.exit_code) == (Verdict.ERROR, 5)
    assert "hunter2" not in (again.folder / "run.json").read_text()


def test_a_cell_that_failed_is_run_again(tmp_path: Path, engine: Engine) -> None:
    suite = write_suite(tmp_path, **PARTS)
    engine.instead[BETA] = CellFailed(cell=BETA, what="killed")
    (run,) = api.run(suite, out=tmp_path / "reports")
    assert run.verdict is Verdict.ERROR
    del engine.instead[BETA]
    assert resumed(run).verdict is Verdict.PASS


def test_a_run_that_is_whole_is_judged_again_and_nothing_is_run(
    tmp_path: Path, engine: Engine
) -> None:
    (run,) = api.run(write_suite(tmp_path, **PARTS), out=tmp_path / "reports")
    engine.ran.clear()
    again = resumed(run)
    assert engine.ran == []
    assert (again.digest, again.verdict) == (run.digest, run.verdict)


def test_pseudonyms_go_on_and_the_key_goes_with_the_last_cell(
    tmp_path: Path, engine: Engine
) -> None:
    run = begun(tmp_path, engine)
    key = (run.folder / ".key").read_text()
    assert (run.folder / ".key").stat().st_mode & 0o777 == 0o600
    keys: list[bytes] = []
    write = CellWriter.__call__

    def noting(self: CellWriter, result: CellResult) -> None:
        keys.append(self.key)
        write(self, result)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CellWriter, "__call__", noting)
        again = resumed(run)
    assert keys == [bytes.fromhex(key)]
    assert not list(again.folder.rglob(".*"))


def test_what_a_killed_run_left_half_written_is_removed(tmp_path: Path, engine: Engine) -> None:
    run = begun(tmp_path, engine)
    for name in ("calls/.beta-00000.parquet.7", ".run.json.7"):
        (run.folder / name).write_bytes(b"half")
    assert not list(resumed(run).folder.rglob(".*"))


def half(data: bytes) -> bytes:
    return data[:100]


def with_a_bit_turned_over(data: bytes) -> bytes:
    end = len(data) - 9 - int.from_bytes(data[-8:-4], "little")
    return data[:end] + bytes([data[end] ^ 1]) + data[end + 1 :]


@pytest.mark.parametrize("table", ["events", "sessions"])
@pytest.mark.parametrize("spoilt", [half, with_a_bit_turned_over])
def test_a_damaged_part_is_no_complete_cell(
    tmp_path: Path, engine: Engine, spoilt: Callable[[bytes], bytes], table: str
) -> None:
    run = begun(tmp_path, engine)
    (part,) = (run.folder / table).glob("alpha*")
    part.write_bytes(spoilt(part.read_bytes()))
    assert resumed(run).verdict is Verdict.PASS
    assert engine.ran == [ALPHA, BETA]


def edited(name: str, text: str = "") -> Callable[[Path, Run], None]:
    def change(folder: Path, run: Run) -> None:
        with (folder / name).open("a") as file:
            file.write(f"\n# edited {text}\n")

    return change


def recorded(**given: Any) -> Callable[[Path, Run], None]:
    def change(folder: Path, run: Run) -> None:
        write_record(run.folder, replace(run.record, **given))

    return change


def rename(folder: Path, run: Run) -> None:
    (folder / "items.yaml").rename(folder / "things.yaml")


def break_suite(folder: Path, run: Run) -> None:
    (folder / "small.eval.yaml").write_text("suite: [")


def other_version(folder: Path, run: Run) -> None:
    versions = {**run.record.versions, "evalkit": "0.0.1"}
    write_record(run.folder, replace(run.record, versions=versions))


def other_library(folder: Path, run: Run) -> None:
    libraries = {**run.record.dependencies, "httpx": "0.0.1", "gone": "1.0"}
    write_record(run.folder, replace(run.record, dependencies=libraries))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (edited("small.eval.yaml"), "small.eval.yaml was changed"),
        (edited("items.yaml"), "items.yaml was changed"),
        (edited("agent.py"), "agent.py was changed"),
        (edited("helpers.py"), "helpers.py is new"),
        (rename, "items.yaml is gone"),
        (break_suite, "small.eval.yaml was changed"),
        (other_version, "evalkit was 0.0.1 and is 0.1.0"),
        (other_library, "gone was 1.0 and is not installed"),
        (other_library, "httpx was 0.0.1 and is 0."),
        (recorded(scenarios=()), "the scenario alpha is planned in another way"),
    ],
)
def test_it_is_refused_where_it_would_not_be_the_same_run(
    tmp_path: Path, engine: Engine, change: Callable[[Path, Run], None], said: str
) -> None:
    run = begun(tmp_path, engine)
    change(tmp_path, run)
    with pytest.raises(UsageError, match=r"cannot be resumed[\s\S]*start a new one") as raised:
        resumed(run)
    assert said in str(raised.value)
    assert engine.ran == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (edited("helpers.py"), "helpers.py is new; no session that is kept of it had read it"),
        (edited("other.py"), "other.py was changed; no session"),
        (edited("README.md"), "README.md was changed; no session"),
    ],
)
def test_what_nothing_that_is_kept_has_read_may_change(
    tmp_path: Path, engine: Engine, change: Callable[[Path, Run], None], said: str
) -> None:
    for name in ("other.py", "README.md"):
        (tmp_path / name).write_text("")
    engine.opened = {str(tmp_path / "agent.py")}
    run = begun(tmp_path, engine)
    change(tmp_path, run)
    again = resumed(run)
    assert engine.ran == [BETA]
    assert again.verdict is Verdict.PASS
    (warning,) = again.record.warnings
    assert warning.startswith("since the run began, ")
    assert said in warning
    assert api.run(resume=again.folder)[0].record.warnings == (), "it is the run's own by now"


@pytest.mark.parametrize("name", ["agent.py", "prompt.md", "items.yaml", "small.eval.yaml"])
def test_what_was_read_or_is_named_may_not(tmp_path: Path, engine: Engine, name: str) -> None:
    (tmp_path / "prompt.md").write_text("")
    engine.opened = {str(tmp_path / each) for each in ("agent.py", "prompt.md")}
    run = begun(tmp_path, engine)
    edited(name)(tmp_path, run)
    with pytest.raises(UsageError, match=f"{name} was changed"):
        resumed(run)


def test_of_many_files_that_changed_some_are_told(tmp_path: Path, engine: Engine) -> None:
    engine.opened = set()
    run = begun(tmp_path, engine)
    for number in range(8):
        (tmp_path / f"new{number}.py").touch()
    (warning,) = resumed(run).record.warnings
    assert "new4.py is new, and 3 more; no session that is kept of it had read any" in warning


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": 9}, "the seed was 0 and is to be 9"),
        ({"scenario": "al*"}, "--scenario 'al*'"),
        ({"session": "s1"}, "--session 's1'"),
        ({"twice": True}, "cannot be compared"),
    ],
)
def test_what_the_run_was_not_of_is_refused(
    tmp_path: Path, engine: Engine, options: dict[str, Any], said: str
) -> None:
    with pytest.raises(UsageError, match=said.replace("*", r"\*")):
        resumed(begun(tmp_path, engine), **options)


def test_a_part_of_the_suite_is_resumed_as_that(tmp_path: Path, engine: Engine) -> None:
    run = begun(tmp_path, engine, scenario="*", session="s1", seed=3)
    again = resumed(run)
    assert (again.record.session, again.record.seed) == ("s1", 3)
    assert again.record.command == run.record.command
    assert len(again.sessions) == 2


def test_another_suite_is_refused(tmp_path: Path, engine: Engine) -> None:
    run = begun(tmp_path, engine)
    (tmp_path / "b").mkdir()
    with pytest.raises(UsageError, match="which is not what was asked for"):
        resumed(run, write_suite(tmp_path / "b"))


def test_a_run_that_is_still_going_on_is_refused(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = begun(tmp_path, engine)
    monkeypatch.setattr("evalkit.store.hold._PATIENCE", 0.0)
    with held(run.folder), pytest.raises(UsageError, match="still going on"):
        resumed(run)


def test_a_run_that_lost_its_key_is_refused(tmp_path: Path, engine: Engine) -> None:
    run = begun(tmp_path, engine)
    (run.folder / ".key").unlink()
    with pytest.raises(UsageError, match="lost the key"):
        resumed(run)


def test_a_second_start_that_fails_says_why(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digest(cell: CellKey, run: int) -> str:
        if run == 2:
            raise StartError("no process for cells")
        return "same"

    engine.digest = digest
    (run,) = api.run(write_suite(tmp_path), out=tmp_path / "reports", twice=True)
    assert run.record.difference == "it could not be started the second time: no process for cells"
    assert (run.folder / "again").is_dir()


def test_events_of_checks_keep_no_secrets(tmp_path: Path, engine: Engine) -> None:
    items = sessions(1, vars={"code": "hunter2!"})
    suite = write_suite(tmp_path, sensitive=["code"], sessions={"items": items})
    crash = CheckCrashed(cell=CellKey("plain", 0), check="c", session=None, detail="hunter2!")
    engine.instead[CellKey("plain", 0)] = crash
    (run,) = api.run(suite, out=tmp_path / "reports")
    assert run.record.scenario("plain").problems[0].detail.startswith("masked-")


@pytest.mark.parametrize("table", ["calls", "turns", "events", "sessions"])
def test_a_cell_that_lost_a_part_is_run_again(tmp_path: Path, engine: Engine, table: str) -> None:
    run = begun(tmp_path, engine)
    (part,) = (run.folder / table).glob("alpha*")
    part.unlink()
    assert resumed(run).verdict is Verdict.PASS
    assert engine.ran == [ALPHA, BETA]


def test_what_is_run_again_and_fails_leaves_nothing_of_before(
    tmp_path: Path, engine: Engine
) -> None:
    run = begun(tmp_path, engine)
    (part,) = (run.folder / "calls").glob("alpha*")
    part.write_bytes(b"rubbish")
    engine.instead[ALPHA] = CellFailed(cell=ALPHA, what="killed")
    assert resumed(run).verdict is Verdict.ERROR
    assert not list(run.folder.rglob("alpha*.parquet"))
