"""Which attempts at the same thing are after all at several things.

A request's identity leaves out what names the request (`request_id`, `correlation_id`, …), for that
differs from attempt to attempt. Where an API calls what it is about so, as a `request_id` of a
request for leave, equal identities are several things. Such a value comes from somewhere: the user
said it, or a service or a model did before. One that is drawn for an attempt stands nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl

from evalkit.checks.targets import json_in
from evalkit.journal.logical import LogicalCall
from evalkit.journal.views import CallView, SessionView

_SHORTEST = 3
"""Characters: what is shorter may stand anywhere, as the number of an attempt does."""

_OF_ATTEMPTS = re.compile(r"(?i)retr(y|ies)|attempt|idempoten")


def split(logical: LogicalCall, session: SessionView) -> tuple[LogicalCall, ...]:
    """The call, or the several that it is, each with its attempts."""
    fields = [dict(_fields(call)) for call in logical.attempts]
    names = {name for each in fields for name in each}
    differing = [name for name in names if len({each.get(name) for each in fields}) > 1]
    if not differing:
        return (logical,)
    known = _known(session, logical.first)
    groups: dict[tuple[tuple[str, str], ...], list[CallView]] = {}
    for call, each in zip(logical.attempts, fields, strict=True):
        said = ((name, each[name]) for name in sorted(differing) if name in each)
        key = tuple((name, value) for name, value in said if _stands_in(value, known))
        groups.setdefault(key, []).append(call)
    return tuple(LogicalCall(tuple(calls)) for calls in groups.values())


def _fields(call: CallView) -> Iterator[tuple[str, str]]:
    """The texts and numbers of a request by their places, but for what counts attempts, or makes
    them safe; of its headers those of the application's own.
    """
    started = call.started
    found = [*parse_qsl(started.path.partition("?")[2]), *_leaves(json_in(started.body))]
    found += [each for each in started.headers if each[0].lower().startswith("x-")]
    for name, value in found:
        if len(value) >= _SHORTEST and not _OF_ATTEMPTS.search(name):
            yield name, value


def _leaves(value: Any, place: str = "$") -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            yield from _leaves(each, f"{place}.{name}")
    elif isinstance(value, list):
        for at, each in enumerate(value):
            yield from _leaves(each, f"{place}[{at}]")
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield place, str(value)


def _known(session: SessionView, first: CallView) -> str:
    """What was said in a session until a call began, by the user and by services."""
    at = first.started.at
    said = [turn.started.input for turn in session.turns if turn.started.at <= at]
    said += [
        call.ended.body.decode("utf-8", "replace")
        for call in session.calls
        if call.ended is not None and call.ended.at <= at
    ]
    return "\n".join(said)


def _stands_in(value: str, text: str) -> bool:
    found = value in text and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text)
    return bool(found)
