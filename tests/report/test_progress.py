from __future__ import annotations

import io
from pathlib import Path

import pytest

from evalkit.engine.events import (
    CellDone,
    CellFailed,
    CellKey,
    CellRetried,
    CellStarted,
    CheckCrashed,
    Interrupted,
    SessionsDone,
)
from evalkit.report.progress import EVERY, PlainProgress, progress_on
from evalkit.report.tally import Tally, Told
from evalkit.store import Run, RunJudged, RunOpened
from tests.store.runs import record_of, scenario_of

RUN = Run(
    Path("reports/x"),
    record_of(scenario_of("happy", cells=2, sessions=60), scenario_of("slow", sessions=40)),
)


def started(scenario: str, index: int = 0, sessions: int = 40) -> CellStarted:
    return CellStarted(cell=CellKey(scenario, index), sessions=sessions)


def done(scenario: str, index: int = 0, sessions: int = 40) -> CellDone:
    return CellDone(
        cell=CellKey(scenario, index),
        digest="d",
        sessions=sessions,
        cpu_ns=1,
        virtual_ns=2_500_000_000,
    )


def so_far(scenario: str, number: int, failed: int = 0) -> SessionsDone:
    return SessionsDone(cell=CellKey(scenario, 0), done=number, failed=failed)


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def lines_of(*events: Told | float) -> list[str]:
    """What is printed for these events; a number lets so many seconds pass."""
    stream, clock = io.StringIO(), Clock()
    progress = PlainProgress(stream, clock)
    for each in events:
        if isinstance(each, (int, float)):
            clock.now += each
        else:
            progress(each)
    return stream.getvalue().splitlines()


def test_one_line_per_scenario_that_is_over() -> None:
    assert lines_of(
        RunOpened(RUN),
        started("happy"),
        started("happy", 1, 20),
        done("happy"),
        started("slow"),
        done("slow"),
        done("happy", 1, 20),
        RunJudged(RUN),
    ) == [
        "support: 2 scenarios, 100 sessions, seed 7",
        "  slow: 40 sessions, 2.500 s of world time",
        "  happy: 60 sessions, 5.000 s of world time",
    ]


def test_long_work_is_told_now_and_then() -> None:
    events = [each for n in range(1, 31) for each in (EVERY / 10, so_far("slow", n))]
    assert lines_of(RunOpened(RUN), started("slow"), *events)[1:] == [
        "  … 10 of 100 sessions",
        "  … 20 of 100 sessions",
        "  … 30 of 100 sessions",
    ]


def test_sessions_that_did_not_complete_are_told() -> None:
    lines = lines_of(RunOpened(RUN), started("slow"), EVERY, so_far("slow", 9, 2))
    assert lines[1] == "  … 9 of 100 sessions, 2 not completed"


def test_nothing_is_told_before_a_session_is_over() -> None:
    assert len(lines_of(RunOpened(RUN), EVERY, started("slow"), EVERY, started("happy"))) == 1


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (
            CellFailed(cell=CellKey("slow", 0), what="it was\nkilled"),
            ["  slow: 40 sessions, not all could be run", "  ! slow, cell 0: it was killed"],
        ),
        (
            CellRetried(cell=CellKey("slow", 0), what="the cell's process was killed by SIGKILL"),
            ["  ! slow, cell 0: the cell's process was killed by SIGKILL; it is tried once more"],
        ),
        (
            CheckCrashed(cell=CellKey("slow", 0), check="scope", session="s1", detail="…"),
            ["  ! slow: the check scope crashed over session s1"],
        ),
        (
            CheckCrashed(cell=CellKey("slow", 0), check="scope", session=None, detail="…"),
            ["  ! slow: the check scope crashed over cell 0"],
        ),
        (Interrupted(), ["  interrupted: keeping what was measured"]),
    ],
)
def test_trouble_is_told_at_once(event: Told, words: list[str]) -> None:
    assert lines_of(RunOpened(RUN), started("slow"), event)[1:] == words


def test_the_second_time_is_told_apart() -> None:
    lines = lines_of(RunOpened(RUN), done("slow"), RunOpened(RUN, again=True), done("slow"))
    assert lines[2] == "support: everything once more, to compare"
    assert len(lines) == 4


def test_a_tally_counts_sessions_of_cells_under_way() -> None:
    tally = Tally.of(RunOpened(RUN))
    for event in (started("happy"), so_far("happy", 12, 1), started("slow"), so_far("slow", 5)):
        assert list(tally.add(event)) == []
    assert (tally.planned, tally.done, tally.not_completed) == (100, 17, 1)
    assert [part.planned.name for part in tally.add(done("slow"))] == ["slow"]
    list(tally.add(CellFailed(cell=CellKey("happy", 0), what="killed")))
    assert (tally.done, tally.not_completed) == (80, 40)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_off_a_terminal_there_are_plain_lines_only() -> None:
    stream = io.StringIO()
    with progress_on(stream) as progress:
        progress(RunOpened(RUN))
    assert stream.getvalue() == "support: 2 scenarios, 100 sessions, seed 7\n"


def test_on_a_terminal_there_is_a_bar_and_trouble_above_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    stream = Terminal()
    with progress_on(stream) as progress:
        progress(RunOpened(RUN))
        progress(started("slow"))
        progress(so_far("slow", 7, 1))
        progress(CellFailed(cell=CellKey("slow", 0), what="[red]killed"))
        progress(RunOpened(RUN, again=True))
    text = stream.getvalue()
    assert "! slow, cell 0: [red]killed" in text
    assert "support again" in text
    assert "0/100" in text
