"""The parts of a report, by the figures that stand in them."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import pytest

from evalkit.journal.records import Answer, End
from evalkit.metrics import Unit
from evalkit.report.html.building import view_of
from evalkit.report.html.reading import Stored
from evalkit.report.html.view import Conduct, View
from evalkit.report.html.writing import report_of
from tests.metrics.journals import MS, Pen
from tests.report.html.pages import gate_of, stored_small
from tests.store.runs import record_of, result_of, scenario_of, stored


def test_the_banner_says_which_run_it_is_and_how_to_do_it_again(tmp_path: Path) -> None:
    told = {"commit": "c" * 40, "branch": "fix", "digest": "d1", "prices": "2026-11-01"}
    run = stored_small(tmp_path, finished="2026-01-05T09:00:02.500Z", **told)
    banner = view_of(run).banner
    facts, settings = dict(banner.facts), dict(banner.settings)
    assert (facts["Suite"], facts["Commit"]) == ("support", f"{'c' * 12} on fix")
    assert (facts["Started"], facts["Took"]) == (
        "2026-01-05 09:00:00 UTC",
        "2.50 s of real time",
    )
    assert facts["Clock"] == "simulated"
    assert settings == {
        "Run": "support-20260105T090000Z-3fa2",
        "Seed": "7",
        "Egress": "python-only",
        "Prices": "2026-11-01",
        "Digest of the journals": "d1",
    }
    assert banner.clock is not None
    assert banner.clock.startswith("Latencies are simulated: what the agent's own waiting")
    assert banner.command == "evalkit run scenarios/support/support.eval.yaml --seed 7"


def test_a_gate_is_drawn_and_told_with_its_interval_count_and_margin(tmp_path: Path) -> None:
    html, _ = report_of(stored_small(tmp_path, gates=(gate_of(scope="broken"),)))
    (row,) = re.findall(r'id="gates".*?<tbody>\s*<tr>(.*?)</tr>', html, re.DOTALL)
    cells = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)
    shown = [unescape(re.sub(r"<[^>]*>", " ", each)) for each in cells]
    texts = [re.sub(r"\s+", " ", each).strip() for each in shown]
    assert texts == [
        "✗ fail",
        "p90(turn.latency) < 1s p90(turn.latency) is 2s, not < 1s",
        "2.00 s",
        "",
        "1.50 s to 2.50 s",
        "< 1s",
        "\u22121.00 s",
        "10 in 5",
        "broken",
    ]
    assert all(f'class="{each}"' in cells[3] for each in ("limit", "interval", "seen fail"))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> View:
    """Four sessions without faults, and the same with one, which cost more and end otherwise."""
    answers = (Answer.ANSWERED, Answer.DEGRADED, Answer.HOLD, Answer.ESCALATED)

    def told(number: int, *, faulty: bool) -> Pen:
        pen = Pen(f"s{number}").start().begin()
        fault = "empty_choices" if faulty else None
        pen.call("llm", 0, 100, usage=(1000, 100), model="gpt-4o", fault=fault)
        if faulty:
            pen.call("llm", 200, 300, attempt=2, logical=1, usage=(1000, 100), model="gpt-4o")
        pen.reply(300, answer=answers[number] if faulty else Answer.ANSWERED)
        failed = faulty and number == 3
        return pen.end(300, End.FAILED if failed else End.COMPLETED)

    results = [
        result_of(
            [record for n in range(4) for record in told(n, faulty=name == "hit").records],
            scenario=name,
        )
        for name in ("plain", "hit")
    ]
    scenarios = (
        scenario_of("plain", sessions=4),
        scenario_of("hit", sessions=4, faulty=True, control="plain"),
    )
    money = gate_of(gate="mean(session.cost) < $0.02", unit=Unit.MONEY, observed=0.01, limit=0.02)
    run = stored(
        tmp_path_factory.mktemp("mixed") / "run",
        *results,
        record=record_of(*scenarios, gates=(money,)),
    )
    return view_of(Stored.of(run))


def test_what_became_of_sessions_is_told_as_shares(mixed: View) -> None:
    assert mixed.conduct == (
        Conduct(
            scenario="plain",
            sessions=4,
            completed=1,
            escalated=0,
            degraded=0,
            held=0,
            recovered=None,
        ),
        Conduct(
            scenario="hit",
            sessions=4,
            completed=0.75,
            escalated=0.25,
            degraded=0.25,
            held=0.25,
            recovered=0.75,
        ),
    )


def test_what_was_spent_on_retries_and_faults_is_told_apart(mixed: View) -> None:
    plain, hit = mixed.cost.scenarios
    assert plain.each is not None
    assert (plain.retries, plain.added) == (0, None)
    assert hit.cost == pytest.approx(2 * plain.cost)
    assert hit.retries == pytest.approx(plain.cost)
    assert hit.added == mixed.cost.added == pytest.approx(plain.cost)
    assert mixed.cost.retries == pytest.approx(plain.cost)


def test_what_more_sessions_would_cost_is_forecast_and_held_to_the_ceiling(mixed: View) -> None:
    each = mixed.cost.scenarios[0].each
    assert each is not None
    found = {sessions: interval.figure for sessions, interval in mixed.cost.forecast}
    assert found == pytest.approx({n: n * each for n in (1_000, 10_000, 100_000)})
    assert [each.gate for each in mixed.cost.ceilings] == ["mean(session.cost) < $0.02"]


def test_a_story_tells_of_streams_attempts_waits_and_sizes(tmp_path: Path) -> None:
    pen = Pen("s1").start().begin(20, intended=10)
    pen.call("crm", 20, 50, status=503, fault="status", body=b"asked")
    streamed = {"first_token": 400 * MS, "last_token": 900 * MS}
    pen.call("llm", 300, 950, attempt=2, logical=1, usage=(9, 5), model="gpt-4o", **streamed)
    pen.reply(1000).end(1000)
    data = view_of(Stored.of(stored(tmp_path, result_of(pen.records)))).data
    (story,) = data["sessions"]
    (turn,), (failed, stream) = story["turns"], story["calls"]
    assert (turn["late"], turn["end"]) == (10 * MS, 1000 * MS)
    assert (failed["bad"], failed["askedSize"]) == (True, 5)
    assert failed["faults"] == ["status (rule 1): scheduled, fired, delivered"]
    assert (stream["first"], stream["last"], stream["tokens"]) == (400 * MS, 900 * MS, [9, 5])
    assert (stream["try"], stream["of"]) == (2, 1)
