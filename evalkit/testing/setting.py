"""What a world of a test is made of, read and checked before anything starts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evalkit.engine.hosts import urls
from evalkit.errors import UsageError
from evalkit.faults import Rule
from evalkit.services import ServiceTemplate
from evalkit.services.template import compile_value
from evalkit.suite import load_suite
from evalkit.suite.model import ServiceUse, Suite
from evalkit.testing.definitions import Definition, read_services
from evalkit.testing.rules import GivenRule, read_rules
from evalkit.world.clock import DEFAULT_START, epoch_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """The services of a world, what is to go wrong with them, and what all that is drawn hangs on.

    `folder` is where relative paths begin, `vars` are the variables of its first session.
    """

    uses: Mapping[str, ServiceUse]
    templates: Mapping[str, ServiceTemplate]
    rules: tuple[Rule, ...] = ()
    seed: int = 0
    starts_at: str = DEFAULT_START
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = field(default_factory=Path)
    vars: Mapping[str, Any] = field(default_factory=dict)


def read_setting(
    *,
    services: Mapping[str, Definition] | None = None,
    suite: str | os.PathLike[str] | None = None,
    faults: Iterable[GivenRule] = (),
    seed: int | None = None,
    starts_at: str | None = None,
    env: Mapping[str, str] | None = None,
    vars: Mapping[str, Any] | None = None,  # noqa: A002
    folder: str | os.PathLike[str] | None = None,
) -> Setting:
    """The setting of these arguments; those of `evalkit.testing.world`.

    Raises `SuiteError` with the mistakes in definitions and rules, `UsageError` for the rest.
    """
    loaded = None if suite is None else load_suite(Path(suite)).value
    where = Path(os.curdir if suite is None else Path(suite).parent)
    where = Path(folder) if folder is not None else where
    began = starts_at or (DEFAULT_START if loaded is None else loaded.starts_at)
    try:
        starts_at_ns = epoch_ns(began)
    except ValueError as error:
        raise UsageError(f"{began!r} is no ISO 8601 time, like {DEFAULT_START}") from error
    definitions = {**_of_suite(loaded), **(services or {})}
    uses, templates = read_services(definitions, where, starts_at_ns)
    return Setting(
        uses=uses,
        templates=templates,
        rules=read_rules(faults, list(uses)),
        seed=seed if seed is not None else (0 if loaded is None else loaded.sessions.seed),
        starts_at=began,
        environment=_environment(loaded, env, list(uses)),
        folder=where,
        vars=vars or {},
    )


def _of_suite(suite: Suite | None) -> dict[str, Definition]:
    """The services of a suite, as a test would give them."""
    if suite is None:
        return {}
    return {
        name: each.model_dump(mode="json", by_alias=True, exclude_unset=True)
        for name, each in suite.services.items()
    }


def _environment(
    suite: Suite | None, env: Mapping[str, str] | None, services: Iterable[str]
) -> dict[str, str]:
    """The variables to set, with the templates over `services` filled in."""
    given = {**({} if suite is None else suite.agent.env), **(env or {})}
    known = {"services": urls(services), "agent": {"url": ""}}
    return {name: str(compile_value(text).render(known)) for name, text in given.items()}
