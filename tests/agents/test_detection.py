"""Every defective agent is caught by the check that names its mistake, and no sound one accused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from evalkit.checks import CHECKS
from tests.agents.detecting import detect, job_of
from tests.agents.rows import EXPECTATION, FRAMEWORKS, all_rows, rows_of, scenarios_of
from tests.agents.table import README, by_check, lines_in, page_of, section
from tests.agents.workshop import work

SAMPLE = "hr"
"""The suite of which some defects are run without their checks, and without their faults."""


@pytest.mark.parametrize("suite", FRAMEWORKS)
def test_the_mistakes_are_found_and_nothing_else(
    suite: str, record_property: Callable[[str, object], None]
) -> None:
    found = detect(suite)
    lines = found.lines
    accused = len(found.accusations)
    caught = sum(not each.escapes for each in lines)
    record_property("detection", f"{suite} {caught} {len(lines)} {accused}")
    assert found.accusations == ()
    assert found.wrong == ()
    assert section(suite, lines) in README.read_text(encoding="utf-8")


def test_the_page_agrees_with_its_sections() -> None:
    page = README.read_text(encoding="utf-8")
    assert page == page_of(lines_in(page))


def test_each_check_has_two_defects_and_loses_one_when_it_is_gone() -> None:
    caught = by_check(lines_in(README.read_text(encoding="utf-8")))
    assert [name for name, lines in caught.items() if len(lines) < 2] == []
    assert [name for name, lines in caught.items() if not any(each.lost for each in lines)] == []


def test_rows_name_checks_and_defects_once() -> None:
    rows = all_rows()
    assert {row.check for row in rows} <= {*CHECKS, EXPECTATION}
    named = [(row.suite, row.defect) for row in rows]
    assert len(named) == len(set(named))
    assert not [row for row in rows if "|" in f"{row.mistake}{row.escapes}"]


@pytest.mark.parametrize("suite", FRAMEWORKS)
def test_every_scenario_shows_a_mistake(suite: str) -> None:
    assert {row.scenario for row in rows_of(suite)} == set(scenarios_of(suite))


def test_a_defect_is_lost_with_its_check_and_with_the_faults_that_show_it() -> None:
    rows = [row for row in rows_of(SAMPLE) if row.scenario != "happy-path" and not row.added]
    rows = [row for row in rows if row.check != EXPECTATION][:8]  # its faults are what it is of
    disabled = [job_of(row, without=row.check) for row in rows]
    calm = [job_of(row, faulty=False) for row in rows]
    seen = work(SAMPLE, [*disabled, *calm], rows)
    assert len(rows) == 8
    accused = [row.check in each.violations for row, each in zip([*rows, *rows], seen, strict=True)]
    assert accused == [False] * len(accused)
