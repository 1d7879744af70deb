"""What the bridge can carry of each fault: it has no time of its own and no way to call back.

A reply is played to the client's own HTTP parser byte by byte, so whatever befalls bytes and
connections shows as it does on a network. Waits do not take place: one that is longer than the
client's timeout raises that at once, a shorter one is not felt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType

from evalkit.errors import UsageError
from evalkit.faults import Rule
from evalkit.faults.registry import FAULTS


class Carries(StrEnum):
    """How a fault reaches the client."""

    RESPONSE = "response"  # as what the response holds
    EXCEPTION = "exception"  # as the exception that the client raises
    TIMEOUT = "timeout"  # as a timeout of the client's, where it has one that is shorter
    LEDGER = "ledger"  # in what the service commits
    REFUSED = "refused"  # not at all: it needs a world


_NO_TIME = "it only takes time, and here no time passes"
_NO_AGENT = "it befalls webhooks, and here nobody can be called back"
_REFUSED: Mapping[str, str] = {
    "slow": _NO_TIME,
    "drip": _NO_TIME,
    "slow_close": _NO_TIME,
    "slow_tokens": _NO_TIME,
    "endless_progress": _NO_TIME,
    "commit_late": _NO_TIME,
    "commit_reordered": "what overtakes it comes later, and here nothing does",
    **{name: _NO_AGENT for name, fault in FAULTS.items() if fault.calls_back},
    "restart": "it befalls the agent, and here a test calls its agent itself",
}
_EXCEPTIONS = (
    *("refused", "unknown_host", "reset", "empty", "cut", "wrong_length", "malformed_chunk"),
    *("garbage", "commit_then_lose"),
)
_TIMEOUTS = ("delay", "connect_delay", "stall", "slow_first_token")
_LEDGER = ("commit_twice", "commit_nothing")


def _carried(name: str) -> Carries:
    found = (
        (Carries.REFUSED, tuple(_REFUSED)),
        (Carries.EXCEPTION, _EXCEPTIONS),
        (Carries.TIMEOUT, _TIMEOUTS),
        (Carries.LEDGER, _LEDGER),
    )
    return next((each for each, names in found if name in names), Carries.RESPONSE)


BRIDGE: Mapping[str, Carries] = MappingProxyType({name: _carried(name) for name in FAULTS})
"""How each fault reaches a client over the bridge, by the name of the fault."""


def refuse(rules: Iterable[Rule]) -> None:
    """Raise `UsageError` for every fault that the bridge does not carry."""
    wrong = [
        f"rule {rule.index + 1} (at {rule.service}): {fault.name} cannot be carried: "
        f"{_REFUSED[fault.name]}"
        for rule in rules
        for fault in rule.faults
        if BRIDGE[fault.name] is Carries.REFUSED
    ]
    if wrong:
        hint = "use evalkit.testing.world, which has a clock and a network of its own"
        raise UsageError("\n".join(wrong), hint=hint)


_HEAD = """\
## Faults over the bridge to httpx and httpx2

`evalkit.testing.mocked` has no clock and no network of its own. How each fault reaches a client
through it (`evalkit.testing.BRIDGE`); what is refused needs `evalkit.testing.world`.

| it comes as | faults |
|---|---|"""
_WORDS: Mapping[Carries, str] = MappingProxyType(
    {
        Carries.RESPONSE: "what the response holds",
        Carries.EXCEPTION: "the exception that the client raises",
        Carries.TIMEOUT: "the client's own timeout, where it has one that is shorter",
        Carries.LEDGER: "what the service commits",
    }
)


def table_lines() -> Iterator[str]:
    """The table of what is carried, as Markdown."""
    yield from _HEAD.splitlines()
    rows: dict[str, list[str]] = {each: [] for each in _WORDS.values()}
    for name, how in BRIDGE.items():
        words = _WORDS[how] if how in _WORDS else f"refused: {_REFUSED[name]}"
        rows.setdefault(words, []).append(f"`{name}`")
    yield from (f"| {words} | {', '.join(names)} |" for words, names in rows.items())
    yield ""
    yield "A `wrong_length` below the true one is no exception: the response is cut off."
