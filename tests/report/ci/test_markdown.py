"""`summary.md`: what is said, and that nothing in a run can do anything in it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalkit.gate import Verdict
from evalkit.gate.baseline import ChangedSession, Compared, Shift
from evalkit.metrics import Unit
from evalkit.report.ci.markdown import LONGEST, code, escaped, markdown
from tests.report.ci.test_junit import run_of, scenario


def test_what_failed_comes_first_with_the_command_that_shows_it_again():
    text = markdown(run_of(scenario("happy", Verdict.PASS), scenario("slow", Verdict.FAIL)).record)
    assert text.startswith("### ✗ evalkit: desk.v2 failed")
    assert text.index("slow went wrong") < text.index("✓ pass")
    assert "- `evalkit run suites/desk.eval.yaml --scenario slow --seed 7`" in text


def test_regressions_and_changed_sessions_are_named():
    shift = Shift(
        scenario="happy",
        series="turn.latency",
        unit=Unit.DURATION,
        what="p90",
        before=1e9,
        now=9e9,
        n=40,
        worse=10,
        better=0,
        p=0.001,
    )
    changed = ChangedSession(scenario="happy", session="s1", step=2, before="a", now=None)
    compared = Compared(
        baseline="b", run="r", paired=True, sessions=40, regressions=(shift,), changed=(changed,)
    )
    text = markdown(run_of(scenario("happy", Verdict.PASS), compared=compared).record)
    assert "`turn.latency` p90 1s → 9s, 10 worse, 0 better of 40" in text
    assert "- `happy/s1`, from step 2 on: `a` → `nothing more`" in text


@pytest.mark.parametrize(
    ("held", "option"),
    [
        ({"baseline": "desk-20260105T090000Z-3fa2"}, "--baseline desk-20260105T090000Z-3fa2"),
        ({"baseline": "d", "file": "evals/the desk.json"}, "--baseline 'evals/the desk.json'"),
        ({"baseline": "origin/main (abc)", "revision": "abcdef012345"}, "--base abcdef012345"),
    ],
)
def test_what_got_worse_is_shown_again_by_the_same_baseline(held: dict[str, str], option: str):
    shift = Shift(
        scenario="happy",
        series="s",
        unit=Unit.COUNT,
        what="mean",
        before=1,
        now=2,
        n=9,
        worse=9,
        better=0,
    )
    compared = Compared(**held, run="r", paired=True, sessions=9, regressions=(shift,))
    own = [scenario("happy", Verdict.PASS), scenario("slow", Verdict.FAIL)]
    text = markdown(run_of(*own, compared=compared).record)
    assert f"- `evalkit run suites/desk.eval.yaml --scenario happy {option} --seed 7`" in text
    assert "- `evalkit run suites/desk.eval.yaml --scenario slow --seed 7`" in text


HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "<!-- --> -->",
    "@everyone",
    "[x](javascript:alert(1))",
    "![x](https://evil.example/p.png)",
    "https://evil.example www.evil.example",
    "| a | b |\n| - | - |",
    "```\n# head",
    "`` ` ``",
    "\u202egnp.exe",
    "$x$ :tada: ~~no~~ **b** _i_ #12 &amp;",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_elsewhere_does_nothing(text: str):
    shown = escaped(text)
    assert not re.search(r"(?<!\\)[<>`*_\[\]|#~$&]", shown)
    assert not re.search(r"@(?!\u200b)", shown)
    assert not re.search(r"https?:|www\.", shown)
    assert "\u202e" not in shown
    assert "\n" not in shown


@given(st.text())
def test_code_stays_code(text: str):
    shown = code(text)
    marks = re.match("`+", shown)
    assert marks is not None
    fence = marks[0]
    inner = shown[len(fence) : -len(fence)]
    assert shown.endswith(fence)
    assert fence not in re.findall("`+", inner)
    assert "|" not in shown
    assert "\n" not in shown


def test_a_run_with_very_much_to_say_fits_a_comment():
    many = [scenario(f"s{at}", Verdict.FAIL, reasons=("x" * 5000,)) for at in range(500)]
    text = markdown(run_of(*many, reasons=tuple("y" * 900 for _ in range(500))).record)
    assert len(text) <= LONGEST + 100
    assert text.endswith("cut: the whole is in the report.\n")
