"""What often goes wrong, by name: `payments/commit-then-lost` is a whole fault rule.

A preset is written `SERVICE/PRESET` where a rule would stand, and stands for all operations of the
service. A new one is one line of the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Preset:
    """What a preset stands for: what it does in words, and the `inject` and `when` of its rule."""

    about: str
    inject: Any
    when: Mapping[str, Any] = field(default_factory=dict)

    def rule(self, service: str) -> dict[str, Any]:
        """The rule as it would be written in full."""
        return {"at": service, "when": dict(self.when), "inject": self.inject}


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "down": Preset("nobody listens", "refused"),
        "unknown": Preset("its name leads nowhere", "unknown_host"),
        "hangs": Preset("it takes requests and never answers", "stall"),
        "slow": Preset("everything takes 10 s longer", {"delay": "10s"}),
        "degrades": Preset(
            "it gets slower and slower, by 20 s after ten minutes",
            {"delay": {"to": "20s", "over": "10min"}},
        ),
        "erring": Preset("it answers 500 to everything", {"status": 500}),
        "flaky": Preset(
            "three calls in ten get a 503 at first", {"status": 503}, {"share": "30%", "attempt": 1}
        ),
        "fails-once": Preset(
            "the first attempt at anything gets a 503", {"status": 503}, {"attempt": 1}
        ),
        "resets-once": Preset(
            "the connection breaks at the first attempt at anything", "reset", {"attempt": 1}
        ),
        "rate-limited": Preset(
            "the first attempt gets a 429 with Retry-After: 2",
            {"status": 429, "retry_after": "2s"},
            {"attempt": 1},
        ),
        "overloaded": Preset(
            "half of the attempts get a 503 with Retry-After: 5",
            {"status": 503, "retry_after": "5s"},
            {"share": "50%", "per": "attempt"},
        ),
        "behind-a-portal": Preset("a web page answers, with status 200", {"html": 200}),
        "garbled": Preset("its replies are no valid JSON", "malformed"),
        "half-replies": Preset("only half of each body comes", {"truncated": "50%"}),
        "drips": Preset("replies begin, and then only keep alive", {"drip": "1s"}),
        "refuses": Preset("the model declines the first thing it is asked", "refusal", {"call": 1}),
        "truncated": Preset("the model uses up its tokens half-way", {"cut_short": "50%"}),
        "filtered": Preset("a content filter ends every reply half-way", "content_filter"),
        "breaks-off": Preset("streams stop after five tokens and hang", {"stall": "5 tokens"}),
        "fails-in-stream": Preset(
            "the first attempt breaks off with an error event in a stream of status 200",
            {"error_event": 500},
            {"attempt": 1},
        ),
        "overflows": Preset("conversations are too long for the model", "context_overflow"),
        "invents-tools": Preset("the model calls a tool that there is not", "unknown_tool"),
        "garbled-calls": Preset(
            "the arguments of tool calls are no valid JSON at first",
            {"bad_arguments": "broken"},
            {"attempt": 1},
        ),
        "commit-then-lost": Preset(
            "the first attempt is carried out, and its reply never comes",
            "commit_then_lose",
            {"attempt": 1},
        ),
        "commits-twice": Preset("what it is asked to do it does twice", "commit_twice"),
        "signed-out": Preset(
            "the credential of the second call has expired", "token_expired", {"call": 2}
        ),
        "webhooks-lost": Preset(
            "one webhook in five never arrives", "callback_dropped", {"share": "20%"}
        ),
        "webhooks-twice": Preset("every webhook comes twice", "callback_duplicated"),
        "webhooks-forged": Preset(
            "the first attempt at a webhook bears a wrong signature",
            {"callback_altered": "signature"},
            {"attempt": 1},
        ),
    }
)
