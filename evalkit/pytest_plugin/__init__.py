"""The pytest plugin: suites as tests, and simulated worlds in tests written in Python.

It is imported whenever pytest starts, so it imports nothing but pytest until there is something to
collect. `*.eval.yaml` files are collected, one item per scenario, and one named `[gates]` for the
gates of the suite itself; see `evalkit.pytest_plugin.collecting`. `@pytest.mark.evalkit(...)` runs
an asynchronous test in a world; see `evalkit.pytest_plugin.looping`.
"""

from evalkit.pytest_plugin.hooks import (
    _evalkit_stage,
    pytest_addoption,
    pytest_collect_file,
    pytest_collection_finish,
    pytest_configure,
    pytest_configure_node,
    pytest_generate_tests,
    pytest_pycollect_makeitem,
    pytest_runtest_makereport,
    pytest_runtest_setup,
    pytest_terminal_summary,
    pytest_unconfigure,
    world,
)

__all__ = [
    "_evalkit_stage",
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_collection_finish",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_generate_tests",
    "pytest_pycollect_makeitem",
    "pytest_runtest_makereport",
    "pytest_runtest_setup",
    "pytest_terminal_summary",
    "pytest_unconfigure",
    "world",
]
