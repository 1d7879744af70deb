"""What stands at a path, as jsonpath-ng finds it."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.jsonpaths import at_path, parsed

VALUE = {
    "a": {"b": 1, "c": None, "a": {"b": [1, 2]}},
    "items": [{"b": 1}, {"b": 2}],
    "a b": {"*": "star"},
    "text": "abc",
    "": 0,
}
PATHS = (
    *("$", "$.a", "a", "a.b", "$.a.b", "$.a.c", "$.a.a.b", "$['a b']", "$['a b']['*']", "$.text.b"),
    *("$.items", "$.items.b", "$.items[0].b", "$.items[*].b", "$.items[5]", "$.nothing", "$.a.x.y"),
    *("$.*", "$.a.*", "$..b", "$.a,text", "$.a.b.`parent`", "$[0]", "$.a.c.d", "$.text[0]"),
)


class Fields:
    """Something that is asked for by `get`, as XML elements are."""

    def get(self, name, default=None):
        return name.upper() if name == "a" else default


@pytest.mark.parametrize(
    "value",
    [defaultdict(int), Counter(), array("d", [1.0]), dict, Fields()],
    ids=["defaultdict", "counter", "array", "class", "fields"],
)
def test_what_an_agent_puts_into_its_context_is_asked_as_jsonpath_asks_it(value):
    for path in ("$.a", "$.a.b", "$.v.a", "$.v.a.b"):
        for held in (value, {"v": value}):
            assert at_path(path, held) == tuple(each.value for each in parsed(path).find(held))
    assert not isinstance(value, dict) or not value


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("value", [VALUE, [VALUE], "text", None, 7, {}], ids=repr)
def test_a_path_finds_what_jsonpath_finds(path, value):
    assert at_path(path, value) == tuple(each.value for each in parsed(path).find(value))


def test_a_mapping_of_any_kind_is_an_object():
    assert at_path("$.a.b", MappingProxyType({"a": MappingProxyType({"b": 1})})) == (1,)


keys = st.sampled_from("abc")
values = st.recursive(
    st.none() | st.integers(), lambda inner: st.dictionaries(keys, inner) | st.lists(inner)
)


@given(values, st.lists(keys, min_size=1, max_size=4))
def test_keys_are_followed_as_jsonpath_follows_them(value, names):
    path = f"$.{'.'.join(names)}"
    assert at_path(path, value) == tuple(each.value for each in parsed(path).find(value))


def test_what_is_no_path_is_refused():
    with pytest.raises(ValueError, match="this is no JSONPath"):
        at_path("$.[", {})
