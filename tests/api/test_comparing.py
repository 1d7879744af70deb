from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from evalkit import api
from evalkit.errors import UsageError
from evalkit.journal.changes import Comparison
from evalkit.journal.records import AnyRecord
from evalkit.store import Run, ScenarioRecord, Status
from tests.metrics.journals import Pen
from tests.store.runs import record_of, result_of, scenario_of, stored


def told(session: str, text: str = "Done.") -> Sequence[AnyRecord]:
    return Pen(session).start().begin().reply(100, text).end(100).records


def run_of(
    folder: Path,
    sessions: Sequence[Sequence[AnyRecord]],
    *scenarios: ScenarioRecord,
    **given: Any,
) -> Run:
    """A run of the scenario `happy` with these sessions, one to a cell."""
    record = record_of(*(scenarios or (scenario_of(cells=len(sessions)),)), **given)
    results = [result_of(each, index=index) for index, each in enumerate(sessions)]
    return stored(folder, *results, record=record)


def brief(comparison: Comparison) -> tuple[Any, ...]:
    changed = [(each.scenario, each.session, len(each.changes)) for each in comparison.changed]
    return comparison.compared, changed, comparison.only_first, comparison.only_second


def test_sessions_are_compared_across_cells(tmp_path: Path) -> None:
    first = run_of(tmp_path / "a", [told("s1"), told("s2")])
    second = run_of(tmp_path / "b", [[*told("s2", "Other."), *told("s1")]])
    comparison = api.compare(first, second)
    assert brief(comparison) == (2, [("happy", "s2", 1)], (), ())
    assert not comparison.equal


def test_runs_are_given_by_their_names(tmp_path: Path) -> None:
    run_of(tmp_path / "one-run", [told("s1")])
    run_of(tmp_path / "two-run", [told("s1")])
    assert api.compare("one", "two", out=tmp_path).equal


def test_sessions_of_one_run_only_are_a_difference(tmp_path: Path) -> None:
    first = run_of(tmp_path / "a", [told("s1"), told("s2")])
    second = run_of(tmp_path / "b", [told("s1"), told("s3")])
    assert brief(api.compare(first, second)) == (
        1,
        [],
        (("happy", "s2"),),
        (("happy", "s3"),),
    )


def test_one_scenario_or_one_session_can_be_asked_for(tmp_path: Path) -> None:
    first = run_of(tmp_path / "a", [told("s1"), told("s2")])
    second = run_of(tmp_path / "b", [told("s1", "No."), told("s2", "No."), told("s3")])
    assert brief(api.compare(first, second, session="s1")) == (1, [("happy", "s1", 1)], (), ())
    assert api.compare(first, second, scenario="happy").compared == 2


def test_calls_of_no_session_are_compared_too(tmp_path: Path) -> None:
    def with_call(service: str) -> Sequence[AnyRecord]:
        pen = Pen()
        pen.session = None
        return [*told("s1"), *pen.call(service, 0, 10).records]

    runs = [run_of(tmp_path / name, [with_call(name)]) for name in ("crm", "llm")]
    assert brief(api.compare(*runs)) == (1, [("happy", None, 2)], (), ())


def test_what_has_one_digest_is_not_read(tmp_path: Path) -> None:
    runs = [
        run_of(tmp_path / name, [told("s1", name)], scenario_of(digest="d")) for name in ("a", "b")
    ]
    assert api.compare(*runs).equal


@pytest.mark.parametrize(
    ("given", "asked", "words"),
    [
        ({"suite": "other"}, {}, "compare two runs of one suite"),
        ({}, {"scenario": "hapy"}, "did you mean happy?"),
        ({}, {"scenario": "zzz"}, "there are: happy"),
        ({}, {"session": "S1"}, "did you mean s1?"),
    ],
)
def test_what_cannot_be_compared_is_told(
    tmp_path: Path, given: dict[str, Any], asked: dict[str, Any], words: str
) -> None:
    first = run_of(tmp_path / "a", [told("s1")])
    second = run_of(tmp_path / "b", [told("s1")], **given)
    with pytest.raises(UsageError) as raised:
        api.compare(first, second, **asked)
    assert words in str(raised.value)


def test_what_makes_runs_differ_by_itself_is_noted(tmp_path: Path) -> None:
    first = run_of(tmp_path / "a", [told("s1")])
    versions = {"evalkit": "0.1.0", "python": "3.12.1", "openai": "3.52"}
    second = run_of(
        tmp_path / "b", [told("s1")], seed=8, versions=versions, status=Status.INTERRUPTED
    )
    notes = api.compare(first, second).notes
    assert notes[0].startswith("the seeds differ: 7 and 8")
    assert notes[1:] == (
        "openai differs: none and 3.52",
        f"{second.id} is interrupted: what it did not get to is missing",
    )


@pytest.mark.parametrize("digest", ["d", None])
def test_runs_are_not_equal_where_parts_are_gone(tmp_path: Path, digest: str | None) -> None:
    other = scenario_of(digest=digest or "e")
    first = run_of(tmp_path / "a", [told("s1")], scenario_of(digest="d"))
    second = run_of(tmp_path / "b", [told("s1")], other)
    (second.folder / "events" / "happy-00000.parquet").unlink()
    with pytest.raises(UsageError, match=r"events.*is missing"):
        api.compare(first, second)


def test_the_parts_of_equal_runs_are_looked_at(tmp_path: Path) -> None:
    first, second = (
        run_of(tmp_path / name, [told("s1")], scenario_of(digest="d")) for name in ("a", "b")
    )
    (second.folder / "events" / "happy-00000.parquet").write_bytes(b"rubbish")
    with pytest.raises(UsageError, match="is damaged"):
        api.compare(first, second)
