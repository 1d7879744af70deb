"""`evalkit mocks`: serve mocks on real sockets."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from evalkit.cli.command import Command

if TYPE_CHECKING:
    from evalkit.engine.serving import Summary

_DESCRIPTION = """\
Serves mocks over HTTP until it is interrupted, and prints where each is: definitions of services,
or all services of a suite, with the faults of a scenario if one is named. What was served is told
at the end. A request is of the session that its baggage names (evalkit.session=ID)."""

_EXAMPLES = """\
  evalkit mocks serve mocks/openai.yaml --port 8080
  evalkit mocks serve mocks/openai.yaml mocks/crm.yaml
  evalkit mocks serve scenarios/support/support.eval.yaml --scenario crm-slow"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", metavar="serve", choices=["serve"], help="the only thing to do yet")
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        type=Path,
        help="definitions of services, or one suite file",
    )
    parser.add_argument(
        "--port",
        type=_port,
        default=0,
        metavar="N",
        help="the port of the first, the next for the others (default: free ones)",
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="the address to listen on (default: %(default)s)",
    )
    parser.add_argument("--scenario", metavar="NAME", help="of a suite: whose faults are injected")
    parser.add_argument(
        "--script", type=Path, metavar="FILE", help="what models say (default: made up)"
    )


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; allowed: 0 to 65535")
    return int(text)


def _action(args: argparse.Namespace) -> int:
    from evalkit.engine.serving import mocks_at, serve

    mocks = mocks_at(args.paths, scenario=args.scenario, script=args.script)
    summary = serve(mocks, host=args.host, port=args.port, ready=_tell)
    for each in _told(summary):
        print(each)
    return 0


def _tell(urls: Mapping[str, str]) -> None:
    wide = max(map(len, urls), default=0)
    for name, url in urls.items():
        print(f"{name:<{wide}}  {url}", flush=True)
    print("serving; Ctrl-C ends it", file=sys.stderr, flush=True)


def _told(summary: Summary) -> Iterator[str]:
    """What was served, line by line."""
    tally = summary.tally
    yield f"{sum(tally.calls.values()):,} calls"
    for service, calls in sorted(tally.calls.items()):
        yield f"  {service}: {calls:,} calls, {tally.failed[service]:,} failed"
    for heading, counts in (
        ("effects", tally.effects),
        ("faults delivered", tally.faults),
        ("complaints", tally.complaints),
    ):
        if counts:
            yield heading
            yield from (f"  {name}: {number:,}" for name, number in counts.most_common(20))
    if summary.fidelity.bottleneck is not None:
        yield f"too slow to be believed: {summary.fidelity.bottleneck}"


COMMAND = Command(
    name="mocks",
    summary="serve mocks on real sockets",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
