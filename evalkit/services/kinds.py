"""The kinds of services, and how a service of each is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from evalkit.errors import SuiteError
from evalkit.services.asgi.model import AsgiDefinition
from evalkit.services.asgi.service import AsgiService
from evalkit.services.compiling import Compiler
from evalkit.services.custom.model import PythonDefinition
from evalkit.services.custom.service import CustomService
from evalkit.services.llm.providers import PROVIDERS
from evalkit.services.mcp.loading import load_mcp
from evalkit.services.mcp.service import McpService
from evalkit.services.openapi.compiled import compile_openapi
from evalkit.services.openapi.model import OpenApiDefinition
from evalkit.services.openapi.open_contract import open_contract
from evalkit.services.openapi.service import OpenApiService
from evalkit.services.rest.compiled import compile_rest
from evalkit.services.rest.model import RestDefinition
from evalkit.services.rest.service import RestService
from evalkit.services.scripted import model_service
from evalkit.services.source import AnyDefinition, Make, Source, problems_of, refuse_all
from evalkit.suite import load_model
from evalkit.suite.loading import missing


def _rest(source: Source) -> Make:
    loaded = load_model(source.path, RestDefinition)
    compiler = Compiler()
    rest = compile_rest(loaded.value, compiler, source.path.parent)
    if source.scripted:
        compiler.refuse(("service",), "a rest service takes no script; the suite gives it one")
    refuse_all(problems_of(loaded, compiler))
    return lambda: RestService(source.name, rest, starts_at_ns=source.starts_at_ns)


def _mcp(source: Source) -> Make:
    mcp = load_mcp(source.path)
    if source.scripted:
        definition = load_model(source.path, AnyDefinition)
        message = "an mcp service takes no script; the suite gives it one"
        raise SuiteError([definition.problem(("service",), message)])
    return lambda: McpService(source.name, mcp, starts_at_ns=source.starts_at_ns)


def _openapi(source: Source) -> Make:
    loaded = load_model(source.path, OpenApiDefinition)
    definition, compiler = loaded.value, Compiler()
    if source.scripted:
        compiler.refuse(("service",), "an openapi service takes no script; the suite gives it one")
    document = source.document or source.path.parent / definition.document
    if not document.is_file():
        where = ("document",)
        message = f"there is no file {document}"
        beside = [each.name for each in document.parent.glob("*")]
        compiler.refuse(where, message, allowed=sorted(beside), given=document.name)
        refuse_all(problems_of(loaded, compiler))
    contract = open_contract(document, source.folder)
    compiled = compile_openapi(definition, contract, compiler, source.path.parent)
    refuse_all(problems_of(loaded, compiler))
    return lambda: OpenApiService(source.name, compiled, starts_at_ns=source.starts_at_ns)


def _asgi(source: Source) -> Make:
    loaded, compiler = load_model(source.path, AsgiDefinition), Compiler()
    definition, folder = loaded.value, source.path.parent
    _check_target("app", definition.app, source, compiler)
    refuse_all(problems_of(loaded, compiler))
    return lambda: AsgiService(source.name, definition, folder)


def _python(source: Source) -> Make:
    loaded, compiler = load_model(source.path, PythonDefinition), Compiler()
    definition, folder = loaded.value, source.path.parent
    _check_target("class", definition.named, source, compiler)
    refuse_all(problems_of(loaded, compiler))
    return lambda: CustomService(source.name, definition, folder)


def _check_target(key: str, target: str, source: Source, compiler: Compiler) -> None:
    """What can be known of code without importing it: that belongs into the world."""
    if source.scripted:
        compiler.refuse(("service",), "this service takes no script; the suite gives it one")
    if (wrong := missing(target, source.path.parent)) is not None:
        compiler.refuse((key,), wrong.message, allowed=wrong.allowed, given=wrong.given)


SERVICES: Mapping[str, Callable[[Source], Make]] = MappingProxyType(
    {
        "rest": _rest,
        "mcp": _mcp,
        "openapi": _openapi,
        "asgi": _asgi,
        "python": _python,
        **{kind: partial(model_service, provider) for kind, provider in PROVIDERS.items()},
    }
)
"""The kinds of services, by what `service:` says."""

SPEAKING = frozenset({*PROVIDERS, "python"})
"""Those in which a model speaks, or may: a Python class can do anything."""
