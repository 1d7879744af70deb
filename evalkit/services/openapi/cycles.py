"""Finds what leads back to itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet


def endless(following: Sequence[AbstractSet[int]]) -> Iterator[int]:
    """The places that a way leads back to, one for each way round. `following` holds the places
    that each place leads to.
    """
    done: set[int] = set()
    for start in range(len(following)):
        yield from _from(start, following, done)


def _from(start: int, following: Sequence[AbstractSet[int]], done: set[int]) -> Iterator[int]:
    if start in done:
        return
    path = [(start, iter(sorted(following[start])))]
    on_path = {start}
    while path:
        place, ahead = path[-1]
        other = next(ahead, None)
        if other is None:
            path.pop()
            on_path.discard(place)
            done.add(place)
        elif other in on_path:
            yield other
        elif other not in done:
            on_path.add(other)
            path.append((other, iter(sorted(following[other]))))
