"""Places in a stream: after so many of its events, or of its tokens.

A token is an event that holds something of what a model says; an event ends with an empty line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from evalkit.wire import Reply, Send, Speech

_END_OF_EVENT = re.compile(rb"\r\n\r\n|\n\n|\r\r")


def bytes_of_tokens(reply: Reply, speech: Speech, count: int) -> int | None:
    """How many bytes of the body are out with so many tokens; None where there are fewer, or all
    come in one piece.
    """
    if not speech.streams:
        return None
    places = list(_after_tokens(reply, speech))
    if count == 0:
        return places[0][0] if places else None
    return places[count - 1][1] if count <= len(places) else None


def said_in(reply: Reply, speech: Speech) -> int:
    """How many tokens a stream has."""
    return sum(1 for _ in _after_tokens(reply, speech))


def bytes_of_events(reply: Reply, count: int) -> int | None:
    """How many bytes of the body are out with so many events; None where there are fewer."""
    ends = [found.end() for found in _END_OF_EVENT.finditer(reply.body())]
    if count == 0:
        return 0 if ends else None
    return ends[count - 1] if count <= len(ends) else None


def _after_tokens(reply: Reply, speech: Speech) -> Iterator[tuple[int, int]]:
    """Where each event that holds a token begins and ends."""
    place = 0
    for step in reply.plan:
        if isinstance(step, Send):
            begun, place = place, place + len(step.data)
            if speech.says(step.data):
                yield begun, place
