"""How reports word things: verdicts, times, and text that came from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
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
_NAMED = 3

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


def call_name(session: str | None, call: int, scenario: str | None = None) -> str:
    """The name of a call, to be copied: `s-003#4`, `crm-slow/s-003#4`; `crm-slow/#4` of nobody."""
    where = "" if scenario is None else f"{scenario}/"
    return f"{where}{session or ''}#{call}"


def retry_layer(sdk_retry: int | None, number: int) -> str | None:
    """Which layer of retries made a call, in the round of this number; None where there is but one.

    See `evalkit.journal.rounds`.
    """
    if sdk_retry is None or (not sdk_retry and number == 1):
        return None
    if not sdk_retry:
        return f"round {number}, the SDK called anew"
    return f"retry {sdk_retry} inside the SDK" + (f", round {number}" if number > 1 else "")


def numbered(calls: Iterable[int]) -> str:
    """Calls by their names: `#3 #4`."""
    return " ".join(f"#{each}" for each in calls)


def untold(calls: Iterable[int], message: str) -> tuple[int, ...]:
    """The calls that a message does not name."""
    told = set(re.findall(r"#([0-9]+)", message))
    return tuple(each for each in calls if str(each) not in told)


def call_names(calls: Sequence[int], session: str | None) -> str:
    """Calls by names to be copied: `s-003#4 s-003#6`, and how many more where there are many."""
    names = [call_name(session, each) for each in calls[:_NAMED]]
    return " ".join(names) + (f" and {len(calls) - _NAMED} more" if len(calls) > _NAMED else "")
