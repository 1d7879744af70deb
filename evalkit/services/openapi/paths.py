"""The paths of a contract. A parameter may be a part of a segment: `/files/{name}.json`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evalkit.services.rest.routing import METHODS, Pattern

_PARAMETER = re.compile(r"\{([^{}/]+)\}")


class PathError(ValueError):
    """The text is no path of a contract."""


@dataclass(frozen=True, slots=True)
class PathPattern(Pattern):
    """A method and a path whose segments can hold parameters, each matched by an expression."""

    expressions: tuple[re.Pattern[str] | None, ...] = ()
    names: tuple[tuple[str, ...], ...] = ()

    def fit(self, segments: tuple[str, ...]) -> dict[str, str] | None:
        """The values of its parameters, or None where it does not fit."""
        values: dict[str, str] = {}
        for place, segment in enumerate(segments):
            expression = self.expressions[place]
            if expression is None:
                if segment != self.segments[place]:
                    return None
                continue
            found = expression.fullmatch(segment)
            if found is None:
                return None
            values.update(zip(self.names[place], found.groups(), strict=True))
        return values


def parse_path(method: str, path: str) -> PathPattern:
    """The pattern of a path in a contract. Raises `PathError`."""
    if method not in METHODS:
        raise PathError(f"{method} is not served; allowed: {', '.join(METHODS)}")
    if not path.startswith("/"):
        raise PathError("a path begins with `/`")
    segments = tuple(path[1:].split("/"))
    names = tuple(tuple(_PARAMETER.findall(segment)) for segment in segments)
    flat = [name for each in names for name in each]
    if len(flat) != len(set(flat)):
        raise PathError("a parameter stands twice in the path")
    return PathPattern(
        text=f"{method} {path}",
        method=method,
        segments=segments,
        parameters=tuple(each[0] if each else None for each in names),
        expressions=tuple(_expression(segment) for segment in segments),
        names=names,
    )


def _expression(segment: str) -> re.Pattern[str] | None:
    literal = _PARAMETER.split(segment)[::2]
    if len(literal) == 1:
        if "{" in segment or "}" in segment:
            raise PathError(f"`{segment}` has a brace without its other")
        return None
    if "" in literal[1:-1]:
        raise PathError(f"`{segment}`: nothing stands between two parameters")
    # A parameter ends where what follows begins, so that no text takes long to be matched.
    groups = [f"([^/{re.escape(each[0])}]+)" for each in literal[1:-1]] + ["([^/]+)"]
    text = "".join(group + re.escape(each) for group, each in zip(groups, literal[1:], strict=True))
    return re.compile(re.escape(literal[0]) + text)
