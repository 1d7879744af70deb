"""Asking a service that never waits from code that is no coroutine."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def at_once(answer: Coroutine[Any, Any, T]) -> T:
    """What a coroutine that never waits gives. Raises `RuntimeError` where it waits after all."""
    try:
        answer.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    answer.close()
    raise RuntimeError("a service that says it never waits has waited")
