"""The span of a call: of a model (`chat`), of a tool, or of what belongs to a protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evalkit.checks.spoken import is_model, said_in
from evalkit.checks.targets import json_in
from evalkit.journal import conventions as names
from evalkit.journal.records import CONNECT, Outcome
from evalkit.journal.views import CallView
from evalkit.telemetry.spans import Attributes, Event, Value

UNUSABLE = "unusable_reply"
"""The type of the error of a call that was answered in good order with what cannot be used."""


def is_chat(call: CallView, kind: str | None) -> bool:
    """Whether a call asked a model, given what kind of service it went to."""
    if call.started.operation == CONNECT:
        return False
    return kind in names.PROVIDERS or (kind is None and is_model(call))


def name_of(call: CallView, kind: str | None) -> str:
    """The name of the span of a call."""
    if is_chat(call, kind):
        return f"{names.CHAT} {_model_asked(call) or call.service}"
    tool = tool_of(call, kind)
    started = call.started
    return f"{started.service} {started.operation}" if tool is None else f"execute_tool {tool}"


def tool_of(call: CallView, kind: str | None) -> str | None:
    """What the tool is called that a call is of; None where there is none yet: nothing was asked,
    or MCP is only getting ready.
    """
    started = call.started
    if started.operation == CONNECT:
        return None
    if kind != "mcp":
        return f"{started.service} {started.operation}"
    said = json_in(started.body)
    given = said.get("params") if isinstance(said, dict) else None
    if not isinstance(given, dict) or said.get("method") != "tools/call":
        return None
    return str(given.get("name"))


def attributes_of(call: CallView, kind: str | None) -> Attributes:
    """What the span of a call says."""
    started, ended = call.started, call.ended
    found: dict[str, Value | None] = {
        names.SERVICE: started.service,
        names.CALL: started.call,
        names.ATTEMPT: started.attempt,
        names.PEER: started.service,
        names.HTTP_METHOD: started.method,
        names.URL_PATH: started.path.partition("?")[0],
        names.HTTP_RESEND: started.attempt - 1 or None,
        names.HTTP_STATUS: None if ended is None else ended.status,
        names.OUTCOME: (Outcome.OPEN if ended is None else ended.outcome).value,
        names.ERROR_TYPE: error_of(call),
    }
    found |= _of_model(call, kind) if is_chat(call, kind) else _of_tool(call, kind)
    return {name: value for name, value in found.items() if value is not None}


def error_of(call: CallView) -> str | None:
    """The type of what went wrong with a call; None where its client got a usable reply."""
    if not call.failed:
        return None
    ended = call.ended
    if ended is None or ended.outcome is not Outcome.REPLIED:
        return (Outcome.OPEN if ended is None else ended.outcome).value
    status = ended.status or 0
    return str(status) if status >= 400 else UNUSABLE


def events_of(call: CallView, base: int) -> Iterator[Event]:
    """The faults that the call met, stage by stage, and the effects that it had."""
    for fault in call.faults:
        told: Mapping[str, Value] = {
            names.FAULT_KIND: fault.fault,
            names.FAULT_STAGE: fault.stage.value,
            names.FAULT_RULE: fault.rule,
        }
        yield Event(at=base + fault.at, name=names.FAULT, attributes=told)
    for effect in call.effects:
        named = {names.EFFECT_NAME: effect.name}
        yield Event(at=base + effect.at, name=names.EFFECT, attributes=named)


def _of_model(call: CallView, kind: str | None) -> dict[str, Value | None]:
    ended = call.ended
    usage = None if ended is None else ended.usage
    finish = said_in(call).finish
    return {
        names.OPERATION: names.CHAT,
        names.PROVIDER: names.PROVIDERS.get(kind or ""),
        names.REQUEST_MODEL: _model_asked(call),
        names.RESPONSE_MODEL: None if ended is None else ended.model,
        names.FINISH_REASONS: None if finish is None else (finish,),
        names.TOKENS_IN: None if usage is None else usage.input,
        names.TOKENS_OUT: None if usage is None else usage.output,
    }


def _of_tool(call: CallView, kind: str | None) -> dict[str, Value | None]:
    tool = tool_of(call, kind)
    return {} if tool is None else {names.OPERATION: names.EXECUTE_TOOL, names.TOOL: tool}


def _model_asked(call: CallView) -> str | None:
    """The model that a request names; Gemini's stand in the path, known from its reply."""
    asked: Any = json_in(call.started.body)
    model = asked.get("model") if isinstance(asked, dict) else None
    return str(model) if model else None if call.ended is None else call.ended.model
