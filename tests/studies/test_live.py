"""The study of defective agents that run live: how it judges, and one of its rows."""

from __future__ import annotations

import sys

import pytest

from tests.agents.rows import rows_of
from tests.studies.live import is_well, summary
from tests.studies.live_trials import (
    ONLY_SIMULATED,
    Both,
    Caught,
    Told,
    Trial,
    accusations,
    judged,
    trials_of,
    tried,
)

BY_NAME = {row.defect: row for row in rows_of("contracts")}
ROW = Trial(row=BY_NAME["pays_with_new_keys"])
HIDDEN = Trial(row=BY_NAME["parses_on_the_loop"])
SOUND = Trial(row=ROW.row, sound=True)


def told(*accusers: str, problem: str | None = None) -> Told:
    return Told(accusers=dict.fromkeys(accusers, "why"), seconds=3, problem=problem)


SEEN = told(ROW.row.check)
QUIET = Both(simulated=told(), live=told())


@pytest.mark.parametrize(
    ("trial", "both", "sound", "what"),
    [
        (ROW, Both(simulated=SEEN, live=SEEN), QUIET, Caught.SAME),
        (ROW, Both(simulated=SEEN, live=SEEN), None, Caught.SAME),
        (ROW, Both(simulated=SEEN, live=SEEN), Both(simulated=told(), live=SEEN), Caught.ALIKE),
        (ROW, Both(simulated=SEEN, live=told("backs-off")), QUIET, Caught.OTHER),
        (
            ROW,
            Both(simulated=SEEN, live=told("backs-off")),
            Both(simulated=told(), live=told("backs-off")),
            Caught.MISSED,
        ),
        (ROW, Both(simulated=SEEN, live=told()), QUIET, Caught.MISSED),
        (ROW, Both(simulated=told(), live=told()), QUIET, Caught.UNSEEN),
        (ROW, Both(simulated=SEEN), QUIET, Caught.LONG),
        (ROW, Both(simulated=SEEN, live=told(problem="it died")), QUIET, Caught.BROKEN),
        (ROW, Both(simulated=told(problem="it died")), QUIET, Caught.BROKEN),
        (HIDDEN, Both(simulated=told(HIDDEN.row.check)), QUIET, Caught.SIMULATED),
    ],
)
def test_a_row_is_judged(trial: Trial, both: Both, sound: Both | None, what: Caught) -> None:
    assert judged(trial, both, sound) is what


def test_a_sound_agent_is_accused_by_anything() -> None:
    assert accusations(QUIET) == ()
    assert accusations(Both(simulated=told(), live=told("backs-off"))) == ("live: backs-off: why",)
    assert accusations(Both(simulated=told(problem="it died"))) == ("in simulation: it died",)


@pytest.mark.parametrize(
    ("row", "sound", "well"),
    [
        (Both(simulated=SEEN, live=SEEN), QUIET, True),
        (Both(simulated=SEEN), QUIET, True),
        (Both(simulated=SEEN, live=told()), QUIET, False),
        (Both(simulated=SEEN, live=SEEN), Both(simulated=told(), live=told("backs-off")), False),
    ],
    ids=["caught", "too long", "missed", "the sound agent is accused"],
)
def test_all_is_well_if_every_row_that_can_is_caught(row: Both, sound: Both, well: bool) -> None:
    found = [(ROW, row), (SOUND, sound)]
    assert is_well(found) is well
    lines = list(summary(found))
    assert lines[0].startswith("contracts  pays_with_new_keys")
    assert judged(ROW, row, sound).value in lines[0]
    assert f"1 scenarios with sound agents, {int(bool(accusations(sound)))} accused" in lines


def test_a_row_has_a_sound_agent_beside_it() -> None:
    trials = trials_of("commerce", 60)
    assert {each.row.defect for each in trials if not each.sound} == {
        row.defect for row in rows_of("commerce")
    }
    beside = {(each.row.variant, each.row.sound) for each in trials if each.sound}
    assert beside == {(row.variant, row.sound) for row in rows_of("commerce")}


def test_what_only_simulation_sees_is_known_to_rows() -> None:
    assert ONLY_SIMULATED.keys() & {row.check for row in BY_NAME.values()}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' processes")
def test_a_row_is_caught_live_by_the_check_that_catches_it_in_simulation() -> None:
    """The sound agent is not, and a row that would take too long is not run live."""
    pytest.importorskip("fastapi")
    both, sound = tried(ROW), tried(SOUND)
    assert judged(ROW, both, sound) is Caught.SAME, both
    assert not accusations(sound)
    assert judged(ROW, tried(Trial(row=ROW.row, limit=0.1))) is Caught.LONG
