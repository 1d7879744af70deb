"""Reads suites from texts, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeVar

import pytest

from evalkit.errors import SuiteError
from evalkit.suite import Loaded, Problem, read_model
from evalkit.suite.model import Suite

T = TypeVar("T")

HEAD = """\
suite: loan
agent: {python: "agent.py:loan"}
services: {llm: {use: openai.yaml}}
sessions: {from: payloads.jsonl}
scenarios:
  happy: {}
"""


def read(text: str | bytes, model: type[Any] = Suite) -> Loaded[Any]:
    """The model in a text."""
    data = text if isinstance(text, bytes) else dedent(text).encode()
    return read_model(data, Path("x.eval.yaml"), model)


def attempt(call: Callable[[], T]) -> tuple[T | None, tuple[Problem, ...]]:
    """What a call gives, or the problems that it raises; any other error is the test's."""
    try:
        return call(), ()
    except SuiteError as error:
        assert error.problems, "an error without a problem"  # noqa: PT017
        return None, error.problems


def problems(text: str | bytes, model: type[Any] = Suite) -> tuple[Problem, ...]:
    """What is wrong with a text."""
    with pytest.raises(SuiteError) as caught:
        read(text, model)
    return caught.value.problems


def problem(text: str | bytes, model: type[Any] = Suite) -> Problem:
    """The one thing that is wrong with a text."""
    found = problems(text, model)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]
