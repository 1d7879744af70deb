from __future__ import annotations

import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from evalkit.engine.events import CellKey
from evalkit.errors import UsageError
from evalkit.gate import Verdict, judge, parse_gate
from evalkit.journal.records import CallStarted
from evalkit.store import CellProblem, CellWriter, Run, Status
from evalkit.store.figures import figures_of
from evalkit.store.tables import TABLES
from evalkit.suite.model import Expect
from tests.metrics.journals import MS, Pen
from tests.store.runs import record_of, result_of, scenario_of, short_session, stored


def two_cells() -> dict[str, int]:
    return {"sessions": 2, "cells": 2}


def test_a_run_gives_its_tables_as_frames(tmp_path: Path) -> None:
    run = stored(tmp_path, result_of(short_session()))
    assert run.calls["service"].tolist() == ["crm", "crm", "llm"]
    assert run.turns["latency_ns"].tolist() == [850 * MS]
    assert run.sessions[["session", "end", "completed"]].values.tolist() == [
        ["s1", "completed", True]
    ]
    assert run.events["kind"].tolist()[:3] == ["session_started", "turn_started", "call_started"]


def test_missing_numbers_do_not_make_others_inexact(tmp_path: Path) -> None:
    pen = Pen().start().begin().call("crm", 0, None).reply(1)
    exact = 2**60 + 1
    run = stored(tmp_path, result_of([*pen.records, *Pen("s2").start(exact / MS).records]))
    assert run.calls["latency_ns"].isna().all()
    assert str(run.sessions["started_ns"].dtype) == "Int64"


def test_cells_are_read_in_the_order_of_the_plan(tmp_path: Path) -> None:
    record = record_of(scenario_of("zebra", **two_cells()), scenario_of("ant"))
    run = stored(
        tmp_path,
        result_of(Pen("a").start().records, scenario="ant"),
        result_of(Pen("z1").start().records, scenario="zebra", index=1),
        result_of(Pen("z0").start().records, scenario="zebra", index=0),
        record=record,
    )
    assert run.sessions["session"].tolist() == ["z0", "z1", "a"]


def test_the_records_come_back(tmp_path: Path) -> None:
    records = short_session()
    run = stored(tmp_path, result_of(records))
    assert list(run.cell_records(CellKey("happy", 0))) == records
    assert list(run.records("happy")) == records


def test_records_are_found_by_session_and_kind(tmp_path: Path) -> None:
    records = [*short_session("s1"), *short_session("s2")]
    run = stored(tmp_path, result_of(records))
    assert {each.session for each in run.records("happy", session="s2")} == {"s2"}
    calls = run.records("happy", session="s1", kinds=["call_started"])
    assert [type(each) for each in calls] == [CallStarted] * 3
    assert run.findings("happy") == ()


def test_a_run_without_parts_has_empty_frames_with_all_columns(tmp_path: Path) -> None:
    run = stored(tmp_path)
    assert len(run.sessions) == 0
    assert {"session", "end", "violations"} <= set(run.sessions.columns)
    result = judge(parse_gate("rate(session.completed) > 99%"), run, {"happy"})
    assert result.verdict is Verdict.NO_DATA


def test_gates_read_the_frames(tmp_path: Path) -> None:
    run = stored(tmp_path, result_of(short_session()))
    result = judge(parse_gate("rate(call.error where service=crm) < 60%"), run, {"happy"})
    assert (result.verdict, result.observed, result.n) == (Verdict.PASS, 0.5, 2)


def test_lists_hold_what_frames_hold_without_pandas(tmp_path: Path) -> None:
    run = stored(tmp_path, result_of(short_session()))
    assert list(run.lists.calls) == list(run.calls.columns)
    assert run.lists.calls["service"] == run.calls["service"].tolist()
    assert run.lists.sessions["recovered"] == [True]
    gate = parse_gate("p90(turn.latency) < 1s")
    assert judge(gate, run.lists, {"happy"}) == judge(gate, run, {"happy"})
    assert [row["session"] for row in run.session_rows("happy")] == ["s1"]


