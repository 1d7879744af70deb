"""The key of a run's pseudonyms: random, and there for as long as the run can be gone on with.

It is kept beside the run, readable by its owner alone, because a run that was killed and is resumed
must give equal values equal pseudonyms. With the last cell it is removed: from then on nobody can
find a value by trying candidates.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

KEY = ".key"


def new_key(folder: Path) -> bytes:
    """A key, kept in the run's folder."""
    key = secrets.token_bytes(16)
    path = folder / KEY
    written = path.with_name(f"{KEY}.{os.getpid()}")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key.hex())
    written.replace(path)
    return key


def kept_key(folder: Path) -> bytes | None:
    """The key of a run that can be resumed."""
    try:
        return bytes.fromhex((folder / KEY).read_text())
    except (OSError, ValueError):
        return None


def forget_key(folder: Path) -> None:
    """Remove the key: the run is whole."""
    (folder / KEY).unlink(missing_ok=True)
