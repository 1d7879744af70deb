"""Puts another Python agent in the place of the one that a suite names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from evalkit.errors import SuiteError, UsageError
from evalkit.suite import Loaded
from evalkit.suite.agent import KINDS
from evalkit.suite.loading import missing
from evalkit.suite.model import Suite
from evalkit.suite.problems import closest


def target_of(given: str) -> str:
    """What a suite in any folder would write for an agent whose file is named from this one.

    Raises `UsageError` where there is no such agent, as far as that can be known without importing
    it: a `package.module:NAME` is looked for when it runs.
    """
    if (wrong := missing(given, Path())) is not None:
        near = closest(wrong.given, wrong.allowed) if wrong.given else None
        guess = f"; did you mean {near}?" if near else ""
        shown = ", ".join(wrong.allowed[:30])
        hint = f"there is {shown}{guess}" if shown else "its file is named from the current folder"
        raise UsageError(f"no agent is {given!r}: {wrong.message}", hint=hint)
    source, _, name = given.rpartition(":")
    return f"{Path(source).resolve()}:{name}" if source.endswith(".py") else given


def with_agent(loaded: Loaded[Suite], target: str) -> Loaded[Suite]:
    """The suite with this Python agent, and all else that it says of its own.

    Raises `SuiteError` where its own is none in Python: what is said of it would mean nothing.
    """
    agent = loaded.value.agent
    if agent.python is None:
        kind = next(each for each in KINDS if getattr(agent, each) is not None)
        message = (
            f"another agent can take the place of a `python` one only, and this is `{kind}`: "
            "what the suite says of it means nothing to an agent in Python"
        )
        raise SuiteError([loaded.problem(("agent", kind), message, at_key=True)])
    other = agent.model_copy(update={"python": target})
    return replace(loaded, value=loaded.value.model_copy(update={"agent": other}))
