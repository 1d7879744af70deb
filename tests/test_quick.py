"""What `quick` makes of a frozen dataclass: the same, only sooner."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from evalkit.quick import quick, replaced


@dataclass(frozen=True, slots=True)
class Base:
    first: int
    second: str = "two"


@quick
@dataclass(frozen=True, slots=True)
class Derived(Base):
    many: list[int] = field(default_factory=list)
    named: str = field(default="n", kw_only=True)


def test_fields_are_as_given_or_as_by_default():
    made = Derived(1, many=[3])
    assert (made.first, made.second, made.many, made.named) == (1, "two", [3], "n")
    assert Derived(1).many is not Derived(1).many


def test_it_is_of_its_own_class_and_equal_by_value():
    assert type(Derived(1)) is Derived
    assert Derived(1, "x", named="y") == Derived(first=1, second="x", many=[], named="y")
    assert repr(Derived(1)) == "Derived(first=1, second='two', many=[], named='n')"


def test_nothing_of_it_can_be_changed():
    made = Derived(1)
    with pytest.raises(FrozenInstanceError):
        made.first = 2
    with pytest.raises(FrozenInstanceError):
        del made.named
    assert made.first == 1


@pytest.mark.parametrize(
    ("arguments", "named"), [((), {}), ((1,), {"other": 2}), ((1, "x", [], "n"), {})]
)
def test_wrong_arguments_are_refused(arguments: tuple[object, ...], named: dict[str, object]):
    with pytest.raises(TypeError, match="__init__"):
        Derived(*arguments, **named)


def test_it_is_replaced_pickled_and_subclassed_as_before():
    class Further(Derived):
        __slots__ = ()

    made = replace(Derived(1), second="changed")
    assert pickle.loads(pickle.dumps(made)) == made
    assert [each.name for each in fields(made)] == ["first", "second", "many", "named"]
    assert type(Further(1)) is Further


@pytest.mark.parametrize("changes", [{}, {"second": "changed"}, {"named": "m", "first": 7}])
def test_what_is_replaced_quickly_is_as_by_dataclasses(changes: dict[str, object]):
    made = Derived(1, "two", [3], named="x")
    assert replaced(made, **changes) == replace(made, **changes)
    assert type(replaced(made, **changes)) is Derived
    with pytest.raises(TypeError, match="unknown"):
        replaced(made, unknown=1)


def test_a_class_that_does_more_when_made_is_refused():
    @dataclass(frozen=True, slots=True)
    class Checked:
        value: int

        def __post_init__(self) -> None:
            raise ValueError("never called")

    with pytest.raises(TypeError, match="__post_init__"):
        quick(Checked)
