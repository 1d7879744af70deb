"""The hooks of the plugin: each hands over to the module that it is about, if there is any need."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from types import FunctionType
from typing import TYPE_CHECKING, Any

import pytest

from evalkit.pytest_plugin.keys import MARK, RUNS
from evalkit.pytest_plugin.options import PATTERN, add_options, collects

if TYPE_CHECKING:
    from evalkit.testing import World

_MARKER = (
    f"{MARK}(services, *, suite, faults, seed, starts_at, env, vars, folder): run the asynchronous "
    "test in a simulated world; the arguments are those of evalkit.testing.world"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and listen to what reports say of scenarios."""
    config.addinivalue_line("markers", _MARKER)
    config.pluginmanager.register(_Reports(config), "evalkit-reports")


# Suites --------------------------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a suite."""
    if not file_path.match(PATTERN) or not collects(parent.config):
        return None
    from evalkit.pytest_plugin.collecting import SuiteFile

    return SuiteFile.from_parent(parent, path=file_path)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Take note of which scenarios will be run."""
    if RUNS in session.config.stash:
        session.config.stash[RUNS].select(session.items)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist which session it is part of, so that all write to one folder."""
    from evalkit.pytest_plugin.sessions import session_of

    node.workerinput[MARK] = session_of(node.config)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Have the report of a scenario say what came of it: it travels where folders do not."""
    report = yield
    if RUNS in item.config.stash and report.when == "call":
        item.config.stash[RUNS].tell(item, report)
    return report


class _Reports:
    """Hears what came of scenarios, wherever they were run, and judges the runs as a whole."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._heard: list[dict[str, Any]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        told = getattr(report, MARK, None)
        if told is not None:
            self._heard.append(told)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        if self._heard and not hasattr(self._config, "workerinput"):
            from evalkit.pytest_plugin.runs import runs_of

            runs_of(self._config).finish(self._heard)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say where the runs are."""
    if RUNS in config.stash:
        config.stash[RUNS].summarise(terminalreporter)


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the processes that cells were forked from."""
    if RUNS in config.stash:
        config.stash[RUNS].close()


# Worlds --------------------------------------------------------------------------------------


@pytest.hookimpl(tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, obj: object) -> None:
    """Have pytest-asyncio take a marked test for its own, whatever its mode."""
    if not isinstance(obj, FunctionType):  # others may do anything when asked for an attribute
        return
    marked = any(each.name == MARK for each in getattr(obj, "pytestmark", ()))
    if marked or collector.get_closest_marker(MARK) is not None:
        from evalkit.pytest_plugin.looping import as_asyncio

        as_asyncio(obj)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> Generator[None, object, object]:
    """Have a marked test run on the loop of a world."""
    if metafunc.definition.get_closest_marker(MARK) is None:
        return (yield)
    from evalkit.pytest_plugin.looping import offering

    with offering(metafunc.config):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Make the world of a marked test."""
    if item.get_closest_marker(MARK) is not None:
        from evalkit.pytest_plugin.looping import prepare

        prepare(item)


@pytest.fixture
def _evalkit_stage(request: pytest.FixtureRequest) -> Iterator[None]:
    """The world of a marked test, for as long as the test."""
    from evalkit.pytest_plugin.looping import staged

    with staged(request.node):
        yield


@pytest.fixture
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The simulated world of the test: see `evalkit.testing.World`.

    In an asynchronous test that is marked with `@pytest.mark.evalkit(...)` it runs on the same
    loop; in any other test that is not asynchronous, coroutines run in it with `world.run(...)`.
    """
    from evalkit.pytest_plugin.looping import world_of

    with world_of(request.node) as opened:
        yield opened
