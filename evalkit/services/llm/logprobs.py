"""How sure the model is of each token it writes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from evalkit.keyed import Draw
from evalkit.services.llm import tokens
from evalkit.services.llm.delivery import Delivery
from evalkit.services.llm.reply import ModelReply

_SURE = (0.9, 0.999)  # how sure it is where the script does not say
_OTHERS = ("The", " a", " the", ",", ".", " and", " of", " to", "\n", " is")


def token_logprobs(sent: Delivery, reply: ModelReply, text: str | None) -> list[dict[str, Any]]:
    """One entry for each token of a text: the token, its bytes, its logprob, likely others."""
    draw, top = Draw(sent.call.seed, "logprobs"), sent.asked.logprobs or 0
    found = []
    for at, piece in enumerate(tokens.pieces(text or "")):
        sure = reply.confidence or draw.uniform(*_SURE, str(at))
        entry = _entry(piece, sure)
        found.append({**entry, "top_logprobs": _likely(entry, sure, top)})
    return found


def _likely(entry: dict[str, Any], sure: float, top: int) -> Sequence[dict[str, Any]]:
    """The token itself and others, each half as likely as the one before."""
    if not top:
        return []
    others = [each for each in _OTHERS if each != entry["token"]]
    rest = [
        _entry(other, min(1 - sure, sure) / 2**at)
        for at, other in enumerate(others[: top - 1], start=1)
    ]
    return [entry, *rest]


def _entry(token: str, probability: float) -> dict[str, Any]:
    logprob = math.log(probability) if probability > 0 else -9999.0
    data = token.encode("utf-8", "surrogatepass")
    return {"token": token, "logprob": round(logprob, 8), "bytes": list(data)}
