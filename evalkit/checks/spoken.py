"""What a model said in a reply on the wire, whichever provider's API it came by.

Read from what was sent, so that a reply that broke off gives what had come of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from evalkit.checks.targets import json_in
from evalkit.journal.views import CallView

CUT_OFF = frozenset({"length", "max_tokens", "MAX_TOKENS", "incomplete", "max_output_tokens"})
"""The reasons for an end that say that there was more to say."""


@dataclass(slots=True)
class Said:
    """The text, the tools called (name and arguments as text), and why it ended, if it says so."""

    text: str = ""
    calls: list[tuple[str, str]] = field(default_factory=list)
    finish: str | None = None


def is_model(call: CallView) -> bool:
    """Whether a call asked a model."""
    if call.ended is not None and call.ended.model is not None:
        return True
    asked = json_in(call.started.body)
    return isinstance(asked, dict) and (
        "contents" in asked or ("model" in asked and ("messages" in asked or "input" in asked))
    )


def said_in(call: CallView) -> Said:
    """What the model said, as far as it came."""
    said = Said()
    for each in _objects(b"" if call.ended is None else call.ended.body):
        _read(said, each)
    return said


def _objects(body: bytes) -> Iterator[Mapping[str, Any]]:
    text = body.decode("utf-8", "replace")
    lines = [text] if text.lstrip().startswith(("{", "[")) else _data(text)
    for line in lines:
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        yield from (each for each in (value if isinstance(value, list) else [value]) if _is(each))


def _data(text: str) -> Iterator[str]:
    return (line[5:] for line in text.splitlines() if line.startswith("data:"))


def _is(value: Any) -> bool:
    return isinstance(value, dict)


def _read(said: Said, event: Mapping[str, Any]) -> None:
    kind = str(event.get("type") or "")
    if "choices" in event:
        _chat(said, event)
    elif kind.startswith("response.") or "output" in event:
        _responses(said, event, kind)
    elif "candidates" in event:
        _gemini(said, event)
    elif kind == "message" or kind.startswith(("content_block", "message_")):
        _anthropic(said, event, kind)


def _chat(said: Said, event: Mapping[str, Any]) -> None:
    """OpenAI's chat completions, whole or as chunks."""
    for choice in _dicts(event.get("choices"))[:1]:
        part = choice.get("message") or choice.get("delta") or {}
        said.text += str(part.get("content") or "")
        said.finish = choice.get("finish_reason") or said.finish
        for call in _dicts(part.get("tool_calls")):
            function = call.get("function") or {}
            if function.get("name"):
                said.calls.append((function["name"], str(function.get("arguments") or "")))
            elif said.calls:
                _more(said, str(function.get("arguments") or ""))


def _responses(said: Said, event: Mapping[str, Any], kind: str) -> None:
    """OpenAI's Responses: the last event of a stream repeats all, so deltas count till then."""
    whole = event.get("response") if kind else event
    if kind == "response.output_text.delta":
        said.text += str(event.get("delta") or "")
        return
    if not isinstance(whole, dict) or whole.get("status") not in ("completed", "incomplete"):
        return
    said.text, said.calls, said.finish = "", [], str(whole["status"])
    for item in _dicts(whole.get("output")):
        if item.get("type") == "function_call":
            said.calls.append((str(item.get("name")), str(item.get("arguments") or "")))
        said.text += "".join(str(each.get("text") or "") for each in _dicts(item.get("content")))


def _anthropic(said: Said, event: Mapping[str, Any], kind: str) -> None:
    """Anthropic's messages, whole or as events."""
    if kind == "content_block_delta":
        delta = event.get("delta") or {}
        said.text += str(delta.get("text") or "")
        if delta.get("partial_json") and said.calls:
            _more(said, str(delta["partial_json"]))
        return
    blocks = event.get("content") if kind == "message" else [event.get("content_block")]
    for block in _dicts(blocks):
        said.text += str(block.get("text") or "")
        if block.get("type") == "tool_use":
            given = block.get("input")
            said.calls.append((str(block.get("name")), json.dumps(given) if given else ""))
    delta = event.get("delta") if isinstance(event.get("delta"), dict) else event
    said.finish = (delta or {}).get("stop_reason") or said.finish


def _gemini(said: Said, event: Mapping[str, Any]) -> None:
    for candidate in _dicts(event.get("candidates"))[:1]:
        said.finish = candidate.get("finishReason") or said.finish
        for part in _dicts((candidate.get("content") or {}).get("parts")):
            said.text += str(part.get("text") or "")
            if isinstance(call := part.get("functionCall"), dict):
                said.calls.append((str(call.get("name")), json.dumps(call.get("args") or {})))


def _more(said: Said, arguments: str) -> None:
    name, before = said.calls[-1]
    said.calls[-1] = (name, before + arguments)


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
