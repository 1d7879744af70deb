"""A REST definition made ready to answer: its routes parsed, its templates compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evalkit.latency import Latency
from evalkit.services.auth.desk import CompiledAuth, compile_auth
from evalkit.services.compiling import Compiler
from evalkit.services.jobs.compiled import CompiledJob, compile_jobs
from evalkit.services.queues.compiled import CompiledQueue, compile_queues
from evalkit.services.rest.consumed import compile_consumption
from evalkit.services.rest.consuming import Consumption
from evalkit.services.rest.deferred import compile_deferral, compile_webhooks, polling_routes
from evalkit.services.rest.deferring import STATUSES, Deferral
from evalkit.services.rest.idempotency import Idempotency
from evalkit.services.rest.model import (
    EffectPart,
    IdempotencyPart,
    ReplyPart,
    RestDefinition,
    RoutePart,
)
from evalkit.services.rest.operating import added_by, compile_operation
from evalkit.services.rest.operations import Operation
from evalkit.services.rest.replies import CompiledEffect, CompiledReply
from evalkit.services.rest.routing import Pattern, RouteError, Router, parse_route
from evalkit.services.rest.variables import NAMES
from evalkit.services.state.compiled import CompiledStore, compile_stores
from evalkit.services.template import Expression, Where
from evalkit.services.webhooks.compiled import CompiledWebhook

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_RESERVED = frozenset({"content-length", "transfer-encoding", "connection"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRoute:
    """One route. `names` are the variables that anything in it uses."""

    pattern: Pattern
    replies: tuple[CompiledReply, ...]
    effect: CompiledEffect | None
    latency: Latency | None
    names: frozenset[str]
    operation: Operation | None = None
    deferral: Deferral | None = None
    consumption: Consumption | None = None
    webhooks: tuple[CompiledWebhook, ...] = ()
    scopes: tuple[str, ...] = ()
    public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRest:
    """All that the services of one definition share."""

    hosts: tuple[str, ...]
    latency: Latency | None
    routes: tuple[CompiledRoute, ...]
    router: Router
    stores: Mapping[str, CompiledStore] = field(default_factory=dict)
    queues: Mapping[str, CompiledQueue] = field(default_factory=dict)
    auth: CompiledAuth | None = None

    @property
    def shared(self) -> bool:
        """Whether what one session does can be seen by another."""
        stores, queues = self.stores.values(), self.queues.values()
        return any(each.shared for each in stores) or any(each.shared for each in queues)


@dataclass(frozen=True, slots=True)
class _Working:
    """What the routes of one definition work on. `polls` are those that read a job's state."""

    stores: Mapping[str, CompiledStore]
    jobs: Mapping[str, CompiledJob]
    queues: Mapping[str, CompiledQueue]
    polls: Mapping[str, Pattern]

    @property
    def people(self) -> frozenset[str]:
        """The queues whose tasks people answer."""
        return frozenset(name for name, each in self.jobs.items() if each.kind == "task")


def compile_rest(
    definition: RestDefinition, compiler: Compiler, folder: Path = Path()
) -> CompiledRest:
    """The definition in this folder compiled. Its mistakes are left with the compiler."""
    routes = []
    shapes: dict[tuple[str, ...], str] = {}
    stores = compile_stores(definition.stores, compiler, folder)
    jobs = compile_jobs(definition.jobs, definition.queues, NAMES, compiler)
    queues = compile_queues(definition.queues, compiler)
    working = _Working(stores, jobs, queues, polling_routes(definition.routes))
    for text, part in definition.routes.items():
        pattern = _pattern(text, shapes, compiler)
        route = _route(text, part, pattern, working, compiler)
        if route is not None:
            routes.append(route)
    return CompiledRest(
        hosts=definition.hosts,
        latency=definition.latency,
        routes=tuple(routes),
        router=Router(route.pattern for route in routes),
        stores=stores,
        queues=queues,
        auth=_auth(definition, compiler),
    )


def _auth(definition: RestDefinition, compiler: Compiler) -> CompiledAuth | None:
    auth = compile_auth(definition.auth, compiler)
    for text, route in definition.routes.items():
        if route.scopes and auth is None:
            message = "scopes need `auth`, which says how a request proves them"
            compiler.refuse(("routes", text, "scopes"), message)
        if route.scopes and route.public:
            message = "a route that is public needs no scopes; keep one of the two"
            compiler.refuse(("routes", text, "public"), message)
        if auth is not None and tuple(text.split(" ", 1)) in auth.paths:
            message = "this is answered by `auth`; name another path there or here"
            compiler.refuse(("routes", text), message, at_key=True)
    return auth


def _pattern(text: str, shapes: dict[tuple[str, ...], str], compiler: Compiler) -> Pattern | None:
    where = ("routes", text)
    try:
        pattern = parse_route(text)
    except RouteError as error:
        compiler.refuse(where, f"`{text}` is no route: {error}", at_key=True)
        return None
    other = shapes.setdefault(pattern.shape, text)
    if other != text:
        compiler.refuse(where, f"`{text}` takes the same requests as `{other}`", at_key=True)
    return pattern


