"""A run as a notebook shows it: the verdict, and a row per scenario."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from evalkit.gate import Verdict
from evalkit.journal.records import End
from evalkit.store.record import RunRecord
from evalkit.store.scenario import ScenarioRecord

_TITLES = ("scenario", "verdict", "sessions", *(each.value for each in End), "why")


def html_of(record: RunRecord) -> str:
    """The record as HTML; every text in it is escaped."""
    head = f"<b>{escape(record.run)}</b>: {_verdict(record.verdict or record.status)}"
    titles = "".join(f"<th>{escape(each.replace('_', ' '))}</th>" for each in _TITLES)
    rows = "".join(map(_row, record.scenarios))
    own = "".join(f"<li>{escape(each)}</li>" for each in _own_reasons(record))
    reasons = f"<ul>{own}</ul>" if own else ""
    digest = f"<div>digest <code>{escape(record.digest)}</code></div>" if record.digest else ""
    return f"<div>{head}{reasons}<table><tr>{titles}</tr>{rows}</table>{digest}</div>"


def _row(scenario: ScenarioRecord) -> str:
    ends = (scenario.ends.get(end) for end in End)
    why = "<br>".join(map(escape, scenario.reasons))
    cells = (
        escape(scenario.name) + (f" ({escape(scenario.standing)})" if scenario.standing else ""),
        _verdict(scenario.verdict),
        f"{scenario.sessions:,}",
        *("-" if each is None else f"{each:,}" for each in ends),
        why,
    )
    return f"<tr>{''.join(f'<td>{each}</td>' for each in cells)}</tr>"


def _verdict(verdict: object) -> str:
    text = "-" if verdict is None else escape(str(verdict))
    return f"<b>{text}</b>" if verdict in (Verdict.FAIL, Verdict.ERROR) else text


def _own_reasons(record: RunRecord) -> Iterator[str]:
    """The reasons that no scenario tells."""
    told = tuple(f"{each.name}: " for each in record.scenarios)
    return (each for each in record.reasons if not each.startswith(told))
