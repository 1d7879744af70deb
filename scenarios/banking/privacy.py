"""Keeps what is nobody else's business away from models and replies."""

from __future__ import annotations

import re
from collections.abc import Iterable

MASK = "[removed]"
LONGEST = 6000  # characters of a message that a model is shown
# Payment cards and accounts, which customers paste though nobody asks for them.
_NUMBERS = re.compile(
    r"\b(?:\d[ -]?){13,19}\b|\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}(?: ?[A-Z0-9]{1,3})?\b"
)


def cleaned(text: str, secrets: Iterable[str]) -> str:
    """A message without secrets, and no longer than a model should be shown."""
    for secret in secrets:
        text = _loosely(secret).sub(MASK, text)
    return _NUMBERS.sub(MASK, text)[:LONGEST]


def shows(text: str, secrets: Iterable[str]) -> bool:
    """Whether a text holds one of these, however it is spaced."""
    return any(_loosely(secret).search(text) for secret in secrets)


def _loosely(secret: str) -> re.Pattern[str]:
    signs = [re.escape(sign) for sign in secret if sign.isalnum()]
    return re.compile(r"[\s./-]*".join(signs), re.IGNORECASE)