def _route(
    text: str,
    part: RoutePart,
    pattern: Pattern | None,
    working: _Working,
    compiler: Compiler,
) -> CompiledRoute | None:
    where: Where = ("routes", text)
    seen = (*NAMES, "stores") if working.stores else NAMES
    operation = compile_operation(where, part, pattern, working.stores, seen, compiler)
    queues, people = working.queues, working.people
    polls = working.polls
    consumption = compile_consumption(where, part, pattern, queues, people, polls, compiler)
    deferral = None
    if consumption is None:
        deferral = compile_deferral(where, part, pattern, working.jobs, polls, queues, compiler)
    seen = (*seen, *added_by(part), *((deferral.job.kind,) if deferral else ()))
    seen = (*seen, *((consumption.adds,) if consumption else ()))
    if part.reply is not None:
        places: list[tuple[Where, ReplyPart]] = [((*where, "reply"), part.reply)]
    else:
        places = [((*where, "replies", at), each) for at, each in enumerate(part.replies)]
    usual = _usual_status(part)
    replies = tuple(_reply(place, each, usual, seen, compiler) for place, each in places)
    effect = None
    if part.effect is not None:
        effect = _effect((*where, "effect"), part.effect, seen, compiler)
    webhooks = compile_webhooks(where, part, text, seen, compiler)
    if pattern is None:
        return None
    return CompiledRoute(
        pattern=pattern,
        replies=replies,
        effect=effect,
        latency=part.latency,
        names=_names(replies, effect, operation, deferral, webhooks),
        operation=operation,
        deferral=deferral,
        consumption=consumption,
        webhooks=webhooks,
        scopes=tuple(part.scopes),
        public=part.public,
    )


def _usual_status(part: RoutePart) -> int:
    """The status of a reply that names none."""
    verbs = [verb for verb, _ in part.deferrals]
    return STATUSES[verbs[0]] if verbs else 201 if part.create is not None else 200


def _reply(
    where: Where, part: ReplyPart, usual: int, seen: Sequence[str], compiler: Compiler
) -> CompiledReply:
    condition = None
    if part.condition is not None:
        condition = compiler.expression((*where, "if"), part.condition, seen)
    headers = {name.lower(): value for name, value in part.headers.items()}
    for name in part.headers:
        _check_header((*where, "headers", name), name, compiler)
    return CompiledReply(
        condition=condition,
        status=part.status if "status" in part.model_fields_set else usual,
        headers=compiler.value((*where, "headers"), headers, seen),
        json=compiler.value((*where, "json"), part.body, seen) if part.has_json else None,
        text=None if part.text is None else compiler.value((*where, "text"), part.text, seen),
    )


def _check_header(where: Where, name: str, compiler: Compiler) -> None:
    if not _HEADER_NAME.fullmatch(name.lower()):
        compiler.refuse(where, f"`{name}` is no name of a header", at_key=True)
    elif name.lower() in _RESERVED:
        message = f"`{name}` is set by the world; use a fault to get it wrong"
        compiler.refuse(where, message, at_key=True)


def _effect(
    where: Where, part: EffectPart, seen: Sequence[str], compiler: Compiler
) -> CompiledEffect:
    places: list[tuple[Where, str]] = [((*where, "key"), each) for each in part.keys]
    if not isinstance(part.key, str):
        places = [((*where, "key", at), each) for at, each in enumerate(part.key)]
    keys = [compiler.expression(place, each, seen) for place, each in places]
    return CompiledEffect(
        name=part.name,
        key=tuple(key for key in keys if key is not None),
        data=compiler.value((*where, "data"), part.data, (*seen, "reply")),
        idempotency=_idempotency((*where, "idempotency"), part.idempotency, compiler),
    )


def _idempotency(
    where: Where, part: IdempotencyPart | str | None, compiler: Compiler
) -> Idempotency | None:
    if part is None or isinstance(part, str):
        return None if part is None else Idempotency(header=part)
    expression = None
    if part.key is not None:
        expression = compiler.expression((*where, "key"), part.key, NAMES)
    return Idempotency(
        header=part.header, expression=expression, required=part.required, reused=part.reused
    )


def _names(
    replies: tuple[CompiledReply, ...],
    effect: CompiledEffect | None,
    operation: Operation | None,
    deferral: Deferral | None,
    webhooks: tuple[CompiledWebhook, ...],
) -> frozenset[str]:
    parts = [each for reply in replies for each in (reply.headers, reply.json, reply.text)]
    names = {name for part in parts if part is not None for name in part.names}
    conditions: list[Expression | None] = [reply.condition for reply in replies]
    if effect is not None:
        names |= effect.data.names
        conditions += effect.key
    if operation is not None:
        names |= operation.names
    if deferral is not None:
        names |= deferral.names
    names = names.union(*(each.names for each in webhooks))
    return frozenset(names.union(*(each.names for each in conditions if each is not None)))
