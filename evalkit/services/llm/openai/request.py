"""A chat request, checked as the real API checks it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from evalkit.seen import Seen
from evalkit.services.bodies import BodyError, read_json
from evalkit.services.llm.asked import Asked, Call
from evalkit.services.llm.conversation import Conversation
from evalkit.services.llm.openai.errors import RefusedError, empty_array, missing, wrong_type
from evalkit.services.llm.openai.messages import MessageReader
from evalkit.services.llm.openai.options import (
    check_numbers,
    read_format,
    read_logprobs,
    read_stops,
)
from evalkit.services.llm.openai.tools import read_choice, read_tools, tool_tokens
from evalkit.services.llm.tokens import PER_CONVERSATION
from evalkit.wire import Request

_SMALL = 16 * 1024  # bytes of a body that is worth keeping as read
_COMING_AGAIN = Seen()
_LIMITS = ("max_tokens", "max_completion_tokens")


def read_chat(call: Call) -> Asked:
    """What a chat request asks. Raises `RefusedError`."""
    body, deployment = call.request.body, call.place.get("deployment")
    if len(body) <= _SMALL and _COMING_AGAIN.seen(body):
        return _known(body, deployment)
    return _read(body, deployment)


def _read(text: bytes, deployment: str | None) -> Asked:
    """The same of a body."""
    body = object_in(text)
    model = deployment or read_model(body)
    reader = MessageReader()
    reader.read(_messages(body))
    tools = read_tools(body)
    choice = read_choice(body, tools)
    check_numbers(body)
    form = read_format(body, reader.messages)
    stream = read_stream(body)
    options = body.get("stream_options") or {}
    return Asked(
        conversation=Conversation(
            model,
            reader.messages,
            tools,
            choice=choice,
            format=form,
        ),
        input_tokens=reader.tokens + PER_CONVERSATION + tool_tokens(body),
        max_tokens=next((body[key] for key in _LIMITS if body.get(key) is not None), None),
        stops=read_stops(body),
        stream=stream,
        choices=body.get("n") or 1,
        logprobs=read_logprobs(body),
        include_usage=bool(options.get("include_usage")),
    )


@lru_cache(maxsize=256)
def _known(text: bytes, deployment: str | None) -> Asked:
    """Sessions ask the same again: retries, and one another's first turns. What is asked but once,
    as most is in a conversation that grows, is not worth keeping.
    """
    asked = _read(text, deployment)
    asked.conversation.steady = True
    return asked


def read_object(request: Request) -> dict[str, Any]:
    """The object that is the body. Raises `RefusedError`."""
    return object_in(request.body)


def object_in(text: bytes) -> dict[str, Any]:
    """The object that a body is. Raises `RefusedError`."""
    try:
        body = read_json(text)
    except BodyError as error:
        raise RefusedError(
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't "
            "using your HTTP library correctly. The OpenAI API expects a JSON payload, but what "
            f"was sent was not valid JSON: {error.message}.)",
            status=error.status,
        ) from None
    if not isinstance(body, dict):
        raise RefusedError("We expected the JSON body of your request to be an object.")
    return body


def read_model(body: dict[str, Any]) -> str:
    """The model asked for. Raises `RefusedError`."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise RefusedError("you must provide a model parameter")
    return model


def read_stream(body: dict[str, Any]) -> bool:
    """Whether a stream is wanted. Raises `RefusedError`."""
    stream = body.get("stream")
    if not (stream is None or isinstance(stream, bool)):
        raise wrong_type("stream", "a boolean", stream)
    options = body.get("stream_options")
    if options is None:
        return bool(stream)
    if not stream:
        raise RefusedError(
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            param="stream_options",
        )
    if not isinstance(options, dict):
        raise wrong_type("stream_options", "an object", options)
    return True


def _messages(body: dict[str, Any]) -> list[Any]:
    messages = body.get("messages")
    if messages is None:
        raise missing("messages")
    if not isinstance(messages, list):
        raise wrong_type("messages", "an array of objects", messages)
    if not messages:
        raise empty_array("messages")
    return messages