def test_an_interrupted_cell_is_read_and_is_not_complete(tmp_path: Path) -> None:
    pen = Pen().start().begin()
    run = stored(tmp_path, result_of(pen.records, complete=False, planned=("s1", "s2")))
    assert not run.complete(CellKey("happy", 0))
    assert run.sessions["end"].tolist() == ["errored", "errored"]


def test_a_whole_cell_takes_the_place_of_its_part(tmp_path: Path) -> None:
    half = result_of(Pen().start().records, complete=False)
    run = stored(tmp_path, half, result_of(short_session()))
    assert run.complete(CellKey("happy", 0))
    assert run.sessions["completed"].tolist() == [True]
    assert not list(tmp_path.rglob("*.partial"))


def test_a_cell_whose_last_part_is_missing_was_never_there(tmp_path: Path) -> None:
    stored(tmp_path, result_of(short_session()))
    next((tmp_path / "sessions").iterdir()).unlink()
    run = Run(tmp_path)
    assert not run.complete(CellKey("happy", 0))
    assert (len(run.sessions), len(run.calls), len(run.events)) == (0, 0, 0)


def test_no_temporary_file_is_left_and_none_is_read(tmp_path: Path) -> None:
    run = stored(tmp_path, result_of(short_session()))
    assert not list(tmp_path.rglob(".*"))
    (tmp_path / "calls" / ".happy-00000.parquet.17").write_bytes(b"half")
    assert len(run.calls) == 3


def test_the_sessions_part_is_the_last_to_be_put_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    placed: list[str] = []
    replace = Path.replace
    monkeypatch.setattr(
        Path, "replace", lambda self, to: (placed.append(to.parent.name), replace(self, to))
    )
    CellWriter(folder=tmp_path)(result_of(short_session()))
    assert placed == ["calls", "turns", "events", "sessions"]


def test_a_writer_survives_being_sent_to_another_process(tmp_path: Path) -> None:
    writer = CellWriter(
        folder=tmp_path, expects={"happy": Expect()}, sensitive={("happy", "s1"): ("secret",)}
    )
    again = pickle.loads(pickle.dumps(writer))
    assert (again, again.key) == (writer, writer.key)
    again(result_of(short_session()))
    assert (tmp_path / "sessions" / "happy-00000.parquet").is_file()


def test_sensitive_values_are_in_no_file(tmp_path: Path) -> None:
    pen = Pen().start().begin()
    pen.call("crm", 1, 2, body=b'{"ssn": "078-05-1120"}')
    pen.reply(3, "It is 078-05-1120.", error="no 078-05-1120").end(4)
    writer = CellWriter(folder=tmp_path, sensitive={("happy", "s1"): ("078-05-1120",)})
    writer(result_of(pen.records))
    run = stored(tmp_path)
    text = run.turns["text"].tolist()[0]
    assert text.startswith("It is masked-")
    for frame in (run.calls, run.turns, run.sessions, run.events):
        assert "078-05-1120" not in frame.to_csv()
    assert all(b"078-05-1120" not in (each or b"") for each in run.events["body"])


def test_what_a_scenario_allows_is_told_from_its_violations(tmp_path: Path) -> None:
    pen = Pen().start().begin().find(1).reply(2).end(2)
    expect = Expect.model_validate({"findings": {"allow": ["scope"]}})
    writer = CellWriter(folder=tmp_path, expects={"happy": expect})
    writer(result_of(pen.records))
    frame = stored(tmp_path).sessions
    assert frame[["violations", "allowed"]].values.tolist() == [[0, 1]]


def test_a_run_shows_itself_in_a_word_and_in_a_notebook(tmp_path: Path) -> None:
    record = record_of(scenario_of("<b>", verdict=Verdict.FAIL), verdict=Verdict.FAIL)
    run = stored(tmp_path, record=record)
    assert repr(run) == "<Run support-20260105T090000Z-3fa2: fail, 1 scenario>"
    assert "&lt;b&gt;" in run._repr_html_()
    assert (run.verdict, run.exit_code, run.digest) == (Verdict.FAIL, 0, None)


