from __future__ import annotations

from typing import Any

import pytest
import yaml

from evalkit.report.flow import flow

RULE = {"at": "crm GET /x", "when": {"attempt": 1}, "inject": [{"status": 503}]}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (RULE, "{at: crm GET /x, when: {attempt: 1}, inject: {status: 503}}"),
        ({"inject": [{"reset": True}]}, "{inject: reset}"),
        ({"inject": [{"reset": True}, {"cut": "120B"}]}, "{inject: [reset, {cut: 120B}]}"),
        ({"inject": []}, "{inject: []}"),
        ({"sequence": [429, "ok"]}, "{sequence: [429, ok]}"),
        ({"a": "1", "b": "true", "c": None}, '{a: "1", b: "true", c: null}'),
        ({"a": "x: y, #z", "b": "- "}, '{a: "x: y, #z", b: "- "}'),
        ({}, "{}"),
    ],
)
def test_values_are_written_as_an_author_would(value: Any, text: str) -> None:
    assert flow(value) == text
    assert isinstance(yaml.safe_load(text), dict)


def test_what_is_written_reads_back() -> None:
    value = {"a": "it's", "b": ["x\ny", "é", " ", "~", "1.5"], "c": {"d": -1}}
    assert yaml.safe_load(flow(value)) == value
