"""Makes the services of models: a provider's API, and a script of what the model says."""

from __future__ import annotations

from pathlib import Path

from evalkit.errors import SuiteError
from evalkit.services.compiling import Compiler
from evalkit.services.llm.auto import RULE, Auto
from evalkit.services.llm.conditions import conditions_of
from evalkit.services.llm.definition import ProviderDefinition
from evalkit.services.llm.model import Conditions, ScriptDefinition
from evalkit.services.llm.providers import PROVIDERS
from evalkit.services.llm.recorded import RecordedUsage, UsageRecord
from evalkit.services.llm.script import Script, compile_script
from evalkit.services.llm.scripts import Part, Scripts
from evalkit.services.llm.service import ModelService
from evalkit.services.llm.settings import ProviderSettings
from evalkit.services.source import (
    AnyDefinition,
    Make,
    Source,
    collecting,
    problems_of,
    refuse_all,
)
from evalkit.suite import Loaded, Problem, load_model
from evalkit.suite.json_lines import load_lines


def load(source: Source) -> Make:
    """A model behind the API of a provider. Raises `SuiteError` with all mistakes."""
    provider = PROVIDERS[source.kind]
    problems: list[Problem] = []
    recorded = None
    with collecting(problems):
        definition = load_model(source.path, provider.definition)
        recorded = _recorded(definition)
    with collecting(problems):
        scripts = _scripts(source)
    refuse_all(problems)
    settings = ProviderSettings.of(definition.value, scripts, recorded)
    start = source.starts_at_ns
    return lambda: ModelService(source.name, settings, provider.api(), starts_at_ns=start)


def _recorded(definition: Loaded[ProviderDefinition]) -> RecordedUsage | None:
    """The usage that a definition says was recorded."""
    part = definition.value.usage
    if part is None:
        return None
    if not isinstance(part.samples, str):
        return RecordedUsage(part.samples)
    path = definition.path.parent / part.samples
    if not path.is_file():
        beside = sorted(each.name for each in definition.path.parent.glob("*.jsonl"))
        where, message = ("usage", "samples"), f"there is no file {path}"
        raise SuiteError([definition.problem(where, message, allowed=beside, given=path.name)])
    return RecordedUsage(load_lines(path, UsageRecord, "usage"))


def _scripts(source: Source) -> Scripts:
    """The script of a model, or the several of the several agents."""
    if source.script is not None:
        return Scripts.one(_script(source.folder, source.script))
    if not source.scripts:
        definition = load_model(source.path, AnyDefinition)
        message = "this service needs a script: name one in the suite with `script:`, or `auto`"
        raise SuiteError([definition.problem(("service",), message)])
    problems: list[Problem] = []
    parts: list[Part] = []
    for use in source.scripts:
        when = Conditions(model=use.model, system=use.system, header=use.header)
        with collecting(problems):
            script = _script(source.folder, use.use)
            parts.append(Part(use.use, conditions_of(when), script))
    refuse_all(problems)
    return Scripts(parts)


def _script(folder: Path, name: str) -> Script | Auto:
    if name == RULE:
        return Auto()
    loaded = load_model(folder / name, ScriptDefinition)
    compiler = Compiler()
    script = compile_script(loaded.value, compiler)
    refuse_all(problems_of(loaded, compiler))
    return script
