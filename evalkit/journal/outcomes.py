"""How a call ended, in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from evalkit.journal.records import Outcome
from evalkit.journal.views import CallView

ENDINGS: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.ABANDONED: "abandoned by the client",
        Outcome.CUT: "cut off",
        Outcome.RESET: "connection reset",
        Outcome.REFUSED: "connection refused",
        Outcome.OPEN: "still under way at the end",
    }
)
"""Every way to end but the good one."""


def outcome_of(call: CallView) -> str:
    """`200`; `503`; `200, connection reset`; `connected` where there was no request."""
    ended = call.ended
    if ended is None:
        return "never ended"
    status = "connected" if ended.status is None else str(ended.status)
    if ended.outcome is Outcome.REPLIED:
        return status
    return ENDINGS[ended.outcome] if ended.status is None else f"{status}, {ENDINGS[ended.outcome]}"
