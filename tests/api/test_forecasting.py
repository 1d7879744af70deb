"""What so many sessions would cost, forecast from a stored run."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.cli import main
from evalkit.errors import UsageError
from evalkit.metrics import Prices
from evalkit.store import CellWriter, Run, write_record
from evalkit.suite.prices import ModelPrice, PriceTable, Rates
from tests.metrics.journals import Pen
from tests.store.runs import record_of, result_of, scenario_of

DOLLAR = ModelPrice(Rates(input=Decimal(1), output=Decimal(1)))
PRICES = Prices(PriceTable(name="prices.yaml", date=None, models={"m": DOLLAR, "n": DOLLAR}))


def session(name: str, *calls: tuple[str, int, int]) -> list[Any]:
    pen = Pen(name).start().begin()
    for model, read, written in calls:
        pen.call("llm", 0, 1, usage=(read, written), model=model)
    return pen.reply(2).end(2).records


def run_of(folder: Path, faulty: tuple[str, ...] = ("bad",), **cells: list[list[Any]]) -> Run:
    """A stored run of scenarios with these sessions, whose tokens cost $1 each."""
    scenarios = [
        scenario_of(name, sessions=len(each), faulty=name in faulty) for name, each in cells.items()
    ]
    folder.mkdir(parents=True)
    write_record(folder, record_of(*scenarios, prices="prices.yaml"))
    for name, each in cells.items():
        records = [record for own in each for record in own]
        CellWriter(folder=folder, prices=PRICES)(result_of(records, scenario=name))
    return Run(folder)


GOOD = [session("s1", ("m", 3, 1)), session("s2", ("m", 5, 1), ("n", 1, 1))]
BAD = [session("s1", ("m", 30, 10)), session("s2", ("m", 50, 10))]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return run_of(tmp_path / "run", good=GOOD, bad=BAD)


def test_it_is_of_the_scenarios_that_inject_nothing_unless_asked_otherwise(run: Run) -> None:
    plain = api.forecast(run, sessions=100)
    assert (plain.shares, plain.measured, plain.prices) == ({"good": 1.0}, 2, "prices.yaml")
    assert plain.session is not None
    assert plain.total is not None
    assert (plain.session.figure, plain.total.figure) == (6, 600)
    assert plain == api.forecast(run, sessions=100, scenario="good")
    faulty = api.forecast(run, sessions=100, scenario="bad")
    mixed = api.forecast(run, sessions=100, mix={"good": 0.95, "bad": 0.05})
    assert faulty.total is not None
    assert mixed.total is not None
    assert faulty.total.figure == 5000
    assert mixed.total.figure == pytest.approx(0.95 * 600 + 0.05 * 5000)


def test_the_models_parts_add_up_to_the_whole(run: Run) -> None:
    found = api.forecast(run, sessions=100, mix={"good": 0.5, "bad": 0.5})
    assert [each.model for each in found.models] == ["m", "n"]
    assert found.total is not None
    assert sum(each.cost.figure for each in found.models) == pytest.approx(found.total.figure)
    m, n = found.models
    assert (m.tokens_in, m.tokens_out) == (2200, 550)
    assert (n.tokens_in, n.tokens_out, n.cost.figure) == (25, 25, 50)


def test_without_a_price_there_is_no_forecast(tmp_path: Path) -> None:
    cells = [*GOOD, session("s3", ("local-7b", 3, 1), ("local-7b", 3, 1))]
    run = run_of(tmp_path / "run", good=cells)
    found = api.forecast(run, sessions=100)
    assert (found.session, found.total, found.models) == (None, None, ())
    (why,) = found.unknown
    assert why.startswith("2 calls of llm to local-7b are unpriced; ")


def test_a_scenario_without_a_session_has_no_forecast(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", good=GOOD)
    (run.folder / "sessions").rename(run.folder / "lost")
    found = api.forecast(Run(run.folder), sessions=100)
    assert found.unknown == ("no session of good has a cost: it was not run, or has no model",)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"scenario": "godo"}, "did you mean good"),
        ({"mix": {"good": 0.5, "bda": 0.5}}, "did you mean bad"),
        ({"mix": {"good": 0.5, "bad": 0.4}}, "add up to 90%"),
        ({"scenario": "good", "mix": {"good": 1.0}}, "not both"),
    ],
)
def test_what_cannot_be_forecast_is_refused(run: Run, given: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        api.forecast(run, sessions=1, **given)
    assert said in str(caught.value)


def test_where_all_inject_faults_one_has_to_be_named(tmp_path: Path) -> None:
    run = run_of(tmp_path / "run", bad=BAD)
    with pytest.raises(UsageError, match="injects faults"):
        api.forecast(run, sessions=1)


# The command -------------------------------------------------------------------------------------


def test_the_command_prints_the_whole_and_its_parts(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    mix = "good=95%,bad=5%"
    assert main(["forecast", str(run.folder), "--sessions", "10000", "--mix", mix]) == 0
    out = capsys.readouterr().out
    assert "10,000 sessions like those of support-20260105T090000Z-3fa2" in out
    assert "good 95%, bad 5%" in out
    assert "$82000" in out
    assert "llm m" in out
    assert "from 2 sessions, taken for a sample of those to come" in out


def test_the_command_prints_json(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", str(run.folder), "--sessions", "100", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["sessions"], found["total"]["figure"]) == (100, 600)


def test_the_command_says_why_there_is_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = run_of(tmp_path / "run", good=[session("s1", ("local-7b", 3, 1))])
    assert main(["forecast", str(run.folder), "--sessions", "100"]) == 3
    out = capsys.readouterr().out
    assert "? there is no forecast" in out
    assert "1 call of llm to local-7b is unpriced" in out


@pytest.mark.parametrize(
    "argv",
    [
        ["--sessions", "0"],
        ["--sessions", "10", "--mix", "good"],
        ["--sessions", "10", "--mix", "good=95"],
        ["--sessions", "10", "--mix", "good=50%,good=50%"],
        ["--sessions", "10", "--mix", "good=100%", "--scenario", "good"],
        [],
    ],
)
def test_the_command_refuses_nonsense(run: Run, argv: list[str]) -> None:
    assert main(["forecast", str(run.folder), *argv]) == 2
