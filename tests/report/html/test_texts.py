from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from evalkit.report.html.texts import line_of, middle_out, script_safe, visible
from tests.report.html.pages import HOSTILE

TEXTS = st.one_of(st.text(), st.sampled_from(HOSTILE))
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.none(), st.booleans()),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)
SPACES = "\n\t\u200d\u00a0\u202f\u2009\u3000"


@given(TEXTS)
def test_nothing_invisible_is_left(text: str) -> None:
    assert all(each.isprintable() or each in SPACES for each in visible(text))


def test_bidi_and_control_characters_are_written_out() -> None:
    assert visible("a\u202eb\x1b[31m\udcff") == "a\\u202eb\\x1b[31m\\udcff"
    assert visible("naïve 日本 👩\u200d🚀\n\tdone") == "naïve 日本 👩\u200d🚀\n\tdone"


@given(TEXTS, st.integers(min_value=2, max_value=50))
def test_a_line_is_one_line_and_no_longer_than_allowed(text: str, limit: int) -> None:
    line = line_of(text, limit)
    assert len(line) <= limit
    assert "\n" not in line


def test_of_a_long_text_the_beginning_and_the_end_are_kept() -> None:
    text = middle_out("a" * 500 + "b" * 500, 100)
    assert text.startswith("a" * 40)
    assert text.endswith("b" * 60)
    assert "900 characters left out" in text


@given(VALUES)
def test_embedded_data_is_json_again_and_holds_no_markup(value: object) -> None:
    text = script_safe(value)
    assert not set("<>&\u2028\u2029") & set(text)
    assert json.loads(text) == json.loads(
        json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    )
