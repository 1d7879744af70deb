"""Exports a stored run: where to is told, and nothing goes anywhere else."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from evalkit.errors import UsageError
from evalkit.store import Run
from evalkit.telemetry.measuring import families_of, finished_ns
from evalkit.telemetry.otlp import Message, metrics, resource_of, traces
from evalkit.telemetry.prometheus import text_of
from evalkit.telemetry.sending import Sender
from evalkit.telemetry.spans import Span
from evalkit.telemetry.tracing import spans_of
from evalkit.world.clock import epoch_ns

Signal: TypeAlias = tuple[str, Message, int]
"""`traces` or `metrics`, a message of it, and how many spans or metrics it holds."""

BATCH = 500
"""The spans of a request, or of a line of a file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What went where: how many spans and metrics. `rejected` is what the server did not take."""

    where: str
    spans: int = 0
    metrics: int = 0
    rejected: tuple[str, ...] = ()


def export_to(
    run: Run,
    *,
    otlp: Sender | None = None,
    otlp_file: Path | None = None,
    prometheus: Path | None = None,
    pushgateway: Sender | None = None,
    scenario: str | None = None,
    base: int | None = None,
) -> tuple[Exported, ...]:
    """Export a run to each place that is given, the files first. See `otlp_messages`."""
    done = []
    if otlp_file is not None:
        done.append(to_file(otlp_file, otlp_messages(run, scenario=scenario, base=base)))
    if prometheus is not None:
        done.append(to_textfile(prometheus, run))
    if otlp is not None:
        done.append(to_collector(otlp, otlp_messages(run, scenario=scenario, base=base)))
    if pushgateway is not None:
        done.append(to_pushgateway(pushgateway, run))
    return tuple(done)


def otlp_messages(
    run: Run, *, scenario: str | None = None, base: int | None = None
) -> Iterator[Signal]:
    """The messages of a run: the traces in batches, then the metrics.

    The traces are of one scenario if it is given; world time is laid from `base`, in nanoseconds
    of Unix time, or from when the run began.
    """
    record = run.record
    resource, began = resource_of(record), epoch_ns(record.started)
    spans = spans_of(run, began if base is None else base, scenario=scenario)
    for batch in _batches(spans):
        yield "traces", traces(resource, batch), len(batch)
    families = families_of(run)
    yield "metrics", metrics(resource, families, began, finished_ns(record)), len(families)


def to_file(path: Path, messages: Iterable[Signal]) -> Exported:
    """Write OTLP's JSON, a message on a line. Raises `UsageError` where it cannot be written."""
    counts = {"traces": 0, "metrics": 0}
    written = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with written.open("w", encoding="utf-8") as file:
            for signal, message, count in messages:
                file.write(json.dumps(message, separators=(",", ":")) + "\n")
                counts[signal] += count
        written.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        written.unlink(missing_ok=True)
    return Exported(where=str(path), spans=counts["traces"], metrics=counts["metrics"])


def to_collector(sender: Sender, messages: Iterable[Signal]) -> Exported:
    """Send OTLP. Raises `UsageError` where the collector refuses it or cannot be reached."""
    counts = {"traces": 0, "metrics": 0}
    rejected = []
    for signal, message, count in messages:
        refused = sender.send_otlp(signal, message)
        counts[signal] += count
        if refused is not None:
            rejected.append(f"{signal}: {refused}")
    return Exported(
        where=sender.url,
        spans=counts["traces"],
        metrics=counts["metrics"],
        rejected=tuple(rejected),
    )


def to_textfile(path: Path, run: Run) -> Exported:
    """Write Prometheus' text, put in place whole: a collector may read it at any time."""
    families = families_of(run)
    written = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        written.write_text(text_of(families), encoding="utf-8")
        written.replace(path)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        written.unlink(missing_ok=True)
    return Exported(where=str(path), metrics=len(families))


def to_pushgateway(sender: Sender, run: Run) -> Exported:
    """Push the metrics in place of those of the suite's last run."""
    families = families_of(run)
    sender.push(run.record.suite, text_of(families))
    return Exported(where=sender.url, metrics=len(families))


def _batches(spans: Iterator[Span]) -> Iterator[list[Span]]:
    while batch := list(islice(spans, BATCH)):
        yield batch
