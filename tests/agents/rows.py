"""The defective agents: what each does wrong, where that shows, and to which check.

`defects.yaml` beside the defects of a suite has a row for each. A row may bring `with:`, which is
laid over its scenario (`checks` and `faults` are added, `undeclared` names what the suite then does
not say of its services, the rest replaces), and say how many `sessions` of the scenario, from its
first, it takes. `escapes:` says why a defect cannot be caught,
and `sound:` names the agent of `defects.py` that it differs from, if that is not the shipped one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from evalkit.checks import CHECKS
from evalkit.journal.records import Severity

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
FRAMEWORKS: Mapping[str, str] = MappingProxyType(
    {
        "support": "LangGraph",
        "banking": "OpenAI Agents SDK",
        "healthcare": "PydanticAI",
        "hr": "Anthropic SDK",
        "commerce": "OpenAI Responses and MCP",
        "moderation": "asyncio and httpx2",
        "contracts": "FastAPI",
        "claims": "three agents on LangGraph",
    }
)
"""The suites, and what their agents are made with."""

SESSIONS = 6
"""How many sessions of a scenario are replayed unless a row says otherwise."""

UNDECLARED = "undeclared"
"""What a row brings along that is no part of a scenario: `{llm: [attempts]}`."""

EXPECTATION = "expectation"
"""How findings name what a scenario expects. It is no check, and catches what none knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One defective agent: its mistake, the scenario that shows it and the check that must."""

    suite: str
    agent: str
    mistake: str
    scenario: str
    check: str
    added: Mapping[str, Any]
    sessions: int = SESSIONS
    escapes: str | None = None
    sound: str | None = None

    @property
    def defect(self) -> str:
        """What the defect is called."""
        return self.agent.partition(":")[2]

    @property
    def advice(self) -> str | None:
        """Its check, where that gives advice only: then advice counts."""
        check = CHECKS.get(self.check)
        return self.check if check is not None and check.severity is Severity.ADVICE else None

    @property
    def variant(self) -> str:
        """The scenario with what is laid over it; those of one content have one name."""
        content = yaml.safe_dump(dict(self.added), sort_keys=True) if self.added else ""
        return f"{self.scenario} with {content}" if content else self.scenario


@cache
def rows_of(suite: str) -> tuple[Row, ...]:
    """The rows of a suite, in their order."""
    text = (HERE / suite / "defects.yaml").read_text(encoding="utf-8")
    return tuple(_row(suite, each) for each in yaml.safe_load(text))


def scenarios_of(suite: str) -> dict[str, Mapping[str, Any]]:
    """The scenarios of a suite, as they are written."""
    path = ROOT / "scenarios" / suite / f"{suite}.eval.yaml"
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: each or {} for name, each in written["scenarios"].items()}


def all_rows() -> tuple[Row, ...]:
    """The rows of all suites."""
    return tuple(row for suite in FRAMEWORKS for row in rows_of(suite))


def _row(suite: str, given: Mapping[str, Any]) -> Row:
    added = given.get("with", {})
    return Row(suite=suite, added=added, **{k: v for k, v in given.items() if k != "with"})
