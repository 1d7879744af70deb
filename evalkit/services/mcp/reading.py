"""Resources and prompts: what is listed, read and got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalkit.services.attribution import unattributed
from evalkit.services.bodies import json_text
from evalkit.services.mcp.answers import Answer, Asked
from evalkit.services.mcp.compiled import CompiledMcp, CompiledPrompt, CompiledResource
from evalkit.services.mcp.paging import page
from evalkit.services.mcp.rpc import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    RESOURCE_NOT_FOUND,
    RpcError,
)
from evalkit.services.mcp.versions import has_structure, is_sessionless
from evalkit.services.template import RenderError, rendering


def list_resources(mcp: CompiledMcp, asked: Asked, *, templates: bool) -> Answer:
    """A page of the resources, or of the templates. Raises `RpcError`."""
    of_kind = (each for each in mcp.resources if bool(each.uri.parameters) is templates)
    entries = [_shown(each.entry, asked) for each in of_kind]
    key = "resourceTemplates" if templates else "resources"
    return Answer(result=page(key, entries, asked.params.get("cursor"), mcp.definition.page))


def find_resource(mcp: CompiledMcp, uri: str) -> tuple[CompiledResource, dict[str, str]] | None:
    """The resource of a URI with the values of its parameters; whole URIs go before templates."""
    for each in sorted(mcp.resources, key=lambda one: bool(one.uri.parameters)):
        values = each.uri.fit(uri)
        if values is not None:
            return each, values
    return None


def read_resource(mcp: CompiledMcp, asked: Asked) -> Answer:
    """What a resource holds. Raises `RpcError`."""
    uri = asked.text("uri")
    found = find_resource(mcp, uri)
    if found is None:
        known = ", ".join(each.uri.text for each in mcp.resources)
        raise _not_found(uri, asked, f"there is no resource `{uri[:200]}`; there are: {known}")
    resource, values = found
    variables = asked.variables(resource.names, path=values)
    try:
        with rendering(variables):
            content = _content(resource, uri, asked, variables)
    except RenderError as error:
        raise _mock_failed(resource.uri.text, error, asked) from None
    latency = resource.latency or mcp.definition.latency
    due = 0 if latency is None else latency.sample(asked.request.draw)
    return Answer(result={"contents": [content]}, latency=due)


def list_prompts(mcp: CompiledMcp, asked: Asked) -> Answer:
    """A page of the prompts. Raises `RpcError`."""
    entries = [_shown(each.entry, asked) for each in mcp.prompts.values()]
    return Answer(result=page("prompts", entries, asked.params.get("cursor"), mcp.definition.page))


def get_prompt(mcp: CompiledMcp, asked: Asked) -> Answer:
    """The messages of a prompt. Raises `RpcError`."""
    name = asked.text("name")
    prompt = mcp.prompts.get(name)
    if prompt is None:
        message = f"Unknown prompt: {name[:200]}"
        complaint = f"{message}; there are: {', '.join(mcp.prompts)}"
        raise RpcError(INVALID_PARAMS, message, complaint=complaint)
    variables = asked.variables(prompt.messages.names, arguments=_arguments(name, prompt, asked))
    try:
        messages = prompt.messages.render(variables)
    except RenderError as error:
        raise _mock_failed(name, error, asked) from None
    latency = prompt.latency or mcp.definition.latency
    due = 0 if latency is None else latency.sample(asked.request.draw)
    described = {} if prompt.description is None else {"description": prompt.description}
    return Answer(result={**described, "messages": messages}, latency=due)


def _arguments(name: str, prompt: CompiledPrompt, asked: Asked) -> Mapping[str, Any]:
    """The arguments given; those that may be missing and are, are empty texts."""
    given = asked.mapping("arguments")
    wrong = [key for key, each in given.items() if not isinstance(each, str)]
    missing = [key for key in prompt.required if key not in given]
    if wrong or missing:
        what = f"`{missing[0]}` is missing" if missing else f"`{wrong[0][:100]}` is no text"
        message = f"Invalid arguments for prompt {name}: {what}"
        raise RpcError(INVALID_PARAMS, message, breaches=(message,))
    return {**dict.fromkeys(prompt.arguments, ""), **given}


def _content(
    resource: CompiledResource, uri: str, asked: Asked, variables: Mapping[str, Any]
) -> dict[str, Any]:
    if resource.found is not None and not resource.found.holds(variables):
        raise _not_found(uri, asked, None)
    content: dict[str, Any] = {"uri": uri}
    if resource.mime is not None:
        content["mimeType"] = resource.mime
    if resource.blob is not None:
        content["blob"] = str(resource.blob.render(variables))
    elif resource.text is not None:
        content["text"] = str(resource.text.render(variables))
    elif resource.json is not None:
        content["text"] = json_text(resource.json.render(variables))
    return content


def _shown(entry: Mapping[str, Any], asked: Asked) -> Mapping[str, Any]:
    if has_structure(asked.version):
        return entry
    return {key: value for key, value in entry.items() if key != "title"}


def _not_found(uri: str, asked: Asked, complaint: str | None) -> RpcError:
    sessionless = is_sessionless(asked.version)
    return RpcError(
        INVALID_PARAMS if sessionless else RESOURCE_NOT_FOUND,
        f"Resource not found: {uri[:200]}",
        data={"uri": uri},
        complaint=complaint,
    )


def _mock_failed(name: str, error: RenderError, asked: Asked) -> RpcError:
    unknown = unattributed(asked.request.caller)
    complaint = f"`{name}` could not be answered: {error}{unknown}"
    return RpcError(INTERNAL_ERROR, complaint, complaint=complaint)
