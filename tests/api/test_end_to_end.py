"""Suites run by the real engine, from the file to the report."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from evalkit import api
from evalkit.gate import Verdict
from evalkit.report.show import print_session
from tests.engine.suites import sessions, write_suite

BROKEN = """
async def agent(turn):
    raise ValueError("no such thing")
"""


def test_a_suite_that_passes_does_the_same_twice(tmp_path: Path) -> None:
    suite = write_suite(
        tmp_path,
        gates=["p90(turn.latency) < 150ms", "max(turn.latency) < 150ms for each region"],
        sessions={
            "items": [{**each, "region": "eu"} for each in sessions(5, 2)[:4]] + sessions(5, 2)[4:],
            "regions": {"eu": {"share": "0%"}, "us": {}},
            "concurrency": 2,
            "cell": 2,
        },
    )
    (run,) = api.run(suite, out=tmp_path / "reports", twice=True, workers=2)
    assert (run.verdict, run.exit_code, run.record.difference) == (Verdict.PASS, 0, None)
    assert [(each.group, each.n) for each in run.record.gates] == [
        (None, 10),
        ("region=eu", 8),
        ("region=us", 2),
    ]
    assert run.turns["latency_ns"].tolist() == [100_000_000] * 10
    (again,) = api.run(suite, out=tmp_path / "reports", workers=1)
    assert again.digest == run.digest


@pytest.mark.parametrize(
    ("agent", "code", "words"),
    [
        (BROKEN, 1, "ValueError: no such thing"),
        ("import no_such_module", 4, "no_such_module"),
    ],
)
def test_an_agent_that_is_broken_is_named(
    tmp_path: Path, agent: str, code: int, words: str
) -> None:
    (run,) = api.run(write_suite(tmp_path, agent=agent), out=tmp_path / "reports")
    assert run.exit_code == code
    plain = run.record.scenario("plain")
    assert words in f"{plain.reasons} {plain.problems}"


def test_a_session_is_told_from_what_was_stored(tmp_path: Path) -> None:
    fault = {"at": "items", "when": {"attempt": 1}, "inject": {"status": 503}}
    suite = write_suite(tmp_path, scenarios={"flaky": {"faults": [fault]}})
    (run,) = api.run(suite, out=tmp_path / "reports", session="s1")
    stream = io.StringIO()
    print_session(api.load_run(run.folder), "s1", stream)
    text = stream.getvalue()
    assert "#1 items GET /items/{id} · 503 after 0.100 s" in text
    assert "fault status (rule 1): scheduled, fired, delivered" in text
    assert "raised: httpx.HTTPStatusError" in text


CREDENTIALS = """
import os
import httpx
from evalkit import Turn

client = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"])

async def agent(turn: Turn) -> str:
    for _ in range(2):
        await client.get("/items/1", headers={"Authorization": f"Bearer key-{turn.session.id}"})
    return "done"
"""


def test_equal_credentials_stay_equal_and_unreadable_and_do_not_change_the_digest(
    tmp_path: Path,
) -> None:
    settings = {"items": sessions(2), "cell": 1}
    suite = write_suite(tmp_path, agent=CREDENTIALS, sessions=settings)
    runs = [api.run(suite, out=tmp_path / "reports", workers=2)[0] for _ in range(2)]
    shown = [
        [
            dict(each.headers)["authorization"]
            for each in run.records("plain", kinds=["call_started"])
        ]
        for run in runs
    ]
    for first, again, other, other_again in shown:
        assert first.startswith("Bearer masked-")
        assert (first, other) == (again, other_again)
        assert first != other
    assert shown[0][0] != shown[1][0]
    assert runs[0].digest == runs[1].digest
    assert not any(b"key-s" in each.read_bytes() for each in runs[0].folder.rglob("*.json"))
    assert not any(runs[0].folder.rglob(".key"))
