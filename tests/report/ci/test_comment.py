"""The comment on a pull request, from records that somebody hostile may have written."""

from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from evalkit.gate import Verdict
from evalkit.gate.baseline import ChangedSession, Compared, Shift
from evalkit.metrics import Unit
from evalkit.report.ci.comment import MARKER, comment
from evalkit.report.ci.markdown import LONGEST
from evalkit.store import RunRecord
from evalkit.store.foreign import Unreadable
from tests.report.ci.test_junit import run_of, scenario
from tests.report.ci.test_markdown import HOSTILE


def record(verdict: Verdict, **more: object) -> RunRecord:
    return run_of(scenario("x", verdict), verdict=verdict, **more).record


def test_it_begins_with_what_it_is_found_again_by() -> None:
    text = comment([record(Verdict.PASS)], commit="a" * 40, conclusion="success")
    assert text.startswith(f"{MARKER}\n## ✓ evalkit: 1 of 1 suite passed\n\nFor commit `aaaa")


def test_suites_that_did_not_pass_come_first() -> None:
    text = comment([record(Verdict.PASS, suite="good"), record(Verdict.FAIL, suite="bad")])
    assert "## ✗ evalkit: 1 of 2 suites passed" in text
    assert text.index("evalkit: bad failed") < text.index("evalkit: good passed")


def test_a_check_that_failed_is_no_pass_whatever_the_record_says() -> None:
    text = comment([record(Verdict.PASS)], conclusion="failure")
    assert "## ✗ evalkit" in text
    assert "The check ended as `failure`" in text


@pytest.mark.parametrize("records", [[], [Unreadable("it holds no run.json")]])
def test_no_record_is_no_pass(records: list[Unreadable]) -> None:
    assert "## ✗ evalkit: 0 of" in comment(records)


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_record_can_end_or_forge_the_comment(text: str) -> None:
    shift = Shift(
        scenario="x",
        series=text,
        unit=Unit.COUNT,
        what=text,
        before=1,
        now=2,
        n=9,
        worse=9,
        better=0,
    )
    step = ChangedSession(scenario=text, session=text, step=1, before=text, now=text)
    held = Compared(
        baseline=text,
        run=text,
        paired=True,
        sessions=9,
        regressions=(shift,),
        changed=(step,),
        file=text,
        revision=text if len(text) % 2 else None,
    )
    said = {"suite": text, "reasons": (text,), "path": text, "digest": text, "commit": text}
    given = record(Verdict.FAIL, **said, compared=held)
    html, kinds = parsed(comment([given]))
    assert html == [f"{MARKER}\n", "<sub>", "</sub>"]
    assert not kinds & {"link_open", "image", "fence", "code_block", "blockquote_open"}


def parsed(text: str) -> tuple[list[str], set[str]]:
    """The HTML in a Markdown text, and the kinds of what else is in it, as CommonMark has it."""
    blocks = MarkdownIt("commonmark").enable("table").parse(text)
    tokens = [each for block in blocks for each in (block, *(block.children or ()))]
    html = [each.content for each in tokens if each.type in ("html_inline", "html_block")]
    return html, {each.type for each in tokens}


def test_figures_that_no_run_comes_to_are_said_to_be_so() -> None:
    assert "could not be shown" in comment([record(Verdict.PASS, seed=10**5000)])


def test_very_many_suites_fit_a_comment() -> None:
    many = [record(Verdict.FAIL, reasons=("y" * 290,) * 19, suite=f"s{at}") for at in range(60)]
    text = comment(many)
    assert len(text) <= LONGEST
    assert "left out: they are in the report" in text


def test_a_record_that_says_pass_where_the_check_says_otherwise_is_none() -> None:
    text = comment([record(Verdict.PASS)], conclusion="cancelled")
    assert "## ✗ evalkit: the check did not pass" in text
    assert "1 of 1" not in text.splitlines()[1]
