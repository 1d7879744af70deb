"""Baselines: keeps what a run came to, and holds later runs against it."""

from __future__ import annotations

import os
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from evalkit.api.loading import load_run
from evalkit.errors import UsageError
from evalkit.gate import GateResult, Verdict, combine, exit_code, worst_exit
from evalkit.gate.baseline import (
    Baseline,
    Compared,
    ScenarioFacts,
    SessionFacts,
    Tolerance,
    compare_with,
)
from evalkit.gate.baseline.model import FLAGS
from evalkit.journal.steps import steps_of
from evalkit.journal.views import JournalView
from evalkit.keyed import digest_of
from evalkit.store import Run, RunRecord, Status
from evalkit.store.baseline import SUFFIX, read_baseline, write_baseline
from evalkit.store.command import held_by

_Key: TypeAlias = tuple[str, str]

Given: TypeAlias = Run | Baseline | str | os.PathLike[str]
"""A run, a baseline, or the name of either: a run as `load_run` takes it, or a baseline's file."""


def accept_baseline(
    run: Run | str | os.PathLike[str],
    path: str | os.PathLike[str] | None = None,
    *,
    out: str | os.PathLike[str] = "reports",
) -> Path:
    """Write the baseline of a run, beside its suite unless a path is given; where it now is.

    Raises `UsageError` where the run is not complete, or is of some of its suite's scenarios or
    sessions only: what it lacks would be missed from then on.
    """
    run = run if isinstance(run, Run) else load_run(run, out=out)
    record = run.record
    if record.session is not None or record.chosen is not None:
        part = "one session" if record.session is not None else f"the scenarios {record.chosen!r}"
        raise UsageError(
            f"{run.id} is a run of {part} only: a baseline is of a whole suite",
            hint="run the suite without --scenario and --session, and accept that run",
        )
    where = Path(record.path).with_name(record.suite + SUFFIX) if path is None else Path(path)
    write_baseline(where, baseline_of(run))
    return where


def compare_to_baseline(
    baseline: Given,
    run: Given,
    *,
    tolerance: Tolerance | None = None,
    out: str | os.PathLike[str] = "reports",
) -> Compared:
    """A run against a baseline, or against another run, which is taken for one. What got worse in
    scenarios that do not block the run, or are quarantined in it, is told and does not count.

    Raises `UsageError` where either cannot be read, is not complete, or is of another suite.
    """
    before, now = (_taken(each, out) for each in (baseline, run))
    if before.suite != now.suite:
        raise UsageError(
            f"{before.run} is of the suite {before.suite}, {now.run} of {now.suite}: "
            "they have nothing in common",
            hint="compare two runs of one suite",
        )
    return compare_with(before, now, tolerance or Tolerance())


def baseline_of(run: Run) -> Baseline:
    """What of a run is kept. Raises `UsageError` where it is not complete."""
    record = run.record
    if (how := _incomplete(record)) is not None:
        raise UsageError(
            f"{run.id} {how}: what it did not get to would be taken for gone",
            hint=f"finish it with `evalkit run --resume {run.folder}`, or run the suite again",
        )
    tables = _Tables.of(run)
    return Baseline(
        suite=record.suite,
        run=run.id,
        seed=record.seed,
        live=record.live,
        commit=record.commit,
        inputs=_inputs(record),
        prices=record.prices,
        digest=record.digest,
        scenarios={
            each.name: _scenario(run, each.name, tables)
            for each in record.scenarios
            if not each.added
        },
        gates={each.key: each.observed for each in _gates(record) if each.observed is not None},
        excused=tuple(each.name for each in record.scenarios if not each.blocking),
        critical=tuple(each.name for each in record.scenarios if each.critical),
        agent=record.agent,
    )


def _gates(record: RunRecord) -> Iterator[GateResult]:
    yield from record.gates
    for each in record.scenarios:
        yield from each.gates


def _incomplete(record: RunRecord) -> str | None:
    """What keeps a run from being complete; None where it is."""
    if record.not_started is not None:
        return "could not be started"
    if record.status is not Status.COMPLETE:
        return f"is {record.status.value}"
    if any(each.stopped for each in record.scenarios):
        return "was stopped early"
    broken = [each.name for each in record.scenarios if each.digest is None and each.problems]
    return f"could not run all of {', '.join(broken)}" if broken else None


def baseline_at(given: Given, *, out: str | os.PathLike[str] = "reports") -> Baseline:
    """The baseline in a file, or of a run. Raises `UsageError` where there is none."""
    return _taken(given, out)


