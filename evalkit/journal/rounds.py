"""The layers of retries in a logical call.

An SDK that retries by itself counts its requests from 0 (`x-stainless-retry-count`). Where the
count begins anew, whoever calls the SDK has tried again: that is another round. Requests without a
count have no such layer below them: each is a round of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from evalkit.journal.logical import logical_calls
from evalkit.journal.views import CallView

Rounds: TypeAlias = tuple[tuple[CallView, ...], ...]


def rounds(attempts: Sequence[CallView]) -> Rounds:
    """The attempts of a logical call by the round that they were made in."""
    found: list[list[CallView]] = []
    for each in attempts:
        if found and each.started.sdk_retry:
            found[-1].append(each)
        else:
            found.append([each])
    return tuple(map(tuple, found))


def round_numbers(calls: Iterable[CallView]) -> Mapping[int, int]:
    """The number, from 1, of the round that each of a session's calls was made in."""
    return {
        each.call: number
        for logical in logical_calls(calls)
        for number, made in enumerate(rounds(logical.attempts), start=1)
        for each in made
    }


def multiplied(made: Rounds) -> bool:
    """Whether two layers of retries multiply: several rounds, and several requests in one."""
    return len(made) > 1 and any(len(each) > 1 for each in made)
