"""The responses that a world's service keeps, for requests that go on from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from evalkit.services.bodies import json_reply
from evalkit.services.llm.api import Backend
from evalkit.services.llm.asked import Call
from evalkit.services.llm.openai.errors import RefusedError
from evalkit.services.llm.refusals import short
from evalkit.wire import Reply


@dataclass(frozen=True, slots=True)
class Kept:
    """A response, and all items of its conversation: what was asked and what was answered."""

    body: Mapping[str, Any]
    items: tuple[Any, ...]


@dataclass(slots=True)
class Shelf:
    """All that one world has kept."""

    _kept: dict[str, Kept] = field(default_factory=dict)

    def put(self, kept: Kept) -> None:
        """Keep a response."""
        self._kept[kept.body["id"]] = kept

    def before(self, response_id: str) -> tuple[Any, ...]:
        """The items that a request goes on from. Raises `RefusedError`."""
        if response_id not in self._kept:
            raise RefusedError(
                f"Previous response with id '{short(response_id)}' not found.",
                param="previous_response_id",
                code="previous_response_not_found",
            )
        return self._kept[response_id].items

    def show(self, backend: Backend, call: Call) -> Reply:
        """One response. Raises `RefusedError`."""
        del backend
        return json_reply(dict(self._found(call).body))

    def delete(self, backend: Backend, call: Call) -> Reply:
        """Forget one response. Raises `RefusedError`."""
        del backend
        response_id = self._found(call).body["id"]
        reply = json_reply({"id": response_id, "object": "response", "deleted": True})
        return replace(reply, taken=(lambda: self._forget(response_id),))

    def _forget(self, response_id: str) -> None:
        self._kept.pop(response_id, None)

    def _found(self, call: Call) -> Kept:
        response_id = call.place["response"]
        if response_id not in self._kept:
            raise RefusedError(f"Response with id '{short(response_id)}' not found.", status=404)
        return self._kept[response_id]
