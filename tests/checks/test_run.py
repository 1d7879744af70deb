from pathlib import Path

from evalkit.checks import Check, Facts, made, run_checks
from evalkit.journal.views import JournalView
from evalkit.suite.checks import STANDARD
from tests.checks.stories import Story


class Crashing(Check):
    name = "crashing"
    about = "nothing"

    def findings(self, session, facts):
        yield self.finding("found before it crashed", at=1, session=session.id)
        raise LookupError("no such thing")


class Noting(Check):
    name = "noting"
    about = "everything"

    def findings(self, session, facts):
        return [self.finding("seen", at=1, session=session.id)]

    def of_world(self, view, facts):
        return [self.finding(f"{len(view.sessions)} sessions", at=2)]


WORLD = JournalView.of(
    [*Story().turn().reply().end().records, *Story(session="s2").turn().reply().end().records]
)


def test_every_session_is_looked_at_and_then_the_world():
    checked = run_checks([Noting()], WORLD, Facts())
    assert [(each.session, each.message) for each in checked.findings] == [
        ("s1", "seen"),
        ("s2", "seen"),
        (None, "2 sessions"),
    ]
    assert checked.crashes == ()


def test_a_check_that_crashes_is_an_error_and_the_others_go_on():
    checked = run_checks([Crashing(), Noting()], WORLD, Facts())
    assert [(crash.check, crash.session) for crash in checked.crashes] == [
        ("crashing", "s1"),
        ("crashing", "s2"),
    ]
    assert all("LookupError: no such thing" in crash.traceback for crash in checked.crashes)
    assert {finding.check for finding in checked.findings} == {"noting"}


def test_the_standard_checks_find_nothing_wrong_with_a_good_session():
    with made(STANDARD, Path()) as (checks, crashes):
        checked = run_checks(checks, WORLD, Facts())
    assert crashes == ()
    assert (checked.findings, checked.crashes) == ((), ())
