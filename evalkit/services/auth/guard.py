"""Decides whether a request may do what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from evalkit.services.auth.jwts import Signer, TokenError
from evalkit.services.auth.model import AuthPart
from evalkit.services.auth.refusals import insufficient, invalid, unauthorized
from evalkit.services.auth.tokens import Grant, TokenBook
from evalkit.units import SECOND
from evalkit.wire import Access, Reply, Request

_EXPIRED = "The access token expired"
_UNKNOWN = "The access token is invalid"


class Guard:
    """Knows the credentials of one service in one world."""

    def __init__(
        self, auth: AuthPart, signer: Signer | None, book: TokenBook, starts_at_ns: int
    ) -> None:
        self._auth = auth
        self._signer = signer
        self._book = book
        self._starts_at_ns = starts_at_ns

    def admit(self, request: Request, scopes: Sequence[str], answer: Callable[[], Reply]) -> Reply:
        """What is answered to a request that needs these scopes: `answer`, or a refusal."""
        credential = self._credential(request)
        if credential is None:
            return unauthorized(self._auth.realm, self._scheme)
        grant = self._grant(credential)
        if grant is None:
            return self._invalid(_UNKNOWN)
        if not self._book.good(grant, request.at):
            return self._invalid(_EXPIRED)
        return self._under(grant, tuple(scopes), answer, grant.scopes)

    def granted(self, request: Request) -> tuple[str, ...] | None:
        """The scopes that a request's credential has; None where it is not, or no longer, good."""
        credential = self._credential(request)
        grant = None if credential is None else self._grant(credential)
        return None if grant is None or not self._book.good(grant, request.at) else grant.scopes

    def _under(
        self,
        grant: Grant,
        used: tuple[str, ...],
        answer: Callable[[], Reply],
        had: tuple[str, ...],
    ) -> Reply:
        if set(used) <= set(had):
            reply = answer()
        else:
            reply = insufficient(self._auth.realm, self._scheme, used)
        access = Access(
            had=had,
            used=used,
            under=partial(self._under, grant, used, answer),
            ended=partial(self._ended, grant),
        )
        return replace(reply, access=access)

    def _ended(self, grant: Grant) -> Reply:
        end = partial(self._book.end, grant.credential)
        return replace(self._invalid(_EXPIRED), taken=(end,))

    def _invalid(self, why: str) -> Reply:
        return invalid(self._auth.realm, self._scheme, why)

    @property
    def _scheme(self) -> str:
        return "ApiKey" if self._auth.tokens is None and self._auth.jwt is None else "Bearer"

    def _credential(self, request: Request) -> str | None:
        """The token or key that a request brings, if it brings one."""
        scheme, _, token = (request.header("authorization") or "").partition(" ")
        if scheme.lower() == "bearer" and token.strip() and self._scheme == "Bearer":
            return token.strip()
        return None if self._auth.keys is None else request.header(self._auth.keys.header) or None

    def _grant(self, credential: str) -> Grant | None:
        keys = self._auth.keys
        if keys is not None and credential in keys.accepted:
            scopes = keys.accepted[credential]
            return Grant(credential=credential, subject=credential, scopes=tuple(scopes))
        if self._signer is None:
            return self._book.find("access", credential)
        try:
            claims = self._signer.claims(credential)
        except TokenError:
            return None
        scope, expires = claims.get("scope"), claims["exp"]
        return Grant(
            credential=credential,
            subject=str(claims.get("sub")),
            scopes=tuple(scope.split()) if isinstance(scope, str) else (),
            expires=int(expires) * SECOND - self._starts_at_ns,
        )
