from __future__ import annotations

import os

import pytest

from evalkit.inherited import environment, without_plugins

SWITCH = "PYDANTIC_DISABLE_PLUGINS"


def test_what_this_process_does_without_is_not_kept_from_those_it_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(SWITCH, raising=False)
    monkeypatch.setenv("KEPT", "yes")
    with without_plugins():
        assert os.environ[SWITCH] == "__all__"
        assert SWITCH not in environment()
        assert environment()["KEPT"] == "yes"
    assert SWITCH not in os.environ


def test_the_users_own_choice_of_plugins_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "logfire-plugin")
    with without_plugins():
        assert os.environ[SWITCH] == environment()[SWITCH] == "logfire-plugin"
    assert os.environ[SWITCH] == "logfire-plugin"
