"""Judges a stored run again, by other gates or by those that its suite has now. Runs nothing."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from evalkit.api.judging import ONE_SESSION, services_of, with_result, with_verdict
from evalkit.api.loading import load_run
from evalkit.errors import SuiteError, UsageError
from evalkit.gate import (
    CellError,
    Expected,
    Facts,
    GateResult,
    ScenarioResult,
    Verdict,
    combine,
    judge_all,
    judge_facts,
    judge_gates,
    parse_gate,
    warn_gate,
)
from evalkit.gate.endings import endings
from evalkit.gate.located import gate_problems
from evalkit.store import Run, RunRecord, ScenarioRecord, Status, write_record
from evalkit.store.figures import Figures, figures_of
from evalkit.suite import Loaded, Problem, load_suite
from evalkit.suite.gates import GatesFile
from evalkit.suite.load import load_model
from evalkit.suite.model import Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gates:
    """What a run is judged by: its suite's gates, each scenario's, and where they are from.

    `services` are those without which a gate `for each service` has no data.
    """

    suite: tuple[str, ...]
    scenarios: Mapping[str, tuple[str, ...]]
    services: frozenset[str] = frozenset()
    source: str

    @property
    def expected(self) -> Expected:
        """What has to occur where a gate is judged `for each`."""
        return {"service": self.services}

    def of(self, scenario: str) -> tuple[str, ...]:
        """The gates of a scenario."""
        return self.scenarios.get(scenario, ())


def judge_again(
    run: str | os.PathLike[str] | Run = "latest",
    *,
    gates: str | os.PathLike[str] | None = None,
    out: str | os.PathLike[str] = "reports",
    write: bool = False,
) -> Run:
    """A stored run, judged again. Nothing is run, and nothing written unless `write` is given.

    `gates` is a YAML file with `gates:` (of the scenarios that inject nothing) and `scenarios:
    {NAME: {gates: [...]}}`, which take the place of all that the run was judged by. Without it, the
    gates of the suite file count as it is now, or those that were recorded where there is none.
    What checks found, and what faults came to, stays as it was recorded.

    Raises `UsageError` where the run was never judged, `SuiteError` with every mistake in a file.
    """
    run = run if isinstance(run, Run) else load_run(run, out=out)
    record = run.record
    if record.status is Status.UNFINISHED:
        hint = f"go on with it: evalkit run --resume {run.folder}"
        raise UsageError(f"{run.id} was not brought to its end, so there is no verdict", hint=hint)
    given = _given(record, None if gates is None else Path(gates))
    judged = _judged(record, figures_of(run), given)
    if write:
        write_record(run.folder, judged)
    return Run(run.folder, judged)


# Where the gates are from ----------------------------------------------------------------------


def _given(record: RunRecord, file: Path | None) -> _Gates:
    suite = _suite_now(Path(record.path))
    if file is not None:
        given = _of_file(record, file, suite)
    else:
        given = _recorded(record) if suite is None else _of_suite(record, suite)
    return given if suite is None else replace(given, services=services_of(suite.value))


def _suite_now(path: Path) -> Loaded[Suite] | None:
    """The suite as it is now, if its file is still there. Raises `SuiteError` if it is wrong."""
    return load_suite(path) if path.is_file() else None


def _of_file(record: RunRecord, path: Path, suite: Loaded[Suite] | None) -> _Gates:
    if not path.is_file():
        raise UsageError(f"there is no file {path}")
    loaded = load_model(path, GatesFile)
    scenarios = {name: each.gates for name, each in loaded.value.scenarios.items()}
    names = tuple(each.name for each in _own(record))
    unknown = [
        loaded.problem(
            ("scenarios", each), f"the run has no scenario {each}", allowed=names, given=each
        )
        for each in scenarios
        if each not in names
    ]
    given = _Gates(suite=loaded.value.gates, scenarios=scenarios, source=f"the gates of {path}")
    _refuse([*unknown, *_mistakes(loaded, record, given, suite)])
    return given


def _of_suite(record: RunRecord, suite: Loaded[Suite]) -> _Gates:
    """The gates of the suite as it is now. Scenarios that it no longer has keep theirs."""
    now = {name: each.gates for name, each in suite.value.scenarios.items()}
    gone = [each.name for each in _own(record) if each.name not in now]
    recorded = _recorded(record).scenarios
    source = f"the gates of {record.path} as it is now"
    if gone:
        source += f", which no longer has {', '.join(gone)}: there those that were recorded"
    given = _Gates(suite=suite.value.gates, scenarios=now, source=source)
    _refuse(_mistakes(suite, record, given, suite))
    return replace(given, scenarios={**now, **{name: recorded[name] for name in gone}})


def _mistakes(
    loaded: Loaded[Any], record: RunRecord, given: _Gates, suite: Loaded[Suite] | None
) -> Iterator[Problem]:
    """What is wrong with gates where they stand in their file."""
    known: dict[str, Collection[str]] = {}
    if suite is not None:
        known["service"] = tuple(suite.value.services)
    sound: dict[str, Collection[str]] = {"fault": ()}
    over = [each.name for each in _sound(record)]
    if over:
        yield from gate_problems(loaded, ("gates",), given.suite, {**known, **sound})
    for each in _own(record):
        where = ("scenarios", each.name, "gates")
        its = {**known, "scenario": [each.name], **({} if each.faulty else sound)}
        yield from gate_problems(loaded, where, given.of(each.name), its)


def _refuse(problems: Iterable[Problem]) -> None:
    found = sorted(problems, key=lambda each: (each.line or 0, each.column or 0))
    if found:
        raise SuiteError(found)


def _recorded(record: RunRecord) -> _Gates:
    return _Gates(
        suite=_texts(record.gates),
        scenarios={each.name: _texts(each.gates) for each in record.scenarios},
        source=f"the gates recorded, for {record.path} is not there",
    )


def _texts(gates: Sequence[GateResult]) -> tuple[str, ...]:
    """The gates behind these results, each once: one `for each` label has several."""
    return tuple(dict.fromkeys(each.gate for each in gates))


# Judging ---------------------------------------------------------------------------------------


def _own(record: RunRecord) -> list[ScenarioRecord]:
    """The scenarios that are judged."""
    return [each for each in record.scenarios if not each.added]


def _sound(record: RunRecord) -> list[ScenarioRecord]:
    """Those that the suite's own gates judge."""
    return [each for each in _own(record) if not each.faulty and each.blocking]


