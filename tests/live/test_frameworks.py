"""Agents as they are written elsewhere, live: Node with OpenAI's package, and LangChain without a
loop, whose tools ask by requests. Both are hit by faults, and recover as their libraries do.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from evalkit.gate import Verdict
from evalkit.journal.records import CallStarted
from evalkit.store import Run
from tests.live.node import modules
from tests.live.worlds import replies, run, write

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' processes")

LLM = "service: openai\nlatency: 1ms\ntokens_per_second: 10000\n"
SCRIPT = """
rules:
  - when: {last: user}
    reply: {calls: [{name: get_item, arguments: {id: a}}]}
  - when: {tool: get_item}
    reply: {text: "It is of {{ result.owner }}."}
"""
SERVICES = {"crm": {"use": "crm.yaml"}, "llm": {"use": "llm.yaml", "script": "script.yaml"}}
ENVIRONMENT = {
    "CRM": "{{ services.crm.url }}",
    "OPENAI_BASE_URL": "{{ services.llm.url }}/v1",
    "OPENAI_API_KEY": "not-a-key",
}
LIMITED = {"at": "llm", "when": {"attempt": 1}, "inject": {"status": 429, "retry_after_ms": 10}}
BROKEN = {"at": "crm", "when": {"attempt": 1}, "inject": "reset"}
SCENARIOS = {"hit": {"faults": [LIMITED, BROKEN]}}
SAID = {each: f"It is of {each}." for each in ("s-1", "s-2", "s-3")}

NODE = """
const http = require("node:http");
const OpenAI = require("openai");
const client = new OpenAI();
const tools = [{ type: "function", function: { name: "get_item", parameters: {
  type: "object", properties: { id: { type: "string" } } } } }];

async function item(id, headers) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await (await fetch(`${process.env.CRM}/items/${id}`, { headers })).text();
    } catch (error) {
      if (attempt === 2) throw error;
    }
  }
}

async function answer(input, headers) {
  const messages = [{ role: "user", content: input }];
  for (;;) {
    const completion = await client.chat.completions.create(
      { model: "gpt-4o", messages, tools }, { headers });
    const { message } = completion.choices[0];
    if (!message.tool_calls) return message.content;
    messages.push(message);
    for (const call of message.tool_calls) {
      const content = await item(JSON.parse(call.function.arguments).id, headers);
      messages.push({ role: "tool", tool_call_id: call.id, content });
    }
  }
}

http.createServer(async (request, response) => {
  let body = "";
  for await (const part of request) body += part;
  const { baggage, traceparent } = request.headers;
  const text = request.url === "/health" ? "" :
    await answer(JSON.parse(body).input, { baggage, traceparent });
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ text }));
}).listen(Number(process.argv[2]), "127.0.0.1");
"""

LANGCHAIN = """
    import os

    import requests
    from langchain_core.messages import HumanMessage
    from langchain_core.tools import tool
    from langchain_openai import ChatOpenAI

    from evalkit import Turn

    @tool
    def get_item(id: str) -> str:
        "Looks an item up."
        for attempt in (1, 2):
            try:
                return requests.get(f"{os.environ['CRM']}/items/{id}", timeout=5).text
            except requests.ConnectionError:
                if attempt == 2:
                    raise

    def agent(turn: Turn) -> str:
        model = ChatOpenAI(model="gpt-4o").bind_tools([get_item])
        messages = [HumanMessage(turn.input)]
        while True:
            messages.append(answer := model.invoke(messages))
            if not answer.tool_calls:
                return answer.content
            messages += [get_item.invoke(call) for call in answer.tool_calls]
"""


def _proven(folder: Path, agent: dict[str, Any], **files: str) -> Run:
    """A run in which every first attempt failed and every session recovered."""
    env = {**ENVIRONMENT, **agent.pop("env", {})}
    made = {"llm.yaml": LLM, "script.yaml": SCRIPT, **files}
    suite = write(folder, {"env": env, **agent}, made, services=SERVICES, scenarios=SCENARIOS)
    found = run(suite)
    assert found.verdict is Verdict.PASS, found.record.reasons
    assert replies(found, "hit") == SAID
    for service, attempts in (("llm", [1, 1, 2, 2]), ("crm", [1, 2])):
        calls = _calls(found, service)
        for session in SAID:
            assert sorted(each.attempt for each in calls if each.session == session) == attempts
    return found


def _calls(found: Run, service: str) -> list[CallStarted]:
    begun = found.records("hit", kinds=["call_started"])
    return [each for each in begun if isinstance(each, CallStarted) and each.service == service]


def test_a_node_process_with_the_official_package(tmp_path: Path) -> None:
    http = {
        "url": "http://127.0.0.1:{{ port }}",
        "start": "node agent.cjs {{ port }}",
        "ready": "/health",
    }
    agent = {"http": http, "env": {"NODE_PATH": str(modules("openai", "6"))}}
    found = _proven(tmp_path, agent, **{"agent.cjs": NODE})
    retried = sorted(each.sdk_retry or 0 for each in _calls(found, "llm"))
    assert retried == [0] * 6 + [1] * 6


def test_a_synchronous_langchain_agent_with_requests(tmp_path: Path) -> None:
    pytest.importorskip("langchain_openai")
    pytest.importorskip("requests")
    agent = {"python": "agent.py:agent", "processes": 1}
    _proven(tmp_path, agent, **{"agent.py": LANGCHAIN})
