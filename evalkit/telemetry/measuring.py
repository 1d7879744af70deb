"""The metrics of a stored run: what its record tells, and every figure of its tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from evalkit.gate import Verdict
from evalkit.journal.records import End, Severity
from evalkit.store import Run, RunRecord, ScenarioRecord, Status
from evalkit.telemetry.families import Family, Sample
from evalkit.telemetry.figures import figures_of
from evalkit.world.clock import NS, epoch_ns

SUITE, SCENARIO = "suite", "scenario"
_Told = tuple[str, str, str, Iterable[Sample]]


def families_of(run: Run) -> tuple[Family, ...]:
    """Every family of a run, in a fixed order; those without a sample are left out."""
    told = (*_of_run(run.record), *_of_scenarios(run.record))
    families = (
        Family(name=name, help=text, unit=unit, samples=tuple(samples))
        for name, text, unit, samples in told
    )
    found = (*families, *figures_of(run))
    return tuple(each for each in found if each.samples or each.spreads)


def finished_ns(record: RunRecord) -> int:
    """When a run was over, in nanoseconds of Unix time; when it began, if it never was."""
    return epoch_ns(record.finished or record.started)


def _of_run(record: RunRecord) -> Iterator[_Told]:
    own = {SUITE: record.suite}
    end = finished_ns(record)

    def one(value: float) -> tuple[Sample, ...]:
        return (Sample(labels=own, value=value),)

    yield "evalkit_run_last_timestamp_seconds", "When the last run was over", "s", one(end / NS)
    took = () if record.finished is None else one((end - epoch_ns(record.started)) / NS)
    yield "evalkit_run_duration_seconds", "How long the run took", "s", took
    complete = record.status is Status.COMPLETE
    yield "evalkit_run_complete", "Whether the run came to its end", "", one(complete)
    verdicts = _verdicts(own, record.verdict)
    yield "evalkit_run_verdict", "1 for the verdict of the run, else 0", "", verdicts


def _of_scenarios(record: RunRecord) -> Iterator[_Told]:
    judged = [(_labels(record, each), each) for each in record.scenarios if not each.added]
    verdicts = [sample for own, each in judged for sample in _verdicts(own, each.verdict)]
    yield "evalkit_scenario_verdict", "1 for the verdict of the scenario, else 0", "", verdicts
    blocking = [Sample(labels=own, value=each.blocking) for own, each in judged]
    yield "evalkit_scenario_blocking", "Whether the scenario can block", "", blocking
    ends = [
        Sample(labels={**own, "end": end.value}, value=each.ends.get(end, 0))
        for own, each in judged
        for end in End
    ]
    yield "evalkit_sessions", "Sessions planned, by how they ended", "{session}", ends
    found = [sample for own, each in judged for sample in _findings(own, each)]
    yield "evalkit_findings", "Findings of checks that are not allowed", "{finding}", found
    faults = [sample for own, each in judged for sample in _faults(own, each)]
    yield "evalkit_faults", "Faults of the scenario by how far they came", "{fault}", faults
    gates = list(_gates(record, judged))
    yield "evalkit_gate_passed", "Whether the gate passed", "", gates


def _labels(record: RunRecord, scenario: ScenarioRecord) -> dict[str, str]:
    return {SUITE: record.suite, SCENARIO: scenario.name}


def _verdicts(own: Mapping[str, str], given: Verdict | None) -> list[Sample]:
    return [
        Sample(labels={**own, "verdict": each.value}, value=each is given)
        for each in Verdict
        if given is not None
    ]


def _findings(own: Mapping[str, str], scenario: ScenarioRecord) -> Iterator[Sample]:
    """By severity, zero where there are none."""
    for severity in Severity:
        counts = (
            each.findings
            for each in scenario.checks
            if each.severity is severity and not each.allowed
        )
        yield Sample(labels={**own, "severity": severity.value}, value=sum(counts))


def _faults(own: Mapping[str, str], scenario: ScenarioRecord) -> Iterator[Sample]:
    for stage in ("scheduled", "fired", "delivered", "missed"):
        count = sum(getattr(each, stage) for each in scenario.faults)
        yield Sample(labels={**own, "stage": stage}, value=count)


def _gates(
    record: RunRecord, judged: Iterable[tuple[Mapping[str, str], ScenarioRecord]]
) -> Iterator[Sample]:
    """Those of the suite have no scenario. A gate that is there twice counts once, by the worst."""
    found = [({SUITE: record.suite, SCENARIO: ""}, each) for each in record.gates]
    found += [(dict(own), each) for own, scenario in judged for each in scenario.gates]
    named = [
        ({**own, "gate": each.gate, "group": each.group or ""}, each.verdict is Verdict.PASS)
        for own, each in found
    ]
    named.sort(key=lambda each: (tuple(each[0].values()), each[1]))
    for _, group in groupby(named, key=lambda each: tuple(each[0].values())):
        labels, passed = next(group)
        yield Sample(labels=labels, value=passed)
