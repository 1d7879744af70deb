"""A Python class as a service, as tests give it: the class itself instead of its name in a file."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from evalkit.services.custom.model import PythonDefinition
from evalkit.services.custom.service import CustomService


class ClassService(CustomService):
    """A service that an object of this class answers; it is made anew for every world."""

    def __init__(self, name: str, kind: type) -> None:
        self._target = f"{kind.__module__}:{kind.__qualname__}"
        given = {"service": "python", "class": self._target, "hosts": getattr(kind, "hosts", ())}
        super().__init__(name, PythonDefinition.model_validate(given), Path())
        self._class = kind

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The object, made. Raises `StartError` where that fails."""
        self._own = self._made(self._class, self._target)
        self.waits = inspect.iscoroutinefunction(self._own.handle)
        yield
