from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.report.html.building import view_of
from evalkit.report.html.load import step_of
from evalkit.report.html.reading import Stored
from evalkit.report.html.view import Load, View
from evalkit.units import SECOND
from tests.report.html.pages import loaded_run, stored_small


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return view_of(Stored.of(loaded_run(tmp_path_factory.mktemp("load") / "run")))


@pytest.fixture(scope="module")
def load(view: View) -> Load:
    assert view.load is not None
    return view.load


def test_rates_are_of_the_time_in_which_sessions_became_due(load: Load) -> None:
    assert load.offered == pytest.approx(40 / 19.5)  # from the first to the last of forty
    assert load.achieved == pytest.approx(39 / 19.5)  # the last one ended later
    assert (load.counts.given, load.counts.dropped, load.counts.late_p99) == (42, 2, 8_000_000)
    assert (load.mocks_late, load.mocks_own, load.lasted) == (2_000_000, 500_000, 19_700_000_000)


def test_figures_are_told_over_time(load: Load) -> None:
    due, ended, slow, failed = load.strips
    assert (load.step, due.values) == (SECOND, (2.0,) * 20)
    assert ended.values == (2.0,) * 20
    assert slow.values == (200e6,) * 20
    assert failed.values == (0.0,) * 5 + (1.0,) * 5 + (0.0,) * 10
    assert (failed.least, failed.most) == (0, 1)


def test_faults_have_their_times_counted_from_the_beginning_of_the_load(load: Load) -> None:
    first, second = load.windows
    assert (first.first, first.last, first.delivered) == (5 * SECOND, 10 * SECOND, 10)
    assert (second.first, second.last, second.delivered) == (0, load.lasted, 0)
    assert first.label == "{at: crm, when: {window: {from: 5s, to: 10s}}, inject: {status: 503}}"


@pytest.mark.parametrize(
    ("seconds", "step"), [(1, 1), (80, 1), (81, 2), (3_600, 60), (86_400, 1_800), (400_000, 7_200)]
)
def test_time_is_cut_into_round_steps(seconds: int, step: int) -> None:
    assert step_of(seconds * SECOND) == step * SECOND


def test_what_was_not_under_load_has_no_such_part(tmp_path: Path) -> None:
    assert view_of(stored_small(tmp_path)).load is None


def test_what_time_it_is_in_is_said(view: View) -> None:
    assert (view.banner.clock or "").startswith("Latencies are real time on this machine")
    assert any("the load generator was 8.0 ms late" in each for each in view.scenarios[0].notes)
