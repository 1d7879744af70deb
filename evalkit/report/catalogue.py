"""What there is to choose from, as text: faults, when they hit, and checks."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel

from evalkit.checks import CHECKS, GROUPS, SETS, Check, Part
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
    """Every check by its group with what it finds and its settings, then the sets of them."""
    for group, members in GROUPS.items():
        yield f"{group}"
        yield ""
        for name in members:
            yield from _check(CHECKS[name])
            yield ""
    for name, names in SETS.items():
        yield f"{name}: a set of {len(names)} checks that need no settings"
        yield from _wrapped(", ".join(names))
    yield ""
    yield "checks of your own: a class beside the suite, named as `checks.py:Name`"
    yield from _wrapped("It inherits from evalkit.checks.Check. `-NAME` leaves a check out.")


def _check(check: type[Check]) -> Iterator[str]:
    """A check: its name and severity, what it finds, how it is written, and what can be set."""
    yield f"  {check.name} ({check.severity.value})"
    yield from _wrapped(check.about, by=4)
    if check.Settings is None:
        return
    if check.example is not None:
        yield from _wrapped(f"- {check.example}", by=4, further=6)
    model = check.Settings
    described = {
        each.alias or name: f"{each.description or name}{_keys(each.annotation)}"
        f"{_default(model, name)}"
        for name, each in model.model_fields.items()
    }
    yield from _listed(described, by=6)


def _keys(annotation: Any) -> str:
    """The keys of a setting that is a mapping with some of its own."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return (
            f": {', '.join(each.alias or name for name, each in annotation.model_fields.items())}"
        )
    return next(filter(None, map(_keys, get_args(annotation))), "")


def _default(model: type[Part], name: str) -> str:
    """A setting's default as it would be written in a suite, where there is one to speak of."""
    field = model.model_fields[name]
    if field.is_required():
        return " (needed)"
    default = field.get_default(call_default_factory=True)
    if default is None or default == () or default == {} or isinstance(default, BaseModel):
        return ""
    written = model.model_construct(**{name: default}).model_dump(mode="json", include={name})
    value = written[name]
    texts = [str(each) for each in value] if isinstance(value, list) else [_as_written(value)]
    return f" (default: {', '.join(texts)})"


def _as_written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


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


def _listed(described: Mapping[str, str], *, by: int = 4) -> Iterator[str]:
    width = max(map(len, described), default=0)
    indent = " " * by
    for name, description in described.items():
        yield from textwrap.wrap(
            description or name,
            _WIDTH,
            initial_indent=f"{indent}{name:<{width}}  " if description else indent,
            subsequent_indent=" " * (width + by + 2),
        )


def _wrapped(text: str, *, by: int = 2, further: int | None = None) -> list[str]:
    rest = by if further is None else further
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=" " * by,
        subsequent_indent=" " * rest,
        break_on_hyphens=False,
    )
