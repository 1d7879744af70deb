"""`evalkit export`: a stored run as traces and metrics."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.cli.command import Command, kept_in

if TYPE_CHECKING:
    from evalkit.telemetry.exporting import Exported

_DESCRIPTION = """\
Exports a stored run. OTLP carries the traces of its sessions (the agent's turns, the calls of
models and tools, faults and findings as events) and its metrics; where the agent passed a
traceparent on, the calls are in its own traces. Prometheus gets the metrics alone: as a file for
node_exporter's textfile collector (one for each suite), or pushed to a Pushgateway, where they
take the place of those of the suite's last run. Names are the same everywhere, and those that the
dashboard and the alert rules ask for.

Nothing goes anywhere but where it is told to. Headers for a collector are taken from
OTEL_EXPORTER_OTLP_HEADERS (name=value,name=value). Spans begin when the run began; those that an
agent exported itself out of a simulated world are of the time that its suite says, which
--starts-at takes."""

_EXAMPLES = """\
  evalkit export latest --otlp http://localhost:4318
  evalkit export latest --otlp-file run.jsonl --scenario crm-slow
  evalkit export latest --prometheus /var/lib/node_exporter/support.prom
  evalkit export latest --pushgateway http://localhost:9091
  evalkit export --dashboard > evalkit.json
  evalkit export --alerts > evalkit-alerts.yaml"""

_PLACES = ("otlp", "otlp_file", "prometheus", "pushgateway")


def _arguments(parser: argparse.ArgumentParser) -> None:
    about = "the folder of a run, its id, the start of its id, or `latest`"
    parser.add_argument("run", metavar="RUN", nargs="?", help=about)
    parser.add_argument("--otlp", metavar="URL", help="send OTLP (HTTP, JSON) to this collector")
    parser.add_argument(
        "--otlp-file", metavar="FILE", type=Path, help="write OTLP as lines of JSON"
    )
    parser.add_argument(
        "--prometheus", metavar="FILE", type=Path, help="write the metrics in Prometheus' format"
    )
    parser.add_argument("--pushgateway", metavar="URL", help="push the metrics there")
    parser.add_argument("--scenario", metavar="NAME", help="only the traces of this scenario")
    parser.add_argument("--starts-at", metavar="TIME", help="when the world began, in ISO 8601")
    printed = parser.add_mutually_exclusive_group()
    printed.add_argument("--dashboard", action="store_true", help="print a dashboard for Grafana")
    printed.add_argument("--alerts", action="store_true", help="print alert rules for Prometheus")
    kept_in(parser)


def _action(args: argparse.Namespace) -> int:
    from evalkit import api

    places = {each: getattr(args, each) for each in _PLACES}
    wanted = any(each is not None for each in places.values())
    if args.dashboard or args.alerts:
        return _print_file(args, wanted)
    if args.run is None or not wanted:
        _refuse(args)
    given = {"scenario": args.scenario, "starts_at": args.starts_at, "out": args.out}
    for each in api.export(args.run, **places, **given):
        _say(each)
    return 0


def _refuse(args: argparse.Namespace) -> None:
    from evalkit.errors import UsageError

    if args.run is None:
        raise UsageError("which run is to be exported?", hint="`latest` is the last one")
    options = ", ".join(f"--{each.replace('_', '-')}" for each in _PLACES)
    raise UsageError("where is the run to be exported to?", hint=f"say so by {options}")


def _print_file(args: argparse.Namespace, wanted: bool) -> int:
    from evalkit.errors import UsageError
    from evalkit.telemetry import panels

    if args.run is not None or wanted:
        name = "--dashboard" if args.dashboard else "--alerts"
        raise UsageError(f"{name} prints a file that is the same for every run: give no run")
    sys.stdout.write(panels.dashboard() if args.dashboard else panels.alerts())
    return 0


def _say(exported: Exported) -> None:
    spans = f"{exported.spans} spans and " if exported.spans else ""
    print(f"{exported.where}: {spans}{exported.metrics} metrics")
    for each in exported.rejected:
        print(f"evalkit: {exported.where}: {each}", file=sys.stderr)


COMMAND = Command(
    name="export",
    summary="a stored run as OpenTelemetry or Prometheus data",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
