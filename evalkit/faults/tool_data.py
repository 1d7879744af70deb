"""What the results of MCP say: where faults of data act on a JSON-RPC response.

The data of a tool's result is its structured content, or the JSON of its one text, or else its
texts. A text that repeats the structured content goes on repeating it, and nothing of the protocol
around is touched. A tool's failure has no data. Of any other response the `result` is the data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from evalkit.wire import Earlier, Reply

Message: TypeAlias = Mapping[str, Any]
Change: TypeAlias = Callable[[Any, Reply], Any]
"""Data under a fault; the reply says what was replied earlier, as data of the same kind."""

_EVENT = re.compile(rb"^data: ?(.*)$", re.MULTILINE)


def changed_message(message: Message, reply: Reply, change: Change, *, aimed: bool) -> Message:
    """The message with its data changed; itself where nothing is. `aimed` says that the change goes
    by a path, which begins at the message.
    """
    if not _is_of_tool(message):
        wanted = change(message, _recalling(reply, lambda each: {**each, "id": message.get("id")}))
    elif aimed:
        wanted = _agreeing(message, change(message, reply))
    else:
        data = _data(message)
        other = None if data is None else change(data, _recalling(reply, _data))
        wanted = message if data is None or other == data else _with_data(message, data, other)
    return message if wanted == message else wanted


def _recalling(reply: Reply, data: Callable[[Message], Any]) -> Reply:
    """The reply whose earlier ones are the data of what was replied."""
    return replace(reply, earlier=tuple(_recalled(reply, data)))


def _recalled(reply: Reply, data: Callable[[Message], Any]) -> Iterator[Earlier]:
    for each in reply.earlier:
        bodies = (each.body, *_EVENT.findall(each.body))
        for message in filter(_has_result, map(_read, bodies)):
            yield replace(each, body=_written(data(message)).encode("utf-8", "surrogatepass"))


def _has_result(value: Any) -> bool:
    return isinstance(value, dict) and "result" in value


def _is_of_tool(message: Message) -> bool:
    result = message.get("result")
    return isinstance(result, dict) and isinstance(result.get("content"), list)


def _data(message: Message) -> Any:
    """The data of a tool's result, an object or a list; None where there is none."""
    if not _is_of_tool(message) or message["result"].get("isError"):
        return None
    structure, texts = message["result"].get("structuredContent"), _texts(message)
    if isinstance(structure, dict):
        return structure
    only = _read(texts[0]) if len(texts) == 1 else None
    return only if isinstance(only, dict | list) else texts or None


def _with_data(message: Message, before: Any, after: Any) -> Message:
    """The message of a tool whose data is other than before."""
    result = message["result"]
    if isinstance(result.get("structuredContent"), dict):
        return _agreeing(message, {**message, "result": {**result, "structuredContent": after}})
    if before != _texts(message):
        return _with_texts(message, [_written(after)])
    whole = all(isinstance(each, str) for each in after)
    return _with_texts(message, after) if whole else message


def _agreeing(message: Message, wanted: Message) -> Message:
    """What is wanted of a tool's message, its texts in agreement with its structured content."""
    if not _is_of_tool(wanted):
        return wanted
    before, after = (each["result"].get("structuredContent") for each in (message, wanted))
    if not isinstance(before, dict) or before == after:
        return wanted
    content = [
        {**each, "text": _written(after)} if _says(each, before) else each
        for each in wanted["result"]["content"]
    ]
    return {**wanted, "result": {**wanted["result"], "content": content}}


def _says(block: Any, data: Any) -> bool:
    """Whether a block of content is the JSON of the data."""
    return isinstance(block, dict) and _read(block.get("text")) == data


def _texts(message: Message) -> list[str]:
    """The texts of a tool's result; none where it has anything else."""
    blocks = message["result"]["content"]
    told = (each.get("text") for each in blocks if isinstance(each, dict))
    texts = [each for each in told if isinstance(each, str)]
    return texts if len(texts) == len(blocks) else []


def _with_texts(message: Message, texts: list[str]) -> Message:
    content = [{"type": "text", "text": each} for each in texts]
    return {**message, "result": {**message["result"], "content": content}}


def _read(text: Any) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return None


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
