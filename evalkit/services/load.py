"""Reads the definition of a service, once, and makes a fresh service of it for every world."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict

from evalkit.errors import SuiteError
from evalkit.services.base import DEFAULT_STARTS_AT_NS, Service, ServiceInfo
from evalkit.services.compiling import Compiler
from evalkit.services.llm.model import ScriptDefinition
from evalkit.services.llm.openai.model import OpenAIDefinition
from evalkit.services.llm.openai.service import OpenAIService, OpenAISettings
from evalkit.services.llm.script import Script, compile_script
from evalkit.services.llm.speed import Speed
from evalkit.services.rest.compiled import compile_rest
from evalkit.services.rest.model import RestDefinition
from evalkit.services.rest.service import RestService
from evalkit.suite import Loaded, Problem, load_model
from evalkit.suite.model import ServiceUse

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
    script: Path | None
    starts_at_ns: int


class _AnyDefinition(BaseModel):
    """What all definitions have."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    service: str


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
    script = None if use.script is None else folder / use.script
    source = _Source(name=name, path=path, script=script, starts_at_ns=starts_at_ns)
    return ServiceTemplate(info=_info(name, kind, use), make=SERVICES[kind](source))


def _info(name: str, kind: str, use: ServiceUse) -> ServiceInfo:
    return ServiceInfo(
        name=name,
        kind=kind,
        price=use.price,
        budget_ns=use.budget,
        attempts=use.attempts,
        optional=use.optional,
        on_failure=use.on_failure,
        on_timeout=use.on_timeout,
    )


def _rest(source: _Source) -> _Make:
    loaded = load_model(source.path, RestDefinition)
    compiler = Compiler()
    rest = compile_rest(loaded.value, compiler)
    if source.script is not None:
        compiler.refuse(("service",), "a rest service takes no script; the suite gives it one")
    _raise(_problems(loaded, compiler))
    return lambda: RestService(source.name, rest, starts_at_ns=source.starts_at_ns)


def _openai(source: _Source) -> _Make:
    problems: list[Problem] = []
    with _collecting(problems):
        definition = load_model(source.path, OpenAIDefinition)
    with _collecting(problems):
        script = _script(source)
    _raise(problems)
    settings = OpenAISettings(
        hosts=definition.value.hosts,
        latency=definition.value.latency,
        speed=Speed(definition.value.tokens_per_second),
        models=definition.value.models,
        script=script,
    )
    return lambda: OpenAIService(source.name, settings, starts_at_ns=source.starts_at_ns)


def _script(source: _Source) -> Script:
    if source.script is None:
        definition = load_model(source.path, _AnyDefinition)
        message = "this service needs a script: name one in the suite with `script:`"
        raise SuiteError([definition.problem(("service",), message)])
    loaded = load_model(source.script, ScriptDefinition)
    compiler = Compiler()
    script = compile_script(loaded.value, compiler)
    _raise(_problems(loaded, compiler))
    return script


SERVICES: Mapping[str, Callable[[_Source], _Make]] = MappingProxyType(
    {"rest": _rest, "openai": _openai}
)
"""The kinds of services, by what `service:` says."""


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
