"""What a run cost, from recorded usage to gates: prices, retries, and what faults added."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalkit import api
from evalkit.gate import Verdict
from evalkit.metrics.pricing import PRICED_AT
from evalkit.store import Run
from tests.engine.suites import write_suite

AGENT = """
import os
import httpx
from evalkit import Turn

client = httpx.AsyncClient(
    base_url=os.environ["LLM_URL"], headers={"authorization": "Bearer k"}, timeout=5
)

async def ask(text: str, model: str) -> str:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    for attempt in (1, 2):
        try:
            answer = await client.post("/v1/chat/completions", json=body)
            return answer.json()["choices"][0]["message"]["content"]
        except httpx.RemoteProtocolError:
            if attempt == 2:
                raise

async def agent(turn: Turn) -> str:
    found = await ask("look " + turn.input, "gpt-4o")
    return found + await ask("think " + turn.input, "in-house/7b")
"""
LLM = {
    "service": "openai",
    "latency": "100ms",
    "usage": {"samples": "usage.jsonl"},
}
SCRIPT = {
    "rules": [
        {"when": {"text": "^look"}, "reply": {"text": "I looked."}},
        {"when": {"text": "^think"}, "reply": {"text": "I thought."}},
    ]
}
USAGE = """\
{"rule": "rules[0]", "input": 1000, "cached": 400, "output": 200}
{"rule": "rules[1]", "input": 2000, "output": 500, "reasoning": 300}
"""
PRICES = """\
date: 2026-11-01
prices:
  gpt-4o: {input: $2.50, cached: $1.25, output: $10}
"""
MORE = "  in-house/7b: {input: $2.50, output: $10, reasoning: $20}\n"

# 600 tokens at $2.50 a million, 400 at $1.25, 200 at $10.
LOOKING = 0.0015 + 0.0005 + 0.002
# 2,000 tokens at $2.50 a million, 200 at $10, 300 at $20.
THINKING = 0.005 + 0.002 + 0.006


def ran(folder: Path, **parts: Any) -> Run:
    """A suite whose first call of a session is cut once it was billed, and made again."""
    for name, content in (("llm.yaml", LLM), ("script.yaml", SCRIPT)):
        (folder / name).write_text(yaml.safe_dump(content))
    (folder / "usage.jsonl").write_text(USAGE)
    (folder / "prices.yaml").write_text(PRICES + MORE)
    fault = {"at": "llm", "when": {"call": 1, "attempt": 1}, "inject": {"cut": 20}}
    suite = write_suite(
        folder,
        agent=AGENT,
        settings={"env": {"LLM_URL": "{{ services.llm.url }}"}},
        services={"llm": {"use": "llm.yaml", "script": "script.yaml"}},
        scenarios={"cut": {"faults": [fault], "gates": ["mean(session.added_cost) == $0.004"]}},
        prices="prices.yaml",
        **parts,
    )
    (run,) = api.run(suite, out=folder / "reports")
    return api.load_run(run.folder)


def test_what_retries_and_faults_cost_is_added_up_and_kept_with_the_prices(tmp_path: Path) -> None:
    run = ran(tmp_path)
    assert run.verdict is Verdict.PASS, run.record.reasons
    table = run.sessions
    rows = {
        name: [
            (cost, retries, added)
            for scenario, cost, retries, added in zip(
                *(table[each] for each in ("scenario", "cost", "retry_cost", "added_cost")),
                strict=True,
            )
            if scenario == name
        ]
        for name in ("cut", "control")
    }
    whole = LOOKING + THINKING
    for cost, retries, added in rows["cut"]:
        assert cost == pytest.approx(whole + LOOKING, abs=1e-12)
        assert retries == pytest.approx(LOOKING, abs=1e-12)
        assert added == pytest.approx(LOOKING, abs=1e-12)
    assert [each[:2] for each in rows["control"]] == [(pytest.approx(whole, abs=1e-12), 0)] * 3
    assert sorted(set(run.calls["tokens_in"].tolist())) == [1000, 2000]

    # Which prices, of when, and what they came to, model by model.
    listed = f"genai-prices {version('genai-prices')}, prices of {PRICED_AT:%Y-%m-%d}"
    assert run.record.prices == f"prices.yaml of 2026-11-01, then {listed}"
    spent = {each.model: each for each in run.record.spent}
    assert {each.by for each in spent.values()} == {"prices.yaml"}
    assert (spent["gpt-4o"].calls, spent["in-house/7b"].calls) == (9, 6)
    assert spent["gpt-4o"].cost == pytest.approx(9 * LOOKING, abs=1e-12)
    assert spent["in-house/7b"].cost == pytest.approx(6 * THINKING, abs=1e-12)

    # Later all is ten times as dear: what was recorded is what is judged.
    (tmp_path / "prices.yaml").write_text(PRICES.replace("$", "$1") + MORE.replace("$", "$1"))
    gates = tmp_path / "gates.yaml"
    again = {"scenarios": {"cut": {"gates": ["mean(session.retry_cost) == $0.004"]}}}
    gates.write_text(yaml.safe_dump(again))
    judged = api.judge_again(run.folder, gates=gates)
    assert judged.verdict is Verdict.PASS, judged.record.reasons
    assert (judged.record.prices, judged.record.spent) == (run.record.prices, run.record.spent)
