from __future__ import annotations

from pathlib import Path

from evalkit.gate import Verdict
from evalkit.journal.records import AnyRecord, End
from evalkit.report.html.building import view_of
from evalkit.report.html.problems import problems_of
from evalkit.report.html.reading import Stored
from evalkit.report.html.rendering import among
from tests.metrics.journals import Pen
from tests.store.runs import record_of, result_of, scenario_of, stored


def hung(session: str, *, more: bool = False) -> list[AnyRecord]:
    """A session in which a call never ended: told of twice, and the session failed by it."""
    pen = Pen(session).start().begin().call("crm", 0, 900, outcome="abandoned", status=None)
    pen.call("crm", 900, 950)
    pen.find(950, 1, check="within-budget", hint="set a timeout").find(950, 1, check="deadline")
    if more:
        pen.find(950, 2, check="another")
    return pen.reply(950, None, error="late").end(950, End.FAILED, "late").records


def of(folder: Path, *, more: bool = False) -> Stored:
    records = [*hung("s1", more=more), *hung("s2")]
    scenarios = (
        scenario_of("second", verdict=Verdict.FAIL),
        scenario_of("first", sessions=2, verdict=Verdict.FAIL, tags=("critical",)),
    )
    found = Pen("a").start().begin().call("crm", 0, 5).find(6, 1, check="usual").reply(9).end(9)
    return Stored.of(
        stored(
            folder,
            result_of(found.records, scenario="second"),
            result_of(records, scenario="first"),
            record=record_of(*scenarios),
        )
    )


def test_what_has_one_cause_is_one(tmp_path: Path) -> None:
    first, second = problems_of(of(tmp_path))
    assert (first.check, first.scenarios) == ("within-budget", ("first",))
    assert [each.check for each in first.along] == ["deadline", ""]
    assert second.scenarios == ("second",)


def test_what_is_about_another_call_stands_by_itself(tmp_path: Path) -> None:
    stored_run = of(tmp_path, more=True)
    assert "another" in [each.check for each in problems_of(stored_run)]
    banner = view_of(stored_run).banner
    assert [each.check for each in banner.first] == ["within-budget", "another", "usual"]
    assert banner.more_first == 0


def test_the_other_sessions_are_one_click_away(tmp_path: Path) -> None:
    first = problems_of(of(tmp_path))[0]
    assert among(first) == "#outcome=went+wrong&scenario=first&q=within-budget"
