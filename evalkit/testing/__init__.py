"""Simulated worlds in tests written in Python, and their services behind ordinary HTTP clients."""

from evalkit.testing.bridge.carried import BRIDGE, Carries
from evalkit.testing.bridge.mocked import Mocked, mocked
from evalkit.testing.opening import world
from evalkit.testing.world import World

__all__ = ["BRIDGE", "Carries", "Mocked", "World", "mocked", "world"]
