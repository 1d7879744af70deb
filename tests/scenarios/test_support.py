"""The shipped support suite passes; each mistake of the defective agent fails where it should."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from evalkit import Run, Verdict, run
from evalkit.journal.records import Finding
from tests.scenarios.shipped import ROOT, ids_of, suite_of

SUITE = suite_of("support")
DEFECTIVE = ROOT / "tests/agents/support_defective.eval.yaml"


def test_some_sessions_are_of_all_sessions() -> None:
    assert set(ids_of(SUITE.parent / "some.jsonl")) < set(ids_of(SUITE.parent / "payloads.jsonl"))


def test_payloads_are_varied_talks_of_several_turns() -> None:
    lines = (SUITE.parent / "payloads.jsonl").read_text(encoding="utf-8").splitlines()
    talks = [[turn["input"] for turn in json.loads(line)["turns"]] for line in lines]
    assert len(talks) >= 40
    assert min(map(len, talks)) >= 2
    assert len({talk[0] for talk in talks}) == len(talks)


PROMISED = {
    "happy-path",
    "crm-slow",
    "crm-503-then-fine",
    "profile-down",
    "primary-model-down",
    "model-429",
    "model-resets-in-mid-reply",
}


@pytest.mark.slow
def test_the_whole_suite_passes(tmp_path: Path) -> None:
    (done,) = run(SUITE, out=tmp_path)
    judged = [each for each in done.record.scenarios if not each.added]
    verdicts = {each.name: (each.verdict, each.reasons) for each in judged}
    assert verdicts == dict.fromkeys(verdicts, (Verdict.PASS, ()))
    assert verdicts.keys() >= PROMISED
    assert all(rule.delivered for each in judged for rule in each.faults)
    assert (done.verdict, done.exit_code) == (Verdict.PASS, 0)


def test_the_agent_passes(tmp_path: Path) -> None:
    (done,) = run(SUITE, scenario="[qs]*", out=tmp_path, controls=False)
    names = {"queue-resets-after-commit", "stream-breaks-off", "stream-falls-silent"}
    verdicts = {each.name: (each.verdict, each.reasons) for each in done.record.scenarios}
    assert verdicts == dict.fromkeys(names, (Verdict.PASS, ()))
    assert all(rule.delivered for each in done.record.scenarios for rule in each.faults)


@pytest.fixture(scope="module")
def defective(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Run]:
    """Runs the suite of the defective agent with one of its variants, once for each."""
    out = tmp_path_factory.mktemp("defective")

    @cache
    def run_with(agent: str) -> Run:
        text = DEFECTIVE.read_text(encoding="utf-8").replace("../../", f"{ROOT.as_posix()}/")
        source = "support_defective.py:"
        beside = f"{DEFECTIVE.parent.as_posix()}/{source}"
        path = out / f"{agent}.eval.yaml"
        path.write_text(text.replace(f"{source}three_mistakes", beside + agent), encoding="utf-8")
        (done,) = run(path, out=out / agent)
        return done

    return run_with


@pytest.mark.parametrize(
    ("agent", "failing"),
    [
        ("no_mistake", set()),
        ("no_timeout", {"crm-hangs"}),
        ("write_without_key", {"queue-resets-after-commit"}),
        ("swallows_errors", {"crm-hangs", "profile-down"}),
        ("three_mistakes", {"crm-hangs", "queue-resets-after-commit", "profile-down"}),
    ],
)
def test_mistakes_fail_the_scenarios_that_aim_at_them(
    agent: str, failing: set[str], defective: Callable[[str], Run]
) -> None:
    done = defective(agent)
    failed = {each.name for each in done.record.scenarios if each.verdict is Verdict.FAIL}
    passed = {each.name for each in done.record.scenarios if each.verdict is Verdict.PASS}
    assert failed == failing
    assert failed | passed == {each.name for each in done.record.scenarios}
    assert done.exit_code == (1 if failing else 0)


@pytest.mark.parametrize(
    ("agent", "scenario", "check", "operations"),
    [
        ("no_timeout", "crm-hangs", "within-budget", {"GET /customers/{id}"}),
        (
            "write_without_key",
            "queue-resets-after-commit",
            "no-duplicate-effect",
            {"POST /escalations"},
        ),
        ("swallows_errors", "profile-down", "no-silent-failure", {"GET /profiles/{id}"}),
    ],
)
def test_findings_name_the_calls(
    agent: str,
    scenario: str,
    check: str,
    operations: set[str],
    defective: Callable[[str], Run],
) -> None:
    done = defective(agent)
    findings = [each for each in done.findings(scenario) if each.check == check]
    assert {each.session for each in findings} == set(done.sessions["session"])
    assert {name for each in findings for name in operations_of(done, scenario, each)} == operations


def operations_of(done: Run, scenario: str, finding: Finding) -> set[str]:
    calls = done.calls
    named = (
        (calls["scenario"] == scenario)
        & (calls["session"] == finding.session)
        & calls["call"].isin(finding.calls)
    )
    assert finding.calls
    return set(calls[named]["operation"])
