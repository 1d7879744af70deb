"""The JSON Schema: kept current, and never stricter than the loader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from evalkit.suite import read_model
from evalkit.suite.model import Suite
from evalkit.suite.schema import suite_schema
from tests.strategies import LOAN, mutated_suites
from tests.suite.files import HEAD, attempt

VALIDATOR = Draft202012Validator(suite_schema())


def test_it_is_a_json_schema() -> None:
    Draft202012Validator.check_schema(suite_schema())


def test_defaults_are_shown_as_they_are_written() -> None:
    sessions = suite_schema()["$defs"]["Sessions"]["properties"]
    assert sessions["deadline"]["default"] == "10min"


@pytest.mark.parametrize("value", [LOAN, yaml.safe_load(HEAD)])
def test_a_good_suite_is_valid(value: Any) -> None:
    VALIDATOR.validate(value)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("suite: loan", "suite: Loan"),
        ("suite: loan", "name: loan"),
        ('python: "agent.py:loan"', ""),
        ('python: "agent.py:loan"', 'python: "a:b", asgi: "a:b"'),
        ("from: payloads.jsonl", ""),
        ("from: payloads.jsonl", "from: a, arrival: 20"),
        ("from: payloads.jsonl", "from: a, arrival: 20/s, concurrency: 3"),
        ("happy: {}", "happy: {faults: [{at: x, inject: {staus: 3}}]}"),
        ("happy: {}", "happy: {expect: {answer: hald}}"),
        ("happy: {}", "happy: {expect: {answer: {'0': hold}}}"),
        ("happy: {}", 'happy: {blocking: "true"}'),
    ],
)
def test_a_bad_suite_is_not(old: str, new: str) -> None:
    assert not VALIDATOR.is_valid(yaml.safe_load(HEAD.replace(old, new)))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(mutated_suites())
def test_editors_accept_what_the_loader_accepts(value: Any) -> None:
    data = json.dumps(value).encode()
    loaded, _ = attempt(lambda: read_model(data, Path("x"), Suite))
    if loaded is not None:
        assert [error.message for error in VALIDATOR.iter_errors(value)] == []
