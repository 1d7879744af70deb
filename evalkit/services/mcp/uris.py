"""URIs of resources, and templates of them: `crm://customers/{id}`.

Of RFC 6570 only the simple form is known: a `{name}` takes one or more characters but no `/`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

_PARAMETER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")


class UriProblem(ValueError):
    """The text is no URI of a resource."""


@dataclass(frozen=True, slots=True)
class UriPattern:
    """A URI or a template of URIs. `text` is how it was written."""

    text: str
    parameters: tuple[str, ...]
    regex: re.Pattern[str]

    def fit(self, uri: str) -> dict[str, str] | None:
        """The values of its parameters, or None where it does not fit."""
        found = self.regex.fullmatch(uri)
        if found is None:
            return None
        return {key: unquote(each) for key, each in found.groupdict().items()}


def parse_uri(text: str) -> UriPattern:
    """The pattern of a URI. Raises `UriProblem`."""
    if not _SCHEME.match(text) or any(sign.isspace() for sign in text):
        raise UriProblem("it begins with a scheme, like crm://customers, and has no blanks")
    names = tuple(_PARAMETER.findall(text))
    rest = _PARAMETER.split(text)[::2]
    if any("{" in each or "}" in each for each in rest):
        raise UriProblem("a parameter is written `{name}`")
    if len(names) != len(set(names)):
        raise UriProblem("a parameter stands twice in it")
    pieces = [re.escape(rest[0])]
    for name, after in zip(names, rest[1:], strict=True):
        pieces += [f"(?P<{name}>[^/]+)", re.escape(after)]
    return UriPattern(text, names, re.compile("".join(pieces)))
