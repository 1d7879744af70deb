"""The webhooks that follow from a call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from evalkit.services.webhooks.compiled import CompiledWebhook
from evalkit.wire import Callback, Reply, Request


def with_callbacks(
    reply: Reply,
    webhooks: Sequence[CompiledWebhook],
    variables: Mapping[str, Any],
    request: Request,
    *,
    ready: int,
    over: int | None,
    view: Callable[[int], Mapping[str, Any]] = lambda _: {},
) -> Reply:
    """The reply with what it makes the service tell the agent later. An error makes it tell
    nothing. Raises `RenderError`.

    `ready` is the world time of the reply in nanoseconds; `over` that of the end of the work that
    it began, None where that never ends. `view` gives what templates see of the work at a time.
    """
    if not webhooks or reply.status >= 400:
        return reply
    variables = {**variables, "reply": _value(reply)}
    callbacks = _caused(webhooks, variables, request, ready, over, view)
    return replace(reply, callbacks=tuple(callbacks))


def _caused(
    webhooks: Sequence[CompiledWebhook],
    variables: Mapping[str, Any],
    request: Request,
    ready: int,
    over: int | None,
    view: Callable[[int], Mapping[str, Any]],
) -> Iterator[Callback]:
    for each in webhooks:
        moment = over
        if each.after is not None:
            moment = ready + each.after.sample(request.draw.at("webhook", each.name))
        if moment is None:
            continue
        seen = {**variables, **view(moment)}
        caused = each.caused(seen, request.draw, moment - request.at)
        if caused is not None:
            yield caused


def _value(reply: Reply) -> Any:
    """The JSON of a reply; None where it is none."""
    with suppress(ValueError):
        return json.loads(reply.body())
    return None