def test_a_killed_run_shows_that_it_is_unfinished(tmp_path: Path) -> None:
    record = record_of(scenario_of(), status=Status.UNFINISHED, verdict=None)
    assert "unfinished" in repr(stored(tmp_path, record=record))


def test_frames_are_read_once(tmp_path: Path) -> None:
    run = stored(tmp_path, result_of(short_session()))
    assert isinstance(run.calls, pd.DataFrame)
    assert run.calls is run.calls
    assert "pandas" in sys.modules


READERS: tuple[Callable[[Run], object], ...] = (
    figures_of,
    Run.check,
    lambda run: run.sessions,
    lambda run: run.lists.calls["service"],
    lambda run: run.records("happy"),
    lambda run: run.cell_records(CellKey("happy", 1)),
    lambda run: run.session_rows("happy"),
)


def ended(folder: Path) -> Run:
    """A run that is over, all of whose cells were run to their end."""
    record = record_of(scenario_of(**two_cells(), digest="d"))
    cells = [result_of(short_session(f"s{index}"), index=index) for index in range(2)]
    return stored(folder, *cells, record=record)


def part_of(run: Run, table: str, index: int = 1) -> Path:
    return run.folder / table / f"happy-{index:05}.parquet"


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("read", READERS)
def test_a_part_that_went_is_missed_by_whoever_reads(
    tmp_path: Path, table: str, read: Callable[[Run], object]
) -> None:
    run = ended(tmp_path)
    read(run)
    part_of(run, table).unlink()
    with pytest.raises(UsageError, match=rf"the part .*{table}.happy-00001.parquet is missing"):
        read(Run(tmp_path))


@pytest.mark.parametrize(
    ("table", "source"), [("calls", "calls"), ("sessions", "sessions"), ("turns", "calls")]
)
def test_a_part_of_another_cell_or_table_is_refused(
    tmp_path: Path, table: str, source: str
) -> None:
    run = ended(tmp_path)
    index = 0 if table == source else 1
    shutil.copy(part_of(run, source, index), part_of(run, table))
    with pytest.raises(UsageError, match=f"is not that of happy, cell 1, in {table}"):
        figures_of(Run(tmp_path))
    assert run.kept(CellKey("happy", 1)) is None
    assert run.kept(CellKey("happy", 0)) is not None


@pytest.mark.parametrize("table", TABLES)
def test_a_cell_that_lacks_a_part_is_not_complete(tmp_path: Path, table: str) -> None:
    run = ended(tmp_path)
    part_of(run, table).unlink()
    assert not run.complete(CellKey("happy", 1))
    assert run.kept(CellKey("happy", 1)) is None


@pytest.mark.parametrize(
    ("given", "missed"),
    [
        ({}, True),
        ({"status": Status.INTERRUPTED}, False),
        ({"not_started": "no agent"}, False),
    ],
)
def test_only_the_cells_that_had_trouble_may_lack_their_parts(
    tmp_path: Path, given: dict[str, object], missed: bool
) -> None:
    problem = CellProblem(cell=0, what="killed")
    record = record_of(scenario_of(**two_cells(), problems=(problem,)), **given)
    run = stored(tmp_path, result_of(short_session(), index=1), record=record)
    assert len(run.sessions) == 1
    part_of(run, "calls").unlink()
    if missed:
        with pytest.raises(UsageError, match="is missing"):
            figures_of(Run(tmp_path))
    else:
        assert len(figures_of(Run(tmp_path)).sessions["session"]) == 0


def test_how_to_mend_a_run_is_told(tmp_path: Path) -> None:
    run = ended(tmp_path)
    part_of(run, "calls").unlink()
    with pytest.raises(UsageError, match="run it again: evalkit run scenarios/support"):
        run.check()
    (tmp_path / ".key").write_text("00")
    with pytest.raises(UsageError, match=r"run it again: evalkit run --resume"):
        run.check("happy")


def test_what_is_discarded_is_gone(tmp_path: Path) -> None:
    run = ended(tmp_path)
    run.discard(CellKey("happy", 1))
    assert {each.name for each in tmp_path.rglob("*.parquet")} == {"happy-00000.parquet"}
