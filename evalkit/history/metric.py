"""Which metrics the words of a question may mean."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.history.aggregates import totalled
from evalkit.history.lexicon import CONCEPTS
from evalkit.history.parts import OF_RUNS, Cannot, Parts
from evalkit.history.reading import Reading
from evalkit.metrics import METRICS
from evalkit.metrics.definitions import Metric, row_word


def candidates(parts: Parts) -> list[Metric]:
    """The metrics that could be meant. Raises `Cannot` where none could."""
    concepts = list(dict.fromkeys(parts.concepts))
    if not concepts:
        raise Cannot("no metric is named; `evalkit metrics` lists them")
    if len(concepts) > 1:
        said = ", ".join(f"“{each}”" for each in concepts)
        raise Cannot(f"only one metric can be asked for at once, not {said}")
    metrics = [METRICS[each] for each in CONCEPTS[concepts[0]]]
    labels = {label for label, _, _ in parts.named} | {*parts.by, *parts.which}
    labels -= {*OF_RUNS}
    fit = [each for each in metrics if _fits(each, parts, labels)]
    if not fit:
        raise Cannot(_unfit(metrics, parts, labels))
    if len(fit) > 1 and not parts.rows and labels & {"model"}:
        fit = [each for each in fit if each.table == "calls"] or fit
    if len(fit) > 1 and not parts.rows and totalled(parts):
        # What calls, turns and sessions cost in total is the same.
        fit = [each for each in fit if each.table == "sessions"] or fit
    return fit


def _fits(metric: Metric, parts: Parts, labels: set[str]) -> bool:
    rows = set(parts.rows)
    return labels <= set(metric.labels) and rows <= {metric.table}


def _unfit(metrics: Sequence[Metric], parts: Parts, labels: set[str]) -> str:
    each = metrics[0]
    names = ", ".join(one.name for one in metrics)
    if len(set(parts.rows)) > 1:
        return f"the question speaks of {' and '.join(dict.fromkeys(parts.rows))} at once"
    others = [one for one in parts.rows if all(one != metric.table for metric in metrics)]
    if others:
        return f"{names} is a figure of {each.table}, not of {others[0]}"
    missing = sorted(labels - set(each.labels)) or sorted(labels)
    return f"{names}: a {row_word(each.table)} has no {' or '.join(missing)}, so this has no figure"


def weak(parts: Parts, reading: Reading) -> bool:
    """Whether the reading rests on a word alone: `timeouts` could be said of anything."""
    loose = parts.concepts[0] in ("timeout", "error")
    calls = reading.metric.startswith("call.")
    of_calls = {each.label for each in reading.where} | {reading.by}
    return loose and calls and not parts.rows and not of_calls & {"service", "operation", "model"}
