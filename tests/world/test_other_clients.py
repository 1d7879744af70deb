"""Clients that need an environment of their own run unmodified in the world too.

Their tests are skipped where they are not installed, and run here in environments where they are.
"""

from __future__ import annotations

import pytest

from tests.world.environments import Environment

CLIENTS = "tests/world/test_clients_"
ENVIRONMENTS = [
    (
        # langchain-mcp-adapters keeps to this major.
        Environment("mcp-1", ("mcp<2", "langchain-mcp-adapters>=0.3,<1")),
        (
            f"{CLIENTS}mcp.py",
            f"{CLIENTS}langchain_mcp.py",
            "tests/cli/test_mcp_stdio.py::test_the_official_client_talks_to_it",
        ),
    ),
    (
        # It asks for the SDKs of all clouds: these are what a call of a model needs.
        Environment(
            "litellm",
            (
                "litellm==1.109.1",
                *("fastuuid", "filelock", "h2", "hpack", "huggingface-hub", "hyperframe"),
                *("importlib-metadata<9", "tokenizers", "tqdm", "zipp"),
            ),
            dependencies=False,
        ),
        (f"{CLIENTS}litellm.py",),
    ),
]


@pytest.mark.parametrize(
    ("environment", "files"), ENVIRONMENTS, ids=[each.name for each, _ in ENVIRONMENTS]
)
def test_in_an_environment_of_its_own(environment: Environment, files: tuple[str, ...]) -> None:
    environment.test(*files)
