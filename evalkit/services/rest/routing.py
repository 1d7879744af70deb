"""Which route a request takes.

A route is `METHOD /path`; a segment `{name}` takes any one segment that is not empty. Where several
routes fit, the most specific wins: segments are compared from the left, and a literal one goes
before a parameter. So the order in which routes are written does not matter.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from evalkit.quick import quick

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class RouteError(ValueError):
    """The text is no route."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A route's method and the segments of its path. `text` is how it was written."""

    text: str
    method: str
    segments: tuple[str, ...]
    parameters: tuple[str | None, ...]

    @property
    def path(self) -> str:
        """Its path as written."""
        return "/" + "/".join(self.segments)

    @property
    def shape(self) -> tuple[str, ...]:
        """What it fits, whatever its parameters are called."""
        return (self.method, *self._literals())

    @property
    def order(self) -> tuple[bool, ...]:
        """Sorts the more specific first, among routes of one length."""
        return tuple(name is not None for name in self.parameters)

    @property
    def last_parameter(self) -> str | None:
        """The last of its parameters, where a path says which one is meant."""
        return next((name for name in reversed(self.parameters) if name), None)

    def filled(self, values: Mapping[str, str]) -> str | None:
        """Its path with these values of parameters; None where one is missing."""
        segments = []
        for text, name in zip(self.segments, self.parameters, strict=True):
            if name is not None and name not in values:
                return None
            segments.append(text if name is None else values[name])
        return "/" + "/".join(segments)

    def fit(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The values of its parameters, or None where it does not fit."""
        values = {}
        for segment, own, name in zip(segments, self.segments, self.parameters, strict=True):
            if name is None:
                if segment != own:
                    return None
            elif segment:
                values[name] = segment
            else:
                return None
        return values

    def _literals(self) -> Iterable[str]:
        return (
            "{}" if name else text
            for text, name in zip(self.segments, self.parameters, strict=True)
        )


def parse_route(text: str) -> Pattern:
    """The pattern of `METHOD /path/{parameter}`. Raises `RouteError`."""
    method, _, path = text.partition(" ")
    if method not in METHODS:
        raise RouteError(f"a route begins with a method ({' '.join(METHODS)}), then a path")
    if not path.startswith("/") or any(sign in path for sign in " ?#"):
        raise RouteError("the path of a route begins with `/` and has no blank, `?` or `#`")
    segments = tuple(path[1:].split("/"))
    parameters = tuple(map(_parameter, segments))
    named = [name for name in parameters if name]
    if len(named) != len(set(named)):
        raise RouteError("a parameter stands twice in the path")
    return Pattern(text, method, segments, parameters)


def _parameter(segment: str) -> str | None:
    if found := _PARAMETER.fullmatch(segment):
        return found[1]
    if "{" in segment or "}" in segment:
        raise RouteError(f"`{segment}`: a parameter is a whole segment, written `{{name}}`")
    return None


@quick
@dataclass(frozen=True, slots=True)
class Match:
    """A route that fits, by its place in the list given, and the values of its parameters."""

    index: int
    values: Mapping[str, str]


class Router:
    """Finds the route of a request among those given."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        self._patterns = tuple(patterns)
        self._by_shape: dict[tuple[str, int], list[tuple[int, Pattern]]] = defaultdict(list)
        self._lengths: dict[int, list[Pattern]] = defaultdict(list)
        self._last: tuple[str, str, Match | None] | None = None  # a request is looked up twice
        for index, pattern in sorted(enumerate(self._patterns), key=lambda each: each[1].order):
            self._by_shape[pattern.method, len(pattern.segments)].append((index, pattern))
            self._lengths[len(pattern.segments)].append(pattern)

    def find(self, method: str, path: str) -> Match | None:
        """The most specific route that fits; HEAD takes a GET route where it has none."""
        last = self._last
        if last is not None and last[1] == path and last[0] == method:
            return last[2]
        found = self._found(method, path)
        self._last = method, path, found
        return found

    def _found(self, method: str, path: str) -> Match | None:
        segments = tuple(path[1:].split("/"))
        for index, pattern in self._by_shape.get((method, len(segments)), ()):
            values = pattern.fit(segments)
            if values is not None:
                return Match(index, values)
        return self._found("GET", path) if method == "HEAD" else None

    def methods(self, path: str) -> tuple[str, ...]:
        """The methods that the path knows; none means that no route has it."""
        segments = tuple(path[1:].split("/"))
        fitting = (each for each in self._lengths.get(len(segments), ()))
        found = {each.method for each in fitting if each.fit(segments) is not None}
        if not found:
            return ()
        found |= {"OPTIONS"} | ({"HEAD"} if "GET" in found else set())
        return tuple(method for method in METHODS if method in found)

    def path_of(self, path: str) -> str | None:
        """The path of a route that fits whatever its method, as written."""
        segments = tuple(path[1:].split("/"))
        for pattern in self._lengths.get(len(segments), ()):
            if pattern.fit(segments) is not None:
                return pattern.path
        return None

    def nearest(self, method: str, path: str) -> tuple[Pattern, str]:
        """The route that comes nearest to a request that none fits, and the first difference."""
        segments = tuple(path[1:].split("/"))

        def nearness(pattern: Pattern) -> tuple[float, bool]:
            return _likeness(pattern, segments), pattern.method == method

        nearest = max(self._patterns, key=nearness)
        return nearest, _difference(nearest, method, segments)


def _likeness(pattern: Pattern, segments: tuple[str, ...]) -> float:
    total = 0.0
    for segment, own, name in zip(segments, pattern.segments, pattern.parameters, strict=False):
        total += 1 if name else SequenceMatcher(None, segment[:100], own[:100]).ratio()
    return total / max(len(segments), len(pattern.segments))


def _difference(pattern: Pattern, method: str, segments: tuple[str, ...]) -> str:
    for segment, own, name in zip(segments, pattern.segments, pattern.parameters, strict=False):
        if name is None and segment != own:
            return f"its path has `{own}` where the request has `{segment[:100]}`"
        if name is not None and not segment:
            return f"its `{own}` is empty in the request"
    if len(segments) < len(pattern.segments):
        return f"its path goes on with `/{'/'.join(pattern.segments[len(segments) :])}`"
    if len(segments) > len(pattern.segments):
        rest = "/".join(segments[len(pattern.segments) :])[:100]
        return f"the path of the request goes on with `/{rest}`"
    return f"its method is {pattern.method}, not {method}"
