"""Runs marked tests on the event loop of a world, through pytest-asyncio's own hook.

pytest-asyncio asks `pytest_asyncio_loop_factories` for the loops of a test while it generates the
test's items. Whoever implements that hook has to answer for every test; so it is implemented only
for as long as it is asked about a marked one, and no other test notices.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from evalkit.errors import EvalkitError
from evalkit.pytest_plugin.keys import MARK, STAGE
from evalkit.pytest_plugin.stage import PRESENT, Stage
from evalkit.testing import World
from evalkit.testing.opening import Opening, open_on
from evalkit.testing.setting import Setting, read_setting

HOOK = "pytest_asyncio_loop_factories"
FIXTURE = "_evalkit_stage"
_NEEDED = (
    "@pytest.mark.evalkit needs pytest-asyncio 1.4 or later, which runs tests on loops of others: "
    "pip install 'evalkit[pytest]'"
)


class _Factories:
    """Offers the loop of a world, and no other."""

    @pytest.hookimpl(tryfirst=True, optionalhook=True)
    def pytest_asyncio_loop_factories(self) -> Mapping[str, Callable[[], Any]]:
        return {MARK: PRESENT.loop}


@contextmanager
def offering(config: pytest.Config) -> Iterator[None]:
    """Offer it for as long."""
    plugin = _Factories()
    config.pluginmanager.register(plugin)
    try:
        yield
    finally:
        config.pluginmanager.unregister(plugin)


def as_asyncio(function: object) -> None:
    """Mark an asynchronous test for pytest-asyncio, unless it is marked."""
    marks = getattr(function, "pytestmark", [])
    asynchronous = inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(getattr(function, "hypothesis", None), "inner_test", None)
    )
    if asynchronous and not any(each.name == "asyncio" for each in marks):
        pytest.mark.asyncio(function)


def prepare(item: pytest.Item) -> None:
    """Make the stage of a marked test, before any of its fixtures asks for a loop."""
    if not _is_asynchronous(item):
        return
    if not hasattr(item.config.hook, HOOK):
        pytest.fail(_NEEDED, pytrace=False)
    _check_scope(item)
    assert isinstance(item, pytest.Function)
    marker = item.get_closest_marker(MARK)
    assert marker is not None
    wanted = bool(marker.args or marker.kwargs) or "world" in item.fixturenames
    stage = item.stash[STAGE] = PRESENT.stage = Stage(_setting(item), wanted=wanted)
    del stage
    names = [FIXTURE, *(["world"] if wanted else [])]
    for name in reversed(names):
        if name in item.fixturenames:
            item.fixturenames.remove(name)
        item.fixturenames.insert(0, name)


@contextmanager
def staged(item: pytest.Item) -> Iterator[None]:
    """The stage of a test, until the end of the test."""
    stage = item.stash[STAGE]
    try:
        yield
    finally:
        PRESENT.stage = None
        stage.close()


@contextmanager
def world_of(item: pytest.Item) -> Iterator[World]:
    """The world of a test."""
    stage = item.stash.get(STAGE, None)
    if stage is None:
        if _is_asynchronous(item):
            what = "an asynchronous test has to be marked with @pytest.mark.evalkit to have a world"
            pytest.fail(what, pytrace=False)
        with Opening(_setting(item)) as world:
            yield world
        return
    stage.loop()
    world, stack = open_on(stage.held, stage.setting)
    with stack:
        yield world


def _is_asynchronous(item: pytest.Item) -> bool:
    return item.get_closest_marker("asyncio") is not None


def _check_scope(item: pytest.Item) -> None:
    """A world lasts one test."""
    marker = item.get_closest_marker("asyncio")
    scope = None if marker is None else marker.kwargs.get("loop_scope")
    scope = scope or item.config.getini("asyncio_default_test_loop_scope") or "function"
    if scope != "function":
        what = f"a world lasts one test, and the loop of this one is to last a {scope}"
        pytest.fail(f"{what}; write @pytest.mark.asyncio(loop_scope='function')", pytrace=False)


def _setting(item: pytest.Item) -> Setting:
    """What the marker of a test says; nothing where it has none. Paths begin beside the test."""
    marker = item.get_closest_marker(MARK)
    given = {} if marker is None else dict(marker.kwargs)
    if marker is not None and marker.args:
        given = {"services": marker.args[0], **given}
    if given.get("suite") is not None:
        given["suite"] = item.path.parent / given["suite"]
    given.setdefault("folder", None if "suite" in given else item.path.parent)
    try:
        return read_setting(**given)
    except (TypeError, EvalkitError) as error:
        problem = str(error)
    # Out here the failure has no other exception behind it that pytest would show.
    pytest.fail(f"@pytest.mark.evalkit: {problem}", pytrace=False)
