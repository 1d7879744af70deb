"""Reads the definition of a service of kind `openapi`, and the document that it is made from."""

from __future__ import annotations

from evalkit.services.compiling import Compiler
from evalkit.services.openapi.compiled import compile_openapi
from evalkit.services.openapi.model import OpenApiDefinition
from evalkit.services.openapi.open_contract import open_contract
from evalkit.services.openapi.service import OpenApiService
from evalkit.services.source import Make, Source, problems_of, refuse_all
from evalkit.suite import load_model


def load(source: Source) -> Make:
    """The service. Raises `SuiteError` with all mistakes."""
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
