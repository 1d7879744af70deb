"""An estimate of tokens that needs no vocabulary and no network.

One token stands for four bytes of UTF-8, the usual rule of thumb: within about a fifth of the real
count for English prose, too high for most other scripts. What matters here is that it is the same
everywhere and always, and that a stream's pieces are as many as the tokens that are billed for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from evalkit.quick_json import compact

BYTES_PER_TOKEN = 4

PER_MESSAGE = 4
"""What a message costs beside its text: its role and its borders."""

PER_CONVERSATION = 3
"""What begins the reply."""

PER_IMAGE = 85
"""What an image costs, as one of low detail does."""


def count(text: str) -> int:
    """How many tokens a text is estimated to have."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return -(-size // BYTES_PER_TOKEN)


def count_json(value: object) -> int:
    """How many tokens the JSON text of a value is estimated to have."""
    return -(-len(compact(value)) // BYTES_PER_TOKEN)


def pieces(text: str) -> Iterator[str]:
    """The text in as many pieces as it has tokens, none of them empty."""
    tokens, length = count(text), len(text)
    for at in range(tokens):
        yield text[at * length // tokens : (at + 1) * length // tokens]


def head(text: str, tokens: int) -> str:
    """The first so many tokens of a text."""
    total = count(text)
    return text if tokens >= total else text[: tokens * len(text) // total]
