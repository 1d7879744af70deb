"""A model's reply as a chat completion, in one piece."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from evalkit.keyed import digest_of
from evalkit.services.bodies import json_text
from evalkit.services.llm.delivery import Delivery, Stamp
from evalkit.services.llm.logprobs import token_logprobs
from evalkit.services.llm.reply import Finish, ModelReply
from evalkit.wire import Usage

FILTERED = (
    '{"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,'
    '"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},'
    '"violence":{"filtered":false,"severity":"safe"}}'
)
"""What Azure tells of a text in which its filters found nothing."""

PROMPT_FILTERED = f'[{{"prompt_index":0,"content_filter_results":{FILTERED}}}]'


def completion_id(stamp: Stamp) -> str:
    """The id of a completion."""
    return f"chatcmpl-{stamp.seed[:29]}"


@lru_cache(256)
def fingerprint(model: str) -> str:
    """The fingerprint of the system that made a completion: the same for one model."""
    return f"fp_{digest_of('fingerprint', model).hex()[:10]}"


_model = lru_cache(256)(json_text)


def completion(sent: Delivery) -> bytes:
    """The JSON of the reply. Written by hand: little of it differs from one to the next."""
    stamp = sent.stamp
    rest = sent.wording.texts.get("rest") or _rest(sent)
    return (
        f'{{"id":"{completion_id(stamp)}","object":"chat.completion","created":{stamp.created},'
        f"{rest}"
    ).encode()


def _rest(sent: Delivery) -> str:
    """What follows the moment. Nothing of the call is in it but ids of calls of tools, and
    logprobs, so that without these it is the same each time.
    """
    model = sent.stamp.model
    choices = ",".join([_choice(sent, at, each) for at, each in enumerate(sent.replies)])
    azure = f'"prompt_filter_results":{PROMPT_FILTERED},' if is_azure(sent) else ""
    text = (
        f'"model":{_model(model)},{azure}"choices":[{choices}],'
        f'"usage":{usage_json(sent.usage)},"service_tier":"default",'
        f'"system_fingerprint":"{fingerprint(model)}"}}'
    )
    if sent.asked.logprobs is None and not any(each.calls for each in sent.replies):
        sent.wording.texts["rest"] = text
    return text


def is_azure(sent: Delivery) -> bool:
    """Whether the reply is told in Azure's manner."""
    return "deployment" in sent.call.place


def usage_json(usage: Usage) -> str:
    """Tokens, as the API reports them."""
    return (
        f'{{"prompt_tokens":{usage.input},"completion_tokens":{usage.output},'
        f'"total_tokens":{usage.input + usage.output},'
        f'"prompt_tokens_details":{{"cached_tokens":{usage.cached},"audio_tokens":0}},'
        f'"completion_tokens_details":{{"reasoning_tokens":{usage.reasoning},"audio_tokens":0,'
        '"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}'
    )


def call_body(stamp: Stamp, place: tuple[int, int], name: str, arguments: str) -> dict[str, Any]:
    """A tool call, as the API writes it. `place` is its choice and its number in it."""
    choice, index = place
    function = {"name": name, "arguments": arguments}
    call_id = f"call_{stamp.call_id(index, choice)}"
    return {"id": call_id, "type": "function", "function": function}


def logprobs_json(sent: Delivery, reply: ModelReply) -> str:
    """The logprobs of a whole choice, or null."""
    if sent.asked.logprobs is None:
        return "null"
    content = token_logprobs(sent, reply, reply.text)
    refusal = token_logprobs(sent, reply, reply.refusal)
    return json_text({"content": content or None, "refusal": refusal or None})


def _choice(sent: Delivery, at: int, reply: ModelReply) -> str:
    azure = f'"content_filter_results":{FILTERED},' if is_azure(sent) else ""
    return (
        f'{{"index":{at},"message":{{"role":"assistant","content":{_text(reply.text)},'
        f'"refusal":{_text(reply.refusal)},"annotations":[]{_calls(reply, sent.stamp, at)}}},'
        f'{azure}"logprobs":{logprobs_json(sent, reply)},"finish_reason":"{finish_of(reply)}"}}'
    )


def finish_of(reply: ModelReply) -> str:
    """Why a choice ended."""
    if reply.finish is Finish.TOOL_CALLS and not reply.calls:
        return Finish.STOP
    return reply.finish


def _text(text: str | None) -> str:
    return "null" if text is None else json_text(text)


def _calls(reply: ModelReply, stamp: Stamp, choice: int) -> str:
    if not reply.calls:
        return ""
    calls = [
        call_body(stamp, (choice, index), call.name, call.arguments)
        for index, call in enumerate(reply.calls)
    ]
    return f',"tool_calls":{json_text(calls)}'
