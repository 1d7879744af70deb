"""The command that runs something again."""

from __future__ import annotations

import shlex


def command_of(
    path: str,
    *,
    seed: int,
    scenario: str | None = None,
    session: str | None = None,
    live: bool = False,
    early: bool = False,
    base: str | None = None,
) -> str:
    """The command that runs this again, held against the commit `base` if there is one."""
    words = ["evalkit", "run", path]
    words += ["--scenario", scenario] if scenario is not None else []
    words += ["--session", session] if session is not None else []
    words += ["--live"] if live else []
    words += ["--stop-early"] if early else []
    words += ["--base", base] if base is not None else []
    return shlex.join([*words, "--seed", str(seed)])
