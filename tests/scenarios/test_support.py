"""The shipped support suite passes; each mistake of the defective agent fails where it should."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from evalkit import Run, Verdict, run
from evalkit.journal.records import Finding

ROOT = Path(__file__).parents[2]
SUITE = ROOT / "scenarios/support/support.eval.yaml"
DEFECTIVE = ROOT / "tests/agents/support_defective.eval.yaml"


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Run:
    (done,) = run(SUITE, out=tmp_path_factory.mktemp("shipped"))
    return done


def test_all_scenarios_pass(shipped: Run) -> None:
    judged = [each for each in shipped.record.scenarios if not each.added]
    verdicts = {each.name: (each.verdict, each.reasons) for each in judged}
    assert verdicts == dict.fromkeys(verdicts, (Verdict.PASS, ()))
    assert len(verdicts) >= 7
    assert shipped.exit_code == 0


def test_every_fault_is_delivered(shipped: Run) -> None:
    faulty = [each for each in shipped.record.scenarios if each.faulty]
    assert faulty
    for scenario in faulty:
        assert all(rule.delivered for rule in scenario.faults), scenario.name


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
