"""A repository with a suite, an agent, and a branch on which the agent got worse."""

from __future__ import annotations

import subprocess
from pathlib import Path

AGENT = """\
import os

import httpx

from evalkit import Reply, Turn

client = httpx.AsyncClient(base_url=os.environ["SHOP_URL"], timeout=5)


async def agent(turn: Turn) -> Reply:
    for _ in range(2):
        response = await client.get(f"/orders/{turn.session.id}")
        if response.status_code == 200:
            return Reply(f"Order {response.json()['id']} is on its way.")
    return Reply("Please try again later.", answer="degraded")
"""

SHOP = """\
service: rest
latency: 80ms
routes:
  GET /orders/{id}:
    reply: {json: {id: "{{ path.id }}"}}
"""

SUITE = """\
suite: shop
agent: {python: "agent.py:agent", env: {SHOP_URL: "{{ services.shop.url }}"}}
services:
  shop: {use: shop.yaml}
sessions:
  concurrency: 10
  items:
    - {id: first, turns: [{input: Where is my order?}]}
    - {id: second, turns: [{input: Has it been sent?}]}
  repeat: 6
scenarios:
  happy: {tags: [critical]}
  shop-flaky:
    faults: [{at: shop, when: {attempt: 1}, inject: {status: 503}}]
"""


TEST = """\
import pytest


@pytest.mark.evalkit(suite="shop.eval.yaml", faults=["shop/fails-once"])
async def test_one_failure_is_survived(world):
    from agent import agent

    reply = await world.turn(agent, "Where is my order?")
    assert [each.started.attempt for each in world.calls] == [1, 2]
    assert reply.text.startswith("Order test is on its way")
"""
"""A test in Python beside the suite, run in a world."""


def git(folder: Path, *words: str) -> str:
    """What git says. No settings of whoever runs the tests count."""
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    command = ["git", "-C", str(folder), *identity, "-c", "commit.gpgsign=false", *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def repository(folder: Path) -> Path:
    """The repository, with the branch `worse` checked out; `main` is as it was."""
    evals = folder / "evals"
    evals.mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (evals / "agent.py").write_text(AGENT)
    (evals / "shop.yaml").write_text(SHOP)
    (evals / "shop.eval.yaml").write_text(SUITE)
    (evals / "test_shop.py").write_text(TEST)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "The shop's agent")
    git(folder, "checkout", "-q", "-b", "worse")
    (evals / "agent.py").write_text(AGENT.replace("range(2)", "range(1)"))
    git(folder, "commit", "-q", "-a", "-m", "Ask once is enough")
    return folder
