"""A suite with an agent, to be collected."""

from __future__ import annotations

import pytest

SERVICE = """
service: rest
latency: 80ms
routes:
  GET /orders/{id}: {reply: {json: {id: "{{ path.id }}"}}}
"""

AGENT = """
import httpx
from evalkit import Reply

async def agent(turn):
    async with httpx.AsyncClient(timeout=2) as client:
        for _ in range(2):
            try:
                reply = await client.get("http://shop.evalkit.test/orders/1")
            except httpx.HTTPError:
                continue
            if reply.status_code < 500:
                return reply.text
    return Reply("sorry", answer="degraded")
"""

SUITE = """
suite: shop
agent: {python: "agent.py:agent"}
services:
  shop: {use: shop.yaml, on_failure: degraded}
sessions:
  items:
    - {id: a, turns: [{input: hi}]}
gates: [p90(turn.latency) < 1s]
scenarios:
  happy: {tags: [critical]}
  flaky: {faults: [shop/fails-once], gates: [mean(session.amplification) < 3]}
  down:
    tags: [critical, hard]
    faults: [shop/down]
    expect: {answer: answered}
  unhit:
    faults: [{at: shop POST /x, inject: reset}]
  lax:
    blocking: false
    faults: [shop/down]
    expect: {answer: answered}
"""

INI = """
[pytest]
addopts = --strict-markers -p no:cacheprovider -p no:randomly
asyncio_default_fixture_loop_scope = function
"""


def write_suite(pytester: pytest.Pytester, text: str = SUITE) -> None:
    """Put the suite, its agent and its service in place."""
    pytester.makeini(INI)
    for name, content in {
        "shop.yaml": SERVICE,
        "agent.py": AGENT,
        "shop.eval.yaml": text,
    }.items():
        (pytester.path / name).write_text(content.lstrip(), encoding="utf-8")


ALL = ["happy", "down", "flaky", "unhit", "lax", "[gates]"]
"""What is collected of it, in order: what is critical first."""
