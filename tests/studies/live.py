"""The defective agents of suites that have an HTTP form, live: each fails as it does in simulation.

`python -m tests.studies.live [SUITE]` runs every row of these suites two times, with the sessions
that the row names and no pauses between their turns: in simulation, which says who accuses the
agent and how much world time that takes; and, if it is no more than `--limit` says, live, where
uvicorn serves the agent in a process of its own that passes traces on. The sound agents run under
the same scenarios, and nobody may accuse them. A trial takes some fifteen seconds of CPU time and
waits for the rest, and so several go at a time (`--at-once`): where a machine is too busy for them,
pauses and latencies come out longer than the agent's own, and checks of these say so.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from tests.studies.live_trials import (
    LIMIT,
    ONLY_SIMULATED,
    Both,
    Caught,
    Trial,
    accusations,
    judged,
    trials_of,
    tried,
)

SUITES = ("contracts", "commerce")
"""The suites of applications that speak HTTP."""


def run_all(trials: Sequence[Trial], at_once: int) -> Iterator[tuple[int, Both]]:
    """What came of each, by its place, as soon as that is known."""
    with ThreadPoolExecutor(at_once) as pool:
        begun = {pool.submit(tried, each): number for number, each in enumerate(trials)}
        for each in as_completed(begun):
            yield begun[each], each.result()


def _row_line(trial: Trial, both: Both, sound: Both | None) -> str:
    row, what = trial.row, judged(trial, both, sound)
    agent = f"{row.suite}  {row.defect:40} {row.scenario:24} {row.check:24}"
    return f"{agent} {what.value}; {_more(trial, both, what)}"


def _more(trial: Trial, both: Both, what: Caught) -> str:
    """Why it is so, or how long it took and who else accuses the agent."""
    problem = both.simulated.problem or (both.live.problem if both.live is not None else None)
    if problem:
        return problem
    if what is Caught.SIMULATED:
        return ONLY_SIMULATED[trial.row.check]
    if both.live is None:
        return f"{both.simulated.seconds:.0f} s of world time"
    others = sorted(set(both.live.accusers) - {trial.row.check})
    return f"{both.live.seconds:.0f} s" + (f"; also: {', '.join(others)}" if others else "")


def _told(trial: Trial, both: Both, sound: Both | None = None) -> Iterator[str]:
    """A line of a row; of a sound agent one for each that accuses it."""
    if not trial.sound:
        yield _row_line(trial, both, sound)
        return
    agent = f"{trial.row.suite}  {trial.name} in {trial.row.scenario}"
    yield from (f"{agent} is accused {said}" for said in accusations(both) or ("of nothing",))


def summary(found: Sequence[tuple[Trial, Both]]) -> Iterator[str]:
    """Row by row what came of it, and the totals."""
    sound = {
        (each.row.suite, each.row.variant, each.row.sound): both
        for each, both in found
        if each.sound
    }
    counts: Counter[Caught] = Counter()
    for trial, both in found:
        beside = sound.get((trial.row.suite, trial.row.variant, trial.row.sound))
        if not trial.sound:
            counts[judged(trial, both, beside)] += 1
        if not trial.sound or accusations(both):
            yield from _told(trial, both, beside)
    yield f"{sum(counts.values())} defective agents"
    yield from (f"  {counts[each]:3} {each.value}" for each in Caught if counts[each])
    yield f"{len(sound)} scenarios with sound agents, {sum(map(_accused, sound.values()))} accused"


def _accused(both: Both) -> bool:
    return bool(accusations(both))


def is_well(found: Sequence[tuple[Trial, Both]]) -> bool:
    """Whether each row is caught as it is in simulation, and no sound agent is accused."""
    bad = {Caught.ALIKE, Caught.OTHER, Caught.MISSED, Caught.BROKEN}
    return not any(
        accusations(both) if trial.sound else judged(trial, both) in bad for trial, both in found
    )


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=f"of {', '.join(SUITES)}")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds of world time")
    parser.add_argument("--at-once", type=int, default=4, help="how many at a time")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these defects, or scenarios")
    given = parser.parse_args()
    if unknown := set(given.suites) - set(SUITES):
        parser.error(f"{', '.join(sorted(unknown))}: allowed: {', '.join(SUITES)}")
    trials = [each for suite in given.suites or SUITES for each in trials_of(suite, given.limit)]
    if given.only:
        trials = [each for each in trials if {each.row.defect, each.row.scenario} & set(given.only)]
    found: dict[int, Both] = {}
    began = time.monotonic()
    for number, both in run_all(trials, given.at_once):
        found[number], trial = both, trials[number]
        took = f"{time.monotonic() - began:.0f} s, {len(found)} of {len(trials)}"
        print(f"{took}: {'; '.join(_told(trial, both))}", flush=True)
    told = [(each, found[number]) for number, each in enumerate(trials)]
    print("\n".join(summary(told)))
    sys.exit(not is_well(told))


if __name__ == "__main__":
    main()
