"""Everything about authority that one service has: its guard, its token endpoint, its keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from evalkit.services.auth.endpoint import TokenEndpoint
from evalkit.services.auth.guard import Guard
from evalkit.services.auth.jwts import Signer
from evalkit.services.auth.model import AuthPart
from evalkit.services.auth.tokens import TokenBook
from evalkit.services.bodies import json_reply
from evalkit.services.compiling import Compiler
from evalkit.wire import Reply, Request

_INSTALL = "pip install 'evalkit[auth]'"


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledAuth:
    """How a service knows who asks, ready to be used."""

    part: AuthPart
    signer: Signer | None

    @property
    def paths(self) -> tuple[tuple[str, str], ...]:
        """The methods and paths that it answers itself."""
        tokens = () if self.part.tokens is None else (("POST", self.part.tokens.endpoint),)
        if self.signer is None or not self.signer.public:
            return tokens
        return (*tokens, ("GET", self.signer.part.jwks))


def compile_auth(part: AuthPart | None, compiler: Compiler) -> CompiledAuth | None:
    """What a definition says of authority, ready; its mistakes are left with the compiler."""
    if part is None:
        return None
    if part.jwt is None:
        return CompiledAuth(part=part, signer=None)
    signer = Signer(part.jwt)
    try:
        signer.prepare()
    except ImportError as error:
        compiler.refuse(
            ("auth", "jwt"), f"JWTs need a package that is missing ({error}): {_INSTALL}"
        )
    return CompiledAuth(part=part, signer=signer)


class AuthDesk:
    """The authority of one service in one world."""

    def __init__(self, auth: CompiledAuth, starts_at_ns: int) -> None:
        part, signer, book = auth.part, auth.signer, TokenBook()
        self._guard = Guard(part, signer, book, starts_at_ns)
        self._own: dict[tuple[str, str], Callable[[Request], Reply]] = {}
        if part.tokens is not None:
            endpoint = TokenEndpoint(part.tokens, signer, book, starts_at_ns)
            self._own["POST", part.tokens.endpoint] = endpoint.answer
        if signer is not None and signer.public:
            self._own["GET", signer.part.jwks] = lambda _: json_reply(signer.jwks())

    def own(self, request: Request) -> Reply | None:
        """The reply of the token endpoint or of the keys; None where neither is asked."""
        answer = self._own.get((request.method, request.path))
        return None if answer is None else answer(request)

    def granted(self, request: Request) -> tuple[str, ...] | None:
        """The scopes that a request's credential has; None where it is not, or no longer, good."""
        return self._guard.granted(request)

    def admit(self, request: Request, scopes: Sequence[str], answer: Callable[[], Reply]) -> Reply:
        """What is answered to a request that needs these scopes."""
        return self._guard.admit(request, scopes, answer)
