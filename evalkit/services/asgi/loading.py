"""Reads the definition of a service of kind `asgi`."""

from __future__ import annotations

from evalkit.services.asgi.model import AsgiDefinition
from evalkit.services.asgi.service import AsgiService
from evalkit.services.compiling import Compiler
from evalkit.services.source import Make, Source, check_target, problems_of, refuse_all
from evalkit.suite import load_model


def load(source: Source) -> Make:
    """The service. Raises `SuiteError` with all mistakes."""
    loaded, compiler = load_model(source.path, AsgiDefinition), Compiler()
    definition, folder = loaded.value, source.path.parent
    check_target("app", definition.app, source, compiler)
    refuse_all(problems_of(loaded, compiler))
    return lambda: AsgiService(source.name, definition, folder)
