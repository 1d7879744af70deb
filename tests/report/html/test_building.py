from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.faults import FAULTS
from evalkit.gate import Verdict
from evalkit.journal.records import Answer, End
from evalkit.report.html.building import Room, view_of
from evalkit.report.html.families import OTHER, applies, family_of
from evalkit.report.html.reading import Stored
from evalkit.report.html.sessions import LEAST_OF_CALL
from evalkit.report.html.view import Cell, View
from evalkit.report.html.writing import LARGEST, report_of
from evalkit.store import Status
from tests.metrics.journals import Pen
from tests.report.html.pages import flaky, gate_of, happy, stored_small
from tests.store.runs import record_of, result_of, scenario_of, stored


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return view_of(stored_small(tmp_path_factory.mktemp("run")))


def cell(view: View, service: str, family: str) -> Cell:
    names = [name for name, _ in view.matrix.families]
    return dict(view.matrix.rows)[service][names.index(family)]


def test_the_banner_says_what_failed_and_what_to_look_at(view: View) -> None:
    banner = view.banner
    assert (banner.verdict, banner.title) == (Verdict.FAIL, "Failed")
    assert banner.why == ("1 of 3 scenarios failed. broken: none of 2 sessions completed.")
    assert [(each.check, len(each.along)) for each in banner.first] == [("within-budget", 1)]
    assert banner.first[0].hint == "set a timeout"
    assert banner.go_on is None
    assert dict(banner.settings)["Seed"] == "7"


def test_scenarios_that_failed_come_first(view: View) -> None:
    assert [each.name for each in view.scenarios] == ["broken", "happy", "flaky"]


def test_the_matrix_says_what_was_survived_and_what_nobody_tried(view: View) -> None:
    assert cell(view, "crm", "errors").state == "recovered"
    assert cell(view, "crm", "errors").kinds == ("status 503",)
    assert (cell(view, "crm", "silent").state, cell(view, "crm", "silent").failed) == ("failed", 2)
    assert cell(view, "crm", "slow").state == "untried"
    assert cell(view, "llm", "effects").state == "never"
    assert view.matrix.tried == 2
    assert view.matrix.fragile == 1


@pytest.mark.parametrize(
    ("answer", "state"),
    [(Answer.DEGRADED, "degraded"), (Answer.HOLD, "degraded"), (Answer.ANSWERED, "recovered")],
)
def test_a_degraded_session_did_not_simply_recover(
    tmp_path: Path, answer: Answer, state: str
) -> None:
    pen = Pen("s1").start().begin().call("crm", 0, 5, fault="delay").reply(9, answer=answer).end(9)
    run = stored(tmp_path, result_of(pen.records), record=record_of(scenario_of(faulty=True)))
    assert cell(view_of(Stored.of(run)), "crm", "slow").state == state


@pytest.mark.parametrize(
    ("handed_over_anyway", "state"), [(True, "recovered"), (False, "degraded")]
)
def test_a_hand_over_counts_where_there_is_none_without_faults(
    tmp_path: Path, handed_over_anyway: bool, state: str
) -> None:
    def session(answer: Answer, fault: str | None) -> Pen:
        pen = Pen("s1").start().begin().call("crm", 0, 5, fault=fault)
        return pen.reply(9, answer=answer).end(9)

    usual = Answer.ESCALATED if handed_over_anyway else Answer.ANSWERED
    run = stored(
        tmp_path,
        result_of(session(usual, None).records, scenario="plain"),
        result_of(session(Answer.ESCALATED, "delay").records, scenario="slow"),
        record=record_of(scenario_of("plain"), scenario_of("slow", faulty=True, control="plain")),
    )
    assert cell(view_of(Stored.of(run)), "crm", "slow").state == state


@pytest.mark.parametrize("kind", [*FAULTS, "status 503", "status 429"])
def test_every_fault_has_a_family_that_applies_to_something(kind: str) -> None:
    family = family_of(kind)
    assert family != OTHER
    services = [("crm", "rest"), ("llm", "openai"), ("desk", "mcp"), ("agent", "")]
    assert any(applies(family, *each) for each in services)


