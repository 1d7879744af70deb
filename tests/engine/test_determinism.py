"""The same seed gives the same journal, whoever runs it and in whatever company."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.engine.events import CellDone, CellStarted
from evalkit.journal.digest import session_digest
from tests.engine.suites import Ran, run, sessions, write_suite

SHARED_STATE = """
import itertools
import os
import random
import uuid
import httpx
from evalkit import Reply, Turn

client = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"])
cache = {}
counter = itertools.count()

async def agent(turn: Turn) -> Reply:
    key = turn.number
    if key not in cache:
        cache[key] = (await client.get(f"/items/{key}", params={"by": str(uuid.uuid4())})).json()
    number = next(counter)
    return Reply(f"{number} {cache[key]['owner']} {random.random()} {sorted({'a', 'b', 'c'})}")
"""

FANS_OUT = """
import asyncio
import os
import random
import threading
import time
import httpx
from evalkit import Reply, Turn

client = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"])
seen = []
lock = threading.Lock()

def blocking(number):
    time.sleep(random.random())
    with lock:
        seen.append(number)
        return len(seen)

async def fetch(number):
    await asyncio.sleep(random.random() / 10)
    return (await client.get(f"/items/{number}")).json()["id"]

async def agent(turn: Turn) -> Reply:
    tasks = {asyncio.create_task(fetch(n)) for n in range(5)}
    order = []
    while tasks:
        done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        order += [task.result() for task in done]
    counts = await asyncio.gather(*(asyncio.to_thread(blocking, n) for n in range(4)))
    return Reply(f"{order} {counts} {seen}")
"""

LATENCY = {"latency": {"median": "80ms", "p99": "600ms"}}


@pytest.mark.parametrize("arrivals", [{"concurrency": 4}, {"arrival": "20/s"}])
def test_one_digest_for_any_number_of_workers(tmp_path: Path, arrivals: dict[str, object]) -> None:
    path = write_suite(
        tmp_path,
        agent=SHARED_STATE,
        rest=LATENCY,
        sessions={"items": sessions(20, turns=2), "cell": 5, **arrivals},
    )
    runs = [run(path, workers=workers) for workers in (1, 2, 5)]
    assert len(runs[0].digests) == 4
    assert runs[0].digests == runs[1].digests == runs[2].digests
    assert all(text is not None for text in runs[0].texts)
    assert list(map(most_at_once, runs)) == [1, 2, 4]


def most_at_once(ran: Ran) -> int:
    """How many cells were under way at the same time, at the most."""
    under_way = most = 0
    for event in ran.events:
        under_way += isinstance(event, CellStarted) - isinstance(event, CellDone)
        most = max(most, under_way)
    return most


def test_another_seed_gives_another_journal(tmp_path: Path) -> None:
    path = write_suite(tmp_path, agent=SHARED_STATE, rest=LATENCY)
    assert run(path, seed=1).digests != run(path, seed=2).digests


def test_fanning_out_gives_one_digest_over_ten_runs(tmp_path: Path) -> None:
    path = write_suite(
        tmp_path,
        agent=FANS_OUT,
        rest=LATENCY,
        sessions={"items": sessions(4), "concurrency": 4},
        scenarios={f"run-{number}": {} for number in range(5)},
    )
    digests = [*run(path, workers=1).digests, *run(path, workers=2).digests]
    assert len(digests) == 10
    assert len(set(digests)) == 1


FAULTS = {
    "flaky": {"faults": [{"at": "items", "when": {"share": "50%"}, "inject": {"status": 503}}]}
}


@pytest.mark.parametrize("arrivals", [{"concurrency": 4}, {"arrival": "5/s"}])
def test_a_session_alone_does_what_it_does_among_others(
    tmp_path: Path, arrivals: dict[str, object]
) -> None:
    path = write_suite(
        tmp_path,
        rest=LATENCY,
        sessions={"items": sessions(8, turns=3), **arrivals},
        scenarios=FAULTS,
    )
    among = run(path, controls=False)
    for session in ("s0", "s3", "s7"):
        alone = run(path, session=session, controls=False)
        assert session_digest(alone.records, session) == session_digest(among.records, session)
        assert set(alone.ends) == {session}
