"""On whose behalf a request is, as templates see it and as complaints say it."""

from __future__ import annotations

from typing import Any

from evalkit.wire import Caller


def caller_variables(caller: Caller | None) -> dict[str, Any]:
    """`session` and `turn`; neither where it is not known on whose behalf the request is."""
    if caller is None:
        return {}
    return {"session": {"id": caller.session, "vars": caller.vars}, "turn": caller.turn}


def unattributed(caller: Caller | None) -> str:
    """What a complaint adds where that is not known."""
    return "" if caller else " (the request is not attributed to a session)"
