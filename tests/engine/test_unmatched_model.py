"""What a model's script has no answer for is a violation, whatever its agent makes of the error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from evalkit.journal.records import Finding, Severity
from tests.engine.suites import run, sessions, write_suite

AGENT = """
import os
import httpx
from evalkit import Turn

llm = httpx.AsyncClient(base_url=os.environ["MODEL_URL"], headers={"authorization": "Bearer k"})

async def agent(turn: Turn) -> str:
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
    try:
        said = await llm.post("/v1/chat/completions", json=asked)
        return said.raise_for_status().json()["choices"][0]["message"]["content"]
    except BaseException:
        return "All is well."
"""


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"when": {"text": "refund"}, "reply": {"text": "a"}}, "nearest is rules[0], which wants"),
        ({"reply": {"text": "{{ session.vars.name }}"}}, "rules[0] could not be carried out"),
    ],
)
def test_an_agent_cannot_swallow_it(tmp_path: Path, rule: dict[str, Any], why: str) -> None:
    (tmp_path / "openai.yaml").write_text("service: openai\n")
    (tmp_path / "script.yaml").write_text(yaml.safe_dump({"rules": [rule]}))
    path = write_suite(
        tmp_path,
        agent=AGENT,
        settings={"env": {"MODEL_URL": "{{ services.llm.url }}"}},
        services={"llm": {"use": "openai.yaml", "script": "script.yaml"}},
        sessions={"items": sessions(1)},
    )
    ran = run(path)
    assert (ran.texts, ran.ends) == (["All is well."], {"s0": "completed"})
    (finding,) = ran.of(Finding)
    assert (finding.check, finding.severity) == ("no-unmatched-request", Severity.VIOLATION)
    assert why in finding.message
