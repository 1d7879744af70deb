"""The suites that are shipped, each in a folder of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
NAMES = sorted(each.parent.name for each in (ROOT / "scenarios").glob("*/*.eval.yaml"))


def suite_of(name: str) -> Path:
    """The suite of this name."""
    return ROOT / "scenarios" / name / f"{name}.eval.yaml"


def read_suite(name: str) -> dict[str, Any]:
    """What stands in it."""
    read: dict[str, Any] = yaml.safe_load(suite_of(name).read_text(encoding="utf-8"))
    return read


def ids_of(path: Path) -> list[str]:
    """The ids of the sessions in a file."""
    return [json.loads(line)["id"] for line in path.read_text(encoding="utf-8").splitlines()]
