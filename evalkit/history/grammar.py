"""What `evalkit ask --grammar` tells: the grammar, and every word of it with what it means."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator

from evalkit.history import lexicon

_WIDTH = 96
_PARTS = {
    "metric": "metrics",
    "aggregate": "aggregates, beside p0 … p100 and the 95th percentile",
    "row": "rows",
    "label": "labels",
    "scope": "scopes",
    "time": "runs",
    "extreme": "extremes",
    "pair": "two parts at once",
}


def grammar_lines() -> Iterator[str]:
    """The lines of the grammar with its synonyms."""
    yield from (lexicon.__doc__ or "").strip().splitlines()
    words: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for phrase, (part, meaning) in lexicon.PHRASES.items():
        words[part][meaning].append(" ".join(phrase))
    for part, title in _PARTS.items():
        yield ""
        yield f"{title}:"
        for meaning, phrases in words[part].items():
            name = _meaning(part, meaning)
            yield from _wrapped(f"{name}: {', '.join(dict.fromkeys(phrases))}")


def _meaning(part: str, meaning: str) -> str:
    if part == "pair":
        return " and ".join(each for _, each in lexicon.PAIRS[meaning])
    return " or ".join(lexicon.CONCEPTS[meaning]) if part == "metric" else meaning


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="      ")
