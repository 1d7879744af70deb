"""The token endpoint: RFC 6749, sections 4.4 (client credentials), 5 and 6 (refresh)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import unquote_plus

from evalkit.services.auth.jwts import Signer
from evalkit.services.auth.model import TokensPart
from evalkit.services.auth.tokens import Grant, TokenBook
from evalkit.services.bodies import BodyError, json_reply
from evalkit.services.forms import read_body
from evalkit.units import SECOND
from evalkit.wire import Access, Reply, Request

_UNCACHED = (("cache-control", "no-store"), ("pragma", "no-cache"))


class OAuthError(Exception):
    """A request that is refused, with an error code of RFC 6749, section 5.2."""

    def __init__(self, error: str, message: str, *, basic: bool = False) -> None:
        super().__init__(message)
        self.error = error
        self.message = message
        self.basic = basic


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request for a token by a client that proved who it is."""

    client: str
    grant_type: str
    scopes: tuple[str, ...] | None
    refresh_token: str | None


class TokenEndpoint:
    """Issues the tokens of one service in one world."""

    def __init__(
        self, part: TokensPart, signer: Signer | None, book: TokenBook, starts_at_ns: int
    ) -> None:
        self._part = part
        self._signer = signer
        self._book = book
        self._starts_at_ns = starts_at_ns

    def answer(self, request: Request) -> Reply:
        """A token or an error."""
        try:
            asked = self._asked(request)
            grant = self._granted(asked, request)
        except OAuthError as error:
            return _refused(error)
        return self._issued(asked, request, grant)

    def _asked(self, request: Request) -> _Asked:
        try:
            fields = read_body(request)
        except BodyError as error:
            raise OAuthError("invalid_request", error.message) from None
        if not isinstance(fields, Mapping):
            raise OAuthError("invalid_request", "the body is no form")
        basic = _basic(request)
        name, secret = basic or (fields.get("client_id"), fields.get("client_secret"))
        client = self._part.clients.get(name) if isinstance(name, str) else None
        if client is None or client.secret != secret:
            raise OAuthError("invalid_client", "client authentication failed", basic=bool(basic))
        scope = fields.get("scope")
        return _Asked(
            client=str(name),
            grant_type=str(fields.get("grant_type", "")),
            scopes=tuple(str(scope).split()) if scope else None,
            refresh_token=str(fields.get("refresh_token", "")),
        )

    def _granted(self, asked: _Asked, request: Request) -> tuple[str, ...]:
        """The scopes that are granted. Raises `OAuthError`."""
        if asked.grant_type == "client_credentials":
            allowed = tuple(self._part.clients[asked.client].scopes)
        elif asked.grant_type == "refresh_token" and self._part.refresh is not None:
            allowed = self._refreshed(asked, request).scopes
        elif asked.grant_type:
            message = f"this endpoint gives no {asked.grant_type[:100]!r}"
            raise OAuthError("unsupported_grant_type", message)
        else:
            raise OAuthError("invalid_request", "`grant_type` is missing")
        wanted = allowed if asked.scopes is None else asked.scopes
        beyond = [scope for scope in wanted if scope not in allowed]
        if beyond:
            raise OAuthError("invalid_scope", f"not granted to {asked.client}: {beyond[0][:100]}")
        return wanted

    def _refreshed(self, asked: _Asked, request: Request) -> Grant:
        found = self._book.find("refresh", asked.refresh_token or "")
        if found is None or found.subject != asked.client or not self._book.good(found, request.at):
            raise _invalid_grant()
        return found

    def _issued(self, asked: _Asked, request: Request, scopes: tuple[str, ...]) -> Reply:
        """The reply that gives a token with these scopes."""
        access = self._access(asked, request, scopes)
        body: dict[str, Any] = {
            "access_token": access.credential,
            "token_type": "Bearer",
            "expires_in": self._part.lifetime // SECOND,
            "scope": " ".join(scopes),
        }
        taken = [partial(self._book.keep, "access", access)]
        if self._part.refresh is not None:
            refresh, kept = self._refresh(asked, request, scopes, self._part.refresh)
            body["refresh_token"] = refresh
            taken += kept
        authority = Access(
            had=scopes,
            used=(),
            grant=asked.grant_type,
            under=partial(self._issued, asked, request),
            ended=partial(self._ended, asked),
        )
        reply = json_reply(body, headers=_UNCACHED)
        return replace(reply, access=authority, taken=tuple(taken))

    def _access(self, asked: _Asked, request: Request, scopes: tuple[str, ...]) -> Grant:
        draw = request.draw.at("access")
        token, expires = f"at_{draw.seed('token'):032x}", request.at + self._part.lifetime
        if self._signer is not None:
            issued = (self._starts_at_ns + request.at) // SECOND
            until = issued + self._part.lifetime // SECOND
            claims = {
                "iss": self._signer.part.issuer,
                "sub": asked.client,
                "client_id": asked.client,
            }
            if self._signer.part.audience is not None:
                claims["aud"] = self._signer.part.audience
            times = {"iat": issued, "exp": until, "jti": f"{draw.seed('jti'):032x}"}
            token = self._signer.sign({**claims, **times, "scope": " ".join(scopes)})
            expires = until * SECOND - self._starts_at_ns
        return Grant(credential=token, subject=asked.client, scopes=scopes, expires=expires)

    def _refresh(
        self, asked: _Asked, request: Request, scopes: tuple[str, ...], lifetime: int
    ) -> tuple[str, list[partial[None]]]:
        """The refresh token to give, and what is to be remembered of it."""
        if asked.grant_type == "refresh_token" and not self._part.rotate:
            return asked.refresh_token or "", []
        token = f"rt_{request.draw.at('refresh').seed('token'):032x}"
        grant = Grant(
            credential=token, subject=asked.client, scopes=scopes, expires=request.at + lifetime
        )
        kept = [partial(self._book.keep, "refresh", grant)]
        if asked.refresh_token:
            kept.append(partial(self._book.end, asked.refresh_token))
        return token, kept

    def _ended(self, asked: _Asked) -> Reply:
        """The refusal of a refresh token that is no longer good, as it is not from now on."""
        ends = (partial(self._book.end, asked.refresh_token),) if asked.refresh_token else ()
        return replace(_refused(_invalid_grant()), taken=ends)


def _invalid_grant() -> OAuthError:
    return OAuthError("invalid_grant", "the refresh token is invalid, expired or revoked")


def _refused(error: OAuthError) -> Reply:
    body = {"error": error.error, "error_description": error.message}
    if error.error != "invalid_client":
        return json_reply(body, status=400, headers=_UNCACHED)
    challenge = (("www-authenticate", 'Basic realm="token"'),) if error.basic else ()
    return json_reply(body, status=401, headers=(*_UNCACHED, *challenge))


def _basic(request: Request) -> tuple[str, str] | None:
    """The client's name and secret in the Authorization header, each form-encoded (2.3.1)."""
    scheme, _, text = (request.header("authorization") or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return unquote_plus(name), unquote_plus(secret)
