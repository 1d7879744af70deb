"""What is wrong with a suite's prices is found before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalkit.engine.plan import plan_suite
from evalkit.errors import SuiteError
from evalkit.suite import load_suite
from tests.engine.suites import write_suite

OWN = "date: 2026-11-01\nprices:\n  in-house/7b: {input: $0.10, output: $0.40}\n"


def suite(folder: Path, own: str | None = OWN, price: str | None = None, **parts: Any) -> Path:
    """A suite with a model and perhaps a price file."""
    folder.mkdir(exist_ok=True)
    (folder / "openai.yaml").write_text("service: openai\n")
    if own is not None:
        (folder / "prices.yaml").write_text(own)
    path = write_suite(folder, **parts)
    text = yaml.safe_load(path.read_text())
    text["services"]["llm"] = {"use": "openai.yaml", "script": "auto"}
    if price is not None:
        text["services"]["llm"]["price"] = price
    path.write_text(json.dumps({**text, "prices": "prices.yaml"}, indent=1))
    return path


def mistakes(path: Path) -> list[str]:
    with pytest.raises(SuiteError) as caught:
        plan_suite(load_suite(path))
    assert all(problem.line for problem in caught.value.problems)
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("price", [None, "in-house/7b", "gpt-4o"])
def test_a_suite_goes_by_its_own_prices_first(tmp_path: Path, price: str | None) -> None:
    plan = plan_suite(load_suite(suite(tmp_path, price=price)))
    assert str(plan.prices).startswith("prices.yaml of 2026-11-01, then genai-prices ")


def test_a_price_file_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "price.yaml").write_text(OWN)
    (found,) = mistakes(suite(tmp_path, own=None))
    assert f"there is no file {tmp_path / 'prices.yaml'}" in found
    assert "did you mean price.yaml?" in found


def test_a_mistake_in_a_price_file_is_told_with_those_of_the_suite(tmp_path: Path) -> None:
    path = suite(tmp_path, own=OWN.replace("input", "inptu"), gates=["p90(turn.latencyy) < 1s"])
    found = "\n".join(mistakes(path))
    assert 'prices.yaml:3:17: unknown key "inptu"' in found
    assert "did you mean turn.latency?" in found


def test_a_declared_price_has_to_be_one(tmp_path: Path) -> None:
    (found,) = mistakes(suite(tmp_path, price="in-house/7bb"))
    assert "no model named in-house/7bb has a price in prices.yaml of 2026-11-01, then" in found
    assert "did you mean in-house/7b?" in found


def test_a_tool_has_no_price(tmp_path: Path) -> None:
    services = {"items": {"use": "items.yaml", "price": "gpt-4o"}}
    (found,) = mistakes(write_suite(tmp_path, services=services))
    assert "a service of the kind rest costs nothing; a price is for a model" in found
