from pathlib import Path

import pytest

from evalkit.checks import CHECKS, GROUPS, NAMES, SETS, Facts
from evalkit.checks.mistakes import check_mistakes
from tests.checks.stories import Story, read_example

RAISED_BY_THE_WORLD = ("no-unmocked-egress", "event-loop-not-blocked", "fits-simulation")


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_is_listed_under_its_name_and_says_what_it_finds(name):
    check = CHECKS[name]
    assert check.name == name
    assert check.about[0].islower()
    assert "\n" not in check.about


def test_every_set_is_of_checks_that_exist():
    assert set(SETS["standard"]) <= set(CHECKS)
    assert set(NAMES) == {*SETS, *CHECKS}


def test_no_check_is_listed_twice():
    assert sum(map(len, GROUPS.values())) == len(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_settings_are_described_and_an_example_is_of_the_check(name):
    check = CHECKS[name]
    fields = {} if check.Settings is None else check.Settings.model_fields
    assert all(each.description for each in fields.values())
    use = read_example(check)
    assert use.name == name
    assert list(check_mistakes([use], Path(), ("crm", "llm", "payments"))) == []


@pytest.mark.parametrize("name", SETS["standard"])
def test_a_standard_check_needs_no_settings(name):
    assert CHECKS[name]().name == name


def test_what_the_world_finds_is_listed_under_the_names_the_world_gives():
    from evalkit.world import world

    assert (world.EGRESS, world.BLOCKED, world.UNFIT) == RAISED_BY_THE_WORLD


@pytest.mark.parametrize("name", RAISED_BY_THE_WORLD)
def test_what_the_world_finds_is_not_found_again(name):
    story = Story().turn().call(status=503, fault="status").reply().end()
    check = CHECKS[name]()
    assert list(check.findings(story.view, Facts())) == []
    assert list(check.of_world(story.world, Facts())) == []
