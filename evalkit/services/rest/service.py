"""The REST service: what it answers to a request."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from evalkit.services.attribution import unattributed
from evalkit.services.base import DEFAULT_STARTS_AT_NS
from evalkit.services.bodies import BodyError, json_reply
from evalkit.services.rest.compiled import CompiledRest, CompiledRoute
from evalkit.services.rest.idempotency import IdempotencyKeys
from evalkit.services.rest.replies import allow_header
from evalkit.services.rest.routing import Match
from evalkit.services.rest.variables import variables_of
from evalkit.services.template import RenderError, rendering
from evalkit.wire import Head, Reply, Request


class RestService:
    """A service of routes, behaving as a good API does.

    What no route takes is answered 404, a method that the path does not know 405, a body that
    cannot be read 400 (where something needs it), an idempotency key used for something else 422.
    What the definition itself cannot answer is a 500 with a complaint.
    """

    kind = "rest"
    waits = False

    def __init__(
        self, name: str, rest: CompiledRest, *, starts_at_ns: int = DEFAULT_STARTS_AT_NS
    ) -> None:
        self.name = name
        self.hosts = rest.hosts
        self._rest = rest
        self._starts_at_ns = starts_at_ns
        self._keys = IdempotencyKeys()

    def operation(self, request: Request) -> str:
        """The route: `GET /customers/{id}`; `METHOD path` where none takes the request."""
        match = self._rest.router.find(request.method, request.path)
        if match is None:
            path = self._rest.router.path_of(request.path) or request.path
        else:
            path = self._rest.routes[match.index].pattern.path
        return f"{request.method} {path}"

    async def handle(self, request: Request) -> Reply:
        """The healthy reply, after the latency of its route."""
        match = self._rest.router.find(request.method, request.path)
        if match is None:
            return self._delayed(self._unrouted(request), request, None)
        route = self._rest.routes[match.index]
        return self._delayed(self._once(route, match, request), request, route)

    def committed(self, request: Request) -> None:
        """The effect of the reply to this request was committed."""
        match = self._rest.router.find(request.method, request.path)
        if match is None:
            return
        route = self._rest.routes[match.index]
        key = _idempotency_key(route, request)
        if key is not None:
            self._keys.commit(route.pattern.text, key)

    def _delayed(self, reply: Reply, request: Request, route: CompiledRoute | None) -> Reply:
        own = None if route is None else route.latency
        latency = own or self._rest.latency
        return reply if latency is None else reply.after(latency.sample(request.draw))

    def _once(self, route: CompiledRoute, match: Match, request: Request) -> Reply:
        """The reply of a route, or what was replied before to the same idempotency key."""
        key = _idempotency_key(route, request)
        if key is None:
            return self._answered(route, match, request)
        text = route.pattern.text
        before = self._keys.answer(text, key, request)
        if before is not None:
            return replace(before, route=text)
        reply = self._answered(route, match, request)
        if reply.effects:
            self._keys.offer(text, key, request, reply)
        return reply

    def _answered(self, route: CompiledRoute, match: Match, request: Request) -> Reply:
        text = route.pattern.text
        try:
            variables = variables_of(request, match.values, route.names, self._starts_at_ns)
            with rendering(variables):
                return _rendered(route, variables)
        except BodyError as error:
            reply = _error(error.status, "bad_request", error.message)
        except RenderError as error:
            unknown = unattributed(request.caller)
            complaint = f"`{text}` could not be answered: {error}{unknown}"
            return _error(500, "mock_failed", complaint, complaint)
        return replace(reply, route=text)

    def _unrouted(self, request: Request) -> Reply:
        """The reply to what no route takes."""
        router, method, path = self._rest.router, request.method, request.path
        methods = router.methods(path)
        if not methods:
            nearest, difference = router.nearest(method, path)
            complaint = (
                f"no route for `{method} {path[:200]}`; the nearest is `{nearest.text}`: "
                f"{difference}"
            )
            return _error(404, "not_found", complaint, complaint)
        allow = allow_header(methods)
        if method == "OPTIONS":
            return Reply(status=204, headers=allow, plan=(Head(),), route=f"OPTIONS {path}")
        complaint = f"`{router.path_of(path)}` knows {', '.join(methods)}, not {method}"
        reply = _error(405, "method_not_allowed", complaint, complaint)
        return replace(reply, headers=(*reply.headers, *allow))


def _rendered(route: CompiledRoute, variables: dict[str, Any]) -> Reply:
    """The first reply whose condition holds, with its effect. Raises `RenderError`."""
    chosen = next((each for each in route.replies if each.holds(variables)), None)
    if chosen is None:
        raise RenderError("the condition of none of its replies holds")
    return chosen.render(variables, route=route.pattern.text, effect=route.effect)


def _idempotency_key(route: CompiledRoute, request: Request) -> str | None:
    if route.effect is None or route.effect.idempotency is None:
        return None
    return request.header(route.effect.idempotency) or None


def _error(status: int, error: str, message: str, complaint: str | None = None) -> Reply:
    reply = json_reply({"error": error, "message": message}, status=status)
    return replace(reply, complaint=complaint)
