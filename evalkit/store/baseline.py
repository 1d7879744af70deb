"""The file of a baseline: JSON with a line for every session, in a fixed order, fit for review.

Steps are told by a hash, whose meaning stands once at the end: another kind of step is one more
line, and the other sessions' lines stay as they are.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from evalkit.errors import UsageError
from evalkit.gate.baseline import Baseline, ScenarioFacts, SessionFacts
from evalkit.keyed import digest_of

FORMAT = 1
SUFFIX = ".baseline.json"
_SHORT = 4  # of a hash of 32
_PLACES = 9  # of a nanosecond or a dollar: less than any price


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Put the file in place whole. Raises `UsageError` where it cannot be written."""
    written = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        written.write_text(baseline_text(baseline), encoding="utf-8")
        written.replace(path)
    except OSError as error:
        written.unlink(missing_ok=True)
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def read_baseline(path: Path) -> Baseline:
    """The baseline in a file. Raises `UsageError` where it cannot be read or is none."""
    try:
        data = json.loads(path.read_bytes())
        known = data["baseline"] <= FORMAT
        found = replace(_of(data), file=str(path)) if known else None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        hint = "`evalkit baseline accept RUN` writes one"
        raise UsageError(f"{path} is no baseline", hint=hint) from error
    if found is None:
        message = f"{path} is of format {data['baseline']}; this evalkit reads up to {FORMAT}"
        raise UsageError(message, hint="read it with the evalkit that wrote it, or a later one")
    return found


def baseline_text(baseline: Baseline) -> str:
    """The text of the file."""
    return "\n".join(_lines(baseline)) + "\n"


def _lines(baseline: Baseline) -> Iterator[str]:
    sessions = [s for each in baseline.scenarios.values() for s in each.sessions.values()]
    steps = sorted({step for each in sessions for step in each.steps})
    names = _names(steps)
    yield "{"
    for name, value in _head(baseline).items():
        yield f" {_text(name)}: {_text(value)},"
    yield ' "scenarios": {'
    last = len(baseline.scenarios) - 1
    for at, (name, facts) in enumerate(sorted(baseline.scenarios.items())):
        yield f"  {_text(name)}: {{"
        yield f'   "services": {_text(sorted(facts.services))},'
        yield '   "sessions": {'
        rows = sorted(facts.sessions.items())
        for row, (session, each) in enumerate(rows):
            comma = "," if row < len(rows) - 1 else ""
            yield f"    {_text(session)}: {_text(_session(each, names))}{comma}"
        yield "   }}" + ("," if at < last else "")
    yield " },"
    yield ' "gates": {'
    for at, (key, figure) in enumerate(sorted(baseline.gates.items())):
        comma = "," if at < len(baseline.gates) - 1 else ""
        yield f"  {_text(key)}: {_text(_rounded(figure))}{comma}"
    yield " },"
    yield ' "steps": {'
    for at, step in enumerate(steps):
        yield f"  {_text(names[step])}: {_text(step)}{',' if at < len(steps) - 1 else ''}"
    yield " }"
    yield "}"


def _names(steps: Iterable[str]) -> dict[str, str]:
    """A short hash of each step, longer where two would be the same."""
    taken: dict[str, str] = {}
    for step in steps:
        whole = digest_of(step).hex()
        length = next(n for n in range(_SHORT, len(whole) + 1) if whole[:n] not in taken)
        taken[whole[:length]] = step
    return {step: name for name, step in taken.items()}


def _head(baseline: Baseline) -> dict[str, Any]:
    found = {
        "baseline": FORMAT,
        "suite": baseline.suite,
        "run": baseline.run,
        "commit": baseline.commit,
        "seed": baseline.seed,
        "live": baseline.live,
        "inputs": baseline.inputs,
        "prices": baseline.prices,
        "digest": baseline.digest,
    }
    told = {"excused": sorted(baseline.excused), "critical": sorted(baseline.critical)}
    agent = {} if baseline.agent is None else {"agent": baseline.agent}
    return found | agent | {name: each for name, each in told.items() if each}


def _session(facts: SessionFacts, names: Mapping[str, str]) -> dict[str, Any]:
    found = {
        "end": facts.end,
        "answer": facts.answer,
        "flags": dict(sorted(facts.flags.items())),
        "numbers": {name: _rounded(each) for name, each in sorted(facts.numbers.items())},
        "turns": [_rounded(each) for each in facts.turns],
        "steps": " ".join(names[each] for each in facts.steps),
    }
    return {name: each for name, each in found.items() if each not in (None, {}, [], "")}


def _of(data: Mapping[str, Any]) -> Baseline:
    steps = data["steps"]
    return Baseline(
        suite=data["suite"],
        run=data["run"],
        commit=data["commit"],
        seed=data["seed"],
        live=data["live"],
        inputs=data["inputs"],
        prices=data["prices"],
        digest=data["digest"],
        gates=data.get("gates", {}),
        excused=tuple(data.get("excused", ())),
        agent=data.get("agent"),
        critical=tuple(data.get("critical", ())),
        scenarios={
            name: ScenarioFacts(
                services=tuple(each["services"]),
                sessions={session: _facts(one, steps) for session, one in each["sessions"].items()},
            )
            for name, each in data["scenarios"].items()
        },
    )


def _facts(data: Mapping[str, Any], steps: Mapping[str, str]) -> SessionFacts:
    return SessionFacts(
        end=data["end"],
        answer=data.get("answer"),
        flags=data.get("flags", {}),
        numbers=data.get("numbers", {}),
        turns=tuple(data.get("turns", ())),
        steps=tuple(steps[each] for each in data.get("steps", "").split()),
    )


def _rounded(value: float) -> float:
    rounded = round(value, _PLACES)
    return int(rounded) if rounded == int(rounded) else rounded


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
