"""What makes a run this run: what was run and when, and what makes it repeatable."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from evalkit.report.html import amounts
from evalkit.report.words import count
from evalkit.store import RunRecord


def facts_of(record: RunRecord) -> Iterator[tuple[str, str]]:
    """What was run, when, and of which code."""
    yield "Suite", record.suite
    if record.agent is not None:
        yield "Agent", record.agent
    yield "Started", _when(record.started)
    if (took := _took(record)) is not None:
        yield "Took", took
    if record.commit:
        branch = f" on {record.branch}" if record.branch else ""
        yield "Commit", f"{record.commit[:12]}{branch}"
    if record.chosen is not None or record.session is not None:
        yield "Chosen", " / ".join(each for each in (record.chosen, record.session) if each)
    yield "Clock", record.clock
    if record.compared is not None:
        kept = f", kept in {record.compared.file}" if record.compared.file else ""
        yield "Baseline", f"{record.compared.baseline}{kept}"
    if record.resumed:
        yield "Resumed", count(len(record.resumed), "time")


def settings_of(record: RunRecord) -> Iterator[tuple[str, str]]:
    """What makes the run repeatable, and is looked up rather than read."""
    yield "Run", record.run
    yield "Seed", str(record.seed)
    yield "Egress", record.egress
    if record.prices:
        yield "Prices", record.prices
    yield "Digest of the journals", record.digest or "none: not every cell was run to its end"


def _when(moment: str) -> str:
    try:
        return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return moment


def _took(record: RunRecord) -> str | None:
    try:
        begun, ended = (
            datetime.fromisoformat(each or "") for each in (record.started, record.finished)
        )
        return f"{amounts.duration((ended - begun).total_seconds() * 1e9)} of real time"
    except (ValueError, TypeError):
        return None
