import pytest

from evalkit.checks import CHECKS, NAMES, SETS, Facts, expand
from tests.checks.stories import Story

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


def test_names_and_sets_give_each_check_once_in_the_order_of_the_table():
    given = ("within-budget", "standard", "no-duplicate-effect")
    assert [check.name for check in expand(given)] == list(CHECKS)
    assert [check.name for check in expand(given[::-2])] == ["no-duplicate-effect", "within-budget"]


def test_an_unknown_name_is_an_error():
    with pytest.raises(KeyError, match="no-such-check"):
        expand(["standard", "no-such-check"])


def test_what_the_world_finds_is_listed_under_the_names_the_world_gives():
    from evalkit.world import world

    assert (world.EGRESS, world.BLOCKED, world.UNFIT) == RAISED_BY_THE_WORLD


@pytest.mark.parametrize("name", RAISED_BY_THE_WORLD)
def test_what_the_world_finds_is_not_found_again(name):
    story = Story().turn().call(status=503, fault="status").reply().end()
    check = CHECKS[name]
    assert list(check.findings(story.view, Facts())) == []
    assert list(check.of_world(story.world, Facts())) == []
