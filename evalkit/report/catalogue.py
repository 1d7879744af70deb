"""What there is to choose from, as text: faults, when they hit, and checks."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from evalkit.checks import CHECKS, SETS
from evalkit.faults import FAULTS, PRESETS, When
from evalkit.gate.expression import __doc__ as gate_language
from evalkit.metrics.definitions import LABELS, METRICS

_WIDTH = 80


def fault_lines() -> Iterator[str]:
    """Every fault with its settings, then every condition of `when`."""
    for fault in FAULTS.values():
        # The docstring of a fault's module reads "`cut: 120`: the reply ends in mid-body."
        example = first_paragraph(sys.modules[fault.__module__].__doc__).rpartition("`: ")[0]
        yield example.replace("`", "")
        yield from _wrapped(first_paragraph(fault.__doc__))
        yield from _fields(fault)
        yield ""
    yield "when: all that is given must hold; nothing given means every call"
    yield from _fields(When)
    yield ""
    yield "presets: SERVICE/PRESET in place of a rule"
    yield from _listed({name: preset.about for name, preset in PRESETS.items()})


def check_lines() -> Iterator[str]:
    """Every check with what it finds, then the sets of them."""
    for name, check in CHECKS.items():
        yield f"{name} ({check.severity.value})"
        yield from _wrapped(check.about)
        yield ""
    for name, members in SETS.items():
        yield f"{name}: a set of {len(members)} checks"
        yield from _wrapped(", ".join(members))


def metric_lines() -> Iterator[str]:
    """Every metric with its definition, the labels of each table, then the language of gates."""
    for table, labels in LABELS.items():
        yield f"of {table}, where {', '.join(labels)}"
        of_table = [each for each in METRICS.values() if each.table == table]
        yield from _listed({each.name: f"{each.unit}: {each.description}" for each in of_table})
        yield ""
    yield from (gate_language or "").strip().splitlines()


def first_paragraph(text: str | None) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((text or "").strip().split("\n\n")[0].split())


def _fields(model: type[BaseModel]) -> Iterator[str]:
    fields: Mapping[str, str] = {
        each.alias or name: each.description or "" for name, each in model.model_fields.items()
    }
    yield from _listed(fields)


def _listed(described: Mapping[str, str]) -> Iterator[str]:
    width = max(map(len, described), default=0)
    for name, description in described.items():
        yield from textwrap.wrap(
            description or name,
            _WIDTH,
            initial_indent=f"    {name:<{width}}  " if description else "    ",
            subsequent_indent=" " * (width + 6),
        )


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="  ")
