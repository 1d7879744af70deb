"""Texts that only name values: looked up, they are what Jinja makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.services.sandbox.lookup import looked_up
from evalkit.services.sandbox.text import Text, compile_text
from evalkit.services.template import RenderError, rendering

NAMES = st.sampled_from(["a", "b", "items", "get", "path", "__class__", "range", "dict"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
PIECES = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: f"{{{{ {'.'.join(names)} }}}}")
TEXTS = st.lists(PIECES | st.sampled_from([" ", "x", "ö"]), min_size=1, max_size=3).map("".join)


def outcome(text: Text, variables: dict[str, Any]) -> Any:
    with rendering(dict(variables)):
        try:
            value = text.render(variables)
        except RenderError as error:
            return str(error)
    return type(value), value


@given(source=TEXTS, variables=st.dictionaries(NAMES, VALUES, max_size=4))
def test_a_text_means_the_same_looked_up_and_rendered(
    source: str, variables: dict[str, Any]
) -> None:
    text = compile_text(source)
    quick = outcome(text, variables)
    parts, text._parts = text._parts, None
    try:
        assert quick == outcome(text, variables)
    finally:
        text._parts = parts


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("{{ path.id }}", ["7"]),
        ("Order {{ path.id }} of {{ body.by.name }}", ["Order ", "7", " of ", "Ann"]),
        ("{{ path.other }}", None),
        ("{{ body.by }}", None),
        ("{{ path.id | int }}", None),
        ("{{ path['id'] }}", None),
        ("{% if path.id %}x{% endif %}", None),
    ],
)
def test_only_what_merely_names_simple_values_is_looked_up(source: str, found: Any) -> None:
    variables = {"path": {"id": "7"}, "body": {"by": {"name": "Ann"}}}
    parts = compile_text(source)._parts
    assert (None if parts is None else looked_up(parts, variables)) == found
