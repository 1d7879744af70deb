from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.checks.privileges import (
    Privilege,
    accepted_of,
    beyond,
    list_of,
    parse,
    together,
    used,
    written,
)
from evalkit.errors import UsageError
from tests.checks.stories import Story


def test_what_a_journal_comes_to_is_sorted_and_each_once():
    story = Story().turn().call("pay", operation="POST /charges").call().call()
    story.call(operation="PATCH /x", ended={"scopes_used": ("b", "a")})
    story.call(operation="connect").call(operation="GET /no", complaint="no route").reply().end()
    assert used(story.records) == {
        "crm": {"GET /x": (), "PATCH /x": ("a", "b")},
        "pay": {"POST /charges": ()},
    }


def test_what_goes_beyond():
    accepted = {"crm": {"GET /x": ("a",)}}
    assert beyond({"crm": {"GET /x": ()}}, accepted) == ()
    assert beyond({"crm": {"GET /x": ("a", "b")}}, accepted) == (
        Privilege("crm", "GET /x", ("a", "b")),
    )
    assert str(beyond({"erp": {"GET /x": ()}}, accepted)[0]) == "erp GET /x"


TEXT = st.text(min_size=1, max_size=6)
PRIVILEGES = st.dictionaries(
    TEXT, st.dictionaries(TEXT, st.lists(TEXT, max_size=3).map(tuple), min_size=1, max_size=3)
).map(lambda each: together([each]))


@settings(max_examples=50)
@given(PRIVILEGES)
def test_a_list_is_read_as_it_was_written(privileges):
    assert parse(written(privileges, "shop.eval.yaml"), Path("x")) == privileges


def test_a_list_is_pleasant_to_read():
    privileges = {"crm": {"GET /customers/{id}": ("customers:read", "x"), "tools/call a b": ()}}
    assert written(privileges, "shop.eval.yaml").endswith(
        "crm:\n  GET /customers/{id}: [customers:read, x]\n  tools/call a b: []\n"
    )


def test_no_list_is_none(tmp_path):
    assert accepted_of(tmp_path / "shop.eval.yaml") is None
    assert list_of(tmp_path / "shop.eval.yaml").name == "shop.privileges.yaml"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[", "this is no YAML"),
        ("", "no mapping of services"),
        ("crm: [GET /x]", "no mapping of services"),
        ("crm: {GET /x: orders:read}", "the scopes of crm GET /x are no list of texts"),
        ("crm: {GET /x: [1]}", "the scopes of crm GET /x are no list of texts"),
    ],
)
def test_a_list_that_is_none(tmp_path, text, what):
    suite = tmp_path / "shop.eval.yaml"
    list_of(suite).write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=what):
        accepted_of(suite)
