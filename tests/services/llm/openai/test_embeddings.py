"""Embeddings, judged by the official SDK."""

import math

import pytest

from tests.services.asking import ask, value
from tests.services.llm.openai.world import played

KEY = {"Authorization": "Bearer k"}
SMALL = "text-embedding-3-small"


def vectors(service, given, **more):
    async def agent(client):
        return await client.embeddings.create(**{"model": SMALL, "input": given, **more})

    reply = played(service, agent).value
    return [each.embedding for each in reply.data]


def dot(one, other):
    return math.fsum(a * b for a, b in zip(one, other, strict=True))


def test_vectors_are_of_unit_length_and_depend_on_the_text_alone(wide):
    (one, other), (again,) = (
        vectors(wide, ["refund my order", "hello"]),
        vectors(wide, "refund my order"),
    )
    assert len(one) == 1536
    assert dot(one, one) == pytest.approx(1, abs=1e-6)
    assert one == again != other
    assert vectors(wide, "hello", model="text-embedding-3-large")[0][:5] != other[:5]


def test_texts_that_share_words_lie_nearer(wide):
    query, near, far = vectors(wide, ["Where is my refund?", "my refund is late", "blue sky"])
    assert dot(query, near) > 0.4 > 0.2 > abs(dot(query, far))


def test_base64_is_what_floats_are(wide):
    floats = vectors(wide, "x", encoding_format="float")[0]
    asked = vectors(wide, "x")[0]  # the SDK asks for base64 of its own accord
    assert asked == pytest.approx(floats, abs=1e-7)


def test_a_shorter_vector_is_the_beginning_of_the_longer(wide):
    short, whole = vectors(wide, "x", dimensions=8)[0], vectors(wide, "x")[0]
    norm = math.sqrt(dot(whole[:8], whole[:8]))
    assert short == pytest.approx([each / norm for each in whole[:8]], abs=1e-6)


def test_usage_and_latency(wide):
    reply = ask(
        wide, "POST", "/v1/embeddings", {"model": SMALL, "input": [[1, 2], [3]]}, headers=KEY
    )
    assert value(reply)["usage"]["prompt_tokens"] == reply.usage.input > 0
    assert reply.plan[0].ns == 300_000_000


@pytest.mark.parametrize(
    ("more", "status", "message"),
    [
        ({"input": None}, 400, "Missing required parameter: 'input'"),
        ({"input": ""}, 400, "cannot be an empty string"),
        ({"input": []}, 400, "empty array"),
        ({"input": {"a": 1}}, 400, "one of a string or array"),
        ({"input": [1, "a"]}, 400, "one of a string or array of integers"),
        ({"input": "x " * 20_000}, 400, "maximum context length is 8192"),
        ({"input": ["x"] * 2049}, 400, "array too long"),
        ({"dimensions": 5000}, 400, "less than or equal to 1536"),
        ({"dimensions": 8, "model": "text-embedding-ada-002"}, 400, "does not support specifying"),
        ({"encoding_format": "hex"}, 400, "Invalid value: 'hex'"),
    ],
)
def test_what_is_refused(wide, more, status, message):
    reply = ask(wide, "POST", "/v1/embeddings", {"model": SMALL, "input": "x", **more}, headers=KEY)
    assert reply.status == status
    assert message in value(reply)["error"]["message"]
