"""What tells a session of pytest from others; xdist's workers are part of their controller's."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import pytest

from evalkit.pytest_plugin.keys import MARK

_SESSION: pytest.StashKey[dict[str, str]] = pytest.StashKey()


def session_of(config: pytest.Config) -> dict[str, str]:
    """When the session began, and a token."""
    if _SESSION not in config.stash:
        given = getattr(config, "workerinput", {}).get(MARK)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        config.stash[_SESSION] = given or {"started": now, "token": secrets.token_hex(8)}
    return config.stash[_SESSION]
