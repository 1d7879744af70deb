"""Hypothesis strategies that several tests share."""

from __future__ import annotations

import copy
from typing import Any

import yaml
from hypothesis import strategies as st

LOAN: dict[str, Any] = {
    "suite": "loan",
    "agent": {"python": "agent.py:loan", "env": {"A": "1"}, "answer_from": {"(?i)hold": "hold"}},
    "services": {
        "llm": {"use": "openai.yaml", "script": "script.yaml", "price": "gpt-4o"},
        "credit": {
            "use": "credit.yaml",
            "budget": "200ms",
            "attempts": 3,
            "on_failure": "degraded",
            "ignore": ["$.id"],
        },
    },
    "sessions": {"from": "payloads.jsonl", "arrival": "20/s", "seed": 7, "deadline": "2min"},
    "sensitive": ["ssn"],
    "gates": ["p90(turn.latency) < 850ms", "rate(call.error where service=credit) < 2%"],
    "scenarios": {
        "happy-path": {},
        "flaky": {
            "faults": [
                {
                    "at": "credit POST /scores",
                    "when": {"attempt": 1, "share": "30%"},
                    "inject": {"status": 503, "retry_after": "1s"},
                },
                {"at": "llm", "when": {"sequence": [429, "ok"]}, "inject": []},
            ],
            "expect": {
                "answer": {"1": "hold", "last": ["answered", "degraded"]},
                "reply": {"contains": "x", "excludes": ["{{ session.vars.ssn }}"]},
                "effects": {"exactly": {"charge": 1}, "none": "refund"},
                "calls": {"credit": {"min": 1, "max": 3}},
                "end": "completed",
            },
            "sessions": {
                "items": [
                    {
                        "id": "s-1",
                        "vars": {"ssn": "1"},
                        "turns": [{"input": "hi", "think": "3s", "expect": {"answer": "hold"}}],
                        "plan": [{"tool": "get", "arguments": {"id": 1}}],
                    }
                ],
                "concurrency": 2,
            },
            "blocking": False,
            "tags": ["slow"],
        },
    },
}
"""A suite that uses most keys."""

texts = st.text(st.characters(codec="utf-8"), max_size=20)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
    | st.sampled_from(["250ms", "20/s", "30%", "hold", "{{ x }}", "on", "reset", "agent", "("])
)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def _places(value: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not isinstance(value, dict | list):
        return [where]
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    return [where, *(place for key, each in pairs for place in _places(each, (*where, key)))]


def _at(value: Any, where: tuple[Any, ...]) -> Any:
    for key in where:
        value = value[key]
    return value


@st.composite
def mutated_suites(draw: st.DrawFn) -> Any:
    """A suite with a few of its values replaced, removed or added to."""
    value = copy.deepcopy(LOAN)
    for _ in range(draw(st.integers(1, 3))):
        where = draw(st.sampled_from([place for place in _places(value) if place] or [()]))
        if not where:
            break
        what = draw(st.sampled_from(["replace", "remove", "add"]))
        inside = _at(value, where)
        if what == "remove":
            del _at(value, where[:-1])[where[-1]]
        elif what == "add" and isinstance(inside, dict):
            key = draw(st.sampled_from(["from", "items", "status", "x"]))
            inside[key] = draw(json_values)
        else:
            _at(value, where[:-1])[where[-1]] = draw(json_values)
    return value


yaml_texts = st.builds(
    lambda value, flow: yaml.safe_dump(value, default_flow_style=flow, allow_unicode=True),
    json_values | mutated_suites(),
    st.sampled_from([None, True, False]),
)


@st.composite
def spoiled_texts(draw: st.DrawFn) -> bytes:
    """The bytes of a suite with a piece cut out or put in, or any bytes at all."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=200) | texts.map(str.encode))
    data = draw(yaml_texts).encode()
    start = draw(st.integers(0, len(data)))
    end = draw(st.integers(start, min(len(data), start + 5)))
    pieces = [b"", b"{{", b"}}", b"\t", b": ", b"#", b"&a ", b"*a", b"\n---\n", b"!!x ", b"\xff"]
    return data[:start] + draw(st.sampled_from(pieces) | st.binary(max_size=3)) + data[end:]
