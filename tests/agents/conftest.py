"""Prints the detection table's sums when its tests have run."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A line for each suite, and one for all."""
    told = [
        str(value)
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "detection" and getattr(report, "when", None) == "call"
    ]
    if not told:
        return
    terminalreporter.section("defective agents")
    sums = [0, 0, 0]
    for line in told:
        suite, *figures = line.split()
        caught, total, accused = map(int, figures)
        terminalreporter.write_line(
            f"{suite:12} {caught:3} / {total:3} caught, {accused} accusations of sound agents"
        )
        sums = [one + other for one, other in zip(sums, (caught, total, accused), strict=True)]
    caught, total, accused = sums
    terminalreporter.write_line(
        f"{'all':12} {caught:3} / {total:3} caught, {accused} accusations of sound agents"
    )
