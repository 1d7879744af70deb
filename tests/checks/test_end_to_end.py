"""Checks in a run: what the world records for them, and one of the user's own."""

from __future__ import annotations

from pathlib import Path

from evalkit.journal.records import Finding
from tests.engine.suites import run, sessions, write_suite

AGENT = """
import os
import httpx
from evalkit import Turn

client = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"])

async def agent(turn: Turn) -> str:
    for _ in range(5):
        if (response := await client.get("/items/1")).is_success:
            return "Here it is."
    return "It is not there."
"""

OWN = """
from evalkit.checks import Check

class Named(Check):
    name = "knows-the-session"
    about = "nothing: it shows what a check knows"

    def findings(self, session, facts):
        record = facts.sessions[session.id]
        seen = f"{facts.scenario}: {record.vars['who']}, {facts.kinds['items']}"
        return [self.finding("seen", at=0, session=session.id, seen=seen)]
"""


def test_a_retry_storm_in_a_world_is_found_with_its_hints(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)
    fault = {"at": "items", "inject": {"status": 429, "retry_after": "2s"}}
    suite = write_suite(
        tmp_path,
        agent=AGENT,
        checks=["standard", "own.py:Named"],
        sessions={"items": sessions(1, vars={"who": "Ada"}), "concurrency": 1},
        scenarios={"limited": {"faults": [{**fault, "when": {"attempts": [1, 2, 3]}}]}},
    )
    found = {each.check: each for each in reversed(run(suite).of(Finding))}
    assert set(found) == {"honours-retry-after", "knows-the-session"}
    assert "said to come again after 2s (call #1)" in found["honours-retry-after"].message
    assert found["knows-the-session"].seen == "limited: Ada, rest"
