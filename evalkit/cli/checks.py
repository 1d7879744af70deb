"""`evalkit checks`: what is looked for in every session."""

from __future__ import annotations

from evalkit.cli.listing import listing

_DESCRIPTION = """\
Lists the checks by what they are about: what each looks for in what was recorded, whether what it
finds fails the scenario (violation) or is told only (advice), its settings with their defaults, and
how it is written under `checks:` in a suite."""

_EXAMPLES = """\
  evalkit checks
  evalkit checks | less"""

COMMAND = listing(
    "checks",
    of="check_lines",
    summary="list the checks that look for mistakes of the agent",
    description=_DESCRIPTION,
    examples=_EXAMPLES,
)
