"""How a request without the right credential is answered: RFC 6750, section 3."""

from __future__ import annotations

from collections.abc import Sequence

from evalkit.services.bodies import json_reply
from evalkit.wire import Reply


def unauthorized(realm: str, scheme: str) -> Reply:
    """401 to a request that brings no credential: it is told the scheme and no more."""
    return _refused(401, f'{scheme} realm="{realm}"', "unauthorized", "a credential is needed")


def invalid(realm: str, scheme: str, why: str) -> Reply:
    """401 to a credential that is not, or no longer, good."""
    challenge = f'{scheme} realm="{realm}", error="invalid_token", error_description="{why}"'
    return _refused(401, challenge, "invalid_token", why)


def insufficient(realm: str, scheme: str, scopes: Sequence[str]) -> Reply:
    """403 to a good credential that lacks a scope; the scopes needed are named."""
    needed, why = " ".join(scopes), "The request needs higher privileges"
    challenge = (
        f'{scheme} realm="{realm}", error="insufficient_scope", error_description="{why}", '
        f'scope="{needed}"'
    )
    return _refused(403, challenge, "insufficient_scope", f"{why} than the credential has")


def _refused(status: int, challenge: str, error: str, message: str) -> Reply:
    body = {"error": error, "message": message}
    return json_reply(body, status=status, headers=(("www-authenticate", challenge),))
