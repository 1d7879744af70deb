"""Signatures of webhooks, against what their receivers compute."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from evalkit.services.webhooks.signing import signer

BODY = b'{"a":1}'
WALL = 1_767_603_600_999_999_999


def signed(style, secret="s3cret", algorithm="hmac-sha256", header="X-Sig"):
    made = signer(style, algorithm=algorithm, header=header, secret=secret, id_="evt_1")
    return dict(made(BODY, WALL))


def mac(text: bytes, algorithm="sha256", key: bytes = b"s3cret") -> hmac.HMAC:
    return hmac.new(key, text, algorithm)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
@pytest.mark.parametrize("style", ["hex", "prefixed", "base64"])
def test_the_body_is_signed(style, algorithm):
    made = mac(BODY, algorithm)
    wanted = {
        "hex": made.hexdigest(),
        "prefixed": f"{algorithm}={made.hexdigest()}",
        "base64": base64.b64encode(made.digest()).decode(),
    }
    assert signed(style, algorithm=f"hmac-{algorithm}") == {"x-sig": wanted[style]}


def test_the_time_is_signed_too():
    wanted = mac(b'1767603600.{"a":1}').hexdigest()
    assert signed("timestamped", header="Stripe-Signature") == {
        "stripe-signature": f"t=1767603600,v1={wanted}"
    }


@pytest.mark.parametrize("secret", ["whsec_c2VjcmV0LWtleQ==", "c2VjcmV0LWtleQ=="])
def test_standard_webhooks(secret):
    digest = mac(b'evt_1.1767603600.{"a":1}', key=b"secret-key").digest()
    assert signed("standard", secret=secret) == {
        "webhook-id": "evt_1",
        "webhook-timestamp": "1767603600",
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def test_an_example_that_github_publishes():
    made = signer(
        "prefixed",
        algorithm="hmac-sha256",
        header="X-Hub-Signature-256",
        secret="It's a Secret to Everybody",
        id_="",
    )
    assert made(b"Hello, World!", 0) == (
        (
            "x-hub-signature-256",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        ),
    )


def test_a_secret_that_is_no_base64_is_taken_as_it_is():
    made = signed("standard", secret="not base64!")
    digest = hmac.new(b"not base64!", b'evt_1.1767603600.{"a":1}', hashlib.sha256).digest()
    assert made["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
