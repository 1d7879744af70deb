"""How sessions run and end: every way is one of four ends, and none takes the run with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.engine.events import CellDone
from evalkit.journal.records import SessionStarted, TurnEnded, TurnStarted
from tests.engine.suites import run, sessions, write_suite

SECOND = 1_000_000_000


def agent_that(body: str) -> str:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    return f"import asyncio\nfrom evalkit import Reply, Turn\n\nasync def agent(turn):\n{lines}\n"


@pytest.mark.parametrize(
    ("body", "end", "reason"),
    [
        ("return 'done'", "completed", ""),
        ("return Reply('done')", "completed", ""),
        ("raise ValueError('no such order')", "failed", "ValueError: no such order"),
        ("return ''", "failed", "empty"),
        ("return '  '", "failed", "empty"),
        ("raise SystemExit", "failed", "SystemExit"),
        ("raise KeyboardInterrupt", "failed", "KeyboardInterrupt"),
        ("return 42", "failed", "int"),
        ("raise asyncio.CancelledError", "failed", "cancelled"),
        ("await asyncio.sleep(1e9)", "timed_out", "2min"),
        ("await asyncio.Event().wait()", "timed_out", "2min"),
        (
            "while True:\n    try:\n        await asyncio.sleep(3600)\n"
            "    except asyncio.CancelledError:\n        pass",
            "timed_out",
            "2min",
        ),
    ],
)
def test_each_session_has_one_end(tmp_path: Path, body: str, end: str, reason: str) -> None:
    ran = run(write_suite(tmp_path, agent=agent_that(body)))
    assert ran.ends == {"s0": end, "s1": end, "s2": end}
    if reason:
        errors = [each.error for each in ran.of(TurnEnded)]
        assert all(reason in (error or "") for error in errors)
    assert isinstance(ran.events[-1], CellDone)


def test_a_raising_agent_leaves_its_traceback(tmp_path: Path) -> None:
    ran = run(write_suite(tmp_path, agent=agent_that("raise KeyError('x')")))
    (turn, *_) = ran.of(TurnEnded)
    assert "agent.py" in turn.traceback
    assert "KeyError: 'x'" in turn.traceback


APPLICATION = """
import asyncio, json

async def app(scope, receive, send):
    assert scope["type"] == "http"
    session = json.loads((await receive())["body"])["session"]
    if session == "s0":
        raise KeyError("no such order")
    if session == "s1":
        await asyncio.Event().wait()
    body = b"<html>" if session == "s2" else b'{"text": "fine"}'
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
"""


def test_an_application_that_raises_hangs_or_answers_rubbish_ends_that_session(
    tmp_path: Path,
) -> None:
    path = write_suite(tmp_path, agent=APPLICATION, sessions={"items": sessions(4)})
    text = path.read_text().replace("python: agent.py:agent", "asgi: agent.py:app")
    path.write_text(text)
    ran = run(path)
    assert ran.ends == {"s0": "failed", "s1": "timed_out", "s2": "failed", "s3": "completed"}
    turns = {each.session: each for each in ran.of(TurnEnded)}
    assert "agent.py" in turns["s0"].traceback
    assert "KeyError: 'no such order'" in turns["s0"].traceback
    assert isinstance(ran.events[-1], CellDone)


def test_a_session_that_fails_takes_no_further_turn(tmp_path: Path) -> None:
    path = write_suite(
        tmp_path,
        agent=agent_that("if turn.number == 2:\n    raise ValueError\nreturn 'fine'"),
        sessions={"items": sessions(1, turns=4)},
    )
    ran = run(path)
    assert len(ran.of(TurnStarted)) == 2
    assert ran.ends == {"s0": "failed"}


def test_think_time_passes_before_a_turn(tmp_path: Path) -> None:
    items = [{"id": "s", "turns": [{"input": "a"}, {"input": "b", "think": "12s"}]}]
    ran = run(write_suite(tmp_path, sessions={"items": items}))
    first, second = ran.of(TurnStarted)
    assert second.at - first.at == 12 * SECOND + 100_000_000
    assert second.intended == second.at


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"turn_deadline": "3s"}, "turn 1 was not answered within 3s"),
        ({"deadline": "2s"}, "the session was not over after 2s"),
    ],
)
def test_deadlines_are_exact(tmp_path: Path, limits: dict[str, str], reason: str) -> None:
    path = write_suite(
        tmp_path,
        agent=agent_that("await asyncio.sleep(1e6)\nreturn 'late'"),
        sessions={"items": sessions(1), **limits},
    )
    ran = run(path)
    (ended,) = ran.of(TurnEnded)
    assert ended.error == reason
    assert ended.timed_out
    assert ended.at == int(reason.rsplit(maxsplit=1)[-1][0]) * SECOND


def test_open_arrivals_charge_the_agent_for_its_queue(tmp_path: Path) -> None:
    path = write_suite(
        tmp_path,
        agent=agent_that("await asyncio.sleep(1)\nreturn 'ok'"),
        sessions={"items": sessions(30), "arrival": "10/s", "seed": 3},
        settings={"concurrency": 1},
    )
    ran = run(path)
    starts = [each.at for each in ran.of(SessionStarted)]
    assert starts == sorted(starts)
    assert 1.5 * SECOND < starts[-1] < 6 * SECOND
    turns = ran.of(TurnEnded)
    assert turns[-1].at == 30 * SECOND + starts[0]


def test_closed_sessions_run_so_many_at_a_time(tmp_path: Path) -> None:
    path = write_suite(
        tmp_path,
        agent=agent_that("await asyncio.sleep(1)\nreturn 'ok'"),
        sessions={"items": sessions(10), "concurrency": 5},
    )
    ran = run(path)
    assert sorted({each.at for each in ran.of(SessionStarted)}) == [0, SECOND]


def test_the_agent_is_given_as_many_turns_as_it_takes(tmp_path: Path) -> None:
    path = write_suite(
        tmp_path,
        agent=agent_that("await asyncio.sleep(1)\nreturn 'ok'"),
        sessions={"items": sessions(4), "concurrency": 4},
        settings={"concurrency": 1},
    )
    ran = run(path)
    assert sorted(each.at for each in ran.of(TurnEnded)) == [n * SECOND for n in (1, 2, 3, 4)]


def test_repeated_sessions_have_ids_and_draws_of_their_own(tmp_path: Path) -> None:
    path = write_suite(
        tmp_path,
        agent="import random\nasync def agent(turn):\n    return str(random.random())\n",
        sessions={"items": sessions(1), "repeat": 3},
    )
    ran = run(path)
    assert list(ran.ends) == ["s0", "s0~2", "s0~3"]
    assert len(set(ran.texts)) == 3
