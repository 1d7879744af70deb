"""Writes an agent beside a suite and opens it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

from evalkit.agents import Agent, Session, Turn, open_agent
from evalkit.suite import model


def turn(text: str = "hi", number: int = 1, **values: Any) -> Turn:
    """A turn of session s-1 with these variables."""
    return Turn(input=text, number=number, session=Session(id="s-1", vars=values))


def write(folder: Path, **files: str) -> None:
    """Python files of these names; `__` in a name stands for a folder."""
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")


@asynccontextmanager
async def opened(folder: Path, **settings: Any) -> AsyncIterator[Agent]:
    """The agent of these settings."""
    async with open_agent(model.Agent.model_validate(settings), folder) as agent:
        yield agent
