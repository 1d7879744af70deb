"""Tells what suites declare about their services."""

from __future__ import annotations

from evalkit.api.paths import Paths, suites_in
from evalkit.api.planning import plan_loaded
from evalkit.checks.coverage import Coverage, coverage_of
from evalkit.services.described import describe
from evalkit.suite import load_suite


def coverage(paths: Paths) -> tuple[Coverage, ...]:
    """What the suites at these paths declare about each of their services, and what is missing.

    Raises `SuiteError` with the mistakes of the first suite that has any, `UsageError` where there
    is no suite.
    """
    found = []
    for path in suites_in(paths):
        loaded = load_suite(path)
        plan_loaded(loaded, controls=False)
        uses = loaded.value.services
        described = {name: describe(path.parent / use.use) for name, use in uses.items()}
        found.append(coverage_of(loaded.value, described))
    return tuple(found)
