"""Services as tests give them: the path of a definition, a definition itself, or a class.

What is given inline is written out as YAML and read like any other definition, so that nothing is
allowed here that a file could not say, and mistakes are shown with the line they stand in.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

import yaml

from evalkit.errors import SuiteError, UsageError
from evalkit.services import ServiceInfo, ServiceTemplate, load_service
from evalkit.services.described import keyed_effects
from evalkit.suite.load import read_model
from evalkit.suite.model import ServiceUse
from evalkit.suite.problems import Problem
from evalkit.testing.classes import ClassService

Definition: TypeAlias = str | os.PathLike[str] | Mapping[str, Any] | type
"""A path; a mapping with `service` (a definition) or with `use` (as in a suite); a class."""

_ALLOWED = (
    "allowed: the path of a definition, a mapping with `service` (a definition) or with `use` "
    "(as in a suite), or a class like evalkit.services.PythonService"
)


def read_services(
    given: Mapping[str, Definition], folder: Path, starts_at_ns: int
) -> tuple[dict[str, ServiceUse], dict[str, ServiceTemplate]]:
    """The services by name: how they are used, and what makes them.

    Raises `SuiteError` with all mistakes, `UsageError` for what is no definition at all.
    """
    uses: dict[str, ServiceUse] = {}
    templates: dict[str, ServiceTemplate] = {}
    problems: list[Problem] = []
    for name, definition in given.items():
        try:
            uses[name], templates[name] = _read(name, definition, folder, starts_at_ns)
        except SuiteError as error:
            problems += error.problems
    if problems:
        raise SuiteError(problems)
    return uses, templates


def _read(
    name: str, given: Definition, folder: Path, starts_at_ns: int
) -> tuple[ServiceUse, ServiceTemplate]:
    use = dict(_as_use(name, given))
    what = use["use"]
    if isinstance(what, type):
        settings = _use_of(name, {**use, "use": what.__qualname__})
        return settings, _of_class(name, what, settings)
    with TemporaryDirectory(prefix="evalkit-") as written:
        for key in ("use", "script"):
            if isinstance(use.get(key), Mapping):
                path = Path(written, f"{name}.yaml" if key == "use" else f"{name}.{key}.yaml")
                path.write_bytes(as_yaml(use[key]))
                use[key] = str(path)
        settings = _use_of(name, use)
        try:
            made = load_service(name, settings, folder, starts_at_ns=starts_at_ns)
            return settings, replace(made, keyed=keyed_effects(folder / settings.use))
        except SuiteError as error:
            raise SuiteError([_inline(each, name, written) for each in error.problems]) from None


def _as_use(name: str, given: Definition) -> Mapping[str, Any]:
    """What is given in the form in which suites use services."""
    if isinstance(given, str | os.PathLike):
        return {"use": os.fspath(given)}
    if isinstance(given, type):
        return {"use": given}
    if isinstance(given, Mapping) and "use" in given:
        use = given["use"]
        whole = {**given, "use": os.fspath(use) if isinstance(use, os.PathLike) else use}
        if isinstance(use, Mapping) and "script" in use:
            whole |= {"use": _without_script(use), "script": use["script"]}
        return whole
    if isinstance(given, Mapping) and "service" in given:
        script = {"script": given["script"]} if "script" in given else {}
        return {"use": _without_script(given), **script}
    raise UsageError(f"the service {name} is given as {given!r}", hint=_ALLOWED)


def _without_script(definition: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in definition.items() if key != "script"}


def _use_of(name: str, use: Mapping[str, Any]) -> ServiceUse:
    return read_model(as_yaml(use), Path(f"services[{name!r}]"), ServiceUse).value


def _of_class(name: str, kind: type, use: ServiceUse) -> ServiceTemplate:
    service = ClassService(name, kind)
    hosts = service.hosts if use.hosts is None else use.hosts
    info = ServiceInfo(
        name=name,
        kind=service.kind,
        budget_ns=use.budget,
        attempts=use.attempts,
        optional=use.optional,
        hosts=hosts,
    )
    return ServiceTemplate(info=info, make=lambda: ClassService(name, kind))


def _inline(problem: Problem, name: str, written: str) -> Problem:
    """The problem of a definition that was written out, by the name it was given under."""
    if not problem.file.startswith(written):
        return problem
    part = "['script']" if problem.file.endswith(".script.yaml") else ""
    return replace(problem, file=f"services[{name!r}]{part}")


def as_yaml(value: Any) -> bytes:
    """A value as YAML. Raises `UsageError` where YAML has no words for it."""
    try:
        text = yaml.safe_dump(_plain(value), sort_keys=False, allow_unicode=True)
    except yaml.YAMLError as error:
        raise UsageError(f"this cannot be said in YAML: {error}") from error
    return text.encode()


def _plain(value: Any) -> Any:
    """A value without what only Python knows: mappings as dicts, sequences as lists."""
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return os.fspath(value) if isinstance(value, os.PathLike) else value
