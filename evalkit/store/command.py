"""The command that runs something again."""

from __future__ import annotations

import shlex

from evalkit.gate.baseline import Compared


def command_of(
    path: str,
    *,
    seed: int,
    scenario: str | None = None,
    session: str | None = None,
    agent: str | None = None,
    live: bool = False,
    early: bool = False,
    compared: Compared | None = None,
) -> str:
    """The command that runs this again, held against the same as before if it was against any."""
    words = ["evalkit", "run", path]
    words += ["--scenario", scenario] if scenario is not None else []
    words += ["--session", session] if session is not None else []
    words += ["--agent", agent] if agent is not None else []
    words += ["--live"] if live else []
    words += ["--stop-early"] if early else []
    words += held_by(compared) if compared is not None else []
    return shlex.join([*words, "--seed", str(seed)])


def held_by(compared: Compared) -> list[str]:
    """The option of `evalkit run` that holds a run against the same once more."""
    if compared.revision is not None:
        return ["--base", compared.revision]
    return ["--baseline", compared.file or compared.baseline]
