"""The sessions that a report tells of: their lines in the table, and their stories."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evalkit.journal.records import SessionStarted, Severity
from evalkit.journal.views import SessionView, view_session
from evalkit.metrics.definitions import NONE
from evalkit.metrics.rows import FAULT_SEPARATOR
from evalkit.report.html.chosen import Chosen, by_cell
from evalkit.report.html.reading import Key, Stored, label, records_of, value
from evalkit.report.html.stories import MOST_CALLS, Story, Texts, story_of
from evalkit.report.html.texts import line_of, visible, visible_all
from evalkit.report.html.view import SessionLine, Sessions

LEAST_OF_CALL = 200
"""Bytes that a call takes in a timeline at least, near enough: most take twice as many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The sessions as a table, and the data of their timelines."""

    sessions: Sessions
    data: dict[str, Any]
    texts_refused: int
    without_story: int


def told_of(stored: Stored, chosen: Chosen, *, room: int, texts_room: int) -> Told:
    """The chosen sessions. Stories take up to `room` bytes, and bodies up to `texts_room`."""
    rows = [*chosen.bad, *chosen.good]
    calls, expected = _calls(stored, rows), _expected(stored)
    views = _views(stored, _with_room(calls, rows, room))
    texts = Texts(texts_room)
    stories: list[Story] = []
    lines = []
    for row in rows:
        view = views.get(row)
        story = {} if view is None or room < 0 else story_of(view, texts)
        if (size := _size(story)) > room:
            story, size = {}, 0
        room -= size
        line = _line(stored, row, len(stories), tuple(sorted(calls[row])))
        lines.append(replace(line, expected=expected.get(stored.keys[row])))
        stories.append(visible_all({**_head(stored, lines[-1]), **story}))
    return Told(
        sessions=Sessions(
            lines=tuple(lines),
            bad=chosen.all_bad,
            good=chosen.all_good,
            bad_shown=len(chosen.bad),
            good_shown=len(chosen.good),
        ),
        data={"run": stored.record.run, "texts": texts.kept, "sessions": stories},
        texts_refused=texts.refused,
        without_story=sum("turns" not in each and "calls" not in each for each in stories),
    )


def _expected(stored: Stored) -> dict[Key, str]:
    """What was expected of each session, and what was seen, by its first violation."""
    allowed = {each.name: each.allowed for each in stored.record.scenarios}
    found: dict[Key, str] = {}
    for scenario, each in stored.findings:
        bad = each.severity is Severity.VIOLATION and each.check not in allowed[scenario]
        if bad and each.session is not None and each.expected:
            seen = f", seen {each.seen}" if each.seen else ""
            text = f"expected {each.expected}{seen}"
            found.setdefault((scenario, each.session), line_of(text))
    return found


def _with_room(calls: Mapping[int, Counter[str]], rows: Iterable[int], room: int) -> list[int]:
    """The sessions whose timelines may fit: the others' journals need not be read."""
    found = []
    for row in rows:
        least = min(calls[row].total(), MOST_CALLS) * LEAST_OF_CALL
        if least <= room:
            room -= least
            found.append(row)
    return found


def _calls(stored: Stored, rows: Sequence[int]) -> Mapping[int, Counter[str]]:
    """How many calls each of these sessions made to each service."""
    import numpy as np

    scenarios, sessions, services = (
        stored.calls.labels(each) for each in ("scenario", "session", "service")
    )
    known = [{text: code for code, text in enumerate(each.texts)} for each in (scenarios, sessions)]
    width = len(sessions.texts) + 1
    wanted = {}
    for row in rows:
        scenario, session = (n.get(text) for n, text in zip(known, stored.keys[row], strict=True))
        if scenario is not None and session is not None:
            wanted[scenario * width + session] = row
    codes = scenarios.codes * width + sessions.codes
    hits = np.flatnonzero(np.isin(codes, list(wanted)))
    found: dict[int, Counter[str]] = {row: Counter() for row in rows}
    for code, service in zip(codes[hits].tolist(), services.codes[hits].tolist(), strict=True):
        found[wanted[code]][services.texts[service]] += 1
    return found


def _size(story: Story) -> int:
    """How many bytes a story takes in the page, about."""
    return len(json.dumps(story, ensure_ascii=False).encode("utf-8", "replace"))


def _views(stored: Stored, rows: Iterable[int]) -> dict[int, SessionView]:
    found = {}
    for cell, own in by_cell(stored, rows).items():
        records: dict[str, list[Any]] = {session: [] for session in own}
        for each in records_of(stored, cell, sessions=own):
            if each.session in records:
                records[each.session].append(each)
        for session, row in own.items():
            if any(isinstance(each, SessionStarted) for each in records[session]):
                found[row] = view_session(session, records[session])
    return found


def _head(stored: Stored, line: SessionLine) -> Story:
    """What a timeline begins with, and what sessions are filtered by."""
    record = stored.record
    again = record.again(line.scenario, line.session)
    return {
        "scenario": line.scenario,
        "session": line.session,
        "again": line_of(again, 600),
        "good": line.good and line.end == "completed",
        "answer": line.answer,
        "reason": line.reason,
        "faults": line.faults,
        "services": line.services,
    }


def _line(stored: Stored, row: int, story: int, services: tuple[str, ...]) -> SessionLine:
    table = stored.sessions
    scenario, session = stored.keys[row]
    texts = {each: label(table, each, row) for each in ("end", "answer", "fault", "reason")}
    given = {name: _or_none(text) for name, text in texts.items()}
    counts = ("turns", "calls", "unpriced", "violations", "advice")
    numbers: dict[str, Any] = {name: int(value(table, name, row) or 0) for name in counts}
    line = SessionLine(
        story=story,
        scenario=scenario,
        session=session,
        end=texts["end"],
        answer=given["answer"],
        latency=value(table, "latency_ns", row),
        cost=value(table, "cost", row),
        faults=tuple((given["fault"] or "").split(FAULT_SEPARATOR)) if given["fault"] else (),
        services=services,
        reason=line_of(given["reason"]) if given["reason"] else None,
        good=bool(value(table, "good", row)),
        **numbers,
    )
    return replace(line, end=visible(line.end).replace("_", " "))


def _or_none(text: str) -> str | None:
    return None if text == NONE else text
