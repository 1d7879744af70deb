"""The tokens that a service has issued, and what each still is good for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from evalkit.services.latest import Latest

Use: TypeAlias = Literal["access", "refresh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a credential lets its bearer do. `expires` is in nanoseconds of world time."""

    credential: str
    subject: str
    scopes: tuple[str, ...]
    expires: int | None = None

    def expired(self, at: int) -> bool:
        """Whether it is too old at this moment."""
        return self.expires is not None and at >= self.expires


class TokenBook:
    """Opaque tokens by what they are for, and the credentials that were ended before their time.

    It lives as long as the service's world, and its moments are the world's.
    """

    def __init__(self) -> None:
        self._grants: Latest[tuple[Use, str], Grant] = Latest()
        self._ended: Latest[str, None] = Latest()

    def keep(self, use: Use, grant: Grant) -> None:
        """A token was given out."""
        self._grants[use, grant.credential] = grant

    def find(self, use: Use, token: str) -> Grant | None:
        """What a token was given out for."""
        return self._grants.get((use, token))

    def end(self, credential: str) -> None:
        """From now on it counts as expired."""
        self._ended[credential] = None

    def good(self, grant: Grant, at: int) -> bool:
        """Whether the credential is still good at this moment."""
        return grant.credential not in self._ended and not grant.expired(at)
