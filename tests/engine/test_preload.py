"""Which libraries an agent needs, told from its source."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalkit.engine.preload import imported_later, libraries_of
from tests.engine.suites import run, sessions, write_suite

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


def test_what_libraries_import_on_first_use_is_known() -> None:
    assert imported_later({"httpx", "anyio"}) == (
        "anyio._backends._asyncio",
        "httpcore",
        "h11",
    )
    assert imported_later({"json"}) == ()


REPORTING = """
import os, sys
import httpx
from evalkit import Turn

client = httpx.AsyncClient(base_url=os.environ["ITEMS_URL"])

async def agent(turn: Turn) -> str:
    before = set(sys.modules)
    await client.get("/items/1")
    return ", ".join(sorted(set(sys.modules) - before)) or "nothing"
"""


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
def test_a_cell_imports_nothing_by_itself(tmp_path: Path, library: str) -> None:
    agent = REPORTING.replace("httpx", library)
    ran = run(write_suite(tmp_path, agent=agent, sessions={"items": sessions(1)}))
    assert ran.texts == ["nothing"]
