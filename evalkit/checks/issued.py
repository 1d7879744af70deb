"""Credentials that a service issued to one session, and who used them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from evalkit.checks.operations import OperationGlob
from evalkit.checks.targets import json_in, leaves, of_any
from evalkit.journal.views import CallView, SessionView

_LONG_ENOUGH = 8
"""Characters: what is shorter is no credential."""


class Issued:
    """What the operations that give credentials gave to which sessions."""

    def __init__(self, by: Sequence[OperationGlob], sessions: Iterable[SessionView]) -> None:
        self._owners: dict[str, set[str]] = defaultdict(set)
        for session in sessions if by else ():
            for call in of_any(by, session.calls):
                for token in _given(call):
                    self._owners[token].add(session.id)

    def borrowed(self, session: SessionView) -> Mapping[str, tuple[int, ...]]:
        """The sessions whose credentials a session used, each with the calls that show it."""
        found: dict[str, list[int]] = defaultdict(list)
        for call in session.calls if self._owners else ():
            for token in _shown(call) & self._owners.keys():
                if session.id not in self._owners[token]:
                    found[min(self._owners[token])].append(call.call)
        return {owner: tuple(dict.fromkeys(calls)) for owner, calls in found.items()}


def _given(call: CallView) -> Iterator[str]:
    """The texts in a reply under names like `access_token`."""
    body = None if call.ended is None or call.failed else json_in(call.ended.body)
    for name, value in _fields(body):
        if "token" in name.lower() and isinstance(value, str) and len(value) >= _LONG_ENOUGH:
            yield value


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield str(name), each
            yield from _fields(each)


def _shown(call: CallView) -> set[str]:
    """The words of the headers of a request, and the fields of its body."""
    words = {word for _, value in call.started.headers for word in value.split()}
    body = call.started.body.decode("utf-8", "replace")
    value = json_in(body) if body.lstrip().startswith("{") else dict(parse_qsl(body))
    return words | {each for each in leaves(value) if isinstance(each, str)}
