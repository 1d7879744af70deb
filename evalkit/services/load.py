"""Reads the definition of a service, once, and makes a fresh service of it for every world."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from evalkit.errors import SuiteError
from evalkit.services.asgi.model import AsgiDefinition
from evalkit.services.asgi.service import AsgiService
from evalkit.services.base import DEFAULT_STARTS_AT_NS, Service, ServiceInfo
from evalkit.services.compiling import Compiler
from evalkit.services.custom.model import PythonDefinition
from evalkit.services.custom.service import CustomService
from evalkit.services.llm.auto import RULE, Auto
from evalkit.services.llm.conditions import conditions_of
from evalkit.services.llm.model import Conditions, ScriptDefinition
from evalkit.services.llm.providers import PROVIDERS, Provider
from evalkit.services.llm.script import Script, compile_script
from evalkit.services.llm.scripts import Part, Scripts
from evalkit.services.llm.service import ModelService
from evalkit.services.llm.settings import ProviderSettings
from evalkit.services.mcp.compiled import CompiledMcp, compile_mcp
from evalkit.services.mcp.model import McpDefinition
from evalkit.services.mcp.service import McpService
from evalkit.services.openapi.compiled import CompiledOpenApi, compile_openapi
from evalkit.services.openapi.model import OpenApiDefinition
from evalkit.services.openapi.open_contract import open_contract
from evalkit.services.openapi.service import OpenApiService
from evalkit.services.quota.limited import LimitedService
from evalkit.services.quota.model import LimitsPart
from evalkit.services.rest.compiled import compile_rest
from evalkit.services.rest.model import RestDefinition
from evalkit.services.rest.service import RestService
from evalkit.services.state.model import StorePart
from evalkit.suite import Loaded, Problem, load_model
from evalkit.suite.loading import missing
from evalkit.suite.model import ScriptUse, ServiceUse

_Make: TypeAlias = Callable[[], Service]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTemplate:
    """A service as it is defined. What it compiled is shared; what changes is made fresh."""

    info: ServiceInfo
    make: _Make

    def fresh(self) -> Service:
        """A service without a past, for one world."""
        return self.make()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """What a kind of service is made from."""

    name: str
    path: Path
    folder: Path
    script: str | None
    scripts: tuple[ScriptUse, ...]
    document: Path | None
    starts_at_ns: int

    @property
    def scripted(self) -> bool:
        """Whether the suite gives it a script."""
        return self.script is not None or bool(self.scripts)


class _AnyDefinition(BaseModel):
    """What all definitions have."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="ignore")

    service: str
    stores: Any = None
    rate_limit: Any = None
    quota: Any = None
    capacity: Any = None
    together: Any = Field(None, alias="shared")

    @property
    def limits(self) -> LimitsPart:
        """How much it takes. Ask once the definition is known to be good."""
        return LimitsPart(quota=self.quota or (), capacity=self.capacity)

    @property
    def shared(self) -> bool:
        """Whether one session can feel what another does. Ask once the definition is known good."""
        if self.rate_limit is not None or self.limits.limited or self.together is True:
            return True
        stores = TypeAdapter(Mapping[str, StorePart]).validate_python(self.stores or {})
        return any(store.shared for store in stores.values())


