"""What is said to an agent: texts, whole sessions, and the sessions of a suite with accidents."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from evalkit.suite import load_sessions, load_suite
from evalkit.suite.model import SessionRecord

_LONGEST = 200


def inputs(max_size: int = _LONGEST) -> SearchStrategy[str]:
    """What somebody may type: any text that can be sent, or nothing but blanks."""
    return st.text(st.characters(codec="utf-8"), max_size=max_size)


def sessions(
    *,
    text: SearchStrategy[str] | None = None,
    vars: Mapping[str, SearchStrategy[Any]] | None = None,  # noqa: A002
    max_turns: int = 3,
) -> SearchStrategy[SessionRecord]:
    """Sessions of some turns. `text` gives their inputs, `vars` the variables by name."""
    turns = st.lists(
        st.fixed_dictionaries({"input": inputs() if text is None else text}),
        min_size=1,
        max_size=max_turns,
    )
    return st.builds(_session, turns=turns, given=st.fixed_dictionaries(dict(vars or {})))


def payloads(
    source: str | os.PathLike[str], *, spoil: bool = True
) -> SearchStrategy[SessionRecord]:
    """The sessions of a suite, or of a JSONL file of sessions, one at a time.

    With `spoil` their inputs meet with what happens to texts: cut short, doubled, in capitals,
    letters exchanged, blank.
    """
    records = _records(Path(source))
    plain = st.sampled_from(records)
    return st.one_of(plain, plain.flatmap(_spoiled)) if spoil else plain


def _session(turns: list[dict[str, Any]], given: dict[str, Any]) -> SessionRecord:
    return SessionRecord.model_validate({"id": "drawn", "vars": given, "turns": turns})


def _records(source: Path) -> tuple[SessionRecord, ...]:
    """Raises `SuiteError`."""
    if source.suffix == ".jsonl":
        return load_sessions(source)
    settings = load_suite(source).value.sessions
    if settings.items is not None:
        return settings.items
    assert settings.source is not None
    return load_sessions(source.parent / settings.source)


def _spoiled(record: SessionRecord) -> SearchStrategy[SessionRecord]:
    changed = st.tuples(*(_accident(each.input) for each in record.turns))
    return changed.map(
        lambda texts: record.model_copy(
            update={
                "turns": tuple(
                    turn.model_copy(update={"input": text})
                    for turn, text in zip(record.turns, texts, strict=True)
                )
            }
        )
    )


def _accident(text: str) -> SearchStrategy[str]:
    places = st.integers(0, max(0, len(text) - 2))
    return st.one_of(
        st.just(text),
        places.map(lambda at: text[: at + 1]),
        places.map(lambda at: text[:at] + text[at : at + 2][::-1] + text[at + 2 :]),
        st.just(text.upper()),
        st.just(f"{text} {text}"),
        st.just(" "),
    )
