"""An OpenAPI definition made ready to answer: the contract, and routes for what it overrides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evalkit.latency import Latency
from evalkit.services.auth.desk import CompiledAuth, compile_auth
from evalkit.services.compiling import Compiler
from evalkit.services.openapi.contract import Contract, Media, Operation
from evalkit.services.openapi.model import OpenApiDefinition, OperationPart
from evalkit.services.rest.compiled import CompiledRest, compile_rest
from evalkit.services.rest.model import ReplyPart, RestDefinition
from evalkit.services.template import TemplateError, Where, compile_value

_PARAMETER = re.compile(r"\{([^{}/]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledOpenApi:
    """All that the services of one definition share. `rest` answers what is overridden; `examples`
    names the example that an operation replies with; `auth` knows which credentials are good.
    """

    contract: Contract
    hosts: tuple[str, ...]
    latency: Latency | None
    strict: bool
    rest: CompiledRest
    routes: Mapping[str, str]
    examples: Mapping[str, str]
    auth: CompiledAuth | None = None


def compile_openapi(
    definition: OpenApiDefinition, contract: Contract, compiler: Compiler, folder: Path
) -> CompiledOpenApi:
    """The definition in this folder compiled. Its mistakes are left with the compiler."""
    parts = dict(_overridden(definition, contract, compiler))
    routes = {operation.text: _route(operation) for _, operation, _ in parts.values()}
    names = {_route(operation): name for name, operation, _ in parts.values()}
    inner = Compiler()
    rest = compile_rest(
        RestDefinition.model_construct(
            service="rest",
            hosts=(),
            latency=definition.latency,
            stores=definition.stores,
            jobs=definition.jobs,
            queues=definition.queues,
            routes={_route(operation): part for _, operation, part in parts.values()},
        ),
        inner,
        folder,
    )
    compiler.mistakes += [_moved(each, names) for each in inner.mistakes]
    for name, operation, part in parts.values():
        _check_replies(name, operation, part, contract, compiler)
    return CompiledOpenApi(
        contract=contract,
        hosts=definition.hosts or contract.hosts,
        latency=definition.latency,
        strict=definition.strict,
        rest=rest,
        routes=routes,
        examples={
            operation.text: part.example
            for _, operation, part in parts.values()
            if part.example is not None
        },
        auth=compile_auth(definition.auth, compiler),
    )


def _overridden(
    definition: OpenApiDefinition, contract: Contract, compiler: Compiler
) -> Iterator[tuple[str, tuple[str, Operation, OperationPart]]]:
    seen: dict[str, str] = {}
    for name, part in definition.operations.items():
        operation = contract.named(name)
        where = ("operations", name)
        if operation is None:
            known = [word for each in contract.operations for word in (each.id, each.text) if word]
            message = f"the contract has no operation `{name}`"
            compiler.refuse(where, message, allowed=known, given=name, at_key=True)
        elif seen.setdefault(operation.text, name) != name:
            message = f"`{name}` and `{seen[operation.text]}` are the same operation"
            compiler.refuse(where, message, at_key=True)
        else:
            yield operation.text, (name, operation, _insured(where, part, compiler))


def _insured(where: Where, part: OperationPart, compiler: Compiler) -> OperationPart:
    """The part without what is the contract's to say."""
    for key in ("scopes", "public"):
        if getattr(part, key):
            message = "what a request must bring stands in the contract, under `security`"
            compiler.refuse((*where, key), message)
    return part.model_copy(update={"scopes": (), "public": False})


def _route(operation: Operation) -> str:
    """The route of an operation: its path below the first server's, with names that a template can
    write.
    """
    path = f"{operation.bases[0]}{operation.pattern.path}"
    named = _PARAMETER.sub(lambda found: "{" + re.sub(r"\W", "_", found[1]) + "}", path)
    return f"{operation.pattern.method} {named}"


def _moved(mistake: Any, names: Mapping[str, str]) -> Any:
    """A mistake of a route, where the definition says it."""
    first, *rest = mistake.where
    if first != "routes" or not rest:
        return mistake
    where: Where = ("operations", names.get(str(rest[0]), str(rest[0])), *rest[1:])
    return replace(mistake, where=where)


def _check_replies(
    name: str, operation: Operation, part: OperationPart, contract: Contract, compiler: Compiler
) -> None:
    """What is wrong with the replies by themselves is known before anything runs."""
    where: Where = ("operations", name)
    if part.example is not None:
        known = {word for media in _all_media(operation) for word, _ in media.examples}
        if part.example not in known:
            message = f"`{operation.text}` has no example `{part.example}`"
            place = (*where, "example")
            compiler.refuse(place, message, allowed=sorted(known), given=part.example)
    places: list[tuple[Where, ReplyPart]] = [
        ((*where, "replies", at), each) for at, each in enumerate(part.replies)
    ]
    places += [((*where, "reply"), part.reply)] if part.reply is not None else []
    for place, reply in places:
        if reply.has_json and _is_constant(reply.body):
            for breach in breaches_of(contract, operation, reply.status, reply.body):
                compiler.refuse((*place, "json"), f"the reply breaks the contract: {breach}")
        elif reply.status < 400 and operation.response(reply.status) is None:
            allowed = list(operation.responses)
            message = f"the contract has no reply {reply.status} of `{operation.text}`"
            compiler.refuse((*place, "status"), message, allowed=allowed)


def _all_media(operation: Operation) -> Iterator[Media]:
    for response in operation.responses.values():
        yield from response.media


def _is_constant(value: Any) -> bool:
    try:
        return compile_value(value, None).constant
    except TemplateError:
        return False


def breaches_of(contract: Contract, operation: Operation, status: int, value: Any) -> list[str]:
    """How a JSON reply breaks the contract; an error that it does not mention is none of it."""
    response = operation.response(status)
    if response is None:
        known = ", ".join(operation.responses)
        return [] if status >= 400 else [f"status {status} is not one of {known}"]
    media = next((each for each in response.media if each.is_json), None)
    if media is None or media.address is None:
        return []
    return list(map(str, contract.checker.breaches(media.address, value, "body")))
