"""What tools answer, compiled: their replies and their effects."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.services.bodies import json_text
from evalkit.services.template import Expression, Template
from evalkit.wire import Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a tool answers. `value` is its JSON or text, as effects see it."""

    content: tuple[Mapping[str, Any], ...] = ()
    structure: Mapping[str, Any] | None = None
    value: Any = None
    failed: bool = False

    def result(self, *, structured: bool) -> dict[str, Any]:
        """The result of `tools/call`; with its structured content where the revision knows it."""
        result: dict[str, Any] = {"content": list(self.content), "isError": self.failed}
        if structured and self.structure is not None:
            result["structuredContent"] = self.structure
        return result


def failed(text: str) -> Said:
    """A tool that failed, and says why."""
    return Said(content=(_block(text),), value=text, failed=True)


def said_of(text: str) -> Said:
    """What an API answered: JSON, or else a text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Said(content=(_block(text),) if text else (), value=text)
    return Said(
        content=(_block(text),), structure=value if isinstance(value, dict) else None, value=value
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledSaid:
    """One reply of a tool; at most one of the four templates is set."""

    condition: Expression | None = None
    json: Template | None = None
    text: Template | None = None
    content: Template | None = None
    error: Template | None = None

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Whether this reply is the one to give. Raises `RenderError`."""
        return self.condition is None or self.condition.holds(variables)

    def render(self, variables: Mapping[str, Any]) -> Said:
        """What is answered. Raises `RenderError`."""
        if self.error is not None:
            return failed(_text(self.error.render(variables)))
        if self.text is not None:
            text = _text(self.text.render(variables))
            return Said(content=(_block(text),), value=text)
        if self.content is not None:
            content = self.content.render(variables)
            return Said(content=tuple(content), value=content)
        if self.json is None:
            return Said()
        value = self.json.render(variables)
        structure = value if isinstance(value, dict) else None
        return Said(content=(_block(json_text(value)),), structure=structure, value=value)

    @property
    def templates(self) -> tuple[Template, ...]:
        """All that it is made of."""
        parts = (self.json, self.text, self.content, self.error)
        return tuple(each for each in parts if each is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledToolEffect:
    """What a tool changes."""

    name: str
    key: tuple[Expression, ...]
    data: Template
    idempotency: Expression | None

    def render(self, variables: Mapping[str, Any], value: Any) -> Effect:
        """The effect. Raises `RenderError`."""
        key = tuple(_text(each.evaluate(variables)) for each in self.key)
        return Effect(name=self.name, key=key, data=self.data.render({**variables, "reply": value}))

    def repetition(self, variables: Mapping[str, Any]) -> str | None:
        """What tells that this was asked before; None without a key. Raises `RenderError`."""
        if self.idempotency is None:
            return None
        given = self.idempotency.evaluate(variables)
        return None if given in (None, "") else _text(given)


def _block(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value)
