"""A REST definition made ready to answer: its routes parsed, its templates compiled."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evalkit.services.compiling import Compiler
from evalkit.services.latency import Latency
from evalkit.services.rest.model import EffectPart, ReplyPart, RestDefinition, RoutePart
from evalkit.services.rest.replies import CompiledEffect, CompiledReply
from evalkit.services.rest.routing import Pattern, RouteError, Router, parse_route
from evalkit.services.rest.variables import NAMES
from evalkit.services.template import Expression, Where

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


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRest:
    """All that the services of one definition share."""

    hosts: tuple[str, ...]
    latency: Latency | None
    routes: tuple[CompiledRoute, ...]
    router: Router


def compile_rest(definition: RestDefinition, compiler: Compiler) -> CompiledRest:
    """The definition compiled. Its mistakes are left with the compiler."""
    routes = []
    shapes: dict[tuple[str, ...], str] = {}
    for text, part in definition.routes.items():
        pattern = _pattern(text, shapes, compiler)
        route = _route(text, part, pattern, compiler)
        if route is not None:
            routes.append(route)
    return CompiledRest(
        hosts=definition.hosts,
        latency=definition.latency,
        routes=tuple(routes),
        router=Router(route.pattern for route in routes),
    )


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
    text: str, part: RoutePart, pattern: Pattern | None, compiler: Compiler
) -> CompiledRoute | None:
    where: Where = ("routes", text)
    if part.reply is not None:
        places: list[tuple[Where, ReplyPart]] = [((*where, "reply"), part.reply)]
    else:
        places = [((*where, "replies", at), each) for at, each in enumerate(part.replies)]
    replies = tuple(_reply(place, each, compiler) for place, each in places)
    effect = None if part.effect is None else _effect((*where, "effect"), part.effect, compiler)
    if pattern is None:
        return None
    return CompiledRoute(
        pattern=pattern,
        replies=replies,
        effect=effect,
        latency=part.latency,
        names=_names(replies, effect),
    )


def _reply(where: Where, part: ReplyPart, compiler: Compiler) -> CompiledReply:
    condition = None
    if part.condition is not None:
        condition = compiler.expression((*where, "if"), part.condition, NAMES)
    headers = {name.lower(): value for name, value in part.headers.items()}
    for name in part.headers:
        _check_header((*where, "headers", name), name, compiler)
    return CompiledReply(
        condition=condition,
        status=part.status,
        headers=compiler.value((*where, "headers"), headers, NAMES),
        json=compiler.value((*where, "json"), part.body, NAMES) if part.has_json else None,
        text=None if part.text is None else compiler.value((*where, "text"), part.text, NAMES),
    )


def _check_header(where: Where, name: str, compiler: Compiler) -> None:
    if not _HEADER_NAME.fullmatch(name.lower()):
        compiler.refuse(where, f"`{name}` is no name of a header", at_key=True)
    elif name.lower() in _RESERVED:
        message = f"`{name}` is set by the world; use a fault to get it wrong"
        compiler.refuse(where, message, at_key=True)


def _effect(where: Where, part: EffectPart, compiler: Compiler) -> CompiledEffect:
    places: list[tuple[Where, str]] = [((*where, "key"), each) for each in part.keys]
    if not isinstance(part.key, str):
        places = [((*where, "key", at), each) for at, each in enumerate(part.key)]
    keys = [compiler.expression(place, each, NAMES) for place, each in places]
    return CompiledEffect(
        name=part.name,
        key=tuple(key for key in keys if key is not None),
        data=compiler.value((*where, "data"), part.data, (*NAMES, "reply")),
        idempotency=part.idempotency,
    )


def _names(replies: tuple[CompiledReply, ...], effect: CompiledEffect | None) -> frozenset[str]:
    parts = [each for reply in replies for each in (reply.headers, reply.json, reply.text)]
    names = {name for part in parts if part is not None for name in part.names}
    conditions: list[Expression | None] = [reply.condition for reply in replies]
    if effect is not None:
        names |= effect.data.names
        conditions += effect.key
    return frozenset(names.union(*(each.names for each in conditions if each is not None)))