class _PerhapsDefinition(BaseModel):
    """What tells a definition from another document."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="ignore")

    service: Any = None


_TOKENLESS = ("rest", "openapi", "mcp", "asgi")
"""Kinds of services whose replies cost no tokens."""


def load_service(
    name: str, use: ServiceUse, folder: Path, *, starts_at_ns: int = DEFAULT_STARTS_AT_NS
) -> ServiceTemplate:
    """The service that a suite in this folder uses. Raises `SuiteError` with all mistakes.

    `starts_at_ns` is what the world's clock tells at its start, in nanoseconds since 1970.
    """
    path = folder / use.use
    definition = load_model(path, _AnyDefinition)
    kind = definition.value.service
    if kind not in SERVICES:
        message = f'there is no kind of service "{kind}"'
        problem = definition.problem(("service",), message, allowed=SERVICES, given=kind)
        raise SuiteError([problem])
    document = None if use.document is None else folder / use.document
    source = _Source(
        name=name,
        path=path,
        folder=folder,
        script=use.script,
        scripts=use.scripts,
        document=document,
        starts_at_ns=starts_at_ns,
    )
    make = SERVICES[kind](source)
    if kind in _TOKENLESS and any(each.tokens for each in definition.value.limits.quota):
        message = f"`tokens` are those of a model, and a service of kind `{kind}` has none"
        raise SuiteError([definition.problem(("quota",), message)])
    make = _limited(make, definition.value, starts_at_ns)
    hosts = make().hosts if use.hosts is None else use.hosts
    info = _info(name, kind, use, shared=definition.value.shared, hosts=hosts)
    return ServiceTemplate(info=info, make=make)


def _limited(make: _Make, definition: _AnyDefinition, starts_at_ns: int) -> _Make:
    """The service behind its limits, where it has any."""
    limits = definition.limits
    if not limits.limited:
        return make
    return lambda: LimitedService(make(), limits, starts_at_ns=starts_at_ns)


def _info(
    name: str, kind: str, use: ServiceUse, *, shared: bool, hosts: tuple[str, ...]
) -> ServiceInfo:
    return ServiceInfo(
        name=name,
        kind=kind,
        price=use.price,
        budget_ns=use.budget,
        attempts=use.attempts,
        optional=use.optional,
        shared=shared,
        hosts=hosts,
    )


def _rest(source: _Source) -> _Make:
    loaded = load_model(source.path, RestDefinition)
    compiler = Compiler()
    rest = compile_rest(loaded.value, compiler, source.path.parent)
    if source.scripted:
        compiler.refuse(("service",), "a rest service takes no script; the suite gives it one")
    _raise(_problems(loaded, compiler))
    return lambda: RestService(source.name, rest, starts_at_ns=source.starts_at_ns)


def _model(provider: Provider, source: _Source) -> _Make:
    problems: list[Problem] = []
    with _collecting(problems):
        definition = load_model(source.path, provider.definition)
    with _collecting(problems):
        scripts = _scripts(source)
    _raise(problems)
    settings = ProviderSettings.of(definition.value, scripts)
    start = source.starts_at_ns
    return lambda: ModelService(source.name, settings, provider.api(), starts_at_ns=start)


def _mcp(source: _Source) -> _Make:
    mcp = load_mcp(source.path)
    if source.scripted:
        definition = load_model(source.path, _AnyDefinition)
        message = "an mcp service takes no script; the suite gives it one"
        raise SuiteError([definition.problem(("service",), message)])
    return lambda: McpService(source.name, mcp, starts_at_ns=source.starts_at_ns)


def load_mcp(path: Path) -> CompiledMcp:
    """The MCP server that is defined in a file. Raises `SuiteError` with all mistakes."""
    loaded = load_model(path, McpDefinition)
    part, compiler = loaded.value.tools_from, Compiler()
    contract = None if part is None else _operations(path.parent / part.file)
    mcp = compile_mcp(loaded.value, compiler, contract)
    _raise(_problems(loaded, compiler))
    return mcp


def _operations(file: Path) -> CompiledOpenApi:
    """The contract of a definition with `service: openapi`, or of a document by itself."""
    if load_model(file, _PerhapsDefinition).value.service is None:
        bare = OpenApiDefinition(service="openapi", document=file.name)
        return compile_openapi(bare, open_contract(file), Compiler(), file.parent)
    loaded, compiler = load_model(file, OpenApiDefinition), Compiler()
    contract = open_contract(file.parent / loaded.value.document)
    compiled = compile_openapi(loaded.value, contract, compiler, file.parent)
    _raise(_problems(loaded, compiler))
    return compiled


def _openapi(source: _Source) -> _Make:
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
        _raise(_problems(loaded, compiler))
    contract = open_contract(document, source.folder)
    compiled = compile_openapi(definition, contract, compiler, source.path.parent)
    _raise(_problems(loaded, compiler))
    return lambda: OpenApiService(source.name, compiled, starts_at_ns=source.starts_at_ns)


def _asgi(source: _Source) -> _Make:
    loaded, compiler = load_model(source.path, AsgiDefinition), Compiler()
    definition, folder = loaded.value, source.path.parent
    _check_target("app", definition.app, source, compiler)
    _raise(_problems(loaded, compiler))
    return lambda: AsgiService(source.name, definition, folder)


def _python(source: _Source) -> _Make:
    loaded, compiler = load_model(source.path, PythonDefinition), Compiler()
    definition, folder = loaded.value, source.path.parent
    _check_target("class", definition.named, source, compiler)
    _raise(_problems(loaded, compiler))
    return lambda: CustomService(source.name, definition, folder)


def _check_target(key: str, target: str, source: _Source, compiler: Compiler) -> None:
    """What can be known of code without importing it: that belongs into the world."""
    if source.scripted:
        compiler.refuse(("service",), "this service takes no script; the suite gives it one")
    if (wrong := missing(target, source.path.parent)) is not None:
        compiler.refuse((key,), wrong.message, allowed=wrong.allowed, given=wrong.given)


def _scripts(source: _Source) -> Scripts:
    """The script of a model, or the several of the several agents."""
    if source.script is not None:
        return Scripts.one(_script(source.folder, source.script))
    if not source.scripts:
        definition = load_model(source.path, _AnyDefinition)
        message = "this service needs a script: name one in the suite with `script:`, or `auto`"
        raise SuiteError([definition.problem(("service",), message)])
    problems: list[Problem] = []
    parts: list[Part] = []
    for use in source.scripts:
        when = Conditions(model=use.model, system=use.system, header=use.header)
        with _collecting(problems):
            script = _script(source.folder, use.use)
            parts.append(Part(use.use, conditions_of(when), script))
    _raise(problems)
    return Scripts(parts)


def _script(folder: Path, name: str) -> Script | Auto:
    if name == RULE:
        return Auto()
    loaded = load_model(folder / name, ScriptDefinition)
    compiler = Compiler()
    script = compile_script(loaded.value, compiler)
    _raise(_problems(loaded, compiler))
    return script


SERVICES: Mapping[str, Callable[[_Source], _Make]] = MappingProxyType(
    {
        "rest": _rest,
        "mcp": _mcp,
        "openapi": _openapi,
        "asgi": _asgi,
        "python": _python,
        **{kind: partial(_model, provider) for kind, provider in PROVIDERS.items()},
    }
)
"""The kinds of services, by what `service:` says."""

SPEAKING = frozenset({*PROVIDERS, "python"})
"""Those in which a model speaks, or may: a Python class can do anything."""


def _problems(loaded: Loaded[Any], compiler: Compiler) -> list[Problem]:
    return [
        loaded.problem(
            each.where,
            each.message,
            allowed=each.allowed,
            given=each.given,
            at_key=each.at_key,
        )
        for each in compiler.mistakes
    ]


@contextmanager
def _collecting(problems: list[Problem]) -> Iterator[None]:
    try:
        yield
    except SuiteError as error:
        problems.extend(error.problems)


def _raise(problems: list[Problem]) -> None:
    if problems:
        raise SuiteError(sorted(problems, key=lambda each: (each.file, each.line or 0)))