def _judged(record: RunRecord, figures: Figures, given: _Gates) -> RunRecord:
    if record.session is not None:
        given = replace(given, suite=(), scenarios={})
    live = record.live
    cut = record.status is Status.INTERRUPTED
    results = {
        each.name: _result(each, figures, given, sampled=live, interrupted=cut)
        for each in _own(record)
    }
    scope = {each.name for each in _sound(record)}
    gates = (
        judge_gates(given.suite, figures, scope, expected=given.expected, sampled=live)
        if scope
        else ()
    )
    suite = judge_all(list(results.values()), gates)
    judged = replace(
        record,
        scenarios=tuple(
            with_result(each, results[each.name]) if each.name in results else each
            for each in record.scenarios
        ),
        gates=gates,
        notes=(ONE_SESSION if record.session is not None else f"judged by {given.source}",),
        warnings=(*_too_few(record, given), *suite.warnings),
    )
    return with_verdict(judged, suite)


def _result(
    scenario: ScenarioRecord,
    figures: Figures,
    given: _Gates,
    *,
    sampled: bool,
    interrupted: bool,
) -> ScenarioResult:
    name, own = scenario.name, given.of(scenario.name)
    facts = Facts(
        scenario=name,
        blocking=scenario.blocking,
        planned=scenario.sessions,
        ended=endings(figures.sessions, name),
        expected=frozenset(scenario.expected),
        checks=scenario.checks,
        rules=scenario.faults,
        errors=tuple(
            CellError(what=f"cell {each.cell}: {each.what}", start=each.start)
            for each in scenario.problems
        ),
        interrupted=interrupted,
    )
    gates = judge_gates(own, figures, {name}, expected=given.expected, scope=name, sampled=sampled)
    result = judge_facts(facts, gates, own if scenario.faulty else (*own, *given.suite))
    if (why := scenario.stopped_words) is None:
        return result
    # By other gates it may not be lost, but the sessions that were not run do not pass.
    verdict = combine([result.verdict, Verdict.NO_DATA])
    return replace(result, verdict=verdict, reasons=(why, *result.reasons))


def _too_few(record: RunRecord, given: _Gates) -> Iterator[str]:
    """The gates that could not pass, however well all went, with the sessions there are."""
    for text in given.suite:
        yield from warn_gate(parse_gate(text), sum(each.sessions for each in _sound(record)))
    for each in _own(record):
        for text in given.of(each.name):
            yield from warn_gate(parse_gate(text), each.sessions)