def test_integrations_tell_injected_errors_from_organic_ones(view: View) -> None:
    crm = next(each for each in view.integrations if each.service == "crm")
    assert (crm.calls, crm.logical) == (8, 6)
    assert (crm.injected, crm.organic, crm.unrecovered) == (4, 0, 2)
    assert (crm.budget, crm.over_budget) == (1_000_000_000, 4)
    assert crm.spread is not None
    assert (crm.spread.p50, crm.spread.most) == (50e6, 9e9)
    assert sum(crm.spread.bins) == crm.spread.n == 8
    assert crm.amplification == (4 + 2) / (2 + 2)


def test_latencies_have_their_limits_and_their_parts(view: View) -> None:
    lines = {each.scenario: each for each in view.latencies}
    assert [each.at for each in lines["happy"].limits] == [1e9]
    assert lines["flaky"].limits == ()  # the suite's gates are not about it
    parts = lines["happy"]
    assert (parts.model, parts.tools, parts.waiting) == (400e6, 50e6, 50e6)


def test_costs_are_by_model_and_by_scenario(view: View) -> None:
    (model,) = view.cost.models
    assert (model.service, model.model, model.tokens_in) == ("llm", "gpt-4o", 400)
    assert [each.scenario for each in view.cost.scenarios] == ["happy", "flaky", "broken"]


def test_problems_of_one_signature_are_one(view: View) -> None:
    first = view.problems[0]
    assert (first.count, first.sessions, first.scenarios) == (2, 2, ("broken",))
    assert {each.session for each in first.places} == {"s1", "s2"}
    assert first.places[0].call == 1


def test_sessions_that_went_wrong_come_first_and_all_have_their_story(view: View) -> None:
    assert [each.good for each in view.sessions.lines] == [False, False, True, True, True, True]
    assert (view.sessions.bad, view.sessions.good) == (2, 4)
    stories = view.data["sessions"]
    first = stories[view.sessions.lines[0].story]
    assert (first["scenario"], first["session"]) == ("broken", "s1")
    assert [each["out"] for each in first["calls"]] == ["abandoned by the client"]
    assert first["findings"][0]["calls"] == [1]


def test_what_is_not_known_is_left_out(view: View) -> None:
    assert view.load is None
    assert view.before is None
    assert {each.change for each in view.gates} == {None}
    assert len(view.history) == 1


def test_gates_that_did_not_hold_come_first(tmp_path: Path) -> None:
    gates = [gate_of(gate=name, verdict=each) for name, each in enumerate_verdicts()]
    run = stored_small(tmp_path, gates=tuple(gates))
    assert [each.verdict.value for each in view_of(run).gates] == [
        *("error", "fail", "no_data", "inconclusive", "pass"),
    ]


def test_what_is_critical_comes_first(tmp_path: Path) -> None:
    def pen(session: str, check: str) -> Pen:
        drawn = Pen(session).start().begin().call("crm", 0, 5)
        return drawn.find(6, 1, check=check).reply(9).end(9)

    run = stored(
        tmp_path,
        result_of([r for n in "abc" for r in pen(n, "often").records], scenario="usual"),
        result_of(pen("a", "grave").records, scenario="vital"),
        record=record_of(
            scenario_of("usual", verdict=Verdict.FAIL, sessions=3),
            scenario_of("vital", verdict=Verdict.FAIL, tags=("critical",)),
            gates=(gate_of(gate="first"), gate_of(gate="vital", scope="vital", why="too slow")),
        ),
    )
    view = view_of(Stored.of(run))
    assert [each.check for each in view.banner.first] == ["grave", "often"]
    assert [(each.gate, each.critical) for each in view.gates] == [
        ("vital", True),
        ("first", False),
    ]
    assert [(each.text, each.critical) for each in view.banner.missed] == [
        ("too slow", True),
        ("p90(turn.latency) is 2s, not < 1s", False),
    ]
    assert view.scenarios[0].name == "vital"


def test_what_holds_or_only_warns_is_not_among_what_did_not_hold(tmp_path: Path) -> None:
    gates = (gate_of(verdict=Verdict.PASS), gate_of(blocking=False), *[gate_of(why="no")] * 7)
    banner = view_of(stored_small(tmp_path, gates=gates)).banner
    assert ([each.text for each in banner.missed], banner.more_missed) == (["no"] * 5, 2)


def test_scenarios_say_what_their_faults_added(view: View) -> None:
    lines = {each.name: each.added for each in view.scenarios}
    assert lines["happy"] is None
    flaky = lines["flaky"]
    assert flaky is not None
    assert (flaky.sessions, flaky.amplification, flaky.latency) == (2, 1.5, 1100e6)


