"""Reads the definition of a service of kind `rest`."""

from __future__ import annotations

from evalkit.services.compiling import Compiler
from evalkit.services.rest.compiled import compile_rest
from evalkit.services.rest.model import RestDefinition
from evalkit.services.rest.service import RestService
from evalkit.services.source import Make, Source, problems_of, refuse_all
from evalkit.suite import load_model


def load(source: Source) -> Make:
    """The service. Raises `SuiteError` with all mistakes."""
    loaded = load_model(source.path, RestDefinition)
    compiler = Compiler()
    rest = compile_rest(loaded.value, compiler, source.path.parent)
    if source.scripted:
        compiler.refuse(("service",), "a rest service takes no script; the suite gives it one")
    refuse_all(problems_of(loaded, compiler))
    return lambda: RestService(source.name, rest, starts_at_ns=source.starts_at_ns)
