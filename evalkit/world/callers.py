"""On whose behalf the running code works: a context variable that tasks and threads inherit."""

from __future__ import annotations

from contextvars import ContextVar

from evalkit.wire import Caller

CALLER: ContextVar[Caller | None] = ContextVar("evalkit_caller", default=None)
