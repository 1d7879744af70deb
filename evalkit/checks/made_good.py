"""Whether a turn got by another call what one that had failed was to bring."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.checks.conversation import asked_in, conversation_in, name_of_messages
from evalkit.checks.targets import json_in
from evalkit.journal.logical import LogicalCall
from evalkit.journal.records import CONNECT
from evalkit.journal.views import CallView, TurnView

READING = frozenset({"GET", "HEAD"})
"""The methods that change nothing."""

_PROBES = frozenset(
    {
        *("health", "healthz", "healthcheck", "livez", "live", "liveness", "readyz", "ready"),
        *("readiness", "ping", "heartbeat", "up"),
    }
)
"""How paths end that ask whether a service is there."""

_ENOUGH = 8
"""Characters of a body that tell it from others."""


def made_good(logical: LogicalCall, turn: TurnView, models: frozenset[str] = frozenset()) -> bool:
    """Whether the turn got the same by another call: an equal one, perhaps to a replica; one to
    another model; one in which a model was told what was wrong; one that found what had been
    changed all the same; one that carried it along with others; or any, where it only was to show
    whether the service is there, or was refused as a connection: nobody knows what for. Where that
    was to one of the services that are `models`, any of the others may have stood in.
    """
    later = [call for call in turn.calls if _succeeded_since(call, logical.first)]
    if any(_equal(call, logical.first) for call in later):
        return True
    own = [call for call in later if call.service == logical.service]
    if logical.operation == CONNECT:
        return bool(own) or (
            logical.service in models and any(call.service in models for call in later)
        )
    if own and (_is_probe(logical.first) or any(call.effects for call in logical.attempts)):
        return True
    if any(_carries(call, logical.first) for call in own):
        return True
    return any(_goes_on(call, failed) for call in later for failed in logical.attempts)


def _succeeded_since(call: CallView, failed: CallView) -> bool:
    """Whether a call succeeded after another had begun."""
    if call.failed or call.ended is None:
        return False
    return call.call > failed.call or call.ended.at > failed.started.at


def _equal(call: CallView, failed: CallView) -> bool:
    """Whether a call asked the same; of a reading also another service, with the same path."""
    one, other = call.started, failed.started
    if (one.operation, one.identity) != (other.operation, other.identity):
        return False
    replica = one.method in READING and one.path == other.path and not _is_probe(call)
    return one.service == other.service or replica


def _is_probe(call: CallView) -> bool:
    path = call.started.path.partition("?")[0].rstrip("/")
    return call.started.method in READING and path.rpartition("/")[2].lower() in _PROBES


def _carries(call: CallView, failed: CallView) -> bool:
    """Whether a request holds the whole of another's body, as one that does many things at once."""
    body = json_in(failed.started.body) if failed.started.method not in READING else None
    if not isinstance(body, Mapping) or len(json.dumps(body)) < _ENOUGH:
        return False
    whole = json_in(call.started.body)
    return any(body.items() <= each.items() for each in _within(whole))


def _within(value: Any) -> Iterator[Mapping[str, Any]]:
    """The mappings within a JSON value, but not that value itself."""
    items = value.values() if isinstance(value, Mapping) else value
    for each in items if isinstance(value, Mapping | list) else ():
        if isinstance(each, Mapping):
            yield each
        yield from _within(each)


def _goes_on(call: CallView, failed: CallView) -> bool:
    """Whether a model was asked what another call had asked, and perhaps more, or was asked on."""
    asked, before = asked_in(call), asked_in(failed)
    name = name_of_messages(before)
    if not name:
        return False
    conversation, now = before[name], asked.get(name_of_messages(asked))
    if isinstance(now, list) and isinstance(conversation, list):
        if now[: len(conversation)] == conversation:
            return True
    elif now == conversation:
        return True
    if _continues(asked, failed):
        return True
    return bool(asked) and conversation_in(asked).goes_on(conversation_in(before))


def _continues(asked: Mapping[str, Any], failed: CallView) -> bool:
    """Whether a model was asked to go on from its own reply, which it is told by its id."""
    previous = asked.get("previous_response_id")
    replied = b"" if failed.ended is None else failed.ended.body
    return isinstance(previous, str) and previous.encode() in replied
