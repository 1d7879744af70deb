"""What becomes of a run whose cells fail, stall, die or are interrupted."""

from __future__ import annotations

import os
import pickle
import signal
from pathlib import Path

import pytest

from evalkit.engine.events import (
    CellDone,
    CellFailed,
    CellKey,
    CellRetried,
    CellStarted,
    Interrupted,
    RunPlanned,
    SessionsDone,
)
from evalkit.engine.forking import Zygote
from evalkit.engine.messages import Failed
from evalkit.engine.plan import plan_suite
from evalkit.engine.pool import Pool, _Running
from evalkit.engine.run import run_suite
from evalkit.errors import StartError
from evalkit.journal.records import SessionEnded
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
    ran = run(write_suite(tmp_path, agent=agent))
    (failed,) = failures(ran)
    assert failed.start
    assert said in failed.what + failed.detail
    assert not any(each.lost for each in ran.results.values())


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
        MANAGER.format("pass", "await asyncio.Event().wait()"),
    ],
    ids=["a turn spins", "the start never ends", "the stop waits for what never comes"],
)
def test_a_cell_that_only_lets_time_pass_is_ended_too_and_says_what_it_waited_for(
    tmp_path: Path, agent: str
) -> None:
    path = write_suite(tmp_path, agent=agent, settings={"stall_after": "1s"})
    (failed,) = failures(run(path))
    assert "no progress" in failed.what
    _, _, told = failed.detail.rpartition("agent.py")  # of a thread's stack, or of a task's wait
    assert "in agent\n" in told or "(agent), there in " in told


def retries(ran: Ran) -> list[CellRetried]:
    return [event for event in ran.events if isinstance(event, CellRetried)]


@pytest.mark.parametrize(
    ("death", "said"),
    [
        ("os.kill(os.getpid(), 9)", "was killed by SIGKILL, as the system does where memory"),
        ("ctypes.string_at(0)", "was killed by SIGSEGV"),
        ("os._exit(3)", "ended itself with exit code 3"),
    ],
)
def test_a_cell_whose_process_dies_is_tried_once_more_and_then_given_up(
    tmp_path: Path, death: str, said: str
) -> None:
    agent = f"import ctypes, os\nasync def agent(turn):\n    {death}\n"
    ran = run(write_suite(tmp_path, agent=agent, sessions={"items": sessions(2), "cell": 1}))
    assert [each.cell.index for each in retries(ran)] == [0, 1]
    assert [each.cell.index for each in failures(ran)] == [0, 1]
    assert all(said in each.what for each in (*retries(ran), *failures(ran)))
    assert [each.planned for each in ran.results.values()] == [("s0",), ("s1",)]
    assert all(each.lost for each in ran.results.values())


ONCE = """
import os, pathlib
async def agent(turn):
    died = pathlib.Path(__file__).with_name("died")
    if turn.session.id == "s1" and not died.exists():
        died.touch()
        {}
    return "ok"
"""


@pytest.mark.parametrize("whom", ["os.getpid()", "os.getppid()"], ids=["the cell", "the zygote"])
def test_what_died_once_is_made_up_for(tmp_path: Path, whom: str) -> None:
    agent = ONCE.format(f"os.kill({whom}, 9)\n        while True: pass")
    ran = run(write_suite(tmp_path, agent=agent, sessions={"items": sessions(3), "cell": 1}))
    assert [each.cell.index for each in retries(ran)] == [1]
    assert failures(ran) == []
    assert ran.texts == ["ok"] * 3


def test_a_zygote_that_dies_again_and_again_ends_the_run(tmp_path: Path) -> None:
    agent = "import os\nos.kill(os.getppid(), 9)\nwhile True: pass\n"
    with pytest.raises(StartError, match="died 3 times"):
        run(write_suite(tmp_path, agent=agent, sessions={"items": sessions(4), "cell": 1}))


def test_a_run_whose_cells_are_all_done_starts_nothing(tmp_path: Path) -> None:
    plan = plan_suite(load_suite(write_suite(tmp_path, agent="import no_such_library")))
    events = list(run_suite(plan, sink=FolderSink(tmp_path), done=[CellKey("plain", 0)]))
    assert [type(each) for each in events] == [RunPlanned]


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
    ended = [each.session for each in result.records if isinstance(each, SessionEnded)]
    assert list(result.planned) == ended, "the rest was cut off, or not begun"
    assert 0 < len(ended) < 6
    assert not any(isinstance(event, CellFailed) for event in seen)


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


@pytest.mark.parametrize("interrupted", [False, True])
def test_what_fails_because_it_was_interrupted_is_no_error_of_the_agent(
    tmp_path: Path, interrupted: bool
) -> None:
    plan, folder = plan_suite(load_suite(write_suite(tmp_path))), tmp_path / "results"
    folder.mkdir()
    pool = Pool(_no_zygote, plan, FolderSink(folder), workers=1)
    pool._interrupted = interrupted
    key = CellKey("plain", 0)
    events = list(pool._answered(_Running(key, 1), Failed("CellInterrupted: ", "", True)))
    told = [] if interrupted else [CellFailed(cell=key, what="CellInterrupted: ", start=True)]
    assert events == told
    assert len(list(folder.iterdir())) == len(told), "its sessions are kept as errored, or not"


def _no_zygote() -> Zygote:
    raise AssertionError("nothing is to be forked")
