"""The load generator: a process of its own, or one that somebody else starts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from evalkit.engine.reception import Reception
from evalkit.errors import StartError
from evalkit.live.output import Output
from evalkit.live.plan import LoadPlan
from evalkit.live.process import Process, how_it_ended, start_process
from evalkit.world.clock import NS

CONTROL, TOKEN = "EVALKIT_LOAD_CONTROL", "EVALKIT_LOAD_TOKEN"
"""What a generator finds in its environment: where it asks for turns, and by which token."""


class Generator:
    """The generator of a load, which asks the reception for turns."""

    def __init__(self, load: LoadPlan, reception: Reception) -> None:
        self._load = load
        self._reception = reception
        self._output = Output()
        self._process: Process | None = None
        self.died = False
        """Whether it was killed, or failed, in the middle."""

    @asynccontextmanager
    async def running(
        self, folder: Path, environment: Mapping[str, str], control: str
    ) -> AsyncIterator[None]:
        """Have it run in this folder, where it is ours to start, and stop it at the end. `control`
        is the address of the reception.
        """
        if not self._load.command:
            yield
            return
        told = {CONTROL: control, TOKEN: self._reception.token}
        self._process = await start_process(
            self._load.command,
            folder=folder,
            environment={**environment, **self._load.environment, **told},
            output=self._output,
        )
        try:
            yield
        finally:
            await self._process.stop()

    async def up(self) -> None:
        """Wait for the first user. Raises `StartError` where none comes."""
        reception, process, patience = self._reception, self._process, self._load.patience / NS
        if process is None:  # whoever starts it may take their time, as long as they are there
            await _either(reception.greeted, None, patience)
            if reception.greeted.is_set():
                await _either(reception.moved, None, None)
        else:
            await _either(reception.began, process, patience)
        if not reception.began.is_set():
            raise StartError(self._why_not(patience))

    def _why_not(self, patience: float) -> str:
        """Why no user came in so many seconds."""
        if (process := self._process) is None:
            if self._reception.greeted.is_set():
                return "the load generator went before any user came"
            return f"no load generator came within {patience:g} s"
        how = f"did not come up within {patience:g} s" if process.running else _end_of(process)
        last = self._output.tail(12)
        return f"the load generator {how}; the last that it printed:\n{last}"

    async def see_through(self, left: float | None) -> None:
        """Wait until it is through, for so many seconds at most, and for the sessions that are
        under way then: none begins any more.
        """
        reception, process = self._reception, self._process
        await _either(reception.early, process, left)
        if process is not None and not process.running:
            reception.stop(f"the load generator {_end_of(process)}")
            self.died = process.ended.result() != 0
        reception.close()
        await _either(reception.idle, process, self._load.drain / NS)
        reception.cut_off()


def _end_of(process: Process) -> str:
    if process.failed is not None:
        return f"cannot be started: {process.failed}"
    return how_it_ended(process.ended.result())


async def _either(event: asyncio.Event, process: Process | None, seconds: float | None) -> None:
    """Wait for an event, the end of a process, or so many seconds."""
    happened: asyncio.Future[Any] = asyncio.ensure_future(event.wait())
    ends: set[asyncio.Future[Any]] = {happened}
    if process is not None:
        ends.add(process.ended)
    try:
        await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        happened.cancel()
