"""What a model says in a reply, and in how many tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from evalkit.quick import quick


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one model call.

    `input` counts all that was read, and of it `cached` from a cache and `cache_write` into one;
    `output` counts all that was written, and of it `reasoning` that was thought and not said.
    """

    input: int
    output: int
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a model says in a reply. `calls` are pairs of a tool and its arguments as JSON text.

    `ended` says why it stops: of itself, because its tokens were used up, or by a content filter.
    `confidence` is the probability of each of its tokens.
    """

    text: str | None = None
    refusal: str | None = None
    calls: tuple[tuple[str, str], ...] = ()
    ended: Literal["itself", "length", "filter"] = "itself"
    confidence: float | None = None


Telling: TypeAlias = Literal["finish", "done", "usage", "content"]
"""Parts of a model's reply on the wire: why it ended, the event that says that no more comes, the
tokens used, and what was said.
"""
