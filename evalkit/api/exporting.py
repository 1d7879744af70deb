"""Exports stored runs as OpenTelemetry's traces and metrics, and as Prometheus' metrics."""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.api.loading import load_run
from evalkit.errors import UsageError
from evalkit.store import Run
from evalkit.world.clock import epoch_ns

if TYPE_CHECKING:
    from evalkit.telemetry.exporting import Exported


def export(
    run: Run | str | os.PathLike[str] = "latest",
    *,
    otlp: str | None = None,
    otlp_file: str | os.PathLike[str] | None = None,
    prometheus: str | os.PathLike[str] | None = None,
    pushgateway: str | None = None,
    scenario: str | None = None,
    starts_at: str | None = None,
    out: str | os.PathLike[str] = "reports",
    environment: Mapping[str, str] = os.environ,
) -> tuple[Exported, ...]:
    """Export a stored run, given as `load_run` takes it, to each place that is named: the URL of a
    collector, a file of OTLP's JSON, a file of Prometheus' text, the URL of a Pushgateway.

    `scenario` is the only one whose traces are exported, and `starts_at` the ISO 8601 time that the
    time of the world is laid from (that at which the run began, unless given). What a collector
    wants in headers is taken from `OTEL_EXPORTER_OTLP_HEADERS`. All is checked before anything is
    written or sent. Gives what went to each place. Raises `UsageError` where there is no such run,
    or a place cannot be reached.
    """
    from evalkit.telemetry.exporting import export_to
    from evalkit.telemetry.sending import HEADERS, Sender, checked_url, headers_in

    found = run if isinstance(run, Run) else load_run(run, out=out)
    _known(found, scenario)
    base = None if starts_at is None else _moment(starts_at)
    headers = {} if otlp is None else headers_in(environment.get(HEADERS, ""))
    return export_to(
        found,
        otlp=None if otlp is None else Sender(url=checked_url(otlp), headers=headers),
        otlp_file=None if otlp_file is None else Path(otlp_file),
        prometheus=None if prometheus is None else Path(prometheus),
        pushgateway=None if pushgateway is None else Sender(url=checked_url(pushgateway)),
        scenario=scenario,
        base=base,
    )


def _known(run: Run, scenario: str | None) -> None:
    names = [each.name for each in run.record.scenarios]
    if scenario is None or scenario in names:
        return
    near = get_close_matches(scenario, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(names)}"
    raise UsageError(f"the run {run.id} has no scenario {scenario!r}", hint=hint)


def _moment(text: str) -> int:
    """Nanoseconds of Unix time, in 64 bits and not below zero, as OTLP has them."""
    try:
        moment = epoch_ns(text)
        if 0 <= moment < 2**63:
            return moment
    except ValueError:
        pass
    hint = "write it like 2026-01-05T09:00:00Z"
    raise UsageError(f"{text!r} is no ISO 8601 time from 1970 on", hint=hint)
