"""Reads the definition of an MCP server, and the contract that its tools are taken from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from evalkit.errors import SuiteError
from evalkit.services.compiling import Compiler
from evalkit.services.mcp.compiled import CompiledMcp, compile_mcp
from evalkit.services.mcp.model import McpDefinition
from evalkit.services.mcp.service import McpService
from evalkit.services.openapi.compiled import CompiledOpenApi, compile_openapi
from evalkit.services.openapi.model import OpenApiDefinition
from evalkit.services.openapi.open_contract import open_contract
from evalkit.services.source import AnyDefinition, Make, Source, problems_of, refuse_all
from evalkit.suite import load_model


class _PerhapsDefinition(BaseModel):
    """What tells a definition from another document."""

    model_config = ConfigDict(frozen=True, defer_build=True, extra="ignore")

    service: Any = None


def load(source: Source) -> Make:
    """The service. Raises `SuiteError` with all mistakes."""
    mcp = load_mcp(source.path)
    if source.scripted:
        definition = load_model(source.path, AnyDefinition)
        message = "an mcp service takes no script; the suite gives it one"
        raise SuiteError([definition.problem(("service",), message)])
    return lambda: McpService(source.name, mcp, starts_at_ns=source.starts_at_ns)


def load_mcp(path: Path) -> CompiledMcp:
    """The MCP server that is defined in a file. Raises `SuiteError` with all mistakes."""
    loaded = load_model(path, McpDefinition)
    part, compiler = loaded.value.tools_from, Compiler()
    contract = None if part is None else _operations(path.parent / part.file)
    mcp = compile_mcp(loaded.value, compiler, contract)
    refuse_all(problems_of(loaded, compiler))
    return mcp


def _operations(file: Path) -> CompiledOpenApi:
    """The contract of a definition with `service: openapi`, or of a document by itself."""
    if load_model(file, _PerhapsDefinition).value.service is None:
        bare = OpenApiDefinition(service="openapi", document=file.name)
        return compile_openapi(bare, open_contract(file), Compiler(), file.parent)
    loaded, compiler = load_model(file, OpenApiDefinition), Compiler()
    contract = open_contract(file.parent / loaded.value.document)
    compiled = compile_openapi(loaded.value, contract, compiler, file.parent)
    refuse_all(problems_of(loaded, compiler))
    return replace(compiled, auth=None)  # it is the server that is known to the API, not the agent
