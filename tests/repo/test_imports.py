"""What is imported when: proven in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.store.runs import result_of, short_session, stored

ROOT = Path(__file__).parents[2]
HEAVY = frozenset(
    {
        *("pandas", "pyarrow", "numpy", "jinja2", "rich", "pydantic", "yaml", "time_machine"),
        *("openai", "anthropic", "httpx", "httpx2", "aiohttp", "langgraph", "langchain_core"),
        *("agents", "pydantic_ai", "mcp", "litellm", "locust", "genai_prices", "jsonpath_ng"),
        "duckdb",
    }
)
SDKS = HEAVY - {"pydantic", "yaml", "numpy", "time_machine", "jsonpath_ng"}


def loaded_by(code: str) -> set[str]:
    """The names of the top-level packages that a fresh Python has loaded after this code."""
    code += "\nimport sys; print(*{each.partition('.')[0] for each in sys.modules})"
    # What else is installed may hook into pydantic: that is none of our imports.
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYDANTIC_DISABLE_PLUGINS": "__all__"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import evalkit",
        "import evalkit.errors",
        "import evalkit.cli",
        "from evalkit.cli import main; main(['--help'])",
        "from evalkit.cli import main; main(['run', '--help'])",
        "from evalkit.cli import main; main(['--version'])",
    ],
)
def test_nothing_heavy_is_imported_before_there_is_work(code: str) -> None:
    assert loaded_by(code) & HEAVY == set()


def test_looking_into_a_run_needs_no_pandas(tmp_path: Path) -> None:
    folder = str(stored(tmp_path, result_of(short_session())).folder)
    for argv in (
        ["show", folder],
        ["show", folder, "s1"],
        ["explain", folder, "s1#1"],
        ["diff", folder, folder],
    ):
        assert "pandas" not in loaded_by(f"from evalkit.cli import main; main({argv!r})")


@pytest.mark.parametrize("name", ["Turn, Reply", "run", "load_run, validate", "Run, Verdict"])
def test_exported_names_load_no_sdk_and_no_frames(name: str) -> None:
    assert loaded_by(f"from evalkit import {name}") & SDKS == set()
