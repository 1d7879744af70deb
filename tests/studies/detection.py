"""The detection table, whole: every defect, also without its check and without its faults.

`python -m tests.studies.detection` runs all defective agents under their scenarios, and then

* each once more without the check that accuses it: nobody accuses it then but those named;
* each once more without the faults of its scenario: that it is lost then, for one defect at least,
  shows that the scenario is what caught it.

`--write` writes what these suites came to into `tests/agents/README.md`, and does no more.
`--seeds 5` runs the sound agents instead, under every scenario of every suite, whole, with five
seeds: none may be accused.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tests.agents.detecting import Detection, detect, job_of
from tests.agents.rows import FRAMEWORKS, Row, scenarios_of
from tests.agents.table import README, lines_in, page_of
from tests.agents.workshop import Job, Seen, work

BY_ITS_SESSIONS = {"twenty-users-at-once", "somebody-elses-contract"}
"""Scenarios that catch by what their sessions do; their faults are there besides."""


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help="these suites only")
    parser.add_argument("--write", action="store_true", help="write the table, and no more")
    parser.add_argument("--seeds", type=int, help="the sound agents, under so many seeds")
    given = parser.parse_args()
    suites = given.suites or list(FRAMEWORKS)
    if given.seeds:
        sys.exit(not all(list(_sound(suites, given.seeds))))
    found = [_told(suite) for suite in suites]
    wrong = any(one.wrong or one.accusations for one in found)
    if given.write and not wrong:
        _write(found)
    elif not given.write:
        held = list(map(_held_against, found))
        wrong |= not all(held)
    sys.exit(wrong)


def _write(found: Sequence[Detection]) -> None:
    """Write the lines of these suites, and keep those of others."""
    new = {one.suite: one.lines for one in found}
    kept = lines_in(README.read_text("utf-8")) if README.exists() else ()
    lines = [
        line
        for suite in FRAMEWORKS
        for line in new.get(suite, [each for each in kept if each.suite == suite])
    ]
    README.write_text(page_of(lines), encoding="utf-8")


def _told(suite: str) -> Detection:
    found = detect(suite)
    caught = sum(not line.escapes for line in found.lines)
    print(f"{suite}: {caught} of {len(found.lines)} caught", flush=True)
    for row, seen in found.wrong:
        print(f"  {row.defect} is not as its row says: {seen.problem or seen.accusers}")
    for sound in found.accusations:
        print(f"  the sound agent is accused in {sound.job.scenario}: {_said(sound)}")
    return found


def _held_against(found: Detection) -> bool:
    """Run the defects without their checks, and without the faults; whether all is as it should."""
    rows = [row for row, _ in found.rows if not row.escapes]
    without = work(found.suite, [job_of(row, without=row.check) for row in rows], rows)
    for row, one in zip(rows, without, strict=True):
        print(f"  {row.defect} without {row.check}: {', '.join(one.accusers) or 'lost'}")
    kept = [row for row, one in zip(rows, without, strict=True) if row.check in one.violations]
    return _flip([row for row in rows if _injects(row)]) and not kept


def _flip(rows: Sequence[Row]) -> bool:
    """Whether each scenario catches a defect that it does not tell from the sound agent when its
    faults are gone. (What it expects is then broken by both.)
    """
    if not rows:
        return True
    calm = [job_of(row, faulty=False) for row in rows]
    sound = [replace(job, defect=row.sound) for row, job in zip(rows, calm, strict=True)]
    seen = work(rows[0].suite, [*calm, *sound], rows)
    flipped: dict[str, bool] = {}
    for row, one, other in zip(rows, seen, seen[len(rows) :], strict=False):
        flips = one.violations.get(row.check) == other.violations.get(row.check)
        flipped[row.scenario] = flips or flipped.get(row.scenario, False)
        told = "lost" if flips else "still caught"
        print(f"  {row.defect} without the faults of {row.scenario}: {told}")
    for name, flips in flipped.items():
        if not flips:
            print(f"  the faults of {name} flip nothing")
    return all(flips or name in BY_ITS_SESSIONS for name, flips in flipped.items())


def _injects(row: Row) -> bool:
    scenario = scenarios_of(row.suite)[row.scenario]
    return any(scenario.get(key) or row.added.get(key) for key in ("faults", "services"))


def _sound(suites: Sequence[str], seeds: int) -> Iterator[bool]:
    for suite in suites:
        jobs = [Job(scenario=name) for name in scenarios_of(suite)]
        for seed in range(1, seeds + 1):
            accused = [
                one for one in work(suite, jobs, (), seed=seed) if one.accusers or one.problem
            ]
            print(
                f"{suite}, seed {seed}: {len(jobs)} scenarios, {len(accused)} accusations",
                flush=True,
            )
            for one in accused:
                print(f"  {one.job.scenario}: {_said(one)}")
            yield not accused


def _said(seen: Seen) -> str:
    return seen.problem or "; ".join(f"{name}: {each[0]}" for name, each in seen.violations.items())


if __name__ == "__main__":
    main()
