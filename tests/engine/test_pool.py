"""What becomes of a run whose cells fail, stall, die or are interrupted."""

from __future__ import annotations

import os
import pickle
import signal
from pathlib import Path

import pytest

from evalkit.engine.events import CellDone, CellFailed, CellStarted, Interrupted, SessionsDone
from evalkit.engine.plan import plan_suite
from evalkit.engine.run import run_suite
from evalkit.suite import load_suite
from tests.engine.suites import FolderSink, Ran, run, sessions, write_suite


def failures(ran: Ran) -> list[CellFailed]:
    return [event for event in ran.events if isinstance(event, CellFailed)]


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("import no_such_library", "no_such_library"),
        ("def agent(:", "agent.py"),
        ("async def other(turn): ...", "agent"),
        ("raise RuntimeError('no key')", "no key"),
        (
            "from contextlib import asynccontextmanager\n@asynccontextmanager\n"
            "async def agent():\n    raise RuntimeError('no database')\n    yield",
            "no database",
        ),
    ],
)
def test_an_agent_that_cannot_start_is_told_as_that(tmp_path: Path, agent: str, said: str) -> None:
    (failed,) = failures(run(write_suite(tmp_path, agent=agent)))
    assert failed.start
    assert said in failed.what + failed.detail


def test_sessions_of_a_failed_cell_stay_planned(tmp_path: Path) -> None:
    ran = run(write_suite(tmp_path, agent="import no_such_library"))
    (result,) = ran.results.values()
    assert result.planned == ("s0", "s1", "s2")
    assert not result.complete


def test_a_cell_without_progress_is_ended_and_says_where_it_was(tmp_path: Path) -> None:
    agent = "async def agent(turn):\n    while True: print(end='')\n"
    (failed,) = failures(run(write_suite(tmp_path, agent=agent, settings={"stall_after": "500ms"})))
    assert "no progress for 500ms" in failed.what
    assert "while True: print(end='')" in failed.detail


FOREVER = "while True:\n        await asyncio.sleep({})"
MANAGER = """
import asyncio
from contextlib import asynccontextmanager

async def reply(turn):
    return "ok"

@asynccontextmanager
async def agent():
    {}
    yield reply
    {}
"""


@pytest.mark.parametrize(
    "agent",
    [
        f"import asyncio\n\nasync def agent(turn):\n    {FOREVER.format(0)}\n",
        MANAGER.format(FOREVER.format(1), "pass"),
        MANAGER.format("pass", FOREVER.format(1)),
    ],
    ids=["a turn spins", "the start never ends", "the stop never ends"],
)
def test_a_cell_that_only_lets_time_pass_is_ended_too(tmp_path: Path, agent: str) -> None:
    path = write_suite(tmp_path, agent=agent, settings={"stall_after": "1s"})
    (failed,) = failures(run(path))
    assert "no progress" in failed.what


def test_a_process_that_dies_is_reported_with_its_cell(tmp_path: Path) -> None:
    agent = "import os\nasync def agent(turn):\n    os.kill(os.getpid(), 9)\n"
    ran = run(write_suite(tmp_path, agent=agent, sessions={"items": sessions(4), "cell": 2}))
    assert [each.cell.index for each in failures(ran)] == [0, 1]


def test_an_interrupted_run_keeps_what_was_measured(tmp_path: Path) -> None:
    agent = (
        "import asyncio\nasync def agent(turn):\n"
        "    if turn.session.id == 's5':\n        while True:\n            pass\n"
        "    return 'ok'\n"
    )
    path = write_suite(tmp_path, agent=agent, sessions={"items": sessions(9), "concurrency": 1})
    folder = tmp_path / "results"
    folder.mkdir()
    events = run_suite(plan_suite(load_suite(path)), sink=FolderSink(folder), workers=1)
    seen = [next(events), next(events)]
    assert isinstance(seen[-1], CellStarted)
    for event in events:
        seen.append(event)
        if isinstance(event, SessionsDone):
            signal.raise_signal(signal.SIGINT)
    assert any(isinstance(event, Interrupted) for event in seen)
    assert not any(isinstance(event, CellDone) for event in seen)
    (file,) = folder.iterdir()
    result = pickle.loads(file.read_bytes())
    assert not result.complete
    assert len(result.planned) == 9
    assert result.records


def test_closing_the_run_leaves_no_process(tmp_path: Path) -> None:
    agent = "async def agent(turn):\n    while True:\n        pass\n"
    path = write_suite(tmp_path, agent=agent, sessions={"items": sessions(2), "cell": 1})
    events = run_suite(plan_suite(load_suite(path)), sink=FolderSink(tmp_path), workers=2)
    for event in events:
        if isinstance(event, CellStarted) and event.cell.index == 1:
            break
    events.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
