"""The service of the shipped contracts suite takes reviews before it begins them."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
import pytest

from evalkit.services.asgi.lifespan import lifespan
from evalkit.suite.loading import loaded
from tests.scenarios.shipped import suite_of

ORDER = {"document": "C-1", "user": "u-1", "callback_url": "http://127.0.0.1:9/replies"}
NOBODY = "http://127.0.0.1:9"


async def _answers(*keys: str) -> list[httpx2.Response]:
    """What is answered to an order of a review with each key, while the core system is away, and to
    the question how the last is getting on.
    """
    with loaded("app.py:app", suite_of("contracts").parent) as app:
        async with lifespan(app, "app.py:app") as state:
            transport = httpx2.ASGITransport(_with(app, state))
            async with httpx2.AsyncClient(transport=transport, base_url="http://agent") as client:
                answers = [
                    await client.post("/reviews", json=ORDER, headers={"Idempotency-Key": key})
                    for key in keys
                ]
                return [*answers, await client.get(answers[-1].headers["location"])]


def _with(app: Any, state: dict[str, Any]) -> Any:
    async def called(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": state}, receive, send)

    return called


@pytest.mark.parametrize("again", ["a", "b"])
def test_reviews_are_taken_with_a_job_id_before_they_are_begun(
    monkeypatch: pytest.MonkeyPatch, again: str
) -> None:
    for name, value in {"CORE_URL": NOBODY, "OPENAI_API_KEY": "k"}.items():
        monkeypatch.setenv(name, value)

    first, second, asked = asyncio.run(_answers("a", again))

    assert [first.status_code, second.status_code] == [202, 202]
    one, other = first.json()["job"], second.json()["job"]
    assert first.headers["location"] == f"/reviews/{one}"
    assert (one == other) is (again == "a")
    assert asked.json() == {"job": other, "status": "running"}
