"""A block of cells that is run elsewhere: on a machine of a cluster, in a process of its own."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evalkit import __version__
from evalkit.api.fingerprints import changed_files, changed_versions, dependencies, files_of
from evalkit.engine.cells import SuitePlan
from evalkit.engine.events import CellKey, Event, RunPlanned
from evalkit.engine.run import run_suite
from evalkit.errors import StartError
from evalkit.store import CellWriter
from evalkit.store.tables import TABLES

_MAIN = "import sys; from evalkit.api.block import main; main(*sys.argv[1:])"
_LOOK = 0.5  # seconds from one look whether all is to end to the next


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Cells of a plan, which holds the sessions of these only; and what the files of the suite and
    the libraries are where it was planned.
    """

    plan: SuitePlan
    sink: CellWriter
    keys: tuple[CellKey, ...]
    files: Mapping[str, str]
    libraries: Mapping[str, str]

    @property
    def sizes(self) -> tuple[tuple[CellKey, int], ...]:
        """How many sessions each cell has."""
        return tuple(
            (each, len(self.plan.scenario(each.scenario).cells[each.index])) for each in self.keys
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What came of a block: what happened, and the parts that were written, by path in the run's
    folder, in the order in which they are put there; or why it could not be run.
    """

    events: tuple[Event, ...] = ()
    files: tuple[tuple[str, bytes], ...] = ()
    refused: str | None = None


def run_block(block: Block, stop: str) -> Came:
    """Run a block on this machine, in a process of its own: cells need signals, which the threads
    of a cluster's worker do not get. `stop` names the variable of the cluster that ends it.
    """
    from distributed import Variable, get_client

    stopping = Variable(stop, client=get_client())
    with tempfile.TemporaryDirectory(prefix="evalkit-") as folder:
        order, answer = Path(folder, "order"), Path(folder, "answer")
        order.write_bytes(pickle.dumps(block))
        search = os.pathsep.join(each for each in sys.path if each)
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _MAIN, str(order), str(answer)],
            env={**os.environ, "PYTHONPATH": search},
            stdin=subprocess.DEVNULL,
        )
        try:
            while process.poll() is None:
                if stopping.get(timeout=_LOOK * 20):
                    process.send_signal(signal.SIGINT)
                try:
                    process.wait(_LOOK)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            process.kill()
            process.wait()
        if not answer.exists():
            raise RuntimeError(f"the process for cells ended with exit code {process.returncode}")
        came: Came = pickle.loads(answer.read_bytes())
        return came


def main(order: str, answer: str) -> None:
    """Run the block in a file, and write what came of it to another."""
    block: Block = pickle.loads(Path(order).read_bytes())
    came = _come(block, Path(order).parent / "run")
    Path(answer).write_bytes(pickle.dumps(came))


def _come(block: Block, folder: Path) -> Came:
    if (why := _unfit(block)) is not None:
        return Came(refused=why)
    for name in TABLES:
        (folder / name).mkdir(parents=True)
    cells = {
        CellKey(each.name, index)
        for each in block.plan.scenarios
        for index in range(len(each.cells))
    }
    sink = replace(block.sink, folder=folder)
    done = cells - set(block.keys)
    try:
        events = tuple(run_suite(block.plan, sink=sink, workers=1, done=done))
    except StartError as error:
        return Came(refused=str(error))
    return Came(
        events=tuple(each for each in events if not isinstance(each, RunPlanned)),
        files=tuple(_files(folder)),
    )


def _unfit(block: Block) -> str | None:
    """Why this machine would not come to the same."""
    path = block.plan.path
    if not path.is_file():
        return f"a machine of the cluster has no {path}"
    libraries: dict[str, Any] = {**dependencies(), "evalkit": __version__}
    libraries["Python"] = "{}.{}".format(*sys.version_info)
    differ = [
        *changed_files(block.files, files_of(block.plan)).values(),
        *changed_versions(block.libraries, libraries),
    ]
    if not differ:
        return None
    more = f", and {len(differ) - 5} more" if len(differ) > 5 else ""
    return f"a machine of the cluster differs: {'; '.join(differ[:5])}{more}"


def _files(folder: Path) -> list[tuple[str, bytes]]:
    """What cells wrote, a cell's table that makes it complete last."""
    order = {name: number for number, name in enumerate(TABLES)}
    found = [each for each in folder.rglob("*") if each.is_file()]
    found.sort(key=lambda each: (order.get(each.parent.name, -1), each.name))
    return [(str(each.relative_to(folder)), each.read_bytes()) for each in found]
