"""Reports of the suites that are shipped, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalkit import api
from tests.agents.rows import FRAMEWORKS
from tests.report.html.conftest import ROOT, Tab
from tests.report.html.test_browser import ROWS, violations

PARTS = (
    *("verdict", "scenarios", "gates", "matrix", "integrations", "latency", "cost"),
    *("orchestration", "sessions", "about"),
)
QUICK = "hr"


def suites() -> list[object]:
    slow = pytest.mark.slow
    return [pytest.param(each, marks=() if each == QUICK else slow) for each in FRAMEWORKS]


@pytest.mark.parametrize("suite", suites())
def test_a_suite_that_passes_has_a_page_for_everybody(
    visit: Callable[..., Tab], tmp_path: Path, suite: str
) -> None:
    scenario = "token-expires" if suite == QUICK else None
    runs = api.run([ROOT / "scenarios" / suite], scenario=scenario, out=tmp_path)
    pages, _ = api.report(runs)
    tab = visit(pages)
    for part in PARTS:
        assert tab.page.locator(f"#{part}").is_visible(), part
    assert tab.page.locator("h1").inner_text().startswith("Passed")
    sessions = tab.page.locator(ROWS)
    assert sessions.count() > 0
    link = sessions.locator("th a").first
    name = link.inner_text()
    link.click()
    assert name in tab.page.locator("#story-title").inner_text()
    assert "session=" in tab.page.evaluate("location.hash")
    tab.quiet()
    assert violations(visit(pages, width=360, dark=True, bypass_csp=True)) == []
    plain = visit(pages, java_script_enabled=False)
    for part in PARTS:
        assert plain.page.locator(f"#{part}").is_visible(), part
