"""Checks of the user's own, and what is said of suites that name checks wrongly."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from evalkit.checks import Facts, made, run_checks
from evalkit.checks.mistakes import check_mistakes, own_names
from evalkit.checks.operations import Operation, operations_in
from evalkit.engine.plan import plan_suite
from evalkit.errors import SuiteError
from evalkit.suite import load_suite
from evalkit.suite.checks import CheckUse
from evalkit.suite.parts import Part
from tests.checks.stories import Story
from tests.engine.suites import write_suite

OWN = """\
from evalkit.checks import Check, Operation, Part

from limits import LIMIT


class Limit(Part):
    calls: int = LIMIT
    of: Operation | None = None


class Few(Check):
    name = "few-calls"
    about = "a session made many calls"
    Settings = Limit

    def findings(self, session, facts):
        if len(session.calls) > self.settings.calls:
            yield self.finding("too many calls", at=0, session=session.id)


class Nameless(Check):
    about = "nothing"


class Taken(Check):
    name = "within-budget"
    about = "nothing"


class NoCheck:
    name = "no-check"
    about = "nothing"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "checks.py").write_text(OWN)
    (tmp_path / "limits.py").write_text("LIMIT = 1")
    (tmp_path / "broken.py").write_text("import no_such_module\n\n\nclass Mine:\n    pass\n")
    return tmp_path


def found(folder: Path, *uses: CheckUse) -> list[str]:
    world = Story().turn().call().call().reply().end().world
    with made(uses, folder) as (checks, crashes):
        assert crashes == ()
        checked = run_checks(checks, world, Facts())
    assert checked.crashes == ()
    return [each.check for each in checked.findings]


def test_a_check_of_the_users_own_is_made_and_run(folder: Path) -> None:
    assert found(folder, CheckUse("checks.py:Few")) == ["few-calls"]
    assert found(folder, CheckUse("checks.py:Few", {"calls": 2})) == []


def test_it_is_imported_anew_each_time(folder: Path) -> None:
    assert found(folder, CheckUse("checks.py:Few")) == ["few-calls"]
    assert "limits" not in sys.modules
    (folder / "limits.py").write_text("LIMIT = 2000")
    assert found(folder, CheckUse("checks.py:Few")) == []


def test_one_that_cannot_be_made_is_a_crash_and_the_others_are_made(folder: Path) -> None:
    uses = (CheckUse("broken.py:Mine"), CheckUse("within-budget"))
    with made(uses, folder) as (checks, crashes):
        assert [each.name for each in checks] == ["within-budget"]
    (crash,) = crashes
    assert crash.check == "broken.py:Mine"
    assert "no_such_module" in crash.traceback


def test_the_names_of_own_checks_are_known(folder: Path) -> None:
    uses = [CheckUse("standard"), CheckUse("checks.py:Few"), CheckUse("broken.py:Mine")]
    assert list(own_names(uses, folder)) == ["few-calls"]


@pytest.mark.parametrize(
    ("use", "where", "message"),
    [
        (CheckUse("within-bugdet"), (), "no check is named within-bugdet"),
        (CheckUse("within-bugdet", removed=True), (), "no check is named within-bugdet"),
        (CheckUse("standard", {}), ("standard",), "standard is a set of checks"),
        (CheckUse("within-budget", {"a": 1}), ("within-budget",), "has no settings"),
        (CheckUse("no.py:Mine"), (), "there is no file"),
        (CheckUse("checks.py:Fev"), (), "has no `Fev`"),
        (CheckUse("checks.py:Limit"), (), "checks.py:Limit is no check"),
        (CheckUse("checks.py:LIMIT"), (), "checks.py:LIMIT is no class"),
        (CheckUse("checks.py:NoCheck"), (), "inherits from evalkit.checks.Check"),
        (CheckUse("checks.py:Nameless"), (), "does not say its `name`"),
        (CheckUse("checks.py:Taken"), (), "which is a check of evalkit's"),
        (CheckUse("broken.py:Mine"), (), "No module named 'no_such_module' (.*broken.py:1)"),
        (CheckUse("checks.py:Few", {"cals": 1}), ("checks.py:Few", "cals"), 'unknown key "cals"'),
        (CheckUse("checks.py:Few", {"calls": "x"}), ("checks.py:Few", "calls"), "a whole number"),
        (CheckUse("checks.py:Few", {"of": "crn"}), ("checks.py:Few", "of"), "no service is named"),
        (CheckUse("checks.py:Few", removed=True), (), "there is nothing to remove"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    folder: Path, use: CheckUse, where: Any, message: str
) -> None:
    (mistake,) = check_mistakes([use], folder, ("crm",))
    assert mistake.where == (0, *where)
    assert re.search(message, mistake.message)


def test_operations_are_found_wherever_they_stand_in_settings() -> None:
    class Inner(Part):
        to: Operation

    class Outer(Part):
        first: Operation
        rest: dict[str, tuple[Inner, ...]]

    value = Outer.model_validate({"first": "a", "rest": {"x": [{"to": "b GET /c/*"}]}})
    places = {str(operation): where for where, operation in operations_in(value)}
    assert places == {"a": ("first",), "b GET /c/*": ("rest", "x", 0, "to")}


def problems(folder: Path, **parts: Any) -> str:
    suite = write_suite(folder, **parts)
    with pytest.raises(SuiteError) as caught:
        plan_suite(load_suite(suite))
    return str(caught.value)


def test_all_mistakes_in_a_suite_are_located(folder: Path) -> None:
    text = problems(
        folder,
        checks=["standard", "-no-silent-failur", {"checks.py:Few": {"calls": "many"}}],
        scenarios={"plain": {"checks": ["broken.py:Mine"]}},
    )
    assert "did you mean -no-silent-failure?" in text
    assert "expected a whole number" in text
    assert "No module named 'no_such_module'" in text
    assert text.count(".eval.yaml:") >= 3


def test_findings_of_own_checks_can_be_allowed(folder: Path) -> None:
    scenario = {
        "checks": ["checks.py:Few"],
        "expect": {"findings": {"allow": ["few-calls"]}},
    }
    suite = write_suite(folder, scenarios={"plain": scenario})
    assert plan_suite(load_suite(suite)).scenario("plain").scenario.checks
    del scenario["checks"]
    assert "no check is named few-calls" in problems(folder, scenarios={"plain": scenario})


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{}", "this names no check"),
        ("'-'", "this names no check"),
        ("3", "a check is written as its name"),
        ("{no-runaway: , turns: 3}", "indent them further"),
        ("{a: {}, b: {}}", "begin the next with a hyphen"),
        ("{no-runaway: }", "write no-runaway alone"),
        ("{no-runaway: 3}", "the settings of a check are a mapping"),
        ("{-no-runaway: {}}", "has no settings"),
    ],
)
def test_an_entry_that_is_none_is_told(tmp_path: Path, entry: str, message: str) -> None:
    path = write_suite(tmp_path)
    path.write_text(f"checks: [{entry}]\n" + path.read_text().replace("checks:", "tags:"))
    with pytest.raises(SuiteError) as caught:
        load_suite(path)
    assert message in str(caught.value)
    assert ":1:" in str(caught.value)
