"""`evalkit mcp-stdio`: a mock MCP server over standard input and output."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from evalkit.cli.command import Command

_DESCRIPTION = """\
Serves the MCP service of a definition over stdio, one JSON-RPC message a line, for an agent that
starts its servers as processes. Nothing but the protocol is written to standard output; what could
not be answered is told on standard error. It ends with its input, or on SIGINT or SIGTERM."""

_EXAMPLES = """\
  evalkit mcp-stdio mocks/helpdesk-mcp.yaml
  evalkit mcp-stdio mocks/helpdesk-mcp.yaml --var order_id=A-1 --var order_status=shipped"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "definition", metavar="SERVICE.yaml", type=Path, help="a definition with `service: mcp`"
    )
    parser.add_argument(
        "--var",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        type=_variable,
        help="what templates see as session.vars.NAME; JSON, or else a text",
    )
    parser.add_argument(
        "--session", default="stdio", metavar="ID", help="what templates see as session.id"
    )
    parser.add_argument(
        "--seed", default=0, type=int, metavar="N", help="what latencies are drawn from"
    )
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="tell every effect on standard error"
    )


def _variable(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise argparse.ArgumentTypeError(f"{text!r} is not written NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _action(args: argparse.Namespace) -> int:
    from evalkit.services.mcp.loading import load_mcp
    from evalkit.services.mcp.pipes import serve_stdio
    from evalkit.wire import Caller

    serve_stdio(
        args.definition.stem,
        load_mcp(args.definition),
        caller=Caller(session=args.session, turn=1, vars=dict(args.var)),
        seed=args.seed,
        tell=_say if args.verbose else lambda _: None,
        complain=_say,
    )
    return 0


def _say(what: str) -> None:
    print(f"evalkit mcp-stdio: {what}", file=sys.stderr, flush=True)


COMMAND = Command(
    name="mcp-stdio",
    summary="serve a mock MCP server over stdio",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
