from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.report.html.building import view_of
from evalkit.report.html.reading import Stored
from evalkit.report.html.rendering import asset, render, ticked
from evalkit.report.html.texts import visible
from evalkit.report.html.view import View
from evalkit.report.html.writing import index_of, report_of
from tests.report.html.pages import HOSTILE, Page, hostile_run, loaded_run, stored_small


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> View:
    return view_of(stored_small(tmp_path_factory.mktemp("run")))


@pytest.fixture(scope="module")
def page(view: View) -> Page:
    return Page.of(render("report.html", script="report.js", view=view))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, View]:
    return report_of(Stored.of(hostile_run(tmp_path_factory.mktemp("run"))))


def _policy(page: Page) -> str:
    found = [each for each in page.named("meta") if "http-equiv" in each]
    assert len(found) == 1
    return found[0]["content"] or ""


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _code(page: Page) -> list[str]:
    """The texts of the scripts and styles, data left out."""
    scripts = "".join(page.texts["script"])
    data = next(each for each in page.texts["script"] if each.startswith("{"))
    return [scripts.replace(data, ""), "".join(page.texts["style"])]


def test_the_policy_names_what_is_in_the_page_and_nothing_else(page: Page) -> None:
    policy = dict(each.strip().partition(" ")[::2] for each in _policy(page).split(";"))
    script, style = _code(page)
    assert policy == {
        "default-src": "'none'",
        "script-src": _hash(script),
        "style-src": _hash(style),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_there_are_no_style_attributes_no_handlers_and_no_other_addresses(
    page: Page, hostile: tuple[str, View]
) -> None:
    for each in (page, Page.of(hostile[0]), Page.of(index_of(()))):
        for tag, attributes in each.tags:
            assert not [name for name in attributes if name == "style" or name.startswith("on")]
            for name in ("src", "href", "xlink:href", "action", "data"):
                target = attributes.get(name) or "#"
                assert re.match(r"#|data:,|\.\./|[\w.-]+/index\.html", target), (tag, target)


def test_our_script_takes_nothing_for_markup() -> None:
    for name in ("report.js", "overview.js"):
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function|\.style\b",
            asset(name),
        )
        assert "</" not in asset(name)


def test_every_part_is_there(page: Page) -> None:
    ids = {each["id"] for each in page.named("section") if each.get("id")}
    assert ids == {
        *("verdict", "scenarios", "findings", "gates", "matrix", "integrations"),
        *("latency", "cost", "orchestration", "sessions", "about"),
    }


def test_a_load_test_and_a_baseline_have_parts_of_their_own(tmp_path: Path) -> None:
    html, _ = report_of(Stored.of(loaded_run(tmp_path / "run")))
    page = Page.of(html)
    ids = [each["id"] for each in page.named("section") if each.get("id")]
    assert ids[:2] == ["verdict", "baseline"]  # what it fails by comes first
    assert "load" in ids
    shown = " ".join("".join(texts) for texts in page.texts.values())
    for text in ("arrivals dropped", "load generator late", "was 1.50 s", "+0.5 s", "critical"):
        assert text in shown
    linked = {each["href"] for each in page.named("a")}
    assert {"#load", "#baseline"} <= linked


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("set `optional: true`", "set <code>optional: true</code>"),
        ("`<b>` and `x`", "<code>&lt;b&gt;</code> and <code>x</code>"),
        ("one ` alone <i>", "one ` alone &lt;i&gt;"),
    ],
)
def test_what_stands_between_backticks_is_code(text: str, html: str) -> None:
    assert ticked(text) == html


def test_links_within_the_page_lead_somewhere(page: Page) -> None:
    ids = {each.get("id") for _, each in page.tags}
    targets = {each["href"] or "" for each in page.named("a")}
    plain = {each[1:] for each in targets if each.startswith("#") and "=" not in each}
    assert plain <= ids
    assert any(each.startswith("#session=") for each in targets)


def test_hostile_texts_stay_texts(hostile: tuple[str, View]) -> None:
    html, view = hostile
    page = Page.of(html)
    assert len(page.named("script")) == 2
    assert len(page.named("style")) == 1
    assert not page.named("img")
    assert "\u202e" not in html
    assert "\x00" not in html
    shown = "".join(text for texts in page.texts.values() for text in texts)
    for line in view.scenarios:
        assert visible(line.name) in shown
    data = next(each for each in page.texts["script"] if each.startswith("{"))
    assert len(json.loads(data)["sessions"]) == len(HOSTILE)


def test_no_text_changes_the_page_around_it(view: View) -> None:
    def with_text(text: str) -> Page:
        banner = replace(view.banner, why=text, suite=text, command=text)
        scenarios = tuple(replace(each, name=text, description=text) for each in view.scenarios)
        changed = replace(view, banner=banner, scenarios=scenarios)
        return Page.of(render("report.html", script="report.js", view=changed))

    tags = [tag for tag, _ in with_text("plain").tags]

    @settings(max_examples=15)
    @given(st.one_of(st.text(min_size=1), st.sampled_from(HOSTILE)))
    def check(text: str) -> None:
        found = with_text(text)
        assert [tag for tag, _ in found.tags] == tags
        assert visible(text).strip() in "".join(found.texts["p"])

    check()
