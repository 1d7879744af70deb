"""The replies and effects of a route, compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.services.bodies import json_bytes, json_text
from evalkit.services.rest.idempotency import Idempotency
from evalkit.services.template import Expression, RenderError, Template
from evalkit.wire import Effect, Head, Headers, Reply, Send

_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
_BODILESS = (204, 304)
_HEAD = Head()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledReply:
    """One reply of a route. `json` or `text` makes the body, or neither."""

    condition: Expression | None
    status: int
    headers: Template
    json: Template | None
    text: Template | None

    def holds(self, variables: Mapping[str, Any]) -> bool:
        """Whether this reply is the one to give. Raises `RenderError`."""
        return self.condition is None or self.condition.holds(variables)

    def render(
        self, variables: Mapping[str, Any], *, route: str, effect: CompiledEffect | None
    ) -> Reply:
        """The reply, with the effect if it is a success. Raises `RenderError`."""
        value, body, kind = None, b"", None
        if self.json is not None:
            value = self.json.render(variables)
            body, kind = json_bytes(value), "application/json"
        elif self.text is not None:
            value = self.text.render(variables)
            body, kind = str(value).encode("utf-8", "replace"), "text/plain; charset=utf-8"
        effects = () if effect is None or self.status >= 400 else (effect.render(variables, value),)
        headers = self._headers(body, kind, self.headers.render(variables))
        plan = (_HEAD, Send(body)) if body and self.status not in _BODILESS else (_HEAD,)
        return Reply(status=self.status, headers=headers, plan=plan, effects=effects, route=route)

    def _headers(self, body: bytes, kind: str | None, given: Mapping[str, Any]) -> Headers:
        if not given and kind is not None and self.status not in _BODILESS:
            return (("content-type", kind), ("content-length", str(len(body))))
        headers: dict[str, str] = {} if kind is None else {"content-type": kind}
        if self.status in _BODILESS:
            headers = {}
        else:
            headers["content-length"] = str(len(body))
        headers |= {name: _header(name, value) for name, value in given.items()}
        return tuple(headers.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledEffect:
    """What a route changes when it answers with success."""

    name: str
    key: tuple[Expression, ...]
    data: Template
    idempotency: Idempotency | None

    def render(self, variables: Mapping[str, Any], reply: Any) -> Effect:
        """The effect. Raises `RenderError`."""
        key = tuple(_text(each.evaluate(variables)) for each in self.key)
        data = self.data.render({**variables, "reply": reply})
        return Effect(name=self.name, key=key, data=data)


def allow_header(methods: tuple[str, ...]) -> Headers:
    """The Allow header of a path."""
    return (("allow", ", ".join(methods)),)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value)


def _header(name: str, value: Any) -> str:
    text = _text(value)
    if not _HEADER_VALUE.fullmatch(text):
        raise RenderError(f"the value of the header `{name}` has characters that none may have")
    return text
