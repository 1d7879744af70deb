"""How the detection table is written down and read again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.agents.rows import EXPECTATION, Row
from tests.agents.table import Line, by_check, lines_in, page_of, section

LINE = Line(
    suite="hr",
    mistake="asks twice",
    scenario="happy-path",
    check="backs-off",
    escapes="",
    others=("retries-bounded", EXPECTATION),
)


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        replace(LINE, others=()),
        replace(LINE, escapes="nobody can know", others=()),
        replace(LINE, scenario="happy-path +", others=(EXPECTATION,)),
    ],
)
def test_a_line_is_read_as_it_was_written(line: Line) -> None:
    assert Line.read("hr", line.written()) == line


def test_a_page_holds_the_lines_of_all_suites() -> None:
    lines = (replace(LINE, suite="support"), replace(LINE, mistake="asks thrice"), LINE)
    assert lines_in(page_of(lines)) == lines
    assert section("hr", lines) in page_of(lines)


@pytest.mark.parametrize(
    ("others", "escapes", "lost"),
    [
        ((), "", True),
        ((EXPECTATION,), "", True),
        (("retries-bounded",), "", False),
        ((), "nobody can know", False),
    ],
)
def test_a_defect_is_lost_where_no_other_check_accuses_it(
    others: tuple[str, ...], escapes: str, lost: bool
) -> None:
    assert replace(LINE, others=others, escapes=escapes).lost is lost


def test_what_escapes_counts_for_no_check() -> None:
    caught = by_check([LINE, replace(LINE, escapes="nobody can know")])
    assert caught["backs-off"] == (LINE,)
    assert caught["within-budget"] == ()


def test_scenarios_with_the_same_additions_are_one() -> None:
    row = Row(suite="hr", agent="a.py:a", mistake="m", scenario="s", check="c", added={})
    more = replace(row, added={"faults": [{"at": "llm", "inject": "stall"}]})
    assert row.variant == "s"
    assert more.variant == replace(more, agent="a.py:b", sessions=1).variant != row.variant
