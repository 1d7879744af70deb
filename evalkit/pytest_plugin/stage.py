"""The world that a marked test runs in: its loop is pytest-asyncio's, or nobody's."""

from __future__ import annotations

import asyncio

from evalkit.testing.setting import Setting
from evalkit.world.held import HeldWorld


class Stage:
    """The world of one test. `wanted` says whether it is to be filled with services of the test's
    own; otherwise the test does that itself.
    """

    def __init__(self, setting: Setting, *, wanted: bool) -> None:
        self.setting = setting
        self.wanted = wanted
        self.held = HeldWorld(seed=setting.seed, starts_at=setting.starts_at)
        self._loop: asyncio.AbstractEventLoop | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the world, which begins with it."""
        if self._loop is None:
            self._loop = self.held.loop()
        return self._loop

    def close(self) -> None:
        """End the world, if whoever ran its loop has not."""
        self.held.close()


class Present:
    """The stage of the test that is being run: pytest-asyncio asks for a loop without saying which
    test it is for.
    """

    def __init__(self) -> None:
        self.stage: Stage | None = None

    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop of the present test's world."""
        assert self.stage is not None, "a loop was asked for outside of a test"
        return self.stage.loop()


PRESENT = Present()
