"""A suite's own price file, in evalkit's form and in LiteLLM's."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from evalkit.errors import SuiteError
from evalkit.suite.price_file import load_prices
from evalkit.suite.prices import ModelPrice, PriceTable, Rates
from evalkit.suite.schema import prices_schema

SCHEMA = Draft202012Validator(prices_schema())
OWN = """\
date: 2026-11-01
prices:
  gpt-4o: {input: $2.50, cached: $1.25, output: $10}
  in-house/*: {input: $0, output: $0.30, reasoning: $0.10, cache_write: $0.05}
  embed: {input: $0.02}
"""
LITELLM: dict[str, Any] = {
    "sample_spec": {"input_cost_per_token": 0.0, "max_tokens": "a text", "mode": "one of: chat"},
    "gpt-4o": {
        "litellm_provider": "openai",
        "mode": "chat",
        "max_tokens": 16384,
        "input_cost_per_token": 2.5e-06,
        "cache_read_input_token_cost": 1.25e-06,
        "output_cost_per_token": 1e-05,
        "supports_vision": True,
    },
    "long": {
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 2e-06,
        "cache_creation_input_token_cost": 1.25e-06,
        "output_cost_per_reasoning_token": 3e-06,
        "input_cost_per_token_above_200k_tokens": 4e-06,
        "cache_creation_input_token_cost_above_1hr": 9.0,
    },
    "dall-e": {"litellm_provider": "openai", "output_cost_per_image": 0.04},
    "odd*name": {"input_cost_per_token": 0},
}


def load(folder: Path, text: str, name: str = "prices.yaml") -> PriceTable:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return load_prices(path, name)


def wrong(folder: Path, text: str, name: str = "prices.yaml") -> list[tuple[int | None, str]]:
    with pytest.raises(SuiteError) as raised:
        load(folder, text, name)
    return [(each.line, each.message) for each in raised.value.problems]


def test_own_prices_are_by_the_million_and_exact(tmp_path: Path) -> None:
    table = load(tmp_path, OWN)
    assert (table.name, table.date, str(table)) == (
        *("prices.yaml", "2026-11-01"),
        "prices.yaml of 2026-11-01",
    )
    assert table.find("gpt-4o") == ModelPrice(
        Rates(input=Decimal("0.0000025"), cached=Decimal("0.00000125"), output=Decimal("0.00001"))
    )
    own = table.find("in-house/7b")
    assert own is not None
    assert (own.rates.input, own.rates.output) == (0, Decimal("0.0000003"))
    assert (own.rates.reasoning, own.rates.cache_write) == (Decimal("1E-7"), Decimal("5E-8"))
    assert table.find("embed") == ModelPrice(Rates(input=Decimal("2E-8")))
    assert table.find("gpt-4o-mini") is None


@pytest.mark.parametrize("name", ["model_prices.json", "model_prices.yaml"])
def test_litellms_prices_are_by_the_token(tmp_path: Path, name: str) -> None:
    table = load(tmp_path, json.dumps(LITELLM, indent=4), name)
    assert (table.date, str(table)) == (None, name)
    assert set(table.models) == {"gpt-4o", "long", "odd*name"}
    assert table.find("gpt-4o") == load(tmp_path, OWN, "own.yaml").find("gpt-4o")
    assert table.find("odd-name") is None


def test_litellms_rates_for_long_prompts(tmp_path: Path) -> None:
    price = load(tmp_path, json.dumps(LITELLM), "prices.json").find("long")
    assert price is not None
    assert price.rates_for(200_000).input == Decimal("0.000001")
    long = price.rates_for(200_001)
    assert (long.input, long.output) == (Decimal("0.000004"), Decimal("0.000002"))
    assert (long.cache_write, long.reasoning) == (Decimal("0.00000125"), Decimal("0.000003"))


MISTAKES = pytest.mark.parametrize(
    ("text", "found"),
    [
        ("prices: {a: {input: $1}}", [(1, 'the key "date" is missing')]),
        ("date: 2026-13-01\nprices: {a: {input: $1}}", [(1, '"2026-13-01" is no date')]),
        ("date: yesterday\nprices: {a: {input: $1}}", [(1, '"yesterday" is no date')]),
        ("date: 2026-11-01\nprices: {}", [(2, "this must not be empty")]),
        ("date: 2026-11-01\nprices:\n  a: {}", [(3, "a price has `input`, `output` or both")]),
        ("date: 2026-11-01\nprices:\n  a: {inptu: $1}", [(3, 'unknown key "inptu"')]),
        ("date: 2026-11-01\nprices:\n  a: {input: 2.5}", [(3, "2.5 is an amount of money")]),
        ("date: 2026-11-01\nprices:\n  a: {input: -$1}", [(3, '"-$1" is no amount')]),
        ("date: 2026-11-01\nprices:\n  a: 3", [(3, "expected a mapping, not the number 3")]),
        (OWN + "  gpt-4o: {input: $1}", [(6, '"gpt-4o" is written twice')]),
        ("[]", [(1, "expected a mapping, not a list")]),
        ("", [(1, "")]),
    ],
)


@MISTAKES
def test_a_mistake_is_told_where_it_is(
    tmp_path: Path, text: str, found: list[tuple[int, str]]
) -> None:
    for (line, message), (wanted, beginning) in zip(wrong(tmp_path, text), found, strict=True):
        assert line == wanted
        assert message.startswith(beginning)


@MISTAKES
def test_an_editor_marks_the_same_mistakes(text: str, found: list[tuple[int, str]]) -> None:
    value = json.loads(json.dumps(yaml.load(text, yaml.BaseLoader)))
    beyond_schemas = "is written twice" in found[0][1] or "2026-13-01" in text
    assert SCHEMA.is_valid(value) == beyond_schemas


def test_an_editor_accepts_a_sound_file() -> None:
    SCHEMA.validate({**yaml.safe_load(OWN), "date": "2026-11-01"})


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('{"a": {"mode": "chat"},\n "b": {"input_cost_per_token": "1"}}', 2, "expected a number"),
        ('{"b": {\n"output_cost_per_token": -1}}', 2, "this must be at least 0"),
        ('{"b": {"input_cost_per_token": 1},\n "b": {}}', 2, '"b" is written twice'),
        ('{"b": {"input_cost_per_token": 1},\n "c": 3}', 2, "expected a mapping"),
        ('{"b": {"input_cost_per_token": 1},\n', 2, ""),
        ('{"b": {"input_cost_per_token": \n NaN}}', 2, "expected a number"),
    ],
)
def test_a_mistake_in_litellms_form_is_told_where_it_is(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    ((found, said),) = wrong(tmp_path, text, "prices.json")
    assert found == line
    assert said.startswith(message)
