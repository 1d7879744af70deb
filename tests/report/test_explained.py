from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from evalkit.errors import UsageError
from evalkit.journal.records import AnyRecord
from evalkit.report.explained import explained_call, print_explanation, print_unmatched
from evalkit.store import Run
from tests.metrics.journals import Pen
from tests.store.runs import record_of, result_of, scenario_of, short_session, stored


def of_nobody(complaint: str | None = None) -> Sequence[AnyRecord]:
    pen = Pen()
    pen.session = None
    return pen.call("crm", 5, 10, complaint=complaint).records


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Two cells, each with a session and a call of none; one has a session without calls too."""
    silent = Pen("silent").start().end(1).records
    return stored(
        tmp_path,
        result_of([*short_session("s1"), *of_nobody("no route")]),
        result_of([*short_session("s2"), *silent, *of_nobody()], index=1, planned=("s2", "never")),
        record=record_of(scenario_of(cells=2, faulty=True)),
    )


def printed(run: Run, name: str, **given: int) -> list[str]:
    stream = io.StringIO()
    print_explanation(explained_call(run, name, **given), run, stream)
    return stream.getvalue().splitlines()


def test_a_call_is_found_and_named_in_full(run: Run) -> None:
    lines = printed(run, "s2#2")
    assert lines[:2] == [
        "happy/s2#2 · support-20260105T090000Z-3fa2",
        "crm GET /: 200 after 0.020 s",
    ]
    assert "  at 0.630 s of world time, 0.530 s into its session, in turn 1" in lines
    assert lines[-1] == (
        "what its session did: evalkit show support-20260105T090000Z-3fa2 happy/s2"
    )
    assert "  the run does not hold the rules of its scenarios; it is of an older evalkit" in lines


def test_a_call_of_no_session_is_found_by_its_cell(run: Run) -> None:
    lines = printed(run, "happy/#1", cell=0)
    assert lines[0].startswith("happy/#1 · ")
    assert any("could not be attributed to a session" in each for each in lines)
    assert "  no route or rule: no route" in lines


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("happy/#1", "choose one with --cell: 0, 1"),
        ("happy/#4", "happy has no call #4 that belongs to no session"),
        ("s1#4", "it made 3 calls: #1 #2 #3"),
        ("silent#1", "silent in happy made no call"),
        ("never#1", "never was never started, so it made no call"),
    ],
)
def test_a_call_that_is_not_there_is_told_with_those_that_are(
    run: Run, name: str, words: str
) -> None:
    with pytest.raises(UsageError) as raised:
        explained_call(run, name)
    assert words in str(raised.value)


def test_what_nothing_answered_is_listed(run: Run, tmp_path: Path) -> None:
    stream = io.StringIO()
    print_unmatched(run, stream)
    assert stream.getvalue().splitlines() == [
        "support-20260105T090000Z-3fa2: 1 request that no route or rule answered",
        "",
        "crm had no reply for GET /",
        "  no route",
        "  call: happy/#1",
        "",
        "to see all of a call: evalkit explain support-20260105T090000Z-3fa2 CALL",
    ]
    well = stored(tmp_path / "well", result_of(short_session()))
    stream = io.StringIO()
    print_unmatched(well, stream)
    assert stream.getvalue().splitlines()[0].endswith(": a route or rule answered every request")
    with pytest.raises(UsageError, match="there are: happy"):
        print_unmatched(well, stream, scenario="zzz")
