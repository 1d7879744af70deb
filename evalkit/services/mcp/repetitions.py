"""Calls that are safe to repeat: the same key and arguments get the same result again.

A result is kept once the service has taken the call on: one that a fault replaced leaves no trace,
so that a retry is a first call. Keys belong to the service, as they belong to an account in real
life.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalkit.keyed import digest_of
from evalkit.services.bodies import json_bytes
from evalkit.services.latest import Latest
from evalkit.services.mcp.replies import Said, failed


@dataclass(frozen=True, slots=True)
class _Kept:
    fingerprint: bytes
    said: Said


class Repetitions:
    """What one service has done, by tool and key. It lives as long as the service's world."""

    def __init__(self) -> None:
        self._kept: Latest[tuple[str, str], _Kept] = Latest()

    def before(self, tool: str, key: str, arguments: Mapping[str, Any]) -> Said | None:
        """What was answered to this key; None to a new one."""
        kept = self._kept.get((tool, key))
        if kept is None:
            return None
        if kept.fingerprint != _fingerprint(arguments):
            return failed(f"the key {key[:100]!r} was used before with different arguments")
        return kept.said

    def keep(self, tool: str, key: str, arguments: Mapping[str, Any], said: Said) -> None:
        """Remember what was answered to a call that was taken on."""
        self._kept[tool, key] = _Kept(_fingerprint(arguments), said)


def _fingerprint(arguments: Mapping[str, Any]) -> bytes:
    return digest_of(json_bytes(dict(sorted(arguments.items()))))
