"""Integrations by families of faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from evalkit.report.html.view.places import Place

State: TypeAlias = Literal["failed", "degraded", "recovered", "untried", "never"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What became of the sessions whose calls to an integration met a family of faults."""

    state: State
    recovered: int = 0
    degraded: int = 0
    failed: int = 0
    kinds: tuple[str, ...] = ()
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Integrations by families of faults. `untried` are those that could be tried and were not."""

    families: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    tried: int
    untried: int
    fragile: int
