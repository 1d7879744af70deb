"""How reports word things: verdicts, times, and text that came from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from evalkit.gate import Verdict

SYMBOLS: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.PASS: "✓",
        Verdict.FAIL: "✗",
        Verdict.INCONCLUSIVE: "?",
        Verdict.NO_DATA: "∅",
        Verdict.ERROR: "!",
    }
)
STYLES: Mapping[Verdict, str] = MappingProxyType(
    {
        Verdict.PASS: "green",
        Verdict.FAIL: "bold red",
        Verdict.INCONCLUSIVE: "yellow",
        Verdict.NO_DATA: "yellow",
        Verdict.ERROR: "bold magenta",
    }
)
SIMULATED = (
    "Latencies are simulated: what the agent's own waiting, retrying and ordering of calls makes "
    "of its services' declared latencies. They hold no CPU time and no noise of this machine."
)


def worded(verdict: Verdict | None) -> str:
    """A verdict as symbol and word."""
    if verdict is None:
        return "· not judged"
    return f"{SYMBOLS[verdict]} {verdict.value.replace('_', ' ')}"


def style_of(verdict: Verdict | None) -> str:
    """The colour of a verdict, which only repeats what its word says."""
    return "dim" if verdict is None else STYLES[verdict]


def clean(text: str, limit: int | None = None) -> str:
    """Text from elsewhere on one line, its control characters made visible."""
    line = " ".join(text.split())
    line = "".join(each if each.isprintable() else ascii(each)[1:-1] for each in line)
    return line if limit is None or len(line) <= limit else f"{line[: limit - 1]}…"


def seconds(ns: int | float) -> str:
    """Nanoseconds as seconds with their milliseconds; what is shorter, in microseconds."""
    if 0 < abs(ns) < 500_000:
        return f"{ns / 1_000:.0f} µs"
    return f"{ns / 1_000_000_000:.3f} s"


def span(ns: int) -> str:
    """A long stretch of time, in the unit that suits it."""
    for size, unit in ((3600, "h"), (60, "min")):
        if ns >= 2 * size * 1_000_000_000:
            return f"{ns / size / 1_000_000_000:.1f} {unit}"
    return seconds(ns)


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 session`, `2 sessions`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def numbered(calls: Iterable[int]) -> str:
    """Calls by their names: `#3 #4`."""
    return " ".join(f"#{each}" for each in calls)
