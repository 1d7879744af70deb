"""The typed model of a file of gates: what a stored run is to be judged by instead of its own."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from evalkit.suite.model import Gate, Name
from evalkit.suite.parts import Part


class ScenarioGates(Part):
    """The gates of one scenario."""

    gates: tuple[Gate, ...] = ()


class GatesFile(Part):
    """A file of gates."""

    gates: tuple[Gate, ...] = Field((), description="Of the scenarios that inject nothing")
    scenarios: Mapping[Name, ScenarioGates] = {}
