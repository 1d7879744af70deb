"""Signatures of webhooks, as the senders in the field make them.

`standard` follows the Standard Webhooks specification (standardwebhooks.com): HMAC-SHA256 over
`id.timestamp.body`, keyed with the base64 of a secret after `whsec_`.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable
from functools import partial

from evalkit.services.webhooks.model import Algorithm, Style
from evalkit.wire import Headers

_NS = 1_000_000_000


def signer(
    style: Style, *, algorithm: Algorithm, header: str, secret: str, id_: str
) -> Callable[[bytes, int], Headers]:
    """What signs the webhook of this id: headers for a body and a wall time in nanoseconds."""
    name = algorithm.removeprefix("hmac-")
    if style == "standard":
        return partial(_standard, _standard_key(secret), id_)
    return partial(_in_header, style, header.lower(), name, secret.encode())


def _in_header(
    style: Style, header: str, algorithm: str, secret: bytes, body: bytes, wall: int
) -> Headers:
    if style == "timestamped":
        moment = wall // _NS
        signed = hmac.new(secret, b"%d." % moment + body, algorithm).hexdigest()
        return ((header, f"t={moment},v1={signed}"),)
    made = hmac.new(secret, body, algorithm)
    text = base64.b64encode(made.digest()).decode() if style == "base64" else made.hexdigest()
    return ((header, f"{algorithm}={text}" if style == "prefixed" else text),)


def _standard(secret: bytes, id_: str, body: bytes, wall: int) -> Headers:
    moment = str(wall // _NS)
    signed = hmac.new(secret, f"{id_}.{moment}.".encode() + body, "sha256").digest()
    return (
        ("webhook-id", id_),
        ("webhook-timestamp", moment),
        ("webhook-signature", f"v1,{base64.b64encode(signed).decode()}"),
    )


def _standard_key(secret: str) -> bytes:
    """The bytes of a `whsec_` secret; one that is no base64 is taken as it is."""
    text = secret.removeprefix("whsec_")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode()
