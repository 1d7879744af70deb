"""From a file's text to its YAML nodes: with limits, and with errors that say what to do.

Nesting is checked on the stream of events, before anything recurses over it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml

from evalkit.suite.problems import Problem
from evalkit.suite.source import Mark, Source

if TYPE_CHECKING:
    from yaml import SafeLoader as _FastLoader
else:
    _FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_DEPTH = 64
"""How deep lists and mappings may be nested."""

BARE_TEMPLATE = 'a template must be put in quotes, like "{{ session.id }}": without them YAML reads'
BARE_TEMPLATE += " the braces as a mapping"

_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*"|'(?:[^']|'')*'""")
_TEMPLATE_FIRST = re.compile(r"(?:^|[:\-,\[{?])\s*\{\{")


class _PlainLoader(_FastLoader):
    """Knows no meaning of a scalar: `evalkit.suite.scalars` tells it."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way


def compose(source: Source) -> tuple[yaml.Node, list[Problem]]:
    """The root node, and mistakes that did not stop the reading. Raises `SuiteError`."""
    try:
        problems = _check_events(source)
        root = yaml.compose(source.text, Loader=_PlainLoader)
    except yaml.MarkedYAMLError as error:
        source.refuse(*_in_plain_words(error, source))
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        source.refuse(Mark(1, 1), f"this is not YAML: {error}")
    if root is None:
        source.refuse(Mark(1, 1), "the file is empty")
    return root, problems


def mark_of(mark: Any) -> Mark:
    """The place of a PyYAML mark."""
    return Mark(1, 1) if mark is None else Mark(mark.line + 1, mark.column + 1)


def _check_events(source: Source) -> list[Problem]:
    problems = []
    depth = documents = 0
    for event in yaml.parse(source.text, Loader=_PlainLoader):
        at = mark_of(event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        if depth > MAX_DEPTH:
            source.refuse(at, f"nested too deep; allowed: {MAX_DEPTH} levels")
        if documents > 1:
            source.refuse(at, "a second document begins here; a file holds one")
        if tag := getattr(event, "tag", None):
            name = tag.replace("tag:yaml.org,2002:", "!!")
            problems.append(source.problem(at, f"the YAML tag {name} is not allowed; remove it"))
    return problems


def _in_plain_words(error: yaml.MarkedYAMLError, source: Source) -> tuple[Mark, str]:
    problem = str(error.problem or "this is not YAML")
    marks = [mark_of(mark) for mark in (error.problem_mark, error.context_mark) if mark]
    for mark in marks:
        if found := _TEMPLATE_FIRST.search(_hide_quoted(source.line(mark.line))):
            return Mark(mark.line, found.end() - 1), BARE_TEMPLATE
    at = marks[0] if marks else Mark(1, 1)
    return at, _explained(problem, error.context, source.line(at.line)[at.column - 1 :])


def _explained(problem: str, context: str | None, rest: str) -> str:
    if rest.startswith("\t"):
        return "a tab; YAML is indented with spaces"
    if "mapping values are not allowed" in problem:
        return 'a text that holds ": " must be put in quotes (or this line is indented wrongly)'
    if "cannot start any token" in problem and rest:
        return f"a text that begins with {rest[0]} must be put in quotes"
    return f"this is not YAML: {problem}{f' ({context})' if context else ''}"


def _hide_quoted(line: str) -> str:
    """The line with all quoted text blotted out, at its length."""
    return _QUOTED.sub(lambda found: "." * len(found[0]), line)
