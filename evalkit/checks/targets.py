"""What the settings of checks point at in calls: places of requests, and values at them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, TypeAlias
from urllib.parse import parse_qsl, unquote

from pydantic import AfterValidator

from evalkit.checks.operations import Operation, OperationGlob
from evalkit.journal.records import WEBHOOK, Arrival, CallbackSent
from evalkit.journal.views import CallView, SessionView, TurnView
from evalkit.jsonpaths import at_path
from evalkit.suite.parts import JsonPath, OneOrMany, parses

_PLACE = re.compile(r"path|(query|header)\.[^.\s]\S*")
_EVENT = re.compile(r"^data: ?(.*)$", re.MULTILINE)


def _place(value: str) -> str:
    if value.startswith("$"):
        return parses(value)
    if _PLACE.fullmatch(value):
        return value
    raise ValueError(
        f"{value!r} is no place in a request; allowed: a JSONPath into its body like "
        "$.customer, path (a segment of it), query.NAME, header.NAME"
    )


Operations: TypeAlias = OneOrMany[Operation]
"""One operation or several, as in fault rules."""

Place: TypeAlias = Annotated[str, AfterValidator(_place)]
"""Where in a request: a JSONPath into its body, `path`, `query.NAME` or `header.NAME`."""

Wanted: TypeAlias = Mapping[JsonPath, OneOrMany[Any]]
"""What has to stand at these places of a JSON body: a value, or one of several."""


def of_any(operations: Iterable[OperationGlob], calls: Iterable[CallView]) -> tuple[CallView, ...]:
    """The calls that are of one of these operations, in order."""
    operations = tuple(operations)
    return tuple(call for call in calls if any(each.fits(call) for each in operations))


def tells(operation: OperationGlob) -> bool:
    """Whether what a service tells the agent is meant, not what the agent asks of it."""
    return (operation.glob or "").startswith(WEBHOOK.rstrip())


def told_by(operation: OperationGlob, session: SessionView) -> tuple[CallbackSent, ...]:
    """The webhooks of a session that are of an operation, as `service webhook NAME-GLOB`."""
    return tuple(
        sent
        for sent in session.callbacks
        if operation.names(sent.service, f"{WEBHOOK}{sent.name}") and sent.arrival is Arrival.TAKEN
    )


def json_in(body: bytes | str) -> Any:
    """The JSON value that a body holds, also as the last event of a stream; None where none."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    value = _loads(text)
    if value is None and "data:" in text:
        found = [each for each in map(_loads, _EVENT.findall(text)) if each is not None]
        return found[-1] if found else None
    return value


def json_within(text: str) -> Any:
    """The JSON that a text is, or the object that stands within its prose; None where none does."""
    whole = json_in(text)
    start, end = text.find("{"), text.rfind("}")
    return json_in(text[start : end + 1]) if whole is None and start >= 0 else whole


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def at_place(place: str, call: CallView) -> tuple[Any, ...]:
    """What stands at a place of a request; of its path every segment."""
    started = call.started
    path, _, query = started.path.partition("?")
    if place.startswith("$"):
        return at_path(place, json_in(started.body))
    if place == "path":
        return tuple(unquote(each) for each in path.split("/") if each)
    kind, _, name = place.partition(".")
    if kind == "query":
        return tuple(value for key, value in parse_qsl(query) if key == name)
    return tuple(value for key, value in started.headers if key.lower() == name.lower())


def holds(wanted: Wanted, value: Any) -> bool:
    """Whether a JSON value has at each of these places what is wanted there."""
    return all(
        any(same(one, found) for one in allowed for found in at_path(path, value))
        for path, allowed in wanted.items()
    )


def same(one: Any, other: Any) -> bool:
    """Whether two values are the same, be they written as numbers or as text."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other or (str(one).lower() == str(other).lower() and one is not None)
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other
    if isinstance(one, (int, float, str)) and isinstance(other, (int, float, str)):
        return str(one) == str(other)
    return bool(one == other)


def leaves(value: Any) -> Iterator[Any]:
    """Every value in a JSON value that holds no other, but null."""
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, (list, tuple)):
        for each in value:
            yield from leaves(each)
    elif value is not None:
        yield value


def answered_calls(calls: Iterable[CallView]) -> tuple[CallView, ...]:
    """The calls whose client got a usable reply."""
    return tuple(call for call in calls if call.ended is not None and not call.failed)


def ended_before(call: CallView, at: int) -> bool:
    """Whether a call had ended by a moment of world time."""
    return call.ended is not None and call.ended.at <= at


def turn_end(turn: TurnView, otherwise: int) -> int:
    """When a turn was over."""
    return otherwise if turn.ended is None else turn.ended.at


def shown(value: Any, longest: int = 60) -> str:
    """A value to read."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
