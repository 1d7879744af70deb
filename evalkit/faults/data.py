"""What the faults of data have in common: they change the JSON of a reply, and nothing else of it.

They act on replies below 400 whose body is a JSON object or list; any other reply stays as it is,
and then the fault is not delivered. Of a JSON-RPC reply, plain or in a stream, they change what its
result says: see `evalkit.faults.tool_data`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import AfterValidator

from evalkit.faults.base import Fault
from evalkit.faults.rpc import changed as changed_responses
from evalkit.faults.tool_data import changed_message
from evalkit.jsonpaths import parsed
from evalkit.keyed import Draw
from evalkit.wire import Reply, Send, Step

Where: TypeAlias = tuple[str | int, ...]
Fits: TypeAlias = Callable[[Where, Any], bool]


def _parses(path: str) -> str:
    parsed(path)
    return path


DataPath: TypeAlias = Annotated[str, AfterValidator(_parses)]
"""A JSONPath expression, as jsonpath-ng reads it."""

PATH = "A JSONPath to what is changed, everything it finds; else one place is drawn"


class DataFault(Fault):
    """A fault of what a reply says. To its client the call succeeded."""

    breaks: ClassVar[bool] = False

    def apply(self, reply: Reply, draw: Draw) -> Reply:
        """The reply with its data changed."""
        if reply.status >= 400:
            return reply
        try:
            value = json.loads(reply.body())
        except (ValueError, RecursionError):
            return changed_responses(reply, lambda each: self._told(each, reply, draw), self.name)
        if not isinstance(value, dict | list):
            return reply
        changed = self._told(value, reply, draw)
        return reply if changed == value else with_json(reply, changed, self.name)

    def _told(self, value: Any, reply: Reply, draw: Draw) -> Any:
        """A body, or a message of a stream, under this fault."""
        if not isinstance(value, dict) or "jsonrpc" not in value:
            return self.changed(value, reply, draw)

        def change(data: Any, told: Reply) -> Any:
            return self.changed(data, told, draw)

        aimed = getattr(self, "path", None) is not None
        return changed_message(value, reply, change, aimed=aimed)

    def changed(self, value: Any, reply: Reply, draw: Draw) -> Any:
        """The data under this fault."""
        raise NotImplementedError


def places(path: str | None, value: Any, fits: Fits, draw: Draw) -> list[Where]:
    """Where to change the data: all that a path finds, else one place that fits, drawn."""
    if path is not None:
        return [where for where in _found(path, value) if fits(where, at(value, where))]
    fitting = [where for where in every_place(value) if fits(where, at(value, where))]
    return [fitting[draw.below(len(fitting), "place")]] if fitting else []


def with_json(reply: Reply, value: Any, fault: str) -> Reply:
    """The reply with another JSON body, whose first other byte, once received, is this fault
    delivered.
    """
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(
        "utf-8", "surrogatepass"
    )
    same = _beginning(reply.body(), body)
    sends: list[Step] = [Send(same)] if same else []
    sends.append(Send(body[len(same) :] or b" ", fault))
    plan: list[Step] = []
    for step in reply.plan:
        if not isinstance(step, Send):
            plan.append(step)
        elif sends:
            plan += sends
            sends = []
    length = str(max(len(body), len(same) + 1))
    headers = tuple(
        (name, length if name == "content-length" else given) for name, given in reply.headers
    )
    return replace(reply, headers=headers, plan=tuple(plan))


def _beginning(one: bytes, other: bytes) -> bytes:
    """What two texts begin with alike."""
    differing = (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return one[: next(differing, min(len(one), len(other)))]


def at(value: Any, where: Where) -> Any:
    """What stands at a place."""
    for step in where:
        value = value[step]
    return value


def put(value: Any, where: Where, change: Callable[[Any], Any]) -> Any:
    """A copy of the value with what stands at a place changed."""
    if not where:
        return change(value)
    step, rest = where[0], where[1:]
    inner = put(value[step], rest, change)
    if isinstance(value, list):
        assert isinstance(step, int)
        return [*value[:step], inner, *value[step + 1 :]]
    return {**value, step: inner}


def edit(value: Any, wheres: Sequence[Where], change: Callable[[Any, str | int], Any]) -> Any:
    """A copy of the value in which the holders of these places are changed, the inner first."""
    for where in sorted(wheres, key=len, reverse=True):
        value = put(value, where[:-1], partial(_call, change, where[-1]))
    return value


def _call(change: Callable[[Any, str | int], Any], name: str | int, holder: Any) -> Any:
    return change(holder, name)


def is_member(where: Where, value: Any) -> bool:
    """Whether a place is a named field."""
    del value
    return bool(where) and isinstance(where[-1], str)


def every_place(value: Any) -> Iterator[Where]:
    """All places of the data, from the outside inwards."""
    start: Where = ()
    if isinstance(value, dict) and "jsonrpc" in value:
        if "result" not in value:
            return
        start = ("result",)
    waiting = [start]
    for where in waiting:
        yield where
        inner = at(value, where)
        if isinstance(inner, dict):
            waiting += [(*where, name) for name in inner]
        elif isinstance(inner, list):
            waiting += [(*where, place) for place in range(len(inner))]


def _found(path: str, value: Any) -> list[Where]:
    try:
        return [_steps(each.full_path) for each in parsed(path).find(value)]
    except (KeyError, IndexError, TypeError, AttributeError):
        return []  # a path may fit other replies than this one


def _steps(path: Any) -> Where:
    if hasattr(path, "left"):
        return (*_steps(path.left), *_steps(path.right))
    if hasattr(path, "fields"):
        return tuple(path.fields)
    return tuple(path.indices) if hasattr(path, "indices") else ()
