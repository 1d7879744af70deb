"""The conditions of a rule, each with the words that say why it does not hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import translate
from typing import TypeAlias

from evalkit.services.llm.conversation import Conversation
from evalkit.services.llm.model import Conditions

_Test: TypeAlias = Callable[[Conversation], bool]
_Seen: TypeAlias = Callable[[Conversation], object]
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition: what it wants, whether that holds, and what there is instead. `of_header` says
    that it asks for a header of the request.
    """

    wants: str
    holds: _Test
    seen: _Seen
    of_header: bool = False

    def differs(self, conversation: Conversation) -> str:
        """What it wants and what there is instead, in few words."""
        seen = " ".join(str(self.seen(conversation)).split())
        shown = seen if len(seen) <= _SHOWN else f"{seen[: _SHOWN - 1]}…"
        return f"{self.wants} where there is `{shown}`"


def conditions_of(when: Conditions) -> tuple[Condition, ...]:
    """The conditions that are given, the cheap ones first."""
    return tuple(_conditions(when))


def _conditions(when: Conditions) -> Iterator[Condition]:
    if (role := when.last) is not None:
        yield Condition(f"`last: {role}`", lambda c: _last_role(c) == role, _last_role)
    if (turn := when.turn) is not None:
        yield Condition(f"`turn: {turn}`", lambda c: c.turns == turn, lambda c: c.turns)
    if (tool := when.tool) is not None:
        yield Condition(f"`tool: {tool}`", lambda c: c.result_of == tool, _result_of)
    if (offered := when.offers) is not None:
        yield Condition(f"`offers: {offered}`", lambda c: offered in c.tools, _offered)
    if when.model is not None:
        glob = re.compile(translate(when.model)).match
        yield Condition(f"`model: {when.model}`", lambda c: bool(glob(c.model)), lambda c: c.model)
    if when.system is not None:
        found = re.compile(when.system).search
        yield Condition(
            f"`system: {when.system}`", lambda c: bool(found(c.system)), lambda c: c.system
        )
    if when.text is not None:
        yield _text_condition(when.text)
    yield from _media_conditions(when)
    for name, pattern in when.header.items():
        yield _header_condition(name, pattern)


def _media_conditions(when: Conditions) -> Iterator[Condition]:
    if (form := when.format) is not None:
        shape = re.compile(translate(form)).match
        yield Condition(f"`format: {form}`", lambda c: bool(shape(_format(c))), _format)
    if (images := when.images) is not None:
        wants = f"`images: {str(images).lower()}`"
        yield Condition(wants, lambda c: bool(c.images) is images, lambda c: f"{c.images} images")
    if (files := when.files) is not None:
        wants = f"`files: {str(files).lower()}`"
        yield Condition(wants, lambda c: bool(c.files) is files, lambda c: f"{c.files} files")


def _text_condition(pattern: str) -> Condition:
    found = re.compile(pattern).search
    return Condition(
        f"`text: {pattern}`", lambda c: c.user is not None and bool(found(c.user)), _user
    )


def _header_condition(name: str, pattern: str) -> Condition:
    found = re.compile(pattern).search
    return Condition(
        f"`header: {{{name}: {pattern}}}`",
        lambda c: (value := c.header(name)) is not None and bool(found(value)),
        lambda c: f"no header {name}" if c.header(name) is None else c.header(name),
        of_header=True,
    )


def _last_role(conversation: Conversation) -> str:
    return "no message" if conversation.last is None else conversation.last.role


def _result_of(conversation: Conversation) -> str:
    return conversation.result_of or "no result of a tool"


def _offered(conversation: Conversation) -> str:
    return ", ".join(conversation.tools) or "no tools"


def _format(conversation: Conversation) -> str:
    return "text" if conversation.format is None else conversation.format.name


def _user(conversation: Conversation) -> str:
    return "no message of the user" if conversation.user is None else conversation.user
