"""Reads the definition of a service of kind `python`."""

from __future__ import annotations

from evalkit.services.compiling import Compiler
from evalkit.services.custom.model import PythonDefinition
from evalkit.services.custom.service import CustomService
from evalkit.services.source import Make, Source, check_target, problems_of, refuse_all
from evalkit.suite import load_model


def load(source: Source) -> Make:
    """The service. Raises `SuiteError` with all mistakes."""
    loaded, compiler = load_model(source.path, PythonDefinition), Compiler()
    definition, folder = loaded.value, source.path.parent
    check_target("class", definition.named, source, compiler)
    refuse_all(problems_of(loaded, compiler))
    return lambda: CustomService(source.name, definition, folder)
