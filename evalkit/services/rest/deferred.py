"""What a route does with a job or a queue, compiled from how it is written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from evalkit.services.compiling import Compiler
from evalkit.services.jobs.compiled import CompiledJob
from evalkit.services.rest.deferring import Deferral, Verb
from evalkit.services.rest.model import RoutePart
from evalkit.services.rest.routing import Pattern, RouteError, parse_route
from evalkit.services.template import Where
from evalkit.services.webhooks.compiled import CompiledWebhook, compile_webhook

_KINDS: Mapping[Verb, tuple[str, ...]] = {
    "start": ("job",),
    "put": ("task",),
    "poll": ("job", "task"),
}
_DECLARED = {"job": "`jobs`", "task": "`queues`"}


def compile_deferral(
    where: Where,
    part: RoutePart,
    pattern: Pattern | None,
    jobs: Mapping[str, CompiledJob],
    polls: Mapping[str, Pattern],
    messages: Collection[str],
    compiler: Compiler,
) -> Deferral | None:
    """What a route does with a job or a queue, if it does. Its mistakes are left with the compiler.

    `polls` are the routes that read the state of a job or task, by its name; `messages` are the
    queues that are none of people.
    """
    for verb, name in part.deferrals:
        allowed = [each for each, job in jobs.items() if job.kind in _KINDS[verb]]
        if name not in allowed:
            allowed += [] if verb == "start" else messages
            place = " or ".join(_DECLARED[kind] for kind in _KINDS[verb])
            known = "" if allowed else f"; declare it in {place}"
            message = f"there is nothing called `{name}` to {verb}{known}"
            compiler.refuse((*where, verb), message, allowed=allowed, given=name)
            return None
        polled = pattern if verb == "poll" else polls.get(name)
        parameter = None if polled is None else polled.last_parameter
        if verb == "poll" and pattern is not None and parameter is None:
            message = f"`poll` needs the id in the path, like `/{name}/{{id}}`"
            compiler.refuse((*where, verb), message)
        return Deferral(verb=verb, job=jobs[name], parameter=parameter, polled=polled)
    return None


def polling_routes(routes: Mapping[str, Any]) -> Mapping[str, Pattern]:
    """The first route that polls each job or queue, by its name."""
    found: dict[str, Pattern] = {}
    for text, part in routes.items():
        if part.poll is None or part.poll in found:
            continue
        try:
            found[part.poll] = parse_route(text)
        except RouteError:  # said where the route is compiled
            continue
    return found


def compile_webhooks(
    where: Where, part: RoutePart, route: str, names: Sequence[str], compiler: Compiler
) -> tuple[CompiledWebhook, ...]:
    """The webhooks of a route. Their mistakes are left with the compiler."""
    compiled = []
    taken: set[str] = set()
    for at, each in enumerate(part.webhook):
        place: Where = (*where, "webhook") if len(part.webhook) == 1 else (*where, "webhook", at)
        webhook = compile_webhook(place, each, route, names, compiler)
        if webhook.name in taken:
            message = f"another webhook of the route is called `{webhook.name}`; give each a `name`"
            compiler.refuse((*place, "to"), message)
        taken.add(webhook.name)
        compiled.append(webhook)
    return tuple(compiled)
