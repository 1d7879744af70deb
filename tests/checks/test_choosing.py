import pytest

from evalkit.checks import SETS
from evalkit.checks.choosing import chosen, idle_removals
from evalkit.suite.checks import CheckUse

STANDARD = CheckUse("standard")
BUDGET = CheckUse("within-budget")
OWN = CheckUse("checks.py:Mine")


def removed(name):
    return CheckUse(name, removed=True)


def with_settings(name="no-runaway", **settings):
    return CheckUse(name, settings)


def names(*uses):
    return [each.name for each in chosen(uses)]


def test_each_comes_once_in_the_order_of_the_table_and_own_ones_at_the_end():
    given = (OWN, BUDGET, STANDARD, CheckUse("no-duplicate-effect"))
    assert names(*given) == [*SETS["standard"], "checks.py:Mine"]
    assert names(BUDGET, CheckUse("no-duplicate-effect")) == [
        "no-duplicate-effect",
        "within-budget",
    ]


def test_what_is_left_out_is_not_there():
    assert "within-budget" not in names(STANDARD, removed("within-budget"))
    assert names(BUDGET, OWN, removed("checks.py:Mine")) == ["within-budget"]
    assert names(STANDARD, removed("standard")) == []


def test_what_is_left_out_can_be_brought_back():
    assert "within-budget" in names(STANDARD, removed("within-budget"), BUDGET)


def test_settings_take_the_place_of_the_defaults_and_stand_beside_other_settings():
    few, many = with_settings(turns=3), with_settings(turns=30)
    plain = CheckUse("no-runaway")
    assert chosen([plain, few]) == (few,)
    assert chosen([few, plain]) == (few,)
    assert chosen([few, many, few]) == (few, many)


@pytest.mark.parametrize(
    ("uses", "idle"),
    [
        ((STANDARD, removed("within-budget")), ()),
        ((removed("within-budget"), STANDARD), (0,)),
        ((BUDGET, removed("within-budget"), removed("within-budget")), (2,)),
        ((OWN, removed("checks.py:Other")), (1,)),
    ],
)
def test_leaving_out_what_is_not_there_is_idle(uses, idle):
    assert idle_removals(uses) == idle
