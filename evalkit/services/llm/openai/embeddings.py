"""The endpoint of embeddings."""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from evalkit.services.bodies import json_reply
from evalkit.services.llm import tokens
from evalkit.services.llm.api import Backend
from evalkit.services.llm.asked import Call
from evalkit.services.llm.openai.errors import (
    RefusedError,
    empty_array,
    missing,
    wrong_type,
    wrong_value,
)
from evalkit.services.llm.openai.request import read_model, read_object
from evalkit.services.llm.vectors import embedding
from evalkit.wire import Reply, Usage

_SIZES = {"text-embedding-3-large": 3072}
_SIZE = 1536
_MOST_INPUTS = 2048
_MOST_TOKENS = 8192
_FORMATS = ("float", "base64")


def embed(backend: Backend, call: Call) -> Reply:
    """The vectors of texts. Raises `Refused`."""
    body = read_object(call.request)
    model = call.place.get("deployment") or read_model(body)
    texts = _texts(body)
    size = _size(body, model)
    form = body.get("encoding_format") or "float"
    if form not in _FORMATS:
        raise wrong_value("encoding_format", form, _FORMATS)
    backend.check_model(model, call)
    data = []
    for index, text in enumerate(texts):
        vector = embedding(model, text, size, _SIZES.get(model, _SIZE))
        shown = _base64(vector) if form == "base64" else vector
        data.append({"object": "embedding", "index": index, "embedding": shown})
    used = sum(_count(each) for each in texts)
    usage = {"prompt_tokens": used, "total_tokens": used}
    reply = json_reply({"object": "list", "data": data, "model": model, "usage": usage})
    reply = replace(reply, usage=Usage(input=used, output=0), model=model)
    return backend.counted(reply, model, call).after(call.latency_ns)


def _texts(body: Mapping[str, Any]) -> list[str]:
    """The inputs; those given as tokens are told apart by their numbers."""
    given = body.get("input")
    if given is None:
        raise missing("input")
    if isinstance(given, str):
        given = [given]
    if not isinstance(given, list):
        raise wrong_type("input", "one of a string or array", given)
    if not given:
        raise empty_array("input")
    if all(_is_token(each) for each in given):
        given = [given]
    if len(given) > _MOST_INPUTS:
        raise RefusedError(
            f"Invalid 'input': array too long. Expected an array with maximum length "
            f"{_MOST_INPUTS}, but got an array with length {len(given)} instead.",
            param="input",
            code="array_above_max_length",
        )
    return [_text(at, each) for at, each in enumerate(given)]


def _text(at: int, given: Any) -> str:
    if isinstance(given, list) and given and all(_is_token(each) for each in given):
        return " ".join(map(str, given))
    if not isinstance(given, str):
        raise wrong_type(f"input[{at}]", "one of a string or array of integers", given)
    if not given:
        raise RefusedError("Invalid 'input': input cannot be an empty string.", param="input")
    if (used := _count(given)) > _MOST_TOKENS:
        raise RefusedError(
            f"This model's maximum context length is {_MOST_TOKENS} tokens, however you requested "
            f"{used} tokens ({used} in your prompt; 0 for the completion). Please reduce your "
            "prompt; or completion length."
        )
    return given


def _count(text: str) -> int:
    return tokens.count(text)


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _size(body: Mapping[str, Any], model: str) -> int:
    whole = _SIZES.get(model, _SIZE)
    size = body.get("dimensions")
    if size is None:
        return whole
    if not _is_token(size):
        raise wrong_type("dimensions", "an integer", size)
    if "ada-002" in model:
        raise RefusedError("This model does not support specifying dimensions.")
    if not 1 <= size <= whole:
        raise RefusedError(
            f"Invalid value for 'dimensions' = {size}. Must be less than or equal to {whole}."
        )
    return int(size)


def _base64(vector: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
