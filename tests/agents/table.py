"""The detection table: what the rows come to, and how that is written down.

What is written down is read again by the tests: each suite's section is proven by running it, and
the rest of the page by the sections.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalkit.checks import CHECKS
from tests.agents.rows import EXPECTATION, FRAMEWORKS, HERE

README = HERE / "README.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One defect in the table. `escapes` says why it is not caught; empty where it is."""

    suite: str
    mistake: str
    scenario: str
    check: str
    escapes: str
    others: tuple[str, ...]

    @property
    def lost(self) -> bool:
        """Whether nobody accuses it but its check, or what the scenario expects."""
        return not self.escapes and not set(self.others) - {EXPECTATION}

    def written(self) -> str:
        """As a line of the table."""
        caught = f"no: {self.escapes}" if self.escapes else "yes"
        cells = (self.mistake, self.scenario, self.check, caught, ", ".join(self.others))
        return f"| {' | '.join(cells)} |".replace("|  |", "| |")

    @classmethod
    def read(cls, suite: str, text: str) -> Line:
        """From a line of the table."""
        mistake, scenario, check, caught, others = (
            each.strip() for each in text.strip().strip("|").split("|")
        )
        return cls(
            suite=suite,
            mistake=mistake,
            scenario=scenario,
            check=check,
            escapes="" if caught == "yes" else caught.removeprefix("no: "),
            others=tuple(others.split(", ")) if others else (),
        )


def lines_in(page: str) -> tuple[Line, ...]:
    """The lines of a page, of all suites."""
    found: list[Line] = []
    for suite in FRAMEWORKS:
        _, _, rest = page.partition(f"## {suite}: ")
        table = rest.partition("\n## ")[0]
        rows = [each for each in table.splitlines() if each.startswith("| ")]
        found += (Line.read(suite, each) for each in rows[1:])  # the first holds the names
    return tuple(found)


def page_of(lines: Sequence[Line]) -> str:
    """The page that holds these lines."""
    sections = (section(suite, lines) for suite in FRAMEWORKS)
    return "\n".join([*_head(lines), *_of_checks(lines), *sections])


def section(suite: str, lines: Iterable[Line]) -> str:
    """The table of one suite."""
    head = "| mistake | scenario | check that accuses it | caught | accused besides by |"
    rows = [each.written() for each in lines if each.suite == suite]
    return "\n".join(
        [f"## {suite}: {FRAMEWORKS[suite]}", "", head, "|---|---|---|---|---|", *rows, ""]
    )


def by_check(lines: Iterable[Line]) -> Mapping[str, tuple[Line, ...]]:
    """The lines that each check catches."""
    caught = [each for each in lines if not each.escapes]
    names = (*CHECKS, EXPECTATION)
    return {name: tuple(each for each in caught if each.check == name) for name in names}


def _head(lines: Sequence[Line]) -> Iterator[str]:
    caught = sum(not each.escapes for each in lines)
    yield from (
        "# Defective agents",
        "",
        "<!-- Made by `python -m tests.studies.detection --write`; tests keep it current. -->",
        "",
        "Each is a sound agent of `scenarios/` with one mistake of orchestration (`defects.py`);",
        "`defects.yaml` beside it names the scenario that shows the mistake and the check that has",
        "to accuse the agent. The sound agent runs under the same scenarios and checks.",
        "`pytest tests/agents` runs all of this. `python -m tests.studies.detection` besides runs",
        "every defect without its check, and without the faults of its scenario.",
        "",
        f"**Caught: {caught} of {len(lines)}. Accusations of sound agents: 0.**",
        "",
        f"`{EXPECTATION}` is no check but what a scenario says of itself (`expect:`): answers,",
        "texts, effects, calls. It finds what no check can know, such as whose record this is.",
        "A scenario with a `+` brings checks or faults along that the suite itself does not have.",
        "",
    )


def _of_checks(lines: Sequence[Line]) -> Iterator[str]:
    yield from (
        "## Checks",
        "",
        "How many defects each check catches, on how many agents, and how many of these no other",
        "check accuses: they are lost without it, but for what an `expect:` tells of them.",
        "",
        "| check | defects | agents | lost without it |",
        "|---|---|---|---|",
    )
    for name, caught in by_check(lines).items():
        agents, lost = len({each.suite for each in caught}), sum(each.lost for each in caught)
        yield f"| {name} | {len(caught)} | {agents} | {lost} |"
    yield ""
