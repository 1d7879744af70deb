"""Embeddings: unit vectors that depend on the text, the model and nothing else.

A text's vector is the sum of its words' vectors, and a little of its own: texts that share words
lie near each other, so that a search over them finds something, and no two texts are the same.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from functools import lru_cache

_WORD = re.compile(r"\w+")
_OWN = 0.25  # how much of a vector is of the text as a whole, beside one of its words


def embedding(model: str, text: str, size: int, whole: int) -> list[float]:
    """The unit vector of a text: `size` numbers.

    Models write `whole` numbers; a shorter vector is the beginning of that, made unit again.
    """
    length = max(whole, size)
    sums = [each * _OWN for each in _noise(model, f"text {text}", length)]
    for word in _WORD.findall(text.lower()):
        for at, each in enumerate(_noise(model, word, length)):
            sums[at] += each
    kept = sums[:size]
    norm = math.sqrt(math.fsum(each * each for each in kept)) or 1.0
    return [each / norm for each in kept]


@lru_cache(512)
def _noise(model: str, text: str, size: int) -> Sequence[float]:
    """Numbers from -127.5 to 127.5, evenly spread."""
    key = f"{model}\n{text}".encode("utf-8", "surrogatepass")
    return [each - 127.5 for each in hashlib.shake_128(key).digest(size)]
