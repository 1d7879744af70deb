"""Compares a run with a baseline: what got worse, what got better, which sessions changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from evalkit.gate.baseline.compared import ChangedSession, Compared, Shift, Tolerance
from evalkit.gate.baseline.model import BETTER_TRUE, Baseline, SessionFacts
from evalkit.gate.baseline.paired import Pair, paired_shifts
from evalkit.gate.baseline.sampled import sampled_shifts
from evalkit.metrics.definitions import Unit


def compare_with(baseline: Baseline, run: Baseline, tolerance: Tolerance) -> Compared:
    """The run against the baseline.

    Simulated runs of one seed have their sessions paired; others are taken for samples. Only the
    scenarios that both have are compared; what else there is, is named. What got worse where the
    run does not block is told, and does not count.
    """
    paired = not (baseline.live or run.live) and baseline.seed == run.seed
    both = [name for name in run.scenarios if name in baseline.scenarios]
    both.sort(key=lambda name: name not in run.critical)
    worse: list[Shift] = []
    better: list[Shift] = []
    for name in both:
        for shift, is_worse in _told(baseline, run, name, paired=paired, tolerance=tolerance):
            (worse if is_worse else better).append(shift)
    return Compared(
        baseline=baseline.run,
        run=run.run,
        paired=paired,
        sessions=sum(
            len(_pairs(baseline, run, name) if paired else run.scenarios[name].sessions)
            for name in both
        ),
        regressions=tuple(worse),
        improvements=tuple(better),
        changed=tuple(_changed(baseline, run, both)) if paired else (),
        new=tuple(_missing(run, baseline)),
        vanished=tuple(_missing(baseline, run)),
        notes=tuple(_notes(baseline, run, paired=paired)),
        excused=run.excused,
        file=baseline.file,
        revision=baseline.revision,
    )


def _pairs(baseline: Baseline, run: Baseline, name: str) -> list[Pair]:
    before, now = baseline.scenarios[name].sessions, run.scenarios[name].sessions
    return [(before[each], now[each]) for each in now if each in before]


def _told(
    baseline: Baseline, run: Baseline, name: str, *, paired: bool, tolerance: Tolerance
) -> Iterator[tuple[Shift, bool]]:
    """The shifts of a scenario that count, each with whether it is for the worse."""
    if paired:
        shifts = list(paired_shifts(name, _pairs(baseline, run, name), tolerance))
        counting = _holm(shifts, tolerance.alpha)
        yield from ((each, _more_worse(each)) for each in counting)
        return
    before, now = (list(each.scenarios[name].sessions.values()) for each in (baseline, run))
    sampled = list(sampled_shifts(name, before, now, 1 - tolerance.alpha))
    yield from _greatest((each, _is_worse(each)) for each in sampled if _clear(each, tolerance))


def _holm(shifts: Sequence[Shift], alpha: float) -> list[Shift]:
    """Those that are significant together (Holm, 1979), in their own order."""
    found: list[Shift] = []
    for rank, each in enumerate(sorted(shifts, key=lambda each: each.p or 0.0)):
        if (each.p or 0.0) > alpha / (len(shifts) - rank):
            break
        found.append(each)
    return [each for each in shifts if each in found]


def _more_worse(shift: Shift) -> bool:
    return (shift.worse or 0) > (shift.better or 0)


def _is_worse(shift: Shift) -> bool:
    name = shift.series.removeprefix("session.")
    return shift.change < 0 if name in BETTER_TRUE else shift.change > 0


def _clear(shift: Shift, tolerance: Tolerance) -> bool:
    """Whether zero is outside of the interval, and the change more than is tolerated."""
    if shift.low is None or shift.high is None or shift.low <= 0 <= shift.high:
        return False
    if shift.what == "rate":
        return abs(shift.change) > tolerance.rate
    least = tolerance.time if shift.unit is Unit.DURATION else 0.0
    return abs(shift.change) > max(tolerance.share * abs(shift.before), least)


def _greatest(shifts: Iterable[tuple[Shift, bool]]) -> Iterator[tuple[Shift, bool]]:
    """Of each series and direction the figure that moved most."""
    found: dict[tuple[str, bool], Shift] = {}
    for shift, worse in shifts:
        before = found.get((shift.series, worse))
        if before is None or abs(shift.change) > abs(before.change):
            found[shift.series, worse] = shift
    yield from ((shift, worse) for (_, worse), shift in found.items())


def _changed(baseline: Baseline, run: Baseline, names: Iterable[str]) -> Iterator[ChangedSession]:
    for name in names:
        before, now = baseline.scenarios[name].sessions, run.scenarios[name].sessions
        for session, facts in now.items():
            if session in before and before[session].steps != facts.steps:
                yield _difference(name, session, before[session], facts)


def _difference(
    scenario: str, session: str, before: SessionFacts, now: SessionFacts
) -> ChangedSession:
    one, other = before.steps, now.steps
    at = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    return ChangedSession(
        scenario=scenario,
        session=session,
        step=at + 1,
        before=one[at] if at < len(one) else None,
        now=other[at] if at < len(other) else None,
        was_good=before.flags.get("good"),
        is_good=now.flags.get("good"),
    )


def _missing(there: Baseline, here: Baseline) -> Iterator[str]:
    """What the one has and the other does not: scenarios, their services, their sessions."""
    for name, facts in there.scenarios.items():
        other = here.scenarios.get(name)
        if other is None:
            yield f"scenario {name}"
            continue
        yield from (
            f"{name}: service {each}" for each in facts.services if each not in other.services
        )
        missing = [each for each in facts.sessions if each not in other.sessions]
        if missing:
            yield f"{name}: {_sessions(missing)}"


def _sessions(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return f"{len(names)} sessions ({shown}, …)" if len(names) > 3 else f"sessions {shown}"


def _notes(baseline: Baseline, run: Baseline, *, paired: bool) -> Iterator[str]:
    """What makes the two differ by itself."""
    kinds = {True: "live", False: "simulated"}
    if baseline.live is not run.live:
        yield f"the baseline is {kinds[baseline.live]}, the run {kinds[run.live]}"
    elif baseline.seed != run.seed:
        yield f"the seeds differ ({baseline.seed} and {run.seed}): sessions cannot be paired"
    if baseline.agent != run.agent:
        names = [each or "the suite's own" for each in (baseline.agent, run.agent)]
        yield f"the agents differ ({names[0]} and {names[1]})"
    if baseline.inputs != run.inputs:
        yield "the suite or a file of it has changed since the baseline"
    if baseline.prices != run.prices:
        yield f"the price tables differ ({baseline.prices} and {run.prices}): so may costs"
    if paired and baseline.digest is not None and baseline.digest == run.digest:
        yield "the journals are the same to the byte"
