"""Reports in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.report.html.conftest import Tab
from tests.report.html.pages import HOSTILE

Visit = Callable[..., Tab]
PARTS = (
    *("verdict", "scenarios", "findings", "gates", "matrix", "integrations", "latency", "cost"),
    *("orchestration", "sessions", "about"),
)
CALL = "#session=queue-resets-after-commit%2Fhand-over-price-promise&call=6"
ROWS = "#session-table tbody tr:not([hidden])"


def texts(tab: Tab, selector: str) -> list[str]:
    found: list[str] = tab.page.locator(selector).all_inner_texts()
    return found


def address(tab: Tab) -> str:
    found: str = tab.page.evaluate("location.hash")
    return found


def test_every_part_is_there_and_nothing_is_logged_or_fetched(visit: Visit, report: Path) -> None:
    tab = visit(report)
    for part in PARTS:
        assert tab.page.locator(f"#{part}").is_visible(), part
        assert tab.page.locator(f'.side a[href="#{part}"]').count() == 1
    assert "Failed" in texts(tab, "h1")[0]
    assert "3 of 4 scenarios failed" in texts(tab, ".why")[0]
    assert len(texts(tab, ".first .problem")) == 3
    assert tab.page.locator("#matrix td.failed").count() == 3
    assert tab.page.locator(ROWS).count() == 32
    assert tab.page.locator("#latency svg").count() > 4
    tab.quiet()


def test_filters_are_kept_in_the_address(visit: Visit, report: Path) -> None:
    tab = visit(report)
    tab.page.select_option("select[name=scenario]", "profile-down")
    assert tab.page.locator(ROWS).count() == 8
    tab.page.fill("input[name=q]", "price-promise")
    assert texts(tab, f"{ROWS} th a") == ["hand-over-price-promise"]
    assert address(tab) == "#scenario=profile-down&q=price-promise"
    assert texts(tab, ".count") == ["1 of 32 sessions"]

    again = visit(report, address(tab))
    assert texts(again, f"{ROWS} th a") == ["hand-over-price-promise"]
    assert again.page.input_value("select[name=scenario]") == "profile-down"
    again.page.click("button[type=reset]")
    assert again.page.locator(ROWS).count() == 32

    again.quiet()


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        ("fault=stall", 8),
        ("service=queue", 24),
        ("answer=escalated", 3),
        ("outcome=went+well", 8),
        ("q=REFUSED+no+such+thing", 0),
        ("scenario=%3Cb%3E", 0),
    ],
)
def test_a_filter_can_be_linked_to(visit: Visit, report: Path, wanted: str, rows: int) -> None:
    tab = visit(report, f"#{wanted}")
    assert tab.page.locator(ROWS).count() == rows
    assert tab.page.locator(".nothing").is_visible() == (rows == 0)
    tab.quiet()


def test_a_call_has_an_address(visit: Visit, report: Path) -> None:
    tab = visit(report, CALL)
    lane = tab.page.locator('dialog button.lane[data-call="6"]')
    assert lane.get_attribute("aria-expanded") == "true"
    assert tab.page.evaluate("document.activeElement.dataset.call") == "6"
    told = texts(tab, "dialog .detail")[0]
    assert "POST /escalations" in told
    assert "escalation" in told
    assert "attempt 2 of #5" in lane.inner_text()
    assert "twice: calls #5 and #6" in texts(tab, "dialog .story-findings")[0]
    assert len(texts(tab, "dialog tbody tr")) == 2  # the ledger: committed twice
    tab.page.keyboard.press("Escape")
    assert not tab.page.locator("dialog").is_visible()
    assert address(tab) == ""
    tab.quiet()


def test_timelines_are_walked_by_keyboard(visit: Visit, report: Path) -> None:
    tab = visit(report)
    tab.page.locator(f"{ROWS} th a").first.press("Enter")
    tab.page.wait_for_selector("dialog[open] button.lane")
    first = texts(tab, "#story-title")[0]
    focused = "document.activeElement.dataset.call"
    tab.page.keyboard.press("End")
    last = tab.page.evaluate(focused)
    tab.page.keyboard.press("Home")
    tab.page.keyboard.press("ArrowDown")
    assert (tab.page.evaluate(focused), int(last) > 2) == ("2", True)
    tab.page.keyboard.press("Enter")
    assert address(tab).endswith("&call=2")
    assert tab.page.locator("dialog .detail").count() == 1
    tab.page.keyboard.press("]")
    tab.page.wait_for_function(
        "old => document.querySelector('#story-title').innerText !== old", arg=first
    )
    tab.page.keyboard.press("Escape")
    assert not tab.page.locator("dialog").is_visible()
    tab.quiet()


def test_without_scripts_the_plain_parts_are_there(visit: Visit, report: Path) -> None:
    tab = visit(report, java_script_enabled=False)
    for part in PARTS:
        assert tab.page.locator(f"#{part}").is_visible(), part
    assert tab.page.locator(".first .problem").count() == 3
    assert tab.page.locator("#gates tbody tr").count() == 1
    assert tab.page.locator("#session-table tbody tr").count() == 32
    assert tab.page.locator("noscript p").is_visible()
    assert not tab.page.locator(".filters").is_visible()


@pytest.mark.parametrize(("width", "dark"), [(360, True), (1280, False)])
def test_nothing_keeps_anybody_from_reading_it(
    visit: Visit, report: Path, loaded: Path, width: int, dark: bool
) -> None:
    index = report.parents[1] / "index.html"
    for path, hash_ in ((report, ""), (report, CALL), (index, ""), (loaded, "")):
        tab = visit(path, hash_, width=width, dark=dark, bypass_csp=True)
        assert violations(tab) == []


def violations(tab: Tab) -> list[str]:
    """What axe finds, by the rules of WCAG 2.2 AA and its own best practices."""
    axe = resources.files("axe_playwright_python") / "axe.min.js"
    tab.page.evaluate(axe.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found: dict[str, Any] = tab.page.evaluate("tags => axe.run(document, {runOnly: tags})", tags)
    return [
        f"{each['id']}: {each['help']}: {[node['target'] for node in each['nodes'][:3]]}"
        for each in found["violations"]
    ]


def test_a_load_test_and_a_baseline_are_told_of(visit: Visit, loaded: Path) -> None:
    tab = visit(loaded)
    for part in ("load", "baseline"):
        assert tab.page.locator(f"#{part}").is_visible()
        assert tab.page.locator(f'.side a[href="#{part}"]').count() == 1
    assert tab.page.locator("#load svg .bar.wrong").count() == 5  # seconds in which calls failed
    assert tab.page.locator("#load svg .fault-window").count() == 2
    tab.page.locator("#baseline a.place").first.click()
    assert texts(tab, "#story-title")[0].startswith("s02")
    tab.quiet()


@pytest.mark.parametrize(
    ("name", "width", "given"),
    [
        ("light", 1280, {}),
        ("dark", 1280, {"dark": True}),
        ("narrow", 360, {}),
        ("wide", 2560, {}),
    ],
)
def test_pages_fit_their_width(
    visit: Visit,
    report: Path,
    loaded: Path,
    output: Path,
    name: str,
    width: int,
    given: dict[str, Any],
) -> None:
    for what, path, hash_ in (
        ("report", report, ""),
        ("session", report, CALL),
        ("runs", report.parents[1] / "index.html", ""),
        ("load", loaded, ""),
    ):
        tab = visit(path, hash_, width=width, **given)
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= width
        picture = output / f"{what}-{name}.png"
        tab.page.screenshot(path=picture, full_page=what != "session")
        assert picture.stat().st_size > 10_000
        tab.quiet()


def test_it_prints(visit: Visit, report: Path, output: Path) -> None:
    tab = visit(report)
    tab.page.emulate_media(media="print")
    assert not tab.page.locator(".side").is_visible()
    assert not tab.page.locator(".filters").is_visible()
    assert tab.page.locator("#verdict").is_visible()
    printed = output / "report.pdf"
    tab.page.pdf(path=printed, prefer_css_page_size=True)
    assert printed.read_bytes()[:5] == b"%PDF-"


@pytest.mark.parametrize("index", [False, True], ids=["report", "index"])
def test_nothing_in_the_data_can_run(visit: Visit, hostile: Path, index: bool) -> None:
    tab = visit(hostile.parents[1] / "index.html" if index else hostile)
    assert tab.page.locator("h1").count() == 1
    assert tab.page.evaluate("window.pwned") is None
    assert tab.page.locator("img, iframe, object, embed").count() == 0
    shown = tab.page.evaluate("document.body.innerText")
    assert HOSTILE[2] in shown
    assert not {"\u202e", "\u2066", "\x00", "\x1b"} & set(shown)
    tab.quiet()


def test_no_session_of_hostile_data_can_run_or_is_lost(visit: Visit, hostile: Path) -> None:
    tab = visit(hostile)
    links = tab.page.locator("#session-table tbody th a")
    assert links.count() == len(HOSTILE)
    for at in range(len(HOSTILE)):
        links.nth(at).click()
        tab.page.wait_for_selector("dialog[open]")
        tab.page.locator("dialog button.lane").last.click()
        assert tab.page.locator("dialog .detail").count() == 1
        tab.page.keyboard.press("Escape")
        assert not tab.page.locator("dialog").is_visible()
    for text in HOSTILE:
        tab.page.fill("input[name=q]", text)
    assert tab.page.evaluate("window.pwned") is None
    tab.quiet()
