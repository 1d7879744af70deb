"""The REST service: what it answers to a request."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from evalkit.services.attribution import unattributed
from evalkit.services.auth.desk import AuthDesk
from evalkit.services.base import DEFAULT_STARTS_AT_NS
from evalkit.services.bodies import BodyError, json_reply
from evalkit.services.jobs.board import Board
from evalkit.services.queues.compiled import Lines
from evalkit.services.rest.compiled import CompiledRest, CompiledRoute
from evalkit.services.rest.consuming import Consumption, consume
from evalkit.services.rest.deferring import STATUSES, Deferral, Deferred, defer, effects_of
from evalkit.services.rest.idempotency import IdempotencyKeys
from evalkit.services.rest.operations import Done, RefusedError, made_by, perform, with_change
from evalkit.services.rest.replies import allow_header
from evalkit.services.rest.routing import Match
from evalkit.services.rest.telling import with_callbacks
from evalkit.services.rest.variables import variables_of
from evalkit.services.state.stores import Stores
from evalkit.services.template import RenderError, rendering
from evalkit.wire import Head, Reply, Request


class RestService:
    """A service of routes, behaving as a good API does.

    What no route takes is answered 404, as is a record that is not there, a method that the path
    does not know 405, a body that cannot be read 400 (where something needs it), a record that
    is there already 409, an idempotency key used for something else 422. What the definition itself
    cannot answer is a 500 with a complaint.
    """

    kind = "rest"
    waits = False

    def __init__(
        self,
        name: str,
        rest: CompiledRest,
        *,
        starts_at_ns: int = DEFAULT_STARTS_AT_NS,
        unworded: Callable[[Request], Reply] | None = None,
    ) -> None:
        """`unworded` makes the reply of a route that words none, and may raise `RenderError`."""
        self.name = name
        self.hosts = rest.hosts
        self._unworded = unworded
        self._rest = rest
        self._paths = [each.pattern.path for each in rest.routes]
        self._starts_at_ns = starts_at_ns
        self._keys = IdempotencyKeys()
        self._stores = Stores(rest.stores)
        self._lines = Lines(rest.queues)
        self._board = Board()
        self._auth = None if rest.auth is None else AuthDesk(rest.auth, starts_at_ns)

    def forget(self, sessions: Collection[str]) -> None:
        """Nothing of these sessions comes any more: what is theirs alone goes."""
        self._keys.forget(sessions)
        self._stores.forget(sessions)
        self._lines.forget(sessions)

    def operation(self, request: Request) -> str:
        """The route: `GET /customers/{id}`; `METHOD path` where none takes the request."""
        match = self._rest.router.find(request.method, request.path)
        if match is None:
            path = self._rest.router.path_of(request.path) or request.path
        else:
            path = self._paths[match.index]
        return f"{request.method} {path}"

    async def handle(self, request: Request) -> Reply:
        """The healthy reply, after the latency of its route."""
        return self.answer(request)

    def answer(self, request: Request) -> Reply:
        """The same at once: nothing is waited for."""
        match = self._rest.router.find(request.method, request.path)
        route = None if match is None else self._rest.routes[match.index]
        wait = self._wait(route, request)
        if self._auth is not None and (own := self._auth.own(request)) is not None:
            return replace(own, route=self.operation(request)).after(wait)
        if match is None or route is None:
            return self._unrouted(request).after(wait)
        reply = self._admitted(route, match, request, wait)
        return reply.after(wait) if wait else reply

    def _wait(self, route: CompiledRoute | None, request: Request) -> int:
        own = None if route is None else route.latency
        latency = own or self._rest.latency
        return 0 if latency is None else latency.sample(request.draw)

    def _admitted(self, route: CompiledRoute, match: Match, request: Request, wait: int) -> Reply:
        """The reply of a route to whoever may ask for it."""
        if self._auth is None or route.public:
            return self._once(route, match, request, wait)
        answer = partial(self._once, route, match, request, wait)
        reply = self._auth.admit(request, route.scopes, answer)
        return replace(reply, route=route.pattern.text)

    def _once(self, route: CompiledRoute, match: Match, request: Request, wait: int) -> Reply:
        """The reply of a route, or what was replied before to the same idempotency key."""
        rule = None if route.effect is None else route.effect.idempotency
        if rule is None:
            return self._answered(route, match, request)
        key = rule.key_of(request, lambda: self._variables(match, rule.names, request))
        text = route.pattern.text
        if key is None:
            if not rule.required:
                return self._answered(route, match, request)
            message = "this request needs an idempotency key"
            return replace(_error(400, "idempotency_key_missing", message), route=text)
        before = self._keys.answer(text, key, request, reused=rule.reused)
        if before is not None:
            return replace(before, route=text)
        reply = self._answered(route, match, request)
        if not reply.effects:
            return reply
        until = request.at + request.queued + wait
        keep = partial(self._keys.keep, text, key, request, reply, until)
        return replace(reply, taken=(*reply.taken, keep))

    def _answered(self, route: CompiledRoute, match: Match, request: Request) -> Reply:
        text = route.pattern.text
        try:
            variables = self._variables(match, route.names, request)
            return self._performed(route, variables, request)
        except BodyError as error:
            reply = _error(error.status, "bad_request", error.message)
        except RefusedError as error:
            reply = _error(error.status, error.error, error.message)
        except RenderError as error:
            unknown = unattributed(request.caller)
            complaint = f"`{text}` could not be answered: {error}{unknown}"
            return _error(500, "mock_failed", complaint, complaint)
        return replace(reply, route=text)

    def _variables(self, match: Match, names: frozenset[str], request: Request) -> dict[str, Any]:
        found = variables_of(request, match.values, names, self._starts_at_ns)
        if "stores" in names:
            found["stores"] = self._stores.views(request.caller)
        return found

    def _performed(
        self, route: CompiledRoute, variables: dict[str, Any], request: Request
    ) -> Reply:
        """The reply of a route, with what it would change and what it would have told later."""
        if route.deferral is not None:
            return self._deferred(route, route.deferral, variables, request)
        if route.consumption is not None:
            reply, variables = self._consumed(route, route.consumption, variables, request)
        elif route.operation is None:
            with rendering(variables):
                if self._unworded is not None and not route.replies:
                    reply = _with_effect(self._unworded(request), route, variables)
                else:
                    reply = _rendered(route, variables)
        else:
            with rendering(variables):
                done = perform(route.operation, self._stores, variables, request)
            variables = {**variables, **done.variables}
            with rendering(variables):
                reply = with_change(_replied(route, done, variables), route.operation.effect, done)
        if not route.webhooks:
            return reply
        ready = self._ready(route, request)
        return with_callbacks(reply, route.webhooks, variables, request, ready=ready, over=ready)

    def _deferred(
        self,
        route: CompiledRoute,
        deferral: Deferral,
        variables: dict[str, Any],
        request: Request,
    ) -> Reply:
        """The reply of a route that starts work or reads its state at the moment of the reply."""
        board, ready = self._board, self._ready(route, request)
        deferred = defer(
            deferral, board, variables, request, at=ready, starts_at_ns=self._starts_at_ns
        )
        seen = {**variables, **deferred.view(ready)}
        with rendering(seen):
            reply = _told(route, deferred, seen)
        if reply.status < 400:
            declared = reply.effects[0] if reply.effects else None
            reply = replace(reply, effects=effects_of(deferred, declared, board, request.at))
        over = ready if deferral.verb == "poll" else deferred.job.ends
        hooks, view = route.webhooks, deferred.view
        return with_callbacks(reply, hooks, variables, request, ready=ready, over=over, view=view)

    def _consumed(
        self,
        route: CompiledRoute,
        consumption: Consumption,
        variables: dict[str, Any],
        request: Request,
    ) -> tuple[Reply, dict[str, Any]]:
        """The reply of a route to who puts messages in a queue or takes them, and what templates
        see of that. What changes nothing has no effect either.
        """
        line = self._lines.line(consumption.queue.name, request.caller)
        at, start = self._ready(route, request), self._starts_at_ns
        done = consume(consumption, line, variables, request, at=at, starts_at_ns=start)
        variables = {**variables, **done.variables}
        if done.change is None and not consumption.reads:
            route = replace(route, effect=None)
        with rendering(variables):
            reply = with_change(_replied(route, done, variables), consumption.effect, done)
        return reply, variables

    def _ready(self, route: CompiledRoute, request: Request) -> int:
        """The world time of the reply in nanoseconds."""
        return request.at + request.queued + self._wait(route, request)

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
    for each in route.replies:
        if each.condition is None or each.holds(variables):
            return each.render(variables, route=route.pattern.text, effect=route.effect)
    raise RenderError("the condition of none of its replies holds")


def _with_effect(reply: Reply, route: CompiledRoute, variables: dict[str, Any]) -> Reply:
    """A reply that was made elsewhere, with the effect of the route if it is a success."""
    if route.effect is not None and reply.status < 400:
        value = None
        with suppress(ValueError):
            value = json.loads(reply.body())
        reply = replace(reply, effects=(route.effect.render(variables, value),))
    return replace(reply, route=route.pattern.text)


def _replied(route: CompiledRoute, done: Done, variables: dict[str, Any]) -> Reply:
    """The reply that the route words itself, else the one that its operation makes."""
    if route.replies:
        return _rendered(route, variables)
    effects = () if route.effect is None else (route.effect.render(variables, done.value),)
    return made_by(done, route.pattern.text, effects)


def _told(route: CompiledRoute, deferred: Deferred, variables: dict[str, Any]) -> Reply:
    """The reply that the route words itself, else what is told of the work. Either has the headers
    that go with that, unless the route says otherwise.
    """
    text, status = route.pattern.text, STATUSES[deferred.deferral.verb]
    if not route.replies:
        reply = json_reply(deferred.value, status=status, headers=deferred.headers)
        effect = route.effect
        effects = () if effect is None else (effect.render(variables, deferred.value),)
        return replace(reply, effects=effects, route=text)
    reply = _rendered(route, variables)
    if reply.status >= 400:
        return reply
    own = {name for name, _ in reply.headers}
    added = tuple(each for each in deferred.headers if each[0] not in own)
    return replace(reply, headers=(*reply.headers, *added))


def _error(status: int, error: str, message: str, complaint: str | None = None) -> Reply:
    reply = json_reply({"error": error, "message": message}, status=status)
    return replace(reply, complaint=complaint)
