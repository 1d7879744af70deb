"""A simulation on a Dask cluster: the same as on one machine."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.api.block import _unfit
from evalkit.api.cluster import _blocks
from evalkit.api.planning import plan_one
from evalkit.engine.run import cells_of
from evalkit.errors import StartError, UsageError
from evalkit.gate import Verdict
from evalkit.store import CellWriter
from tests.engine.suites import write_suite

distributed = pytest.importorskip("distributed")

ITEMS = [{"id": f"s-{number}", "turns": [{"input": "x"}]} for number in range(6)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    folder = tmp_path / "suite"
    folder.mkdir()
    return write_suite(folder, sessions={"items": ITEMS, "cell": 3})


@pytest.fixture
def address() -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster:
            yield cluster.scheduler_address


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_of_two_processes_comes_to_the_same(
    path: Path, address: str, tmp_path: Path
) -> None:
    here = api.run(path, out=tmp_path / "here", controls=False)[0]
    there = api.run(path, out=tmp_path / "there", controls=False, dask=address)[0]
    assert there.verdict is here.verdict is Verdict.PASS
    assert there.record.digest == here.record.digest is not None
    assert list(there.sessions["session"]) == list(here.sessions["session"])
    assert there.turns.drop(columns="cpu_time_ns").equals(here.turns.drop(columns="cpu_time_ns"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"files": {"agent.py": "another"}}, "agent.py was changed"),
        ({"libraries": {"Python": "2.7.18"}}, "Python was 2.7.18"),
    ],
)
def test_a_machine_that_would_not_come_to_the_same_is_refused(
    path: Path, change: dict[str, Any], words: str
) -> None:
    plan = plan_one(path, scenario=None, session=None, seed=None, controls=False, live=False)
    writer = CellWriter.of(plan, path.parent, b"key")
    block = _blocks(plan, writer, cells_of(plan), threads=1)[0]
    assert _unfit(block) is None
    name, values = next(iter(change.items()))
    other = replace(block, **{name: {**getattr(block, name), **values}})
    assert words in str(_unfit(other))
    shutil.rmtree(path.parent)
    assert f"has no {path.resolve()}" in str(_unfit(block))


def test_the_cells_are_shared_out_in_blocks_that_hold_no_other_sessions(path: Path) -> None:
    plan = plan_one(path, scenario=None, session=None, seed=None, controls=False, live=False)
    blocks = _blocks(plan, CellWriter.of(plan, path.parent, b"key"), cells_of(plan), threads=1)
    assert [each.keys for each in blocks] == [(each,) for each in cells_of(plan)]
    assert [[n for _, n in each.sizes] for each in blocks] == [[3], [3]]
    assert all(sum(s.sessions for s in each.plan.scenarios) == 3 for each in blocks)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.slow
def test_what_cannot_be_reached_is_told(path: Path, tmp_path: Path) -> None:
    with pytest.raises((StartError, UsageError), match=r"127\.0\.0\.1:9"):
        api.run(path, out=tmp_path / "out", dask="tcp://127.0.0.1:9")
