"""The mocks that are shipped."""

from pathlib import Path

import pytest

from evalkit.services.llm.providers import PROVIDERS
from tests.services.asking import load

MOCKS = sorted((Path(__file__).parents[2] / "mocks").glob("*.yaml"))


@pytest.mark.parametrize("path", MOCKS, ids=lambda path: path.name)
def test_a_shipped_mock_loads(path, tmp_path):
    text = path.read_text()
    script = "follow: plan" if any(f"service: {kind}" in text for kind in PROVIDERS) else None
    assert load(tmp_path, text, script).fresh().hosts


def test_there_are_some():
    assert {"openai.yaml"} <= {path.name for path in MOCKS}
