"""Turns an interrupt (Ctrl-C, or SIGTERM, as CI systems send it to what they cancel) into something
a wait can see, wherever in the program it comes.
"""

from __future__ import annotations

import os
import signal
import threading
from types import TracebackType
from typing import Any


class CellInterrupted(KeyboardInterrupt):
    """The run was interrupted: a cell ends here, and keeps what it measured."""


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """While it is entered, neither ends anything: `came` tells of it, and `files` become ready.

    Only the main thread gets signals; elsewhere it does nothing.
    """

    def __init__(self) -> None:
        self.came = False
        self.files: tuple[int, ...] = ()
        self._write = -1
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        if threading.current_thread() is threading.main_thread():
            read, self._write = os.pipe()
            self.files = (read,)
            self._before = {each: signal.signal(each, self._take) for each in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.files:
            for number, handler in self._before.items():
                signal.signal(number, handler)
            for descriptor in (*self.files, self._write):
                os.close(descriptor)
            self.files = ()

    def again(self) -> None:
        """Look out for a further interrupt."""
        self.came = False
        for descriptor in self.files:
            os.read(descriptor, 1)

    def _take(self, *_: object) -> None:
        if not self.came:
            self.came = True
            os.write(self._write, b"!")
