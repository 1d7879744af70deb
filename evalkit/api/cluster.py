"""Runs the cells of a plan on a Dask cluster that is there already. What comes of them does not
depend on who ran them, so the run is the same as on one machine.

Each task runs a block of cells, in processes of its own on whatever machine it is sent to, and
gives back the tables that they wrote. The suite has to lie at the same path there, with the same
libraries installed: a machine where that is not so is refused, with what is different.
"""

from __future__ import annotations

import sys
import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from evalkit import __version__
from evalkit.api.block import Block, Came, run_block
from evalkit.api.fingerprints import dependencies, files_of
from evalkit.engine.cells import SuitePlan
from evalkit.engine.events import CellFailed, CellKey, CellStarted, Event, Interrupted
from evalkit.engine.run import cells_of, planned
from evalkit.errors import StartError, UsageError
from evalkit.store import CellWriter

_BLOCKS = 4
"""How many blocks there are for each thread of the cluster: the more, the evener it is used, and
the oftener the libraries of the agent are imported.
"""


class Cluster:
    """An existing Dask cluster, by the address of its scheduler. Raises `StartError`, and
    `UsageError` where Dask is not installed.
    """

    def __init__(self, address: str) -> None:
        try:
            from distributed import Client
        except ImportError as error:
            raise UsageError(
                "--dask needs Dask", hint="pip install 'evalkit[dask]', here and on its workers"
            ) from error
        try:
            self._client: Any = Client(address, timeout=15, set_as_default=False)
        except (OSError, ValueError, TimeoutError) as error:
            raise StartError(f"no Dask scheduler answers at {address}: {error}") from error

    def close(self) -> None:
        """Leave the cluster as it was."""
        self._client.close()

    def run(
        self, plan: SuitePlan, *, sink: CellWriter, done: Collection[CellKey], **local: object
    ) -> Iterator[Event]:
        """Run the cells of a plan but those that are `done`; in the manner of `run_suite`, whose
        other settings are of one machine. Raises `StartError`.
        """
        del local
        yield planned(plan)
        waiting = [each for each in cells_of(plan) if each not in done]
        yield from self._blocks(_blocks(plan, sink, waiting, self._threads()), sink.folder)

    def _threads(self) -> int:
        threads = sum(self._client.nthreads().values())
        if not threads:
            raise StartError("the Dask cluster has no workers")
        return int(threads)

    def _blocks(self, blocks: Sequence[Block], folder: Path) -> Iterator[Event]:
        from distributed import Variable, as_completed

        name = f"evalkit-{uuid.uuid4().hex}"
        stop = Variable(name, client=self._client)
        stop.set(False)
        futures = {
            self._client.submit(run_block, each, name, pure=False, retries=1): each
            for each in blocks
        }
        try:
            yield from (CellStarted(cell=k, sessions=n) for b in blocks for k, n in b.sizes)
            for future in as_completed(futures, loop=self._client.loop):
                yield from _taken(future, futures[future], folder)
        except KeyboardInterrupt:
            stop.set(True)
            yield Interrupted()
            for future in futures:
                future.cancel()
        finally:
            with suppress(Exception):  # the cluster may be gone
                stop.set(True)


def _blocks(
    plan: SuitePlan, sink: CellWriter, keys: Sequence[CellKey], threads: int
) -> list[Block]:
    """The cells in blocks, each with the sessions of its own cells only."""
    size = max(1, -(-len(keys) // (threads * _BLOCKS)))
    files, libraries = files_of(plan), {**dependencies(), "evalkit": __version__}
    python = "{}.{}".format(*sys.version_info)
    return [
        Block(
            plan=_cut(plan, frozenset(keys[at : at + size])),
            sink=sink,
            keys=tuple(keys[at : at + size]),
            files=files,
            libraries={**libraries, "Python": python},
        )
        for at in range(0, len(keys), size)
    ]


def _cut(plan: SuitePlan, keys: Collection[CellKey]) -> SuitePlan:
    scenarios = (
        replace(
            each,
            cells=tuple(
                cell if CellKey(each.name, index) in keys else ()
                for index, cell in enumerate(each.cells)
            ),
        )
        for each in plan.scenarios
    )
    return replace(plan, path=plan.path.resolve(), scenarios=tuple(scenarios))


def _taken(future: Any, block: Block, folder: Path) -> Iterator[Event]:
    """What a block came to, its tables put where those of all are."""
    error = future.exception()
    if error is not None:  # a worker that died, and again
        for key in block.keys:
            yield CellFailed(cell=key, what=f"the cluster failed: {error}", detail="", start=False)
        return
    came: Came = future.result()
    if came.refused is not None:
        raise StartError(came.refused)
    for name, data in came.files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        new.write_bytes(data)
        new.replace(path)
    yield from came.events
