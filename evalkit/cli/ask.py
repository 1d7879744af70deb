"""`evalkit ask`: questions about stored runs, in plain words."""

from __future__ import annotations

import argparse
import sys

from evalkit.cli.command import Command, kept_in

UNKNOWN = 3
"""The exit code where there is no figure: it is no data."""

_DESCRIPTION = """\
Answers a question about stored runs, and shows how it was read, the query, and each figure with
its interval at 95 % and its count. Every word of the question has to be known: a word of the
grammar (--grammar tells it), or a name that occurs in the runs. Where a question could be read in
several ways the readings are offered, and where it cannot be answered that is said; the exit code
is then 3. Nothing is guessed.

Where EVALKIT_ASK_URL and EVALKIT_ASK_MODEL name a model behind an API like OpenAI's (and
EVALKIT_ASK_KEY its key), it may rephrase a question that is not understood into the grammar. It is
sent the question, the grammar and the names in the runs, no figures; what it says is shown, and
read like any other question."""

_EXAMPLES = """\
  evalkit ask "what is the error rate of the crm integration?"
  evalkit ask "p95 latency of crm vs llm with faults in the last 5 runs"
  evalkit ask "which scenario has the highest failure rate of sessions?"
  evalkit ask --grammar"""


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("question", metavar="QUESTION", nargs="*", help="the question")
    parser.add_argument("--run", metavar="RUN", help="ask of this run only")
    parser.add_argument("--grammar", action="store_true", help="tell what can be asked")
    parser.add_argument("--queries", action="store_true", help="show the query of every figure")
    parser.add_argument(
        "--no-model", action="store_true", help="ask no model, even if one is configured"
    )
    kept_in(parser)
    parser.add_argument("--json", action="store_true", help="print what came of it as JSON")


def _action(args: argparse.Namespace) -> int:
    import os
    from datetime import UTC, datetime

    from evalkit.errors import UsageError
    from evalkit.history import Rephraser, ask, stored_runs

    if args.grammar:
        return _grammar()
    if not args.question:
        raise UsageError("no question is asked", hint="`evalkit ask --grammar` tells what can be")
    model = None if args.no_model else Rephraser.configured(os.environ)
    runs = stored_runs(args.out, args.run)
    asked = ask(" ".join(args.question), runs, datetime.now(UTC), model=model)
    if args.json:
        import json

        from evalkit.history.asking import plain

        print(json.dumps(plain(asked), indent=2, ensure_ascii=False))
    else:
        from evalkit.history.printing import print_asked

        print_asked(asked, sys.stdout, queries=args.queries)
    return 0 if asked.known else UNKNOWN


def _grammar() -> int:
    from evalkit.history.grammar import grammar_lines

    print("\n".join(grammar_lines()))
    return 0


COMMAND = Command(
    name="ask",
    summary="answer a question about stored runs",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
    arguments=_arguments,
    action=_action,
)
