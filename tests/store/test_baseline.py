"""The file of a baseline: what is written is read again, and rubbish is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.errors import UsageError
from evalkit.gate.baseline import Baseline, ScenarioFacts, SessionFacts
from evalkit.store.baseline import baseline_text, read_baseline, write_baseline

text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
sessions = st.builds(
    SessionFacts,
    end=text,
    answer=st.none() | text,
    flags=st.dictionaries(st.sampled_from(["good", "held"]), st.booleans()),
    numbers=st.dictionaries(
        st.sampled_from(["latency", "calls"]), st.integers(0, 10**15).map(float)
    ),
    turns=st.lists(st.integers(0, 10**12).map(float), max_size=3).map(tuple),
    steps=st.lists(text, max_size=4).map(tuple),
)
scenarios = st.builds(
    ScenarioFacts,
    sessions=st.dictionaries(text, sessions, max_size=4),
    services=st.lists(text, unique=True, max_size=3).map(lambda found: tuple(sorted(found))),
)
baselines = st.builds(
    Baseline,
    suite=text,
    run=text,
    seed=st.integers(),
    live=st.booleans(),
    commit=st.none() | text,
    inputs=text,
    prices=st.none() | text,
    digest=st.none() | text,
    scenarios=st.dictionaries(text, scenarios, max_size=3),
    gates=st.dictionaries(text, st.integers(0, 10**12).map(float), max_size=3),
    excused=st.lists(text, unique=True, max_size=2).map(lambda found: tuple(sorted(found))),
    critical=st.lists(text, unique=True, max_size=2).map(lambda found: tuple(sorted(found))),
)


@given(baselines)
def test_what_is_written_is_read_again(baseline: Baseline) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deep" / "desk.baseline.json"
        write_baseline(path, baseline)
        assert read_baseline(path) == baseline
        assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_another_session_is_one_more_line() -> None:
    def of(**found: SessionFacts) -> list[str]:
        facts = {"happy": ScenarioFacts(sessions=found)}
        known = {"commit": None, "inputs": "i", "prices": None, "digest": None, "live": False}
        return baseline_text(
            Baseline(suite="s", run="r", seed=1, scenarios=facts, **known)  # type: ignore[arg-type]
        ).splitlines()

    old, new = SessionFacts(end="x", steps=("b",)), SessionFacts(end="x", steps=("a",))
    before, after = of(one=old, two=old), of(one=old, three=new, two=old)
    assert len(after) == len(before) + 2  # the session, and a kind of step nobody took before
    assert set(before) <= set(after)


@settings(max_examples=20)
@given(baselines)
def test_the_order_of_what_ran_does_not_change_the_file(baseline: Baseline) -> None:
    def back(given: Mapping[str, Any]) -> dict[str, Any]:
        return dict(reversed(given.items()))

    scenarios = {
        name: replace(each, sessions=back(each.sessions), services=each.services[::-1])
        for name, each in back(baseline.scenarios).items()
    }
    turned = replace(
        baseline, scenarios=scenarios, gates=back(baseline.gates), critical=baseline.critical[::-1]
    )
    assert baseline_text(turned) == baseline_text(baseline)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is no baseline"),
        ("[]", "is no baseline"),
        ('{"baseline": 1}', "is no baseline"),
        ('{"baseline": 99}', "is of format 99"),
        ("\x00\xff", "is no baseline"),
    ],
)
def test_what_is_no_baseline_is_refused(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "x.baseline.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(UsageError, match=said):
        read_baseline(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.baseline\.json cannot be read"):
        read_baseline(tmp_path / "gone.baseline.json")
