"""The JSON Schema that editors read knows the checks and their settings."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from evalkit.checks import CHECKS, NAMES
from evalkit.checks.schema import schema_text, whole_schema
from evalkit.suite.schema import PRICES_PATH, SCHEMA_PATH, prices_schema
from tests.checks.stories import read_example
from tests.suite.files import HEAD

VALIDATOR = Draft202012Validator(whole_schema())


def suite_with(entry: Any) -> Any:
    return {**yaml.safe_load(HEAD), "checks": [entry]}


def test_the_file_is_current() -> None:
    assert SCHEMA_PATH.read_text(encoding="utf-8") == schema_text(), (
        "write it anew: evalkit schema > evalkit/suite/schema.json"
    )


def test_the_file_for_prices_is_current() -> None:
    assert PRICES_PATH.read_text(encoding="utf-8") == schema_text(prices_schema()), (
        "write it anew: evalkit schema prices > evalkit/suite/prices.schema.json"
    )


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(whole_schema())


@pytest.mark.parametrize("name", CHECKS)
def test_the_example_of_every_check_is_valid(name: str) -> None:
    use = read_example(CHECKS[name])
    VALIDATOR.validate(suite_with(use.name if use.settings is None else {use.name: use.settings}))


@pytest.mark.parametrize(
    "entry",
    ["standard", *(f"-{name}" for name in NAMES), "checks.py:Mine", {"checks.py:Mine": {"a": 1}}],
)
def test_what_may_be_written_is_valid(entry: Any) -> None:
    VALIDATOR.validate(suite_with(entry))


@pytest.mark.parametrize(
    "entry",
    ["standart", {}, {"within-budget": {}}, 3, {"a.py:B": {}, "c.py:D": {}}, {"a.py:B": 3}],
)
def test_what_may_not_be_written_is_not(entry: Any) -> None:
    assert not VALIDATOR.is_valid(suite_with(entry))