def refuse_other_suites(baseline: Baseline, suites: Sequence[str]) -> None:
    """Raise `UsageError` where what is to be run is not the one suite that a baseline is of."""
    if list(suites) != [baseline.suite]:
        others = ", ".join(suites)
        raise UsageError(
            f"the baseline is of the suite {baseline.suite}, and this would run {others}",
            hint="give the path of that one suite, or run without --baseline",
        )


def held_against(baseline: Baseline, run: Run, tolerance: Tolerance) -> RunRecord:
    """The record of a run with what holding it against a baseline came to in its verdict."""
    record = run.record
    if record.not_started is not None:
        return record
    if (how := _incomplete(record)) is not None:
        note = f"not held against the baseline: it {how}, and what is missing is not gone"
        return replace(record, notes=(*record.notes, note))
    compared = compare_with(baseline, baseline_of(run), tolerance)
    if record.session is not None or record.chosen is not None:
        compared = replace(compared, vanished=())  # only a part was to be run
    verdicts = [each for each in (record.verdict, compared.verdict) if each is not None]
    codes = [each for each in (record.exit_code, exit_code(compared.verdict)) if each is not None]
    reasons = record.reasons
    if compared.verdict is not Verdict.PASS:
        reasons = (*reasons, _why(compared))
    return replace(
        record,
        gates=_with_before(record.gates, baseline),
        scenarios=tuple(
            replace(each, gates=_with_before(each.gates, baseline)) for each in record.scenarios
        ),
        compared=compared,
        verdict=combine(verdicts),
        exit_code=worst_exit(codes),
        reasons=reasons,
        command=shlex.join([*shlex.split(record.command), *held_by(compared)]),
    )


def _with_before(gates: tuple[GateResult, ...], baseline: Baseline) -> tuple[GateResult, ...]:
    return tuple(replace(each, before=baseline.gates.get(each.key)) for each in gates)


def _why(compared: Compared) -> str:
    if not compared.counting:
        return f"no session of the baseline {compared.baseline} was run"
    first = compared.counting[0]
    more = len(compared.counting) - 1
    rest = f" and {more} more" if more else ""
    return f"worse than the baseline {compared.baseline}: {first.scenario} {first.series}{rest}"


def _taken(given: Given, out: str | os.PathLike[str]) -> Baseline:
    if isinstance(given, Baseline):
        return given
    if isinstance(given, Run):
        return baseline_of(given)
    if _is_file(given):
        return read_baseline(Path(given))
    return baseline_of(load_run(given, out=out))


def _is_file(given: str | os.PathLike[str]) -> bool:
    """Whether a baseline is named by its file."""
    return os.fspath(given).endswith(".json")


def _inputs(record: RunRecord) -> str:
    """One hash over the files that belong to the suite: not over where they are."""
    return digest_of(*sorted(record.files.items())).hex()


@dataclass(frozen=True, slots=True)
class _Tables:
    """What the tables of turns and calls say, by scenario and session."""

    turns: Mapping[_Key, list[float]]
    errors: Mapping[_Key, int]
    services: Mapping[str, set[str]]

    @classmethod
    def of(cls, run: Run) -> _Tables:
        """The tables of a run, each read once."""
        turns: dict[_Key, list[float]] = defaultdict(list)
        for scenario, session, latency in _rows(run.lists.turns, "latency_ns"):
            if latency is not None:
                turns[scenario, session].append(latency)
        errors: Counter[_Key] = Counter()
        services: dict[str, set[str]] = defaultdict(set)
        for scenario, session, service, error in _rows(run.lists.calls, "service", "error"):
            services[scenario].add(service)
            errors[scenario, session] += bool(error)
        return cls(turns, errors, services)


def _rows(table: Any, *columns: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(table[each] for each in ("scenario", "session", *columns)), strict=True)


def _scenario(run: Run, name: str, tables: _Tables) -> ScenarioFacts:
    views = JournalView.of(run.each_record(name)).sessions
    steps = {each.id: steps_of(each) for each in views}
    sessions = {
        str(row["session"]): _session(row, tables, steps.get(str(row["session"]), ()))
        for row in run.session_rows(name)
    }
    return ScenarioFacts(services=tuple(sorted(tables.services[name])), sessions=sessions)


def _session(row: Mapping[str, Any], tables: _Tables, steps: tuple[str, ...]) -> SessionFacts:
    key, latency = (row["scenario"], row["session"]), row["latency_ns"]
    numbers = {
        "latency": latency,
        "cost": row["cost"],
        "calls": row["calls"],
        "errors": tables.errors[key],
    }
    return SessionFacts(
        end=row["end"],
        answer=row["answer"],
        flags={name: bool(row[name]) for name in FLAGS if row[name] is not None},
        numbers={name: float(each) for name, each in numbers.items() if each is not None},
        turns=tuple(tables.turns[key]),
        steps=steps,
    )
