"""Reads the definition of a service, once, and makes a fresh service of it for every world."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import SuiteError
from evalkit.services.base import DEFAULT_STARTS_AT_NS, Service, ServiceInfo
from evalkit.services.kinds import SERVICES
from evalkit.services.quota.limited import LimitedService
from evalkit.services.source import AnyDefinition, Make, Source
from evalkit.suite import load_model
from evalkit.suite.model import ServiceUse


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceTemplate:
    """A service as it is defined. What it compiled is shared; what changes is made fresh. `keyed`
    are its effects that know an idempotency key, where somebody has looked them up.
    """

    info: ServiceInfo
    make: Make
    keyed: frozenset[str] = frozenset()

    def fresh(self) -> Service:
        """A service without a past, for one world."""
        return self.make()


_TOKENLESS = ("rest", "openapi", "mcp", "asgi")
"""Kinds of services whose replies cost no tokens."""


def load_service(
    name: str, use: ServiceUse, folder: Path, *, starts_at_ns: int = DEFAULT_STARTS_AT_NS
) -> ServiceTemplate:
    """The service that a suite in this folder uses. Raises `SuiteError` with all mistakes.

    `starts_at_ns` is what the world's clock tells at its start, in nanoseconds since 1970.
    """
    path = folder / use.use
    definition = load_model(path, AnyDefinition)
    kind = definition.value.service
    if kind not in SERVICES:
        message = f'there is no kind of service "{kind}"'
        problem = definition.problem(("service",), message, allowed=SERVICES, given=kind)
        raise SuiteError([problem])
    document = None if use.document is None else folder / use.document
    source = Source(
        name=name,
        kind=kind,
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


def _limited(make: Make, definition: AnyDefinition, starts_at_ns: int) -> Make:
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
