"""How a service knows who asks. Its fields are the YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from evalkit.suite.parts import PATH, Flag, OneOrMany, Part, Scope
from evalkit.units import Duration

Algorithm: TypeAlias = Literal["HS256", "RS256", "ES256"]


class ClientPart(Part):
    """A client of the token endpoint and what it may be granted."""

    secret: str
    scopes: OneOrMany[Scope] = ()


class JwtPart(Part):
    """How JWTs are signed, and so verified.

    The keys of RS256 and ES256 are made from the issuer's name, so that every service that trusts
    an issuer knows them. They protect nothing.
    """

    algorithm: Algorithm
    issuer: str = Field(
        min_length=1, description="The claim `iss`, and what the keys are made from"
    )
    audience: str | None = Field(None, description="The claim `aud`")
    secret: str | None = Field(None, min_length=32, description="The shared secret of HS256")
    jwks: Annotated[str, Field(pattern=PATH)] = Field(
        "/.well-known/jwks.json", description="Where the public keys can be read"
    )

    @model_validator(mode="after")
    def _secret(self) -> JwtPart:
        if (self.secret is None) == (self.algorithm == "HS256"):
            raise ValueError("HS256 needs a `secret`, and no other algorithm has one")
        return self


class TokensPart(Part):
    """A token endpoint (RFC 6749): client credentials, and refresh where it says so."""

    endpoint: Annotated[str, Field(pattern=PATH)] = Field(
        "/oauth/token", description="The path of the token endpoint"
    )
    lifetime: Duration = Field("1h", validate_default=True, description="Of access tokens")
    refresh: Duration | None = Field(None, description="Lifetime of refresh tokens; none: no such")
    rotate: Flag = Field(False, description="Whether a refresh token can be used only once")
    clients: Annotated[Mapping[str, ClientPart], Field(min_length=1)]


class KeysPart(Part):
    """API keys, each with its scopes."""

    header: str = "X-Api-Key"
    accepted: Annotated[Mapping[str, OneOrMany[Scope]], Field(min_length=1)]


class AuthPart(Part):
    """What a request must bring. Every route needs a credential, unless it is `public`.

    Tokens of the token endpoint are opaque, or JWTs where `jwt` is given. With `jwt` alone, the
    service takes the tokens that another service issues.
    """

    realm: Annotated[str, Field(pattern=r'^[^"\\\x00-\x1f\x7f-\U0010ffff]*$')] = "api"
    tokens: TokensPart | None = None
    jwt: JwtPart | None = None
    keys: KeysPart | None = None

    @model_validator(mode="after")
    def _something(self) -> AuthPart:
        if self.tokens is None and self.jwt is None and self.keys is None:
            raise ValueError("`auth` has one or more of `tokens`, `jwt`, `keys`")
        return self
