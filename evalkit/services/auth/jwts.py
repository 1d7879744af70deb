"""JSON Web Tokens (RFC 7519): signed so that the same claims give the same token.

PyJWT and cryptography come with the extra `evalkit[auth]`, and are imported when a service that
uses JWTs is made.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.services.auth.model import JwtPart
from evalkit.services.auth.named_keys import ec_key, rsa_key


class TokenError(ValueError):
    """The token is not one of this issuer."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs and verifies the tokens of one issuer."""

    part: JwtPart

    @property
    def public(self) -> bool:
        """Whether its tokens can be verified with a public key."""
        return self.part.algorithm != "HS256"

    def prepare(self) -> None:
        """Import what signing takes and make the keys. Raises `ImportError`."""
        import jwt  # noqa: F401

        if self.public:
            self._key()

    def sign(self, claims: Mapping[str, Any]) -> str:
        """The token of these claims."""
        header: dict[str, Any] = {"alg": self.part.algorithm, "typ": "JWT"}
        if self.public:
            header["kid"] = self._kid
        signed = f"{_encode(_json(header))}.{_encode(_json(claims))}"
        return f"{signed}.{_encode(self._signature(signed.encode()))}"

    def claims(self, token: str) -> Mapping[str, Any]:
        """The claims of a token that this issuer signed for this audience, be it expired or not.
        Raises `TokenError`.
        """
        import jwt

        key: Any = self._key().public_key() if self.public else self.part.secret
        try:
            found: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[self.part.algorithm],
                issuer=self.part.issuer,
                audience=self.part.audience,
                # The world's time is not this process's: the guard compares it.
                options={
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_aud": self.part.audience is not None,
                    "require": ["exp"],
                },
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise TokenError(str(error)) from None
        return found

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JSON Web Key Set (RFC 7517)."""
        from jwt.algorithms import ECAlgorithm, RSAAlgorithm

        if self.part.algorithm == "RS256":
            key = RSAAlgorithm.to_jwk(rsa_key(self.part.issuer).public_key(), as_dict=True)
        else:
            key = ECAlgorithm.to_jwk(ec_key(self.part.issuer).public_key(), as_dict=True)
        own = {"kid": self._kid, "use": "sig", "alg": self.part.algorithm}
        public = {name: key[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in key}
        return {"keys": [{**public, **own}]}

    @property
    def _kid(self) -> str:
        name = f"{self.part.algorithm} {self.part.issuer}"
        return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()

    def _key(self) -> Any:
        make = rsa_key if self.part.algorithm == "RS256" else ec_key
        return make(self.part.issuer)

    def _signature(self, data: bytes) -> bytes:
        if self.part.algorithm == "HS256":
            return hmac.digest((self.part.secret or "").encode(), data, "sha256")
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        if self.part.algorithm == "RS256":
            return rsa_key(self.part.issuer).sign(data, padding.PKCS1v15(), hashes.SHA256())
        # RFC 6979: without it, a signature would differ each time.
        method = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        r, s = decode_dss_signature(ec_key(self.part.issuer).sign(data, method))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
