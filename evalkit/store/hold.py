"""Holding a run's folder: one process at a time writes a run.

The lock is on an open file that every process of a run inherits. So it is held until the last of
them is gone, also where their parent was killed.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from evalkit.errors import UsageError

LOCK = ".lock"
_PATIENCE = 15.0  # real seconds that what is left of a killed run has to end
_POLL = 0.05


@contextmanager
def held(folder: Path) -> Iterator[int]:
    """Hold a run's folder; gives the descriptor that its processes are to inherit.

    Raises `UsageError` where another process goes on with the run.
    """
    path = folder / LOCK
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(descriptor, folder)
        yield descriptor
        with suppress(OSError):
            path.unlink()
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path) -> None:
    import fcntl

    until = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                message = f"{folder} is being written by a run that is still going on"
                raise UsageError(message, hint="wait for its end, or end it first") from None
            time.sleep(_POLL)
        else:
            return
