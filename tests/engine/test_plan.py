"""What is wrong with a suite is found before anything runs, all at once and with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from evalkit.engine.plan import plan_suite
from evalkit.errors import SuiteError, UsageError
from evalkit.suite import load_suite
from tests.engine.suites import sessions, write_suite

ROUTES = {"routes-correctly": {"when": "session.vars.tier == 'gold'", "calls": "items"}}
REMEMBERS = {"remembers": {"fact": "{{ session.vars.order }}"}}
TIERS = [{**each, "vars": {"tier": "gold"} if n else {}} for n, each in enumerate(sessions(2))]


def mistakes(tmp_path: Path, **parts: Any) -> list[str]:
    with pytest.raises(SuiteError) as caught:
        plan_suite(load_suite(write_suite(tmp_path, **parts)))
    assert all(problem.line for problem in caught.value.problems)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"gates": ["p90(turn.latencyy) < 1s"]}, "turn.latency"),
        ({"gates": ["p90(turn.latency) < 1%"]}, "1%"),
        ({"gates": ["rate(call.error where service=itemz) < 1%"]}, "itemz"),
        ({"checks": ["standrd"]}, "standard"),
        (
            {"scenarios": {"a": {"faults": [{"at": "itemz", "inject": "reset"}]}}},
            "no service is named itemz",
        ),
        (
            {"scenarios": {"a": {"faults": [{"at": "items GET *", "inject": "refused"}]}}},
            "there is no request yet",
        ),
        (
            {"scenarios": {"a": {"faults": [{"at": "items", "inject": "refusal"}]}}},
            "refusal befalls models, and items is a service of kind rest",
        ),
        ({"scenarios": {"a": {"expect": {"calls": {"itemz": {"max": 1}}}}}}, "itemz"),
        ({"scenarios": {"a": {"expect": {"findings": {"allow": ["nothing"]}}}}}, "nothing"),
        ({"services": {"items": {"use": "missing.yaml"}}}, "missing.yaml"),
        ({"sessions": {"from": "missing.jsonl"}}, "missing.jsonl"),
        ({"settings": {"env": {"X": "{{ services.nobody.url }}"}}}, "nobody"),
        ({"settings": {"env": {"A=B": "x"}}}, "environment variable"),
        (
            {
                "services": {
                    name: {"use": "items.yaml", "hosts": []} for name in ("items", "a_b", "a-b")
                }
            },
            "both answer at a-b.evalkit.test",
        ),
        (
            {
                "services": {
                    "items": {"use": "items.yaml", "hosts": ["https://api.test"]},
                    "others": {"use": "items.yaml", "hosts": ["http://api.test:8080"]},
                }
            },
            "items answers at api.test too",
        ),
        (
            {"sessions": {"items": [*sessions(1), {**sessions(1)[0], "id": "s0~2"}], "repeat": 2}},
            "s0~2",
        ),
        (
            {"scenarios": {"a": {"expect": {"reply": {"contains": "{{ session.vars.x }}"}}}}},
            "in what is expected of session s0",
        ),
        ({"checks": [ROUTES]}, 'routes-correctly: for session "s0", '),
        ({"checks": ["standard", REMEMBERS]}, 'remembers: for session "s0", '),
        ({"checks": [ROUTES], "sessions": {"items": TIERS}}, "there is no `tier`"),
        ({"scenarios": {"a": {"checks": [ROUTES]}, "b": {}}}, "tier"),
        (
            {
                "checks": [ROUTES],
                "scenarios": {"a": {"sessions": {"items": TIERS[1:]}}, "b": {}},
            },
            'for session "s0"',
        ),
    ],
)
def test_a_mistake_is_found(tmp_path: Path, parts: dict[str, Any], said: str) -> None:
    found = mistakes(tmp_path, **parts)
    assert len(found) == 1
    assert said in found[0]
    assert "small.eval.yaml:" in found[0]


def checked(check: str, **settings: str) -> list[dict[str, Any]]:
    return [{check: {"calls": "items", **settings} if check == "routes-correctly" else settings}]


@pytest.mark.parametrize(
    "parts",
    [
        {"checks": [ROUTES], "sessions": {"items": TIERS[1:]}},
        {"checks": checked("routes-correctly", when="session.vars.tier is defined")},
        {"checks": checked("routes-correctly", when="turn.input == 'turn 0'")},
        {"checks": checked("remembers", fact="{{ session.vars.order | default('') }}")},
        {"checks": [ROUTES], "scenarios": {"a": {"checks": ["-routes-correctly"]}}},
        {
            "checks": [ROUTES],
            "sessions": {"items": TIERS},
            "scenarios": {"a": {"sessions": {"items": TIERS[1:]}}},
        },
    ],
    ids=["there", "allowed for", "of the turn", "with a default", "removed", "not replayed"],
)
def test_what_checks_say_of_sessions_holds_for_each(tmp_path: Path, parts: dict[str, Any]) -> None:
    plan_suite(load_suite(write_suite(tmp_path, **parts)))


def test_a_suite_may_say_which_hosts_a_service_answers_at(tmp_path: Path) -> None:
    uses = {"items": ["https://one.test"], "two": ["https://two.test"], "none": []}
    services = {name: {"use": "items.yaml", "hosts": hosts} for name, hosts in uses.items()}

    plan = plan_suite(load_suite(write_suite(tmp_path, services=services)))

    assert {each.name: list(each.hosts) for each in plan.services} == uses


def test_all_mistakes_are_found_at_once(tmp_path: Path) -> None:
    found = mistakes(
        tmp_path,
        gates=["p90(turn.latencyy) < 1s"],
        checks=["standrd"],
        scenarios={"a": {"faults": [{"at": "itemz", "inject": "reset"}]}},
    )
    assert len(found) == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [({"scenarios": "x*"}, "there are: plain"), ({"session": "nobody"}, "nobody")],
)
def test_what_fits_nothing_is_a_usage_error(
    tmp_path: Path, options: dict[str, str], said: str
) -> None:
    loaded = load_suite(write_suite(tmp_path))
    with pytest.raises(UsageError, match=said):
        plan_suite(loaded, **options)  # type: ignore[arg-type]


def test_a_scenario_overrides_the_sessions(tmp_path: Path) -> None:
    path = write_suite(
        tmp_path,
        scenarios={
            "plain": {},
            "open": {"sessions": {"arrival": "2/s", "items": sessions(5), "cell": 2}},
        },
    )
    plan = plan_suite(load_suite(path))
    plain, opened = plan.scenarios
    assert (plain.sessions, len(plain.cells)) == (3, 1)
    assert (opened.sessions, len(opened.cells)) == (5, 3)
    arrivals = [each.arrival for cell in opened.cells for each in cell]
    assert arrivals[0] == 0
    assert arrivals == sorted(arrivals, key=lambda each: each or 0)


def test_arrivals_follow_the_seed_and_the_rate(tmp_path: Path) -> None:
    path = write_suite(tmp_path, sessions={"items": sessions(400), "arrival": "20/s"})
    last = []
    for seed in (1, 1, 2):
        plan = plan_suite(load_suite(path), seed=seed)
        last.append(plan.scenarios[0].cells[-1][-1].arrival)
    assert last[0] == last[1] != last[2]
    assert 16e9 < last[0] < 25e9
