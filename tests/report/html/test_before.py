from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evalkit.gate import Verdict
from evalkit.report.html.before import SAME_JOURNALS, before_of, what_to_do
from evalkit.report.html.building import view_of
from evalkit.report.html.located import located
from evalkit.report.html.reading import Stored
from evalkit.report.html.view import Before, View
from tests.report.html.pages import gate_of, loaded_run
from tests.store.runs import record_of, scenario_of


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return view_of(Stored.of(loaded_run(tmp_path_factory.mktemp("before") / "run")))


@pytest.fixture(scope="module")
def before(view: View) -> Before:
    assert view.before is not None
    return view.before


def test_what_counts_comes_first(before: Before) -> None:
    assert [(each.scenario, each.counts) for each in before.worse] == [
        ("outage", True),
        ("spared", False),
    ]
    assert [each.figure for each in before.better] == ["p99(session.cost)"]
    assert (before.verdict, before.new) == (Verdict.FAIL, ("the service queue",))


def test_sessions_with_the_same_first_difference_are_together(before: Before) -> None:
    assert [(each.sessions, each.bad, each.now) for each in before.changes] == [
        (2, 2, "the session did nothing more"),
        (1, 0, "answered"),
    ]
    assert [each.session for each in before.changes[0].places] == ["s02", "s03"]


def test_gates_and_the_banner_tell_the_change(view: View) -> None:
    changes = {each.scope: each.change for each in view.gates}
    assert changes == {"outage": 0.5e9, "suite": None}
    assert "p99(turn.latency): 100 ms before, 200 ms now (+100%)" in [
        each.text for each in view.banner.missed
    ]
    assert dict(view.banner.facts)["Baseline"] == "support-20260101T090000Z-aaaa"


def test_a_regression_names_the_sessions_that_did_something_else(view: View) -> None:
    worse = view.banner.missed[-1]
    assert (worse.changed, worse.critical, worse.part) == (True, True, "baseline")
    assert [each.session for each in worse.places] == ["s02", "s03", "s01"]
    assert worse.plain == "p99 of a turn's time until its reply"


def test_where_no_session_did_something_else_the_slowest_are_named(tmp_path: Path) -> None:
    stored = Stored.of(loaded_run(tmp_path / "run"))
    before = before_of(stored.record)
    assert before is not None
    found = located(replace(before, changes=()), stored)
    assert found is not None
    first, spared = found.worse
    assert (first.changed, [each.session for each in first.places]) == (
        False,
        ["s00", "s01", "s02"],
    )
    assert spared.places == ()
    assert located(None, stored) is None


def test_a_run_that_fails_by_its_baseline_says_so_and_what_is_to_be_done(view: View) -> None:
    tile = next(each for each in view.banner.totals if each.label == "worse than the baseline")
    assert (tile.figure, tile.bad) == ("1", True)
    assert view.banner.do == (  # a scenario fails by itself: nothing to accept as a baseline
        "`evalkit compare support-20260101T090000Z-aaaa support-20260105T090000Z-3fa2` says "
        "what moved"
    )
    assert view.scenarios[0].worse == ("p99(turn.latency): 100 ms before, 200 ms now (+100%)",)


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (
            {"file": "my desk.json"},
            "`evalkit compare 'my desk.json' RUN` says what moved; if the change is meant, "
            "`evalkit baseline accept RUN --to 'my desk.json'`",
        ),
        (
            {"revision": "abcdef012345"},
            "`git diff abcdef012345` shows what changed since; if the change is meant, say "
            "so in its review",
        ),
    ],
)
def test_what_is_to_be_done_depends_on_what_the_baseline_is(
    tmp_path: Path, held: dict[str, str], told: str
) -> None:
    record = loaded_run(tmp_path / "run").record
    assert record.compared is not None
    passed = tuple(replace(each, verdict=Verdict.PASS) for each in record.scenarios)
    compared = replace(record.compared, **held)  # type: ignore[arg-type]
    record = replace(record, compared=compared, scenarios=passed)
    before = before_of(record)
    assert what_to_do(before, record) == told.replace("RUN", record.run)


def test_nothing_says_that_all_is_the_same_above_what_is_not(tmp_path: Path) -> None:
    record = loaded_run(tmp_path / "run").record
    assert record.compared is not None
    noted = replace(record.compared, notes=(SAME_JOURNALS, "the seeds differ"))
    unchanged = replace(noted, changed=())
    found = [before_of(replace(record, compared=each)) for each in (noted, unchanged)]
    assert [each.notes for each in found if each is not None] == [
        ("the seeds differ",),
        (SAME_JOURNALS, "the seeds differ"),
    ]


def test_a_change_that_is_only_rounding_is_none() -> None:
    gate = gate_of(observed=0.0123456789123, before=0.012345679)
    view = record_of(scenario_of(), gates=(gate,))
    assert before_of(view) is None
    from evalkit.report.html.gates import gates_of

    assert gates_of(view)[0].change == 0
