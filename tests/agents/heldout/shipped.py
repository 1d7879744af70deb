"""Makes the modules of a shipped suite's agent importable."""

from __future__ import annotations

import sys
from pathlib import Path


def modules_of(suite: str) -> None:
    """Let `import agent` and the like mean those of a shipped suite."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "scenarios" / suite))
