"""A process for cells that is started before it is known what it is for."""

from __future__ import annotations

from pathlib import Path

from evalkit.engine import ahead as module
from evalkit.engine.ahead import ahead, end_ahead
from evalkit.engine.plan import plan_suite
from evalkit.engine.run import get_ready
from evalkit.suite import load_suite
from tests.engine.suites import run, write_suite

AGENT = """
import os
from evalkit import Reply

GREETING = os.environ["GREETING"]

async def agent(turn):
    return Reply(f"{GREETING} from {os.environ['GREETING']}, {os.getppid()}")
"""


def test_a_run_takes_the_process_that_waits_and_gives_it_its_environment(tmp_path: Path) -> None:
    suite = write_suite(tmp_path, agent=AGENT, settings={"env": {"GREETING": "hello"}})
    with ahead():
        (waiting,) = module._waiting
        pid = waiting.process.pid
        ran = run(suite)
        assert not module._waiting
    assert {*ran.texts} == {f"hello from hello, {pid}"}


def test_what_is_made_ready_is_what_the_run_finds(tmp_path: Path) -> None:
    suite = write_suite(tmp_path)
    alone = run(suite)
    get_ready(plan_suite(load_suite(suite)))
    assert run(suite).digests == alone.digests
    assert not module._waiting


def test_one_that_nobody_claims_is_ended() -> None:
    with ahead():
        (waiting,) = module._waiting
    assert waiting.process.returncode == 0
    end_ahead()


def test_what_counts_at_the_start_of_a_process_needs_a_new_one(tmp_path: Path) -> None:
    agent = "import sys\nasync def agent(turn):\n    return str(sys.flags.optimize)"
    settings = {"env": {"PYTHONOPTIMIZE": "1"}}
    with ahead():
        ran = run(write_suite(tmp_path, agent=agent, settings=settings))
        assert module._waiting
    assert {*ran.texts} == {"1"}


def test_what_was_made_ready_for_another_is_left_to_that(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for each in (here, there):
        each.mkdir()
    agent = "import os\nasync def agent(turn):\n    return str(os.environ.get('GREETING'))"
    suite = write_suite(here, agent=agent)
    other = write_suite(there, agent=agent, settings={"env": {"GREETING": "hello"}})
    try:
        get_ready(plan_suite(load_suite(other)))
        assert {*run(suite).texts} == {"None"}
        assert module._waiting
        assert {*run(other).texts} == {"hello"}
        assert not module._waiting
    finally:
        end_ahead()
