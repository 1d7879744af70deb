"""The set `standard`: the checks that need no settings."""

from __future__ import annotations

from evalkit.checks.registry import CHECKS

NAMES = tuple(name for name, check in CHECKS.items() if check.standard and not check.needs())
