"""Keeps the process that cells are forked from for several runs of one plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from evalkit.engine.cells import PlannedSession
    from evalkit.engine.events import CellKey
    from evalkit.engine.forking import Zygote


class Lender:
    """Lends one zygote to run after run: what it has imported, it has imported once."""

    def __init__(self) -> None:
        self._kept: Zygote | None = None

    def borrow(self, start: Callable[[], Zygote]) -> Zygote:
        """The zygote; `start` makes it where there is none, or it has died. Raises `StartError`."""
        if self._kept is None or self._kept.gone:
            self.close()
            self._kept = start()
        return cast("Zygote", _Borrowed(self._kept))

    def close(self) -> None:
        """End it."""
        kept, self._kept = self._kept, None
        if kept is not None:
            kept.close()


class _Borrowed:
    """A zygote that its borrower does not end."""

    def __init__(self, zygote: Zygote) -> None:
        self._zygote = zygote

    @property
    def answers(self) -> Connection:
        return self._zygote.answers

    @property
    def threads(self) -> tuple[str, ...]:
        return self._zygote.threads

    @property
    def gone(self) -> bool:
        return self._zygote.gone

    @gone.setter
    def gone(self, value: bool) -> None:
        self._zygote.gone = value

    def fork(self, key: CellKey, sessions: Sequence[PlannedSession]) -> Connection:
        return self._zygote.fork(key, sessions)

    def take(self) -> None:
        self._zygote.take()

    def code_of(self, pid: int) -> int | None:
        return self._zygote.code_of(pid)

    def close(self) -> None:
        """It is not the borrower's to end."""
