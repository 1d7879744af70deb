import json

import pytest

from evalkit.checks.idempotency import keys_of
from tests.checks.stories import Story


@pytest.mark.parametrize(
    ("headers", "body", "keys"),
    [
        ((("Idempotency-Key", "a"),), None, ("a",)),
        ((("X-Idempotency-Key", "a"),), None, ("a",)),
        ((), {"idempotency_key": "a"}, ("a",)),
        ((), {"params": {"arguments": [{"clientToken": 7}]}}, ("7",)),
        ((("idempotency-key", "a"),), {"idempotencyKey": "a"}, ("a",)),
        ((), {"client": "a", "key": "b"}, ()),
        ((), ["idempotent"], ()),
        ((("x-request-id", "a"),), {"request_id": "a"}, ()),
        ((), None, ()),
    ],
)
def test_keys_are_found_in_headers_and_bodies(headers, body, keys):
    story = Story().turn().call(headers=headers, body=body)
    assert keys_of(story.view.calls[0].started) == keys
    assert json.dumps(body)
