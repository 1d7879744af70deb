"""One run by the real engine, looked into by `show`, `explain` and `diff`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from evalkit import api
from evalkit.cli import main
from evalkit.store import Run
from tests.engine.suites import sessions, write_suite

AGENT = """
import os
import httpx
from evalkit import Reply, Turn

items = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"])
model = httpx.AsyncClient(base_url=os.environ["MODEL_URL"], headers={"authorization": "Bearer x"})

async def agent(turn: Turn) -> Reply:
    for _ in range(2):
        response = await items.get("/items/7", params={"of": turn.session.id})
        if response.status_code == 200:
            break
    await items.get("/item/7")
    asked = {"model": "gpt-4o", "messages": [{"role": "user", "content": "refund"}]}
    said = await model.post("/v1/chat/completions", json=asked)
    return Reply(said.json()["choices"][0]["message"]["content"])
"""
SCRIPT = {
    "rules": [
        {"when": {"text": "invoice"}, "reply": {"text": "It is paid."}},
        {"when": {"last": "user", "text": "refund"}, "reply": {"text": "It is on its way."}},
    ]
}
FAULTS = [
    {"at": "items GET /items/*", "when": {"attempt": 1}, "inject": {"status": 503}},
    {"at": "items", "when": {"share": 0.0, "attempt": 2}, "inject": "reset"},
    {"at": "llm", "when": {"attempt": 2}, "inject": {"delay": "1s"}},
]


def suite_in(folder: Path) -> Path:
    folder.mkdir()
    (folder / "script.yaml").write_text(yaml.safe_dump(SCRIPT))
    (folder / "openai.yaml").write_text(yaml.safe_dump({"service": "openai"}))
    environment = {"ITEMS_URL": "{{ services.items.url }}", "MODEL_URL": "{{ services.llm.url }}"}
    return write_suite(
        folder,
        agent=AGENT,
        settings={"env": environment},
        services={
            "items": {"use": "items.yaml"},
            "llm": {"use": "openai.yaml", "script": "script.yaml"},
        },
        sessions={"items": sessions(2), "concurrency": 2},
        scenarios={"plain": {}, "flaky": {"faults": FAULTS}},
    )


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with a retry, a request that nothing answers, and a call of a scripted model."""
    folder = tmp_path_factory.mktemp("looked-into")
    (run,) = api.run(suite_in(folder / "suite"), out=folder / "reports", workers=1)
    return run


@pytest.fixture
def evalkit(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, list[str], str]]:
    """Runs a command on the run and gives its code, its lines and what it complains of."""

    def call(command: str, *argv: str) -> tuple[int, list[str], str]:
        code = main([command, str(run.folder), *argv])
        out, err = capsys.readouterr()
        return code, [each.strip() for each in out.splitlines()], err

    return call


def test_a_call_that_a_rule_hit(evalkit: Callable[..., tuple[int, list[str], str]]) -> None:
    code, lines, _ = evalkit("explain", "flaky/s0#1")
    assert code == 0
    assert lines[1] == "items GET /items/{id}: 503 after 0.100 s"
    assert "GET /items/7?of=s0" in lines
    assert "route GET /items/{id}, with id = 7" in lines
    rule = lines.index(
        "rule 1  {at: items GET /items/*, when: {attempt: 1}, inject: {status: 503}}"
    )
    assert lines[rule + 1] == "fired: all of `when` holds"
    assert "not fired: this is attempt 1, not 2" in lines
    assert "not aimed at it: it aims at llm, and this is a call of items" in lines


def test_a_retry_that_was_spared(evalkit: Callable[..., tuple[int, list[str], str]]) -> None:
    _, lines, _ = evalkit("explain", "s0#2", "--scenario", "flaky")
    followed = "it asks for the same as #1, which had failed with status 503"
    assert f"attempt 2 of 2: {followed}" in lines
    assert "not fired: this is attempt 2, not 1" in lines
    assert any(
        each.startswith("not fired: drew ") and each.endswith("not below the share 0")
        for each in lines
    )


def test_a_request_that_nothing_answered(
    evalkit: Callable[..., tuple[int, list[str], str]],
) -> None:
    _, lines, _ = evalkit("explain", "plain/s0#2")
    text = " ".join(lines)
    assert "no route or rule: no route for `GET /item/7`; the nearest is `GET /items/{id}`" in text
    assert "✗ violation no-unmatched-request" in text
    _, lines, _ = evalkit("explain", "--scenario", "plain")
    assert lines[0].endswith("2 requests that no route or rule answered")
    assert "first: plain/s0#2" in lines


def test_a_rule_of_a_script_is_explained_by_its_conditions(
    evalkit: Callable[..., tuple[int, list[str], str]], run: Run
) -> None:
    _, lines, _ = evalkit("explain", "plain/s1#3")
    assert "rules[1] of the script as gpt-4o" in lines
    assert "rules[1] wants `last: user` and `text: refund`: that holds" in lines
    passed = "rules[0] did not: it wants `text: invoice` where there is `refund`"
    assert passed in lines
    script = Path(run.record.path).parent / "script.yaml"
    before = script.read_text()
    script.write_text(yaml.safe_dump({"rules": SCRIPT["rules"][:1]}))
    _, lines, _ = evalkit("explain", "plain/s1#3")
    script.write_text("no script")
    _, wrong, _ = evalkit("explain", "plain/s1#3")
    script.write_text(before)
    assert "in script.yaml as it is now nothing in it answers this" in " ".join(lines)
    assert "rules[1] of the script as gpt-4o" in wrong


def test_calls_that_are_not_there(evalkit: Callable[..., tuple[int, list[str], str]]) -> None:
    for name, words in (
        ("plain/s0#9", "it made 3 calls: #1 #2 #3"),
        ("plain/s9#1", "sessions there: s0, s1"),
        ("plain/#1", "plain has no call #1 that belongs to no session"),
        ("s0#1", "or write plain/s0"),
    ):
        code, lines, complaint = evalkit("explain", name)
        assert (code, lines) == (2, [])
        assert words in complaint


def test_a_timeline_names_a_call_to_explain(
    evalkit: Callable[..., tuple[int, list[str], str]], run: Run
) -> None:
    _, lines, _ = evalkit("show", "flaky/s0")
    assert f"a call explained: evalkit explain {run.id} 'flaky/s0#1'" in lines


def test_a_run_is_equal_to_itself(
    evalkit: Callable[..., tuple[int, list[str], str]], run: Run
) -> None:
    code, lines, _ = evalkit("diff", str(run.folder))
    assert (code, lines[-1]) == (0, "✓ equal  4 sessions did the same in both runs")


def test_what_an_agent_does_differently_is_found(
    evalkit: Callable[..., tuple[int, list[str], str]], run: Run, tmp_path: Path
) -> None:
    suite = suite_in(tmp_path / "suite")
    agent = suite.parent / "agent.py"
    agent.write_text(agent.read_text().replace("range(2)", "range(1)"))
    (other,) = api.run(suite, out=tmp_path, scenario="flaky", workers=1)
    code, lines, _ = evalkit("diff", str(other.folder), "--scenario", "flaky")
    assert code == 1
    assert lines[3:7] == [
        "flaky: 2 sessions changed",
        "s0, and alike s1",
        "retries: items GET /items/{id}, at 0.100 s, turn 1",
        "first   2 attempts (503, 200)  (#1 #2)",
    ]
    code, lines, _ = evalkit("diff", str(other.folder), "--json")
    read = json.loads("\n".join(lines))
    assert (code, read["compared"], len(read["only_first"])) == (1, 2, 2)
    assert [each["session"] for each in read["changed"]] == ["s0", "s1"]