def enumerate_verdicts() -> list[tuple[str, Verdict]]:
    return [(each.value, each) for each in Verdict]


@pytest.mark.parametrize("status", [Status.INTERRUPTED, Status.UNFINISHED])
def test_a_run_that_is_not_whole_can_be_gone_on_with(tmp_path: Path, status: Status) -> None:
    run = stored_small(tmp_path, status=status, verdict=None)
    page, view = report_of(run)
    assert view.banner.go_on == "evalkit run --resume support-20260105T090000Z-3fa2"
    assert "--resume" in page


def test_a_run_of_nothing_has_a_report(tmp_path: Path) -> None:
    run = stored(tmp_path, record=record_of(scenario_of(cells=0), not_started="no agent"))
    page, view = report_of(Stored.of(run))
    assert view.banner.why == "Nothing could be run: no agent"
    assert "No turn began" in page


def test_a_large_run_stays_below_the_limit_and_says_what_is_left_out(tmp_path: Path) -> None:
    results = []
    for scenario in ("plain", "broken"):
        records = [
            record
            for number in range(170)
            for record in _talkative(f"{scenario}-{number:03}", bad=scenario == "broken").records
        ]
        results.append(result_of(records, scenario=scenario))
    record = record_of(
        scenario_of("plain", sessions=170, verdict=Verdict.PASS),
        scenario_of("broken", sessions=170, verdict=Verdict.FAIL, faulty=True),
    )
    run = stored(tmp_path, *results, record=record)
    page, view = report_of(Stored.of(run))
    assert len(page.encode()) <= LARGEST
    assert (view.sessions.bad, view.sessions.bad_shown) == (170, 150)
    assert (view.sessions.good, view.sessions.good_shown) == (170, 60)
    told = " ".join(view.left_out)
    assert "150 of 170 sessions that went wrong" in told
    assert "bodies of requests and replies were left out" in told
    assert all(each in page for each in ("150 of 170", "60 of 170"))


def _talkative(session: str, *, bad: bool) -> Pen:
    pen = Pen(session).start(0).begin(0)
    for at in range(4):
        body = f"{session} {at} ".encode() * 250
        pen.call("crm", 10 * at, 10 * at + 8, body=body, fault="status" if bad else None)
    return pen.reply(80).end(80, End.FAILED if bad else End.COMPLETED, "it raised" if bad else None)


def test_stories_have_no_more_room_than_they_are_given(tmp_path: Path) -> None:
    view = view_of(stored_small(tmp_path), room=Room(stories=0, texts=0))
    assert [set(each) & {"turns", "calls"} for each in view.data["sessions"]] == [set()] * 6
    assert "6 sessions have no timeline here, for size." in view.left_out


def test_journals_are_read_of_the_sessions_whose_timelines_may_fit(tmp_path: Path) -> None:
    stored = stored_small(tmp_path)
    least = LEAST_OF_CALL * 3
    told = view_of(stored, room=Room(stories=least, texts=0)).sessions
    assert [each.services for each in told.lines] == [("crm",)] * 2 + [("crm", "llm")] * 4


def test_examples_of_problems_are_told_of_before_others(tmp_path: Path) -> None:
    records = [record for n in range(80) for record in happy(f"a{n:03}").records]
    run = stored(tmp_path, result_of([*records, *flaky("z").records]))
    assert view_of(Stored.of(run)).sessions.lines[0].session == "z"


def test_the_figures_at_the_top_go_one_way(view: View, tmp_path: Path) -> None:
    def shown(view: View) -> list[tuple[str, str, str, bool]]:
        return [(each.figure, each.of, each.label, each.bad) for each in view.banner.totals[:3]]

    assert shown(view) == [
        ("1", "of 3", "scenarios failed", True),
        ("1", "of 1", "gates did not hold", True),
        ("4", "of 6", "good sessions", False),
    ]
    passed = record_of(scenario_of("fine", verdict=Verdict.PASS))
    run = stored(
        tmp_path, result_of(Pen("a").start().end(9).records, scenario="fine"), record=passed
    )
    assert shown(view_of(Stored.of(run)))[0] == ("1", "of 1", "scenarios passed", False)
