"""Which libraries an agent needs, told from its source."""

from __future__ import annotations

from pathlib import Path

from evalkit.engine.preload import libraries_of

AGENT = """
import httpx
from typing import TYPE_CHECKING
from helpers import tool
try:
    import orjson
except ImportError:
    orjson = None
if TYPE_CHECKING:
    import licensed

def later():
    import heavy
"""


def test_the_imports_of_its_modules_are_followed(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text(AGENT)
    (tmp_path / "helpers.py").write_text("import langgraph.graph\nfrom . import agent\n")
    found = libraries_of("agent.py:agent", tmp_path)
    assert set(found) == {"httpx", "typing", "orjson", "langgraph.graph"}


def test_what_cannot_be_read_is_left_to_the_import(tmp_path: Path) -> None:
    (tmp_path / "agent.py").write_text("def agent(:")
    assert libraries_of("agent.py:agent", tmp_path) == ()
    assert libraries_of("missing.py:agent", tmp_path) == ()
    assert libraries_of("json:loads", tmp_path) == ()
