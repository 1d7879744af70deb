"""Webhooks made ready to send: their templates compiled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evalkit.keyed import Draw
from evalkit.latency import Latency
from evalkit.services.bodies import json_bytes
from evalkit.services.compiling import Compiler
from evalkit.services.template import Expression, Template, Where
from evalkit.services.webhooks.model import SignPart, WebhookPart
from evalkit.services.webhooks.signing import signer
from evalkit.wire import Callback, Headers

ADDED = ("webhook", "reply")
"""The variables that a webhook's templates have beside those of the request: its `id`, and the
JSON of the reply.
"""

_MASK = (1 << 96) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledWebhook:
    """One webhook of a route. `parts` holds all of its templates."""

    name: str
    condition: Expression | None
    parts: Template
    has_json: bool
    after: Latency | None
    sign: SignPart | None
    timeout: int
    retries: tuple[int, ...]

    @property
    def names(self) -> frozenset[str]:
        """The variables that it uses."""
        names = self.parts.names | (self.condition.names if self.condition else frozenset())
        return names.difference(ADDED)

    def caused(self, variables: Mapping[str, Any], draw: Draw, wait: int) -> Callback | None:
        """The callback that follows from a call, `wait` nanoseconds after it arrived; None where
        its condition does not hold or its URL is empty. Raises `RenderError`.
        """
        id_ = f"evt_{draw.at('webhook', self.name).seed('id') & _MASK:024x}"
        variables = {**variables, "webhook": {"id": id_}}
        if self.condition is not None and not self.condition.holds(variables):
            return None
        parts = self.parts.render(variables)
        if parts["to"] in (None, ""):
            return None
        headers = {name.lower(): str(value) for name, value in parts["headers"].items()}
        if self.has_json:
            headers = {"content-type": "application/json", **headers}
        return Callback(
            name=self.name,
            id=id_,
            url=str(parts["to"]),
            headers=tuple(headers.items()),
            body=json_bytes(parts["json"]) if self.has_json else b"",
            after=wait,
            timeout=self.timeout,
            retries=self.retries,
            signed=self._signer(parts["sign"]["secret"], id_),
        )

    def _signer(self, secret: Any, id_: str) -> Callable[[bytes, int], Headers] | None:
        if self.sign is None:
            return None
        return signer(
            self.sign.style,
            algorithm=self.sign.algorithm,
            header=self.sign.header,
            secret=str(secret),
            id_=id_,
        )


def compile_webhook(
    where: Where, part: WebhookPart, route: str, names: Sequence[str], compiler: Compiler
) -> CompiledWebhook:
    """The webhook of a route, whose requests bring the variables `names`. Mistakes are left with
    the compiler.
    """
    sees = (*names, *ADDED)
    condition = None
    if part.condition is not None:
        condition = compiler.expression((*where, "if"), part.condition, sees)
    parts = {
        "to": part.to,
        "headers": dict(part.headers),
        "json": part.body,
        "sign": {"secret": None if part.sign is None else part.sign.secret},
    }
    if part.sign is not None and part.sign.style == "standard" and _sets_what_is_fixed(part.sign):
        message = "Standard Webhooks fix the header and the algorithm; leave them out"
        compiler.refuse((*where, "sign", "style"), message)
    return CompiledWebhook(
        name=part.name or route,
        condition=condition,
        parts=compiler.value(where, parts, sees),
        has_json="body" in part.model_fields_set,
        after=part.after,
        sign=part.sign,
        timeout=part.timeout,
        retries=part.retries,
    )


def _sets_what_is_fixed(sign: SignPart) -> bool:
    return bool({"header", "algorithm"} & sign.model_fields_set)
